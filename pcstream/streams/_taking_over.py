"""Putting a protocol in the place of the one that a transport has, be it ours or Twisted's."""

from __future__ import annotations

import sys
from typing import Any

from zope.interface import alsoProvides

from ..internet.error import ConnectionDone, ConnectionLost
from ..internet.interfaces import IHalfCloseableProtocol
from ..python.failure import Failure

__all__ = ["as_failure", "give_back", "is_clean", "promise_half_close", "take_over"]


def _place(transport: Any) -> tuple[Any, str]:
    """Who calls the protocol, and by which attribute."""
    # A wrapper (TLS is one) passes what it does not know on to its transport, whose protocol it
    # is itself: so ask for its own first. And a connection on which TLS was started later calls a
    # wrapper, which calls the protocol.
    for name in ("wrappedProtocol", "protocol"):
        if hasattr(transport, name):
            break
    else:
        if getattr(transport, "disconnected", False):
            raise ConnectionLost(f"{transport!r} is not connected any more")
        raise TypeError(f"{transport!r} has no protocol whose place could be taken")
    holder = transport
    while hasattr(getattr(holder, name), "wrappedProtocol"):
        holder, name = getattr(holder, name), "wrappedProtocol"
    return holder, name


def take_over(transport: Any, protocol: Any) -> Any:
    """Have *transport* call *protocol*, which is told that a connection was made.

    :returns: whom it called until now, or None.
    :raises ConnectionLost: it is lost already.
    :raises TypeError: it calls nobody.
    """
    holder, name = _place(transport)
    previous = getattr(holder, name)
    setattr(holder, name, protocol)
    protocol.makeConnection(transport)
    return previous


def give_back(transport: Any, protocol: Any, previous: Any) -> None:
    """Have *transport* call *previous* again, if it calls *protocol* still."""
    try:
        holder, name = _place(transport)
    except (ConnectionLost, TypeError):
        return
    if getattr(holder, name) is protocol:
        setattr(holder, name, previous)


def promise_half_close(protocol: Any) -> None:
    """Declare that *protocol* can take half of a connection, to Twisted's transports as well."""
    alsoProvides(protocol, IHalfCloseableProtocol)
    theirs = sys.modules.get("twisted.internet.interfaces")
    if theirs is not None:
        alsoProvides(protocol, theirs.IHalfCloseableProtocol)


def is_clean(reason: Any) -> bool:
    """Whether a connection was closed in the regular way."""
    return bool(reason.check(ConnectionDone, "twisted.internet.error.ConnectionDone"))


def as_failure(reason: Any) -> Failure:
    """*reason* as a failure of ours; a transport of Twisted's gives its own."""
    return reason if isinstance(reason, Failure) else Failure(reason.value)

"""Putting a protocol in the place of the one that a transport has."""

from __future__ import annotations

from typing import Any

from ..internet.error import ConnectionLost

__all__ = ["give_back", "take_over"]


def _place(transport: Any) -> str:
    # A wrapper (TLS is one) passes what it does not know on to its transport, whose protocol it
    # is itself: so ask for its own first.
    for name in ("wrappedProtocol", "protocol"):
        if hasattr(transport, name):
            return name
    if getattr(transport, "disconnected", False):
        raise ConnectionLost(f"{transport!r} is not connected any more")
    raise TypeError(f"{transport!r} has no protocol whose place could be taken")


def take_over(transport: Any, protocol: Any) -> Any:
    """Have *transport* call *protocol*, which is told that a connection was made.

    :returns: whom it called until now, or None.
    :raises ConnectionLost: it is lost already.
    :raises TypeError: it calls nobody.
    """
    name = _place(transport)
    previous = getattr(transport, name)
    setattr(transport, name, protocol)
    protocol.makeConnection(transport)
    return previous


def give_back(transport: Any, protocol: Any, previous: Any) -> None:
    """Have *transport* call *previous* again, if it calls *protocol* still."""
    for name in ("wrappedProtocol", "protocol"):
        if getattr(transport, name, None) is protocol:
            setattr(transport, name, previous)
            return

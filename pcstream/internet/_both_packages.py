"""A program that has imported both packages, pcstream and Twisted, each for its own part.

A coroutine of either may wait for Deferreds of both, and what declares an interface of one is
adapted to the interface of the same name of the other. Twisted is not imported here. Under
``pcstream run`` there is one kind of each, and none of this is used.
"""

from __future__ import annotations

import sys
from typing import Any

from zope.interface.interface import adapter_hooks

from ..python.failure import Failure
from ._deferred import Deferred


def theirs_as_ours(awaited: Any) -> Deferred[Any] | None:
    """A Deferred of ours for one of theirs; None if *awaited* is not one.

    It takes the result, as whoever awaits does, and cancelling it cancels theirs.
    """
    if not isinstance(awaited, _their_deferred() or ()):
        return None
    ours: Deferred[Any] = Deferred(lambda _: awaited.cancel())
    awaited.addCallbacks(ours.callback, lambda failure: ours.errback(_as_ours(failure)))
    return ours


def ours_as_theirs(awaited: Deferred[Any]) -> Any:
    """A Deferred of theirs for one of ours; None if they have not been imported."""
    kind = _their_deferred()
    if kind is None or issubclass(kind, Deferred):
        return None
    theirs = kind(lambda _: awaited.cancel())
    awaited.addCallbacks(theirs.callback, lambda failure: theirs.errback(failure.value))
    return theirs


def _their_deferred() -> Any:
    return getattr(sys.modules.get("twisted.internet.defer"), "Deferred", None)


def _as_ours(failure: Any) -> Failure:
    return Failure(failure.value, failure.type, failure.value.__traceback__)


def _declared_there(interface: Any, thing: Any) -> Any:
    """*thing* itself, if it declares the other package's interface of that name; else None."""
    package, _, rest = interface.__module__.partition(".")
    other = {"pcstream": "twisted", "twisted": "pcstream"}.get(package)
    twin = getattr(sys.modules.get(f"{other}.{rest}"), interface.__name__, None)
    if twin is None or twin is interface or not twin.providedBy(thing):
        return None
    return thing


adapter_hooks.append(_declared_there)

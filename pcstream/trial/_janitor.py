"""What a test leaves in the reactor, and how it is swept out."""

from __future__ import annotations

import sys
from typing import Any

from ..internet.interfaces import IProcessTransport
from .util import DirtyReactorAggregateError

__all__ = ["ReactorWatch", "installed_reactor"]

__unittest = True


def installed_reactor() -> Any:
    """The reactor, if some code has it already; a test that needs none installs none."""
    return sys.modules.get("pcstream.internet.reactor")


class ReactorWatch:
    """Knows what was in the reactor before a test, and finds what came since.

    What was there before, say a port that ``setUpClass`` opened, is left alone.
    """

    def __init__(self) -> None:
        reactor = installed_reactor()
        self._calls: set[Any] = set()
        self._selectables: set[Any] = set()
        if reactor is not None:
            self._calls = set(reactor.getDelayedCalls())
            self._selectables = _selectables(reactor)

    def sweep(self) -> DirtyReactorAggregateError | None:
        """Cancel the calls and remove the readers and writers that came since.

        :returns: an error that names them, or None if there were none.
        """
        reactor = installed_reactor()
        if reactor is None:
            return None
        # Twice, so that what is due now, and what that leads to at once, is not called left over.
        reactor.iterate(0)
        reactor.iterate(0)
        calls = []
        for call in reactor.getDelayedCalls():
            if call not in self._calls and call.active():
                calls.append(str(call))  # before it is cancelled: it loses its function then
                call.cancel()
        selectables = []
        for selectable in _remove(reactor, _selectables(reactor) - self._selectables):
            if IProcessTransport.providedBy(selectable):
                selectable.signalProcess("KILL")
            selectables.append(repr(selectable))
        _stop_threads(reactor)
        if calls or selectables:
            return DirtyReactorAggregateError(calls, selectables)
        return None


def _selectables(reactor: Any) -> set[Any]:
    if not hasattr(reactor, "getReaders"):
        return set()
    internal = getattr(reactor, "_internalReaders", ())
    return {*reactor.getReaders(), *reactor.getWriters()} - set(internal)


def _remove(reactor: Any, selectables: set[Any]) -> list[Any]:
    for selectable in selectables:
        reactor.removeReader(selectable)
        reactor.removeWriter(selectable)
    return list(selectables)


def _stop_threads(reactor: Any) -> None:
    """End the thread pool: its threads would keep the process from ending."""
    if getattr(reactor, "threadpool", None) is not None:
        reactor._stopThreadPool()

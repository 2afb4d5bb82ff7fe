"""A system event: triggers in three phases, the first of which may ask the others to wait."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from pcstream.internet.defer import Deferred, DeferredList
from pcstream.python import log
from pcstream.python.failure import Failure

__all__ = ["Trigger", "_ThreePhaseEvent"]

Trigger = tuple[Callable[..., Any], tuple[object, ...], dict[str, object]]
Handle = tuple[str, Callable[..., Any], tuple[object, ...], dict[str, object]]

_PHASES = ("before", "during", "after")


class _ThreePhaseEvent:
    """Calls its triggers once: *before*, then *during*, then *after*.

    Deferreds returned by *before* triggers are waited for, all of them, before the rest run.

    :ivar state: ``BEFORE`` while the *before* triggers are being run, ``BASE`` otherwise.
    :ivar finishedBefore: the *before* triggers that have been run while in ``BEFORE``.
    """

    def __init__(self) -> None:
        self.before: list[Trigger] = []
        self.during: list[Trigger] = []
        self.after: list[Trigger] = []
        self.state = "BASE"
        self.finishedBefore: list[Trigger] = []

    def addTrigger(
        self, phase: str, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> Handle:
        """Add a trigger to a phase, and return what :meth:`removeTrigger` takes.

        :raises KeyError: there is no such phase.
        """
        if phase not in _PHASES:
            raise KeyError("invalid phase")
        getattr(self, phase).append((callable, args, kwargs))
        return phase, callable, args, kwargs

    def removeTrigger(self, handle: Handle) -> None:
        """Remove a trigger.

        :raises KeyError: the handle names no phase.
        :raises ValueError: it names no trigger, or one that has been removed.
        """
        try:
            phase, callable, args, kwargs = handle
        except (TypeError, ValueError):
            raise ValueError("invalid trigger handle") from None
        if phase not in _PHASES:
            raise KeyError("invalid phase")
        trigger = (callable, args, kwargs)
        if self.state == "BEFORE" and phase == "before" and trigger in self.finishedBefore:
            # A trigger that removes one that has just been run has done no harm; Twisted warns.
            warnings.warn(
                "Removing already-fired system event triggers will raise an "
                "exception in a future version of Twisted.",
                category=DeprecationWarning,
                stacklevel=2,
            )
        else:
            getattr(self, phase).remove(trigger)

    def fireEvent(self) -> None:
        """Run the triggers. Those of *before* run now; the others as soon as nothing is awaited."""
        self.state = "BEFORE"
        self.finishedBefore = []
        awaited: list[Deferred[Any]] = []
        while self.before:
            trigger = self.before.pop(0)
            self.finishedBefore.append(trigger)
            result = self._run(trigger)
            if isinstance(result, Deferred):
                awaited.append(result)
        DeferredList(awaited).addCallback(self._continueFiring)

    def _continueFiring(self, ignored: object) -> None:
        self.state = "BASE"
        self.finishedBefore = []
        for waiting in (self.during, self.after):
            while waiting:
                self._run(waiting.pop(0))

    @staticmethod
    def _run(trigger: Trigger) -> object:
        callable, args, kwargs = trigger
        try:
            return callable(*args, **kwargs)
        except BaseException:
            log.err(Failure(), "While calling system event trigger handler")
            return None

"""A function called again and again."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from ..python._safe_text import safe_repr
from ..python.failure import Failure
from ._deferred import Deferred
from ._immediate import maybeDeferred

if TYPE_CHECKING:
    from .interfaces import IDelayedCall, IReactorTime


class LoopingCall:
    """Calls a function at regular intervals.

    If it returns a Deferred, the next call waits for that. Calls that come too late are left out,
    never made up for, so that those that are made stay on the beat.

    :param f: the function; *a* and *kw* are its arguments.
    :ivar running: it has been started and not stopped.
    :ivar interval: seconds from call to call.
    :ivar clock: what measures them; the reactor, unless set before the start.
    :ivar call: the next call, None while one is running.
    :ivar starttime: when the beat began.
    """

    __module__ = "pcstream.internet.task"

    call: IDelayedCall | None = None
    running = False
    _deferred: Deferred[LoopingCall] | None = None
    interval: float | None = None
    starttime: float | None = None
    _runAtStart = False
    _realLastTime: float | None = None

    def __init__(self, f: Callable[..., object], *a: object, **kw: object) -> None:
        self.f = f
        self.a = a
        self.kw = kw
        from . import reactor

        self.clock = cast("IReactorTime", reactor)

    @property
    def deferred(self) -> Deferred[LoopingCall] | None:
        """The Deferred that :meth:`start` returned. Deprecated."""
        warnings.warn(
            "twisted.internet.task.LoopingCall.deferred was deprecated in Twisted 16.0.0; "
            "please use the deferred returned by start() instead",
            category=DeprecationWarning,
            stacklevel=2,
        )
        return self._deferred

    @classmethod
    def withCount(cls, countCallable: Callable[[int], object]) -> LoopingCall:
        """A looping call that tells how many intervals have begun since the last call.

        :param countCallable: called with that number, one unless calls were left out.
        """

        def counter() -> object:
            now = loop.clock.seconds()
            if loop.interval == 0:
                loop._realLastTime = now
                return countCallable(1)
            last = loop._realLastTime
            if last is None:
                assert loop.starttime is not None
                last = loop.starttime
                if loop._runAtStart:
                    assert loop.interval is not None
                    # so that the call at the start counts as one
                    last -= loop.interval
            count = loop._intervalOf(now) - loop._intervalOf(last)
            if count <= 0:
                # rounding has brought it a hair too early: the next one counts for both
                return None
            loop._realLastTime = now
            return countCallable(count)

        loop = cls(counter)
        return loop

    def _intervalOf(self, t: float) -> int:
        """How many intervals had begun at *t*."""
        assert self.starttime is not None
        assert self.interval is not None
        return int((t - self.starttime) / self.interval)

    def start(self, interval: float, now: bool = True) -> Deferred[LoopingCall]:
        """Start calling.

        :param interval: seconds; 0 for as often as the reactor turns.
        :param now: make the first call at once, not after an interval.
        :return: a Deferred that fires with this object when it is stopped, and fails if a call
            does, which ends the loop too.
        :raises ValueError: *interval* is negative.
        """
        assert not self.running, "Tried to start an already running LoopingCall."
        if interval < 0:
            raise ValueError("interval must be >= 0")
        self.running = True
        # the loop may end before this method does
        deferred = self._deferred = Deferred()
        self.starttime = self.clock.seconds()
        self.interval = interval
        self._runAtStart = now
        if now:
            self()
        else:
            self._scheduleFrom(self.starttime)
        return deferred

    def stop(self) -> None:
        """Stop calling."""
        assert self.running, "Tried to stop a LoopingCall that was not running."
        self.running = False
        # without a next call one is running now, and its end is the loop's
        if self.call is not None:
            self.call.cancel()
            self.call = None
            self._end(self)

    def reset(self) -> None:
        """Let the beat begin anew: the next call comes an interval from now."""
        assert self.running, "Tried to reset a LoopingCall that was not running."
        if self.call is not None:
            self.call.cancel()
            self.call = None
            self.starttime = self.clock.seconds()
            self._scheduleFrom(self.starttime)

    def _end(self, result: LoopingCall | Failure) -> None:
        deferred, self._deferred = self._deferred, None
        assert deferred is not None
        deferred.callback(result)

    def __call__(self) -> None:
        def called(_: object) -> None:
            if self.running:
                self._scheduleFrom(self.clock.seconds())
            else:
                self._end(self)

        def failed(failure: Failure) -> None:
            self.running = False
            self._end(failure)

        self.call = None
        maybeDeferred(self.f, *self.a, **self.kw).addCallback(called).addErrback(failed)

    def _scheduleFrom(self, when: float) -> None:
        """Put the next call on the first beat after *when*."""
        assert self.starttime is not None
        assert self.interval is not None
        delay = 0.0
        if self.interval:
            delay = self.interval - (when - self.starttime) % self.interval
            if when == when + delay:
                # too little to be seen beside the time itself: it would be called twice at once
                delay = self.interval
        self.call = self.clock.callLater(delay, self)

    def __repr__(self) -> str:
        name = getattr(self.f, "__qualname__", None) or getattr(self.f, "__name__", None)
        return (
            f"LoopingCall<{self.interval!r}>({name or safe_repr(self.f)}, "
            f"*{safe_repr(self.a)}, **{safe_repr(self.kw)})"
        )

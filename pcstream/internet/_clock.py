"""A clock that stands still until it is told to move on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import cast

from zope.interface import implementer

from ._delayed_call import DelayedCall
from .interfaces import IDelayedCall, IReactorTime


@implementer(IReactorTime)
class Clock:
    """Time for tests: calls are made when :meth:`advance` passes them.

    :ivar rightNow: seconds since the clock was made.
    :ivar calls: the calls to come, the next one first.
    """

    __module__ = "pcstream.internet.task"

    rightNow = 0.0

    def __init__(self) -> None:
        self.calls: list[DelayedCall] = []

    def seconds(self) -> float:
        """The clock's time."""
        return self.rightNow

    def _sortCalls(self) -> None:
        self.calls.sort(key=DelayedCall.getTime)

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """Call *callable* once *delay* seconds have passed."""
        call = DelayedCall(
            self.seconds() + delay,
            callable,
            args,
            kw,
            self.calls.remove,
            lambda _: None,
            self.seconds,
        )
        self.calls.append(call)
        self._sortCalls()
        return cast(IDelayedCall, call)

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """The calls to come."""
        return cast("Sequence[IDelayedCall]", self.calls)

    def advance(self, amount: float) -> None:
        """Move on by *amount* seconds and make the calls that are due, in order."""
        self.rightNow += amount
        self._sortCalls()
        while self.calls and self.calls[0].getTime() <= self.seconds():
            call = self.calls.pop(0)
            call.called = 1
            call.func(*call.args, **call.kw)
            # it may have put others off
            self._sortCalls()

    def pump(self, timings: Iterable[float]) -> None:
        """Move on by each of *timings* in turn."""
        for amount in timings:
            self.advance(amount)

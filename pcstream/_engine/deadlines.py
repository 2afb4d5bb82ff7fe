"""The timers of a reactor: which call is due, and when the next one is.

A heap of plain tuples ``(time, number, call)``: tuples compare in C, and the number makes calls
with one time run in the order in which they were added. Nothing is searched for in the heap:

- a cancelled call stays where it is until its time comes (or until :meth:`Deadlines.sweep`);
- a call put off is moved only when its old time comes;
- a call brought forward is added a second time, and its old entry is known by its old number.

New calls wait in a list until :meth:`Deadlines.settle`, so that a call made by a call runs in a
later turn, and so that a time-out which is cancelled in the same turn never meets the heap.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Generic, Protocol, TypeVar

__all__ = ["Deadlines", "Timed"]

#: Below this many dead entries a sweep costs more than it frees (Twisted's number too).
SWEEP_AT_LEAST = 50

#: The number of a call that is in the list of new calls, or in no list at all.
UNSETTLED = -1


class Timed(Protocol):
    """What a call must offer: the attributes of :class:`~pcstream.internet.base.DelayedCall`."""

    time: float
    delayed_time: float
    cancelled: int
    number: int

    def activate_delay(self) -> None: ...


T = TypeVar("T", bound=Timed)


class Deadlines(Generic[T]):
    """Calls ordered by time, then by insertion.

    Three attributes are public for the sake of speed. Appending to ``new`` is all it takes to set a
    timer; adding 1 to ``dead`` is all it takes to cancel one, whose entry goes when its time comes.

    :ivar heap: what is settled; to look whether there is anything.
    :ivar dead: how many entries will be thrown away instead of run.
    """

    __slots__ = ("_last", "dead", "heap", "new")

    def __init__(self) -> None:
        self.new: list[T] = []
        self.heap: list[tuple[float, int, T]] = []
        self._last = 0
        self.dead = 0

    def __len__(self) -> int:
        """Entries kept, dead ones included: a measure of memory, not of pending calls."""
        return len(self.heap) + len(self.new)

    def pending(self) -> list[T]:
        """Every call that will still be made, in no particular order."""
        kept = [
            call for _, number, call in self.heap if number == call.number and not call.cancelled
        ]
        kept.extend(call for call in self.new if not call.cancelled)
        return kept

    def hasten(self, call: T) -> None:
        """Take notice that ``call.time`` has become earlier."""
        if call.number == UNSETTLED:
            return  # it is among the new calls, which have no order yet
        self.dead += 1
        self._push(call)

    def settle(self) -> None:
        """Move the new calls into the heap."""
        new = self.new
        if not new:
            return
        for call in new:
            if call.cancelled:
                self.dead -= 1
            else:
                if call.delayed_time:
                    call.activate_delay()
                self._push(call)
        new.clear()

    def pop(self, now: float) -> T | None:
        """Remove and return the next call due at ``now``, or return None."""
        heap = self.heap
        while heap and heap[0][0] <= now:
            _, number, call = heappop(heap)
            if number != call.number or call.cancelled:
                self.dead -= 1
            elif call.delayed_time > 0:
                call.activate_delay()
                self._push(call)
            else:
                return call
        return None

    def next_time(self) -> float | None:
        """The time of the earliest call, or None. Settle first: new calls are not looked at."""
        heap = self.heap
        while heap:
            when, number, call = heap[0]
            if number != call.number or call.cancelled:
                heappop(heap)
                self.dead -= 1
            elif call.delayed_time > 0:
                heappop(heap)
                call.activate_delay()
                self._push(call)
            else:
                return when
        return None

    def sweep(self) -> None:
        """Drop dead entries once they are many and more than half of the heap."""
        if self.dead <= SWEEP_AT_LEAST or self.dead * 2 <= len(self.heap):
            return
        # In place: somebody up the stack may be in the middle of pop().
        self.heap[:] = [
            entry for entry in self.heap if entry[1] == entry[2].number and not entry[2].cancelled
        ]
        heapify(self.heap)
        self.dead = sum(1 for call in self.new if call.cancelled)

    def _push(self, call: T) -> None:
        self._last += 1
        call.number = self._last
        heappush(self.heap, (call.time, self._last, call))

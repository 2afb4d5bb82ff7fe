"""So many bytes a second and no more, whatever kind of producer they come from."""

from __future__ import annotations

from typing import Any

from .._engine.outbox import Outbox
from ..typing import Consumer
from ._asking import check_positive, clock_or_reactor
from ._middle import Middle

__all__ = ["RateLimit", "rate_limit"]

# What is let out at a time is what may flow in so many seconds: 40 writes a second look steady to
# people and cost nothing.
_STEP_S = 0.025

# A burst unless another is given. Timers are late on a busy machine: up to the difference of the
# two, nothing is lost by that.
_BURST_S = 0.1

# And at most this: a consumer must be able to pause in between.
_MOST_AT_ONCE_BYTES = 2**16

# Seconds are floating-point numbers: a time that has come may be short of it by their last bits.
_ROUNDING_BYTES = 1e-3


class RateLimit(Middle):
    """Lets bytes out at a limited rate.

    A bucket holds *burst* bytes at most and is filled at the rate; what is let out is taken from
    it. What does not fit is held, one write of a producer that minds its pauses, and the producer
    waits meanwhile. The rate and the consumer are two reasons to wait; it goes on when there is
    neither (contract X3).

    What is held has not been written to the consumer yet: use :meth:`finish` to know when it has.

    :ivar burst: how many bytes may go at once after a rest.
    """

    def __init__(
        self,
        consumer: Consumer,
        bytes_per_second: float,
        burst: int | None = None,
        clock: Any = None,
    ) -> None:
        super().__init__(consumer, clock)
        check_positive(bytes_per_second, "bytes_per_second")
        if burst is None:
            burst = max(1, int(bytes_per_second * _BURST_S))
        if burst < 1:
            raise ValueError(f"burst has to be at least 1 byte, not {burst!r}")
        self.burst = burst
        self._rate = float(bytes_per_second)
        self._held = Outbox()
        self._available = float(burst)
        self._clock = clock = clock_or_reactor(clock)
        self._filled_at: float = clock.seconds()
        self._timer: Any = None
        self._is_letting_out = False

    @property
    def bytes_per_second(self) -> float:
        """The rate; it may be changed at any time."""
        return self._rate

    @bytes_per_second.setter
    def bytes_per_second(self, rate: float) -> None:
        check_positive(rate, "bytes_per_second")
        self._fill()
        self._rate = float(rate)
        self._stop_timer()
        self._let_out()

    def _fill(self) -> None:
        now = self._clock.seconds()
        gained = (now - self._filled_at) * self._rate
        self._filled_at = now
        self._available = min(self._available + max(gained, 0.0), float(self.burst))

    def _let_out(self) -> None:
        """Write as much as may be written now, and come back for the rest."""
        if self._is_letting_out:
            return  # from within our own write: the loop below sees what has changed
        held = self._held
        self._is_letting_out = True
        try:
            while held.size and not self._is_paused and self._timer is None:
                self._fill()
                step = max(1, min(int(self._rate * _STEP_S), self.burst // 2))
                wanted = min(held.size, step)
                missing = wanted - self._available
                if missing > _ROUNDING_BYTES:
                    self._timer = self._clock.callLater(missing / self._rate, self._time_has_come)
                    break
                allowed = min(int(self._available + _ROUNDING_BYTES), _MOST_AT_ONCE_BYTES)
                data = bytes(held.peek(max(allowed, 1)))
                held.consume(len(data))
                self._available -= len(data)
                super()._pass_on(data)
        finally:
            self._is_letting_out = False
        if not held.size and self._outcome is None:
            if not self._is_paused:
                self._slot.drained()
            self._end_if_due()

    def _time_has_come(self) -> None:
        self._timer = None
        self._let_out()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    # -- as a middle

    def _holds(self) -> bool:
        return self._held.size > 0

    def _release(self) -> None:
        self._held.clear()
        self._stop_timer()

    def _pass_on(self, data: bytes) -> None:
        self._held.append(data)
        self._let_out()
        if self._held.size:
            self._slot.overfull()

    def _go_on(self) -> None:
        self._let_out()


def rate_limit(
    consumer: Consumer,
    bytes_per_second: float,
    burst: int | None = None,
    clock: Any = None,
) -> RateLimit:
    """A consumer that passes on to *consumer* so many bytes a second.

    :param burst: how many may go at once after a rest; by default what flows in 0.1 s.
    :param clock: what has ``callLater`` and ``seconds``; by default the reactor.
    :raises TypeError: *consumer* is none.
    :raises ValueError: *bytes_per_second* or *burst* is not positive.
    """
    return RateLimit(consumer, bytes_per_second, burst, clock)

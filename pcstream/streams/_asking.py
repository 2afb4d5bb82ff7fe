"""A pull producer asked in the turns of a clock, and what every piece needs to begin."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..internet.task import Cooperator
from ..protocols._pull_to_push import _PullToPush

__all__ = ["PullToPush", "check_consumer", "check_positive", "clock_or_reactor"]


def clock_or_reactor(clock: Any) -> Any:
    """*clock*, or the reactor that is installed if it is None."""
    if clock is None:
        from ..internet import reactor

        clock = reactor
    return clock


def check_consumer(consumer: Any) -> None:
    """
    :raises TypeError: it has not the methods of a consumer.
    """
    missing = [
        name
        for name in ("registerProducer", "unregisterProducer", "write")
        if not callable(getattr(consumer, name, None))
    ]
    if missing:
        raise TypeError(f"{consumer!r} is not a consumer: it has no {', '.join(missing)}")


def check_positive(value: float, what: str) -> None:
    """
    :raises ValueError: it is 0, less, or not a number.
    """
    if not value > 0:
        raise ValueError(f"{what} has to be more than 0, not {value!r}")


class PullToPush(_PullToPush):
    """Makes a push producer of a pull producer, for consumers that know push producers only.

    It asks for a chunk, and again in the same turn for a few milliseconds at most, until it is
    paused. A producer that writes nothing when it is asked is asked less often (contract A2).
    Whoever makes it registers it, calls :meth:`start` once, :meth:`note_write` for each write, and
    :meth:`stop` when the producer unregisters.

    :func:`~pcstream.streams.pull_to_push` does all of that around any consumer.
    """

    def __init__(self, producer: Any, consumer: Any, clock: Any = None) -> None:
        """
        :param producer: the pull producer.
        :param consumer: its ``unregisterProducer`` is called if *producer* raises.
        :param clock: what has ``callLater``; by default the reactor.
        """
        clock = clock_or_reactor(clock)
        super().__init__(producer, consumer, clock)
        schedule: Callable[..., Any] = partial(clock.callLater, 0)
        self._cooperator = Cooperator(scheduler=schedule)

    def __repr__(self) -> str:
        # Whoever complains about it means the producer.
        return repr(self._producer)

    def start(self) -> None:
        """Begin to ask; called once, after this has been registered."""
        if self._finished:
            return
        self._coopTask = self._cooperator.cooperate(self._pull())
        if self._reasons:
            self._coopTask.pause()

    startStreaming = start

    def stop(self) -> None:
        """Ask no more: the producer has unregistered, or was told to stop."""
        self._finish()

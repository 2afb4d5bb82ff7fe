"""Consumers that keep the contract, each in a way of its own; a producer has to bear all five.

They are moved by :meth:`ReferenceConsumer.turn`, one step at a time, and count what their producer
does.  Whoever drives them judges the counts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import CodeType, FrameType
from typing import Any

from zope.interface import implementer

from ..internet.interfaces import IConsumer
from .checking import Runaway

__all__ = [
    "ALL",
    "Deadly",
    "Eager",
    "Late",
    "Nervous",
    "ReferenceConsumer",
    "Strict",
]

#: What a consumer takes before it is full, as the transports over descriptors do (contract C6).
LIMIT_BYTES = 65536

#: A producer that writes more often without a break would never end.
MOST_WRITES = 5000


# Who drives a producer is on the stack of its every write, and does not belong to its call.
_DRIVERS = ("asyncio", "selectors")
_DRIVING_MODULES = ("task", "base", "posixbase", "_clock", "_cooperator", "defer")


def _own_frames(frame: FrameType | None, driver: CodeType | None) -> list[FrameType]:
    """The frames of one call of the producer's, from *frame* outward."""
    frames: list[FrameType] = []
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        last = name.rpartition(".")[2]
        if (
            frame.f_code is driver
            or name.startswith(("pcstream.conformance.", *_DRIVERS))
            or (".internet." in name and (last in _DRIVING_MODULES or last.endswith("reactor")))
        ):
            break
        frames.append(frame)
        frame = frame.f_back
    return frames


@implementer(IConsumer)
class ReferenceConsumer:
    """Takes what is written, pauses its producer when it is full, and drains when it is turned.

    :ivar calls: where the calls in both directions are written down.
    :ivar producer: who is registered.
    :ivar streaming: as what; None if nobody ever was.
    :ivar received: everything that was written.
    :ivar held: how much of it has not been drained.
    :ivar is_paused: the producer was paused, and not resumed since.
    :ivar is_dead: a stop has ended it all.
    :ivar late_bytes: what was written while paused, by another call than the one that was paused.
    :ivar late_writes: how many writes that were.
    :ivar late_writes_after_resume: how many of them after a pause that was made within a resume.
    :ivar driver: the code of what drives the producer, which belongs to no call of its own.
    :ivar last: who registered last.
    :ivar by_resume: for each resume, the sizes of its writes.
    :ivar unregistered_within: what was being called when it was unregistered.
    :ivar writes_after_stop: how many writes came after the stop had returned.
    :ivar writes_out_of_turn: how many came from outside of a resume.
    :ivar unregistrations: how often the producer was unregistered.
    :ivar writes_after_end: how many writes came after that.
    :ivar raised: what the producer's methods raised, with the name of the method.
    :ivar resumes: how often it was resumed.
    :ivar idle_resumes: how many resumes returned without a byte and without an unregistration.
    :ivar drains: whether :meth:`turn` drains it.
    """

    name = "strict"
    asks_inside = True
    limit = LIMIT_BYTES

    def __init__(self, calls: list[str] | None = None) -> None:
        self.calls = [] if calls is None else calls
        self.producer: Any = None
        self.streaming: bool | None = None
        self.received = bytearray()
        self.held = 0
        self.is_paused = False
        self.is_dead = False
        self.late_bytes = 0
        self.late_writes = 0
        self.late_writes_after_resume = 0
        self.driver: CodeType | None = None
        self.last: Any = None
        self.by_resume: list[list[int]] = []
        self.unregistered_within: list[str] = []
        self._frames: list[FrameType] = []
        self._paused_within: list[FrameType] = []
        self._was_paused_in_resume = False
        self.writes_after_stop = 0
        self.writes_out_of_turn = 0
        self.unregistrations = 0
        self.registrations = 0
        self.writes_after_end = 0
        self.raised: list[tuple[str, BaseException]] = []
        self.resumes = 0
        self.idle_resumes = 0
        self.writes = 0
        self.sizes: list[int] = []
        self.drains = True
        self._in_write = 0
        self._in_resume = 0
        self._in_stop = 0
        self._owes_first_resume = False

    def __repr__(self) -> str:
        return f"<{self.name} consumer>"

    # -- the consumer's interface

    def registerProducer(self, producer: Any, streaming: Any) -> None:
        """Take *producer*, or stop it if there was a stop already."""
        kind = "push" if streaming else "pull"
        self.calls.append(f"consumer.registerProducer({kind})")
        if self.producer is not None:
            raise RuntimeError(
                f"Cannot register producer {producer!r}, "
                f"because producer {self.producer!r} was never unregistered."
            )
        self.registrations += 1
        self.last = producer
        if self.is_dead:
            producer.stopProducing()
            return
        self.producer = producer
        self.streaming = bool(streaming)
        self.is_paused = False
        if not self.streaming:
            if self.asks_inside:
                try:
                    self.resume(is_handed_on=True)
                except BaseException:
                    self.producer = None
                    raise
            else:
                self._owes_first_resume = True

    def unregisterProducer(self) -> None:
        """Forget the producer."""
        self.calls.append("consumer.unregisterProducer()")
        self.unregistrations += 1
        self.unregistered_within.append(
            "resume" if self._in_resume else "write" if self._in_write else ""
        )
        self.producer = None
        self._owes_first_resume = False

    def write(self, data: bytes) -> None:
        """Take *data*."""
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        self.calls.append(f"consumer.write({len(data)} bytes)")
        self.writes += 1
        if self.writes > MOST_WRITES:
            rule = "P2" if self.is_paused and self.streaming else None
            raise Runaway(f"{MOST_WRITES} writes, and there was no end to it", rule)
        frame = sys._getframe(1)
        if data:
            self._judge(data, frame)
        if self.is_dead:
            return
        self.received += data
        self.held += len(data)
        self.sizes.append(len(data))
        if self._in_resume:
            self.by_resume[-1].append(len(data))
        self._in_write += 1
        self._frames.append(frame)
        try:
            self.wrote()
        finally:
            self._in_write -= 1
            self._frames.pop()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Take all of it."""
        self.write(b"".join(data))

    def _judge(self, data: bytes, frame: FrameType) -> None:
        if self.is_dead:
            self.writes_after_stop += not self._in_stop
        elif self.producer is None and self.unregistrations:
            self.writes_after_end += 1
        elif self.is_paused and not self._is_in_paused_call(frame):
            self.late_writes_after_resume += self._was_paused_in_resume
            self.late_bytes += len(data)
            self.late_writes += 1
        if not self._in_resume:
            self.writes_out_of_turn += 1

    def _is_in_paused_call(self, frame: FrameType) -> bool:
        """Whether the call that the pause came into is still going on: it may finish (P2)."""
        paused = self._paused_within
        return any(one is other for one in _own_frames(frame, self.driver) for other in paused)

    def wrote(self) -> None:
        """Something was written: pause whoever writes too much."""
        if self.held > self.limit and self.streaming and not self.is_paused:
            self.pause()

    # -- what it does to its producer

    def pause(self) -> None:
        """Pause the producer."""
        if self.producer is None:
            return
        if not self.is_paused:
            self._paused_within = _own_frames(self._frames[-1], self.driver) if self._frames else []
            self._was_paused_in_resume = self._in_resume > 0
        self.is_paused = True
        self._call("pauseProducing")

    def resume(self, *, is_handed_on: bool = False) -> None:
        """Resume or ask the producer.

        :param is_handed_on: what it raises is raised here.
        """
        producer = self.producer
        if producer is None:
            return
        self.is_paused = False
        self._owes_first_resume = False
        self._paused_within = []
        self.resumes += 1
        self.by_resume.append([])
        before = len(self.received), self.unregistrations
        self._in_resume += 1
        try:
            self._call("resumeProducing", is_handed_on=is_handed_on)
        finally:
            self._in_resume -= 1
        if before == (len(self.received), self.unregistrations) and not self.is_dead:
            self.idle_resumes += 1

    def stop(self) -> None:
        """Stop the producer, as on a loss of the connection."""
        producer, self.is_dead = self.producer, True
        self._owes_first_resume = False
        self._in_stop += 1
        try:
            if producer is not None:
                self._call("stopProducing")
        finally:
            self._in_stop -= 1
            self.producer = None

    def _call(self, method: str, *, is_handed_on: bool = False) -> None:
        self.calls.append(f"{method}()")
        try:
            getattr(self.producer, method)()
        except Exception as error:
            self.calls.append(f"{method} raised {error!r}")
            self.raised.append((method, error))
            if is_handed_on:
                raise

    # -- time

    @property
    def is_waiting(self) -> bool:
        """Whether :meth:`turn` would do something."""
        if self.is_dead or self.producer is None or not self.drains:
            return False
        return self._owes_first_resume or self.held > 0

    def turn(self) -> bool:
        """Let one turn go by; answers whether it did anything."""
        if not self.is_waiting:
            return False
        if self.held:
            self.calls.append(f"(the consumer drains {self.held} bytes)")
        self.held = 0
        self.drained()
        return True

    def drained(self) -> None:
        """Nothing is held any more: resume whom it paused, ask whom it asks."""
        if not self.streaming or self.is_paused:
            self.resume()


class Strict(ReferenceConsumer):
    """Calls exactly what is due: one pause when it is full, one resume when it has drained."""


class Eager(ReferenceConsumer):
    """Asks within registerProducer, and resumes within the write that made it pause.

    Not within a resume, though: such a producer would be called deeper and deeper.
    """

    name = "eager"

    def wrote(self) -> None:
        """Pause, and resume at once."""
        if self.held > self.limit and self.streaming and not self.is_paused:
            self.pause()
            if not self._in_resume:
                self.calls.append(f"(the consumer drains {self.held} bytes)")
                self.held = 0
                self.resume()


class Late(ReferenceConsumer):
    """Asks a turn after the registration, and drains only every other turn."""

    name = "late"
    asks_inside = False

    def __init__(self, calls: list[str] | None = None) -> None:
        super().__init__(calls)
        self._has_waited = False

    def turn(self) -> bool:
        """Let one turn go by; every other one does nothing."""
        if not self.is_waiting:
            return False
        self._has_waited = not self._has_waited
        return True if self._has_waited else super().turn()


class Nervous(ReferenceConsumer):
    """Pauses on every write, three times, and resumes once; a resume too many comes at times."""

    name = "nervous"

    def wrote(self) -> None:
        """Pause three times."""
        if self.streaming:
            for _ in range(3):
                self.pause()


class Deadly(ReferenceConsumer):
    """Stops its producer within a write, the second one by default.

    :ivar fatal_write: within which.
    """

    name = "deadly"
    fatal_write = 2

    def wrote(self) -> None:
        """Stop when it is time."""
        if self.writes >= self.fatal_write:
            self.stop()
        else:
            super().wrote()


#: One of each: a producer that bears all of them conforms.
ALL: tuple[type[ReferenceConsumer], ...] = (Strict, Eager, Late, Nervous, Deadly)

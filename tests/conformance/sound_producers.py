"""Small producers that keep every rule; the mutants each get one thing wrong."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from pcstream.conformance import PullProducerSubject, PushProducerSubject
from pcstream.internet.interfaces import IPullProducer, IPushProducer
from pcstream.internet.task import Clock

PIECES = [bytes([number]) * 20_000 for number in range(1, 9)]


@implementer(IPushProducer)
class SoundPush:
    """Writes one piece a turn, and unregisters with the last."""

    is_paused = False
    is_stopped = False
    is_at_end = False
    call: Any = None

    def __init__(self, consumer: Any, clock: Clock, pieces: list[bytes]) -> None:
        self.consumer = consumer
        self.clock = clock
        self.pieces: Any = list(pieces)

    def start(self) -> None:
        self.consumer.registerProducer(self, True)
        self.plan()

    def plan(self) -> None:
        if self.call is None:
            self.call = self.clock.callLater(0, self.turn)

    def turn(self) -> None:
        self.call = None
        if not self.may_write():
            return
        if self.pieces:
            self.consumer.write(self.pieces.pop(0))
        if self.may_write():
            if self.pieces:
                self.plan()
            else:
                self.finish()

    def may_write(self) -> bool:
        return not (self.is_paused or self.is_stopped or self.is_at_end)

    def finish(self) -> None:
        self.is_at_end = True
        self.consumer.unregisterProducer()

    def pauseProducing(self) -> None:
        self.is_paused = True

    def resumeProducing(self) -> None:
        self.is_paused = False
        if self.may_write():
            self.plan()

    def stopProducing(self) -> None:
        self.is_stopped = True
        self.release()

    def release(self) -> None:
        self.pieces = []


@implementer(IPullProducer)
class SoundPull:
    """Writes one piece a resume, and unregisters when it is asked once more."""

    is_stopped = False
    is_at_end = False

    def __init__(self, consumer: Any, clock: Clock, pieces: list[bytes]) -> None:
        self.consumer = consumer
        self.clock = clock
        self.pieces: Any = list(pieces)

    def start(self) -> None:
        self.consumer.registerProducer(self, False)

    def resumeProducing(self) -> None:
        if self.pieces:
            self.consumer.write(self.pieces.pop(0))
        else:
            self.finish()

    def finish(self) -> None:
        self.is_at_end = True
        self.consumer.unregisterProducer()

    def stopProducing(self) -> None:
        self.is_stopped = True
        self.release()

    def release(self) -> None:
        self.pieces = []


class _OnAClock:
    """Makes a producer on a clock of its own."""

    content = b"".join(PIECES)

    def __init__(self, kind: Any = None) -> None:
        self.kind = kind or self.kind
        self.name = self.kind.__name__
        self.clock = Clock()

    def make(self, consumer: Any) -> Any:
        self.clock = Clock()
        self.made = self.kind(consumer, self.clock, PIECES)
        self.made.start()
        return self.made

    def settle(self) -> None:
        if self.clock.getDelayedCalls():
            self.clock.advance(0)

    def released(self) -> bool:
        return not self.made.pieces


class PushSubject(_OnAClock, PushProducerSubject):
    """A :class:`SoundPush`, or a mutant of it."""

    kind: Any = SoundPush


class PullSubject(_OnAClock, PullProducerSubject):
    """A :class:`SoundPull`, or a mutant of it."""

    kind: Any = SoundPull

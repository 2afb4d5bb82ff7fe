"""A small consumer that keeps every rule, on a clock; the mutants each get one thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from pcstream.conformance import ConsumerSubject
from pcstream.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from pcstream.internet.interfaces import IConsumer, IPushProducer, ITransport
from pcstream.internet.task import Clock
from pcstream.python import log
from pcstream.python.failure import Failure

LIMIT = 1000


@implementer(IConsumer, IPushProducer, ITransport)
class Sound:
    """A transport without a network: what is written leaves a turn later, unless it is stalled."""

    limit = LIMIT

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.pending: list[bytes] = []
        self.sent = bytearray()
        self.producer: Any = None
        self.streaming = False
        self.is_paused = False
        self.is_stalled = False
        self.is_connected = True
        self.is_dead = False
        self.is_closing = False
        self.is_aborted = False
        self.is_half_closing = False
        self.is_half_closed = False
        self.is_reading = True
        self.inbox: list[bytes] = []
        self.fed = bytearray()
        self.ends: list[Any] = []
        self.on_end: Callable[[], None] = lambda: None
        self.is_planned = False

    # -- consumer

    def registerProducer(self, producer: Any, streaming: Any) -> None:
        if self.producer is not None:
            raise RuntimeError(f"Cannot register producer {producer!r}, there is another")
        if self.is_dead or self.is_half_closed:
            self.stop_newcomer(producer)
            return
        self.admit(producer, bool(streaming))

    def admit(self, producer: Any, streaming: bool) -> None:
        self.producer = producer
        self.streaming = streaming
        self.is_paused = False
        if not streaming:
            self.ask_first()

    def ask_first(self) -> None:
        producer = self.producer
        try:
            producer.resumeProducing()
        except BaseException:
            if self.producer is producer:
                self.producer = None
            raise

    def stop_newcomer(self, producer: Any) -> None:
        producer.stopProducing()

    def unregisterProducer(self) -> None:
        self.producer = None
        self.is_paused = False
        self.plan()

    def write(self, data: bytes) -> None:
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        if not data or self.is_dead or self.is_aborted or self.is_half_closed:
            return
        self.accept(data)

    def accept(self, data: bytes) -> None:
        self.pending.append(data)
        self.plan()
        self.check_room()

    def check_room(self) -> None:
        if self.producer is not None and self.streaming and self.is_full():
            if not self.is_paused:
                self.is_paused = True
                self.pause()

    def pause(self) -> None:
        self.producer.pauseProducing()

    def waiting(self) -> int:
        return sum(map(len, self.pending))

    def is_full(self) -> bool:
        return self.waiting() > self.limit

    def writeSequence(self, data: Any) -> None:
        pieces = list(data)
        if not all(isinstance(piece, bytes) for piece in pieces):
            raise TypeError("Data must be bytes")
        for piece in pieces:
            self.write(piece)

    # -- transport

    def loseConnection(self) -> None:
        if not self.is_closing:
            self.is_closing = True
            self.is_reading = False
            self.plan()

    def abortConnection(self) -> None:
        if not self.is_dead and not self.is_aborted:
            self.is_aborted = True
            self.pending.clear()
            self.clock.callLater(0, self.lose, ConnectionAborted())

    def loseWriteConnection(self) -> None:
        if not self.is_dead:
            self.is_half_closing = True
            self.plan()

    def stopConsuming(self) -> None:
        self.unregisterProducer()
        self.loseConnection()

    def getHost(self) -> Any:
        return None

    def getPeer(self) -> Any:
        return None

    # -- producer

    def pauseProducing(self) -> None:
        self.is_reading = False

    def resumeProducing(self) -> None:
        if not self.is_dead and not self.is_closing:
            self.is_reading = True
            self.plan()

    def stopProducing(self) -> None:
        self.loseConnection()

    # -- turns

    def plan(self) -> None:
        if not self.is_planned and self.is_connected:
            self.is_planned = True
            self.clock.callLater(0, self.turn)

    def turn(self) -> None:
        self.is_planned = False
        if self.is_dead or self.is_aborted:
            return
        self.read()
        if self.is_stalled and self.pending:
            return
        self.send()
        try:
            self.drained()
        except Exception as raised:
            self.resume_raised(raised)
            return
        if not self.pending and not self.must_wait():
            if self.is_closing:
                self.lose(ConnectionDone())
            elif self.is_half_closing:
                self.is_half_closed = True

    def read(self) -> None:
        if self.is_reading and self.inbox:
            self.fed += b"".join(self.inbox)
            self.inbox.clear()

    def send(self) -> None:
        for piece in self.pending:
            self.sent += piece
        self.pending.clear()

    def send_some(self, size: int) -> None:
        waiting = b"".join(self.pending)
        self.sent += waiting[:size]
        self.pending[:] = [waiting[size:]]

    @property
    def connected(self) -> bool:
        return self.is_connected and not self.is_dead

    @property
    def disconnecting(self) -> bool:
        return self.is_closing

    @property
    def bufferSize(self) -> int:
        return self.limit

    @bufferSize.setter
    def bufferSize(self, limit: int) -> None:
        self.limit = limit

    def must_wait(self) -> bool:
        return self.producer is not None

    def drained(self) -> None:
        if self.producer is not None and (self.is_paused or not self.streaming):
            self.is_paused = False
            self.resume()

    def resume(self) -> None:
        self.producer.resumeProducing()
        if self.producer is not None and not self.streaming:
            self.plan()

    def resume_raised(self, raised: Exception) -> None:
        self.lose(raised)

    def lose(self, reason: Exception) -> None:
        if self.is_dead:
            return
        self.is_dead = True
        self.is_reading = False
        producer, self.producer = self.producer, None
        self.stop_and_tell(producer, reason)

    def stop_and_tell(self, producer: Any, reason: Exception) -> None:
        self.stop_lost(producer)
        self.tell(reason)

    def stop_lost(self, producer: Any) -> None:
        if producer is not None:
            try:
                producer.stopProducing()
            except Exception:
                log.err(None, "a producer raised")

    def tell(self, reason: Exception) -> None:
        self.ends.append(Failure(reason))
        self.on_end()


class SoundSubject(ConsumerSubject):
    """Moves a :class:`Sound`, or a mutant of it."""

    fill_limit = LIMIT
    kind: type[Sound] = Sound

    def __init__(self, kind: type[Sound] | None = None) -> None:
        self.kind = kind or self.kind
        self.name = self.kind.__name__

    def make(self) -> Sound:
        self.clock = Clock()
        self.made = self.kind(self.clock)
        return self.made

    def make_unconnected(self) -> Sound:
        made = self.make()
        made.is_connected = False
        return made

    def refuse(self) -> None:
        self.made.lose(ConnectionLost())

    def settle(self) -> None:
        for _ in range(200):
            if not self.clock.getDelayedCalls():
                return
            self.clock.advance(0)

    def stall(self) -> None:
        self.settle()
        self.made.is_stalled = True

    def drain(self) -> None:
        self.made.is_stalled = False
        self.made.plan()

    def drain_some(self, size: int) -> None:
        self.made.send_some(size)

    def received(self) -> bytes:
        return bytes(self.made.sent)

    def kill(self) -> None:
        self.made.lose(ConnectionLost())

    def close(self) -> None:
        self.made.loseConnection()

    def ended(self) -> list[Any]:
        return self.made.ends

    def on_end(self, hear: Callable[[], None]) -> None:
        self.made.on_end = hear

    def feed(self, data: bytes) -> None:
        self.made.inbox.append(data)
        self.made.plan()

    def fed(self) -> bytes:
        return bytes(self.made.fed)

    def half_close(self) -> None:
        """It does not care."""

    def deafen(self) -> None:
        self.made.lose(ConnectionLost())

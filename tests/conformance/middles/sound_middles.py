"""Small proxies and wrappers that are right; the mutants each get one thing wrong."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from pcstream.internet.error import ConnectionDone
from pcstream.internet.interfaces import IHalfCloseableProtocol


class Middle:
    """A push producer for its consumer, and a consumer with a buffer for its producer."""

    LIMIT = 65536

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        self.producer: Any = None
        self.is_push = False
        self.held: list[bytes] = []
        self.is_paused = False
        self.has_paused = False
        self.is_writing = False
        self.is_ending = False
        self.is_stopped = False
        consumer.registerProducer(self, True)
        self.is_registered = True

    # what the producer sees

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self.producer is not None:
            self.refuse(producer)
            return
        if self.is_stopped:
            self.stop_newcomer(producer)
            return
        self.is_ending = False
        self.producer = producer
        self.is_push = streaming
        self.has_paused = False
        if not self.is_registered:
            self.is_registered = True
            self.consumer.registerProducer(self, True)
        if not streaming:
            self.ask()

    def refuse(self, producer: Any) -> None:
        raise RuntimeError(
            f"Cannot register producer {producer!r}, "
            f"because producer {self.producer!r} was never unregistered."
        )

    def stop_newcomer(self, producer: Any) -> None:
        producer.stopProducing()

    def unregisterProducer(self) -> None:
        if self.producer is None:
            return
        self.producer = None
        self.is_ending = True
        self.work()

    def write(self, data: bytes) -> None:
        if self.is_stopped or not data:
            return
        self.hold(data)
        self.work()
        self.pause_if_full()

    def hold(self, data: bytes) -> None:
        self.held.append(data)

    def size(self) -> int:
        return sum(map(len, self.held))

    def pause_if_full(self) -> None:
        if self.size() >= self.LIMIT:
            self.pause_upstream()

    def pause_upstream(self) -> None:
        if self.producer is not None and self.is_push and not self.has_paused:
            self.has_paused = True
            self.producer.pauseProducing()

    # what the consumer sees

    def pauseProducing(self) -> None:
        self.is_paused = True

    def resumeProducing(self) -> None:
        self.is_paused = False
        self.work()
        if self.producer is not None and not self.is_paused:
            if self.has_paused:
                self.has_paused = False
                self.producer.resumeProducing()
            elif not self.is_push:
                self.ask()

    def ask(self) -> None:
        self.producer.resumeProducing()

    def stopProducing(self) -> None:
        self.is_stopped = True
        self.held.clear()
        self.stop_upstream()

    def stop_upstream(self) -> None:
        producer, self.producer = self.producer, None
        if producer is not None:
            producer.stopProducing()

    # within

    def work(self) -> None:
        if self.is_writing:
            return
        self.is_writing = True
        while self.held and not self.is_paused:
            self.write_on()
        self.is_writing = False
        if self.is_ending and not self.held:
            self.end()

    def write_on(self) -> None:
        self.consumer.write(self.held.pop(0))

    def end(self) -> None:
        self.is_ending = False
        self.is_registered = False
        self.consumer.unregisterProducer()


class Gate:
    """What a :class:`Wrapper` registers below in place of a push producer: it has two masters."""

    def __init__(self, producer: Any, is_held: bool) -> None:
        self.producer: Any = producer
        self.reasons = {"held"} if is_held else set()
        if is_held:
            producer.pauseProducing()

    def add(self, reason: str) -> None:
        was_free = not self.reasons
        self.reasons.add(reason)
        if was_free:
            self.producer.pauseProducing()

    def take_away(self, reason: str) -> None:
        if reason in self.reasons:
            self.reasons.discard(reason)
            if not self.reasons:
                self.producer.resumeProducing()

    def pauseProducing(self) -> None:
        self.add("full")

    def resumeProducing(self) -> None:
        self.take_away("full")

    def stopProducing(self) -> None:
        producer, self.producer = self.producer, None
        if producer is not None:
            producer.stopProducing()


class Asker:
    """The same for a pull producer: it is asked when the transport has asked and it is not held."""

    def __init__(self, producer: Any, is_held: bool) -> None:
        self.producer = producer
        self.is_held = is_held
        self.is_asked = False

    def add(self, reason: str) -> None:
        self.is_held = True

    def take_away(self, reason: str) -> None:
        self.is_held = False
        if self.is_asked:
            self.resumeProducing()

    def resumeProducing(self) -> None:
        self.is_asked = self.is_held
        if not self.is_held:
            self.producer.resumeProducing()

    def stopProducing(self) -> None:
        self.producer.stopProducing()


class Wrapper:
    """Stands between a transport and a protocol, and may hold up what the protocol produces."""

    gate_class: Any = Gate

    def __init__(self, protocol: Any = None) -> None:
        self.protocol = protocol
        self.transport: Any = None
        self.gate: Any = None
        self.is_held = False

    def make_connection(self, transport: Any) -> Any:
        self.transport = transport
        return self

    def makeConnection(self, transport: Any) -> None:
        self.make_connection(transport)
        self.protocol.makeConnection(self)

    # the transport of the protocol

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        before = self.gate
        self.gate = (self.gate_class if streaming else Asker)(producer, self.is_held)
        try:
            self.transport.registerProducer(self.gate, streaming)
        except BaseException:
            self.gate = before
            raise

    def unregisterProducer(self) -> None:
        self.gate = None
        self.transport.unregisterProducer()

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def loseConnection(self) -> None:
        self.transport.loseConnection()

    def hold_up(self) -> None:
        self.is_held = True
        if self.gate is not None:
            self.gate.add("held")

    def let_go(self) -> None:
        self.is_held = False
        if self.gate is not None:
            self.gate.take_away("held")

    # the protocol of the transport

    def dataReceived(self, data: bytes) -> None:
        self.protocol.dataReceived(data)

    def connectionLost(self, reason: Any) -> None:
        self.gate = None
        if self.protocol is not None:
            self.protocol.connectionLost(reason)


@implementer(IHalfCloseableProtocol)
class HalfWrapper(Wrapper):
    """One for protocols that can take half of a connection."""

    def readConnectionLost(self) -> None:
        self.protocol.readConnectionLost()

    def writeConnectionLost(self) -> None:
        self.protocol.writeConnectionLost()


class Side:
    """One of the two connections of a relay."""

    transport: Any = None
    peer: Any = None

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport
        self.connectionMade()

    def connectionMade(self) -> None:
        pass

    def dataReceived(self, data: bytes) -> None:
        self.peer.transport.write(data)

    def connectionLost(self, reason: Any) -> None:
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.peer = None
            self.end(peer, reason)

    def end(self, peer: Any, reason: Any) -> None:
        if reason.check(ConnectionDone):
            peer.transport.loseConnection()
        else:
            peer.transport.abortConnection()


@implementer(IHalfCloseableProtocol)
class HalfSide(Side):
    """One that passes the end of a direction on."""

    has_ended = False

    def readConnectionLost(self) -> None:
        self.has_ended = True
        if self.peer is None:
            return
        self.peer.transport.unregisterProducer()
        if self.peer.has_ended:
            self.peer.transport.loseConnection()
            self.transport.loseConnection()
        else:
            self.peer.transport.loseWriteConnection()

    def writeConnectionLost(self) -> None:
        pass


class BackSide(HalfSide):
    """The side that connects."""

    def __init__(self, front: Any) -> None:
        self.peer = front
        front.peer = self

    def connectionMade(self) -> None:
        self.pace()
        self.peer.transport.resumeProducing()

    def pace(self) -> None:
        self.transport.registerProducer(self.peer.transport, True)
        self.peer.transport.registerProducer(self.transport, True)


class FrontSide(HalfSide):
    """The side that was connected to."""

    back_class: Any = BackSide

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor

    def connectionMade(self) -> None:
        self.transport.pauseProducing()
        self.connect()

    def connect(self) -> None:
        self.reactor.connectTCP("far.example", 1, BackFactory(self))


class BackFactory:
    """Makes the side that connects."""

    noisy = False

    def __init__(self, front: Any) -> None:
        self.front = front

    def doStart(self) -> None:
        pass

    def doStop(self) -> None:
        pass

    def startedConnecting(self, connector: Any) -> None:
        pass

    def buildProtocol(self, address: Any) -> Any:
        return self.front.back_class(self.front)

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        self.front.transport.loseConnection()

    def clientConnectionLost(self, connector: Any, reason: Any) -> None:
        pass

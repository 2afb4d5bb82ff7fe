"""Each ready piece, judged by the conformance kit."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from loopback_pairs import content

from pcstream.conformance import (
    ConsumerSubject,
    PushProducerSubject,
    check_consumer,
    check_push_producer,
)
from pcstream.conformance.adapters import AdapterSubject, check_adapter
from pcstream.conformance.memory_connection import MemoryConnection, TurnClock
from pcstream.conformance.proxies import ProxySubject, RelaySubject, check_proxy, check_relay
from pcstream.conformance.report import Report
from pcstream.internet.defer import Deferred
from pcstream.internet.protocol import ClientFactory, Protocol
from pcstream.python.failure import Failure
from pcstream.streams import (
    AsyncioConsumer,
    FileConsumer,
    ProtocolOnAsyncio,
    PullToPush,
    expect_length,
    pull_to_push,
    rate_limit,
    read,
    relay,
    send,
    tee,
)

pytest.importorskip("hypothesis")

# More than any check writes.
PLENTY = 10**12

#: How each middle is made on top of a consumer.
MIDDLES: dict[str, Callable[[Any, Any], Any]] = {
    "pull_to_push": pull_to_push,
    "rate_limit, never slow": lambda c, clock: rate_limit(c, PLENTY, PLENTY, clock),
    "rate_limit, slow": lambda c, clock: rate_limit(c, 2**20, 2**10, clock),
    "expect_length": lambda c, clock: expect_length(c, PLENTY, clock),
    "tee": lambda c, clock: tee(c, clock=clock),
    "tee of two": lambda c, clock: tee(
        c, MemoryConnection(clock, [], "the other"), on_loss="end", clock=clock
    ),
    "one on top of the other": lambda c, clock: tee(
        pull_to_push(rate_limit(c, PLENTY, PLENTY, clock), clock), clock=clock
    ),
}


def sound(report: Report) -> None:
    assert report.conforms, str(report)


#: Whoever drives a pull producer on behalf of a push consumer learns when that is full, and not
#: when it has run empty; so it is asked until then, as with TLS.
FILLS_UP = ("C30",)


class HeardEnd(ConsumerSubject):
    """What those have in common that tell of their end by a Deferred."""

    ends: list[Any]
    hear: Any

    def listen(self, done: Any) -> None:
        self.ends = []
        self.hear = None

        def heard(result: Any) -> None:
            self.ends.append(result)
            if self.hear is not None:
                self.hear()

        done.addBoth(heard)

    def ended(self) -> list[Any]:
        return self.ends

    def on_end(self, hear: Any) -> None:
        self.hear = hear


# -- the middles


class Middle(ProxySubject):
    def __init__(self, name: str) -> None:
        self.name = name

    def make(self, consumer: MemoryConnection) -> Any:
        # The kit puts several on top of each other, too.
        self.clock = getattr(consumer, "reactor", None) or self.clock
        return MIDDLES[self.name](consumer, self.clock)

    def settle(self) -> None:
        if "slow" in self.name:
            for _ in range(150):
                self.clock.turn(0.001)


class MiddleAsConsumer(HeardEnd):
    fill_limit = 65536
    deviations = FILLS_UP

    def __init__(self, name: str) -> None:
        self.name = name

    def make(self) -> Any:
        self.clock = TurnClock()
        self.connection = MemoryConnection(self.clock, [])
        self.middle = MIDDLES[self.name](self.connection, self.clock)
        self.listen(self.middle.done)
        return self.middle

    def settle(self) -> None:
        self.clock.settle()

    def stall(self) -> None:
        self.connection.stall()

    def drain(self) -> None:
        self.connection.drain()
        self.clock.settle()

    def received(self) -> bytes:
        return bytes(self.connection.sent)

    def kill(self) -> None:
        self.connection.break_off()
        if self.middle._outcome is None:
            # Nobody was registered, so nobody was told; the next to register is.
            self.middle.stopProducing()


@pytest.mark.parametrize("name", MIDDLES)
def test_a_middle(name):
    sound(check_proxy(Middle(name)))


@pytest.mark.parametrize("name", [name for name in MIDDLES if ", slow" not in name])
def test_a_middle_as_a_consumer(name):
    sound(check_consumer(MiddleAsConsumer(name)))


class Adapter(AdapterSubject):
    def pull_to_push(self, producer: Any, consumer: Any, clock: TurnClock) -> Any:
        middle = pull_to_push(consumer, clock)
        middle.registerProducer(producer, False)
        return middle


class BareAdapter(AdapterSubject):
    def pull_to_push(self, producer: Any, consumer: Any, clock: TurnClock) -> Any:
        push = PullToPush(producer, consumer, clock)
        self.push = push

        class Facade:
            def write(self, data: bytes) -> None:
                push.note_write()
                consumer.write(data)

            def unregisterProducer(self) -> None:
                push.stop()
                consumer.unregisterProducer()

        consumer.registerProducer(push, True)
        push.start()
        return Facade()


@pytest.mark.parametrize("subject", [Adapter, BareAdapter])
def test_pull_to_push_as_an_adapter(subject):
    sound(check_adapter(subject()))


# -- the file consumer


class Disk:
    """A reactor whose threads work when they may."""

    def __init__(self) -> None:
        self.jobs: deque[Any] = deque()
        self.is_stalled = False

    def getThreadPool(self) -> Any:
        return self

    def callInThreadWithCallback(self, done: Any, function: Any, *args: Any) -> None:
        self.jobs.append((done, function, args))

    def callFromThread(self, function: Any, *args: Any) -> None:
        function(*args)

    def work(self) -> None:
        while self.jobs and not self.is_stalled:
            done, function, args = self.jobs.popleft()
            try:
                result = function(*args)
            except Exception:
                done(False, Failure())
            else:
                done(True, result)


class File:
    def __init__(self) -> None:
        self.data = bytearray()
        self.is_full = False

    def write(self, data: bytes) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.data += data


class OnDisk(HeardEnd):
    fill_limit = 2**18

    def make(self) -> Any:
        self.disk = Disk()
        self.file = File()
        self.consumer = FileConsumer(self.file, reactor=self.disk)
        self.listen(self.consumer.done)
        return self.consumer

    def settle(self) -> None:
        self.disk.work()

    def stall(self) -> None:
        self.disk.is_stalled = True

    def drain(self) -> None:
        self.disk.is_stalled = False
        self.disk.work()

    def received(self) -> bytes:
        return bytes(self.file.data)

    def kill(self) -> None:
        self.file.is_full = True
        self.consumer.write(b"too much")
        self.drain()

    def close(self) -> None:
        self.consumer.finish()


def test_a_file_consumer():
    sound(check_consumer(OnDisk()))


# -- the senders

PIECES = [bytes([number]) * 20_000 for number in range(1, 9)]


class Sending(PushProducerSubject):
    """``send`` as a push producer, with a source that says when it was closed."""

    content = b"".join(PIECES)
    is_asynchronous = False

    def make(self, consumer: Any) -> Any:
        self.clock = TurnClock()
        self.is_closed = False
        source = self.later() if self.is_asynchronous else self.pieces()
        self.done = send(source, consumer, high_water=30_000, clock=self.clock)
        self.done.addErrback(lambda failure: None)
        return consumer.producer if consumer.producer is not None else _None()

    def pieces(self) -> Any:
        try:
            yield from PIECES
        finally:
            self.is_closed = True

    async def later(self) -> Any:
        try:
            for piece in PIECES:
                turn: Deferred[None] = Deferred()
                call = self.clock.callLater(0, turn.callback, None)
                try:
                    await turn
                finally:
                    if call.active():
                        call.cancel()
                yield piece
        finally:
            self.is_closed = True

    def settle(self) -> None:
        self.clock.settle()

    def released(self) -> bool:
        return self.is_closed


class _None:
    """Stands for a producer that has come to its end already."""

    def pauseProducing(self) -> None:
        pass

    def resumeProducing(self) -> None:
        pass

    def stopProducing(self) -> None:
        pass


class SendingLater(Sending):
    is_asynchronous = True


class Piping(Sending):
    """What a reader reads is sent on."""

    def make(self, consumer: Any) -> Any:
        self.clock = TurnClock()
        self.connection = MemoryConnection(self.clock, [], "source")
        self.connection.protocol = Protocol()
        reader = read(self.connection)
        for piece in PIECES:
            self.connection.deliver(piece)
        self.connection.deliver_end()
        self.done = send(reader, consumer, clock=self.clock)
        self.done.addErrback(lambda failure: None)
        return consumer.producer if consumer.producer is not None else _None()

    def released(self) -> bool:
        return self.connection.end is not None or not self.connection.is_reading


@pytest.mark.parametrize("subject", [Sending, SendingLater, Piping])
def test_a_sender(subject):
    sound(check_push_producer(subject()))


# -- the relay


class _Front(Protocol):
    """Connects, and has the two connections relayed."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor

    def connectionMade(self) -> None:
        self.transport.pauseProducing()
        back = Protocol()
        back.connectionMade = self.join  # type: ignore[method-assign]
        self.back = back
        self.reactor.connectTCP("127.0.0.1", 1, ClientFactory.forProtocol(lambda: back))

    def join(self) -> None:
        relay(self.transport, self.back.transport, clock=self.reactor).addErrback(
            lambda failure: None
        )


class Relaying(RelaySubject):
    def make(self, reactor: Any) -> Any:
        return _Front(reactor)


def test_a_relay():
    sound(check_relay(Relaying()))


# -- asyncio's transports


class OnLoop(HeardEnd):
    """A socket pair, one end of which asyncio has and the other of which is read by hand."""

    fill_limit = None  # asyncio sends what it can before it counts
    # A producer that raises is stopped and let go of; the connection belongs to somebody else.
    deviations: Any = ("C23", *FILLS_UP)

    def make(self) -> Any:
        self.clean_up()
        self.loop = asyncio.SelectorEventLoop()
        near, self.far = socket.socketpair()
        self.far.setblocking(False)
        self.is_stalled = False
        self.got = bytearray()
        return self.loop.run_until_complete(self.connect(near))

    async def connect(self, near: socket.socket) -> Any:
        protocol = _Hearing()
        self.listen(protocol.lost)
        transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: protocol, sock=near
        )
        self.transport = transport
        return AsyncioConsumer(transport)

    def settle(self) -> None:
        quiet = 0
        while quiet < 3:
            self.loop.run_until_complete(asyncio.sleep(0))
            quiet = 0 if self.take() else quiet + 1

    def take(self) -> bool:
        if self.is_stalled or self.far.fileno() < 0:
            return False
        try:
            data = self.far.recv(2**20)
        except (BlockingIOError, ConnectionResetError):
            return False
        self.got += data
        return bool(data)

    def stall(self) -> None:
        self.is_stalled = True

    def drain(self) -> None:
        self.is_stalled = False
        self.settle()

    def received(self) -> bytes:
        return bytes(self.got)

    def kill(self) -> None:
        self.far.close()
        self.transport.abort()
        self.settle()

    def clean_up(self) -> None:
        loop = getattr(self, "loop", None)
        if loop is not None and not loop.is_closed():
            if not self.ends:
                self.transport.abort()
            loop.run_until_complete(asyncio.sleep(0))
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()
            self.far.close()


class _Hearing(asyncio.Protocol):
    def __init__(self) -> None:
        self.lost: Deferred[Any] = Deferred()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.callback(exc)


class OursOnLoop(OnLoop):
    """The transport that a protocol of ours has there."""

    deviations = FILLS_UP

    async def connect(self, near: socket.socket) -> Any:
        subject = self
        lost: Deferred[Any] = Deferred()
        self.listen(lost)
        self.heard = bytearray()

        class Hearing(Protocol):
            def dataReceived(self, data: bytes) -> None:
                subject.heard += data

            def connectionLost(self, reason: Any = None) -> None:
                lost.callback(reason.value)

        protocol = Hearing()
        transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: ProtocolOnAsyncio(protocol), sock=near
        )
        self.transport = transport
        self.ours = protocol.transport
        return protocol.transport

    def close(self) -> None:
        self.ours.loseConnection()

    def feed(self, data: bytes) -> None:
        self.far.send(data)

    def fed(self) -> bytes:
        return bytes(self.heard)


@pytest.mark.parametrize("subject", [OnLoop, OursOnLoop])
def test_an_asyncio_transport_as_a_consumer(subject):
    sound(check_consumer(subject(), search=10))


def test_the_kit_is_not_content_with_anything():
    class Leaky(ProxySubject):
        def make(self, consumer: MemoryConnection) -> Any:
            middle: Any = pull_to_push(consumer, consumer.reactor)
            middle.pauseProducing = lambda: None
            return middle

    assert "X2" in check_proxy(Leaky()).broken
    assert content(8) == bytes(8)

"""Between asyncio and ours: each way over real connections, with back-pressure and faults."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from loopback_pairs import LOOPBACK, MUCH, content

from pcstream.internet.asyncioreactor import AsyncioSelectorReactor
from pcstream.internet.defer import CancelledError
from pcstream.internet.error import ConnectionDone, ConnectionLost
from pcstream.internet.protocol import Factory, Protocol
from pcstream.python.failure import Failure
from pcstream.streams import (
    AsyncioConsumer,
    ProtocolOnAsyncio,
    RelayCounts,
    StreamStopped,
    from_asyncio,
    open_streams,
    rate_limit,
    read,
    relay,
    run_protocol,
    send,
)

DEADLINE_S = 30


class World:
    """A loop, and a reactor of ours on it that is not the installed one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.reactor = AsyncioSelectorReactor(self.loop)
        self.reactor.startRunning(False)
        self.unhandled: list[Any] = []
        self.loop.set_exception_handler(lambda loop, context: self.unhandled.append(context))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, DEADLINE_S))

    def close(self) -> None:
        for watched in self.reactor.removeAll():
            watched.connectionLost(_DONE)
        for internal in list(self.reactor._internalReaders):
            internal.connectionLost(_DONE)
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


_DONE = Failure(ConnectionDone())


@pytest.fixture(params=["asyncio", "uvloop"])
def world(request: pytest.FixtureRequest) -> Any:
    if request.param == "uvloop":
        loop = pytest.importorskip("uvloop").new_event_loop()
    else:
        loop = asyncio.SelectorEventLoop()
    made = World(loop)
    yield made
    made.close()
    assert made.unhandled == []


class Ours(Protocol):
    """A protocol of ours that remembers."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.is_made = asyncio.Event()
        self.is_lost = asyncio.Event()
        self.reason: Any = None

    def connectionMade(self) -> None:
        self.is_made.set()

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Any = None) -> None:
        self.reason = reason.value
        self.is_lost.set()


def future(deferred: Any) -> Awaitable[Any]:
    made: Awaitable[Any] = deferred.asFuture(asyncio.get_running_loop())
    return made


async def still(moved: Callable[[], int]) -> int:
    """Wait until nothing moves any more; answers where it stands."""
    before = -1
    while before != moved():
        before = moved()
        await asyncio.sleep(0.05)
    return before


@asynccontextmanager
async def asyncio_streams() -> Any:
    """Both ends of a connection as asyncio's streams."""
    accepted: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(
        lambda reader, writer: accepted.set_result((reader, writer)), LOOPBACK, 0
    )
    near = await asyncio.open_connection(*server.sockets[0].getsockname())
    far = await accepted
    try:
        yield near, far
    finally:
        for _, writer in (near, far):
            writer.transport.abort()
        server.close()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def ours_and_asyncio(world: World, limit: int = 2**16) -> Any:
    """One of our transports, connected with asyncio's streams."""
    protocol = Ours()
    port: Any = world.reactor.listenTCP(0, Factory.forProtocol(lambda: protocol), 5, LOOPBACK)
    reader, writer = await asyncio.open_connection(LOOPBACK, port.getHost().port, limit=limit)
    await protocol.is_made.wait()
    try:
        yield protocol, reader, writer
    finally:
        writer.transport.abort()
        port.stopListening()
        await asyncio.sleep(0.01)


# -- an asyncio transport as a consumer


@pytest.mark.parametrize("kind", ["writer", "transport"])
def test_sending_into_asyncio_takes_no_more_than_is_read(world, kind):
    async def scenario():
        async with asyncio_streams() as (near, far):
            consumer = AsyncioConsumer(near[1] if kind == "writer" else near[1].transport)
            data = content(2 * MUCH)
            taken = 0

            def pieces():
                nonlocal taken
                for at in range(0, len(data), 2**16):
                    taken += 1
                    yield data[at : at + 2**16]

            done = send(pieces(), consumer, clock=world.reactor)
            assert await still(lambda: taken) * 2**16 < len(data)
            assert not done.called
            assert await far[0].readexactly(len(data)) == data
            assert await future(done) == len(data)

    world.run(scenario())


def test_a_lost_asyncio_connection_stops_the_producer(world):
    async def scenario():
        async with asyncio_streams() as (near, far):
            consumer = AsyncioConsumer(near[1])
            done = send(iter(lambda: b"x" * 2**16, None), consumer, clock=world.reactor)
            far[1].transport.abort()
            with pytest.raises(StreamStopped):
                await future(done)
            # Whoever reads and writes with asyncio hears of it as well.
            with pytest.raises(ConnectionError):
                await near[1].drain()
            late = send(b"late", consumer, clock=world.reactor)
            with pytest.raises(StreamStopped):
                await future(late)

    world.run(scenario())


def test_reading_and_draining_with_asyncio_go_on_beside_it(world):
    async def scenario():
        async with asyncio_streams() as (near, far):
            consumer = AsyncioConsumer(near[1])
            far[1].write(b"hello\n")
            assert await near[0].readline() == b"hello\n"
            near[1].write(b"x" * 2**23)
            draining = asyncio.ensure_future(near[1].drain())
            await asyncio.sleep(0.01)
            assert not draining.done()
            await far[0].readexactly(2**23)
            await draining
            assert await future(send(b"end", consumer, clock=world.reactor)) == 3
            near[1].close()
            assert await far[0].read() == b"end"

    world.run(scenario())


def test_a_second_consumer_takes_the_place_of_one_that_is_not_used(world):
    async def scenario():
        async with asyncio_streams() as (near, far):
            transport = near[1].transport
            for _ in range(3):
                await future(send(b"x", AsyncioConsumer(near[1]), clock=world.reactor))
            assert await far[0].readexactly(3) == b"xxx"
            watching = transport.get_protocol()
            consumer = AsyncioConsumer(near[1])
            assert transport.get_protocol() is watching
            done = send(iter(lambda: b"x" * 2**16, None), consumer, clock=world.reactor)
            with pytest.raises(RuntimeError, match="has a producer already"):
                AsyncioConsumer(transport)
            await still(transport.get_write_buffer_size)
            done.cancel()
            with pytest.raises(CancelledError):
                await future(done)

    world.run(scenario())


def test_pull_producers_into_asyncio(world):
    async def scenario():
        async with asyncio_streams() as (near, far):
            consumer = AsyncioConsumer(near[1])

            class Pull:
                left = 100

                def resumeProducing(self):
                    if self.left:
                        self.left -= 1
                        consumer.write(b"x" * 10_000)
                    else:
                        consumer.unregisterProducer()
                        near[1].close()

                def stopProducing(self):
                    self.left = 0

            consumer.registerProducer(Pull(), False)
            assert len(await far[0].read()) == 1_000_000

    world.run(scenario())


# -- an asyncio source


def test_a_stream_reader_into_one_of_our_transports(world):
    async def scenario():
        async with asyncio_streams() as (near, far), ours_and_asyncio(world) as (ours, reader, _):
            near[1].write(content(MUCH))
            near[1].write_eof()
            limited = rate_limit(ours.transport, 2**40, clock=world.reactor)
            done = send(from_asyncio(far[0]), limited, clock=world.reactor)
            got = await reader.readexactly(MUCH)
            assert got == content(MUCH)
            assert await future(done) == MUCH

    world.run(scenario())


def test_a_stream_reader_is_read_no_faster_than_our_transport_sends(world):
    async def scenario():
        async with asyncio_streams() as (near, far), ours_and_asyncio(world) as (ours, _, _):
            near[1].write(content(4 * MUCH))
            done = send(from_asyncio(far[0]), ours.transport, clock=world.reactor)
            left = await still(lambda: near[1].transport.get_write_buffer_size())
            assert left > MUCH
            done.cancel()
            with pytest.raises(CancelledError):
                await future(done)
            assert ours.transport.producer is None

    world.run(scenario())


def test_an_asyncio_generator_is_closed_when_it_is_cancelled(world):
    async def scenario():
        ended = asyncio.Event()

        async def pieces():
            try:
                yield b"one"
                await asyncio.sleep(DEADLINE_S)
            finally:
                ended.set()

        async with ours_and_asyncio(world) as (ours, reader, _):
            done = send(from_asyncio(pieces()), ours.transport, clock=world.reactor)
            assert await reader.readexactly(3) == b"one"
            done.cancel()
            with pytest.raises(CancelledError):
                await future(done)
            await ended.wait()

    world.run(scenario())


def test_an_asyncio_generator_is_closed_when_the_connection_is_lost_between_its_pieces(world):
    async def scenario():
        ended = asyncio.Event()

        async def pieces():
            try:
                while True:
                    yield b"x" * 2**16
            finally:
                await asyncio.sleep(0)
                ended.set()

        async with ours_and_asyncio(world) as (ours, _, _writer):
            source = pieces()  # kept, so that nobody else closes it
            done = send(from_asyncio(source), ours.transport, clock=world.reactor)
            await still(lambda: len(ours.transport._outbox))
            ours.transport.abortConnection()
            with pytest.raises(StreamStopped):
                await future(done)
            await ended.wait()
            with pytest.raises(StopAsyncIteration):
                await source.__anext__()

    world.run(scenario())


def test_an_asyncio_generator_that_fails(world):
    async def scenario():
        async def pieces():
            yield b"one"
            raise LookupError("broken")

        async with ours_and_asyncio(world) as (ours, reader, _):
            done = send(from_asyncio(pieces()), ours.transport, clock=world.reactor)
            with pytest.raises(LookupError):
                await future(done)
            assert await reader.readexactly(3) == b"one"

    world.run(scenario())


# -- our transports for asyncio


def test_asyncio_streams_on_one_of_our_transports(world):
    async def scenario():
        async with ours_and_asyncio(world) as (ours, reader, writer):
            our_reader, our_writer = open_streams(ours.transport)
            writer.write(b"question\n")
            assert await our_reader.readline() == b"question\n"
            our_writer.write(b"answer\n")
            await our_writer.drain()
            assert await reader.readline() == b"answer\n"
            peer = our_writer.get_extra_info("peername")
            assert peer == writer.get_extra_info("sockname")
            assert our_writer.get_extra_info("nonsense", 7) == 7
            writer.write_eof()
            assert await our_reader.read() == b""
            our_writer.write(content(MUCH))
            our_writer.write_eof()
            assert await reader.read() == content(MUCH)
            our_writer.close()
            await our_writer.wait_closed()
            await ours.is_lost.wait()
            assert isinstance(ours.reason, ConnectionDone)

    world.run(scenario())


def test_drain_waits_for_our_transport(world):
    async def scenario():
        async with ours_and_asyncio(world) as (ours, reader, _):
            _, our_writer = open_streams(ours.transport)
            our_writer.write(content(2 * MUCH))
            draining = asyncio.ensure_future(our_writer.drain())
            await asyncio.sleep(0.05)
            assert not draining.done()
            assert our_writer.transport.get_write_buffer_size() > 2**20
            # Closing does not strand whoever drains, nor what is on its way.
            our_writer.close()
            assert await reader.read() == content(2 * MUCH)
            await draining
            await our_writer.wait_closed()

    world.run(scenario())


def test_a_reader_that_is_not_read_pauses_our_transport(world):
    async def scenario():
        async with ours_and_asyncio(world) as (ours, _, writer):
            our_reader, our_writer = open_streams(ours.transport, limit=2**16)
            writer.write(content(2 * MUCH))
            left = await still(lambda: writer.transport.get_write_buffer_size())
            assert left > MUCH // 2
            assert not our_writer.transport.is_reading()
            assert await our_reader.readexactly(2 * MUCH) == content(2 * MUCH)
            our_writer.close()

    world.run(scenario())


def test_a_reset_is_told_to_asyncio(world):
    async def scenario():
        async with ours_and_asyncio(world) as (ours, _, writer):
            our_reader, our_writer = open_streams(ours.transport)
            writer.transport.abort()

            async def writing():
                while True:
                    our_writer.write(b"x" * 2**16)
                    await our_writer.drain()
                    await asyncio.sleep(0)

            with pytest.raises(ConnectionResetError):
                await writing()
            await ours.is_lost.wait()
            assert our_reader.at_eof() or our_reader.exception() is not None

    world.run(scenario())


def test_aborting_from_asyncio(world):
    async def scenario():
        async with ours_and_asyncio(world) as (ours, reader, _):
            _, our_writer = open_streams(ours.transport)
            our_writer.write(content(2 * MUCH))
            our_writer.transport.abort()
            assert our_writer.transport.is_closing()
            with pytest.raises(ConnectionResetError):
                await reader.readexactly(2 * MUCH)
            await ours.is_lost.wait()
            with pytest.raises(ConnectionError):
                await our_writer.wait_closed()

    world.run(scenario())


def test_a_buffered_protocol_on_one_of_our_transports(world):
    class Buffered(asyncio.BufferedProtocol):
        def __init__(self):
            self.buffer = bytearray(1000)
            self.got = bytearray()
            self.at_end = asyncio.Event()

        def get_buffer(self, sizehint):
            return self.buffer

        def buffer_updated(self, nbytes):
            self.got += self.buffer[:nbytes]

        def eof_received(self):
            self.at_end.set()
            return False

    async def scenario():
        async with ours_and_asyncio(world) as (ours, _, writer):
            protocol = Buffered()
            run_protocol(ours.transport, protocol)
            writer.write(content(10_000))
            writer.write_eof()
            await protocol.at_end.wait()
            assert protocol.got == content(10_000)
            await ours.is_lost.wait()

    world.run(scenario())


def test_a_busy_or_lost_transport_is_refused(world):
    async def scenario():
        async with ours_and_asyncio(world) as (ours, _, writer):
            ours.transport.registerProducer(object(), True)
            with pytest.raises(RuntimeError):
                open_streams(ours.transport)
            ours.transport.unregisterProducer()
            transport = ours.transport
            writer.transport.abort()
            await ours.is_lost.wait()
            with pytest.raises(ConnectionLost):
                open_streams(transport)

    world.run(scenario())


# -- our protocols on asyncio's transports


@asynccontextmanager
async def ours_on_asyncio(protocol: Any) -> Any:
    accepted: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(
        lambda reader, writer: accepted.set_result((reader, writer)), LOOPBACK, 0
    )
    host, port = server.sockets[0].getsockname()
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: ProtocolOnAsyncio(protocol), host, port)
    reader, writer = await accepted
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        protocol.transport.abortConnection()
        server.close()
        await asyncio.sleep(0.01)


def test_one_of_our_protocols_on_an_asyncio_transport(world):
    async def scenario():
        protocol = Ours()
        async with ours_on_asyncio(protocol) as (reader, writer):
            writer.write(b"hello")
            data = content(MUCH)
            done = send(data, protocol.transport, clock=world.reactor)
            done.addCallback(lambda _: protocol.transport.loseConnection())
            assert await reader.read() == data
            await future(done)
            await protocol.is_lost.wait()
            assert protocol.received == b"hello"
            assert isinstance(protocol.reason, ConnectionDone)
            assert protocol.transport.getPeer() == writer.get_extra_info("sockname")

    world.run(scenario())


def test_our_loops_and_limits_work_on_it(world):
    async def scenario():
        protocol = Ours()
        async with ours_on_asyncio(protocol) as (_, writer):
            loop = read(protocol.transport, high_water=2**16)
            writer.write(content(2 * MUCH))
            left = await still(lambda: writer.transport.get_write_buffer_size())
            assert left > MUCH // 2
            got = bytearray()
            while len(got) < 2 * MUCH:
                got += await future(loop.read_some())
            assert got == content(2 * MUCH)

    world.run(scenario())


def test_a_relay_between_an_asyncio_transport_and_one_of_ours(world):
    async def scenario():
        protocol = Ours()
        async with (
            ours_on_asyncio(protocol) as (left_reader, left_writer),
            ours_and_asyncio(world) as (ours, right_reader, right_writer),
        ):
            done = relay(protocol.transport, ours.transport)
            left_writer.write(content(MUCH))
            left_writer.write_eof()
            assert await right_reader.read() == content(MUCH)
            right_writer.write(b"answer")
            right_writer.write_eof()
            assert await left_reader.read() == b"answer"
            assert await future(done) == RelayCounts(MUCH, 6)

    world.run(scenario())


def test_T2_a_close_waits_for_the_producer(world):
    async def scenario():
        protocol = Ours()
        async with ours_on_asyncio(protocol) as (reader, _):
            done = send(content(MUCH), protocol.transport, clock=world.reactor)
            protocol.transport.loseConnection()
            assert await reader.read() == content(MUCH)
            assert await future(done) == MUCH
            await protocol.is_lost.wait()

    world.run(scenario())


def test_C19_a_lost_asyncio_transport_stops_the_producer_and_tells_the_protocol(world):
    async def scenario():
        protocol = Ours()
        async with ours_on_asyncio(protocol) as (_, writer):
            done = send(iter(lambda: b"x" * 2**16, None), protocol.transport, clock=world.reactor)
            writer.transport.abort()
            with pytest.raises(StreamStopped):
                await future(done)
            await protocol.is_lost.wait()
            assert isinstance(protocol.reason, ConnectionLost)
            assert protocol.transport.disconnected

    world.run(scenario())


def test_what_is_no_transport_is_refused(world):
    async def scenario():
        with pytest.raises(TypeError, match="is not a transport of asyncio's"):
            AsyncioConsumer(object())  # type: ignore[arg-type]

    world.run(scenario())


def test_asyncio_is_not_imported_without_the_bridge():
    program = (
        "import sys, pcstream.streams as streams\n"
        "assert 'asyncio' not in sys.modules\n"
        "assert 'pcstream.internet.reactor' not in sys.modules\n"
        "streams.open_streams\n"
        "assert 'asyncio' in sys.modules\n"
        "try: streams.nonsense\n"
        "except AttributeError as missing: print(missing)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "module 'pcstream.streams' has no attribute 'nonsense'\n", done.stderr

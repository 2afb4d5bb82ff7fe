"""Each ready piece of ``pcstream.streams`` with a large amount, and what memory that takes.

``python tests/large/streams.py`` moves 4 GiB through each piece, in a process of its own, and
prints the most that process had in memory by the time 256 MiB had arrived, and in the end.  The
exit status is 0 if everything arrived as it was sent and memory stayed flat.  ``--piece NAME`` does
one of them, ``--size 64Mi`` less.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from amount import MIB, Outcome, Pattern, parse_size, peak_memory

CHUNK_BYTES = 65_536
EARLY_BYTES = 256 * MIB
LOOPBACK = "127.0.0.1"

# Far more than a loopback connection carries: the piece works, and does not wait.
PLENTY_PER_S = 2**40


class Checksum:
    """What a hash is, for far less time."""

    def __init__(self) -> None:
        self.value = 0

    def update(self, data: Any) -> None:
        """Add *data*."""
        self.value = zlib.crc32(data, self.value)


class Source(Pattern):
    """The bytes that are sent; file, iterable, and asynchronous iterable."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.digest = Checksum()  # type: ignore[assignment]

    def pieces(self) -> Iterator[bytes]:
        """All of it in chunks."""
        while piece := self.read(CHUNK_BYTES):
            yield piece

    async def later_pieces(self) -> AsyncIterator[bytes]:
        """The same for ``async for``."""
        for piece in self.pieces():
            yield piece


class Sink:
    """What arrives: counted, checked and forgotten."""

    def __init__(self, size: int) -> None:
        from pcstream.internet.defer import Deferred

        self.size = size
        self.arrived = 0
        self.digest = Checksum()
        self.early = min(EARLY_BYTES, size // 16)
        self.peak_early = 0
        self.full: Any = Deferred()

    def take(self, data: Any) -> None:
        """Some more has arrived."""
        self.arrived += len(data)
        self.digest.update(data)
        if not self.peak_early and self.arrived >= self.early:
            self.peak_early = peak_memory()
        if self.arrived >= self.size and not self.full.called:
            self.full.callback(None)


class SinkFile(io.RawIOBase):
    """A file that is nowhere."""

    def __init__(self, sink: Sink, reactor: Any) -> None:
        self.sink = sink
        self.reactor = reactor

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Check it, in whatever thread this is; the writes come one by one."""
        self.sink.arrived += len(data)
        self.sink.digest.update(data)
        if not self.sink.peak_early and self.sink.arrived >= self.sink.early:
            self.sink.peak_early = peak_memory()
        return len(data)


class World:
    """Connections over loopback on one reactor."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor

    async def connection(self) -> tuple[Any, Any]:
        """The protocols of both ends."""
        from pcstream.internet.defer import Deferred
        from pcstream.internet.protocol import ClientFactory, Factory, Protocol

        class End(Protocol):
            def __init__(self, made: Any) -> None:
                self.made = made

            def connectionMade(self) -> None:
                self.made.callback(self)

        made: list[Any] = [Deferred(), Deferred()]
        serving: Any = Factory.forProtocol(lambda: End(made[1]))
        asking: Any = ClientFactory.forProtocol(lambda: End(made[0]))
        serving.noisy = asking.noisy = False
        port = self.reactor.listenTCP(0, serving, interface=LOOPBACK)
        self.reactor.connectTCP(LOOPBACK, port.getHost().port, asking)
        ends = await made[0], await made[1]
        port.stopListening()
        return ends

    async def into(self, sink: Sink) -> Any:
        """The transport of a connection whose other end is *sink*."""
        near, far = await self.connection()
        far.dataReceived = sink.take
        return near.transport


Piece = Callable[[World, Source, Sink], Awaitable[None]]


async def file_consumer(world: World, source: Source, sink: Sink) -> None:
    from pcstream.streams import FileConsumer, send

    consumer = FileConsumer(SinkFile(sink, world.reactor))
    await send(source.pieces(), consumer)
    await consumer.finish()


async def dev_null_and_tee(world: World, source: Source, sink: Sink) -> None:
    """A real file, on which nothing can be checked but the count."""
    from pcstream.streams import FileConsumer, send, tee

    consumer = FileConsumer(open("/dev/null", "wb", buffering=0), fsync=False)
    near = await world.into(sink)
    both = tee(consumer, near)
    await send(source.pieces(), both)
    assert await consumer.finish() == sink.size
    await sink.full


async def pull_to_push(world: World, source: Source, sink: Sink) -> None:
    from pcstream.protocols.basic import FileSender
    from pcstream.streams import pull_to_push

    sender = FileSender()
    sender.CHUNK_SIZE = CHUNK_BYTES
    await sender.beginFileTransfer(source, pull_to_push(await world.into(sink)))  # type: ignore[arg-type]
    await sink.full


async def send_iterable(world: World, source: Source, sink: Sink) -> None:
    from pcstream.streams import send

    await send(source.pieces(), await world.into(sink))
    await sink.full


async def send_async_iterable(world: World, source: Source, sink: Sink) -> None:
    from pcstream.streams import send

    await send(source.later_pieces(), await world.into(sink))
    await sink.full


async def read(world: World, source: Source, sink: Sink) -> None:
    from pcstream.streams import read, send

    near, far = await world.connection()
    sent = send(source.pieces(), near.transport)
    sent.addCallback(lambda _: near.transport.loseConnection())
    async for chunk in read(far.transport):
        sink.take(chunk)


async def relay(world: World, source: Source, sink: Sink) -> None:
    from pcstream.streams import relay, send

    left, a = await world.connection()
    b = await world.into(sink)
    done = relay(a.transport, b)
    await send(source.pieces(), left.transport)
    left.transport.loseConnection()
    await sink.full
    counts = await done
    assert counts.a_to_b == sink.size, counts


async def rate_limit(world: World, source: Source, sink: Sink) -> None:
    from pcstream.streams import rate_limit, send

    limited = rate_limit(await world.into(sink), PLENTY_PER_S)
    await send(source.pieces(), limited)
    await limited.finish()
    await sink.full


async def expect_length(world: World, source: Source, sink: Sink) -> None:
    from pcstream.streams import expect_length, send

    checked = expect_length(await world.into(sink), sink.size)
    await send(source.pieces(), checked)
    await checked.finish()
    await sink.full


async def tee(world: World, source: Source, sink: Sink) -> None:
    from pcstream.streams import send, tee

    other = Sink(sink.size)
    both = tee(await world.into(sink), await world.into(other))
    await send(source.pieces(), both)
    await both.finish()
    await sink.full
    await other.full
    assert other.digest.value == sink.digest.value


async def into_asyncio(world: World, source: Source, sink: Sink) -> None:
    """A sender into asyncio's ``StreamWriter``, and a ``StreamReader`` on one of our transports."""
    import asyncio

    from pcstream.internet.defer import Deferred
    from pcstream.streams import AsyncioConsumer, open_streams, send

    async def reading() -> None:
        reader, writer = open_streams(far.transport)
        while chunk := await reader.read(CHUNK_BYTES):
            sink.take(chunk)
        writer.close()

    near, far = await world.connection()
    loop = asyncio.get_running_loop()
    read = loop.create_task(reading())
    await Deferred.fromFuture(loop.create_task(asyncio.sleep(0)))
    _, writer = open_streams(near.transport)
    await send(source.pieces(), AsyncioConsumer(writer.transport))
    writer.close()
    await Deferred.fromFuture(read)


async def from_asyncio(world: World, source: Source, sink: Sink) -> None:
    """A sender of what an asyncio ``StreamReader`` gives, into one of our transports."""
    import asyncio

    from pcstream.internet.defer import Deferred
    from pcstream.internet.task import deferLater
    from pcstream.streams import from_asyncio, send

    async def writing() -> None:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for piece in source.pieces():
            writer.write(piece)
            await writer.drain()
        writer.close()

    await deferLater(world.reactor, 0)  # now the loop runs
    loop = asyncio.get_running_loop()
    accepted: asyncio.Future[Any] = loop.create_future()
    server: asyncio.Server = await Deferred.fromFuture(
        loop.create_task(
            asyncio.start_server(lambda *streams: accepted.set_result(streams), LOOPBACK, 0)
        )
    )
    written = loop.create_task(writing())
    reader, writer = await Deferred.fromFuture(accepted)
    await send(from_asyncio(reader), await world.into(sink))
    await Deferred.fromFuture(written)
    await sink.full
    writer.close()
    server.close()


PIECES: dict[str, Piece] = {
    each.__name__: each
    for each in (
        *(file_consumer, dev_null_and_tee, pull_to_push, send_iterable, send_async_iterable, read),
        *(relay, rate_limit, expect_length, tee, into_asyncio, from_asyncio),
    )
}
ON_ASYNCIO = {"into_asyncio", "from_asyncio"}


def measure(name: str, size: int) -> Outcome:
    """Run one piece in this process."""
    if name in ON_ASYNCIO:
        from pcstream.internet import asyncioreactor

        asyncioreactor.install()
    from pcstream.internet import reactor
    from pcstream.internet.defer import Deferred

    source, sink = Source(size), Sink(size)
    trouble: list[Any] = []
    started = time.monotonic()

    async def working() -> None:
        await PIECES[name](World(reactor), source, sink)

    def work() -> None:
        done = Deferred.fromCoroutine(working())
        done.addErrback(trouble.append)
        done.addCallback(lambda _: reactor.stop())

    reactor.callWhenRunning(work)
    reactor.run()
    if trouble:
        raise SystemExit(str(trouble[0].getTraceback()))
    return Outcome(
        size=size,
        arrived=sink.arrived,
        seconds=time.monotonic() - started,
        peak_early=sink.peak_early,
        peak=peak_memory(),
        digests_equal=sink.digest.value == source.digest.value,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=parse_size, default=parse_size("4Gi"))
    parser.add_argument("--piece", choices=PIECES, action="append")
    parser.add_argument("--in-this-process", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    names: list[str] = options.piece or list(PIECES)
    if options.in_this_process:
        outcome = measure(names[0], options.size)
        json.dump({**vars(outcome), "complaints": outcome.complaints()}, sys.stdout)
        return 0
    early = min(EARLY_BYTES, options.size // 16)
    heading = f"MiB at {early // MIB} MiB"
    print(f"{'piece':<20} {'bytes':>12} {'MiB/s':>7} {heading:>18} {'MiB in the end':>15}")
    status = 0
    for name in names:
        command = [sys.executable, __file__, "--in-this-process", "--piece", name]
        child = subprocess.run(
            [*command, "--size", str(options.size)], capture_output=True, text=True, check=False
        )
        if child.returncode != 0:
            print(f"{name:<20} FAILED\n{child.stdout}{child.stderr}")
            status = 1
            continue
        told = json.loads(child.stdout)
        rate = told["arrived"] / MIB / told["seconds"]
        memory = f"{told['peak_early'] / MIB:>18.1f} {told['peak'] / MIB:>15.1f}"
        print(f"{name:<20} {told['arrived']:>12} {rate:>7.0f} {memory}", flush=True)
        for complaint in told["complaints"] + child.stderr.splitlines():
            print(f"{name:<20} FAILED   {complaint}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())

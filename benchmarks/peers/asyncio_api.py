"""The process under test on asyncio's protocols: ``asyncio_api.py LOOP ROLE ARGUMENTS``.

LOOP is ``asyncio`` or ``uvloop``. Written the fast way for both: protocols and transports with
flow control, not streams, but for the role ``mixed``.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import IO

LOOP, ROLE, *ARGUMENTS = sys.argv[1:]

#: what one read of the file hands to the transport
CHUNK_BYTES = 64 * 1024


class SendFile(asyncio.Protocol):
    """Reads while the transport has room."""

    path = ""
    #: what every chunk passes through, if anything
    through: Callable[[bytes], bytes] | None = None
    transport: asyncio.Transport
    source: IO[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's is no subclass
        self.source = open(self.path, "rb", 0 if "unbuffered" in ARGUMENTS else -1)
        self.full = False
        self.resume_writing()

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        while not self.full and not self.transport.is_closing():
            data = self.source.read(CHUNK_BYTES)
            if not data:
                # closing from inside resume_writing makes asyncio's own loop close twice
                asyncio.get_running_loop().call_soon(self.transport.close)
                return
            self.transport.write(data if self.through is None else self.through(data))

    def connection_lost(self, reason: Exception | None) -> None:
        self.source.close()


class LoopSendFile(asyncio.Protocol):
    """``loop.sendfile``: asyncio's own zero copy."""

    path = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.task = asyncio.get_running_loop().create_task(self.send(transport))

    async def send(self, transport: asyncio.BaseTransport) -> None:
        with open(self.path, "rb") as source:
            await asyncio.get_running_loop().sendfile(transport, source)  # type: ignore[arg-type]
        transport.close()


class Side(asyncio.Protocol):
    """One side of a proxied connection; the outgoing one is made with the other."""

    transport: asyncio.Transport

    def __init__(self, other: Side | None = None) -> None:
        self.other = other
        #: what came while the other was being made: uvloop may not have paused by then
        self.early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's is no subclass
        if self.other is not None:
            self.other.other = self
            for data in self.other.early:
                self.transport.write(data)
            self.other.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self.early.append(data)
        else:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, reason: Exception | None) -> None:
        if self.other is not None:
            self.other.transport.close()


class Forward(Side):
    """The accepted side, which opens the other."""

    port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.pause_reading()
        loop = asyncio.get_running_loop()
        self.task = loop.create_task(
            loop.create_connection(lambda: Side(self), "127.0.0.1", self.port)
        )


class Echo(asyncio.Protocol):
    """Sends back what comes."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Writer(Echo):
    """Writes many small messages, some in each turn of the loop."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.left, self.each = int(ARGUMENTS[0]), int(ARGUMENTS[1])
        self.message = b"x" * int(ARGUMENTS[2])
        self.turn()

    def turn(self) -> None:
        now = min(self.left, self.each)
        self.left -= now
        for _ in range(now):
            self.transport.write(self.message)
        if self.left:
            asyncio.get_running_loop().call_soon(self.turn)
        else:
            self.transport.close()


class Producer(Echo):
    """Writes many small messages while there is room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.left = int(ARGUMENTS[0])
        self.message = b"x" * int(ARGUMENTS[2])
        # starting from inside connection_made would have asyncio's own loop pause it for good
        asyncio.get_running_loop().call_soon(self.resume_writing)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        write = self.transport.write
        while self.left and not self.full:
            self.left -= 1
            write(self.message)
        if not self.left:
            asyncio.get_running_loop().call_soon(self.transport.close)


async def mixed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Endless bytes for whoever says ``bulk``, and an echo for everyone else.

    As it is usually written, with streams: each write is followed by ``await drain()``.
    """
    data = await reader.read(CHUNK_BYTES)
    try:
        if data == b"bulk":
            await bulk(writer)
        while data:
            writer.write(data)
            await writer.drain()
            data = await reader.read(CHUNK_BYTES)
    except ConnectionError:
        pass
    finally:
        writer.close()


async def bulk(writer: asyncio.StreamWriter) -> None:
    """A file again and again, or bytes that are made up."""
    if not ARGUMENTS:
        while True:
            writer.write(b"x" * CHUNK_BYTES)
            await writer.drain()
    with open(ARGUMENTS[0], "rb") as source:
        while True:
            data = source.read(CHUNK_BYTES)
            if not data:
                source.seek(0)
            writer.write(data)
            await writer.drain()


def mixed_protocol() -> asyncio.StreamReaderProtocol:
    """What ``asyncio.start_server`` makes for each connection."""
    return asyncio.StreamReaderProtocol(asyncio.StreamReader(), mixed)


def choose() -> Callable[[], asyncio.BaseProtocol]:
    """The protocol for the role asked for."""
    if ROLE == "file":
        SendFile.path = LoopSendFile.path = ARGUMENTS[0]
        if ARGUMENTS[1:] == ["transform"]:
            SendFile.through = staticmethod(lambda data: data)
        return LoopSendFile if ARGUMENTS[1:] == ["sendfile"] else SendFile
    if ROLE == "proxy":
        Forward.port = int(ARGUMENTS[0])
        return Forward
    roles: dict[str, Callable[[], asyncio.BaseProtocol]]
    roles = {
        "echo": Echo,
        "writes": Writer if ARGUMENTS[1:2] != ["0"] else Producer,
        "mixed": mixed_protocol,
    }
    return roles[ROLE]


async def serve() -> None:
    """Listen on a free port, say which, and run."""
    server = await asyncio.get_running_loop().create_server(choose(), "127.0.0.1", 0, backlog=2048)
    print("listening", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if LOOP == "uvloop":
        import uvloop

        uvloop.run(serve())
    else:
        asyncio.run(serve())

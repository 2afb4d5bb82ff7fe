"""Consumers as they come with a package, Twisted or pcstream, over real descriptors and in memory.

The other end of a socket or a pipe is held by the subject itself, which reads it when it is told
to, so both packages are judged by the same peer.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any
from unittest.mock import patch

from stock_middles import Package
from zope.interface import directlyProvides

from pcstream.conformance.memory_connection import LIMIT_BYTES, MemoryConnection, TurnClock
from pcstream.conformance.proxies import ProxySubject
from pcstream.conformance.subjects import ConsumerSubject

# So many turns without a change are taken for the end of all changes.
_QUIET_TURNS = 4
# No check needs so many; whatever goes on longer goes on for ever.
_MOST_TURNS = 4000

_RESET = struct.pack("ii", 1, 0)


class Owner:
    """A protocol that remembers what it hears; each kind of subject mixes it with a protocol."""

    def begin(self) -> None:
        self.fed = bytearray()
        self.ends: list[Any] = []
        self.hear: Callable[[], None] = lambda: None

    def dataReceived(self, data: bytes) -> None:
        self.fed += data

    def connectionLost(self, reason: Any = None) -> None:
        self.ends.append(reason)
        self.hear()

    def readConnectionLost(self) -> None:
        pass

    def writeConnectionLost(self) -> None:
        pass


class OverDescriptors(ConsumerSubject):
    """A transport over a descriptor, on a reactor of its own; the peer's end is read here."""

    fill_limit = LIMIT_BYTES

    #: Whether its owner can take half of a connection.
    halves = True

    def __init__(self, package: Package, *, waits_for_producer: bool = False) -> None:
        self.package = package
        self.waits_for_producer = waits_for_producer
        self.reactor: Any = None
        self.near: Any = None
        self.far: Any = None
        self.is_reading = True
        self.raw = bytearray()
        self.junk: list[tuple[int, int]] = []

    # for each kind of descriptor

    def connect(self) -> Any:
        """Make the transport, and set ``far``."""
        raise NotImplementedError

    def read_some(self) -> bytes:
        data: bytes = self.far.recv(2**20)
        return data

    def force(self, data: bytes) -> int:
        """Send past the transport, and have it block if there is no room."""
        count: int = self.near.socket.send(data)
        return count

    # the subject

    def owner_class(self) -> Any:
        base = self.package.get("internet.protocol.Protocol")
        return type("Heard", (Owner, base), {})

    def new_owner(self) -> Any:
        owner = self.owner_class()()
        owner.begin()
        if self.halves:
            promise = self.package.get("internet.interfaces.IHalfCloseableProtocol")
            directlyProvides(owner, promise)
        self.owner = owner
        return owner

    def start(self) -> None:
        if self.reactor is None:
            self.reactor = self.package.get("internet.selectreactor.SelectReactor")()
            self.reactor.startRunning(False)

    def make(self) -> Any:
        self.clean_up()
        self.start()
        self.is_reading = True
        self.raw = bytearray()
        self.junk = []
        self.near = self.connect()
        if self.waits_for_producer:
            self.near.waits_for_producer = True
        return self.near

    def read_far(self) -> None:
        while self.is_reading and self.far is not None:
            try:
                data = self.read_some()
            except BlockingIOError:
                return
            except OSError:
                break
            if not data:
                return
            self.raw += data

    def changes(self) -> tuple[Any, ...]:
        return (len(self.raw), len(self.owner.fed), len(self.owner.ends))

    def settle(self) -> None:
        if self.reactor is None:
            return
        still, before = 0, None
        for turns in range(_MOST_TURNS):
            self.reactor.iterate(0.001 if still else 0)
            self.read_far()
            now = self.changes()
            still = still + 1 if now == before else 0
            before = now
            if still >= _QUIET_TURNS:
                return
            assert turns < _MOST_TURNS - 1, "there was no end to it"

    def stall(self) -> None:
        if not self.is_reading:
            return
        self.settle()
        self.is_reading = False
        forced = 0
        for size in (2**16, 4096, 1):
            with suppress(BlockingIOError):
                while True:
                    forced += self.force(b"." * size)
        self.junk.append((len(self.raw), forced))

    def drain(self) -> None:
        self.is_reading = True
        self.settle()

    def drain_some(self, size: int) -> None:
        with suppress(BlockingIOError):
            self.raw += self.far.recv(size)

    def received(self) -> bytes:
        received = bytes(self.raw)
        for start, length in reversed(self.junk):
            received = received[:start] + received[start + length :]
        return received

    def ended(self) -> list[Any]:
        return list(self.owner.ends)

    def on_end(self, hear: Any) -> None:
        self.owner.hear = hear

    def close(self) -> None:
        self.near.loseConnection()

    def clean_up(self) -> None:
        near, self.near = self.near, None
        if near is None:
            return
        if self.far is not None:
            self.far.close()
            self.far = None
        with suppress(Exception):
            near.unregisterProducer()
        for name in ("abortConnection", "loseConnection"):
            with suppress(Exception):
                getattr(near, name)()
                break
        self.settle()
        if getattr(near, "socket", None) is not None:
            near.socket.close()  # some leave it open if a producer raises
        for selectable in self.reactor.removeAll():
            with suppress(Exception):
                selectable.connectionLost(None)

    def shut_down(self) -> None:
        """Give the reactor back."""
        self.clean_up()
        if self.reactor is not None:
            self.reactor.fireSystemEvent("shutdown")
            for _ in range(4):
                self.reactor.iterate(0)
            for reader in list(self.reactor._internalReaders):
                self.reactor._removeInternalReader(reader) if hasattr(
                    self.reactor, "_removeInternalReader"
                ) else self.reactor._internalReaders.discard(reader)
                with suppress(Exception):
                    reader.connectionLost(None)
            self.reactor = None


class OverSockets(OverDescriptors):
    """A connection over a socket."""

    def listen(self) -> socket.socket:
        raise NotImplementedError

    def dial(self, factory: Any, address: Any) -> None:
        raise NotImplementedError

    def client_factory(self) -> Any:
        owner = self.new_owner()
        factory = self.package.get("internet.protocol.ClientFactory")()
        factory.noisy = False
        factory.buildProtocol = lambda address: owner
        return factory

    def connect(self) -> Any:
        listener = self.listen()
        self.dial(self.client_factory(), listener.getsockname())
        listener.setblocking(False)
        for _ in range(_MOST_TURNS):
            self.reactor.iterate(0.001)
            if self.far is None:
                with suppress(BlockingIOError):
                    self.far = listener.accept()[0]
            elif self.owner.transport is not None:
                break
        listener.close()
        self.far.setblocking(False)
        return self.owner.transport

    def kill(self) -> None:
        self.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.far.close()
        self.far = None
        self.settle()

    def feed(self, data: bytes) -> None:
        self.far.sendall(data)

    def fed(self) -> bytes:
        return bytes(self.owner.fed)

    def half_close(self) -> None:
        self.far.shutdown(socket.SHUT_WR)


class OverTCP(OverSockets):
    """A TCP client's connection."""

    name = "tcp.Client"

    def listen(self) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        return listener

    def dial(self, factory: Any, address: Any) -> None:
        self.reactor.connectTCP("127.0.0.1", address[1], factory)

    def make_unconnected(self) -> Any:
        self.clean_up()
        self.start()
        nobody = socket.socket()
        nobody.bind(("127.0.0.1", 0))
        connector = self.reactor.connectTCP(*nobody.getsockname(), self.client_factory())
        nobody.close()
        self.near = connector.transport
        return self.near

    def refuse(self) -> None:
        self.settle()


class OverUNIX(OverSockets):
    """A UNIX socket's client; it knows no reset, so its peer can only close."""

    name = "unix.Client"
    halves = False
    half_close = None  # type: ignore[assignment]

    def listen(self) -> socket.socket:
        self.where = tempfile.mkdtemp()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(self.where, "s"))
        listener.listen()
        return listener

    def dial(self, factory: Any, address: Any) -> None:
        self.reactor.connectUNIX(address, factory)

    def connect(self) -> Any:
        near = super().connect()
        os.unlink(os.path.join(self.where, "s"))
        os.rmdir(self.where)
        return near


class Pipe:
    """The reading end of a pipe."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self.fd = fd

    def recv(self, size: int) -> bytes:
        return os.read(self.fd, size)

    def close(self) -> None:
        os.close(self.fd)


class OverPipes(OverDescriptors):
    """A transport that writes to a pipe."""

    writes_to = -1

    def force(self, data: bytes) -> int:
        return os.write(self.writes_to, data)

    def kill(self) -> None:
        self.far.close()
        self.far = None
        self.settle()


class OverStdio(OverPipes):
    """Standard output, and an input of its own."""

    name = "stdio.StandardIO"
    halves = False

    def connect(self) -> Any:
        self.reads_from, self.feeds = os.pipe()
        far, self.writes_to = os.pipe()
        self.far = Pipe(far)
        owner = self.new_owner()
        stdio = self.package.get("internet.stdio.StandardIO")
        near = stdio(owner, stdin=self.reads_from, stdout=self.writes_to, reactor=self.reactor)
        return near

    def kill(self) -> None:
        self.far.close()
        self.far = None
        self.settle()  # or the order of the two would be the poller's
        os.close(self.feeds)
        self.feeds = -1
        self.settle()

    def feed(self, data: bytes) -> None:
        os.write(self.feeds, data)

    def fed(self) -> bytes:
        return bytes(self.owner.fed)

    def deafen(self) -> None:
        self.far.close()
        self.far = None

    def clean_up(self) -> None:
        was_there = self.near is not None
        super().clean_up()
        if was_there:
            if self.feeds >= 0:
                os.close(self.feeds)
            # It leaves them open, since they are the process's own.
            os.close(self.reads_from)
            os.close(self.writes_to)


class OverProcess(OverPipes):
    """The pipe to a child's standard input."""

    name = "process.ProcessWriter"
    halves = False

    def connect(self) -> Any:
        far, self.writes_to = os.pipe()
        self.far = Pipe(far)
        owner = self.new_owner()

        class Child:
            def childConnectionLost(self, name: Any, reason: Any) -> None:
                owner.connectionLost(reason)

        writer = self.package.get("internet.process.ProcessWriter")
        return writer(self.reactor, Child(), 0, self.writes_to)

    def clean_up(self) -> None:
        was_there = self.near is not None
        super().clean_up()
        if was_there:
            os.close(self.writes_to)  # which a real child's transport does


# -- in memory


class OnMemory(ConsumerSubject):
    """A wrapper or a proxy on a connection in memory, as a consumer."""

    fill_limit = LIMIT_BYTES

    def __init__(self, proxy: ProxySubject) -> None:
        self.proxy = proxy
        self.name = proxy.name
        self.connection: Any = None

    def make(self) -> Any:
        self.connection = MemoryConnection(TurnClock(), [], "transport")
        self.connection.waits_for_producer = True
        self.middle = self.proxy.make(self.connection)
        self.connection.clock.settle()
        return self.middle

    def settle(self) -> None:
        if self.connection is not None:
            self.connection.clock.settle()
            self.proxy.settle()
            self.received()
            self.connection.clock.settle()

    def stall(self) -> None:
        self.settle()
        self.connection.stall()

    def drain(self) -> None:
        self.connection.drain()
        self.settle()

    def drain_some(self, size: int) -> None:
        self.connection.drain_some(size)

    def received(self) -> bytes:
        return self.proxy.received(self.middle, self.connection)

    def kill(self) -> None:
        self.connection.break_off()
        self.settle()

    def clean_up(self) -> None:
        self.proxy.clean_up()


class Wrapped(OnMemory):
    """A wrapper of a connection, which is a transport for its protocol."""

    def make(self) -> Any:
        made = super().make()
        self.ends: list[Any] = []
        self.hear: Callable[[], None] = lambda: None
        self.fed_bytes = bytearray()

        def lost(reason: Any = None) -> None:
            self.ends.append(reason)
            self.hear()

        made.wrappedProtocol.connectionLost = lost
        made.wrappedProtocol.dataReceived = self.fed_bytes.extend
        return made

    def close(self) -> None:
        self.middle.loseConnection()

    def ended(self) -> list[Any]:
        return list(self.ends)

    def on_end(self, hear: Any) -> None:
        self.hear = hear

    def feed(self, data: bytes) -> None:
        self.proxy.feed(self.connection, data)  # type: ignore[attr-defined]

    def fed(self) -> bytes:
        return bytes(self.fed_bytes)


class Collecting(ConsumerSubject):
    """A consumer that keeps everything, and is read back."""

    def __init__(self, name: str, make: Callable[[], Any], read: Callable[[Any], bytes]) -> None:
        self.name = name
        self.new = make
        self.read = read

    def make(self) -> Any:
        self.made = self.new()
        return self.made

    def received(self) -> bytes:
        return self.read(self.made)

    def close(self) -> None:
        self.made.loseConnection()


class CollectingOnly(Collecting):
    """One that cannot be closed."""

    close = None  # type: ignore[assignment]


def string_transport(package: Package) -> ConsumerSubject:
    transport = package.get("internet.testing.StringTransport")
    return Collecting("StringTransport", transport, lambda made: made.value())


def file_wrapper(package: Package) -> ConsumerSubject:
    wrapper = package.get("internet.protocol.FileWrapper")

    class Kept(io.BytesIO):
        def close(self) -> None:
            pass

    return Collecting("FileWrapper", lambda: wrapper(Kept()), lambda made: made.file.getvalue())


def simulated(package: Package) -> ConsumerSubject:
    """A transport of the simulator that Twisted's tests use."""
    transport = package.get("test.iosim.FakeTransport")
    protocol = package.get("internet.protocol.Protocol")
    return Collecting(
        "iosim.FakeTransport",
        lambda: transport(protocol(), False),
        lambda made: b"".join(made.stream),
    )


def ftp_file(package: Package) -> ConsumerSubject:
    consumer = package.get("protocols.ftp.FileConsumer")
    return CollectingOnly(
        "ftp.FileConsumer", lambda: consumer(io.BytesIO()), lambda made: made.fObj.getvalue()
    )


class Loopback(ConsumerSubject):
    """One end of a loopback, in the turns of a clock that takes the place of the reactor."""

    name = "loopback.loopbackAsync"

    def __init__(self, package: Package) -> None:
        self.package = package
        self.clock = TurnClock()
        self.owner: Any = None
        self.stack = ExitStack()

    def make(self) -> Any:
        self.clean_up()
        self.clock = TurnClock()
        name = f"{self.package.name}.internet"
        self.stack.enter_context(patch.dict(sys.modules, {f"{name}.reactor": self.clock}))
        self.stack.enter_context(
            patch.object(sys.modules[name], "reactor", self.clock, create=True)
        )
        protocol = self.package.get("internet.protocol.Protocol")
        kind = type("Heard", (Owner, protocol), {})
        self.owner, self.peer = kind(), kind()
        self.owner.begin()
        self.peer.begin()
        self.package.get("protocols.loopback.loopbackAsync")(self.owner, self.peer)
        return self.owner.transport

    def settle(self) -> None:
        self.clock.settle()

    def clean_up(self) -> None:
        self.stack.close()

    def received(self) -> bytes:
        return bytes(self.peer.fed)

    def close(self) -> None:
        self.owner.transport.loseConnection()

    def ended(self) -> list[Any]:
        return list(self.owner.ends)

    def kill(self) -> None:
        self.peer.transport.loseConnection()
        self.settle()

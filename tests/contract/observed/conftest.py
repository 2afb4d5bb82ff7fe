"""One consumer and the far end of it, under Twisted or under this package, turned by hand.

A test that takes ``stage`` runs once for each package and each kind of transport that its mark
``kinds`` names.  Its docstring is what the documentation says of Twisted: a mark (``=`` Twisted
keeps the rule, ``+`` it breaks it and this package keeps it, ``!`` both bend it), what was seen,
and, behind an empty line, what this package does if that is something else.

The far end is a bare socket or pipe that the stage reads itself, so a test sees every byte and each
kind of end.  Twisted's reactor is one of its own that is never installed.
"""

from __future__ import annotations

import importlib
import os
import select
import signal
import socket
import ssl
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from zope.interface import directlyProvides

EVERY_KIND = ("tcp", "unix", "wrap", "thr", "tls", "proc", "stdio")
DEADLINE_S = 10.0
QUIET_TURNS = 4
# Small, so that a far end that does not read stalls the near one soon.
SOCKET_BUFFER_BYTES = 32_768


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "kinds(words, packages='twisted pcstream'): the transports and packages of a stage",
    )
    config.addinivalue_line("markers", "late: the stage is connected by the test itself")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if not {"stage", "package"} & set(metafunc.fixturenames):
        return
    mark = metafunc.definition.get_closest_marker("kinds")
    packages = (mark.kwargs.get("packages") if mark else None) or "twisted pcstream"
    if "stage" in metafunc.fixturenames:
        kinds = mark.args[0].split() if mark and mark.args else EVERY_KIND
        pairs = [(package, kind) for package in packages.split() for kind in kinds]
        ids = ["-".join(pair) for pair in pairs]
        metafunc.parametrize("stage", pairs, ids=ids, indirect=True)
    else:
        metafunc.parametrize("package", packages.split(), indirect=True)


class Package:
    """Twisted or this package, by name.

    :ivar is_twisted: which of the two.
    :ivar errors: what was logged as an error; a test takes out what it expects.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_twisted = name == "twisted"
        self.errors: list[Any] = []
        self.reactor: Any = None
        self.closers: list[Callable[[], object]] = []

    def module(self, path: str) -> Any:
        return importlib.import_module(f"{self.name}.{path}")

    def __getattr__(self, path: str) -> Any:
        """``package.internet_tcp`` is the module ``internet.tcp``."""
        if path.startswith("_"):
            raise AttributeError(path)
        return self.module(path.replace("_", ".", 1))

    def says(self, *, twisted: Any, pcstream: Any) -> Any:
        """What is expected of this one."""
        return twisted if self.is_twisted else pcstream

    def take_errors(self) -> list[str]:
        names = [type(error).__name__ for error in self.errors]
        del self.errors[:]
        return names

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.reactor.iterate(0)

    def quiet(self) -> None:
        self.turn(8)

    def sweep(self) -> None:
        """Let what is due be called, and forget the rest."""
        self.turn(3)
        soon = self.reactor.seconds() + 0.05
        for call in self.reactor.getDelayedCalls():
            if call.getTime() > soon:
                call.cancel()
        self.turn(3)

    def pull_to_push(self, producer: Any, consumer: Any, *clock: Any) -> Any:
        """The adapter of a pull producer, wherever the package keeps it."""
        path = "internet._producer_helpers" if self.is_twisted else "protocols._pull_to_push"
        return self.module(path)._PullToPush(producer, consumer, *clock)


class Recorder:
    """A producer that notes its calls and then does what it is told to."""

    def __init__(self, name: str, events: list[str]) -> None:
        self.name = name
        self.events = events
        self.on: dict[str, Callable[[], object]] = {}
        self.inside = ""

    def __repr__(self) -> str:
        return f"<producer {self.name}>"

    def _note(self, call: str) -> None:
        self.events.append(f"{self.name} {call}")
        if len(self.events) > 2_000_000:
            raise AssertionError("asked without end")
        self.inside, before = call, self.inside
        try:
            self.on.get(call, bool)()
        finally:
            self.inside = before

    def calls(self) -> list[str]:
        mine = self.name + " "
        return [event[len(mine) :] for event in self.events if event.startswith(mine)]

    def pauseProducing(self) -> None:
        self._note("pause")

    def resumeProducing(self) -> None:
        self._note("resume")

    def stopProducing(self) -> None:
        self._note("stop")


class PullRecorder(Recorder):
    """Has no pauseProducing, as its interface says (contract L6)."""

    pauseProducing = property()  # type: ignore[assignment]


class FalsyRecorder(Recorder):
    """False in a boolean sense (contract C25)."""

    def __len__(self) -> int:
        return 0


class Sink:
    """A consumer that takes everything, and does what a test wants done in there."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.calls: list[str] = []
        self.on: dict[str, Callable[[], object]] = {}
        self.producer: Any = None

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.calls.append("register push" if streaming else "register pull")
        self.producer = producer
        self.on.get("register", bool)()

    def unregisterProducer(self) -> None:
        self.calls.append("unregister")
        self.producer, producer = None, self.producer
        # A consumer that has made itself an adapter ends it in this way.
        getattr(producer, "stopStreaming", bool)()

    def write(self, data: bytes) -> None:
        self.pieces.append(data)
        self.on.get("write", bool)()


def make_ear(package: Package, half: bool, events: list[str]) -> Any:
    """A protocol of *package* that notes what it hears and does what a test wants done there."""

    class Ear(package.internet_protocol.Protocol):  # type: ignore[misc]
        def __init__(self) -> None:
            self.received = bytearray()
            self.deliveries = 0
            self.reason: Any = None
            self.on: dict[str, Callable[[], object]] = {}

        def connectionMade(self) -> None:
            self.handle = self.transport
            self.on.get("made", bool)()

        def dataReceived(self, data: bytes) -> None:
            self.deliveries += 1
            self.received += data
            self.on.get("data", bool)()

        def connectionLost(self, reason: Any = None) -> None:
            self.reason = reason.value
            events.append(f"lost {type(reason.value).__name__}")
            self.on.get("lost", bool)()

        # The same for a child's protocol.

        def makeConnection(self, transport: Any) -> None:
            self.transport = transport
            self.connectionMade()

        def childDataReceived(self, descriptor: int, data: bytes) -> None:
            self.dataReceived(data)

        def childConnectionLost(self, descriptor: int) -> None:
            events.append(f"child closed {descriptor}")

        def processExited(self, reason: Any) -> None:
            pass

        def processEnded(self, reason: Any) -> None:
            self.connectionLost(reason)

    class HalfEar(Ear):
        def readConnectionLost(self) -> None:
            events.append("read lost")
            self.on.get("read lost", bool)()

        def writeConnectionLost(self) -> None:
            events.append("write lost")
            self.on.get("write lost", bool)()

    if half:
        from zope.interface import classImplements

        classImplements(HalfEar, package.internet_interfaces.IHalfCloseableProtocol)
        return HalfEar()
    return Ear()


class Stage:
    """A transport under test, and its far end.

    :ivar events: what producers and the protocol heard, in order.
    :ivar received: what has arrived at the far end.
    :ivar far_end: how the far end saw it end: ``""`` not yet, ``"eof"``, ``"reset"``.
    :ivar reads: whether the far end reads.
    """

    def __init__(self, package: Package, kind: str, identity: Any) -> None:
        self.package = package
        self.kind = kind
        self.is_tls = kind in ("tls", "layers")
        self.identity = identity
        self.reactor = package.reactor
        self.errors = package.errors
        self.take_errors = package.take_errors
        self.is_twisted = package.is_twisted
        self.says = package.says
        self.events: list[str] = []
        self.received = bytearray()
        self.far_end = ""
        self.reads = True
        self.half = False
        self.far: Any = None
        self.near: Any = None
        self.ear: Any = None
        self._closers: list[Callable[[], object]] = []

    # how it is set up

    def connect(self, half: bool = False, made: Callable[[], object] | None = None) -> Stage:
        self.ear = make_ear(self.package, half, self.events)
        if made is not None:
            self.ear.on["made"] = made
        if self.kind in ("proc", "stdio"):
            self._open_pipes()
        else:
            self._open_sockets()
        self.near = self.ear.transport
        return self

    def _open_pipes(self) -> None:
        self.far, out = os.pipe()
        os.set_blocking(self.far, False)
        if self.kind == "stdio":
            ends = os.pipe()
            self.stdin: int | None = ends[1]
            self.package.internet_stdio.StandardIO(self.ear, ends[0], out, reactor=self.reactor)
            for end in (ends[0], out):  # which it leaves open, as the process's own
                self._closers.append(lambda end=end: os.close(end))
            self._closers.append(self.end_input)
        else:
            self.reactor.spawnProcess(
                self.ear, "/bin/cat", ["cat"], env={}, childFDs={0: "w", 1: out}
            )
            os.close(out)

    def _open_sockets(self) -> None:
        protocol = self.package.internet_protocol
        factory = protocol.ClientFactory()
        factory.noisy = False
        factory.buildProtocol = lambda address: self.ear
        if self.kind == "wrap":
            factory = self.package.protocols_policies.WrappingFactory(factory)
        elif self.kind == "thr":
            factory = self.package.protocols_policies.ThrottlingFactory(factory)
        elif self.is_tls:
            if self.kind == "layers":
                policies = self.package.protocols_policies
                factory = policies.WrappingFactory(factory)
                factory.noisy = False
                factory = policies.ThrottlingFactory(factory)
                factory.noisy = False
            contexts = self.identity.client()
            directlyProvides(contexts, self.package.internet_interfaces.IOpenSSLContextFactory)
            factory = self.package.protocols_tls.TLSMemoryBIOFactory(contexts, True, factory)
        factory.noisy = False
        self.factory = factory
        if self.kind == "unix":
            self.listener = socket.socket(socket.AF_UNIX)
            directory = tempfile.mkdtemp()
            path = os.path.join(directory, "s")
            self.listener.bind(path)
            self._closers.append(lambda: (os.unlink(path), os.rmdir(directory)))
        else:
            self.listener = socket.socket()
            self.listener.bind(("127.0.0.1", 0))
        self._closers.append(self.listener.close)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
        self.listener.listen(1)
        if self.kind == "unix":
            self.connector = self.reactor.connectUNIX(path, factory)
        else:
            port = self.listener.getsockname()[1]
            self.connector = self.reactor.connectTCP("127.0.0.1", port, factory)
        self.listener.setblocking(False)
        while self.far is None:
            self.reactor.iterate(0)
            with suppress(BlockingIOError):
                self.far, _ = self.listener.accept()
        self.raw = self.connector.transport
        with suppress(AttributeError):  # it may have been lost within connectionMade
            handle = self.raw.getHandle()
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
            if self.kind != "unix":
                handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.far.setblocking(False)
        if self.kind != "unix":
            self.far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.is_tls:
            self._wrap_far()
            self.shakes_hands = True
            self.until(lambda: not self.shakes_hands and self.ear.transport)
            self.turn(2)
        else:
            self.shakes_hands = False
            self.until(lambda: self.ear.transport)

    def _child_is_at_work(self) -> bool:
        """Whether the child has something to do; it sleeps while it has nothing to copy."""
        try:
            with open(f"/proc/{self.near.pid}/stat", encoding="utf-8") as file:
                return file.read().rpartition(")")[2].split()[0] == "R"
        except OSError:
            return False

    def _wrap_far(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.identity.pem)
        self.far = context.wrap_socket(self.far, server_side=True, do_handshake_on_connect=False)

    # how it goes on

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.reactor.iterate(0)
            if self.kind == "proc":
                self.package.internet_process.reapAllProcesses()
            self._work_the_far_end()

    def _work_the_far_end(self) -> None:
        if self.far is None:
            return
        if self.kind in ("proc", "stdio"):
            self._drain(lambda: os.read(self.far, 1 << 20))
        elif self.is_tls and self.shakes_hands:
            with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                self.far.do_handshake()
                self.shakes_hands = False
        else:
            self._drain(lambda: self.far.recv(1 << 20))

    def _drain(self, read: Callable[[], bytes]) -> None:
        while self.reads and not self.far_end:
            try:
                data = read()
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except (ConnectionResetError, ssl.SSLError, BrokenPipeError):
                self.far_end = "reset"
                return
            if not data:
                self.far_end = "eof"
                if self.is_tls:
                    with suppress(ssl.SSLError, OSError):
                        self.far.unwrap()  # answers the alert that says so
            self.received += data

    def until(self, condition: Callable[[], object]) -> None:
        give_up = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < give_up, f"waited in vain; so far: {self.events}"
            self.turn()

    def quiet(self) -> list[str]:
        """Turn until nothing has moved for some turns."""
        still, before = 0, None
        while still < QUIET_TURNS:
            self.turn()
            if self.is_tls or self.kind in ("proc", "stdio"):
                select.select([], [], [], 0.001)  # lets the child, or the kernel, have its turn
            now = (len(self.events), len(self.received), self.ear.deliveries, self.far_end)
            moves = now != before or (self.kind == "proc" and self._child_is_at_work())
            still = 0 if moves else still + 1
            before = now
        return self.events

    def _child_rests(self) -> bool:
        """Whether a child has nothing to do; one that has something may wait for a processor."""
        pid = getattr(self.near, "pid", None) if self.kind == "proc" else None
        if pid is None:
            return True
        try:
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
        except OSError:
            return True  # it has gone, or this system does not say
        return after_name.split()[0] != "R"

    def start_tls(self) -> None:
        """Have the near end turn to TLS; the far end follows when :meth:`far_to_tls` is called."""
        contexts = self.identity.client()
        directlyProvides(contexts, self.package.internet_interfaces.IOpenSSLContextFactory)
        self.near.startTLS(contexts)

    def far_to_tls(self) -> None:
        self.is_tls = True
        self.shakes_hands = True
        self._wrap_far()

    def push(self, name: str = "P") -> Recorder:
        return Recorder(name, self.events)

    def pull(self, name: str = "P") -> PullRecorder:
        return PullRecorder(name, self.events)

    def falsy(self, name: str = "P") -> FalsyRecorder:
        return FalsyRecorder(name, self.events)

    def registered(self, streaming: bool = True, name: str = "P") -> Recorder:
        producer = self.push(name) if streaming else self.pull(name)
        self.near.registerProducer(producer, streaming)
        return producer

    def full(self, name: str = "P") -> Recorder:
        """A push producer whose last write has had it paused; the far end does not read."""
        self.reads = False
        producer = self.registered(name=name)
        self.near.write(b"x" * 600_000)
        assert producer.calls() == ["pause"]
        return producer

    @property
    def lost(self) -> bool:
        return bool(self.ear.reason)

    def until_lost(self) -> None:
        self.until(lambda: self.lost)

    # how the far end may end

    def tell(self, data: bytes) -> None:
        """Have the far end send something."""
        if self.kind == "stdio":
            os.write(self.stdin, data)
        else:
            self.far.send(data)

    def end_input(self) -> None:
        """Close what standard input reads from."""
        end, self.stdin = self.stdin, None
        if end is not None:
            os.close(end)

    def vanish(self) -> None:
        """The far end goes without a word, as far as its kind can."""
        if self.kind in ("proc", "stdio"):
            os.close(self.far)
            if self.kind == "proc":
                os.kill(self.near.pid, signal.SIGKILL)
            else:
                self.end_input()
        else:
            if self.kind != "unix":
                linger = struct.pack("ii", 1, 0)
                self.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.far.close()
        self.far = None

    def close(self) -> None:
        if self.near is None:
            for closer in self._closers:
                closer()
            return
        if self.far is not None and self.far_end == "":
            self.reads = True
            if self.kind not in ("proc", "stdio"):
                self.vanish()
        with suppress(Exception):
            self.near.unregisterProducer()
        if self.kind == "proc" and not self.lost:
            with suppress(Exception):
                self.near.signalProcess("KILL")
        with suppress(Exception):
            self.near.loseConnection()
        with suppress(Exception):
            self.near.abortConnection()
        give_up = time.monotonic() + (0.2 if self.kind == "proc" else 0.02)
        while not self.lost and time.monotonic() < give_up:
            self.turn()
        if self.far is not None:
            os.close(self.far) if isinstance(self.far, int) else self.far.close()
        for closer in self._closers:
            with suppress(OSError):
                closer()
        self._sweep()

    def _sweep(self) -> None:
        """Forget what a connection that never ended has left in the reactor."""
        own = set(self.reactor._internalReaders)
        for selectable in {*self.reactor.getReaders(), *self.reactor.getWriters()} - own:
            self.reactor.removeReader(selectable)
            self.reactor.removeWriter(selectable)
            with suppress(Exception):
                selectable.getHandle().close()
        self.package.sweep()


_reactors: dict[str, Any] = {}


def _reactor_of(name: str) -> Any:
    if name not in _reactors:
        reactors = importlib.import_module(f"{name}.internet.epollreactor")
        _reactors[name] = made = reactors.EPollReactor()
        made.startRunning(False)
    return _reactors[name]


def _package(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    if not hasattr(select, "epoll"):
        pytest.skip("observed on epoll")
    if name == "twisted":
        pytest.importorskip("twisted")
    made = Package(name)
    made.reactor = _reactor_of(name)
    internet = made.module("internet")
    # Whoever asks for "the" reactor gets this one, for the time of one test.
    monkeypatch.setitem(sys.modules, f"{name}.internet.reactor", made.reactor)
    monkeypatch.setattr(internet, "reactor", made.reactor, raising=False)

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            made.errors.append(event["failure"].value if "failure" in event else event)

    log = made.python_log
    log.addObserver(observe)
    yield made
    for closer in made.closers:
        with suppress(Exception):
            closer()
    made.sweep()
    log.removeObserver(observe)
    assert not made.errors, f"logged and not expected: {made.errors}"


@pytest.fixture
def package(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """One of the two packages."""
    yield from _package(request.param, monkeypatch)


@pytest.fixture
def stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """One kind of transport of one of the packages, connected unless ``connect`` comes later."""
    name, kind = request.param
    for one in _package(name, monkeypatch):
        identity = None
        if kind in ("tls", "layers"):
            identity = request.getfixturevalue("tls_identity")
        made = Stage(one, kind, identity)
        if "late" not in request.keywords:
            made.connect()
        yield made
        made.close()


@pytest.fixture
def sink() -> Sink:
    """A consumer that is no transport."""
    return Sink()


@pytest.fixture
def events() -> list[str]:
    """For recorders that stand on no stage."""
    return []


@pytest.fixture
def push(events: list[str]) -> Callable[..., Recorder]:
    """Make a push producer that records its calls."""
    return lambda name="P": Recorder(name, events)


@pytest.fixture
def pull(events: list[str]) -> Callable[..., PullRecorder]:
    """Make a pull producer that records its calls."""
    return lambda name="P": PullRecorder(name, events)


@pytest.fixture
def fail() -> Callable[[], None]:
    """What a producer does that is of no use."""

    def raise_it() -> None:
        raise ZeroDivisionError("a producer of no use")

    return raise_it

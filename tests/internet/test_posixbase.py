"""What reactors of other people build on, and the way from each reactor to each transport."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pcstream.internet import error
from pcstream.internet.asyncioreactor import AsyncioSelectorReactor
from pcstream.internet.posixbase import PosixReactorBase, _ContinuousPolling, _PollLikeMixin
from pcstream.internet.protocol import (
    ClientFactory,
    DatagramProtocol,
    Factory,
    ProcessProtocol,
    Protocol,
)
from pcstream.internet.selectreactor import SelectReactor, _preenDescriptors
from pcstream.internet.task import Clock
from pcstream.python import log

KINDS: dict[str, Callable[[], Any]] = {"select": SelectReactor}
if hasattr(select, "poll"):
    from pcstream.internet.pollreactor import PollReactor

    KINDS["poll"] = PollReactor
if hasattr(select, "epoll"):
    from pcstream.internet.epollreactor import EPollReactor

    KINDS["epoll"] = EPollReactor
KINDS["asyncio"] = lambda: AsyncioSelectorReactor(asyncio.new_event_loop())
try:
    import uvloop
except ImportError:
    pass
else:
    KINDS["uvloop"] = lambda: AsyncioSelectorReactor(uvloop.new_event_loop())

PATIENCE_S = 60


@pytest.fixture
def errors() -> Iterator[list[dict[str, Any]]]:
    seen: list[dict[str, Any]] = []

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            seen.append(event)

    log.addObserver(observe)
    yield seen
    log.removeObserver(observe)


class Foreign(PosixReactorBase, _PollLikeMixin):
    """A reactor as others write them: its own masks, its own wait, Twisted's hooks."""

    _POLL_DISCONNECTED = select.POLLHUP | select.POLLERR | select.POLLNVAL
    _POLL_IN = select.POLLIN
    _POLL_OUT = select.POLLOUT

    def __init__(self) -> None:
        self._poll = select.poll()
        self._reads: dict[int, Any] = {}
        self._writes: dict[int, Any] = {}
        super().__init__()

    def _update(self, fd: int) -> None:
        mask = (self._POLL_IN if fd in self._reads else 0) | (
            self._POLL_OUT if fd in self._writes else 0
        )
        if mask:
            self._poll.register(fd, mask)
        else:
            self._poll.unregister(fd)

    def _find(self, selectable: Any, kept: dict[int, Any]) -> int:
        return next((fd for fd, owner in kept.items() if owner is selectable), -1)

    def addReader(self, reader: Any) -> None:
        self._reads[reader.fileno()] = reader
        self._update(reader.fileno())

    def addWriter(self, writer: Any) -> None:
        self._writes[writer.fileno()] = writer
        self._update(writer.fileno())

    def removeReader(self, reader: Any) -> None:
        fd = self._find(reader, self._reads)
        if fd != -1:
            del self._reads[fd]
            self._update(fd)

    def removeWriter(self, writer: Any) -> None:
        fd = self._find(writer, self._writes)
        if fd != -1:
            del self._writes[fd]
            self._update(fd)

    def removeAll(self) -> list[Any]:
        return self._removeAll(list(self._reads.values()), list(self._writes.values()))

    def getReaders(self) -> list[Any]:
        return list(self._reads.values())

    def getWriters(self) -> list[Any]:
        return list(self._writes.values())

    def doIteration(self, delay: float | None) -> None:
        for fd, event in self._poll.poll(None if delay is None else delay * 1000):
            selectable = self._reads.get(fd) or self._writes.get(fd)
            if selectable is not None:
                log.callWithLogger(selectable, self._doReadOrWrite, selectable, fd, event)


if hasattr(select, "poll"):
    KINDS["foreign"] = Foreign


@pytest.fixture(params=KINDS)
def reactor(request: pytest.FixtureRequest) -> Iterator[Any]:
    made = KINDS[request.param]()
    yield made
    made._uninstallHandler()
    for reader in list(made._internalReaders):
        made._removeInternalReader(reader)
        reader.connectionLost(None)
    loop = getattr(made, "_asyncioEventloop", None)
    if loop is not None:
        loop.close()
    elif hasattr(made, "_poller"):
        made._poller.close()


def run(reactor: Any, signals: bool = False) -> None:
    late: list[int] = []
    limit = reactor.callLater(PATIENCE_S, lambda: (late.append(1), reactor.stop()))
    reactor.run(installSignalHandlers=signals)
    assert not late
    limit.cancel()


class Echo(Protocol):
    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)


class Asker(Protocol):
    """Sends a good deal, reads it back, closes, stops the reactor when all is lost."""

    data = b"0123456789" * 50_000

    def connectionMade(self) -> None:
        self.got = 0
        assert self.transport is not None
        self.transport.write(self.data)

    def dataReceived(self, data: bytes) -> None:
        self.got += len(data)
        if self.got == len(self.data):
            assert self.transport is not None
            self.transport.loseConnection()

    def connectionLost(self, reason: Any) -> None:
        self.factory.result.append((self.got, reason.type))  # type: ignore[union-attr]
        self.factory.reactor.stop()  # type: ignore[union-attr]


def asker(reactor: Any) -> Any:
    factory: Any = ClientFactory.forProtocol(Asker)
    factory.noisy = False
    factory.result = []
    factory.reactor = reactor
    return factory


def echo() -> Any:
    factory: Any = Factory.forProtocol(Echo)
    factory.noisy = False
    return factory


GOOD = [(len(Asker.data), error.ConnectionDone)]


def test_tcp(reactor: Any) -> None:
    port = reactor.listenTCP(0, echo(), interface="127.0.0.1")
    factory = asker(reactor)
    reactor.connectTCP("127.0.0.1", port.getHost().port, factory)
    run(reactor)
    assert factory.result == GOOD


def test_tcp_by_name(reactor: Any) -> None:
    port = reactor.listenTCP(0, echo(), interface="127.0.0.1")
    factory = asker(reactor)
    reactor.connectTCP("localhost", port.getHost().port, factory)
    run(reactor)
    assert factory.result == GOOD


@pytest.mark.skipif(os.name != "posix", reason="UNIX sockets")
def test_unix(reactor: Any, tmp_path: Any) -> None:
    path = str(tmp_path / "socket")
    reactor.listenUNIX(path, echo())
    factory = asker(reactor)
    reactor.connectUNIX(path, factory)
    run(reactor)
    assert factory.result == GOOD


def test_udp(reactor: Any) -> None:
    seen: list[bytes] = []

    class Answer(DatagramProtocol):
        def datagramReceived(self, datagram: bytes, addr: Any) -> None:
            self.transport.write(datagram[::-1], addr)  # type: ignore[union-attr]

    class Ask(DatagramProtocol):
        def startProtocol(self) -> None:
            self.transport.write(b"abc", ("127.0.0.1", port.getHost().port))  # type: ignore[union-attr]

        def datagramReceived(self, datagram: bytes, addr: Any) -> None:
            seen.append(datagram)
            reactor.stop()

    answer, ask = Answer(), Ask()
    answer.noisy = ask.noisy = False
    port = reactor.listenUDP(0, answer, interface="127.0.0.1")
    reactor.listenUDP(0, ask, interface="127.0.0.1")
    run(reactor)
    assert seen == [b"cba"]


@pytest.mark.parametrize("family", ["AF_INET", "AF_UNIX"])
def test_adopting_sockets(reactor: Any, family: str, tmp_path: Any) -> None:
    if not hasattr(socket, family):
        pytest.skip(f"no {family} here")
    number = getattr(socket, family)
    where: Any = ("127.0.0.1", 0) if family == "AF_INET" else str(tmp_path / "socket")
    factory = asker(reactor)
    with socket.socket(number) as listening, socket.socket(number) as client:
        listening.bind(where)
        listening.listen(1)
        listening.setblocking(False)
        reactor.adoptStreamPort(listening.fileno(), number, echo())
        client.connect(listening.getsockname())
        client.setblocking(False)
        reactor.adoptStreamConnection(client.fileno(), number, factory)
    run(reactor)
    assert factory.result == GOOD


def test_adopting_a_datagram_socket(reactor: Any) -> None:
    seen: list[bytes] = []

    class Take(DatagramProtocol):
        noisy = False

        def datagramReceived(self, datagram: bytes, addr: Any) -> None:
            seen.append(datagram)
            reactor.stop()

    with socket.socket(type=socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        reactor.adoptDatagramPort(bound.fileno(), socket.AF_INET, Take())
        bound.sendto(b"hello", bound.getsockname())
    run(reactor)
    assert seen == [b"hello"]


@pytest.mark.skipif(os.name != "posix", reason="POSIX processes")
def test_a_process_is_started_and_reaped(reactor: Any, errors: list[Any]) -> None:
    seen: list[Any] = []

    class Child(ProcessProtocol):
        def outReceived(self, data: bytes) -> None:
            seen.append(data)

        def processEnded(self, reason: Any) -> None:
            seen.append(reason.value.exitCode)
            reactor.stop()

    program = "import sys; sys.stdout.write(sys.stdin.read().upper()); sys.exit(3)"

    def start() -> None:
        child = reactor.spawnProcess(Child(), sys.executable, [sys.executable, "-c", program])
        child.write(b"hello")
        child.closeStdin()

    reactor.callWhenRunning(start)
    run(reactor, signals=True)
    assert seen == [b"HELLO", 3]
    assert errors == []


# What is always ready


class Thing:
    """As much of a descriptor as the continuous kind looks at."""

    def __init__(self) -> None:
        self.diary: list[Any] = []
        self.answer: Any = None

    def fileno(self) -> int:
        return 1

    def logPrefix(self) -> str:
        return "Thing"

    def doRead(self) -> Any:
        self.diary.append("read")
        return self.answer

    def doWrite(self) -> Any:
        self.diary.append("write")
        return self.answer

    def connectionLost(self, reason: Any) -> None:
        self.diary.append(reason.type)


def test_asks_in_every_turn_while_there_is_anybody_to_ask() -> None:
    clock = Clock()
    polling = _ContinuousPolling(clock)
    thing = Thing()
    polling.addReader(thing)
    polling.addWriter(thing)
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(0.001)
    clock.advance(0.001)
    assert thing.diary == ["read", "write"] * 2
    polling.removeReader(thing)
    clock.advance(0.001)
    assert thing.diary[4:] == ["write"]
    polling.removeWriter(thing)
    assert clock.getDelayedCalls() == []
    polling.removeReader(thing)
    polling.removeWriter(thing)


def test_the_end_of_what_is_always_ready(errors: list[Any]) -> None:
    clock = Clock()
    polling = _ContinuousPolling(clock)
    thing, failing = Thing(), Thing()
    thing.answer = error.ConnectionDone()
    failing.doRead = lambda: 1 / 0  # type: ignore[method-assign]
    polling.addReader(thing)
    polling.addReader(failing)
    clock.advance(0.001)
    assert thing.diary == ["read", error.ConnectionDone]
    assert failing.diary == [ZeroDivisionError]
    assert [event["system"] for event in errors] == ["Thing"]
    assert polling.getReaders() == clock.getDelayedCalls() == []


def test_one_that_is_removed_in_a_round_is_not_asked_in_it() -> None:
    clock = Clock()
    polling = _ContinuousPolling(clock)
    things = [Thing(), Thing()]

    def remove() -> None:
        for thing in things:
            polling.removeReader(thing)

    for thing in things:
        thing.doRead = lambda thing=thing: (thing.diary.append("read"), remove())[1]  # type: ignore[method-assign,misc]
        polling.addReader(thing)
    clock.advance(0.001)
    assert sum(len(thing.diary) for thing in things) == 1


def test_preening_for_reactors_that_call_select_themselves() -> None:
    a, b = socket.socketpair()
    good, bad = Thing(), Thing()
    good.fileno = a.fileno  # type: ignore[method-assign]
    bad.fileno = lambda: -1  # type: ignore[method-assign]
    reads, writes = {good, bad}, {bad}
    lost: list[Any] = []
    _preenDescriptors(reads, writes, lambda *args: lost.append((args[0], type(args[1]), args[2])))
    assert (reads, writes) == ({good}, set())
    assert lost == [(bad, ValueError, False)] * 2
    a.close()
    b.close()

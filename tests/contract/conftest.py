"""A connected pair of transports on a reactor of its own, turned by hand until it is quiet."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from zope.interface import implementer

from pcstream.internet.interfaces import IHalfCloseableProtocol
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.internet.selectreactor import SelectReactor
from pcstream.python import log

Event = str

QUIET_TURNS = 6
DEADLINE_S = 10.0


class Ear(Protocol):
    """A protocol that records what it hears."""

    def __init__(self, name: str, events: list[Event]) -> None:
        self.name = name
        self.events = events
        self.received = bytearray()
        self.on_data: Callable[[bytes], None] = lambda data: None
        self.on_lost: Callable[[], None] = lambda: None
        self.reason: Any = None

    def connectionMade(self) -> None:
        self.handle = self.transport

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self.on_data(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.reason = reason
        self.events.append(f"{self.name} lost {type(reason.value).__name__}")
        self.on_lost()


@implementer(IHalfCloseableProtocol)
class HalfEar(Ear):
    """One that can take half of a connection."""

    def readConnectionLost(self) -> None:
        self.events.append(f"{self.name} readLost")

    def writeConnectionLost(self) -> None:
        self.events.append(f"{self.name} writeLost")
        self.on_write_lost()

    def on_write_lost(self) -> None:
        pass


class Recorder:
    """A producer of either kind that records its calls and then does what it is told to."""

    def __init__(self, name: str, events: list[Event]) -> None:
        self.name = name
        self.events = events
        self.on_pause: Callable[[], None] = lambda: None
        self.on_resume: Callable[[], None] = lambda: None
        self.on_stop: Callable[[], None] = lambda: None

    def __repr__(self) -> str:
        return f"<producer {self.name}>"

    @property
    def calls(self) -> list[str]:
        mine = self.name + " "
        return [event[len(mine) :] for event in self.events if event.startswith(mine)]

    def pauseProducing(self) -> None:
        self.events.append(f"{self.name} pause")
        self.on_pause()

    def resumeProducing(self) -> None:
        self.events.append(f"{self.name} resume")
        self.on_resume()

    def stopProducing(self) -> None:
        self.events.append(f"{self.name} stop")
        self.on_stop()


class FalsyRecorder(Recorder):
    """A producer that is false in a boolean sense (contract C25)."""

    def __len__(self) -> int:
        return 0


class Wire:
    """Two connected transports: ``near`` is the one under test, ``far`` its peer.

    :ivar kind: tcp or unix.
    :ivar events: what producers and protocols heard, in order.
    :ivar errors: what was logged as an error.
    """

    def __init__(self, kind: str, where: Path, *, half: bool = False) -> None:
        self.kind = kind
        self.reactor = SelectReactor()
        self.events: list[Event] = []
        self.errors: list[Any] = []
        ear = HalfEar if half else Ear
        self.near_ear = ear("near", self.events)
        self.far_ear = ear("far", self.events)
        self._listen_and_connect(kind, where)
        self.until(lambda: self.far_ear.transport and self.near_ear.transport)
        self.near: Any = self.near_ear.transport
        self.far: Any = self.far_ear.transport

    def _listen_and_connect(self, kind: str, where: Path) -> None:
        server, client = Factory(), ClientFactory()
        server.noisy = client.noisy = False
        server.buildProtocol = lambda address: self.far_ear  # type: ignore[method-assign]
        client.buildProtocol = lambda address: self.near_ear  # type: ignore[method-assign]
        self.client_factory = client
        self.reactor.startRunning(False)
        if kind == "tcp":
            self.port = self.reactor.listenTCP(0, server, interface="127.0.0.1")
            self.reactor.connectTCP("127.0.0.1", self.port.getHost().port, client)
        else:
            path = os.fspath(where / "socket")
            self.port = self.reactor.listenUNIX(path, server)
            self.reactor.connectUNIX(path, client)

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.reactor.iterate(0)

    def until(self, condition: Callable[[], Any]) -> None:
        """Turn the reactor until something is so."""
        give_up = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < give_up, f"waited in vain; so far: {self.events}"
            self.reactor.iterate(0.01)

    def quiet(self) -> list[Event]:
        """Turn the reactor until nothing has moved for some turns."""
        still = 0
        before: Any = None
        while still < QUIET_TURNS:
            self.reactor.iterate(0.001)
            now = (
                len(self.events),
                len(self.far_ear.received),
                len(self.near_ear.received),
                self.near._outbox.size,
            )
            still = still + 1 if now == before else 0
            before = now
        return self.events

    def producer(self, name: str = "P", *, falsy: bool = False) -> Recorder:
        return (FalsyRecorder if falsy else Recorder)(name, self.events)

    def stall(self) -> None:
        """Fill the kernel's buffers, so that from now on nothing can be sent."""
        self.far.pauseProducing()
        self.turn(2)
        outbox = self.near._own_outbox()
        outbox.append(b"." * 32_000_000)
        self.near.startWriting()
        left = 0
        while left != outbox.size:
            left = outbox.size
            self.turn(5)
        assert left, "the kernel took everything"
        outbox.clear()
        # A poller that says "no room" leaves some; nothing is to fit into it either.
        for size in (4096, 1):
            with suppress(BlockingIOError):
                while True:
                    self.near.socket.send(b"." * size)

    def close(self) -> None:
        for transport in (self.near, self.far):
            if transport.connected and not transport._aborting:
                transport.abortConnection()
        self.port.stopListening()
        self.turn(4)
        self.reactor.fireSystemEvent("shutdown")
        self.turn(4)
        for reader in list(self.reactor._internalReaders):
            self.reactor._removeInternalReader(reader)
            reader.connectionLost(None)


@pytest.fixture
def errors() -> Iterator[list[Any]]:
    """What is logged as an error during the test."""
    heard: list[Any] = []

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            heard.append(event["failure"].value)

    log.addObserver(observe)
    yield heard
    log.removeObserver(observe)


@pytest.fixture(params=["tcp", "unix"])
def make_wire(
    request: pytest.FixtureRequest, tmp_path: Path, errors: list[Any]
) -> Iterator[Callable[..., Wire]]:
    """Make connected pairs; an error that is logged and not expected fails the test."""
    if request.param == "unix":
        pytest.importorskip("pcstream.internet.unix")
    made: list[Wire] = []

    def make(*, half: bool = False) -> Wire:
        wire = Wire(request.param, tmp_path, half=half)
        wire.errors = errors
        made.append(wire)
        return wire

    yield make
    for wire in made:
        wire.close()
    assert not errors, f"logged and not expected: {errors}"


@pytest.fixture
def wire(make_wire: Callable[..., Wire]) -> Wire:
    """A connected pair."""
    return make_wire()


@pytest.fixture
def half_wire(make_wire: Callable[..., Wire]) -> Wire:
    """A connected pair whose protocols can take half of a connection."""
    return make_wire(half=True)

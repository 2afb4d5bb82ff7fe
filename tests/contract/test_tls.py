"""The contract's rules for a TLS transport, over TCP on loopback.

``near`` is the transport under test; ``far`` its peer, which is TLS as well.  Each rule is held
against both kinds of transport: the one that collects small writes, and the one that does not.
"""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest

pytest.importorskip("OpenSSL", reason="TLS needs pyOpenSSL (the extra 'tls')")

from pcstream.internet import reactor
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.protocols.basic import FileSender
from pcstream.protocols.tls import (
    BufferingTLSTransport,
    TLSMemoryBIOFactory,
    TLSMemoryBIOProtocol,
)
from pcstream.python import log

DEADLINE_S = 20.0
QUIET_TURNS = 8
# Small, so that a stalled peer stalls soon.
SOCKET_BUFFER_BYTES = 16_384


class Ear(Protocol):
    """Records what it hears, and does what a test wants done in that place."""

    def __init__(self, name: str, events: list[str]) -> None:
        self.name = name
        self.events = events
        self.received = bytearray()
        self.deliveries = 0
        self.reason: Any = None
        self.on_made: Callable[[], object] = bool
        self.on_data: Callable[[bytes], object] = len
        self.on_lost: Callable[[], object] = bool

    def connectionMade(self) -> None:
        self.tls: Any = self.transport
        self.on_made()

    def dataReceived(self, data: bytes) -> None:
        self.deliveries += 1
        self.received += data
        self.on_data(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.reason = reason
        self.events.append(f"{self.name} lost {type(reason.value).__name__}")
        self.on_lost()


class Recorder:
    """A producer that records its calls and then does what it is told to."""

    def __init__(self, name: str, events: list[str]) -> None:
        self.name = name
        self.events = events
        self.on: dict[str, Callable[[], object]] = {}

    def __repr__(self) -> str:
        return f"<producer {self.name}>"

    def _note(self, call: str) -> None:
        self.events.append(f"{self.name} {call}")
        self.on.get(call, bool)()

    def pauseProducing(self) -> None:
        self._note("pause")

    def resumeProducing(self) -> None:
        self._note("resume")

    def stopProducing(self) -> None:
        self._note("stop")


class PullRecorder(Recorder):
    pauseProducing = property()  # type: ignore[assignment]


class FalsyRecorder(Recorder):
    def __len__(self) -> int:
        return 0


def fail() -> None:
    raise ZeroDivisionError("a producer of no use")


class Wire:
    """Two protocols with TLS between them."""

    def __init__(self, identity: Any, kind: Any, shakes_hands: bool = True) -> None:
        self.events: list[str] = []
        self.errors: list[Any] = []
        self.near_ear = Ear("near", self.events)
        self.far_ear = Ear("far", self.events)
        self.identity = identity
        self.kind = kind
        self.port: Any = None
        if shakes_hands:
            self.connect()
            self.until(lambda: self.near._handshakeDone and self.far._handshakeDone)

    def connect(self) -> None:
        server, client = Factory(), ClientFactory()
        server.noisy = client.noisy = False
        server.buildProtocol = lambda address: self.far_ear  # type: ignore[method-assign]
        client.buildProtocol = lambda address: self.near_ear  # type: ignore[method-assign]
        tls_server = TLSMemoryBIOFactory(self.identity.server(), False, server)
        tls_client = TLSMemoryBIOFactory(self.identity.client(), True, client)
        tls_client.protocol = self.kind
        self.port = reactor.listenTCP(0, tls_server, interface="127.0.0.1")
        self.port.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
        connector = reactor.connectTCP("127.0.0.1", self.port.getHost().port, tls_client)
        handle = connector.transport.getHandle()
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        self.until(lambda: self.near_ear.transport and self.far_ear.transport)

    @property
    def near(self) -> Any:
        return self.near_ear.tls

    @property
    def far(self) -> Any:
        return self.far_ear.tls

    @property
    def unsent(self) -> int:
        size: int = self.near.transport._outbox.size
        return size

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            reactor.iterate(0.001)

    def until(self, condition: Callable[[], object]) -> None:
        give_up = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < give_up, f"waited in vain; so far: {self.events}"
            reactor.iterate(0.01)

    def until_lost(self) -> None:
        self.until(lambda: self.near_ear.reason and self.far_ear.reason)

    def quiet(self) -> list[str]:
        """Turn the reactor until nothing has moved for some turns."""
        still, before = 0, None
        while still < QUIET_TURNS:
            self.turn()
            now = (
                len(self.events),
                len(self.far_ear.received),
                len(self.near_ear.received),
                self.unsent,
            )
            still = still + 1 if now == before else 0
            before = now
        return self.events

    def push(self, name: str = "P") -> Recorder:
        return Recorder(name, self.events)

    def pull(self, name: str = "P") -> PullRecorder:
        return PullRecorder(name, self.events)

    def stall(self) -> None:
        """From now on nothing reaches the far side, until it resumes."""
        self.far.pauseProducing()

    def close(self) -> None:
        for ear in (self.near_ear, self.far_ear):
            if ear.transport is not None and ear.reason is None:
                ear.tls.abortConnection()
        self.port.stopListening()
        self.until_lost()
        self.turn(3)


@pytest.fixture(params=[BufferingTLSTransport, TLSMemoryBIOProtocol], ids=["collecting", "direct"])
def make_wire(request: pytest.FixtureRequest, tls_identity: Any) -> Iterator[Any]:
    """Make connected pairs; an error that is logged and not expected fails the test."""
    made: list[Wire] = []
    heard: list[Any] = []

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            heard.append(event["failure"].value)

    def make(shakes_hands: bool = True) -> Wire:
        wire = Wire(tls_identity, request.param, shakes_hands)
        wire.errors = heard
        made.append(wire)
        return wire

    log.addObserver(observe)
    yield make
    for wire in made:
        wire.close()
    log.removeObserver(observe)
    assert heard == []


@pytest.fixture
def wire(make_wire: Any) -> Wire:
    pair: Wire = make_wire()
    return pair


def noise(size: int) -> bytes:
    """Bytes of which no two stretches are alike."""
    return hashlib.shake_128(b"tls").digest(size)


# -- as a consumer


@pytest.mark.parametrize("streaming", [True, False])
def test_C1_second_registration_is_refused(wire, streaming):
    first, second = wire.push("A"), wire.push("B")
    if not streaming:
        first.on["resume"] = lambda: wire.near.write(b"x")
    wire.near.registerProducer(first, streaming)
    for again in (first, second):
        with pytest.raises(RuntimeError) as raised:
            wire.near.registerProducer(again, not streaming)
        assert str(raised.value) == (
            f"Cannot register producer {again!r}, "
            f"because producer {first!r} was never unregistered."
        )
    assert wire.near._producer._name == repr(first)
    wire.near.unregisterProducer()
    wire.quiet()
    assert "B stop" not in wire.events
    assert "A stop" not in wire.events


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("end", ["lose", "abort", "abort, not told yet"])
def test_C2_registering_with_the_dead_stops(wire, streaming, end):
    if end == "lose":
        wire.near.loseConnection()
    else:
        wire.near.abortConnection()
    if end != "abort, not told yet":
        wire.until_lost()
    wire.events.clear()
    wire.near.registerProducer(wire.push(), streaming)
    assert wire.events == ["P stop"]
    wire.until_lost()
    wire.quiet()
    assert wire.events.count("P stop") == 1
    assert "P resume" not in wire.events


def test_C2_a_stop_that_raises_is_logged_only(wire):
    wire.near.abortConnection()
    producer = wire.push()
    producer.on["stop"] = fail
    wire.near.registerProducer(producer, True)
    assert [type(each) for each in wire.errors] == [ZeroDivisionError]
    wire.errors.clear()


def test_C4_push_is_not_resumed_and_pull_is(wire):
    wire.near.registerProducer(wire.push("A"), True)
    assert wire.quiet() == []
    wire.near.unregisterProducer()
    producer = wire.pull("B")
    producer.on["resume"] = wire.near.unregisterProducer
    wire.near.registerProducer(producer, False)
    wire.until(lambda: wire.events)
    assert wire.quiet() == ["B resume"]


def test_C5_C8_C9_one_pause_before_write_returns_and_one_resume(wire):
    wire.near.registerProducer(wire.push(), True)
    wire.near.write(b"x" * 200_000)
    assert wire.events == ["P pause"]
    wire.near.write(b"x" * 200_000)
    assert wire.events == ["P pause"]
    wire.until(lambda: len(wire.far_ear.received) == 400_000)
    assert wire.quiet() == ["P pause", "P resume"]
    wire.near.unregisterProducer()


def test_C10_no_resume_without_pause(wire):
    wire.near.registerProducer(wire.push("A"), True)
    wire.near.write(b"x" * 500_000)
    wire.near.unregisterProducer()
    wire.near.registerProducer(wire.push("B"), True)
    wire.until(lambda: len(wire.far_ear.received) == 500_000)
    assert wire.quiet() == ["A pause"]
    wire.near.unregisterProducer()


def test_C11_a_pause_inside_the_resume_is_not_lost(wire):
    producer = wire.push()
    rounds = iter(range(4))

    def again():
        if next(rounds, None) is None:
            wire.near.unregisterProducer()
        else:
            wire.near.write(b"x" * 200_000)

    producer.on["resume"] = again
    wire.near.registerProducer(producer, True)
    again()
    wire.until(lambda: wire.near._producer is None)
    assert wire.quiet() == ["P pause", "P resume"] * 4
    wire.until(lambda: len(wire.far_ear.received) == 800_000)


@pytest.mark.parametrize("streaming", [True, False])
def test_C12_C13_no_call_after_unregistering(wire, streaming):
    producer = wire.push()
    producer.on["resume"] = lambda: wire.near.write(b"x" * 100_000)
    wire.near.registerProducer(producer, streaming)
    wire.near.write(b"x" * 500_000)
    wire.turn()
    wire.near.unregisterProducer()
    wire.near.unregisterProducer()
    before = len(wire.events)
    wire.quiet()
    assert wire.events[before:] == []


@pytest.mark.parametrize("bad", ["text", bytearray(b"x"), memoryview(b"x"), None, 5])
@pytest.mark.parametrize("dead", [False, True])
def test_C15_bytes_only_whatever_the_state(wire, bad, dead):
    if dead:
        wire.near.loseConnection()
        wire.until_lost()
    with pytest.raises(TypeError, match=r"^Data must be bytes$"):
        wire.near.write(bad)
    with pytest.raises(TypeError, match=r"^Data must be bytes$"):
        wire.near.writeSequence([b"good", bad])
    wire.near.write(b"")
    wire.quiet()
    assert wire.far_ear.received == b""


def test_C16_bytes_in_the_order_of_writes_reentrant_ones_included(wire):
    producer = wire.push()
    producer.on["pause"] = lambda: wire.near.write(b"from the pause")
    producer.on["resume"] = lambda: wire.near.write(b"from the resume")
    wire.near.registerProducer(producer, True)
    first = noise(300_000)
    wire.near.write(first)
    wire.near.write(b"after")
    wire.until(lambda: wire.far_ear.received.endswith(b"from the resume"))
    received = bytes(wire.far_ear.received)
    wire.near.unregisterProducer()
    # The pause comes in the middle of the long write, which has been accepted as a whole.
    assert received == first + b"from the pause" + b"after" + b"from the resume"


def test_C17_writing_to_the_dead_is_silent(wire):
    wire.near.loseConnection()
    wire.near.write(b"late: nobody is registered")
    wire.until_lost()
    wire.near.write(b"late")
    wire.near.writeSequence([b"late"])
    wire.quiet()
    assert wire.far_ear.received == b""


def test_C18_any_iterable_once(wire):
    wire.near.writeSequence(each for each in (b"a", b"", b"b"))
    with pytest.raises(TypeError):
        wire.near.writeSequence(iter([b"c", "d"]))
    wire.near.write(b"e")
    wire.until(lambda: len(wire.far_ear.received) == 3)
    wire.quiet()
    assert bytes(wire.far_ear.received) == b"abe"


@pytest.mark.parametrize("streaming", [True, False])
def test_C19_C20_stopped_once_before_the_protocol_hears_and_dead_meanwhile(wire, streaming):
    producer = wire.push()

    def while_stopping():
        wire.near.write(b"ignored")
        wire.near.unregisterProducer()
        wire.near.registerProducer(wire.pull("B"), False)

    producer.on["stop"] = while_stopping
    producer.on["resume"] = lambda: wire.near.write(b"x")
    wire.near.registerProducer(producer, streaming)
    wire.turn()
    wire.far.transport.abortConnection()
    wire.until_lost()
    told = [e for e in wire.events if e != "P resume" and not e.startswith("far")]
    assert told == ["P stop", "B stop", "near lost ConnectionLost"]
    wire.events.clear()
    assert wire.quiet() == []
    assert wire.near._producer is None


def test_C19_the_peers_closing_alert_stops_a_producer_that_would_go_on(wire):
    """Its bytes can go nowhere, so the transport must not wait for it."""
    producer = wire.push()
    wire.stall()
    producer.on["resume"] = lambda: wire.near.write(b"more" * 50_000)
    wire.near.registerProducer(producer, True)
    wire.near.write(b"x" * 500_000)
    assert wire.events == ["P pause"]
    wire.far.loseConnection()
    wire.until_lost()
    assert [e for e in wire.events if e.startswith(("P", "near"))] == [
        "P pause",
        "P stop",
        "near lost ConnectionDone",
    ]


def test_C21_a_stop_that_raises_keeps_nothing_open(wire):
    producer = wire.push()
    producer.on["stop"] = fail
    wire.near.registerProducer(producer, True)
    raw = wire.near.transport
    wire.near.abortConnection()
    wire.until_lost()
    assert raw.fileno() == -1
    assert "near lost ConnectionAborted" in wire.events
    assert [type(each) for each in wire.errors] == [ZeroDivisionError]
    wire.errors.clear()


def test_C23_T5_data_received_that_raises_is_the_reason_and_hears_no_more(wire):
    producer = wire.push()
    wire.near.registerProducer(producer, True)

    def break_down(data):
        raise ZeroDivisionError("in dataReceived")

    wire.near_ear.on_data = break_down
    wire.far.write(b"x" * 100_000)
    wire.until(lambda: wire.near_ear.reason)
    assert [e for e in wire.events if not e.startswith("far")] == [
        "P stop",
        "near lost ZeroDivisionError",
    ]
    assert wire.near_ear.deliveries == 1
    assert [type(each) for each in wire.errors] == [ZeroDivisionError]
    wire.errors.clear()


def test_C22_a_pause_that_raises_loses_no_data(wire):
    producer = wire.push()
    producer.on["pause"] = fail
    wire.near.registerProducer(producer, True)
    data = noise(900_000)
    with pytest.raises(ZeroDivisionError):
        wire.near.write(data)
    wire.until(lambda: len(wire.far_ear.received) == 900_000)
    assert wire.far_ear.received == data
    wire.near.unregisterProducer()


def test_C25_a_falsy_producer_is_one(wire):
    wire.near.registerProducer(FalsyRecorder("A", wire.events), True)
    with pytest.raises(RuntimeError):
        wire.near.registerProducer(wire.push("B"), True)
    wire.near.loseConnection()
    wire.near.write(b"while it is registered, this counts")
    wire.near.unregisterProducer()
    wire.until_lost()
    assert bytes(wire.far_ear.received) == b"while it is registered, this counts"


def test_C26_a_well_behaved_producer_keeps_the_buffers_bounded(wire):
    """The limit, one write, what is collected, and 5 + 17 bytes of every record."""
    producer = wire.push()
    chunk, total, most = b"x" * 16_384, 3_000_000, 0
    state = {"sent": 0, "paused": False}

    def go_on():
        nonlocal most
        state["paused"] = False
        while not state["paused"] and state["sent"] < total:
            wire.near.write(chunk)
            state["sent"] += len(chunk)
            waiting = wire.unsent + wire.near._outbox.size
            waiting += getattr(getattr(wire.near, "_aggregator", None), "_size", 0)
            most = max(most, waiting)

    producer.on["pause"] = lambda: state.update(paused=True)
    producer.on["resume"] = go_on
    wire.near.registerProducer(producer, True)
    go_on()
    wire.until(lambda: len(wire.far_ear.received) >= total)
    wire.near.unregisterProducer()
    assert most <= 65_536 + 64_000 + 2 * len(chunk) + 500
    wire.quiet()


# -- how connections end


def test_T1_closing_sends_everything_first(wire):
    wire.stall()
    data = noise(2_000_000)
    wire.near.write(data)
    wire.near.loseConnection()
    wire.quiet()
    wire.far.resumeProducing()
    wire.until_lost()
    assert wire.far_ear.received == data
    assert sorted(wire.events) == ["far lost ConnectionDone", "near lost ConnectionDone"]


def test_T2_closing_waits_for_the_producer(wire):
    wire.near.registerProducer(wire.push(), True)
    wire.near.loseConnection()
    assert wire.quiet() == []
    wire.near.unregisterProducer()
    wire.until_lost()
    assert sorted(wire.events) == ["far lost ConnectionDone", "near lost ConnectionDone"]


@pytest.mark.parametrize("size", [1, 50_000, 200_000, 1_000_000])
def test_T3_C14_what_is_written_up_to_the_unregistration_arrives(wire, size):
    wire.near.registerProducer(wire.push(), True)
    wire.near.loseConnection()
    data = noise(size)
    wire.near.write(data)
    wire.near.unregisterProducer()
    wire.until_lost()
    assert wire.far_ear.received == data
    assert "far lost ConnectionDone" in wire.events


@pytest.mark.parametrize("size", [0, 1, 50_000, 200_000, 1_000_000])
@pytest.mark.parametrize("when", ["connected", "before the handshake"])
def test_F8_a_file_and_then_the_end(make_wire, size, when):
    data = noise(size)
    results: list[Any] = []
    wire = make_wire(when == "connected")

    def send():
        sent = FileSender().beginFileTransfer(BytesIO(data), wire.near)
        sent.addBoth(results.append)
        wire.near.loseConnection()

    if when == "connected":
        send()
    else:
        wire.near_ear.on_made = send
        wire.connect()
    wire.until_lost()
    assert results == [data[-1:] if data else ""]
    assert wire.far_ear.received == data
    if size or when == "connected":
        # Without anything to send, nobody waits for a handshake: that is an abort.
        assert "far lost ConnectionDone" in wire.events


@pytest.mark.parametrize("streaming", [True, False])
def test_T4_abort_tells_in_a_later_turn_and_once(wire, streaming):
    producer = wire.push()
    producer.on["resume"] = lambda: wire.near.write(b"x" * 10_000)
    wire.near.registerProducer(producer, streaming)
    wire.near.write(b"x" * 500_000)
    wire.turn(3)
    wire.events.clear()
    wire.near.abortConnection()
    wire.near.abortConnection()
    wire.near.write(b"x" * 500_000)
    assert wire.events == []
    wire.until_lost()
    wire.quiet()
    told = [e for e in wire.events if not e.startswith("far")]
    assert told == ["P stop", "near lost ConnectionAborted"]


def test_T4_abort_from_inside_data_received(wire):
    wire.near_ear.on_data = lambda data: wire.near.abortConnection()
    wire.far.write(b"x" * 400_000)
    wire.until_lost()
    assert wire.near_ear.deliveries == 1
    assert "near lost ConnectionAborted" in wire.events


def test_T5_no_delivery_from_inside_a_call(wire):
    wire.near_ear.on_data = lambda data: wire.near.pauseProducing()
    wire.far.write(noise(150_000))
    wire.until(lambda: wire.near_ear.deliveries)
    wire.quiet()
    assert wire.near_ear.deliveries == 1
    wire.near_ear.on_data = len
    wire.near.resumeProducing()
    wire.near.write(b"x" * 100_000)
    wire.near.registerProducer(wire.push(), True)
    assert wire.near_ear.deliveries == 1
    wire.until(lambda: len(wire.near_ear.received) == 150_000)
    assert wire.near_ear.received == noise(150_000)
    wire.near.unregisterProducer()


def test_T6_after_a_pause_nothing_more_is_delivered(wire):
    paused_at: list[int] = []

    def pause(data):
        paused_at.append(wire.near_ear.deliveries)
        wire.near.pauseProducing()

    wire.near_ear.on_data = pause
    data = noise(300_000)
    wire.far.write(data)
    while len(wire.near_ear.received) < len(data):
        before = len(paused_at)
        wire.until(lambda before=before: len(paused_at) > before)
        wire.quiet()
        assert paused_at[-1] == wire.near_ear.deliveries
        wire.near.resumeProducing()
    assert wire.near_ear.received == data


def test_T6_what_is_held_is_not_delivered_to_the_paused_at_the_end_either(wire):
    wire.near_ear.on_data = lambda data: wire.near.pauseProducing()
    wire.far.write(noise(60_000))
    wire.until(lambda: wire.near_ear.deliveries)
    wire.near.transport.abortConnection()
    wire.until_lost()
    assert wire.near_ear.deliveries == 1


def test_T7_pause_and_resume_are_a_state(wire):
    wire.near.resumeProducing()
    wire.near.pauseProducing()
    wire.near.pauseProducing()
    wire.near.resumeProducing()
    wire.far.write(b"x")
    wire.until(lambda: wire.near_ear.received == b"x")
    wire.near.pauseProducing()
    wire.near.resumeProducing()
    wire.near.pauseProducing()
    wire.far.write(b"y")
    wire.quiet()
    assert wire.near_ear.received == b"x"
    wire.near.abortConnection()
    wire.near.resumeProducing()
    wire.until_lost()
    for call in (wire.near.resumeProducing, wire.near.pauseProducing, wire.near.resumeProducing):
        call()
    wire.quiet()
    assert wire.near_ear.received == b"x"


@pytest.mark.parametrize("pending", [0, 500_000])
@pytest.mark.parametrize("order", ["pause, lose", "lose, pause", "pause, lose, resume"])
def test_T8_paused_tls_still_closes(wire, order, pending):
    if pending:
        wire.near_ear.on_data = lambda data: wire.near.pauseProducing()
        wire.far.write(b"x" * pending)
        wire.until(lambda: wire.near_ear.deliveries)
    for word in order.split(", "):
        getattr(wire.near, f"{word}{'Connection' if word == 'lose' else 'Producing'}")()
    deliveries = wire.near_ear.deliveries
    wire.until_lost()
    assert sorted(wire.events) == ["far lost ConnectionDone", "near lost ConnectionDone"]
    assert wire.near_ear.deliveries == deliveries


def test_T9_stopping_is_closing(wire):
    wire.near.stopProducing()
    wire.until_lost()
    assert sorted(wire.events) == ["far lost ConnectionDone", "near lost ConnectionDone"]


def test_T9_stop_consuming_is_unregistering_and_closing(wire):
    wire.near.registerProducer(wire.push(), True)
    wire.near.write(b"last words")
    wire.near.stopConsuming()
    wire.until_lost()
    assert sorted(wire.events) == ["far lost ConnectionDone", "near lost ConnectionDone"]
    assert wire.far_ear.received == b"last words"


# -- pull producers, which are driven


def test_A1_L3_several_writes_for_one_request(wire):
    """Each of them may pause the driver; one resume has to be enough."""
    producer = wire.pull()
    pieces = [noise(100_000)] * 20

    def produce():
        for _ in range(2):
            if pieces:
                wire.near.write(pieces.pop())
        if not pieces:
            wire.near.unregisterProducer()

    producer.on["resume"] = produce
    wire.near.registerProducer(producer, False)
    wire.until(lambda: len(wire.far_ear.received) == 2_000_000)
    assert wire.quiet() == ["P resume"] * 10


def test_A2_L1_a_producer_with_nothing_to_write_costs_little(wire):
    """Asked 500 000 times a second by Twisted; here seldom, and at once when it writes again."""
    producer = wire.pull()
    asked_at: list[float] = []
    producer.on["resume"] = lambda: asked_at.append(reactor.seconds())
    wire.near.registerProducer(producer, False)
    wire.until(lambda: len(asked_at) == 9)
    assert asked_at[-1] - asked_at[0] >= 0.2  # 1 + 2 + 4 ... + 64 + 100 ms at least
    producer.on["resume"] = wire.near.unregisterProducer
    wire.near.write(b"by itself, unasked")
    wire.turn(4)
    assert wire.near._producer is None
    wire.quiet()


def test_A3_no_question_after_the_end(wire):
    producer = wire.pull()
    producer.on["resume"] = lambda: wire.near.write(b"x" * 1000)
    wire.near.registerProducer(producer, False)
    wire.until(lambda: wire.events)
    wire.far.transport.abortConnection()
    wire.until_lost()
    events = [e for e in wire.events if not e.startswith("far")]
    assert events[-2] == "P stop"
    assert events[-1].startswith("near lost")
    wire.events.clear()
    assert wire.quiet() == []


def test_A4_a_request_that_raises_stops_the_producer(wire):
    producer = wire.pull()
    producer.on["resume"] = fail
    wire.near.registerProducer(producer, False)
    wire.until(lambda: "P stop" in wire.events)
    assert wire.quiet() == ["P resume", "P stop"]
    assert [type(each) for each in wire.errors] == [ZeroDivisionError]
    wire.errors.clear()
    wire.near.registerProducer(wire.push("B"), True)
    wire.near.unregisterProducer()


def test_F5_a_file_that_cannot_be_read_fails_the_deferred(wire):
    class Broken:
        def read(self, size):
            raise OSError("no more")

    results: list[Any] = []
    FileSender().beginFileTransfer(Broken(), wire.near).addErrback(
        lambda failure: results.append(str(failure.value))
    )
    wire.until(lambda: results)
    assert results == ["no more"]
    assert wire.near._producer is None


def test_F6_chunks_that_a_transform_swallows_do_not_end_the_transfer(wire):
    data = noise(100_000)
    results: list[Any] = []
    calls = iter(range(1000))
    FileSender().beginFileTransfer(
        BytesIO(data), wire.near, lambda chunk: chunk if next(calls) % 2 else b""
    ).addBoth(results.append)
    wire.until(lambda: results)
    kept = b"".join(data[at : at + 16_384] for at in range(16_384, 100_000, 32_768))
    wire.until(lambda: len(wire.far_ear.received) == len(kept))
    assert wire.far_ear.received == kept


# -- two reasons to pause


def test_X3_resumed_when_no_reason_to_pause_is_left(make_wire):
    """Before the handshake OpenSSL waits for the peer; meanwhile the transport may be full, too."""
    wire = make_wire(False)
    producer = wire.push()

    def begin():
        wire.near.registerProducer(producer, True)
        wire.near.write(b"x" * 70_000)
        assert wire.events == ["P pause"]  # OpenSSL waits
        membrane = wire.near._producer
        membrane.pauseProducing()
        membrane.resumeProducing()
        assert wire.events == ["P pause"]  # it still does

    wire.near_ear.on_made = begin
    wire.connect()
    wire.until(lambda: len(wire.far_ear.received) == 70_000)
    assert wire.quiet() == ["P pause", "P resume"]
    wire.near.unregisterProducer()

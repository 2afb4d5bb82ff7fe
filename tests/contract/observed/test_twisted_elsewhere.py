"""What Twisted's other consumers were seen to do, rule by rule; see ``conftest``.

They are the doubles for tests (``StringTransport``, ``iosim``, ``loopback``), ``FileWrapper``, and
the answers of ``web``, which are Twisted's alone.
"""

from __future__ import annotations

import io
import socket
from contextlib import suppress
from typing import Any

import pytest

kinds = pytest.mark.kinds
ONE = pytest.mark.kinds(packages="twisted")


@pytest.fixture
def double(package: Any) -> Any:
    return package.internet_testing.StringTransport()


def test_twisted_C1_a_string_transport_refuses_in_its_words(double: Any, push: Any) -> None:
    """! ``StringTransport``: ``RuntimeError("Cannot register two producers")``."""
    double.registerProducer(push(), True)
    with pytest.raises(RuntimeError, match=r"\ACannot register two producers\Z"):
        double.registerProducer(push("Q"), True)


def test_twisted_C2_a_string_transport_keeps_whoever_registers(
    double: Any, push: Any, events: list[str]
) -> None:
    """! ``StringTransport``: after ``abortConnection`` a producer is accepted and not stopped."""
    double.abortConnection()
    producer = push()
    double.registerProducer(producer, True)
    assert events == []
    assert double.producer is producer


def test_twisted_C4_L4_a_string_transport_asks_nobody(
    double: Any, pull: Any, events: list[str]
) -> None:
    """! ``StringTransport`` asks no pull producer."""
    double.registerProducer(pull(), False)
    assert events == []


def test_twisted_C5_a_string_transport_pauses_nobody(
    double: Any, push: Any, events: list[str]
) -> None:
    """! ``StringTransport`` takes any amount without a pause."""
    double.registerProducer(push(), True)
    double.write(b"x" * 1_000_000)
    assert events == []


def test_twisted_C13_a_string_transport_wants_one(double: Any) -> None:
    """! ``StringTransport``: ``RuntimeError`` if nobody is registered."""
    with pytest.raises(RuntimeError) as raised:
        double.unregisterProducer()
    assert str(raised.value) == "Cannot unregister a producer unless one is registered"


def test_twisted_C15_a_string_transport_takes_bytes_only(double: Any) -> None:
    """= ``StringTransport``: ``TypeError`` for text."""
    with pytest.raises(TypeError):
        double.write("text")


def test_twisted_C18_a_string_transport_takes_a_generator(double: Any) -> None:
    """= ``StringTransport`` writes a generator."""
    double.writeSequence(piece for piece in [b"ab", b"cd"])
    assert double.value() == b"abcd"


def test_twisted_C19_a_string_transport_stops_nobody(
    double: Any, push: Any, events: list[str]
) -> None:
    """! ``StringTransport`` stops no producer, however it ends."""
    double.registerProducer(push(), True)
    double.loseConnection()
    double.abortConnection()
    assert events == []


def test_twisted_T7_a_string_transport_refuses_while_closing(package: Any, double: Any) -> None:
    """! ``StringTransport`` raises for pause and resume once ``loseConnection`` was called.

    The same, unless ``lenient`` is set.
    """
    double.loseConnection()
    for call in (double.pauseProducing, double.resumeProducing):
        with pytest.raises(RuntimeError) as raised:
            call()
        assert str(raised.value) == "Cannot resume producing after loseConnection"


# FileWrapper


@pytest.fixture
def file_wrapper(package: Any) -> Any:
    return package.internet_protocol.FileWrapper(io.BytesIO())


def test_twisted_C1_a_file_wrapper_lets_itself_be_taken_over(
    package: Any, file_wrapper: Any, push: Any
) -> None:
    """+ ``FileWrapper``: a second producer takes the place of the first.

    ``RuntimeError``.
    """
    file_wrapper.registerProducer(push("P"), True)
    if package.is_twisted:
        file_wrapper.registerProducer(push("Q"), True)
    else:
        with pytest.raises(RuntimeError):
            file_wrapper.registerProducer(push("Q"), True)


def test_twisted_C4_L4_a_file_wrapper_asks_at_once(
    file_wrapper: Any, pull: Any, events: list[str]
) -> None:
    """= ``FileWrapper`` asks a pull producer inside ``registerProducer``."""
    file_wrapper.registerProducer(pull(), False)
    assert events == ["P resume"]


def test_twisted_C9_a_file_wrapper_never_asks_again(
    file_wrapper: Any, pull: Any, events: list[str]
) -> None:
    """! ``FileWrapper`` asks a pull producer when it registers, and never again."""
    producer = pull()
    producer.on["resume"] = lambda: file_wrapper.write(b"x")
    file_wrapper.registerProducer(producer, False)
    file_wrapper.write(b"x" * 100_000)
    assert events == ["P resume"]


# loopback and iosim


def test_twisted_C1_C13_loopback_asserts(package: Any, push: Any, events: list[str]) -> None:
    """! ``loopbackAsync``: a second producer, and unregistering nobody, are ``AssertionError``;
    no amount of bytes pauses."""
    ear: dict[str, Any] = {}
    protocols = package.internet_protocol

    class Client(protocols.Protocol):  # type: ignore[misc]
        def connectionMade(self) -> None:
            ear["transport"] = self.transport

    client, server = Client(), protocols.Protocol()
    package.protocols_loopback.loopbackAsync(server, client)
    package.turn(3)
    transport = ear["transport"]
    with pytest.raises(AssertionError):
        transport.unregisterProducer()
    transport.registerProducer(push("P"), True)
    with pytest.raises(AssertionError):
        transport.registerProducer(push("Q"), True)
    transport.write(b"x" * 300_000)
    assert events == []
    transport.unregisterProducer()
    transport.loseConnection()
    package.turn(5)


def test_twisted_C19_loopback_stops_nobody(package: Any, push: Any, events: list[str]) -> None:
    """+ ``loopbackAsync`` never stops a producer.

    It does, before the protocols hear of the end.
    """
    protocols = package.internet_protocol
    client, server = protocols.Protocol(), protocols.Protocol()
    package.protocols_loopback.loopbackAsync(server, client)
    package.turn(3)
    client.transport.registerProducer(push(), True)
    server.transport.loseConnection()
    package.turn(5)
    assert events == package.says(twisted=[], pcstream=["P stop"])


def test_twisted_C4_L4_loopback_asks_at_once(package: Any, pull: Any, events: list[str]) -> None:
    """= ``loopbackAsync`` asks a pull producer inside ``registerProducer``."""
    protocols = package.internet_protocol
    client, server = protocols.Protocol(), protocols.Protocol()
    package.protocols_loopback.loopbackAsync(server, client)
    package.turn(3)
    producer = pull()
    producer.on["resume"] = lambda: client.transport.unregisterProducer()
    client.transport.registerProducer(producer, False)
    assert events == ["P resume"]
    client.transport.loseConnection()
    package.turn(5)


@ONE
def test_twisted_C4_L4_iosim_asks_at_once(package: Any, pull: Any, events: list[str]) -> None:
    """= ``iosim.FakeTransport`` asks a pull producer inside ``registerProducer``.

    ``test.iosim`` is Twisted's own.
    """
    iosim = package.module("test.iosim")
    transport = iosim.FakeTransport(package.internet_protocol.Protocol(), isServer=False)
    transport.registerProducer(pull(), False)
    assert events[:1] == ["P resume"]


@ONE
def test_twisted_C1_iosim_is_taken_over(package: Any, push: Any, events: list[str]) -> None:
    """+ ``iosim.FakeTransport``: a second producer takes the place of the first; none is paused.

    ``test.iosim`` is Twisted's own.
    """
    iosim = package.module("test.iosim")
    protocol = package.internet_protocol.Protocol()
    transport = iosim.FakeTransport(protocol, isServer=False)
    transport.registerProducer(push("P"), True)
    transport.registerProducer(push("Q"), True)
    transport.write(b"x" * 300_000)
    assert "P pause" not in events
    assert "Q pause" not in events


# web: HTTP/1.1


class Exchange:
    """One request over loopback, whose answer is the test's business."""

    def __init__(self, package: Any) -> None:
        http = package.module("web.http")
        self.package = package
        self.received = bytearray()
        self.reads = True
        requests: list[Any] = []

        class Request(http.Request):  # type: ignore[misc]
            def process(self) -> None:
                requests.append(self)

        factory = http.HTTPFactory(reactor=package.reactor)
        factory.log = lambda request: None
        build = factory.buildProtocol

        def make(address: Any) -> Any:
            self.channel = build(address)
            self.channel.requestFactory = Request
            return self.channel

        factory.buildProtocol = make
        factory.noisy = False
        self.port = package.reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.client = socket.socket()
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
        self.client.connect(("127.0.0.1", self.port.getHost().port))
        self.client.setblocking(False)
        self.client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not requests:
            package.reactor.iterate(0)
        self.request = requests[0]
        package.closers.append(self.close)

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.package.reactor.iterate(0)
            with suppress(BlockingIOError, OSError):
                while self.reads:
                    data = self.client.recv(1 << 20)
                    self.received += data
                    if not data:
                        break

    def quiet(self) -> None:
        still = 0
        while still < 4:
            before = len(self.received)
            self.turn(3)
            still = still + 1 if len(self.received) == before else 0

    def vanish(self) -> None:
        import struct

        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()
        self.turn(10)

    def close(self) -> None:
        self.client.close()
        self.port.stopListening()
        self.turn(5)


@pytest.fixture
def exchange(package: Any) -> Exchange:
    return Exchange(package)


@ONE
def test_twisted_C1_a_request_raises_ValueError(exchange: Any, push: Any) -> None:
    """! ``http.Request``: ``ValueError``.

    ``web`` is Twisted's own.
    """
    exchange.request.registerProducer(push("P"), True)
    with pytest.raises(ValueError, match="registering producer"):
        exchange.request.registerProducer(push("Q"), True)
    exchange.request.unregisterProducer()


@ONE
def test_twisted_C2_C13_a_dead_request_raises_AttributeError(exchange: Any, push: Any) -> None:
    """+ ``http.Request`` whose connection is lost: registering and unregistering raise
    ``AttributeError``.

    ``web`` is Twisted's own.
    """
    exchange.vanish()
    with pytest.raises(AttributeError):
        exchange.request.registerProducer(push(), True)
    with pytest.raises(AttributeError):
        exchange.request.unregisterProducer()


@ONE
def test_twisted_C8_a_request_passes_each_pause_on(
    exchange: Any, push: Any, events: list[str]
) -> None:
    """+ ``http.Request``: the producer hears each pause of the transport.

    ``web`` is Twisted's own.
    """
    exchange.reads = False
    exchange.request.registerProducer(push(), True)
    for _ in range(6):
        exchange.request.write(b"x" * 100_000)
    assert len(events) > 3
    assert set(events) == {"P pause"}
    exchange.request.unregisterProducer()


@ONE
def test_twisted_C10_a_request_resumes_who_was_not_paused(
    exchange: Any, push: Any, events: list[str]
) -> None:
    """+ ``http.Request``: B takes the place of A, who was paused, and is resumed.

    ``web`` is Twisted's own.
    """
    exchange.reads = False
    exchange.request.registerProducer(push("A"), True)
    exchange.request.write(b"x" * 400_000)
    exchange.request.unregisterProducer()
    exchange.request.registerProducer(push("B"), True)
    exchange.reads = True
    exchange.quiet()
    assert "B resume" in events
    exchange.request.unregisterProducer()


@ONE
def test_twisted_C19_a_request_keeps_its_producer(
    exchange: Any, push: Any, events: list[str]
) -> None:
    """+ ``http.Request``: the producer is stopped when the connection is lost, and kept.

    ``web`` is Twisted's own.
    """
    producer = push()
    exchange.request.registerProducer(producer, True)
    exchange.vanish()
    assert events == ["P stop"]
    assert exchange.request.producer is producer


@ONE
def test_twisted_L1_a_request_asks_without_end(exchange: Any, pull: Any, events: list[str]) -> None:
    """+ ``http.Request``: a pull producer that writes nothing is asked in every turn.

    ``web`` is Twisted's own.
    """
    exchange.request.registerProducer(pull(), False)
    exchange.turn(5)
    assert len(events) > 50
    exchange.request.unregisterProducer()


@ONE
def test_twisted_C4_L4_a_request_asks_a_turn_later(
    exchange: Any, pull: Any, events: list[str]
) -> None:
    """= ``http.Request`` asks a pull producer in a later turn.

    ``web`` is Twisted's own.
    """
    producer = pull()
    producer.on["resume"] = exchange.request.unregisterProducer
    exchange.request.registerProducer(producer, False)
    assert events == []
    exchange.turn(2)
    assert events == ["P resume"]


@ONE
def test_twisted_C23_a_request_logs_what_a_resume_raises(
    exchange: Any, pull: Any, events: list[str], fail: Any
) -> None:
    """! ``http.Request``: what a pull producer raises is logged, and the producer unregistered.

    ``web`` is Twisted's own.
    """
    producer = pull()
    producer.on["resume"] = fail
    exchange.request.registerProducer(producer, False)
    exchange.turn(3)
    assert exchange.package.take_errors() == ["ZeroDivisionError"]
    assert events == ["P resume"]


@ONE
def test_twisted_L3_A1_a_request_stalls(exchange: Any, pull: Any) -> None:
    """+ ``http.Request``: a pull producer that writes twice when it is asked stalls the answer,
    since both pauses are counted and the resume is one.

    ``web`` is Twisted's own.
    """
    written = [0]

    def give() -> None:
        for _ in range(2):
            exchange.request.write(b"x" * 100_000)
            written[0] += 100_000
        if written[0] >= 1_000_000:
            exchange.request.unregisterProducer()

    producer = pull()
    producer.on["resume"] = give
    exchange.request.setHeader(b"content-length", b"1000000")
    exchange.request.registerProducer(producer, False)
    exchange.quiet()
    exchange.quiet()
    assert written[0] < 1_000_000
    assert len(exchange.received) < 1_000_000
    exchange.request.unregisterProducer()


@ONE
def test_twisted_P8_a_request_unregisters_itself(exchange: Any, push: Any) -> None:
    """! ``http.Request.finish`` logs ``Producer was not unregistered`` and does it itself.

    ``web`` is Twisted's own.
    """
    exchange.request.registerProducer(push(), True)
    exchange.request.finish()
    said = [str(error) for error in exchange.package.errors]
    exchange.package.take_errors()
    assert any("was not unregistered" in text for text in said)


# web: HTTP/2


class Streams:
    """A connection of HTTP/2 in memory, with one request on it."""

    def __init__(self, package: Any) -> None:
        pytest.importorskip("h2")
        pytest.importorskip("priority")
        from h2.config import H2Configuration
        from h2.connection import H2Connection

        http2 = package.module("web._http2")
        http = package.module("web.http")
        self.package = package
        self.client = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self.client.initiate_connection()
        self.requests: list[Any] = []
        requests = self.requests

        class Request(http.Request):  # type: ignore[misc]
            def process(self) -> None:
                requests.append(self)

        self.transport = package.internet_testing.StringTransport()
        self.server = http2.H2Connection(package.reactor)
        self.server.requestFactory = Request
        self.server.factory = http.HTTPFactory(reactor=package.reactor)
        self.server.makeConnection(self.transport)
        self.client.send_headers(
            1,
            [
                (b":method", b"GET"),
                (b":path", b"/"),
                (b":scheme", b"https"),
                (b":authority", b"localhost"),
            ],
            end_stream=True,
        )
        self.send()
        self.request = requests[0]
        package.closers.append(self.lose)

    def lose(self) -> None:
        reason = self.package.internet_main.CONNECTION_LOST
        self.server.connectionLost(self.package.python_failure.Failure(reason))

    def send(self) -> None:
        self.server.dataReceived(self.client.data_to_send())


@pytest.fixture
def streams(package: Any) -> Streams:
    return Streams(package)


@ONE
def test_twisted_C1_a_stream_raises_ValueError(streams: Any, push: Any) -> None:
    """! A stream of HTTP/2: ``ValueError``.

    ``web`` is Twisted's own.
    """
    streams.request.registerProducer(push("P"), True)
    with pytest.raises(ValueError, match="registering producer"):
        streams.request.registerProducer(push("Q"), True)


@ONE
def test_twisted_C25_a_stream_overlooks_the_falsy(streams: Any, events: list[str]) -> None:
    """+ A stream of HTTP/2 does not see a producer that is false: a second one is accepted.

    ``web`` is Twisted's own.
    """

    class Falsy:
        def __len__(self) -> int:
            return 0

        def stopProducing(self) -> None:
            events.append("stop")

    stream = streams.server.streams[1]
    stream.registerProducer(Falsy(), True)
    stream.registerProducer(Falsy(), True)
    assert events == []


@ONE
def test_twisted_C5_C6_a_stream_pauses_at_its_window(
    streams: Any, push: Any, events: list[str]
) -> None:
    """= A stream of HTTP/2 pauses its producer when the window, 65 535 bytes, is used up.

    ``web`` is Twisted's own.
    """
    streams.request.registerProducer(push(), True)
    streams.request.write(b"x" * 100_000)
    assert events == ["P pause"]
    streams.request.write(b"x" * 100_000)
    assert events == ["P pause"]


@ONE
def test_twisted_C19_a_stream_stops_nobody(streams: Any, push: Any, events: list[str]) -> None:
    """+ A stream of HTTP/2 that is reset, or whose connection is lost, stops no producer.

    ``web`` is Twisted's own.
    """
    streams.request.registerProducer(push(), True)
    streams.client.reset_stream(1)
    streams.send()
    assert events == []
    streams.lose()
    streams.package.turn(3)
    assert events == []


@ONE
def test_twisted_C2_a_dead_stream_takes_a_producer(
    streams: Any, push: Any, events: list[str]
) -> None:
    """+ A stream of HTTP/2 whose connection is lost accepts a producer and stops it never.

    ``web`` is Twisted's own.
    """
    stream = streams.server.streams[1]
    streams.lose()
    stream.registerProducer(push(), True)
    streams.package.turn(3)
    assert events == []


@ONE
def test_twisted_L1_a_stream_asks_without_end(streams: Any, pull: Any, events: list[str]) -> None:
    """+ A stream of HTTP/2 asks a pull producer that writes nothing in every turn, even when the
    connection is lost (C19).

    ``web`` is Twisted's own.
    """
    streams.request.registerProducer(pull(), False)
    streams.package.closers.append(streams.server.streams[1].producer.stopStreaming)
    streams.package.turn(2)
    asked = len(events)
    assert asked > 10
    streams.lose()
    streams.package.turn(2)
    assert len(events) > asked
    assert "P stop" not in events

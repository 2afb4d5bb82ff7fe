"""Wrappers around factories and protocols. What the contract says of them is in tests/contract."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from zope.interface import Interface, implementer, providedBy

from pcstream.internet import protocol
from pcstream.internet.address import IPv4Address, UNIXAddress
from pcstream.internet.task import Clock
from pcstream.internet.testing import StringTransport, StringTransportWithDisconnection
from pcstream.protocols import policies
from pcstream.python import log


class Ear(protocol.Protocol):
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def dataReceived(self, data: bytes) -> None:
        self.heard.append(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.heard.append("lost")


class EarFactory(protocol.Factory):  # type: ignore[type-arg]
    protocol = Ear
    noisy = False

    def __init__(self) -> None:
        self.states: list[str] = []

    def startFactory(self) -> None:
        self.states.append("start")

    def stopFactory(self) -> None:
        self.states.append("stop")


class RefusingFactory(EarFactory):
    def buildProtocol(self, addr: Any) -> Any:
        return None


class Clocked:
    """Mixed into a factory: its time is a clock's."""

    clock: Clock

    def callLater(self, period: float, func: Callable[[], Any]) -> Any:
        return self.clock.callLater(period, func)


def connect(wrapper: Any) -> StringTransportWithDisconnection:
    transport = StringTransportWithDisconnection()
    transport.protocol = wrapper
    wrapper.makeConnection(transport)
    return transport


@pytest.fixture
def logged() -> Any:
    """What is logged during the test."""
    texts: list[Any] = []

    def observe(event: dict[str, Any]) -> None:
        texts.append(log.textFromEventDict(event))

    log.addObserver(observe)
    yield texts
    log.removeObserver(observe)


# Wrapping


def test_a_wrapper_passes_everything_on() -> None:
    factory = policies.WrappingFactory(EarFactory())
    wrapper = factory.buildProtocol(None)
    assert wrapper.factory is factory
    assert wrapper.wrappedProtocol.factory is factory.wrappedFactory
    ear, transport = wrapper.wrappedProtocol, connect(wrapper)
    assert ear.transport is wrapper
    assert list(factory.protocols) == [wrapper]
    wrapper.dataReceived(b"in")
    ear.transport.write(b"out")
    ear.transport.writeSequence([b"-", b"put"])
    assert ear.heard == [b"in"]
    assert transport.value() == b"out-put"
    assert wrapper.getPeer() == transport.getPeer()
    assert wrapper.getHost() == transport.getHost()
    producer: Any = object()
    wrapper.registerProducer(producer, True)
    assert transport.producer is producer
    wrapper.unregisterProducer()
    assert transport.producer is None
    assert wrapper.producerState == "producing"
    wrapper.loseConnection()
    assert wrapper.disconnecting
    assert ear.heard[1:] == ["lost"]
    assert wrapper.wrappedProtocol is None
    assert not factory.protocols


def test_a_wrapper_has_what_its_transport_has() -> None:
    class ISecret(Interface):
        """Some transports have it."""

    @implementer(ISecret)
    class Secret(StringTransport):
        def getPeerCertificate(self) -> str:
            return "certificate"

    wrapper: Any = policies.ProtocolWrapper(policies.WrappingFactory(None), Ear())
    wrapper.makeConnection(Secret())
    assert ISecret.providedBy(wrapper)
    assert set(providedBy(Secret())) <= set(providedBy(wrapper))
    assert wrapper.getPeerCertificate() == "certificate"
    with pytest.raises(AttributeError, match="no attribute 'elsewhere'"):
        _ = wrapper.elsewhere


@pytest.mark.parametrize(
    "make",
    [
        policies.WrappingFactory,
        policies.ThrottlingFactory,
        policies.TimeoutFactory,
        policies.SpewingFactory,
        lambda factory: policies.TrafficLoggingFactory(factory, "never opened"),
    ],
)
def test_a_refusal_of_the_wrapped_factory_is_a_refusal(make: Callable[[Any], Any]) -> None:
    assert make(RefusingFactory()).buildProtocol(IPv4Address("TCP", "1.2.3.4", 5)) is None


def test_a_refused_connection_does_not_count() -> None:
    throttling = policies.ThrottlingFactory(RefusingFactory(), 1)
    assert throttling.buildProtocol(None) is None
    assert throttling.connectionCount == 0
    by_peer = policies.LimitConnectionsByPeer(RefusingFactory())
    by_peer.startFactory()
    assert by_peer.buildProtocol(IPv4Address("TCP", "1.2.3.4", 5)) is None
    assert by_peer.peerConnections == {}


def test_both_factories_start_and_stop(logged: list[Any]) -> None:
    inner = EarFactory()
    factory = policies.WrappingFactory(inner)
    factory.doStart()
    factory.doStart()
    assert inner.states == ["start"]
    factory.doStop()
    assert inner.states == ["start"]
    factory.doStop()
    assert inner.states == ["start", "stop"]
    assert [text.split(" <")[0] for text in logged] == ["Starting factory", "Stopping factory"]


def test_a_client_factory_hears_through_its_wrapper() -> None:
    class Client:
        def __init__(self) -> None:
            self.heard: list[Any] = []

        def startedConnecting(self, connector: Any) -> None:
            self.heard.append(("started", connector))

        def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
            self.heard.append(("failed", connector, reason))

        def clientConnectionLost(self, connector: Any, reason: Any) -> None:
            self.heard.append(("lost", connector, reason))

    client = Client()
    factory: Any = policies.WrappingFactory(client)
    factory.startedConnecting(1)
    factory.clientConnectionFailed(1, 2)
    factory.clientConnectionLost(3, 4)
    assert client.heard == [("started", 1), ("failed", 1, 2), ("lost", 3, 4)]


def test_log_prefixes_name_both() -> None:
    factory = policies.WrappingFactory(EarFactory())
    assert factory.logPrefix() == "EarFactory (WrappingFactory)"
    assert factory.buildProtocol(None).logPrefix() == "Ear (ProtocolWrapper)"
    assert policies.WrappingFactory(object()).logPrefix() == "object (WrappingFactory)"


# Limits


class Throttling(Clocked, policies.ThrottlingFactory):
    noisy = False


def throttling(*arguments: Any, **limits: Any) -> Any:
    factory = Throttling(EarFactory(), *arguments, **limits)
    factory.clock = Clock()
    return factory


def test_as_many_connections_as_there_may_be(logged: list[Any]) -> None:
    factory = throttling(2)
    first = factory.buildProtocol(None)
    transport = connect(first)
    connect(factory.buildProtocol(None))
    assert factory.buildProtocol(None) is None
    assert logged == ["Max connection count reached!"]
    transport.loseConnection()
    assert factory.connectionCount == 1
    assert factory.buildProtocol(None) is not None


def test_what_is_read_too_much_is_made_good_for(logged: list[Any]) -> None:
    factory = throttling(readLimit=10)
    wrapper = factory.buildProtocol(None)
    transport = connect(wrapper)
    wrapper.dataReceived(b"x" * 15)
    assert factory.readThisSecond == 15
    assert transport.producerState == "producing"
    factory.clock.advance(1)
    assert (factory.readThisSecond, transport.producerState) == (0, "paused")
    factory.clock.advance(0.49)
    assert transport.producerState == "paused"
    factory.clock.advance(0.02)
    assert transport.producerState == "producing"
    assert logged == [f"Throttling reads on {factory}", f"Stopped throttling reads on {factory}"]


def test_the_counting_ends_with_the_last_connection() -> None:
    factory = throttling(readLimit=10, writeLimit=10)
    first, second = factory.buildProtocol(None), factory.buildProtocol(None)
    transports = [connect(first), connect(second)]
    assert len(factory.clock.getDelayedCalls()) == 2
    first.dataReceived(b"x" * 1_000)
    first.write(b"x" * 1_000)
    factory.clock.advance(1)
    assert len(factory.clock.getDelayedCalls()) == 4
    transports[0].loseConnection()
    assert len(factory.clock.getDelayedCalls()) == 4
    transports[1].loseConnection()
    assert factory.clock.getDelayedCalls() == []
    connect(factory.buildProtocol(None))
    assert len(factory.clock.getDelayedCalls()) == 2


def test_a_producer_put_there_by_hand_is_throttled() -> None:
    factory = throttling()
    wrapper = factory.buildProtocol(None)
    connect(wrapper)
    calls: list[str] = []

    class Producer:
        def pauseProducing(self) -> None:
            calls.append("pause")

        def resumeProducing(self) -> None:
            calls.append("resume")

    wrapper.producer = producer = Producer()
    assert wrapper.producer is producer
    factory.throttleWrites()
    factory.unthrottleWrites()
    del wrapper.producer
    factory.throttleWrites()
    assert calls == ["pause", "resume"]


def test_total_connections_and_overflow() -> None:
    class Overflow(Ear):
        pass

    factory: Any = policies.LimitTotalConnectionsFactory()
    factory.protocol = Ear
    factory.connectionLimit = 1
    first = factory.buildProtocol(None)
    transport = connect(first)
    assert first.wrappedProtocol is None or first.wrappedProtocol.factory is factory
    assert factory.buildProtocol(None) is None
    factory.overflowProtocol = Overflow
    overflow = factory.buildProtocol(None)
    assert isinstance(overflow.wrappedProtocol, Overflow)
    assert factory.connectionCount == 2
    connect(overflow).loseConnection()
    transport.loseConnection()
    assert factory.connectionCount == 0


@pytest.mark.parametrize(
    "address_of",
    [lambda host, port: IPv4Address("TCP", host, port), lambda host, port: (host, port)],
)
def test_connections_by_peer(address_of: Callable[[str, int], Any]) -> None:
    factory = policies.LimitConnectionsByPeer(EarFactory())
    factory.maxConnectionsPerPeer = 2
    factory.startFactory()
    transports = []
    for port in (1, 2):
        wrapper = factory.buildProtocol(address_of("1.2.3.4", port))
        transport = StringTransportWithDisconnection()
        transport.peerAddr = IPv4Address("TCP", "1.2.3.4", port)
        transport.protocol = wrapper
        wrapper.makeConnection(transport)
        transports.append(transport)
    assert factory.buildProtocol(address_of("1.2.3.4", 3)) is None
    assert factory.buildProtocol(address_of("1.2.3.5", 3)) is not None
    transports[0].loseConnection()
    assert factory.buildProtocol(address_of("1.2.3.4", 3)) is not None


def test_an_address_without_a_host_is_no_peer() -> None:
    factory = policies.LimitConnectionsByPeer(EarFactory())
    factory.startFactory()
    with pytest.raises(TypeError):
        factory.buildProtocol(UNIXAddress("/somewhere"))


# Time-outs


class TimingOut(Clocked, policies.TimeoutFactory):
    noisy = False


def timing_out(period: float | None) -> Any:
    factory = TimingOut(EarFactory(), period)
    factory.clock = Clock()
    return factory


@pytest.mark.parametrize(
    "something",
    [
        lambda wrapper: wrapper.dataReceived(b"x"),
        lambda wrapper: wrapper.write(b"x"),
        lambda wrapper: wrapper.writeSequence([b"x"]),
    ],
)
def test_a_connection_ends_when_nothing_happens(something: Callable[[Any], None]) -> None:
    factory = timing_out(3)
    wrapper = factory.buildProtocol(None)
    transport = connect(wrapper)
    for _ in range(3):
        factory.clock.advance(2)
        something(wrapper)
    factory.clock.advance(2.5)
    assert transport.connected
    factory.clock.advance(1)
    assert not transport.connected
    assert factory.clock.getDelayedCalls() == []


def test_writing_after_the_time_out_is_no_error() -> None:
    factory = timing_out(3)
    wrapper = factory.buildProtocol(None)
    transport = StringTransport()
    wrapper.makeConnection(transport)
    factory.clock.advance(3)
    assert transport.disconnecting
    wrapper.write(b"x")
    wrapper.dataReceived(b"x")
    wrapper.setTimeout(5)
    assert len(factory.clock.getDelayedCalls()) == 1


def test_no_time_out_at_all() -> None:
    factory = timing_out(None)
    wrapper = factory.buildProtocol(None)
    connect(wrapper)
    wrapper.write(b"x")
    wrapper.resetTimeout()
    wrapper.cancelTimeout()
    assert factory.clock.getDelayedCalls() == []


class Mixed(Clocked, policies.TimeoutMixin):
    def __init__(self) -> None:
        self.clock = Clock()
        self.transport = StringTransport()


def test_the_mixin() -> None:
    mixed = Mixed()
    mixed.resetTimeout()
    assert mixed.setTimeout(3) is None
    mixed.clock.advance(2)
    mixed.resetTimeout()
    mixed.clock.advance(2)
    assert mixed.setTimeout(2) == 3
    assert len(mixed.clock.getDelayedCalls()) == 1
    mixed.clock.advance(1.9)
    assert not mixed.transport.disconnecting
    mixed.clock.advance(0.2)
    assert mixed.transport.disconnecting
    assert mixed.timeOut == 2
    mixed.resetTimeout()
    assert mixed.setTimeout(None) == 2
    assert mixed.clock.getDelayedCalls() == []


def test_the_mixin_when_somebody_else_cancelled() -> None:
    mixed = Mixed()
    mixed.setTimeout(3)
    mixed.clock.getDelayedCalls()[0].cancel()
    mixed.resetTimeout()
    mixed.setTimeout(4)
    assert len(mixed.clock.getDelayedCalls()) == 1
    mixed.clock.getDelayedCalls()[0].cancel()
    assert mixed.setTimeout(None) == 4


# Logs


def test_spewing(logged: list[Any]) -> None:
    wrapper = policies.SpewingFactory(EarFactory()).buildProtocol(None)
    transport = connect(wrapper)
    wrapper.dataReceived(b"in")
    wrapper.write(b"out")
    assert logged == ["Received: b'in'", "Sending: b'out'"]
    assert transport.value() == b"out"


class Logging(policies.TrafficLoggingFactory):
    def open(self, name: str) -> Any:
        self.file = io.StringIO()
        self.names = [*getattr(self, "names", []), name]
        return self.file


def test_traffic_is_written_down() -> None:
    factory = Logging(EarFactory(), "log")
    wrapper = factory.buildProtocol(None)
    wrapper.makeConnection(StringTransport())
    wrapper.dataReceived(b"in")
    wrapper.write(b"out")
    wrapper.writeSequence([b"a", b"b"])
    wrapper.loseConnection()
    wrapper.connectionLost("the reason")
    assert factory.file.getvalue().splitlines() == [
        "*",
        "C 1: b'in'",
        "S 1: b'out'",
        "SV 1: [b'a', b'b']",
        "S 1: *",
        "C 1: 'the reason'",
    ]
    factory.buildProtocol(None)
    factory.resetCounter()
    factory.buildProtocol(None)
    assert factory.names == ["log-1", "log-2", "log-1"]


def test_what_is_long_is_cut() -> None:
    factory = Logging(EarFactory(), "log", 14)
    wrapper = factory.buildProtocol(None)
    wrapper.makeConnection(StringTransport())
    wrapper.dataReceived(b"x" * 14)
    wrapper.dataReceived(b"y" * 15)
    wrapper.writeSequence([b"z" * 15])
    assert factory.file.getvalue().splitlines()[1:] == [
        "C 1: b'xxxxxxxxxxxxxx'",
        "C 1: b'yy<... elided>'",
        "SV 1: [b'zz<... elided>']",
    ]
    assert wrapper._mungeData("y" * 15) == "yy<... elided>"
    wrapper.lengthLimit = 3
    assert wrapper._mungeData(b"y" * 15) == b"<... elided>"


def test_the_file_is_opened_by_its_name(tmp_path: Any) -> None:
    factory = policies.TrafficLoggingFactory(EarFactory(), f"{tmp_path}/log")
    wrapper = factory.buildProtocol(None)
    wrapper.makeConnection(StringTransport())
    wrapper.logfile.close()
    assert (tmp_path / "log-1").read_text() == "*\n"

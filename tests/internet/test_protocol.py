"""Base classes of protocols and factories."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pytest
from zope.interface.verify import verifyClass

from pcstream.internet import interfaces, protocol
from pcstream.internet.defer import CancelledError
from pcstream.internet.error import ConnectionDone, NotConnectingError, UserError
from pcstream.internet.task import Clock
from pcstream.internet.testing import MemoryReactorClock, StringTransport
from pcstream.python import log
from pcstream.python.failure import Failure


@pytest.fixture
def logged() -> Any:
    """What is logged during the test."""
    texts: list[Any] = []

    def observe(event: dict[str, Any]) -> None:
        texts.append(log.textFromEventDict(event))

    log.addObserver(observe)
    yield texts
    log.removeObserver(observe)


class Proto(protocol.Protocol):
    pass


# Factories


def test_a_factory_builds_its_protocol() -> None:
    factory = protocol.Factory.forProtocol(Proto)
    built: Any = factory.buildProtocol(None)
    assert isinstance(built, Proto)
    assert built.factory is factory
    assert built.logPrefix() == "Proto"
    assert factory.logPrefix() == "Factory"


def test_a_factory_of_a_class_of_its_own() -> None:
    class Own(protocol.Factory):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.arguments = (args, kwargs)

    factory: Any = Own.forProtocol(Proto, 1, two=2)
    assert factory.arguments == ((1,), {"two": 2})
    assert factory.protocol is Proto


def test_a_factory_without_protocol_builds_none() -> None:
    with pytest.raises(AssertionError):
        protocol.Factory().buildProtocol(None)


def test_a_factory_starts_with_the_first_and_stops_with_the_last(logged: list[Any]) -> None:
    states: list[str] = []

    class Own(protocol.Factory):  # type: ignore[type-arg]
        def startFactory(self) -> None:
            states.append("start")

        def stopFactory(self) -> None:
            states.append("stop")

    factory = Own()
    for step in (factory.doStart, factory.doStart, factory.doStop, factory.doStop, factory.doStop):
        step()
    assert states == ["start", "stop"]
    assert factory.numPorts == 0
    assert logged == [f"Starting factory {factory!r}", f"Stopping factory {factory!r}"]
    factory.noisy = False
    factory.doStart()
    assert len(logged) == 2


def test_protocols_and_factories_are_what_they_declare() -> None:
    verifyClass(interfaces.IProtocol, protocol.Protocol)
    verifyClass(interfaces.ILoggingContext, protocol.DatagramProtocol)
    verifyClass(interfaces.IProcessProtocol, protocol.ProcessProtocol)
    for factory in (protocol.Factory, protocol.ClientFactory, protocol.ServerFactory):
        verifyClass(interfaces.IProtocolFactory, factory)


def test_a_protocol_takes_its_transport() -> None:
    made: list[Any] = []

    class Own(protocol.Protocol):
        def connectionMade(self) -> None:
            made.append((self.connected, self.transport))

    own = Own()
    assert own.connected == 0
    transport: Any = object()
    own.makeConnection(transport)
    assert made == [(1, transport)]
    own.dataReceived(b"")
    own.connectionLost()
    assert protocol.connectionDone.check(ConnectionDone)


# Reconnecting


class Connector:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def connect(self) -> None:
        self.calls.append("connect")

    def stopConnecting(self) -> None:
        self.calls.append("stop")


def reconnecting(**attributes: Any) -> Any:
    factory: Any = protocol.ReconnectingClientFactory()
    factory.clock = Clock()
    factory.jitter = None
    for name, value in attributes.items():
        setattr(factory, name, value)
    return factory


def test_each_wait_is_longer_than_the_one_before(logged: list[Any]) -> None:
    factory, connector = reconnecting(factor=2.5, maxDelay=5), Connector()
    waits = []
    for _ in range(4):
        factory.clientConnectionFailed(connector, None)
        (call,) = factory.clock.getDelayedCalls()
        waits.append(call.getTime() - factory.clock.seconds())
        factory.clock.advance(5)
    assert waits == [1, 2.5, 5, 5]
    assert connector.calls == ["connect"] * 4
    assert logged[:2] == [
        f"{connector} will retry in 1 seconds",
        f"{connector} will retry in 2 seconds",
    ]


def test_waits_scatter() -> None:
    waits = set()
    for _ in range(20):
        factory = reconnecting(jitter=0.1, noisy=False)
        factory.clientConnectionLost(Connector(), None)
        waits.add(factory.clock.getDelayedCalls()[0].getTime())
    assert len(waits) > 10
    assert 0.3 < min(waits) < max(waits) < 1.7


def test_it_gives_up_after_so_many(logged: list[Any]) -> None:
    factory, connector = reconnecting(maxRetries=2), Connector()
    for _ in range(3):
        factory.clientConnectionLost(connector, None)
        factory.clock.advance(10)
    assert connector.calls == ["connect"] * 2
    assert logged[-1] == f"Abandoning {connector} after 3 retries."
    factory.resetDelay()
    assert (factory.retries, factory.delay) == (0, 1)


def test_it_can_be_stopped_while_waiting(logged: list[Any]) -> None:
    factory, connector = reconnecting(), Connector()
    factory.clientConnectionFailed(connector, None)
    factory.stopTrying()
    assert factory.clock.getDelayedCalls() == []
    assert connector.calls == ["stop"]
    factory.clientConnectionFailed(connector, None)
    factory.retry(connector)
    assert factory.clock.getDelayedCalls() == []
    assert logged[-1] == f"Abandoning {connector} on explicit request"
    factory.resetDelay()
    factory.retry()
    factory.clock.advance(2)
    assert connector.calls == ["stop", "connect"]


def test_stopping_a_connector_that_stands_is_no_error() -> None:
    class Standing(Connector):
        def stopConnecting(self) -> None:
            raise NotConnectingError

    factory = reconnecting(connector=Standing())
    factory.stopTrying()
    assert not factory.continueTrying


def test_there_must_be_somebody_to_connect() -> None:
    with pytest.raises(ValueError, match="no connector to retry"):
        reconnecting().retry()


def test_what_is_under_way_is_not_pickled() -> None:
    factory: Any = protocol.ReconnectingClientFactory()
    factory.clock = Clock()
    factory.maxDelay = 7
    factory.clientConnectionFailed(Connector(), None)
    again = pickle.loads(pickle.dumps(factory))
    assert vars(again) == {"maxDelay": 7}


# Single connections


@pytest.mark.parametrize(
    ("method", "arguments", "keywords", "passed"),
    [
        ("connectTCP", ("h", 1), {"timeout": 2, "bindAddress": ("b", 3)}, ("h", 1, 2, ("b", 3))),
        ("connectUNIX", ("/p",), {"timeout": 2, "checkPID": True}, ("/p", 2, True)),
        ("connectSSL", ("h", 1, "c"), {"timeout": 2}, ("h", 1, "c", 2, None)),
    ],
)
def test_a_creator_connects_and_hands_over(
    method: str, arguments: Any, keywords: Any, passed: Any
) -> None:
    reactor = MemoryReactorClock()
    creator = protocol.ClientCreator(reactor, Proto)
    done = getattr(creator, method)(*arguments, **keywords)
    asked: Any = (reactor.tcpClients + reactor.unixClients + reactor.sslClients)[0]
    (factory,) = (x for x in asked if isinstance(x, protocol.ClientFactory))
    assert tuple(x for x in asked if x is not factory) == passed
    built = factory.buildProtocol(None)
    assert isinstance(built, Proto)
    assert repr(factory) == f"<ClientCreator factory: {built!r}>"
    results: list[Any] = []
    done.addCallback(results.append)
    assert results == []
    reactor.advance(0)
    assert results == [built]


def test_a_creator_passes_arguments_to_the_protocol() -> None:
    creator = protocol.ClientCreator(MemoryReactorClock(), dict, [("a", 1)], b=2)
    creator.connectTCP("h", 1)
    factory = creator.reactor.tcpClients[0][2]
    assert factory.buildProtocol(None) == {"a": 1, "b": 2}


def test_a_creator_reports_a_failure_a_turn_later() -> None:
    reactor = MemoryReactorClock()
    done = protocol.ClientCreator(reactor, Proto).connectTCP("h", 1)
    failures: list[Any] = []
    done.addErrback(failures.append)
    reason = Failure(UserError())
    reactor.tcpClients[0][2].clientConnectionFailed(None, reason)
    assert failures == []
    reactor.advance(0)
    assert failures == [reason]


@pytest.mark.parametrize("progress", ["connecting", "built", "failed"])
def test_a_creator_can_be_cancelled(progress: str) -> None:
    reactor = MemoryReactorClock()
    done = protocol.ClientCreator(reactor, Proto).connectTCP("h", 1)
    factory = reactor.tcpClients[0][2]
    if progress == "built":
        factory.buildProtocol(None).makeConnection(StringTransport())
    elif progress == "failed":
        factory.clientConnectionFailed(None, Failure(UserError()))
    failures: list[Any] = []
    done.addErrback(failures.append)
    done.cancel()
    assert reactor.connectors[0]._disconnected
    assert reactor.getDelayedCalls() == []
    assert [type(f.value) for f in failures] == [CancelledError]


# Datagrams


def test_a_datagram_protocol_starts_and_stops(logged: list[Any]) -> None:
    states: list[Any] = []

    class Own(protocol.DatagramProtocol):
        def startProtocol(self) -> None:
            states.append(("start", self.transport))

        def stopProtocol(self) -> None:
            states.append(("stop", self.transport))

    own, transport = Own(), object()
    own.makeConnection(transport)  # type: ignore[arg-type]
    assert own.numPorts == 1
    own.doStart()
    own.doStop()
    own.doStop()
    assert states == [("start", transport), ("stop", None)]
    assert logged == [f"Starting protocol {own}", f"Stopping protocol {own}"]
    with pytest.raises(AssertionError):
        own.doStop()
    own.makeConnection(transport)  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        own.makeConnection(transport)  # type: ignore[arg-type]


def test_a_datagram_protocol_is_pickled_without_its_transport() -> None:
    own = protocol.DatagramProtocol()
    own.noisy = False
    own.makeConnection(io.BytesIO())  # type: ignore[arg-type]
    again = pickle.loads(pickle.dumps(own))
    assert vars(again) == {"noisy": False, "transport": None, "numPorts": 1}


def test_what_is_not_overridden_does_nothing() -> None:
    plain = protocol.DatagramProtocol()
    plain.datagramReceived(b"", ("h", 1))
    plain.connectionRefused()
    joined = protocol.ConnectedDatagramProtocol()
    joined.datagramReceived(b"")
    joined.connectionFailed(None)
    assert joined.logPrefix() == "ConnectedDatagramProtocol"
    client: Any = protocol.ClientFactory()
    client.startedConnecting(None)
    client.clientConnectionFailed(None, None)
    client.clientConnectionLost(None, None)


# Processes


def test_the_standard_streams_have_methods_of_their_own() -> None:
    calls: list[Any] = []

    class Own(protocol.ProcessProtocol):
        def outReceived(self, data: bytes) -> None:
            calls.append(("out", data))

        def errReceived(self, data: bytes) -> None:
            calls.append(("err", data))

        def inConnectionLost(self) -> None:
            calls.append("in")

        def outConnectionLost(self) -> None:
            calls.append("out")

        def errConnectionLost(self) -> None:
            calls.append("err")

    own = Own()
    for descriptor in range(4):
        own.childDataReceived(descriptor, b"x")
        own.childConnectionLost(descriptor)
    assert calls == ["in", ("out", b"x"), "out", ("err", b"x"), "err"]
    own.processExited(None)  # type: ignore[arg-type]
    own.processEnded(None)  # type: ignore[arg-type]


# Files as transports


class BadFile:
    def write(self, data: bytes) -> None:
        raise ValueError("bad")

    def close(self) -> None:
        raise OSError("bad")


def test_a_file_wrapper_writes() -> None:
    wrapper = protocol.FileWrapper(io.BytesIO())
    wrapper.write(b"a")
    wrapper.writeSequence(piece for piece in (b"b", b"c"))
    assert wrapper.file.getvalue() == b"abc"
    assert (wrapper.getHost(), wrapper.getPeer()) == ("file", ("file", "file"))
    with pytest.raises(TypeError):
        wrapper.writeSequence(["d"])  # type: ignore[list-item]
    wrapper.pauseProducing()
    wrapper.resumeProducing()
    wrapper.stopProducing()
    assert wrapper.closed
    assert wrapper.file.closed


def test_a_file_wrapper_hands_exceptions_to_a_method() -> None:
    seen: list[Any] = []

    class Own(protocol.FileWrapper):
        def handleException(self) -> None:
            import sys

            seen.append(sys.exc_info()[0])

    wrapper = Own(BadFile())
    wrapper.write(b"x")
    wrapper.loseConnection()
    assert seen == [ValueError, OSError]
    assert wrapper.closed


def test_a_file_wrapper_asks_a_pull_producer_once() -> None:
    wrapper = protocol.FileWrapper(io.BytesIO())
    calls: list[str] = []

    class Producer:
        def resumeProducing(self) -> None:
            calls.append("resume")

    producer = Producer()
    wrapper.registerProducer(producer, False)
    wrapper.write(b"x")
    assert calls == ["resume"]
    assert wrapper.producer is producer
    assert wrapper.streamingProducer is False
    wrapper._checkProducer()
    assert calls == ["resume"] * 2
    wrapper.stopConsuming()
    assert wrapper.producer is None
    assert wrapper.closed
    wrapper._checkProducer()
    assert calls == ["resume"] * 2

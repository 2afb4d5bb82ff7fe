"""Connecting to a host with several addresses: whose turn it is, and who wins."""

from __future__ import annotations

import socket
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pcstream.internet import error
from pcstream.internet.address import HostnameAddress, IPv4Address, IPv6Address, UNIXAddress
from pcstream.internet.defer import Deferred, succeed
from pcstream.internet.endpoints import HostnameEndpoint, _SimpleHostnameResolver
from pcstream.internet.interfaces import IHostnameResolver, IResolutionReceiver
from pcstream.internet.protocol import Factory, Protocol
from pcstream.internet.tcp import makeBinding
from pcstream.internet.testing import MemoryReactorClock, StringTransport
from pcstream.python.failure import Failure
from pcstream.trial.unittest import SynchronousTestCase

DELAY = 0.3


def address(host: str) -> Any:
    kind = IPv6Address if ":" in host else IPv4Address
    return kind("TCP", host, 80)


@implementer(IHostnameResolver)
class Resolver:
    """Keeps the receiver, for the test to answer."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Any = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        self.receiver = resolutionReceiver
        self.asked.append((hostName, portNumber))
        resolutionReceiver.resolutionBegan(None)

    def answer(self, *addresses: Any) -> None:
        for found in addresses:
            self.receiver.addressResolved(found)
        self.receiver.resolutionComplete()


class Race(SynchronousTestCase):
    def setUp(self) -> None:
        self.start()

    def start(self, *hosts: str, **more: Any) -> None:
        self.reactor = MemoryReactorClock()
        self.resolver = Resolver()
        self.reactor.installNameResolver(self.resolver)
        self.endpoint = HostnameEndpoint(self.reactor, "host.example", 80, **more)
        self.connecting = self.endpoint.connect(Factory.forProtocol(Protocol))
        if hosts:
            self.resolver.answer(*map(address, hosts))

    def tried(self) -> list[str]:
        return [client[0] for client in self.reactor.tcpClients]

    def refuse(self, number: int) -> None:
        factory = self.reactor.tcpClients[number][2]
        factory.clientConnectionFailed(None, Failure(error.ConnectError(string=f"{number}")))

    def accept(self, number: int) -> tuple[Any, StringTransport]:
        protocol = self.reactor.tcpClients[number][2].buildProtocol(None)
        transport = StringTransport()
        protocol.makeConnection(transport)
        return protocol, transport

    def is_stopped(self, number: int) -> bool:
        stopped: bool = self.reactor.connectors[number].stoppedConnecting
        return stopped

    def test_the_name_is_looked_up(self) -> None:
        assert self.resolver.asked == [("host.example", 80)]
        assert verifyObject(IResolutionReceiver, self.resolver.receiver)

    def test_nothing_is_tried_before_the_look_up_is_complete(self) -> None:
        self.resolver.receiver.addressResolved(address("192.0.2.1"))
        assert self.tried() == []

    def test_in_order_and_each_a_delay_after_the_one_before(self) -> None:
        hosts = ["192.0.2.1", "2001:db8::1", "192.0.2.2"]
        self.start(*hosts)
        for count in (1, 2, 3):
            assert self.tried() == hosts[:count]
            self.reactor.advance(DELAY * 0.9)
            assert self.tried() == hosts[:count]
            self.reactor.advance(DELAY * 0.1 + 0.001)
        assert self.reactor.getDelayedCalls() == []
        self.assertNoResult(self.connecting)

    def test_a_refusal_does_not_hasten_the_next(self) -> None:
        self.start("192.0.2.1", "192.0.2.2", attemptDelay=12.5)
        self.refuse(0)
        self.reactor.advance(12)
        assert self.tried() == ["192.0.2.1"]
        self.reactor.advance(1)
        assert self.tried() == ["192.0.2.1", "192.0.2.2"]

    def test_the_first_connection_wins_and_ends_the_others(self) -> None:
        self.start("192.0.2.1", "192.0.2.2", "192.0.2.3")
        self.reactor.advance(DELAY)
        stopped: list[Any] = []
        self.connecting.addCallback(lambda protocol: stopped.append(self.is_stopped(0)) or protocol)
        winner, _ = self.accept(1)
        assert self.successResultOf(self.connecting) is winner._wrappedProtocol
        assert stopped == [True]  # before anybody hears of it
        assert self.reactor.getDelayedCalls() == []
        self.reactor.advance(10)
        assert self.tried() == ["192.0.2.1", "192.0.2.2"]

    def test_a_second_connection_is_dropped(self) -> None:
        self.start("192.0.2.1", "192.0.2.2")
        self.reactor.advance(DELAY)
        late = self.reactor.tcpClients[1][2].buildProtocol(None)
        self.accept(0)
        transport = StringTransport()
        late.makeConnection(transport)
        assert transport.disconnecting
        assert late._wrappedProtocol.transport is None

    def test_the_last_failure_counts(self) -> None:
        self.start("192.0.2.1", "192.0.2.2")
        self.reactor.advance(DELAY)
        self.refuse(1)
        self.assertNoResult(self.connecting)
        self.refuse(0)
        reason = self.failureResultOf(self.connecting, error.ConnectError)
        assert "0" in str(reason.value)

    def test_failing_does_not_wait_for_another_delay(self) -> None:
        self.start("192.0.2.1")
        self.refuse(0)
        self.failureResultOf(self.connecting, error.ConnectError)
        assert self.reactor.getDelayedCalls() == []

    def test_cancelling_the_attempts(self) -> None:
        self.start("192.0.2.1", "192.0.2.2", "192.0.2.3")
        self.reactor.advance(DELAY)
        self.connecting.cancel()
        reason = self.failureResultOf(self.connecting, error.ConnectingCancelledError)
        assert reason.value.address == HostnameAddress(b"host.example", 80)
        assert self.is_stopped(0)
        assert self.is_stopped(1)
        assert self.reactor.getDelayedCalls() == []

    def test_cancelling_the_look_up(self) -> None:
        self.connecting.cancel()
        self.failureResultOf(self.connecting, error.ConnectingCancelledError)
        self.resolver.answer(address("192.0.2.1"))
        assert self.tried() == []

    def test_no_addresses(self) -> None:
        self.resolver.answer()
        reason = self.failureResultOf(self.connecting, error.DNSLookupError)
        assert "host.example" in str(reason.value)

    def test_addresses_of_a_strange_kind(self) -> None:
        self.resolver.answer(UNIXAddress("/x"), object())
        self.failureResultOf(self.connecting, error.DNSLookupError)

    def test_a_factory_without_a_protocol(self) -> None:
        class Nothing(Factory):
            def buildProtocol(self, addr: Any) -> Any:
                return None

        connecting = self.endpoint.connect(Nothing())
        self.resolver.answer(address("192.0.2.1"))
        self.reactor.tcpClients[0][2].buildProtocol(None)
        self.failureResultOf(connecting, error.NoProtocol)

    def test_a_resolver_that_raises(self) -> None:
        def broken(*args: Any, **kwargs: Any) -> None:
            raise ZeroDivisionError()

        self.resolver.resolveHostName = broken  # type: ignore[method-assign]
        self.failureResultOf(self.endpoint.connect(Factory()), ZeroDivisionError)

    def test_timeout_and_bind_address(self) -> None:
        self.start("192.0.2.1", timeout=7, bindAddress=b"192.0.2.99")
        assert self.reactor.tcpClients[0][3:] == (7, ("192.0.2.99", 0))


#: What can happen while attempts are under way.
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.floats(0, 1)),
        st.tuples(st.just("refuse"), st.integers(0, 3)),
        st.tuples(st.just("accept"), st.integers(0, 3)),
        st.tuples(st.just("cancel"), st.just(0)),
    ),
    max_size=12,
)


@given(count=st.integers(1, 4), events=EVENTS)
def test_whatever_happens_there_is_one_result_and_nothing_stays(
    count: int, events: list[Any]
) -> None:
    reactor, resolver = MemoryReactorClock(), Resolver()
    reactor.installNameResolver(resolver)
    connecting = HostnameEndpoint(reactor, "h", 80).connect(Factory.forProtocol(Protocol))
    results: list[Any] = []
    connecting.addBoth(results.append)
    resolver.answer(*[address(f"192.0.2.{number}") for number in range(count)])
    finished: set[int] = set()
    for what, value in events:
        if what == "wait":
            reactor.advance(value)
        elif what == "cancel":
            connecting.cancel()
        elif (
            value < len(reactor.tcpClients)
            and value not in finished
            and not reactor.connectors[value].stoppedConnecting
        ):
            finished.add(value)
            factory = reactor.tcpClients[value][2]
            if what == "refuse":
                factory.clientConnectionFailed(None, Failure(error.ConnectError()))
            else:
                factory.buildProtocol(None).makeConnection(StringTransport())
    under_way = [
        number
        for number in range(len(reactor.tcpClients))
        if number not in finished and not reactor.connectors[number].stoppedConnecting
    ]
    if results:
        assert len(results) == 1
        assert not under_way
        assert not reactor.getDelayedCalls()
    else:
        assert under_way or reactor.getDelayedCalls()


@pytest.mark.parametrize(
    ("given_host", "octets", "text"),
    [
        ("host.example", b"host.example", "host.example"),
        (b"host.example", b"host.example", "host.example"),
        ("b\xfccher.example", b"xn--bcher-kva.example", "b\xfccher.example"),
        ("bu\u0308cher.example", b"xn--bcher-kva.example", "b\xfccher.example"),
        (b"xn--bcher-kva.example", b"xn--bcher-kva.example", "b\xfccher.example"),
        ("::1", b"::1", "::1"),
        (b"127.0.0.1", b"127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_host_as_bytes_and_as_text(given_host: Any, octets: bytes, text: str) -> None:
    endpoint = HostnameEndpoint(MemoryReactorClock(), given_host, 80)
    assert (endpoint._badHostname, endpoint._hostBytes, endpoint._hostText) == (False, octets, text)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("host.example", "<HostnameEndpoint host.example:80>"),
        ("b\xfccher.example", "<HostnameEndpoint xn--bcher-kva.example:80>"),
        ("::1", "<HostnameEndpoint [::1]:80>"),
        (b"\xff", "<HostnameEndpoint \\xff:80>"),
    ],
)
def test_how_it_shows(host: Any, shown: str) -> None:
    assert repr(HostnameEndpoint(MemoryReactorClock(), host, 80)) == shown


@pytest.mark.parametrize(("host", "shown"), [(b"\xff-x", "\\xff-x"), ("\u2ff0-x", "\\u2ff0-x")])
def test_what_is_no_name_fails_when_it_is_used(host: Any, shown: str) -> None:
    failures: list[Any] = []
    endpoint = HostnameEndpoint(MemoryReactorClock(), host, 80)
    endpoint.connect(Factory()).addErrback(failures.append)
    assert str(failures[0].value) == f"invalid hostname: {shown}"


@pytest.mark.parametrize(
    ("given_address", "kept"),
    [
        (None, None),
        ("192.0.2.1", ("192.0.2.1", 0)),
        (b"192.0.2.1", ("192.0.2.1", 0)),
        (("192.0.2.1", 5), ("192.0.2.1", 5)),
        ((b"192.0.2.1", 5), ("192.0.2.1", 5)),
        (makeBinding("192.0.2.1", 5), makeBinding("192.0.2.1", 5)),
    ],
)
def test_the_address_to_bind_to(given_address: Any, kept: Any) -> None:
    endpoint = HostnameEndpoint(MemoryReactorClock(), "h", 80, bindAddress=given_address)
    assert endpoint._bindAddress == kept


def test_a_reactor_without_a_resolver() -> None:
    with pytest.warns(DeprecationWarning, match="does not provide IReactorPluggableNameResolver"):
        endpoint = HostnameEndpoint(object(), "h", 80)
    asked: list[Any] = []

    def in_thread(f: Any, *args: Any) -> Deferred[Any]:
        asked.append(args)
        return succeed([])

    endpoint._deferToThread = in_thread
    failures: list[Any] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        endpoint.connect(Factory()).addErrback(failures.append)
    assert asked == [("h", 80, 0, socket.SOCK_STREAM)]
    assert failures[0].check(error.DNSLookupError)


class SimpleResolver(SynchronousTestCase):
    def setUp(self) -> None:
        self.answer: Deferred[Any] = Deferred()
        self.told: list[Any] = []
        resolver = _SimpleHostnameResolver(lambda name, port: self.answer)
        assert verifyObject(IHostnameResolver, resolver)
        resolver.resolveHostName(self, "h", 80)  # type: ignore[arg-type]

    def resolutionBegan(self, resolution: Any) -> None:
        self.told.append(resolution.name)

    def addressResolved(self, found: Any) -> None:
        self.told.append(found)

    def resolutionComplete(self) -> None:
        self.told.append("complete")

    def test_addresses(self) -> None:
        self.answer.callback(
            [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80)),
                (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::2", 80, 0, 0)),
                (socket.AF_UNIX, socket.SOCK_STREAM, 0, "", "path"),
            ]
        )
        assert self.told == ["h", address("192.0.2.1"), address("::2"), "complete"]

    def test_a_failure_is_logged(self) -> None:
        self.answer.errback(socket.gaierror(-2, "Name or service not known"))
        assert self.told == ["h", "complete"]
        assert len(self.flushLoggedErrors(socket.gaierror)) == 1

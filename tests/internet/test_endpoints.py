"""Endpoints over real sockets, pipes and processes, and what becomes of the ones that fail."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pcstream.internet import endpoints, error, interfaces, reactor
from pcstream.internet.address import IPv4Address, IPv6Address, UNIXAddress
from pcstream.internet.defer import CancelledError, Deferred, fail, succeed
from pcstream.internet.endpoints import (
    AdoptedStreamServerEndpoint,
    HostnameEndpoint,
    ProcessEndpoint,
    StandardErrorBehavior,
    StandardIOEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
    connectProtocol,
)
from pcstream.internet.protocol import Factory, Protocol
from pcstream.internet.stdio import PipeAddress
from pcstream.internet.testing import MemoryReactorClock
from pcstream.python import log
from pcstream.trial.unittest import TestCase

LOOPBACK = "127.0.0.1"


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as skt:
            skt.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")


class Recorder(Protocol):
    """Keeps what arrives; its Deferreds fire at what happens."""

    def __init__(self) -> None:
        self.received = b""
        self.made: Deferred[Any] = Deferred()
        self.lost: Deferred[Any] = Deferred()
        self.got: Deferred[bytes] = Deferred()

    def connectionMade(self) -> None:
        self.made.callback(self)

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if not self.got.called and self.received.endswith(b"."):
            self.got.callback(self.received)

    def connectionLost(self, reason: Any = None) -> None:
        self.lost.callback(reason.value)


class Recorders(Factory):
    noisy = False

    def __init__(self) -> None:
        self.accepted: Deferred[Recorder] = Deferred()
        self.address: Any = None

    def buildProtocol(self, addr: Any) -> Any:
        self.address = addr
        made = Recorder()
        made.factory = self
        if not self.accepted.called:
            made.made.addCallback(self.accepted.callback)
        return made


class Nothing(Factory):
    noisy = False

    def buildProtocol(self, addr: Any) -> Any:
        return None


class Broken(Factory):
    noisy = False

    def buildProtocol(self, addr: Any) -> Any:
        raise ZeroDivisionError("no protocol today")


class EndpointTestCase(TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    async def listen(self, endpoint: Any, factory: Any) -> Any:
        port = await endpoint.listen(factory)
        self.addCleanup(port.stopListening)
        return port

    async def exchange(self, server: Any, client_for: Any) -> tuple[Recorder, Recorder, Any]:
        """Connect, say something both ways, and let go."""
        factory = Recorders()
        port = await self.listen(server, factory)
        near = await client_for(port.getHost()).connect(Recorders())
        far = await factory.accepted
        near.transport.write(b"from the client.")
        assert await far.got == b"from the client."
        far.transport.write(b"from the server.")
        assert await near.got == b"from the server."
        near.transport.loseConnection()
        assert type(await near.lost) is error.ConnectionDone
        await far.lost
        return near, far, port.getHost()


class Sockets(EndpointTestCase):
    async def test_tcp4(self) -> None:
        _, _, where = await self.exchange(
            TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK),
            lambda where: TCP4ClientEndpoint(reactor, LOOPBACK, where.port),
        )
        assert isinstance(where, IPv4Address)

    @needs_ipv6
    async def test_tcp6(self) -> None:
        _, _, where = await self.exchange(
            TCP6ServerEndpoint(reactor, 0, interface="::1"),
            lambda where: TCP6ClientEndpoint(reactor, "::1", where.port),
        )
        assert isinstance(where, IPv6Address)

    async def test_unix(self) -> None:
        path = str(self.directory / "socket")
        _, _, where = await self.exchange(
            UNIXServerEndpoint(reactor, path, mode=0o600, wantPID=True),
            lambda where: UNIXClientEndpoint(reactor, path, checkPID=True),
        )
        assert where == UNIXAddress(path)
        assert not Path(path).exists() or Path(path).stat().st_mode & 0o777 == 0o600

    async def test_host_by_name(self) -> None:
        await self.exchange(
            TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK),
            lambda where: HostnameEndpoint(reactor, "localhost", where.port),
        )

    async def test_host_by_address(self) -> None:
        await self.exchange(
            TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK),
            lambda where: HostnameEndpoint(reactor, LOOPBACK, where.port, bindAddress=LOOPBACK),
        )

    async def test_from_strings(self) -> None:
        path = endpoints.quoteStringArgument(str(self.directory / "a:b"))
        await self.exchange(
            endpoints.serverFromString(reactor, f"unix:{path}:mode=600"),
            lambda where: endpoints.clientFromString(reactor, f"unix:{path}:timeout=5"),
        )

    async def test_adopted(self) -> None:
        skt = socket.socket()
        skt.bind((LOOPBACK, 0))
        skt.listen(5)
        number = skt.getsockname()[1]
        descriptor = skt.detach()
        endpoint = AdoptedStreamServerEndpoint(reactor, descriptor, socket.AF_INET)
        await self.exchange(endpoint, lambda where: TCP4ClientEndpoint(reactor, LOOPBACK, number))
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
        with pytest.raises(error.AlreadyListened):
            await endpoint.listen(Recorders())

    async def test_adopting_what_cannot_listen(self) -> None:
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        endpoint = AdoptedStreamServerEndpoint(reactor, reader, socket.AF_INET)
        with pytest.raises(OSError, match="socket"):
            await endpoint.listen(Recorders())
        os.fstat(reader)  # still ours

    async def test_nobody_listens(self) -> None:
        with socket.socket() as skt:
            skt.bind((LOOPBACK, 0))
            number = skt.getsockname()[1]
            with pytest.raises(error.ConnectionRefusedError):
                await TCP4ClientEndpoint(reactor, LOOPBACK, number).connect(Recorders())

    async def test_no_such_path(self) -> None:
        path = str(self.directory / "nowhere")
        with pytest.raises(error.ConnectError):
            await UNIXClientEndpoint(reactor, path).connect(Recorders())

    async def test_somebody_listens_already(self) -> None:
        port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK), Recorders())
        taken = TCP4ServerEndpoint(reactor, port.getHost().port, interface=LOOPBACK)
        with pytest.raises(error.CannotListenError):
            await taken.listen(Recorders())

    async def test_a_host_that_refuses_says_so_at_once(self) -> None:
        with socket.socket() as skt:
            skt.bind((LOOPBACK, 0))
            endpoint = HostnameEndpoint(
                reactor, LOOPBACK, skt.getsockname()[1], attemptDelay=1_000_000
            )
            with pytest.raises(error.ConnectionRefusedError):
                await endpoint.connect(Recorders())

    async def test_connectProtocol(self) -> None:
        factory = Recorders()
        port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK), factory)
        endpoint = TCP4ClientEndpoint(reactor, LOOPBACK, port.getHost().port)
        mine = Recorder()
        assert await connectProtocol(endpoint, mine) is mine
        far = await factory.accepted
        mine.transport.abortConnection()
        await mine.lost
        await far.lost


class WhatConnectReports(EndpointTestCase):
    async def endpoint(self) -> TCP4ClientEndpoint:
        port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK), Recorders())
        return TCP4ClientEndpoint(reactor, LOOPBACK, port.getHost().port)

    async def test_a_factory_without_a_protocol(self) -> None:
        with pytest.raises(error.NoProtocol):
            await (await self.endpoint()).connect(Nothing())

    async def test_a_factory_that_raises(self) -> None:
        with pytest.raises(ZeroDivisionError):
            await (await self.endpoint()).connect(Broken())

    async def test_a_protocol_that_raises_when_it_is_connected(self) -> None:
        class Shy(Protocol):
            def connectionMade(self) -> None:
                raise ZeroDivisionError("not now")

        factory = Recorders()
        port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK), factory)
        endpoint = TCP4ClientEndpoint(reactor, LOOPBACK, port.getHost().port)
        with pytest.raises(ZeroDivisionError):
            await endpoint.connect(Factory.forProtocol(Shy))
        await (await factory.accepted).lost
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    async def test_cancelling(self) -> None:
        connecting = (await self.endpoint()).connect(Recorders())
        connecting.cancel()
        with pytest.raises(error.ConnectingCancelledError) as caught:
            await connecting
        assert isinstance(caught.value.address, IPv4Address)

    async def test_cancelling_while_the_protocol_is_built(self) -> None:
        lost: list[Any] = []

        class Cancelling(Factory):
            noisy = False

            def buildProtocol(self, addr: Any) -> Any:
                connecting.cancel()
                made = Recorder()
                made.lost.addCallback(lost.append)
                return made

        factory = Recorders()
        port = await self.listen(TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK), factory)
        endpoint = TCP4ClientEndpoint(reactor, LOOPBACK, port.getHost().port)
        connecting = endpoint.connect(Cancelling())
        with pytest.raises(error.ConnectingCancelledError):
            await connecting
        far = await factory.accepted
        await far.lost
        assert not lost  # never connected, so nothing is lost

    def test_cancelling_before_the_attempt_has_begun(self) -> None:
        wrapper = endpoints._WrappingFactory(Recorders())
        wrapper._onConnection.cancel()
        self.failureResultOf(wrapper._onConnection, CancelledError)


class WrappedProtocols(TestCase):
    def test_optional_interfaces_are_passed_on(self) -> None:
        calls: list[Any] = []

        @implementer(
            interfaces.IHalfCloseableProtocol,
            interfaces.IFileDescriptorReceiver,
            interfaces.IHandshakeListener,
        )
        class Everything(Protocol):
            def readConnectionLost(self) -> None:
                calls.append("read")

            def writeConnectionLost(self) -> None:
                calls.append("write")

            def fileDescriptorReceived(self, descriptor: int) -> None:
                calls.append(descriptor)

            def handshakeCompleted(self) -> None:
                calls.append("handshake")

        wrapper = endpoints._WrappingProtocol(Deferred(), Everything())
        for interface in (
            interfaces.IHalfCloseableProtocol,
            interfaces.IFileDescriptorReceiver,
            interfaces.IHandshakeListener,
        ):
            assert verifyObject(interface, wrapper)
            plain = endpoints._WrappingProtocol(Deferred(), Protocol())
            assert not interface.providedBy(plain)
        wrapper.readConnectionLost()
        wrapper.writeConnectionLost()
        wrapper.fileDescriptorReceived(7)
        wrapper.handshakeCompleted()
        assert calls == ["read", "write", 7, "handshake"]

    def test_the_deferred_fires_after_connectionMade(self) -> None:
        events: list[Any] = []

        class Noting(Protocol):
            def connectionMade(self) -> None:
                events.append("made")

        factory = endpoints._WrappingFactory(Factory.forProtocol(Noting))
        factory._onConnection.addCallback(lambda protocol: events.append(type(protocol)))
        factory.buildProtocol(None).makeConnection(object())
        assert events == ["made", Noting]


class Resolving6(TestCase):
    """A TCP6ClientEndpoint with a name."""

    def connect(self, answer: Any) -> tuple[MemoryReactorClock, Any]:
        memory = MemoryReactorClock()
        endpoint = TCP6ClientEndpoint(memory, "host.example", 80)
        endpoint._nameResolution = lambda host: answer
        return memory, endpoint.connect(Recorders())

    def test_the_first_address_is_used(self) -> None:
        found = [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (host, 0, 0, 0)) for host in ("::2", "::3")
        ]
        memory, _ = self.connect(succeed(found))
        assert [client[:2] for client in memory.tcpClients] == [("::2", 80)]

    def test_no_address(self) -> None:
        _, connecting = self.connect(succeed([]))
        reason = self.failureResultOf(connecting, error.DNSLookupError)
        assert "host.example" in str(reason.value)

    def test_the_look_up_fails(self) -> None:
        _, connecting = self.connect(fail(socket.gaierror(-2, "Name or service not known")))
        self.failureResultOf(connecting, socket.gaierror)


class StandardStreams(EndpointTestCase):
    def test_the_protocol_gets_the_streams(self) -> None:
        class Streams:
            def __init__(self, protocol: Any, reactor: Any = None) -> None:
                self.protocol, self.reactor = protocol, reactor

        endpoint = StandardIOEndpoint("a reactor")
        endpoint._stdio = Streams  # type: ignore[assignment]
        factory = Recorders()
        streams = self.successResultOf(endpoint.listen(factory))
        assert isinstance(streams.protocol, Recorder)
        assert streams.reactor == "a reactor"
        assert isinstance(factory.address, PipeAddress)

    def test_no_protocol(self) -> None:
        endpoint = StandardIOEndpoint(object())
        self.failureResultOf(endpoint.listen(Nothing()), error.NoProtocol)
        self.failureResultOf(endpoint.listen(Broken()), ZeroDivisionError)


class Processes(EndpointTestCase):
    def run_python(self, program: str, **more: Any) -> ProcessEndpoint:
        return ProcessEndpoint(
            reactor, sys.executable, [sys.executable, "-c", program], env=None, **more
        )

    async def test_what_a_child_echoes(self) -> None:
        endpoint = self.run_python(
            "import sys; print(sys.stdin.readline(), end='', flush=True); sys.stdin.read()"
        )
        protocol = await endpoint.connect(Recorders())
        for interface in (
            interfaces.ITransport,
            interfaces.IConsumer,
            interfaces.IPushProducer,
            interfaces.IProcessTransport,
        ):
            assert verifyObject(interface, protocol.transport)
        protocol.transport.writeSequence([b"echo ", b"this\n"])
        await protocol.made
        protocol.transport.closeStdin()
        assert type(await protocol.lost) is error.ConnectionDone
        assert protocol.received == b"echo this\n"

    async def test_a_child_that_fails(self) -> None:
        protocol = await self.run_python("raise SystemExit(3)").connect(Recorders())
        reason = await protocol.lost
        assert isinstance(reason, error.ProcessTerminated)
        assert reason.exitCode == 3

    async def what_is_logged(self, behavior: Any) -> list[str]:
        said: list[str] = []

        def observer(event: Any) -> None:
            if "executable" in event:
                said.append(log.textFromEventDict(event) or "")

        log.addObserver(observer)
        self.addCleanup(log.removeObserver, observer)
        program = "import sys; sys.stderr.write('oh no')"
        protocol = await self.run_python(program, errFlag=behavior).connect(Recorders())
        await protocol.lost
        return said

    async def test_standard_error_is_logged(self) -> None:
        [line] = await self.what_is_logged(StandardErrorBehavior.LOG)
        assert "wrote stderr unhandled by" in line
        assert "oh no" in line

    async def test_standard_error_is_dropped(self) -> None:
        assert await self.what_is_logged(StandardErrorBehavior.DROP) == []

    def test_the_behaviors_are_constants(self) -> None:
        assert list(StandardErrorBehavior.iterconstants()) == [
            StandardErrorBehavior.LOG,
            StandardErrorBehavior.DROP,
        ]
        assert StandardErrorBehavior.lookupByName("DROP") is StandardErrorBehavior.DROP
        assert repr(StandardErrorBehavior.LOG) == "<StandardErrorBehavior=LOG>"
        with pytest.raises(TypeError):
            StandardErrorBehavior()

    def test_no_protocol(self) -> None:
        endpoint = ProcessEndpoint(reactor, "/nonexistent")
        self.failureResultOf(endpoint.connect(Nothing()), error.NoProtocol)
        self.failureResultOf(endpoint.connect(Broken()), ZeroDivisionError)


class Wrappers(TestCase):
    def test_the_names_are_exactly_those(self) -> None:
        for name in endpoints.__all__:
            assert hasattr(endpoints, name)

    def test_endpoints_provide_their_interfaces(self) -> None:
        memory = MemoryReactorClock()
        below = TCP4ServerEndpoint(memory, 0)
        for server in (
            below,
            TCP6ServerEndpoint(memory, 0),
            UNIXServerEndpoint(memory, "path"),
            AdoptedStreamServerEndpoint(memory, 3, socket.AF_INET),
            StandardIOEndpoint(memory),
            endpoints.SSL4ServerEndpoint(memory, 0, object()),
            endpoints._WrapperServerEndpoint(below, lambda factory: factory),
        ):
            assert verifyObject(interfaces.IStreamServerEndpoint, server)
        for client in (
            TCP4ClientEndpoint(memory, "host", 1),
            TCP6ClientEndpoint(memory, "host", 1),
            UNIXClientEndpoint(memory, "path"),
            HostnameEndpoint(memory, "host", 1),
            endpoints.SSL4ClientEndpoint(memory, "host", 1, object()),
            endpoints._WrapperEndpoint(below, lambda factory: factory),
        ):
            assert verifyObject(interfaces.IStreamClientEndpoint, client)

    def test_an_unknown_name(self) -> None:
        with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
            _ = endpoints.nonsense

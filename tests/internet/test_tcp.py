"""TCP over real loopback sockets, and running out of what a port needs."""

from __future__ import annotations

import errno
import os
import resource
import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pcstream.internet import error, interfaces, reactor, tcp
from pcstream.internet.address import IPv4Address, IPv6Address
from pcstream.internet.defer import Deferred, fail, succeed
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.internet.task import deferLater
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
    """Keeps what arrives and tells of each thing that happens."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.made: Deferred[Recorder] = Deferred()
        self.lost: Deferred[Any] = Deferred()
        self.wanted: tuple[int, Deferred[None]] | None = None

    def connectionMade(self) -> None:
        self.peer = self.transport.getPeer()
        self.made.callback(self)

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if self.wanted is not None and len(self.received) >= self.wanted[0]:
            wanted, self.wanted = self.wanted, None
            wanted[1].callback(None)

    def connectionLost(self, reason: Any = None) -> None:
        self.reason = reason
        self.lost.callback(None)

    def until(self, size: int) -> Deferred[None]:
        """Fires when *size* bytes have arrived."""
        if len(self.received) >= size:
            return succeed(None)
        wanted: Deferred[None] = Deferred()
        self.wanted = (size, wanted)
        return wanted


class Server(Factory):
    noisy = False

    def __init__(self) -> None:
        self.protocols: list[Recorder] = []
        self.addresses: list[Any] = []
        self.next: Deferred[Recorder] = Deferred()

    def buildProtocol(self, address: Any) -> Any:
        self.addresses.append(address)
        made = Recorder()
        made.factory = self
        self.protocols.append(made)
        waiting, self.next = self.next, Deferred()
        made.made.addCallback(waiting.callback)
        return made


class Client(ClientFactory):
    noisy = False

    def __init__(self) -> None:
        self.protocol_made = Recorder()
        self.failed: Deferred[Any] = Deferred()
        self.failed.addErrback(lambda failure: failure.value)
        self.lost: Deferred[Any] = Deferred()

    def buildProtocol(self, address: Any) -> Any:
        self.address = address
        self.protocol_made.factory = self
        return self.protocol_made

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        self.failed.errback(reason)

    def clientConnectionLost(self, connector: Any, reason: Any) -> None:
        self.lost.callback(reason.value)


class TCPTestCase(TestCase):
    def listen(self, factory: Any = None, interface: str = LOOPBACK, **more: Any) -> Any:
        port = reactor.listenTCP(0, factory or Server(), interface=interface, **more)
        self.addCleanup(port.stopListening)
        return port

    async def pair(self, interface: str = LOOPBACK) -> tuple[Recorder, Recorder]:
        """A connected client and server protocol."""
        server = Server()
        accepted = server.next
        port = self.listen(server, interface)
        client = Client()
        reactor.connectTCP(interface, port.getHost().port, client)
        near = await client.protocol_made.made
        far = await accepted
        for protocol in (near, far):
            self.addCleanup(self._drop, protocol)
        return near, far

    async def _drop(self, protocol: Recorder) -> None:
        if protocol.transport.connected:
            protocol.transport.abortConnection()
            await protocol.lost

    async def failure_of(self, host: str, port: Any, **more: Any) -> Any:
        client = Client()
        reactor.connectTCP(host, port, client, **more)
        return await client.failed


class Connections(TCPTestCase):
    async def test_both_ways(self) -> None:
        near, far = await self.pair()
        near.transport.write(b"a" * 3_000_000)
        far.transport.write(b"b" * 3_000_000)
        await far.until(3_000_000)
        await near.until(3_000_000)
        assert near.received == b"b" * 3_000_000
        assert far.received == b"a" * 3_000_000

    async def test_endless_partial_writes(self) -> None:
        near, far = await self.pair()
        send = near.transport.writeSomeData
        sizes: list[int] = []

        def send_a_little(data: bytes) -> Any:
            sent = send(data[: 1 + len(sizes) % 7919])
            sizes.append(sent)
            return sent

        near.transport.writeSomeData = send_a_little
        expected = b"".join(b"%07d" % n for n in range(60_000))
        near.transport.writeSequence([expected[:100_001], expected[100_001:]])
        await far.until(len(expected))
        assert far.received == expected
        assert len(sizes) > 100

    async def test_addresses(self) -> None:
        near, far = await self.pair()
        host, peer = near.transport.getHost(), near.transport.getPeer()
        assert isinstance(host, IPv4Address)
        assert (host, peer) == (far.transport.getPeer(), far.transport.getHost())
        assert far.factory.addresses == [host]
        assert near.factory.address == peer
        assert host.type == "TCP"

    @needs_ipv6
    async def test_addresses_of_IPv6(self) -> None:
        near, far = await self.pair("::1")
        host, peer = near.transport.getHost(), near.transport.getPeer()
        assert isinstance(host, IPv6Address)
        assert (host, peer) == (far.transport.getPeer(), far.transport.getHost())
        assert far.factory.addresses == [host]
        assert host.host == "::1"

    async def test_names_in_the_log_and_in_reprs(self) -> None:
        near, far = await self.pair()
        assert near.transport.logPrefix() == "Recorder,client"
        assert far.transport.logPrefix() == f"Recorder,0,{LOOPBACK}"
        port = far.transport.getHost().port
        assert repr(far.transport) == f"<Recorder #0 on {port}>"
        assert repr(near.transport) == (
            f"<<class 'pcstream.internet.tcp.Client'> to ('{LOOPBACK}', {port})"
            f" at {id(near.transport):x}>"
        )

    async def test_options(self) -> None:
        near, _ = await self.pair()
        transport = near.transport
        assert verifyObject(interfaces.ITCPTransport, transport)
        assert verifyObject(interfaces.ISystemHandle, transport)
        skt = transport.getHandle()
        for get, set_, level, option in (
            ("getTcpNoDelay", "setTcpNoDelay", socket.IPPROTO_TCP, socket.TCP_NODELAY),
            ("getTcpKeepAlive", "setTcpKeepAlive", socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        ):
            assert getattr(transport, get)() is False
            getattr(transport, set_)(True)
            assert getattr(transport, get)() is True
            assert skt.getsockopt(level, option)
            getattr(transport, set_)(False)
            assert getattr(transport, get)() is False

    async def test_what_is_gone_once_lost(self) -> None:
        near, far = await self.pair()
        transport = near.transport
        transport.loseConnection()
        await near.lost
        await far.lost
        assert not hasattr(transport, "socket")
        assert not hasattr(transport, "protocol")
        assert transport.fileno() == -1
        assert transport.connected == 0
        assert transport.disconnected == 1
        assert transport not in reactor.getReaders() + reactor.getWriters()

    async def test_losing_tells_protocol_then_factory(self) -> None:
        near, far = await self.pair()
        order: list[str] = []
        near.lost.addCallback(lambda ignored: order.append("protocol"))
        near.factory.lost.addCallback(lambda ignored: order.append("factory"))
        far.transport.loseConnection()
        await near.factory.lost
        assert order == ["protocol", "factory"]

    async def test_an_abort_is_a_reset(self) -> None:
        near, far = await self.pair()
        near.transport.write(b"x" * 10_000_000)
        near.transport.abortConnection()
        await near.lost
        await far.lost
        assert near.reason.check(error.ConnectionAborted)
        assert far.reason.check(error.ConnectionLost)

    async def test_a_peer_that_resets_while_much_waits(self) -> None:
        near, far = await self.pair()
        far.transport.pauseProducing()
        near.transport.write(b"x" * 10_000_000)
        await deferLater(reactor, 0)
        far.transport.abortConnection()
        await near.lost
        assert near.reason.check(error.ConnectionLost)
        assert near.transport._outbox.size == 0

    async def test_an_exception_in_dataReceived_is_the_reason(self) -> None:
        near, far = await self.pair()

        def bug(data: bytes) -> None:
            raise ZeroDivisionError

        far.dataReceived = bug  # type: ignore[method-assign]
        near.transport.write(b"x")
        await far.lost
        await near.lost
        assert far.reason.check(ZeroDivisionError)
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    async def read_sizes(self, near: Recorder, far: Recorder, size: int) -> list[int]:
        """How much *far* is given at a time of what *near* writes."""
        sizes: list[int] = []
        keep = far.dataReceived

        def measure(data: bytes) -> None:
            sizes.append(len(data))
            keep(data)

        far.dataReceived = measure  # type: ignore[method-assign]
        before = len(far.received)
        near.transport.write(b"x" * size)
        await far.until(before + size)
        del far.dataReceived
        return sizes

    async def test_reading_64_KiB_at_a_time(self) -> None:
        near, far = await self.pair()
        assert max(await self.read_sizes(near, far, 3_000_000)) <= 64 * 1024

    async def test_reading_no_more_than_a_bufferSize_of_ones_own(self) -> None:
        near, far = await self.pair()
        for own in (1000, 63 * 1024, 100_000):
            far.transport.bufferSize = own
            sizes = await self.read_sizes(near, far, 1_000_000)
            assert max(sizes) <= own


class Connecting(TCPTestCase):
    def free_port(self) -> int:
        with socket.socket() as skt:
            skt.bind((LOOPBACK, 0))
            number: int = skt.getsockname()[1]
            return number

    async def test_refused(self) -> None:
        failure = await self.failure_of(LOOPBACK, self.free_port())
        assert type(failure) is error.ConnectionRefusedError
        assert failure.osError == errno.ECONNREFUSED

    async def test_ports_that_are_none(self) -> None:
        for number in (70_000, -1):
            failure = await self.failure_of(LOOPBACK, number)
            assert type(failure) is OverflowError

    @needs_ipv6
    async def test_ports_that_are_none_over_IPv6(self) -> None:
        assert type(await self.failure_of("::1", 70_000)) is OverflowError
        assert type(await self.failure_of("::1", -1)) is socket.gaierror

    async def test_service_names(self) -> None:
        with pytest.raises(error.ServiceNameUnknownError) as raised:
            reactor.connectTCP(LOOPBACK, "no such service", Client())
        assert str(raised.value) == (
            "Service name given as port is unknown: service/proto not found ('no such service')."
        )
        port = self.listen()
        self.patch(socket, "getservbyname", lambda name, protocol: port.getHost().port)
        client = Client()
        connector = reactor.connectTCP(LOOPBACK, "http", client)
        await client.protocol_made.made
        assert connector.getDestination() == IPv4Address("TCP", LOOPBACK, port.getHost().port)
        connector.disconnect()
        await client.protocol_made.lost

    async def test_names_are_resolved(self) -> None:
        self.patch(reactor, "resolve", lambda name: succeed(LOOPBACK))
        server = Server()
        port = self.listen(server)
        client = Client()
        reactor.connectTCP("somewhere.invalid", port.getHost().port, client)
        near = await client.protocol_made.made
        assert near.transport.getPeer().host == LOOPBACK
        assert near.transport.addr == ("somewhere.invalid", port.getHost().port)
        near.transport.loseConnection()
        await near.lost

    async def test_names_that_are_none(self) -> None:
        self.patch(reactor, "resolve", lambda name: fail(error.DNSLookupError(name)))
        failure = await self.failure_of("nowhere.invalid", 80)
        assert type(failure) is error.DNSLookupError

    async def test_a_time_out(self) -> None:
        with socket.socket() as skt:
            skt.bind((LOOPBACK, 0))
            skt.listen(0)
            fillers = []
            for _ in range(3):  # more than may wait to be accepted: the next gets no answer
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(skt.getsockname())
                fillers.append(filler)
            failure = await self.failure_of(*skt.getsockname(), timeout=0.02)
            for filler in fillers:
                filler.close()
        assert type(failure) is error.TimeoutError

    async def test_giving_up(self) -> None:
        port = self.listen()
        client = Client()
        connector = reactor.connectTCP(LOOPBACK, port.getHost().port, client)
        attempt = connector.transport
        connector.stopConnecting()
        failure = await client.failed
        assert type(failure) is error.UserError
        assert not hasattr(attempt, "socket")
        with pytest.raises(error.NotConnectingError):
            connector.stopConnecting()

    async def test_aborting_an_attempt(self) -> None:
        port = self.listen()
        client = Client()
        connector = reactor.connectTCP(LOOPBACK, port.getHost().port, client)
        connector.transport.abortConnection()
        failure = await client.failed
        assert type(failure) is error.ConnectError

    async def test_writing_to_an_attempt_is_silent(self) -> None:
        server = Server()
        accepted = server.next
        port = self.listen(server)
        client = Client()
        connector = reactor.connectTCP(LOOPBACK, port.getHost().port, client)
        connector.transport.write(b"too early")
        connector.transport.loseConnection()
        near, far = await client.protocol_made.made, await accepted
        near.transport.write(b"in time")
        near.transport.loseConnection()
        await far.lost
        assert far.received == b"in time"

    async def test_from_an_address_of_choice(self) -> None:
        server = Server()
        accepted = server.next
        port = self.listen(server)
        local = self.free_port()
        client = Client()
        reactor.connectTCP(LOOPBACK, port.getHost().port, client, bindAddress=(LOOPBACK, local))
        far = await accepted
        assert far.transport.getPeer().port == local
        far.transport.abortConnection()
        await far.lost
        await client.protocol_made.lost

    async def test_from_an_address_that_is_not_ours(self) -> None:
        failure = await self.failure_of(LOOPBACK, 9, bindAddress=("192.0.2.1", 0))
        assert type(failure) is error.ConnectBindError
        with socket.socket() as taken:
            taken.bind((LOOPBACK, 0))
            taken.listen()
            failure = await self.failure_of(LOOPBACK, 9, bindAddress=taken.getsockname())
            assert type(failure) is error.ConnectBindError
        with pytest.raises(OverflowError):
            reactor.connectTCP(LOOPBACK, 9, Client(), bindAddress=(LOOPBACK, 99_999))

    async def test_no_socket_to_be_had(self) -> None:
        def refuse(client: Any) -> None:
            raise OSError(errno.EMFILE, "no more")

        self.patch(tcp.Client, "createInternetSocket", refuse)
        failure = await self.failure_of(LOOPBACK, 9)
        assert type(failure) is error.ConnectBindError

    async def test_a_factory_that_makes_no_protocol(self) -> None:
        server = Server()
        accepted = server.next
        port = self.listen(server)
        client = Client()
        client.buildProtocol = lambda address: None  # type: ignore[method-assign]
        reactor.connectTCP(LOOPBACK, port.getHost().port, client)
        far = await accepted
        await far.lost
        assert type(await client.lost) is error.ConnectionDone

    async def test_a_factory_that_raises(self) -> None:
        port = self.listen()
        client = Client()

        def bug(address: Any) -> None:
            raise ZeroDivisionError

        client.buildProtocol = bug  # type: ignore[method-assign]
        reactor.connectTCP(LOOPBACK, port.getHost().port, client)
        failure = await client.failed
        assert type(failure) is error.ConnectError
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1
        await port.factory.protocols[0].lost

    async def test_again_after_a_loss(self) -> None:
        server = Server()
        port = self.listen(server)
        rounds: list[Recorder] = []
        over: Deferred[None] = Deferred()

        class Persistent(Client):
            def buildProtocol(self, address: Any) -> Any:
                rounds.append(Recorder())
                rounds[-1].made.addCallback(lambda made: made.transport.loseConnection())
                return rounds[-1]

            def clientConnectionLost(self, connector: Any, reason: Any) -> None:
                connector.connect() if len(rounds) < 3 else over.callback(None)

        reactor.connectTCP(LOOPBACK, port.getHost().port, Persistent())
        await over
        assert len(rounds) == 3
        for protocol in server.protocols:
            await protocol.lost


class Ports(TCPTestCase):
    async def test_its_life(self) -> None:
        logged: list[Any] = []
        log.addObserver(logged.append)
        self.addCleanup(log.removeObserver, logged.append)
        told: list[str] = []
        factory = Server()
        factory.doStart = lambda: told.append("start")  # type: ignore[method-assign]
        factory.doStop = lambda: told.append("stop")  # type: ignore[method-assign]
        port = tcp.Port(0, factory, interface=LOOPBACK)
        assert verifyObject(interfaces.IListeningPort, port)
        assert repr(port) == f"<{tcp.Port} of {Server} (not listening)>"
        assert port.stopListening() is None
        for _ in range(2):  # a stopped one can be started again
            port.startListening()
            number = port.getHost().port
            assert repr(port) == f"<{tcp.Port} of {Server} on {number}>"
            assert port.logPrefix().endswith("test_tcp.Server")
            await port.stopListening()
            assert not hasattr(port, "socket")
            assert port.fileno() == -1
        assert told == ["start", "stop"] * 2
        texts = [log.textFromEventDict(event) for event in logged]
        assert f"Server starting on {number}" in texts
        assert f"(TCP Port {number} Closed)" in texts

    async def test_addresses_that_are_not_to_be_had(self) -> None:
        with socket.socket() as taken:
            taken.bind((LOOPBACK, 0))
            taken.listen()
            number = taken.getsockname()[1]
            for port, interface in ((number, LOOPBACK), (0, "192.0.2.1"), (0, "bogus")):
                with pytest.raises(error.CannotListenError) as raised:
                    reactor.listenTCP(port, Server(), interface=interface)
                assert str(raised.value).startswith(
                    f"Couldn't listen on {interface}:{port}: [Errno "
                )
        for port in (70_000, -1):
            with pytest.raises(OverflowError):
                reactor.listenTCP(port, Server(), interface=LOOPBACK)

    async def test_a_failed_bind_leaves_no_socket_open(self) -> None:
        made: list[socket.socket] = []

        class Watched(tcp.Port):
            def createInternetSocket(self) -> socket.socket:
                made.append(super().createInternetSocket())
                return made[-1]

        for number in (0, 70_000):
            with pytest.raises((error.CannotListenError, OverflowError)):
                Watched(number, Server(), interface="192.0.2.1").startListening()
        assert [skt.fileno() for skt in made] == [-1, -1]

    async def test_a_factory_that_makes_no_protocol(self) -> None:
        server = Server()
        server.buildProtocol = lambda address: None  # type: ignore[method-assign]
        port = self.listen(server)
        client = Client()
        reactor.connectTCP(LOOPBACK, port.getHost().port, client)
        await client.protocol_made.lost
        assert client.protocol_made.reason.check(error.ConnectionDone)

    async def test_a_factory_that_raises_costs_one_connection(self) -> None:
        server = Server()
        build = server.buildProtocol
        rounds: list[Any] = []

        def at_first_a_bug(address: Any) -> Any:
            rounds.append(address)
            if len(rounds) == 1:
                raise ZeroDivisionError
            return build(address)

        server.buildProtocol = at_first_a_bug  # type: ignore[method-assign]
        port = self.listen(server)
        first, second = Client(), Client()
        reactor.connectTCP(LOOPBACK, port.getHost().port, first)
        await first.protocol_made.lost
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1
        accepted = server.next
        reactor.connectTCP(LOOPBACK, port.getHost().port, second)
        far = await accepted
        far.transport.loseConnection()
        await second.protocol_made.lost

    async def test_stopping_from_inside_a_connection(self) -> None:
        server = Server()
        port = self.listen(server)
        stopped: list[Any] = []
        server.next.addCallback(lambda made: stopped.append(port.stopListening()))
        peers = [socket.create_connection((LOOPBACK, port.getHost().port)) for _ in range(3)]
        while not stopped:
            await deferLater(reactor, 0)
        await stopped[0]
        assert len(server.protocols) == 1
        for peer in peers:
            peer.close()
        await server.protocols[0].lost

    async def test_how_many_are_accepted_follows_how_many_come(self) -> None:
        port = self.listen()
        port.stopReading()
        peers = []
        port.numberAccepts = 1
        peers.append(socket.create_connection((LOOPBACK, port.getHost().port)))
        port.doRead()
        assert port.numberAccepts > 1
        peers.append(socket.create_connection((LOOPBACK, port.getHost().port)))
        port.doRead()
        assert port.numberAccepts == 1
        port.doRead()
        assert port.numberAccepts == 1
        for peer in peers:
            peer.close()
        for protocol in port.factory.protocols:
            await protocol.lost

    @pytest.mark.skipif(sys.platform != "linux", reason="SO_REUSEPORT differs elsewhere")
    async def test_sharing_a_port(self) -> None:
        binding = tcp.makeBinding(LOOPBACK, 0, reusePort=True)
        first = reactor.listenTCP(binding, Server())
        self.addCleanup(first.stopListening)
        number = first.getHost().port
        again = tcp.makeBinding(LOOPBACK, number, reusePort=True)
        second = reactor.listenTCP(again, Server())
        self.addCleanup(second.stopListening)
        assert second.getHost().port == number
        with pytest.raises(error.CannotListenError):
            reactor.listenTCP(number, Server(), interface=LOOPBACK)
        with pytest.raises(ValueError, match="Inconsistent interface vs Binding specifiers"):
            reactor.listenTCP(again, Server(), interface="127.0.0.2")

    async def test_the_backlog(self) -> None:
        asked: list[int] = []

        class Watched(tcp.Port):
            def createInternetSocket(self) -> socket.socket:
                skt = super().createInternetSocket()

                class Socket(socket.socket):
                    def listen(self, backlog: int = 0) -> None:
                        asked.append(backlog)
                        super().listen(backlog)

                return Socket(fileno=skt.detach())

        port = Watched(0, Server(), backlog=7, interface=LOOPBACK)
        port.startListening()
        await port.stopListening()
        assert asked == [7]

    @needs_ipv6
    async def test_its_address_over_IPv6(self) -> None:
        port = self.listen(interface="::1")
        assert port.getHost() == IPv6Address("TCP", "::1", port.getHost().port)


class Adopted(TCPTestCase):
    async def test_a_listening_socket(self) -> None:
        skt = socket.socket()
        skt.bind((LOOPBACK, 0))
        skt.listen()
        skt.setblocking(False)
        server = Server()
        accepted = server.next
        port = reactor.adoptStreamPort(skt.fileno(), socket.AF_INET, server)
        client = Client()
        reactor.connectTCP(*skt.getsockname(), client)
        far = await accepted
        far.transport.loseConnection()
        await far.lost
        await client.protocol_made.lost
        await port.stopListening()
        # The socket may be others' too: it still listens.
        late = socket.create_connection(skt.getsockname())
        late.close()
        skt.close()

    async def test_a_connected_socket(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX)
        ours.close()
        theirs.close()
        with socket.create_server((LOOPBACK, 0)) as listener:
            peer = socket.create_connection(listener.getsockname())
            accepted, address = listener.accept()
        accepted.setblocking(False)
        factory = Server()
        transport: Any = reactor.adoptStreamConnection(accepted.fileno(), socket.AF_INET, factory)
        accepted.close()
        assert transport.getPeer() == IPv4Address("TCP", *address)
        assert factory.addresses == [transport.getPeer()]
        peer.sendall(b"hello")
        await factory.protocols[0].until(5)
        peer.close()
        await factory.protocols[0].lost

    async def test_nobody_wants_it(self) -> None:
        with socket.create_server((LOOPBACK, 0)) as listener:
            peer = socket.create_connection(listener.getsockname())
            accepted, _ = listener.accept()
        factory = Server()
        factory.buildProtocol = lambda address: None  # type: ignore[method-assign]
        assert reactor.adoptStreamConnection(accepted.fileno(), socket.AF_INET, factory) is None
        accepted.close()
        assert peer.recv(1) == b""
        peer.close()


@implementer(interfaces.IHalfCloseableProtocol)
class HalfRecorder(Recorder):
    def __init__(self) -> None:
        super().__init__()
        self.halves: list[str] = []
        self.read_lost: Deferred[None] = Deferred()

    def readConnectionLost(self) -> None:
        self.halves.append("read")
        self.read_lost.callback(None)

    def writeConnectionLost(self) -> None:
        self.halves.append("write")


class HalfClosing(TCPTestCase):
    async def test_an_answer_after_the_request_has_ended(self) -> None:
        near, far = HalfRecorder(), HalfRecorder()
        server, client = Server(), Client()
        server.buildProtocol = lambda address: far  # type: ignore[method-assign]
        client.protocol_made = near
        near.factory = client
        port = self.listen(server)
        reactor.connectTCP(LOOPBACK, port.getHost().port, client)
        await near.made
        near.transport.write(b"request")
        near.transport.loseWriteConnection()
        await far.read_lost
        assert far.received == b"request"
        far.transport.write(b"answer")
        far.transport.loseConnection()
        await near.read_lost
        assert near.received == b"answer"
        assert near.halves == ["write", "read"]
        near.transport.loseConnection()
        await near.lost
        await far.lost
        assert near.reason.check(error.ConnectionDone)


class Exhausted:
    """Takes every descriptor the process may still have."""

    def __init__(self, spare: int = 0) -> None:
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._limits = limits
        # A low limit spares the system; it must be above every number in use.
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 20, limits[1]))
        self._taken: list[int] = []
        while True:
            try:
                self._taken.append(os.dup(0))
            except OSError:
                break
        for _ in range(spare):
            os.close(self._taken.pop())

    def release(self) -> None:
        while self._taken:
            os.close(self._taken.pop())
        resource.setrlimit(resource.RLIMIT_NOFILE, self._limits)


class AcceptFails:
    """A listening socket whose accept fails."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.calls = 0

    def accept(self) -> Any:
        self.calls += 1
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
class RunningOut(TCPTestCase):
    async def test_it_turns_away_who_comes_and_recovers(self) -> None:
        near, far = await self.pair()
        server = Server()
        port = self.listen(server)
        turned_away = socket.socket()
        turned_away.setblocking(False)
        exhausted = Exhausted()
        self.addCleanup(exhausted.release)
        turned_away.connect_ex((LOOPBACK, port.getHost().port))
        # Connections that stand are not touched.
        near.transport.write(b"still here")
        await far.until(10)
        while True:
            await deferLater(reactor, 0)
            try:
                assert turned_away.recv(1) == b""
            except BlockingIOError:
                continue
            break
        assert server.protocols == []
        assert tcp._reservedFD.available()
        exhausted.release()
        turned_away.close()
        accepted = server.next
        client = Client()
        reactor.connectTCP(LOOPBACK, port.getHost().port, client)
        made = await accepted
        made.transport.loseConnection()
        await client.protocol_made.lost
        await made.lost

    async def test_what_the_system_is_short_of_is_logged(self) -> None:
        logged: list[Any] = []
        log.addObserver(logged.append)
        self.addCleanup(log.removeObserver, logged.append)
        self.patch(tcp, "_reservedFD", tcp._NullFileDescriptorReservation())
        for number in tcp._ACCEPT_ERRORS:
            port = tcp.Port(0, Server(), interface=LOOPBACK)
            port.socket = AcceptFails(number)  # type: ignore[assignment]
            logged.clear()
            port.doRead()
            name = errno.errorcode[number]
            [event] = logged
            assert event["acceptError"] == name
            assert event["message"] == (f"Could not accept new connection ({name})",)
            assert port.socket.calls == 1  # type: ignore[attr-defined]
            assert port.numberAccepts == 1

    async def test_one_that_is_forbidden_does_not_stop_the_others(self) -> None:
        port = tcp.Port(0, Server(), interface=LOOPBACK)
        port.numberAccepts = 12
        port.socket = AcceptFails(errno.EPERM)  # type: ignore[assignment]
        port.doRead()
        assert port.socket.calls == 12  # type: ignore[attr-defined]
        assert port.numberAccepts == 1

    async def test_an_error_nobody_knows_is_logged(self) -> None:
        port = tcp.Port(0, Server(), interface=LOOPBACK)
        port.socket = AcceptFails(errno.ENOTSOCK)  # type: ignore[assignment]
        port.doRead()
        [failure] = self.flushLoggedErrors(OSError)
        assert failure.value.errno == errno.ENOTSOCK

    def test_reserving_without_a_descriptor_is_logged(self) -> None:
        reserved = tcp._FileDescriptorReservation(lambda: open(os.devnull))
        exhausted = Exhausted()
        try:
            reserved.reserve()
            assert not reserved.available()
        finally:
            exhausted.release()
        assert len(self.flushLoggedErrors(OSError)) == 1
        with pytest.raises(RuntimeError, match="No file reserved"), reserved:
            pass
        reserved.reserve()
        reserved.reserve()
        with reserved:
            assert not reserved.available()
        assert reserved.available()
        with reserved:
            reserved._fileFactory = self.fails_to_open
        assert len(self.flushLoggedErrors(PermissionError)) == 1
        with pytest.raises(PermissionError):
            reserved.reserve()

    @staticmethod
    def fails_to_open() -> Any:
        raise PermissionError(errno.EACCES, "no")

    def test_events_wait_until_the_descriptor_is_back(self) -> None:
        heard: list[Any] = []
        buffer = tcp._BuffersLogs("here", heard.append)
        buffer.__enter__().info("{n} were turned away", n=3)
        assert heard == []
        assert not buffer.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
        [event] = heard
        assert event["log_format"] == "{n} were turned away"
        assert event["log_namespace"] == "here"
        assert event["message"] == ("3 were turned away",)


def test_numeric_addresses_only() -> None:
    with pytest.raises(socket.gaierror):
        tcp._resolveIPv6("localhost", 1)
    with pytest.raises(socket.gaierror):
        tcp._resolveIPv6("::1", "http")  # type: ignore[arg-type]
    for port in (2, 123_456, -1):
        assert tcp._resolveIPv6("::1", port) == ("::1", port, 0, 0)


def test_bindings_are_values() -> None:
    make: Callable[..., Any] = tcp.makeBinding
    assert make("::1", 5, True, False) == make(
        interface="::1", port=5, reuseAddress=True, reusePort=False
    )
    with pytest.raises(AssertionError, match="Binding is neither"):
        tcp.Port("neither", Server())

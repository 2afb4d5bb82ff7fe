"""A forwarded connection, with bytes that pass through Python and with bytes that do not.

Whatever is tested here holds in both ways; only the last class asks which of them it was.
"""

from __future__ import annotations

import errno
import os
import socket
from array import array
from functools import cache
from typing import Any

import pytest

from pcstream import zero_copy
from pcstream._engine import splice
from pcstream.internet import abstract, error, reactor
from pcstream.internet.defer import Deferred, succeed
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.internet.task import deferLater
from pcstream.protocols.policies import ProtocolWrapper, WrappingFactory
from pcstream.protocols.portforward import Proxy, ProxyClient, ProxyFactory, ProxyServer
from pcstream.trial.unittest import TestCase

LOOPBACK = "127.0.0.1"
# More than two loopback connections hold by themselves.
MUCH = 24 * 2**20


@cache
def content(size: int) -> bytes:
    """Bytes that tell where they are."""
    return array("Q", range(-(-size // 8))).tobytes()[:size]


class End(Protocol):
    """One of the two who talk through the proxy."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.made: Deferred[End] = Deferred()
        self.lost: Deferred[Any] = Deferred()
        self._wanted: tuple[int, Deferred[None]] | None = None

    def connectionMade(self) -> None:
        self.made.callback(self)

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if self._wanted is not None and len(self.received) >= self._wanted[0]:
            wanted, self._wanted = self._wanted, None
            wanted[1].callback(None)

    def connectionLost(self, reason: Any = None) -> None:
        self.lost.callback(reason.value)

    def until(self, size: int) -> Deferred[None]:
        if len(self.received) >= size:
            return succeed(None)
        wanted: Deferred[None] = Deferred()
        self._wanted = (size, wanted)
        return wanted


class ProxyTestCase(TestCase):
    """Client, proxy and server, all in one reactor."""

    is_on = True

    def setUp(self) -> None:
        self.patch(zero_copy, "enabled", self.is_on)
        self.spliced: list[int] = []
        if hasattr(os, "splice"):
            really = os.splice

            def counted(source: int, target: int, count: int, **more: Any) -> int:
                moved = really(source, target, count, **more)
                self.spliced.append(moved)
                return moved

            self.patch(os, "splice", counted)

    async def through(self, protocol: Any = ProxyServer, wrap: Any = None) -> tuple[End, End]:
        """The client's end and the server's end of a forwarded connection."""
        server, client = End(), End()
        serving: Any = Factory.forProtocol(lambda: server)
        serving.noisy = False
        behind: Any = reactor.listenTCP(0, serving, interface=LOOPBACK)
        forwarding: Any = ProxyFactory(LOOPBACK, behind.getHost().port)
        sides: list[Any] = []
        self.sides = sides
        self.addCleanup(self._drained, sides)

        def build() -> Any:
            sides.append(protocol())
            return sides[-1]

        forwarding.protocol = build
        if wrap is not None:
            forwarding = WrappingFactory(forwarding)
            forwarding.protocol = wrap
        forwarding.noisy = False
        front: Any = reactor.listenTCP(0, forwarding, interface=LOOPBACK)
        for port in (behind, front):
            self.addCleanup(port.stopListening)
        asking: Any = ClientFactory.forProtocol(lambda: client)
        asking.noisy = False
        reactor.connectTCP(LOOPBACK, front.getHost().port, asking)
        await client.made
        await server.made
        for end in (client, server):
            self.addCleanup(self._drop, end)
        while self.sides[0].peer is None:
            await deferLater(reactor, 0)
        return client, server

    async def _drop(self, end: End) -> None:
        if not end.lost.called:
            end.transport.abortConnection()
            await end.lost

    async def _drained(self, sides: list[Any]) -> None:
        for side in sides:
            transport = side.transport
            while isinstance(transport, ProtocolWrapper):
                transport = transport.transport
            while transport.connected:
                await deferLater(reactor, 0)

    async def stall(self, client: End, server: End) -> Any:
        """Have more sent than fits while the client does not read; the transport that holds it."""
        client.transport.pauseProducing()
        server.transport.write(content(MUCH))
        near, far = self.sides[0].transport, self.sides[0].peer.transport
        while far in reactor.getReaders() or not len(near._tempDataBuffer):  # type: ignore[attr-defined]
            await deferLater(reactor, 0)
        return near


class Both:
    """What holds whether or not bytes pass through Python."""

    async def test_X1_both_ways(self: Any) -> None:
        client, server = await self.through()
        data = content(MUCH)
        client.transport.write(data)
        server.transport.write(data[::-1])
        await server.until(MUCH)
        await client.until(MUCH)
        assert server.received == data
        assert client.received == data[::-1]

    async def test_small_messages_between_bulks(self: Any) -> None:
        client, server = await self.through()
        expected = b""
        for size in (1, 200_000, 2, 3, 1_000_000, 20_000, 4):
            piece = content(size)
            client.transport.write(piece)
            expected += piece
            await server.until(len(expected))
            server.transport.write(b"thanks")
            await client.until(6)
            assert client.received == b"thanks"
            client.received.clear()
        assert server.received == expected

    async def test_X2_a_stalled_reader_stalls_the_sender(self: Any) -> None:
        client, server = await self.through()
        near = await self.stall(client, server)
        held = len(near._tempDataBuffer)
        assert held <= near.bufferSize + splice.PIPE_BYTES
        client.transport.resumeProducing()
        await client.until(MUCH)
        assert client.received == content(MUCH)

    async def test_T6_a_paused_side_forwards_nothing(self: Any) -> None:
        client, server = await self.through()
        server.transport.write(content(2_000_000))
        await client.until(2_000_000)
        incoming = self.sides[0].peer.transport
        incoming.pauseProducing()
        server.transport.write(b"x" * 100_000)
        for _ in range(20):
            await deferLater(reactor, 0)
        assert len(client.received) == 2_000_000
        incoming.resumeProducing()
        await client.until(2_100_000)

    async def test_X8_a_clean_end_comes_after_everything(self: Any) -> None:
        client, server = await self.through()
        client.transport.pauseProducing()
        data = content(MUCH)
        server.transport.write(data)
        server.transport.loseConnection()
        await deferLater(reactor, 0)
        client.transport.resumeProducing()
        assert isinstance(await client.lost, error.ConnectionDone)
        assert client.received == data
        assert isinstance(await server.lost, error.ConnectionDone)

    async def test_X7_half_a_close_closes_both_sides(self: Any) -> None:
        client, server = await self.through()
        data = content(3_000_000)
        client.transport.write(data)
        client.transport.loseWriteConnection()
        assert isinstance(await server.lost, error.ConnectionDone)
        assert server.received == data
        assert isinstance(await client.lost, error.ConnectionDone)

    async def test_X9_an_unclean_end_becomes_a_clean_one(self: Any) -> None:
        await self.reset(ProxyServer, error.ConnectionDone)

    async def test_X9_an_unclean_end_as_one_if_asked_for(self: Any) -> None:
        class Strict(ProxyServer):
            abort_on_unclean_end = True

        client, server = await self.through(Strict)
        self.sides[0].peer.abort_on_unclean_end = True
        await self.reset_here(client, server, error.ConnectionLost)

    async def reset(self: Any, protocol: Any, expected: Any) -> None:
        client, server = await self.through(protocol)
        await self.reset_here(client, server, expected)

    async def reset_here(self: Any, client: End, server: End, expected: Any) -> None:
        data = content(2_000_000)
        server.transport.write(data)
        await client.until(len(data))
        server.transport.abortConnection()
        assert isinstance(await client.lost, expected)
        assert client.received == data

    async def test_loss_of_the_receiver_in_the_middle(self: Any) -> None:
        client, server = await self.through()
        await self.stall(client, server)
        client.transport.abortConnection()
        await client.lost
        await server.lost
        assert self.sides[0].peer is None

    async def test_another_peer_in_the_middle(self: Any) -> None:
        client, server = await self.through()
        data = content(2_000_000)
        server.transport.write(data)
        await client.until(len(data))
        first, (other, _) = self.sides[0], await self.through()
        source = first.peer
        second = self.sides[0]
        source.setPeer(second)
        server.transport.write(data)
        await other.until(len(data))
        assert other.received == data
        assert len(client.received) == len(data)
        source.setPeer(first)

    async def test_everything_is_paced(self: Any) -> None:
        await self.through()
        near = self.sides[0].transport
        far = self.sides[0].peer.transport
        assert near.producer is far
        assert far.producer is near


class Spliced(Both, ProxyTestCase):
    pass


class Copied(Both, ProxyTestCase):
    is_on = False


@pytest.mark.skipif(not splice.is_available(), reason="no splice here")
class Ways(ProxyTestCase):
    """Which bytes Python sees."""

    async def give(self, server: End, client: End, count: int = 3_000_000) -> None:
        before, data = len(client.received), content(count)
        server.transport.write(data)
        await client.until(before + count)
        assert client.received[before:] == data

    async def test_bulk_is_spliced(self) -> None:
        client, server = await self.through()
        await self.give(server, client)
        assert sum(self.spliced) > 3_000_000
        assert len(splice._idle) <= splice.MOST_IDLE_PIPES

    async def test_a_message_is_not(self) -> None:
        client, server = await self.through()
        await self.give(server, client, 10_000)
        assert self.spliced == []

    async def test_the_switch(self) -> None:
        self.patch(zero_copy, "enabled", False)
        client, server = await self.through()
        await self.give(server, client)
        assert self.spliced == []

    async def test_a_dataReceived_of_somebodys_own(self) -> None:
        seen: list[int] = []

        class Looking(ProxyServer):
            def dataReceived(self, data: bytes) -> None:
                seen.append(len(data))
                super().dataReceived(data)

        client, server = await self.through(Looking)
        await self.give(client, server)
        assert sum(seen) == 3_000_000
        assert self.spliced == []
        await self.give(server, client)  # nobody looks in this direction
        assert self.spliced

    async def test_a_dataReceived_replaced_in_the_middle(self) -> None:
        for owner in ("instance", "class", "its class"):
            client, server = await self.through()
            await self.give(client, server)
            assert self.spliced
            self.spliced.clear()
            seen: list[int] = []
            stock = Proxy.dataReceived

            def spy(side: Any, data: bytes, stock: Any = stock, seen: Any = seen) -> None:
                seen.append(len(data))
                stock(side, data)

            if owner == "instance":
                self.sides[0].dataReceived = lambda data: spy(self.sides[0], data)
                replaced = None
            else:
                replaced = self.patch(
                    Proxy if owner == "class" else ProxyServer, "dataReceived", spy
                )
            await self.give(client, server)
            assert sum(seen) == 3_000_000, owner
            assert self.spliced == []
            if replaced is not None:
                replaced.restore()

    async def test_a_write_that_was_replaced_sees_all_of_it(self) -> None:
        client, server = await self.through()
        transport = self.sides[0].transport
        write, seen = transport.write, []
        transport.write = lambda data: (seen.append(data), write(data))
        await self.give(server, client)
        assert b"".join(seen) == content(3_000_000)
        assert self.spliced == []
        del transport.write

    async def test_a_write_of_the_class_that_was_replaced(self) -> None:
        whole, seen = abstract.FileDescriptor.write, []

        def spy(fd: Any, data: bytes) -> None:
            seen.append(fd)
            whole(fd, data)

        client, server = await self.through()
        self.patch(abstract.FileDescriptor, "write", spy)
        await self.give(server, client)
        assert self.spliced == []
        assert self.sides[0].transport in seen

    async def test_a_wrapper_that_looks(self) -> None:
        seen: list[int] = []

        class Looking(ProtocolWrapper):
            def write(self, data: bytes) -> None:
                seen.append(len(data))
                super().write(data)

            def dataReceived(self, data: bytes) -> None:
                seen.append(len(data))
                super().dataReceived(data)

        client, server = await self.through(wrap=Looking)
        await self.give(server, client)
        await self.give(client, server)
        assert sum(seen) == 6_000_000
        assert self.spliced == []

    async def test_a_protocol_put_in_between(self) -> None:
        client, server = await self.through()
        side, seen = self.sides[0], []

        class Between(Protocol):
            def dataReceived(self, data: bytes) -> None:
                seen.append(len(data))
                side.dataReceived(data)

            def connectionLost(self, reason: Any = None) -> None:
                side.connectionLost(reason)

        await self.give(client, server)
        side.transport.protocol = Between()
        self.spliced.clear()
        await self.give(client, server)
        assert sum(seen) == 3_000_000
        assert self.spliced == []

    async def test_a_client_of_somebodys_own(self) -> None:
        class Own(ProxyClient):
            def connectionMade(self) -> None:
                self.peer.setPeer(self)  # type: ignore[union-attr]
                self.transport.registerProducer(self.peer.transport, True)  # type: ignore[union-attr]
                self.peer.transport.registerProducer(self.transport, True)  # type: ignore[union-attr]
                self.peer.transport.resumeProducing()  # type: ignore[union-attr]

        class Server(ProxyServer):
            class clientProtocolFactory(ProxyServer.clientProtocolFactory):  # type: ignore[misc,name-defined]
                noisy = False
                protocol = Own

        client, server = await self.through(Server)
        await self.give(server, client)
        assert self.spliced == []

    # Splice says no

    def refuse(self, code: int, *, since: int, out_of_pipe: bool | None = None) -> None:
        counted, calls = os.splice, [0]

        def refusing(source: int, target: int, count: int, **more: Any) -> int:
            calls[0] += 1
            if calls[0] >= since:
                raise OSError(code, os.strerror(code))
            return int(counted(source, target, count, **more))

        self.patch(os, "splice", refusing)

    async def test_nothing_is_lost_when_splice_refuses(self) -> None:
        for code in (errno.EINVAL, errno.ENOSYS, errno.EPERM):
            # Odd calls are usually the way in, even ones the way out.
            for since in (1, 2, 3, 4, 9, 10):
                with self.subTest(code=code, since=since):
                    client, server = await self.through()
                    patched = os.splice
                    self.refuse(code, since=since)
                    await self.give(server, client, 8_000_000)
                    server.transport.loseConnection()
                    assert isinstance(await client.lost, error.ConnectionDone)
                    os.splice = patched

    async def test_nothing_is_lost_when_there_are_no_descriptors(self) -> None:
        splice._idle.clear()
        really, calls = os.pipe2, [0]

        def refusing(flags: int) -> tuple[int, int]:
            calls[0] += 1
            if calls[0] % 3:
                raise OSError(errno.EMFILE, "too many")
            return really(flags)

        self.patch(os, "pipe2", refusing)
        self.patch(splice, "MOST_IDLE_PIPES", 0)
        client, server = await self.through()
        await self.give(server, client, 8_000_000)
        assert calls[0] > 3
        assert self.spliced

    async def test_a_reset_met_by_splice_is_a_loss(self) -> None:
        client, server = await self.through()
        await self.give(server, client)
        lost: list[Any] = []
        side = self.sides[0].peer
        hear = side.connectionLost
        side.connectionLost = lambda reason: (lost.append(reason.value), hear(reason))
        self.refuse(errno.ECONNRESET, since=1)
        server.transport.write(b"x" * 100_000)
        await client.lost
        assert isinstance(lost[0], error.ConnectionLost)

    async def test_urgent_data_is_not_the_end(self) -> None:
        client, server = await self.through()
        await self.give(server, client)
        server.transport.socket.send(b"!", socket.MSG_OOB)
        await self.give(server, client)
        await self.give(server, client)

    # What it costs

    async def test_idle_connections_hold_no_pipes(self) -> None:
        if not os.path.isdir("/proc/self/fd"):
            pytest.skip("descriptors cannot be counted here")
        splice._idle.clear()
        await self.through()  # whatever is opened once is open now
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            client, server = await self.through()
            await self.give(server, client, 1_000_000)
            await self.give(client, server, 1_000_000)
        now = len(os.listdir("/proc/self/fd"))
        # For each: two ports, and four ends of two connections.
        pipes = (now - before - 20 * 6) / 2
        assert pipes == len(splice._idle) <= 3

    async def test_a_stalled_pipe_goes_with_its_connection(self) -> None:
        client, server = await self.through()
        near = await self.stall(client, server)
        held = near._outbox.head_segment()
        number = held._pipe.read_end
        os.fstat(number)
        near.abortConnection()
        del held
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(number)
        client.transport.resumeProducing()
        await client.lost

    async def test_connections_that_end_while_they_are_stalled_leave_nothing(self) -> None:
        for end in ("client", "server", "proxy"):
            client, server = await self.through()
            await self.stall(client, server)
            {"client": client, "server": server, "proxy": self.sides[0]}[
                end
            ].transport.abortConnection()
            client.transport.resumeProducing()
            await client.lost
            await server.lost

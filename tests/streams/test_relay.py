"""Two connections made one: counts, both half-closes, and every way to end."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest
from loopback_pairs import LOOPBACK, MUCH, End, HalfEnd, content, drop, gone, pair

from pcstream import zero_copy
from pcstream._engine import splice
from pcstream.internet import reactor
from pcstream.internet.defer import CancelledError
from pcstream.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from pcstream.internet.protocol import ClientFactory, Factory
from pcstream.internet.task import Clock, deferLater
from pcstream.internet.testing import StringTransport
from pcstream.internet.unix import Server
from pcstream.protocols.policies import ProtocolWrapper, WrappingFactory
from pcstream.streams import Relay, RelayCounts, relay, send
from pcstream.trial.unittest import TestCase


class RelayTestCase(TestCase):
    """An asking end, a relay, an answering end."""

    timeout = 30
    is_zero_copy = True

    def setUp(self) -> None:
        self.patch(zero_copy, "enabled", self.is_zero_copy)
        self.spliced = 0
        if hasattr(os, "splice"):
            really = os.splice

            def counted(source: int, target: int, count: int, **more: Any) -> int:
                moved = really(source, target, count, **more)
                self.spliced += moved
                return moved

            self.patch(os, "splice", counted)

    async def joined(
        self, near: type[End] = HalfEnd, far: type[End] = HalfEnd, **options: Any
    ) -> tuple[Any, Any, Any]:
        """The two outer ends, and the relay between the inner ones."""
        left, a = await pair(self, near=near)
        b, right = await pair(self, far=far)
        self.inner = a, b
        made = Relay(a.transport, b.transport, **options)
        return left, right, made

    async def test_bytes_go_both_ways_and_are_counted(self) -> None:
        left, right, made = await self.joined()
        question, answer = content(MUCH), content(MUCH // 2)
        send(question, left.transport)
        send(answer, right.transport)
        await right.until(len(question))
        await left.until(len(answer))
        assert right.received == question
        assert left.received == answer
        left.transport.loseConnection()
        right.transport.loseConnection()
        assert await made.done == RelayCounts(MUCH, MUCH // 2)

    async def test_the_kernel_moves_bulk(self) -> None:
        if not splice.is_available() or not self.is_zero_copy:
            self.skipTest("no splice")
        left, right, made = await self.joined()
        send(content(MUCH), left.transport)
        await right.until(MUCH)
        assert self.spliced > MUCH
        assert made.counts == RelayCounts(MUCH, 0)
        made.done.addErrback(lambda failure: None)  # both are dropped now

    async def test_each_end_of_a_half_is_passed_on_by_itself(self) -> None:
        left, right, made = await self.joined()
        left.transport.write(content(2**20))
        left.transport.loseWriteConnection()
        await right.ended
        assert right.received == content(2**20)
        assert not left.ended.called
        right.transport.write(b"answer")
        right.transport.loseWriteConnection()
        await left.ended
        assert left.received == b"answer"
        assert await made.done == RelayCounts(2**20, 6)

    async def test_transports_that_wait_for_their_producers_are_not_kept_waiting(self) -> None:
        left, right, made = await self.joined()
        for inner in self.inner:
            inner.transport.waits_for_producer = True
        left.transport.write(b"question")
        left.transport.loseWriteConnection()
        await right.ended
        right.transport.write(b"answer")
        right.transport.loseWriteConnection()
        await left.ended
        assert await made.done == RelayCounts(8, 6)

    async def test_the_other_direction_may_be_long_and_slow(self) -> None:
        left, right, made = await self.joined()
        left.transport.loseWriteConnection()
        await right.ended
        left.transport.pauseProducing()
        sent = send(content(MUCH), right.transport)
        await deferLater(reactor, 0.05)
        left.transport.resumeProducing()
        await sent
        right.transport.loseWriteConnection()
        await left.until(MUCH)
        assert left.received == content(MUCH)
        assert await made.done == RelayCounts(0, MUCH)

    async def test_a_receiver_that_takes_nothing_holds_the_sender_up(self) -> None:
        left, right, made = await self.joined()
        right.transport.pauseProducing()
        sent = send(content(4 * MUCH), left.transport)
        before = -1
        count = 0
        while before != count:
            before = count
            await deferLater(reactor, 0.05)
            count = self.inner[1].transport._outbox.size
        assert count < 2**20
        assert not sent.called
        right.transport.resumeProducing()
        await right.until(4 * MUCH)
        made.done.addErrback(lambda failure: None)  # both are dropped now

    async def test_X9_a_reset_is_passed_on_as_a_reset(self) -> None:
        left, right, made = await self.joined()
        right.transport.write(b"x")
        await left.until(1)
        left.transport.abortConnection()
        failed = await self.assertFailure(made.done, ConnectionLost)
        assert not isinstance(failed, (ConnectionDone, ConnectionAborted))
        assert isinstance(await gone(right), ConnectionLost)
        assert made.counts == RelayCounts(0, 1)

    async def test_or_as_a_clean_close_if_wanted(self) -> None:
        left, right, made = await self.joined(far=End, resets=False)
        left.transport.abortConnection()
        await self.assertFailure(made.done, ConnectionLost)
        assert isinstance(await gone(right), ConnectionDone)

    async def test_a_lost_side_with_a_full_other_side_leaves_nothing_open(self) -> None:
        left, right, made = await self.joined(resets=False)
        right.transport.pauseProducing()
        send(content(4 * MUCH), left.transport).addErrback(lambda failure: None)
        before = -1
        while before != made.counts.a_to_b:
            before = made.counts.a_to_b
            await deferLater(reactor, 0.05)
        # It is paused, so it is deaf: writing to it is what finds out.
        left.transport.abortConnection()
        right.transport.write(content(2**20))
        await deferLater(reactor, 0.05)
        right.transport.resumeProducing()
        await self.assertFailure(made.done, ConnectionLost)

    async def test_cancelling_drops_both(self) -> None:
        left, right, made = await self.joined()
        made.done.cancel()
        await self.assertFailure(made.done, CancelledError)
        await gone(left)
        await gone(right)

    async def test_after_the_first_end_there_may_be_a_limit(self) -> None:
        clock = Clock()
        left, right, made = await self.joined(half_close_timeout_s=5, clock=clock)
        left.transport.loseWriteConnection()
        await right.ended
        clock.advance(4.9)
        assert not made.done.called
        clock.advance(0.2)
        await self.assertFailure(made.done, ConnectionAborted)

    async def test_the_limit_is_forgotten_when_all_is_well(self) -> None:
        clock = Clock()
        left, right, made = await self.joined(half_close_timeout_s=5, clock=clock)
        left.transport.loseWriteConnection()
        await right.ended
        right.transport.loseWriteConnection()
        await made.done
        assert clock.getDelayedCalls() == []

    async def test_who_was_there_before_hears_of_the_end(self) -> None:
        left, right, made = await self.joined()
        left.transport.loseConnection()
        right.transport.loseConnection()
        await made.done
        for inner in self.inner:
            assert isinstance(await gone(inner), ConnectionDone)

    async def test_a_lost_connection_is_refused_and_the_other_left_alone(self) -> None:
        left, a = await pair(self)
        b, right = await pair(self)
        await drop(right)
        await gone(b)
        with pytest.raises(ConnectionLost):
            relay(a.transport, b.transport)
        left.transport.write(b"hello")
        await a.until(5)
        assert a.transport.producer is None

    async def test_a_connection_that_is_busy_is_refused_and_both_left_alone(self) -> None:
        left, a = await pair(self)
        b, right = await pair(self)
        b.transport.registerProducer(object(), True)
        with pytest.raises(RuntimeError):
            relay(a.transport, b.transport)
        assert a.transport.producer is None
        for inner, outer in ((a, left), (b, right)):
            outer.transport.write(b"hello")
            await inner.until(5)
        b.transport.unregisterProducer()

    async def test_through_a_wrapper_all_is_seen(self) -> None:
        seen = bytearray()

        class Looking(ProtocolWrapper):
            def dataReceived(self, data: bytes) -> None:
                seen.extend(data)
                super().dataReceived(data)

        left = HalfEnd()
        a = End()
        serving: Any = Factory.forProtocol(lambda: a)
        wrapping: Any = WrappingFactory(serving)
        wrapping.protocol = Looking
        asking: Any = ClientFactory.forProtocol(lambda: left)
        serving.noisy = wrapping.noisy = asking.noisy = False
        port: Any = reactor.listenTCP(0, wrapping, interface=LOOPBACK)
        self.addCleanup(port.stopListening)
        reactor.connectTCP(LOOPBACK, port.getHost().port, asking)
        await left.made
        await a.made
        self.addCleanup(drop, left)
        b, right = await pair(self)
        done = relay(a.transport, b.transport)
        send(content(2**20), left.transport)
        await right.until(2**20)
        assert seen == right.received == content(2**20)
        right.transport.loseConnection()
        await left.ended
        left.transport.loseConnection()
        assert (await done).a_to_b == 2**20


class PlainRelayTestCase(RelayTestCase):
    """The same with bytes that pass through Python."""

    is_zero_copy = False


class RelayOfPairsTestCase(TestCase):
    timeout = 30

    async def test_a_UNIX_connection_and_a_TCP_connection(self) -> None:
        left, a = await pair(self)
        outer, inner = socket.socketpair()
        outer.setblocking(False)
        b = End()
        server = Server(inner, b, None, None, 0, reactor)  # type: ignore[arg-type]
        b.makeConnection(server)
        server.startReading()
        self.addCleanup(outer.close)
        done = relay(a.transport, b.transport)
        left.transport.write(b"question")
        got = b""
        while len(got) < 8:
            await deferLater(reactor, 0.001)
            try:
                got += outer.recv(100)
            except BlockingIOError:
                pass
        outer.send(b"answer")
        outer.shutdown(socket.SHUT_WR)
        await left.until(6)
        left.transport.loseConnection()
        assert await done == RelayCounts(8, 6)


def test_bad_input():
    transport = StringTransport()
    with pytest.raises(ValueError, match="needs two transports"):
        relay(transport, transport)
    with pytest.raises(TypeError, match="is not a consumer"):
        relay(transport, object())
    with pytest.raises(ValueError, match="half_close_timeout_s"):
        relay(StringTransport(), StringTransport(), half_close_timeout_s=0)

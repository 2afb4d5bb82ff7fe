"""``async for chunk in read(transport)``."""

from __future__ import annotations

from typing import Any

import pytest
from loopback_pairs import MUCH, End, HalfEnd, content, drop, gone, pair

from pcstream.internet import reactor
from pcstream.internet.defer import CancelledError, Deferred, inlineCallbacks
from pcstream.internet.error import ConnectionLost
from pcstream.internet.task import deferLater
from pcstream.internet.testing import StringTransport
from pcstream.streams import Reader, read, send
from pcstream.trial.unittest import TestCase


class ReadTestCase(TestCase):
    timeout = 30

    async def test_all_that_arrives_until_a_clean_end(self) -> None:
        near, far = await pair(self)
        data = content(MUCH)
        send(data, near.transport).addCallback(lambda _: near.transport.loseConnection())
        got = bytearray()
        async for chunk in read(far.transport):
            got += chunk
        assert got == data
        assert far.lost.called  # whoever was there before still hears of the end

    async def test_in_inlineCallbacks(self) -> None:
        near, far = await pair(self)
        near.transport.write(b"question")

        @inlineCallbacks
        def answering() -> Any:
            chunk = yield read(far.transport).read_some()
            return chunk

        assert await answering() == b"question"

    async def test_a_slow_loop_holds_the_sender_up(self) -> None:
        near, far = await pair(self)
        sent = send(content(4 * MUCH), near.transport)
        reader = read(far.transport, high_water=2**17)
        loop = reader.__aiter__()
        got = len(await loop.__anext__())
        before = -1
        while before != reader.arrived:
            before = reader.arrived
            await deferLater(reactor, 0.05)
        assert reader.arrived - got < 2**18
        assert not sent.called
        while got < 4 * MUCH:
            got += len(await loop.__anext__())
        await sent

    async def test_an_unclean_end_raises_behind_what_had_come(self) -> None:
        near, far = await pair(self)
        near.transport.write(b"something")
        reader = read(far.transport)
        assert await reader.read_some() == b"something"
        near.transport.abortConnection()

        async def loop() -> None:
            async for chunk in reader:
                raise AssertionError(chunk)

        await self.assertFailure(Deferred.fromCoroutine(loop()), ConnectionLost)
        with pytest.raises(ConnectionLost):
            await reader.read_some()

    async def test_leaving_the_loop_early_stops_reading_and_a_second_loop_goes_on(self) -> None:
        near, far = await pair(self)
        data = content(MUCH)
        sent = send(data, near.transport)
        reader = read(far.transport)
        got = bytearray()
        async for chunk in reader:
            got += chunk
            break
        before = -1
        while before != reader.arrived:
            before = reader.arrived
            await deferLater(reactor, 0.05)
        assert reader.arrived < 2**19
        assert far.transport not in reactor.getReaders()
        assert not sent.called
        sent.addCallback(lambda _: near.transport.loseConnection())
        async for chunk in reader:
            got += chunk
        assert got == data

    async def test_cancelling_whoever_reads_stops_reading_and_loses_nothing(self) -> None:
        near, far = await pair(self)
        reader = read(far.transport)
        got = []

        async def reading() -> None:
            async for chunk in reader:
                got.append(chunk)

        done = Deferred.fromCoroutine(reading())
        near.transport.write(b"one")
        while not got:
            await deferLater(reactor, 0)
        done.cancel()
        await self.assertFailure(done, CancelledError)
        near.transport.write(b"two")
        await deferLater(reactor, 0.05)
        assert reader.arrived == 3
        assert await reader.read_some() == b"two"
        assert got == [b"one"]

    async def test_whoever_leaves_or_cancels_has_it_paused_at_once(self) -> None:
        for leaves in (True, False):
            near, far = await pair(self)
            near.transport.write(b"one")
            reader = read(far.transport)
            if leaves:
                async for _ in reader:
                    break
            else:
                assert await reader.read_some() == b"one"
                waiting = reader.read_some()
                waiting.cancel()
                await self.assertFailure(waiting, CancelledError)
            near.transport.write(b"two")
            for _ in range(5):
                await deferLater(reactor, 0.005)
            assert reader.arrived == 3
            assert await reader.read_some() == b"two"

    async def test_half_close(self) -> None:
        near, far = await pair(self, near=HalfEnd)
        near.transport.write(b"question")
        near.transport.loseWriteConnection()
        got = b""
        async for chunk in read(far.transport, half_close=True):
            got += chunk
        assert got == b"question"
        far.transport.write(b"answer")
        far.transport.loseConnection()
        await near.ended
        assert near.received == b"answer"

    async def test_giving_the_connection_back(self) -> None:
        near, far = await pair(self)
        near.transport.write(b"head")
        reader = read(far.transport)
        assert await reader.read_some() == b"head"
        near.transport.write(b"more")
        while reader.arrived < 8:
            await deferLater(reactor, 0)
        assert reader.detach() == b"more"
        near.transport.write(b"body")
        await far.until(4)
        assert far.received == b"body"
        assert far.transport.protocol is far

    async def test_two_at_once_are_refused(self) -> None:
        _, far = await pair(self)
        reader = read(far.transport)
        waiting = reader.read_some()
        with pytest.raises(RuntimeError, match="somebody is reading"):
            reader.read_some()
        with pytest.raises(RuntimeError, match="somebody is reading"):
            reader.detach()
        waiting.cancel()
        await self.assertFailure(waiting, CancelledError)

    async def test_a_lost_connection_is_refused(self) -> None:
        near, far = await pair(self)
        await drop(near)
        await gone(far)
        with pytest.raises(ConnectionLost, match="not connected any more"):
            read(far.transport)

    async def test_what_it_does_with_a_protocol_that_paused(self) -> None:
        class Paused(End):
            def connectionMade(self) -> None:
                self.transport.pauseProducing()
                super().connectionMade()

        near, far = await pair(self, far=Paused)
        near.transport.write(b"late")
        reader = read(far.transport)
        far.transport.resumeProducing()
        assert await reader.read_some() == b"late"


def test_bad_input():
    with pytest.raises(TypeError, match="no protocol whose place could be taken"):
        read(object())
    with pytest.raises(ValueError, match="high_water"):
        read(StringTransport(), high_water=0)


hypothesis = pytest.importorskip("hypothesis")
from hypothesis import strategies as st  # noqa: E402
from hypothesis.stateful import (  # noqa: E402
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)


class Pipe:
    """A transport that delivers only while it is not paused."""

    disconnected = False

    def __init__(self) -> None:
        self.protocol: Any = None
        self.is_paused = False

    def pauseProducing(self) -> None:
        assert not self.is_paused
        self.is_paused = True

    def resumeProducing(self) -> None:
        assert self.is_paused
        self.is_paused = False


class ReaderMachine(RuleBasedStateMachine):
    """Arrivals, requests, cancellations and pauses in any order."""

    MARK = 10

    def __init__(self) -> None:
        super().__init__()
        self.pipe = Pipe()
        self.reader: Reader = read(self.pipe, high_water=self.MARK)
        self.sent = b""
        self.got = b""
        self.waiting: Deferred[bytes] | None = None

    @precondition(lambda self: not self.pipe.is_paused)
    @rule(data=st.binary(min_size=1, max_size=8))
    def arrive(self, data: bytes) -> None:
        self.sent += data
        self.pipe.protocol.dataReceived(data)

    @precondition(lambda self: self.waiting is None)
    @rule()
    def ask(self) -> None:
        self.waiting = self.reader.read_some()
        self.waiting.addCallbacks(self.take, lambda failure: failure.trap(CancelledError))

    def take(self, data: bytes) -> None:
        self.got += data
        self.waiting = None

    @precondition(lambda self: self.waiting is not None)
    @rule()
    def cancel(self) -> None:
        waiting, self.waiting = self.waiting, None
        assert waiting is not None
        waiting.cancel()

    @rule()
    def leave(self) -> None:
        if self.waiting is None:
            self.reader.pause()

    @invariant()
    def nothing_is_lost_and_little_is_held(self) -> None:
        if self.waiting is not None and self.waiting.called:
            self.waiting = None
        held = self.reader._held_bytes
        assert self.sent.startswith(self.got)
        assert len(self.sent) - len(self.got) == held
        assert held <= self.MARK + 8
        if self.waiting is not None:
            assert not self.pipe.is_paused


TestReaderMachine = ReaderMachine.TestCase

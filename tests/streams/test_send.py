"""Sending bytes, iterables and asynchronous iterables."""

from __future__ import annotations

import io
from typing import Any

import pytest
from loopback_pairs import MUCH, content, gone, pair

from pcstream.internet import reactor
from pcstream.internet.defer import CancelledError, Deferred
from pcstream.internet.task import Clock, deferLater
from pcstream.internet.testing import StringTransport
from pcstream.streams import StreamStopped, send
from pcstream.trial.unittest import TestCase

PIECE = 50_000


class Source:
    """An iterable in pieces that knows whether it was closed."""

    def __init__(self, data: bytes, endless: bool = False) -> None:
        self.data = data
        self.endless = endless
        self.is_closed = False
        self.taken = 0

    def pieces(self) -> Any:
        try:
            while True:
                for at in range(0, len(self.data), PIECE):
                    self.taken += 1
                    yield self.data[at : at + PIECE]
                if not self.endless:
                    return
        finally:
            self.is_closed = True

    async def later_pieces(self) -> Any:
        try:
            for piece in self.pieces():
                await deferLater(reactor, 0)
                yield piece
        finally:
            self.is_closed = True


class Recording:
    """A consumer that pauses and resumes when told."""

    producer: Any = None
    pause_at: int | None = None

    def __init__(self) -> None:
        self.data = bytearray()
        self.writes = 0
        self.on_write: Any = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        assert type(data) is bytes
        self.writes += 1
        self.data += data
        if self.on_write is not None:
            self.on_write()


class SendOverSocketsTestCase(TestCase):
    timeout = 30

    async def test_bytes_arrive_whole_and_the_count_is_told(self) -> None:
        near, far = await pair(self)
        data = content(MUCH)
        assert await send(data, near.transport) == MUCH
        await far.until(MUCH)
        assert far.received == data

    async def test_an_iterable_is_taken_no_faster_than_it_is_read(self) -> None:
        near, far = await pair(self)
        far.transport.pauseProducing()
        source = Source(content(10 * PIECE), endless=True)
        done = send(source.pieces(), near.transport)
        # Until nothing moves any more: everything between the two ends is full.
        taken = -1
        while taken != source.taken:
            taken = source.taken
            await deferLater(reactor, 0.05)
        assert source.taken * PIECE < 64 * 2**20
        assert not done.called
        done.cancel()
        await self.assertFailure(done, CancelledError)
        assert source.is_closed
        assert near.transport.producer is None

    async def test_an_asynchronous_iterable(self) -> None:
        near, far = await pair(self)
        data = content(3 * 2**20)
        source = Source(data)
        assert await send(source.later_pieces(), near.transport) == len(data)
        await far.until(len(data))
        assert far.received == data

    async def test_a_lost_connection_closes_the_source(self) -> None:
        for kind in ("pieces", "later_pieces"):
            near, far = await pair(self)
            source = Source(content(MUCH), endless=True)
            done = send(getattr(source, kind)(), near.transport)
            await far.until(1)
            far.transport.abortConnection()
            await self.assertFailure(done, StreamStopped)
            await gone(near)
            assert source.is_closed

    async def test_a_source_that_fails_fails_the_deferred_behind_its_bytes(self) -> None:
        near, far = await pair(self)

        def failing() -> Any:
            yield b"first"
            raise LookupError("no more")

        await self.assertFailure(send(failing(), near.transport), LookupError)
        await far.until(5)
        assert near.transport.producer is None
        assert await send(b" second", near.transport) == 7
        await far.until(12)
        assert far.received == b"first second"

    async def test_on_a_dead_connection_it_fails_and_closes_the_source(self) -> None:
        near, far = await pair(self)
        far.transport.abortConnection()
        await gone(near)
        source = Source(b"x")
        pieces = source.pieces()
        await self.assertFailure(send(pieces, near.transport), StreamStopped)
        with pytest.raises(StopIteration):
            next(pieces)

    async def test_closing_behind_it_loses_nothing(self) -> None:
        near, far = await pair(self)
        data = content(MUCH)
        send(Source(data).pieces(), near.transport).addCallback(
            lambda _: near.transport.loseConnection()
        )
        await gone(far)
        assert far.received == data

    async def test_cancelling_while_an_asynchronous_source_waits(self) -> None:
        near, _ = await pair(self)
        waiting: Deferred[None] = Deferred()
        ended = []

        async def slow() -> Any:
            try:
                yield b"x"
                await waiting
                yield b"y"
            finally:
                ended.append(True)

        done = send(slow(), near.transport)
        done.cancel()
        await self.assertFailure(done, CancelledError)
        assert waiting.called  # it was cancelled, too
        assert ended == [True]


def outcome(deferred: Any) -> Any:
    found: list[Any] = []
    deferred.addBoth(found.append)
    return found[0] if found else None


def test_P2_nothing_is_written_after_a_pause_and_P3_pauses_do_not_add_up():
    consumer = Recording()
    done = send(Source(content(10 * PIECE)).pieces(), consumer, high_water=PIECE, clock=Clock())
    written = consumer.writes
    assert written == 1
    sender = consumer.producer
    sender.pauseProducing()
    sender.pauseProducing()
    assert consumer.writes == written
    sender.resumeProducing()
    assert not done.called


def test_P7_a_pause_within_the_write_holds():
    consumer = Recording()
    consumer.on_write = lambda: consumer.producer.pauseProducing()
    done = send(Source(content(3 * PIECE)).pieces(), consumer, clock=Clock())
    for count in (1, 2):
        assert consumer.writes == count
        assert not done.called
        consumer.producer.resumeProducing()
    assert consumer.writes == 3
    assert outcome(done) == 3 * PIECE
    assert consumer.producer is None


def test_P7_a_resume_within_the_write_makes_no_second_loop():
    consumer = Recording()

    def both() -> None:
        consumer.producer.pauseProducing()
        consumer.producer.resumeProducing()

    consumer.on_write = both
    data = content(4 * PIECE)
    done = send(Source(data).pieces(), consumer, clock=Clock())
    assert outcome(done) == len(data)
    assert consumer.data == data


@pytest.mark.parametrize("where", ["write", "source"])
def test_P5_a_stop_from_within_ends_it_at_once(where):
    consumer = Recording()
    closed = []

    def source():
        try:
            for _ in range(5):
                if where == "source" and consumer.writes:
                    consumer.producer.stopProducing()
                yield b"x"
        finally:
            closed.append(True)

    if where == "write":
        consumer.on_write = lambda: consumer.producer.stopProducing()
    done = send(source(), consumer, clock=Clock())
    assert outcome(done).check(StreamStopped)
    assert consumer.writes == 1
    assert closed == [True]


def test_a_stop_twice_and_calls_after_the_end_do_nothing():
    consumer = Recording()
    consumer.on_write = lambda: consumer.producer.pauseProducing()
    done = send([b"xy", b"z"], consumer, clock=Clock())
    sender = consumer.producer
    sender.stopProducing()
    sender.stopProducing()
    sender.resumeProducing()
    sender.pauseProducing()
    assert outcome(done).check(StreamStopped)
    assert consumer.data == b"xy"


class CountingClock(Clock):
    """Knows how often it was asked for a turn."""

    turns = 0

    def callLater(self, *args: Any, **kw: Any) -> Any:
        self.turns += 1
        return super().callLater(*args, **kw)


def test_one_turn_is_not_taken_by_a_consumer_that_never_pauses():
    clock = CountingClock()
    consumer = Recording()
    send(Source(content(100 * PIECE)).pieces(), consumer, high_water=4 * PIECE, clock=clock)
    assert len(consumer.data) == 4 * PIECE
    clock.advance(0)
    assert 20 < clock.turns < 30
    assert len(consumer.data) == 100 * PIECE


def test_empty_pieces_have_their_turns_too():
    clock = CountingClock()
    consumer = Recording()
    done = send((b"" for _ in range(10_000)), consumer, clock=clock)
    clock.advance(0)
    assert done.called
    assert clock.turns >= 9
    assert consumer.writes == 0


def test_long_pieces_are_written_in_steps_and_other_kinds_of_bytes_as_bytes():
    consumer = Recording()
    data = content(300_000)
    clock = Clock()
    done = send([bytearray(data), memoryview(b"end")], consumer, clock=clock)
    clock.advance(0)
    assert done.called
    assert consumer.data == data + b"end"
    assert consumer.writes == 6


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("text", "only bytes can be sent, not str"),
        (17, "neither bytes nor an iterable"),
        (io.BytesIO(b"x"), "a FileSender sends files"),
    ],
)
def test_what_is_no_source_is_refused(source, complaint):
    with pytest.raises(TypeError, match=complaint):
        send(source, StringTransport())


def test_pieces_that_are_no_bytes_fail():
    assert "only bytes can be sent, not 'text'" in str(outcome(send(["text"], Recording())))


def test_what_is_no_consumer_is_refused():
    with pytest.raises(TypeError, match="is not a consumer: it has no registerProducer"):
        send(b"x", object())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="high_water has to be more than 0"):
        send(b"x", StringTransport(), high_water=0)


def test_a_busy_consumer_raises_and_the_source_is_closed():
    consumer = StringTransport()
    consumer.registerProducer(object(), True)
    source = Source(b"x")
    pieces = source.pieces()
    with pytest.raises(RuntimeError):
        send(pieces, consumer)
    with pytest.raises(StopIteration):
        next(pieces)

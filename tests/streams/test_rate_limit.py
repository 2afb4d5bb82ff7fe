"""So many bytes a second, whatever the producer is, and whatever the consumer says meanwhile."""

from __future__ import annotations

import io
from typing import Any

import pytest
from loopback_pairs import content, drop, gone, pair

from pcstream.internet import reactor
from pcstream.internet.defer import CancelledError
from pcstream.internet.task import Clock, deferLater
from pcstream.internet.testing import StringTransport
from pcstream.protocols.basic import FileSender
from pcstream.streams import RateLimit, StreamStopped, rate_limit, send
from pcstream.trial.unittest import TestCase

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import strategies as st  # noqa: E402
from hypothesis.stateful import (  # noqa: E402
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)


class Consumer:
    """Remembers what came when, and who is registered."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.data = bytearray()
        self.writes: list[tuple[float, int]] = []
        self.producer: Any = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert self.producer is None
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        self.data += data
        self.writes.append((self.clock.seconds(), len(data)))


class Producer:
    """Writes down whether it may write."""

    def __init__(self) -> None:
        self.is_paused = False
        self.stops = 0

    def pauseProducing(self) -> None:
        self.is_paused = True

    def resumeProducing(self) -> None:
        self.is_paused = False

    def stopProducing(self) -> None:
        self.stops += 1


def test_push_and_pull_take_the_same_time():
    data = content(100_000)
    for push in (True, False):
        clock = Clock()
        consumer = Consumer(clock)
        limited = rate_limit(consumer, 10_000, burst=1000, clock=clock)
        if push:
            done = send(data, limited, clock=clock)
        else:
            done = FileSender().beginFileTransfer(io.BytesIO(data), limited)
        done.addCallback(lambda _, limited=limited: limited.finish())
        while not done.called or limited._outcome is None:
            clock.advance(0.01)
            assert clock.seconds() < 20
        assert consumer.data == data
        assert consumer.producer is None
        assert 9.8 < clock.seconds() < 10.1
        assert max(size for _, size in consumer.writes) <= 1000


def test_a_burst_goes_at_once_and_no_more():
    clock = Clock()
    consumer = Consumer(clock)
    limited = rate_limit(consumer, 100, burst=50, clock=clock)
    producer = Producer()
    limited.registerProducer(producer, True)
    limited.write(b"x" * 50)
    assert len(consumer.data) == 50
    assert not producer.is_paused
    limited.write(b"x" * 50)
    assert len(consumer.data) == 50
    assert producer.is_paused
    clock.pump([0.05] * 9)
    assert producer.is_paused
    clock.pump([0.05] * 2)
    assert not producer.is_paused
    assert len(consumer.data) == 100


@pytest.mark.parametrize("first", ["consumer", "rate"])
def test_X3_both_reasons_have_to_go(first):
    clock = Clock()
    consumer = Consumer(clock)
    limited = rate_limit(consumer, 100, burst=10, clock=clock)
    producer = Producer()
    limited.registerProducer(producer, True)
    limited.write(b"x" * 20)
    consumer.producer.pauseProducing()
    assert producer.is_paused
    if first == "consumer":
        consumer.producer.resumeProducing()
        assert producer.is_paused
        clock.pump([0.06] * 3)
    else:
        clock.pump([1] * 3)
        assert producer.is_paused
        assert len(consumer.data) == 10
        consumer.producer.resumeProducing()
        clock.pump([0.06] * 3)
    assert not producer.is_paused
    assert len(consumer.data) == 20


def test_X3_a_consumer_that_pauses_within_the_last_write_is_heard():
    clock = Clock()

    class Full(Consumer):
        def write(self, data: bytes) -> None:
            super().write(data)
            if len(self.data) == 20:
                self.producer.pauseProducing()

    consumer = Full(clock)
    limited = rate_limit(consumer, 100, burst=10, clock=clock)
    producer = Producer()
    limited.registerProducer(producer, True)
    limited.write(b"x" * 20)
    clock.pump([0.06] * 10)
    assert len(consumer.data) == 20
    assert producer.is_paused
    consumer.producer.resumeProducing()
    assert not producer.is_paused


def test_the_rate_can_be_changed_while_it_waits():
    clock = Clock()
    consumer = Consumer(clock)
    limited = rate_limit(consumer, 1, burst=1, clock=clock)
    limited.write(b"x" * 1001)
    assert len(consumer.data) == 1
    limited.bytes_per_second = 10_000
    limited.burst = 1000
    clock.pump([0.01] * 12)
    assert len(consumer.data) == 1001
    assert limited.bytes_per_second == 10_000
    with pytest.raises(ValueError, match="bytes_per_second has to be more than 0"):
        limited.bytes_per_second = 0


def test_X5_the_end_comes_behind_what_is_held():
    clock = Clock()
    consumer = Consumer(clock)
    limited = rate_limit(consumer, 100, burst=10, clock=clock)
    limited.registerProducer(Producer(), True)
    limited.write(b"x" * 20)
    limited.unregisterProducer()
    done = limited.finish()
    assert consumer.producer is not None
    assert not done.called
    clock.pump([0.06] * 3)
    assert consumer.producer is None
    assert done.result == 20


def test_a_lost_consumer_stops_the_producer_once_and_leaves_no_timer():
    clock = Clock()
    consumer = Consumer(clock)
    limited = rate_limit(consumer, 100, burst=10, clock=clock)
    producer = Producer()
    limited.registerProducer(producer, True)
    limited.write(b"x" * 20)
    consumer.producer.stopProducing()
    limited.stopProducing()
    assert producer.stops == 1
    assert clock.getDelayedCalls() == []
    found: list[Any] = []
    limited.finish().addErrback(found.append)
    assert found[0].check(StreamStopped)


def test_cancelling_stops_the_producer_and_lets_the_consumer_be():
    clock = Clock()
    consumer = Consumer(clock)
    limited = rate_limit(consumer, 100, burst=10, clock=clock)
    producer = Producer()
    limited.registerProducer(producer, True)
    limited.write(b"x" * 20)
    done = limited.finish()
    done.cancel()
    found: list[Any] = []
    done.addErrback(found.append)
    assert found[0].check(CancelledError)
    assert producer.stops == 1
    assert consumer.producer is None
    assert clock.getDelayedCalls() == []


def test_bad_input():
    consumer = StringTransport()
    for rate, burst in ((0, None), (-1, None), (float("nan"), None), (1, 0)):
        with pytest.raises(ValueError, match="has to be"):
            rate_limit(consumer, rate, burst)
    with pytest.raises(TypeError, match="is not a consumer"):
        rate_limit(object(), 1)  # type: ignore[arg-type]


class RateTestCase(TestCase):
    timeout = 30

    async def test_over_a_connection_it_takes_its_time_and_loses_nothing(self) -> None:
        near, far = await pair(self)
        data = content(2**18)
        limited = rate_limit(near.transport, 2**20, burst=2**14)
        began = reactor.seconds()
        await send(data, limited)
        assert await limited.finish() == len(data)
        near.transport.loseConnection()
        await gone(far)
        assert far.received == data
        assert reactor.seconds() - began > 0.2

    async def test_a_consumer_that_reads_nothing_holds_it_up(self) -> None:
        near, far = await pair(self)
        far.transport.pauseProducing()
        limited = rate_limit(near.transport, 2**40)
        done = send(iter(lambda: b"x" * 2**16, None), limited)
        sent = -1
        while sent != limited.passed:
            sent = limited.passed
            await deferLater(reactor, 0.05)
        assert sent < 64 * 2**20
        await drop(far)
        await self.assertFailure(done, StreamStopped)


RATE, BURST = 1000, 100


class RateMachine(RuleBasedStateMachine):
    """Any order of writes, time, and the consumer's pauses: never too much, never too little."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.consumer = Consumer(self.clock)
        self.limited: RateLimit = rate_limit(self.consumer, RATE, burst=BURST, clock=self.clock)
        self.producer = Producer()
        self.limited.registerProducer(self.producer, True)
        self.written = b""
        self.is_paused = False

    @precondition(lambda self: not self.producer.is_paused)
    @rule(size=st.integers(0, 300))
    def write(self, size: int) -> None:
        data = content(2**16)[len(self.written) : len(self.written) + size]
        self.written += data
        self.limited.write(data)

    @rule(seconds=st.sampled_from([0, 0.001, 0.01, 0.05, 0.1, 0.333, 2]))
    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: not self.is_paused)
    @rule()
    def pause(self) -> None:
        self.is_paused = True
        self.consumer.producer.pauseProducing()

    @precondition(lambda self: self.is_paused)
    @rule()
    def resume(self) -> None:
        self.is_paused = False
        self.consumer.producer.resumeProducing()

    @invariant()
    def in_order_and_never_too_fast(self) -> None:
        assert self.written.startswith(self.consumer.data)
        writes = self.consumer.writes
        for first in range(len(writes)):
            total = 0
            for when, size in writes[first:]:
                total += size
                assert total <= BURST + RATE * (when - writes[first][0]) + 1

    @invariant()
    def paused_exactly_with_a_reason(self) -> None:
        holds = len(self.consumer.data) < len(self.written)
        assert self.producer.is_paused == (self.is_paused or holds)

    def teardown(self) -> None:
        if self.is_paused:
            self.resume()
        for _ in range(40):
            self.clock.advance(0.05)
        assert self.consumer.data == self.written


TestRateMachine = RateMachine.TestCase

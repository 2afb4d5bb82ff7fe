"""One stream to several consumers: all get all, and the slowest sets the pace."""

from __future__ import annotations

import io
from typing import Any

import pytest
from loopback_pairs import MUCH, content, drop, gone, pair

from pcstream.internet import reactor
from pcstream.internet.defer import CancelledError
from pcstream.internet.task import Clock, deferLater
from pcstream.internet.testing import StringTransport
from pcstream.protocols.basic import FileSender
from pcstream.python import log
from pcstream.streams import StreamStopped, Tee, send, tee
from pcstream.trial.unittest import TestCase

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import strategies as st  # noqa: E402
from hypothesis.stateful import (  # noqa: E402
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)


class Producer:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")

    @property
    def is_paused(self) -> bool:
        told = [call for call in self.calls if call != "stop"]
        return bool(told) and told[-1] == "pause"


class Consumer:
    def __init__(self) -> None:
        self.data = bytearray()
        self.producer: Any = None
        self.failure: Exception | None = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self.producer is not None:
            raise RuntimeError("busy")
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        if self.failure is not None:
            raise self.failure
        self.data += data


def outcome(deferred: Any) -> Any:
    found: list[Any] = []
    deferred.addBoth(found.append)
    return found[0] if found else None


def test_all_have_to_want_more():
    first, second = Consumer(), Consumer()
    both = tee(first, second)
    producer = Producer()
    both.registerProducer(producer, True)
    first.producer.pauseProducing()
    second.producer.pauseProducing()
    assert producer.calls == ["pause"]
    first.producer.resumeProducing()
    assert producer.calls == ["pause"]
    second.producer.resumeProducing()
    assert producer.calls == ["pause", "resume"]


def test_a_lost_one_is_dropped_and_no_longer_holds_the_others_up():
    first, second = Consumer(), Consumer()
    both = tee(first, second)
    producer = Producer()
    both.registerProducer(producer, True)
    both.write(b"both ")
    first.producer.pauseProducing()
    first.producer.stopProducing()
    assert producer.calls == ["pause", "resume"]
    both.write(b"one")
    assert (first.data, second.data) == (b"both ", b"both one")
    assert both.lost == [first]
    assert both.consumers == [second]
    second.producer.stopProducing()
    assert producer.calls == ["pause", "resume", "stop"]
    assert outcome(both.done).check(StreamStopped)


def test_or_ends_all_if_wanted():
    first, second = Consumer(), Consumer()
    both = tee(first, second, on_loss="end")
    producer = Producer()
    both.registerProducer(producer, True)
    first.producer.stopProducing()
    assert producer.calls == ["stop"]
    assert second.producer is None
    failure = outcome(both.done)
    assert failure.check(StreamStopped)
    assert repr(first) in str(failure.value)


def test_one_that_raises_is_lost_and_its_error_logged():
    first, second = Consumer(), Consumer()
    both = tee(first, second)
    both.registerProducer(Producer(), True)
    first.failure = LookupError("broken")
    seen: list[Any] = []
    log.addObserver(seen.append)
    try:
        both.write(b"x")
    finally:
        log.removeObserver(seen.append)
    assert second.data == b"x"
    assert both.lost == [first]
    assert first.producer is None
    assert [event["failure"].type for event in seen if event["isError"]] == [LookupError]


def test_one_may_come_later():
    first, second = Consumer(), Consumer()
    both = tee(first)
    producer = Producer()
    both.registerProducer(producer, True)
    both.write(b"1")
    both.add(second)
    both.write(b"2")
    assert (first.data, second.data) == (b"12", b"2")
    second.producer.pauseProducing()
    assert producer.is_paused
    with pytest.raises(RuntimeError):
        both.add(first)
    assert both.consumers == [first, second]


def test_a_busy_consumer_leaves_the_others_as_they_were():
    first, second = Consumer(), Consumer()
    second.producer = Producer()
    both = tee(first, second)
    with pytest.raises(RuntimeError):
        both.registerProducer(Producer(), True)
    assert first.producer is None


def test_pull_producers():
    clock = Clock()
    consumers = StringTransport(), StringTransport()
    both = tee(*consumers, clock=clock)
    sent = FileSender().beginFileTransfer(io.BytesIO(content(100_000)), both)
    clock.pump([0] * 20)
    assert sent.called
    assert outcome(both.finish()) == 100_000
    for consumer in consumers:
        assert consumer.value() == content(100_000)
        assert consumer.producer is None


def test_cancelling():
    first, second = Consumer(), Consumer()
    both = tee(first, second)
    producer = Producer()
    both.registerProducer(producer, True)
    done = both.finish()
    done.cancel()
    assert outcome(done).check(CancelledError)
    assert producer.calls == ["stop"]
    assert first.producer is second.producer is None


def test_bad_input():
    with pytest.raises(ValueError, match="needs a consumer"):
        tee()
    with pytest.raises(ValueError, match="'drop' or 'end', not 'other'"):
        tee(StringTransport(), on_loss="other")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is not a consumer"):
        tee(StringTransport(), None)  # type: ignore[arg-type]


class TeeTestCase(TestCase):
    timeout = 30

    async def test_two_connections_get_all_at_the_pace_of_the_slower(self) -> None:
        near, far = await pair(self)
        other_near, other_far = await pair(self)
        other_far.transport.pauseProducing()
        both = tee(near.transport, other_near.transport)
        data = content(MUCH)
        sent = send(data, both)
        before = -1
        while before != len(far.received):
            before = len(far.received)
            await deferLater(reactor, 0.05)
        assert before < MUCH
        other_far.transport.resumeProducing()
        assert await sent == MUCH
        await far.until(MUCH)
        await other_far.until(MUCH)
        assert far.received == other_far.received == data

    async def test_one_connection_is_lost_in_the_middle(self) -> None:
        near, far = await pair(self)
        other_near, other_far = await pair(self)
        other_far.transport.pauseProducing()
        both = tee(near.transport, other_near.transport)
        sent = send(content(MUCH), both)
        await far.until(2**16)
        await drop(other_far)
        await gone(other_near)
        assert await sent == MUCH
        await far.until(MUCH)
        assert both.lost == [other_near.transport]


class TeeMachine(RuleBasedStateMachine):
    """Three consumers that pause, resume, die and come as they like."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: list[Consumer] = [Consumer() for _ in range(3)]
        self.expected = {id(consumer): b"" for consumer in self.alive}
        self.all = list(self.alive)
        self.paused: set[int] = set()
        self.tee: Tee = tee(*self.alive)
        self.producer = Producer()
        self.tee.registerProducer(self.producer, True)

    @rule(data=st.binary(max_size=5))
    def write(self, data: bytes) -> None:
        self.tee.write(data)
        for consumer in self.alive:
            self.expected[id(consumer)] += data

    @precondition(lambda self: self.alive)
    @rule(which=st.integers(0, 5))
    def pause(self, which: int) -> None:
        consumer = self.alive[which % len(self.alive)]
        self.paused.add(id(consumer))
        consumer.producer.pauseProducing()

    @precondition(lambda self: self.alive)
    @rule(which=st.integers(0, 5))
    def resume(self, which: int) -> None:
        consumer = self.alive[which % len(self.alive)]
        self.paused.discard(id(consumer))
        consumer.producer.resumeProducing()

    @precondition(lambda self: self.alive)
    @rule(which=st.integers(0, 5))
    def lose(self, which: int) -> None:
        consumer = self.alive.pop(which % len(self.alive))
        self.paused.discard(id(consumer))
        producer, consumer.producer = consumer.producer, None
        producer.stopProducing()

    @precondition(lambda self: self.alive)
    @rule()
    def add(self) -> None:
        consumer = Consumer()
        self.alive.append(consumer)
        self.all.append(consumer)
        self.expected[id(consumer)] = b""
        self.tee.add(consumer)

    @invariant()
    def all_is_well(self) -> None:
        for consumer in self.all:
            assert consumer.data == self.expected[id(consumer)]
        stops = self.producer.calls.count("stop")
        assert stops == (0 if self.alive else 1)
        if self.alive:
            assert self.producer.is_paused == bool(self.paused)


TestTeeMachine = TeeMachine.TestCase

"""Pull producers for consumers that only take push producers."""

from __future__ import annotations

import io
from typing import Any

import pytest
from loopback_pairs import MUCH, content, gone, pair

from pcstream.internet.defer import CancelledError
from pcstream.internet.task import Clock
from pcstream.protocols.basic import FileSender
from pcstream.streams import PullToPush, StreamStopped, pull_to_push
from pcstream.trial.unittest import TestCase


class PushOnly:
    """Pauses its producer when it has more than a mark."""

    def __init__(self, mark: int = 50_000) -> None:
        self.data = bytearray()
        self.held = 0
        self.mark = mark
        self.producer: Any = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert streaming, "push producers only"
        assert producer.pauseProducing
        self.producer = producer

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        self.data += data
        self.held += len(data)
        if self.held > self.mark and self.producer is not None:
            self.producer.pauseProducing()

    def drain(self) -> None:
        self.held = 0
        if self.producer is not None:
            self.producer.resumeProducing()


class Pull:
    """Writes what it is told, each time it is asked."""

    def __init__(self, consumer: Any, *pieces: bytes) -> None:
        self.consumer = consumer
        self.pieces = list(pieces)
        self.asked = 0
        self.stops = 0

    def resumeProducing(self) -> None:
        self.asked += 1
        if not self.pieces:
            self.consumer.unregisterProducer()
        elif piece := self.pieces.pop(0):
            self.consumer.write(piece)

    def stopProducing(self) -> None:
        self.stops += 1


def test_a_file_at_the_pace_of_a_push_only_consumer():
    clock = Clock()
    consumer = PushOnly()
    data = content(500_000)
    sent = FileSender().beginFileTransfer(io.BytesIO(data), pull_to_push(consumer, clock))
    drains = 0
    while not sent.called:
        clock.advance(0)
        assert consumer.held <= consumer.mark + 2**14
        consumer.drain()
        drains += 1
    assert consumer.data == data
    assert consumer.producer is None
    assert drains >= 500_000 // (consumer.mark + 2**14)


def test_A2_one_that_has_nothing_is_asked_less_often():
    clock = Clock()
    consumer = PushOnly()
    middle = pull_to_push(consumer, clock)
    producer = Pull(middle, *[b""] * 10_000)
    middle.registerProducer(producer, False)
    for _ in range(1000):
        clock.advance(0.001)
    assert 5 < producer.asked < 30


def test_A4_one_that_raises_is_stopped_and_let_go(caplog):
    clock = Clock()
    consumer = PushOnly()
    middle = pull_to_push(consumer, clock)
    producer = Pull(middle)
    producer.resumeProducing = lambda: 1 / 0  # type: ignore[method-assign,assignment]
    middle.registerProducer(producer, False)
    clock.advance(0)
    assert producer.stops == 1
    assert consumer.producer is None


def test_C1_the_text_names_the_producers_themselves():
    middle = pull_to_push(PushOnly(), Clock())
    first, second = Pull(middle), Pull(middle)
    middle.registerProducer(first, False)
    with pytest.raises(RuntimeError) as raised:
        middle.registerProducer(second, False)
    assert str(raised.value) == (
        f"Cannot register producer {second!r}, because producer {first!r} was never unregistered."
    )


def test_A3_a_lost_consumer_stops_it_once():
    clock = Clock()
    consumer = PushOnly()
    middle = pull_to_push(consumer, clock)
    producer = Pull(middle, b"x", b"y")
    middle.registerProducer(producer, False)
    below = consumer.producer
    below.stopProducing()
    below.stopProducing()
    clock.pump([0, 0.1])
    assert producer.stops == 1
    assert producer.asked == 0
    found: list[Any] = []
    middle.done.addErrback(found.append)
    assert found[0].check(StreamStopped)


def test_cancelling():
    clock = Clock()
    consumer = PushOnly()
    middle = pull_to_push(consumer, clock)
    producer = Pull(middle, b"x", b"y")
    middle.registerProducer(producer, False)
    middle.done.cancel()
    found: list[Any] = []
    middle.done.addErrback(found.append)
    clock.pump([0, 0.1])
    assert found[0].check(CancelledError)
    assert producer.stops == 1
    assert consumer.producer is None
    assert consumer.data == b""


def test_for_the_makers_of_consumers():
    clock = Clock()
    consumer = PushOnly()
    producer = Pull(consumer, b"a", b"b")
    push = PullToPush(producer, consumer, clock)
    consumer.registerProducer(push, True)
    push.start()
    clock.advance(0)
    assert consumer.data[:1] == b"a"
    push.stop()
    asked = producer.asked
    clock.pump([0, 1])
    assert producer.asked == asked


class PullToPushTestCase(TestCase):
    timeout = 30

    async def test_over_a_connection(self) -> None:
        near, far = await pair(self)
        data = content(MUCH)
        middle = pull_to_push(near.transport)
        await FileSender().beginFileTransfer(io.BytesIO(data), middle)
        near.transport.loseConnection()
        await gone(far)
        assert far.received == data

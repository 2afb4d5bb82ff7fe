"""Exactly as many bytes as announced."""

from __future__ import annotations

import io
from typing import Any

import pytest
from loopback_pairs import content, gone, pair

from pcstream.internet.defer import CancelledError, Deferred
from pcstream.internet.task import Clock
from pcstream.internet.testing import StringTransport
from pcstream.protocols.basic import FileSender
from pcstream.streams import (
    StreamStopped,
    TooLong,
    TooShort,
    check_length,
    expect_length,
    read,
    send,
)
from pcstream.trial.unittest import TestCase


class Producer:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")


def outcome(deferred: Any) -> Any:
    found: list[Any] = []
    deferred.addBoth(found.append)
    return found[0] if found else None


def test_the_right_amount():
    consumer = StringTransport()
    checked = expect_length(consumer, 6)
    checked.registerProducer(Producer(), True)
    checked.write(b"abc")
    checked.write(b"def")
    done = checked.finish()
    assert not done.called
    checked.unregisterProducer()
    assert outcome(done) == 6
    assert consumer.value() == b"abcdef"
    assert consumer.producer is None


def test_too_few():
    consumer = StringTransport()
    checked = expect_length(consumer, 6)
    checked.write(b"abc")
    failure = outcome(checked.finish())
    assert failure.check(TooShort)
    assert (failure.value.expected, failure.value.arrived) == (6, 3)
    assert str(failure.value) == "3 bytes came where 6 were expected"


def test_too_many_stops_the_producer_at_once_and_the_rest_is_not_passed_on():
    consumer = StringTransport()
    checked = expect_length(consumer, 4)
    producer = Producer()
    checked.registerProducer(producer, True)
    checked.write(b"abc")
    checked.write(b"def")
    failure = outcome(checked.done)
    assert failure.check(TooLong)
    assert consumer.value() == b"abcd"
    assert producer.calls == ["stop"]
    assert consumer.producer is None
    checked.write(b"ghi")
    assert consumer.value() == b"abcd"


def test_several_producers_one_after_the_other_count_together():
    clock = Clock()
    consumer = StringTransport()
    checked = expect_length(consumer, 9, clock)
    assert outcome(send(b"head ", checked, clock=clock)) == 5
    sent = FileSender().beginFileTransfer(io.BytesIO(b"body"), checked)
    clock.advance(0)
    assert sent.called
    assert outcome(checked.finish()) == 9
    assert consumer.value() == b"head body"


def test_nothing_at_all_may_be_expected():
    assert outcome(expect_length(StringTransport(), 0).finish()) == 0


def test_cancelling_and_losing():
    for lose in (False, True):
        consumer = StringTransport()
        checked = expect_length(consumer, 4)
        producer = Producer()
        checked.registerProducer(producer, True)
        if lose:
            checked.stopProducing()
        else:
            checked.done.cancel()
        assert producer.calls == ["stop"]
        assert outcome(checked.done).check(StreamStopped if lose else CancelledError)


def test_bad_input():
    with pytest.raises(ValueError, match="cannot be less than 0"):
        expect_length(StringTransport(), -1)
    with pytest.raises(TypeError, match="is not a consumer"):
        expect_length(None, 1)  # type: ignore[arg-type]


async def chunks(*pieces: bytes) -> Any:
    for piece in pieces:
        yield piece


async def collected(source: Any, length: int) -> bytes:
    return b"".join([chunk async for chunk in check_length(source, length)])


@pytest.mark.parametrize(
    ("pieces", "length", "expected"),
    [
        ((b"ab", b"c"), 3, b"abc"),
        ((b"ab", b"c"), 2, b"ab"),
        ((b"ab",), 0, b""),
        ((b"ab",), 3, TooShort),
        ((b"ab", b"cd"), 3, TooLong),
        ((), 1, TooShort),
        ((b"ab",), -1, ValueError),
    ],
)
def test_for_whoever_reads(pieces, length, expected):
    result = outcome(Deferred.fromCoroutine(collected(chunks(*pieces), length)))
    if isinstance(expected, bytes):
        assert result == expected
    else:
        assert result.check(expected)


class LengthTestCase(TestCase):
    timeout = 30

    async def test_a_connection_that_ends_early(self) -> None:
        near, far = await pair(self)
        await send(content(1000), near.transport)
        near.transport.loseConnection()
        arrived = 0
        try:
            async for chunk in check_length(read(far.transport), 2000):
                arrived += len(chunk)
        except TooShort as short:
            assert short.arrived == arrived == 1000
        else:
            self.fail("nobody has noticed")

    async def test_through_a_connection(self) -> None:
        near, far = await pair(self)
        data = content(2**20)
        checked = expect_length(near.transport, len(data))
        await send(data, checked)
        assert await checked.finish() == len(data)
        near.transport.loseConnection()
        await gone(far)
        assert far.received == data

"""Buckets that leak, and what they limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcstream.internet.address import IPv4Address
from pcstream.internet.protocol import Protocol
from pcstream.internet.task import Clock
from pcstream.internet.testing import StringTransport
from pcstream.protocols import htb


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The buckets' time."""
    clock = Clock()
    monkeypatch.setattr(htb, "time", clock.seconds)
    return clock


class Small(htb.Bucket):
    maxburst = 100
    rate = 2


def test_a_bucket_takes_what_fits_and_leaks(clock: Clock) -> None:
    bucket = Small()
    assert bucket.add(1_000) == 100
    assert bucket.add(1) == 0
    clock.advance(10)
    assert bucket.add(1_000) == 20
    assert not bucket.drip()
    clock.advance(50)
    assert bucket.drip()


def test_what_fits_in_part_is_a_whole_number(clock: Clock) -> None:
    bucket = Small()
    bucket.add(100)
    clock.advance(0.75)
    assert bucket.add(10) == 1
    assert type(bucket.add(0)) is int


def test_a_bucket_without_limits(clock: Clock) -> None:
    bucket = htb.Bucket()
    assert bucket.add(10**9) == 10**9
    assert bucket.drip()


def test_a_parent_limits_its_children(clock: Clock) -> None:
    parent = Small()
    first, second = Small(parent), Small(parent)
    assert first.add(90) == 90
    assert second.add(90) == 10
    parent.rate = 1
    clock.advance(10)
    assert second.add(90) == 10


@given(st.lists(st.tuples(st.integers(0, 300), st.floats(0, 5)), max_size=30))
def test_a_bucket_never_lets_more_through_than_burst_and_rate(steps: list[Any]) -> None:
    clock = Clock()
    now, htb.time = htb.time, clock.seconds
    try:
        bucket = Small()
        through = 0
        for amount, wait in steps:
            got = bucket.add(amount)
            assert 0 <= got <= amount
            through += got
            assert through <= 100 + 2 * clock.seconds() + 0.001
            clock.advance(wait)
    finally:
        htb.time = now


class ByKey(htb.HierarchicalBucketFilter):
    bucketFactory = Small
    sweepInterval = 5

    def getBucketKey(self, key: Any) -> Any:
        return key


def test_a_filter_has_a_bucket_for_each_key_and_forgets_the_unused(clock: Clock) -> None:
    buckets = ByKey()
    first = buckets.getBucketFor("a")
    assert buckets.getBucketFor("a") is first
    used = buckets.getBucketFor("used")
    used._refcount = 1
    full = buckets.getBucketFor("full")
    full.add(100)
    clock.advance(5.1)
    buckets.getBucketFor("b")
    assert sorted(buckets.buckets) == ["b", "full", "used"]


def test_filters_lead_to_the_parents_buckets(clock: Clock) -> None:
    parent = ByKey()
    child = ByKey(parent)
    assert child.getBucketFor("a").parentBucket is parent.getBucketFor("a")
    with pytest.raises(NotImplementedError):
        htb.HierarchicalBucketFilter().getBucketFor("a")


def test_filters_by_addresses() -> None:
    transport = StringTransport(
        IPv4Address("TCP", "1.2.3.4", 80), IPv4Address("TCP", "5.6.7.8", 999)
    )
    assert htb.FilterByHost().getBucketKey(transport) == "5.6.7.8"
    assert htb.FilterByServer().getBucketKey(transport) == 80
    old_style: Any = StringTransport(("TCP", "1.2.3.4", 80), ("TCP", "5.6.7.8", 999))
    assert htb.FilterByHost().getBucketKey(old_style) == "5.6.7.8"
    assert htb.FilterByServer().getBucketKey(old_style) == 80


def shaped(clock: Clock) -> tuple[Any, StringTransport]:
    transport = StringTransport()
    consumer = htb.ShapedConsumer(transport, Small())
    consumer.clock = clock
    return consumer, transport


def test_a_shaped_consumer_writes_what_the_bucket_allows(clock: Clock) -> None:
    consumer, transport = shaped(clock)
    assert transport.producer is consumer
    assert not transport.streaming
    consumer.bucket.add(100)
    consumer.write(b"x" * 100)
    clock.advance(10)
    consumer.resumeProducing()
    assert len(transport.value()) == 20


def test_L1_a_full_bucket_does_not_stall_the_consumer(clock: Clock) -> None:
    consumer, transport = shaped(clock)
    consumer.bucket.add(100)
    consumer.write(b"x" * 10)
    consumer.resumeProducing()
    assert transport.value() == b""
    clock.pump([0.5] * 3)
    assert transport.value() != b""
    while len(transport.value()) < 10:
        consumer.resumeProducing()
        clock.advance(0.5)
    assert clock.getDelayedCalls() == []


def test_a_stop_lets_go_of_the_bucket_once(clock: Clock) -> None:
    consumer, _transport = shaped(clock)
    assert consumer.bucket._refcount == 1
    consumer.bucket.add(100)
    consumer.write(b"x")
    consumer.resumeProducing()
    assert len(clock.getDelayedCalls()) == 1
    consumer.stopProducing()
    consumer.stopProducing()
    assert consumer.bucket._refcount == 0
    assert clock.getDelayedCalls() == []


def test_protocols_with_shaped_transports(clock: Clock) -> None:
    buckets = ByKey()
    buckets.getBucketKey = lambda transport: transport.getPeer().host  # type: ignore
    build = htb.ShapedProtocolFactory(Protocol, buckets)
    protocol = build()
    transport = StringTransport()
    protocol.makeConnection(transport)
    assert isinstance(protocol.transport, htb.ShapedTransport)
    assert protocol.transport.getPeer() == transport.getPeer()
    assert protocol.transport.bucket is buckets.getBucketFor(transport)
    protocol.transport.write(b"x" * 150)
    protocol.transport.resumeProducing()
    assert len(transport.value()) == 100
    protocol.transport.loseConnection()
    assert transport.disconnecting
    with pytest.raises(AttributeError):
        _ = protocol.transport.elsewhere

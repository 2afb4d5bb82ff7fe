"""Limits to how fast is written, by buckets that leak: hierarchical token buckets.

What is written fills a bucket, which leaks at its rate; what does not fit has to wait.  A bucket
may leak into a larger one that it shares with others.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import time
from typing import Any

from zope.interface import Interface, implementer

from . import pcp

# A bucket without room is looked at again when a byte fits in, but not more often and not more
# seldom than that: a slow bucket would starve its consumer, a fast one eat the processor.
SHORTEST_WAIT_S = 0.01
LONGEST_WAIT_S = 1.0


class Bucket:
    """Leaks at a constant rate.

    :ivar maxburst: how much fits in; None for no limit.
    :ivar rate: how much leaks out in a second; None for all at once.
    :ivar content: how much is in.
    :ivar lastDrip: when it last leaked.
    """

    maxburst: int | None = None
    rate: int | None = None

    _refcount = 0

    def __init__(self, parentBucket: Bucket | None = None) -> None:
        """Make an empty bucket.

        :param parentBucket: what it leaks into.
        """
        self.content: float = 0
        self.parentBucket = parentBucket
        self.lastDrip: float = time()

    def add(self, amount: int) -> int:
        """Fill in as much of *amount* as fits here and into the parent; answers how much."""
        self.drip()
        if self.maxburst is None:
            allowable = amount
        else:
            allowable = int(min(amount, self.maxburst - self.content))
        if self.parentBucket is not None:
            allowable = self.parentBucket.add(allowable)
        self.content += allowable
        return allowable

    def drip(self) -> bool:
        """Let out what has leaked since the last time; answers whether the bucket is empty."""
        if self.parentBucket is not None:
            self.parentBucket.drip()
        if self.rate is None:
            self.content = 0
        else:
            now = time()
            self.content = max(0, self.content - self.rate * (now - self.lastDrip))
            self.lastDrip = now
        return self.content == 0


class IBucketFilter(Interface):
    """Chooses the bucket of a connection."""

    def getBucketFor(*somethings: Any, **some_kw: Any) -> Any:
        """The bucket, for whatever the filter chooses by; usually a transport."""


@implementer(IBucketFilter)
class HierarchicalBucketFilter:
    """Has a bucket for each key, and forgets those that are empty and unused.

    :ivar bucketFactory: makes a bucket from its parent.
    :ivar sweepInterval: forget unused buckets every so many seconds; None for never.
    """

    bucketFactory: Callable[..., Bucket] = Bucket
    sweepInterval: int | None = None

    def __init__(self, parentFilter: Any = None) -> None:
        """Make a filter without any buckets.

        :param parentFilter: chooses, by the same things, the bucket ours leak into.
        """
        self.buckets: dict[Hashable, Bucket] = {}
        self.parentFilter = parentFilter
        self.lastSweep: float = time()

    def getBucketFor(self, *a: Any, **kw: Any) -> Bucket:
        """The bucket of the key for these; made if there is none."""
        if self.sweepInterval is not None and time() - self.lastSweep > self.sweepInterval:
            self.sweep()
        parent = None if self.parentFilter is None else self.parentFilter.getBucketFor(*a, **kw)
        key = self.getBucketKey(*a, **kw)
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = self.bucketFactory(parent)
        return bucket

    def getBucketKey(self, *a: Any, **kw: Any) -> Hashable:
        """What connections with the same bucket have in common; to be overridden."""
        raise NotImplementedError

    def sweep(self) -> None:
        """Forget the buckets that are empty and used by nobody."""
        for key, bucket in list(self.buckets.items()):
            if bucket.drip() and bucket._refcount == 0:
                del self.buckets[key]
        self.lastSweep = time()


def _part_of(address: Any, name: str, index: int) -> Hashable:
    """A part of an address, which was a tuple once and still is one in some transports."""
    part: Hashable = getattr(address, name) if hasattr(address, name) else address[index]
    return part


class FilterByHost(HierarchicalBucketFilter):
    """Has a bucket for each host at the other end."""

    sweepInterval = 60 * 20

    def getBucketKey(self, transport: Any) -> Hashable:
        """The peer's address without its port."""
        return _part_of(transport.getPeer(), "host", 1)


class FilterByServer(HierarchicalBucketFilter):
    """Has a bucket for each of our ports."""

    sweepInterval = None

    def getBucketKey(self, transport: Any) -> Hashable:
        """Our own port."""
        return _part_of(transport.getHost(), "port", 2)


class ShapedConsumer(pcp.ProducerConsumerProxy):
    """Writes to a consumer no faster than a bucket allows.

    :ivar bucket: what limits it.
    :ivar clock: has ``callLater``; None for the reactor.
    """

    iAmStreaming = False
    clock: Any = None
    _wait: Any = None

    def __init__(self, consumer: Any, bucket: Bucket) -> None:
        self.bucket = bucket
        bucket._refcount += 1
        super().__init__(consumer)

    def _writeSomeData(self, data: Any) -> int:
        amount = self.bucket.add(len(data))
        if amount <= 0:
            self._write_later()
            return 0
        return super()._writeSomeData(data[:amount])

    def _write_later(self) -> None:
        """The bucket is full: a consumer that gets nothing does not ask twice, so look again."""
        if self._wait is not None:
            return
        rate = self.bucket.rate
        wait_s = min(max(1 / rate, SHORTEST_WAIT_S), LONGEST_WAIT_S) if rate else SHORTEST_WAIT_S
        clock = self.clock
        if clock is None:
            from ..internet import reactor

            clock = reactor
        self._wait = clock.callLater(wait_s, self._look_again)

    def _look_again(self) -> None:
        self._wait = None
        self.resumeProducing()

    def stopProducing(self) -> None:
        """Stop the producer and let go of the bucket."""
        was_stopped = self.stopped
        super().stopProducing()
        if self._wait is not None:
            self._wait.cancel()
            self._wait = None
        if not was_stopped:
            self.bucket._refcount -= 1


class ShapedTransport(ShapedConsumer):
    """A transport that writes no faster than a bucket allows, and is otherwise the one it wraps."""

    iAmStreaming = False

    def __getattr__(self, name: str) -> Any:
        if name == "consumer":
            raise AttributeError(name)
        return getattr(self.consumer, name)


class ShapedProtocolFactory:
    """Builds protocols whose transports write no faster than a bucket allows.

    To be used in the place of a protocol's class as a factory's ``protocol``.
    """

    def __init__(self, protoClass: Callable[..., Any], bucketFilter: Any) -> None:
        """Make a factory of *protoClass*.

        :param bucketFilter: chooses the bucket by the transport.
        """
        self.protocol = protoClass
        self.bucketFilter = bucketFilter

    def __call__(self, *a: Any, **kw: Any) -> Any:
        """Build a protocol from these arguments."""
        proto = self.protocol(*a, **kw)
        origMakeConnection = proto.makeConnection

        def makeConnection(transport: Any) -> Any:
            bucket = self.bucketFilter.getBucketFor(transport)
            return origMakeConnection(ShapedTransport(transport, bucket))

        proto.makeConnection = makeConnection
        return proto

"""Bandwidth limits for all connections of a factory together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from ..internet.interfaces import IAddress
from ..python import log
from ..python.failure import Failure
from ._wrapping import ProtocolWrapper, WrappingFactory

__all__ = ["ThrottlingFactory", "ThrottlingProtocol"]


class _ThrottledProducer:
    """A producer with two masters: its consumer and the throttle.

    A push producer runs while neither has paused it; a pull producer is asked when the consumer
    has asked and the throttle is open (contract X3, L6).

    :ivar original: the producer.
    :ivar is_streaming: whether it is a push producer.
    """

    __slots__ = ("_consumer_waits", "_is_stopped", "_is_throttled", "is_streaming", "original")

    def __init__(self, original: Any, is_streaming: bool, is_throttled: bool) -> None:
        self.original = original
        self.is_streaming = is_streaming
        self._is_stopped = False
        # of a push producer: paused by its consumer; of a pull producer: asked by its consumer
        self._consumer_waits = False
        self._is_throttled = is_throttled

    def __repr__(self) -> str:
        return repr(self.original)

    @property
    def is_stopped(self) -> bool:
        """Whether the consumer has stopped the producer."""
        return self._is_stopped

    def pauseProducing(self) -> None:
        """The consumer is full."""
        if not self._consumer_waits:
            self._consumer_waits = True
            if not self._is_throttled:
                self.original.pauseProducing()

    def resumeProducing(self) -> None:
        """The consumer has room."""
        if not self.is_streaming:
            self._consumer_waits = self._is_throttled
            if not self._is_throttled:
                self.original.resumeProducing()
        elif self._consumer_waits:
            self._consumer_waits = False
            if not self._is_throttled:
                self.original.resumeProducing()

    def stopProducing(self) -> None:
        """The connection is lost; a second stop changes nothing (contract X4)."""
        if not self._is_stopped:
            self._is_stopped = True
            self.original.stopProducing()

    def throttle(self) -> None:
        """Too much was written."""
        if not self._is_throttled:
            self._is_throttled = True
            if self.is_streaming and not self._consumer_waits:
                self.original.pauseProducing()

    def unthrottle(self) -> None:
        """More may be written."""
        if self._is_throttled:
            self._is_throttled = False
            if self.is_streaming != self._consumer_waits and not self._is_stopped:
                self._consumer_waits = False
                self.original.resumeProducing()


class ThrottlingProtocol(ProtocolWrapper):
    """A connection whose reading and writing may be held up by its factory.

    :ivar producer: who is held up when too much is written, or None.
    """

    _throttled: _ThrottledProducer | None = None
    _reads_are_throttled = False
    _writes_are_throttled = False
    _is_paused = False  # by the wrapped protocol

    @property
    def producer(self) -> Any:
        """Who is held up when too much is written, or None."""
        return None if self._throttled is None else self._throttled.original

    @producer.setter
    def producer(self, producer: Any) -> None:
        self._throttled = _ThrottledProducer(producer, True, self._writes_are_throttled)

    @producer.deleter
    def producer(self) -> None:
        self._throttled = None

    def write(self, data: bytes) -> None:
        """Write *data* and count it."""
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        self.factory.registerWritten(len(data))
        ProtocolWrapper.write(self, data)

    def writeSequence(self, seq: Iterable[bytes]) -> None:
        """Write all of *seq* and count it."""
        pieces = list(seq)
        if not all(isinstance(piece, bytes) for piece in pieces):
            raise TypeError("Data must be bytes")
        self.factory.registerWritten(sum(map(len, pieces)))
        ProtocolWrapper.writeSequence(self, pieces)

    def dataReceived(self, data: bytes) -> None:
        """Count *data* and pass it on."""
        self.factory.registerRead(len(data))
        ProtocolWrapper.dataReceived(self, data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have *producer* paced by the transport and by the throttle."""
        throttled = _ThrottledProducer(producer, bool(streaming), self._writes_are_throttled)
        before, self._throttled = self._throttled, throttled
        try:
            ProtocolWrapper.registerProducer(self, throttled, streaming)
        except BaseException:
            self._throttled = before
            raise
        if throttled.is_stopped and self._throttled is throttled:
            self._throttled = None
        elif self._throttled is throttled and streaming and self._writes_are_throttled:
            producer.pauseProducing()

    def unregisterProducer(self) -> None:
        """Have the transport and the throttle forget the producer."""
        self._throttled = None
        ProtocolWrapper.unregisterProducer(self)

    def stopConsuming(self) -> None:
        """Forget the producer, and close."""
        self._throttled = None
        ProtocolWrapper.stopConsuming(self)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Forget the producer, and tell the wrapped protocol."""
        self._throttled = None
        ProtocolWrapper.connectionLost(self, reason)

    def pauseProducing(self) -> None:
        """The wrapped protocol wants to receive nothing."""
        self._is_paused = True
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """The wrapped protocol wants to receive again; it does when the throttle is open too."""
        self._is_paused = False
        if not self._reads_are_throttled:
            self.transport.resumeProducing()

    def throttleReads(self) -> None:
        """Receive nothing for now."""
        self._reads_are_throttled = True
        self.transport.pauseProducing()

    def unthrottleReads(self) -> None:
        """Receive again, unless the wrapped protocol has paused."""
        self._reads_are_throttled = False
        if not self._is_paused:
            self.transport.resumeProducing()

    def throttleWrites(self) -> None:
        """Hold the producer up, if there is one."""
        self._writes_are_throttled = True
        if self._throttled is not None:
            self._throttled.throttle()

    def unthrottleWrites(self) -> None:
        """Let the producer go on, unless the transport is full."""
        self._writes_are_throttled = False
        if self._throttled is not None:
            self._throttled.unthrottle()


class ThrottlingFactory(WrappingFactory[Any]):
    """Limits how many connections there are, and how much they read and write in all.

    What was read or written over the limit in one second is made good for by pausing afterwards.

    :ivar connectionCount: how many connections there are.
    :ivar maxConnectionCount: how many there may be.
    :ivar readLimit: bytes a second; None for no limit.
    :ivar writeLimit: bytes a second; None for no limit.
    """

    protocol = ThrottlingProtocol

    def __init__(
        self,
        wrappedFactory: Any,
        maxConnectionCount: int = sys.maxsize,
        readLimit: float | None = None,
        writeLimit: float | None = None,
    ) -> None:
        WrappingFactory.__init__(self, wrappedFactory)
        self.connectionCount = 0
        self.maxConnectionCount = maxConnectionCount
        self.readLimit = readLimit
        self.writeLimit = writeLimit
        self.readThisSecond = 0
        self.writtenThisSecond = 0
        self.unthrottleReadsID: Any = None
        self.checkReadBandwidthID: Any = None
        self.unthrottleWritesID: Any = None
        self.checkWriteBandwidthID: Any = None

    def callLater(self, period: float, func: Callable[[], Any]) -> Any:
        """Call *func* in *period* seconds; to be overridden by tests."""
        from ..internet import reactor

        later: Any = reactor
        return later.callLater(period, func)

    def registerWritten(self, length: int) -> None:
        """Count *length* bytes as written."""
        self.writtenThisSecond += length

    def registerRead(self, length: int) -> None:
        """Count *length* bytes as read."""
        self.readThisSecond += length

    def checkReadBandwidth(self) -> None:
        """Called every second: stop reading for as long as the excess is worth."""
        if self.readLimit is not None and self.readThisSecond > self.readLimit:
            self.throttleReads()
            excess_s = float(self.readThisSecond) / self.readLimit - 1.0
            self.unthrottleReadsID = self.callLater(excess_s, self.unthrottleReads)
        self.readThisSecond = 0
        self.checkReadBandwidthID = self.callLater(1, self.checkReadBandwidth)

    def checkWriteBandwidth(self) -> None:
        """Called every second: hold producers up for as long as the excess is worth."""
        if self.writeLimit is not None and self.writtenThisSecond > self.writeLimit:
            self.throttleWrites()
            excess_s = float(self.writtenThisSecond) / self.writeLimit - 1.0
            self.unthrottleWritesID = self.callLater(excess_s, self.unthrottleWrites)
        # reset behind the throttling, during which producers may write
        self.writtenThisSecond = 0
        self.checkWriteBandwidthID = self.callLater(1, self.checkWriteBandwidth)

    def _for_each_protocol(self, what: Callable[[Any], None]) -> None:
        """Do it for all connections, whatever it does to one of them (contract P6)."""
        for p in list(self.protocols):
            if p not in self.protocols:
                continue
            try:
                what(p)
            except Exception:
                log.err(None, f"{p!r} could not be throttled or let go on")

    def throttleReads(self) -> None:
        """Have no connection read."""
        log.msg(f"Throttling reads on {self}")
        self._for_each_protocol(lambda p: p.throttleReads())

    def unthrottleReads(self) -> None:
        """Have all connections read again."""
        self.unthrottleReadsID = None
        log.msg(f"Stopped throttling reads on {self}")
        self._for_each_protocol(lambda p: p.unthrottleReads())

    def throttleWrites(self) -> None:
        """Hold all producers up."""
        log.msg(f"Throttling writes on {self}")
        self._for_each_protocol(lambda p: p.throttleWrites())

    def unthrottleWrites(self) -> None:
        """Let all producers go on."""
        self.unthrottleWritesID = None
        log.msg(f"Stopped throttling writes on {self}")
        self._for_each_protocol(lambda p: p.unthrottleWrites())

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Build a protocol, unless there are as many as there may be."""
        if self.connectionCount == 0:
            if self.readLimit is not None and self.checkReadBandwidthID is None:
                self.checkReadBandwidth()
            if self.writeLimit is not None and self.checkWriteBandwidthID is None:
                self.checkWriteBandwidth()
        if self.connectionCount >= self.maxConnectionCount:
            log.msg("Max connection count reached!")
            return None
        built = WrappingFactory.buildProtocol(self, addr)
        if built is not None:
            self.connectionCount += 1
        return built

    def unregisterProtocol(self, p: Any) -> None:
        """A connection is lost; without any the counting ends."""
        WrappingFactory.unregisterProtocol(self, p)
        self.connectionCount -= 1
        if self.connectionCount == 0:
            for name in (
                "unthrottleReadsID",
                "checkReadBandwidthID",
                "unthrottleWritesID",
                "checkWriteBandwidthID",
            ):
                call = getattr(self, name)
                if call is not None:
                    call.cancel()
                    setattr(self, name, None)

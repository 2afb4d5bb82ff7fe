"""This process's standard input and output as one transport.

Two descriptors make one connection: a :class:`~pcstream.internet.process.ProcessReader` for what
comes in, a :class:`~pcstream.internet.process.ProcessWriter` for what goes out.  Each can end
without the other, and the writer's outbox and producer slot are those of every other transport.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zope.interface import implementer

from .._engine.producer_slot import DEAD_SLOT
from ..python import log
from ..python.failure import Failure
from . import fdesc, interfaces
from .error import ConnectionDone, ConnectionLost
from .process import ProcessReader, ProcessWriter

__all__ = ["PipeAddress", "StandardIO"]


@implementer(interfaces.IAddress)
class PipeAddress:
    """The address of either end of a pipe: that there is one is all that can be said."""


@implementer(
    interfaces.ITransport,
    interfaces.IPushProducer,
    interfaces.IConsumer,
    interfaces.IHalfCloseableDescriptor,
)
class StandardIO:
    """Connects a protocol to standard input and output, or to two descriptors in their place.

    The descriptors themselves stay open when the connection ends: they are the process's.
    """

    _reader: ProcessReader | None = None
    _writer: ProcessWriter | None = None
    disconnected = False
    disconnecting = False

    def __init__(self, proto: Any, stdin: int = 0, stdout: int = 1, reactor: Any = None) -> None:
        """
        :param proto: is connected before this returns.
        :param stdin: the descriptor to read from.
        :param stdout: the descriptor to write to.
        """
        if reactor is None:
            from . import reactor
        self.protocol = proto
        self._writer = ProcessWriter(reactor, self, "write", stdout)
        try:
            self._reader = ProcessReader(reactor, self, "read", stdin)
        except BaseException:
            # Nobody gets a transport to close.
            self._writer.stopReading()
            fdesc.setBlocking(stdout)
            raise
        self.protocol.makeConnection(self)

    def loseWriteConnection(self) -> None:
        """Close the writing side after what is queued has gone; go on reading."""
        if self._writer is not None:
            self._writer.loseConnection()

    def write(self, data: bytes) -> None:
        """Queue *data*; without a writing side it is dropped.

        :raises TypeError: *data* is not bytes, whatever the state (contract C15).
        """
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        if self._writer is not None:
            self._writer.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Queue all elements of *data*, or none of them.

        :raises TypeError: an element is not ``bytes``, whatever the state.
        """
        if self._writer is not None:
            self._writer.writeSequence(data)
        else:
            for each in data:
                self.write(each)

    def loseConnection(self) -> None:
        """Close both sides once everything queued has gone."""
        self.disconnecting = True
        if self._writer is not None:
            self._writer.loseConnection()
            if self._reader is not None:
                # Closed together with the writer, so that a peer that is a pipe away does not meet
                # a closed end while it is still being answered.
                self._reader.stopReading()
        elif self._reader is not None:
            self._reader.loseConnection()

    def getPeer(self) -> PipeAddress:
        """Whoever is at the other end."""
        return PipeAddress()

    def getHost(self) -> PipeAddress:
        """This end."""
        return PipeAddress()

    def childDataReceived(self, fd: str, data: bytes) -> None:
        """The reader has data."""
        self.protocol.dataReceived(data)

    def childConnectionLost(self, fd: str, reason: Failure) -> None:
        """One side has ended.

        :param fd: ``"read"`` or ``"write"``.
        """
        if self.disconnected:
            return
        if reason.check(ConnectionDone, ConnectionLost):
            if fd == "read":
                self._readConnectionLost(reason)
            else:
                self._writeConnectionLost(reason)
        else:
            self.connectionLost(reason)

    def connectionLost(self, reason: Failure) -> None:
        """End both sides and tell the protocol, once."""
        if self.disconnected:
            return
        self.disconnected = True
        reader, self._reader = self._reader, None
        writer, self._writer = self._writer, None
        for side in (writer, reader):
            if side is not None and not side.disconnected:
                side.connectionLost(reason)
        try:
            self.protocol.connectionLost(reason)
        except Exception:
            log.err(None, "unexpected error in connectionLost")

    def _writeConnectionLost(self, reason: Failure) -> None:
        self._writer = None
        if self.disconnecting:
            self.connectionLost(reason)
            return
        # Contract T14: a protocol that knows no half-close is not told, as in Twisted.
        half_closeable = interfaces.IHalfCloseableProtocol(self.protocol, None)
        if half_closeable is not None:
            self._tell_half(half_closeable.writeConnectionLost)

    def _readConnectionLost(self, reason: Failure) -> None:
        self._reader = None
        half_closeable = interfaces.IHalfCloseableProtocol(self.protocol, None)
        if half_closeable is not None and not self.disconnecting:
            self._tell_half(half_closeable.readConnectionLost)
        else:
            self.connectionLost(reason)

    def _tell_half(self, tell: Any) -> None:
        try:
            tell()
        except Exception:
            failure = Failure()
            log.err(failure, f"unexpected error in {tell.__name__}")
            self.connectionLost(failure)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Register with the writing side; without one, *producer* is stopped (contract C2)."""
        if self._writer is None:
            DEAD_SLOT.register(producer, streaming)
        else:
            self._writer.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Unregister from the writing side."""
        if self._writer is not None:
            self._writer.unregisterProducer()

    def stopProducing(self) -> None:
        """The same as :meth:`loseConnection`."""
        self.loseConnection()

    def pauseProducing(self) -> None:
        """Stop reading."""
        if self._reader is not None:
            self._reader.pauseProducing()

    def resumeProducing(self) -> None:
        """Read again, unless the connection is closing (contract T7)."""
        if self._reader is not None and not self.disconnecting:
            self._reader.resumeProducing()

    def stopReading(self) -> None:
        """The same as :meth:`pauseProducing`."""
        self.pauseProducing()

    def startReading(self) -> None:
        """The same as :meth:`resumeProducing`."""
        self.resumeProducing()

    def readConnectionLost(self, reason: Failure) -> None:
        """Not for this transport: its two sides are descriptors of their own."""
        raise NotImplementedError()

    def writeConnectionLost(self, reason: Failure) -> None:
        """Not for this transport: its two sides are descriptors of their own."""
        raise NotImplementedError()

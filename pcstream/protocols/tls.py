"""TLS over any transport, by way of OpenSSL's memory buffers.

What the application writes goes into OpenSSL as plain text and comes out as records, which go to
the transport below; what the transport receives takes the opposite way.  Either can need the
other: during a handshake nothing can be written before something has been read.

The application's producer is paused for two reasons, each of which has to go away before it is
resumed (contract X3): the transport below is full, or OpenSSL waits for the peer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from OpenSSL.SSL import Error, SysCallError, WantReadError, ZeroReturnError
from zope.interface import directlyProvides, implementer, providedBy

from .._engine.outbox import Outbox
from .._engine.producer_slot import ProducerSlot
from ..internet.interfaces import (
    IHandshakeListener,
    ILoggingContext,
    INegotiated,
    IProtocol,
    IPushProducer,
    IReactorTime,
    ISystemHandle,
    ITransport,
)
from ..internet.main import CONNECTION_LOST
from ..internet.protocol import Protocol, connectionDone
from ..python.failure import Failure
from ._pull_to_push import _PullToPush
from ._tls_legacy import SomeConnectionCreator, connection_maker
from .policies import ProtocolWrapper, WrappingFactory

# How much is taken out of OpenSSL at a time, in either direction.
_BIO_READ_BYTES = 2**15

# One record holds at most 16 KiB of plain text (RFC 8446, 5.1); more per call gains nothing, and
# OpenSSL would copy what it has no room for.
_RECORD_BYTES = 2**14

_TRANSPORT = "the transport below is full"
_HANDSHAKE = "OpenSSL waits for the peer"


@implementer(IPushProducer)
class _ProducerMembrane:
    """The application's producer, as the transport below sees it.

    It is paused while there is any reason for it, and is called only when that changes.
    """

    def __init__(self, producer: Any) -> None:
        self._producer = producer
        self._slot = ProducerSlot()
        self._slot.register(producer, True)
        self._reasons: set[str] = set()

    @property
    def _producerPaused(self) -> bool:
        return self._slot.is_paused

    def hold(self, reason: str) -> None:
        """There is *reason* to pause."""
        self._reasons.add(reason)
        self._slot.overfull()

    def release(self, reason: str) -> None:
        """*reason* is gone."""
        self._reasons.discard(reason)
        if not self._reasons:
            self._slot.drained()

    def pauseProducing(self) -> None:
        """The transport below is full."""
        self.hold(_TRANSPORT)

    def resumeProducing(self) -> None:
        """The transport below has room."""
        self.release(_TRANSPORT)

    def stopProducing(self) -> None:
        """The connection is gone."""
        self._slot.lost()


def _representsEOF(exceptionObject: Error) -> bool:
    """Whether OpenSSL means that the peer left without the closing alert."""
    if isinstance(exceptionObject, SysCallError):
        return exceptionObject.args == (-1, "Unexpected EOF")
    reasons = exceptionObject.args[0] if exceptionObject.args else ()
    return any("unexpected eof" in str(entry[-1]).lower() for entry in reasons)


@implementer(ISystemHandle, INegotiated, ITransport)
class TLSMemoryBIOProtocol(ProtocolWrapper):
    """A protocol to the transport below, and a transport to the application's protocol."""

    _reason: Failure | None = None
    _handshakeDone = False
    _lostTLSConnection = False
    _producer: _ProducerMembrane | None = None
    _aborted = False
    _is_reading_paused = False
    _tlsConnection: Any = None
    _negotiated: bytes | None = None
    factory: TLSMemoryBIOFactory

    def __init__(self, factory: Any, wrappedProtocol: Any, _connectWrapped: bool = True) -> None:
        super().__init__(factory, wrappedProtocol)
        self._connectWrapped = _connectWrapped
        #: What the application has written and OpenSSL could not take yet.
        self._outbox = Outbox()

    def getHandle(self) -> Any:
        """The ``OpenSSL.SSL.Connection``."""
        return self._tlsConnection

    def makeConnection(self, transport: Any) -> None:
        """Connect the application's protocol, and begin the handshake."""
        self._tlsConnection = self.factory._createConnection(self)
        # Whatever can be asked of the transport below can be asked of this one.
        directlyProvides(self, providedBy(transport))
        # The base class of ProtocolWrapper: it is up to us whether the wrapped one is connected.
        Protocol.makeConnection(self, transport)
        self.factory.registerProtocol(self)
        if self._connectWrapped:
            self.wrappedProtocol.makeConnection(self)
        self._checkHandshakeStatus()

    def _checkHandshakeStatus(self) -> None:
        # The application may have given up while it was being connected.
        if self._aborted:
            return
        try:
            self._tlsConnection.do_handshake()
        except WantReadError:
            self._flushSendBIO()
        except Error:
            self._tlsShutdownFinished(Failure())
        else:
            self._handshakeDone = True
            if IHandshakeListener.providedBy(self.wrappedProtocol):
                self.wrappedProtocol.handshakeCompleted()

    # -- from OpenSSL to the transport and the application

    def _flushSendBIO(self) -> None:
        """Send the records that OpenSSL has made."""
        try:
            records = self._tlsConnection.bio_read(_BIO_READ_BYTES)
        except WantReadError:
            return  # none
        self.transport.write(records)

    def _drain_send_bio(self) -> None:
        """Send every record that OpenSSL has made; what a shutdown leaves can be many."""
        while True:
            try:
                records = self._tlsConnection.bio_read(_BIO_READ_BYTES)
            except WantReadError:
                return
            self.transport.write(records)

    def _flushReceiveBIO(self) -> None:
        """Give the application what has been decrypted, as long as it wants it."""
        while not (self._lostTLSConnection or self._aborted or self._is_reading_paused):
            try:
                data = self._tlsConnection.recv(_BIO_READ_BYTES)
            except WantReadError:
                break
            except ZeroReturnError:
                # The peer's closing alert: answer it.
                self._shutdownTLS()
                self._tlsShutdownFinished(None)
            except Error:
                self._tlsShutdownFinished(Failure())
            else:
                if not self._aborted:
                    self.wrappedProtocol.dataReceived(data)
        # Reading can make OpenSSL write: a new key, an alert.
        self._flushSendBIO()

    def dataReceived(self, bytes: bytes) -> None:
        """The transport below has received records."""
        self._tlsConnection.bio_write(bytes)
        if not self._handshakeDone:
            self._checkHandshakeStatus()
            if not self._handshakeDone:
                return
        if self._outbox:
            self._unbufferPendingWrites()
        self._flushReceiveBIO()

    # -- the end

    def _shutdownTLS(self) -> None:
        """Send the closing alert; if the peer's has come already, that is the end."""
        try:
            is_complete = self._tlsConnection.shutdown()
        except Error:
            # In the middle of a handshake no alert can be sent.
            is_complete = False
        self._drain_send_bio()
        if is_complete:
            self.transport.loseConnection()

    def _tlsShutdownFinished(self, reason: Failure | None) -> None:
        """TLS is over.

        :param reason: why; None for a clean end, whose reason is the transport's.
        """
        if reason is not None:
            if _representsEOF(reason.value):
                reason = Failure(CONNECTION_LOST)
            if self._reason is None:
                self._reason = reason
        self._lostTLSConnection = True
        # An alert that tells the peer what is wrong.
        self._drain_send_bio()
        # The application hears of it when the transport is gone, and never from inside this call.
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The transport below is gone."""
        if not self._lostTLSConnection and not self._aborted:
            # There may be something left to deliver, and it may be found that it ends too early.
            self._is_reading_paused = False
            self._tlsConnection.bio_shutdown()
            self._flushReceiveBIO()
        self._lostTLSConnection = True
        reason, self._reason = self._reason or reason, None
        self.connected = 0
        self._outbox.clear()
        membrane, self._producer = self._producer, None
        if membrane is not None:
            membrane.stopProducing()
        self._negotiated = self.negotiatedProtocol
        self._tlsConnection = None
        super().connectionLost(reason)

    def loseConnection(self) -> None:
        """Close once everything written has been sent and the producer has unregistered."""
        if self.disconnecting or not self.connected:
            return
        if not self._handshakeDone and not self._outbox:
            # OpenSSL cannot close what it has not opened, and there is nothing to wait for.
            self.abortConnection()
            return
        self.disconnecting = True
        if self._is_reading_paused:
            # Contract T8: the peer's closing alert has to be read; what comes before it is not
            # wanted any more.
            self._discard_input()
        self._close_if_done()

    def _discard_input(self) -> None:
        self._is_reading_paused = False
        self.wrappedProtocol.dataReceived = _discard
        self.transport.resumeProducing()

    def _close_if_done(self) -> None:
        if self.disconnecting and not self._outbox and self._producer is None:
            self._shutdownTLS()

    def abortConnection(self) -> None:
        """Drop everything; the application hears ``ConnectionAborted`` in a later turn."""
        self._aborted = True
        self.disconnecting = True
        self._outbox.clear()
        self.transport.abortConnection()

    def failVerification(self, reason: Failure) -> None:
        """Drop the connection because the peer is not who it should be.

        :param reason: what the application hears.
        """
        self._reason = reason
        self.abortConnection()

    # -- as a producer

    def pauseProducing(self) -> None:
        """Deliver nothing more, not even what has been decrypted already (contract T6)."""
        self._is_reading_paused = True
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Deliver again; what is there already comes in a later turn (contract T5)."""
        if not self._is_reading_paused or self.disconnecting:
            return
        self._is_reading_paused = False
        self.transport.resumeProducing()
        self.factory._clock.callLater(0, self._deliver_held)

    def _deliver_held(self) -> None:
        if self.connected and not self._lostTLSConnection and self._handshakeDone:
            self._flushReceiveBIO()

    def stopProducing(self) -> None:
        """Close; the same as :meth:`loseConnection`."""
        self.loseConnection()

    # -- as a consumer

    def _accepts(self, data: Any) -> bool:
        """Whether *data* is to be sent (contract C15, C17)."""
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        if not data or self._lostTLSConnection or self._aborted:
            return False
        return not self.disconnecting or self._producer is not None

    def write(self, bytes: bytes) -> None:
        """Encrypt and send *bytes*; after :meth:`loseConnection` only a producer's still count.

        :raises TypeError: they are not ``bytes``.
        """
        if self._accepts(bytes):
            self._write(bytes)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Write the elements of *iovec*, or, if one is no ``bytes``, none of them."""
        pieces = list(iovec)
        for piece in pieces:
            if not isinstance(piece, bytes):
                raise TypeError("Data must be bytes")
        self.write(b"".join(pieces))

    def _write(self, bytes: bytes) -> None:
        if self._lostTLSConnection or self._aborted:
            return
        self._outbox.append(bytes)
        # What waits already waits for the peer, and this cannot overtake it.
        if self._outbox.size == len(bytes):
            self._unbufferPendingWrites()
        else:
            self._hold_producer()

    def _hold_producer(self) -> None:
        if self._producer is not None:
            self._producer.hold(_HANDSHAKE)

    def _unbufferPendingWrites(self) -> None:
        """Give OpenSSL what it takes of the outbox."""
        outbox = self._outbox
        while outbox:
            try:
                taken = self._tlsConnection.send(outbox.peek(_RECORD_BYTES))
            except WantReadError:
                self._flushSendBIO()
                self._hold_producer()
                return
            except Error:
                # Nothing that waits can be sent any more.
                outbox.clear()
                self._tlsShutdownFinished(Failure())
                return
            outbox.consume(taken)
            self._flushSendBIO()
        if self._producer is not None:
            self._producer.release(_HANDSHAKE)
        self._close_if_done()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take *producer* as the source of what is to be sent; a pull producer is driven.

        :raises RuntimeError: one is registered already.
        """
        if self._lostTLSConnection or self._aborted:
            producer.stopProducing()  # contract C2
            return
        driver = None if streaming else _PullToPush(producer, self)
        membrane = _ProducerMembrane(producer if driver is None else driver)
        self.transport.registerProducer(membrane, True)
        self._producer = membrane
        if driver is not None:
            driver.startStreaming()

    def unregisterProducer(self) -> None:
        """Let go of the producer; what it has written is still sent (contract C14, T3)."""
        if self._producer is None:
            return
        driver = self._producer._producer
        if isinstance(driver, _PullToPush):
            driver.stopStreaming()
        self._producer = None
        self.transport.unregisterProducer()
        self._close_if_done()

    # -- what TLS knows of the peer

    def getPeerCertificate(self) -> Any:
        """The peer's certificate, or None."""
        return self._tlsConnection.get_peer_certificate()

    @property
    def negotiatedProtocol(self) -> bytes | None:
        """The protocol agreed on by ALPN, or None."""
        if self._tlsConnection is None:
            return self._negotiated
        return self._tlsConnection.get_alpn_proto_negotiated() or None


def _discard(data: bytes) -> None:
    """What becomes of input that nobody wants any more."""


class _AggregateSmallWrites:
    """Collects small writes, each of which would become a record of its own.

    :ivar MAX_BUFFER_SIZE: more than this many bytes are not kept waiting.
    """

    # Four records' worth: from there on the overhead of a record is under half a per cent.
    MAX_BUFFER_SIZE = 64_000

    def __init__(self, write: Any, clock: IReactorTime) -> None:
        """
        :param write: takes what has been collected.
        :param clock: its next turn is when that happens at the latest.
        """
        self._write = write
        self._clock = clock
        self._pieces: list[bytes] = []
        self._size = 0
        self._scheduled: Any = None

    def write(self, data: bytes) -> None:
        """Collect *data*."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size > self.MAX_BUFFER_SIZE:
            self.flush()
        elif self._scheduled is None:
            self._scheduled = self._clock.callLater(0, self._scheduledFlush)

    def _scheduledFlush(self) -> None:
        self._scheduled = None
        self.flush()

    def flush(self) -> None:
        """Pass on what has been collected."""
        if self._pieces:
            pieces, self._pieces, self._size = self._pieces, [], 0
            self._write(b"".join(pieces))

    def close(self) -> None:
        """Forget what has been collected."""
        self._pieces, self._size = [], 0
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
        # Whoever writes to it is done with, and shall not be kept by what it wrote to.
        self._write = _discard


class BufferingTLSTransport(TLSMemoryBIOProtocol):
    """A TLS transport that makes one record of the small writes of one turn."""

    def __init__(
        self, factory: TLSMemoryBIOFactory, wrappedProtocol: IProtocol, _connectWrapped: bool = True
    ) -> None:
        super().__init__(factory, wrappedProtocol, _connectWrapped)
        self._aggregator = _AggregateSmallWrites(self._write, factory._clock)

    def write(self, bytes: bytes) -> None:
        """Collect *bytes* and send them in the next turn at the latest."""
        if self._accepts(bytes):
            self._aggregator.write(bytes)

    def writeSequence(self, sequence: Iterable[bytes]) -> None:
        """Write the elements of *sequence*, or, if one is no ``bytes``, none of them."""
        super().writeSequence(sequence)

    def loseConnection(self) -> None:
        """Close once everything written has been sent."""
        self._aggregator.flush()
        super().loseConnection()

    def unregisterProducer(self) -> None:
        """Let go of the producer; what it has written is still sent."""
        self._aggregator.flush()
        super().unregisterProducer()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """The transport below is gone."""
        self._aggregator.close()
        super().connectionLost(reason)


class TLSMemoryBIOFactory(WrappingFactory[Any]):
    """Puts TLS under every protocol of another factory."""

    protocol: Any = BufferingTLSTransport
    noisy = False

    def __init__(
        self,
        contextFactory: SomeConnectionCreator,
        isClient: bool,
        wrappedFactory: Any,
        clock: IReactorTime | None = None,
    ) -> None:
        """
        :param contextFactory: makes OpenSSL connections, or has a ``getContext`` that makes an
            OpenSSL context.
        :param isClient: whether this side begins the handshake.
        :param clock: whose turns small writes are collected in; by default the reactor.
        :raises TypeError: *contextFactory* is of no use.
        """
        super().__init__(wrappedFactory)
        self._is_client = isClient
        self._make_connection = connection_maker(contextFactory, is_client=isClient)
        self._given_clock = clock

    @property
    def _clock(self) -> Any:
        if self._given_clock is None:
            from ..internet import reactor

            self._given_clock = cast("IReactorTime", reactor)
        return self._given_clock

    def logPrefix(self) -> str:
        """The wrapped factory's prefix, marked as TLS."""
        if ILoggingContext.providedBy(self.wrappedFactory):
            prefix = self.wrappedFactory.logPrefix()
        else:
            prefix = self.wrappedFactory.__class__.__name__
        return f"{prefix} (TLS)"

    def _createConnection(self, tlsProtocol: TLSMemoryBIOProtocol) -> Any:
        connection = self._make_connection(tlsProtocol)
        # OpenSSL's callbacks (certificates, ALPN) know the connection only, and ask it for this.
        connection.set_app_data(tlsProtocol)
        if self._is_client:
            connection.set_connect_state()
        else:
            connection.set_accept_state()
        return connection

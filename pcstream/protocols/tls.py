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
from .._engine.producer_slot import DEAD_SLOT, ProducerSlot, State
from ..internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
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
from ..python import log
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

    def __init__(self, producer: Any, name: str | None = None) -> None:
        """
        :param name: the transport below shows it when it refuses another producer (contract C1).
        """
        self._producer = producer
        self._name = repr(producer) if name is None else name
        self._slot = ProducerSlot()
        self._slot.register(producer, True)
        self._reasons: set[str] = set()

    def __repr__(self) -> str:
        return self._name

    @property
    def _producerPaused(self) -> bool:
        return self._slot.is_paused

    @property
    def is_dead(self) -> bool:
        """Whether the producer has been stopped, or waits for nothing but that."""
        return self._slot.state in (State.DEAD, State.DYING)

    def hold(self, reason: str) -> None:
        """There is *reason* to pause."""
        self._reasons.add(reason)
        self._slot.overfull()

    def release(self, reason: str) -> None:
        """*reason* is gone."""
        self._reasons.discard(reason)
        if not self._reasons:
            self._slot.drained()

    def is_paused_already(self) -> None:
        """Somebody else has told the producer to pause, because the transport below is full."""
        self._reasons.add(_TRANSPORT)
        self._slot.state = State.PUSH_PAUSED

    def pauseProducing(self) -> None:
        """The transport below is full."""
        self.hold(_TRANSPORT)

    def resumeProducing(self) -> None:
        """The transport below has room."""
        self.release(_TRANSPORT)

    def cut_off(self) -> None:
        """Nothing it writes can be sent any more: it hears nothing until its stop."""
        self._slot.cut_off()
        if isinstance(self._producer, _PullToPush):
            self._producer.stopStreaming()

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
    #: What arrives is not wanted any more, only that the peer closes.
    _discards_input = False
    #: Something may have been decrypted, or may wait to be, that the application has not got.
    _holds_input = False
    _delivery: Any = None
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
            # A callback that OpenSSL has called may have given up as well.
            if self._aborted:
                return
            self._handshakeDone = True
            if self._is_reading_paused:
                # It was put off: without reading there is no handshake, and without that no
                # writing, which a pause is not to prevent.
                self.transport.pauseProducing()
            if IHandshakeListener.providedBy(self.wrappedProtocol):
                self.wrappedProtocol.handshakeCompleted()

    # -- from OpenSSL to the transport and the application

    def _flushSendBIO(self) -> None:
        """Send the records that OpenSSL has made."""
        records: bytes | None = None
        # A shutdown or a long chain of certificates can leave more than is taken at a time.
        while records is None or len(records) == _BIO_READ_BYTES:
            try:
                records = self._tlsConnection.bio_read(_BIO_READ_BYTES)
            except WantReadError:
                return  # none
            self.transport.write(records)

    def _flushReceiveBIO(self) -> None:
        """Give the application what has been decrypted, as long as it wants it."""
        while not (self._lostTLSConnection or self._aborted or self._is_reading_paused):
            try:
                data = self._tlsConnection.recv(_BIO_READ_BYTES)
            except WantReadError:
                break
            except ZeroReturnError:
                # The peer's closing alert: answer it, after what was written before it came.
                self._send_collected()
                self._shutdownTLS()
                self._tlsShutdownFinished(None)
            except Error:
                self._tlsShutdownFinished(Failure())
            else:
                if not (self._aborted or self._discards_input):
                    self.wrappedProtocol.dataReceived(data)
        self._holds_input = self._is_reading_paused
        # Reading can make OpenSSL write: a new key, an alert.
        self._flushSendBIO()

    def _send_collected(self) -> None:
        """Send what has been written and not passed on yet; here there is never any."""

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
        self._flushSendBIO()
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
        self._flushSendBIO()
        if self._producer is not None:
            # Whatever it writes is dropped from now on, and the transport is not to wait for it.
            self._producer.cut_off()
            self.transport.unregisterProducer()
        # The application hears of it when the transport is gone, and never from inside this call.
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """The transport below is gone."""
        is_known = self._lostTLSConnection or self._aborted
        # Any other reason is something that went wrong on our side, and says more than the end.
        if not is_known and reason.check(ConnectionDone, ConnectionLost):
            self._find_out_how_it_ended()
        self._lostTLSConnection = True
        if self._aborted and self._reason is None:
            self._reason = Failure(ConnectionAborted())  # contract T4, whatever is below
        reason, self._reason = self._reason or reason, None
        self.connected = 0
        self._outbox.clear()
        if self._delivery is not None:
            self._delivery.cancel()
            self._delivery = None
        membrane, self._producer = self._producer, None
        if membrane is not None:
            membrane.stopProducing()
        self._negotiated = self.negotiatedProtocol
        self._tlsConnection = None
        super().connectionLost(reason)

    def _find_out_how_it_ended(self) -> None:
        """Deliver what is left, and see whether the end comes too early."""
        self._tlsConnection.bio_shutdown()
        try:
            self._flushReceiveBIO()
        except Exception:
            # The application's, which has to hear of the end all the same.
            log.err(None, f"{self.wrappedProtocol!r} raised in dataReceived")

    def loseConnection(self) -> None:
        """Close once everything written has been sent and the producer has unregistered."""
        if self.disconnecting or not self.connected:
            return
        self.disconnecting = True
        if self._is_reading_paused:
            self._discard_input()
        self._close_if_done()

    def _discard_input(self) -> None:
        """Read on although the application has paused: the peer's closing alert is wanted (T8)."""
        self._is_reading_paused = False
        self._discards_input = True
        self.transport.resumeProducing()
        self._deliver_later()

    def _close_if_done(self) -> None:
        if not self.disconnecting or self._outbox or self._producer is not None:
            return
        if self._handshakeDone:
            self._shutdownTLS()
        else:
            # OpenSSL cannot close what it has not opened, and there is nothing to wait for.
            self.abortConnection()

    def abortConnection(self) -> None:
        """Drop everything; the application hears ``ConnectionAborted`` in a later turn."""
        self._aborted = True
        self.disconnecting = True
        self._outbox.clear()
        if self._producer is not None:
            self._producer.cut_off()
        if self.transport is not None:  # an OpenSSL connection can fail by itself
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
        if self.disconnecting:
            # Contract T8: nothing is wanted any more, but the close is.
            self._discards_input = True
            return
        self._is_reading_paused = True
        if self._handshakeDone:
            self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Deliver again; what is there already comes in a later turn (contract T5)."""
        if not self._is_reading_paused or self.disconnecting:
            return
        self._is_reading_paused = False
        self.transport.resumeProducing()
        self._deliver_later()

    def _deliver_later(self) -> None:
        if self._holds_input and self._delivery is None:
            self._delivery = self.factory._clock.callLater(0, self._deliver_held)

    def _deliver_held(self) -> None:
        self._delivery = None
        try:
            self._flushReceiveBIO()
        except Exception:
            # As when a transport's dataReceived raises: it is logged, and the connection dropped.
            failure = Failure()
            log.err(failure, f"{self.wrappedProtocol!r} raised in dataReceived")
            self.failVerification(failure)

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
        if self._producer is None:
            return not self.disconnecting
        if isinstance(self._producer._producer, _PullToPush):
            self._producer._producer.note_write()
        return True

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
        raised: Exception | None = None
        while outbox:
            try:
                taken = self._tlsConnection.send(outbox.peek(_RECORD_BYTES))
            except WantReadError:
                self._flushSendBIO()
                self._hold_producer()
                break
            except Error:
                # Nothing that waits can be sent any more.
                outbox.clear()
                self._tlsShutdownFinished(Failure())
                break
            outbox.consume(taken)
            try:
                self._flushSendBIO()
            except Exception as e:
                # Contract C22: a producer's pause. What was accepted is sent all the same.
                raised = e
        else:
            if self._producer is not None:
                self._producer.release(_HANDSHAKE)
            self._close_if_done()
        if raised is not None:
            raise raised

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take *producer* as the source of what is to be sent; a pull producer is driven.

        :raises RuntimeError: one is registered already.
        """
        if self._producer is None and (self._lostTLSConnection or self._aborted):
            DEAD_SLOT.register(producer, streaming)
            return
        driver = None if streaming else _PullToPush(producer, self, self.factory._clock)
        membrane = _ProducerMembrane(producer if driver is None else driver, repr(producer))
        self.transport.registerProducer(membrane, True)
        if membrane.is_dead:
            return  # contract C2, C20: so is the transport
        self._producer = membrane
        if driver is not None:
            driver.startStreaming()

    def carry_pause_over(self) -> None:
        """The producer comes from the transport below, which had paused it (contract C9)."""
        if self._producer is not None:
            self._producer.is_paused_already()

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

    def stopConsuming(self) -> None:
        """Let go of the producer and close."""
        self.unregisterProducer()
        self.loseConnection()

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

    def _send_collected(self) -> None:
        self._aggregator.flush()

    def loseConnection(self) -> None:
        """Close once everything written has been sent."""
        self._aggregator.flush()
        super().loseConnection()

    def unregisterProducer(self) -> None:
        """Let go of the producer; what it has written is still sent."""
        self._aggregator.flush()
        super().unregisterProducer()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The transport below is gone."""
        self._aggregator.close()
        super().connectionLost(reason)


def _get_default_clock() -> IReactorTime:
    """The reactor; tests of TLS's users put another clock in its place."""
    from ..internet import reactor

    return cast("IReactorTime", reactor)


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
            self._given_clock = _get_default_clock()
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

"""What every transport over a descriptor shares: queue output, pace a producer, come to an end.

A :class:`FileDescriptor` has no rules of its own.  What it has accepted stands in its outbox, who
is paused and resumed is decided by its producer slot, and how it ends by the closing table; this
module ties the three to a reactor.
"""

from __future__ import annotations

from collections.abc import Iterable
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any

from zope.interface import implementer

from .._engine import closing
from .._engine.outbox import EMPTY_OUTBOX, Outbox
from .._engine.producer_slot import VACANT_SLOT, ProducerSlot
from ..python import reflect
from ..python.failure import Failure
from . import interfaces, main

__all__ = ["FileDescriptor", "isIPAddress", "isIPv6Address"]


class _ConsumerMixin:
    """The consumer's half of a transport: one producer at most, in a slot that decides for it."""

    # Set by __new__. A default in the class, being of a class made in Python, would keep the
    # interpreter (from 3.11 on) from reaching the instance's own in one step.
    _slot: ProducerSlot

    connected: int
    disconnected: int
    disconnecting: int

    def _own_slot(self) -> ProducerSlot:
        """The slot, to change something in it."""
        if self._slot is VACANT_SLOT:
            self._slot = ProducerSlot()
        return self._slot

    @property
    def producer(self) -> Any:
        """The registered producer, or None."""
        return self._slot.producer

    @producer.setter
    def producer(self, producer: Any) -> None:
        # Twisted's is a plain attribute, so subclasses assign to it; no call comes of that.
        slot = self._own_slot()
        slot.unregister()
        if producer is not None:
            slot.adopt(producer)

    @property
    def producerPaused(self) -> bool:
        """Whether the registered producer was paused and is owed a resume."""
        return self._slot.is_paused

    @property
    def streamingProducer(self) -> bool:
        """Whether the producer registered last is a push producer."""
        return self._slot.is_streaming

    def startWriting(self) -> None:
        """Watch for the moment something can be sent; for subclasses.

        :raises NotImplementedError: always.
        """
        raise NotImplementedError(f"{self!r} did not implement startWriting")

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take *producer* as the source of what is to be sent.

        A pull producer is asked for data at once.  On a transport that can send no more, the
        producer is stopped instead.

        :param streaming: true for a push producer, false for a pull producer.
        :raises RuntimeError: one is registered already.
        """
        slot = self._own_slot()
        if self.disconnected:
            slot.lost()
        slot.register(producer, streaming)

    def unregisterProducer(self) -> None:
        """Let go of the producer; what it has written is still sent."""
        self._slot.unregister()


@implementer(interfaces.ILoggingContext)
class _LogOwner:
    """Names itself, or whom it works for, in the log."""

    def _getLogPrefix(self, applicationObject: object) -> str:
        """What *applicationObject* calls itself in the log, or else the name of its class."""
        if interfaces.ILoggingContext.providedBy(applicationObject):
            prefix: str = applicationObject.logPrefix()
            return prefix
        return applicationObject.__class__.__name__

    def logPrefix(self) -> str:
        """A dash: nobody in particular."""
        return "-"


@implementer(
    interfaces.IPushProducer,
    interfaces.IReadWriteDescriptor,
    interfaces.IConsumer,
    interfaces.ITransport,
    interfaces.IHalfCloseableDescriptor,
)
class FileDescriptor(_ConsumerMixin, _LogOwner):
    """A descriptor that a reactor watches: producer of what arrives, consumer of what is sent.

    :ivar bufferSize: how many unsent bytes are allowed before a push producer is paused.
    :ivar SEND_LIMIT: how many bytes are offered to :meth:`writeSomeData` at a time.
    :ivar waits_for_producer: whether a close waits until an idle push producer has unregistered,
        as it waits for a paused one and for a pull producer. Twisted does not (contract T2, T10).
    :ivar close_timeout_s: how many seconds a close may take, if the transport can abort: one whose
        peer does not read is then aborted. By default, as in Twisted, it waits for ever (T1).
    """

    connected = 0
    disconnected = 0
    disconnecting = 0

    _writeDisconnecting = False
    _writeDisconnected = False
    _aborting = False

    waits_for_producer: bool = False
    close_timeout_s: float | None = None
    _close_deadline: Any = None

    _outbox: Outbox

    #: Makes one for whom it is given; another if all are counted (see pcstream.limits).
    _new_outbox: Any = staticmethod(lambda owner: Outbox())

    #: What is queued will be sent without another startWriting; only where that is sure.
    _is_being_flushed = False

    # One send moves at most what the socket's buffer has room for, a few hundred KiB at best.
    SEND_LIMIT = 128 * 1024
    # Contract C6: more than this is full. It is also how much Connection reads at a time.
    bufferSize = 2**16

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Nobody has to call ``__init__`` for these."""
        made: Any = super().__new__(cls)
        # Both are made when first needed: most connections never have a producer, and an idle one
        # has nothing to send.
        made._slot = VACANT_SLOT
        made._outbox = EMPTY_OUTBOX
        return made

    def __init__(self, reactor: Any = None) -> None:
        """
        :param reactor: who watches the descriptor; by default the one that is installed.
        """
        if reactor is None:
            from . import reactor as installed

            reactor = installed
        self.reactor: Any = reactor
        self._is_being_flushed = False  # here, since what is added later is slow to reach

    @property
    def _tempDataBuffer(self) -> Outbox:
        # Twisted's name for what waits to be sent; people look at its length.
        return self._outbox

    def _own_outbox(self) -> Outbox:
        """The outbox, to put something into it."""
        if self._outbox is EMPTY_OUTBOX:
            self._outbox = self._new_outbox(self)
        return self._outbox

    # -- for subclasses

    def writeSomeData(self, data: bytes) -> int | BaseException:
        """Offer *data* to the system, which may take a part of it.

        :returns: how many bytes it took; or the reason, an exception, why the connection is lost.
        :raises NotImplementedError: a subclass did not provide it.
        """
        raise NotImplementedError(
            f"{reflect.qual(self.__class__)} does not implement writeSomeData"
        )

    def doRead(self) -> Any:
        """There is something to read.

        :returns: None, or the reason, an exception, why the connection is lost.
        :raises NotImplementedError: a subclass did not provide it.
        """
        raise NotImplementedError(f"{reflect.qual(self.__class__)} does not implement doRead")

    def getHost(self) -> interfaces.IAddress:
        """This side's address; for subclasses."""
        raise NotImplementedError()

    def getPeer(self) -> interfaces.IAddress:
        """The other side's address; for subclasses."""
        raise NotImplementedError()

    def fileno(self) -> int:
        """The descriptor's number, or -1 if there is none (any more)."""
        return -1

    def _postLoseConnection(self) -> Any:
        """Everything is sent after :meth:`loseConnection`: the reason to give to the reactor."""
        return main.CONNECTION_DONE

    def _closeWriteConnection(self) -> None:
        """Everything is sent after :meth:`loseWriteConnection`: close the sending half."""

    def _isSendBufferFull(self) -> bool:
        """Whether more waits to be sent than a producer may have waiting (contract C6, C7)."""
        return self._outbox.size > self.bufferSize

    # -- sending

    def write(self, data: bytes) -> None:
        """Queue *data*; nothing is sent before the reactor's next turn.

        On a transport that can send no more, *data* is dropped in silence.

        :raises TypeError: *data* is not ``bytes``.
        """
        outbox = self._outbox
        # The most frequent case needs no questions: something waits to be flushed, so this can too.
        if not (self._is_being_flushed and type(data) is bytes and data and outbox.size):
            if not isinstance(data, bytes):
                raise TypeError("Data must be bytes")
            if not data or not self.connected or self._writeDisconnected or self._aborting:
                return
            if outbox is EMPTY_OUTBOX:
                outbox = self._own_outbox()
        outbox.pieces.append(data)
        outbox.size += len(data)
        if not self._is_being_flushed:
            self.startWriting()
        if self._slot.producer is not None and self._isSendBufferFull():
            self._slot.overfull()

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Queue all elements of *iovec*, or none of them.

        :param iovec: any iterable; it is consumed once (contract C18).
        :raises TypeError: an element is not ``bytes``.
        """
        pieces = list(iovec)
        for data in pieces:
            if not isinstance(data, bytes):
                raise TypeError("Data must be bytes")
        if not pieces or not self.connected or self._writeDisconnected or self._aborting:
            return
        self._own_outbox().extend(pieces)
        self._accepted()

    def _accepted(self) -> None:
        """Something was queued: have it sent, and pause whoever writes too fast.

        In this order: what was accepted is sent even if the producer's pause raises (C22).
        """
        self.startWriting()
        if self._slot.producer is not None and self._isSendBufferFull():
            self._slot.overfull()

    def doWrite(self) -> Any:
        """Something can be sent: send, and see what is due once everything is.

        :returns: None, or the reason, an exception, why the connection is to be dropped.
        """
        return self._sent(self._send())

    def _sent(self, sent: Any) -> Any:
        """See what follows from what the system has taken, or from its refusal."""
        if isinstance(sent, BaseException) or sent < 0:
            return sent
        outbox = self._outbox
        if sent:
            outbox.consume(sent)
        if outbox.size:
            self._wait_to_send()
            return None
        self.stopWriting()
        if self._slot.producer is not None and (self._slot.drained() or self.waits_for_producer):
            return None
        if self.disconnecting or self._writeDisconnecting:
            return self._take(closing.Step.EMPTIED)
        return None

    def _send(self) -> Any:
        """Offer the system the beginning of the outbox; returns as :meth:`writeSomeData` does."""
        # Twisted offers an empty outbox to the system too: on a connection that the peer has reset
        # this is what finds out, and tells a reset from a clean close.
        return self.writeSomeData(self._outbox.peek(self.SEND_LIMIT))  # type: ignore[arg-type]

    def _wait_to_send(self) -> None:
        """Something is left: the reactor goes on watching for room."""

    # -- ending

    def _take(self, step: closing.Step) -> Any:
        """Do what the closing table says for *step*.

        :returns: what :meth:`doWrite` is to return.
        """
        phase, act = closing.TABLE[closing.phase_of(self), step]
        if act is closing.Act.NOTHING:
            return None
        if act is closing.Act.FLUSH:
            self.stopReading()
            self.startWriting()
            self._set_close_deadline()
        elif act is closing.Act.FLUSH_HALF or act is closing.Act.LOOK_AGAIN:
            self.startWriting()
        elif act is closing.Act.NOTE:
            self.disconnecting = 1
        closing.enter(self, phase)
        if act is closing.Act.CLOSE_HALF:
            self._own_slot().cut_off()  # T11: from here on, registering is too late
            return self._closeWriteConnection()
        if act is closing.Act.FINISH:
            return self._postLoseConnection()
        if act is closing.Act.FINISH_NOW:
            self.stopReading()
            self.stopWriting()
            self.connectionLost(Failure(main.CONNECTION_DONE))
        elif act is closing.Act.DISCARD:
            self._discard()
        return None

    def _set_close_deadline(self) -> None:
        abort = getattr(self, "abortConnection", None)
        if self.close_timeout_s is not None and abort is not None:
            self._close_deadline = self.reactor.callLater(self.close_timeout_s, abort)

    def _drop_close_deadline(self) -> None:
        deadline, self._close_deadline = self._close_deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()

    def _discard(self) -> None:
        """Drop what waits to be sent, and hear and send nothing from now on."""
        self._outbox.clear()
        self._own_slot().cut_off()
        self.stopReading()
        self.stopWriting()

    def loseConnection(self) -> None:
        """Close the connection once everything written has been sent."""
        self._take(closing.Step.LOSE)

    def loseWriteConnection(self) -> None:
        """Close the sending half once everything written has been sent."""
        self._take(closing.Step.LOSE_WRITE)

    def connectionLost(self, reason: Failure) -> None:
        """The connection is gone: stop the producer and have the reactor forget the descriptor.

        Whoever overrides this calls it first, before telling anybody else (contract C19).
        """
        self.disconnected = 1
        self.connected = 0
        self._drop_close_deadline()
        self._own_slot().lost()
        self._outbox.clear()
        self.stopReading()
        self.stopWriting()

    def writeConnectionLost(self, reason: Failure) -> None:
        """Nothing more can be sent: by default this is the end of the connection."""
        self.connectionLost(reason)

    def readConnectionLost(self, reason: Failure) -> None:
        """Nothing more will arrive: by default this is the end of the connection."""
        self.connectionLost(reason)

    # -- as a consumer

    def unregisterProducer(self) -> None:
        """Let go of the producer; what it has written is still sent.

        If the transport is closing, this may have been all it waited for.
        """
        self._slot.unregister()
        if self.disconnecting or self._writeDisconnecting:
            self._take(closing.Step.RELEASED)

    def stopConsuming(self) -> None:
        """Let go of the producer and close the connection."""
        self.unregisterProducer()
        self.loseConnection()

    # -- as a producer

    def resumeProducing(self) -> None:
        """Read again, unless the connection is closing or gone (contract T7)."""
        if self.connected and not self.disconnecting and not self._aborting:
            self.startReading()

    def pauseProducing(self) -> None:
        """Stop reading for the time being."""
        self.stopReading()

    def stopProducing(self) -> None:
        """Close the connection."""
        self.loseConnection()

    # -- in the reactor

    def stopReading(self) -> None:
        """Have the reactor not watch for input."""
        self.reactor.removeReader(self)

    def stopWriting(self) -> None:
        """Have the reactor not watch for room to send."""
        self.reactor.removeWriter(self)

    def startReading(self) -> None:
        """Have the reactor watch for input."""
        self.reactor.addReader(self)

    def startWriting(self) -> None:
        """Have the reactor watch for room to send."""
        self.reactor.addWriter(self)


def isIPAddress(addr: str, family: int = AF_INET) -> bool:
    """Whether *addr* is an address literal of *family*.

    :param addr: text, or ASCII as bytes.
    :param family: ``AF_INET`` or ``AF_INET6``; only the latter may carry a scope (``%eth0``).
    :raises ValueError: another family.
    """
    if isinstance(addr, bytes):
        try:
            addr = addr.decode("ascii")
        except UnicodeDecodeError:
            return False
    if family == AF_INET6:
        addr = addr.split("%", 1)[0]
    elif family != AF_INET:
        raise ValueError(f"unknown address family {family!r}")
    elif addr.count(".") != 3:
        # Some systems take shorter forms for an address.
        return False
    try:
        inet_pton(family, addr)
    except (ValueError, OSError):
        return False
    return True


def isIPv6Address(addr: str) -> bool:
    """Whether *addr* is an IPv6 address literal, with or without a scope."""
    return isIPAddress(addr, AF_INET6)

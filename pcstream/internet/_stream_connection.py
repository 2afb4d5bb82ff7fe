"""A connected stream socket at the service of a protocol."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from errno import ENOBUFS, EWOULDBLOCK
from typing import TYPE_CHECKING, Any

from zope.interface import classImplements, implementer

from .. import zero_copy
from .._engine import closing, splice
from .._engine.sendfile import SHARED_STEP_BYTES, STEP_BYTES, FileRange
from ..python import log
from ..python.failure import Failure
from . import _starttls, abstract, error, interfaces, main

if TYPE_CHECKING:
    from .._engine.outbox import Segment
    from .error import ConnectionDone, ConnectionLost

__all__ = ["Connection"]

# From this mean size of the pieces on, gathering them costs less than copying them together
# (measured: 152 against 161 ns for each of 100 bytes, 4.4 against 3.8 us for each of 4 KiB).
_WORTH_GATHERING_BYTES = 2048

# What arrives in pieces of this size or more is worth a pipe; a short message is not: each costs
# the pipe a page and the kernel two calls, as a copy does.
_BULK_BYTES = 16 * 1024

# What has flowed so much without a stop flows steadily: each system call then moves more, since it
# costs nearly the same whatever it moves. Until then, what may be held back when the other side
# stops is as little as contract P2 and X2 say. The buffers of two sockets hold less than this.
_STEADY_BYTES = 2**23
# Measured on a proxy that looks at the data, in s of CPU for each GB: 1.00 with 64 KiB read and
# 128 KiB sent at most, 0.88 with twice as much, 0.75 with four times, 0.63 with eight times.
_STEADY_READ_BYTES = 2**19
_STEADY_SEND_LIMIT = 2**20
# A pause that is over in this turn, or when what was written in it has gone, stops nothing.
_TURNS_OF_A_SHORT_PAUSE = 1

# SO_LINGER on, for no time: the kernel drops what it has not sent and resets the connection.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _SocketCloser:
    """Closes a socket, gently or not.

    :cvar _shouldShutdown: False for a socket that other processes may be using too.
    """

    socket: socket.socket
    _shouldShutdown = True

    def _closeSocket(self, orderly: bool) -> None:
        """Close the socket; whatever it has to object is of no interest any more.

        :param orderly: False to reset the connection.
        """
        skt = self.socket
        try:
            if orderly:
                if self._shouldShutdown:
                    skt.shutdown(socket.SHUT_RDWR)
            else:
                skt.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        except OSError:
            pass  # not connected, or not any more
        try:
            skt.close()
        except OSError:
            pass


class _AbortingMixin(abstract.FileDescriptor):
    """Can be dropped at once."""

    def abortConnection(self) -> None:
        """Drop the connection and everything that waits to be sent.

        The protocol and the producer are told in a later turn of the reactor, never from inside
        this call; until then they hear nothing (contract T4).
        """
        self._take(closing.Step.ABORT)

    def _discard(self) -> None:
        super()._discard()
        # A descriptor that is ready in this very turn may still be called.
        self.doRead = self.doWrite = _do_nothing  # type: ignore[method-assign]
        self.reactor.callLater(0, self.connectionLost, Failure(error.ConnectionAborted()))


def _do_nothing() -> None:
    """What an aborted transport does when it can read or write."""


@implementer(interfaces.ITCPTransport, interfaces.ISystemHandle, zero_copy.IFileConsumer)
class Connection(_starttls.StartTLSMixin, _SocketCloser, _AbortingMixin):
    """A connected stream socket, whatever made it.

    :ivar protocol: who receives what arrives; there until the connection is lost.
    :ivar logstr: the prefix in the log.
    """

    logstr = "Uninitialized"

    #: As long as it is watched, its socket is open.
    _keeps_descriptor = True

    #: Where unread input goes, if a proxy has asked for that, and whether it comes in bulk.
    _relay: Callable[[], Connection | None] | None = None
    _is_bulk = False
    #: How much has come in bulk since it was last stopped for a while, and how much has been sent
    #: since it last had to wait for room.
    _read_steadily_bytes = _sent_steadily_bytes = 0
    _paused_in_turn = 0
    #: The reactor is waiting for room to send.
    _is_watched = False

    def __init__(
        self, skt: socket.socket, protocol: interfaces.IProtocol | None, reactor: Any = None
    ) -> None:
        """
        :param skt: it is made non-blocking.
        """
        abstract.FileDescriptor.__init__(self, reactor=reactor)
        self.socket = skt
        skt.setblocking(False)
        self.protocol: Any = protocol
        # As in the class, whose attributes are slower to reach; these are looked at all the time.
        self.disconnecting = 0
        self._writeDisconnecting = self._writeDisconnected = self._aborting = False
        self._is_watched = self._is_bulk = False
        self._read_steadily_bytes = 0

    def fileno(self) -> int:
        """The socket's number, or -1 if there is no socket (any more)."""
        try:
            return self.socket.fileno()
        except AttributeError:
            return -1

    def getHandle(self) -> socket.socket:
        """The socket."""
        return self.socket

    def doRead(self) -> ConnectionLost | ConnectionDone | None:
        """Receive once, and give it to the protocol.

        :returns: None, or why the connection is lost or has reached its end.
        """
        is_bulk = self._is_bulk
        if is_bulk and self._relay is not None:
            receiver = self._relay()
            if receiver is not None and receiver._is_plain():
                content = self._take_into_pipe(receiver)
                if isinstance(content, error.ConnectionLost):
                    return content
                if content is not None:
                    receiver._forward(content)
                    return None
                # Nothing there, the end, or nothing that can be spliced: receiving tells which.
        try:
            # It is what a producer may still write after a pause (contract P2, X2).
            data = self.socket.recv(
                self.bufferSize
                if self._read_steadily_bytes < _STEADY_BYTES
                else max(self.bufferSize, _STEADY_READ_BYTES)
            )
        except OSError as e:
            if e.args[0] == EWOULDBLOCK:
                return None
            return main.CONNECTION_LOST
        if is_bulk or len(data) >= _BULK_BYTES:
            self._note_bulk(len(data))
        return self._dataReceived(data)

    def _note_bulk(self, count: int) -> None:
        """So much has come at once, and either this or what came before was much."""
        self._is_bulk = is_bulk = count >= _BULK_BYTES
        self._read_steadily_bytes = self._read_steadily_bytes + count if is_bulk else 0

    def _take_into_pipe(self, receiver: Connection) -> splice.PipeContent | ConnectionLost | None:
        """Have the kernel take what is there, for *receiver*."""
        limit = splice.READ_BYTES
        if receiver.connected and not receiver._outbox.size:
            # What the receiver takes at once is not held back.
            limit = max(limit, splice.room_to_send(receiver.socket))
        try:
            content = splice.receive(self.socket, limit)
        except OSError:
            return main.CONNECTION_LOST
        if content is not None:
            self._note_bulk(content.remaining_bytes)
        return content

    def relay_to(
        self, protocol: interfaces.IProtocol, receiver: Callable[[], Connection | None]
    ) -> bool:
        """Have what arrives go to another connection without being looked at.

        What *receiver*'s producer and consumer methods are called for stays the same; only the
        protocol's ``dataReceived`` is not called for bulk.

        :param protocol: whose ``dataReceived`` does nothing but write to the other connection.
        :param receiver: answers which connection that is just now; None to have the protocol
            called, which is not always the same one: it changes when TLS is started.
        :returns: whether it will be done as far as the kernel can.
        """
        if (
            not zero_copy.enabled
            or not splice.is_available()
            or self.protocol is not protocol
            or type(self).doRead is not Connection.doRead
            or type(self)._dataReceived is not Connection._dataReceived
        ):
            return False
        self._relay = receiver
        return True

    def _forward(self, content: splice.PipeContent) -> None:
        """Send what a pipe holds; at once if nothing stands before it, so that the pipe is free."""
        if self.connected and not self._outbox and not self._aborting:
            try:
                content.advance(content.send(self.socket, content.remaining_bytes))
            except OSError:
                pass  # no room, or the end of the connection: the outbox is flushed soon enough
            if not content.remaining_bytes:
                return
        self._write_segment(content)

    def _write_segment(self, segment: Segment) -> bool:
        """Queue what is not in memory as bytes; as with :meth:`write` it may be too late for that.

        :returns: whether it was taken.
        """
        if not self.connected or self._writeDisconnected or self._aborting:
            return False
        self._own_outbox().append_segment(segment)
        self._accepted()
        return True

    def _dataReceived(self, data: bytes | None) -> ConnectionDone | None:
        """Give *data* to the protocol; none is the end of what the peer sends."""
        if not data:
            return main.CONNECTION_DONE
        self.protocol.dataReceived(data)
        return None

    def writeSomeData(self, data: bytes) -> int | ConnectionLost:
        """Send some of *data*, at most :attr:`SEND_LIMIT` bytes.

        :returns: how many bytes the kernel took, or why the connection is lost.
        """
        if len(data) > self.SEND_LIMIT:
            data = memoryview(data)[: self.SEND_LIMIT]  # type: ignore[assignment]
        try:
            sent = self.socket.send(data)
        except OSError as e:
            if e.args[0] in (EWOULDBLOCK, ENOBUFS):
                return 0
            return main.CONNECTION_LOST
        return sent

    def startWriting(self) -> None:
        """Have what is queued sent before the reactor waits again."""
        if self.connected:
            try:
                flushSoon = self.reactor.flushSoon
            except AttributeError:
                pass  # another's reactor
            else:
                flushSoon(self)
                self._is_being_flushed = True
                return
        self._is_watched = True
        self.reactor.addWriter(self)

    def stopWriting(self) -> None:
        """Have the reactor not send what is queued for the time being."""
        self._is_being_flushed = self._is_watched = False
        self.reactor.removeWriter(self)

    def doWrite(self) -> Any:
        """Something can be sent: send, and see what is due once everything is.

        :returns: None, or the reason, an exception, why the connection is to be dropped.
        """
        # The most frequent case by far, in few steps: a short answer, and nothing hangs on it.
        outbox = self._outbox
        pieces = outbox.pieces
        if (
            len(pieces) != 1
            or pieces[0].__class__ is not bytes
            or outbox.size != len(pieces[0])
            or self._is_watched
            or self.disconnecting
            or self._writeDisconnecting
            or self._slot.producer is not None
        ):
            return self._sent(self._send())
        # In no variable: a stretch of a file closes its descriptor when nobody refers to it.
        sent = self.writeSomeData(pieces[0])
        if sent != outbox.size:
            return self._sent(sent)
        pieces.clear()
        outbox.size = 0
        self._is_being_flushed = False
        return None

    def _send(self) -> Any:
        outbox = self._outbox
        segment = outbox.head_segment()
        if segment is not None:
            return self._send_segment(segment)
        offered = min(outbox.size, self.SEND_LIMIT)
        if (
            outbox.count > 1
            and outbox.size > outbox.count * _WORTH_GATHERING_BYTES
            and type(self).writeSomeData is Connection.writeSomeData
        ):
            sent = self._send_gathered(outbox.gather(offered))
        else:
            sent = super()._send()
        if sent == offered:
            self._sent_steadily_bytes += offered
            if self._sent_steadily_bytes >= _STEADY_BYTES and self.SEND_LIMIT == _SEND_LIMIT:
                self.SEND_LIMIT = _STEADY_SEND_LIMIT
        elif self._sent_steadily_bytes:
            self._sent_steadily_bytes = 0
            if self.SEND_LIMIT == _STEADY_SEND_LIMIT:
                self.SEND_LIMIT = _SEND_LIMIT
        return sent

    def _send_gathered(self, buffers: list[bytes | memoryview]) -> int | ConnectionLost:
        try:
            return self.socket.sendmsg(buffers)
        except OSError as e:
            if e.args[0] in (EWOULDBLOCK, ENOBUFS):
                return 0
            return main.CONNECTION_LOST

    def _send_segment(self, segment: Any) -> int | ConnectionLost:
        """Send some of what is not in memory as bytes."""
        before = segment.remaining_bytes
        try:
            sent: int = segment.send(self.socket, self._step_bytes())
        except OSError as e:
            if e.args[0] not in (EWOULDBLOCK, ENOBUFS):
                return main.CONNECTION_LOST
            sent = 0
        if segment.remaining_bytes != before and self._outbox.head_segment() is segment:
            self._outbox.settle_head(before)
        return sent

    def _step_bytes(self) -> int:
        """How much a bulk stream may move in one turn of the reactor."""
        reactor = self.reactor
        if not getattr(reactor, "is_shared", False):
            return STEP_BYTES
        reactor.bulk_steps = getattr(reactor, "bulk_steps", 0) + 1
        return SHARED_STEP_BYTES

    def _is_plain(self) -> bool:
        """Whether what is written goes to the socket as it is, and nobody looks at it."""
        cls = type(self)
        return (
            zero_copy.enabled
            and not self.TLS
            and cls.write is _PLAIN_WRITE
            and cls.writeSomeData in _PLAIN_SENDERS
            and "write" not in self.__dict__
            and "writeSomeData" not in self.__dict__
        )

    def write_file(self, file: Any, offset: int, count: int, failed: Any) -> FileRange | None:
        """Queue a stretch of a file; see :class:`pcstream.zero_copy.IFileConsumer`."""
        if not self._is_plain():
            return None
        stretch = FileRange(file, offset, count, failed)
        return stretch if self._write_segment(stretch) else None

    def withdraw_file(self, stretch: FileRange) -> None:
        """Take back what has not been sent of a stretch."""
        self._outbox.withdraw(stretch)
        stretch.cut()
        if self.connected:
            self.startWriting()  # it may have been all that a close was waiting for

    def _wait_to_send(self) -> None:
        self._is_watched = True
        self.reactor.addWriter(self)

    def pauseProducing(self) -> None:
        """Stop reading for the time being."""
        pauseReader = getattr(self.reactor, "pauseReader", None)
        if pauseReader is not None:
            self._paused_in_turn = self.reactor.turn_number
            pauseReader(self)
        else:
            self._read_steadily_bytes = 0
            self.stopReading()

    def resumeProducing(self) -> None:
        """Read again, unless the connection is closing or gone."""
        if self._read_steadily_bytes:
            turns = self.reactor.turn_number - self._paused_in_turn
            if turns > _TURNS_OF_A_SHORT_PAUSE:
                self._read_steadily_bytes = 0
        super().resumeProducing()

    def _closeWriteConnection(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the peer was quicker; reading will tell
        protocol = interfaces.IHalfCloseableProtocol(self.protocol, None)
        if protocol is not None:
            self._tell_half_closed(protocol.writeConnectionLost)

    def readConnectionLost(self, reason: Failure) -> None:
        """The peer sends no more: the protocol goes on if it can, or else it is the end."""
        protocol = interfaces.IHalfCloseableProtocol(self.protocol, None)
        if protocol is not None:
            self._tell_half_closed(protocol.readConnectionLost)
        else:
            self.connectionLost(reason)

    def _tell_half_closed(self, hear: Any) -> None:
        try:
            hear()
        except BaseException:
            failure = Failure()
            log.err(failure, f"{hear!r} raised")
            self.connectionLost(failure)

    def connectionLost(self, reason: Failure) -> None:
        """Stop the producer, close the socket, tell the protocol; once."""
        if not hasattr(self, "socket"):
            return
        abstract.FileDescriptor.connectionLost(self, reason)
        self._closeSocket(not reason.check(error.ConnectionAborted))
        protocol = self.protocol
        del self.protocol
        del self.socket
        self._relay = None
        self._forget_tls()
        protocol.connectionLost(reason)

    def logPrefix(self) -> str:
        """The protocol's prefix, and which connection it is."""
        return self.logstr

    def getTcpNoDelay(self) -> bool:
        """Whether small segments are sent at once (``TCP_NODELAY``)."""
        return bool(self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Have small segments sent at once, or held for a while (``TCP_NODELAY``)."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, bool(enabled))

    def getTcpKeepAlive(self) -> bool:
        """Whether an idle peer is probed (``SO_KEEPALIVE``)."""
        return bool(self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Have an idle peer probed, or not (``SO_KEEPALIVE``)."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, bool(enabled))


if _starttls.HAS_TLS:
    classImplements(Connection, interfaces.ITLSTransport)

_SEND_LIMIT = abstract.FileDescriptor.SEND_LIMIT

#: The ways to write and to send that may be passed over: they do nothing else. Kept by value, so
#: that whoever replaces a method of the class is seen too.
_PLAIN_WRITE: Any = abstract.FileDescriptor.write
_PLAIN_SENDERS: list[Any] = [Connection.writeSomeData]

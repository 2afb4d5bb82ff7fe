"""Descriptors that travel with the bytes of a UNIX stream (unix(7), SCM_RIGHTS).

The kernel attaches descriptors to bytes: at least one byte has to be sent with each, and they
arrive together with it.  So a descriptor waits here until there is a byte to go with.
"""

from __future__ import annotations

import os
import socket
from array import array
from collections import deque
from errno import EAGAIN, ENOBUFS
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from ..python import log, sendmsg
from . import _stream_connection, interfaces, main
from .error import FileDescriptorOverrun

if TYPE_CHECKING:
    from ._stream_connection import Connection as _Base
else:
    _Base = object

# The kernel takes 253 in one message, and unlimited ones in flight count against the process
# (unix(7), ETOOMANYREFS); long before that, somebody should pause.
MOST_QUEUED_DESCRIPTORS = 64


@implementer(interfaces.IUNIXTransport)
class _SendmsgMixin(_Base):
    """For a stream connection over a UNIX socket."""

    _fileDescriptorBufferSize = MOST_QUEUED_DESCRIPTORS

    def __init__(self) -> None:
        self._sendmsgQueue: deque[int] = deque()

    def _isSendBufferFull(self) -> bool:
        """Whether too many bytes or descriptors wait to be sent."""
        return (
            len(self._sendmsgQueue) > self._fileDescriptorBufferSize or super()._isSendBufferFull()
        )

    def sendFileDescriptor(self, fileno: int) -> None:
        """Queue a descriptor, to be sent with the next byte that has none.

        :param fileno: to stay open until it has been sent.
        """
        if not self.connected or self._writeDisconnected or self._aborting:
            return  # silently, as what is written to the dead (contract C17)
        self._sendmsgQueue.append(fileno)
        self._accepted()

    def writeSomeData(self, data: bytes) -> Any:
        """Send descriptors, one with each byte, and then what is left of *data*."""
        queue = self._sendmsgQueue
        if len(queue) > len(data):
            return FileDescriptorOverrun()
        sent = 0
        while queue:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [queue[0]]).tobytes())]
            try:
                sendmsg.sendmsg(self.socket, data[sent : sent + 1], rights)
            except OSError as e:
                if e.errno in (EAGAIN, ENOBUFS):
                    return sent
                return main.CONNECTION_LOST
            queue.popleft()
            sent += 1
        rest = super().writeSomeData(data[sent:])
        if isinstance(rest, BaseException):
            return rest
        return sent + rest

    def _forward(self, content: Any) -> None:
        if self._sendmsgQueue:
            self._write_segment(content)
        else:
            super()._forward(content)

    def _send_segment(self, segment: Any) -> Any:
        if not self._sendmsgQueue:
            return super()._send_segment(segment)
        # Descriptors go with bytes, and only with those that Python sends.
        before = segment.remaining_bytes
        data = segment.read(self.SEND_LIMIT)
        if segment.remaining_bytes != before and self._outbox.head_segment() is segment:
            self._outbox.settle_head(before)
        return self.writeSomeData(data) if data else 0

    def doRead(self) -> Any:
        """Receive once: first the descriptors, then the bytes that came with them."""
        try:
            received = sendmsg.recvmsg(self.socket, self.bufferSize)
        except OSError as e:
            if e.errno == EAGAIN:
                return None
            return main.CONNECTION_LOST
        descriptors: list[int] = []
        for level, kind, data in received.ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.extend(array("i", data))
            else:
                self._log_strange(
                    "received unsupported ancillary data (level=%(cmsgLevel)r, "
                    "type=%(cmsgType)r) from %(peerAddress)r.",
                    cmsgLevel=level,
                    cmsgType=kind,
                )
        try:
            while descriptors and self._is_listened_to():
                self._descriptor_received(descriptors.pop(0))
        finally:
            # Whoever should have taken them has closed the connection, or has raised.
            for descriptor in descriptors:
                os.close(descriptor)
        return self._dataReceived(received.data) if self._is_listened_to() else None

    def _is_listened_to(self) -> bool:
        # The protocol goes with the connection.
        return hasattr(self, "protocol") and not getattr(self, "_aborting", False)

    def _descriptor_received(self, descriptor: int) -> None:
        if interfaces.IFileDescriptorReceiver.providedBy(self.protocol):
            self.protocol.fileDescriptorReceived(descriptor)
            return
        self._log_strange(
            "does not provide IFileDescriptorReceiver; closing file descriptor received "
            "(from %(peerAddress)r)."
        )
        os.close(descriptor)

    def _log_strange(self, what: str, **keys: Any) -> None:
        log.msg(
            format=f"%(protocolName)s (on %(hostAddress)r) {what}",
            protocolName=self._getLogPrefix(self.protocol),
            hostAddress=self.getHost(),
            peerAddress=self.getPeer(),
            **keys,
        )


_stream_connection._PLAIN_SENDERS.append(_SendmsgMixin.writeSomeData)

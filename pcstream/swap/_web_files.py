"""Files of Twisted's web server go to plain connections without passing through Python.

Two classes of ``twisted.web`` get something, and nothing else of it is touched:

- ``http.Request`` is a :class:`pcstream.zero_copy.IFileConsumer`, so that a
  :class:`~pcstream.protocols.basic.FileSender` to a request is taken to the socket by the kernel.
- The producers of ``static.File``, for a whole file and for one range, hand over stretches of the
  file instead of its bytes. What is small or left over they write themselves, and they end by
  themselves.

All that has been changed or added by anybody on the way from the request to the socket, a subclass
or an instance with a ``write`` of its own, a content encoder, chunks, HTTP/2 and TLS among it, is
given bytes as ever. Several ranges in one answer are, too.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from typing import Any

from .. import zero_copy
from .._engine.sendfile import STRETCH_BYTES, FileRange, OpenFile
from ..protocols._file_sender import sendable_descriptor
from ..python import log
from ..python.failure import Failure
from ._mirrored import THEIRS

HTTP = f"{THEIRS}.web.http"
STATIC = f"{THEIRS}.web.static"


def _announced_length(request: Any) -> int | None:
    """The length that the answer's header says; None if it says none, or not clearly."""
    values = request.responseHeaders.getRawHeaders(b"content-length", ())
    if len(values) != 1 or not values[0].isdigit():
        return None
    return int(values[0])


class RequestRoute:
    """Whether what is written to a request goes to its connection as it is.

    The methods that may be passed over are kept by value, so that whoever replaces one of them is
    seen.
    """

    def __init__(self) -> None:
        http: Any = importlib.import_module(HTTP)
        self._channel_class = http.HTTPChannel
        self._channel_write = http.HTTPChannel.write
        self._request_class = http.Request
        self._request_write = http.Request.write
        #: ``server.Request`` has one of its own, which does more only for an encoder and for HEAD
        self._server_write: Any = None

    def note_server(self) -> None:
        """Know the way of ``twisted.web.server``, which has been imported."""
        self._server_write = importlib.import_module(f"{THEIRS}.web.server").Request.write

    def transport_of(self, request: Any) -> Any:
        """Where what *request* writes ends up, if it is plain; else None."""
        channel = request.channel
        if (
            not isinstance(channel, self._channel_class)
            or type(channel).write is not self._channel_write
            or "write" in vars(channel)
            or "write" in vars(request)  # so are answers without a body
            or request.chunked
            or request.method == b"HEAD"
        ):
            return None
        write = type(request).write
        if write is not self._request_write and (
            write is not self._server_write or request._encoder is not None or request._inFakeHead
        ):
            return None
        return channel.transport


def _offer(transport: Any) -> Any:
    """How *transport* takes stretches of files; None if it does not."""
    return getattr(type(transport), "write_file", None)


def accelerate_requests() -> None:
    """Let ``twisted.web.http.Request``, which has been imported, take stretches of files."""
    route = RequestRoute()

    def write_file(self: Any, file: Any, offset: int, count: int, failed: Any) -> Any:
        """Queue a stretch of a file; see :class:`pcstream.zero_copy.IFileConsumer`."""
        if route._server_write is None and type(self).write is not route._request_write:
            route.note_server()
        transport = route.transport_of(self)
        offer = _offer(transport)
        if offer is None or not zero_copy.enabled or _announced_length(self) is None:
            return None
        if not self.startedWriting:
            self.write(b"")  # the headers, which may show that there is no body to come
            if route.transport_of(self) is not transport:
                return None
        stretch = offer(transport, file, offset, count, failed)
        if stretch is not None:
            self.sentLength += count
        return stretch

    def withdraw_file(self: Any, stretch: Any) -> None:
        """Take back what has not been sent of a stretch."""
        self.sentLength -= stretch.remaining_bytes
        self.channel.transport.withdraw_file(stretch)

    request_class: Any = importlib.import_module(HTTP).Request
    request_class.write_file = write_file
    request_class.withdraw_file = withdraw_file


@dataclass
class Transfer:
    """What a producer of ``static.File`` has handed over.

    :ivar end: where the stretch should end in the file.
    """

    file: OpenFile
    stretch: FileRange
    end: int


def accelerate_files() -> None:
    """Let the producers of ``twisted.web.static``, which has been imported, hand over stretches."""
    static: Any = importlib.import_module(STATIC)
    for producer_class in (static.NoRangeStaticProducer, static.SingleRangeStaticProducer):
        _accelerate(producer_class)


def _accelerate(producer_class: Any) -> None:
    produce_bytes, stop = producer_class.resumeProducing, producer_class.stopProducing

    def resumeProducing(self: Any) -> None:
        """Hand over the next stretch of the file, or do as ever."""
        transfer: Transfer | None = vars(self).get("_transfer")
        if transfer is None:
            # somebody who has made it something else wants to see the bytes
            if type(self) is producer_class and _hand_over(self, None):
                return
            produce_bytes(self)
            return
        if not self.request:
            return
        if transfer.stretch.remaining_bytes:
            return  # asked without need: there is more once it has gone
        missing = transfer.end - transfer.stretch.offset
        if missing:
            _give_up(self, missing)
        elif not _hand_over(self, transfer):
            if self.request.sentLength >= (_announced_length(self.request) or 0):
                # what has been appended since the length was announced is not part of the answer
                self.fileObject.seek(0, os.SEEK_END)
            self._transfer = None
            produce_bytes(self)

    def stopProducing(self: Any) -> None:
        """Close the file, our descriptor of it as well: the request outlives the transfer."""
        vars(self).pop("_transfer", None)
        stop(self)

    producer_class.resumeProducing = resumeProducing
    producer_class.stopProducing = stopProducing


def _hand_over(producer: Any, transfer: Transfer | None) -> bool:
    """Queue the next stretch, if there is one and it can be."""
    request = producer.request
    if not request or not zero_copy.enabled:
        return False
    offer = getattr(type(request), "write_file", None)
    length = _announced_length(request) if offer is not None else None
    if offer is None or length is None:
        return False
    rest = length - request.sentLength
    # So much makes the transport pause us until it has gone. A shorter stretch would not, and we
    # would be asked again and again meanwhile.
    least = max(getattr(getattr(request.channel, "transport", None), "bufferSize", 0), 2**16) + 1
    if rest < least:
        return False
    count = rest if rest < STRETCH_BYTES + least else STRETCH_BYTES
    file = producer.fileObject
    try:
        if transfer is None:
            fd = sendable_descriptor(file)
            if fd is None:
                return False
            open_file = OpenFile(fd)
        else:
            open_file = transfer.file
        at = file.tell()
    except (OSError, ValueError):
        return False  # reading it will tell
    stretch = offer(request, open_file, at, count, _cannot_be_read)
    if stretch is None:
        return False
    file.seek(at + count)
    producer._transfer = Transfer(open_file, stretch, at + count)
    if hasattr(producer, "bytesWritten"):
        producer.bytesWritten += count
    return True


def _cannot_be_read(error: OSError) -> None:
    log.err(Failure(error), "a file that is being served cannot be read")


def _give_up(producer: Any, missing: int) -> None:
    """End an answer that cannot be completed, so that nobody takes it for a complete one."""
    request = producer.request
    request.sentLength -= missing
    log.msg(f"{request!r}: the file has become shorter; {missing} bytes of the answer are missing")
    request.unregisterProducer()
    producer.stopProducing()
    request.loseConnection()

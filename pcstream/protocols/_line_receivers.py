"""Protocols whose messages are lines."""

from __future__ import annotations

from typing import Any

from ..internet import protocol
from ._pauseable_mixin import _PauseableMixin
from ._receive_buffer import ReceiveBuffer

__all__ = ["LineOnlyReceiver", "LineReceiver"]


class _LineBuffer(ReceiveBuffer):
    """A buffer that remembers how far it was searched for the end of a line in vain."""

    __slots__ = ("_delimiter",)

    _delimiter: bytes

    def find(self, delimiter: bytes) -> int:
        """Where the first *delimiter* begins; -1 if there is none, or if it is empty."""
        if not delimiter:
            return -1
        since = self.start
        if self.searched > since and self._delimiter == delimiter:
            since = self.searched
        found = self.data.find(delimiter, since)
        if found < 0:
            self._delimiter = delimiter
            self.searched = max(self.start, len(self.data) - len(delimiter) + 1)
        return found


class LineReceiver(protocol.Protocol, _PauseableMixin):
    """Receives lines, or raw bytes, and may change over at any time.

    In line mode :meth:`lineReceived` is called for each line, in raw mode :meth:`rawDataReceived`
    for whatever comes.  Pausing, resuming, changing the mode and closing may be done from within
    either; what has arrived meanwhile is never lost, doubled or put out of order.

    :ivar delimiter: what ends a line.
    :ivar MAX_LENGTH: the longest line, without its delimiter, in bytes.
    :ivar line_mode: true in line mode.
    """

    line_mode: int = 1
    delimiter: bytes = b"\r\n"
    MAX_LENGTH: int = 16384
    _busyReceiving: bool = False
    __received: _LineBuffer | None = None

    @property
    def _buffer(self) -> bytes:
        """What was received and not yet delivered; may be set."""
        return b"" if self.__received is None else self.__received.rest()

    @_buffer.setter
    def _buffer(self, rest: bytes) -> None:
        if self.__received is None:
            self.__received = _LineBuffer()
        self.__received.replace(rest)

    def clearLineBuffer(self) -> bytes:
        """Hand over what was received and not yet delivered; it will not be delivered."""
        return b"" if self.__received is None else self.__received.take()

    def dataReceived(self, data: bytes) -> Any:
        """Deliver the lines that *data* completes, or *data* itself in raw mode.

        :returns: what a callback answered that is true, which ends the delivery for now.
        """
        received = self.__received
        if received is None:
            received = self.__received = _LineBuffer()
        received.add(data)
        if self._busyReceiving:
            return None
        self._busyReceiving = True
        try:
            return self.__deliver(received)
        finally:
            self._busyReceiving = False

    def __deliver(self, received: _LineBuffer) -> Any:
        # Callbacks may do anything to the buffer, so nothing about it is kept over one.
        while not self.paused:
            data, start = received.data, received.start
            if start >= len(data):
                return None
            if not self.line_mode:
                why = self.rawDataReceived(received.take())
                if why:
                    return why
                continue
            delimiter = self.delimiter
            # The second half is the rule; the first saves a call for most lines.
            end = data.find(delimiter, start) if received.searched <= start and delimiter else -1
            if end < 0:
                end = received.find(delimiter)
            if end < 0:
                if len(data) - start < self.MAX_LENGTH + len(delimiter):
                    return None
                return self.lineLengthExceeded(received.take())
            if end - start > self.MAX_LENGTH:
                return self.lineLengthExceeded(received.take())
            received.start = end + len(delimiter)
            line = data[start:end]
            why = self.lineReceived(line if type(line) is bytes else bytes(line))
            if why:
                return why
            transport = self.transport
            if transport is not None and transport.disconnecting:
                return why
        return None

    def setLineMode(self, extra: bytes = b"") -> Any:
        """Receive lines from here on.

        :param extra: bytes given to :meth:`rawDataReceived` that belong to lines already.
        """
        self.line_mode = 1
        if extra:
            return self.dataReceived(extra)
        return None

    def setRawMode(self) -> None:
        """Receive raw bytes from here on, those after the current line included."""
        self.line_mode = 0

    def rawDataReceived(self, data: bytes) -> Any:
        """Bytes came in raw mode; to be overridden."""
        raise NotImplementedError

    def lineReceived(self, line: bytes) -> Any:
        """A line came; to be overridden.

        :param line: without its delimiter.
        """
        raise NotImplementedError

    def sendLine(self, line: bytes) -> Any:
        """Write *line* and a delimiter."""
        return self.transport.write(line + self.delimiter)

    def lineLengthExceeded(self, line: bytes) -> Any:
        """A line is too long; closes the connection unless overridden.

        :param line: all that was received, from the beginning of the long line on.  It is not kept:
            :meth:`setLineMode` takes back what should be.
        """
        return self.transport.loseConnection()


class LineOnlyReceiver(protocol.Protocol):
    """Receives lines and nothing else.

    :ivar delimiter: what ends a line.
    :ivar MAX_LENGTH: the longest line, without its delimiter, in bytes.
    """

    delimiter: bytes = b"\r\n"
    MAX_LENGTH: int = 16384
    __is_delivering: bool = False
    __received: _LineBuffer | None = None

    @property
    def _buffer(self) -> bytes:
        """What was received and not yet delivered; may be set."""
        return b"" if self.__received is None else self.__received.rest()

    @_buffer.setter
    def _buffer(self, rest: bytes) -> None:
        if self.__received is None:
            self.__received = _LineBuffer()
        self.__received.replace(rest)

    def dataReceived(self, data: bytes) -> Any:
        """Deliver the lines that *data* completes.

        While the connection is closing lines are thrown away.

        :returns: what :meth:`lineLengthExceeded` answered, if that is true.
        """
        received = self.__received
        if received is None:
            received = self.__received = _LineBuffer()
        received.add(data)
        if self.__is_delivering:
            return None
        self.__is_delivering = True
        try:
            return self.__deliver(received)
        finally:
            self.__is_delivering = False

    def __deliver(self, received: _LineBuffer) -> Any:
        delimiter = self.delimiter
        while received.find(delimiter) >= 0:
            lines = received.take().split(delimiter)
            received.replace(lines.pop())
            pending = iter(lines)
            try:
                for line in pending:
                    transport = self.transport
                    if transport is not None and transport.disconnecting:
                        return None
                    if len(line) <= self.MAX_LENGTH:
                        self.lineReceived(line)
                    elif why := self.lineLengthExceeded(line):
                        return why
            except BaseException:
                received.replace(delimiter.join([*pending, received.rest()]))
                raise
            delimiter = self.delimiter
        if len(received) > self.MAX_LENGTH:
            rest = received.rest()
            if len(rest) - self.__begun_delimiter(rest) > self.MAX_LENGTH:
                return self.lineLengthExceeded(rest)
        return None

    def __begun_delimiter(self, rest: bytes) -> int:
        """How many bytes at the end of *rest* may be the beginning of a delimiter."""
        delimiter = self.delimiter
        for length in range(len(delimiter) - 1, 0, -1):
            if rest.endswith(delimiter[:length]):
                return length
        return 0

    def lineReceived(self, line: bytes) -> None:
        """A line came; to be overridden.

        :param line: without its delimiter.
        """
        raise NotImplementedError

    def sendLine(self, line: bytes) -> Any:
        """Write *line* and a delimiter."""
        return self.transport.writeSequence((line, self.delimiter))

    def lineLengthExceeded(self, line: bytes) -> Any:
        """A line is too long; closes the connection unless overridden.

        :param line: the line, or what has come of it.
        """
        return self.transport.loseConnection()

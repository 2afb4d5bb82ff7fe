"""Netstrings: ``3:abc,`` is a string of three bytes, and nothing else is.

See https://cr.yp.to/proto/netstrings.txt.
"""

from __future__ import annotations

import re
from typing import Any

from ..internet import protocol
from ..internet.interfaces import ITransport

__all__ = ["IncompleteNetstring", "NetstringParseError", "NetstringReceiver"]


class NetstringParseError(ValueError):
    """What was received is no netstring."""


class IncompleteNetstring(Exception):
    """More has to come before anything can be said."""


def _formatNetstring(data: bytes) -> bytes:
    """*data* as a netstring."""
    return b"".join([str(len(data)).encode("ascii"), b":", data, b","])


class NetstringReceiver(protocol.Protocol):
    """Receives netstrings, and hangs up on whatever else comes.

    :ivar MAX_LENGTH: the longest string that is accepted.
    :ivar brokenPeer: true once something came that is no netstring; all later input is ignored.
    """

    MAX_LENGTH: int = 99999

    _LENGTH = re.compile(rb"(0|[1-9]\d*)(:)")
    # a prefix that may yet become a length
    _LENGTH_PREFIX = re.compile(rb"(0|[1-9]\d*)$")

    _MISSING_LENGTH = "The received netstring does not start with a length specification."
    _TOO_LONG = "The received netstring is longer than the maximum %s specified by self.MAX_LENGTH"
    _MISSING_COMMA = "The received netstring is not terminated by a comma."

    _PARSING_LENGTH, _PARSING_PAYLOAD = range(2)

    brokenPeer: int = 0
    _state: int = _PARSING_LENGTH
    # Both count the comma.
    _expectedPayloadSize: int = 0
    _currentPayloadSize: int = 0
    _remainingData: bytes = b""
    # where in _remainingData parsing goes on
    __parsed: int = 0
    __pieces: list[bytes]
    __is_delivering: bool = False

    def makeConnection(self, transport: ITransport) -> None:
        """Begin with nothing received."""
        super().makeConnection(transport)
        self.__begin()

    def __begin(self) -> None:
        self._remainingData = b""
        self.__parsed = 0
        self._state = self._PARSING_LENGTH
        self._currentPayloadSize = self._expectedPayloadSize = 0
        self.__pieces = []
        self.brokenPeer = 0

    def sendString(self, string: bytes) -> None:
        """Write *string* as a netstring."""
        self.transport.write(_formatNetstring(string))

    def dataReceived(self, data: bytes) -> None:
        """Deliver the strings that *data* completes."""
        if self.brokenPeer:
            return
        rest = self._remainingData[self.__parsed :]
        self._remainingData = rest + data if rest else data
        self.__parsed = 0
        if self.__is_delivering:
            return
        self.__is_delivering = True
        try:
            self.__deliver()
        finally:
            self.__is_delivering = False

    def __deliver(self) -> None:
        try:
            while self.__parsed < len(self._remainingData):
                if self._state == self._PARSING_LENGTH:
                    self._consumeLength()
                    self._prepareForPayloadConsumption()
                if self._state == self._PARSING_PAYLOAD:
                    self._consumePayload()
        except IncompleteNetstring:
            pass
        except NetstringParseError:
            self._handleParseError()
            self._remainingData = b""
            self.__pieces = []
            return
        self._remainingData = self._remainingData[self.__parsed :]
        self.__parsed = 0

    def stringReceived(self, string: bytes) -> None:
        """A string came; to be overridden."""
        raise NotImplementedError

    def _maxLengthSize(self) -> int:
        """No acceptable length has more digits than this."""
        return len(str(self.MAX_LENGTH))

    def _consumeLength(self) -> None:
        """Parse the length.

        :raises IncompleteNetstring: its end has not come.
        :raises NetstringParseError: it is not a length, or over the limit.
        """
        match = self._LENGTH.match(self._remainingData, self.__parsed)
        if match is None:
            begun = self._LENGTH_PREFIX.match(self._remainingData, self.__parsed)
            if begun is None:
                raise NetstringParseError(self._MISSING_LENGTH)
            self._extractLength(begun.group(1))
            raise IncompleteNetstring
        self._expectedPayloadSize = self._extractLength(match.group(1)) + 1
        self.__parsed = match.end()

    def _extractLength(self, lengthAsString: bytes) -> int:
        """The number that *lengthAsString* writes, if it is not over the limit.

        A length with too many digits is never converted, which would take quadratic time.
        """
        if len(lengthAsString) > self._maxLengthSize():
            raise NetstringParseError(self._TOO_LONG % (self.MAX_LENGTH,))
        length = int(lengthAsString)
        if length > self.MAX_LENGTH:
            raise NetstringParseError(self._TOO_LONG % (self.MAX_LENGTH,))
        return length

    def _prepareForPayloadConsumption(self) -> None:
        self._state = self._PARSING_PAYLOAD
        self._currentPayloadSize = 0
        self.__pieces = []

    def _payloadComplete(self) -> bool:
        """Whether the last payload begun, with its comma, has come."""
        return self._currentPayloadSize == self._expectedPayloadSize

    def _consumePayload(self) -> None:
        """Take what has come of the payload.

        :raises IncompleteNetstring: its end has not come.
        :raises NetstringParseError: there is something else in place of the comma.
        """
        wanted = self._expectedPayloadSize - self._currentPayloadSize
        piece = self._remainingData[self.__parsed : self.__parsed + wanted]
        self.__parsed += len(piece)
        self._currentPayloadSize += len(piece)
        self.__pieces.append(piece)
        if not self._payloadComplete():
            raise IncompleteNetstring
        payload = b"".join(self.__pieces)
        if not payload.endswith(b","):
            raise NetstringParseError(self._MISSING_COMMA)
        self.__pieces = []
        self._state = self._PARSING_LENGTH
        self.stringReceived(payload[:-1])

    def _handleParseError(self) -> Any:
        """Hang up."""
        self.transport.loseConnection()
        self.brokenPeer = 1

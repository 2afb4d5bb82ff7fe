"""Protocols whose messages are strings behind their length as a fixed number of bytes."""

from __future__ import annotations

from struct import calcsize, pack, unpack_from

from ..internet import protocol
from ._pauseable_mixin import _PauseableMixin
from ._receive_buffer import ReceiveBuffer

__all__ = [
    "Int8StringReceiver",
    "Int16StringReceiver",
    "Int32StringReceiver",
    "IntNStringReceiver",
    "StringTooLongError",
]


class StringTooLongError(AssertionError):
    """A string is longer than its prefix can say."""


class IntNStringReceiver(protocol.Protocol, _PauseableMixin):
    """Receives strings, each behind its length; subclasses say how that is packed.

    Pausing and resuming may be done from within :meth:`stringReceived`, and so may receiving more:
    each string is delivered once and in order.

    :ivar MAX_LENGTH: the longest string that is accepted.
    :ivar structFormat: how the length is packed, as :mod:`struct` writes it.
    :ivar prefixLength: how many bytes that makes.
    """

    MAX_LENGTH: int = 99999
    structFormat: str
    prefixLength: int

    __received: ReceiveBuffer | None = None
    __is_delivering: bool = False

    def __buffer_of_input(self) -> ReceiveBuffer:
        received = self.__received
        if received is None:
            received = self.__received = ReceiveBuffer()
        return received

    @property
    def recvd(self) -> bytes:
        """What was received behind the last string delivered.

        It may be set, also from within :meth:`stringReceived`: what follows is parsed from that.
        """
        return b"" if self.__received is None else self.__received.rest()

    @recvd.setter
    def recvd(self, rest: bytes) -> None:
        self.__buffer_of_input().replace(rest)

    def stringReceived(self, string: bytes) -> None:
        """A string came; to be overridden."""
        raise NotImplementedError

    def lengthLimitExceeded(self, length: int) -> None:
        """A length over ``MAX_LENGTH`` came; closes the connection unless overridden.

        The string, prefix and all, stays in ``recvd``.
        """
        self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        """Deliver the strings that *data* completes."""
        received = self.__buffer_of_input()
        received.add(data)
        if self.__is_delivering:
            return
        self.__is_delivering = True
        try:
            self.__deliver(received)
        finally:
            self.__is_delivering = False

    def __deliver(self, received: ReceiveBuffer) -> None:
        prefix_length = self.prefixLength
        # A callback may do anything to the buffer, so nothing about it is kept over one.
        while not self.paused:
            data, start = received.data, received.start
            begin = start + prefix_length
            if begin > len(data):
                return
            (length,) = unpack_from(self.structFormat, data, start)
            if length > self.MAX_LENGTH:
                self.lengthLimitExceeded(length)
                return
            end = begin + length
            if end > len(data):
                return
            received.start = end
            string = data[begin:end]
            self.stringReceived(string if type(string) is bytes else bytes(string))

    def sendString(self, string: bytes) -> None:
        """Write *string* behind its length.

        :raises StringTooLongError: the prefix cannot say its length.
        """
        limit = 2 ** (8 * self.prefixLength)
        if len(string) >= limit:
            raise StringTooLongError(f"Try to send {len(string)} bytes whereas maximum is {limit}")
        self.transport.write(pack(self.structFormat, len(string)) + string)


class Int32StringReceiver(IntNStringReceiver):
    """Receives strings behind their length in 4 bytes, big end first."""

    structFormat = "!I"
    prefixLength = calcsize(structFormat)


class Int16StringReceiver(IntNStringReceiver):
    """Receives strings behind their length in 2 bytes, big end first."""

    structFormat = "!H"
    prefixLength = calcsize(structFormat)


class Int8StringReceiver(IntNStringReceiver):
    """Receives strings behind their length in 1 byte."""

    structFormat = "!B"
    prefixLength = calcsize(structFormat)

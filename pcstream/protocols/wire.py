"""The small services every host once had: echo, discard, character generator and the like."""

from __future__ import annotations

import struct
import time
from typing import Any

from zope.interface import implementer

from ..internet import interfaces, protocol

__all__ = ["QOTD", "Chargen", "Daytime", "Discard", "Echo", "Time", "Who"]


class Echo(protocol.Protocol):
    """Sends back what it receives (:rfc:`862`)."""

    def dataReceived(self, data: bytes) -> None:
        """Send *data* back."""
        self.transport.write(data)


class Discard(protocol.Protocol):
    """Throws away what it receives (:rfc:`863`)."""

    def dataReceived(self, data: bytes) -> None:
        """Throw *data* away."""


@implementer(interfaces.IPullProducer)
class Chargen(protocol.Protocol):
    """Sends the same characters for ever, whatever it receives (:rfc:`864`).

    :ivar noise: the characters.
    """

    noise = b'@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~ !"#$%&?'

    def connectionMade(self) -> None:
        """Send whenever there is room."""
        self.transport.registerProducer(self, 0)

    def resumeProducing(self) -> None:
        """Send the characters once."""
        self.transport.write(self.noise)

    def pauseProducing(self) -> None:
        """A pull producer writes when asked, and only then: nothing to do."""

    def stopProducing(self) -> None:
        """Nothing is owned that could be released."""


class QOTD(protocol.Protocol):
    """Sends a quotation and closes (:rfc:`865`)."""

    def connectionMade(self) -> None:
        """Send the quotation."""
        self.transport.write(self.getQuote())
        self.transport.loseConnection()

    def getQuote(self) -> bytes:
        """The quotation; to be overridden."""
        return b"An apple a day keeps the doctor away.\r\n"


class Who(protocol.Protocol):
    """Sends the names of the users who are logged in and closes (:rfc:`866`)."""

    def connectionMade(self) -> None:
        """Send the names."""
        self.transport.write(self.getUsers())
        self.transport.loseConnection()

    def getUsers(self) -> bytes:
        """The names, a line each; to be overridden."""
        return b"root\r\n"


class Daytime(protocol.Protocol):
    """Sends the time for people to read and closes (:rfc:`867`)."""

    def connectionMade(self) -> None:
        """Send the time."""
        self.transport.write(time.asctime(time.gmtime()).encode("ascii") + b"\r\n")
        self.transport.loseConnection()


class Time(protocol.Protocol):
    """Sends the time for machines to read and closes (:rfc:`868`)."""

    def connectionMade(self) -> None:
        """Send the seconds, in four bytes."""
        self.transport.write(_packed_seconds(int(time.time())))
        self.transport.loseConnection()


def _packed_seconds(now: int) -> bytes:
    """Seconds since 1970 in four bytes, as Twisted counts; the RFC counts from 1900.

    They begin again in 2038 rather than fail.
    """
    packed: Any = struct.pack("!I", now & 0xFFFFFFFF)
    return bytes(packed)

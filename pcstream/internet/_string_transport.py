"""Transports without a network: what is written stays in memory for a test to look at.

None of them decides about back-pressure.  :class:`StringTransport` takes in any amount and never
calls the producer it was given; it only remembers who registered (the ``str`` column of the
producer/consumer contract, where C2, C4, C5 and C19 are left out on purpose: tests rely on it).
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any, NoReturn

from zope.interface import implementer

from ..python.failure import Failure
from . import error
from .address import IPv4Address
from .interfaces import IConsumer, IProtocol, IPushProducer, ITransport, IUDPTransport

__all__ = [
    "FakeDatagramTransport",
    "StringIOWithoutClosing",
    "StringTransport",
    "StringTransportWithDisconnection",
]

#: What getHost and getPeer answer unless told otherwise: addresses no test machine has by chance.
_HOST = ("10.0.0.1", 12345)
_PEER = ("192.168.1.1", 54321)


class StringIOWithoutClosing(BytesIO):
    """A :class:`~io.BytesIO` that stays open, so that its content can be read after ``close``."""

    def close(self) -> None:
        """Do nothing."""


@implementer(IUDPTransport)
class FakeDatagramTransport:
    """Remembers each datagram in ``written``, as a pair of packet and address.

    Twisted's has only ``write``, although it declares the whole interface.

    :ivar peer: where :meth:`connect` was asked to go, host and port, or None.
    :ivar listening: whether :meth:`stopListening` is still to come.
    """

    peer: tuple[str, int] | None = None
    listening = True
    broadcastAllowed = False

    #: Stands for the address of a packet that was written without one.
    noAddr: Any = object()

    def __init__(self) -> None:
        self.written: list[tuple[Any, Any]] = []

    def write(self, packet: Any, addr: Any = noAddr) -> None:
        """Remember *packet* and *addr*; neither is checked."""
        self.written.append((packet, addr))

    def connect(self, host: str, port: int) -> None:
        """Remember where to."""
        self.peer = (host, port)

    def getHost(self) -> Any:
        """A fixed address."""
        return IPv4Address("UDP", *_HOST)

    def stopListening(self) -> None:
        """Remember it."""
        self.listening = False

    def setBroadcastAllowed(self, enabled: bool) -> None:
        """Remember it."""
        self.broadcastAllowed = enabled

    def getBroadcastAllowed(self) -> bool:
        """What was last set."""
        return self.broadcastAllowed


@implementer(ITransport, IConsumer, IPushProducer)
class StringTransport:
    """A transport whose output is read back with :meth:`value`.

    :ivar producer: the registered producer, or None.
    :ivar streaming: what it was registered with, as given.
    :ivar producerState: ``'producing'``, ``'paused'`` or ``'stopped'``: what was last asked of
        this transport as a producer.
    :ivar disconnecting: ``loseConnection`` or ``abortConnection`` was called.
    :ivar disconnected: ``abortConnection`` was called.
    """

    disconnecting = False
    disconnected = False

    producer: Any = None
    streaming: Any = None

    hostAddr: Any = None
    peerAddr: Any = None

    producerState = "producing"

    def __init__(
        self, hostAddress: Any = None, peerAddress: Any = None, lenient: bool = False
    ) -> None:
        """Make a connected transport that has nothing in it.

        :param hostAddress: what :meth:`getHost` answers instead of its default.
        :param peerAddress: the same for :meth:`getPeer`.
        :param lenient: whether this transport may be paused and resumed after
            :meth:`loseConnection` (contract T7).
        """
        self.clear()
        if hostAddress is not None:
            self.hostAddr = hostAddress
        if peerAddress is not None:
            self.peerAddr = peerAddress
        self.connected = True
        self._lenient = lenient

    def clear(self) -> None:
        """Forget everything written so far."""
        self.io = BytesIO()

    def value(self) -> bytes:
        """Everything written since the beginning or the last :meth:`clear`."""
        return self.io.getvalue()

    def write(self, data: bytes) -> None:
        """Take *data* in.

        :raises TypeError: *data* is not ``bytes`` (contract C15).
        """
        if not isinstance(data, bytes):
            _refuse(data)
        self.io.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Take in all of *data*, or nothing if one element is bad (contract C18)."""
        self.io.write(b"".join(data))

    def loseConnection(self) -> None:
        """Remember that a close was asked for; nobody is told."""
        self.disconnecting = True

    def abortConnection(self) -> None:
        """Remember that an abort was asked for, and close."""
        self.disconnected = True
        self.loseConnection()

    def getPeer(self) -> Any:
        """The address handed in, or a fixed one."""
        return IPv4Address("TCP", *_PEER) if self.peerAddr is None else self.peerAddr

    def getHost(self) -> Any:
        """The address handed in, or a fixed one."""
        return IPv4Address("TCP", *_HOST) if self.hostAddr is None else self.hostAddr

    def registerProducer(self, producer: Any, streaming: Any) -> None:
        """Remember *producer*, and never call it.

        :raises RuntimeError: there is one already (contract C1, with a text of its own).
        """
        if self.producer is not None:
            raise RuntimeError("Cannot register two producers")
        self.producer = producer
        self.streaming = streaming

    def unregisterProducer(self) -> None:
        """Forget the producer.

        :raises RuntimeError: there is none (contract C13).
        """
        if self.producer is None:
            raise RuntimeError("Cannot unregister a producer unless one is registered")
        self.producer = None
        self.streaming = None

    def _checkState(self) -> None:
        """Refuse a pause or resume that a well-behaved protocol would not ask for."""
        if self.disconnecting and not self._lenient:
            raise RuntimeError("Cannot resume producing after loseConnection")
        if self.producerState == "stopped":
            raise RuntimeError("Cannot resume a stopped producer")

    def pauseProducing(self) -> None:
        """Note the pause.

        :raises RuntimeError: this transport was stopped, or is closing and not lenient.
        """
        self._checkState()
        self.producerState = "paused"

    def resumeProducing(self) -> None:
        """Note the resume.

        :raises RuntimeError: this transport was stopped, or is closing and not lenient.
        """
        self._checkState()
        self.producerState = "producing"

    def stopProducing(self) -> None:
        """Note the stop; the connection is not closed by it."""
        self.producerState = "stopped"


def _refuse(data: object) -> NoReturn:
    raise TypeError("Data must be bytes")


class StringTransportWithDisconnection(StringTransport):
    """A :class:`StringTransport` that tells its protocol about the close.

    :ivar protocol: who is told; set it before closing.
    """

    protocol: IProtocol

    def loseConnection(self) -> None:
        """Call the protocol's ``connectionLost`` with a clean reason, the first time."""
        if self.connected:
            self.connected = False
            self.protocol.connectionLost(Failure(error.ConnectionDone("Bye.")))

"""The interfaces once more as :class:`typing.Protocol`, for type checkers without a zope plugin.

``IConsumer`` says at run time what an object provides, and needs mypy's zope plugin to be checked;
:class:`Consumer` is the same thing to any type checker, and asks no object to declare anything::

    def feed(consumer: Consumer, producer: PushProducer) -> None:
        consumer.registerProducer(producer, streaming=True)

Each twin has the name of its interface less the ``I``, the same methods and the same signatures,
which a test compares.  What the methods have to do stands in
:mod:`pcstream.internet.interfaces`.

They are not for ``isinstance``: that would break on Python 3.10 and 3.11 as soon as zope has looked
at a class derived from one.  At run time, ask the interface: ``IConsumer.providedBy(it)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from typing import Protocol as _Protocol

if TYPE_CHECKING:
    from pcstream.internet.interfaces import IAddress
    from pcstream.python.failure import Failure

__all__ = [
    "Connector",
    "Consumer",
    "DelayedCall",
    "FileDescriptor",
    "FileDescriptorReceiver",
    "HalfCloseableProtocol",
    "ListeningPort",
    "LoggingContext",
    "Producer",
    "Protocol",
    "ProtocolFactory",
    "PullProducer",
    "PushProducer",
    "ReactorTime",
    "ReadDescriptor",
    "TCPTransport",
    "Transport",
    "UNIXTransport",
    "WriteDescriptor",
]


class Producer(_Protocol):
    """Twin of ``IProducer``."""

    def stopProducing(self) -> None:
        """Stop for good and release what is held (P5)."""


class PushProducer(Producer, _Protocol):
    """Twin of ``IPushProducer``."""

    def pauseProducing(self) -> None:
        """Write nothing more until resumed (P2, P3)."""

    def resumeProducing(self) -> None:
        """Go on writing (P4)."""


class PullProducer(Producer, _Protocol):
    """Twin of ``IPullProducer``."""

    def resumeProducing(self) -> None:
        """Write once, or unregister (L1 to L3)."""


class Consumer(_Protocol):
    """Twin of ``IConsumer``."""

    # Any, because whoever declares IConsumer asks for an IProducer here, and would not fit if a
    # consumer had to take every Producer.
    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take a producer, push if *streaming* is true, else pull (C1 to C4)."""

    def unregisterProducer(self) -> None:
        """Let the producer go (C12 to C14)."""

    def write(self, data: bytes) -> None:
        """Take the bytes (C5, C15 to C17)."""


class Transport(_Protocol):
    """Twin of ``ITransport``."""

    def write(self, data: bytes) -> None:
        """Send the bytes."""

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Send each of the pieces, in order (C18)."""

    def loseConnection(self) -> None:
        """Close once everything is sent (T1, T2)."""

    def getPeer(self) -> IAddress:
        """The other side's address."""

    def getHost(self) -> IAddress:
        """Our side's address."""


class TCPTransport(Transport, _Protocol):
    """Twin of ``ITCPTransport``."""

    def loseWriteConnection(self) -> None:
        """Close our sending direction once everything is sent (T10, T12)."""

    def abortConnection(self) -> None:
        """Close without sending what is left (T4)."""

    def getTcpNoDelay(self) -> bool:
        """Whether ``TCP_NODELAY`` is set."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Set ``TCP_NODELAY``."""

    def getTcpKeepAlive(self) -> bool:
        """Whether ``SO_KEEPALIVE`` is set."""

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Set ``SO_KEEPALIVE``."""


class UNIXTransport(Transport, _Protocol):
    """Twin of ``IUNIXTransport``."""

    def sendFileDescriptor(self, descriptor: int) -> None:
        """Send a descriptor along with the next byte."""


class Protocol(_Protocol):
    """Twin of ``IProtocol``, and not to be taken for :class:`typing.Protocol`."""

    def dataReceived(self, data: bytes) -> None:
        """Bytes have come."""

    def connectionLost(self, reason: Failure) -> None:
        """The connection is gone (T5)."""

    # Any for the same reason as in Consumer.
    def makeConnection(self, transport: Any) -> None:
        """Keep the transport and call :meth:`connectionMade`."""

    def connectionMade(self) -> None:
        """The connection stands."""


class HalfCloseableProtocol(_Protocol):
    """Twin of ``IHalfCloseableProtocol``."""

    def readConnectionLost(self) -> None:
        """The other side will send nothing more (T13)."""

    def writeConnectionLost(self) -> None:
        """We can send nothing more."""


class FileDescriptorReceiver(_Protocol):
    """Twin of ``IFileDescriptorReceiver``."""

    def fileDescriptorReceived(self, descriptor: int) -> None:
        """A descriptor has come."""


class ProtocolFactory(_Protocol):
    """Twin of ``IProtocolFactory``."""

    def buildProtocol(self, addr: IAddress) -> Protocol | None:
        """A protocol for the connection with that peer, or None to refuse it."""

    def doStart(self) -> None:
        """One more port or connector uses the factory."""

    def doStop(self) -> None:
        """One fewer does."""


class LoggingContext(_Protocol):
    """Twin of ``ILoggingContext``."""

    def logPrefix(self) -> str:
        """The text that messages logged on its behalf are marked with."""


class FileDescriptor(LoggingContext, _Protocol):
    """Twin of ``IFileDescriptor``."""

    def fileno(self) -> int:
        """The descriptor's number, or -1."""

    def connectionLost(self, reason: Failure) -> None:
        """Let go of the descriptor."""


class ReadDescriptor(FileDescriptor, _Protocol):
    """Twin of ``IReadDescriptor``."""

    def doRead(self) -> Failure | Exception | None:
        """Read what there is, without blocking."""


class WriteDescriptor(FileDescriptor, _Protocol):
    """Twin of ``IWriteDescriptor``."""

    def doWrite(self) -> Failure | Exception | None:
        """Write what there is room for, without blocking."""


class ListeningPort(_Protocol):
    """Twin of ``IListeningPort``."""

    def startListening(self) -> None:
        """Open the port."""

    def stopListening(self) -> Any:
        """Close the port; returns a Deferred or None."""

    def getHost(self) -> IAddress:
        """The address that it is bound to."""


class Connector(_Protocol):
    """Twin of ``IConnector``."""

    def stopConnecting(self) -> None:
        """Give up the attempt that is under way."""

    def disconnect(self) -> None:
        """Give up the attempt, or close the connection."""

    def connect(self) -> None:
        """Try once more."""

    def getDestination(self) -> IAddress:
        """Where the connector leads."""


class DelayedCall(_Protocol):
    """Twin of ``IDelayedCall``."""

    def getTime(self) -> float:
        """When the call is due, in seconds."""

    def cancel(self) -> None:
        """Never make the call."""

    def delay(self, secondsLater: float) -> None:
        """Put it off by so many seconds from when it was due."""

    def reset(self, secondsFromNow: float) -> None:
        """Put it at so many seconds from now."""

    def active(self) -> bool:
        """Whether the call is still to come."""


class ReactorTime(_Protocol):
    """Twin of ``IReactorTime``: a reactor, or ``task.Clock``."""

    def seconds(self) -> float:
        """The time in seconds."""

    def callLater(
        self, delay: float, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> DelayedCall:
        """Call a function after *delay* seconds."""

    def getDelayedCalls(self) -> Sequence[DelayedCall]:
        """The calls that are still to come."""

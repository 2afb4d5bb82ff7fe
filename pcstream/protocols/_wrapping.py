"""Protocols around other protocols: the wrapped one takes its wrapper for the transport."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from zope.interface import directlyProvides, providedBy

from ..internet import interfaces
from ..internet.interfaces import IAddress
from ..internet.protocol import ClientFactory, Protocol
from ..python.failure import Failure

__all__ = ["WP", "ProtocolWrapper", "WrappingFactory", "_wrappedLogPrefix"]


def _wrappedLogPrefix(wrapper: object, wrapped: object) -> str:
    """What the log calls *wrapper*: the name of *wrapped*, and the wrapper's class behind it."""
    log_prefix = getattr(wrapped, "logPrefix", None)
    name = wrapped.__class__.__name__ if log_prefix is None else log_prefix()
    return f"{name} ({wrapper.__class__.__name__})"


class ProtocolWrapper(Protocol):
    """A protocol to its transport, and a transport to the protocol it wraps.

    Whatever it does not have itself it takes from the transport, whose interfaces it provides.

    :ivar wrappedProtocol: what is wrapped; None once the connection is lost.
    :ivar factory: the factory of wrappers.
    :ivar disconnecting: the wrapped protocol has asked for the close.
    """

    disconnecting: bool | int = 0

    def __init__(self, factory: Any, wrappedProtocol: Any) -> None:
        self.wrappedProtocol: Any = wrappedProtocol
        self.factory = factory

    def logPrefix(self) -> str:
        """The name of the wrapped protocol, and our class behind it."""
        return _wrappedLogPrefix(self, self.wrappedProtocol)

    def makeConnection(self, transport: Any) -> None:
        """Pass ourselves on to the wrapped protocol as its transport."""
        directlyProvides(self, providedBy(transport))
        Protocol.makeConnection(self, transport)
        self.factory.registerProtocol(self)
        self.wrappedProtocol.makeConnection(self)

    # What a protocol asks of its transport

    def write(self, data: bytes) -> None:
        """Write *data*."""
        self.transport.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Write all of *data*."""
        self.transport.writeSequence(data)

    def loseConnection(self) -> None:
        """Close the connection."""
        self.disconnecting = 1
        self.transport.loseConnection()

    def write_file(self, file: Any, offset: int, count: int, failed: Any) -> Any:
        """Pass on a stretch of a file, unless what is written is looked at here.

        See :class:`pcstream.zero_copy.IFileConsumer`.
        """
        offer = getattr(type(self.transport), "write_file", None)
        if (
            offer is None
            or type(self).write is not ProtocolWrapper.write
            or "write" in self.__dict__
        ):
            return None
        return offer(self.transport, file, offset, count, failed)

    def withdraw_file(self, stretch: Any) -> None:
        """Have the transport take back what has not been sent of a stretch."""
        self.transport.withdraw_file(stretch)

    def getPeer(self) -> Any:
        """The address of the other end."""
        return self.transport.getPeer()

    def getHost(self) -> Any:
        """The address of this end."""
        return self.transport.getHost()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have *producer* paced by the transport."""
        self.transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Have the transport forget its producer."""
        self.transport.unregisterProducer()

    def stopConsuming(self) -> None:
        """Have the transport forget its producer, and close."""
        self.transport.stopConsuming()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    # What a transport asks of its protocol

    def dataReceived(self, data: bytes) -> None:
        """Pass *data* on."""
        self.wrappedProtocol.dataReceived(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Tell the wrapped protocol, and let go of it."""
        self.factory.unregisterProtocol(self)
        self.wrappedProtocol.connectionLost(reason)
        # Wrapper and wrapped refer to each other, which would outlive the connection.
        self.wrappedProtocol = None


WP = TypeVar("WP")


class WrappingFactory(ClientFactory[WP]):
    """Wraps the protocols that another factory builds.

    :ivar protocol: makes a wrapper from this factory and a protocol.
    :ivar wrappedFactory: the other factory.
    :ivar protocols: the wrappers that are connected, as keys.
    """

    protocol: Callable[..., Any] = ProtocolWrapper

    def __init__(self, wrappedFactory: Any) -> None:
        self.wrappedFactory = wrappedFactory
        self.protocols: dict[Any, int] = {}

    def logPrefix(self) -> str:
        """The name of the wrapped factory, and our class behind it."""
        return _wrappedLogPrefix(self, self.wrappedFactory)

    def doStart(self) -> None:
        """A port starts to use both factories."""
        self.wrappedFactory.doStart()
        ClientFactory.doStart(self)

    def doStop(self) -> None:
        """A port no longer uses either factory."""
        self.wrappedFactory.doStop()
        ClientFactory.doStop(self)

    def startedConnecting(self, connector: interfaces.IConnector) -> None:
        """Tell the wrapped factory."""
        self.wrappedFactory.startedConnecting(connector)

    def clientConnectionFailed(self, connector: interfaces.IConnector, reason: Failure) -> None:
        """Tell the wrapped factory."""
        self.wrappedFactory.clientConnectionFailed(connector, reason)

    def clientConnectionLost(self, connector: interfaces.IConnector, reason: Failure) -> None:
        """Tell the wrapped factory."""
        self.wrappedFactory.clientConnectionLost(connector, reason)

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Wrap what the wrapped factory builds; None if it builds nothing."""
        wrapped = self.wrappedFactory.buildProtocol(addr)
        if wrapped is None:
            return None
        return self.protocol(self, wrapped)

    def registerProtocol(self, p: Any) -> None:
        """Called when the wrapper *p* is connected."""
        self.protocols[p] = 1

    def unregisterProtocol(self, p: Any) -> None:
        """Called when the wrapper *p* has lost its connection."""
        del self.protocols[p]

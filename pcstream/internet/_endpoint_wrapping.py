"""Factories and endpoints around others: how a Deferred learns what became of a connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zope.interface import alsoProvides, implementer

from ..python.failure import Failure
from . import interfaces
from .defer import Deferred
from .error import ConnectingCancelledError, NoProtocol, NotConnectingError
from .protocol import ClientFactory, Protocol, connectionDone

# What a protocol may be beside a protocol, and its wrapper has to be then, too.
_OPTIONAL = (
    interfaces.IHalfCloseableProtocol,
    interfaces.IFileDescriptorReceiver,
    interfaces.IHandshakeListener,
)


class _WrappingProtocol(Protocol):
    """Stands between a transport and a protocol to notice that they have been connected."""

    _is_given_up = False

    def __init__(self, connectedDeferred: Deferred[Any], wrappedProtocol: Any) -> None:
        """
        :param connectedDeferred: fires with *wrappedProtocol* once that is connected.
        """
        self._connectedDeferred = connectedDeferred
        self._wrappedProtocol = wrappedProtocol
        for optional in _OPTIONAL:
            if optional.providedBy(wrappedProtocol):
                alsoProvides(self, optional)

    def logPrefix(self) -> str:
        """The wrapped protocol's prefix, or the name of its class."""
        if interfaces.ILoggingContext.providedBy(self._wrappedProtocol):
            return str(self._wrappedProtocol.logPrefix())
        return str(self._wrappedProtocol.__class__.__name__)

    def connectionMade(self) -> None:
        """Connect the wrapped protocol, then fire the Deferred."""
        connected = self._connectedDeferred
        if connected.called:
            # Cancelled between the building of the protocol and now: nobody wants it.
            self._is_given_up = True
            self.transport.loseConnection()
            return
        try:
            self._wrappedProtocol.makeConnection(self.transport)
        except BaseException:
            # The transport will close the connection; who waits for it has to know as well.
            connected.errback(Failure())
            raise
        if not connected.called:
            connected.callback(self._wrappedProtocol)

    def dataReceived(self, data: bytes) -> None:
        """Pass *data* on."""
        return self._wrappedProtocol.dataReceived(data)  # type: ignore[no-any-return]

    def fileDescriptorReceived(self, descriptor: int) -> None:
        """Pass *descriptor* on."""
        self._wrappedProtocol.fileDescriptorReceived(descriptor)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Pass *reason* on."""
        if not self._is_given_up:
            return self._wrappedProtocol.connectionLost(reason)  # type: ignore[no-any-return]

    def readConnectionLost(self) -> None:
        """Pass it on that the peer sends no more."""
        self._wrappedProtocol.readConnectionLost()

    def writeConnectionLost(self) -> None:
        """Pass it on that nothing more can be sent."""
        self._wrappedProtocol.writeConnectionLost()

    def handshakeCompleted(self) -> None:
        """Pass it on that the TLS handshake is complete."""
        self._wrappedProtocol.handshakeCompleted()


class _WrappingFactory(ClientFactory[Any]):
    """Stands between a connector and a factory, and reports to a Deferred.

    :ivar _onConnection: fires with the connected protocol, or with why there is none; cancelling
        it stops the attempt.
    """

    protocol: Callable[..., Any] = _WrappingProtocol
    _connector: Any = None

    def __init__(self, wrappedFactory: Any) -> None:
        self._wrappedFactory = wrappedFactory
        self._onConnection: Deferred[Any] = Deferred(canceller=self._canceller)

    def startedConnecting(self, connector: Any) -> None:
        """Keep *connector*, which knows how to stop."""
        self._connector = connector

    def _canceller(self, deferred: Deferred[Any]) -> None:
        connector = self._connector
        if connector is None:
            return  # the attempt has not begun: the Deferred fails as cancelled ones do
        deferred.errback(ConnectingCancelledError(connector.getDestination()))
        try:
            connector.stopConnecting()
        except NotConnectingError:
            pass  # connected just now: the protocol, if there is one, will drop the connection

    def doStart(self) -> None:
        """Start the wrapped factory."""
        self._wrappedFactory.doStart()

    def doStop(self) -> None:
        """Stop the wrapped factory."""
        self._wrappedFactory.doStop()

    def buildProtocol(self, addr: Any) -> Any:
        """Wrap what the wrapped factory builds.

        If it builds nothing or raises, the Deferred fails and the result is None.
        """
        try:
            wrapped = self._wrappedFactory.buildProtocol(addr)
        except BaseException:
            if self._onConnection.called:
                raise
            self._onConnection.errback()
            return None
        if wrapped is None:
            if not self._onConnection.called:
                self._onConnection.errback(NoProtocol())
            return None
        return self.protocol(self._onConnection, wrapped)

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """The attempt has failed with *reason*, and so does the Deferred."""
        if not self._onConnection.called:
            self._onConnection.errback(reason)


@implementer(interfaces.IStreamClientEndpoint)
class _WrapperEndpoint:
    """Connects as another endpoint does, with wrapped protocols."""

    def __init__(self, wrappedEndpoint: Any, wrapperFactory: Callable[[Any], Any]) -> None:
        """
        :param wrapperFactory: makes a ``WrappingFactory`` around a factory.
        """
        self._wrappedEndpoint = wrappedEndpoint
        self._wrapperFactory = wrapperFactory

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Connect; the Deferred fires with the protocol inside the wrapper."""
        connecting = self._wrappedEndpoint.connect(self._wrapperFactory(protocolFactory))
        result: Deferred[Any] = connecting.addCallback(lambda wrapper: wrapper.wrappedProtocol)
        return result


@implementer(interfaces.IStreamServerEndpoint)
class _WrapperServerEndpoint:
    """Listens as another endpoint does, with wrapped protocols."""

    def __init__(self, wrappedEndpoint: Any, wrapperFactory: Callable[[Any], Any]) -> None:
        """
        :param wrapperFactory: makes a ``WrappingFactory`` around a factory.
        """
        self._wrappedEndpoint = wrappedEndpoint
        self._wrapperFactory = wrapperFactory

    def listen(self, protocolFactory: Any) -> Deferred[Any]:
        """Listen."""
        result: Deferred[Any] = self._wrappedEndpoint.listen(self._wrapperFactory(protocolFactory))
        return result


class _SingleProtocolFactory(ClientFactory[Any]):
    """Has one protocol to give."""

    noisy = False

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: Any) -> Any:
        """The protocol."""
        return self._protocol


def connectProtocol(endpoint: Any, protocol: Any) -> Deferred[Any]:
    """Connect a protocol that exists already, and needs nothing of a factory.

    :param endpoint: an ``IStreamClientEndpoint``.
    :returns: what ``endpoint.connect`` returns: a Deferred that fires with *protocol*.
    """
    result: Deferred[Any] = endpoint.connect(_SingleProtocolFactory(protocol))
    return result

"""Base classes for the code that handles connections: protocols, and the factories of protocols."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

from zope.interface import implementer

from ..python import components, failure, log
from . import defer, error, interfaces
from ._datagram_protocols import (
    AbstractDatagramProtocol,
    ConnectedDatagramProtocol,
    DatagramProtocol,
)
from ._file_wrapper import FileWrapper
from .interfaces import IAddress, IConnector, ITransport

__all__ = [
    "AbstractDatagramProtocol",
    "ClientCreator",
    "ClientFactory",
    "ConnectedDatagramProtocol",
    "DatagramProtocol",
    "Factory",
    "FileWrapper",
    "ProcessProtocol",
    "Protocol",
    "ReconnectingClientFactory",
    "ServerFactory",
    "connectionDone",
]

P = TypeVar("P")
_FactoryParams = ParamSpec("_FactoryParams")


@implementer(interfaces.IProtocolFactory, interfaces.ILoggingContext)
class Factory(Generic[P]):
    """Builds a protocol for each connection.

    :ivar protocol: what makes a protocol when called without arguments; usually its class.
    :ivar numPorts: how many ports and connections to be use this factory now.
    :ivar noisy: whether starting and stopping is logged.
    """

    protocol: Callable[..., P] | None = None

    numPorts: int = 0
    noisy: bool | int = True

    @classmethod
    def forProtocol(
        cls: Callable[_FactoryParams, Factory[P]],
        protocol: Callable[..., P],
        *args: _FactoryParams.args,
        **kwargs: _FactoryParams.kwargs,
    ) -> Factory[P]:
        """Make a factory of this class that builds *protocol*.

        :param args: what the class is called with.
        """
        factory = cls(*args, **kwargs)
        factory.protocol = protocol
        return factory

    def logPrefix(self) -> str:
        """The name of the class."""
        return self.__class__.__name__

    def doStart(self) -> None:
        """A user starts to use this factory; the first one makes it start."""
        if self.numPorts == 0:
            if self.noisy:
                log.msg(format="Starting factory %(factory)r", factory=self)
            self.startFactory()
        self.numPorts += 1

    def doStop(self) -> None:
        """A user no longer uses this factory; the last one makes it stop.

        Without any user this does nothing.
        """
        if self.numPorts == 0:
            return
        self.numPorts -= 1
        if self.numPorts == 0:
            if self.noisy:
                log.msg(format="Stopping factory %(factory)r", factory=self)
            self.stopFactory()

    def startFactory(self) -> None:
        """Called before the first port listens or the first connection is tried."""

    def stopFactory(self) -> None:
        """Called after the last port has stopped listening, or the last connection was lost."""

    def buildProtocol(self, addr: IAddress | None) -> P | None:  # type: ignore[override]
        """Build the protocol of one connection and give it ``factory``.

        :param addr: who is at the other end.
        :returns: the protocol, or None to have the connection closed.
        """
        assert self.protocol is not None
        built: Any = self.protocol()
        built.factory = self
        return built  # type: ignore[no-any-return]


class ClientFactory(Factory[P]):
    """Builds the protocol of a connection that we make, and hears how the attempt goes."""

    def startedConnecting(self, connector: IConnector) -> None:
        """An attempt begins.

        :param connector: may be told to stop.
        """

    def clientConnectionFailed(self, connector: IConnector, reason: failure.Failure) -> None:
        """The attempt failed.

        :param connector: may be told to connect again.
        """

    def clientConnectionLost(self, connector: IConnector, reason: failure.Failure) -> None:
        """A connection that stood was lost.

        :param connector: may be told to connect again.
        """


class _InstanceFactory(ClientFactory[Any]):
    """Hands out one protocol, made before, and reports to a Deferred what became of it.

    The Deferred fires a turn of the reactor later, so that the connection is made by then.

    :ivar pending: the call that will fire the Deferred.
    """

    noisy = False
    pending: Any = None

    def __init__(self, reactor: Any, instance: Any, deferred: defer.Deferred[Any]) -> None:
        self.reactor = reactor
        self.instance = instance
        self.deferred: defer.Deferred[Any] | None = deferred

    def __repr__(self) -> str:
        return f"<ClientCreator factory: {self.instance!r}>"

    def _fire_soon(self, how: Callable[[Any], Any], value: Any) -> None:
        self.pending = self.reactor.callLater(0, self.fire, how, value)
        self.deferred = None

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """The one protocol; the Deferred will fire with it."""
        assert self.deferred is not None
        self._fire_soon(self.deferred.callback, self.instance)
        return self.instance

    def clientConnectionFailed(self, connector: IConnector, reason: failure.Failure) -> None:
        """The Deferred will fail with *reason*."""
        assert self.deferred is not None
        self._fire_soon(self.deferred.errback, reason)

    def fire(self, func: Callable[[Any], Any], value: Any) -> None:
        """Call *func*, which fires the Deferred."""
        self.pending = None
        func(value)


class ClientCreator:
    """Makes single connections whose protocol needs nothing of its factory.

    :ivar protocolClass: makes the protocol, from the further arguments.
    """

    def __init__(
        self, reactor: Any, protocolClass: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        self.reactor = reactor
        self.protocolClass = protocolClass
        self.args = args
        self.kwargs = kwargs

    def _connect(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a connecting method of the reactor with our arguments around the factory."""

        def cancel(deferred: defer.Deferred[Any]) -> None:
            connector.disconnect()
            if factory.pending is not None:
                factory.pending.cancel()

        deferred: defer.Deferred[Any] = defer.Deferred(cancel)
        protocol = self.protocolClass(*self.args, **self.kwargs)
        factory = _InstanceFactory(self.reactor, protocol, deferred)
        connector = method(*args, factory, **kwargs)
        return deferred

    def connectTCP(
        self,
        host: str,
        port: int,
        timeout: float = 30,
        bindAddress: tuple[str, int] | None = None,
    ) -> Any:
        """Connect over TCP.

        :returns: a Deferred that fires with the connected protocol; cancelling it disconnects.
        """
        return self._connect(
            self.reactor.connectTCP, host, port, timeout=timeout, bindAddress=bindAddress
        )

    def connectUNIX(self, address: str | bytes, timeout: float = 30, checkPID: bool = False) -> Any:
        """Connect to a UNIX socket.

        :returns: a Deferred that fires with the connected protocol; cancelling it disconnects.
        """
        return self._connect(self.reactor.connectUNIX, address, timeout=timeout, checkPID=checkPID)

    def connectSSL(
        self,
        host: str,
        port: int,
        contextFactory: Any,
        timeout: float = 30,
        bindAddress: tuple[str, int] | None = None,
    ) -> Any:
        """Connect over TLS.

        :returns: a Deferred that fires with the connected protocol; cancelling it disconnects.
        """

        def connect(host: str, port: int, factory: Any, **kwargs: Any) -> Any:
            return self.reactor.connectSSL(host, port, factory, contextFactory, **kwargs)

        return self._connect(connect, host, port, timeout=timeout, bindAddress=bindAddress)


class ReconnectingClientFactory(ClientFactory[P]):
    """Connects again when an attempt fails or a connection is lost, waiting longer each time.

    A protocol should call :meth:`resetDelay` once its connection is of use.

    :ivar maxDelay: the longest wait, in seconds.
    :ivar initialDelay: the first wait, in seconds.
    :ivar factor: how much longer each wait is than the one before.
    :ivar jitter: the spread of the waits as a fraction of them, so that many clients that lost one
        server do not come back together; a false value for none.
    :ivar delay: the next wait.
    :ivar retries: attempts since the last :meth:`resetDelay`.
    :ivar maxRetries: give up after so many; None for never.
    :ivar connector: who last failed or was lost.
    :ivar clock: has ``callLater``; None for the reactor.
    :ivar continueTrying: false after :meth:`stopTrying`.
    """

    maxDelay: float = 3600
    initialDelay: float = 1.0
    # Both numbers are Twisted's.
    factor: float = 2.7182818284590451
    jitter: float | None = 0.119626565582

    delay: float = initialDelay
    retries: int = 0
    maxRetries: int | None = None
    _callID: Any = None
    connector: Any = None
    clock: Any = None

    continueTrying: bool | int = 1

    def clientConnectionFailed(self, connector: IConnector, reason: failure.Failure) -> None:
        """Try again later."""
        if self.continueTrying:
            self.connector = connector
            self.retry()

    def clientConnectionLost(self, connector: IConnector, unused_reason: failure.Failure) -> None:
        """Try again later."""
        if self.continueTrying:
            self.connector = connector
            self.retry()

    def retry(self, connector: Any = None) -> None:
        """Connect again after the wait that is due.

        :param connector: who connects; None for the last one that failed.
        :raises ValueError: there has been none.
        """
        if not self.continueTrying:
            if self.noisy:
                log.msg(f"Abandoning {connector} on explicit request")
            return
        if connector is None:
            if self.connector is None:
                raise ValueError("no connector to retry")
            connector = self.connector
        self.retries += 1
        if self.maxRetries is not None and self.retries > self.maxRetries:
            if self.noisy:
                log.msg(f"Abandoning {connector} after {self.retries} retries.")
            return
        if self.jitter:
            self.delay = random.normalvariate(self.delay, self.delay * self.jitter)
        if self.noisy:
            log.msg(f"{connector} will retry in {int(self.delay)} seconds")

        def reconnector() -> None:
            self._callID = None
            connector.connect()

        clock = self.clock
        if clock is None:
            from . import reactor

            clock = reactor
        self._callID = clock.callLater(self.delay, reconnector)
        self.delay = min(self.delay * self.factor, self.maxDelay)

    def stopTrying(self) -> None:
        """Give up: no later attempt, and the one under way is stopped."""
        if self._callID is not None:
            self._callID.cancel()
            self._callID = None
        self.continueTrying = 0
        if self.connector is not None:
            try:
                self.connector.stopConnecting()
            except error.NotConnectingError:
                pass

    def resetDelay(self) -> None:
        """The next wait is the first one again, and attempts are counted from here."""
        self.delay = self.initialDelay
        self._callID = None
        self.retries = 0
        self.continueTrying = 1

    def __getstate__(self) -> dict[str, Any]:
        """What was set on this factory, without what belongs to attempts under way."""
        attempt = {"connector", "retries", "delay", "continueTrying", "clock", "_callID"}
        return {name: value for name, value in self.__dict__.items() if name not in attempt}


class ServerFactory(Factory[P]):
    """Builds the protocols of the connections that a port accepts."""


class BaseProtocol:
    """What all protocols share: a transport, and being told about it.

    :ivar connected: whether a connection has been made.
    :ivar transport: where to write.
    """

    connected: int = 0
    transport: Any = None

    def makeConnection(self, transport: ITransport) -> None:
        """Take *transport* and call :meth:`connectionMade`."""
        self.connected = 1
        self.transport = transport
        self.connectionMade()

    def connectionMade(self) -> None:
        """Called once, when the transport is ready for use."""


#: The reason of a clean close, made once.
connectionDone: failure.Failure = failure.Failure(error.ConnectionDone())
connectionDone.cleanFailure()


@implementer(interfaces.IProtocol, interfaces.ILoggingContext)
class Protocol(BaseProtocol):
    """What handles one connection that carries a stream of bytes.

    :ivar factory: what built this, if a factory did.
    """

    factory: Any = None

    def logPrefix(self) -> str:
        """The name of the class."""
        return self.__class__.__name__

    def dataReceived(self, data: bytes) -> None:
        """Bytes came; where they were cut means nothing."""

    def connectionLost(self, reason: failure.Failure = connectionDone) -> None:
        """Called once, last of all.

        :param reason: holds ``ConnectionDone`` for a clean close, else another exception.
        """


@implementer(interfaces.IConsumer)
class ProtocolToConsumerAdapter(components.Adapter):
    """A consumer that gives everything to a protocol.

    A protocol cannot say that it has enough, so a producer is never paused here (contract A6).
    """

    def write(self, data: bytes) -> None:
        """The protocol receives *data*."""
        self.original.dataReceived(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Do nothing."""

    def unregisterProducer(self) -> None:
        """Do nothing."""


components.registerAdapter(ProtocolToConsumerAdapter, interfaces.IProtocol, interfaces.IConsumer)


@implementer(interfaces.IProtocol)
class ConsumerToProtocolAdapter(components.Adapter):
    """A protocol that writes everything to a consumer."""

    def dataReceived(self, data: bytes) -> None:
        """Write *data* to the consumer."""
        self.original.write(data)

    def connectionLost(self, reason: failure.Failure) -> None:
        """Do nothing."""

    def makeConnection(self, transport: ITransport) -> None:
        """Do nothing."""

    def connectionMade(self) -> None:
        """Do nothing."""


components.registerAdapter(ConsumerToProtocolAdapter, interfaces.IConsumer, interfaces.IProtocol)


@implementer(interfaces.IProcessProtocol)
class ProcessProtocol(BaseProtocol):
    """What handles a child process; its three standard streams have methods of their own.

    :ivar transport: writes to the child and ends it.
    """

    transport: Any = None

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """The child wrote *data* to its descriptor *childFD*."""
        if childFD == 1:
            self.outReceived(data)
        elif childFD == 2:
            self.errReceived(data)

    def outReceived(self, data: bytes) -> None:
        """The child wrote to its standard output."""

    def errReceived(self, data: bytes) -> None:
        """The child wrote to its standard error."""

    def childConnectionLost(self, childFD: int) -> None:
        """The child's descriptor *childFD* is closed, at either end."""
        if childFD == 0:
            self.inConnectionLost()
        elif childFD == 1:
            self.outConnectionLost()
        elif childFD == 2:
            self.errConnectionLost()

    def inConnectionLost(self) -> None:
        """The child's standard input is closed."""

    def outConnectionLost(self) -> None:
        """The child's standard output is closed."""

    def errConnectionLost(self) -> None:
        """The child's standard error is closed."""

    def processExited(self, reason: failure.Failure) -> None:
        """The child has ended; its descriptors may still be open in children of its own.

        :param reason: holds ``ProcessDone`` or ``ProcessTerminated``.
        """

    def processEnded(self, reason: failure.Failure) -> None:
        """The child has ended and all descriptors are closed; called once, last of all.

        :param reason: holds ``ProcessDone`` or ``ProcessTerminated``.
        """

"""Connecting two protocols to each other, in memory or over a real socket of this host."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable
from typing import IO, Any

from zope.interface import implementer

from .._engine.producer_slot import ProducerSlot
from ..internet import defer, interfaces, protocol
from ..internet.interfaces import IAddress
from ..internet.main import CONNECTION_DONE
from ..python.failure import Failure
from . import policies
from ._loopback_async import _LoopbackAddress as _LoopbackAddress
from ._loopback_async import _LoopbackQueue as _LoopbackQueue
from ._loopback_async import _LoopbackTransport as _LoopbackTransport
from ._loopback_async import collapsingPumpPolicy as collapsingPumpPolicy
from ._loopback_async import identityPumpPolicy as identityPumpPolicy
from ._loopback_async import loopbackAsync as loopbackAsync


@implementer(interfaces.ITransport, interfaces.IConsumer)
class LoopbackRelay:
    """A transport that holds what is written until :meth:`clearBuffer` gives it to a protocol.

    :ivar target: the protocol.
    :ivar logFile: where writing and receiving is written down, or None.
    :ivar buffer: what is held.
    :ivar shouldLose: a close was asked for.
    """

    buffer: bytes = b""
    shouldLose: bool | int = 0
    disconnecting: bool | int = 0

    def __init__(self, target: Any, logFile: IO[str] | None = None) -> None:
        self.target = target
        self.logFile = logFile
        self._slot = ProducerSlot()

    @property
    def producer(self) -> Any:
        """The registered producer, or None."""
        return self._slot.producer

    def write(self, data: bytes) -> None:
        """Hold *data*."""
        self.buffer = self.buffer + data
        if self.logFile is not None:
            self.logFile.write(f"loopback writing {data!r}\n")

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Hold all of *iovec*."""
        self.write(b"".join(iovec))

    def clearBuffer(self) -> None:
        """Give what is held to the protocol, ask a pull producer for more, and close if due."""
        if self.shouldLose == -1:
            return
        if self.producer is not None:
            self._slot.drained()
        if self.buffer:
            if self.logFile is not None:
                self.logFile.write(f"loopback receiving {self.buffer!r}\n")
            buffer, self.buffer = self.buffer, b""
            self.target.dataReceived(buffer)
        if self.shouldLose == 1:
            self.shouldLose = -1
            self._slot.lost()
            self.target.connectionLost(Failure(CONNECTION_DONE))

    def loseConnection(self) -> None:
        """Close, behind everything that was written."""
        if self.shouldLose != -1:
            self.shouldLose = 1

    def getHost(self) -> Any:
        """A stand-in for an address."""
        return "loopback"

    def getPeer(self) -> Any:
        """A stand-in for an address."""
        return "loopback"

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Ask a pull producer whenever the buffer is cleared.

        :raises RuntimeError: there is one already (contract C1).
        """
        self._slot.register(producer, streaming, asks_at_once=False)

    def unregisterProducer(self) -> None:
        """Forget the producer."""
        self._slot.unregister()

    def logPrefix(self) -> str:
        """Says whom this is the transport of."""
        return f"Loopback({self.target.__class__.__name__!r})"


class LoopbackClientFactory(protocol.ClientFactory[Any]):
    """Hands out one protocol and tells when its connection is lost.

    :ivar deferred: fires then.
    """

    def __init__(self, protocol: Any) -> None:
        self.disconnected = 0
        self.deferred: defer.Deferred[None] = defer.Deferred()
        self.protocol = protocol

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """The one protocol."""
        return self.protocol

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
        """Tell."""
        self.disconnected = 1
        self.deferred.callback(None)


class _FireOnClose(policies.ProtocolWrapper):
    """A protocol of which we want to know when its connection is lost.

    :ivar deferred: fires then.
    """

    def __init__(self, protocol: Any, factory: Any) -> None:
        policies.ProtocolWrapper.__init__(self, protocol, factory)
        self.deferred: defer.Deferred[None] = defer.Deferred()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Tell the protocol, then us."""
        policies.ProtocolWrapper.connectionLost(self, reason)
        self.deferred.callback(None)


def _run_over_socket(
    server: Any, client: Any, noisy: bool, connect: Callable[[Any, Any], Any]
) -> defer.Deferred[None]:
    """Let two protocols talk over a port that serves this connection and no other."""
    wrapping: policies.WrappingFactory[Any] = policies.WrappingFactory(protocol.Factory())
    server_wrapper = _FireOnClose(wrapping, server)
    wrapping.noisy = noisy
    wrapping.wrappedFactory.noisy = noisy
    wrapping.buildProtocol = lambda addr: server_wrapper  # type: ignore[method-assign]
    client_factory = LoopbackClientFactory(client)
    client_factory.noisy = noisy
    port = connect(wrapping, client_factory)

    def both_lost(_: None) -> Any:
        server_wrapper.deferred.addCallback(lambda _: defer.maybeDeferred(port.stopListening))
        return server_wrapper.deferred

    client_factory.deferred.addCallback(both_lost)
    return client_factory.deferred


def loopbackTCP(server: Any, client: Any, port: int = 0, noisy: bool = True) -> Any:
    """Connect two protocols over TCP.

    :param port: where to listen; 0 for any free port.
    :param noisy: whether the factories log that they start and stop.
    :returns: a Deferred that fires when both have lost the connection and the port is closed.
    """
    from ..internet import reactor as default_reactor

    reactor: Any = default_reactor

    def connect(server_factory: Any, client_factory: Any) -> Any:
        listening = reactor.listenTCP(port, server_factory, interface="127.0.0.1")
        reactor.connectTCP("127.0.0.1", listening.getHost().port, client_factory)
        return listening

    return _run_over_socket(server, client, noisy, connect)


def loopbackUNIX(server: Any, client: Any, noisy: bool = True) -> Any:
    """Connect two protocols over a UNIX socket.

    :param noisy: whether the factories log that they start and stop.
    :returns: a Deferred that fires when both have lost the connection and the port is closed.
    """
    from ..internet import reactor as default_reactor

    reactor: Any = default_reactor
    path = os.path.join(tempfile.mkdtemp(prefix="loopback-"), "socket")

    def connect(server_factory: Any, client_factory: Any) -> Any:
        listening = reactor.listenUNIX(path, server_factory)
        reactor.connectUNIX(path, client_factory)
        return listening

    def clean(result: Any) -> Any:
        os.rmdir(os.path.dirname(path))
        return result

    return _run_over_socket(server, client, noisy, connect).addBoth(clean)

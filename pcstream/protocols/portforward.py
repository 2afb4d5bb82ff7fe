"""A port that forwards its connections to another host."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from ..internet import protocol
from ..internet.error import ConnectionDone
from ..internet.interfaces import IAddress
from ..python.failure import Failure


class Proxy(protocol.Protocol):
    """One of the two sides of a forwarded connection.

    :ivar peer: the other side, or None.
    :ivar noisy: unused; Twisted has it.
    :ivar abort_on_unclean_end: whether an end of this side other than a clean close resets the
        connection of the other side, which otherwise is closed as if all had been well
        (contract X9).
    """

    noisy: bool | int = True
    peer: Proxy | None = None
    abort_on_unclean_end: bool = False

    def setPeer(self, peer: Proxy | None) -> None:
        """Make *peer* the other side."""
        self.peer = peer

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """End the other side too, behind everything that it still has to send."""
        peer, self.peer = self.peer, None
        if peer is None:
            return
        if self.abort_on_unclean_end and not reason.check(ConnectionDone):
            peer.transport.abortConnection()
        else:
            peer.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        """Write *data* to the other side."""
        cast(Proxy, self.peer).transport.write(data)


# By value, so that whoever replaces the method of the class is seen too.
_STOCK_DATA_RECEIVED = Proxy.dataReceived


def _relay(side: Proxy) -> None:
    """Let the kernel forward what *side* receives, as long as nobody looks at it."""
    # On the class: a wrapper around the transport looks, and would pass the question on.
    relay_to = getattr(type(side.transport), "relay_to", None)
    if relay_to is not None:
        relay_to(side.transport, side, partial(_receiver, side))


def _receiver(side: Proxy) -> Any:
    """The connection that *side* forwards to, if it is one that bytes need not be written to.

    Asked before each bulk: until then anything may have been replaced.
    """
    peer = side.peer
    if (
        peer is None
        or type(side).dataReceived is not _STOCK_DATA_RECEIVED
        or "dataReceived" in side.__dict__
        or getattr(side.transport, "protocol", None) is not side
        or getattr(type(peer.transport), "relay_to", None) is None
    ):
        return None
    return peer.transport


class ProxyClient(Proxy):
    """The side towards the host that is forwarded to."""

    factory: Any

    def connectionMade(self) -> None:
        """Let the two transports pace each other, and the server's side begin to read."""
        peer = cast(Proxy, self.peer)
        peer.setPeer(self)
        self.transport.registerProducer(peer.transport, True)
        peer.transport.registerProducer(self.transport, True)
        _relay(self)
        _relay(peer)
        peer.transport.resumeProducing()


class ProxyClientFactory(protocol.ClientFactory[ProxyClient]):
    """Builds the client's side of one forwarded connection.

    :ivar server: the server's side.
    """

    protocol = ProxyClient
    server: Any

    def setServer(self, server: Any) -> None:
        """Make *server* the other side of what is built."""
        self.server = server

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Build the client's side."""
        client: Any = super().buildProtocol(addr)
        client.setPeer(self.server)
        return client

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        """Close the server's side."""
        self.server.transport.loseConnection()


class ProxyServer(Proxy):
    """The side towards whoever connected to us.

    :ivar clientProtocolFactory: makes the factory of the other side.
    :ivar reactor: what connects; None for the default one.
    """

    clientProtocolFactory: Any = ProxyClientFactory
    reactor: Any = None
    factory: Any

    def connectionMade(self) -> None:
        """Read nothing until there is another side, and connect to it."""
        self.transport.pauseProducing()
        client = self.clientProtocolFactory()
        client.setServer(self)
        if self.reactor is None:
            from ..internet import reactor

            self.reactor = reactor
        self.reactor.connectTCP(self.factory.host, self.factory.port, client)


class ProxyFactory(protocol.Factory[ProxyServer]):
    """Builds the server's sides of forwarded connections.

    :ivar host: what is forwarded to.
    :ivar port: its port.
    """

    protocol = ProxyServer

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port

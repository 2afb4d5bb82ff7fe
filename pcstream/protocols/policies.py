"""Policies for the connections of any factory: limits, time-outs and logs, by wrapping it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..internet.interfaces import IAddress
from ..internet.protocol import Protocol, ServerFactory
from ._throttling import ThrottlingFactory as ThrottlingFactory
from ._throttling import ThrottlingProtocol as ThrottlingProtocol
from ._timeouts import TimeoutFactory as TimeoutFactory
from ._timeouts import TimeoutMixin as TimeoutMixin
from ._timeouts import TimeoutProtocol as TimeoutProtocol
from ._traffic_logging import SpewingFactory as SpewingFactory
from ._traffic_logging import SpewingProtocol as SpewingProtocol
from ._traffic_logging import TrafficLoggingFactory as TrafficLoggingFactory
from ._traffic_logging import TrafficLoggingProtocol as TrafficLoggingProtocol
from ._wrapping import WP as WP
from ._wrapping import ProtocolWrapper as ProtocolWrapper
from ._wrapping import WrappingFactory as WrappingFactory
from ._wrapping import _wrappedLogPrefix as _wrappedLogPrefix


class LimitConnectionsByPeer(WrappingFactory[Any]):
    """Limits how many connections one host may have.

    :ivar maxConnectionsPerPeer: how many that are.
    :ivar peerConnections: how many each host has; there once the factory has started.
    """

    maxConnectionsPerPeer: int = 5
    peerConnections: dict[Any, int]

    def startFactory(self) -> None:
        """Begin with no connections."""
        self.peerConnections = {}

    def buildProtocol(self, addr: Any) -> Any:
        """Build a protocol, unless the host has as many as it may have."""
        host = _host_of(addr, 0)
        count = self.peerConnections.get(host, 0)
        if count >= self.maxConnectionsPerPeer:
            return None
        built = WrappingFactory.buildProtocol(self, addr)
        if built is not None:
            self.peerConnections[host] = count + 1
        return built

    def unregisterProtocol(self, p: Any) -> None:
        """A connection is lost."""
        WrappingFactory.unregisterProtocol(self, p)
        host = _host_of(p.getPeer(), 1)
        self.peerConnections[host] -= 1
        if self.peerConnections[host] == 0:
            del self.peerConnections[host]


def _host_of(address: Any, index: int) -> Any:
    """The host of an address, which was a tuple once and still is one in some transports."""
    return address.host if hasattr(address, "host") else address[index]


class LimitTotalConnectionsFactory(ServerFactory[Any]):
    """Limits how many connections there are at once.

    :ivar connectionCount: how many there are; those of the overflow protocol count.
    :ivar connectionLimit: how many there may be; None for any number.
    :ivar overflowProtocol: makes the protocol of a connection too many, to say so and close; None
        to have it closed at once.
    """

    connectionCount: int = 0
    connectionLimit: int | None = None
    overflowProtocol: Callable[[], Protocol] | None = None

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Build a protocol, or the overflow protocol."""
        if self.connectionLimit is None or self.connectionCount < self.connectionLimit:
            wrapped = self.protocol() if self.protocol is not None else None
        elif self.overflowProtocol is None:
            return None
        else:
            wrapped = self.overflowProtocol()
        assert wrapped is not None
        wrapped.factory = self
        wrapper = ProtocolWrapper(self, wrapped)
        self.connectionCount += 1
        return wrapper

    def registerProtocol(self, p: Any) -> None:
        """Called when a connection is made; it was counted before."""

    def unregisterProtocol(self, p: Any) -> None:
        """Called when a connection is lost."""
        self.connectionCount -= 1

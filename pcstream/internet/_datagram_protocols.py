"""Base classes for what handles datagrams instead of a stream."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from ..python import log
from . import interfaces
from .interfaces import IMulticastTransport, IUDPTransport

__all__ = ["AbstractDatagramProtocol", "ConnectedDatagramProtocol", "DatagramProtocol"]


class AbstractDatagramProtocol:
    """What a port for datagrams starts, feeds and stops.

    :ivar transport: what sends; None while no port is listening.
    :ivar numPorts: how many ports use this protocol now.
    :ivar noisy: whether starting and stopping is logged.
    """

    transport: IUDPTransport | IMulticastTransport | None = None
    numPorts: int = 0
    noisy: bool | int = True

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the transport, which cannot be kept."""
        state = self.__dict__.copy()
        state["transport"] = None
        return state

    def doStart(self) -> None:
        """A port starts to use this; the first one makes it start."""
        if not self.numPorts:
            if self.noisy:
                log.msg(f"Starting protocol {self}")
            self.startProtocol()
        self.numPorts += 1

    def doStop(self) -> None:
        """A port no longer uses this; the last one makes it stop."""
        assert self.numPorts > 0
        self.numPorts -= 1
        self.transport = None
        if not self.numPorts:
            if self.noisy:
                log.msg(f"Stopping protocol {self}")
            self.stopProtocol()

    def startProtocol(self) -> None:
        """Called once, when the transport is there and before anything is received."""

    def stopProtocol(self) -> None:
        """Called once, when the transport has gone."""

    def makeConnection(self, transport: IUDPTransport) -> None:
        """Take *transport* and start."""
        assert self.transport is None
        self.transport = transport
        self.doStart()

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """A datagram came.

        :param addr: who sent it, in the form the transport gives addresses.
        """


@implementer(interfaces.ILoggingContext)
class DatagramProtocol(AbstractDatagramProtocol):
    """What handles datagrams from anybody.

    Another one, or the same again, may be listened with as soon as no port uses it.
    """

    def logPrefix(self) -> str:
        """The name of the class."""
        return self.__class__.__name__

    def connectionRefused(self) -> None:
        """A connected transport was told that nobody listens at the other end.

        A transport without a fixed peer never calls this.
        """


class ConnectedDatagramProtocol(DatagramProtocol):
    """What handles datagrams from one peer.

    Only for protocols whose transport has a fixed peer.
    """

    def datagramReceived(self, datagram: bytes) -> None:  # type: ignore[override]
        """A datagram came from the peer."""

    def connectionFailed(self, failure: Any) -> None:
        """The transport could not be set up, for instance because a name has no address.

        :param failure: a :class:`~pcstream.python.failure.Failure`.
        """

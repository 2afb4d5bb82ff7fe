"""What every connector does: one attempt after another, and the factory told about each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from pcstream.internet import error
from pcstream.internet.interfaces import (
    IAddress,
    IConnector,
    IDelayedCall,
    IProtocol,
)
from pcstream.python._safe_text import qual
from pcstream.python.failure import Failure

if TYPE_CHECKING:
    from pcstream.internet.base import ReactorBase

__all__ = ["BaseConnector"]


@implementer(IConnector)
class BaseConnector(ABC):
    """Drives a client transport for a factory.

    :ivar state: ``disconnected``, ``connecting`` or ``connected``.
    :param timeout: seconds for an attempt, or None to wait as long as the system does.
    """

    timeoutID: IDelayedCall | None = None
    factoryStarted = 0

    def __init__(self, factory: Any, timeout: float | None, reactor: ReactorBase) -> None:
        self.state = "disconnected"
        self.reactor = reactor
        self.factory = factory
        self.timeout = timeout

    def disconnect(self) -> None:
        """Close the connection, or give up the attempt."""
        if self.state == "connecting":
            self.stopConnecting()
        elif self.state == "connected":
            assert self.transport is not None
            self.transport.loseConnection()

    @abstractmethod
    def _makeTransport(self) -> Any:
        """Make the client transport, which starts to connect."""

    def connect(self) -> None:
        """Start an attempt.

        :raises RuntimeError: one is under way, or has succeeded.
        """
        if self.state != "disconnected":
            raise RuntimeError("can't connect in this state")
        self.state = "connecting"
        if not self.factoryStarted:
            self.factory.doStart()
            self.factoryStarted = 1
        self.transport: Any = (transport := self._makeTransport())
        if self.timeout is not None:
            self.timeoutID = self.reactor.callLater(
                self.timeout, transport.failIfNotConnected, error.TimeoutError()
            )
        self.factory.startedConnecting(self)

    def stopConnecting(self) -> None:
        """Give up the attempt.

        :raises NotConnectingError: there is none.
        """
        if self.state != "connecting":
            raise error.NotConnectingError("we're not trying to connect")
        self.state = "disconnected"
        assert self.transport is not None
        self.transport.failIfNotConnected(error.UserError())
        del self.transport

    def cancelTimeout(self) -> None:
        """Forget the time-out."""
        if self.timeoutID is not None:
            try:
                self.timeoutID.cancel()
            except ValueError:
                pass
            del self.timeoutID

    def buildProtocol(self, addr: IAddress) -> IProtocol | None:
        """The attempt has succeeded: have the factory make the protocol."""
        self.state = "connected"
        self.cancelTimeout()
        protocol: IProtocol | None = self.factory.buildProtocol(addr)
        return protocol

    def connectionFailed(self, reason: Failure) -> None:
        """The attempt has failed: tell the factory, which may start another at once."""
        self.cancelTimeout()
        self.transport = None
        self.state = "disconnected"
        self.factory.clientConnectionFailed(self, reason)
        self._finish_unless_busy()

    def connectionLost(self, reason: Failure) -> None:
        """The connection is gone: tell the factory, which may start another at once."""
        self.state = "disconnected"
        self.factory.clientConnectionLost(self, reason)
        self._finish_unless_busy()

    def _finish_unless_busy(self) -> None:
        if self.state == "disconnected":
            self.factory.doStop()
            self.factoryStarted = 0

    def getDestination(self) -> IAddress:
        """Where to; for subclasses.

        :raises NotImplementedError: always.
        """
        raise NotImplementedError(qual(self.__class__) + " did not implement getDestination")

    def __repr__(self) -> str:
        return (
            f"<{qual(self.__class__)} instance at 0x{id(self):x} "
            f"{self.state} {self.getDestination()}>"
        )

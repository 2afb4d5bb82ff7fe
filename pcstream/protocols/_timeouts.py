"""Closing connections on which nothing happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..internet.interfaces import IAddress
from ..python.failure import Failure
from ._wrapping import ProtocolWrapper, WrappingFactory

__all__ = ["TimeoutFactory", "TimeoutMixin", "TimeoutProtocol"]


class TimeoutProtocol(ProtocolWrapper):
    """Closes its connection when nothing was read or written for some time.

    :ivar timeoutPeriod: that time, in seconds; None for ever.
    :ivar timeoutCall: the call that will close, or None.
    """

    def __init__(self, factory: Any, wrappedProtocol: Any, timeoutPeriod: float | None) -> None:
        ProtocolWrapper.__init__(self, factory, wrappedProtocol)
        self.timeoutCall: Any = None
        self.timeoutPeriod: float | None = None
        self.setTimeout(timeoutPeriod)

    def setTimeout(self, timeoutPeriod: float | None = None) -> None:
        """Begin to wait, in the place of any wait there was.

        :param timeoutPeriod: how long; None for ever.
        """
        self.cancelTimeout()
        self.timeoutPeriod = timeoutPeriod
        if timeoutPeriod is not None:
            self.timeoutCall = self.factory.callLater(timeoutPeriod, self.timeoutFunc)

    def cancelTimeout(self) -> None:
        """Do not wait any more."""
        if self.timeoutCall is not None:
            if self.timeoutCall.active():
                self.timeoutCall.cancel()
            self.timeoutCall = None

    def resetTimeout(self) -> None:
        """Something happened: begin to wait again, if we do at all."""
        if self.timeoutCall is not None and self.timeoutCall.active():
            self.timeoutCall.reset(self.timeoutPeriod)

    def write(self, data: bytes) -> None:
        """Write *data*."""
        self.resetTimeout()
        ProtocolWrapper.write(self, data)

    def writeSequence(self, seq: Iterable[bytes]) -> None:
        """Write all of *seq*."""
        self.resetTimeout()
        ProtocolWrapper.writeSequence(self, seq)

    def dataReceived(self, data: bytes) -> None:
        """Pass *data* on."""
        self.resetTimeout()
        ProtocolWrapper.dataReceived(self, data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Do not wait any more, and tell the wrapped protocol."""
        self.cancelTimeout()
        ProtocolWrapper.connectionLost(self, reason)

    def timeoutFunc(self) -> None:
        """Called when nothing happened for too long: close."""
        self.loseConnection()


class TimeoutFactory(WrappingFactory[Any]):
    """Closes the connections of another factory when nothing was read or written for some time.

    :ivar timeoutPeriod: that time, in seconds; None for ever.
    """

    protocol = TimeoutProtocol

    def __init__(self, wrappedFactory: Any, timeoutPeriod: float | None = 30 * 60) -> None:
        self.timeoutPeriod = timeoutPeriod
        WrappingFactory.__init__(self, wrappedFactory)

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Wrap what the wrapped factory builds; None if it builds nothing."""
        wrapped = self.wrappedFactory.buildProtocol(addr)
        if wrapped is None:
            return None
        return self.protocol(self, wrapped, timeoutPeriod=self.timeoutPeriod)

    def callLater(self, period: float, func: Callable[[], Any]) -> Any:
        """Call *func* in *period* seconds; to be overridden by tests."""
        from ..internet import reactor

        later: Any = reactor
        return later.callLater(period, func)


class TimeoutMixin:
    """Gives a protocol a time-out of its own: it says itself when something happens.

    :ivar timeOut: the time-out, in seconds; None for none.
    """

    timeOut: float | None = None
    transport: Any

    __timeoutCall: Any = None

    def callLater(self, period: float, func: Callable[[], Any]) -> Any:
        """Call *func* in *period* seconds; to be overridden by tests."""
        from ..internet import reactor

        later: Any = reactor
        return later.callLater(period, func)

    def resetTimeout(self) -> None:
        """Something happened: begin to wait again, if we do at all."""
        call = self.__timeoutCall
        if call is not None and self.timeOut is not None and call.active():
            call.reset(self.timeOut)

    def setTimeout(self, period: float | None) -> float | None:
        """Begin to wait, in the place of any wait there was.

        :param period: how long, in seconds; None for ever.
        :returns: how long the time-out was before.
        """
        before, self.timeOut = self.timeOut, period
        call = self.__timeoutCall
        if call is not None and not call.active():
            call = self.__timeoutCall = None
        if call is None:
            if period is not None:
                self.__timeoutCall = self.callLater(period, self.__timedOut)
        elif period is None:
            self.__timeoutCall = None
            call.cancel()
        else:
            call.reset(period)
        return before

    def __timedOut(self) -> None:
        self.__timeoutCall = None
        self.timeoutConnection()

    def timeoutConnection(self) -> None:
        """Called when nothing happened for too long; closes unless overridden."""
        self.transport.loseConnection()

"""Connections over loopback between two ends that remember what they hear."""

from __future__ import annotations

from array import array
from functools import cache
from typing import Any

from zope.interface import implementer

from pcstream.internet import reactor
from pcstream.internet.defer import Deferred, succeed
from pcstream.internet.interfaces import IHalfCloseableProtocol
from pcstream.internet.protocol import ClientFactory, Factory, Protocol

LOOPBACK = "127.0.0.1"
#: More than two sockets' buffers hold.
MUCH = 16 * 2**20


@cache
def content(size: int) -> bytes:
    """Bytes that tell where they are."""
    return array("Q", range(-(-size // 8))).tobytes()[:size]


class End(Protocol):
    """One end of a connection."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.made: Deferred[Any] = Deferred()
        self.lost: Deferred[Any] = Deferred()
        self._wanted: tuple[int, Deferred[None]] | None = None

    def connectionMade(self) -> None:
        self.made.callback(self)

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if self._wanted is not None and len(self.received) >= self._wanted[0]:
            wanted, self._wanted = self._wanted, None
            wanted[1].callback(None)

    def connectionLost(self, reason: Any = None) -> None:
        self.lost.callback(reason.value)

    def until(self, size: int) -> Deferred[None]:
        """Fires when so many bytes have come."""
        if len(self.received) >= size:
            return succeed(None)
        wanted: Deferred[None] = Deferred()
        self._wanted = (size, wanted)
        return wanted


@implementer(IHalfCloseableProtocol)
class HalfEnd(End):
    """One that goes on when the peer has ended its half."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: Deferred[None] = Deferred()

    def readConnectionLost(self) -> None:
        self.ended.callback(None)

    def writeConnectionLost(self) -> None:
        pass


async def pair(case: Any, near: type[End] = End, far: type[End] = End) -> tuple[Any, Any]:
    """Both ends of a new connection; dropped when the test is over."""
    ends = near(), far()
    serving: Any = Factory.forProtocol(lambda: ends[1])
    asking: Any = ClientFactory.forProtocol(lambda: ends[0])
    serving.noisy = asking.noisy = False
    port: Any = reactor.listenTCP(0, serving, interface=LOOPBACK)
    case.addCleanup(port.stopListening)
    reactor.connectTCP(LOOPBACK, port.getHost().port, asking)
    for end in ends:
        await end.made
        case.addCleanup(drop, end)
    return ends


async def drop(end: Any) -> None:
    """Have it gone."""
    if not end.lost.called:
        end.transport.abortConnection()
    await gone(end)


def gone(end: Any) -> Deferred[Any]:
    """Fires with the reason of the loss, as often as it is asked for."""
    heard: Deferred[Any] = Deferred()

    def tell(reason: Any) -> Any:
        heard.callback(reason)
        return reason

    end.lost.addCallback(tell)
    return heard

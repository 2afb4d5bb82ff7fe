"""Two protocols connected to each other in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from zope.interface import implementer

from .._engine.producer_slot import ProducerSlot
from ..internet import defer, interfaces
from ..internet.interfaces import IAddress
from ..internet.main import CONNECTION_DONE
from ..internet.task import deferLater
from ..python.failure import Failure

__all__ = [
    "_LoopbackAddress",
    "_LoopbackQueue",
    "_LoopbackTransport",
    "collapsingPumpPolicy",
    "identityPumpPolicy",
    "loopbackAsync",
]


class _LoopbackQueue:
    """What one side has written and the other not yet received; None stands for the close.

    :ivar disconnect: the writing side has closed.
    """

    _notificationDeferred: defer.Deferred[None] | None = None
    disconnect: bool = False

    def __init__(self) -> None:
        self._queue: list[bytes | None] = []

    def put(self, v: bytes | None) -> None:
        """Add *v*, and tell who waits for something to be there."""
        self._queue.append(v)
        waiting, self._notificationDeferred = self._notificationDeferred, None
        if waiting is not None:
            waiting.callback(None)

    def __bool__(self) -> bool:
        return bool(self._queue)

    def __nonzero__(self) -> bool:
        return bool(self._queue)

    def get(self) -> bytes | None:
        """Take the first."""
        return self._queue.pop(0)


@implementer(IAddress)
class _LoopbackAddress:
    """Where a loopback transport is: nowhere in particular."""


@implementer(interfaces.ITransport, interfaces.IConsumer)
class _LoopbackTransport:
    """Writes to a queue, which has no limit: a push producer is never paused (contract C5).

    :ivar q: the queue.
    :ivar producer: the registered producer, or None.
    :ivar disconnecting: never set, in Twisted neither.
    """

    disconnecting: bool = False
    streamingProducer: Any

    def __init__(self, q: _LoopbackQueue) -> None:
        self.q = q
        self._slot = ProducerSlot()

    @property
    def producer(self) -> Any:
        """The registered producer, or None."""
        return self._slot.producer

    def write(self, data: bytes) -> None:
        """Queue *data*.

        :raises TypeError: it is not ``bytes``.
        """
        if not isinstance(data, bytes):
            raise TypeError("Can only write bytes to ITransport")
        self.q.put(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Queue all of *iovec* as one."""
        self.q.put(b"".join(iovec))

    def loseConnection(self) -> None:
        """Close, behind everything that was written."""
        self._close()

    def abortConnection(self) -> None:
        """Close; in memory nothing is faster than behind everything that was written."""
        self._close()

    def _close(self) -> None:
        self.q.disconnect = True
        self.q.put(None)

    def getPeer(self) -> IAddress:
        """Nowhere in particular."""
        return _LoopbackAddress()

    def getHost(self) -> IAddress:
        """Nowhere in particular."""
        return _LoopbackAddress()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Ask a pull producer now, and whenever all was received that it wrote.

        :raises AssertionError: there is one already.
        """
        assert self.producer is None
        self.streamingProducer = streaming
        self._slot.register(producer, streaming)

    def unregisterProducer(self) -> None:
        """Forget the producer.

        :raises AssertionError: there is none.
        """
        assert self.producer is not None
        self._slot.unregister()

    def _pollProducer(self) -> None:
        """All that was written has been received."""
        self._slot.drained()

    def _lost(self) -> None:
        """The connection is gone: stop the producer (contract C19)."""
        self._slot.lost()


PumpPolicy = Callable[[_LoopbackQueue, Any], object]


def identityPumpPolicy(queue: _LoopbackQueue, target: Any) -> None:
    """Have *target* receive each piece as it was written."""
    while queue:
        data = queue.get()
        if data is None:
            break
        target.dataReceived(data)


def collapsingPumpPolicy(queue: _LoopbackQueue, target: Any) -> None:
    """Have *target* receive everything there is in one piece."""
    pieces = []
    while queue:
        data = queue.get()
        if data is None:
            break
        pieces.append(data)
    if pieces:
        target.dataReceived(b"".join(pieces))


class _Side:
    """One of the two: a protocol, and what it writes to the other."""

    __slots__ = ("protocol", "queue", "transport")

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.queue = _LoopbackQueue()
        self.transport = _LoopbackTransport(self.queue)

    def deliver(self, target: Any, pumpPolicy: PumpPolicy) -> bool:
        """Have *target* receive what was written; answers whether there was anything."""
        if not self.queue:
            return False
        pumpPolicy(self.queue, target)
        if not self.queue:
            self.transport._pollProducer()
        return True


def loopbackAsync(
    server: Any, client: Any, pumpPolicy: PumpPolicy = identityPumpPolicy
) -> defer.Deferred[None]:
    """Connect two protocols to each other in memory.

    What a protocol writes the other receives in a later turn of the reactor, never from within
    ``write``.

    :param pumpPolicy: gets a queue of what was written (None stands for a close) and the protocol
        that is to receive it.
    :returns: a Deferred that fires when both protocols have heard that the connection is lost, or
        fails with what a protocol raised.
    """
    server_side = _Side(server)
    client_side = _Side(client)
    server.makeConnection(server_side.transport)
    client.makeConnection(client_side.transport)
    return _exchange(server_side, client_side, pumpPolicy)


def _exchange(server: _Side, client: _Side, pumpPolicy: PumpPolicy) -> defer.Deferred[Any]:
    """Deliver to and fro until nothing is left, and go on when there is more."""
    while True:
        sent = server.deliver(client.protocol, pumpPolicy)
        sent = client.deliver(server.protocol, pumpPolicy) or sent
        for closing, other in ((server, client), (client, server)):
            if closing.queue.disconnect:
                closing.deliver(other.protocol, pumpPolicy)  # what is left behind the close
                return _end(server, client)
        if not sent:
            return _wait(server, client, pumpPolicy)


def _end(server: _Side, client: _Side) -> defer.Deferred[Any]:
    """Tell both that the connection is lost, each producer first."""
    for side in (server, client):
        side.transport._lost()
        side.protocol.connectionLost(Failure(CONNECTION_DONE))
    return defer.succeed(None)


def _wait(server: _Side, client: _Side, pumpPolicy: PumpPolicy) -> defer.Deferred[Any]:
    """Go on in the turn after something was written."""
    waiting: defer.Deferred[None] = defer.Deferred()
    server.queue._notificationDeferred = client.queue._notificationDeferred = waiting

    def proceed(_: None) -> defer.Deferred[Any]:
        from ..internet import reactor

        clock: Any = reactor
        # One notification is enough for both.
        server.queue._notificationDeferred = client.queue._notificationDeferred = None
        return deferLater(clock, 0, _exchange, server, client, pumpPolicy)

    waiting.addCallback(proceed)
    return waiting

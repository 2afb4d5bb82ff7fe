"""Doubles for tests: transports and reactors without a network, and protocols that take notes.

The transports live in ``_string_transport``, the reactors in ``_memory_reactor``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload
from typing import Protocol as _Structure

from zope.interface import implementer

from ..protocols import basic
from ..python.failure import Failure
from ..python.log import ILogObserver
from . import protocol, task
from ._memory_reactor import (
    MemoryReactor,
    MemoryReactorClock,
    RaisingMemoryReactor,
    SynchronousResolver,  # noqa: F401  # Twisted has it here too
    _FakeConnector,
    _FakePort,
)
from ._string_transport import (
    FakeDatagramTransport,
    StringIOWithoutClosing,
    StringTransport,
    StringTransportWithDisconnection,
)
from .defer import Deferred

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "AccumulatingProtocol",
    "EventLoggingObserver",
    "FakeDatagramTransport",
    "LineSendingProtocol",
    "MemoryReactor",
    "MemoryReactorClock",
    "NonStreamingProducer",
    "RaisingMemoryReactor",
    "StringIOWithoutClosing",
    "StringTransport",
    "StringTransportWithDisconnection",
    "_FakeConnector",
    "_FakePort",
    "waitUntilAllDisconnected",
]

#: Seconds between two looks of :func:`waitUntilAllDisconnected`; part of what a Clock-driven
#: test sees.
_POLL_S = 0.01

#: A :class:`NonStreamingProducer` has this many things to say.
_PIECES = 10


class _AnnouncesConnections(_Structure):
    protocolConnectionMade: Deferred[AccumulatingProtocol] | None


class AccumulatingProtocol(protocol.Protocol):
    """A protocol that keeps what it hears.

    :ivar made: 1 once it was connected.
    :ivar data: everything received, joined.
    :ivar closed: 1 once the connection was lost.
    :ivar closedReason: the reason for that.
    :ivar closedDeferred: a Deferred of the test's, fired with None on the loss.

    If its factory has a Deferred in ``protocolConnectionMade``, connecting takes it out and fires
    it with this protocol.
    """

    made = closed = 0
    closedReason: Failure | None = None
    closedDeferred: Deferred[None] | None = None
    data = b""
    factory: _AnnouncesConnections | None = None

    def connectionMade(self) -> None:
        """Note it, and tell the factory's Deferred."""
        self.made = 1
        if self.factory is not None:
            waiting = self.factory.protocolConnectionMade
            if waiting is not None:
                self.factory.protocolConnectionMade = None
                waiting.callback(self)

    def dataReceived(self, data: bytes) -> None:
        """Append *data*."""
        self.data += data

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Note *reason*, and tell ``closedDeferred``."""
        self.closed = 1
        self.closedReason = reason
        if self.closedDeferred is not None:
            waiting, self.closedDeferred = self.closedDeferred, None
            waiting.callback(None)


class LineSendingProtocol(basic.LineReceiver):
    """A client or server that says its lines and keeps the answers.

    :ivar lines: what to say.
    :ivar response: the lines received, in order.
    :ivar lostConn: the connection was lost.
    """

    lostConn = False

    def __init__(self, lines: Iterable[bytes], start: bool = True) -> None:
        """Prepare to speak.

        :param lines: what to say.
        :param start: True to say it on connecting; False to wait for the first line of the other
            side.
        """
        self.lines = list(lines)
        self.response: list[bytes] = []
        self.start = start

    def connectionMade(self) -> None:
        """Say all lines, if it is on us to begin."""
        if self.start:
            for line in self.lines:
                self.sendLine(line)

    def lineReceived(self, line: bytes) -> None:
        """Keep *line*; if it is the first one and we waited for it, say ours."""
        if not self.start:
            for own in self.lines:
                self.sendLine(own)
            self.lines = []
        self.response.append(line)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Note it."""
        self.lostConn = True


class NonStreamingProducer:
    """A pull producer that writes ten small pieces, the digits from 0 to 9, and unregisters.

    It checks its consumer: a pause, or a resume after the end, is an error.

    :ivar consumer: where it writes; None after the end.
    :ivar counter: how many pieces were written.
    :ivar stopped: ``stopProducing`` was called.
    :ivar result: a Deferred that fires with None at the end; gone after that.
    """

    counter = 0
    stopped = False

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        self.result: Deferred[None] = Deferred()

    def resumeProducing(self) -> None:
        """Write the next piece; with the last one, unregister.

        :raises RuntimeError: it had unregistered, or was stopped.
        """
        if self.consumer is None or self.counter >= _PIECES:
            raise RuntimeError("BUG: resume after unregister/stop.")
        self.consumer.write(b"%d" % (self.counter,))
        self.counter += 1
        if self.counter == _PIECES:
            self.consumer.unregisterProducer()
            self._done()

    def pauseProducing(self) -> None:
        """:raises RuntimeError: always; a pull producer is not to be paused."""
        raise RuntimeError("BUG: pause should never be called.")

    def stopProducing(self) -> None:
        """End early."""
        self.stopped = True
        self._done()

    def _done(self) -> None:
        self.consumer = None
        result = self.result
        del self.result
        result.callback(None)


def waitUntilAllDisconnected(reactor: Any, protocols: Sequence[Any]) -> Deferred[task.LoopingCall]:
    """Wait until no transport of these protocols is connected.

    :param reactor: an ``IReactorTime`` to wait on.
    :param protocols: looked at every hundredth of a second.
    :returns: a Deferred that fires when ``transport.connected`` is false for all of them.
    """

    def _check() -> None:
        if not any(each.transport.connected for each in protocols):
            looks.stop()

    looks = task.LoopingCall(_check)
    looks.clock = reactor
    return looks.start(_POLL_S, True)


@implementer(ILogObserver)
class EventLoggingObserver(Sequence[dict[str, Any]]):
    """A log observer that is also the sequence of the events it saw."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[dict[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> dict[str, Any] | Sequence[dict[str, Any]]:
        return self._events[index]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._events)

    def __call__(self, event: dict[str, Any]) -> None:
        self._events.append(event)

    @classmethod
    def createWithCleanup(cls, testInstance: Any, publisher: Any) -> Self:
        """Observe *publisher* until *testInstance* is over.

        :param testInstance: a test case, whose ``addCleanup`` is used.
        :param publisher: anything with ``addObserver`` and ``removeObserver``.
        :returns: the new observer.
        """
        observer = cls()
        publisher.addObserver(observer)
        testInstance.addCleanup(lambda: publisher.removeObserver(observer))
        return observer

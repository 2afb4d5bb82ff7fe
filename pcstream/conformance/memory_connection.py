"""One end of a connection without a network, for what stands in the middle or at the end of one.

It keeps the rules of the contract for transports, as far as a TCP transport of Twisted's does, and
writes every call in both directions into a trace.  The peer's part is played by the checks.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from zope.interface import directlyProvides, implementer

from ..internet import error
from ..internet.address import IPv4Address
from ..internet.interfaces import IConsumer, IDelayedCall, IPushProducer, ITCPTransport
from ..internet.task import Clock
from ..internet.testing import MemoryReactor
from ..python import log
from ..python.failure import Failure
from .checking import Runaway

#: What a TCP transport of Twisted's takes before it pauses its producer (contract C6).
LIMIT_BYTES = 65536

# So many turns without an end are taken for an endless loop. The longest check that is quiet in
# the end takes some hundreds.
MOST_TURNS = 3000

# How long a turn takes: nothing, next to all delays that anybody asks for.
TURN_S = 1e-6

# An end of the input, among the pieces that wait to be read.
_END = b""


class Enough(Exception):
    """A rule was seen broken, and longer sequences need not be tried."""


def stops_at_the_first_fault(check: Callable[[Any], None]) -> Callable[[Any], None]:
    """Let a check end by raising :class:`Enough`."""

    @wraps(check)
    def checks(play: Any) -> None:
        try:
            check(play)
        except Enough:
            pass

    return checks


class TurnClock(Clock):
    """A clock on which what is planned in a turn happens in the next one at the earliest."""

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> IDelayedCall:
        """Call *callable* in *delay* seconds, a turn at least."""
        return super().callLater(max(delay, TURN_S), callable, *args, **kw)

    def turn(self, seconds: float = 0) -> None:
        """Do what is due, after *seconds*."""
        self.advance(max(seconds, TURN_S))

    def settle(self) -> None:
        """Let turns pass until nothing wants one any more.

        :raises Runaway: that did not come about.
        """
        for _ in range(MOST_TURNS):
            due = self.seconds() + 2 * TURN_S
            if not any(call.getTime() <= due for call in self.getDelayedCalls()):
                return
            self.turn()
        raise Runaway(f"not quiet after {MOST_TURNS} turns")


class TurnReactor(TurnClock, MemoryReactor):
    """A reactor in memory with such a clock."""

    def __init__(self) -> None:
        MemoryReactor.__init__(self)
        TurnClock.__init__(self)


def vocabulary(obj: Any) -> tuple[Any, Any]:
    """The module of errors, and the class of failures, of the package that *obj* belongs to."""
    for kind in type(obj).__mro__:
        package = kind.__module__.partition(".")[0]
        if package == "pcstream":
            break
        theirs = sys.modules.get(f"{package}.internet.error")
        if theirs is not None:
            return theirs, sys.modules[f"{package}.python.failure"].Failure
    return error, Failure


def in_all_words(*names: str) -> list[Any]:
    """The interfaces of these names, in the words of each package that is loaded."""
    modules = (sys.modules.get(f"{each}.internet.interfaces") for each in ("pcstream", "twisted"))
    return [getattr(module, name) for module in modules if module is not None for name in names]


def is_half_closeable(protocol: Any) -> bool:
    """Whether *protocol* declares, in anybody's words, that it can take half of a connection."""
    return any(promise.providedBy(protocol) for promise in in_all_words("IHalfCloseableProtocol"))


@implementer(ITCPTransport, IConsumer, IPushProducer)
class MemoryConnection:
    """What a middle or a sender has as its transport.

    :ivar name: what it is called in the trace.
    :ivar trace: every call, in order; shared by all that take part.
    :ivar sent: what has reached the peer.
    :ivar accepted: how many bytes were ever written.
    :ivar is_stalled: the peer takes nothing.
    :ivar waits_for_producer: a close waits for a push producer that is not paused, too, which is
        not stopped then (contract T2; Twisted's transports stop it, and relays rely on that).
    :ivar asks_inside: a pull producer is asked within registerProducer, and not a turn later.
    :ivar protocol: who is told what arrives, or None.
    :ivar end: how the connection ended: ``clean``, ``aborted`` or ``lost``; None while it lives.
    :ivar is_half_closed: the sending half was closed.
    :ivar raised: what producers and protocols raised.
    """

    disconnecting = False
    disconnected = False
    connected = True

    def __init__(self, clock: TurnClock, trace: list[str], name: str = "consumer") -> None:
        directlyProvides(self, *in_all_words("ITCPTransport", "IConsumer", "IPushProducer"))
        self.clock = self.reactor = clock
        self.trace = trace
        self.name = name
        self.limit = LIMIT_BYTES
        self.sent = bytearray()
        self.accepted = 0
        self.is_stalled = False
        self.waits_for_producer = False
        self.asks_inside = True
        self.protocol: Any = None
        self.end: str | None = None
        self.is_half_closed = False
        self.is_reading = True
        self.raised: list[BaseException] = []
        self.producer: Any = None
        self.streaming = False
        self.is_producer_paused = False
        self._pending = bytearray()
        self._inbox: list[bytes] = []
        self._wants_half_close = False
        self._flush_call: Any = None
        self._read_call: Any = None

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def note(self, what: str) -> None:
        """Write a call into the trace."""
        self.trace.append(what)

    @property
    def pending(self) -> int:
        """How many bytes wait for the peer."""
        return len(self._pending)

    # -- the peer's part

    def stall(self) -> None:
        """The peer takes nothing any more."""
        self.note(f"{self.name} stalls")
        self.is_stalled = True

    def drain(self) -> None:
        """The peer takes all there is, from now on."""
        self.note(f"{self.name} drains")
        self.is_stalled = False
        self._plan_flush()

    def drain_some(self, size: int) -> None:
        """The peer takes so many bytes, and no more."""
        self.note(f"{self.name} drains {size} bytes")
        self.sent += self._pending[:size]
        del self._pending[:size]
        self.is_stalled = True
        self._plan_flush()

    def deliver(self, data: bytes) -> None:
        """The peer sends something."""
        self._inbox.append(data)
        self._plan_read()

    def deliver_end(self) -> None:
        """The peer sends no more, and says so."""
        self.note(f"the peer of {self.name} ends")
        self._inbox.append(_END)
        self._plan_read()

    def break_off(self) -> None:
        """The connection is lost, not cleanly."""
        self.note(f"{self.name} is lost")
        self._die("lost", "ConnectionLost")

    # -- what a transport offers: the consumer

    def write(self, data: bytes) -> None:
        """Take *data*; after the end, and behind a half-close, it vanishes."""
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        self.note(f"{self.name}.write({len(data)} bytes)")
        if not data or self.end is not None or self.disconnected or self.is_half_closed:
            return
        if self.producer is None and (self.disconnecting or self._wants_half_close):
            return
        self._pending += data
        self.accepted += len(data)
        self._plan_flush()
        if len(self._pending) > self.limit and self.producer is not None and self.streaming:
            self._pause_producer()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Write all of it."""
        self.write(b"".join(data))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take *producer*, or stop it if nothing can be sent any more."""
        kind = "push" if streaming else "pull"
        self.note(f"{self.name}.registerProducer({kind})")
        if self.producer is not None:
            raise RuntimeError(
                f"Cannot register producer {producer!r}, "
                f"because producer {self.producer!r} was never unregistered."
            )
        if self.end is not None or self._wants_half_close or self.disconnected:
            self._call(producer.stopProducing)
            return
        self.producer = producer
        self.streaming = bool(streaming)
        self.is_producer_paused = False
        if streaming:
            return
        if not self.asks_inside:
            self._plan_flush()
            return
        try:
            producer.resumeProducing()
        except BaseException:
            if self.producer is producer:
                self.producer = None
            raise

    def unregisterProducer(self) -> None:
        """Forget the producer; what was accepted still goes out."""
        self.note(f"{self.name}.unregisterProducer()")
        self.producer = None
        if self.disconnecting or self._wants_half_close:
            self._plan_flush()

    def _pause_producer(self) -> None:
        if not self.is_producer_paused:
            self.is_producer_paused = True
            self.note(f"{self.name} pauses its producer")
            self.producer.pauseProducing()

    # -- the transport

    def loseConnection(self) -> None:
        """Close when everything is out and the producer has unregistered."""
        self.note(f"{self.name}.loseConnection()")
        if self.end is None and not self.disconnecting:
            self.disconnecting = True
            self.is_reading = False
            self._plan_flush()

    def abortConnection(self) -> None:
        """Close in the next turn, and throw away what is not out."""
        self.note(f"{self.name}.abortConnection()")
        if self.end is None and not self.disconnected:
            self.disconnecting = self.disconnected = True
            self.is_reading = False
            self._pending.clear()
            self.clock.callLater(0, self._die, "aborted", "ConnectionAborted")

    def loseWriteConnection(self) -> None:
        """Close the sending half when everything is out and the producer has unregistered."""
        self.note(f"{self.name}.loseWriteConnection()")
        if self.end is None and not self._wants_half_close:
            self._wants_half_close = True
            self._plan_flush()

    def stopConsuming(self) -> None:
        """Unregister and close."""
        self.unregisterProducer()
        self.loseConnection()

    # -- the producer

    def pauseProducing(self) -> None:
        """Read no more."""
        self.note(f"{self.name}.pauseProducing()")
        self.is_reading = False

    def resumeProducing(self) -> None:
        """Read again, in the next turn."""
        self.note(f"{self.name}.resumeProducing()")
        if self.end is None and not self.disconnecting:
            self.is_reading = True
            self._plan_read()

    def stopProducing(self) -> None:
        """Close."""
        self.loseConnection()

    # -- what is asked of any TCP transport

    def getHost(self) -> Any:
        """A fixed address."""
        return IPv4Address("TCP", "10.0.0.1", 12345)

    def getPeer(self) -> Any:
        """A fixed address."""
        return IPv4Address("TCP", "192.168.1.1", 54321)

    def getTcpNoDelay(self) -> bool:
        """There is no such thing here."""
        return False

    def setTcpNoDelay(self, enabled: bool) -> None:
        """There is no such thing here."""

    def getTcpKeepAlive(self) -> bool:
        """There is no such thing here."""
        return False

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """There is no such thing here."""

    # -- turns of the reactor

    def _call(self, method: Any, *args: Any) -> Exception | None:
        """Call somebody else's method; answers what it raised."""
        try:
            method(*args)
        except Exception as raised:
            self.note(f"raised: {raised!r}")
            self.raised.append(raised)
            log.err(None, f"{method!r} raised")  # contract C21
            return raised
        return None

    def _plan_flush(self) -> None:
        if self._flush_call is None and self.end is None:
            self._flush_call = self.clock.callLater(0, self._flush)

    def _flush(self) -> None:
        self._flush_call = None
        if self.end is not None or self.disconnected:
            return
        if self.is_stalled and self._pending:
            return
        self.sent += self._pending
        self._pending.clear()
        if self.producer is not None and (not self.streaming or self.is_producer_paused):
            self.is_producer_paused = False
            self.note(f"{self.name} resumes its producer")
            raised = self._call(self.producer.resumeProducing)
            if raised is not None:
                self._die("lost", raised)  # contract C23
        elif self.waits_for_producer and self.producer is not None:
            return  # contract T2
        elif self.disconnecting:
            self._die("clean", "ConnectionDone")
        elif self._wants_half_close and not self.is_half_closed:
            self.is_half_closed = True
            self.note(f"{self.name} has closed its sending half")
            if is_half_closeable(self.protocol):
                self._call(self.protocol.writeConnectionLost)

    def _plan_read(self) -> None:
        if self._read_call is None and self.end is None and self._inbox:
            self._read_call = self.clock.callLater(0, self._read)

    def _read(self) -> None:
        self._read_call = None
        if not self.is_reading or self.end is not None or not self._inbox:
            return
        data = self._inbox.pop(0)
        if data:
            self.note(f"{self.name} received {len(data)} bytes")
            raised = self._call(self.protocol.dataReceived, data)
            if raised is not None:
                self._die("lost", raised)
        elif is_half_closeable(self.protocol):
            self.note(f"{self.name} has read to the end")
            self._call(self.protocol.readConnectionLost)
        else:
            self._die("clean", "ConnectionDone")
        self._plan_read()

    def _die(self, end: str, reason: str | Exception) -> None:
        if self.end is not None:
            return
        self.end = end
        self.connected = self.is_reading = False
        self.disconnected = True
        self._pending.clear()
        self._inbox.clear()
        self.note(f"{self.name} has ended: {reason if isinstance(reason, str) else repr(reason)}")
        producer, self.producer = self.producer, None
        if producer is not None:
            self.note(f"{self.name} stops its producer")
            self._call(producer.stopProducing)
        if self.protocol is not None:
            errors, failure = vocabulary(self.protocol)
            error = getattr(errors, reason)() if isinstance(reason, str) else reason
            self._call(self.protocol.connectionLost, failure(error))

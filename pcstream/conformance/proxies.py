"""The rules for what stands in the middle: proxies, and wrappers of transports.

A middle is judged between a producer that behaves and a connection in memory that behaves, so what
goes wrong is its doing.  Short sequences of calls are tried before long ones: the first that shows
a fault is the smallest.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, NoReturn

from zope.interface import directlyProvides

from .checking import Checks, Play, Unmet, offers, optional
from .given_subjects import run_verified, subject_from
from .memory_connection import (
    LIMIT_BYTES,
    Enough,
    MemoryConnection,
    TurnClock,
    in_all_words,
    stops_at_the_first_fault,
)
from .recorders import PullRecorder, PushRecorder, Recorder, writes
from .relays import RelaySubject, check_relay, scripts
from .report import Report
from .subjects import MiddleSubject

__all__ = ["CHECKS", "ProxySubject", "RelaySubject", "check_proxy", "check_relay"]

# Pieces in which a producer writes until it is paused: a message, a chunk, a whole limit.
_PIECES_BYTES = (1_000, 16_384, 65_536)


class ProxySubject(MiddleSubject):
    """A middle with one producer and one consumer: a proxy, or a wrapper of a transport.

    ``make`` is given a whole transport in memory, a
    :class:`~pcstream.conformance.memory_connection.MemoryConnection`.  Its ``reactor`` is a clock
    with ``callLater``, and whoever is to hear of its input and its end is to be set as its
    ``protocol``.

    :cvar limit: the most that the middle may hold itself, in bytes.
    :cvar stays_registered: it is registered with its consumer all the time, as a channel for
        several streams is, and not only while it has a producer.
    :cvar is_layered: several of them can be put on top of each other.
    :cvar depth: how many calls the longest sequences have that are tried.
    """

    limit: int = LIMIT_BYTES
    stays_registered: bool = False
    is_layered: bool = True
    depth: int = 4

    def make(self, consumer: MemoryConnection) -> Any:
        """A new middle on top of *consumer*."""
        raise NotImplementedError

    @optional
    def hold(self, middle: Any) -> None:
        """Give *middle* a reason of its own to pause its producer."""

    @optional
    def release(self, middle: Any) -> None:
        """Take that reason away."""

    @optional
    def wrap(self, protocol: Any, connection: MemoryConnection) -> Any:
        """Put such a middle, which is a protocol, around *protocol*; the kit connects it."""

    @optional
    def close(self, middle: Any) -> None:
        """Ask *middle*, which is a transport too, to close when all is out."""

    def received(self, middle: Any, consumer: MemoryConnection) -> bytes:
        """What the producer wrote, out of all that has left *consumer*."""
        return bytes(consumer.sent)


class _Consumer(MemoryConnection):
    """A connection whose next write may have something happen inside."""

    inside: Callable[[], None] | None = None

    def write(self, data: bytes) -> None:
        super().write(data)
        inside, self.inside = self.inside, None
        if inside is not None:
            inside()


class _Bench:
    """A middle with a consumer below, and a producer above if one was put on."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.subject: ProxySubject = play.subject
        self.clock = TurnClock()
        self.trace = play.calls
        self.consumer = _Consumer(self.clock, self.trace)
        self.written = bytearray()
        self._pieces = itertools.cycle(range(1, 251))
        self.middle = self.make()
        self.clock.settle()
        self.trace.clear()

    def make(self) -> Any:
        return self.subject.make(self.consumer)

    def note(self, what: str) -> None:
        self.trace.append(what)

    def settle(self) -> None:
        self.clock.settle()
        self.subject.settle()
        if self.consumer.raised:
            self.broken(f"it raised {self.consumer.raised[0]!r}")

    def broken(self, what: str) -> NoReturn:
        self.play.fault(what)
        raise Enough

    def next_piece(self, size: int) -> bytes:
        """One unlike those before it."""
        return bytes([next(self._pieces)]) * size

    def register(self, producer: Recorder) -> None:
        is_push = isinstance(producer, PushRecorder)
        kind = "push" if is_push else "pull"
        self.note(f"middle.registerProducer({producer.name}, {kind})")
        self.middle.registerProducer(producer, is_push)

    def recorder(self, name: str = "A") -> PushRecorder:
        return PushRecorder(self.trace, self.middle, name=name)

    def push(self) -> PushRecorder:
        producer = self.recorder()
        self.register(producer)
        self.settle()
        return producer

    def pull(self, chunks: int) -> None:
        """Register a pull producer that has so many."""
        self.register(
            PullRecorder(self.trace, self.middle, resume=[writes(2_000)] * chunks, write=self.write)
        )

    def write(self, data: bytes) -> None:
        self.note(f"middle.write({len(data)} bytes)")
        self.written += data
        self.middle.write(data)

    def unregister(self) -> None:
        self.note("middle.unregisterProducer()")
        self.middle.unregisterProducer()

    @property
    def received(self) -> bytes:
        return self.subject.received(self.middle, self.consumer)

    # the consumer's calls, which it would make when it is full and when it has room

    def pause(self) -> None:
        if self.consumer.streaming and self.consumer.producer is not None:
            self.note("consumer pauses")
            self.consumer.producer.pauseProducing()
        else:
            self.consumer.stall()

    def resume(self) -> None:
        if self.consumer.streaming and self.consumer.producer is not None:
            self.note("consumer resumes")
            self.consumer.producer.resumeProducing()
        else:
            self.consumer.drain()


# -- proxies and wrappers

CHECKS: Checks[Play] = Checks("middle", Play)


@CHECKS.rule("X1")
@stops_at_the_first_fault
def every_byte_in_order(play: Play) -> None:
    """X1: write, write although paused a moment ago, write inside a write; pause and resume."""
    for script in scripts("wpri", play.subject.depth):
        bench = _Bench(play)
        producer = bench.push()
        is_paused = False
        may_overrun = False  # contract P2 lets a producer finish what it was at

        def more(bench: _Bench = bench, producer: PushRecorder = producer) -> None:
            if not producer.is_paused:
                bench.write(bench.next_piece(2))

        for letter in script:
            if letter == "w" and (not producer.is_paused or may_overrun):
                may_overrun = not producer.is_paused
                for _ in range(1 + is_paused):
                    bench.write(bench.next_piece(3))
            elif letter == "i":
                bench.note("(the next write has another one inside)")
                bench.consumer.inside = more
            elif letter == "p" and not is_paused:
                is_paused = may_overrun = True
                bench.pause()
            elif letter == "r" and is_paused:
                is_paused = False
                bench.resume()
                bench.settle()
        bench.consumer.inside = None
        if is_paused:
            bench.resume()
        bench.settle()
        if bench.received != bench.written:
            got, want = bench.received, bytes(bench.written)
            kind = "in another order" if sorted(got) == sorted(want) else "not what was written"
            bench.broken(f"what arrived is {kind}: {got!r} in place of {want!r}")


@CHECKS.rule("X2")
@stops_at_the_first_fault
def pauses_in_time(play: Play) -> None:
    """X2: a producer that writes until it is paused, before a consumer that takes nothing."""
    for size in _PIECES_BYTES:
        bench = _Bench(play)
        producer = bench.push()
        bench.consumer.stall()
        limit = bench.subject.limit
        while not producer.is_paused:
            bench.write(bench.next_piece(size))
            bench.clock.settle()
            held = len(bench.written) - bench.consumer.accepted
            if held > limit + size:
                del bench.trace[6:-6]
                bench.broken(
                    f"it holds {held} bytes, and its producer is not paused; its limit is {limit}"
                )
            if len(bench.written) > limit + LIMIT_BYTES + 4 * max(_PIECES_BYTES):
                del bench.trace[6:-6]
                bench.broken("its consumer is full, and its producer is not paused")
        bench.consumer.drain()
        bench.settle()
        if producer.is_paused:
            bench.broken("its consumer has room again, and its producer is still paused")


@CHECKS.rule("X3")
@stops_at_the_first_fault
def combines_reasons(play: Play) -> None:
    """X3: the consumer's pauses, and the middle's own if it has any."""
    subject: ProxySubject = play.subject
    alphabet = "wprhl" if offers(subject, "hold") else "wpr"
    for script in scripts(alphabet, play.subject.depth):
        bench = _Bench(play)
        producer = bench.push()
        reasons: set[str] = set()
        for letter in script:
            resumes = producer.count("resume")
            if letter == "w" and not producer.is_paused:
                bench.write(bench.next_piece(subject.limit // 2 + 1))
            elif letter == "p" and "full" not in reasons:
                reasons.add("full")
                bench.pause()
            elif letter == "r" and "full" in reasons:
                reasons.discard("full")
                bench.resume()
            elif letter == "h" and "held" not in reasons:
                reasons.add("held")
                bench.note("middle holds up")
                subject.hold(bench.middle)
            elif letter == "l" and "held" in reasons:
                reasons.discard("held")
                bench.note("middle lets go")
                subject.release(bench.middle)
            if letter in "rl":
                if producer.count("resume") > resumes and reasons:
                    why = "its consumer is full" if "full" in reasons else "it is held up"
                    bench.broken(f"the producer was resumed although {why}")
                if not reasons:
                    bench.settle()
                    if producer.is_paused:
                        bench.broken("no reason is left, and the producer is still paused")


@CHECKS.rule("X4")
@stops_at_the_first_fault
def stops_once(play: Play) -> None:
    """X4: the consumer is lost; the middle is stopped twice."""
    for twice in (False, True):
        bench = _Bench(play)
        producer = bench.push()
        below = bench.consumer.producer
        if twice and below is not None and below is not producer:
            bench.note("consumer stops its producer")
            below.stopProducing()
        bench.consumer.break_off()
        bench.settle()
        if producer.count("stop") != 1:
            bench.broken(f"the producer was stopped {producer.count('stop')} times")


@CHECKS.rule("X5")
@stops_at_the_first_fault
def ends_behind_the_rest(play: Play) -> None:
    """X5: the producer unregisters while the consumer is full."""
    for held in (0, 1, 2):
        bench = _Bench(play)
        producer = bench.push()
        bench.write(bench.next_piece(3))
        if held:
            bench.pause()
            for _ in range(held):
                if not producer.is_paused or held == 1:
                    bench.write(bench.next_piece(3))
        bench.unregister()
        if held:
            bench.resume()
        bench.consumer.drain()
        bench.settle()
        got, want = len(bench.received), len(bench.written)
        if got < want:
            bench.broken(f"{got} of {want} bytes arrived before the end was passed on")
        if bench.consumer.producer is not None and not bench.subject.stays_registered:
            bench.broken("the end was never passed on: it stays registered with its consumer")
    bench = _Bench(play)
    bench.pull(3)
    bench.clock.settle()
    for _ in range(4):  # as often as the producer has something
        if bench.consumer.producer is not None:
            bench.consumer.drain()
            bench.resume()
            bench.settle()
    if len(bench.received) != len(bench.written):
        bench.broken(f"{len(bench.received)} of {len(bench.written)} bytes arrived")


@CHECKS.rule("X6")
@stops_at_the_first_fault
def registers_like_a_consumer(play: Play) -> None:
    """X6: a second producer; one for a dead consumer; unregistering nobody."""
    bench = _Bench(play)
    bench.push()
    second = bench.recorder("B")
    try:
        bench.register(second)
    except RuntimeError:
        pass
    except Exception as raised:
        bench.broken(f"C1: a second producer is refused with {raised!r}, no RuntimeError")
    else:
        bench.broken("C1: a second producer is accepted")
    bench.consumer.break_off()
    bench.settle()
    if second.count("stop"):
        bench.broken("C1: the second producer has taken the place of the first")

    bench = _Bench(play)
    bench.consumer.break_off()
    bench.settle()
    late = bench.recorder()
    try:
        bench.register(late)
        bench.settle()
    except Enough:
        raise
    except Exception as raised:
        bench.broken(f"C2: registering after the end raises {raised!r}")
    if late.count("stop") != 1:
        bench.broken(f"C2: who registers after the end is stopped {late.count('stop')} times")

    bench = _Bench(play)
    below = bench.consumer.producer
    try:
        bench.unregister()
    except Exception as raised:
        bench.broken(f"C13: unregistering nobody raises {raised!r}")
    if bench.consumer.producer is not below:
        bench.broken("C13: unregistering nobody unregisters the middle from its consumer")


class _HalfProtocol:
    """A protocol that can take half of a connection."""

    transport: Any = None

    def __init__(self, play: Play) -> None:
        self.play = play
        self.heard: list[str] = []
        directlyProvides(self, *in_all_words("IHalfCloseableProtocol"))

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport

    def dataReceived(self, data: bytes) -> None:
        self.hear("dataReceived")

    def readConnectionLost(self) -> None:
        self.hear("readConnectionLost")

    def writeConnectionLost(self) -> None:
        self.hear("writeConnectionLost")

    def connectionLost(self, reason: Any = None) -> None:
        self.hear("connectionLost")

    def hear(self, what: str) -> None:
        self.play.note(f"protocol.{what}()")
        self.heard.append(what)


@CHECKS.rule("X7", needs=("wrap",))
@stops_at_the_first_fault
def passes_half_closes(play: Play) -> None:
    """X7: the peer of a wrapped connection ends its half."""
    clock = TurnClock()
    connection = MemoryConnection(clock, play.calls, "transport")
    protocol = _HalfProtocol(play)
    connection.protocol = play.subject.wrap(protocol, connection)
    connection.protocol.makeConnection(connection)
    clock.settle()
    connection.deliver_end()
    clock.settle()
    if "connectionLost" in protocol.heard:
        play.fault("the peer closed its half, and that ended the connection")
    elif "readConnectionLost" not in protocol.heard:
        play.fault("the peer closed its half, and the protocol was not told")


@CHECKS.rule("X8", needs=("close",))
@stops_at_the_first_fault
def closes_behind_the_rest(play: Play) -> None:
    """X8: a wrapper is asked to close while its transport is full, with and without a producer."""
    for with_producer in (False, True):
        bench = _Bench(play)
        producer = bench.push() if with_producer else None
        bench.consumer.stall()
        bench.write(bench.next_piece(3))
        bench.note("middle is to close")
        bench.subject.close(bench.middle)
        bench.clock.settle()
        if producer is not None:
            bench.write(bench.next_piece(3))
            bench.unregister()
        bench.consumer.drain()
        bench.settle()
        got, want = len(bench.received), len(bench.written)
        if got != want:
            bench.broken(f"{got} of {want} bytes arrived before the close")


@CHECKS.rule("L6")
@stops_at_the_first_fault
def never_pauses_pull_producers(play: Play) -> None:
    """L6: a pull producer has no ``pauseProducing``."""
    for is_held in (False, True):
        if is_held and not offers(play.subject, "hold"):
            break
        bench = _Bench(play)
        bench.pull(3)
        if is_held:
            bench.note("middle holds up")
            bench.subject.hold(bench.middle)
        if bench.consumer.producer is not None and bench.consumer.streaming:
            bench.pause()
            bench.resume()
        bench.consumer.stall()
        bench.clock.settle()
        if is_held:
            bench.note("middle lets go")
            bench.subject.release(bench.middle)
        bench.consumer.drain()
        bench.settle()


# -- several on top of each other

_MOST_LAYERS = 3


class _LayeredBench(_Bench):
    """Some middles on top of each other; the topmost is ``middle``."""

    def __init__(self, play: Play, layers: int) -> None:
        if not play.subject.is_layered:
            raise Unmet("is_layered")
        self.layers = layers
        self.protocol = _HalfProtocol(play)
        super().__init__(play)

    def make(self) -> Any:
        if not offers(self.subject, "wrap"):
            middle: Any = self.consumer
            for _ in range(self.layers):
                middle = self.subject.make(middle)
            return middle
        top: Any = self.protocol
        for _ in range(self.layers):
            top = self.subject.wrap(top, self.consumer)
        self.consumer.protocol = top
        top.makeConnection(self.consumer)
        return self.protocol.transport


def _through_layers(scenario: Callable[[_LayeredBench], None]) -> Callable[[Play], None]:
    """Play *scenario* with one, two and three of them; one alone is a matter of other rules."""

    @wraps(scenario)
    def check(play: Play) -> None:
        for layers in range(1, _MOST_LAYERS + 1):
            try:
                bench = _LayeredBench(play, layers)
                bench.note(f"({layers} of them on top of each other)")
                scenario(bench)
            except Unmet:
                raise
            except Exception as raised:
                if layers == 1:
                    play.faults.clear()
                    raise Unmet("a middle that does it when it is alone") from None
                if isinstance(raised, Enough):
                    return
                raise

    return check


@CHECKS.rule("X10")
@_through_layers
def a_loss_passes_the_layers(bench: _LayeredBench) -> None:
    """The connection below all of them is lost."""
    producer = bench.push()
    bench.consumer.break_off()
    bench.settle()
    if producer.count("stop") != 1:
        bench.broken(f"the producer was stopped {producer.count('stop')} times")
    if bench.protocol.transport is not None:
        stop, told = f"{producer.name}.stopProducing()", "protocol.connectionLost()"
        if told not in bench.trace:
            bench.broken("the protocol was not told")
        if bench.trace.index(stop) > bench.trace.index(told):
            bench.broken("the protocol was told before the producer was stopped")


@CHECKS.rule("X11")
@_through_layers
def pauses_pass_the_layers(bench: _LayeredBench) -> None:
    """A push producer before a full connection, and a pull producer."""
    producer = bench.push()
    bench.consumer.stall()
    size = _PIECES_BYTES[1]
    most = LIMIT_BYTES + size + bench.layers * (bench.subject.limit + size)
    while not producer.is_paused:
        bench.write(bench.next_piece(size))
        bench.clock.settle()
        if len(bench.written) > most:
            del bench.trace[4:-4]
            bench.broken(f"{len(bench.written)} bytes are held, and the producer is not paused")
    bench.consumer.drain()
    bench.settle()
    if producer.is_paused:
        bench.broken("there is room again, and the producer is still paused")
    bench.unregister()
    bench.settle()
    bench.pull(3)
    for _ in range(4):
        if bench.consumer.producer is not None and bench.consumer.streaming:
            bench.pause()
            bench.resume()
        bench.settle()
    if bench.received != bench.written:
        got, want = len(bench.received), len(bench.written)
        bench.broken(f"{got} of {want} bytes arrived, or in another order")


@CHECKS.rule("X12")
@_through_layers
def a_refusal_passes_the_layers(bench: _LayeredBench) -> None:
    """A second producer is refused; the first hears nothing of it, the second nothing at all."""
    first, second = bench.push(), bench.recorder("B")
    try:
        bench.register(second)
    except Exception as raised:
        bench.note(f"refused: {raised!r}")
    else:
        bench.broken("a second producer is accepted")
    if first.heard:
        bench.broken(f"the first producer hears {', '.join(first.heard)}")
    bench.pause()
    bench.resume()
    bench.settle()
    if second.heard:
        bench.broken(f"who was refused hears {', '.join(second.heard)}")


# -- what users call


def check_proxy(
    subject: ProxySubject | RelaySubject | type[MiddleSubject] | Callable[[Any], Any],
    *,
    only: Collection[str] = (),
    deviations: Collection[str] = (),
    search: int = 0,
    name: str | None = None,
) -> Report:
    """Judge a proxy, a wrapper of transports, or a relay.

    :param subject: a subject, or just what makes a middle on top of a consumer.
    :param only: numbers of rules; by default all are judged.
    :param deviations: rules that are known to be broken, besides those that the subject names.
    :param search: has no effect: all sequences up to a length are tried, and none by chance.
    :param name: what it is called in the report.
    """
    made = subject_from(subject, ProxySubject, "make", deviations)
    if isinstance(made, RelaySubject):
        return check_relay(made, only=only, name=name)
    return run_verified(
        CHECKS,
        made,
        lambda: made.make(MemoryConnection(TurnClock(), [])),
        "IConsumer",
        name=name,
        only=only,
    )

"""The rules for adapters between the kinds: pull to push, push to pull, a protocol as a consumer.

The adapter is put between a producer and a consumer that both behave, on a clock that the kit moves
on.  Short sequences of calls are tried before long ones: the first that shows a fault is the
smallest.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, NoReturn

from .checking import Checks, Play, Unmet, offers, optional
from .given_subjects import run_verified, subject_from
from .memory_connection import (
    LIMIT_BYTES,
    Enough,
    MemoryConnection,
    TurnClock,
)
from .recorders import PullRecorder, PushRecorder, raises, unregisters
from .report import Report
from .subjects import Subject

__all__ = ["CHECKS", "AdapterSubject", "check_adapter"]

# A producer is asked so often within one turn, and the adapter is taken to have forgotten the
# reactor. A cooperative task of 10 ms asks some thousand times.
_MOST_PULLS_IN_A_TURN = 50_000

# A producer that has nothing may be asked so often in a second: every 10 ms on average. Nobody
# notices the load; an adapter that does not wait at all asks some 100 000 times.
_MOST_IDLE_PULLS_A_SECOND = 100
_IDLE_TURNS = 1000

# Whoever is to be asked at all is asked within this time.
_LONGEST_REST_S = 1.0

# So many of the pulls in a turn are written down.
_PULLS_NOTED = 2

# The longest sequences of pauses and resumes that are tried.
_MOST_STEPS = 5


class AdapterSubject(Subject):
    """An adapter: offer the method of the kind that it is, or several.

    :cvar limit: the most that a push-to-pull adapter may hold, in bytes.
    """

    limit: int = LIMIT_BYTES

    @optional
    def pull_to_push(self, producer: Any, consumer: Any, clock: TurnClock) -> Any:
        """Put *producer*, a pull producer, on *consumer* by way of the adapter.

        Afterwards the adapter is registered with *consumer* as a push producer, and works.

        :param clock: what the adapter is to take its turns from (``callLater``).
        :returns: what *producer* is to write to and unregister from; None for *consumer* itself.
        """
        raise NotImplementedError

    @optional
    def push_to_pull(self, consumer: Any, clock: TurnClock) -> Any:
        """A new adapter on *consumer*, registered with it as a pull producer; it is a consumer."""
        raise NotImplementedError

    @optional
    def protocol_to_consumer(self, protocol: Any) -> Any:
        """A new consumer that hands what it is given to *protocol*."""
        raise NotImplementedError


class _Spins(BaseException):
    """The adapter asks and asks; no ``Exception``, which an adapter may catch."""


class _Source(PullRecorder):
    """A pull producer that does what it is set to whenever it is asked."""

    def __init__(self, play: Play) -> None:
        super().__init__(play.calls)
        self.pulls = 0
        self.pulls_in_a_turn = 0
        self.answer: Callable[[], None] = self.write_some

    def resumeProducing(self) -> None:
        self.pulls += 1
        self.pulls_in_a_turn += 1
        if self.pulls_in_a_turn <= _PULLS_NOTED:
            self.calls.append(f"{self.name}.resumeProducing()")
        if self.pulls_in_a_turn > _MOST_PULLS_IN_A_TURN:
            raise _Spins
        self.answer()

    def write_some(self) -> None:
        self.consumer.write(b"some")

    def write_nothing(self) -> None:
        pass

    def unregister(self) -> None:
        unregisters(self)

    def fail(self) -> None:
        raises()(self)


def _on_an_adapter_that_yields(check: Callable[[Play], None]) -> Callable[[Play], None]:
    """Leave adapters that do not let the reactor have its turn to the rule about that."""

    @wraps(check)
    def checks(play: Play) -> None:
        try:
            check(play)
        except _Spins:
            if play.rule != "A2":
                raise Unmet("an adapter that lets the reactor have its turn") from None
            play.fault(f"it asked {_MOST_PULLS_IN_A_TURN} times and gave the reactor no turn")
        except Enough:
            pass

    return checks


class _Taker:
    """A consumer that has always room; the checks make its calls."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.producer: Any = None
        self.streaming = False
        self.received = 0
        self.unregistrations = 0

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self.producer is not None:
            raise RuntimeError("busy")
        self.producer = producer
        self.streaming = bool(streaming)

    def unregisterProducer(self) -> None:
        self.play.note("consumer.unregisterProducer()")
        self.unregistrations += 1
        self.producer = None

    def write(self, data: bytes) -> None:
        self.received += len(data)


class _PulledBench:
    """A pull producer on a consumer, by way of an adapter."""

    def __init__(self, play: Play, answer: str = "write_some") -> None:
        self.play = play
        play.calls.clear()
        self.clock = TurnClock()
        self.source = _Source(play)
        self.source.answer = getattr(self.source, answer)
        self.taker = _Taker(play)
        # The adapter may ask at once, before it has told what to write to.
        self.source.consumer = self.taker
        sink = play.subject.pull_to_push(self.source, self.taker, self.clock)
        if sink is not None:
            self.source.consumer = sink
        self.adapter = self.taker.producer
        if self.adapter is None and answer != "fail":
            self.broken("it is not registered with the consumer")

    def turn(self, seconds: float = 0) -> None:
        self.source.pulls_in_a_turn = 0
        self.clock.turn(seconds)

    def turns(self, count: int = 3) -> int:
        """Let turns pass; answers how often the producer was asked meanwhile."""
        before = self.source.pulls
        self.play.note(f"({count} turns)")
        for _ in range(count):
            self.turn()
        self.turn(_LONGEST_REST_S)
        return self.source.pulls - before

    def call(self, method: str) -> None:
        self.play.note(f"adapter.{method}()")
        try:
            getattr(self.adapter, method)()
        except Exception as raised:
            self.broken(f"{method} raised {raised!r}")

    def broken(self, what: str) -> NoReturn:
        self.play.fault(what)
        raise Enough


CHECKS: Checks[Play] = Checks("adapter", Play)


@CHECKS.rule("A1", needs=("pull_to_push",))
@_on_an_adapter_that_yields
def pauses_are_no_count(play: Play) -> None:
    """All sequences of pauses and resumes: the last call alone says whether it asks."""
    for count in range(1, _MOST_STEPS + 1):
        for calls in itertools.product(("pauseProducing", "resumeProducing"), repeat=count):
            bench = _PulledBench(play)
            bench.turns(1)
            for call in calls:
                # A resume that nobody waits for is another rule's business.
                if call == "resumeProducing" and "adapter.pauseProducing()" not in play.calls:
                    break
                if play.calls[-1:] == ["adapter.resumeProducing()"] == [f"adapter.{call}()"]:
                    break
                bench.call(call)
            else:
                asked = bench.turns()
                if calls[-1] == "pauseProducing" and asked:
                    bench.broken("it is paused, and asks its producer all the same")
                if calls[-1] == "resumeProducing" and not asked:
                    bench.broken("it was resumed, and does not ask its producer")


@CHECKS.rule("A1", needs=("pull_to_push",))
@_on_an_adapter_that_yields
def a_resume_out_of_turn_is_harmless(play: Play) -> None:
    """P4: two resumes, the second of which nobody waits for."""
    bench = _PulledBench(play)
    bench.turns(1)
    try:
        bench.adapter.resumeProducing()
    except Exception as raised:
        play.note("adapter.resumeProducing()")
        play.fault(f"a resume without a pause raised {raised!r}", "P4")


@CHECKS.rule("A2", needs=("pull_to_push",))
@_on_an_adapter_that_yields
def waits_if_there_is_nothing(play: Play) -> None:
    """A producer that never writes; one that always does, and a reactor that wants its turn."""
    bench = _PulledBench(play, "write_nothing")
    for _ in range(_IDLE_TURNS):
        bench.turn(1 / _IDLE_TURNS)
    if bench.source.pulls > _MOST_IDLE_PULLS_A_SECOND:
        del play.calls[3:]
        bench.broken(f"a producer that wrote nothing was asked {bench.source.pulls} times a second")
    bench.call("stopProducing")
    bench = _PulledBench(play)
    bench.turns()
    bench.call("stopProducing")


@CHECKS.rule("A3", needs=("pull_to_push",))
@_on_an_adapter_that_yields
def is_silent_after_the_end(play: Play) -> None:
    """Stop, twice, with pauses and resumes behind it; an unregistration while it is asked."""
    tails = ((), ("stopProducing",), ("pauseProducing",), ("pauseProducing", "resumeProducing"))
    for begin, tail in itertools.product(((), ("pauseProducing",)), tails):
        bench = _PulledBench(play)
        bench.turns(1)
        for call in (*begin, "stopProducing", *tail):
            bench.call(call)
        if bench.turns():
            bench.broken("it asks a producer that was stopped")
        if bench.source.count("stop") != 1:
            bench.broken(f"the producer was stopped {bench.source.count('stop')} times")
    bench = _PulledBench(play)
    bench.turns(1)
    bench.source.answer = bench.source.unregister
    asked = bench.turns()
    if asked > 1:
        bench.broken("it asks a producer that has unregistered")


@CHECKS.rule("A4", needs=("pull_to_push",))
@_on_an_adapter_that_yields
def a_broken_producer_hears_of_its_end(play: Play) -> None:
    """The producer raises when it is asked, the first time or later."""
    for at_first in (True, False):
        bench = _PulledBench(play, "fail" if at_first else "write_some")
        if not at_first:
            bench.turns(1)
            bench.source.answer = bench.source.fail
        asked = bench.turns()
        if asked > 1:
            bench.broken("it goes on asking a producer that raises")
        if not bench.source.count("stop"):
            bench.broken("the producer raised, and was not stopped")
        if bench.taker.producer is not None:
            bench.broken("the producer raised, and stays registered with the consumer")


@CHECKS.rule("A7", needs=("pull_to_push",))
@_on_an_adapter_that_yields
def a_pause_inside_a_request_holds(play: Play) -> None:
    """The consumer pauses it from within the producer's write, and may resume it there."""
    for calls in (
        ("pauseProducing",),
        ("pauseProducing", "resumeProducing", "pauseProducing"),
        ("pauseProducing", "resumeProducing"),
    ):
        bench = _PulledBench(play)
        bench.turns(1)

        def answer(bench: _PulledBench = bench, calls: tuple[str, ...] = calls) -> None:
            bench.source.answer = bench.source.write_some
            bench.source.write_some()
            for call in calls:
                bench.call(call)

        bench.source.answer = answer
        bench.turn()
        bench.turn(_LONGEST_REST_S)
        asked = bench.turns()
        if calls[-1] == "pauseProducing" and asked:
            bench.broken("it was paused while it asked, and asks again")
        if calls[-1] == "resumeProducing" and not asked:
            bench.broken("it was paused and resumed while it asked, and asks no more")


@CHECKS.rule("A5", needs=("push_to_pull",))
def holds_one_limit_until_asked(play: Play) -> None:
    """A producer that writes until it is paused; a consumer that asks late, then again."""
    for size in (1_000, 16_384, 65_536):
        play.calls.clear()
        clock = TurnClock()
        consumer = _Asking(clock, play.calls)
        adapter = play.subject.push_to_pull(consumer, clock)
        producer = PushRecorder(play.calls)
        play.note("adapter.registerProducer(push)")
        adapter.registerProducer(producer, True)
        written = 0
        while not producer.is_paused:
            if written <= size:
                play.note(f"adapter.write({size} bytes)")
            adapter.write(bytes(size))
            written += size
            if consumer.accepted:
                play.fault("it writes without being asked")
                return
            if written > play.subject.limit + size:
                play.fault(f"it holds {written} bytes, and its producer is not paused")
                return
        for _ in range(1 + written // size):
            if consumer.accepted < written:
                consumer.ask()
        if consumer.accepted != written:
            play.fault(f"it was asked, and handed {consumer.accepted} of {written} bytes over")
            return
        if producer.is_paused:
            play.fault("it holds nothing any more, and its producer is still paused")
            return
        clock.settle()


class _Asking(MemoryConnection):
    """A consumer that asks when the checks say so."""

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer
        self.streaming = streaming

    def write(self, data: bytes) -> None:
        self.note(f"consumer.write({len(data)} bytes)")
        self.accepted += len(data)

    def ask(self) -> None:
        self.note("consumer asks")
        self.producer.resumeProducing()


class _Pausing:
    """A protocol that pauses its transport with the first bytes."""

    transport: Any = None

    def __init__(self, play: Play) -> None:
        self.play = play

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport

    def dataReceived(self, data: bytes) -> None:
        self.play.note(f"protocol.dataReceived({len(data)} bytes)")
        if self.transport is not None:
            self.transport.pauseProducing()

    def connectionLost(self, reason: Any = None) -> None:
        pass


@CHECKS.rule("A6", needs=("protocol_to_consumer",))
def back_pressure_passes_or_is_refused(play: Play) -> None:
    """A producer for a protocol that wants to receive no more."""
    protocol = _Pausing(play)
    adapter = play.subject.protocol_to_consumer(protocol)
    producer = PushRecorder(play.calls)
    play.note("adapter.registerProducer(push)")
    try:
        adapter.registerProducer(producer, True)
    except Exception as refused:
        play.note(f"refused: {refused!r}")
        return
    play.note("adapter.write(100 bytes)")
    adapter.write(bytes(100))
    if not producer.is_paused and not producer.count("stop"):
        play.fault("it accepts a producer, and nothing that the protocol does can ever pause it")


def check_adapter(
    subject: AdapterSubject | type[AdapterSubject] | Callable[..., Any],
    *,
    only: Collection[str] = (),
    deviations: Collection[str] = (),
    search: int = 0,
    name: str | None = None,
) -> Report:
    """Judge an adapter between the kinds of producers.

    :param subject: a subject, or just what puts a pull producer on a consumer: see
        :meth:`AdapterSubject.pull_to_push`.
    :param only: numbers of rules; by default all are judged.
    :param deviations: rules that are known to be broken, besides those that the subject names.
    :param search: has no effect: all sequences up to a length are tried, and none by chance.
    :param name: what it is called in the report.
    """
    made = subject_from(subject, AdapterSubject, "pull_to_push", deviations)
    if not offers(made, "pull_to_push"):
        return CHECKS.run(made, name=name, only=only)
    return run_verified(
        CHECKS, made, lambda: _adapter_of(made), "IPushProducer", name=name, only=only
    )


def _adapter_of(subject: AdapterSubject) -> Any:
    play = Play(subject)
    taker, source = _Taker(play), _Source(play)
    source.consumer = taker
    subject.pull_to_push(source, taker, TurnClock())
    return taker.producer

"""The contract's rules for consumers on pipes: StandardIO, and the standard input of a child.

The child is ``cat``.  What comes out of either is read from a descriptor of ours, or is not, which
stalls it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pcstream.internet.process import reapAllProcesses
from pcstream.internet.protocol import ProcessProtocol, Protocol
from pcstream.internet.selectreactor import SelectReactor
from pcstream.internet.stdio import StandardIO
from pcstream.python import log

LIMIT = 65_536
DEADLINE_S = 10.0
QUIET_TURNS = 6


class Producer:
    """Notes its calls, and then does what it is told to."""

    def __init__(self, name: str, events: list[str]) -> None:
        self.name = name
        self.events = events
        self.on: dict[str, Callable[[], object]] = {}

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def _note(self, call: str) -> None:
        self.events.append(f"{self.name} {call}")
        self.on.get(call, bool)()

    def pauseProducing(self) -> None:
        self._note("pause")

    def resumeProducing(self) -> None:
        self._note("resume")

    def stopProducing(self) -> None:
        self._note("stop")


class PullProducer(Producer):
    """Has no pauseProducing, as its interface says (contract L6)."""

    pauseProducing = property()  # type: ignore[assignment]


class FalsyProducer(Producer):
    def __len__(self) -> int:
        return 0


class Stream(Protocol):
    def __init__(self, events: list[str]) -> None:
        self.events = events

    def connectionLost(self, reason: Any = None) -> None:
        self.events.append("lost")


class Child(ProcessProtocol):
    def __init__(self, events: list[str]) -> None:
        self.events = events

    def processEnded(self, reason: Any) -> None:
        self.events.append("lost")


class Pipe:
    """One consumer, and the far end of what it writes to.

    :ivar received: what has arrived there.
    :ivar events: what producers heard, and ``lost`` for the end.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.events: list[str] = []
        self.received = bytearray()
        self.reactor = SelectReactor()
        self.reactor.startRunning(False)
        self.far, out = os.pipe()
        os.set_blocking(self.far, False)
        self.near: Any
        if kind == "stdio":
            self._ends = [*os.pipe(), out]
            self.near = StandardIO(Stream(self.events), self._ends[0], out, reactor=self.reactor)
        else:
            self._ends = []
            self.near = self.reactor.spawnProcess(
                Child(self.events), "/bin/cat", ["cat"], env={}, childFDs={0: "w", 1: out}
            )
            os.close(out)

    @property
    def writer(self) -> Any:
        return self.near._writer if self.kind == "stdio" else self.near.pipes.get(0)

    def turn(self, read: bool = True) -> None:
        self.reactor.iterate(0.001)
        if self.kind == "proc":
            reapAllProcesses()  # no signal handler is installed
        while read and self.far is not None:
            try:
                data = os.read(self.far, 1 << 20)
            except BlockingIOError:
                return
            if not data:
                return
            self.received += data

    def until(self, condition: Callable[[], object], read: bool = True) -> None:
        give_up = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < give_up, f"waited in vain; so far: {self.events}"
            self.turn(read)

    def quiet(self, read: bool = True) -> list[str]:
        still, before = 0, None
        while still < QUIET_TURNS:
            self.turn(read)
            writer = self.writer
            now = (len(self.events), len(self.received), writer._outbox.size if writer else 0)
            still = still + 1 if now == before else 0
            before = now
        return self.events

    def stall(self) -> int:
        """Fill every buffer on the way; returns how many bytes that took."""
        before = len(self.received)
        self.near.write(b"." * 4_000_000)
        self.quiet(read=False)
        left: int = self.writer._outbox.size
        assert left, "nothing stalls"
        self.writer._outbox.clear()
        return 4_000_000 - left - before

    def lose_far_end(self) -> None:
        """Take the reader away; for a child that is its death."""
        os.close(self.far)
        self.far = None  # type: ignore[assignment]
        if self.kind == "proc":
            os.kill(self.near.pid, signal.SIGKILL)

    def close(self) -> None:
        if self.kind == "proc" and "lost" not in self.events:
            self.near.signalProcess("KILL")
        self.near.loseConnection()
        if self.far is not None:
            self.until(lambda: "lost" in self.events)
            os.close(self.far)
        for end in self._ends:
            os.close(end)
        for reader in list(self.reactor._internalReaders):
            self.reactor._removeInternalReader(reader)
            reader.connectionLost(None)


@pytest.fixture
def errors() -> Iterator[list[Any]]:
    """What is logged as an error; a test takes out what it expects."""
    heard: list[Any] = []

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            heard.append(event["failure"].value)

    log.addObserver(observe)
    yield heard
    log.removeObserver(observe)
    assert heard == []


@pytest.fixture(params=["stdio", "proc"])
def pipe(request: pytest.FixtureRequest, errors: list[Any]) -> Iterator[Pipe]:
    made = Pipe(request.param)
    yield made
    made.close()


def fail() -> None:
    raise ZeroDivisionError("a producer of no use")


def test_C1_second_registration_is_refused(pipe):
    first, second = Producer("A", pipe.events), Producer("B", pipe.events)
    pipe.near.registerProducer(first, True)
    for again in (first, second):
        with pytest.raises(RuntimeError) as raised:
            pipe.near.registerProducer(again, False)
        assert str(raised.value) == (
            f"Cannot register producer {again!r}, "
            f"because producer {first!r} was never unregistered."
        )
    assert pipe.events == []
    pipe.near.unregisterProducer()


@pytest.mark.parametrize("streaming", [True, False])
def test_C2_registering_with_the_dead_stops(pipe, streaming):
    pipe.near.loseConnection()
    pipe.until(lambda: "lost" in pipe.events)
    pipe.near.registerProducer(Producer("A", pipe.events), streaming)
    assert pipe.events == ["lost", "A stop"]


def test_C4_push_is_not_resumed_and_pull_is(pipe):
    pipe.near.registerProducer(Producer("A", pipe.events), True)
    assert pipe.quiet() == []
    pipe.near.unregisterProducer()
    pipe.near.registerProducer(PullProducer("B", pipe.events), False)
    assert pipe.events == ["B resume"]
    pipe.near.unregisterProducer()


def test_C5_C6_C8_one_pause_above_the_limit(pipe):
    pipe.stall()
    pipe.near.registerProducer(Producer("A", pipe.events), True)
    pipe.near.write(b"x" * LIMIT)
    assert pipe.events == []
    pipe.near.write(b"x")
    assert pipe.events == ["A pause"]
    pipe.near.write(b"x" * 100)
    assert pipe.events == ["A pause"]
    pipe.near.unregisterProducer()


def test_C9_C16_resumed_when_empty_and_all_in_order(pipe):
    pipe.near.registerProducer(Producer("A", pipe.events), True)
    sent = b"".join(b"%07d\n" % number for number in range(40_000))
    for start in range(0, len(sent), 10_000):
        pipe.near.write(sent[start : start + 10_000])
    pipe.until(lambda: len(pipe.received) == len(sent))
    assert pipe.quiet() == ["A pause", "A resume"]
    assert bytes(pipe.received) == sent
    pipe.near.unregisterProducer()


def test_C10_no_pause_is_inherited(pipe):
    pipe.near.registerProducer(Producer("A", pipe.events), True)
    pipe.near.write(b"x" * 500_000)
    assert pipe.events == ["A pause"]
    pipe.near.unregisterProducer()
    pipe.near.registerProducer(Producer("B", pipe.events), True)
    pipe.until(lambda: len(pipe.received) == 500_000)
    assert pipe.quiet() == ["A pause"]
    pipe.near.unregisterProducer()


def test_C13_C14_unregistering(pipe):
    pipe.near.unregisterProducer()
    pipe.near.registerProducer(Producer("A", pipe.events), True)
    pipe.near.write(b"x" * 500_000)
    pipe.near.unregisterProducer()
    pipe.near.unregisterProducer()
    pipe.until(lambda: len(pipe.received) == 500_000)


@pytest.mark.parametrize("data", ["text", bytearray(b"x"), None, 5])
@pytest.mark.parametrize("dead", [False, True])
def test_C15_bytes_only_whatever_the_state(pipe, data, dead):
    if dead:
        pipe.near.loseConnection()
        pipe.until(lambda: "lost" in pipe.events)
    with pytest.raises(TypeError, match=r"^Data must be bytes$"):
        pipe.near.write(data)
    pipe.near.write(b"")
    assert pipe.quiet() == (["lost"] if dead else [])
    assert pipe.received == b""


def test_C17_writing_to_the_dead_is_silent(pipe):
    pipe.near.loseConnection()
    pipe.until(lambda: "lost" in pipe.events)
    pipe.near.write(b"late")
    pipe.near.writeSequence([b"late"])
    assert pipe.quiet() == ["lost"]


def test_C18_any_iterable_once(pipe):
    pipe.near.writeSequence(each for each in (b"a", b"b"))
    with pytest.raises(TypeError):
        pipe.near.writeSequence([b"c", "d"])
    pipe.quiet()
    pipe.until(lambda: pipe.received)
    assert bytes(pipe.received) == b"ab"


def test_C19_C20_stopped_once_before_the_protocol_hears(pipe):
    producer = Producer("A", pipe.events)

    def while_stopping():
        pipe.near.write(b"ignored")
        pipe.near.unregisterProducer()
        pipe.near.registerProducer(Producer("B", pipe.events), True)

    producer.on["stop"] = while_stopping
    pipe.near.registerProducer(producer, True)
    pipe.lose_far_end()
    pipe.near.write(b"x" * 500_000)
    pipe.until(lambda: "A stop" in pipe.events)
    pipe.near.loseConnection()
    pipe.until(lambda: "lost" in pipe.events)
    assert [e for e in pipe.events if "pause" not in e] == ["A stop", "B stop", "lost"]


def test_C21_a_stop_that_raises_is_logged(pipe, errors):
    producer = Producer("A", pipe.events)
    producer.on["stop"] = fail
    pipe.near.registerProducer(producer, True)
    pipe.lose_far_end()
    pipe.near.write(b"x" * 500_000)
    pipe.until(lambda: "A stop" in pipe.events)
    pipe.near.loseConnection()
    pipe.until(lambda: "lost" in pipe.events)
    assert pipe.events.count("A stop") == 1
    assert [type(each) for each in errors] == [ZeroDivisionError]
    errors.clear()


def test_C22_after_a_pause_that_raises_the_data_is_sent(pipe):
    producer = Producer("A", pipe.events)
    producer.on["pause"] = fail
    pipe.near.registerProducer(producer, True)
    with pytest.raises(ZeroDivisionError):
        pipe.near.write(b"x" * 500_000)
    pipe.until(lambda: len(pipe.received) == 500_000)
    pipe.near.unregisterProducer()


def test_C24_a_first_request_that_raises_registers_nobody(pipe):
    producer = PullProducer("A", pipe.events)
    producer.on["resume"] = fail
    with pytest.raises(ZeroDivisionError):
        pipe.near.registerProducer(producer, False)
    pipe.near.registerProducer(Producer("B", pipe.events), True)
    pipe.near.unregisterProducer()


def test_C25_a_falsy_producer_is_one(pipe):
    pipe.near.registerProducer(FalsyProducer("A", pipe.events), True)
    with pytest.raises(RuntimeError):
        pipe.near.registerProducer(Producer("B", pipe.events), True)
    pipe.near.unregisterProducer()


def test_L6_T2_closing_waits_for_a_pull_producer_that_is_never_paused(pipe):
    producer = PullProducer("A", pipe.events)
    pieces = [b"%d" % number * 100_000 for number in range(5)]
    left = list(pieces)

    def produce():
        if left:
            pipe.near.write(left.pop(0))
        else:
            pipe.near.unregisterProducer()

    producer.on["resume"] = produce
    pipe.near.registerProducer(producer, False)
    pipe.near.loseConnection()
    pipe.until(lambda: "lost" in pipe.events)
    pipe.quiet()
    assert bytes(pipe.received) == b"".join(pieces)


def test_T14_stdio_losing_its_reader_stops_the_producer_and_says_nothing(errors):
    pipe = Pipe("stdio")
    pipe.near.registerProducer(Producer("A", pipe.events), True)
    pipe.lose_far_end()
    pipe.near.write(b"x")
    pipe.until(lambda: "A stop" in pipe.events)
    assert pipe.quiet() == ["A stop"]
    pipe.near.write(b"vanishes")
    pipe.near.loseConnection()
    pipe.until(lambda: "lost" in pipe.events)
    pipe.close()
    assert pipe.events == ["A stop", "lost"]

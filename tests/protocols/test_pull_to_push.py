"""A pull producer in the guise of a push producer: contract A1 to A4, P3 to P5."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from pcstream.internet import task
from pcstream.internet.interfaces import IPushProducer
from pcstream.internet.task import Clock, Cooperator
from pcstream.protocols import _pull_to_push
from pcstream.protocols._pull_to_push import _PullToPush
from pcstream.python import log


class Pull:
    """A pull producer that records its calls, and writes when asked if it has to."""

    def __init__(self, consumer: Consumer) -> None:
        self.calls: list[str] = []
        self.consumer = consumer
        self.on_resume: Callable[[], object] = lambda: self.consumer.write(b"x")
        self.on_stop: Callable[[], object] = bool

    def resumeProducing(self) -> None:
        self.calls.append("resume")
        self.on_resume()

    def stopProducing(self) -> None:
        self.calls.append("stop")
        self.on_stop()


class Consumer:
    """Takes push producers, and tells of writes if it has a clock to give."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.driver: Any = None
        self.written = 0
        self.on_unregister: Callable[[], object] = bool

    def begin(self, producer: Any) -> _PullToPush:
        self.driver = _PullToPush(producer, self, self.clock)
        self.driver.startStreaming()
        made: _PullToPush = self.driver
        return made

    def write(self, data: bytes) -> None:
        self.written += 1
        if self.clock is not None:
            self.driver.note_write()

    def unregisterProducer(self) -> None:
        self.on_unregister()
        self.driver.stopStreaming()


class Turns:
    """A cooperator whose turns are made by hand: one chunk of work each."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.cooperator = Cooperator(
            terminationPredicateFactory=lambda: lambda: True, scheduler=self._schedule
        )

    def _schedule(self, f: Callable[[], None]) -> Any:
        self.waiting.append(f)
        return self

    def cancel(self) -> None:
        self.waiting.clear()

    def make(self, count: int = 1) -> None:
        for _ in range(count):
            due, self.waiting = self.waiting, []
            for f in due:
                f()


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    made = Turns()
    monkeypatch.setattr(_pull_to_push.task, "cooperate", made.cooperator.cooperate)
    assert task.cooperate == made.cooperator.cooperate
    return made


@pytest.fixture(params=["rests", "never rests"])
def consumer(request: pytest.FixtureRequest) -> Consumer:
    return Consumer(Clock() if request.param == "rests" else None)


@pytest.fixture
def errors() -> Iterator[list[str]]:
    heard: list[str] = []

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            heard.append(f"{event['why']}: {event['failure'].value}")

    log.addObserver(observe)
    yield heard
    log.removeObserver(observe)


def fail() -> None:
    raise ZeroDivisionError("of no use")


def test_is_a_push_producer(turns, consumer):
    assert verifyObject(IPushProducer, consumer.begin(Pull(consumer)))


def test_A2_asks_once_a_turn_and_never_at_once(turns, consumer):
    producer = Pull(consumer)
    consumer.begin(producer)
    assert producer.calls == []
    for count in range(1, 5):
        turns.make()
        assert producer.calls == ["resume"] * count


def test_A1_P3_pauses_are_not_counted(turns, consumer):
    producer = Pull(consumer)
    driver = consumer.begin(producer)
    turns.make()
    driver.pauseProducing()
    driver.pauseProducing()
    driver.pauseProducing()
    turns.make(3)
    assert producer.calls == ["resume"]
    driver.resumeProducing()
    turns.make(2)
    assert producer.calls == ["resume"] * 3


def test_P4_resuming_what_is_not_paused_changes_nothing(turns, consumer):
    producer = Pull(consumer)
    driver = consumer.begin(producer)
    driver.resumeProducing()
    driver.resumeProducing()
    turns.make(2)
    assert producer.calls == ["resume"] * 2


def test_paused_before_it_starts(turns, consumer):
    producer = Pull(consumer)
    driver = _PullToPush(producer, consumer, consumer.clock)
    consumer.driver = driver
    driver.pauseProducing()
    driver.startStreaming()
    turns.make(3)
    assert producer.calls == []
    driver.resumeProducing()
    turns.make()
    assert producer.calls == ["resume"]


def test_C2_stopped_before_it_starts(turns, consumer):
    producer = Pull(consumer)
    driver = _PullToPush(producer, consumer, consumer.clock)
    driver.stopProducing()
    driver.startStreaming()
    turns.make(3)
    assert producer.calls == ["stop"]


def test_P7_a_pause_inside_the_request_holds(turns, consumer):
    producer = Pull(consumer)
    driver = consumer.begin(producer)

    def paused():
        consumer.write(b"x")
        driver.pauseProducing()

    producer.on_resume = paused
    turns.make(4)
    assert producer.calls == ["resume"]
    driver.resumeProducing()
    turns.make(1)
    assert producer.calls == ["resume"] * 2


@pytest.mark.parametrize("end", ["stopProducing", "stopStreaming"])
def test_A3_nothing_after_the_end(turns, consumer, end):
    producer = Pull(consumer)
    driver = consumer.begin(producer)
    turns.make()
    getattr(driver, end)()
    for call in (driver.pauseProducing, driver.resumeProducing, driver.stopStreaming):
        call()
    turns.make(3)
    assert producer.calls == ["resume"] + (["stop"] if end == "stopProducing" else [])


def test_A3_P5_stopped_once(turns, consumer):
    producer = Pull(consumer)
    driver = consumer.begin(producer)
    driver.stopProducing()
    driver.stopProducing()
    assert producer.calls == ["stop"]


def test_L5_unregistering_inside_the_request(turns, consumer):
    producer = Pull(consumer)
    consumer.begin(producer)
    producer.on_resume = consumer.unregisterProducer
    turns.make(3)
    assert producer.calls == ["resume"]


def test_A4_a_request_that_raises(turns, consumer, errors):
    producer = Pull(consumer)
    consumer.begin(producer)
    producer.on_resume = fail
    turns.make(3)
    assert producer.calls == ["resume", "stop"]
    assert errors == [
        f"{producer!r} raised while calling resumeProducing on it: of no use",
    ]


def test_A4_and_a_consumer_that_raises_as_well(turns, consumer, errors):
    producer = Pull(consumer)
    consumer.begin(producer)
    producer.on_resume = producer.on_stop = consumer.on_unregister = fail
    turns.make(3)
    assert producer.calls == ["resume", "stop"]
    assert [text.split(" raised ")[1] for text in errors] == [
        "while calling resumeProducing on it: of no use",
        "while calling unregisterProducer on it: of no use",
        "in stopProducing: of no use",
    ]


# -- contract A2: who has nothing to write is asked less and less often


def asked_at(turns: Turns, clock: Clock, producer: Pull, seconds: float) -> list[int]:
    """The milliseconds at which *producer* is asked."""
    found = []
    end = clock.seconds() + seconds
    while clock.seconds() < end:
        before = len(producer.calls)
        turns.make(2)
        found += [round(1000 * clock.seconds())] * (len(producer.calls) - before)
        clock.advance(0.001)
    return found


def test_A2_rests_grow_up_to_a_limit(turns):
    clock = Clock()
    producer = Pull(consumer := Consumer(clock))
    producer.on_resume = bool
    consumer.begin(producer)
    times = asked_at(turns, clock, producer, 0.6)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps[:7] == [1, 2, 4, 8, 16, 32, 64]
    assert set(gaps[7:]) == {100}


def test_A2_a_write_ends_the_rest_and_the_next_is_short_again(turns):
    clock = Clock()
    producer = Pull(consumer := Consumer(clock))
    producer.on_resume = bool
    driver = consumer.begin(producer)
    asked_at(turns, clock, producer, 0.3)
    before = len(producer.calls)
    producer.on_resume = lambda: consumer.write(b"x")
    consumer.write(b"unasked")
    turns.make(3)
    assert producer.calls[before:] == ["resume"] * 3
    producer.on_resume = bool
    turns.make()
    assert [round(call.getTime() - clock.seconds(), 3) for call in clock.getDelayedCalls()] == [
        0.001
    ]
    driver.stopProducing()
    assert clock.getDelayedCalls() == []


def test_A2_a_pause_during_a_rest_outlives_it(turns):
    clock = Clock()
    producer = Pull(consumer := Consumer(clock))
    producer.on_resume = bool
    driver = consumer.begin(producer)
    turns.make()
    driver.pauseProducing()
    clock.advance(1)
    turns.make(3)
    assert producer.calls == ["resume"]
    driver.resumeProducing()
    turns.make()
    assert producer.calls == ["resume"] * 2


def test_A2_a_resume_during_a_rest_does_not_end_it(turns):
    clock = Clock()
    producer = Pull(consumer := Consumer(clock))
    producer.on_resume = bool
    driver = consumer.begin(producer)
    turns.make()
    driver.pauseProducing()
    driver.resumeProducing()
    turns.make(3)
    assert producer.calls == ["resume"]
    clock.advance(0.001)
    turns.make()
    assert producer.calls == ["resume"] * 2

"""Work over time: the clock, looping calls, cooperating iterators, deferLater and react."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from pcstream.internet import error, task
from pcstream.internet.defer import CancelledError, Deferred, fail, succeed
from pcstream.internet.interfaces import IDelayedCall, IReactorTime
from pcstream.internet.task import Clock, Cooperator, LoopingCall
from pcstream.python import log


class Boom(Exception):
    """An error like any other."""


def outcome(d: Deferred[Any]) -> Any:
    """The Deferred's result, which is there."""
    got: list[Any] = []
    d.addBoth(got.append)
    assert len(got) == 1
    return got[0]


# -- Clock ----------------------------------------------------------------------------------


def test_the_clock_is_a_reactors_time() -> None:
    clock = Clock()
    verifyObject(IReactorTime, clock)
    assert IDelayedCall.providedBy(clock.callLater(1, len, ()))
    assert clock.seconds() == 0


def test_calls_are_made_in_order_when_their_time_has_come() -> None:
    clock = Clock()
    order: list[Any] = []
    clock.callLater(3, order.append, "three")
    clock.callLater(1, order.append, "one")
    cancelled = clock.callLater(2, order.append, "two")
    cancelled.cancel()
    clock.advance(0.5)
    assert order == []
    clock.pump([0.5, 2])
    assert order == ["one", "three"]
    assert clock.getDelayedCalls() == []


def test_a_call_may_put_others_off() -> None:
    clock = Clock()
    order: list[Any] = []
    second = clock.callLater(2, order.append, "put off")
    clock.callLater(1, lambda: second.reset(30))
    clock.callLater(3, order.append, "third")
    clock.advance(10)
    assert order == ["third"]
    clock.advance(30)
    assert order == ["third", "put off"]


def test_a_call_that_runs_counts_as_called() -> None:
    clock = Clock()

    def run() -> None:
        with pytest.raises(error.AlreadyCalled):
            call.cancel()

    call = clock.callLater(1, run)
    clock.advance(1)
    assert not call.active()


# -- LoopingCall ----------------------------------------------------------------------------


def looping(clock: Clock, f: Callable[..., Any], *args: Any) -> LoopingCall:
    loop = LoopingCall(f, *args)
    loop.clock = clock
    return loop


def test_a_loop_calls_at_once_and_at_each_interval() -> None:
    clock = Clock()
    times: list[float] = []
    loop = looping(clock, lambda: times.append(clock.seconds()))
    done = loop.start(2)
    clock.pump([1] * 5)
    assert times == [0, 2, 4]
    loop.stop()
    assert outcome(done) is loop
    assert clock.getDelayedCalls() == []


def test_a_loop_may_begin_an_interval_later() -> None:
    clock = Clock()
    times: list[float] = []
    looping(clock, lambda: times.append(clock.seconds())).start(2, now=False)
    clock.pump([1] * 5)
    assert times == [2, 4]


def test_calls_that_come_too_late_are_left_out() -> None:
    clock = Clock()
    times: list[float] = []
    looping(clock, lambda: times.append(clock.seconds())).start(1)
    clock.pump([2.5, 0.25, 0.25, 1])
    assert times == [0, 2.5, 3, 4]


def test_a_loop_waits_for_a_deferred() -> None:
    clock = Clock()
    waiting: list[Deferred[Any]] = []

    def call() -> Deferred[Any]:
        waiting.append(Deferred())
        return waiting[-1]

    loop = looping(clock, call)
    done = loop.start(1)
    clock.pump([1] * 3)
    assert len(waiting) == 1
    loop.stop()
    assert not done.called
    waiting[0].callback(None)
    assert outcome(done) is loop


def test_an_error_ends_the_loop() -> None:
    clock = Clock()
    loop = looping(clock, lambda: 1 / 0)
    assert outcome(loop.start(1)).type is ZeroDivisionError
    assert not loop.running
    loop = looping(clock, lambda: loop.stop() or fail(Boom()))
    assert outcome(loop.start(1)).type is Boom


def test_a_loop_can_be_reset() -> None:
    clock = Clock()
    times: list[float] = []
    loop = looping(clock, lambda: times.append(clock.seconds()))
    loop.start(2, now=False)
    clock.advance(1)
    loop.reset()
    clock.pump([1, 1])
    assert times == [3]


def test_an_interval_of_zero_calls_once_a_turn() -> None:
    clock = Clock()
    times: list[float] = []
    loop = looping(clock, lambda: times.append(0) or (len(times) > 2 and loop.stop()))
    loop.start(0)
    assert len(times) == 1
    clock.advance(0)
    clock.advance(0)
    assert len(times) == 3


def test_with_count_tells_how_many_intervals_have_begun() -> None:
    clock = Clock()
    counts: list[int] = []
    loop = LoopingCall.withCount(counts.append)
    loop.clock = clock
    loop.start(0.5)
    clock.pump([0.51, 1.51, 0.1])
    assert counts == [1, 1, 3]


@given(
    st.integers(1, 60).map(lambda n: n / 10),
    st.lists(st.integers(1, 200).map(lambda n: n / 10), max_size=30),
)
def test_counts_add_up_to_the_time_that_has_passed(interval: float, steps: list[float]) -> None:
    clock = Clock()
    counts: list[int] = []
    loop = LoopingCall.withCount(counts.append)
    loop.clock = clock
    loop.start(interval, now=False)
    clock.pump(steps)
    assert all(count > 0 for count in counts)
    assert sum(counts) in (
        int(clock.seconds() / interval),
        int(clock.seconds() / interval) - 1,  # the last one is due only in a rounding's time
    )


def test_misuse_of_a_loop() -> None:
    clock = Clock()
    loop = looping(clock, lambda: None)
    with pytest.raises(AssertionError, match="Tried to stop"):
        loop.stop()
    with pytest.raises(AssertionError, match="Tried to reset"):
        loop.reset()
    with pytest.raises(ValueError, match="interval must be >= 0"):
        loop.start(-1)
    loop.start(1)
    with pytest.raises(AssertionError, match="already running"):
        loop.start(1)
    with pytest.warns(DeprecationWarning, match="LoopingCall.deferred was deprecated"):
        assert isinstance(loop.deferred, Deferred)


def test_a_loops_repr_names_its_function() -> None:
    assert repr(LoopingCall(outcome, 1, key=2)) == (
        "LoopingCall<None>(outcome, *(1,), **{'key': 2})"
    )


# -- Cooperator -----------------------------------------------------------------------------


class Rounds:
    """A scheduler whose rounds are made by hand, a step each."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.cooperator = Cooperator(
            terminationPredicateFactory=lambda: lambda: True,
            scheduler=lambda f: self.clock.callLater(1, f),
        )

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self.clock.advance(1)


@pytest.fixture
def rounds() -> Rounds:
    return Rounds()


def counting(seen: list[Any], name: str = "", until: int = 1000) -> Iterator[Any]:
    for number in range(until):
        seen.append(f"{name}{number}")
        yield


def test_iterators_take_turns(rounds: Rounds) -> None:
    seen: list[str] = []
    rounds.cooperator.cooperate(counting(seen, "a"))
    rounds.cooperator.cooperate(counting(seen, "b"))
    rounds.step(4)
    assert seen == ["a0", "b0", "a1", "b1"]


def test_its_end_is_told_to_everybody_who_asks(rounds: Rounds) -> None:
    steps = counting([], until=1)
    one = rounds.cooperator.cooperate(steps)
    before = one.whenDone()
    before.addCallback(lambda _: "changed")
    rounds.step(2)
    assert outcome(before) == "changed"
    assert outcome(one.whenDone()) is steps
    with pytest.raises(task.TaskDone):
        one.stop()


def test_an_error_is_told_too(rounds: Rounds) -> None:
    def breaks() -> Iterator[Any]:
        raise Boom
        yield

    one = rounds.cooperator.cooperate(breaks())
    rounds.step()
    assert outcome(one.whenDone()).type is Boom
    with pytest.raises(task.TaskFailed):
        one.pause()


def test_a_deferred_is_waited_for(rounds: Rounds) -> None:
    d: Deferred[Any] = Deferred()
    steps = iter([d, None])
    one = rounds.cooperator.cooperate(steps)
    rounds.step(3)
    assert next(steps, "no more") is None
    d.callback(None)
    rounds.step(2)
    assert outcome(one.whenDone()) is steps
    broken = rounds.cooperator.cooperate(iter([fail(Boom())]))
    rounds.step()
    assert outcome(broken.whenDone()).type is Boom


def test_pauses_are_counted(rounds: Rounds) -> None:
    seen: list[str] = []
    one = rounds.cooperator.cooperate(counting(seen))
    one.pause()
    one.pause()
    assert rounds.clock.getDelayedCalls() == []
    one.resume()
    rounds.step()
    assert seen == []
    one.resume()
    rounds.step()
    assert seen == ["0"]
    with pytest.raises(task.NotPaused):
        one.resume()


def test_a_task_can_be_stopped(rounds: Rounds) -> None:
    one = rounds.cooperator.cooperate(counting([]))
    done = one.whenDone()
    one.stop()
    assert outcome(done).type is task.TaskStopped
    with pytest.raises(task.TaskStopped):
        one.stop()
    assert rounds.clock.getDelayedCalls() == []


def test_stopping_the_cooperator_ends_every_task(rounds: Rounds) -> None:
    tasks = [rounds.cooperator.coiterate(counting([])) for _ in range(4)]
    rounds.cooperator.stop()
    assert [outcome(d).type for d in tasks] == [task.SchedulerStopped] * 4
    given_one: Deferred[Any] = Deferred()
    assert rounds.cooperator.coiterate(iter(()), given_one) is given_one
    assert outcome(given_one).type is task.SchedulerStopped
    assert not rounds.cooperator.running
    rounds.cooperator.start()
    assert rounds.cooperator.running


def test_a_cooperator_may_be_started_later() -> None:
    clock = Clock()
    cooperator = Cooperator(scheduler=lambda f: clock.callLater(0, f), started=False)
    done = cooperator.coiterate(iter(()))
    clock.advance(1)
    assert not done.called
    cooperator.start()
    clock.advance(1)
    assert done.called


def test_a_round_ends_when_it_has_taken_long_enough() -> None:
    timer = task._Timer()
    assert not timer()
    timer.end -= timer.MAX_SLICE
    assert timer()


# -- deferLater and react -------------------------------------------------------------------


def test_defer_later() -> None:
    clock = Clock()
    d = task.deferLater(clock, 3, lambda a, b: (a, b), 1, b=2)
    clock.advance(2)
    assert not d.called
    clock.advance(1)
    assert outcome(d) == (1, 2)
    waits = task.deferLater(clock, 1)
    broken = task.deferLater(clock, 1, lambda: 1 / 0)
    clock.advance(1)
    assert outcome(waits) is None
    assert outcome(broken).type is ZeroDivisionError


def test_a_later_call_can_be_cancelled() -> None:
    clock = Clock()
    d = task.deferLater(clock, 3, pytest.fail)
    d.cancel()
    assert clock.getDelayedCalls() == []
    assert outcome(d).type is CancelledError


class TurnedReactor:
    """As much of a reactor as react needs, with a clock's time."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.callLater = self.clock.callLater
        self.is_running = False
        self.at_start: list[Callable[[], Any]] = []
        self.at_end: list[Callable[[], Any]] = []

    def addSystemEventTrigger(self, phase: str, event: str, f: Callable[..., Any]) -> None:
        assert event == "shutdown"
        self.at_end.append(f)

    def callWhenRunning(self, f: Callable[..., Any], *args: Any) -> None:
        if self.is_running:
            f(*args)
        else:
            self.at_start.append(lambda: f(*args))

    def run(self) -> None:
        self.is_running = True
        for f in self.at_start:
            f()
        while self.is_running:
            self.clock.advance(1)
        for f in self.at_end:
            f()

    def stop(self) -> None:
        if not self.is_running:
            raise error.ReactorNotRunning
        self.is_running = False


def status(main: Callable[..., Any], *argv: Any) -> Any:
    """What the program ends with."""
    with pytest.raises(SystemExit) as caught:
        task.react(main, argv, _reactor=TurnedReactor())  # type: ignore[arg-type]
    return caught.value.code


def test_react_ends_with_the_work() -> None:
    async def coroutine(reactor: Any, *argv: int) -> None:
        assert argv == (1, 2)
        await task.deferLater(reactor, 1)

    assert status(coroutine, 1, 2) == 0
    assert status(lambda reactor: succeed(None)) == 0
    assert status(lambda reactor: task.deferLater(reactor, 2)) == 0


def test_react_logs_a_failure_and_ends_with_one() -> None:
    events: list[Any] = []
    log.addObserver(events.append)
    try:
        assert status(lambda reactor: fail(Boom())) == 1
    finally:
        log.removeObserver(events.append)
    (event,) = events
    assert event["failure"].type is Boom
    assert event["why"] == "main function encountered error"


def test_react_ends_with_the_status_that_it_is_told() -> None:
    assert status(lambda reactor: fail(SystemExit(23))) == 23


def test_react_ends_when_somebody_else_stops_the_reactor() -> None:
    def main(reactor: Any) -> Deferred[Any]:
        d: Deferred[Any] = Deferred()
        reactor.callLater(1, reactor.stop)
        reactor.addSystemEventTrigger("during", "shutdown", lambda: d.callback(None))
        return d

    assert status(main) == 0

    def stops_first(reactor: Any) -> Deferred[Any]:
        d: Deferred[Any] = Deferred()
        reactor.callWhenRunning(lambda: (reactor.stop(), d.callback(None)))
        return d

    assert status(stops_first) == 0

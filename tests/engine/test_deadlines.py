"""The deadline heap against the simplest model there is: a list that is sorted when needed."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pcstream._engine.deadlines import SWEEP_AT_LEAST, Deadlines
from pcstream.internet.base import DelayedCall


class Clock:
    """A time that tests set, and calls on it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.deadlines: Deadlines[DelayedCall] = Deadlines()

    def seconds(self) -> float:
        return self.now

    def bury(self, call: DelayedCall) -> None:
        self.deadlines.dead += 1

    def later(self, delay: float, name: object = None) -> DelayedCall:
        call = DelayedCall(
            self.now + delay,
            print,
            (name,),
            {},
            self.bury,
            self.deadlines.hasten,
            self.seconds,
        )
        self.deadlines.new.append(call)
        return call

    def due(self) -> list[DelayedCall]:
        self.deadlines.settle()
        found = []
        while (call := self.deadlines.pop(self.now)) is not None:
            call.called = 1
            found.append(call)
        return found


def test_runs_in_order_of_time_then_of_insertion() -> None:
    clock = Clock()
    late, first, second = clock.later(2), clock.later(1), clock.later(1)
    clock.now = 5
    assert clock.due() == [first, second, late]


def test_a_hundred_calls_for_one_moment_keep_their_order() -> None:
    clock = Clock()
    calls = [clock.later(1) for _ in range(100)]
    clock.now = 1
    assert clock.due() == calls


def test_a_new_call_is_not_due_before_it_is_settled() -> None:
    clock = Clock()
    clock.later(0)
    assert clock.deadlines.pop(10) is None
    assert clock.deadlines.next_time() is None


def test_next_time_skips_the_cancelled_and_moves_the_delayed() -> None:
    clock = Clock()
    cancelled, delayed, other = clock.later(1), clock.later(2), clock.later(3)
    clock.deadlines.settle()
    cancelled.cancel()
    delayed.delay(10)
    assert clock.deadlines.next_time() == 3
    other.cancel()
    assert clock.deadlines.next_time() == 12
    assert clock.deadlines.dead == 0


def test_a_call_cancelled_in_its_own_turn_never_enters_the_heap() -> None:
    clock = Clock()
    for _ in range(1000):
        clock.later(30).cancel()
    clock.deadlines.settle()
    assert len(clock.deadlines) == 0
    assert clock.deadlines.dead == 0


def test_memory_of_cancelled_calls_is_bounded() -> None:
    clock = Clock()
    for _ in range(100):
        calls = [clock.later(1000) for _ in range(100)]
        clock.deadlines.settle()
        for call in calls:
            call.cancel()
        clock.deadlines.sweep()
        assert len(clock.deadlines) <= 2 * SWEEP_AT_LEAST + 100


def test_memory_of_calls_brought_forward_is_bounded() -> None:
    clock = Clock()
    call = clock.later(1e6)
    clock.deadlines.settle()
    for step in range(10_000):
        call.reset(1e6 - step - 1)
        clock.deadlines.sweep()
        assert len(clock.deadlines) <= 2 * SWEEP_AT_LEAST + 1
    clock.now = 1e6
    assert clock.due() == [call]
    assert clock.due() == []


def test_brought_forward_and_back_to_where_it_was_runs_once() -> None:
    clock = Clock()
    call = clock.later(10)
    clock.deadlines.settle()
    call.reset(5)
    call.reset(10)
    clock.now = 9.9
    assert clock.due() == []
    clock.now = 10
    assert clock.due() == [call]
    clock.now = 20
    assert clock.due() == []


TIMES = st.integers(0, 20).map(float)


class AgainstASortedList(RuleBasedStateMachine):
    """Random lives of calls. Equal times are told apart only where insertion decides."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.alive: list[DelayedCall] = []
        self.when: dict[DelayedCall, float] = {}
        self.born: dict[DelayedCall, int] = {}
        self.moved: set[DelayedCall] = set()

    def pick(self, number: int) -> DelayedCall | None:
        return self.alive[number % len(self.alive)] if self.alive else None

    @rule(delay=TIMES)
    def add(self, delay: float) -> None:
        call = self.clock.later(delay)
        self.alive.append(call)
        self.when[call] = self.clock.now + delay
        self.born[call] = len(self.born)

    @rule(number=st.integers(0))
    def cancel(self, number: int) -> None:
        if call := self.pick(number):
            call.cancel()
            self.alive.remove(call)

    @rule(number=st.integers(0), delay=TIMES)
    def reset(self, number: int, delay: float) -> None:
        if call := self.pick(number):
            call.reset(delay)
            self.when[call] = self.clock.now + delay
            self.moved.add(call)

    @rule(number=st.integers(0), delay=st.integers(-20, 20).map(float))
    def delay(self, number: int, delay: float) -> None:
        if call := self.pick(number):
            call.delay(delay)
            self.when[call] += delay
            self.moved.add(call)

    @rule()
    def settle(self) -> None:
        self.clock.deadlines.settle()

    @rule()
    def sweep(self) -> None:
        self.clock.deadlines.sweep()

    @rule()
    def ask_for_the_next(self) -> None:
        self.clock.deadlines.settle()
        expected = min((self.when[call] for call in self.alive), default=None)
        assert self.clock.deadlines.next_time() == expected

    @rule(step=TIMES)
    def turn(self, step: float) -> None:
        self.clock.now += step
        ran = self.clock.due()
        expected = [call for call in self.alive if self.when[call] <= self.clock.now]
        assert sorted(map(id, ran)) == sorted(map(id, expected))
        assert [self.when[call] for call in ran] == sorted(self.when[call] for call in ran)
        still = [call for call in ran if call not in self.moved]
        assert still == sorted(still, key=lambda call: (self.when[call], self.born[call]))
        self.alive = [call for call in self.alive if call not in set(ran)]

    @invariant()
    def the_same_calls_are_pending(self) -> None:
        assert set(self.clock.deadlines.pending()) == set(self.alive)
        assert all(call.getTime() == self.when[call] for call in self.alive)

    @invariant()
    def dead_entries_are_counted(self) -> None:
        assert self.clock.deadlines.dead == len(self.clock.deadlines) - len(self.alive)


AgainstASortedList.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None
)
TestAgainstASortedList = AgainstASortedList.TestCase

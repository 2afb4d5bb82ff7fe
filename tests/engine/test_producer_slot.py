"""The slot's table is total, and the slot behaves as a few sentences of the contract say."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pcstream._engine.producer_slot import TABLE, Call, Event, ProducerSlot, State
from pcstream.python import log

NEWCOMERS = (Event.REGISTER_PUSH, Event.REGISTER_PULL, Event.REGISTER_PULL_QUIETLY)
OCCUPIED = (
    State.PUSH_FLOWING,
    State.PUSH_PAUSED,
    State.PULL_IDLE,
    State.PULL_ASKED,
    State.DYING,
)


class Producer:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")


@pytest.fixture
def errors() -> Iterator[list[Any]]:
    heard: list[Any] = []

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            heard.append((event["why"], event["failure"].value))

    log.addObserver(observe)
    yield heard
    log.removeObserver(observe)


def test_the_table_is_total() -> None:
    assert set(TABLE) == set(itertools.product(State, Event))


def test_every_state_can_be_reached() -> None:
    seen, new = {State.NONE}, {State.NONE}
    while new:
        new = {TABLE[state, event][0] for state in new for event in Event} - seen
        seen |= new
    assert seen == set(State)


@pytest.mark.parametrize("state", OCCUPIED)
@pytest.mark.parametrize("event", NEWCOMERS)
def test_C1_no_newcomer_while_one_is_there(state: State, event: Event) -> None:
    assert TABLE[state, event] == (state, Call.REFUSE)


@pytest.mark.parametrize("event", NEWCOMERS)
def test_C2_the_dead_stop_the_newcomer(event: Event) -> None:
    assert TABLE[State.DEAD, event] == (State.DEAD, Call.STOP_NEWCOMER)


def test_C10_a_resume_is_only_for_the_paused_and_for_pull_producers() -> None:
    resumed = {state for (state, _), (_, call) in TABLE.items() if call is Call.RESUME}
    assert resumed == {State.PUSH_PAUSED, State.PULL_IDLE, State.PULL_ASKED}


def test_C8_a_pause_is_only_for_the_flowing() -> None:
    paused = {state for (state, _), (_, call) in TABLE.items() if call is Call.PAUSE}
    assert paused == {State.PUSH_FLOWING}


def test_C19_losing_stops_whoever_is_there_and_nothing_follows() -> None:
    for state in State:
        after, call = TABLE[state, Event.LOST]
        assert after is State.DEAD
        assert (call is Call.STOP) == (state in OCCUPIED)


def test_T4_the_dying_hear_only_their_stop() -> None:
    calls = {TABLE[State.DYING, event][1] for event in Event}
    assert calls == {Call.REFUSE, Call.RELEASE, Call.NOTHING, Call.STOP}


class SlotMachine(RuleBasedStateMachine):
    """Any sequence of events, against the contract's grammar kept by hand.

    The model knows: who is registered and how, whether a pause is owed its resume, whether the
    consumer is cut off, whether it is gone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.slot = ProducerSlot()
        self.holder: Producer | None = None
        self.is_push = False
        self.is_paused = False
        self.is_cut_off = False
        self.expected: dict[int, list[str]] = {}
        self.everybody: list[Producer] = []

    def _expect(self, producer: Producer, *calls: str) -> None:
        self.expected.setdefault(id(producer), []).extend(calls)

    @rule(streaming=st.booleans(), asks_at_once=st.booleans())
    def register(self, streaming: bool, asks_at_once: bool) -> None:
        newcomer = Producer()
        self.everybody.append(newcomer)
        if self.holder is not None:
            with pytest.raises(RuntimeError):
                self.slot.register(newcomer, streaming, asks_at_once=asks_at_once)
            return
        self.slot.register(newcomer, streaming, asks_at_once=asks_at_once)
        if self.is_cut_off:
            self._expect(newcomer, "stop")
            return
        self.holder, self.is_push, self.is_paused = newcomer, streaming, False
        if not streaming and asks_at_once:
            self._expect(newcomer, "resume")

    @rule()
    def unregister(self) -> None:
        self.slot.unregister()
        self.holder = None
        self.is_paused = False

    @rule()
    def overfull(self) -> None:
        self.slot.overfull()
        if self.holder and self.is_push and not self.is_paused and not self.is_cut_off:
            self.is_paused = True
            self._expect(self.holder, "pause")

    @rule()
    def drained(self) -> None:
        due = bool(self.holder and (self.is_paused or not self.is_push) and not self.is_cut_off)
        assert self.slot.drained() is due
        if due:
            assert self.holder is not None
            self.is_paused = False
            self._expect(self.holder, "resume")

    @rule()
    def cut_off(self) -> None:
        self.slot.cut_off()
        self.is_cut_off = True
        self.is_paused = False

    @rule()
    def lost(self) -> None:
        self.slot.lost()
        if self.holder is not None:
            self._expect(self.holder, "stop")
        self.holder = None
        self.is_cut_off = True
        self.is_paused = False

    @invariant()
    def everybody_heard_what_was_due(self) -> None:
        for producer in self.everybody:
            assert producer.calls == self.expected.get(id(producer), [])
        assert self.slot.producer is self.holder
        assert self.slot.is_paused is self.is_paused


TestSlot = SlotMachine.TestCase
TestSlot.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)


def test_the_state_tells_the_truth_inside_each_call() -> None:
    slot = ProducerSlot()
    states: list[State] = []

    class Watcher(Producer):
        def pauseProducing(self) -> None:
            states.append(slot.state)

        resumeProducing = stopProducing = pauseProducing

    slot.register(Watcher(), True)
    slot.overfull()
    slot.drained()
    slot.lost()
    assert states == [State.PUSH_PAUSED, State.PUSH_FLOWING, State.DEAD]


def test_C21_what_stop_raises_is_logged(errors: list[Any]) -> None:
    class Rude(Producer):
        def stopProducing(self) -> None:
            raise ZeroDivisionError

        def __repr__(self) -> str:
            return "<rude>"

    slot = ProducerSlot()
    slot.register(Rude(), True)
    slot.lost()
    slot.register(Rude(), False)
    assert [why for why, _ in errors] == ["<rude> raised in stopProducing"] * 2
    assert all(isinstance(error, ZeroDivisionError) for _, error in errors)


def test_C24_whoever_replaced_the_raiser_stays() -> None:
    slot = ProducerSlot()
    other = Producer()

    class Swapping(Producer):
        def resumeProducing(self) -> None:
            slot.unregister()
            slot.register(other, True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        slot.register(Swapping(), False)
    assert slot.producer is other


def test_a_producer_put_there_by_hand_gets_no_call() -> None:
    slot = ProducerSlot()
    producer = Producer()
    slot.adopt(producer)
    assert producer.calls == []
    slot.overfull()
    slot.drained()
    assert producer.calls == ["pause", "resume"]

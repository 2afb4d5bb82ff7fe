"""Counting outboxes and slots do what plain ones do, and count all of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcstream._engine.meters import (
    CountingOutbox,
    CountingSlot,
    Meter,
    take_outbox_over,
    take_slot_over,
)
from pcstream._engine.outbox import EMPTY_OUTBOX, Outbox
from pcstream._engine.producer_slot import VACANT_SLOT, ProducerSlot, State


class Stretch:
    """A segment that is in a file, or is not."""

    def __init__(self, count: int) -> None:
        self.remaining_bytes = count

    def advance(self, count: int) -> None:
        self.remaining_bytes -= count

    def read(self, limit: int) -> bytes:
        return bytes(min(limit, self.remaining_bytes))

    def send(self, skt: Any, limit: int) -> int:
        return min(limit, self.remaining_bytes)


class InFile(Stretch):
    file = "a file"


SIZES = st.integers(0, 300)
STEPS = st.one_of(
    st.tuples(st.sampled_from(["append", "inline", "stretch", "file", "consume", "cut"]), SIZES),
    st.tuples(st.sampled_from(["withdraw", "clear", "peek", "all", "swap"]), st.just(0)),
)


def inline(outbox: Outbox, data: bytes) -> None:
    """As a transport's write does it."""
    outbox.pieces.append(data)
    outbox.size += len(data)


def step(outbox: Outbox, what: str, count: int, queued: list[Any]) -> object:
    if what == "append":
        outbox.append(bytes(count))
    elif what == "inline" and count:
        inline(outbox, bytes(count))
    elif what in ("stretch", "file"):
        queued.append((InFile if what == "file" else Stretch)(count))
        outbox.append_segment(queued[-1])
    elif what == "consume":
        outbox.consume(min(count, outbox.size))
    elif what == "cut":
        head: Any = outbox.head_segment()
        if head is not None:
            before = head.remaining_bytes
            head.remaining_bytes = max(0, before - count)
            outbox.settle_head(before)
    elif what == "withdraw" and queued:
        outbox.withdraw(queued.pop())
    elif what == "clear":
        outbox.clear()
    elif what == "peek":
        return bytes(outbox.peek(100))
    elif what == "all" and outbox.size and not outbox._segments and outbox._head == 0:
        outbox.consume(outbox.size)
    return outbox.size, outbox.count, bool(outbox), b"".join(outbox.gather(100))


@given(st.lists(STEPS, max_size=40))
def test_a_counting_outbox_is_an_outbox(steps: list[tuple[str, int]]) -> None:
    parent = Meter(lambda: 0.0)
    meter = Meter(lambda: 0.0, parent)
    plain, counting = Outbox(), Outbox()
    theirs: list[Any] = []
    ours: list[Any] = []
    held = counting  # somebody who has it in a variable
    is_counted = False
    for number, (what, count) in enumerate(steps):
        if what == "swap" and not is_counted:
            counting = take_outbox_over(counting, meter)
            is_counted = True
            continue
        outbox = held if number % 2 else counting
        assert step(plain, what, count, theirs) == step(outbox, what, count, ours)
        if is_counted:
            assert meter.queued == plain.size
            assert meter.accepted == meter.sent + meter.dropped + meter.queued
            in_files = sum(
                each.remaining_bytes for each in counting.pieces if isinstance(each, InFile)
            )
            assert meter.on_disk == in_files
        assert (parent.queued, parent.accepted) == (meter.queued, meter.accepted)
    counting.clear()
    assert (meter.queued, meter.on_disk) == (0, 0)


def test_the_shared_empty_outbox_stays_empty() -> None:
    meter = Meter(lambda: 0.0)
    mine = take_outbox_over(EMPTY_OUTBOX, meter)
    mine.append(b"abc")
    assert EMPTY_OUTBOX.pieces == []
    assert type(EMPTY_OUTBOX).__name__ == "_EmptyOutbox"


def test_a_file_is_not_in_memory() -> None:
    meter = Meter(lambda: 0.0)
    outbox = CountingOutbox(meter)
    outbox.append(b"x" * 10)
    outbox.append_segment(InFile(1000))
    outbox.append_segment(Stretch(5))
    assert (meter.queued, meter.on_disk, meter.buffered, meter.peak) == (1015, 1000, 15, 15)
    outbox.consume(110)
    assert (meter.on_disk, meter.buffered) == (900, 5)
    outbox.consume(905)
    assert (meter.on_disk, meter.buffered, meter.sent) == (0, 0, 1015)


def test_what_a_layer_above_holds_counts_as_buffered_and_as_nothing_else() -> None:
    meter = Meter(lambda: 0.0)
    layer = CountingOutbox(meter, is_below=False)
    layer.append(b"x" * 10)
    assert (meter.buffered, meter.peak, meter.accepted) == (10, 10, 0)
    layer.consume(10)
    assert (meter.buffered, meter.sent, meter.dropped) == (0, 0, 0)


def test_the_cap_is_looked_at_by_every_growth_and_the_relief_at_half() -> None:
    said: list[Any] = []
    parent = Meter(lambda: 0.0)
    meter = Meter(lambda: 0.0, parent)
    parent.cap, parent.exceeded = 100, lambda grown: said.append(grown)
    outbox = CountingOutbox(meter)
    outbox.append(bytes(100))
    assert said == []
    outbox.append(b"x")
    outbox.append(b"y")
    assert said == [meter, meter]
    parent.relieved = lambda: said.append("relieved")
    outbox.consume(51)
    assert said == [meter, meter]
    outbox.consume(1)
    assert said[2:] == ["relieved"]


class Told:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")


EVENTS = st.sampled_from(
    ["push", "pull", "unregister", "overfull", "drained", "cut_off", "lost", "swap"]
)


@given(st.lists(EVENTS, max_size=30))
def test_a_counting_slot_is_a_slot(events: list[str]) -> None:
    now = [0.0]
    meter = Meter(lambda: now[0])
    gone: list[None] = []
    plain, counting = ProducerSlot(), ProducerSlot()
    theirs, ours = Told(), Told()
    is_counted = False
    for event in events:
        now[0] += 1.0
        if event == "swap":
            if not is_counted:
                counting = take_slot_over(counting, meter, lambda: gone.append(None))
                is_counted = True
            continue
        outcomes = []
        for slot, told in ((plain, theirs), (counting, ours)):
            try:
                if event in ("push", "pull"):
                    slot.register(told, event == "push")
                else:
                    getattr(slot, event)()
            except RuntimeError:
                outcomes.append("refused")
            outcomes.append(slot.state)
        assert outcomes[: len(outcomes) // 2] == outcomes[len(outcomes) // 2 :]
        assert theirs.calls == ours.calls
        assert meter._paused_now == (is_counted and counting.state is State.PUSH_PAUSED)
    if is_counted and "swap" in events and events.index("swap") == 0:
        assert meter.pauses == ours.calls.count("pause")


def test_time_paused() -> None:
    now = [10.0]
    parent = Meter(lambda: now[0])
    first, second = (CountingSlot(Meter(lambda: now[0], parent), lambda: None) for _ in range(2))
    for slot in (first, second):
        slot.register(Told(), True)
        slot.overfull()
        now[0] += 1.0
    assert (first.meter.time_paused, second.meter.time_paused) == (2.0, 1.0)
    assert parent.time_paused == 3.0
    first.drained()
    now[0] += 5.0
    second.unregister()
    assert (first.meter.time_paused, second.meter.time_paused) == (2.0, 6.0)
    assert (parent.time_paused, parent.pauses) == (8.0, 2)


def test_a_slot_that_has_moved_in_the_middle_of_a_call() -> None:
    slots: list[CountingSlot] = []
    old = ProducerSlot()

    class Curious(Told):
        def resumeProducing(self) -> None:
            slots.append(take_slot_over(old, Meter(lambda: 0.0), lambda: None))
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        old.register(Curious(), False)
    assert (slots[0].producer, slots[0].state) == (None, State.NONE)


def test_the_shared_vacant_slot_stays_vacant() -> None:
    slot = take_slot_over(VACANT_SLOT, Meter(lambda: 0.0), lambda: None)
    slot.register(Told(), True)
    assert (VACANT_SLOT.producer, VACANT_SLOT.state) == (None, State.NONE)
    assert type(VACANT_SLOT) is ProducerSlot


def test_a_snapshot_names_all_counters() -> None:
    meter = Meter(lambda: 0.0)
    meter.arrived(3)
    meter.passed(4)
    seen = meter.snapshot()
    assert (seen["received"], seen["accepted"], seen["sent"]) == (3, 4, 4)
    assert "received 3" in repr(meter)

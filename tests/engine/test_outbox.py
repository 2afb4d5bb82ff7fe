"""The outbox against the simplest model there is: one bytes object."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pcstream._engine.outbox import GATHER_MAX_BUFFERS, Outbox, Segment


class Stretch:
    """A segment that is not bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def remaining_bytes(self) -> int:
        return len(self.data)

    def advance(self, count: int) -> None:
        assert count <= len(self.data)
        self.data = self.data[count:]

    def read(self, limit: int) -> bytes:
        return self.data[:limit]

    def send(self, skt: Any, limit: int) -> int:
        return int(skt.send(self.data[:limit]))


class OutboxMachine(RuleBasedStateMachine):
    """Bytes go in and come out in the same order, whatever the sizes and the way out."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox()
        self.model = b""

    @rule(data=st.binary(max_size=40))
    def append(self, data: bytes) -> None:
        self.outbox.append(data)
        self.model += data

    @rule(pieces=st.lists(st.binary(max_size=10), max_size=6))
    def extend(self, pieces: list[bytes]) -> None:
        self.outbox.extend(pieces)
        self.model += b"".join(pieces)

    @rule(data=st.binary(max_size=20))
    def append_segment(self, data: bytes) -> None:
        self.outbox.append_segment(Stretch(data))
        self.model += data

    @precondition(lambda self: self.outbox.head_segment() is None)
    @rule(limit=st.integers(1, 50), part=st.floats(0, 1))
    def peek_and_send_a_part(self, limit: int, part: float) -> None:
        offered = bytes(self.outbox.peek(limit))
        assert self.model.startswith(offered)
        assert len(offered) <= limit
        assert bool(offered) == bool(self.model)
        self._sent(round(len(offered) * part))

    @precondition(lambda self: self.outbox.head_segment() is None)
    @rule(limit=st.integers(1, 50), part=st.floats(0, 1))
    def gather_and_send_a_part(self, limit: int, part: float) -> None:
        offered = b"".join(self.outbox.gather(limit))
        assert self.model.startswith(offered)
        assert len(offered) <= limit
        assert bool(offered) == bool(self.model)
        self._sent(round(len(offered) * part))

    @precondition(lambda self: self.outbox.head_segment() is not None)
    @rule(part=st.floats(0, 1))
    def send_a_part_of_the_segment(self, part: float) -> None:
        segment = self.outbox.head_segment()
        assert isinstance(segment, Stretch)
        assert self.model.startswith(segment.data)
        assert self.outbox.peek(10) == b""
        assert self.outbox.gather(10) == []
        self._sent(round(segment.remaining_bytes * part))

    @rule(part=st.floats(0, 1))
    def consume_anything(self, part: float) -> None:
        self._sent(round(len(self.model) * part))

    def _sent(self, count: int) -> None:
        self.outbox.consume(count)
        self.model = self.model[count:]

    @rule()
    def clear(self) -> None:
        self.outbox.clear()
        self.model = b""

    @invariant()
    def size_is_the_unsent_bytes(self) -> None:
        assert self.outbox.size == len(self.outbox) == len(self.model)
        assert bool(self.outbox) == bool(self.model)


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)


def test_a_segment_is_told_apart_by_its_face() -> None:
    assert isinstance(Stretch(b"x"), Segment)
    assert not isinstance(b"x", Segment)


def test_peek_offers_all_up_to_the_limit() -> None:
    outbox = Outbox()
    outbox.extend([b"ab", b"cd", b"efgh"])
    assert bytes(outbox.peek(5)) == b"abcde"
    outbox.consume(3)
    assert bytes(outbox.peek(5)) == b"defgh"
    outbox.append(b"i")
    outbox.consume(1)
    assert bytes(outbox.peek(100)) == b"efghi"


def test_a_long_piece_is_neither_copied_nor_split_by_peek() -> None:
    outbox = Outbox()
    data = b"x" * 1000
    outbox.append(data)
    assert outbox.peek(1000) is data
    offered = outbox.peek(10)
    assert isinstance(offered, memoryview)
    assert offered.obj is data


def test_of_a_long_piece_no_more_is_joined_than_is_needed() -> None:
    outbox = Outbox()
    body = b"b" * 1_000_000
    outbox.append(b"head")
    outbox.append(body)
    assert len(outbox.peek(1000)) == 1000
    outbox.consume(2000)
    rest = outbox.peek(1000)
    assert isinstance(rest, memoryview)
    assert rest.obj is body


def test_gather_copies_nothing() -> None:
    outbox = Outbox()
    pieces = [b"a" * 10, b"b" * 10]
    outbox.extend(pieces)
    assert all(ours is theirs for ours, theirs in zip(outbox.gather(99), pieces, strict=True))
    outbox.consume(3)
    assert [bytes(b) for b in outbox.gather(9)] == [b"a" * 7, b"bb"]


def test_gather_stays_within_what_sendmsg_takes() -> None:
    outbox = Outbox()
    outbox.extend([b"x"] * (2 * GATHER_MAX_BUFFERS))
    assert len(outbox.gather(10**9)) == GATHER_MAX_BUFFERS


def test_more_than_there_is_cannot_have_been_sent() -> None:
    outbox = Outbox()
    outbox.append(b"abc")
    with pytest.raises(ValueError, match="4 bytes were sent of 3"):
        outbox.consume(4)
    assert outbox.size == 3


@pytest.mark.parametrize("step", [1, 1000])
def test_the_cost_is_linear(step: int) -> None:
    """Four times as much, in parts of the same size, takes about four times as long."""

    def drain(count: int) -> float:
        outbox = Outbox()
        outbox.extend([b"x" * 100] * count)
        started = time.process_time()
        while outbox.size:
            outbox.consume(min(step, len(outbox.peek(4096))))
        return time.process_time() - started

    pieces = 300 * step if step == 1 else 20_000
    small, large = min(drain(pieces) for _ in range(3)), min(drain(4 * pieces) for _ in range(3))
    assert large < 12 * small + 0.05

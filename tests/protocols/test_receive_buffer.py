"""Received bytes behave as one string, whatever they are kept in."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pcstream.protocols._receive_buffer import ReceiveBuffer

STEPS = st.one_of(
    st.tuples(st.just("add"), st.binary(max_size=8)),
    st.tuples(st.just("skip"), st.integers(0, 8)),
    st.tuples(st.just("take"), st.none()),
    st.tuples(st.just("replace"), st.binary(max_size=8)),
)


@given(st.lists(STEPS))
def test_it_is_one_string(steps: list[tuple[str, Any]]) -> None:
    buffer, model = ReceiveBuffer(), b""
    for step, value in steps:
        if step == "add":
            buffer.add(value)
            model += value
        elif step == "skip":
            count = min(value, len(model))
            assert buffer.data[buffer.start : buffer.start + count] == model[:count]
            buffer.start += count
            model = model[count:]
        elif step == "take":
            assert buffer.take() == model
            model = b""
        else:
            buffer.replace(value)
            model = value
        assert buffer.rest() == model
        assert len(buffer) == len(model)


def test_what_comes_whole_is_not_copied() -> None:
    buffer = ReceiveBuffer()
    data = b"x" * 1000
    buffer.add(data)
    assert buffer.data is data


def test_what_is_parsed_does_not_stay() -> None:
    buffer = ReceiveBuffer()
    for _ in range(1000):
        buffer.add(b"x" * 1000)
        buffer.start += 999
    assert len(buffer.data) < 10_000

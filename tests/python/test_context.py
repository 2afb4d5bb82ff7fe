"""Values that hold for a call and what it calls."""

from __future__ import annotations

import threading

import pytest

from pcstream.python import context


def test_what_was_never_set_has_a_default() -> None:
    assert context.get("absent") is None
    assert context.get("absent", 3) == 3


def test_a_value_holds_for_the_call() -> None:
    assert context.call({"x": 1}, context.get, "x") == 1
    assert context.get("x") is None
    with pytest.raises(ZeroDivisionError):
        context.call({"x": 1}, lambda: 1 / 0)
    assert context.get("x") is None


def test_inner_calls_add_to_outer_ones() -> None:
    def both() -> tuple[int, int]:
        return context.get("x"), context.get("y")

    assert context.call({"x": 1, "y": 1}, context.call, {"y": 2}, both) == (1, 2)


def test_a_default_can_be_set() -> None:
    context.setDefault("default", 5)
    try:
        assert context.get("default") == 5
    finally:
        del context.defaultContextDict["default"]


def test_each_thread_has_its_own() -> None:
    seen: list[object] = []

    def look() -> None:
        seen.append(context.get("x"))
        seen.append(context.call({"x": 2}, context.get, "x"))

    thread = threading.Thread(target=look)
    context.call({"x": 1}, lambda: (thread.start(), thread.join()))
    assert seen == [None, 2]


def test_another_tracker_can_be_installed() -> None:
    before = context.theContextTracker
    tracker = context.ContextTracker()
    context.installContextTracker(tracker)
    try:
        assert context.call({"x": 1}, tracker.getContext, "x") == 1
    finally:
        context.installContextTracker(before)

"""Deferreds run random programs and do what a simple, recursive model of them does."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcstream.internet.defer import Deferred
from pcstream.python.failure import Failure

COUNT = 4


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Errors that nobody handled are logged when their Deferreds are collected: here, not later."""
    yield
    gc.collect()


class Boom(Exception):
    """The only error there is."""


# What a callback does, told by a pair: pass its result on, return a number, raise, return a
# failure, or return the Deferred so many places further on (so that there are no circles).
ACTIONS = st.one_of(
    st.just(("pass", 0)),
    st.tuples(st.just("value"), st.integers(0, 9)),
    st.tuples(st.just("raise"), st.integers(0, 9)),
    st.tuples(st.just("failure"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(1, COUNT - 1)),
)
WHICH = st.integers(0, COUNT - 1)
OPERATIONS = st.one_of(
    st.tuples(st.just("callback"), WHICH, ACTIONS),
    st.tuples(st.just("errback"), WHICH, ACTIONS),
    st.tuples(st.just("both"), WHICH, ACTIONS),
    st.tuples(st.just("fire"), WHICH, st.integers(0, 9)),
    st.tuples(st.just("fail"), WHICH, st.integers(0, 9)),
    st.tuples(st.just("pause"), WHICH, st.none()),
    st.tuples(st.just("unpause"), WHICH, st.none()),
)


class Node:
    """A Deferred as the documentation describes it."""

    def __init__(self) -> None:
        self.called = False
        self.paused = 0
        self.waits_for: int | None = None
        self.result: Any = None
        self.steps: list[tuple[Any, ...]] = []
        self.is_running = False

    @property
    def is_idle(self) -> bool:
        """Its result is final for now."""
        return self.called and not self.paused and self.waits_for is None


class Model:
    """Nodes that run their steps by calling one another."""

    def __init__(self) -> None:
        self.nodes = [Node() for _ in range(COUNT)]
        self.trace: list[Any] = []

    def run(self, index: int) -> None:
        node = self.nodes[index]
        if node.is_running:
            return
        while node.steps and node.is_idle:
            kind, number, action = node.steps.pop(0)
            if kind == "give":
                other = self.nodes[number]
                other.result, node.result = node.result, ("value", None)
                other.waits_for = None
                self.run(number)
                continue
            is_error = node.result[0] == "error"
            if (kind == "callback" and is_error) or (kind == "errback" and not is_error):
                continue
            self.trace.append((number, node.result))
            name, argument = action
            if name == "value":
                node.result = ("value", argument)
            elif name in ("raise", "failure"):
                node.result = ("error", argument)
            elif name == "wait" and index + argument < COUNT:
                awaited = self.nodes[index + argument]
                if awaited.is_idle:
                    node.result, awaited.result = awaited.result, ("value", None)
                else:
                    node.waits_for = index + argument
                    awaited.steps.append(("give", index, None))

    def apply(self, number: int, name: str, index: int, argument: Any) -> None:
        node = self.nodes[index]
        if name in ("callback", "errback", "both"):
            node.steps.append((name, number, argument))
        elif name in ("fire", "fail"):
            if node.called:
                return
            node.called = True
            node.result = ("value" if name == "fire" else "error", argument)
        elif name == "pause":
            node.paused += 1
        elif name == "unpause":
            if not node.paused:
                return
            node.paused -= 1
        self.run(index)

    def state(self) -> list[Any]:
        return [node.result if node.is_idle else None for node in self.nodes]


class Real:
    """The same with Deferreds."""

    def __init__(self) -> None:
        self.deferreds: list[Deferred[Any]] = [Deferred() for _ in range(COUNT)]
        self.pauses = [0] * COUNT
        self.trace: list[Any] = []

    @staticmethod
    def plain(result: Any) -> Any:
        if isinstance(result, Failure):
            result.trap(Boom)
            return ("error", result.value.args[0])
        return ("value", result)

    def step(self, number: int, index: int, action: Any) -> Any:
        name, argument = action

        def act(result: Any) -> Any:
            self.trace.append((number, self.plain(result)))
            if name == "value":
                return argument
            if name == "raise":
                raise Boom(argument)
            if name == "failure":
                return Failure(Boom(argument))
            if name == "wait" and index + argument < COUNT:
                return self.deferreds[index + argument]
            return result

        return act

    def apply(self, number: int, name: str, index: int, argument: Any) -> None:
        d = self.deferreds[index]
        if name == "callback":
            d.addCallback(self.step(number, index, argument))
        elif name == "errback":
            d.addErrback(self.step(number, index, argument))
        elif name == "both":
            d.addBoth(self.step(number, index, argument))
        elif name == "fire" and not d.called:
            d.callback(argument)
        elif name == "fail" and not d.called:
            d.errback(Boom(argument))
        elif name == "pause":
            self.pauses[index] += 1
            d.pause()
        elif name == "unpause" and self.pauses[index]:
            self.pauses[index] -= 1
            d.unpause()

    def state(self) -> list[Any]:
        return [self.plain(d.result) if d.called and not d.paused else None for d in self.deferreds]


@given(st.lists(OPERATIONS, max_size=40))
def test_does_what_the_model_does(program: list[tuple[str, int, Any]]) -> None:
    model, real = Model(), Real()
    for number, operation in enumerate(program):
        model.apply(number, *operation)
        real.apply(number, *operation)
        assert real.trace == model.trace
        assert real.state() == model.state()
    for d in real.deferreds:
        d.addErrback(lambda _: None)

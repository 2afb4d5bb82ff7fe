"""Deferred itself: callbacks, chains, pauses, cancelling, time-outs, what is reported."""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
import weakref
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from pcstream.internet import defer, task
from pcstream.internet.defer import CancelledError, Deferred, fail, succeed
from pcstream.python import log
from pcstream.python.failure import Failure, NoCurrentExceptionError


class Boom(Exception):
    """An error like any other."""


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    """The error events of the test."""
    events: list[dict[str, Any]] = []

    def observe(event: dict[str, Any]) -> None:
        if event["isError"]:
            events.append(event)

    log.addObserver(observe)
    yield events
    log.removeObserver(observe)


def outcome(d: Deferred[Any]) -> Any:
    """The Deferred's result, which is there."""
    got: list[Any] = []
    d.addBoth(got.append)
    assert len(got) == 1
    return got[0]


# -- callbacks ------------------------------------------------------------------------------


def test_each_callback_gets_what_the_one_before_returned() -> None:
    d: Deferred[int] = Deferred()
    seen: list[Any] = []
    d.addCallback(lambda r: seen.append(r) or r + 1)
    d.addCallback(lambda r: seen.append(r) or r + 1)
    d.callback(1)
    assert seen == [1, 2]
    assert d.result == 3


def test_arguments_follow_the_result() -> None:
    seen: list[Any] = []

    def note(*args: Any, **kw: Any) -> None:
        seen.append((args, kw))

    succeed(0).addCallback(note, 1, a=2)
    succeed(0).addBoth(note, 3)
    succeed(0).addCallbacks(note, None, (4,), {"b": 5})
    succeed(0).addCallbacks(note, None, None, None)
    succeed(0).addCallbacks(note, note, errbackArgs=(1,), errbackKeywords={"c": 1})
    assert seen == [((0, 1), {"a": 2}), ((0, 3), {}), ((0, 4), {"b": 5}), ((0,), {}), ((0,), {})]


def test_errback_arguments_follow_the_failure() -> None:
    seen: list[Any] = []

    def note(reason: Failure, *args: Any, **kw: Any) -> None:
        seen.append((reason.type, args, kw))

    fail(Boom()).addErrback(note, 1, a=2)
    fail(Boom()).addCallbacks(note, note, (), {}, (3,), {"b": 4})
    assert seen == [(Boom, (1,), {"a": 2}), (Boom, (3,), {"b": 4})]


def test_an_error_goes_to_the_next_errback_and_ends_there() -> None:
    path: list[str] = []
    d: Deferred[Any] = Deferred()
    d.addCallback(lambda _: 1 / 0)
    d.addCallback(lambda _: path.append("skipped"))
    d.addErrback(lambda f: path.append(f.type.__name__))
    d.addErrback(lambda _: path.append("skipped too"))
    d.addCallback(lambda r: path.append(repr(r)))
    d.callback(None)
    assert path == ["ZeroDivisionError", "None"]


def test_a_returned_failure_is_an_error() -> None:
    reason = Failure(Boom())
    assert outcome(succeed(1).addCallback(lambda _: reason)) is reason


def test_even_an_interrupt_becomes_the_result() -> None:
    def interrupted(_: Any) -> None:
        raise KeyboardInterrupt

    assert outcome(succeed(1).addCallback(interrupted)).type is KeyboardInterrupt


def test_a_callback_added_by_a_callback_comes_last() -> None:
    order: list[int] = []
    d: Deferred[Any] = Deferred()

    def first(_: Any) -> None:
        order.append(1)
        d.addCallback(lambda _: order.append(3))
        assert order == [1]

    d.addCallback(first).addCallback(lambda _: order.append(2))
    d.callback(None)
    assert order == [1, 2, 3]


def test_the_result_is_that_of_the_callback_before_while_one_runs() -> None:
    d: Deferred[Any] = Deferred()
    seen: list[Any] = []
    d.addCallback(lambda r: r + 1).addCallback(lambda _: seen.append(d.result))
    d.callback(1)
    assert seen == [2]


def test_fires_once() -> None:
    d = succeed(1)
    with pytest.raises(defer.AlreadyCalledError):
        d.callback(2)
    with pytest.raises(defer.AlreadyCalledError):
        d.errback(Boom())
    assert d.result == 1


def test_errback_takes_exceptions_failures_and_the_current_exception() -> None:
    error = Boom()
    assert outcome(fail(error)).value is error
    assert outcome(fail(Failure(error))).value is error
    try:
        raise error
    except Boom:
        assert outcome(fail()).value is error
    with pytest.raises(NoCurrentExceptionError):
        Deferred().errback()


def test_any_attribute_can_be_set_on_one() -> None:
    d: Any = Deferred()
    d.note = "mine"
    assert d.note == "mine"
    assert weakref.ref(d)() is d


def test_is_generic_and_awaitable() -> None:
    assert isinstance(Deferred[int](), Deferred)
    from collections.abc import Awaitable

    assert isinstance(Deferred(), Awaitable)


# -- pauses ---------------------------------------------------------------------------------


def test_pauses_are_counted() -> None:
    seen: list[Any] = []
    d: Deferred[Any] = Deferred()
    d.pause()
    d.pause()
    d.addCallback(seen.append)
    d.callback(1)
    d.unpause()
    assert seen == []
    d.unpause()
    assert seen == [1]


def test_a_pause_from_a_callback_holds_the_next_run_only() -> None:
    order: list[str] = []
    d: Deferred[Any] = Deferred()
    d.addCallback(lambda _: (order.append("a"), d.pause()))
    d.addCallback(lambda _: order.append("b"))
    d.callback(None)
    d.addCallback(lambda _: order.append("c"))
    assert order == ["a", "b"]
    d.unpause()
    assert order == ["a", "b", "c"]


# -- chains ---------------------------------------------------------------------------------


def test_a_returned_deferred_is_waited_for() -> None:
    inner: Deferred[Any] = Deferred()
    outer = succeed(None).addCallback(lambda _: inner)
    seen: list[Any] = []
    outer.addCallback(seen.append)
    assert repr(outer) == f"<Deferred at 0x{id(outer):x} waiting on Deferred at 0x{id(inner):x}>"
    inner.callback("late")
    assert seen == ["late"]
    assert outcome(inner) is None


def test_the_value_of_a_fired_one_is_taken_from_it() -> None:
    inner = succeed("there")
    assert outcome(succeed(None).addCallback(lambda _: inner)) == "there"
    assert inner.result is None


def test_the_one_that_waits_goes_on_before_the_one_waited_for() -> None:
    order: list[Any] = []
    inner: Deferred[Any] = Deferred()
    succeed(None).addCallback(lambda _: inner).addCallback(lambda r: order.append(("outer", r)))
    inner.addCallback(lambda r: order.append(("inner", r)))
    inner.callback(1)
    assert order == [("outer", 1), ("inner", None)]


def test_a_paused_one_that_waits_does_not_hold_up_the_one_waited_for() -> None:
    order: list[Any] = []
    inner: Deferred[Any] = Deferred()
    outer = succeed(None).addCallback(lambda _: inner)
    outer.addCallback(lambda r: order.append(("outer", r)))
    outer.pause()
    inner.addCallback(lambda r: order.append(("inner", r)))
    inner.callback(1)
    assert order == [("inner", None)]
    outer.unpause()
    assert order == [("inner", None), ("outer", 1)]


def test_a_chain_may_be_as_long_as_memory_allows() -> None:
    count = 100_000
    links: list[Deferred[Any]] = [Deferred() for _ in range(count)]
    for waits, awaited in pairwise(links):
        waits.addCallback(lambda _, awaited=awaited: awaited)
    for waits in links[:-1]:
        waits.callback(None)
    links[-1].callback("end")
    assert outcome(links[0]) == "end"


def test_a_chain_may_be_built_and_fired_from_the_inside_out() -> None:
    count = 100_000
    last: Deferred[Any] = Deferred()
    first = last
    for _ in range(count):
        outer: Deferred[Any] = succeed(None)
        outer.addCallback(lambda _, inner=first: inner)
        first = outer
    depths: list[int] = []

    def measure(result: Any) -> Any:
        frame, depth = sys._getframe(), 0
        while frame is not None:
            frame, depth = frame.f_back, depth + 1  # type: ignore[assignment]
        depths.append(depth)
        return result

    first.addCallback(measure)
    last.addCallback(measure)
    last.callback(3)
    assert depths[0] == depths[1]
    assert outcome(first) == 3


def test_many_ready_ones_do_not_use_up_the_stack() -> None:
    d: Deferred[Any] = Deferred()
    for _ in range(20_000):
        d.addCallback(lambda r: succeed(r + 1))
    d.callback(0)
    assert outcome(d) == 20_000


def test_chain_deferred_fires_the_other() -> None:
    one: Deferred[Any] = Deferred()
    other: Deferred[Any] = Deferred()
    one.chainDeferred(other)
    assert "waiting on" in repr(other)
    one.callback(5)
    assert outcome(other) == 5
    assert "waiting on" not in repr(other)
    assert outcome(one) is None


def test_one_that_returns_itself_is_warned_of() -> None:
    d: Deferred[Any] = Deferred()
    d.addCallback(lambda _: d)
    with pytest.warns(DeprecationWarning, match="returned the Deferred it was attached to"):
        d.callback(1)
    d = Deferred()
    d.addCallback(lambda _: d)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        d.callback(1)
    assert outcome(d).type is DeprecationWarning


# -- cancelling -----------------------------------------------------------------------------


def test_cancel_without_a_canceller_fails_and_forgives_one_late_result() -> None:
    d: Deferred[Any] = Deferred()
    seen: list[Any] = []
    d.addErrback(seen.append)
    d.cancel()
    d.cancel()
    assert [f.type for f in seen] == [CancelledError]
    d.callback("late")
    with pytest.raises(defer.AlreadyCalledError):
        d.callback("too late")


def test_a_canceller_may_fire_it_or_leave_that() -> None:
    fires: Deferred[Any] = Deferred(lambda d: d.callback("partly"))
    fires.cancel()
    assert outcome(fires) == "partly"
    asked: list[Any] = []
    leaves: Deferred[Any] = Deferred(asked.append)
    leaves.cancel()
    assert asked == [leaves]
    assert outcome(leaves).type is CancelledError
    with pytest.raises(defer.AlreadyCalledError):
        leaves.callback(None)


def test_what_a_canceller_raises_reaches_the_one_who_cancels() -> None:
    def canceller(_: Any) -> None:
        raise Boom

    d: Deferred[Any] = Deferred(canceller)
    with pytest.raises(Boom):
        d.cancel()
    assert not d.called


def test_cancel_reaches_the_one_waited_for() -> None:
    asked: list[Any] = []
    inner: Deferred[Any] = Deferred(asked.append)
    outer = succeed(None).addCallback(lambda _: inner)
    outer.cancel()
    assert asked == [inner]
    assert outcome(outer).type is CancelledError


def test_cancel_goes_down_a_chain_of_any_length_and_ends_in_a_circle() -> None:
    last: Deferred[Any] = Deferred()
    first = last
    for _ in range(50_000):
        first = succeed(None).addCallback(lambda _, inner=first: inner)
    first.cancel()
    assert outcome(first).type is CancelledError
    one: Deferred[Any] = Deferred()
    other: Deferred[Any] = Deferred()
    one.addCallback(lambda _: other)
    other.addCallback(lambda _: one)
    one.callback(None)
    other.callback(None)
    before = succeed(None).addCallback(lambda _: one)
    for d in (one, other, before):
        d.cancel()
        assert d.paused


def test_firing_lets_go_of_the_canceller() -> None:
    class Canceller:
        deferred: Deferred[Any]

        def __call__(self, _: Any) -> None: ...

    canceller = Canceller()
    canceller.deferred = d = Deferred(canceller)
    gone = weakref.ref(canceller)
    d.addCallback(lambda _: Deferred())
    d.callback(None)
    del d, canceller
    assert gone() is None


def test_a_timeout_cancels_and_says_so() -> None:
    clock = task.Clock()
    d: Deferred[Any] = Deferred()
    d.addTimeout(3, clock)
    clock.advance(2)
    assert not d.called
    clock.advance(1)
    reason = outcome(d)
    assert reason.type is defer.TimeoutError
    assert reason.value.args == (3, "Deferred")


def test_a_result_in_time_ends_the_timeout() -> None:
    clock = task.Clock()
    d: Deferred[Any] = Deferred()
    d.addTimeout(3, clock)
    d.callback(1)
    assert outcome(d) == 1
    assert clock.getDelayedCalls() == []


def test_a_timeout_may_have_a_result_of_its_own() -> None:
    clock = task.Clock()
    d: Deferred[Any] = Deferred()
    d.addTimeout(3, clock, onTimeoutCancel=lambda result, timeout: (result.type, timeout))
    clock.advance(3)
    assert outcome(d) == (CancelledError, 3)


# -- what is reported -----------------------------------------------------------------------


def test_an_unhandled_error_is_logged_when_its_deferred_goes(
    logged: list[dict[str, Any]],
) -> None:
    fail(Boom("lost"))
    gc.collect()
    assert log.textFromEventDict(logged[0]) == "Unhandled error in Deferred:"
    assert logged[1]["failure"].type is Boom
    assert (log.textFromEventDict(logged[1]) or "").startswith("Unhandled Error\nTraceback ")
    assert len(logged) == 2


@pytest.mark.parametrize("how", ["errback", "chained", "taken"])
def test_a_handled_error_is_not_logged(logged: list[dict[str, Any]], how: str) -> None:
    d = fail(Boom())
    if how == "errback":
        d.addErrback(lambda _: None)
    elif how == "chained":
        d.addErrback(lambda _: Deferred())
    elif how == "taken":
        outer = succeed(None).addCallback(lambda _, inner=d: inner)
        outer.addErrback(lambda _: None)
        del outer
    del d
    gc.collect()
    assert logged == []


def test_debugging_tells_who_made_and_who_fired_it(logged: list[dict[str, Any]]) -> None:
    defer.setDebugging(True)
    try:
        assert defer.getDebugging()

        def fire(fired: Deferred[Any]) -> None:
            fired.callback(1)

        d: Deferred[Any] = Deferred()
        fire(d)
        with pytest.raises(defer.AlreadyCalledError) as caught:
            d.callback(2)
        text = str(caught.value)
        made, fired = text.index("Deferred was created"), text.index("First Invoker was")
        assert made < fired
        assert "in fire" not in text[:fired]
        assert "in fire" in text[fired:]
        assert "_deferred.py" not in text
        d.addCallback(lambda _: 1 / 0)
        del d, caught
        gc.collect()
    finally:
        defer.setDebugging(False)
    assert (log.textFromEventDict(logged[1]) or "").startswith("(debug:  C: Deferred was created")


def test_debugging_keeps_the_variables_of_errors() -> None:
    defer.setDebugging(True)
    try:
        d: Deferred[Any] = Deferred()
        d.callback(None)
        secret = "value"

        def broken(_: Any) -> None:
            assert secret == "other"

        reason = outcome(d.addCallback(broken))
    finally:
        defer.setDebugging(False)
    assert "secret" in dict(reason.frames[-1][3])


def test_repr_shows_the_result() -> None:
    d: Deferred[Any] = Deferred()
    assert repr(d) == str(d) == f"<Deferred at 0x{id(d):x}>"
    d.callback("x")
    assert repr(d) == f"<Deferred at 0x{id(d):x} current result: 'x'>"


def test_the_list_of_callbacks_is_deprecated() -> None:
    d: Deferred[Any] = Deferred().addCallback(len, 1)
    with pytest.warns(DeprecationWarning, match="Deferred.callbacks was deprecated"):
        steps = d.callbacks
    assert steps[0][0] == (len, (1,), {})


# -- other forms ----------------------------------------------------------------------------


def test_maybe_deferred_and_execute() -> None:
    async def coroutine() -> int:
        return 7

    waiting: Deferred[Any] = Deferred()
    assert outcome(defer.maybeDeferred(lambda x: x, 1)) == 1
    assert outcome(defer.maybeDeferred(coroutine)) == 7
    assert defer.maybeDeferred(lambda: waiting) is waiting
    assert outcome(defer.maybeDeferred(lambda: 1 / 0)).type is ZeroDivisionError
    assert outcome(defer.maybeDeferred(lambda: Failure(Boom()))).type is Boom
    assert outcome(defer.execute(lambda x: x, x=2)) == 2
    assert outcome(defer.execute(lambda: 1 / 0)).type is ZeroDivisionError


def test_log_error_passes_the_failure_on(logged: list[dict[str, Any]]) -> None:
    reason = Failure(Boom())
    assert outcome(fail(reason).addErrback(defer.logError)) is reason
    assert logged[0]["failure"] is reason


def test_passthru_and_timeout() -> None:
    assert defer.passthru(3) == 3
    d: Deferred[Any] = Deferred()
    with pytest.warns(DeprecationWarning, match="timeout was deprecated"):
        defer.timeout(d)
    assert outcome(d).type is defer.TimeoutError


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop of the test's own."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def turn(loop: asyncio.AbstractEventLoop) -> None:
    """Let the loop do what is due."""
    loop.call_soon(loop.stop)
    loop.run_forever()


def test_as_future(loop: asyncio.AbstractEventLoop) -> None:
    d: Deferred[int] = Deferred()
    future = d.asFuture(loop)
    d.callback(13)
    turn(loop)
    assert future.result() == 13
    broken: Deferred[int] = Deferred()
    future = broken.asFuture(loop)
    broken.errback(Boom())
    with pytest.raises(Boom):
        loop.run_until_complete(future)


def test_cancelling_the_future_cancels_the_deferred(loop: asyncio.AbstractEventLoop) -> None:
    asked: list[Any] = []
    d: Deferred[int] = Deferred(asked.append)
    future = d.asFuture(loop)
    future.cancel()
    turn(loop)
    assert asked == [d]
    assert outcome(d) is None


def test_from_future(loop: asyncio.AbstractEventLoop) -> None:
    future = loop.create_future()
    d = Deferred.fromFuture(future)
    future.set_result(7)
    turn(loop)
    assert outcome(d) == 7
    broken = loop.create_future()
    d = Deferred.fromFuture(broken)
    broken.set_exception(Boom())
    turn(loop)
    assert outcome(d).type is Boom


def test_cancelling_the_deferred_cancels_the_future(loop: asyncio.AbstractEventLoop) -> None:
    future = loop.create_future()
    d = Deferred.fromFuture(future)
    d.cancel()
    turn(loop)
    assert future.cancelled()
    assert outcome(d).type is asyncio.CancelledError


def test_errors_are_named_by_the_public_module() -> None:
    import pickle

    for error in (CancelledError("x"), defer.TimeoutError("x"), defer.QueueOverflow("x")):
        assert type(error).__module__ == "pcstream.internet.defer"
        assert type(pickle.loads(pickle.dumps(error))) is type(error)

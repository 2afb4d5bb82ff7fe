"""Functions that wait for Deferreds: generators and coroutines."""

from __future__ import annotations

import contextvars
import gc
import sys
import traceback
import weakref
from collections.abc import Callable, Generator
from typing import Any

import pytest

from pcstream.internet import defer
from pcstream.internet.defer import (
    CancelledError,
    Deferred,
    ensureDeferred,
    fail,
    inlineCallbacks,
    succeed,
)
from pcstream.python.failure import Failure

Yields = Generator[Any, Any, Any]


class Boom(Exception):
    """An error like any other."""


def outcome(d: Deferred[Any]) -> Any:
    """The Deferred's result, which is there."""
    got: list[Any] = []
    d.addBoth(got.append)
    assert len(got) == 1
    return got[0]


@inlineCallbacks
def generator(*awaited: Any) -> Yields:
    """The results of all that it is given."""
    results = []
    for each in awaited:
        results.append((yield each))
    return results


async def coroutine(*awaited: Any) -> list[Any]:
    """The results of all that it is given."""
    return [await each for each in awaited]


def run_coroutine(*awaited: Any) -> Deferred[Any]:
    return ensureDeferred(coroutine(*awaited))


BOTH = pytest.mark.parametrize("run", [generator, run_coroutine])
Runner = Callable[..., Deferred[Any]]


@BOTH
def test_takes_the_result_of_what_has_fired(run: Runner) -> None:
    assert outcome(run(succeed(1), succeed(2))) == [1, 2]


@BOTH
def test_waits_for_what_has_not(run: Runner) -> None:
    one: Deferred[Any] = Deferred()
    two: Deferred[Any] = Deferred()
    d = run(one, two)
    assert not d.called
    two.callback("second")
    assert not d.called
    one.callback("first")
    assert outcome(d) == ["first", "second"]


def test_a_yielded_result_is_gone_an_awaited_one_that_was_there_stays() -> None:
    yielded, awaited = succeed(1), succeed(1)
    generator(yielded)
    run_coroutine(awaited)
    assert yielded.result is None
    assert awaited.result == 1
    assert outcome(run_coroutine(awaited, awaited)) == [1, 1]


@BOTH
def test_a_failure_is_raised_where_it_waits(run: Runner) -> None:
    assert outcome(run(fail(Boom()))).type is Boom
    d: Deferred[Any] = Deferred()
    waits = run(d)
    d.errback(Boom())
    assert outcome(waits).type is Boom
    assert outcome(d) is None


def test_a_failure_can_be_caught() -> None:
    @inlineCallbacks
    def catches(d: Deferred[Any]) -> Yields:
        try:
            yield d
        except Boom as error:
            return error

    error = Boom()
    assert outcome(catches(fail(error))) is error
    later: Deferred[Any] = Deferred()
    d = catches(later)
    later.errback(error)
    assert outcome(d) is error


def test_anything_else_comes_straight_back() -> None:
    assert outcome(generator(5, "x", None)) == [5, "x", None]


def test_a_yielded_failure_is_raised() -> None:
    assert outcome(generator(Failure(Boom()))).type is Boom


def test_a_coroutine_can_be_yielded() -> None:
    d: Deferred[Any] = Deferred()
    waits = generator(coroutine(d, succeed(2)))
    d.callback(1)
    assert outcome(waits) == [[1, 2]]


def test_a_generator_can_be_awaited() -> None:
    d: Deferred[Any] = Deferred()
    waits = run_coroutine(generator(d))
    d.callback(1)
    assert outcome(waits) == [[1]]


def test_yield_from_works_like_await() -> None:
    def steps() -> Yields:
        return (yield from succeed(1)) + (yield from later)

    later: Deferred[int] = Deferred()
    d = Deferred.fromCoroutine(steps())
    later.callback(2)
    assert outcome(d) == 3


def test_a_paused_one_is_waited_for() -> None:
    d = succeed(1)
    d.pause()
    waits = generator(d)
    assert not waits.called
    d.unpause()
    assert outcome(waits) == [1]


def test_one_that_runs_its_callbacks_is_waited_for() -> None:
    seen: list[Any] = []
    d: Deferred[Any] = Deferred()

    def inside(_: Any) -> str:
        generator(d).addCallback(seen.append)
        assert seen == []
        return "result"

    d.addCallback(inside)
    d.callback(None)
    assert seen == [["result"]]


def test_a_failed_one_can_be_awaited_from_its_errback() -> None:
    seen: list[Any] = []
    d: Deferred[Any] = Deferred()
    d.addErrback(lambda _: run_coroutine(d).addBoth(seen.append))
    d.errback(Boom())
    assert [reason.type for reason in seen] == [Boom]


def test_its_end_comes_before_the_next_callback_of_what_it_waited_for() -> None:
    order: list[Any] = []
    d: Deferred[Any] = Deferred()
    generator(d).addCallback(lambda _: order.append("end"))
    d.addCallback(lambda r: order.append(r))
    d.callback(1)
    assert order == ["end", None]


def test_many_steps_do_not_use_up_the_stack() -> None:
    @inlineCallbacks
    def steps() -> Yields:
        for _ in range(20_000):
            yield succeed(None)
        return "end"

    assert outcome(steps()) == "end"


def test_functions_may_wait_for_each_other_as_deep_as_memory_allows() -> None:
    depth = 20_000

    @inlineCallbacks
    def level(inner: Deferred[Any]) -> Yields:
        return (yield inner) + 1

    last: Deferred[int] = Deferred()
    d: Deferred[Any] = last
    for _ in range(depth):
        d = level(d)
    last.callback(0)
    assert outcome(d) == depth


# -- cancelling -----------------------------------------------------------------------------


@BOTH
def test_cancel_reaches_what_is_waited_for(run: Runner) -> None:
    asked: list[Any] = []
    inner: Deferred[Any] = Deferred(asked.append)
    d = run(run(inner))
    d.cancel()
    assert asked == [inner]
    assert outcome(d).type is CancelledError


def test_cancel_reaches_down_to_any_depth() -> None:
    caught: list[int] = []

    @inlineCallbacks
    def level(inner: Deferred[Any], number: int) -> Yields:
        try:
            yield inner
        except CancelledError:
            caught.append(number)
            raise

    d: Deferred[Any] = Deferred()
    for number in range(5_000):
        d = level(d, number)
    d.cancel()
    assert outcome(d).type is CancelledError
    assert caught == list(range(5_000))


def test_the_function_may_go_on_after_a_cancel() -> None:
    @inlineCallbacks
    def stubborn() -> Yields:
        try:
            yield first
        except CancelledError:
            pass
        yield second

    first: Deferred[Any] = Deferred()
    second: Deferred[Any] = Deferred()
    d = stubborn()
    d.cancel()
    assert not outcomes(d)
    d.cancel()
    assert outcome(d).type is CancelledError


def outcomes(d: Deferred[Any]) -> list[Any]:
    """The result, if there is one yet."""
    return [d.result] if d.called and not d.paused else []


def test_it_fires_when_what_was_cancelled_has_come_to_its_end() -> None:
    cleaning: Deferred[Any] = Deferred()
    inner: Deferred[Any] = Deferred()
    inner.addErrback(lambda f: f.trap(CancelledError) and cleaning)
    d = generator(inner)
    d.cancel()
    assert not outcomes(d)
    cleaning.callback("clean")
    assert outcome(d) == ["clean"]


def test_after_a_cancel_others_that_wait_hear_before_those_who_wait_for_the_function() -> None:
    order: list[str] = []
    inner: Deferred[Any] = Deferred()
    d = generator(inner)
    d.addErrback(lambda _: order.append("function"))
    inner.addCallback(lambda _: order.append("other"))
    d.cancel()
    assert order == ["other", "function"]


def test_what_a_canceller_raises_becomes_the_result() -> None:
    def canceller(_: Any) -> None:
        raise Boom

    inner: Deferred[Any] = Deferred(canceller)
    d = generator(inner)
    d.cancel()
    assert outcome(d).type is Boom
    inner.callback("late")


def test_a_function_that_runs_takes_no_notice_of_a_cancel() -> None:
    @inlineCallbacks
    def cancels_itself() -> Yields:
        yield first
        d.cancel()
        return (yield second)

    first: Deferred[Any] = Deferred()
    second: Deferred[Any] = Deferred()
    d = cancels_itself()
    first.callback(None)
    second.callback("result")
    assert outcome(d) == "result"


def test_two_that_wait_for_each_other_can_be_cancelled() -> None:
    first: Deferred[Any] = Deferred()
    first.addBoth(lambda _: one)
    one = generator(first)
    first.callback(None)
    other = generator(first)
    other.cancel()
    assert not outcomes(other)


# -- context variables ----------------------------------------------------------------------

VARIABLE: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)


def test_a_call_has_the_context_of_its_caller_for_all_its_steps() -> None:
    seen: list[int] = []

    @inlineCallbacks
    def looks() -> Yields:
        seen.append(VARIABLE.get())
        yield d
        seen.append(VARIABLE.get())
        token = VARIABLE.set(9)
        yield succeed(None)
        seen.append(VARIABLE.get())
        VARIABLE.reset(token)

    d: Deferred[Any] = Deferred()
    token = VARIABLE.set(1)
    done = looks()
    VARIABLE.set(2)
    d.callback(None)
    assert outcome(done) is None
    assert seen == [1, 1, 9]
    assert VARIABLE.get() == 2
    VARIABLE.reset(token)


def test_callbacks_run_in_the_context_of_the_one_who_fires() -> None:
    d: Deferred[Any] = Deferred()
    seen: list[int] = []

    @inlineCallbacks
    def sets() -> Yields:
        yield d
        VARIABLE.set(5)

    sets().addCallback(lambda _: seen.append(VARIABLE.get()))
    d.callback(None)
    assert seen == [0]


# -- tracebacks and what is kept alive ------------------------------------------------------


@inlineCallbacks
def breaks() -> Yields:
    yield 1
    raise Boom("here")


@inlineCallbacks
def calls_it() -> Yields:
    yield breaks()


async def awaits_it() -> None:
    await calls_it()


def test_the_traceback_has_every_function_and_none_of_ours() -> None:
    reason = outcome(ensureDeferred(awaits_it()))
    text = reason.getTraceback()
    for name in ("in breaks", "in calls_it", "in awaits_it", "Boom: here"):
        assert name in text
    assert "/_inline_callbacks.py" not in text
    assert [f[0] for f in reason.frames if f[1] == __file__] == ["awaits_it", "calls_it", "breaks"]


def test_the_error_can_be_caught_where_it_is_awaited_with_its_traceback() -> None:
    async def catches() -> str:
        try:
            await calls_it()
        except Boom:
            return traceback.format_exc()
        return ""

    text = outcome(ensureDeferred(catches()))
    assert "in breaks" in text
    assert "During handling" not in text


def test_nothing_is_left_when_a_call_has_ended() -> None:
    class Thing:
        pass

    gc.collect()
    gc.disable()
    try:
        for is_late in (False, True):
            thing = Thing()
            gone = weakref.ref(thing)
            later: Deferred[Any] = Deferred()
            d = generator(later if is_late else 1, thing)
            later.callback(None)
            assert outcome(d)[1] is thing
            end = weakref.ref(d)
            del thing, d, later
            assert gone() is None
            assert end() is None
    finally:
        gc.enable()


# -- misuse ---------------------------------------------------------------------------------


def test_return_value_still_works() -> None:
    @inlineCallbacks
    def returns() -> Yields:
        yield 1
        defer.returnValue("old")

    with pytest.warns(DeprecationWarning, match="returnValue was deprecated"):
        assert outcome(returns()) == "old"


def test_return_value_from_another_function_is_warned_of() -> None:
    def helper() -> None:
        defer.returnValue("from below")

    @inlineCallbacks
    def surprised() -> Yields:
        yield 1
        helper()

    with pytest.warns(DeprecationWarning, match="returnValue") as caught:
        assert outcome(surprised()) == "from below"
    assert str(caught[-1].message).startswith("returnValue() in 'helper' causing 'surprised' to")
    assert caught[-1].filename == __file__


def test_a_plain_function_is_refused_when_it_is_called() -> None:
    @inlineCallbacks
    def plain() -> Any:
        return 5

    @inlineCallbacks
    def returns() -> Any:
        defer.returnValue(5)

    with pytest.raises(TypeError, match="to produce a generator; instead got 5"):
        plain()
    with (
        pytest.raises(TypeError, match="returnValue being used in a non-generator"),
        pytest.warns(DeprecationWarning, match="returnValue was deprecated"),
    ):
        returns()


def test_what_is_no_coroutine_is_refused() -> None:
    for thing in (1, None, len, lambda: None):
        with pytest.raises(defer.NotACoroutineError, match="is not a coroutine"):
            Deferred.fromCoroutine(thing)  # type: ignore[arg-type]
        with pytest.raises(defer.NotACoroutineError, match="or a Deferred"):
            ensureDeferred(thing)  # type: ignore[arg-type]
    d: Deferred[Any] = Deferred()
    assert ensureDeferred(d) is d


@pytest.mark.skipif(sys.version_info < (3, 12), reason="generators counted as coroutines before")
def test_a_yielded_generator_comes_straight_back() -> None:
    steps = (n for n in range(3))
    assert outcome(generator(steps)) == [steps]

"""Several Deferreds as one."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from pcstream.internet.defer import (
    CancelledError,
    Deferred,
    DeferredList,
    FailureGroup,
    FirstError,
    fail,
    gatherResults,
    race,
    succeed,
)
from pcstream.python import log
from pcstream.python.failure import Failure


class Boom(Exception):
    """An error like any other."""


def outcome(d: Deferred[Any]) -> Any:
    """The Deferred's result, which is there."""
    got: list[Any] = []
    d.addBoth(got.append)
    assert len(got) == 1
    return got[0]


def test_a_list_has_every_result_in_the_order_of_the_deferreds() -> None:
    ds: list[Deferred[Any]] = [Deferred(), succeed(1), Deferred()]
    d = DeferredList(ds)
    ds[2].callback(2)
    assert not d.called
    ds[0].callback(0)
    assert outcome(d) == [(True, 0), (True, 1), (True, 2)]
    assert [outcome(each) for each in ds] == [0, 1, 2]


def test_a_list_of_none_fires_at_once_unless_it_wants_a_first() -> None:
    assert outcome(DeferredList([])) == []
    assert not DeferredList([], fireOnOneCallback=True).called


def test_a_failure_is_a_result_too_and_passes_on() -> None:
    bad = fail(Boom())
    ((is_good, reason),) = outcome(DeferredList([bad]))
    assert not is_good
    assert reason.type is Boom
    assert outcome(bad) is reason


def test_errors_can_be_consumed() -> None:
    bad = fail(Boom())
    outcome(DeferredList([bad], consumeErrors=True))
    assert bad.result is None


def test_the_first_result_or_error_can_be_enough() -> None:
    ds: list[Deferred[Any]] = [Deferred(), Deferred()]
    d = DeferredList(ds, fireOnOneCallback=True)
    ds[1].callback("x")
    assert outcome(d) == ("x", 1)
    ds = [Deferred(), Deferred()]
    d = DeferredList(ds, fireOnOneErrback=True, consumeErrors=True)
    ds[1].errback(Boom())
    reason = outcome(d)
    assert reason.type is FirstError
    assert reason.value.index == 1
    assert reason.value.subFailure.type is Boom


def test_subclasses_are_added_to_in_their_own_way() -> None:
    class Counting(Deferred[Any]):
        added = 0

        def addCallbacks(self, *args: Any, **kw: Any) -> Any:
            self.added += 1
            return super().addCallbacks(*args, **kw)

    counting = Counting()
    d = DeferredList([counting])
    counting.callback(1)
    assert outcome(d) == [(True, 1)]
    assert counting.added == 1


def test_cancelling_a_list_cancels_all_even_if_one_canceller_raises() -> None:
    events: list[Any] = []

    def canceller(_: Any) -> None:
        raise Boom

    ds: list[Deferred[Any]] = [Deferred(canceller), Deferred()]
    d = DeferredList(ds)
    log.addObserver(events.append)
    try:
        d.cancel()
    finally:
        log.removeObserver(events.append)
    assert [e["failure"].type for e in events] == [Boom]
    assert outcome(ds[1]).type is CancelledError
    assert not ds[0].called


def test_a_list_that_has_fired_cancels_nothing() -> None:
    ds: list[Deferred[Any]] = [Deferred(), Deferred()]
    d = DeferredList(ds, fireOnOneCallback=True)
    ds[0].callback(None)
    d.cancel()
    assert not ds[1].called


def test_gather_results() -> None:
    assert outcome(gatherResults([succeed(1), succeed(2)])) == [1, 2]
    bad = fail(Boom())
    reason = outcome(gatherResults([succeed(1), bad]))
    assert reason.value.subFailure.type is Boom
    assert outcome(bad).type is Boom
    bad = fail(Boom())
    outcome(gatherResults([bad], consumeErrors=True))
    assert outcome(bad) is None


def test_cancelling_what_gathers_cancels_all() -> None:
    ds: list[Deferred[Any]] = [Deferred(), Deferred()]
    d = gatherResults(ds, consumeErrors=True)
    d.cancel()
    assert outcome(d).value.subFailure.type is CancelledError
    assert all(each.called for each in ds)


@pytest.mark.parametrize("winner", [0, 1, 2])
def test_a_race_has_one_winner_and_the_others_are_cancelled(winner: int) -> None:
    asked: list[Any] = []
    ds: list[Deferred[Any]] = [Deferred(asked.append) for _ in range(3)]
    d = race(ds)
    ds[winner].callback("won")
    assert outcome(d) == (winner, "won")
    assert asked == [each for each in ds if each is not ds[winner]]
    del ds, d
    gc.collect()


def test_a_loser_may_still_succeed() -> None:
    ds: list[Deferred[Any]] = [Deferred(), Deferred(lambda d: d.callback("too"))]
    d = race(ds)
    ds[0].callback("won")
    assert outcome(d) == (0, "won")


def test_a_race_that_all_lose_fails_with_all_their_failures() -> None:
    ds: list[Deferred[Any]] = [Deferred(), Deferred()]
    d = race(ds)
    second, first = Failure(Boom(2)), Failure(Boom(1))
    ds[1].errback(second)
    ds[0].errback(first)
    reason = outcome(d)
    assert reason.type is FailureGroup
    assert reason.value.failures == [first, second]


def test_cancelling_a_race_cancels_all() -> None:
    ds: list[Deferred[Any]] = [Deferred(), Deferred()]
    d = race(ds)
    d.cancel()
    assert [f.type for f in outcome(d).value.failures] == [CancelledError, CancelledError]


def test_first_errors_compare_by_failure_and_index() -> None:
    reason, other = Failure(Boom("a")), Failure(Boom("b"))
    assert FirstError(reason, 1) == FirstError(reason, 1)
    assert FirstError(reason, 1) != FirstError(other, 1)
    assert FirstError(reason, 1) != FirstError(reason, 2)
    assert FirstError(reason, 1) != 10
    assert FirstError(reason, 1) < FirstError(reason, 2)
    assert repr(FirstError(reason, 3)) == "FirstError[#3, Boom('a')]"
    assert str(FirstError(reason, 3)) == f"FirstError[#3, {reason}]"

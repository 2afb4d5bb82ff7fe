"""The pool: its numbers, its threads, its promises about work, arguments and errors."""

from __future__ import annotations

import gc
import pickle
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pcstream.python import context, log
from pcstream.python._team import AlreadyQuit, Team, pool
from pcstream.python.failure import Failure
from pcstream.python.threadpool import ThreadPool

PATIENCE_S = 30


@pytest.fixture
def make() -> Iterator[Callable[..., ThreadPool]]:
    made: list[ThreadPool] = []

    def make(*args: Any, start: bool = True, **kwargs: Any) -> ThreadPool:
        pool = ThreadPool(*args, **kwargs)
        made.append(pool)
        if start:
            pool.start()
        return pool

    yield make
    for one in made:
        if one.started:
            one.stop()


@pytest.fixture
def errors() -> Iterator[list[dict[str, Any]]]:
    seen: list[dict[str, Any]] = []

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            seen.append(event)

    log.addObserver(observe)
    yield seen
    log.removeObserver(observe)


class Gate:
    """Work that has begun and waits to be let go."""

    def __init__(self, pool: ThreadPool) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        pool.callInThread(self.wait)

    def wait(self) -> None:
        self.begun.set()
        assert self.go.wait(PATIENCE_S)


def test_limits_are_checked(make: Any) -> None:
    with pytest.raises(AssertionError, match="minimum is negative"):
        ThreadPool(-1, 3)
    with pytest.raises(AssertionError, match="minimum is greater than maximum"):
        ThreadPool(5, 2)
    pool = make(1, 3)
    with pytest.raises(AssertionError, match="minimum is greater than maximum"):
        pool.adjustPoolsize(4)
    assert (pool.min, pool.max) == (1, 3)


def test_starts_as_many_as_the_minimum(make: Any) -> None:
    pool = make(3, 10, name="name")
    assert pool.workers == len(pool.threads) == 3
    assert sorted(thread.name for thread in pool.threads) == [
        f"PoolThread-name-{number}" for number in range(3)
    ]
    assert make(0, 10).threads == []


def test_work_given_before_the_start_runs_then(make: Any) -> None:
    pool = make(0, 5, start=False)
    done = threading.Semaphore(0)
    for _ in range(8):
        pool.callInThread(done.release)
    assert pool.workers == 0
    assert pool.q.qsize() == 8
    pool.start()
    for _ in range(8):
        assert done.acquire(timeout=PATIENCE_S)


def test_numbers_follow_the_work(make: Any) -> None:
    pool = make(0, 2)
    gates = [Gate(pool) for _ in range(2)]
    for gate in gates:
        assert gate.begun.wait(PATIENCE_S)
    waiting = Gate(pool)
    assert (pool.workers, pool.working, pool.waiters) == (2, [None, None], [])
    assert pool._queue.qsize() == 1
    for gate in [*gates, waiting]:
        gate.go.set()
    assert waiting.begun.wait(PATIENCE_S)
    pool.stop()
    assert pool.workers == 0


def test_an_idle_thread_is_used_again(make: Any) -> None:
    pool = make(0, 10)
    names: set[str] = set()
    for _ in range(50):
        gate = Gate(pool)
        assert gate.begun.wait(PATIENCE_S)
        gate.go.set()
        done = threading.Event()
        pool.callInThread(
            lambda done=done: (names.add(threading.current_thread().name), done.set())
        )
        assert done.wait(PATIENCE_S)
    assert len(pool.threads) <= 3


def test_a_task_never_waits_behind_one_that_waits_for_it(make: Any) -> None:
    pool = make(0, 10)
    for _ in range(100):
        event = threading.Event()
        done = threading.Semaphore(0)
        for _ in range(3):
            pool.callInThread(lambda e=event, d=done: (e.wait(PATIENCE_S), d.release()))
        pool.callInThread(event.set)
        for _ in range(3):
            assert done.acquire(timeout=PATIENCE_S)


def test_growing_and_shrinking(make: Any) -> None:
    pool = make(0, 4)
    pool.adjustPoolsize(3)
    assert pool.workers == 3
    pool.startAWorker()
    assert pool.workers == 4
    pool.startAWorker()
    assert pool.workers == 4, "not beyond the maximum"
    pool.stopAWorker()
    assert pool.workers == 3
    pool.adjustPoolsize(0, 1)
    assert pool.workers == 1
    done = threading.Event()
    pool.callInThread(done.set)
    assert done.wait(PATIENCE_S)


def test_busy_threads_end_after_their_task(make: Any) -> None:
    ended = threading.Semaphore(0)

    class Announcing(threading.Thread):
        def run(self) -> None:
            super().run()
            ended.release()

    pool = make(0, 3, start=False)
    pool.threadFactory = Announcing
    pool.start()
    gates = [Gate(pool) for _ in range(3)]
    for gate in gates:
        assert gate.begun.wait(PATIENCE_S)
    pool.adjustPoolsize(0, 1)
    assert not ended.acquire(blocking=False)
    for gate in gates:
        gate.go.set()
    for _ in range(2):
        assert ended.acquire(timeout=PATIENCE_S)
    done = threading.Event()
    pool.callInThread(done.set)
    assert done.wait(PATIENCE_S)


def test_adjusting_a_stopped_pool_starts_nothing(make: Any) -> None:
    pool = make(0, 5)
    pool.stop()
    pool.adjustPoolsize(2)
    assert pool.threads == []


def test_stop_finishes_the_work_first(make: Any) -> None:
    pool = make(1, 1)
    done: list[int] = []
    for number in range(20):
        pool.callInThread(done.append, number)
    pool.stop()
    assert done == list(range(20))
    assert (pool.joined, pool.started) == (True, False)
    pool.callInThread(done.append, "late")
    assert done == list(range(20))
    with pytest.raises(AlreadyQuit):
        pool.start()
    pool.started = False


def test_results_and_failures_reach_the_callback_in_the_same_thread(make: Any) -> None:
    pool = make(0, 1)
    seen: list[Any] = []
    idents: list[int] = []

    def on_result(ok: bool, result: Any) -> None:
        seen.append((ok, result))
        idents.append(threading.get_ident())

    def work(fail: bool) -> str:
        idents.append(threading.get_ident())
        if fail:
            raise ZeroDivisionError
        return "result"

    pool.callInThreadWithCallback(on_result, work, False)
    pool.callInThreadWithCallback(on_result, work, fail=True)
    pool.stop()
    assert seen[0] == (True, "result")
    assert seen[1][0] is False
    assert isinstance(seen[1][1], Failure)
    assert seen[1][1].check(ZeroDivisionError)
    assert len(set(idents)) == 1
    assert idents[0] != threading.get_ident()


def test_errors_nobody_asked_for_are_logged(make: Any, errors: list[Any]) -> None:
    pool = make(0, 1)

    def fail(*args: Any) -> None:
        raise ZeroDivisionError

    def leave() -> None:
        raise SystemExit

    pool.callInThread(fail)
    pool.callInThreadWithCallback(fail, lambda: None)
    pool.callInThread(leave)
    survived = threading.Event()
    pool.callInThread(survived.set)
    assert survived.wait(PATIENCE_S)
    pool.stop()
    assert [event["failure"].type for event in errors] == [
        ZeroDivisionError,
        ZeroDivisionError,
        SystemExit,
    ]


def test_arguments_do_not_outlive_their_use(make: Any) -> None:
    class Thing:
        def method(self, other: Any, *, third: Any) -> Thing:
            return Thing()

    pool = make(0, 1)
    thing = Thing()
    inside: list[Any] = []
    results: list[Any] = []
    let_go = threading.Event()
    done = threading.Event()
    gone = weakref.ref(thing)

    def on_result(ok: bool, result: Any) -> None:
        let_go.wait(PATIENCE_S)
        gc.collect()
        inside.append(gone())
        results.append(weakref.ref(result))
        done.set()

    pool.callInThreadWithCallback(on_result, thing.method, thing, third=thing)
    del thing
    let_go.set()
    assert done.wait(PATIENCE_S)
    idle = threading.Event()
    pool.callInThread(idle.set)
    assert idle.wait(PATIENCE_S)
    gc.collect()
    assert inside == [None]
    assert results[0]() is None


def test_work_runs_in_the_context_it_was_given_in(make: Any) -> None:
    pool = make(0, 1)
    seen: list[Any] = []

    def give() -> None:
        pool.callInThreadWithCallback(
            lambda ok, result: seen.append((result, context.get("key"))),
            lambda: context.get("key"),
        )

    context.call({"key": "value"}, give)
    pool.stop()
    assert seen == [("value", "value")]


def test_pickling_keeps_the_limits(make: Any) -> None:
    copy = pickle.loads(pickle.dumps(make(7, 20, start=False)))
    assert (copy.min, copy.max, copy.threads) == (7, 20, [])


def test_dump_stats_tells_the_log(make: Any) -> None:
    pool = make(1, 1)
    told: list[str] = []

    def observe(event: dict[str, Any]) -> None:
        told.append("".join(event["message"]))

    log.addObserver(observe)
    pool.dumpStats()
    log.removeObserver(observe)
    assert [line.split(":")[0] for line in told] == ["waiters", "workers", "total"]


def test_current_thread_is_deprecated() -> None:
    with pytest.warns(DeprecationWarning, match=r"threading\.current_thread was deprecated"):
        assert ThreadPool.currentThread() is threading.current_thread()


# The team by itself


def test_a_team_that_cannot_start_threads_keeps_its_numbers() -> None:
    def make(**kwargs: Any) -> Any:
        class Thread:
            def start(self) -> None:
                raise RuntimeError("can't start new thread")

        return Thread()

    team = Team(lambda: 1, make)
    with pytest.raises(RuntimeError, match="can't start"):
        team.do(print)
    assert team.statistics() == (0, 0, 1)


def test_a_team_dismisses_everybody() -> None:
    team = pool(lambda: 5)
    team.grow(4)
    assert team.statistics().idleWorkerCount == 4
    team.shrink()
    assert team.statistics() == (0, 0, 0)
    team.quit()
    for use in (team.quit, team.shrink, lambda: team.grow(1), lambda: team.do(print)):
        with pytest.raises(AlreadyQuit):
            use()

"""Deferreds from threads and answers fetched from the reactor."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pcstream.internet import defer, threads
from pcstream.python.threadpool import ThreadPool


class Reactor:
    """Calls from threads, made when a test says so."""

    def __init__(self) -> None:
        self.calls: queue.Queue[tuple[Callable[..., Any], Any, Any]] = queue.Queue()

    def callFromThread(self, f: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self.calls.put((f, args, kwargs))

    def make_one(self) -> None:
        f, args, kwargs = self.calls.get(timeout=30)
        f(*args, **kwargs)


@pytest.fixture
def reactor() -> Reactor:
    return Reactor()


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    made = ThreadPool(0, 2)
    made.start()
    yield made
    made.stop()


def test_a_result_arrives_in_the_reactors_thread(reactor: Any, pool: ThreadPool) -> None:
    idents: list[int] = []

    def work(x: int, y: int = 5) -> int:
        idents.append(threading.get_ident())
        return x + y

    d = threads.deferToThreadPool(reactor, pool, work, 3, y=4)
    seen: list[Any] = []
    d.addCallback(lambda result: seen.append((result, threading.get_ident())))
    assert seen == []
    reactor.make_one()
    assert seen == [(7, threading.get_ident())]
    assert idents[0] != threading.get_ident()


def test_an_exception_arrives_as_a_failure(reactor: Any, pool: ThreadPool) -> None:
    d = threads.deferToThreadPool(reactor, pool, lambda: 1 / 0)
    reactor.make_one()
    seen: list[Any] = []
    d.addErrback(lambda reason: seen.append(reason.type))
    assert seen == [ZeroDivisionError]


def fetch(reactor: Any, function: Callable[..., Any], *args: Any) -> Any:
    """What ``blockingCallFromThread`` gives a thread."""
    seen: list[Any] = []

    def ask() -> None:
        try:
            seen.append(threads.blockingCallFromThread(reactor, function, *args))
        except Exception as error:
            seen.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    reactor.make_one()
    while reactor.calls.qsize():
        reactor.make_one()
    thread.join(30)
    return seen[0]


def test_an_answer_is_fetched(reactor: Any) -> None:
    assert fetch(reactor, lambda x: x + 1, 1) == 2
    assert fetch(reactor, lambda: defer.succeed("value")) == "value"


def test_an_answer_that_comes_late(reactor: Any) -> None:
    d: defer.Deferred[str] = defer.Deferred()

    def later() -> defer.Deferred[str]:
        reactor.callFromThread(d.callback, "late")
        return d

    assert fetch(reactor, later) == "late"


def test_a_failure_is_raised_in_the_thread(reactor: Any) -> None:
    def fail() -> None:
        raise KeyError("oops")

    assert isinstance(fetch(reactor, fail), KeyError)
    assert isinstance(fetch(reactor, lambda: defer.fail(ValueError())), ValueError)

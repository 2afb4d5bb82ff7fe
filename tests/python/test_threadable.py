"""The I/O thread's identity, locks that can be pickled, methods for one thread at a time."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator

import pytest

from pcstream.python import threadable


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = threadable.ioThread
    yield
    threadable.ioThread = before


def test_the_io_thread() -> None:
    threadable.registerAsIOThread()
    elsewhere: list[bool] = []
    thread = threading.Thread(target=lambda: elsewhere.append(threadable.isInIOThread()))
    thread.start()
    thread.join()
    assert threadable.isInIOThread()
    assert elsewhere == [False]
    assert threadable.getThreadID() == threading.get_ident()


def test_a_lock_comes_back_from_a_pickle_new_and_free() -> None:
    lock = threadable.XLock()
    with lock:
        copy = pickle.loads(pickle.dumps(lock))
        assert isinstance(copy, threadable.XLock)
        assert copy is not lock
        with lock:
            pass


class Counter:
    synchronized = ["count", "twice"]
    value = 0
    inside = 0
    met = False

    def count(self) -> None:
        """Count, and notice company."""
        self.inside += 1
        self.met = self.met or self.inside > 1
        self.value += 1
        self.inside -= 1

    def twice(self) -> None:
        """Call a synchronized method from one."""
        self.count()
        self.count()


threadable.synchronize(Counter)


def test_synchronized_methods_exclude_each_other_and_nest() -> None:
    assert Counter.count.__name__ == "count"
    counter = Counter()
    threads = [
        threading.Thread(target=lambda: [counter.twice() for _ in range(500)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 4000
    assert not counter.met


def test_threads_cannot_be_turned_off() -> None:
    threadable.init()
    with pytest.raises(RuntimeError):
        threadable.init(0)

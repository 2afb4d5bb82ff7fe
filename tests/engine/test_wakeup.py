"""The pipe to oneself: never blocks, loses no wake-up, and costs one write a turn."""

from __future__ import annotations

import os
import select
import threading

import pytest

from pcstream._engine.wakeup import ChildWaker, PipeReader, Waker


def readable(waker: PipeReader) -> bool:
    return bool(select.select([waker], [], [], 0)[0])


@pytest.fixture
def waker() -> Waker:
    return Waker()


def test_a_wake_up_ends_the_wait(waker: Waker) -> None:
    assert not readable(waker)
    waker.wakeUp()
    assert readable(waker)
    waker.doRead()
    assert not readable(waker)
    waker.connectionLost(None)


def test_a_storm_costs_one_byte(waker: Waker) -> None:
    for _ in range(100_000):
        waker.wakeUp()
    assert os.read(waker.i, 100) == b"x"
    waker.connectionLost(None)


def test_wakes_again_after_each_turn(waker: Waker) -> None:
    for _ in range(100):
        waker.wakeUp()
        assert readable(waker)
        waker.doRead()
        assert not readable(waker)
    waker.connectionLost(None)


def test_a_full_pipe_does_not_block(waker: Waker) -> None:
    try:
        while True:
            os.write(waker.o, b"x" * 65536)
    except BlockingIOError:
        pass
    waker.wakeUp()
    waker.doRead()
    assert not readable(waker)
    waker.wakeUp()
    assert readable(waker)
    waker.connectionLost(None)


def test_reading_an_empty_pipe_does_not_block(waker: Waker) -> None:
    waker.doRead()
    waker.connectionLost(None)


def test_a_wake_up_on_a_closed_waker_does_nothing(waker: Waker) -> None:
    waker.connectionLost(None)
    waker.connectionLost(None)
    waker.wakeUp()
    assert waker.fileno() == -1


def test_trouble_that_is_not_a_full_pipe_is_raised(waker: Waker) -> None:
    i, o = waker.i, waker.o
    os.close(o)
    with pytest.raises(OSError, match="Bad file descriptor"):
        waker.wakeUp()
    waker.i = waker.o = -1
    os.close(i)


def test_children_do_not_inherit_it(waker: Waker) -> None:
    assert not os.get_inheritable(waker.i)
    assert not os.get_inheritable(waker.o)
    waker.connectionLost(None)


def test_no_call_of_any_thread_is_left_asleep(waker: Waker) -> None:
    """Threads queue and wake; the reader sleeps without limit. A lost wake-up would hang it."""
    queue: list[int] = []
    threads, each = 4, 2000

    def produce() -> None:
        for number in range(each):
            queue.append(number)
            waker.wakeUp()

    workers = [threading.Thread(target=produce) for _ in range(threads)]
    for worker in workers:
        worker.start()
    taken = 0
    while taken < threads * each:
        assert select.select([waker], [], [], 60)[0], "slept through a wake-up"
        waker.doRead()
        count = len(queue)
        del queue[:count]
        taken += count
    for worker in workers:
        worker.join()
    waker.connectionLost(None)


def test_the_child_waker_reaps_after_emptying() -> None:
    states: list[bool] = []
    waker = ChildWaker(lambda: states.append(readable(waker)))
    os.write(waker.o, b"abc")
    waker.doRead()
    assert states == [False]
    waker.connectionLost(None)


def test_the_child_waker_can_be_told_without_end() -> None:
    waker = ChildWaker(lambda: None)
    for _ in range(100_000):
        waker.notice()
    assert readable(waker)
    waker.doRead()
    assert not readable(waker)
    waker.connectionLost(None)

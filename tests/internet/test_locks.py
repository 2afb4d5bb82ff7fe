"""Locks, semaphores, queues and locks in the file system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pcstream.internet import defer
from pcstream.internet.defer import (
    CancelledError,
    Deferred,
    DeferredFilesystemLock,
    DeferredLock,
    DeferredQueue,
    DeferredSemaphore,
    ensureDeferred,
)
from pcstream.internet.task import Clock


class Boom(Exception):
    """An error like any other."""


def outcome(d: Deferred[Any]) -> Any:
    """The Deferred's result, which is there."""
    got: list[Any] = []
    d.addBoth(got.append)
    assert len(got) == 1
    return got[0]


def test_a_lock_is_had_by_one_at_a_time_in_order() -> None:
    lock = DeferredLock()
    order: list[int] = []
    assert outcome(lock.acquire()) is lock
    lock.acquire().addCallback(lambda _: order.append(1))
    lock.acquire().addCallback(lambda _: order.append(2))
    assert lock.locked
    lock.release()
    assert order == [1]
    lock.release()
    lock.release()
    assert order == [1, 2]
    assert not lock.locked
    with pytest.raises(AssertionError, match="unlocked lock"):
        lock.release()


def test_a_semaphore_is_had_by_so_many() -> None:
    semaphore = DeferredSemaphore(2)
    assert outcome(semaphore.acquire()) is semaphore
    semaphore.acquire()
    third = semaphore.acquire()
    assert not third.called
    semaphore.release()
    assert third.called
    semaphore.release()
    semaphore.release()
    assert semaphore.tokens == semaphore.limit == 2
    with pytest.raises(AssertionError, match="too many tokens"):
        semaphore.release()
    with pytest.raises(ValueError, match="requires tokens >= 1"):
        DeferredSemaphore(0)


@pytest.mark.parametrize("primitive", [DeferredLock(), DeferredSemaphore(1)])
def test_run_releases_when_the_result_is_there(primitive: Any) -> None:
    inner: Deferred[Any] = Deferred()
    d = primitive.run(lambda x: inner, x=1)
    second = primitive.run(lambda: "second")
    assert not second.called
    inner.callback("first")
    assert outcome(d) == "first"
    assert outcome(second) == "second"
    assert outcome(primitive.run(lambda: 1 / 0)).type is ZeroDivisionError
    assert primitive.acquire().called
    primitive.release()

    async def coroutine() -> int:
        return 3

    assert outcome(primitive.run(coroutine)) == 3
    with pytest.raises(TypeError):
        primitive.run()


@pytest.mark.parametrize("primitive", [DeferredLock(), DeferredSemaphore(1)])
def test_async_with(primitive: Any) -> None:
    async def use() -> None:
        async with primitive:
            assert not primitive.acquire().called
            raise Boom

    assert outcome(ensureDeferred(use())).type is Boom
    primitive.release()


@pytest.mark.parametrize("primitive", [DeferredLock(), DeferredSemaphore(1)])
def test_waiting_can_be_cancelled(primitive: Any) -> None:
    first = primitive.acquire()
    first.cancel()
    second = primitive.acquire()
    second.cancel()
    assert outcome(second).type is CancelledError
    primitive.release()
    assert primitive.acquire().called


def test_a_queue_gives_to_those_who_wait_and_keeps_the_rest() -> None:
    queue: DeferredQueue[int] = DeferredQueue(size=2, backlog=1)
    first = queue.get()
    with pytest.raises(defer.QueueUnderflow):
        queue.get()
    for number in range(3):
        queue.put(number)
    with pytest.raises(defer.QueueOverflow):
        queue.put(3)
    assert [outcome(d) for d in (first, queue.get(), queue.get())] == [0, 1, 2]


def test_a_get_can_be_cancelled() -> None:
    queue: DeferredQueue[int] = DeferredQueue()
    d = queue.get()
    d.cancel()
    assert outcome(d).type is CancelledError
    queue.put(1)
    assert outcome(queue.get()) == 1


# -- in the file system ---------------------------------------------------------------------


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lock(tmp_path: Path, clock: Clock) -> DeferredFilesystemLock:
    return DeferredFilesystemLock(str(tmp_path / "lock"), scheduler=clock)


def test_a_file_lock_names_its_owner(lock: DeferredFilesystemLock) -> None:
    assert outcome(lock.deferUntilLocked()) is None
    assert lock.locked
    assert lock.clean
    assert os.readlink(lock.name) == str(os.getpid())
    assert DeferredFilesystemLock(lock.name, lock._scheduler).lock() is False
    lock.unlock()
    assert not lock.locked
    assert not os.path.lexists(lock.name)


def test_a_held_file_lock_is_tried_every_second(lock: DeferredFilesystemLock, clock: Clock) -> None:
    lock.lock()
    d = lock.deferUntilLocked(timeout=10)
    clock.callLater(2.5, lock.unlock)
    clock.pump([1, 1])
    assert not d.called
    clock.pump([1])
    assert outcome(d) is None
    assert clock.getDelayedCalls() == []


def test_waiting_for_a_file_lock_ends_with_the_timeout(
    lock: DeferredFilesystemLock, clock: Clock
) -> None:
    lock.lock()
    d = lock.deferUntilLocked(timeout=5.5)
    clock.pump([1] * 6)
    reason = outcome(d)
    assert reason.type is defer.TimeoutError
    assert str(reason.value) == f"Timed out acquiring lock: {lock.name} after 5.500000s"
    assert clock.getDelayedCalls() == []


def test_a_file_lock_is_waited_for_once_at_a_time(
    lock: DeferredFilesystemLock, clock: Clock
) -> None:
    lock.lock()
    d = lock.deferUntilLocked(timeout=3)
    assert outcome(lock.deferUntilLocked()).type is defer.AlreadyTryingToLockError
    d.cancel()
    assert outcome(d).type is CancelledError
    assert clock.getDelayedCalls() == []


def test_the_lock_of_a_dead_process_is_taken_over(lock: DeferredFilesystemLock) -> None:
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )
    os.symlink(child.stdout.strip(), lock.name)
    assert lock.lock()
    assert lock.clean is False
    lock.unlock()


def test_another_processes_lock_cannot_be_released(lock: DeferredFilesystemLock) -> None:
    os.symlink(str(os.getppid()), lock.name)
    assert lock.lock() is False
    with pytest.raises(ValueError, match="not owned by this process"):
        lock.unlock()


def test_an_error_is_raised_at_first_and_later_becomes_the_result(
    clock: Clock, tmp_path: Path
) -> None:
    directory = tmp_path / "directory"
    lock = DeferredFilesystemLock(str(directory / "lock"), scheduler=clock)
    with pytest.raises(FileNotFoundError):
        lock.deferUntilLocked()
    directory.mkdir()
    os.symlink(str(os.getppid()), lock.name)
    d = lock.deferUntilLocked(timeout=9)
    os.unlink(lock.name)
    directory.rmdir()
    clock.advance(1)
    assert outcome(d).type is FileNotFoundError
    assert clock.getDelayedCalls() == []

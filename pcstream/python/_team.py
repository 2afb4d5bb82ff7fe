"""Workers in threads that share one list of tasks.

All that is known about them is under one lock, so that the numbers are exact when they are read
from another thread: an idle worker, for instance, is one that no task is meant for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from typing import Any, NamedTuple, Protocol

from pcstream.python import log

__all__ = ["AlreadyQuit", "Statistics", "Team", "pool"]

Task = Callable[[], object]


class AlreadyQuit(Exception):
    """The team takes no more work."""


class Statistics(NamedTuple):
    """A team at one moment."""

    idleWorkerCount: int
    busyWorkerCount: int
    backloggedWorkCount: int


class ThreadFactory(Protocol):
    def __call__(self, *, target: Callable[..., object]) -> Any: ...


class Team:
    """Starts a worker when a task finds none idle and the limit permits; else the task waits.

    :param limit: tells how many workers there may be now.
    :param make_thread: makes a thread that is not started yet.
    """

    def __init__(self, limit: Callable[[], int], make_thread: ThreadFactory) -> None:
        self._limit = limit
        self._make_thread = make_thread
        self._changed = Condition()
        self._tasks: deque[Task] = deque()
        self._free = 0  # workers that wait for a task, or are about to
        self._busy = 0
        self._to_dismiss = 0  # free workers that are going to end
        self._to_end = 0  # busy workers that end with their task
        self._quit = False

    def statistics(self) -> Statistics:
        """How many workers and tasks there are."""
        with self._changed:
            taken = min(self._free, len(self._tasks))
            return Statistics(self._free - taken, self._busy + taken, len(self._tasks) - taken)

    def do(self, task: Task) -> None:
        """Have a task done.

        :raises AlreadyQuit: after :meth:`quit`.
        """
        with self._changed:
            self._check()
            self._tasks.append(task)
            if self._free < len(self._tasks):
                self._hire()
            self._changed.notify()

    def grow(self, n: int) -> None:
        """Start up to ``n`` more workers.

        :raises AlreadyQuit: after :meth:`quit`.
        """
        with self._changed:
            self._check()
            for _ in range(n):
                if not self._hire():
                    break

    def shrink(self, n: int | None = None) -> None:
        """End ``n`` workers, or all: free ones now, busy ones after their task.

        :raises AlreadyQuit: after :meth:`quit`.
        """
        with self._changed:
            self._check()
            self._shrink(self._free + self._busy if n is None else n)

    def quit(self) -> None:
        """Do the tasks that are waiting, then end every worker.

        :raises AlreadyQuit: the second time.
        """
        with self._changed:
            self._check()
            self._quit = True
            self._changed.notify_all()

    def _check(self) -> None:
        if self._quit:
            raise AlreadyQuit()

    def _shrink(self, n: int) -> None:
        idle = max(0, self._free - len(self._tasks))
        dismissed = min(n, idle)
        self._free -= dismissed
        self._to_dismiss += dismissed
        self._to_end += min(n - dismissed, self._busy + self._free - self._to_end)
        self._changed.notify_all()

    def _hire(self) -> bool:
        if self._free + self._busy >= self._limit():
            return False
        thread = self._make_thread(target=self._work)
        self._free += 1
        try:
            thread.start()
        except BaseException:
            self._free -= 1
            raise
        return True

    def _next(self) -> Task | None:
        """Wait for a task; None means that this worker ends."""
        with self._changed:
            while True:
                if self._to_dismiss:
                    self._to_dismiss -= 1
                    return None
                if self._tasks:
                    self._free -= 1
                    self._busy += 1
                    return self._tasks.popleft()
                if self._quit:
                    self._free -= 1
                    return None
                self._changed.wait()

    def _finish(self) -> bool:
        """A task is done; whether this worker goes on."""
        with self._changed:
            self._busy -= 1
            if self._to_end:
                self._to_end -= 1
                return False
            self._free += 1
            return True

    def _work(self) -> None:
        going = True
        while going:
            task = self._next()
            if task is None:
                return
            try:
                task()
            except BaseException:
                log.err()
            # Not kept until the next one comes: it may hold anything alive.
            del task
            going = self._finish()


def pool(currentLimit: Callable[[], int], threadFactory: ThreadFactory = Thread) -> Team:
    """A team of threads.

    :param currentLimit: tells how many threads there may be now.
    """
    return Team(currentLimit, threadFactory)

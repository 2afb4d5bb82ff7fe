"""A pool of threads that grows with its work."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from threading import Thread, current_thread
from typing import Any, ParamSpec, TypeVar

from pcstream.python import context, log
from pcstream.python._team import Team
from pcstream.python._team import pool as _pool
from pcstream.python.failure import Failure

__all__ = ["ThreadPool"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


@wraps(current_thread)
def _current_thread() -> Thread:
    warnings.warn(
        "threading.current_thread was deprecated in Twisted 22.1.0; "
        "please use threading.current_thread instead",
        category=DeprecationWarning,
        stacklevel=2,
    )
    return current_thread()


class _Backlog:
    """The face of a queue for code that asks how long it is."""

    def __init__(self, team: Team) -> None:
        self._team = team

    def qsize(self) -> int:
        """How many tasks wait for a thread."""
        return self._team.statistics().backloggedWorkCount


class ThreadPool:
    """Between ``min`` and ``max`` threads, none of them before :meth:`start`.

    :param name: part of the names of the threads.
    :ivar joined: it has been stopped, and takes no more work.
    :ivar threads: those started so far.
    """

    min = 5
    max = 20
    joined = False
    started = False
    name: str | None = None

    threadFactory = Thread
    currentThread = staticmethod(_current_thread)
    _pool = staticmethod(_pool)

    def __init__(self, minthreads: int = 5, maxthreads: int = 20, name: str | None = None) -> None:
        _check_sizes(minthreads, maxthreads)
        self.min = minthreads
        self.max = maxthreads
        self.name = name
        self.threads: list[Thread] = []

        def limit() -> int:
            return self.max if self.started else 0

        def make_thread(*args: Any, **kwargs: Any) -> Thread:
            kwargs["name"] = self._generateName()
            thread = self.threadFactory(*args, **kwargs)
            self.threads.append(thread)
            return thread

        self._team = self._pool(limit, make_thread)

    # Numbers

    @property
    def workers(self) -> int:
        """How many threads there are."""
        statistics = self._team.statistics()
        return statistics.idleWorkerCount + statistics.busyWorkerCount

    @property
    def working(self) -> list[None]:
        """As many entries as there are busy threads."""
        return [None] * self._team.statistics().busyWorkerCount

    @property
    def waiters(self) -> list[None]:
        """As many entries as there are idle threads."""
        return [None] * self._team.statistics().idleWorkerCount

    @property
    def _queue(self) -> _Backlog:
        return _Backlog(self._team)

    q = _queue

    def dumpStats(self) -> None:
        """Write what the threads are doing to the log."""
        log.msg(f"waiters: {self.waiters}")
        log.msg(f"workers: {self.working}")
        log.msg(f"total: {self.threads}")

    def _generateName(self) -> str:
        return f"PoolThread-{self.name or id(self)}-{self.workers}"

    # Life

    def start(self) -> None:
        """Start the threads, as many as ``min`` and the waiting work ask for."""
        self.joined = False
        self.started = True
        self.adjustPoolsize()
        backlog = self._team.statistics().backloggedWorkCount
        if backlog:
            self._team.grow(backlog)

    def stop(self) -> None:
        """Finish the work that has been given, then end the threads and wait for them."""
        self.joined = True
        self.started = False
        self._team.quit()
        for thread in self.threads:
            thread.join()

    def adjustPoolsize(self, minthreads: int | None = None, maxthreads: int | None = None) -> None:
        """Set the limits, and start or end threads to keep them.

        :raises AssertionError: they make no sense.
        """
        if minthreads is None:
            minthreads = self.min
        if maxthreads is None:
            maxthreads = self.max
        _check_sizes(minthreads, maxthreads)
        self.min = minthreads
        self.max = maxthreads
        if not self.started:
            return
        if self.workers > self.max:
            self._team.shrink(self.workers - self.max)
        if self.workers < self.min:
            self._team.grow(self.min - self.workers)

    def startAWorker(self) -> None:
        """Start one more thread, if ``max`` permits."""
        self._team.grow(1)

    def stopAWorker(self) -> None:
        """End one thread."""
        self._team.shrink(1)

    # Work

    def callInThread(self, func: Callable[_P, object], *args: _P.args, **kw: _P.kwargs) -> None:
        """Call a function in a thread; an exception is logged. Nothing happens after a stop."""
        self.callInThreadWithCallback(None, func, *args, **kw)

    def callInThreadWithCallback(
        self,
        onResult: Callable[[bool, Any], object] | None,
        func: Callable[_P, _R],
        *args: _P.args,
        **kw: _P.kwargs,
    ) -> None:
        """Call a function in a thread, and there tell ``onResult`` how it went.

        :param onResult: called with True and the result, or False and a Failure; None to have
            an exception logged instead.
        """
        if self.joined:
            return
        surroundings = context.theContextTracker.currentContext().contexts[-1]
        work: list[Any] = [onResult, func, args, kw]

        def task() -> None:
            onResult, func, args, kw = work
            # Emptied, and the names deleted below, so that no argument outlives its use.
            work.clear()
            try:
                result: Any = context.call(surroundings, func, *args, **kw)
                ok = True
            except BaseException:
                result = Failure()
                ok = False
            del func, args, kw
            if onResult is not None:
                context.call(surroundings, onResult, ok, result)
            elif not ok:
                context.call(surroundings, log.err, result)

        del onResult, func, args, kw
        self._team.do(task)

    # Pickling keeps the limits: a thread cannot be carried over.

    def __getstate__(self) -> dict[str, Any]:
        return {"min": self.min, "max": self.max}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        ThreadPool.__init__(self, self.min, self.max)


def _check_sizes(least: int, most: int) -> None:
    assert least >= 0, "minimum is negative"
    assert least <= most, "minimum is greater than maximum"

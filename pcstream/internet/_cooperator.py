"""Iterators that share the reactor: each gets a step in turn, and none may hog it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from ..python.failure import Failure
from ._deferred import Deferred

if TYPE_CHECKING:
    from .interfaces import IDelayedCall

_TASK = "pcstream.internet.task"

_TaskIteratorT = TypeVar("_TaskIteratorT", bound=Iterator[Any])


class SchedulerError(Exception):
    """Something is wrong with a task or with what runs it."""

    __module__ = _TASK


class SchedulerStopped(SchedulerError):
    """What runs the task was stopped."""

    __module__ = _TASK


class TaskFinished(SchedulerError):
    """The task has come to its end."""

    __module__ = _TASK


class TaskDone(TaskFinished):
    """The task has done all it had to do."""

    __module__ = _TASK


class TaskStopped(TaskFinished):
    """The task was stopped."""

    __module__ = _TASK


class TaskFailed(TaskFinished):
    """The task has ended with an error."""

    __module__ = _TASK


class NotPaused(SchedulerError):
    """The task was to be resumed, but was not paused."""

    __module__ = _TASK


_EPSILON = 0.00000001
"""Seconds until the next round: as good as none, but later than what is due already."""


class _Timer:
    """Says when a round of steps has taken long enough."""

    MAX_SLICE = 0.01
    """Seconds: short enough for nobody to notice, long enough for the rounds to cost little."""

    def __init__(self) -> None:
        self.end = time.time() + self.MAX_SLICE

    def __call__(self) -> bool:
        return time.time() >= self.end


def _defaultScheduler(callable: Callable[[], None]) -> IDelayedCall:
    from . import reactor

    return cast("IDelayedCall", cast(Any, reactor).callLater(_EPSILON, callable))


class CooperativeTask(Generic[_TaskIteratorT]):
    """An iterator in a :class:`Cooperator`."""

    __module__ = _TASK

    def __init__(self, iterator: _TaskIteratorT, cooperator: Cooperator) -> None:
        self._iterator = iterator
        self._cooperator = cooperator
        self._deferreds: list[Deferred[_TaskIteratorT]] = []
        self._pauseCount = 0
        self._completionState: SchedulerError | None = None
        self._completionResult: _TaskIteratorT | Failure | None = None
        cooperator._addTask(self)

    def whenDone(self) -> Deferred[_TaskIteratorT]:
        """A new Deferred that fires with the iterator when it is through.

        It fails with what the iterator raised, :class:`TaskStopped` or :class:`SchedulerStopped`.
        """
        d: Deferred[_TaskIteratorT] = Deferred()
        if self._completionState is None:
            self._deferreds.append(d)
        else:
            assert self._completionResult is not None
            d.callback(self._completionResult)
        return d

    def pause(self) -> None:
        """Take no further steps until :meth:`resume` was called as often as this.

        :raises TaskFinished: it has come to its end.
        """
        self._checkFinish()
        self._pauseCount += 1
        if self._pauseCount == 1:
            self._cooperator._removeTask(self)

    def resume(self) -> None:
        """Undo one :meth:`pause`.

        :raises NotPaused: there was none.
        """
        if self._pauseCount == 0:
            raise NotPaused()
        self._pauseCount -= 1
        if self._pauseCount == 0 and self._completionState is None:
            self._cooperator._addTask(self)

    def _completeWith(
        self, completionState: SchedulerError, deferredResult: _TaskIteratorT | Failure
    ) -> None:
        """Come to the end.

        :param completionState: what is raised when more is asked of the task.
        :param deferredResult: what those who wait for it get.
        """
        self._completionState = completionState
        self._completionResult = deferredResult
        if not self._pauseCount:
            self._cooperator._removeTask(self)
        # out of the way first: their callbacks may ask for more
        deferreds, self._deferreds = self._deferreds, []
        for d in deferreds:
            d.callback(deferredResult)

    def stop(self) -> None:
        """Take no further steps.

        :raises TaskFinished: it has come to its end.
        """
        self._checkFinish()
        self._completeWith(TaskStopped(), Failure(TaskStopped()))

    def _checkFinish(self) -> None:
        if self._completionState is not None:
            raise self._completionState

    def _oneWorkUnit(self) -> None:
        """Take a step; if it returns a Deferred, pause until that has fired."""
        try:
            result = next(self._iterator)
        except StopIteration:
            self._completeWith(TaskDone(), self._iterator)
            return
        except BaseException:
            self._completeWith(TaskFailed(), Failure())
            return
        if isinstance(result, Deferred):
            self.pause()

            def failed(failure: Failure) -> None:
                self._completeWith(TaskFailed(), failure)

            result.addCallbacks(lambda _: self.resume(), failed)


class Cooperator:
    """Takes steps of several iterators in turn.

    :param terminationPredicateFactory: called for each round; it returns a function that is asked
        after each step whether the round is over.
    :param scheduler: called with the next round, to be made soon; returns what can cancel it.
    :param started: begin at once.
    """

    __module__ = _TASK

    _mustScheduleOnStart = False

    def __init__(
        self,
        terminationPredicateFactory: Callable[[], Callable[[], bool]] = _Timer,
        scheduler: Callable[[Callable[[], None]], IDelayedCall] = _defaultScheduler,
        started: bool = True,
    ) -> None:
        self._tasks: list[CooperativeTask[Any]] = []
        # where the next round begins; removing tasks meanwhile shifts it
        self._metarator: Iterator[CooperativeTask[Any]] = iter(())
        self._terminationPredicateFactory = terminationPredicateFactory
        self._scheduler = scheduler
        self._delayedCall: IDelayedCall | None = None
        self._stopped = False
        self._started = started

    def coiterate(
        self,
        iterator: _TaskIteratorT,
        doneDeferred: Deferred[_TaskIteratorT] | None = None,
    ) -> Deferred[_TaskIteratorT]:
        """Add an iterator to those that are stepped through.

        :param doneDeferred: what to fire when it is through; a new Deferred unless given.
        :return: that Deferred.
        """
        done = CooperativeTask(iterator, self).whenDone()
        if doneDeferred is None:
            return done
        done.addBoth(doneDeferred.callback)
        return doneDeferred

    def cooperate(self, iterator: _TaskIteratorT) -> CooperativeTask[_TaskIteratorT]:
        """Add an iterator to those that are stepped through.

        :return: a handle by which it can be paused and stopped.
        """
        return CooperativeTask(iterator, self)

    def _addTask(self, task: CooperativeTask[Any]) -> None:
        self._tasks.append(task)
        if self._stopped:
            task._completeWith(SchedulerStopped(), Failure(SchedulerStopped()))
        else:
            self._reschedule()

    def _removeTask(self, task: CooperativeTask[Any]) -> None:
        self._tasks.remove(task)
        # nothing must stay behind in the reactor once there is nothing to do
        if not self._tasks and self._delayedCall is not None:
            self._delayedCall.cancel()
            self._delayedCall = None

    def _tasksWhileNotStopped(self) -> Iterable[CooperativeTask[Any]]:
        """The tasks whose turn it is, until the round is over."""
        is_over = self._terminationPredicateFactory()
        while self._tasks:
            for task in self._metarator:
                yield task
                if is_over():
                    return
            self._metarator = iter(self._tasks)

    def _tick(self) -> None:
        """Make a round."""
        self._delayedCall = None
        for task in self._tasksWhileNotStopped():
            task._oneWorkUnit()
        self._reschedule()

    def _reschedule(self) -> None:
        if not self._started:
            self._mustScheduleOnStart = True
        elif self._delayedCall is None and self._tasks:
            self._delayedCall = self._scheduler(self._tick)

    def start(self) -> None:
        """Begin, or begin again."""
        self._stopped = False
        self._started = True
        if self._mustScheduleOnStart:
            del self._mustScheduleOnStart
            self._reschedule()

    def stop(self) -> None:
        """End every task with :class:`SchedulerStopped`, and those that come later too."""
        self._stopped = True
        for task in list(self._tasks):
            # a callback of one of them may have stopped another
            if task._completionState is None:
                task._completeWith(SchedulerStopped(), Failure(SchedulerStopped()))
        self._tasks = []
        if self._delayedCall is not None:
            self._delayedCall.cancel()
            self._delayedCall = None

    @property
    def running(self) -> bool:
        """It was started and not stopped."""
        return self._started and not self._stopped


_theCooperator = Cooperator()


def coiterate(iterator: _TaskIteratorT) -> Deferred[_TaskIteratorT]:
    """:meth:`Cooperator.coiterate` of the one cooperator that everybody shares."""
    return _theCooperator.coiterate(iterator)


def cooperate(iterator: _TaskIteratorT) -> CooperativeTask[_TaskIteratorT]:
    """:meth:`Cooperator.cooperate` of the one cooperator that everybody shares."""
    return _theCooperator.cooperate(iterator)

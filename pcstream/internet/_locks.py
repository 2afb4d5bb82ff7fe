"""What is waited for by Deferred: a lock, a semaphore, a queue, a lock in the file system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

from ..python.failure import Failure
from ._deferred import Deferred
from ._deferred_errors import (
    AlreadyTryingToLockError,
    QueueOverflow,
    QueueUnderflow,
    TimeoutError,
)
from ._filesystem_lock import FilesystemLock
from ._immediate import maybeDeferred, succeed

if TYPE_CHECKING:
    from typing_extensions import Self

    from .interfaces import IDelayedCall, IReactorTime

_T = TypeVar("_T")

_DEFER = "pcstream.internet.defer"


class _ConcurrencyPrimitive(ABC):
    """Something to be acquired, and released by whoever has acquired it.

    ``async with`` does both.
    """

    __module__ = _DEFER

    def __init__(self) -> None:
        self.waiting: list[Deferred[Any]] = []

    def _releaseAndReturn(self, r: _T) -> _T:
        self.release()
        return r

    def run(self, f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Call *f* once this is acquired, and release it when the result is there.

        :return: a Deferred of that result.
        """

        def acquired(_: object) -> Deferred[Any]:
            return maybeDeferred(f, *args, **kwargs).addBoth(self._releaseAndReturn)

        return self.acquire().addCallback(acquired)

    def __aenter__(self) -> Deferred[Self]:
        return self.acquire()

    def __aexit__(
        self,
        __exc_type: type[BaseException] | None,
        __exc_value: BaseException | None,
        __traceback: TracebackType | None,
    ) -> Deferred[Literal[False]]:
        self.release()
        return cast("Deferred[Literal[False]]", succeed(False))

    def _cancelAcquire(self, d: Deferred[Any]) -> None:
        """*d* does not want it any more."""
        self.waiting.remove(d)

    @abstractmethod
    def acquire(self) -> Deferred[Self]:
        """A Deferred that fires when it is acquired."""

    @abstractmethod
    def release(self) -> None:
        """Give it back."""


class DeferredLock(_ConcurrencyPrimitive):
    """A lock for one at a time, first come, first served.

    :ivar locked: somebody holds it.
    """

    __module__ = _DEFER

    locked = False

    def _cancelAcquire(self, d: Deferred[Any]) -> None:
        self.waiting.remove(d)

    def acquire(self) -> Deferred[Self]:
        """A Deferred that fires with the lock when it is the caller's."""
        d: Deferred[Any] = Deferred(canceller=self._cancelAcquire)
        if self.locked:
            self.waiting.append(d)
        else:
            self.locked = True
            d.callback(self)
        return d

    def release(self) -> None:
        """Let the next one have it."""
        assert self.locked, "Tried to release an unlocked lock"
        self.locked = False
        if self.waiting:
            self.locked = True
            self.waiting.pop(0).callback(self)


class DeferredSemaphore(_ConcurrencyPrimitive):
    """A lock for a certain number at a time, first come, first served.

    :param tokens: how many.
    :raises ValueError: *tokens* is less than one.
    :ivar tokens: how many could have it now.
    :ivar limit: how many at most.
    """

    __module__ = _DEFER

    def __init__(self, tokens: int) -> None:
        super().__init__()
        if tokens < 1:
            raise ValueError("DeferredSemaphore requires tokens >= 1")
        self.tokens = tokens
        self.limit = tokens

    def _cancelAcquire(self, d: Deferred[Any]) -> None:
        self.waiting.remove(d)

    def acquire(self) -> Deferred[Self]:
        """A Deferred that fires with the semaphore when one of its tokens is the caller's."""
        assert self.tokens >= 0, "Internal inconsistency??  tokens should never be negative"
        d: Deferred[Any] = Deferred(canceller=self._cancelAcquire)
        if not self.tokens:
            self.waiting.append(d)
        else:
            self.tokens -= 1
            d.callback(self)
        return d

    def release(self) -> None:
        """Give a token back, or to the next one."""
        assert self.tokens < self.limit, "Someone released me too many times: too many tokens!"
        self.tokens += 1
        if self.waiting:
            self.tokens -= 1
            self.waiting.pop(0).callback(self)


class DeferredQueue(Generic[_T]):
    """Objects on one side, those who wait for objects on the other.

    :param size: how many objects may lie there; None for any number.
    :param backlog: how many may wait; None for any number.
    """

    __module__ = _DEFER

    def __init__(self, size: int | None = None, backlog: int | None = None) -> None:
        self.waiting: list[Deferred[_T]] = []
        self.pending: list[_T] = []
        self.size = size
        self.backlog = backlog

    def _cancelGet(self, d: Deferred[_T]) -> None:
        self.waiting.remove(d)

    def put(self, obj: _T) -> None:
        """Give *obj* to the one who has waited longest, or keep it.

        :raises QueueOverflow: nobody waits and the queue is full.
        """
        if self.waiting:
            self.waiting.pop(0).callback(obj)
        elif self.size is None or len(self.pending) < self.size:
            self.pending.append(obj)
        else:
            raise QueueOverflow()

    def get(self) -> Deferred[_T]:
        """A Deferred of the next object.

        :raises QueueUnderflow: there is none and too many wait already.
        """
        if self.pending:
            return succeed(self.pending.pop(0))
        if self.backlog is None or len(self.waiting) < self.backlog:
            d: Deferred[_T] = Deferred(canceller=self._cancelGet)
            self.waiting.append(d)
            return d
        raise QueueUnderflow()


class DeferredFilesystemLock(FilesystemLock):
    """A file system lock that can be waited for.

    It is tried again every second, since the file system tells nobody.

    :param name: the path of the lock.
    :param scheduler: measures the time; the reactor unless given.
    """

    __module__ = _DEFER

    _interval = 1
    _tryLockCall: IDelayedCall | None = None
    _timeoutCall: IDelayedCall | None = None

    def __init__(self, name: str, scheduler: IReactorTime | None = None) -> None:
        FilesystemLock.__init__(self, name)
        if scheduler is None:
            from . import reactor

            scheduler = cast("IReactorTime", reactor)
        self._scheduler = scheduler

    def deferUntilLocked(self, timeout: float | None = None) -> Deferred[None]:
        """A Deferred that fires when the lock is taken.

        :param timeout: fail with :class:`TimeoutError` after so many seconds.
        :return: fails with :class:`AlreadyTryingToLockError` if the lock is being waited for.
        :raises OSError: the lock can be neither made nor read.
        """
        if self._tryLockCall is not None:
            already: Deferred[None] = Deferred()
            already.errback(
                AlreadyTryingToLockError("deferUntilLocked isn't safe for concurrent use.")
            )
            return already

        def stop_waiting() -> None:
            for call in (self._tryLockCall, self._timeoutCall):
                if call is not None and call.active():
                    call.cancel()
            self._tryLockCall = self._timeoutCall = None

        def cancelled(_: Deferred[Any]) -> None:
            stop_waiting()

        d: Deferred[None] = Deferred(cancelled)

        def time_is_up() -> None:
            reason = Failure(
                TimeoutError(f"Timed out acquiring lock: {self.name} after {timeout:f}s")
            )
            stop_waiting()
            d.errback(reason)

        def try_again() -> None:
            try:
                try_it()
            except BaseException:
                reason = Failure()
                stop_waiting()
                d.errback(reason)

        def try_it() -> None:
            if self.lock():
                stop_waiting()
                d.callback(None)
                return
            if timeout is not None and self._timeoutCall is None:
                self._timeoutCall = self._scheduler.callLater(timeout, time_is_up)
            self._tryLockCall = self._scheduler.callLater(self._interval, try_again)

        try_it()
        return d

"""Deferreds as asyncio's Futures, and the other way round."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future
from typing import Any, TypeVar

from ..python.failure import Failure
from ._deferred import Deferred, Pending

_T = TypeVar("_T")


def as_future(deferred: Deferred[_T], loop: AbstractEventLoop) -> Future[_T]:
    """A Future of *loop* that gets the Deferred's result."""
    future = loop.create_future()

    def succeeded(result: Any) -> None:
        if not future.cancelled():
            future.set_result(result)

    def failed(failure: Failure) -> None:
        if not future.cancelled():
            future.set_exception(failure.value)

    def done(_: Future[Any]) -> None:
        if future.cancelled():
            deferred.cancel()

    deferred.addCallbacks(succeeded, failed)
    future.add_done_callback(done)
    return future


class _PendingFuture(Pending):
    """An asyncio Future: cancelled at once, done a turn later."""

    __slots__ = ("future",)

    def __init__(self, future: Future[Any]) -> None:
        self.future = future

    def cancel_pending(self) -> None:
        self.future.cancel()


def from_future(cls: type[Deferred[Any]], future: Future[_T]) -> Deferred[_T]:
    """A *cls* that gets the result of *future*."""
    result: Deferred[_T] = cls()
    result._canceller = _PendingFuture(future)

    def done(_: Future[_T]) -> None:
        try:
            value: Any = future.result()
        except BaseException:
            value = Failure()
        result.callback(value)

    future.add_done_callback(done)
    return result

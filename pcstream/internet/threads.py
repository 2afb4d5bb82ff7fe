"""Between threads and Deferreds: work handed to a thread, and answers fetched from the reactor."""

from __future__ import annotations

import queue as Queue
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from pcstream.internet import defer
from pcstream.internet.interfaces import IReactorFromThreads
from pcstream.python.failure import Failure

if TYPE_CHECKING:
    from pcstream.python.threadpool import ThreadPool

__all__ = [
    "blockingCallFromThread",
    "callMultipleInThread",
    "deferToThread",
    "deferToThreadPool",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def deferToThreadPool(
    reactor: IReactorFromThreads,
    threadpool: ThreadPool,
    f: Callable[_P, _R],
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> defer.Deferred[_R]:
    """Call a function in a thread of a pool.

    :param reactor: in whose thread the Deferred is to fire.
    :returns: a Deferred of what the function returns or raises.
    """
    d: defer.Deferred[_R] = defer.Deferred()

    def done(ok: bool, result: Any) -> None:
        reactor.callFromThread(d.callback if ok else d.errback, result)

    threadpool.callInThreadWithCallback(done, f, *args, **kwargs)
    return d


def deferToThread(f: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> defer.Deferred[_R]:
    """Call a function in a thread of the reactor's pool.

    :returns: a Deferred of what the function returns or raises.
    """
    from pcstream.internet import reactor

    pool: ThreadPool = reactor.getThreadPool()  # type: ignore[attr-defined]
    return deferToThreadPool(reactor, pool, f, *args, **kwargs)  # type: ignore[arg-type]


def _runMultiple(tupleList: Iterable[tuple[Callable[..., Any], Any, Any]]) -> None:
    for f, args, kwargs in tupleList:
        f(*args, **kwargs)


def callMultipleInThread(tupleList: Iterable[tuple[Callable[..., Any], Any, Any]]) -> None:
    """Call functions one after another in one thread of the reactor's pool.

    :param tupleList: (function, positional arguments, keyword arguments) each.
    """
    from pcstream.internet import reactor

    reactor.callInThread(_runMultiple, tupleList)  # type: ignore[attr-defined]


def blockingCallFromThread(
    reactor: IReactorFromThreads,
    f: Callable[_P, _R] | Callable[_P, defer.Deferred[_R]],
    *a: _P.args,
    **kw: _P.kwargs,
) -> _R:
    """Call a function in the reactor's thread, and wait for its result.

    Not to be called from the reactor's thread, which would wait for itself.

    :returns: what the function returns, or what its Deferred fires with.
    :raises Exception: what the function raises, or what its Deferred fails with.
    """
    answers: Queue.Queue[Any] = Queue.Queue()

    def call() -> None:
        defer.maybeDeferred(f, *a, **kw).addBoth(answers.put)

    reactor.callFromThread(call)
    result = answers.get()
    if isinstance(result, Failure):
        result.raiseException()
    answer: _R = result
    return answer

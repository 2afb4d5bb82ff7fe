"""Which thread is the reactor's, and methods that only one thread at a time may run."""

from __future__ import annotations

import threading as threadingmodule
from collections.abc import Callable
from functools import wraps
from typing import Any

__all__ = ["XLock", "getThreadID", "isInIOThread", "registerAsIOThread"]

#: The identity of the I/O thread, or None as long as no reactor has run.
ioThread: int | None = None

threaded = True


class XLock(threadingmodule._RLock):  # type: ignore[misc]
    """A reentrant lock that can be pickled: what comes back is a new, free one."""

    def __reduce__(self) -> tuple[Callable[[], XLock], tuple[()]]:
        return unpickle_lock, ()


def unpickle_lock() -> XLock:
    """A new lock, for ``pickle``."""
    return XLock()


def getThreadID() -> int:
    """The identity of the calling thread."""
    return threadingmodule.get_ident()


def isInIOThread() -> bool:
    """Whether the calling thread is the reactor's."""
    return ioThread == getThreadID()


def registerAsIOThread() -> None:
    """Make the calling thread the reactor's."""
    global ioThread
    ioThread = getThreadID()


def init(with_threads: int = 1) -> None:
    """Nothing: Python always has threads.

    :raises RuntimeError: they are to be turned off.
    """
    if not with_threads:
        raise RuntimeError("Cannot uninitialize threads")


_creation = XLock()


def synchronize(*klasses: Any) -> None:
    """Let only one thread at a time run the methods that a class names in ``synchronized``.

    One lock an instance serves all its methods, and a method may call another.
    """
    for klass in klasses:
        for name in klass.synchronized:
            setattr(klass, name, _sync(klass, getattr(klass, name)))


def _sync(klass: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
        lock = self.__dict__.get("_threadable_lock")
        if lock is None:
            with _creation:
                lock = self.__dict__.setdefault("_threadable_lock", XLock())
        with lock:
            return function(self, *args, **kwargs)

    return guarded

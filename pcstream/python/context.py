"""Call context: values that hold for a call and everything it calls, kept for each thread.

The log takes its default keys from here. A context is one dictionary, copied when a call adds to
it; the innermost is the last of the thread's stack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import local
from typing import Any, TypeVar

_T = TypeVar("_T")

defaultContextDict: dict[Any, Any] = {}
"""The values that hold where no call has set any."""

setDefault = defaultContextDict.__setitem__


class ContextTracker:
    """The stack of contexts of one thread."""

    def __init__(self) -> None:
        self.contexts: list[dict[Any, Any]] = [defaultContextDict]

    def callWithContext(
        self, newContext: Mapping[Any, Any], func: Callable[..., _T], *args: Any, **kw: Any
    ) -> _T:
        """Call *func* with *newContext* laid over the current context.

        :return: what *func* returns.
        """
        merged = self.contexts[-1].copy()
        merged.update(newContext)
        self.contexts.append(merged)
        try:
            return func(*args, **kw)
        finally:
            self.contexts.pop()

    def getContext(self, key: Any, default: Any = None) -> Any:
        """The value of *key* in the innermost context, or *default*."""
        return self.contexts[-1].get(key, default)


class ThreadedContextTracker:
    """A :class:`ContextTracker` for each thread, made when the thread first needs it."""

    def __init__(self) -> None:
        self.storage = local()

    def currentContext(self) -> ContextTracker:
        """The calling thread's tracker."""
        try:
            tracker: ContextTracker = self.storage.ct
        except AttributeError:
            tracker = self.storage.ct = ContextTracker()
        return tracker

    def callWithContext(
        self, ctx: Mapping[Any, Any], func: Callable[..., _T], *args: Any, **kw: Any
    ) -> _T:
        """Call *func* with *ctx* laid over the calling thread's context."""
        return self.currentContext().callWithContext(ctx, func, *args, **kw)

    def getContext(self, key: Any, default: Any = None) -> Any:
        """The value of *key* in the calling thread's context, or *default*."""
        return self.currentContext().getContext(key, default)


theContextTracker: Any = None
call: Callable[..., Any]
get: Callable[..., Any]


def installContextTracker(ctr: Any) -> None:
    """Let *ctr* answer :func:`call` and :func:`get` from now on."""
    global theContextTracker, call, get
    theContextTracker = ctr
    call = ctr.callWithContext
    get = ctr.getContext


installContextTracker(ThreadedContextTracker())

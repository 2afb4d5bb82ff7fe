"""Deferreds of what is there already."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from types import CoroutineType
from typing import Any, ParamSpec, TypeVar, overload

from ..python.failure import Failure
from ._deferred import PLAIN_TYPES, Deferred
from ._inline_callbacks import run_coroutine

_P = ParamSpec("_P")
_T = TypeVar("_T")


def succeed(result: _T) -> Deferred[_T]:
    """A Deferred that has fired with *result*."""
    d: Deferred[_T] = Deferred()
    if d.debug or (type(result) not in PLAIN_TYPES and isinstance(result, Failure)):
        d.callback(result)
    else:
        d.called = True
        d.result = result
    return d


def fail(result: Failure | BaseException | None = None) -> Deferred[Any]:
    """A Deferred that has failed.

    :param result: a Failure or an exception; None for the exception being handled.
    """
    d: Deferred[Any] = Deferred()
    d.errback(result)
    return d


def execute(callable: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]:
    """Call *callable*; a Deferred of what it returned or raised."""
    try:
        result = callable(*args, **kwargs)
    except BaseException:
        return fail()
    return succeed(result)


@overload
def maybeDeferred(
    f: Callable[_P, Deferred[_T] | Coroutine[Deferred[Any], Any, _T]],
    *args: _P.args,
    **kwargs: _P.kwargs,
) -> Deferred[_T]: ...


@overload
def maybeDeferred(
    f: Callable[_P, Deferred[_T] | _T], *args: _P.args, **kwargs: _P.kwargs
) -> Deferred[_T]: ...


@overload
def maybeDeferred(f: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]: ...


def maybeDeferred(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]:
    """Call *f*; a Deferred of what comes of it: a value, an error, a Deferred or a coroutine."""
    try:
        result = f(*args, **kwargs)
    except BaseException:
        return fail(Failure(captureVars=Deferred.debug))
    if isinstance(result, Deferred):
        return result
    if isinstance(result, Failure):
        return fail(result)
    if type(result) is CoroutineType:
        return run_coroutine(result)
    return succeed(result)

"""Results that are not there yet: Deferred, and what is made of it.

The pieces live in private modules beside this one; these are their names.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

from ..python import log
from ..python.failure import Failure
from ._debug_info import DebugInfo as DebugInfo
from ._deferred import (
    Deferred,
)
from ._deferred import (
    _cancelledToTimedOutError as _cancelledToTimedOutError,
)
from ._deferred import (
    _failthru as _failthru,
)
from ._deferred import (
    _NextResultT as _NextResultT,
)
from ._deferred import (
    _SelfResultT as _SelfResultT,
)
from ._deferred import (
    passthru as passthru,
)
from ._deferred_errors import (
    AlreadyCalledError,
    AlreadyTryingToLockError,
    CancelledError,
    TimeoutError,
)
from ._deferred_errors import (
    FailureGroup as FailureGroup,
)
from ._deferred_errors import (
    FirstError as FirstError,
)
from ._deferred_errors import (
    NotACoroutineError as NotACoroutineError,
)
from ._deferred_errors import (
    QueueOverflow as QueueOverflow,
)
from ._deferred_errors import (
    QueueUnderflow as QueueUnderflow,
)
from ._gathering import (
    FAILURE,
    SUCCESS,
    DeferredList,
    gatherResults,
)
from ._gathering import (
    _parseDeferredListResult as _parseDeferredListResult,
)
from ._gathering import (
    race as race,
)
from ._immediate import (
    execute as execute,
)
from ._immediate import (
    fail,
    maybeDeferred,
    succeed,
)
from ._inline_callbacks import (
    _DefGen_Return as _DefGen_Return,
)
from ._inline_callbacks import (
    inlineCallbacks,
    returnValue,
)
from ._locks import (
    DeferredFilesystemLock,
    DeferredLock,
    DeferredQueue,
    DeferredSemaphore,
)
from ._locks import (
    _ConcurrencyPrimitive as _ConcurrencyPrimitive,
)

__all__ = [
    "FAILURE",
    "SUCCESS",
    "AlreadyCalledError",
    "AlreadyTryingToLockError",
    "CancelledError",
    "Deferred",
    "DeferredFilesystemLock",
    "DeferredList",
    "DeferredLock",
    "DeferredQueue",
    "DeferredSemaphore",
    "TimeoutError",
    "ensureDeferred",
    "fail",
    "gatherResults",
    "inlineCallbacks",
    "maybeDeferred",
    "returnValue",
    "succeed",
]

_T = TypeVar("_T")

DeferredCallback = Callable[..., object]
DeferredErrback = Callable[..., object]

_DeferredListResultItemT = tuple[bool, _SelfResultT]
_DeferredListResultListT = list[tuple[bool, _SelfResultT]]
_DeferredListSingleResultT = tuple[_SelfResultT, int]


def ensureDeferred(
    coro: Coroutine[Deferred[Any], Any, _T] | Generator[Deferred[Any], Any, _T] | Deferred[_T],
) -> Deferred[_T]:
    """A Deferred of what a coroutine returns; a Deferred as it is.

    :raises NotACoroutineError: *coro* is neither.
    """
    if isinstance(coro, Deferred):
        return coro
    try:
        return Deferred.fromCoroutine(coro)
    except NotACoroutineError:
        raise NotACoroutineError(f"{coro!r} is not a coroutine or a Deferred")


def logError(err: Failure) -> Failure:
    """Log *err* and return it: an errback for what should be reported and go on."""
    log.err(err)
    return err


def setDebugging(on: bool) -> None:
    """Let every Deferred made from now on remember who made and who fired it, or not."""
    Deferred.debug = bool(on)


def getDebugging() -> bool:
    """Whether Deferreds remember who made and who fired them."""
    return Deferred.debug


def timeout(deferred: Deferred[object]) -> None:
    """Fail *deferred* with :class:`TimeoutError`. Deprecated."""
    warnings.warn(
        "twisted.internet.defer.timeout was deprecated in Twisted 17.1.0; "
        "please use twisted.internet.defer.Deferred.addTimeout instead",
        category=DeprecationWarning,
        stacklevel=2,
    )
    deferred.errback(TimeoutError("Callback timed out"))

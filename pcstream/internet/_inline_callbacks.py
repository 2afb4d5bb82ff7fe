"""Generators and coroutines that wait for Deferreds.

A :class:`_Run` is one call of such a function. It takes the value of a Deferred that has fired
already without going through its callbacks; otherwise it puts one step there, always the same.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, copy_context
from enum import Enum
from functools import wraps
from types import CoroutineType, GeneratorType, TracebackType
from typing import Any, NoReturn, ParamSpec, TypeVar, cast

from ..python.failure import Failure
from ._deferred import _HANDED_OVER, _NO_KEYWORDS, Deferred, Pending
from ._deferred_errors import NotACoroutineError

_P = ParamSpec("_P")
_T = TypeVar("_T")

_COROUTINES: tuple[type, ...] = (CoroutineType, Coroutine)
"""What may be yielded as if it were a Deferred."""
if sys.version_info < (3, 12):
    # as asyncio.iscoroutine has it, which up to then counted generators in
    _COROUTINES = (*_COROUTINES, GeneratorType)


_NOT_ENDED = object()


class _DefGen_Return(BaseException):
    """Carries the value of :func:`returnValue` out of a generator."""

    __module__ = "pcstream.internet.defer"

    def __init__(self, value: object) -> None:
        self.value = value


def returnValue(val: object) -> NoReturn:
    """Leave an :func:`inlineCallbacks` function with the result *val*.

    Deprecated: a ``return`` does the same.
    """
    warnings.warn(
        "twisted.internet.defer.returnValue was deprecated in Twisted 24.7.0; "
        "please use standard return statement instead",
        category=DeprecationWarning,
        stacklevel=2,
    )
    raise _DefGen_Return(val)


class _Mode(Enum):
    """What a run is in the middle of, when it is called back."""

    PLAIN = 0
    CANCELLING = 1
    """What it waits for is being cancelled: its end is told to others after that."""
    ADDING = 2
    """Its step is being added to a Deferred that runs callbacks at once: it goes on after that."""


class _Run(Pending):
    """One call of a generator or coroutine function.

    :ivar deferred: gets its result.
    :ivar waiting_on: the Deferred it waits for now.
    :ivar context: the context variables it runs with, those of its caller at the time of the call.
    :ivar outcome: its result, once it has come to its end.
    :ivar early: what came of the awaited Deferred while :attr:`step` was being added to it.
    """

    __slots__ = ("context", "deferred", "early", "gen", "mode", "outcome", "step", "waiting_on")
    interrupts = False

    def __init__(self, gen: Any) -> None:
        self.gen = gen
        self.deferred: Deferred[Any] = Deferred()
        self.context: Context = copy_context()
        self.waiting_on: Deferred[Any] | None = None
        self.mode = _Mode.PLAIN
        self.outcome: Any = _NOT_ENDED
        self.step: Any = None

    def advance(self, result: Any) -> bool | None:
        """Go on with *result* until it waits or ends.

        Runs in the context of the call; whatever fires Deferreds is outside of it.

        :return: whether it has ended; None if the caller must add :attr:`step` to the Deferred that
            is waited for.
        """
        gen = self.gen
        send = gen.send
        while True:
            try:
                if isinstance(result, Failure):
                    result = gen.throw(result.value.with_traceback(result.tb))
                else:
                    result = send(result)
            except StopIteration as stop:
                self.outcome = stop.value
                return True
            except _DefGen_Return as stop:
                _warn_of_distant_return(gen, stop.__traceback__)
                self.outcome = stop.value
                return True
            except BaseException as error:
                # without our own frame, which would keep this run alive and tells nobody anything
                tb = error.__traceback__
                assert tb is not None
                error = error.with_traceback(tb.tb_next)
                self.outcome = Failure(error, captureVars=Deferred.debug)
                return True
            if not isinstance(result, Deferred):
                if not isinstance(result, _COROUTINES):
                    continue
                result = run_coroutine(cast(Any, result))
            awaited: Deferred[Any] = result
            busy = awaited.paused or awaited._runningCallbacks
            steps = awaited._callbacks
            if awaited.called and steps is None and not busy:
                result = awaited.result
                awaited.result = awaited._chainedTo = None
                if awaited._debugInfo is not None:
                    awaited._debugInfo.failResult = None
                continue
            if self.step is None:
                args = (self,)
                self.step = (_resume, args, _NO_KEYWORDS, _resume, args, _NO_KEYWORDS)
                self.deferred._canceller = self
            self.waiting_on = awaited
            if steps is None:
                awaited._callbacks = [self.step]
            elif awaited.called and not busy:
                # between two callbacks, which must not run in our context
                return None
            else:
                steps.append(self.step)
            return False

    def go_on(self, result: Any) -> bool:
        """Go on with *result*.

        :return: whether it has ended and its Deferred is to be fired.
        """
        while True:
            has_ended = self.context.run(self.advance, result)
            if has_ended is not None:
                return has_ended
            assert self.waiting_on is not None
            mode, self.mode = self.mode, _Mode.ADDING
            self.early = _NOT_ENDED
            self.waiting_on._add(self.step)
            self.mode = mode
            if self.early is _NOT_ENDED:
                return False
            result, self.early = self.early, None

    def cancel_pending(self) -> None:
        """Cancel what is being waited for; what comes of that is up to the function.

        If it ends, those who wait for it hear of that after those who wait for the same as it did.
        """
        # two that wait for each other would pass the wish round for ever
        if self.waiting_on is None or self.mode is not _Mode.PLAIN:
            return
        self.mode = _Mode.CANCELLING
        try:
            self.waiting_on.cancel()
        except BaseException:
            # what was waited for could not be given up: the one who cancelled waits no longer, and
            # whatever comes of the call still goes to a Deferred
            abandoned, self.deferred = self.deferred, Deferred()
            abandoned.errback()
        self.mode = _Mode.PLAIN
        if self.outcome is not _NOT_ENDED:
            self.deferred.callback(self.outcome)


def _resume(result: Any, run: _Run) -> Any:
    """Go on with *run*, whose awaited Deferred has come to *result*."""
    run.waiting_on = None
    if run.mode is _Mode.ADDING:
        run.early = result
        return None
    if not run.go_on(result):
        return None
    deferred = run.deferred
    if run.mode is not _Mode.PLAIN:
        return None
    outcome = run.outcome
    if deferred.called or deferred.debug:
        deferred.callback(outcome)
        return None
    deferred.called = True
    deferred.result = outcome
    deferred._canceller = None
    return _HANDED_OVER


def _start(gen: Any) -> Deferred[Any]:
    run = _Run(gen)
    deferred = run.deferred
    if run.go_on(None):
        deferred.callback(run.outcome)
    return deferred


def run_coroutine(
    coro: Coroutine[Deferred[Any], Any, _T] | Generator[Deferred[Any], Any, _T],
) -> Deferred[_T]:
    """Run a coroutine or generator; its result becomes the Deferred's.

    :raises NotACoroutineError: *coro* is neither.
    """
    if not isinstance(coro, (CoroutineType, GeneratorType, Coroutine)):
        raise NotACoroutineError(f"{coro!r} is not a coroutine")
    return _start(coro)


def _warn_of_distant_return(gen: Any, tb: TracebackType | None) -> None:
    """Warn if :func:`returnValue` was called below the function that it made to end.

    :param tb: our own frame's; the generator's comes next, then its callees' down to
        :func:`returnValue`.
    """
    assert tb is not None
    in_generator = tb.tb_next
    assert in_generator is not None
    caller, callee = in_generator, in_generator.tb_next
    if callee is None or callee.tb_next is None:
        return
    while callee is not None and callee.tb_next is not None:
        caller, callee = callee, callee.tb_next
    frame = caller.tb_frame
    warnings.warn_explicit(
        f"returnValue() in {frame.f_code.co_name!r} causing {gen.__name__!r} to exit: "
        "returnValue should only be invoked by functions decorated with inlineCallbacks",
        DeprecationWarning,
        frame.f_code.co_filename,
        caller.tb_lineno or 0,
    )


def inlineCallbacks(
    f: Callable[_P, Generator[Deferred[Any], Any, _T]],
) -> Callable[_P, Deferred[_T]]:
    """Let a generator function wait for Deferreds by yielding them.

    ``yield d`` is the result of *d*, or raises its failure. What the function returns is the
    result of the Deferred that a call returns. Cancelling that cancels what is being waited for.

    :raises TypeError: (when called) *f* does not make a generator.
    """

    @wraps(f)
    def unwindGenerator(*args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]:
        try:
            gen = f(*args, **kwargs)
        except _DefGen_Return:
            raise TypeError(
                f"inlineCallbacks requires {f!r} to produce a generator; instead"
                "caught returnValue being used in a non-generator"
            )
        if not isinstance(gen, GeneratorType):
            raise TypeError(
                f"inlineCallbacks requires {f!r} to produce a generator; instead got {gen!r}"
            )
        return _start(gen)

    return unwindGenerator

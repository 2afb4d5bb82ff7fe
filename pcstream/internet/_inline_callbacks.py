"""Generators and coroutines that wait for Deferreds.

A :class:`_Run` is one call of such a function. It takes the value of a Deferred that has fired
already without going through its callbacks; otherwise it puts one step there, always the same.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Coroutine, Generator
from contextvars import copy_context
from enum import Enum
from functools import wraps
from types import CoroutineType, GeneratorType, TracebackType
from typing import Any, NoReturn, ParamSpec, TypeVar, cast

from ..python.failure import Failure
from ._both_packages import theirs_as_ours
from ._deferred import _HANDED_OVER, _NO_KEYWORDS, PLAIN_TYPES, Deferred, Pending
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


_PLAIN, _ADDING = _Mode.PLAIN, _Mode.ADDING  # looked up for every step


class _Run(Pending):
    """One call of a generator or coroutine function.

    :ivar deferred: gets its result.
    :ivar waiting_on: the Deferred it waits for now.
    :ivar enter: calls a function with the context variables that the caller had at the time.
    :ivar outcome: its result, once it has come to its end.
    :ivar early: what came of the awaited Deferred while :attr:`step` was being added to it.
    """

    __slots__ = ("deferred", "early", "enter", "gen", "mode", "outcome", "step", "waiting_on")
    interrupts = False

    def __init__(self, gen: Any) -> None:
        self.gen = gen
        self.deferred: Deferred[Any] = Deferred()
        self.enter: Callable[..., Any] = copy_context().run
        self.waiting_on: Deferred[Any] | None = None
        self.mode = _PLAIN
        self.outcome: Any = _NOT_ENDED
        self.step: Any = None

    def wait(self) -> Any:
        """Get ready to wait for the first time.

        :return: the step, which is the same for whatever is waited for.
        """
        self.deferred._canceller = self
        args = (self,)
        self.step = (_resume, args, _NO_KEYWORDS, _resume, args, _NO_KEYWORDS)
        return self.step

    def add_step(self) -> bool:
        """Wait for a Deferred that runs its remaining callbacks as soon as one is added.

        :return: whether the run has ended meanwhile.
        """
        while True:
            assert self.waiting_on is not None
            mode, self.mode = self.mode, _ADDING
            self.early = _NOT_ENDED
            self.waiting_on._add(self.step)
            self.mode = mode
            if self.early is _NOT_ENDED:
                return False
            result, self.early = self.early, None
            has_ended: bool | None = self.enter(_advance, self, result)
            if has_ended is not None:
                return has_ended

    def cancel_pending(self) -> None:
        """Cancel what is being waited for; what comes of that is up to the function.

        If it ends, those who wait for it hear of that after those who wait for the same as it did.
        """
        # functions that wait for one another may be many: go down to the last, and back
        path: list[_Run] = []
        run: Pending | None = self
        while isinstance(run, _Run) and run.waiting_on is not None and run.mode is _PLAIN:
            run.mode = _Mode.CANCELLING
            path.append(run)
            last = run.waiting_on.last_waited_for()
            if last is None:
                break
            if isinstance(last._canceller, _Run) and not last.called:
                run = last._canceller
                continue
            try:
                last.cancel()
            except BaseException:
                # what was waited for could not be given up: the one who cancelled waits no longer,
                # and whatever comes of the call still goes to a Deferred
                abandoned, run.deferred = run.deferred, Deferred()
                abandoned.errback()
            break
        while path:
            ended = path.pop()
            ended.mode = _PLAIN
            if ended.outcome is not _NOT_ENDED:
                ended.deferred.callback(ended.outcome)


def _advance(run: _Run, result: Any) -> bool | None:
    """Go on with *run* until it waits or ends.

    Called in the context of the run; whatever fires Deferreds is outside of it.

    :return: whether it has ended; None if the caller must add its step to the Deferred that is
        waited for.
    """
    gen = run.gen
    send = gen.send
    while True:
        try:
            if type(result) in PLAIN_TYPES or not isinstance(result, Failure):
                result = send(result)
            else:
                result = gen.throw(result.value.with_traceback(result.tb))
        except StopIteration as stop:
            run.outcome = stop.value
            return True
        except _DefGen_Return as stop:
            _warn_of_distant_return(gen, stop.__traceback__)
            run.outcome = stop.value
            return True
        except BaseException as error:
            # without our own frame, which would keep the run alive and tells nobody anything
            tb = error.__traceback__
            assert tb is not None
            error = error.with_traceback(tb.tb_next)
            run.outcome = Failure(error, captureVars=Deferred.debug)
            return True
        if result.__class__ is not Deferred and not isinstance(result, Deferred):
            if isinstance(result, _COROUTINES):
                result = run_coroutine(cast(Any, result))
            else:
                adopted = theirs_as_ours(result)
                if adopted is None:
                    continue
                result = adopted
        awaited: Deferred[Any] = result
        steps = awaited._callbacks
        if awaited.called and not awaited.paused and not awaited._runningCallbacks:
            if steps is None:
                result = awaited.result
                awaited.result = awaited._chainedTo = None
                if awaited._debugInfo is not None:
                    awaited._debugInfo.failResult = None
                continue
            # between two callbacks, which must not run in our context
            run.waiting_on = awaited
            if run.step is None:
                run.wait()
            return None
        run.waiting_on = awaited
        step = run.step
        if step is None:
            step = run.wait()
        if steps is None:
            awaited._callbacks = [step]
        else:
            steps.append(step)
        return False


def _resume(result: Any, run: _Run) -> Any:
    """Go on with *run*, whose awaited Deferred has come to *result*."""
    run.waiting_on = None
    if run.mode is _ADDING:
        run.early = result
        return None
    has_ended = run.enter(_advance, run, result)
    if has_ended is False or (has_ended is None and not run.add_step()):
        return None
    # the step refers to the run: let go of it, and of the cycle
    run.step = None
    if run.mode is not _PLAIN:
        return None
    deferred = run.deferred
    if deferred.called or deferred.debug:
        deferred.callback(run.outcome)
        return None
    deferred.called = True
    deferred.result = run.outcome
    deferred._canceller = None
    return _HANDED_OVER


def _start(gen: Any) -> Deferred[Any]:
    run = _Run(gen)
    deferred = run.deferred
    has_ended = run.enter(_advance, run, None)
    if has_ended is None:
        has_ended = run.add_step()
    if has_ended:
        run.step = None
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

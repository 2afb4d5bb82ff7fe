"""Deferred: a result that is not there yet, and what is to be done with it.

One loop (:meth:`Deferred._runCallbacks`) runs callbacks and follows the chains between Deferreds.
It never calls itself, so a chain may be as long as memory allows.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Coroutine, Generator, Mapping
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from ..python.failure import Failure
from ._debug_info import DebugInfo, calling_stack, warn_of_circle
from ._deferred_errors import AlreadyCalledError, CancelledError, TimeoutError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

    from .interfaces import IReactorTime

_P = ParamSpec("_P")
_T = TypeVar("_T")
_SelfResultT = TypeVar("_SelfResultT")
_NextResultT = TypeVar("_NextResultT")

_DEFER = "pcstream.internet.defer"

_Step = tuple[Any, Any, Any, Any, Any, Any]
"""Callback, its arguments and keywords, errback, its arguments and keywords.

A callback of None passes the result on; arguments of None mean that there are neither arguments
nor keywords.
"""

_NO_RESULT = object()

PLAIN_TYPES = frozenset({type(None), bool, int, float, str, bytes, list, tuple, dict})
"""The types of most results. One of them is neither a Failure nor a Deferred, and to look for its
type here takes a third of the time of asking whether it is an instance of those two."""


def passthru(arg: _T) -> _T:
    """Its argument."""
    return arg


def _failthru(arg: Failure) -> Failure:
    return arg


class Pending:
    """What a Deferred stands for, if it takes a cancel as a wish, to be granted in its own time."""

    __slots__ = ()

    def cancel_pending(self) -> None:
        """Pass the wish on; the Deferred fires if and when its work ends."""
        raise NotImplementedError


class Deferred(Generic[_SelfResultT]):
    """A result that will come, with callbacks that it will go through.

    Each callback gets the result of the one before it. A Failure as the result, or an exception,
    goes to the next errback. A Deferred as the result is waited for, and its result taken.

    :param canceller: called with the Deferred if it is cancelled before it has fired. It should
        stop the work and may fire the Deferred; if it does not, :class:`CancelledError` does.
    :cvar debug: whether new Deferreds remember who made and who fired them.
    :ivar called: it has fired.
    :ivar paused: how many must still call :meth:`unpause` before further callbacks run.
    :ivar result: what the last callback returned; there is none until it has fired.
    """

    __module__ = _DEFER
    __slots__ = (
        "__dict__",
        "__weakref__",
        "_callbacks",
        "_canceller",
        "_chainedTo",
        "_debugInfo",
        "_runningCallbacks",
        "_suppressAlreadyCalled",
        "called",
        "paused",
        "result",
    )

    debug = False

    called: bool
    paused: int
    result: Any
    _callbacks: list[_Step] | None
    _canceller: Any
    _chainedTo: Deferred[Any] | None
    _debugInfo: DebugInfo | None
    _runningCallbacks: bool
    _suppressAlreadyCalled: bool

    def __init__(self, canceller: Callable[[Deferred[Any]], object] | None = None) -> None:
        self.called = False
        self.paused = 0
        self._callbacks = None
        self._canceller = canceller
        self._chainedTo = None
        self._debugInfo = None
        self._runningCallbacks = False
        self._suppressAlreadyCalled = False
        if self.debug:
            self._debugInfo = DebugInfo()
            self._debugInfo.creator = calling_stack()[:-2]

    @property
    def callbacks(self) -> list[Any]:
        """What is still to be called, as pairs of (callable, arguments, keywords).

        Deprecated.
        """
        warnings.warn(
            "twisted.internet.defer.Deferred.callbacks was deprecated in Twisted 25.5.0",
            category=DeprecationWarning,
            stacklevel=2,
        )
        return [
            (
                (cb or passthru, args or (), kw or {}),
                (eb or _failthru, ebArgs or (), ebKw or {}),
            )
            for cb, args, kw, eb, ebArgs, ebKw in self._callbacks or ()
        ]

    # -- adding callbacks -------------------------------------------------------------------

    def addCallbacks(
        self,
        callback: Callable[..., Any],
        errback: Callable[..., Any] | None = None,
        callbackArgs: tuple[Any, ...] | None = (),
        callbackKeywords: Mapping[str, Any] | None = {},
        errbackArgs: tuple[Any, ...] | None = (),
        errbackKeywords: Mapping[str, Any] | None = {},
    ) -> Deferred[Any]:
        """Add a callback for a result and an errback for a failure.

        One of the two is called, at once if the result is there.

        :param callback: called with the result.
        :param errback: called with the failure; None passes it on.
        :return: this Deferred.
        """
        if callbackArgs or callbackKeywords:
            callbackArgs = callbackArgs or ()
            callbackKeywords = callbackKeywords or {}
        else:
            callbackArgs = None
        if errbackArgs or errbackKeywords:
            errbackArgs = errbackArgs or ()
            errbackKeywords = errbackKeywords or {}
        else:
            errbackArgs = None
        step = (callback, callbackArgs, callbackKeywords, errback, errbackArgs, errbackKeywords)
        return self._add(step)

    def _add(self, step: _Step) -> Deferred[Any]:
        if self._callbacks is None:
            self._callbacks = [step]
        else:
            self._callbacks.append(step)
        if self.called:
            self._runCallbacks()
        return self

    # A callback may return a value, a Deferred of one, or a Failure instead of either. What type
    # checkers cannot match (optional arguments behind the result) is let pass.
    @overload
    def addCallback(
        self,
        callback: Callable[Concatenate[_SelfResultT, _P], Deferred[_NextResultT]],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_NextResultT]: ...

    @overload
    def addCallback(
        self,
        callback: Callable[Concatenate[_SelfResultT, _P], _NextResultT | Failure],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_NextResultT]: ...

    @overload
    def addCallback(
        self,
        callback: Callable[Concatenate[_SelfResultT, _P], _NextResultT],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_NextResultT]: ...

    @overload
    def addCallback(
        self, callback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Deferred[Any]: ...

    def addCallback(self, callback: Any, *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Add a callback for a result; a failure passes it by.

        :return: this Deferred.
        """
        if args or kwargs:
            step: _Step = (callback, args, kwargs, None, None, None)
        else:
            step = (callback, None, None, None, None, None)
        steps = self._callbacks
        if steps is None:
            self._callbacks = [step]
        else:
            steps.append(step)
        if self.called:
            self._runCallbacks()
        return self

    @overload
    def addErrback(
        self,
        errback: Callable[Concatenate[Failure, _P], Deferred[_NextResultT]],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_SelfResultT | _NextResultT]: ...

    @overload
    def addErrback(
        self,
        errback: Callable[Concatenate[Failure, _P], _NextResultT | Failure],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_SelfResultT | _NextResultT]: ...

    @overload
    def addErrback(
        self,
        errback: Callable[Concatenate[Failure, _P], _NextResultT],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_SelfResultT | _NextResultT]: ...

    @overload
    def addErrback(
        self, errback: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Deferred[Any]: ...

    def addErrback(self, errback: Any, *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Add an errback for a failure; a result passes it by.

        :return: this Deferred.
        """
        if args or kwargs:
            return self._add((None, None, None, errback, args, kwargs))
        return self._add((None, None, None, errback, None, None))

    @overload
    def addBoth(
        self,
        callback: Callable[Concatenate[_SelfResultT | Failure, _P], Deferred[_NextResultT]],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_NextResultT]: ...

    @overload
    def addBoth(
        self,
        callback: Callable[Concatenate[_SelfResultT | Failure, _P], _NextResultT | Failure],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_NextResultT]: ...

    @overload
    def addBoth(
        self,
        callback: Callable[Concatenate[_SelfResultT | Failure, _P], _NextResultT],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> Deferred[_NextResultT]: ...

    @overload
    def addBoth(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]: ...

    def addBoth(self, callback: Any, *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Add a callback for a result and a failure alike.

        :return: this Deferred.
        """
        if args or kwargs:
            return self._add((callback, args, kwargs, callback, args, kwargs))
        return self._add((callback, None, None, callback, None, None))

    def addTimeout(
        self,
        timeout: float,
        clock: IReactorTime,
        onTimeoutCancel: Callable[[Any, float], Any] | None = None,
    ) -> Deferred[Any]:
        """Cancel the Deferred if it has not fired in time.

        :param timeout: seconds from now.
        :param clock: what measures them.
        :param onTimeoutCancel: called with the result (usually a Failure of
            :class:`CancelledError`) and *timeout* if the time was up; what it returns is the
            result. By default it is a :class:`TimeoutError`.
        :return: this Deferred.
        """
        timed_out = False

        def time_is_up() -> None:
            nonlocal timed_out
            timed_out = True
            self.cancel()

        delayed_call = clock.callLater(timeout, time_is_up)

        def convert(result: Any) -> Any:
            if timed_out:
                return (onTimeoutCancel or _cancelledToTimedOutError)(result, timeout)
            if delayed_call.active():
                delayed_call.cancel()
            return result

        return self.addBoth(convert)

    def chainDeferred(self, d: Deferred[_SelfResultT]) -> Deferred[None]:
        """Let this Deferred's result, when it comes this far, fire *d*."""
        d._chainedTo = self
        return self.addCallbacks(d.callback, d.errback)

    # -- firing -----------------------------------------------------------------------------

    def callback(self, result: _SelfResultT | Failure) -> None:
        """Fire with *result*.

        :raises AlreadyCalledError: it has fired before.
        """
        if self.called or self.debug:
            self._startRunCallbacks(result)
            return
        self.called = True
        self.result = result
        # the canceller often refers to this Deferred: let go of it, and of the cycle
        self._canceller = None
        self._runCallbacks()

    def errback(self, fail: Failure | BaseException | None = None) -> None:
        """Fire with a failure.

        :param fail: a Failure or an exception; None for the exception being handled.
        :raises AlreadyCalledError: it has fired before.
        :raises NoCurrentExceptionError: there is no exception.
        """
        if fail is None:
            fail = Failure(captureVars=self.debug)
        elif not isinstance(fail, Failure):
            fail = Failure(fail)
        self._startRunCallbacks(fail)

    def _startRunCallbacks(self, result: Any) -> None:
        if self.called:
            if self._suppressAlreadyCalled:
                self._suppressAlreadyCalled = False
                return
            if self.debug and self._debugInfo is not None:
                raise AlreadyCalledError("\n" + self._debugInfo._getDebugTracebacks())
            raise AlreadyCalledError
        if self.debug:
            if self._debugInfo is None:
                self._debugInfo = DebugInfo()
            self._debugInfo.invoker = calling_stack()[:-3]
        self.called = True
        self.result = result
        self._canceller = None
        self._runCallbacks()

    def pause(self) -> None:
        """Run no further callbacks until :meth:`unpause` was called as often as this."""
        self.paused += 1

    def unpause(self) -> None:
        """Undo one :meth:`pause`."""
        self.paused -= 1
        if self.paused:
            return
        if self.called:
            self._runCallbacks()

    def cancel(self) -> None:
        """Ask for the work to be given up.

        If it has not fired, its canceller is called, and if that does not fire it,
        :class:`CancelledError` does. If it waits for another Deferred, that one is cancelled.
        """
        if not self.called:
            canceller = self._canceller
            if isinstance(canceller, Pending):
                canceller.cancel_pending()
                return
            if canceller is not None:
                canceller(self)
            else:
                # the work goes on and will fire us once more
                self._suppressAlreadyCalled = True
            if not self.called:
                self.errback(Failure._withoutTraceback(CancelledError()))
        elif isinstance(self.result, Deferred):
            last = self.last_waited_for()
            if last is not None:
                last.cancel()

    def last_waited_for(self) -> Deferred[Any] | None:
        """The end of the chain of Deferreds that wait for one another, from this one on.

        :return: this one if it does not wait; None if the chain is a circle.
        """
        last: Deferred[Any] = self
        mark, steps, limit = last, 0, 8
        while last.called and isinstance(last.result, Deferred):
            last = last.result
            if last is mark:
                return None
            steps += 1
            if steps == limit:
                # a mark that is set at ever greater distances is passed again in any circle
                mark, limit = last, limit * 2
        return last

    # -- the loop ---------------------------------------------------------------------------

    def _runCallbacks(self) -> None:
        """Run what can be run, here and in the Deferreds that wait for this one.

        All of it is one function since it is what every Deferred does most.
        """
        if self._runningCallbacks or self.paused:
            return
        # Deferreds left in the middle of their callbacks for one that waited for them
        interrupted: list[Deferred[Any]] | None = None
        current: Deferred[Any] = self
        while True:
            current._chainedTo = None
            current._runningCallbacks = True
            result = current.result
            failed = type(result) not in PLAIN_TYPES and isinstance(result, Failure)
            # the iterator also sees what callbacks add
            rest = iter(current._callbacks or ())
            for callback, args, kw, errback, errback_args, errback_kw in rest:
                if failed:
                    callback, args, kw = errback, errback_args, errback_kw
                if callback is None:
                    continue
                try:
                    if args is None:
                        result = callback(result)
                    else:
                        result = callback(result, *args, **kw)
                except BaseException:
                    # includes an interrupt: it is the result, and the loop stays whole
                    current.result = result = Failure(captureVars=current.debug)
                    failed = True
                    continue
                if type(result) in PLAIN_TYPES:
                    current.result = result
                    failed = False
                    continue
                if isinstance(result, Failure):
                    current.result = result
                    failed = True
                    continue
                if result is _HANDED_OVER:
                    break
                current.result = result
                failed = False
                if not isinstance(result, Deferred):
                    continue
                if result is current:
                    try:
                        warn_of_circle(callback)
                    except DeprecationWarning:
                        current.result = result = Failure(captureVars=current.debug)
                        failed = True
                        continue
                inner = result
                value = getattr(inner, "result", _NO_RESULT)
                if value is _NO_RESULT or inner.paused or isinstance(value, Deferred):
                    break
                inner.result = None
                if isinstance(value, Failure):
                    failed = True
                    if inner._debugInfo is not None:
                        inner._debugInfo.failResult = None
                current.result = result = value
            else:
                current._callbacks = None
                current._runningCallbacks = False
                if failed:
                    if current._debugInfo is None:
                        current._debugInfo = DebugInfo()
                    current._debugInfo.failResult = result
                elif current._debugInfo is not None:
                    current._debugInfo.failResult = None
                result = None

            # Here it has come to its end, or handed over to another, or waits for another.
            if result is _HANDED_OVER:
                current._callbacks = list(rest) or None
                successor: Deferred[Any] = args[0].deferred
                if args[0].interrupts:
                    current._runningCallbacks = False
                    current.result = None
                    if current._debugInfo is not None:
                        current._debugInfo.failResult = None
                if current._runningCallbacks or current._callbacks is not None:
                    if interrupted is None:
                        interrupted = [current]
                    else:
                        interrupted.append(current)
                if not successor.paused:
                    current = successor
                    continue
            elif result is not None:
                current._callbacks = list(rest) or None
                current._runningCallbacks = False
                if current._debugInfo is not None:
                    current._debugInfo.failResult = None
                current._wait_for(result)
            # Back to those that were interrupted.
            while interrupted:
                current = interrupted.pop()
                if current._runningCallbacks:
                    # the callback that handed over has come to its end, and its result is None
                    current.result = None
                if not current.paused:
                    break
                current._runningCallbacks = False
            else:
                return

    def _wait_for(self, inner: Deferred[Any]) -> None:
        """Let *inner*, when it comes this far, hand its result over to this Deferred."""
        self.paused += 1
        self._chainedTo = inner
        args = (_Waiter(self),)
        step = (_continue, args, _NO_KEYWORDS, _continue, args, _NO_KEYWORDS)
        if inner._callbacks is None:
            inner._callbacks = [step]
        else:
            inner._callbacks.append(step)

    # -- other forms ------------------------------------------------------------------------

    def __iter__(self) -> Generator[Deferred[_SelfResultT], None, _SelfResultT]:
        while True:
            if self.paused:
                fired: Any = yield self
                theirs: Any = self._as_theirs() if fired is self else None
                if theirs is not None:
                    fired = yield theirs
                    return fired  # type: ignore[no-any-return]
                continue
            result: Any = getattr(self, "result", _NO_RESULT)
            if result is _NO_RESULT or isinstance(result, Deferred):
                fired = yield self
                theirs = self._as_theirs() if fired is self else None
                if theirs is not None:
                    fired = yield theirs
                    return fired  # type: ignore[no-any-return]
                return fired  # type: ignore[no-any-return]
            if isinstance(result, Failure):
                if self._debugInfo is not None:
                    self._debugInfo.failResult = None
                raise result.value.with_traceback(result.tb)
            return result  # type: ignore[no-any-return]

    __await__ = __iter__

    def _as_theirs(self) -> Any:
        """What a coroutine waits for whose runner has sent back what it does not know: us.

        So does Twisted's own package, in a program that has imported both.
        """
        from ._both_packages import ours_as_theirs

        return ours_as_theirs(self)

    def asFuture(self, loop: AbstractEventLoop) -> Future[_SelfResultT]:
        """A Future of *loop* that gets this Deferred's result.

        The Deferred's own result is None from then on. Cancelling the Future cancels the Deferred.
        """
        from ._futures import as_future

        return as_future(self, loop)

    @classmethod
    def fromFuture(cls, future: Future[_SelfResultT]) -> Deferred[_SelfResultT]:
        """A Deferred that gets the result of *future*.

        Cancelling the Deferred cancels the Future, and it fires when that has happened.
        """
        from ._futures import from_future

        return from_future(cls, future)

    @classmethod
    def fromCoroutine(
        cls, coro: Coroutine[Deferred[Any], Any, _T] | Generator[Deferred[Any], Any, _T]
    ) -> Deferred[_T]:
        """Run a coroutine, or a generator that is one; its result becomes the Deferred's.

        :raises NotACoroutineError: *coro* is neither.
        """
        from ._inline_callbacks import run_coroutine

        return run_coroutine(coro)

    def __repr__(self) -> str:
        """The address, and the result or what is being waited for."""
        status = ""
        if self._chainedTo is not None:
            status = f" waiting on Deferred at 0x{id(self._chainedTo):x}"
        else:
            result = getattr(self, "result", _NO_RESULT)
            if result is not _NO_RESULT:
                status = f" current result: {result!r}"
        return f"<{self.__class__.__name__} at 0x{id(self):x}{status}>"

    __str__ = __repr__


_NO_KEYWORDS: dict[str, Any] = {}

_HANDED_OVER: Any = Deferred()
"""What a callback returns that has given its result to another Deferred, which is to run next.

That Deferred is ``args[0].deferred``. It saves the loop from being entered again. If
``args[0].interrupts``, the first Deferred counts as between two callbacks meanwhile, so that one
added to it runs at once; otherwise it counts as inside of one.
"""


class _Waiter:
    """A Deferred that waits for another one."""

    __slots__ = ("deferred",)
    interrupts = True

    def __init__(self, deferred: Deferred[Any]) -> None:
        self.deferred = deferred


def _continue(result: Any, waiter: _Waiter) -> Any:
    """Give *result* to the Deferred that waits for it."""
    deferred = waiter.deferred
    deferred.result = result
    deferred.paused -= 1
    return _HANDED_OVER


def _cancelledToTimedOutError(value: _T, timeout: float) -> _T:
    """A cancellation as a time-out, anything else as it is."""
    if isinstance(value, Failure):
        value.trap(CancelledError)
        raise TimeoutError(timeout, "Deferred")
    return value

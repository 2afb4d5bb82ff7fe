"""A test case whose tests may wait, for Deferreds or in coroutines, while the reactor runs."""

from __future__ import annotations

import gc
import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any, ParamSpec, TypeVar

from ..internet.defer import AlreadyCalledError, Deferred, TimeoutError
from ..python.failure import Failure
from . import util
from ._janitor import ReactorWatch, installed_reactor
from ._synctest import SynchronousTestCase, _Course

__all__ = ["TestCase"]

__unittest = True

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: The generations that are searched for forgotten Deferreds after a test.  A full search takes
#: tens of milliseconds in a large process; what a test has just dropped is rarely old.
_GARBAGE_GENERATION = 1

#: Methods of the reactor that a test has no business to call.
_DISCOURAGED = ("iterate", "crash", "stop")


class ReactorStopped(Exception):
    """The reactor was stopped or crashed while a test was waiting for something."""


class TestCase(SynchronousTestCase):
    """A test case whose ``setUp``, tests, cleanups and ``tearDown`` may return a Deferred.

    They may be coroutine functions as well.  The reactor runs until the Deferred fires, or until
    as many seconds are over as ``timeout`` says, on the method, class or module (120 by default;
    it counts for each of them on its own).

    What a test leaves in the reactor is an error: calls that are still to come, connections and
    ports that are still open.  They are removed.
    """

    __test__ = False

    def getTimeout(self) -> float:
        """Seconds that each part of the test may take."""
        timeout = util.acquireAttribute(self._trial_marked, "timeout", util.DEFAULT_TIMEOUT)
        if timeout is util.DEFAULT_TIMEOUT:
            return util.DEFAULT_TIMEOUT_DURATION
        try:
            return float(timeout)
        except (TypeError, ValueError):
            warnings.warn(
                "'timeout' attribute needs to be a number.",
                category=DeprecationWarning,
                stacklevel=2,
            )
            return util.DEFAULT_TIMEOUT_DURATION

    def getSuppress(self) -> Any:
        """The warnings to leave out, as arguments for ``warnings.filterwarnings``."""
        return self._getSuppress()

    def assertFailure(
        self, deferred: Deferred[_T], *expectedFailures: type[BaseException]
    ) -> Deferred[_T]:
        """Make *deferred* succeed with the exception it fails with, and fail otherwise.

        :param expectedFailures: the exceptions it may fail with.
        :returns: *deferred*.
        """

        def succeeded(result: object) -> Any:
            raise self.failureException(f"did not catch an error, instead got {result!r}")

        def failed(failure: Failure) -> Any:
            if failure.check(*expectedFailures):
                return failure.value
            raise self.failureException(f"\nExpected: {expectedFailures!r}\nGot:\n{failure!s}")

        return deferred.addCallbacks(succeeded, failed)

    failUnlessFailure = assertFailure

    def addCleanup(  # type: ignore[override]
        self, f: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs
    ) -> None:
        """Call *f* when the test method is over, however it ended, the last one added first.

        If it returns a Deferred, that is waited for before the next.  It is called before
        ``tearDown``, and also if ``setUp`` did not succeed.
        """
        super().addCleanup(f, *args, **kwargs)

    # Running

    _trial_waiting: Deferred[Any] | None = None

    def _trial_never_run(self, method: Any) -> str | None:
        return "generator function" if inspect.isgeneratorfunction(method) else None

    def _trial_follow(self, course: _Course) -> None:
        watch = ReactorWatch()
        try:
            with _discouraging():
                finished = Deferred.fromCoroutine(self._trial_course(course))
                if not finished.called:
                    self._trial_spin(finished)
                crash: list[Failure] = []
                finished.addErrback(crash.append)
            if crash:
                course.error(self, crash[0])
        finally:
            left_over = watch.sweep()
        gc.collect(_GARBAGE_GENERATION)
        if left_over is not None:
            course.error(self, left_over)

    async def _trial_call(self, f: Callable[[], Any], description: str) -> None:
        value = f()
        if inspect.iscoroutine(value):
            waited: Any = Deferred.fromCoroutine(value)
        elif callable(getattr(value, "addBoth", None)):
            waited = value
        else:
            return
        outcome: Deferred[None] = Deferred()
        waited.addBoth(_hand_over, outcome)
        if not outcome.called:
            self._trial_limit(outcome, waited, description, inspect.iscoroutine(value))
            self._trial_waiting = outcome
        await outcome

    def _trial_limit(
        self, outcome: Deferred[None], waited: Any, description: str, is_coroutine: bool
    ) -> None:
        """Make *outcome* fail when the time is over."""
        from ..internet import reactor

        limit_s = self.getTimeout()

        def time_is_over() -> None:
            error = TimeoutError(f"{self!r} ({description}) still running at {limit_s} secs")
            try:
                if is_coroutine:
                    # Nobody else has this Deferred: unwind the coroutine, so that what it holds
                    # is released, and ignore how that ends.
                    outcome.errback(Failure(error))
                    waited.cancel()
                else:
                    waited.errback(Failure(error))
            except AlreadyCalledError:
                pass  # it waits for another one, which is not ours to fire
            if not outcome.called:
                outcome.errback(Failure(error))

        limit = reactor.callLater(limit_s, time_is_over)  # type: ignore[attr-defined]

        def in_time(result: Any) -> Any:
            if limit.active():
                limit.cancel()
            return result

        outcome.addBoth(in_time)

    def _trial_spin(self, finished: Deferred[None]) -> None:
        """Run the reactor until *finished* has fired.

        A reactor that was stopped can never be run again, one that crashed can.  So it is crashed
        in the end, and a ``stop`` meanwhile is turned into a crash.
        """
        from ..internet import reactor as _reactor

        reactor: Any = _reactor
        if reactor.running:
            raise RuntimeError("A test that waits cannot be run while the reactor is running")
        crash = type(reactor).crash.__get__(reactor)
        finished.addBoth(lambda result: (crash(), result)[1])
        outer = reactor.__dict__.get("stop")
        reactor.stop = crash
        try:
            while not finished.called:
                reactor.run(installSignalHandlers=current_thread() is main_thread())
                if not finished.called:
                    self._trial_stopped_early(reactor)
        finally:
            if outer is None:
                reactor.__dict__.pop("stop", None)
            else:
                reactor.stop = outer

    def _trial_stopped_early(self, reactor: Any) -> None:
        # The true stop, not the crash that stands for it, if the test had it in hand before.
        reactor._startedBefore = False
        if getattr(reactor, "_exitSignal", None) is not None:
            reactor._exitSignal = None
            raise KeyboardInterrupt()
        waiting = self._trial_waiting
        if waiting is None or waiting.called:
            raise ReactorStopped("The reactor was stopped while the test was running")
        waiting.errback(
            Failure(ReactorStopped("The reactor was stopped while the test was waiting"))
        )


def _hand_over(result: Any, outcome: Deferred[Any]) -> Any:
    """Give *outcome* the result of the Deferred that the user made."""
    if not outcome.called:
        if isinstance(result, Failure):
            outcome.errback(result)
        elif hasattr(result, "getTracebackObject"):  # a Failure of Twisted's own
            outcome.errback(Failure(result.value, result.type, result.tb))
        else:
            outcome.callback(None)
    return None


@contextmanager
def _discouraging() -> Iterator[None]:
    """Warn of the reactor's methods that a test should not call."""
    reactor = installed_reactor()
    before: dict[str, Any] = {}
    if reactor is not None:
        for name in _DISCOURAGED:
            before[name] = reactor.__dict__.get(name)
            setattr(reactor, name, _discouraged(name, getattr(reactor, name)))
    try:
        yield
    finally:
        for name, own in before.items():
            if own is None:
                reactor.__dict__.pop(name, None)
            else:
                setattr(reactor, name, own)


def _discouraged(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def warn_and_call(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            f"reactor.{name} cannot be used inside unit tests. In the future, using {name} "
            f"will fail the test and may crash or hang the test run.",
            stacklevel=2,
            category=DeprecationWarning,
        )
        return method(*args, **kwargs)

    return warn_and_call

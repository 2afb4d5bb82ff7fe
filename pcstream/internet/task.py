"""Work over time: calls that repeat, iterators that take turns, a program that is one coroutine.

Nothing here knows what time it is: a clock is handed in, or is the reactor.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, NoReturn, TypeVar, cast

from ..python import log
from ..python.failure import Failure
from ._clock import (
    Clock,
)
from ._cooperator import (
    _EPSILON as _EPSILON,
)
from ._cooperator import (
    CooperativeTask as CooperativeTask,
)
from ._cooperator import (
    Cooperator,
    SchedulerStopped,
    coiterate,
)
from ._cooperator import (
    NotPaused as NotPaused,
)
from ._cooperator import (
    SchedulerError as SchedulerError,
)
from ._cooperator import (
    TaskDone as TaskDone,
)
from ._cooperator import (
    TaskFailed as TaskFailed,
)
from ._cooperator import (
    TaskFinished as TaskFinished,
)
from ._cooperator import (
    TaskStopped as TaskStopped,
)
from ._cooperator import (
    _defaultScheduler as _defaultScheduler,
)
from ._cooperator import (
    _theCooperator as _theCooperator,
)
from ._cooperator import (
    _Timer as _Timer,
)
from ._cooperator import (
    cooperate as cooperate,
)
from ._looping_call import (
    LoopingCall,
)
from .defer import Deferred, ensureDeferred
from .error import ReactorNotRunning
from .interfaces import IReactorCore, IReactorTime

__all__ = [
    "Clock",
    "Cooperator",
    "LoopingCall",
    "SchedulerStopped",
    "coiterate",
    "deferLater",
    "react",
]

_T = TypeVar("_T")


def deferLater(
    clock: IReactorTime,
    delay: float,
    callable: Callable[..., Any] | None = None,
    *args: object,
    **kw: object,
) -> Deferred[Any]:
    """Call *callable* after *delay* seconds.

    :param clock: what measures them.
    :param callable: None to do nothing but wait.
    :return: a Deferred of what it returns. Cancelling it cancels the call.
    """

    def cancel(_: Deferred[Any]) -> None:
        delayed_call.cancel()

    def call(_: object) -> Any:
        return None if callable is None else callable(*args, **kw)

    d: Deferred[Any] = Deferred(cancel)
    d.addCallback(call)
    delayed_call = clock.callLater(delay, d.callback, None)
    return d


def react(
    main: Callable[..., Deferred[_T] | Coroutine[Deferred[_T], object, _T]],
    argv: Iterable[object] = (),
    _reactor: IReactorCore | None = None,
) -> NoReturn:
    """Run the reactor until *main* is done, then exit.

    The exit status is 0 if it succeeds and 1, with the error logged, if it fails; that of a
    SystemExit if it fails with one.

    :param main: called with the reactor and *argv*; returns a Deferred or a coroutine.
    :raises SystemExit: always.
    """
    if _reactor is None:
        from . import reactor

        _reactor = cast(IReactorCore, reactor)
    finished = ensureDeferred(main(_reactor, *argv))
    code: Any = 0
    is_stopping = False

    def stopping() -> None:
        nonlocal is_stopping
        is_stopping = True

    _reactor.addSystemEventTrigger("before", "shutdown", stopping)

    def stop(result: object, stops_reactor: bool) -> None:
        nonlocal code
        if stops_reactor:
            try:
                _reactor.stop()
            except ReactorNotRunning:
                pass
        if isinstance(result, Failure):
            if result.check(SystemExit) is not None:
                code = result.value.code
            else:
                log.err(result, "main function encountered error")
                code = 1

    def done(result: object) -> None:
        if is_stopping:
            stop(result, False)
        else:
            _reactor.callWhenRunning(stop, result, True)

    finished.addBoth(done)
    _reactor.run()
    sys.exit(code)

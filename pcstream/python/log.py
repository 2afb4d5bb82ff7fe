"""The log: who says something, who hears it.

An event is a dictionary. Observers are called with it in the order they came, in the thread that
logged it. Whatever is logged also goes to the logger ``pcstream`` of the standard library's
:mod:`logging`.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Mapping
from threading import get_ident
from typing import Any, ClassVar, TypeVar

from zope.interface import Interface

from . import context, failure
from ._log_observers import (
    DefaultObserver as DefaultObserver,
)
from ._log_observers import (
    FileLogObserver as FileLogObserver,
)
from ._log_observers import (
    PythonLoggingObserver as PythonLoggingObserver,
)
from ._log_observers import (
    _GlobalStartStopObserver as _GlobalStartStopObserver,
)
from ._log_stdio import (
    NullFile as NullFile,
)
from ._log_stdio import (
    StdioOnnaStick as StdioOnnaStick,
)
from ._log_text import (
    EventDict as EventDict,
)
from ._log_text import (
    _safeFormat as _safeFormat,
)
from ._log_text import (
    textFromEventDict as textFromEventDict,
)
from ._safe_text import qual
from ._stdlib_feed import StdlibFeed

_T = TypeVar("_T")

Observer = Callable[[EventDict], object]

NO_SYSTEM = "-"
"""The ``system`` of an event that came from nowhere in particular."""


class ILogContext:
    """The key under which the context has the keys that every event gets."""


class ILogObserver(Interface):
    """What hears of log events: any callable will do."""

    def __call__(eventDict):  # type: ignore[no-untyped-def]
        """Hear of an event.

        :param eventDict: has at least ``time`` (seconds since the epoch), ``system`` (who logged
            it), ``message`` (a tuple, empty if ``failure`` or ``format`` is there) and
            ``isError``. It is shared with all other observers.
        """


class Dispatching:
    """What the reactor is calling just now: events without a system of their own get its prefix.

    Cheaper than entering a context around every input or output event.

    :ivar logger: an object with ``logPrefix()``, or None.
    :ivar thread_id: the thread in which that is so.
    """

    __slots__ = ("logger", "thread_id")

    def __init__(self) -> None:
        self.logger: Any = None
        self.thread_id: int | None = None


dispatching = Dispatching()


BUGGY_PREFIX = "(buggy logPrefix method)"


def _dispatching_system() -> str:
    """The prefix of what the reactor is calling."""
    logger = dispatching.logger
    try:
        return str(logger.logPrefix())
    except KeyboardInterrupt:
        raise
    except BaseException:
        dispatching.logger = None
        try:
            err(system=BUGGY_PREFIX)
        finally:
            dispatching.logger = logger
        return BUGGY_PREFIX


class _OuterContext(dict[str, Any]):
    """The log context outside of every :func:`callWithContext`.

    Its ``system`` is looked up when somebody asks, which is seldom, rather than entered for each
    event that the reactor dispatches.
    """

    def __getitem__(self, key: str) -> Any:
        if (
            key == "system"
            and dispatching.logger is not None
            and dispatching.thread_id == get_ident()
        ):
            return _dispatching_system()
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 - get is what is defined here

    def copy(self) -> dict[str, Any]:
        return {key: self[key] for key in self}


context.setDefault(ILogContext, _OuterContext(system=NO_SYSTEM))


def callWithContext(ctx: Mapping[str, Any], func: Callable[..., _T], *args: Any, **kw: Any) -> _T:
    """Call *func*; everything that it logs gets the keys of *ctx*."""
    merged = context.get(ILogContext).copy()
    merged.update(ctx)
    result: _T = context.call({ILogContext: merged}, func, *args, **kw)
    return result


def callWithLogger(logger: Any, func: Callable[..., _T], *args: Any, **kw: Any) -> _T | None:
    """Call *func*; what it logs comes from *logger*, and what it raises is logged too.

    :param logger: has ``logPrefix()``.
    :return: what *func* returns, None if it raises.
    """
    try:
        prefix = logger.logPrefix()
    except KeyboardInterrupt:
        raise
    except BaseException:
        prefix = BUGGY_PREFIX
        err(system=prefix)
    try:
        return callWithContext({"system": prefix}, func, *args, **kw)
    except KeyboardInterrupt:
        raise
    except BaseException:
        err(system=prefix)
        return None


def err(_stuff: Any = None, _why: Any = None, **kw: Any) -> None:
    """Log an error.

    :param _stuff: an exception, a Failure, or anything else to show; None for the exception being
        handled.
    :param _why: what was being done when it happened.
    :param kw: further keys of the event.
    :raises NoCurrentExceptionError: nothing was given and no exception is being handled.
    """
    if _stuff is None:
        _stuff = failure.Failure()
    if isinstance(_stuff, failure.Failure):
        msg(failure=_stuff, why=_why, isError=1, **kw)
    elif isinstance(_stuff, Exception):
        msg(failure=failure.Failure(_stuff), why=_why, isError=1, **kw)
    else:
        msg(repr(_stuff), why=_why, isError=1, **kw)


deferr = err


class Logger:
    """The prefix of those that have none of their own."""

    def logPrefix(self) -> str:
        """A dash."""
        return NO_SYSTEM


def _is_logging_observer(observer: Observer) -> bool:
    return isinstance(getattr(observer, "__self__", None), PythonLoggingObserver)


class LogPublisher:
    """Tells observers of events.

    An observer that raises stays; the others are told of the event and then of what went wrong.

    :param observerPublisher: a publisher of ``twisted.logger``, whose events our observers hear as
        well. It matters only in a program that runs unchanged on pcstream, as the next one does.
    :param publishPublisher: a publisher of ``twisted.logger`` that is told what is logged here.
    :param logBeginner: unused.
    :param warningsModule: where ``showwarning`` is replaced when logging starts.
    """

    #: connects a publisher of ours with those of ``twisted.logger`` that it was made with
    _connect: ClassVar[Callable[[LogPublisher, object, object], object] | None] = None

    def __init__(
        self,
        observerPublisher: object = None,
        publishPublisher: object = None,
        logBeginner: object = None,
        warningsModule: Any = warnings,
    ) -> None:
        # replaced, never changed, so that other threads may log meanwhile
        self._observers: tuple[Observer, ...] = ()
        self._feed: StdlibFeed | None = None
        self._warnings = warningsModule
        self._old_showwarning: Callable[..., object] | None = None
        self._started_at: str | None = None
        self._started_observer: Observer | None = None
        is_alone = observerPublisher is None and publishPublisher is None
        connect = LogPublisher._connect
        if connect is not None and not is_alone:
            connect(self, observerPublisher, publishPublisher)

    @property
    def observers(self) -> list[Observer]:
        """The observers, in the order they are called."""
        return list(self._observers)

    def addObserver(self, other: Observer) -> None:
        """Call *other* with every event from now on."""
        self._observers = (*self._observers, other)
        if self._feed is not None and _is_logging_observer(other):
            self._feed.is_suspended += 1

    def removeObserver(self, other: Observer) -> None:
        """Call *other* no longer; one that was never added does not matter."""
        rest = list(self._observers)
        if other in rest:
            rest.remove(other)
            self._observers = tuple(rest)
            if self._feed is not None and _is_logging_observer(other):
                self._feed.is_suspended -= 1

    def msg(self, *message: Any, **kw: Any) -> None:
        """Log a message.

        :param message: what to say; parts are joined by a space.
        :param kw: further keys of the event: ``system``, ``isError``, ``format`` (filled in with
            the event if there is no message), and whatever an observer may want to see.
        """
        event: EventDict = context.get(ILogContext).copy()
        event.update(kw)
        event["message"] = message
        event["time"] = time.time()
        event.setdefault("isError", 0)
        self._publish(event, self._targets())

    def _targets(self) -> tuple[Observer, ...]:
        """All that hear of an event: the observers, then :mod:`logging`."""
        return self._observers if self._feed is None else (*self._observers, self._feed)

    def _publish(self, event: EventDict, targets: tuple[Observer, ...]) -> None:
        broken: list[tuple[Observer, failure.Failure]] = []
        for target in targets:
            try:
                target(event)
            except Exception:
                broken.append((target, failure.Failure()))
        if broken:
            self._report_broken(broken, targets)

    def _report_broken(
        self, broken: list[tuple[Observer, failure.Failure]], targets: tuple[Observer, ...]
    ) -> None:
        rest = tuple(t for t in targets if all(t is not b for b, _ in broken))
        for observer, reason in broken:
            event: EventDict = dict(
                context.get(ILogContext),
                message=(),
                time=time.time(),
                failure=reason,
                why=f"Temporarily disabling observer {observer!r} due to exception: {reason}",
                isError=1,
            )
            if rest:
                self._publish(event, rest)
            elif sys.__stderr__ is not None:
                sys.__stderr__.write(f"{textFromEventDict(event)}\n")

    def showwarning(
        self,
        message: Any,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: Any = None,
        line: str | None = None,
    ) -> None:
        """Log a warning, unless it is for a certain *file*."""
        if file is not None:
            file.write(warnings.formatwarning(message, category, filename, lineno, line))
            return
        self.msg(
            warning=message,
            category=qual(category),
            filename=filename,
            lineno=lineno,
            format="%(filename)s:%(lineno)s: %(category)s: %(warning)s",
        )

    def _startLogging(self, other: Observer, setStdout: bool | int) -> None:
        """Make *other* the log's target, and the standard streams lead to it if *setStdout*."""
        caller = sys._getframe(1)
        here = f"{caller.f_code.co_filename}:{caller.f_lineno}"
        self.addObserver(other)
        self._started_observer = other
        if self._started_at is not None:
            self.msg(
                f"Warning: primary log target selected twice at <{here}> - previously selected "
                f"at <{self._started_at}>.  Remove one of the calls to startLogging."
            )
        self._started_at = here
        if self._feed is not None:
            self._feed.has_other_target = True
        if self._old_showwarning is None:
            self._old_showwarning = self._warnings.showwarning
            self._warnings.showwarning = self.showwarning
        if setStdout:
            global logfile, logerr
            sys.stdout = logfile = StdioOnnaStick(0, getattr(sys.stdout, "encoding", None))
            sys.stderr = logerr = StdioOnnaStick(1, getattr(sys.stderr, "encoding", None))

    def _stopLogging(self) -> None:
        """Undo :meth:`_startLogging`, except for the standard streams."""
        if self._started_observer is not None:
            self.removeObserver(self._started_observer)
        self._started_observer = self._started_at = None
        if self._feed is not None:
            self._feed.has_other_target = False
        if self._old_showwarning is not None:
            self._warnings.showwarning = self._old_showwarning
            self._old_showwarning = None


theLogPublisher = LogPublisher()
theLogPublisher._feed = StdlibFeed()

logfile: Any = StdioOnnaStick(0, getattr(sys.stdout, "encoding", None))
logerr: Any = StdioOnnaStick(1, getattr(sys.stderr, "encoding", None))


def addObserver(other: Observer) -> None:
    """Call *other* with every event from now on."""
    theLogPublisher.addObserver(other)


def removeObserver(other: Observer) -> None:
    """Call *other* no longer."""
    theLogPublisher.removeObserver(other)


def msg(*message: Any, **kw: Any) -> None:
    """Log a message; see :meth:`LogPublisher.msg`."""
    theLogPublisher.msg(*message, **kw)


def showwarning(
    message: Any,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    """Log a warning, unless it is for a certain *file*."""
    theLogPublisher.showwarning(message, category, filename, lineno, file, line)


def startLogging(file: Any, *a: Any, **kw: Any) -> FileLogObserver | None:
    """Log to *file* from now on.

    :param file: a file, or the log's own stand-in for a standard stream, which is left as it is.
    :param a: ``setStdout``: whether the standard streams lead into the log too, as they do unless
        it is false.
    :return: the observer, to be stopped; None if *file* already leads into the log.
    """
    if isinstance(file, StdioOnnaStick):
        return None
    observer = FileLogObserver(file)
    startLoggingWithObserver(observer.emit, *a, **kw)
    return observer


def startLoggingWithObserver(observer: Observer, setStdout: bool | int = 1) -> None:
    """Log to *observer* from now on.

    :param setStdout: whether the standard streams lead into the log too.
    """
    theLogPublisher._startLogging(observer, setStdout)
    msg("Log opened.")


def discardLogs() -> None:
    """Forget what is printed to the log's own files."""
    global logfile
    logfile = NullFile()


defaultObserver = DefaultObserver()
"""Not started: :mod:`logging` already takes errors to the error stream."""

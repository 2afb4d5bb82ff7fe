"""What a test may come to besides success: the exceptions and marks that tell."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from types import TracebackType
from typing import Any, NoReturn

from ..python.failure import Failure, _machinery_code

__all__ = ["FailTest", "SkipTest", "Todo", "exc_info_of", "makeTodo"]

__unittest = True  # unittest and pytest leave our frames out of what they print

#: Modules that carry a result from callback to callback.
_DEFERRED = ("pcstream.internet._deferred", "pcstream.internet._inline", "pcstream.internet.defer")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType]


class SkipTest(Exception):
    """Raised in a test or in ``setUp`` to skip the test; give a reason as the argument."""


class FailTest(AssertionError):
    """Raised by an assertion that does not hold."""


class SkippedTooLate(Exception):
    """A skip was raised when the test method was over: an error, not a skip."""


class Todo:
    """The mark of a test that is expected to fail.

    :ivar reason: why it fails.
    :ivar errors: the exceptions it fails with, or None for any.
    """

    __slots__ = ("__weakref__", "errors", "reason")

    reason: str
    errors: Iterable[type[BaseException]] | None

    def __init__(self, reason: str, errors: Iterable[type[BaseException]] | None = None) -> None:
        self.reason = reason
        self.errors = errors

    def __repr__(self) -> str:
        return f"<Todo reason={self.reason!r} errors={self.errors!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Todo):
            return NotImplemented
        return (self.reason, self.errors) == (other.reason, other.errors)

    def __hash__(self) -> int:
        return hash(self.reason)

    def expected(self, failure: Failure) -> bool:
        """Whether *failure* is one of those that were expected."""
        return self.errors is None or any(failure.check(each) for each in self.errors)


def makeTodo(
    value: str | tuple[type[BaseException] | Iterable[type[BaseException]], str],
) -> Todo | None:
    """The :class:`Todo` that the value of a ``todo`` attribute stands for.

    :param value: a reason, or a pair of the exception or exceptions expected and a reason.
    :returns: None for any other value.
    """
    if isinstance(value, str):
        return Todo(reason=value)
    if isinstance(value, tuple):
        errors, reason = value
        return Todo(reason=reason, errors=[errors] if isinstance(errors, type) else errors)
    return None


def exc_info_of(error: Failure | tuple[Any, Any, Any] | BaseException) -> ExcInfo:
    """The triple that :mod:`unittest` and pytest take, with a real traceback.

    Frames of the machinery that called the test are cut off at the top.  pytest cannot show an
    exception without a traceback, so that one which was never raised is raised here.
    """
    if isinstance(error, tuple):
        value: BaseException = error[1]
        tb: Any = error[2]
    elif isinstance(error, Failure):
        value, tb = error.value, error.tb or error.value.__traceback__
        if tb is None and error.frames:
            value = _with_frames_as_note(value, error)
    else:
        value, tb = error, error.__traceback__
    if not isinstance(tb, TracebackType):
        try:
            _raise(value.with_traceback(None))
        except BaseException as raised:
            assert raised.__traceback__ is not None
            tb = raised.__traceback__.tb_next
            assert tb is not None
            return type(value), value, tb
    innermost = tb
    while innermost.tb_next is not None and _is_machinery(innermost):
        innermost = innermost.tb_next
    return type(value), value, innermost


def _raise(error_without_traceback: BaseException) -> NoReturn:
    raise error_without_traceback


def _is_machinery(tb: TracebackType) -> bool:
    frame = tb.tb_frame
    return (
        "__unittest" in frame.f_globals
        or frame.f_code in _machinery_code
        or frame.f_globals.get("__name__", "").startswith(_DEFERRED)
    )


def _with_frames_as_note(value: BaseException, failure: Failure) -> BaseException:
    """Keep the frames that a cleaned Failure remembers only as text."""
    add_note = getattr(value, "add_note", None)  # Python 3.11
    if add_note is not None:
        add_note(f"It was raised here:\n{failure.getTraceback()}")
    return value


def one_line(value: BaseException) -> str:
    """The last line of a traceback of *value*."""
    return traceback.format_exception_only(type(value), value)[-1].strip()


# Reports of failed tests show these names, and users import them from there.
SkipTest.__module__ = FailTest.__module__ = "pcstream.trial.unittest"

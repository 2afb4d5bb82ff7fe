"""What a finished test is reported to: any result object of any runner."""

from __future__ import annotations

import inspect
from typing import Any

from ..python.failure import Failure
from ._outcomes import Todo, exc_info_of

__all__ = ["PyUnitResultAdapter"]

__unittest = True

_Error = Failure | tuple[Any, Any, Any] | BaseException


class PyUnitResultAdapter:
    """Lets a standard library ``TestResult``, or one that looks like it, take Failures and todos.

    :param original: the result that is told.
    """

    def __init__(self, original: Any) -> None:
        self.original = original

    def startTest(self, method: Any) -> None:
        """Pass it on."""
        self.original.startTest(method)

    def stopTest(self, method: Any) -> None:
        """Pass it on."""
        self.original.stopTest(method)

    def addSuccess(self, test: Any) -> None:
        """Pass it on."""
        self.original.addSuccess(test)

    def addFailure(self, test: Any, fail: _Error) -> None:
        """Pass it on as a triple."""
        self.original.addFailure(test, exc_info_of(fail))

    def addError(self, test: Any, error: _Error) -> None:
        """Pass it on as a triple."""
        self.original.addError(test, exc_info_of(error))

    def addSkip(self, test: Any, reason: Any) -> None:
        """Pass it on, if the result knows skips; else it is a success."""
        tell = getattr(self.original, "addSkip", None)
        if tell is None:
            self.original.addSuccess(test)
        else:
            tell(test, reason)

    def addExpectedFailure(self, test: Any, error: _Error) -> None:
        """Pass it on, with the reason of the todo where there is a parameter for it."""
        tell = getattr(self.original, "addExpectedFailure", None)
        if tell is None:
            self.original.addSuccess(test)
            return
        third = _parameter(tell, 2)
        todo = test.getTodo() if third and hasattr(test, "getTodo") else None
        if todo is None:
            tell(test, exc_info_of(error))
        elif third == "todo":  # a reporter of trial's, which looks for the frames of a Failure
            tell(test, error if isinstance(error, Failure) else Failure(*_value_first(error)), todo)
        else:
            tell(test, exc_info_of(error), todo.reason)

    def addUnexpectedSuccess(self, test: Any, todo: Todo | None = None) -> None:
        """Pass it on, with *todo* where there is a parameter for it."""
        tell = getattr(self.original, "addUnexpectedSuccess", None)
        if tell is None:
            self.original.addSuccess(test)
        elif todo is not None and _parameter(tell, 1):
            tell(test, todo)
        else:
            tell(test)

    def upDownError(self, method: Any, error: Any, warn: Any, printStatus: Any) -> None:
        """Do nothing: a plain result has no place for it."""

    def add_duration(self, test: Any, elapsed_s: float) -> None:
        """Tell how long the test took, if the result wants to know (Python 3.12)."""
        tell = getattr(self.original, "addDuration", None)
        if tell is not None:
            tell(test, elapsed_s)

    def add_subtest(self, test: Any, subtest: Any, error: _Error | None) -> None:
        """Tell how a ``subTest`` block ended: None for well."""
        self.original.addSubTest(test, subtest, None if error is None else exc_info_of(error))

    @property
    def takes_subtests(self) -> bool:
        """Whether the result wants to hear of ``subTest`` blocks."""
        return hasattr(self.original, "addSubTest")

    @property
    def wants_to_stop(self) -> bool:
        """Whether the first failure is to be the last."""
        return bool(getattr(self.original, "failfast", False))


def _parameter(f: Any, index: int) -> str | None:
    """The name of the parameter at *index*, if there are so many."""
    try:
        names = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return None
    return names[index] if len(names) > index else None


def _value_first(error: _Error) -> tuple[Any, ...]:
    return (error[1], error[0], error[2]) if isinstance(error, tuple) else (error,)

"""A test case without a reactor, and the course that every test case takes.

The course is one coroutine, :meth:`SynchronousTestCase._trial_course`: ``setUp``, the test method,
the cleanups, ``tearDown``, in Twisted's order (cleanups come first) and with Twisted's judgement of
what goes wrong in which of them.  It calls the user's code only through ``_trial_call``; here that
returns at once, so that the coroutine never waits.
"""

from __future__ import annotations

import inspect
import os
import sys
import tempfile
import time
import unittest
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from types import SimpleNamespace
from typing import Any, ParamSpec

from ..python.failure import Failure
from . import _logged_errors, _seen_warnings
from ._assertions import Assertions, dotted_name
from ._outcomes import FailTest, SkippedTooLate, SkipTest, Todo, makeTodo, one_line
from ._patching import MonkeyPatcher
from ._report import PyUnitResultAdapter
from .util import acquireAttribute

__all__ = ["SynchronousTestCase"]

__unittest = True

_P = ParamSpec("_P")

#: Names from the test that go into a path are cut to this, since the path of a UNIX socket may
#: not be longer than about a hundred bytes.
_PATH_PART = 32

_TEMPORARY = "_trial_temp"


class _Phase(Enum):
    SET_UP = "set up"
    TEST = "test"
    CLEAN_UP = "clean up"


class _EndOfTest(Exception):
    """Leaves the test method after a failed ``subTest`` block whose failure has been told."""


class _Course:
    """One run of one test.

    :ivar report: who is told.
    :ivar passed: nothing has gone wrong so far, nor ended the test otherwise.
    :ivar unexpected_success: a todo that came true.
    :ivar interrupt: a ``KeyboardInterrupt`` on its way out.
    """

    def __init__(self, report: PyUnitResultAdapter) -> None:
        self.report = report
        self.passed = True
        self.unexpected_success: Todo | None = None
        self.interrupt: BaseException | None = None

    def error(self, test: Any, error: Any) -> None:
        self.passed = False
        self.report.addError(test, error)


class SynchronousTestCase(Assertions):
    """A test case whose tests are over when they return.

    Class, method and module may carry ``skip`` (a reason), ``todo`` (see :func:`makeTodo`) and
    ``suppress`` (a list made by :func:`pcstream.trial.util.suppress`); the innermost counts.

    An error that is logged while a test runs fails it, unless :meth:`flushLoggedErrors` takes it
    back.  A warning is shown after the test, unless :meth:`flushWarnings` takes it back.
    """

    failureException = FailTest

    _trial_now: _Course | None = None
    _subtest: Any = None

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self._warnings: list[_seen_warnings.SeenWarning] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__test__" not in cls.__dict__:
            # pytest would take the runTest below for a test of every class that has no other.
            cls.__test__ = _HasTests()  # type: ignore[attr-defined]

    def __eq__(self, other: object) -> bool:
        # One method may be run as two tests.
        return self is other

    __hash__ = unittest.TestCase.__hash__

    def runTest(self) -> None:
        """Do nothing: the test of a case that was made without naming one."""

    def shortDescription(self) -> str:
        """The first line of the test method's docstring, or its name."""
        return super().shortDescription() or self._testMethodName

    # What the marks say

    @property
    def _trial_marked(self) -> list[Any]:
        """Where marks are looked for, innermost first."""
        return [self._trial_method, self, sys.modules.get(type(self).__module__)]

    @property
    def _trial_method(self) -> Any:
        return getattr(self, self._testMethodName)

    def getSkip(self) -> tuple[bool, str | None]:
        """Whether the test is to be skipped, and why."""
        for marked in (type(self), self._trial_method):
            if getattr(marked, "__unittest_skip__", False):
                return True, getattr(marked, "__unittest_skip_why__", "")
        reason = acquireAttribute(self._trial_marked, "skip", None)
        return reason is not None, reason

    def getTodo(self) -> Todo | None:
        """The todo of the test, if there is one."""
        todo = acquireAttribute(self._trial_marked, "todo", None)
        if todo is not None:
            return makeTodo(todo)
        for marked in (type(self), self._trial_method):
            if getattr(marked, "__unittest_expecting_failure__", False):
                return Todo(reason="marked with unittest.expectedFailure")
        return None

    def _getSuppress(self) -> Any:
        return acquireAttribute(self._trial_marked, "suppress", [])

    # Running

    def run(self, result: Any) -> Any:  # type: ignore[override]
        """Run the test, and tell *result*: a standard library ``TestResult`` or the like."""
        report = result if isinstance(result, PyUnitResultAdapter) else PyUnitResultAdapter(result)
        report.startTest(self)
        began = time.perf_counter()
        try:
            is_skipped, reason = self.getSkip()
            if is_skipped:
                report.addSkip(self, reason)
                return result
            course = _Course(report)
            outer, self._trial_now = self._trial_now, course
            try:
                self._trial_run(course)
            finally:
                self._trial_now = outer
            report.add_duration(self, time.perf_counter() - began)
        finally:
            report.stopTest(self)
        return result

    def debug(self) -> None:
        """Run the test, and raise what goes wrong."""
        first: list[BaseException] = []

        class _Raising(unittest.TestResult):
            def addError(self, test: Any, err: Any) -> None:
                first.append(err[1])

            addFailure = addError

        result = _Raising()
        self.run(result)
        if first:
            raise first[0]
        if result.skipped:
            raise unittest.SkipTest(result.skipped[0][1])

    def _trial_run(self, course: _Course) -> None:
        del self._warnings[:]
        seen = _seen_warnings.collecting(self._warnings.append, self._getSuppress())
        with _logged_errors.collecting() as errors, seen:
            self._trial_follow(course)
            if course.interrupt is not None:
                raise course.interrupt
            for error in errors:
                course.error(self, error)
        for turned_error in _seen_warnings.emit(self._warnings):
            course.error(self, turned_error)
        if course.unexpected_success is not None:
            course.report.addUnexpectedSuccess(self, course.unexpected_success)
        elif course.passed:
            course.report.addSuccess(self)

    def _trial_follow(self, course: _Course) -> None:
        """Run the course to its end."""
        try:
            self._trial_course(course).send(None)
        except StopIteration:
            return
        raise AssertionError("a synchronous test cannot wait")

    async def _trial_course(self, course: _Course) -> None:
        """From ``setUp`` to ``tearDown``."""
        is_set_up = await self._trial_step(course, _Phase.SET_UP, self.setUp, "setUp")
        if is_set_up:
            method = self._trial_method
            await self._trial_step(
                course, _Phase.TEST, self._trial_checked(method), self._testMethodName
            )
        while self._cleanups and course.interrupt is None:  # type: ignore[attr-defined]
            f, args, kwargs = self._cleanups.pop()  # type: ignore[attr-defined]
            await self._trial_step(
                course,
                _Phase.CLEAN_UP,
                lambda f=f, args=args, kwargs=kwargs: f(*args, **kwargs),  # type: ignore[misc]
                f"cleanup function {getattr(f, '__name__', f)}",
            )
        if is_set_up and course.interrupt is None:
            await self._trial_step(course, _Phase.CLEAN_UP, self.tearDown, "tearDown")

    async def _trial_call(self, f: Callable[[], Any], description: str) -> None:
        """Call *f*, which belongs to the user."""
        f()

    def _trial_checked(self, method: Any) -> Any:
        """*method*, or what raises because calling it would run nothing of it."""
        kind = self._trial_never_run(method)
        if kind is None:
            return method

        def refuse() -> None:
            raise TypeError(f"{method!r} is a {kind} and therefore will never run")

        return refuse

    def _trial_never_run(self, method: Any) -> str | None:
        if inspect.isgeneratorfunction(method):
            return "generator function"
        if inspect.iscoroutinefunction(method):
            return "coroutine function of a SynchronousTestCase"
        return None

    async def _trial_step(
        self, course: _Course, phase: _Phase, f: Callable[[], Any], description: str
    ) -> bool:
        """Call *f* and judge how it ends.

        :returns: whether it ended well.
        """
        try:
            await self._trial_call(f, description)
        except KeyboardInterrupt as interrupt:
            course.interrupt = interrupt
            course.passed = False
        except _EndOfTest:
            course.passed = False
        except BaseException as error:
            course.passed = False
            self._trial_judge(course, phase, error)
        else:
            if phase is _Phase.TEST and course.passed:
                todo = self.getTodo()
                if todo is not None:
                    course.passed = False
                    course.unexpected_success = todo
            return True
        return False

    def _trial_judge(self, course: _Course, phase: _Phase, error: BaseException) -> None:
        report = course.report
        if phase is _Phase.TEST:
            todo = self.getTodo()
            if todo is not None and todo.expected(Failure(error)):
                report.addExpectedFailure(self, error)
                return
        if isinstance(error, (SkipTest, unittest.SkipTest)):
            if phase is not _Phase.CLEAN_UP:
                report.addSkip(self, self._trial_skip_reason(error))
                return
            # Handed on as it is, pytest would take it for a skip.
            error = SkippedTooLate(*error.args).with_traceback(error.__traceback__)
        if phase is _Phase.TEST and isinstance(error, self.failureException):
            report.addFailure(self, error)
        else:
            report.addError(self, error)

    def _trial_skip_reason(self, skip: BaseException) -> str:
        if skip.args:
            return str(skip.args[0])
        tb = skip.__traceback__
        while tb is not None and tb.tb_next is not None:
            tb = tb.tb_next
        warnings.warn_explicit(
            "Do not raise unittest.SkipTest with no arguments! Give a reason for skipping tests!",
            DeprecationWarning,
            tb.tb_frame.f_code.co_filename if tb else "",
            tb.tb_lineno if tb else 0,
        )
        return one_line(skip)

    @contextmanager
    def subTest(self, msg: Any = None, **params: Any) -> Iterator[None]:
        """A part of the test that may fail on its own, if the runner can tell of such parts.

        With a runner that cannot, or in a test marked ``todo``, a failure ends the test.
        """
        course = self._trial_now
        if course is None or not course.report.takes_subtests or self.getTodo() is not None:
            yield
            return
        outer = self._subtest
        inherited = {} if outer is None else dict(outer.params)
        part = _SubTest(self, _NO_MESSAGE if msg is None else msg, {**inherited, **params})
        self._subtest = part
        if sys.version_info < (3, 11):
            # under 3.10 pytest looks here for what the standard library has noted
            self._outcome = SimpleNamespace(errors=[], skipped=[])
        try:
            yield
        except (SkipTest, unittest.SkipTest) as skip:
            course.passed = False
            course.report.addSkip(part, self._trial_skip_reason(skip))
        except _EndOfTest:
            raise
        except Exception as error:
            course.passed = False
            course.report.add_subtest(self, part, error)
            if course.report.wants_to_stop:
                raise _EndOfTest() from None
        else:
            course.report.add_subtest(self, part, None)
        finally:
            self._subtest = outer

    # What a test may call

    def addCleanup(  # type: ignore[override]
        self, f: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs
    ) -> None:
        """Call *f* when the test method is over, however it ended, the last one added first.

        It is called before ``tearDown``, and also if ``setUp`` did not succeed.
        """
        self._cleanups.append((f, args, kwargs))  # type: ignore[attr-defined]

    def patch(self, obj: Any, attribute: str, value: Any) -> MonkeyPatcher:
        """Replace an attribute of *obj* until the test is over.

        :returns: an object with ``restore`` and ``patch`` methods.
        """
        patcher = MonkeyPatcher((obj, attribute, value))
        patcher.patch()
        self.addCleanup(patcher.restore)
        return patcher

    def flushLoggedErrors(self, *errorTypes: Any) -> list[Failure]:
        """Take back errors that were logged, so that they do not fail the test.

        :param errorTypes: only these; all if none is given.
        :returns: their Failures.
        """
        return _logged_errors.flush(*errorTypes)

    def flushWarnings(self, offendingFunctions: Any = None) -> list[dict[str, Any]]:
        """Take back warnings, so that they are not shown.

        :param offendingFunctions: only those that came from the lines of these functions.
        :returns: for each, in order, a dictionary with ``message`` (a string), ``category``,
            ``filename`` and ``lineno``.
        :raises ValueError: one of them is neither a function nor a method.
        """
        if offendingFunctions is None:
            taken, self._warnings[:] = self._warnings[:], []
        else:
            taken = _seen_warnings.from_functions(self._warnings, offendingFunctions)
            gone = set(map(id, taken))
            self._warnings[:] = [each for each in self._warnings if id(each) not in gone]
        return [each._asdict() for each in taken]

    def callDeprecated(self, version: Any, f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call *f*, which must warn of its deprecation in the usual words.

        :param version: since when it is deprecated, as an ``incremental.Version``; or a pair of
            that and the name of the replacement.
        :returns: what *f* returns.
        """
        returned = f(*args, **kwargs)
        seen = self.flushWarnings([self.callDeprecated])
        replacement = None
        if isinstance(version, tuple):
            version, replacement = version
        expected = f"{dotted_name(f)} was deprecated in {_version_text(version)}"
        if replacement is not None:
            name = replacement if isinstance(replacement, str) else dotted_name(replacement)
            expected += f"; please use {name} instead"
        self._assert_deprecation(seen, f, expected)
        return returned

    def getDeprecatedModuleAttribute(
        self, moduleName: str, name: str, version: Any, message: str | None = None
    ) -> Any:
        """Get an attribute of a module, which must warn of its deprecation in the usual words.

        :param version: since when it is deprecated, as an ``incremental.Version``.
        :param message: how the warning goes on; None for in any way.
        :returns: the attribute.
        """
        attribute = getattr(sys.modules[moduleName], name)
        full_name = f"{moduleName}.{name}"
        seen = self.flushWarnings([self.getDeprecatedModuleAttribute])
        if not seen:
            self.fail(f"{full_name} is not deprecated.")
        observed = seen[0]["message"]
        expected = f"{full_name} was deprecated in {_version_text(version)}"
        if message is not None:
            expected += f": {message}"
        self.assertTrue(
            observed.startswith(expected),
            f"Expected {observed!r} to start with {expected!r}",
        )
        return attribute

    def mktemp(self) -> str:
        """A path that does not exist, in a new directory that does.

        The directory is below ``_trial_temp`` in the working directory, and nobody removes it.
        """
        cls = type(self)
        parts = (cls.__module__, cls.__name__, self._testMethodName)
        base = os.path.join(*(part[:_PATH_PART] for part in parts))
        if not os.path.basename(os.getcwd()).startswith(_TEMPORARY):
            base = os.path.join(_TEMPORARY, base)
        os.makedirs(base, exist_ok=True)
        # Relative whatever the Python: 3.12 makes it absolute.
        directory = os.path.relpath(tempfile.mkdtemp("", "", base))
        return os.path.join(directory, "temp")


class _HasTests:
    """Whether a class has tests of its own, for runners that ask for ``__test__``."""

    def __get__(self, instance: object, owner: Any) -> bool:
        return owner.runTest is not SynchronousTestCase.runTest or any(
            name.startswith("test") and callable(getattr(owner, name, None)) for name in dir(owner)
        )


SynchronousTestCase.__test__ = False  # type: ignore[attr-defined]


def _version_text(version: Any) -> str:
    return f"{version.package} {version.public()}"


# The standard library hands these to results, and has no public name for them.
_SubTest: Any = unittest.case._SubTest  # type: ignore[attr-defined]
_NO_MESSAGE: Any = unittest.case._subtest_msg_sentinel  # type: ignore[attr-defined]

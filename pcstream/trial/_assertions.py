"""The assertions of a test case: Twisted's names, results and messages."""

from __future__ import annotations

import unittest
from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from ..internet.defer import Deferred, ensureDeferred
from ..python.failure import Failure
from . import _seen_warnings

__all__ = ["Assertions", "dotted_name"]

__unittest = True

_T = TypeVar("_T")


def dotted_name(thing: Any) -> str:
    """Module and qualified name."""
    return f"{thing.__module__}.{thing.__qualname__}"


class _RaisesContext:
    """What ``with assertRaises(...)`` gives.

    :ivar exception: the exception, once it was raised.
    """

    exception: BaseException

    def __init__(self, case: Assertions, expected: Any) -> None:
        self._case = case
        self._expected = expected
        self._name: str = getattr(expected, "__name__", None) or str(expected)

    def fail_without_exception(self, returned: object) -> NoReturn:
        raise self._case.failureException(f"{self._name} not raised ({returned!r} returned)")

    def judge(self, raised: BaseException) -> None:
        """Keep *raised* if it was expected; complain if not."""
        if isinstance(raised, self._expected):
            self.exception = raised
            return
        name = dotted_name(type(raised))
        raise self._case.failureException(
            f"{name} raised instead of {self._name}:\n {Failure(raised).getTraceback()}"
        )

    def __enter__(self) -> _RaisesContext:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        tb: TracebackType | None,
    ) -> bool:
        if raised is None:
            self.fail_without_exception(None)
        if not isinstance(raised, (Exception, self._expected)):
            return False  # an interrupt, or a runner's way of ending a test
        self.judge(raised)
        return True


class Assertions(unittest.TestCase):
    """The assertions, without anything about running tests.

    Most return their first argument.
    """

    failureException: type[BaseException]

    def fail(self, msg: object | None = None) -> NoReturn:
        """:raises FailTest: always, with *msg*."""
        raise self.failureException(msg)

    def _check(self, holds: Any, msg: object | None, otherwise: str) -> None:
        if not holds:
            raise self.failureException(msg or otherwise)

    def assertFalse(self, condition: Any, msg: object | None = None) -> Any:
        """Fail if *condition* is true."""
        super().assertFalse(condition, msg)
        return condition

    def assertTrue(self, condition: Any, msg: object | None = None) -> Any:
        """Fail if *condition* is false."""
        super().assertTrue(condition, msg)
        return condition

    def assertRaises(  # type: ignore[override]
        self, exception: Any, f: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Fail unless *f* raises *exception*.

        :param exception: an exception class, or a tuple of some.
        :param f: called with the other arguments; without it, the body of a ``with`` statement
            must raise.
        :returns: the exception, or the context manager, whose ``exception`` it is in the end.
        """
        context = _RaisesContext(self, exception)
        if f is None:
            return context
        try:
            returned = f(*args, **kwargs)
        except BaseException as raised:
            if not isinstance(raised, (Exception, exception)):
                raise
            context.judge(raised)
            return context.exception
        return context.fail_without_exception(returned)

    def assertEqual(self, first: Any, second: Any, msg: object | None = None) -> Any:
        """Fail if the two are not equal, and show how they differ."""
        super().assertEqual(first, second, msg)
        return first

    def assertIs(self, first: Any, second: Any, msg: object | None = None) -> Any:
        """Fail if *first* is not *second*."""
        self._check(first is second, msg, f"{first!r} is not {second!r}")
        return first

    def assertIsNot(self, first: Any, second: Any, msg: object | None = None) -> Any:
        """Fail if *first* is *second*."""
        self._check(first is not second, msg, f"{first!r} is {second!r}")
        return first

    def assertNotEqual(self, first: Any, second: Any, msg: object | None = None) -> Any:
        """Fail if the two are equal."""
        self._check(first != second, msg, f"{first!r} == {second!r}")
        return first

    def assertIn(self, containee: Any, container: Any, msg: object | None = None) -> Any:
        """Fail if *container* does not contain *containee*."""
        self._check(containee in container, msg, f"{containee!r} not in {container!r}")
        return containee

    def assertNotIn(self, containee: Any, container: Any, msg: object | None = None) -> Any:
        """Fail if *container* contains *containee*."""
        self._check(containee not in container, msg, f"{containee!r} in {container!r}")
        return containee

    def assertAlmostEqual(  # type: ignore[override]
        self, first: Any, second: Any, places: int = 7, msg: Any = None, delta: Any = None
    ) -> Any:
        """Fail if the two differ after rounding to *places* decimals, or by more than *delta*."""
        if delta is not None:
            super().assertAlmostEqual(first, second, msg=msg, delta=delta)
            return first
        differ = round(second - first, places) != 0
        self._check(not differ, msg, f"{first!r} != {second!r} within {places!r} places")
        return first

    def assertNotAlmostEqual(  # type: ignore[override]
        self, first: Any, second: Any, places: int = 7, msg: Any = None, delta: Any = None
    ) -> Any:
        """Fail if the two are equal after rounding to *places* decimals, or within *delta*."""
        if delta is not None:
            super().assertNotAlmostEqual(first, second, msg=msg, delta=delta)
            return first
        differ = round(second - first, places) != 0
        self._check(differ, msg, f"{first!r} == {second!r} within {places!r} places")
        return first

    def assertApproximates(
        self, first: Any, second: Any, tolerance: Any, msg: object | None = None
    ) -> Any:
        """Fail if the two are further than *tolerance* apart."""
        self._check(abs(first - second) <= tolerance, msg, f"{first} ~== {second}")
        return first

    def assertSubstring(self, substring: Any, astring: Any, msg: object | None = None) -> Any:
        """Fail if *substring* is not in *astring*."""
        return self.assertIn(substring, astring, msg)

    def assertNotSubstring(self, substring: Any, astring: Any, msg: object | None = None) -> Any:
        """Fail if *substring* is in *astring*."""
        return self.assertNotIn(substring, astring, msg)

    def assertIsInstance(
        self, instance: Any, classOrTuple: Any, message: object | None = None
    ) -> None:
        """Fail if *instance* is of no such class."""
        if not isinstance(instance, classOrTuple):
            suffix = "" if message is None else f": {message}"
            self.fail(f"{instance!r} is not an instance of {classOrTuple}{suffix}")

    def assertNotIsInstance(  # type: ignore[override]
        self, instance: Any, classOrTuple: Any
    ) -> None:
        """Fail if *instance* is of such a class."""
        if isinstance(instance, classOrTuple):
            self.fail(f"{instance!r} is an instance of {classOrTuple}")

    def assertWarns(  # type: ignore[override]
        self,
        category: Any,
        message: Any = None,
        filename: Any = None,
        f: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Fail unless *f* emits a warning, and nothing but that warning.

        With *category* alone, and in every other way that the standard library's
        ``assertWarns`` can be called, it is that one.

        :param category: the class of the warning.
        :param message: its whole text.
        :param filename: the file it has to come from.
        :param f: called with the other arguments.
        :returns: what *f* returns.
        """
        if f is None:
            if callable(message):
                rest = () if filename is None else (filename,)
                return super().assertWarns(category, message, *rest, **kwargs)
            return super().assertWarns(category, **kwargs)
        seen: list[_seen_warnings.SeenWarning] = []
        with _seen_warnings.collecting(seen.append):
            returned = f(*args, **kwargs)
        if not seen:
            self.fail("No warnings emitted")
        first = seen[0]
        if any(other[:2] != first[:2] for other in seen[1:]):
            self.fail("Can't handle different warnings")
        self.assertEqual(first.message, message)
        self.assertIs(first.category, category)
        stem = filename[:-1] if filename.endswith(("c", "o")) else filename
        self.assertTrue(
            stem.startswith(first.filename) or first.filename.startswith(stem),
            f"Warning in {first.filename!r}, expected {filename!r}",
        )
        return returned

    def successResultOf(
        self, deferred: Coroutine[Any, Any, _T] | Generator[Any, Any, _T] | Deferred[_T]
    ) -> _T:
        """The result that *deferred* has already; it has None afterwards.

        :raises FailTest: it has none yet, or has failed.
        """
        deferred = ensureDeferred(deferred)
        results: list[Any] = []
        deferred.addBoth(results.append)
        if not results:
            self.fail(f"Success result expected on {deferred!r}, found no result instead")
        result = results[0]
        if isinstance(result, Failure):
            self.fail(
                f"Success result expected on {deferred!r}, "
                f"found failure result instead:\n{result.getTraceback()}"
            )
        return result  # type: ignore[no-any-return]

    def failureResultOf(self, deferred: Any, *expectedExceptionTypes: Any) -> Failure:
        """The Failure that *deferred* has already; it has None afterwards.

        :param expectedExceptionTypes: what may have been raised; anything if not given.
        :raises FailTest: it has none yet, has succeeded, or has failed with something else.
        """
        deferred = ensureDeferred(deferred)
        results: list[Any] = []
        deferred.addBoth(results.append)
        if not results:
            self.fail(f"Failure result expected on {deferred!r}, found no result instead")
        result = results[0]
        if not isinstance(result, Failure):
            self.fail(
                f"Failure result expected on {deferred!r}, "
                f"found success result ({result!r}) instead"
            )
        if expectedExceptionTypes and not result.check(*expectedExceptionTypes):
            expected = " or ".join(
                f"{each.__module__}.{each.__name__}" for each in expectedExceptionTypes
            )
            self.fail(
                f"Failure of type ({expected}) expected on {deferred!r}, "
                f"found type {result.type!r} instead: {result.getTraceback()}"
            )
        return result

    def assertNoResult(self, deferred: Any) -> None:
        """Fail if *deferred* has a result already; a failure is then taken out of it."""
        deferred = ensureDeferred(deferred)
        results: list[Any] = []

        def look(result: Any) -> Any:
            results.append(result)
            if isinstance(result, Failure) and not is_later:
                return None
            return result

        is_later = False
        deferred.addBoth(look)
        is_later = True
        if results:
            self.fail(f"No result expected on {deferred!r}, found {results[0]!r} instead")

    def _assert_deprecation(self, seen: list[dict[str, Any]], thing: object, expected: str) -> None:
        if not seen:
            self.fail(f"{thing!r} is not deprecated.")
        self.assertEqual(expected, seen[0]["message"])

    # The same things under older names; Twisted keeps them without a warning.

    assertNot = failIf = failUnlessFalse = assertFalse  # type: ignore[assignment]
    assert_ = failUnless = failUnlessTrue = assertTrue  # type: ignore[assignment]
    failUnlessRaises = assertRaises  # type: ignore[assignment]
    assertEquals = failUnlessEqual = failUnlessEquals = assertEqual
    assertIdentical = failUnlessIdentical = assertIs
    assertNotIdentical = failIfIdentical = assertIsNot
    assertNotEquals = failIfEqual = failIfEquals = assertNotEqual
    failUnlessIn = assertIn
    failIfIn = assertNotIn
    assertAlmostEquals = failUnlessAlmostEqual = assertAlmostEqual  # type: ignore[assignment]
    assertNotAlmostEquals = failIfAlmostEqual = failIfAlmostEquals = (  # type: ignore[assignment]
        assertNotAlmostEqual
    )
    failUnlessApproximates = assertApproximates
    failUnlessSubstring = assertSubstring
    failIfSubstring = assertNotSubstring
    failUnlessIsInstance = assertIsInstance
    failIfIsInstance = assertNotIsInstance
    failUnlessWarns = assertWarns

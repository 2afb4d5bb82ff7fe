"""Suites, and tests wrapped in other tests."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

__all__ = ["TestDecorator", "TestSuite", "decorate"]

__unittest = True


class TestSuite(unittest.TestSuite):
    """A suite of tests; class and module fixtures are run as the standard library runs them."""

    __test__ = False

    def run(self, result: Any, debug: bool = False) -> Any:
        """Run the tests until *result* says to stop."""
        return super().run(result, debug)


class TestDecorator:
    """A test around a test: all that is reported of the inner one is reported of this one.

    Derive from it and extend :meth:`run`.
    """

    __test__ = False

    def __init__(self, original: Any) -> None:
        self._originalTest = original

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._originalTest, name)

    def __call__(self, result: Any) -> Any:
        return self.run(result)

    def run(self, result: Any) -> Any:
        """Run the inner test."""
        return self._originalTest.run(_Renaming(result, self))


class _Renaming:
    """A result that puts the decorated test in the place of the original one."""

    def __init__(self, result: Any, test: TestDecorator) -> None:
        self._result = result
        self._test = test

    def __getattr__(self, name: str) -> Any:
        tell = getattr(self._result, name)
        if not name.startswith(("add", "startTest", "stopTest")) or not callable(tell):
            return tell

        def told(test: Any, *args: Any, **kwargs: Any) -> Any:
            return tell(self._test, *args, **kwargs)

        return told


def decorate(test: Any, decorator: Callable[[Any], Any]) -> Any:
    """Replace every test in *test* by ``decorator(test)``, however deep suites are nested.

    :returns: the suite itself, changed; or, if *test* is no suite, the decorated test.
    """
    inner = getattr(test, "_tests", None)
    if inner is None:
        return decorator(test)
    inner[:] = [decorate(each, decorator) for each in inner]
    return test

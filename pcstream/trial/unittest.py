"""Test cases in trial's manner, for any runner: ``python -m unittest``, pytest, or trial itself."""

from __future__ import annotations

from ._asynctest import TestCase
from ._outcomes import FailTest, SkipTest, Todo, makeTodo
from ._report import PyUnitResultAdapter
from ._suites import TestDecorator, TestSuite, decorate
from ._synctest import SynchronousTestCase

__all__ = [
    "FailTest",
    "PyUnitResultAdapter",
    "SkipTest",
    "SynchronousTestCase",
    "TestCase",
    "TestDecorator",
    "TestSuite",
    "Todo",
    "decorate",
    "makeTodo",
]

"""Mixins for test cases: a test for each rule, with ``unittest`` and with trial, Twisted's or ours.

Put one in front of the test case, and say what is judged::

    class TestMyConsumer(ConsumerTests, unittest.TestCase):
        subject = MyConsumerSubject

The name of a test has the number of its rule, and says how binding that is.
"""

from __future__ import annotations

import unittest
from typing import Any

from .roles import check_for, numbers_for
from .rules import RULES

__all__ = ["ConsumerTests", "PullProducerTests", "PushProducerTests"]


class _Tests:
    #: What is judged: anything that the function for the role takes.
    subject: Any = None
    #: How many random sequences of calls are tried for each rule.
    search: int = 60

    _role = ""

    def __init_subclass__(cls, role: str = "", **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if not role:
            return
        cls._role = role
        for number in numbers_for(role):
            setattr(cls, f"test_{RULES[number].level.value.lower()}_{number}", _test(number))

    def judge(self, number: str) -> None:
        """Judge one rule: fail, be skipped, or say nothing."""
        subject = vars(type(self)).get("subject", self.subject)
        if isinstance(subject, staticmethod):
            subject = subject.__func__
        report = check_for(self._role)(subject, only={number}, search=self.search)
        if not report.conforms:
            fail: Any = self.fail  # type: ignore[attr-defined]
            fail(str(report))
        if report.skipped:
            raise unittest.SkipTest(str(report.skipped[0]))
        if not report.passed and not report.deviations:
            raise unittest.SkipTest(f"{number} is for transports")


def _test(number: str) -> Any:
    def test(self: Any) -> None:
        self.judge(number)

    test.__doc__ = RULES[number].sentence
    test.__name__ = f"test_{RULES[number].level.value.lower()}_{number}"
    return test


class ConsumerTests(_Tests, role="consumer"):
    """Judges ``subject``, a :class:`~pcstream.conformance.ConsumerSubject`."""


class PushProducerTests(_Tests, role="push"):
    """Judges ``subject``, a :class:`~pcstream.conformance.PushProducerSubject`."""


class PullProducerTests(_Tests, role="pull"):
    """Judges ``subject``, a :class:`~pcstream.conformance.PullProducerSubject`."""

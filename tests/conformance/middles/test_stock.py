"""The kit on every class of Twisted's that it covers, and on ours: what each breaks is known."""

from __future__ import annotations

import pytest
from stock import BROKEN, Case, cases

TWISTED = cases("twisted")
OURS = cases("pcstream")


def judge(case: Case) -> None:
    for package in case.needs:
        pytest.importorskip(package)
    report = case.judge()
    assert not report.faults, str(report)
    assert not report.unexpected_passes, str(report)
    assert set(report.broken) == set(case.broken), str(report)
    assert report.passed or report.deviations, str(report)


@pytest.mark.parametrize("case", TWISTED, ids=lambda case: f"{case.name}, {case.role}")
def test_twisted_breaks_these_rules_and_no_others(case: Case) -> None:
    pytest.importorskip("twisted")
    judge(case)


@pytest.mark.parametrize("case", OURS, ids=lambda case: f"{case.name}, {case.role}")
def test_ours_breaks_these_rules_and_no_others(case: Case) -> None:
    judge(case)


def test_ours_breaks_nothing_that_twisted_keeps() -> None:
    for (name, role), (theirs, ours) in BROKEN.items():
        if name in {case.name for case in TWISTED}:
            more = set(ours.split()) - set(theirs.split())
            assert not more or (name, role) == ("loopback.loopbackAsync", "consumer"), (name, more)

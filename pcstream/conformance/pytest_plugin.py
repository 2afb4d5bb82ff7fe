"""The pytest plugin: the fixture ``conforms``, and a test for each rule by a marker.

pytest loads it wherever the package is installed, so it loads nothing itself before it is used.
"""

from __future__ import annotations

from typing import Any

import pytest


def pytest_addoption(parser: Any) -> None:
    """Add the plugin's one option."""
    parser.getgroup("pcstream").addoption(
        "--conformance-search",
        type=int,
        default=60,
        metavar="N",
        help="random sequences of calls that are tried for each broken rule (default: 60)",
    )


def pytest_configure(config: Any) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "conformance(subject=..., role='consumer'): judge subject; the test is run once for each "
        "rule and calls its argument conformance_rule",
    )


def pytest_generate_tests(metafunc: Any) -> None:
    """Make one test for each rule."""
    if "conformance_rule" not in metafunc.fixturenames:
        return
    from .roles import numbers_for
    from .rules import RULES

    _, role = _marked(metafunc.definition)
    metafunc.parametrize(
        "conformance_rule",
        numbers_for(role),
        indirect=True,
        ids=lambda number: f"{RULES[number].level.value.lower()}_{number}",
    )


def _marked(node: Any) -> tuple[Any, str]:
    """What is judged, and as what."""
    marker = node.get_closest_marker("conformance")
    if marker is None or "subject" not in marker.kwargs:
        raise pytest.UsageError(
            f"{node.nodeid}: conformance_rule needs @pytest.mark.conformance(subject=..., role=...)"
        )
    return marker.kwargs["subject"], marker.kwargs.get("role", "consumer")


@pytest.fixture
def conformance_rule(request: Any) -> Any:
    """A function without arguments that judges one rule."""
    from .roles import check_for

    subject, role = _marked(request.node)
    number = request.param

    def judge() -> None:
        __tracebackhide__ = True
        report = check_for(role)(
            subject, only={number}, search=request.config.getoption("--conformance-search")
        )
        if not report.conforms:
            pytest.fail(str(report), pytrace=False)
        if report.deviations:
            pytest.xfail(f"known deviation: {report.deviations[0].seen}")
        if report.skipped:
            pytest.skip(str(report.skipped[0]))
        if not report.passed:
            pytest.skip(f"{number} is for transports")

    return judge


@pytest.fixture
def conforms(request: Any) -> Any:
    """A function that judges a subject, ``conforms(subject, role)``, and answers a report.

    The role is ``consumer`` unless it is given. Other arguments are those of the functions for it.
    The test fails with the report if the subject does not conform.
    """
    from .roles import check_for

    def judge(subject: Any, role: str = "consumer", **options: Any) -> Any:
        __tracebackhide__ = True
        options.setdefault("search", request.config.getoption("--conformance-search"))
        report = check_for(role)(subject, **options)
        if not report.conforms:
            pytest.fail(str(report), pytrace=False)
        return report

    return judge

"""What is given to be judged, a subject, its class, or only what makes the thing, as a subject."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from ..internet import interfaces
from .checking import Checks, name_of
from .report import INTERFACE, Report
from .subjects import Subject


def subject_from(
    given: Any, kind: type[Subject], method: str = "make", deviations: Collection[str] = ()
) -> Any:
    """A subject of *kind*, or what was made without our classes but by the same rules.

    :param method: what a plain callable stands for.
    :param deviations: rules that are known to be broken, besides those that the subject names.
    """
    if isinstance(given, type) and issubclass(given, Subject):
        given = given()
    if not isinstance(given, Subject) and not hasattr(given, method):
        make, given = given, kind()
        setattr(given, method, make)
        given.name = name_of(make)
    if deviations:
        given.deviations = {*getattr(given, "deviations", ()), *deviations}
    return given


def run_verified(
    checks: Checks[Any],
    subject: Any,
    make: Callable[[], Any],
    interface: str,
    *,
    name: str | None,
    only: Collection[str],
) -> Report:
    """Run *checks* on *subject*, unless what *make* makes lacks a method of *interface*.

    Then there is nothing to judge, and that is all that the report says.
    """
    if not only:
        try:
            made = make()
        except Exception:
            made = None
        finally:
            subject.clean_up()
        if not all(hasattr(made, method) for method in getattr(interfaces, interface).names()):
            only = {INTERFACE}
    return checks.run(subject, name=name, only=only, verify=make, interface=interface)

"""What is given to be judged, a subject, its class, or only what makes the thing, as a subject."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .checking import name_of
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

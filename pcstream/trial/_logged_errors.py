"""Errors that a test logs: they fail it unless it takes them back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..python import log
from ..python.failure import Failure

__all__ = ["collecting", "flush"]

__unittest = True

#: One list for each test that is running; tests nest when a test is about tests.
_collections: list[list[Failure]] = []


def _observe(event: dict[str, Any]) -> None:
    if event.get("isError", False) and "failure" in event:
        _collections[-1].append(event["failure"])


@contextmanager
def collecting() -> Iterator[list[Failure]]:
    """Collect what is logged as an error, by whatever thread, until the end of the block."""
    errors: list[Failure] = []
    if not _collections:
        log.addObserver(_observe)
    _collections.append(errors)
    try:
        yield errors
    finally:
        _collections.pop()
        if not _collections:
            log.removeObserver(_observe)


def flush(*types: type[BaseException]) -> list[Failure]:
    """Take back what was logged so far.

    :param types: only errors of these types; all if there are none.
    """
    if not _collections:
        return []
    errors = _collections[-1]
    taken = [each for each in errors if not types or each.check(*types)]
    errors[:] = [each for each in errors if not any(each is other for other in taken)]
    return taken

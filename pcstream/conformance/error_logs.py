"""Errors that are logged while the kit provokes them: kept here, and out of everybody's log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..python import log

#: What pcstream's log feeds everything into.
_LOGGER = logging.getLogger("pcstream")


@contextmanager
def kept(errors: list[BaseException]) -> Iterator[None]:
    """Append the exceptions that are logged within to *errors*, and let nobody else see them.

    Twisted's log is looked after too, if the program has imported it.
    """

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            failure = event.get("failure")
            if failure is not None:
                errors.append(failure.value)

    with _alone(log, observe), _no_handlers():
        theirs = sys.modules.get("twisted.python.log")
        if theirs is None:
            yield
        else:
            with _alone_in_twisted(theirs, observe):
                yield


@contextmanager
def _alone(module: Any, observe: Any) -> Iterator[None]:
    """Have *observe* as the only observer of a legacy log."""
    publisher = module.theLogPublisher
    others = list(publisher.observers)
    for other in others:
        publisher.removeObserver(other)
    publisher.addObserver(observe)
    try:
        yield
    finally:
        publisher.removeObserver(observe)
        for other in others:
            publisher.addObserver(other)


@contextmanager
def _alone_in_twisted(module: Any, observe: Any) -> Iterator[None]:
    publisher = sys.modules["twisted.logger"].globalLogPublisher
    others = list(getattr(publisher, "_observers", ()))
    for other in others:
        publisher.removeObserver(other)
    module.addObserver(observe)
    try:
        yield
    finally:
        module.removeObserver(observe)
        for other in others:
            publisher.addObserver(other)


@contextmanager
def _no_handlers() -> Iterator[None]:
    was_disabled, _LOGGER.disabled = _LOGGER.disabled, True
    try:
        yield
    finally:
        _LOGGER.disabled = was_disabled

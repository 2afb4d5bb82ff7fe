"""Small things that tests import by name: suppressions, time-outs, the unclean reactor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..python.failure import Failure

__all__ = [
    "DEFAULT_TIMEOUT",
    "DEFAULT_TIMEOUT_DURATION",
    "DirtyReactorAggregateError",
    "acquireAttribute",
    "excInfoOrFailureToExcInfo",
    "suppress",
]

__unittest = True

#: Seconds that a test may take whose ``timeout`` says nothing else (Twisted's number).
DEFAULT_TIMEOUT_DURATION = 120.0

#: Stands for :data:`DEFAULT_TIMEOUT_DURATION`.
DEFAULT_TIMEOUT = object()

_MISSING = object()


class DirtyReactorAggregateError(Exception):
    """A test left something in the reactor.

    :param delayedCalls: descriptions of calls that were still to come.
    :param selectables: descriptions of readers and writers that were still watched.
    """

    def __init__(
        self, delayedCalls: Iterable[Any], selectables: Iterable[Any] | None = None
    ) -> None:
        self.delayedCalls = delayedCalls
        self.selectables = selectables

    def __str__(self) -> str:
        lines = ["Reactor was unclean."]
        if self.delayedCalls:
            lines.append(
                "DelayedCalls: (set pcstream.internet.base.DelayedCall.debug = True to debug)"
            )
            lines.extend(map(str, self.delayedCalls))
        if self.selectables:
            lines.append("Selectables:")
            lines.extend(map(str, self.selectables))
        return "\n".join(lines)


def acquireAttribute(objects: Sequence[Any], attr: str, default: Any = _MISSING) -> Any:
    """The attribute *attr* of the first of *objects* that has one.

    :raises AttributeError: none has, and there is no *default*.
    """
    for each in objects:
        value = getattr(each, attr, _MISSING)
        if value is not _MISSING:
            return value
    if default is _MISSING:
        raise AttributeError(f"attribute {attr!r} not found in {objects!r}")
    return default


def excInfoOrFailureToExcInfo(err: Any) -> Any:
    """What :func:`sys.exc_info` would say of a failure; anything else as it is."""
    return (err.type, err.value, err.getTracebackObject()) if isinstance(err, Failure) else err


def suppress(action: str = "ignore", **kwarg: Any) -> tuple[tuple[str], dict[str, Any]]:
    """An entry for a list named ``suppress`` on a test method, class or module.

    :param action: and the rest: as for :func:`warnings.filterwarnings`.
    """
    return (action,), kwarg

"""Who calls, seen from inside the call: the frames above it."""

from __future__ import annotations

import traceback
from types import FrameType
from typing import Any

__all__ = ["Where", "called_from", "describe", "is_called_by", "nearest", "where"]

# Frames of these say nothing of a caller: the monitor itself, and the machine that decides for all
# of our own consumers.
_SILENT = ("pcstream.conformance.monitor", "pcstream._engine.")

# More than that is the reactor and what started it.
_MOST_FRAMES = 32

#: One frame: file, line, function.
Where = tuple[str, int, str]


def _speaks(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__") or ""
    return not name.startswith(_SILENT)


def where(frame: FrameType | None) -> tuple[Where, ...]:
    """The frames from the outermost to *frame*, without those of the monitor."""
    found: list[Where] = []
    while frame is not None and len(found) < _MOST_FRAMES:
        if _speaks(frame):
            found.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back
    return tuple(reversed(found))


def describe(frames: tuple[Where, ...]) -> str:
    """*frames* as in a traceback, with their lines of source where there are any."""
    summary = traceback.StackSummary.from_list([(*each, None) for each in frames])
    return "".join(summary.format())


def called_from(frame: FrameType | None) -> str:
    """The nearest caller that is neither the monitor nor the engine: class and function."""
    while frame is not None and not _speaks(frame):
        frame = frame.f_back
    if frame is None:
        return "nobody"
    me = frame.f_locals.get("self")
    if me is None:
        return f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"
    kind = type(me)
    return f"{kind.__module__}.{kind.__qualname__}.{frame.f_code.co_name}"


def nearest(frame: FrameType | None) -> Any:
    """Whose method the nearest caller is; None if it is a function."""
    while frame is not None and not _speaks(frame):
        frame = frame.f_back
    return None if frame is None else frame.f_locals.get("self")


def is_called_by(frame: FrameType | None, objects: list[Any]) -> bool:
    """Whether one of *objects* has a method on the stack."""
    for _ in range(_MOST_FRAMES):
        if frame is None:
            return False
        me = frame.f_locals.get("self")
        if me is not None and any(me is each for each in objects):
            return True
        frame = frame.f_back
    return False

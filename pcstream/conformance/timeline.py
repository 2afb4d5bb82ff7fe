"""Reads a recording back: what each watched pair did, and when.

What is wrong with a file is said with the number of the line.  Only the last line may be cut off:
so it is when the process that wrote it came to a sudden end, which may be why somebody looks.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .recording import FORMAT, VERSION

__all__ = [
    "BadRecording",
    "Broken",
    "Column",
    "LaneHistory",
    "Mark",
    "Pause",
    "Slice",
    "Timeline",
    "nice_step",
    "read_recording",
]


class BadRecording(Exception):
    """The file is no recording, or a damaged one; the text is one line for a person."""


@dataclass(frozen=True)
class Slice:
    """What happened in a short time: the pauses are those that have no :class:`Pause`."""

    at: float
    seconds: float
    bytes: int
    writes: int
    peak: int | None
    pauses: int = 0
    paused: float = 0.0


@dataclass
class Pause:
    """The producer had to wait.

    :ivar ended: when it was resumed; the end of the recording if it never was.
    """

    began: float
    ended: float
    by: str
    is_open: bool = True


@dataclass(frozen=True)
class Mark:
    """Something that happens seldom."""

    at: float
    text: str


@dataclass(frozen=True)
class Broken:
    """A rule of the contract was broken."""

    at: float
    rule: str
    culprit: str
    seen: str

    def __str__(self) -> str:
        return f"{self.rule}: the {self.culprit} {self.seen}"


@dataclass(frozen=True)
class Column:
    """A part of a lane's time, for drawing.

    :ivar rate: bytes written in a second.
    :ivar held: the most that the consumer held; None if nothing was written.
    :ivar pressure: which part of the time the producer was paused, from 0 to 1.
    """

    began: float
    ended: float
    rate: float
    held: int | None
    pressure: float


@dataclass
class LaneHistory:
    """All that was written down of one watched pair.

    :ivar limit: with more bytes than that the consumer was full.
    """

    name: str
    limit: int
    began: float
    ended: float = 0.0
    slices: list[Slice] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """How many were written in all."""
        return sum(each.bytes for each in self.slices)

    @property
    def peak(self) -> int | None:
        """The most that the consumer held; None if it did not tell."""
        return max((each.peak for each in self.slices if each.peak is not None), default=None)

    @property
    def times_paused(self) -> int:
        """How often the producer was paused."""
        return len(self.pauses) + sum(each.pauses for each in self.slices)

    @property
    def time_paused(self) -> float:
        """For how many seconds in all."""
        long = sum(each.ended - each.began for each in self.pauses)
        return long + sum(each.paused for each in self.slices)

    def paused_by(self) -> dict[str, int]:
        """Who paused, and how often, as far as it was written down; the most frequent first."""
        found: dict[str, int] = {}
        for pause in self.pauses:
            found[pause.by] = found.get(pause.by, 0) + 1
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def columns(self, count: int, seconds: float) -> list[Column]:
        """The lane in *count* equal parts of the first *seconds*."""
        width = seconds / count
        amounts, paused = [0.0] * count, [0.0] * count
        held: list[int | None] = [None] * count

        def spread(into: list[float], began: float, ended: float, amount: float) -> None:
            first = min(int(began / width), count - 1)
            last = min(int(ended / width), count - 1)
            if ended <= began or first == last:
                into[first] += amount
                return
            for place in range(first, last + 1):
                # To the very end, however it is rounded.
                end = ended if place == last else (place + 1) * width
                part = min(ended, end) - max(began, place * width)
                into[place] += amount * part / (ended - began)

        for each in self.slices:
            spread(amounts, each.at, each.at + each.seconds, each.bytes)
            spread(paused, each.at, each.at + each.seconds, each.paused)
            if each.peak is not None:
                last = min(int((each.at + each.seconds) / width), count - 1)
                for place in range(min(int(each.at / width), last), last + 1):
                    held[place] = max(held[place] or 0, each.peak)
        for pause in self.pauses:
            spread(paused, pause.began, pause.ended, pause.ended - pause.began)
        return [
            Column(
                place * width,
                (place + 1) * width,
                amounts[place] / width,
                held[place],
                min(1.0, paused[place] / width),
            )
            for place in range(count)
        ]


@dataclass
class Timeline:
    """A whole recording.

    :ivar began: when, in seconds since 1970.
    :ivar seconds: how long it is; never 0.
    :ivar lanes: the watched pairs, in the order in which their watching began.
    :ivar is_cut_off: whether the last line is not whole.
    :ivar is_finished: whether every lane was closed.
    """

    began: float
    lanes: list[LaneHistory] = field(default_factory=list)
    seconds: float = 0.0
    is_cut_off: bool = False
    is_finished: bool = True

    @property
    def remarks(self) -> list[str]:
        """What a reader has to know about the recording itself."""
        found = []
        if self.is_cut_off:
            found.append("the last line is cut off, and left out")
        if not self.is_finished:
            found.append("it was not closed: the process ended early, or is still running")
        return found


# Shorter ones cannot be drawn.
_SHORTEST_S = 1e-3


def read_recording(path: str | os.PathLike[str]) -> Timeline:
    """Read a file that :class:`pcstream.conformance.recording.Recording` wrote.

    :raises OSError: it cannot be read.
    :raises BadRecording: it is something else, or damaged in the middle.
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        timeline = _begin(name, file.readline())
        reader = _Reader(timeline)
        number = 1
        for line in file:
            number += 1
            try:
                reader.take(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
                if not line.endswith(b"\n"):
                    timeline.is_cut_off = True
                    break
                raise BadRecording(f"{name}, line {number}: {_what(error)}") from None
    reader.finish()
    return timeline


def _what(error: Exception) -> str:
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return "this is not JSON"
    return f"this is no line of a recording ({error})"


def _begin(name: str, line: bytes) -> Timeline:
    if not line:
        raise BadRecording(f"{name} is empty")
    try:
        first = json.loads(line)
        if first["format"] != FORMAT:
            raise ValueError
        version = int(first["version"])
        began = float(first["began"])
    except (ValueError, TypeError, KeyError):
        raise BadRecording(f"{name} is no recording of pcstream's monitor") from None
    if version > VERSION:
        raise BadRecording(
            f"{name} was written by a newer pcstream: its version is {version}, not {VERSION}"
        )
    return Timeline(began)


class _Reader:
    """Puts lines where they belong."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._open_lanes: set[int] = set()

    def take(self, line: dict[str, Any]) -> None:
        """One line after the first."""
        number, at = int(line["lane"]), _time(line["t"])
        lanes = self._timeline.lanes
        if "name" in line:
            if number != len(lanes):
                raise ValueError(f"lane {number} follows lane {len(lanes) - 1}")
            lanes.append(LaneHistory(str(line["name"]), int(line["limit"]), at, at))
            self._open_lanes.add(number)
            return
        if not 0 <= number < len(lanes):
            raise ValueError(f"there is no lane {number}")
        lane = lanes[number]
        for key, take in _TAKERS.items():
            if key in line:
                lane.ended = max(lane.ended, take(lane, at, line))
                break
        else:
            raise ValueError("it says nothing")
        if "end" in line:
            self._open_lanes.discard(number)

    def finish(self) -> None:
        """There are no more."""
        timeline = self._timeline
        timeline.is_finished = not self._open_lanes
        ends = [lane.ended for lane in timeline.lanes]
        timeline.seconds = max([_SHORTEST_S, *ends])
        for lane in timeline.lanes:
            for pause in lane.pauses:
                if pause.is_open:
                    pause.ended = max(pause.began, lane.ended)


def _time(value: Any) -> float:
    seconds = float(value)
    if not 0 <= seconds < 1e9:
        raise ValueError(f"{value} is no time")
    return seconds


def _take_slice(lane: LaneHistory, at: float, line: dict[str, Any]) -> float:
    seconds = _time(line["for"])
    peak = line.get("peak")
    lane.slices.append(
        Slice(
            at,
            seconds,
            int(line["bytes"]),
            int(line["writes"]),
            None if peak is None else int(peak),
            int(line.get("pauses", 0)),
            _time(line.get("paused", 0.0)),
        )
    )
    return at + seconds


def _take_pause(lane: LaneHistory, at: float, line: dict[str, Any]) -> float:
    lane.pauses.append(Pause(at, at, str(line["pause"])))
    return at


def _take_resume(lane: LaneHistory, at: float, line: dict[str, Any]) -> float:
    pause = lane.pauses[-1]
    pause.ended = max(at, pause.began)
    pause.is_open = False
    return at


def _take_mark(lane: LaneHistory, at: float, line: dict[str, Any]) -> float:
    lane.marks.append(Mark(at, str(line["mark"])))
    return at


def _take_broken(lane: LaneHistory, at: float, line: dict[str, Any]) -> float:
    lane.broken.append(Broken(at, str(line["rule"]), str(line["culprit"]), str(line["seen"])))
    return at


def _take_end(lane: LaneHistory, at: float, line: dict[str, Any]) -> float:
    return at


_TAKERS: dict[str, Callable[[LaneHistory, float, dict[str, Any]], float]] = {
    "bytes": _take_slice,
    "pause": _take_pause,
    "resume": _take_resume,
    "mark": _take_mark,
    "rule": _take_broken,
    "end": _take_end,
}


def nice_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, ... and their like that is not below *least*."""
    power: float = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.9999)

"""Writes down what a monitor sees, as JSON lines, while it happens.

The first line says what the file is; each other one belongs to a lane, which is one watched pair.
Times are seconds since the beginning.  What is written and how full the consumer is stands in one
line for each slice of time; a fast stream pauses its producer thousands of times a second, so only
the first pause of a slice has lines of its own, and the rest is summed up in the slice's.  So the
file grows with the time that passes, not with the bytes that flow, and nothing but one slice for
each lane is kept in memory.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import IO, Any

from ..python import log

__all__ = ["FORMAT", "NOT_ASKED", "VERSION", "Lane", "Recording"]

#: What the first line says.
FORMAT, VERSION = "pcstream recording", 1

# 50 slices a second: finer than an eye on a chart, coarser than a turn of the reactor.
SLICE_S = 0.02

# A pull producer waits a moment after every answer, which is the reactor's turn; from here on it
# waits because its consumer has no room.
_SHORTEST_WAIT_S = 0.005

#: Who makes a pull producer wait: nobody pauses it, it is just not asked.
NOT_ASKED = "nobody: it was not asked"

# What happens seldom gets a line so many times; the file must not grow with the stream.
_MOST_MARKS = 1000


class Recording:
    """A file that is being written; give it to :func:`pcstream.conformance.monitor.watch`.

    Each line is in the file before the next thing happens. If the file cannot be written any more,
    that is logged, and recording ends; whoever is watched never hears of it.
    """

    def __init__(
        self,
        target: str | os.PathLike[str] | IO[str],
        *,
        slice_s: float = SLICE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        :param target: where to write: a path, of which a file is overwritten, or an open text file.
        :param slice_s: how much time one line may stand for.
        :raises OSError: it cannot be opened.
        """
        if isinstance(target, (str, os.PathLike)):
            # Each line at once: what matters most is what was last before a crash.
            self._file: IO[str] | None = open(target, "w", encoding="utf-8", buffering=1)
            self._is_ours = True
        else:
            self._file = target
            self._is_ours = False
        self.slice_s = slice_s
        self._clock = clock
        self._began = clock()
        self._lanes: list[Lane] = []
        self.say({"format": FORMAT, "version": VERSION, "began": time.time(), "slice": slice_s})

    def now(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._began

    def lane(self, name: str, limit: int) -> Lane:
        """A lane for another pair.

        :param limit: with more bytes than that, the consumer is full.
        """
        lane = Lane(self, len(self._lanes), self.slice_s)
        self._lanes.append(lane)
        self.say({"lane": lane.number, "t": _rounded(self.now()), "name": name, "limit": limit})
        return lane

    def say(self, line: dict[str, Any]) -> None:
        """Append one line."""
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
        except (OSError, ValueError):
            log.err(None, "the recording ends here")
            self._file = None

    def close(self) -> None:
        """Write what is left, and close the file; harmless the second time."""
        for lane in self._lanes:
            lane.close()
        file, self._file = self._file, None
        if file is not None and self._is_ours:
            file.close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def _rounded(seconds: float) -> float:
    return round(seconds, 6)


class Lane:
    """What one watched pair does; :meth:`Recording.lane` makes it.

    :ivar number: which one of the recording's it is.
    """

    def __init__(self, recording: Recording, number: int, slice_s: float) -> None:
        self.number = number
        self._recording = recording
        self._slice_s = slice_s
        self._marks = 0
        self._paused_since: float | None = None
        self._is_pause_said = False
        self._paused_by = ""
        self._waits_since: float | None = None
        self._is_open = True
        self._begin(recording.now())

    def _begin(self, now: float) -> None:
        self._slice_began = now
        self._bytes = self._writes = self._pauses = 0
        self._peak: int | None = None
        self._paused_s = 0.0
        self._said_a_pause = False

    def _advance(self) -> float:
        """Finish the slice if its time is over; the time is returned."""
        now = self._recording.now()
        if now - self._slice_began >= self._slice_s:
            self._finish(now)
        return now

    def _finish(self, now: float) -> None:
        began = self._slice_began
        if self._paused_since is not None and not self._is_pause_said:
            # It has become a long one.
            self._say(self._paused_since, {"pause": self._paused_by})
            self._is_pause_said = True
            self._pauses -= 1
        if self._writes or self._pauses:
            line: dict[str, Any] = {
                # Nothing may have happened for a long time: it did not take that long.
                "for": _rounded(min(now - began, self._slice_s)),
                "bytes": self._bytes,
                "writes": self._writes,
            }
            if self._peak is not None:
                line["peak"] = self._peak
            if self._pauses:
                line["pauses"] = self._pauses
                line["paused"] = _rounded(self._paused_s)
            self._say(began, line)
        self._begin(now)

    def _say(self, when: float, facts: dict[str, Any]) -> None:
        self._recording.say({"lane": self.number, "t": _rounded(when), **facts})

    def wrote(self, count: int, held: int | None) -> None:
        """*count* bytes were written, after which the consumer holds *held*."""
        self._advance()
        self._bytes += count
        self._writes += 1
        if held is not None and held > (self._peak or -1):
            self._peak = held

    def paused(self, caller: str) -> None:
        """The producer is paused."""
        now = self._advance()
        self._paused_since = now
        self._paused_by = caller
        self._is_pause_said = not self._said_a_pause
        if self._is_pause_said:
            self._said_a_pause = True
            self._say(now, {"pause": caller})
        else:
            self._pauses += 1

    def resumed(self) -> None:
        """It is resumed, or needs no resume any more."""
        if self._paused_since is None:
            return
        now = self._advance()
        if self._is_pause_said:
            self._say(now, {"resume": True})
        else:
            self._paused_s += now - self._paused_since
        self._paused_since = None

    def waits(self) -> None:
        """A pull producer has answered, and waits to be asked again."""
        self._waits_since = self._recording.now()

    def waits_no_more(self) -> None:
        """It need not be asked any more."""
        self._waits_since = None

    def asked(self) -> None:
        """It is asked."""
        since = self._waits_since
        if since is None:
            return
        self._waits_since = None
        now = self._advance()
        if now - since < _SHORTEST_WAIT_S:
            return
        if self._said_a_pause:
            self._pauses += 1
            self._paused_s += now - since
        else:
            self._said_a_pause = True
            self._say(since, {"pause": NOT_ASKED})
            self._say(now, {"resume": True})

    def mark(self, text: str) -> None:
        """Something happened that happens seldom."""
        if self._marks < _MOST_MARKS:
            self._marks += 1
            self._say(self._advance(), {"mark": text})

    def broke(self, rule: str, culprit: str, seen: str) -> None:
        """A rule was broken."""
        self._say(self._advance(), {"rule": rule, "culprit": culprit, "seen": seen})

    def close(self) -> None:
        """Say what is left; harmless the second time."""
        if self._is_open:
            self._is_open = False
            now = self._recording.now()
            self._finish(now)
            if self._waits_since is not None and now - self._waits_since >= _SHORTEST_WAIT_S:
                self._say(self._waits_since, {"pause": NOT_ASKED})
            self._say(now, {"end": True})

"""What one process of the demo counts about its part of the stream."""

from __future__ import annotations

import sys
import time
from typing import Any


def peak_memory_bytes() -> int:
    """The most memory this process has had resident so far.

    Linux keeps it as VmHWM; ``getrusage`` there also remembers the process it was forked from.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class Meter:
    """Bytes, buffers and pauses of one hop, from the first connection to the end.

    :param shortest_pause_s: a shorter wait is no pause. A pull producer waits a moment after
        every chunk, which is the loop's own turn and not back-pressure.
    :ivar bytes: passed on so far.
    :ivar buffered: held now, not yet taken by the kernel.
    :ivar largest: the largest single piece passed on.
    :ivar pauses: how often the hop had to wait for the next one.
    """

    def __init__(self, shortest_pause_s: float = 0.0) -> None:
        self._shortest_pause_s = shortest_pause_s
        self.bytes = 0
        self.buffered = 0
        self.peak_buffered = 0
        self.largest = 0
        self.pauses = 0
        self._paused_s = 0.0
        self._waiting_since: float | None = None
        self._started: float | None = None
        self._ended: float | None = None

    def start(self) -> None:
        """The stream begins."""
        self._started = time.monotonic()

    def end(self) -> None:
        """The stream is over; no time counts from here on."""
        if self._ended is None:
            self.flow()
            self._ended = time.monotonic()

    def moved(self, count: int, buffered: int) -> None:
        """*count* bytes were passed on, after which *buffered* are held."""
        self.bytes += count
        self.buffered = buffered
        self.largest = max(self.largest, count)
        self.peak_buffered = max(self.peak_buffered, buffered)

    def wait(self) -> None:
        """The hop was told to pause, or waits to be asked; again is the same as once."""
        if self._waiting_since is None:
            self._waiting_since = time.monotonic()

    def flow(self) -> None:
        """The hop was told to resume, or was asked."""
        if self._waiting_since is not None:
            waited = time.monotonic() - self._waiting_since
            self._waiting_since = None
            if waited >= self._shortest_pause_s:
                self.pauses += 1
                self._paused_s += waited

    def snapshot(self) -> dict[str, Any]:
        """All of it as it stands now, for a report."""
        now = time.monotonic()
        paused_s, pauses, is_paused = self._paused_s, self.pauses, False
        if self._waiting_since is not None and now - self._waiting_since >= self._shortest_pause_s:
            is_paused = True
            pauses += 1
            paused_s += now - self._waiting_since
        seconds = 0.0 if self._started is None else (self._ended or now) - self._started
        return {
            "bytes": self.bytes,
            "seconds": seconds,
            "buffered": self.buffered,
            "peak_buffered": self.peak_buffered,
            "largest": self.largest,
            "pauses": pauses,
            "paused_s": paused_s,
            "is_paused": is_paused,
            "peak_memory": peak_memory_bytes(),
        }

"""What the demo shows: progress on standard error, the closing table on standard output."""

from __future__ import annotations

import os
import sys
from typing import Any

from .amounts import format_bytes

Facts = dict[str, Any]

HOPS = ("server", "proxy", "receiver")
#: plain lines come this often
LINE_S = 1.0
#: the rate shown is that of about the last second
RATE_WINDOW_S = 1.0


class Rates:
    """Bytes a second of each hop over the last moments."""

    def __init__(self) -> None:
        self._past: list[tuple[float, list[int]]] = []

    def update(self, now_s: float, counts: list[int]) -> list[float]:
        """The rates, given the counts at this moment."""
        self._past.append((now_s, counts))
        while len(self._past) > 2 and now_s - self._past[1][0] >= RATE_WINDOW_S:
            del self._past[0]
        then_s, before = self._past[0]
        elapsed = now_s - then_s
        if not elapsed:
            return [0.0 for _ in counts]
        return [(count - past) / elapsed for count, past in zip(counts, before, strict=True)]


def paused_share(facts: Facts) -> float:
    """The part of its time in percent that a hop has been waiting."""
    seconds: float = facts.get("seconds", 0.0)
    return 100 * min(1.0, facts.get("paused_s", 0.0) / seconds) if seconds else 0.0


def result_rows(facts: dict[str, Facts], limit_bytes: int) -> list[list[str]]:
    """The closing table: a heading for each hop, then a row for each figure."""

    def row(title: str, show: Any) -> list[str]:
        return [title, *(show(facts[name]) for name in HOPS)]

    return [
        ["", *HOPS],
        row("bytes", lambda hop: f"{hop['bytes']:,}"),
        row("seconds", lambda hop: f"{hop['seconds']:.2f}"),
        row("rate", lambda hop: f"{format_bytes(hop['bytes'] / (hop['seconds'] or 1))}/s"),
        row("pauses", lambda hop: f"{hop['pauses']:,}"),
        row("time paused", lambda hop: f"{paused_share(hop):.0f} %"),
        row("peak buffered", lambda hop: format_bytes(hop["peak_buffered"])),
        row("buffer bound", lambda hop: format_bytes(limit_bytes + hop["largest"])),
        row("peak memory", lambda hop: format_bytes(hop["peak_memory"])),
    ]


def hash_lines(facts: dict[str, Facts]) -> list[str]:
    """Whether the hashes are equal, and both, one below the other."""
    sent, arrived = facts["server"]["sha256"], facts["receiver"]["sha256"]
    equal = "equal" if sent == arrived else "NOT equal"
    return [f"SHA-256 {equal}", f"  sent     {sent}", f"  arrived  {arrived}"]


class View:
    """Plain lines: nothing is drawn over, so they can go to a file."""

    def __init__(self) -> None:
        self._rates = Rates()
        self._next_line_s = LINE_S

    def start(self, processes: list[tuple[str, int]]) -> None:
        """Name the processes."""
        named = ", ".join(f"{name} {pid}" for name, pid in processes)
        print(f"processes: {named}", file=sys.stderr, flush=True)

    def update(self, size: int, now_s: float, facts: list[Facts]) -> None:
        """Show how far each hop is; called many times a second."""
        rates = self._rates.update(now_s, [hop.get("bytes", 0) for hop in facts])
        if now_s >= self._next_line_s:
            self._next_line_s = now_s + LINE_S
            self.draw(size, now_s, facts, rates)

    def draw(self, size: int, now_s: float, facts: list[Facts], rates: list[float]) -> None:
        """Show one state."""
        hops = []
        for name, hop, rate in zip(HOPS, facts, rates, strict=True):
            hops.append(
                f"{name} {format_bytes(hop.get('bytes', 0))} at {format_bytes(rate)}/s,"
                f" buffered {format_bytes(hop.get('buffered', 0))},"
                f" pauses {hop.get('pauses', 0)} ({paused_share(hop):.0f} %)"
            )
        print(f"{now_s:6.1f} s  {' | '.join(hops)}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """No more progress."""

    def result(self, facts: dict[str, Facts], limit_bytes: int) -> None:
        """Print the closing table."""
        rows = result_rows(facts, limit_bytes)
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        for title, *cells in rows:
            padded = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
            print("  ".join([title.ljust(widths[0]), *padded]))
        for line in hash_lines(facts):
            print(line)


def choose_view(plain: bool) -> View:
    """The live table where rich is installed and a person watches, else plain lines."""
    if plain or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return View()
    try:
        from .demo_live_view import LiveView
    except ImportError:  # rich is an extra
        return View()
    return LiveView()

"""The demo's live table, drawn by rich."""

from __future__ import annotations

import sys

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .amounts import format_bytes
from .demo_view import HOPS, Facts, View, hash_lines, paused_share, result_rows

#: the bar takes what a terminal has beyond the figures, within reason
FIGURES_WIDTH = 70
BAR_WIDTHS = (8, 32)


class LiveView(View):
    """One row a hop, drawn over in place; the closing table in the same style."""

    def __init__(self) -> None:
        super().__init__()
        self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
        self._pids = ""

    def start(self, processes: list[tuple[str, int]]) -> None:
        """Begin to draw."""
        self._pids = ", ".join(f"{name} {pid}" for name, pid in processes)
        self._live.start()

    def update(self, size: int, now_s: float, facts: list[Facts]) -> None:
        """Draw every state that comes."""
        rates = self._rates.update(now_s, [hop.get("bytes", 0) for hop in facts])
        self.draw(size, now_s, facts, rates)

    def draw(self, size: int, now_s: float, facts: list[Facts], rates: list[float]) -> None:
        """Draw one state."""
        spare = self._live.console.width - FIGURES_WIDTH
        bar = max(BAR_WIDTHS[0], min(BAR_WIDTHS[1], spare))
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column("hop", width=8)
        table.add_column("", width=bar)
        for title, width in (
            ("bytes", 10),
            ("rate", 13),
            ("buffered", 10),
            ("pauses", 7),
            ("paused", 6),
        ):
            table.add_column(title, justify="right", min_width=width)
        table.add_column("now", width=7)
        for name, hop, rate in zip(HOPS, facts, rates, strict=True):
            is_paused = hop.get("is_paused", False)
            table.add_row(
                name,
                ProgressBar(total=max(size, 1), completed=hop.get("bytes", 0), width=bar),
                format_bytes(hop.get("bytes", 0)),
                f"{format_bytes(rate)}/s",
                format_bytes(hop.get("buffered", 0)),
                str(hop.get("pauses", 0)),
                f"{paused_share(hop):.0f} %",
                Text("paused", "yellow") if is_paused else Text("flowing", "green"),
            )
        line = Text(f"{now_s:.1f} s of {format_bytes(size)}; processes: {self._pids}", "dim")
        self._live.update(Group(table, line), refresh=True)

    def close(self) -> None:
        """Take the table away."""
        self._live.stop()

    def result(self, facts: dict[str, Facts], limit_bytes: int) -> None:
        """Print the closing table, as plain lines where nobody watches."""
        if not sys.stdout.isatty():
            super().result(facts, limit_bytes)
            return
        heading, *rows = result_rows(facts, limit_bytes)
        table = Table(box=None, pad_edge=False)
        for title in heading:
            table.add_column(title, justify="right" if title else "left")
        for row in rows:
            table.add_row(*row)
        console = Console()
        console.print(table)
        for line in hash_lines(facts):
            console.print(line, highlight=False, soft_wrap=True)

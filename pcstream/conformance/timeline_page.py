"""A timeline as one HTML page: the picture, and its figures in words for whoever cannot see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape

from ..cli.amounts import format_bytes
from .timeline import LaneHistory, Timeline
from .timeline_svg import draw_svg

__all__ = ["draw_page"]

_STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1c2430; --line: #d5dbe3; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181e; --ink: #e6eaf0; --line: #343c47; } }
body { background: var(--paper); color: var(--ink); font: 14px/1.5 system-ui, sans-serif;
  margin: 24px auto; max-width: 1088px; padding: 0 24px; }
h1 { font-size: 20px; } h2 { font-size: 16px; margin: 28px 0 6px; }
svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; } th, td { border-bottom: 1px solid var(--line);
  padding: 4px 16px 4px 0; text-align: left; vertical-align: top; }
"""


def draw_page(timeline: Timeline) -> str:
    """The whole page; it needs nothing from elsewhere."""
    began = datetime.fromtimestamp(timeline.began).strftime("%Y-%m-%d %H:%M:%S")
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>Timeline of pressure</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        "<h1>Timeline of pressure</h1>",
        f"<p>Recorded {began}, {timeline.seconds:.3f} s. Each pair has what was written, what the "
        "consumer held (the dashed line: more than that is full), and when its producer had to "
        "wait. Rest the pointer on a place to see its figures; triangles are broken rules.</p>",
        *(f"<p>Note: {escape(remark)}.</p>" for remark in timeline.remarks),
        draw_svg(timeline),
    ]
    for lane in timeline.lanes:
        parts += _lane(lane)
    parts.append("</body>\n</html>\n")
    return "\n".join(parts)


def _lane(lane: LaneHistory) -> Iterator[str]:
    held = "not known" if lane.peak is None else format_bytes(lane.peak)
    yield f"<h2>{escape(lane.name)}</h2>"
    yield _table(
        (
            ("written", f"{format_bytes(lane.bytes)} ({lane.bytes} bytes)"),
            ("held at most", f"{held}; full above {format_bytes(lane.limit)}"),
            ("paused", f"{lane.times_paused} times, {lane.time_paused:.3f} s"),
            *((f"by {who}", f"{times} times") for who, times in lane.paused_by().items()),
        )
    )
    if lane.broken:
        yield "<p>Rules of the contract that were broken:</p>"
        yield _table((f"{broken.at:.3f} s", str(broken)) for broken in lane.broken)
    if lane.marks:
        yield "<details><summary>What else happened</summary>"
        yield _table((f"{mark.at:.3f} s", mark.text) for mark in lane.marks)
        yield "</details>"


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>\n" for name, value in rows
    )
    return f"<table>\n{cells}</table>"

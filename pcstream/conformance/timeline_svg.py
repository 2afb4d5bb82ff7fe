"""A timeline as one picture, SVG: for each pair what was written, what was held, and who waited.

The picture needs nothing from elsewhere.  It is light or dark as the reader's system is, and says
the figures of each place when the pointer rests there.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ..cli.amounts import format_bytes
from .timeline import Column, LaneHistory, Timeline, nice_step

__all__ = ["STYLE", "draw_svg"]

# Wide enough for a screen, and fine enough to see a pause of a thousandth of the time.
WIDTH = 1040
_LEFT, _RIGHT, _TOP = 92, 18, 14
_PLOT = WIDTH - _LEFT - _RIGHT
_COLUMNS = 310  # a little over 3 pixels each

_TITLE, _RATE, _HELD, _PRESSURE, _GAP = 40, 84, 58, 18, 10
_LANE = _TITLE + _RATE + _GAP + _HELD + _GAP + _PRESSURE + 26
_AXIS = 44

#: The colours: of paper and ink, and then what is written, held, paused and broken.
STYLE = """
.pcs { --paper: #ffffff; --ink: #1c2430; --faint: #64707f; --line: #d5dbe3;
  --written: #2f6fbb; --held: #2b8a66; --paused: #c8641b; --broken: #c02434;
  font: 12px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  .pcs { --paper: #14181e; --ink: #e6eaf0; --faint: #98a3b2; --line: #343c47;
    --written: #6ea8ee; --held: #58c39a; --paused: #f0995a; --broken: #ff7482; } }
.pcs .paper { fill: var(--paper); } .pcs text { fill: var(--ink); }
.pcs .faint { fill: var(--faint); } .pcs .name { font-weight: 600; font-size: 14px; }
.pcs .grid { stroke: var(--line); stroke-width: 1; fill: none; }
.pcs .limit { stroke: var(--paused); stroke-width: 1; stroke-dasharray: 5 4; }
.pcs .written { fill: var(--written); } .pcs .held { fill: var(--held); }
.pcs .paused { fill: var(--paused); } .pcs .broken { fill: var(--broken); }
.pcs .mark { stroke: var(--faint); stroke-width: 1; stroke-dasharray: 2 3; }
.pcs .over { fill: transparent; } .pcs .over:hover { fill: var(--ink); fill-opacity: 0.09; }
"""


def draw_svg(timeline: Timeline) -> str:
    """The whole picture, a document of its own."""
    height = _TOP + max(1, len(timeline.lanes)) * _LANE + _AXIS
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="pcs" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="Timeline of pressure">',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
    ]
    if not timeline.lanes:
        parts.append(_text(_LEFT, _TOP + 30, "Nothing was watched.", "name"))
    for number, lane in enumerate(timeline.lanes):
        parts += _lane(lane, timeline.seconds, _TOP + number * _LANE)
    parts += _time_axis(timeline, height - _AXIS)
    parts.append("</svg>\n")
    return "\n".join(parts)


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    look = f' class="{kind}"' if kind else ""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}"{look}{where}>{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _lane(lane: LaneHistory, seconds: float, top: float) -> Iterator[str]:
    columns = lane.columns(_COLUMNS, seconds)
    peak = lane.peak
    yield _text(_LEFT, top + 14, lane.name, "name")
    yield _text(_LEFT, top + 30, _summary(lane), "faint")
    y = top + _TITLE
    fastest = max(column.rate for column in columns)
    yield from _plot(columns, [column.rate for column in columns], y, _RATE, fastest, "written")
    yield from _scale(y, _RATE, fastest, "written", "/s")
    y += _RATE + _GAP
    most = max(peak or 0, lane.limit)
    held = [float(column.held or 0) for column in columns]
    yield from _plot(columns, held, y, _HELD, most, "held")
    yield from _scale(y, _HELD, most, "held", "")
    limit_y = y + _HELD - _HELD * lane.limit / most
    yield (
        f"<g><title>full above {escape(format_bytes(lane.limit))}</title>"
        f"{_line(_LEFT, limit_y, _LEFT + _PLOT, limit_y, 'limit')}</g>"
    )
    if peak is None:
        yield _text(_LEFT + 8, y + _HELD / 2 + 4, "this consumer does not tell", "faint")
    y += _HELD + _GAP
    yield from _pressure(columns, y)
    yield from _hovers(columns, top + _TITLE, y + _PRESSURE)
    yield from _events(lane, seconds, top + _TITLE, y + _PRESSURE)


def _summary(lane: LaneHistory) -> str:
    held = "" if lane.peak is None else f", held {format_bytes(lane.peak)} at most"
    callers = ", ".join(list(lane.paused_by())[:2])
    by = f" by {callers}" if callers else ""
    broken = f", {len(lane.broken)} rules broken" if lane.broken else ""
    return (
        f"{format_bytes(lane.bytes)}{held}, paused {lane.times_paused} times "
        f"for {lane.time_paused:.3g} s{by}{broken}"
    )


def _plot(
    columns: list[Column], values: list[float], top: float, height: float, most: float, kind: str
) -> Iterator[str]:
    """The values as one area; most is what would fill the height."""
    yield f'<path class="grid" d="M{_LEFT} {top:.1f}V{top + height:.1f}H{_LEFT + _PLOT}"/>'
    if most <= 0 or not any(values):
        return
    width = _PLOT / len(columns)
    base = top + height
    steps = []
    for place, value in enumerate(values):
        x = _LEFT + place * width
        steps.append(f"L{x:.1f} {base - height * value / most:.1f}h{width:.2f}")
    yield f'<path class="{kind}" d="M{_LEFT} {base:.1f}{"".join(steps)}V{base:.1f}Z"/>'


def _scale(top: float, height: float, most: float, label: str, per: str) -> Iterator[str]:
    x = _LEFT - 8
    yield _text(x, top + 10, f"{format_bytes(most)}{per}", "faint", "end")
    yield _text(x, top + height / 2 + 4, label, "", "end")
    yield _text(x, top + height, "0", "faint", "end")


def _pressure(columns: list[Column], top: float) -> Iterator[str]:
    width = _PLOT / len(columns)
    yield _text(_LEFT - 8, top + _PRESSURE - 5, "paused", "", "end")
    yield f'<rect class="grid" x="{_LEFT}" y="{top:.1f}" width="{_PLOT}" height="{_PRESSURE}"/>'
    for place, column in enumerate(columns):
        if column.pressure > 0:
            x, shade = _LEFT + place * width, 0.15 + 0.85 * column.pressure
            yield (
                f'<rect class="paused" x="{x:.1f}" y="{top:.1f}" width="{width:.2f}" '
                f'height="{_PRESSURE}" fill-opacity="{shade:.2f}"/>'
            )


def _hovers(columns: list[Column], top: float, bottom: float) -> Iterator[str]:
    width = _PLOT / len(columns)
    for place, column in enumerate(columns):
        if not (column.rate or column.held or column.pressure):
            continue
        said = f"{column.began:.3f} to {column.ended:.3f} s: {format_bytes(column.rate)}/s written"
        if column.held is not None:
            said += f", {format_bytes(column.held)} held at most"
        said += f", paused {column.pressure:.0%} of the time"
        yield (
            f'<rect class="over" x="{_LEFT + place * width:.1f}" y="{top:.1f}" '
            f'width="{width:.2f}" height="{bottom - top:.1f}"><title>{said}</title></rect>'
        )


def _events(lane: LaneHistory, seconds: float, top: float, bottom: float) -> Iterator[str]:
    for mark in lane.marks:
        x = _LEFT + _PLOT * min(1.0, mark.at / seconds)
        said = escape(f"{mark.at:.3f} s: {mark.text}")
        yield f"<g><title>{said}</title>{_line(x, top, x, bottom + 6, 'mark')}</g>"
    for broken in lane.broken:
        x = _LEFT + _PLOT * min(1.0, broken.at / seconds)
        said = escape(f"{broken.at:.3f} s: {broken}")
        yield (
            f'<g><title>{said}</title><path class="broken" '
            f'd="M{x:.1f} {bottom + 2:.1f}l5 9h-10Z"/></g>'
        )


def _time_axis(timeline: Timeline, top: float) -> Iterator[str]:
    yield f'<path class="grid" d="M{_LEFT} {top:.1f}H{_LEFT + _PLOT}"/>'
    step = nice_step(timeline.seconds / 8)
    place = 0
    while place * step <= timeline.seconds * 1.0001:
        x = _LEFT + _PLOT * place * step / timeline.seconds
        yield _line(x, top, x, top + 5, "grid")
        yield _text(x, top + 18, f"{place * step:.6g}", "faint", "middle")
        place += 1
    said = "; ".join(["time in seconds", *timeline.remarks])
    yield _text(_LEFT + _PLOT / 2, top + 36, said, "", "middle")

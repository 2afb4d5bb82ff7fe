"""A timeline as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from ..cli.amounts import format_bytes
from .timeline import LaneHistory, Timeline, nice_step

__all__ = ["draw_strips"]

_LABELS = ("written", "held", "paused")
_LEFT = max(map(len, _LABELS)) + 1

#: From nothing to all.
_BLOCKS, _SHADES = " ▁▂▃▄▅▆▇█", " ░▒▓█"
_ASCII = " .:-=+*#@"

_NARROWEST = 20
# Between two figures of the axis, in columns at least.
_APART = 12


def draw_strips(timeline: Timeline, width: int = 80, *, ascii_only: bool = False) -> str:
    """*timeline* as text.

    :param width: how many characters a line may have.
    :param ascii_only: for a terminal that can show nothing else.
    """
    count = max(_NARROWEST, width - _LEFT)
    blocks, shades = (_ASCII, _ASCII) if ascii_only else (_BLOCKS, _SHADES)
    lines = []
    for lane in timeline.lanes:
        lines += _draw_lane(lane, timeline.seconds, count, blocks, shades)
    if not timeline.lanes:
        lines.append("nothing was watched")
    else:
        lines += _axis(timeline.seconds, count)
    lines += [f"note: {remark}" for remark in timeline.remarks]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _draw_lane(
    lane: LaneHistory, seconds: float, count: int, blocks: str, shades: str
) -> list[str]:
    columns = lane.columns(count, seconds)
    fastest = max(column.rate for column in columns)
    peak = lane.peak
    lines = [
        lane.name,
        _strip("written", [column.rate for column in columns], fastest, blocks),
    ]
    if peak is not None:
        top = max(peak, lane.limit)
        lines.append(_strip("held", [column.held or 0 for column in columns], top, blocks))
    lines.append(_strip("paused", [column.pressure for column in columns], 1.0, shades))
    pauses = lane.times_paused
    lines.append(
        f"  {format_bytes(lane.bytes)}, at most {format_bytes(fastest)}/s; "
        f"{_held(lane)}; paused {pauses} times, {lane.time_paused:.3g} s"
    )
    lines += [f"  paused by {who}, {times} times" for who, times in lane.paused_by().items()]
    for broken in lane.broken:
        lines.append(f"  at {broken.at:.3f} s {broken}")
    lines.append("")
    return lines


def _held(lane: LaneHistory) -> str:
    limit = format_bytes(lane.limit)
    if lane.peak is None:
        return "how much was held is not known"
    return f"held {format_bytes(lane.peak)} at most, full above {limit}"


def _strip(label: str, values: Sequence[float], top: float, signs: str) -> str:
    return label.ljust(_LEFT) + "".join(_sign(value, top, signs) for value in values)


def _sign(value: float, top: float, signs: str) -> str:
    if value <= 0 or top <= 0:
        return signs[0]
    # Whatever there is shows.
    return signs[max(1, round(value / top * (len(signs) - 1)))]


def _axis(seconds: float, count: int) -> list[str]:
    step = nice_step(seconds * _APART / count)
    line = ""
    number = 0
    while number * step <= seconds:
        place = round(number * step / seconds * count)
        figure = f"|{number * step:.6g} s"
        if place + len(figure) > count:
            break
        line = line.ljust(place) + figure
        number += 1
    return [" " * _LEFT + line]

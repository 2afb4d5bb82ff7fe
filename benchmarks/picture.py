"""One picture of what ``all.py`` measured: ``python benchmarks/picture.py results.json out.svg``.

A line for each row of the table. The axis is how many times better than Twisted, on a log scale:
the bar is pcstream, a mark is a peer, and a tick across the bar is the goal.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

WIDTH = 960
LEFT, RIGHT = 262, 790
TOP = 104
ROW, HEADING = 24, 30
LEAST, MOST = 0.1, 20.0
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
INK, PALE, GRID, GOAL = "#1f2430", "#667085", "#e3e6ec", "#c0262d"
#: the bar lets the marks on it be seen
OURS, BAR = "#1f57b8", "#9cc0f5"
#: peer -> colour, shape, whether it is filled
MARKS = {
    "asyncio": ("#e07b00", "circle", True),
    "asyncio sendfile": ("#e07b00", "circle", False),
    "uvloop": ("#1b8a5a", "diamond", True),
    "nginx": ("#7a3fb5", "square", True),
    "haproxy": ("#51566b", "triangle", False),
    "haproxy splice": ("#51566b", "triangle", True),
}


def place(value: float) -> float:
    """Where on the axis a number of times is; what is beyond an end is at the end."""
    value = min(MOST, max(LEAST, value))
    return LEFT + (RIGHT - LEFT) * math.log(value / LEAST) / math.log(MOST / LEAST)


def text(x: float, y: float, words: str, **style: object) -> str:
    """Words, with their baseline at *y*."""
    given = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in style.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{given}>{escape(words)}</text>'


def mark(peer: str, x: float, y: float) -> str:
    """The sign of a peer."""
    colour, shape, is_filled = MARKS[peer]
    style = f'fill="{colour if is_filled else "#ffffff"}" stroke="{colour}" stroke-width="1.4"'
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.2" {style}/>'
    corners = {
        "square": ((-4, -4), (4, -4), (4, 4), (-4, 4)),
        "diamond": ((0, -5.4), (5.4, 0), (0, 5.4), (-5.4, 0)),
        "triangle": ((0, -5), (5, 4.2), (-5, 4.2)),
    }[shape]
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" {style}/>'


def number(value: float) -> str:
    """One digit after the point, or two digits of what is less than one."""
    return f"{value:.2g}" if value < 0.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def row_of(row: dict[str, Any], y: float) -> list[str]:
    """One line: the label, the bar, the marks, the goals, and our number."""
    ratios: dict[str, float] = {
        peer: value for peer, value in row["times_better"].items() if value is not None
    }
    ours = ratios.get(row["ours"])
    drawn = [text(LEFT - 12, y + 4, row["label"], text_anchor="end")]
    if ours is not None:
        begin, end = sorted((place(1), place(ours)))
        width = max(1.0, end - begin)
        drawn.append(
            f'<rect x="{begin:.1f}" y="{y - 6:.1f}" width="{width:.1f}" height="12" rx="2" '
            f'fill="{BAR}"/>'
        )
    for peer in sorted(MARKS, key=lambda peer: -abs(math.log(ratios.get(peer) or 1))):
        if peer in ratios:
            drawn.append(mark(peer, place(ratios[peer]), y))
            beyond = ratios[peer] < LEAST or ratios[peer] > MOST
            if beyond:
                side, anchor = (9, "start") if ratios[peer] < LEAST else (-9, "end")
                drawn.append(
                    text(
                        place(ratios[peer]) + side,
                        y + 4,
                        number(ratios[peer]),
                        text_anchor=anchor,
                        fill=PALE,
                        font_size=11,
                    )
                )
    goals = []
    for goal in row["goals"]:
        base = 1.0 if goal["than"] == "twisted" else ratios.get(goal["than"])
        if base is not None:
            x = place(base * goal["at_least"])
            drawn.append(
                f'<line x1="{x:.1f}" y1="{y - 10:.1f}" x2="{x:.1f}" y2="{y + 10:.1f}" '
                f'stroke="{GOAL}" stroke-width="2"/>'
            )
            goals.append(base * goal["at_least"])
    if ours is not None:
        drawn.append(
            text(
                RIGHT + 16,
                y + 4,
                f"{number(ours)} \N{MULTIPLICATION SIGN}",
                fill=OURS,
                font_weight="bold",
            )
        )
    if goals:
        words = f"goal {number(max(goals))}"
        drawn.append(text(RIGHT + 78, y + 4, words, fill=GOAL))
    return drawn


def picture(results: dict[str, Any]) -> str:
    """The whole of it as SVG."""
    drawn: list[str] = []
    y = float(TOP)
    group = ""
    for row in results["rows"]:
        if row["group"] != group:
            group = row["group"]
            y += HEADING - ROW / 2
            drawn.append(text(20, y + 4, group, font_weight="bold"))
            y += ROW
        drawn += row_of(row, y)
        y += ROW
    bottom = y
    height = bottom + 84
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
            f'viewBox="0 0 {WIDTH} {height:.0f}" font-family="Helvetica, Arial, sans-serif" '
            f'font-size="13" fill="{INK}" role="img">',
            "<title>pcstream and others, in times better than Twisted</title>",
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>',
            text(20, 32, "Times better than Twisted, in the same run", font_size=18),
            *legend(56),
            *axis(TOP - 14, bottom),
            *drawn,
            *footer(results, bottom + 44),
            "</svg>\n",
        ]
    )


def axis(top: float, bottom: float) -> list[str]:
    """The ticks and their numbers, above and below; the line at 1 is Twisted's."""
    drawn = []
    for tick in TICKS:
        x = place(tick)
        style = f'stroke="{INK}" stroke-width="1.4"' if tick == 1 else f'stroke="{GRID}"'
        drawn.append(f'<line x1="{x:.1f}" y1="{top:.0f}" x2="{x:.1f}" y2="{bottom:.0f}" {style}/>')
        words = "Twisted" if tick == 1 else f"{tick:g}"
        for level in (top - 6, bottom + 16):
            drawn.append(text(x, level, words, text_anchor="middle", fill=PALE, font_size=12))
    return drawn


def legend(y: float) -> list[str]:
    """What the signs mean."""
    drawn = [
        f'<rect x="20" y="{y - 10:.0f}" width="26" height="12" rx="2" fill="{BAR}"/>',
        text(52, y, "pcstream"),
        f'<line x1="124" y1="{y - 14:.0f}" x2="124" y2="{y + 6:.0f}" stroke="{GOAL}" '
        'stroke-width="2"/>',
        text(132, y, "goal"),
    ]
    x = 186.0
    for peer in MARKS:
        drawn += [mark(peer, x, y - 4), text(x + 11, y, peer)]
        x += 34 + 7.2 * len(peer)
    return drawn


def footer(results: dict[str, Any], y: float) -> list[str]:
    """On what, and with which versions."""
    about = results["machine"]
    on = f"{about['cores']} cores ({about['processor']}), {about['system']}"
    known = ("system", "processor", "cores")
    versions = ", ".join(f"{key} {value}" for key, value in about.items() if key not in known)
    short = "; a short run" if results["short"] else ""
    return [
        text(20, y, f"Medians of {results['rounds']} rounds{short}. {on}", fill=PALE, font_size=12),
        text(20, y + 18, versions, fill=PALE, font_size=12),
    ]


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description="draw a picture of what all.py measured")
    parser.add_argument("results", type=Path, help="what all.py wrote with --json")
    parser.add_argument("out", type=Path, help="the SVG file to write")
    chosen = parser.parse_args()
    results = json.loads(chosen.results.read_text(encoding="utf-8"))
    chosen.out.write_text(picture(results), encoding="utf-8")


if __name__ == "__main__":
    main()

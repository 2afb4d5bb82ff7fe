"""A directive that draws the states of an engine table and the ways between them, as SVG.

The content of ``.. engine-diagram:: producer_slot`` says where each state stands, a line each: its
name, column and row.  The arrows come from the table.  ``:without:`` names events that would only
clutter the picture, because they lead to the same place from everywhere.
"""

from __future__ import annotations

import math
from collections import defaultdict
from enum import Enum
from html import escape
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from engine_tables import table_of
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

COLUMN, ROW, WIDTH, HEIGHT, MARGIN = 300, 100, 140, 34, 24
#: How far the two arrows between the same two states keep from each other.
APART = 10

#: A label stands on its arrow, in a gap of the page's colour.
HALO = 'paint-order="stroke" stroke="var(--color-background-primary, #fff)" stroke-width="6"'

Point = tuple[float, float]


def moved(point: Point, by: Point) -> Point:
    return point[0] + by[0], point[1] + by[1]


def edge_of_box(centre: Point, towards: Point) -> Point:
    """Where a line from the centre of a box leaves it."""
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    scale = min(
        WIDTH / 2 / abs(dx) if dx else math.inf,
        HEIGHT / 2 / abs(dy) if dy else math.inf,
    )
    return centre[0] + dx * scale, centre[1] + dy * scale


def drawn(ways: dict[tuple[str, str], list[str]], places: dict[str, Point]) -> str:
    """The picture."""
    width = max(x for x, _ in places.values()) + WIDTH / 2 + MARGIN
    height = max(y for _, y in places.values()) + HEIGHT / 2 + MARGIN
    parts = [
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" font-family="sans-serif" '
        'font-size="12" fill="currentColor" stroke="none" style="max-width:100%">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="currentColor"/>'
        "</marker></defs>",
    ]
    for (start, end), labels in ways.items():
        a, b = places[start], places[end]
        side = (0.0, 0.0)
        if (end, start) in ways:
            # To the right of the way, seen in its direction; the way back is on its own right.
            length = math.dist(a, b)
            side = (-(b[1] - a[1]) / length * APART, (b[0] - a[0]) / length * APART)
        x1, y1 = moved(edge_of_box(a, b), side)
        x2, y2 = moved(edge_of_box(b, a), side)
        parts.append(
            f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" '
            'stroke="currentColor" marker-end="url(#tip)"/>'
        )
        x, y = moved(((x1 + x2) / 2, (y1 + y2) / 2), side)
        for number, label in enumerate(labels):
            parts.append(
                f'<text x="{x:.0f}" y="{y + 4 + 14 * number:.0f}" text-anchor="middle" {HALO}>'
                f"{escape(label)}</text>"
            )
    for name, (x, y) in places.items():
        parts.append(
            f'<rect x="{x - WIDTH / 2:.0f}" y="{y - HEIGHT / 2:.0f}" width="{WIDTH}" '
            f'height="{HEIGHT}" rx="6" fill="none" stroke="currentColor" stroke-width="1.5"/>'
            f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle" font-weight="bold">'
            f"{escape(name)}</text>"
        )
    return "\n".join([*parts, "</svg>"])


class EngineDiagram(SphinxDirective):
    """The ways between the states that are given a place."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"without": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        places: dict[str, Point] = {}
        for line in filter(None, self.content):
            name, column, row = line.split()
            places[name] = (
                WIDTH / 2 + MARGIN + float(column) * COLUMN,
                HEIGHT / 2 + MARGIN + float(row) * ROW,
            )
        without = {word.strip() for word in self.options.get("without", "").split(",")}
        ways: dict[tuple[str, str], list[str]] = defaultdict(list)
        known: set[str] = set()
        for (state, event), (following, call) in table_of(self.arguments[0]).items():
            known |= {state.name, following.name}
            if following is not state and event.value not in without:
                ways[state.name, following.name].append(label_of(event, call))
        missing = {name for way in ways for name in way} - set(places)
        if missing or not set(places) <= known:
            raise self.error(f"no place is given for {missing}, or one for an unknown state")
        html = nodes.raw("", drawn(ways, places), format="html")
        return [html]


def label_of(event: Enum, call: Enum) -> str:
    return str(event.value) if call.value == "-" else f"{event.value} / {call.value}"


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("engine-diagram", EngineDiagram)
    return {"parallel_read_safe": True}

"""Directives that draw the engine's state tables from the engine itself.

``.. engine-table:: producer_slot`` and ``.. engine-table:: closing`` show a row for each state, a
column for each event, and in the cell what is called and what the next state is.
``.. engine-states::`` lists the states with what each means.  No rule is written down twice.
"""

from __future__ import annotations

import importlib
from enum import Enum
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def table_of(name: str) -> dict[tuple[Enum, Enum], tuple[Enum, Enum]]:
    """The table of ``pcstream._engine.<name>``."""
    return dict(importlib.import_module(f"pcstream._engine.{name}").TABLE)


class EngineTable(SphinxDirective):
    """The whole table: every state and every event."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        table = table_of(self.arguments[0])
        states = list(dict.fromkeys(state for state, _ in table))
        events = list(dict.fromkeys(event for _, event in table))
        missing = [(s, e) for s in states for e in events if (s, e) not in table]
        if missing:
            raise self.error(f"the table has no entry for {missing[0]}")
        lines = [".. list-table::", "   :header-rows: 1", "   :stub-columns: 1", ""]
        self.row(lines, ["", *(str(event.value) for event in events)])
        for state in states:
            cells = [state.name]
            for event in events:
                following, call = table[state, event]
                cell = "" if call.value == "-" else f"*{call.value}*"
                if following is not state:
                    cell += f" → {following.name}"
                cells.append(cell.strip() or "·")
            self.row(lines, cells)
        return self.parse_text_to_nodes("\n".join(lines))

    def row(self, lines: list[str], cells: list[str]) -> None:
        for number, cell in enumerate(cells):
            lines.append(f"   {'*' if not number else ' '} - {cell}".rstrip())


class EngineStates(SphinxDirective):
    """What each state means."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        states = dict.fromkeys(state for state, _ in table_of(self.arguments[0]))
        lines = []
        for state in states:
            lines += [f"``{state.name}``", f"    {state.value}", ""]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("engine-table", EngineTable)
    app.add_directive("engine-states", EngineStates)
    return {"parallel_read_safe": True}

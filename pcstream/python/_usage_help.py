"""How the help of a command line is laid out: names on the left, what they mean on the right."""

from __future__ import annotations

import os
from collections.abc import Iterable
from textwrap import wrap
from typing import Any, TypedDict

#: of a terminal that does not tell
WIDTH = 80
#: in a narrower column no word would fit
LEAST_COLUMN = 8
INDENT = 2
#: as wide as ``-x, ``
SHORT = 4
GAP = 2
COMMAND_INDENT = 4
COMMAND_GAP = 6


class OptionHelp(TypedDict):
    """One option, for :func:`docMakeChunks`."""

    long: str | None
    short: str | None
    doc: str
    #: ``"flag"`` or ``"parameter"``
    optType: str
    default: Any
    dispatch: Any


def terminal_width() -> int:
    """What ``COLUMNS`` says."""
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdigit() and int(columns) else WIDTH


def two_columns(left: str, right: str, column: int, width: int) -> str:
    """*left*, and *right* beginning at *column*, wrapped there."""
    lines = wrap(right.strip("\n"), max(width - column, LEAST_COLUMN)) or [""]
    return "\n".join(
        f"{left if number == 0 else '':{column}}{line}" for number, line in enumerate(lines)
    )


def _left(option: OptionHelp) -> str:
    short, long = option["short"], option["long"]
    words = f"-{short}{', ' if long else ''}" if short else " " * SHORT
    if long:
        words += f"--{long}{'=' if option['optType'] == 'parameter' else ''}"
    return " " * INDENT + words


def docMakeChunks(optList: Iterable[OptionHelp], width: int = WIDTH) -> list[str]:
    """The lines of help for options, one string an option, sorted by their shortest names.

    :param width: columns of the terminal.
    """
    options = list(optList)
    lefts = [_left(option) for option in options]
    column = max(map(len, lefts), default=0) + GAP
    chunks = []
    for left, option in zip(lefts, options, strict=True):
        right = option["doc"]
        if option["optType"] == "parameter" and option["default"] is not None:
            right = f"{right} [default: {option['default']}]"
        about_value = getattr(option["dispatch"], "doc", "")
        if about_value:
            right = f"{right}. {about_value}"
        key = option["short"] or option["long"] or ""
        chunks.append((key, two_columns(left, right, column, width) + "\n"))
    return [chunk for _, chunk in sorted(chunks)]


def command_lines(commands: Iterable[tuple[str, str | None, str | None]], width: int) -> str:
    """The lines of help for commands, sorted by their shortest names.

    :param commands: the name, the short name and the description of each.
    """
    known = sorted(commands, key=lambda command: command[1] or command[0])
    column = COMMAND_INDENT + max(len(name) for name, _, _ in known) + COMMAND_GAP
    return "".join(
        two_columns(" " * COMMAND_INDENT + name, doc or "", column, width) + "\n"
        for name, _, doc in known
    )

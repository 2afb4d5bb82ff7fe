"""Say what a code base uses of Twisted, and whether it can go over to pcstream.

Reads Python and the configuration beside it; runs and imports none of it, and needs no Twisted.
The verdict is one of three:

  swap the text    pcstream has all that it uses: 'pcstream swap' rewrites the imports
  run unchanged    it needs more of Twisted: 'pcstream run' puts the rest on pcstream
  not yet          it uses what neither way has

exit status:
  0     swap the text, or there is nothing of Twisted in it
  10    run unchanged
  11    not yet
  5     there is no such path
  1     LibCST is missing, or an interpreter does not answer
  2     wrong usage
"""

from __future__ import annotations

import argparse
import json
import sys
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from .status import Abandoned, Status

if TYPE_CHECKING:
    from ..swap._verdict import Checked

SUMMARY = "what a code base uses of Twisted, and what to do with it"


class Finding(IntEnum):
    """The exit statuses of ``check`` and ``swap`` that are about the code base."""

    SWAP = 0
    RUN = 10
    NOT_YET = 11
    DIRTY = 12


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Add what ``check`` and ``swap`` both are told: where to look."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    parser.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="PATTERN",
        help="leave out what matches, a name or a whole path; may be given often",
    )
    parser.add_argument(
        "--python",
        metavar="PROGRAM",
        help="whose installed packages to look at (default: the one that runs this)",
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add_paths(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="everything, as JSON")
    form.add_argument("--plain", action="store_true", help="lines, even where a table is possible")
    parser.add_argument("--all", action="store_true", help="every place, not only the first ones")


def run(options: argparse.Namespace) -> Finding:
    """Print what was found; the status is the verdict.

    :raises Abandoned: nothing could be found out.
    """
    checked = check_paths(options)
    from . import check_view

    if options.json:
        print(json.dumps(check_view.as_json(checked), indent=2))
    elif (
        options.plain or not sys.stdout.isatty() or not check_view.print_rich(checked, options.all)
    ):
        check_view.print_plain(checked, options.all)
    return status_of(checked)


def status_of(checked: Checked) -> Finding:
    """The exit status that says the verdict."""
    return Finding[checked.verdict.name]


def check_paths(options: argparse.Namespace) -> Checked:
    """Read what the options say.

    :raises Abandoned: LibCST is missing, or a path, or an interpreter.
    """
    need_libcst()
    from ..swap._libraries import Interpreter, NoInterpreter
    from ..swap._verdict import check

    try:
        with Progress() as progress:
            return check(
                options.paths,
                exclude=options.exclude,
                interpreter=Interpreter(options.python),
                progress=progress.show,
            )
    except FileNotFoundError as error:
        raise Abandoned(Status.UNREADABLE, f"there is no {error}") from None
    except NoInterpreter as error:
        raise Abandoned(Status.FAILED, str(error)) from None


def need_libcst() -> None:
    """Make sure that Python can be read.

    :raises Abandoned: LibCST is missing.
    """
    try:
        import libcst  # noqa: F401
    except ImportError:
        raise Abandoned(
            Status.FAILED, "this needs LibCST, which is not installed: pip install 'pcstream[swap]'"
        ) from None


class Progress:
    """One line on a terminal's error stream that says what is being done; else nothing."""

    COLUMNS = 78

    def __enter__(self) -> Progress:
        self.shown = sys.stderr.isatty()
        return self

    def __exit__(self, *ignored: object) -> None:
        if self.shown:
            print("\r" + " " * self.COLUMNS + "\r", end="", file=sys.stderr, flush=True)

    def show(self, text: str) -> None:
        """Put *text* in place of what is shown."""
        if self.shown:
            line = text if len(text) <= self.COLUMNS else f"{text[: self.COLUMNS - 3]}..."
            print("\r" + line.ljust(self.COLUMNS), end="", file=sys.stderr, flush=True)

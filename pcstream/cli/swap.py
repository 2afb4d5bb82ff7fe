"""Rewrite a code base that 'pcstream check' calls safe, from Twisted to pcstream, or back.

Shows the difference and writes nothing, unless --write is given. In imports, in what is used by a
dotted name, and in strings that are such a name, the word twisted becomes pcstream; nothing else
changes. A code base is rewritten as a whole or not at all, because a Deferred of one package means
nothing to the other.

exit status:
  0     shown, or done; or there is nothing to do
  10    refused: it needs Twisted itself, and can be run unchanged
  11    refused: it uses what pcstream does not have
  12    refused: something in the git tree is not committed (--dirty overrides)
  5     there is no such path
  1     LibCST is missing, or an interpreter does not answer
  2     wrong usage
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .check import Finding, Progress, add_paths, check_paths, need_libcst, status_of
from .status import Abandoned, Status

if TYPE_CHECKING:
    from ..swap._rewriting import Changes
    from ..swap._verdict import Reason

SUMMARY = "a code base rewritten from Twisted to pcstream, or back"

#: Of what is not committed, enough to know what it is.
FIRST_FILES = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add_paths(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--diff", action="store_true", help="show the change only (the default)")
    what.add_argument("--write", action="store_true", help="change the files")
    parser.add_argument(
        "--back", action="store_true", help="from pcstream to Twisted, byte for byte as it was"
    )
    parser.add_argument(
        "--dirty", action="store_true", help="even if something in the git tree is not committed"
    )


def run(options: argparse.Namespace) -> Finding:
    """Show or do it.

    :raises Abandoned: it cannot be told what to do.
    """
    need_libcst()
    found = _back(options) if options.back else _there(options)
    if isinstance(found, Finding):
        return found
    from ..swap._rewriting import uncommitted, write

    for place, why in found.unread:
        _say(f"{place}: left alone: {why}")
    for place, why in found.one_way:
        _say(f"{place}: {why}")
    if options.write and found.changes and not options.dirty:
        dirty = uncommitted(change.path for change in found.changes)
        if dirty:
            more = f" and {len(dirty) - FIRST_FILES} more" if len(dirty) > FIRST_FILES else ""
            names = ", ".join(dirty[:FIRST_FILES])
            _say(f"refused: not committed are {names}{more}; commit first, or say --dirty")
            return Finding.DIRTY
    places = sum(change.places for change in found.changes)
    files = len(found.changes)
    count = f"{places:,} place{'s' * (places != 1)} in {files:,} file{'s' * (files != 1)}"
    if options.write:
        write(found.changes)
        _say(f"{count} rewritten")
        return Finding.SWAP
    for change in found.changes:
        sys.stdout.write(change.diff())
    sys.stdout.flush()
    _say(f"{count}; nothing is written without --write")
    return Finding.SWAP


def _there(options: argparse.Namespace) -> Changes | Finding:
    checked = check_paths(options)
    from ..swap._code_base import Kind
    from ..swap._rewriting import to_pcstream
    from ..swap._verdict import Verdict
    from .check_view import ADVICE, why

    if checked.verdict is not Verdict.SWAP:
        _say(f"refused: {checked.verdict.value}: {why(checked)}")
        _list(checked.reasons)
        _say(ADVICE[checked.verdict])
        return status_of(checked)
    python = (file for file in checked.files if file.kind is Kind.PYTHON)
    found = to_pcstream((file.path, file.reading) for file in python)
    found.unread += checked.unread
    for place, mention in checked.mentions:
        _say(f"{place}: left as it is: {mention.what}")
    return found


def _back(options: argparse.Namespace) -> Changes | Finding:
    from ..swap._rewriting import to_twisted

    try:
        with Progress() as progress:
            found = to_twisted(options.paths, options.exclude, progress.show)
    except FileNotFoundError as error:
        raise Abandoned(Status.UNREADABLE, f"there is no {error}") from None
    if found.reasons:
        _say("refused: what would go back and what would not hang together")
        _list(found.reasons)
        return Finding.RUN
    return found


def _list(reasons: Iterable[Reason]) -> None:
    for reason in reasons:
        _say(f"  {reason}")


def _say(line: str) -> None:
    print(line, file=sys.stderr)

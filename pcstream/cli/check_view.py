"""What ``pcstream check`` shows: lines, a table where rich is there, or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..swap._catalogue import OURS, Judgement, Standing
from ..swap._verdict import Checked, Verdict

#: As many lines of a list are shown as one takes in at a glance.
FIRST_LINES = 12
ADVICE = {
    Verdict.SWAP: "pcstream swap shows the rewrite, and pcstream swap --write does it",
    Verdict.RUN: "start it with pcstream run; nothing in it has to be edited",
    Verdict.NOT_YET: "keep Twisted, or do without what is named here",
}
#: worst first
ORDER = [
    Standing.LACKING,
    Standing.UNMIRRORED,
    Standing.STAYS,
    Standing.DIFFERENT,
    Standing.MIRRORED,
]
DIFFERENCES = "docs/differences"


def why(checked: Checked) -> str:
    """The verdict's reason in one sentence."""
    names = [judged.standing for judged, _ in checked.names().values()]
    if not names and not checked.reasons:
        return "it uses nothing of Twisted"
    if checked.verdict is Verdict.SWAP:
        if Standing.STAYS in names:
            return "all that it imports when it runs is mirrored, or can stay Twisted's beside it"
        return "all that it imports when it runs is mirrored"
    count = len([reason for reason in checked.reasons if reason.keeps is checked.verdict])
    if checked.verdict is Verdict.RUN:
        return f"{places(count)} need{'s' * (count == 1)} what only Twisted has"
    return f"{places(count)} ask{'s' * (count == 1)} for what is on neither way to pcstream"


def places(count: int) -> str:
    """``1 place``, ``2 places``."""
    return f"{count:,} place{'s' * (count != 1)}"


def _first(lines: list[str], everything: bool) -> Iterator[str]:
    shown = lines if everything else lines[:FIRST_LINES]
    yield from shown
    if len(shown) < len(lines):
        yield f"... and {len(lines) - len(shown):,} more; --all shows them"


def notes(judged: Judgement) -> str:
    """What there is to say of a name: why, or which differences."""
    if not judged.differences:
        return judged.why
    first = str(judged.differences[0])
    more = len(judged.differences) - 1
    return f"{first}{f' (and {more} more)' if more else ''}"


def rows(checked: Checked, everything: bool) -> Iterator[tuple[Standing, str, str, str, str]]:
    """The table: standing, name, how often, where first, notes."""
    names = checked.names()
    for standing in ORDER:
        for judged, uses in names.values():
            if judged.standing is not standing:
                continue
            where = [str(place) for place, _ in uses]
            first = ", ".join(dict.fromkeys(where)) if everything else where[0]
            yield standing, judged.name or "(the package)", places(len(uses)), first, notes(judged)


def tail(checked: Checked, everything: bool) -> Iterator[str]:
    """What comes after the table."""
    libraries = checked.followed.libraries
    if libraries:
        yield "installed packages that import Twisted:"
        for library in libraries:
            when = "always" if library.always else "only where asked to, or if it is there"
            yield f"  {library.name}, in {library.through}: {when}"
        yield ""
    if checked.followed.absent:
        yield "imported and not installed, so not looked at:"
        yield f"  {', '.join(checked.followed.absent)}"
        yield ""
    if checked.mentions:
        yield "mentions of Twisted that no rewrite changes:"
        said = [f"{place}: {mention.what}" for place, mention in checked.mentions]
        yield from (f"  {line}" for line in _first(said, everything))
        yield ""
    if checked.unread:
        yield "not read, so the verdict is about the rest:"
        yield from (f"  {place}: {reason}" for place, reason in checked.unread)
        yield ""


def head(checked: Checked, everything: bool) -> Iterator[str]:
    """The verdict and why."""
    if checked.names() or checked.reasons:
        yield f"{checked.verdict.value}: {why(checked)}"
        yield ADVICE[checked.verdict]
    else:
        yield f"nothing to do: {why(checked)}"
    yield ""
    if checked.reasons:
        said = [str(reason) for reason in checked.reasons if reason.keeps is checked.verdict]
        yield from (f"  {line}" for line in _first(said, everything))
        yield ""
    names = checked.names()
    count = sum(len(uses) for _, uses in names.values())
    yield (
        f"read: {checked.files_read:,} files, {checked.lines_read:,} lines; "
        f"names of Twisted's: {len(names):,} in {places(count)}"
    )
    yield ""


def print_plain(checked: Checked, everything: bool) -> None:
    """Print it in lines."""
    for line in head(checked, everything):
        print(line)
    standing = None
    found = list(rows(checked, everything))
    wide = max((len(row[1]) for row in found), default=0)
    for row in found:
        if row[0] is not standing:
            if standing is not None:
                print()
            standing = row[0]
            print(f"{standing.value}:{f'  ({DIFFERENCES})' * (standing is Standing.DIFFERENT)}")
        print(f"  {row[1]:{wide}}  {row[2]:>10}  {row[3]}{f'  {row[4]}' if row[4] else ''}")
    if found:
        print()
    for line in tail(checked, everything):
        print(line)


def print_rich(checked: Checked, everything: bool) -> bool:
    """Print it with a table; False, and nothing printed, if rich is missing."""
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    colours = {
        Standing.LACKING: "red",
        Standing.UNMIRRORED: "yellow",
        Standing.STAYS: "cyan",
        Standing.DIFFERENT: "blue",
        Standing.MIRRORED: "green",
    }
    verdicts = {Verdict.SWAP: "bold green", Verdict.RUN: "bold yellow", Verdict.NOT_YET: "bold red"}
    console = Console()
    first, *others = head(checked, everything)
    console.print(Text(first, style=verdicts[checked.verdict]))
    for line in others:
        console.print(Text(line))
    found = list(rows(checked, everything))
    if found:
        table = Table(caption=f"what differs: {DIFFERENCES}", caption_justify="left")
        for title in ("of Twisted", "is", "used in", "first in" if not everything else "in", ""):
            table.add_column(title, overflow="fold")
        for standing, name, often, where, note in found:
            is_it = Text(standing.value, style=colours[standing])
            table.add_row(Text(name), is_it, Text(often), Text(where), Text(note))
        console.print(table)
    for line in tail(checked, everything):
        console.print(Text(line))
    return True


def as_json(checked: Checked) -> dict[str, Any]:
    """All of it, for programs."""
    return {
        "verdict": checked.verdict.value,
        "why": why(checked),
        "reasons": [
            {
                "file": str(reason.place.file) if reason.place else None,
                "line": reason.place.line if reason.place else None,
                "what": reason.what,
                "why": reason.why,
                "leaves": reason.keeps.value,
            }
            for reason in checked.reasons
        ],
        "files": checked.files_read,
        "lines": checked.lines_read,
        "names": [
            {
                "name": f"twisted.{judged.name}" if judged.name else "twisted",
                "standing": judged.standing.value,
                "mirrored": judged.standing in OURS,
                "why": judged.why,
                "differences": [
                    {"section": row.section, "rule": row.rule, "test": row.test}
                    for row in judged.differences
                ],
                "places": [
                    {
                        "file": str(place.file),
                        "line": place.line,
                        "how": use.how.value,
                        "guarded": use.guarded,
                        "types_only": use.types_only,
                    }
                    for place, use in uses
                ],
            }
            for judged, uses in checked.names().values()
        ],
        "mentions": [
            {"file": str(place.file), "line": place.line, "what": mention.what}
            for place, mention in checked.mentions
        ],
        "libraries": [
            {"name": library.name, "through": library.through, "always": library.always}
            for library in checked.followed.libraries
        ],
        "not_installed": list(checked.followed.absent),
        "unread": [
            {"file": str(place.file), "line": place.line, "why": reason}
            for place, reason in checked.unread
        ],
    }

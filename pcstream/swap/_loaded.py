"""What of Twisted a program has loaded, and whose it was."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from ._installing import installed_finder
from ._mirrored import THEIRS

COLUMNS = 96


@dataclass(frozen=True)
class Loaded:
    """The modules of Twisted that are loaded, by Twisted's names, sorted.

    :ivar ours: those that are pcstream's.
    :ivar theirs: those that are Twisted's.
    """

    ours: tuple[str, ...]
    theirs: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(
            [
                f"of Twisted's modules, {len(self.ours)} were pcstream's:",
                *_by_package(self.ours),
                f"and {len(self.theirs)} were Twisted's:",
                *_by_package(self.theirs),
            ]
        )


def loaded() -> Loaded:
    """What is loaded now."""
    finder = installed_finder()
    names = sorted(name for name in list(sys.modules) if name.startswith(THEIRS + "."))
    ours = {n for n in names if finder is not None and n in finder.mirrored}
    # where Twisted is absent its packages are made up, and nobody's
    theirs = [n for n in names if n not in ours and (finder is None or finder.has_twisted)]
    return Loaded(tuple(n for n in names if n in ours), tuple(theirs))


def _by_package(names: Iterable[str]) -> list[str]:
    packages: dict[str, list[str]] = {}
    for name in names:
        package, _, last = name.rpartition(".")
        packages.setdefault(package, []).append(last)
    return [
        line
        for package, members in packages.items()
        for line in textwrap.wrap(
            f"{package}: {', '.join(members)}",
            COLUMNS,
            initial_indent="  ",
            subsequent_indent="    ",
        )
    ]

"""What of Twisted a program has loaded, and whose it was."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from ._installing import installed_finder
from ._mirrored import THEIRS, twin

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
    mirrored = {} if finder is None else finder.mirrored
    # our modules load each other by our names; where Twisted is absent its packages are nobody's
    made_up = () if finder is None else finder.packages
    names = sorted(name for name in list(sys.modules) if name.startswith(THEIRS + "."))
    return Loaded(
        tuple(sorted(name for name in mirrored if twin(name) in sys.modules)),
        tuple(name for name in names if name not in mirrored and name not in made_up),
    )


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

"""Runs one program under two packages, in two processes, and hands over what it printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
ROOT = Path(__file__).parents[2]
# Long enough for a loaded machine; every program gives up by itself after half a minute.
DEADLINE_S = 90


@dataclass(frozen=True)
class Outcome:
    """What one run of a program left behind."""

    lines: list[str]
    errors: str
    status: int


def swapped(text: str, package: str) -> str:
    """*text* with the word ``twisted`` replaced by *package*, and nothing else."""
    return re.sub(r"\btwisted\b", package, text)


def run(name: str, package: str, directory: Path) -> Outcome:
    """Run the program *name* with *package* in place of Twisted."""
    place = directory / package
    place.mkdir()
    program = place / f"{name}.py"
    program.write_text(swapped((PROGRAMS / f"{name}.py").read_text("utf-8"), package), "utf-8")
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", program.name],
        cwd=place,
        env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_S,
        check=False,
    )
    # The directory is the only thing that is not the program's: both see the same name.
    printed = finished.stdout.replace(str(place), "DIRECTORY")
    return Outcome(printed.splitlines(), finished.stderr, finished.returncode)


@pytest.fixture
def run_program(tmp_path: Path) -> Callable[[str, str], Outcome]:
    """A function of a program's name and a package: what the program did there."""
    return lambda name, package: run(name, package, tmp_path)


@pytest.fixture
def in_words_of() -> Callable[[str, str], str]:
    """The replacement of the package's name, to apply it to printed module paths as well."""
    return swapped

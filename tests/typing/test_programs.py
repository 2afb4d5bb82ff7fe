"""Small programs put before mypy: what is right passes, what is wrong is found.

A line that mypy has to object to ends in ``# error: code``.  Programs named ``zope_…`` are for mypy
with the zope plugin; the others have to come out the same with and without it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROGRAMS = sorted((HERE / "programs").glob("*.py"))
REPORT = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+): error: .*\[(?P<code>[\w-]+)\]$", re.M)
WANTED = re.compile(r"# error: (?P<code>[\w-]+)$")


def wanted(program: Path) -> set[tuple[str, int, str]]:
    return {
        (program.name, number, match["code"])
        for number, line in enumerate(program.read_text("utf-8").splitlines(), 1)
        if (match := WANTED.search(line))
    }


@pytest.mark.parametrize("kind", ["plain", "zope"])
def test_mypy_finds_the_wrong_lines_and_no_others(kind: str, tmp_path: Path) -> None:
    for needed in ("mypy", "mypy_zope") if kind == "zope" else ("mypy",):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    programs = [p for p in PROGRAMS if kind == "zope" or not p.name.startswith("zope_")]
    command = [sys.executable, "-m", "mypy", "--config-file", str(HERE / f"mypy_{kind}.ini")]
    command += ["--cache-dir", str(tmp_path), "--no-error-summary", *map(str, programs)]
    root = str(HERE.parent.parent)
    done = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, "MYPYPATH": root},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    found = {
        (Path(match["path"]).name, int(match["line"]), match["code"])
        for match in REPORT.finditer(done.stdout)
    }
    expected = {error for program in programs for error in wanted(program)}
    assert found == expected, done.stdout + done.stderr
    assert done.stdout.count(": error: ") == len(expected), done.stdout

"""Both packages in one process, nothing swapped: Twisted is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DEADLINE_S = 90
PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def run() -> Callable[..., list[str]]:
    """A function: a program's name and arguments -> the lines it printed."""

    def run(name: str, *words: object) -> list[str]:
        # a process of its own: the reactors of a test run are not these
        done = subprocess.run(
            [sys.executable, str(PROGRAMS / f"{name}.py"), *map(str, words)],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            encoding="utf-8",
            timeout=DEADLINE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run

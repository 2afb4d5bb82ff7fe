"""Runs real programs that were written for Twisted under ``pcstream run``, each in a process."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
ROOT = Path(__file__).parents[2]
#: Long enough for a loaded machine.
DEADLINE_S = 90


@dataclass(frozen=True)
class Outcome:
    """What one process left behind."""

    lines: list[str]
    errors: str
    status: int


@pytest.fixture
def environment() -> dict[str, str]:
    """Ours, with the checkout importable."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}


Run = Callable[..., Outcome]


@pytest.fixture
def python(tmp_path: Path, environment: dict[str, str]) -> Run:
    """A function: the interpreter's arguments -> what became of it, in an empty folder."""

    def run(*arguments: object) -> Outcome:
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=DEADLINE_S,
            check=False,
        )
        return Outcome(done.stdout.splitlines(), done.stderr, done.returncode)

    return run


@pytest.fixture
def run(python: Run) -> Run:
    """A function: the words after ``pcstream run`` -> what became of it."""
    return lambda *words: python("-W", "ignore", "-m", "pcstream", "run", *words)


@pytest.fixture
def program(run: Run, tmp_path: Path) -> Run:
    """A function: a program's text and arguments -> what became of it under ``pcstream run``."""

    def run_text(text: str, *words: object, options: tuple[str, ...] = ()) -> Outcome:
        path = tmp_path / "program.py"
        path.write_text(text, "utf-8")
        return run(*options, path, *words)

    return run_text


@pytest.fixture
def twisted() -> None:
    """Skips the test where Twisted is absent; it is not imported here."""
    if importlib.util.find_spec("twisted") is None:
        pytest.skip("Twisted is not installed")


class Serving:
    """A program of ours that serves until it is closed; it says on which port."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.match(r"listening (\d+)", line)
        if found is None:
            self.close()
            assert process.stderr is not None
            pytest.fail(f"did not listen but said {line!r}, {process.stderr.read()}")
        self.port = int(found[1])

    def close(self) -> tuple[str, str]:
        """End it; what it printed since."""
        self.process.terminate()
        return self.process.communicate(timeout=DEADLINE_S)


@pytest.fixture
def serve(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., Serving]]:
    """A function: a program's name in ``programs`` and its arguments -> it, listening."""
    started: list[Serving] = []

    def start(name: str, *arguments: object) -> Serving:
        process = subprocess.Popen(
            [sys.executable, "-m", "pcstream", "run", "--report", str(PROGRAMS / f"{name}.py")]
            + [str(word) for word in arguments],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        started.append(Serving(process))
        return started[-1]

    yield start
    for serving in started:
        if serving.process.poll() is None:
            serving.process.kill()
            serving.process.communicate()

"""Runs a module of test cases in its own process, under each runner, and reads the verdicts."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

PROGRAMS = Path(__file__).parent / "programs"
PACKAGE_ROOT = str(Path(importlib.util.find_spec("pcstream").origin).parents[1])  # type: ignore


class Outcome(NamedTuple):
    """What one runner made of a module.

    ``verdicts`` has for each ``Class.method`` a list of pairs: a word and a text.
    """

    verdicts: dict[str, list[list[str]]]
    status: int
    output: str

    def words(self, name: str) -> list[str]:
        """The verdicts of one test, each once, in order of the alphabet."""
        return sorted({word for word, _ in self.verdicts[name]})

    def text(self, name: str) -> str:
        """All that was said of one test."""
        return "\n".join(text for _, text in self.verdicts[name])


Run = Callable[..., Outcome]


class Sample(NamedTuple):
    """Runs texts under one runner."""

    runner: str
    directory: Path

    def __call__(self, text: str, *options: str, **environment: str) -> Outcome:
        return RUNNERS[self.runner](self.directory, text, *options, **environment)


def _run(directory: Path, text: str, arguments: list[str], environment: dict[str, str]) -> Outcome:
    (directory / "test_sample.py").write_text(text)
    out = directory / "verdicts.json"
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([PACKAGE_ROOT, str(directory)]),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "VERDICTS": str(out),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    output = done.stdout + done.stderr
    verdicts = json.loads(out.read_text()) if out.exists() else {}
    return Outcome(verdicts, done.returncode, output)


def run_under_unittest(directory: Path, text: str, *options: str, **environment: str) -> Outcome:
    """Run *text* as ``python -m unittest`` would."""
    program = str(PROGRAMS / "record_unittest.py")
    out = str(directory / "verdicts.json")
    return _run(directory, text, [program, out, *options, "test_sample"], environment)


def run_under_pytest(directory: Path, text: str, *options: str, **environment: str) -> Outcome:
    """Run *text* under pytest, without any plugin."""
    (directory / "conftest.py").write_text((PROGRAMS / "record_pytest.py").read_text())
    arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "test_sample.py"]
    return _run(directory, text, arguments, environment)


def run_under_trial(directory: Path, text: str, *options: str, **environment: str) -> Outcome:
    """Run *text* under Twisted's trial."""
    pytest.importorskip("twisted.trial")
    program = str(PROGRAMS / "record_trial.py")
    out = str(directory / "verdicts.json")
    return _run(directory, text, [program, out, *options, "test_sample"], environment)


RUNNERS: dict[str, Run] = {"unittest": run_under_unittest, "pytest": run_under_pytest}


@pytest.fixture(params=sorted(RUNNERS))
def run_sample(request: pytest.FixtureRequest, tmp_path: Path) -> Sample:
    """Runs the text of a test module, under each runner in turn."""
    return Sample(request.param, tmp_path)


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Outcome]:
    """What a runner makes of ``sample_cases.py``; ``twisted`` is trial with Twisted's own cases."""
    text = (PROGRAMS / "sample_cases.py").read_text()
    known: dict[str, Outcome] = {}

    def outcome(runner: str) -> Outcome:
        if runner not in known:
            directory = tmp_path_factory.mktemp(runner)
            if runner == "twisted":
                known[runner] = run_under_trial(directory, text.replace("pcstream", "twisted"))
            elif runner == "trial":
                known[runner] = run_under_trial(directory, text)
            else:
                known[runner] = RUNNERS[runner](directory, text)
        return known[runner]

    return outcome

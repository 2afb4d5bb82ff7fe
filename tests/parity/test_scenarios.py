"""Random scenarios give equal logs under both packages, but for the differences that are named."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).parent / "scenarios.py"
SEEDS = 50


@pytest.fixture(scope="module", params=["1", "0"], ids=["zero-copy", "copying"])
def outcome(request: pytest.FixtureRequest) -> subprocess.CompletedProcess[str]:
    if importlib.util.find_spec("twisted") is None:
        pytest.skip("Twisted is not installed, there is nothing to compare with")
    command = [sys.executable, str(DRIVER), "--seeds", str(SEEDS)]
    return subprocess.run(
        command,
        env={**os.environ, "PCSTREAM_ZERO_COPY": request.param},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_seeds_are_equal_on_both(outcome: subprocess.CompletedProcess[str]) -> None:
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert f"{SEEDS} seeds in" in outcome.stdout


def test_rules_that_were_needed_are_told(outcome: subprocess.CompletedProcess[str]) -> None:
    """Nothing is made up for in silence: the command says which rules it applied, and where."""
    assert re.search(r"rule C8 in \d+ seeds", outcome.stdout), outcome.stdout

"""Every program in the documentation runs, and prints what the documentation says it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
PROGRAMS = sorted(p.name for p in EXAMPLES.glob("*.py") if not p.name.startswith("test_"))
TEST_MODULES = sorted(p.name for p in EXAMPLES.glob("test_*.py"))
PAGES = sorted(DOCS.glob("*.rst"))
DEADLINE_S = 60


def run(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-W", "error", *command],
        cwd=place,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_prints_what_the_documentation_shows(name: str, tmp_path: Path) -> None:
    outcome = run(tmp_path, str(EXAMPLES / name))
    assert outcome.stdout == (EXAMPLES / name).with_suffix(".out").read_text("utf-8")
    assert outcome.stderr == ""
    assert outcome.returncode == 0


@pytest.mark.parametrize("name", TEST_MODULES)
def test_test_module_passes_under_unittest(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text((EXAMPLES / name).read_text("utf-8"), "utf-8")
    outcome = run(tmp_path, "-m", "unittest", Path(name).stem)
    assert outcome.returncode == 0, outcome.stderr
    assert re.search(r"Ran [1-9]\d* test", outcome.stderr)


@pytest.mark.parametrize("name", TEST_MODULES)
def test_test_module_passes_under_pytest(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text((EXAMPLES / name).read_text("utf-8"), "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    outcome = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", name)
    assert outcome.returncode == 0, outcome.stdout
    assert re.search(r"[1-9]\d* passed", outcome.stdout)


def test_every_example_is_shown_somewhere() -> None:
    shown: set[str] = set()
    for page in PAGES:
        shown |= set(re.findall(r"literalinclude:: examples/(\S+)", page.read_text("utf-8")))
    assert {*PROGRAMS, *TEST_MODULES} <= shown
    assert all((EXAMPLES / name).exists() for name in shown)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_program_stands_in_a_page_itself(page: Path) -> None:
    """It could not be run there: programs are files that are included."""
    assert ".. code-block:: python" not in page.read_text("utf-8")

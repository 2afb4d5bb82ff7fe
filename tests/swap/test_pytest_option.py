"""``pytest --pcstream-swap``: Twisted's modules answered in a test run."""

from __future__ import annotations

import configparser
import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MODULE = "pcstream._swap_option"

TEST = """
from twisted.internet import tcp
import sys
def test_whose():
    assert tcp.__name__ == "pcstream.internet.tcp"
"""


@pytest.fixture
def run_pytest(
    python: Callable[..., Any], environment: dict[str, str], tmp_path: Path
) -> Callable[..., Any]:
    """A function: a test module's text and options -> what became of it."""
    environment.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)
    # from a checkout there is no entry point
    found = importlib.metadata.entry_points(group="pytest11")
    early = [] if any(point.value == MODULE for point in found) else ["-p", MODULE]

    def run(text: str, *options: object) -> Any:
        (tmp_path / "test_it.py").write_text(text)
        return python("-m", "pytest", "-q", *early, *options, "test_it.py")

    return run


def test_the_entry_point() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    assert f"pcstream_swap = {MODULE}" in settings["options.entry_points"]["pytest11"]


@pytest.mark.usefixtures("twisted")
def test_swapped_before_anything_is_imported(
    run_pytest: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "conftest.py").write_text("import twisted.web.server")
    done = run_pytest(TEST, "--pcstream-swap", "--pcstream-report")
    assert done.status == 0, done
    ours, theirs = "\n".join(done.lines).split(" were Twisted's:")
    assert " tcp" in ours
    assert "server" in theirs


@pytest.mark.usefixtures("twisted")
def test_from_the_settings(run_pytest: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --pcstream-swap\n")
    assert run_pytest(TEST).status == 0


def test_nothing_is_loaded_without_it(run_pytest: Callable[..., Any]) -> None:
    done = run_pytest(
        "import sys\ndef test_it(): assert not [n for n in sys.modules if 'pcstream.swap' in n]"
    )
    assert done.status == 0, done


@pytest.mark.usefixtures("twisted")
def test_too_late(run_pytest: Callable[..., Any], tmp_path: Path) -> None:
    done = run_pytest(TEST, "-p", "twisted.web.server", "--pcstream-swap")
    assert done.status == 4
    assert "--pcstream-swap comes too late: Twisted's own" in done.errors
    assert "pcstream run -m pytest" in done.errors

"""The driver of Twisted's own tests: its list of exceptions, and how it judges."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("run.py")
spec = importlib.util.spec_from_file_location("twisted_suite_run", SCRIPT)
assert spec is not None
assert spec.loader is not None
run = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = run
spec.loader.exec_module(run)


def test_the_committed_list_is_well_formed() -> None:
    run.read_exceptions(run.EXCEPTIONS.read_text())


def test_reads_test_and_reason() -> None:
    text = "# a comment\n\ntwisted.x.T.test_a  # asserts on _private\n"
    assert run.read_exceptions(text) == {"twisted.x.T.test_a": "asserts on _private"}


@pytest.mark.parametrize("text", ["twisted.x.T.test_a\n", "t.a  # one\nt.a  # two\n"])
def test_refuses_a_line_without_a_reason_and_a_second_one(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        run.read_exceptions(text)


def test_judges_lost_listed_and_back_again() -> None:
    report = {
        "m": {"kept": 1, "of": 3, "why": "", "lost": {"m.a": ["failed", "x"], "m.b": ["error", ""]}}
    }
    verdict = run.judge(report, {"m.a": "private", "m.c": "private", "other.d": "private"})
    assert (verdict.kept, verdict.of) == (1, 3)
    assert verdict.listed == {"m.a"}
    assert verdict.unlisted == {"m.b": "error: "}
    assert verdict.back_again == {"m.c"}


def test_says_that_it_was_skipped(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={"PCSTREAM_YARDSTICK": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "SKIPPED" in done.stdout


def test_the_surface_of_every_mirrored_module_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "surface.py").write_text('MODULES = """internet.tcp internet.nosuch""".split()')
    monkeypatch.setenv("PCSTREAM_YARDSTICK", str(tmp_path))
    modules = run.surface_modules()
    assert {"internet.tcp", "python.filepath", "python.reflect"} <= set(modules)
    assert not {"internet.nosuch", "web.server", *run.NO_SURFACE} & set(modules)

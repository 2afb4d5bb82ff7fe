"""The command itself: its verbs, its help, its errors."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import pcstream
from pcstream.cli import demo, main
from pcstream.cli.status import Abandoned, Status


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == f"pcstream {pcstream.__version__}"


@pytest.mark.parametrize("verb", main.VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([verb, "--help"])
    assert ended.value.code == 0
    assert "exit status" in capsys.readouterr().out


def test_the_demo_documents_every_status() -> None:
    assert demo.__doc__ is not None
    for status in Status:
        assert str(int(status)) in demo.__doc__


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["demo", "--size", "1X"],
        ["demo", "--rate", "fast"],
        ["demo", "--rate", "0.1"],
        ["demo", "--port", "65536"],
        ["demo", "--timeout", "0"],
        ["demo", "--file", "x", "--size", "1M"],
    ],
)
def test_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(words)
    assert ended.value.code == Status.USAGE
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("raised", "status", "line"),
    [
        (Abandoned(Status.CUT_SHORT, "the end"), Status.CUT_SHORT, "pcstream demo: the end\n"),
        (KeyboardInterrupt(), Status.INTERRUPTED, "pcstream demo: interrupted\n"),
    ],
)
def test_a_verb_that_cannot_go_on_says_one_line(
    raised: BaseException,
    status: Status,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(options: object) -> Status:
        raise raised

    monkeypatch.setattr(demo, "run", run)
    assert main.main(["demo"]) == status
    assert capsys.readouterr().err == line


def test_help_imports_no_reactor() -> None:
    code = (
        "import sys; from pcstream.cli.main import make_parser; make_parser();"
        "print([name for name in sys.modules if 'pcstream.internet' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pcstream", "--version"], capture_output=True, text=True, check=True
    )
    assert pcstream.__version__ in done.stdout


def test_a_reader_that_has_gone_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "pcstream", "demo", "--size", "1k"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.returncode == Status.FAILED
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr

"""Where Twisted is absent: what pcstream has still answers, the rest is an error that says so."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEADLINE_S = 90


@pytest.fixture
def lonely(tmp_path: Path) -> dict[str, str]:
    """An environment with pcstream and zope.interface, and nothing else (with ``-S``)."""
    spec = importlib.util.find_spec("zope.interface")
    assert spec is not None
    assert spec.origin is not None
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "zope").symlink_to(Path(spec.origin).parents[1])
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "path"), str(ROOT)])}


def run(lonely: dict[str, str], where: Path, text: str) -> tuple[list[str], str]:
    """A program's text -> what it printed, and its errors."""
    program = where / "program.py"
    program.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-S", "-m", "pcstream", "run", "--report", str(program)],
        env=lonely,
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_S,
        check=False,
    )
    return done.stdout.splitlines(), done.stderr


def test_a_program_that_needs_only_what_is_mirrored(lonely: dict[str, str], tmp_path: Path) -> None:
    lines, errors = run(
        lonely,
        tmp_path,
        """
from twisted.internet import defer, endpoints, protocol, reactor
from twisted.protocols import haproxy
from twisted.protocols.basic import LineReceiver
from twisted.python import log
from twisted.trial import unittest
import twisted.internet.error
import pcstream.internet.reactor
assert reactor is pcstream.internet.reactor
assert issubclass(LineReceiver, protocol.Protocol)
print(unittest.TestCase.__module__, haproxy.proxyEndpoint.__module__)
reactor.callWhenRunning(reactor.stop)
reactor.run()
print("ran")
""",
    )
    assert lines[1:] == ["ran"], errors
    assert lines[0].startswith("pcstream.")
    assert "and 0 were Twisted's" in errors


@pytest.mark.parametrize(
    ("statement", "module"),
    [
        ("import twisted.web.server", "twisted.web"),
        ("from twisted.web.server import Site", "twisted.web"),
        ("from twisted import web", "twisted.web"),
        ("from twisted.internet import inotify", "twisted.internet.inotify"),
        ("from twisted.logger import Logger", "twisted.logger"),
        ("import twisted.application.service", "twisted.application"),
    ],
)
def test_what_is_not_mirrored_is_named(
    lonely: dict[str, str], tmp_path: Path, statement: str, module: str
) -> None:
    lines, errors = run(
        lonely, tmp_path, f"try:\n    {statement}\nexcept ImportError as e: print(e)"
    )
    assert lines == [
        f"{module} is not mirrored by pcstream: Twisted is needed for it, and is not installed"
    ], errors


def test_probes_and_names_that_nobody_has(lonely: dict[str, str], tmp_path: Path) -> None:
    lines, errors = run(
        lonely,
        tmp_path,
        """
import importlib.util, twisted
print(importlib.util.find_spec("twisted.web"), importlib.util.find_spec("twisted.nosuch"))
try:
    import twisted.nosuch
except ModuleNotFoundError as error:
    print(error)
print(hasattr(twisted, "nosuch"))
twisted.version
""",
    )
    assert lines == ["None None", "No module named 'twisted.nosuch'", "False"], errors
    assert "module 'twisted' has no attribute 'version': Twisted is not installed" in errors

"""What is known of Twisted's names."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pcstream.swap._catalogue import STAYING, Standing, differences, judge, our_modules

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "standing", "runs"),
    [
        ("", Standing.MIRRORED, True),
        ("internet", Standing.MIRRORED, True),
        ("internet.defer.succeed", Standing.MIRRORED, True),
        ("internet.reactor", Standing.DIFFERENT, True),
        ("internet.reactor.callLater", Standing.DIFFERENT, True),
        ("internet.defer.inlineCallbacks", Standing.DIFFERENT, True),
        ("internet.defer.Deferred.addCallback", Standing.DIFFERENT, True),
        ("internet.kqreactor.KQueueReactor", Standing.MIRRORED, True),
        ("test.proto_helpers", Standing.DIFFERENT, True),
        ("web.server.Site", Standing.UNMIRRORED, True),
        ("logger.Logger", Standing.UNMIRRORED, True),
        ("internet.inotify", Standing.UNMIRRORED, True),
        ("internet.iocpreactor", Standing.UNMIRRORED, False),
        ("internet._threadedselect", Standing.UNMIRRORED, True),
        ("internet.endpoint_parsers", Standing.UNMIRRORED, True),
        ("test.iosim.FakeTransport", Standing.UNMIRRORED, True),
        ("nosuch.thing", Standing.UNMIRRORED, True),
        ("python.versions.Version", Standing.STAYS, True),
        ("version", Standing.STAYS, True),
        ("__version__", Standing.STAYS, True),
        ("internet.defer.nosuch", Standing.LACKING, False),
        ("internet.defer._nosuch", Standing.LACKING, False),
        ("trial.unittest._nosuch", Standing.LACKING, True),
        ("trial._synctest._LogObserver", Standing.UNMIRRORED, True),
        ("internet.defer.__file__", Standing.MIRRORED, True),
    ],
)
def test_standing(name: str, standing: Standing, runs: bool) -> None:
    found = judge(name)
    assert (found.standing, found.runs) == (standing, runs)
    assert (found.standing is Standing.MIRRORED) or found.why or found.differences or "." in name


def test_what_twisted_has_and_is_here_is_mirrored() -> None:
    pytest.importorskip("twisted")
    import twisted.internet.protocol as theirs

    for name, value in vars(theirs).items():
        if name[0] != "_" and inspect.isclass(value) and value.__module__ == theirs.__name__:
            standing = judge(f"internet.protocol.{name}").standing
            assert standing in (Standing.MIRRORED, Standing.DIFFERENT), name


def test_what_may_stay_is_no_module_of_ours() -> None:
    assert not STAYING & our_modules()


def test_every_difference_is_a_row_that_stands_in_the_documentation() -> None:
    text = "".join(path.read_text("utf-8") for path in (ROOT / "docs/differences").glob("*.rst"))
    tests = set(re.findall(r"``(.+?)``", " ".join(text.split())))
    plain = " ".join(text.replace("``", "").split())
    for name, rows in differences().items():
        assert judge(name).standing is Standing.DIFFERENT, name
        for row in rows:
            # if not, run docs/coverage/differences.py
            assert row.section in plain
            assert row.rule.removeprefix("Twisted: ").removesuffix(" ...") in plain
            assert row.test in tests


def test_nothing_of_this_needs_twisted() -> None:
    code = (
        "import sys; sys.modules['twisted'] = None; from pcstream.swap._catalogue import judge; "
        "print(judge('internet.defer.Deferred').standing.name, judge('web').standing.name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == ["DIFFERENT", "UNMIRRORED"]

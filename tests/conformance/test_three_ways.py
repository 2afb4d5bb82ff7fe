"""The kit in a test case of unittest and of trial, and as a plugin of pytest."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

import pytest
from mutants_consumers import NeverPauses, PausesOnEveryWrite
from sound_consumer import SoundSubject
from sound_producers import PullSubject, PushSubject

from pcstream.conformance.test_cases import ConsumerTests, PullProducerTests, PushProducerTests

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def outcome(case: Any) -> unittest.TestResult:
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result


def bases() -> list[Any]:
    from pcstream.trial import unittest as our_trial

    found = [
        pytest.param(unittest.TestCase, id="unittest"),
        pytest.param(our_trial.TestCase, id="pcstream.trial"),
    ]
    try:
        from twisted.trial import unittest as their_trial
    except ImportError:
        return found
    return [*found, pytest.param(their_trial.TestCase, id="twisted.trial")]


@pytest.mark.parametrize("base", bases())
def test_a_test_case_has_a_test_for_each_rule(base: Any) -> None:
    kind = type("Sound", (ConsumerTests, base), {"subject": SoundSubject})
    result = outcome(kind)
    assert not result.failures
    assert not result.errors
    assert len(result.skipped) == 11
    names = unittest.defaultTestLoader.getTestCaseNames(kind)
    assert "test_must_C10" in names
    assert "test_should_C8" in names
    assert result.testsRun == len(names) == 84


@pytest.mark.parametrize("base", bases())
def test_a_test_case_fails_with_the_report(base: Any) -> None:
    subject = SoundSubject(NeverPauses)
    result = outcome(type("Wrong", (ConsumerTests, base), {"subject": subject, "search": 0}))
    ((case, text),) = [*result.failures, *result.errors]
    assert case.id().endswith("test_must_C5")
    assert "A was not paused within the write" in text
    assert {str(skipped) for _, skipped in result.skipped} >= {
        "C9 needs a consumer that pauses its producer"
    }


@pytest.mark.parametrize("base", bases())
def test_producers_have_test_cases_too(base: Any) -> None:
    push = outcome(type("Push", (PushProducerTests, base), {"subject": PushSubject}))
    pull = outcome(type("Pull", (PullProducerTests, base), {"subject": PullSubject}))
    assert (push.testsRun, pull.testsRun) == (9, 5)
    assert not [*push.failures, *push.errors, *pull.failures, *pull.errors]


def test_deviations_in_a_test_case() -> None:
    class Known(SoundSubject):
        kind = PausesOnEveryWrite
        deviations = frozenset({"C8"})

    result = outcome(type("Known", (ConsumerTests, unittest.TestCase), {"subject": Known}))
    assert result.wasSuccessful()

    class Stale(SoundSubject):
        deviations = frozenset({"C8"})

    result = outcome(type("Stale", (ConsumerTests, unittest.TestCase), {"subject": Stale}))
    ((_case, text),) = result.failures
    assert "C8 was declared as a deviation, but the rule is kept" in text


def run_pytest(where: Path, source: str, *options: str) -> str:
    (where / "test_it.py").write_text(source)
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, (ROOT, HERE))))
    environment.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)
    # where the package is installed pytest has found the plugin already
    installed = importlib.metadata.entry_points(group="pytest11", name="pcstream")
    plugin = [] if installed else ["-p", "pcstream.conformance.pytest_plugin"]
    command = [sys.executable, "-W", "error", "-m", "pytest", "-p", "no:cacheprovider", *plugin]
    done = subprocess.run(
        [*command, "-v", "-rsxf", "--rootdir", str(where), *options, str(where / "test_it.py")],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout + done.stderr


def test_the_fixture_of_the_plugin(tmp_path: Path) -> None:
    out = run_pytest(
        tmp_path,
        """
from mutants_consumers import NeverPauses
from sound_consumer import SoundSubject
from sound_producers import PullSubject

def test_sound(conforms):
    report = conforms(SoundSubject)
    assert "C5" in report.passed
    conforms(PullSubject, "pull")

def test_wrong(conforms):
    conforms(SoundSubject(NeverPauses))
""",
    )
    assert "1 failed, 1 passed" in out
    assert "C5 (MUST): Has paused its producer by the time" in out
    assert "__tracebackhide__" not in out


def test_the_marker_of_the_plugin(tmp_path: Path) -> None:
    out = run_pytest(
        tmp_path,
        """
import pytest
from mutants_consumers import PausesOnEveryWrite
from sound_consumer import SoundSubject

class Known(SoundSubject):
    kind = PausesOnEveryWrite
    deviations = {"C8", "C13"}

@pytest.mark.conformance(subject=Known)
def test_known(conformance_rule):
    conformance_rule()
""",
        "--conformance-search=0",
    )
    assert "test_known[must_C5] PASSED" in out
    assert "test_known[should_C8] XFAIL" in out
    assert "test_known[must_C13] FAILED" in out
    assert "C13 was declared as a deviation, but the rule is kept" in out
    assert "1 failed, 69 passed, 13 skipped, 1 xfailed" in out


def test_a_marker_without_a_subject(tmp_path: Path) -> None:
    out = run_pytest(tmp_path, "def test_it(conformance_rule):\n    conformance_rule()\n")
    assert "conformance_rule needs @pytest.mark.conformance(subject=..., role=...)" in out


def test_an_unused_plugin_loads_nothing(tmp_path: Path) -> None:
    out = run_pytest(
        tmp_path,
        """
import sys

def test_it():
    ours = {name for name in sys.modules if name.split(".")[0] == "pcstream"}
    ours.discard("pcstream._swap_option")  # the other plugin of an installed package
    assert ours == {
        "pcstream", "pcstream._unmirrored", "pcstream.conformance",
        "pcstream.conformance.pytest_plugin",
    }
    assert "zope.interface" not in sys.modules
""",
    )
    assert "1 passed" in out, out


def test_the_plugin_is_an_entry_point() -> None:
    import configparser

    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    entry = parser["options.entry_points"]["pytest11"].strip()
    assert "pcstream = pcstream.conformance.pytest_plugin" in entry.splitlines()


def test_the_package_loads_nothing_either() -> None:
    code = "import sys, pcstream.conformance; print('zope.interface' in sys.modules)"
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_every_name_of_the_package_is_there() -> None:
    import pcstream.conformance as kit

    assert all(getattr(kit, name) is not None for name in kit.__all__)
    assert {"RULES", "check_consumer", "check_relay", "watch"} <= set(kit.__all__)
    assert set(kit.__all__) <= set(dir(kit))
    with pytest.raises(AttributeError, match="no attribute 'check_everything'"):
        kit.check_everything  # noqa: B018

"""How test cases get on with the runners: their options, fixtures, subtests, interrupts."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

HEAD = """\
import os, signal, sys, threading, unittest as pyunit
from pcstream.internet import defer, protocol
from pcstream.trial import unittest

def soon(result=None):
    from pcstream.internet import reactor, task
    return task.deferLater(reactor, 0, lambda: result)

"""


def module(text):
    return HEAD + dedent(text)


def bad(words):
    """Verdicts without the difference that pytest does not make."""
    return sorted({"failed" if word == "error" else word for word in words})


def test_the_command_itself(tmp_path):
    (tmp_path / "test_sample.py").write_text(
        module(
            """
            class T(unittest.TestCase):
                def test_a(self):
                    return soon()
                async def test_b(self):
                    await soon()
                    self.fail("boom")
                def test_c(self):
                    self.skipTest("not now")
            """
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", "unittest", "-v", "test_sample.T"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": ""},
    )
    assert done.returncode == 1
    assert "Ran 3 tests" in done.stderr
    assert "FAILED (failures=1, skipped=1)" in done.stderr
    assert "test_a ... ok" in done.stderr
    assert "test_c ... skipped 'not now'" in done.stderr
    assert "FailTest: boom" in done.stderr


def test_first_failure_ends_the_run(run_sample):
    found = run_sample(
        module(
            """
            class T(unittest.TestCase):
                def test_a(self):
                    return defer.fail(ValueError("first"))
                def test_b(self):
                    pass
            """
        ),
        "-x" if run_sample.runner == "pytest" else "-f",
    )
    assert set(found.verdicts) == {"T.test_a"}


def test_a_class_without_tests_is_no_test_for_pytest(run_sample):
    found = run_sample(
        module(
            """
            from pcstream.trial.unittest import SynchronousTestCase, TestCase

            class Base(TestCase):
                def helper(self):
                    pass

            class T(Base):
                def test_a(self):
                    pass

            class Own(TestCase):
                def runTest(self):
                    pass

            class Off(TestCase):
                __test__ = False

                def test_b(self):
                    pass
            """
        )
    )
    assert "T.test_a" in found.verdicts
    assert "Own.runTest" in found.verdicts
    if run_sample.runner == "pytest":
        assert set(found.verdicts) == {"T.test_a", "Own.runTest"}


def test_class_fixtures_and_what_they_open(run_sample):
    found = run_sample(
        module(
            """
            class T(unittest.TestCase):
                @classmethod
                def setUpClass(cls):
                    from pcstream.internet import reactor
                    cls.port = reactor.listenTCP(0, protocol.Factory(), interface="127.0.0.1")
                    cls.addClassCleanup(open("cleaned", "w").close)

                @classmethod
                def tearDownClass(cls):
                    cls.port.stopListening()

                def test_a(self):
                    return soon()

                def test_b(self):
                    from pcstream.internet import reactor
                    self.assertIn(self.port, reactor.getReaders())
            """
        )
    )
    assert found.words("T.test_a") == found.words("T.test_b") == ["passed"]
    assert found.status == 0, found.output


def test_subtests_fail_one_by_one(run_sample):
    found = run_sample(
        module(
            """
            class T(unittest.TestCase):
                async def test_a(self):
                    for number in range(3):
                        with self.subTest(number=number):
                            await soon()
                            self.assertEqual(number, 1)
                    open("reached", "w").close()

                def test_good(self):
                    with self.subTest("fine"):
                        pass
            """
        )
    )
    assert "failed" in found.words("T.test_a")
    assert found.words("T.test_good") == ["passed"]
    text = found.output + found.text("T.test_a")
    assert "0 != 1" in text
    assert "number=0" in text or "number" in text


def test_expected_failure_of_the_standard_library(run_sample):
    found = run_sample(
        module(
            """
            class T(unittest.TestCase):
                @pyunit.expectedFailure
                def test_fails(self):
                    return soon().addCallback(lambda _: self.fail("of course"))

                @pyunit.expectedFailure
                def test_passes(self):
                    pass
            """
        )
    )
    assert found.words("T.test_fails") == ["todo"]
    assert found.words("T.test_passes") == ["unexpected"]


def test_todo_reason_reaches_pytest(run_sample):
    found = run_sample(
        module(
            """
            class T(unittest.TestCase):
                todo = "for the whole class"
                def test_a(self):
                    self.fail("of course")
            """
        )
    )
    assert found.words("T.test_a") == ["todo"]
    if run_sample.runner == "pytest":
        assert "for the whole class" in found.text("T.test_a")


def test_stopping_the_reactor_fails_that_test_alone(run_sample):
    found = run_sample(
        module(
            """
            class T(unittest.TestCase):
                def test_a_stop(self):
                    from pcstream.internet import reactor
                    reactor.callLater(0, reactor.stop)
                    return defer.Deferred()

                def test_b_next(self):
                    return soon()
            """
        )
    )
    assert bad(found.words("T.test_a_stop")) == ["failed"]
    assert "The reactor was stopped while the test was waiting" in found.text("T.test_a_stop")
    assert found.words("T.test_b_next") == ["passed"]


def test_an_interrupt_ends_the_run(run_sample):
    found = run_sample(
        module(
            """
            class T(unittest.TestCase):
                def test_a(self):
                    from pcstream.internet import reactor
                    reactor.callLater(0, os.kill, os.getpid(), signal.SIGINT)
                    return defer.Deferred()

                def test_b_next(self):
                    open("reached", "w").close()
            """
        )
    )
    assert found.status != 0
    assert "KeyboardInterrupt" in found.output
    assert "T.test_b_next" not in found.verdicts


def test_an_interrupt_in_synchronous_code_ends_the_run(run_sample):
    found = run_sample(
        module(
            """
            class T(unittest.TestCase):
                def test_a(self):
                    raise KeyboardInterrupt()

                def test_b_next(self):
                    pass
            """
        )
    )
    assert found.status != 0
    assert "KeyboardInterrupt" in found.output
    assert "T.test_b_next" not in found.verdicts


def test_threads_of_the_reactor_do_not_keep_the_process(run_sample):
    found = run_sample(
        module(
            """
            class T(unittest.TestCase):
                def test_a(self):
                    from pcstream.internet import reactor, threads
                    return threads.deferToThread(lambda: 5).addCallback(self.assertEqual, 5)

                def test_b_again(self):
                    return self.test_a()
            """
        )
    )
    assert found.words("T.test_a") == found.words("T.test_b_again") == ["passed"]


def test_no_reactor_is_installed_for_tests_that_need_none(run_sample):
    found = run_sample(
        module(
            """
            class T(unittest.TestCase):
                def test_a(self):
                    return defer.succeed(1)

                async def test_b(self):
                    await defer.succeed(1)

                def test_c(self):
                    self.assertNotIn("pcstream.internet.reactor", sys.modules)
            """
        )
    )
    assert found.words("T.test_c") == ["passed"]


def test_a_coroutine_that_nobody_would_await_is_an_error(run_sample):
    found = run_sample(
        module(
            """
            class T(unittest.SynchronousTestCase):
                async def test_a(self):
                    self.fail("never seen")
            """
        )
    )
    assert bad(found.words("T.test_a")) == ["failed"]
    assert "will never run" in found.text("T.test_a")


def test_discouraged_reactor_methods_warn(run_sample):
    found = run_sample(
        module(
            """
            from pcstream.internet import reactor

            class T(unittest.TestCase):
                def test_a(self):
                    reactor.iterate(0)
                    [seen] = self.flushWarnings([T.test_a])
                    self.assertIn("reactor.iterate cannot be used inside", seen["message"])

                def test_b_is_restored(self):
                    reactor.removeAll()
                    self.assertEqual(self.flushWarnings(), [])
            """
        )
    )
    assert found.words("T.test_a") == ["passed"]
    assert found.words("T.test_b_is_restored") == ["passed"]


def test_marks_on_the_module(run_sample):
    found = run_sample(
        module(
            """
            timeout = 0.05

            class T(unittest.TestCase):
                def test_a(self):
                    return defer.Deferred()

                def test_b(self):
                    self.assertEqual(self.getTimeout(), 7.0)

                test_b.timeout = 7
            """
        )
    )
    assert "still running at 0.05 secs" in found.text("T.test_a")
    assert found.words("T.test_b") == ["passed"]


def test_a_whole_module_can_be_skipped(run_sample):
    found = run_sample(
        module(
            """
            skip = "the whole module"

            class T(unittest.TestCase):
                def test_a(self):
                    self.fail("not skipped")

                def test_b(self):
                    pass

                test_b.skip = None
            """
        )
    )
    assert found.words("T.test_a") == ["skipped"]
    assert found.text("T.test_a").endswith("the whole module")
    assert found.words("T.test_b") == ["passed"]


def test_warnings_as_errors(run_sample):
    found = run_sample(
        module(
            """
            import warnings

            class T(unittest.TestCase):
                def test_a(self):
                    warnings.warn("not taken back", stacklevel=1)

                def test_b(self):
                    warnings.warn("taken back", stacklevel=1)
                    self.flushWarnings()
            """
        ),
        *(["-W", "error"] if run_sample.runner == "pytest" else []),
        **({} if run_sample.runner == "pytest" else {"PYTHONWARNINGS": "error"}),
    )
    assert bad(found.words("T.test_a")) == ["failed"]
    assert found.words("T.test_b") == ["passed"]


def test_mktemp(run_sample):
    found = run_sample(
        module(
            """
            class T(unittest.SynchronousTestCase):
                def test_a(self):
                    one, other = self.mktemp(), self.mktemp()
                    self.assertNotEqual(one, other)
                    self.assertFalse(os.path.exists(one))
                    self.assertTrue(os.path.isdir(os.path.dirname(one)))
                    self.assertEqual(
                        one.split(os.sep)[:4], ["_trial_temp", "test_sample", "T", "test_a"]
                    )
            """
        )
    )
    assert found.words("T.test_a") == ["passed"], found.text("T.test_a")


def test_pytest_fixtures_apply(run_sample):
    if run_sample.runner == "unittest":
        pytest.skip("about pytest")
    found = run_sample(
        module(
            """
            import pytest

            @pytest.fixture(autouse=True)
            def environment(monkeypatch):
                monkeypatch.setenv("FROM_FIXTURE", "yes")

            class T(unittest.TestCase):
                @pytest.fixture(autouse=True)
                def _own(self):
                    self.own = 3
                    yield

                async def test_a(self):
                    await soon()
                    self.assertEqual(os.environ["FROM_FIXTURE"], "yes")
                    self.assertEqual(self.own, 3)

                def test_b(self):
                    pytest.skip("pytest's own way")

                def test_c(self):
                    return soon().addCallback(lambda _: pytest.fail("pytest's own way"))
            """
        )
    )
    assert found.words("T.test_a") == ["passed"], found.text("T.test_a")
    assert found.words("T.test_b") == ["skipped"]
    assert found.words("T.test_c") == ["failed"]


def test_last_failed_is_run_again_by_its_id(tmp_path):
    (tmp_path / "test_sample.py").write_text(
        module(
            """
            class T(unittest.TestCase):
                def test_a(self):
                    return defer.fail(ValueError("bad"))
                def test_b(self):
                    return soon()
            """
        )
    )
    command = [sys.executable, "-m", "pytest", "-q", "test_sample.py"]
    environment = {"PYTHONPATH": ":".join(sys.path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    def run(*options):
        return subprocess.run(
            [*command, *options],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout

    assert "1 failed, 1 passed" in run()
    again = run("--lf")
    assert "1 failed" in again
    assert "passed" not in again

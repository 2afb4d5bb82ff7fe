"""Running programs for their output, and warnings filtered meanwhile."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from typing import Any

import pytest

from pcstream.internet import defer, utils
from pcstream.internet.error import ProcessTerminated
from pcstream.trial.unittest import TestCase


class TestPrograms(TestCase):
    timeout = 60

    async def test_output(self) -> None:
        said = await utils.getProcessOutput(
            sys.executable, ["-c", "print('hello'); raise SystemExit(3)"], env=None
        )
        self.assertEqual(said, b"hello\n")

    async def test_errors_are_not_expected(self) -> None:
        with pytest.raises(OSError, match="got stderr: b'oops'") as raised:
            await utils.getProcessOutput(
                sys.executable, ["-c", "import sys; sys.stderr.write('oops')"], env=None
            )
        ended: Any = raised.value.processEnded  # type: ignore[attr-defined]
        with pytest.raises(Exception, match=r"ended"):
            await ended

    async def test_errors_are_welcome(self) -> None:
        said = await utils.getProcessOutput(
            "/bin/sh", ["-c", "echo out; echo err >&2"], errortoo=True
        )
        self.assertEqual(sorted(said.splitlines()), [b"err", b"out"])

    async def test_exit_code(self) -> None:
        for code in (0, 7):
            self.assertEqual(await utils.getProcessValue("/bin/sh", ["-c", f"exit {code}"]), code)

    async def test_everything(self) -> None:
        result = await utils.getProcessOutputAndValue(
            "/bin/sh", ["-c", "cat; echo err >&2; exit 4"], stdinBytes=b"through cat"
        )
        self.assertEqual(result, (b"through cat", b"err\n", 4))

    async def test_eight_megabytes_through_cat(self) -> None:
        data = os.urandom(8 * 1024 * 1024)
        out, err, code = await utils.getProcessOutputAndValue("/bin/cat", stdinBytes=data)
        self.assertEqual((out == data, err, code), (True, b"", 0))

    async def test_a_program_that_reads_nothing(self) -> None:
        out, _, code = await utils.getProcessOutputAndValue(
            "/bin/sh", ["-c", "exec <&-; echo done"], stdinBytes=b"x" * 5_000_000
        )
        self.assertEqual((out, code), (b"done\n", 0))

    async def test_killed(self) -> None:
        script = "import os, signal; print('up', flush=True); os.kill(os.getpid(), signal.SIGKILL)"
        told = await utils.getProcessOutputAndValue(
            sys.executable, ["-c", script], env=None
        ).addErrback(lambda failure: failure.value)
        self.assertEqual(told, (b"up\n", b"", signal.SIGKILL))
        self.assertIsNone(await utils.getProcessValue(sys.executable, ["-c", script], env=None))

    async def test_directory_and_environment(self) -> None:
        said = await utils.getProcessOutput(
            "/bin/sh", ["-c", 'pwd; echo "$WHO"'], env={"WHO": "me"}, path="/"
        )
        self.assertEqual(said, b"/\nme\n")

    async def test_no_such_program(self) -> None:
        with self.assertRaises(FileNotFoundError):
            utils.getProcessOutput("/nonexistent")
        # Found out in the child only, if that has to change directory first.
        with pytest.raises(OSError, match="got stderr") as raised:
            await utils.getProcessOutput("/nonexistent", path="/")
        with pytest.raises(ProcessTerminated):
            await raised.value.processEnded  # type: ignore[attr-defined]


def count(warn: Any) -> int:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warn()
    return len(seen)


def shout(text: str = "loud") -> str:
    warnings.warn(text, UserWarning, stacklevel=2)
    return text


class TestQuiet:
    filters = ((("ignore",), {"message": "loud"}),)

    def test_filtered_while_it_runs(self) -> None:
        def run() -> None:
            assert utils.runWithWarningsSuppressed(self.filters, shout) == "loud"
            shout()
            utils.runWithWarningsSuppressed(self.filters, shout, "other")

        assert count(run) == 2

    def test_until_a_deferred_fires(self) -> None:
        waiting: defer.Deferred[str] = defer.Deferred()

        def run() -> None:
            result = utils.runWithWarningsSuppressed(self.filters, lambda: waiting)
            assert result is waiting
            shout()
            waiting.callback("result")
            shout()

        assert count(run) == 1
        assert waiting.result == "result"

    def test_after_a_failure_too(self) -> None:
        def fail() -> None:
            shout()
            raise ZeroDivisionError

        def run() -> None:
            with pytest.raises(ZeroDivisionError):
                utils.runWithWarningsSuppressed(self.filters, fail)
            shout()

        assert count(run) == 1

    def test_filters_that_somebody_has_reset(self) -> None:
        with warnings.catch_warnings():
            utils.runWithWarningsSuppressed(self.filters, warnings.resetwarnings)

    def test_a_quiet_function(self) -> None:
        quiet = utils.suppressWarnings(shout, *self.filters)
        assert quiet.__name__ == "shout"
        assert count(quiet) == 0
        assert count(lambda: quiet("other")) == 1

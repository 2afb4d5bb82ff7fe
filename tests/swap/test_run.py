"""``pcstream run``: scripts, modules, trial, twistd; what they see, what they leave behind."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
PROGRAMS = Path(__file__).parent / "programs"
DEADLINE_S = 90

SHOWS = """
import sys
print(sys.argv[1:], __name__, sys.modules["__main__"].__dict__ is globals(), sys.path[0])
print(sys.argv[0] == __file__, __spec__ and __spec__.name, __package__)
"""


LATE = """
def show():
    import __main__
    print(__main__.show is show, sys.path[0])
atexit.register(show)
"""


def test_a_script(program: Run, tmp_path: Path) -> None:
    done = program(SHOWS, "-h", "--report", "--", "-m", "x")
    assert done.lines == [
        f"['-h', '--report', '--', '-m', 'x'] __main__ True {tmp_path.resolve()}",
        "True None None",
    ]
    assert (done.errors, done.status) == ("", 0)


def test_a_module_and_a_package(run: Run, tmp_path: Path) -> None:
    package = tmp_path / "mine"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(SHOWS)
    (package / "inner.py").write_text(SHOWS)
    here = tmp_path.resolve()
    for name, spec in (("mine", "mine.__main__"), ("mine.inner", "mine.inner")):
        done = run("-m", name, "-m", "--x=1")
        assert done.lines == [
            f"['-m', '--x=1'] __main__ True {here}",
            f"True {spec} mine",
        ], done.errors


def test_m_and_the_module_in_one_word(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SHOWS)
    for words in (["-mmine"], ["--report", "-mmine"]):
        done = run(*words, "-mother", "--report")
        assert done.lines[0].startswith("['-mother', '--report'] __main__ True "), done.errors
    (tmp_path / "script.py").write_text(SHOWS)
    assert run("script.py", "-mmine").lines[0].startswith("['-mmine'] __main__")


def test_an_archive(run: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", "import atexit, sys; print(__name__, sys.argv)\n" + LATE)
    assert run("app.pyz", "x").lines == ["__main__ ['app.pyz', 'x']", "True app.pyz"]


def test_a_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    text = "import atexit, sys; print(__name__, sys.argv)\n"
    (tmp_path / "app" / "__main__.py").write_text(text + LATE)
    assert run("app", "x").lines == ["__main__ ['app', 'x']", "True app"]


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("raise SystemExit", 0, ""),
        ("import sys; sys.exit(7)", 7, ""),
        ("raise SystemExit('the reason')", 1, "the reason\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("raise BrokenPipeError('mine')", 1, "BrokenPipeError: mine\n"),
        ("raise KeyboardInterrupt", 130, "KeyboardInterrupt\n"),
        ("import os; os._exit(9)", 9, ""),
        ("import sys; sys.stdout.close()", 0, ""),
        ("(", 1, "SyntaxError: '(' was never closed\n"),
    ],
)
def test_the_exit_status(program: Run, text: str, status: int, said: str) -> None:
    done = program(text)
    assert done.status == status
    assert done.errors.endswith(said)
    assert not (said == "" and done.errors)
    # the program's own frames, and none of ours
    assert "cli" not in done.errors
    assert ("Traceback" in done.errors) == (
        text[0] in "1" or text.startswith(("raise B", "raise K"))
    )


def test_exit_handlers_and_threads_still_find_the_program(program: Run) -> None:
    done = program("""
import atexit, threading, __main__
greeting = "hello"
def greet():
    import __main__
    print(__main__.greeting)
atexit.register(greet)
threading.Timer(0, greet).start()
""")
    assert done.lines == ["hello", "hello"], done.errors


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["nosuch.py"], "cannot read nosuch.py: No such file or directory"),
        (["-m", "nosuch"], "no module named nosuch"),
        (["-m", "os.nosuch"], "no module named os.nosuch"),
        (["-m", "json.nosuch"], "no module named json.nosuch"),
        (["-mnosuch"], "no module named nosuch"),
        (["-m", "empty"], "no module named empty.__main__"),
        (["-m", "empty.nosuch"], "no module named empty.nosuch"),
        (["empty"], "there is no __main__ module in empty"),
        (["nosuch.pyz"], "cannot read nosuch.pyz: No such file or directory"),
        (["empty.zip"], "there is no __main__ module in empty.zip"),
        (["torn.zip"], "there is no __main__ module in torn.zip"),
    ],
)
def test_there_is_no_such_program(run: Run, tmp_path: Path, words: list[str], reason: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "__init__.py").touch()
    zipfile.ZipFile(tmp_path / "empty.zip", "w").close()
    (tmp_path / "torn.zip").write_bytes(b"PK\3\4")
    done = run(*words)
    assert (done.status, done.errors) == (5, f"pcstream run: {reason}\n")


@pytest.mark.parametrize("words", [[], ["--report"], ["-m"], ["--nosuch", "x.py"]])
def test_wrong_usage(run: Run, words: list[str]) -> None:
    done = run(*words)
    assert done.status == 2
    assert "usage: pcstream" in done.errors


@pytest.mark.usefixtures("twisted")
def test_the_report(program: Run) -> None:
    text = "from twisted.internet import tcp\nimport twisted.web.http_headers, sys\nsys.exit(4)"
    done = program(text, options=("--report",))
    assert done.status == 4
    said = done.errors.splitlines()
    assert said[0].startswith("pcstream run: of Twisted's modules, ")
    ours, theirs = done.errors.split(" were Twisted's:")
    assert " tcp" in ours
    assert "http_headers" in theirs
    assert " tcp" not in theirs


@pytest.mark.usefixtures("twisted")
def test_the_report_of_a_program_that_did_not_import_twisted(program: Run) -> None:
    done = program("print(1)", options=("--report",))
    assert done.errors.endswith("and 0 were Twisted's:\n")


@pytest.mark.usefixtures("twisted")
def test_trial(run: Run) -> None:
    done = run(
        "--report",
        "-m",
        "twisted.trial",
        "twisted.test.test_pcp",
        "twisted.protocols.test.test_basic",
    )
    assert done.status == 0, done.lines[-20:]
    assert done.lines[-1].startswith("PASSED (successes=")
    ours = done.errors.split(" were Twisted's:")[0]
    assert "twisted.protocols: " in ours
    assert "pcp" in ours


@pytest.mark.usefixtures("twisted")
def test_trial_fails_with_a_failing_test(run: Run, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("""
from twisted.internet import defer, reactor, task
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

class Tests(TestCase):
    def test_waits(self):
        return task.deferLater(reactor, 0, lambda: None)
    async def test_flushes(self):
        Logger().failure("x", failure=Failure(ValueError()))
        assert len(self.flushLoggedErrors(ValueError)) == 1
    def test_logged(self):
        try:
            1 / 0
        except ZeroDivisionError:
            Logger().failure("it broke")
    def test_fails(self):
        self.assertEqual(1, 2)
""")
    done = run("-m", "twisted.trial", "test_it")
    assert done.status == 1
    assert done.lines[-1] == "FAILED (failures=1, errors=1, successes=2)", done.lines


@pytest.mark.usefixtures("twisted")
def test_services(run: Run) -> None:
    done = run("--report", PROGRAMS / "services.py")
    assert done.lines == ["ticked", "hello old", "connected", "hello new", "stopped 0"], done.errors
    ours, theirs = done.errors.split(" were Twisted's:")
    assert "endpoints" in ours
    assert "twisted.application: " in theirs


TAC = """
from twisted.application import internet, service
from twisted.internet import protocol, reactor, tcp
from twisted.python import log

class Hello(service.Service):
    def startService(self):
        log.msg("hello from " + tcp.__name__)
        reactor.callLater(0, reactor.stop)

application = service.Application("hello")
Hello().setServiceParent(application)
"""


@pytest.mark.usefixtures("twisted")
def test_twistd(run: Run, tmp_path: Path) -> None:
    twistd = Path(sysconfig.get_path("scripts"), "twistd")
    if not twistd.exists():
        pytest.skip(f"there is no {twistd}")
    (tmp_path / "hello.tac").write_text(TAC)
    done = run(twistd, "--nodaemon", "--pidfile=", "--python=hello.tac", "--reactor=poll")
    assert done.status == 0, done.errors
    text = "\n".join(done.lines)
    assert text.count("hello from pcstream.internet.tcp") == 1, text
    assert "pcstream.internet.pollreactor.PollReactor" in text


@pytest.mark.usefixtures("twisted")
def test_twist_and_a_signal(tmp_path: Path, environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "pcstream", "run", "-m", "twisted", "--log-format=text", "web"]
        + ["--listen=tcp:0:interface=127.0.0.1", f"--path={tmp_path}"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        lines = []
        try:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                if found := re.search(r"starting on (\d+)", line):
                    with socket.create_connection(("127.0.0.1", int(found[1])), DEADLINE_S) as sock:
                        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
                        assert sock.recv(5) == b"HTTP/"  # so the reactor runs
                    process.send_signal(signal.SIGINT)
        except BaseException:
            process.kill()
            raise
    assert process.returncode in (0, -signal.SIGINT, 130), lines
    assert any("SIGINT" in line for line in lines), lines

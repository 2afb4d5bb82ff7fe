"""Installing a reactor: once, by choice or by default, in a process of its own each time."""

from __future__ import annotations

import select
import subprocess
import sys

import pytest

from pcstream.internet import default
from pcstream.python.runtime import Platform


def said(program: str) -> str:
    """What a program prints in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_reactor_installs_the_default() -> None:
    assert said(
        "from pcstream.internet import reactor\n"
        "import sys, pcstream.internet, pcstream.internet.reactor as again\n"
        "assert reactor is again is sys.modules['pcstream.internet.reactor']\n"
        "assert pcstream.internet.reactor is reactor\n"
        "print(type(reactor).__name__)"
    ) == ("EPollReactor" if hasattr(select, "epoll") else "PollReactor")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("selectreactor", "SelectReactor"),
        ("pollreactor", "PollReactor"),
        ("epollreactor", "EPollReactor"),
        ("asyncioreactor", "AsyncioSelectorReactor"),
    ],
)
def test_a_chosen_reactor_is_the_one_that_runs(module: str, name: str) -> None:
    if module in ("pollreactor", "epollreactor") and not hasattr(select, module[:-7]):
        pytest.skip(f"no {module} here")
    assert (
        said(
            f"from pcstream.internet import {module}; {module}.install()\n"
            "from pcstream.internet import reactor\n"
            "reactor.callLater(0, print, type(reactor).__name__)\n"
            "reactor.callLater(0, reactor.stop)\n"
            "reactor.run()"
        )
        == name
    )


def test_a_second_one_is_refused() -> None:
    assert "reactor already installed" in said(
        "from pcstream.internet import selectreactor, error\n"
        "selectreactor.install()\n"
        "try: selectreactor.install()\n"
        "except error.ReactorAlreadyInstalledError as e: print(e)\n"
    )


def test_kqueue_is_an_import_error_where_there_is_none() -> None:
    if hasattr(select, "kqueue"):
        pytest.skip("there is one")
    with pytest.raises(ImportError):
        __import__("pcstream.internet.kqreactor")


@pytest.mark.parametrize(
    ("platform", "module"),
    [
        (Platform("posix", "linux"), "epollreactor"),
        (Platform("posix", "other"), "pollreactor"),
        (Platform("posix", "darwin"), "selectreactor"),
        (Platform("nt", "win32"), "selectreactor"),
    ],
)
def test_the_choice_by_system(platform: Platform, module: str) -> None:
    if module in ("pollreactor", "epollreactor") and not hasattr(select, module[:-7]):
        pytest.skip(f"no {module} here")
    chosen = default._getInstallFunction(platform)
    assert chosen.__module__ == f"pcstream.internet.{module}"


def test_the_next_best_is_taken_where_one_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    linux = Platform("posix", "linux")
    monkeypatch.setitem(sys.modules, "pcstream.internet.epollreactor", None)
    if hasattr(select, "poll"):
        chosen = default._getInstallFunction(linux)
        assert chosen.__module__ == "pcstream.internet.pollreactor"
    monkeypatch.setitem(sys.modules, "pcstream.internet.pollreactor", None)
    chosen = default._getInstallFunction(linux)
    assert chosen.__module__ == "pcstream.internet.selectreactor"

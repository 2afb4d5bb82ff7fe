"""Imports answered in one process: the same objects under both names, or an error that says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("twisted")

INSTALL = "import pcstream.swap; pcstream.swap.install()\n"


def test_one_identity(program: Run) -> None:
    done = program("""
import twisted.internet.reactor
from twisted.internet import defer, error, interfaces, reactor, tcp
from twisted.python import failure, log
import pcstream.internet.reactor
from pcstream.internet import defer as d, error as e, interfaces as i, tcp as t
from pcstream.python import failure as f, log as l
assert (defer, error, interfaces, tcp, failure, log) == (d, e, i, t, f, l)
assert reactor is twisted.internet.reactor is pcstream.internet.reactor
assert tcp.__name__ == tcp.__spec__.name == "pcstream.internet.tcp"

# what Twisted has on top uses these
from twisted.web import client, server
assert issubclass(server.Site, pcstream.internet.protocol.Factory)
assert client.defer is d
from twisted.internet import ssl, _sslverify
from twisted.protocols.haproxy._wrapper import HAProxyProtocolWrapper
assert _sslverify.ClientTLSOptions.__module__ == "pcstream.internet._sslverify"
assert HAProxyProtocolWrapper.__module__.startswith("pcstream.")
print("done")
""")
    assert done.lines == ["done"], done.errors


def test_what_is_left_to_twisted(program: Run) -> None:
    done = program("""
import importlib.util
import twisted, twisted.internet, twisted.logger, twisted.trial.unittest, twisted.python.compat
for module in (twisted, twisted.internet, twisted.logger, twisted.trial.unittest):
    assert module.__spec__.name == module.__name__ and module.__name__.startswith("twisted"), module
    assert type(module.__loader__).__module__.startswith("_frozen"), module.__loader__
    assert module.__loader__ is module.__spec__.loader

# our own private modules are nobody's business
try:
    import twisted.internet._deferred
except ModuleNotFoundError as error:
    print(error)
print(importlib.util.find_spec("twisted.internet._deferred"))
origin = importlib.util.find_spec("twisted.internet.udp").origin
from pcstream.internet import udp
print(origin == udp.__file__)
""")
    assert done.lines == ["No module named 'twisted.internet._deferred'", "None", "True"], done


def test_a_traceback_shows_the_file_that_runs(program: Run) -> None:
    done = program("""
from twisted.internet.error import ConnectionDone
from twisted.internet import task
task.Clock().advance("x")
""")
    assert done.status == 1
    assert 'program.py", line 4, in <module>' in done.errors.splitlines()[1]
    assert f"pcstream{Path('/internet/_clock.py')}" in done.errors


def test_install_in_a_program_of_its_own_and_twice(python: Run) -> None:
    done = python("-c", INSTALL * 2 + "from twisted.internet import tcp; print(tcp.__name__)")
    assert done.lines == ["pcstream.internet.tcp"], done.errors


def test_a_reactor_of_ours_that_was_there_before_is_kept(python: Run) -> None:
    done = python(
        "-c",
        "from pcstream.internet import reactor\n" + INSTALL + "import twisted.internet.reactor\n"
        "print(twisted.internet.reactor is reactor)",
    )
    assert done.lines == ["True"], done.errors


@pytest.mark.parametrize("chosen", ["selectreactor", "asyncioreactor"])
def test_a_reactor_may_be_taken_away_for_another(program: Run, chosen: str) -> None:
    # programs that embed a foreign loop do this
    done = program(f"""
import sys
from twisted.internet import reactor, {chosen}
first = reactor
del sys.modules["twisted.internet.reactor"]
{chosen}.install()
from twisted.internet import reactor
import pcstream.internet.reactor
assert reactor is pcstream.internet.reactor is not first
from twisted.internet.error import ReactorAlreadyInstalledError
try:
    {chosen}.install()
except ReactorAlreadyInstalledError:
    print(type(reactor).__module__)
""")
    assert done.lines == [f"pcstream.internet.{chosen}"], done.errors


def test_a_reactor_in_the_place_of_twisted_s_is_ours_too(program: Run) -> None:
    done = program("""
import sys
import twisted.internet
from twisted.internet import main, reactor, task
from twisted.protocols import policies
import pcstream.internet
import unittest.mock

class Late(policies.TimeoutMixin):  # asks for the reactor when it needs one
    timeoutConnection = None

clock = task.Clock()
with unittest.mock.patch("twisted.internet.reactor", clock):
    late = Late()
    late.setTimeout(5)
    assert pcstream.internet.reactor is clock
print(len(clock.getDelayedCalls()), pcstream.internet.reactor is reactor)

# as Twisted's own tests set a reactor aside
del sys.modules["twisted.internet.reactor"], twisted.internet.reactor
main.installReactor(clock)
from pcstream.internet import reactor as seen
print(seen is clock)
sys.modules["twisted.internet.reactor"] = twisted.internet.reactor = reactor
from pcstream.internet import reactor as seen
print(seen is reactor)

# without any the next import installs one, from either side
del sys.modules["twisted.internet.reactor"], twisted.internet.reactor
assert not hasattr(pcstream.internet, "reactor")
from pcstream.internet import reactor as new
print(new is not reactor, twisted.internet.reactor is new)
del sys.modules["twisted.internet.reactor"], twisted.internet.reactor
import twisted.internet.reactor
print(twisted.internet.reactor not in (new, reactor))
""")
    assert done.lines == ["1 True", "True", "True", "True True", "True"], done.errors


@pytest.mark.parametrize(
    ("first", "named"),
    [
        ("from twisted.internet import reactor", "twisted.internet.reactor and "),
        ("import twisted.web.server", "twisted.internet.abstract and "),
        ("import twisted.python.runtime", "twisted.python.runtime was"),
    ],
)
def test_too_late(python: Run, first: str, named: str) -> None:
    done = python("-c", f"{first}\n{INSTALL}")
    assert done.status == 1
    last = done.errors.splitlines()[-1]
    assert last.startswith(f"pcstream.swap._installing.TooLate: too late: Twisted's own {named}")
    assert "before the first import of Twisted, or start the program with 'pcstream run'" in last


def test_too_late_changes_nothing(python: Run) -> None:
    done = python(
        "-c",
        "import sys, twisted.internet.defer\nbefore = list(sys.meta_path)\nimport pcstream.swap\n"
        "try: pcstream.swap.install()\nexcept pcstream.swap.TooLate as error: print(error.name)\n"
        "print([f for f in sys.meta_path if type(f).__name__ == 'SwapFinder'])\n"
        "from twisted.internet import tcp; print(tcp.__name__)",
    )
    assert done.lines == ["twisted.internet.defer", "[]", "twisted.internet.tcp"], done.errors


def test_twisted_itself_may_be_there(python: Run) -> None:
    done = python(
        "-c", f"import twisted\n{INSTALL}from twisted.internet import tcp; print(tcp.__name__)"
    )
    assert done.lines == ["pcstream.internet.tcp"], done.errors

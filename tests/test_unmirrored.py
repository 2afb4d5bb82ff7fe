"""A name that only Twisted has: the error names it and says what to do; probes notice nothing."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from operator import attrgetter
from types import ModuleType

import pytest

import pcstream
from pcstream import _unmirrored
from pcstream.internet import defer


def test_an_absent_module_is_named_and_something_can_be_done() -> None:
    with pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module("pcstream.web")
    assert isinstance(caught.value, _unmirrored.UnmirroredModule)
    assert caught.value.name == "pcstream.web"
    assert str(caught.value) == (
        "pcstream has no web, Twisted has: keep Twisted for it (import twisted.web), and start "
        "the program with 'pcstream run', which puts it on pcstream. docs/coverage.rst lists "
        "what pcstream has"
    )


def test_an_absent_module_of_a_package_that_is_here() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"pcstream has no internet\.inotify, Twisted"):
        importlib.import_module("pcstream.internet.inotify")


def test_an_import_statement_says_the_same_of_a_module() -> None:
    with pytest.raises(ImportError, match=r"no internet\.inotify, Twisted has.*twisted\.internet"):
        exec("from pcstream.internet import inotify")
    with pytest.raises(ImportError, match=r"no web, Twisted has: .*import twisted\.web"):
        exec("from pcstream import web")
    with pytest.raises(ImportError, match=r"no web, Twisted has"):
        exec("from pcstream.web.server import Site")


@pytest.mark.parametrize("name", ["pcstream.nosuch", "pcstream.internet.nosuch", "nosuch"])
def test_a_module_that_nobody_has_is_an_ordinary_error(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named") as caught:
        importlib.import_module(name)
    assert type(caught.value) is ModuleNotFoundError


@pytest.mark.parametrize("name", ["pcstream.web", "pcstream.internet.inotify", "pcstream.nosuch"])
def test_probing_for_a_module_finds_none(name: str) -> None:
    assert importlib.util.find_spec(name) is None


def test_what_is_here_is_found() -> None:
    assert importlib.util.find_spec("pcstream.internet.tcp") is not None


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that the list says Twisted's defer has, and ours does not have."""
    monkeypatch.setattr(_unmirrored, "_names", {"internet.defer": frozenset({"onlyTwisted"})})


def importing(statement: str) -> str:
    with pytest.raises(ImportError) as caught:
        exec(statement)
    return str(caught.value)


def test_an_absent_name_is_named_and_something_can_be_done(known: None) -> None:
    told = importing("from pcstream.internet.defer import onlyTwisted")
    assert told == (
        "pcstream.internet.defer has no onlyTwisted, Twisted's has: keep Twisted for it "
        "(from twisted.internet.defer import onlyTwisted), and start the program with "
        "'pcstream run', which puts it on pcstream. docs/coverage.rst lists what pcstream has"
    )


def test_an_absent_name_is_an_attribute_error_where_no_import_is(known: None) -> None:
    with pytest.raises(AttributeError, match="keep Twisted for it") as caught:
        attrgetter("onlyTwisted")(defer)
    assert caught.value.name == "onlyTwisted"
    assert not hasattr(defer, "onlyTwisted")
    assert getattr(defer, "onlyTwisted", None) is None


def test_a_name_that_nobody_has_is_an_ordinary_error(known: None) -> None:
    told = importing("from pcstream.internet.defer import nosuch")
    assert told.startswith("cannot import name 'nosuch' from 'pcstream.internet.defer'")
    with pytest.raises(AttributeError) as caught:
        attrgetter("nosuch")(defer)
    assert str(caught.value) == "module 'pcstream.internet.defer' has no attribute 'nosuch'"


def test_private_names_are_not_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_unmirrored, "_names", {"internet.defer": frozenset({"_private"})})
    assert "cannot import name" in importing("from pcstream.internet.defer import _private")


def test_every_mirrored_module_explains() -> None:
    for name in ("internet.tcp", "protocols.basic", "python.log", "trial.unittest"):
        module = importlib.import_module(f"pcstream.{name}")
        assert "__getattr__" in vars(module), name


def test_a_module_that_is_not_imported_yet_is_not_called_absent() -> None:
    code = """
import pcstream
try:
    pcstream.internet
except AttributeError as error:
    print(error)
from pcstream import internet
print(internet.__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "module 'pcstream' has no attribute 'internet'",
        "pcstream.internet",
    ]


def test_importing_what_is_here_reads_no_list() -> None:
    code = """
import sys
import pcstream.internet.tcp
from pcstream.internet import defer, reactor
from pcstream.protocols import basic
from pcstream import _unmirrored
assert not _unmirrored._names
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_there_is_one_finder_and_it_is_the_last() -> None:
    importlib.reload(pcstream)
    finders = [finder for finder in sys.meta_path if finder is _unmirrored.TwistedOnly]
    assert finders == [_unmirrored.TwistedOnly]


def test_a_module_with_its_own_answer_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    package = importlib.import_module("pcstream.internet")
    module = ModuleType("pcstream.internet.ownanswer")
    vars(module)["__getattr__"] = lambda name: name
    monkeypatch.setattr(package, "ownanswer", module, raising=False)
    assert module.anything == "anything"


def test_the_list_has_modules_and_names() -> None:
    names = _unmirrored.twisted_names()
    assert "Deferred" in names["internet.defer"]
    assert "web.server" in names
    assert not any(name.startswith("twisted") for name in names)

"""Names of objects and objects by name."""

from __future__ import annotations

import os
import sys
import weakref
import xml.dom
import xml.dom.minidom
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from pcstream.python import reflect


class Base:
    rows = [1]
    table = {"a": 1}

    def do_open(self) -> str:
        return "base"

    def do_close(self) -> None: ...

    def other(self) -> None: ...

    @classmethod
    def do_class(cls) -> None: ...

    class Inner:
        def method(self) -> None: ...


class Derived(Base):
    rows = [2]
    table = {"a": 2, "b": 3}

    def do_open(self) -> str:
        return "derived"

    def do_more(self) -> None: ...

    def do_(self) -> None: ...


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __str__(self) -> str:
        raise RuntimeError("no str")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("os", os),
        ("os.path.join", os.path.join),
        ("xml.dom.minidom", xml.dom.minidom),
        ("collections.OrderedDict.__name__", "OrderedDict"),
    ],
)
def test_namedAny_finds_modules_objects_and_attributes(name: str, found: Any) -> None:
    assert reflect.namedAny(name) is found or reflect.namedAny(name) == found


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("", reflect.InvalidName, "Empty module name"),
        (
            "os..path",
            reflect.InvalidName,
            "name must be a string giving a '.'-separated list of Python identifiers, "
            "not 'os..path'",
        ),
        ("nosuchmodule", reflect.ModuleNotFound, "No module named 'nosuchmodule'"),
        ("no.such.module", reflect.ObjectNotFound, "'no.such.module' does not name an object"),
        ("os.nothing", AttributeError, "module 'os' has no attribute 'nothing'"),
        ("xml.nothing.more", AttributeError, "module 'xml' has no attribute 'nothing'"),
    ],
)
def test_namedAny_says_what_is_wrong(name: str, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught:
        reflect.namedAny(name)
    assert type(caught.value) is kind
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("1 / 0", ZeroDivisionError),
        ("import a_module_that_is_not_there", ImportError),
        ("raise ImportError('mine')", ImportError),
        ("raise AttributeError('mine')", AttributeError),
    ],
)
def test_an_error_inside_a_module_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, kind: type[Exception]
) -> None:
    (tmp_path / "broken_on_import.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    for _ in range(2):  # a failed import leaves nothing behind
        with pytest.raises(kind):
            reflect.namedAny("broken_on_import.Thing")
    assert "broken_on_import" not in sys.modules


def test_modules_and_their_objects_by_name() -> None:
    assert reflect.namedModule("xml.dom") is xml.dom
    assert reflect.namedObject("os.path.join") is os.path.join
    assert reflect.namedClass("collections.deque") is deque
    assert reflect.requireModule("xml.dom") is xml.dom
    assert reflect.requireModule("no.such.module") is None
    assert reflect.requireModule("no.such.module", 5) == 5


def test_names_of_objects() -> None:
    assert reflect.qual(Base.Inner) == f"{__name__}.Inner"
    assert reflect.fullyQualifiedName(Base.Inner) == f"{__name__}.Base.Inner"
    assert reflect.fullyQualifiedName(Base.Inner().method) == f"{__name__}.Base.Inner.method"
    assert reflect.fullyQualifiedName(Derived().do_close) == f"{__name__}.Base.do_close"
    assert reflect.fullyQualifiedName(xml.dom) == "xml.dom"
    assert reflect.fullyQualifiedName(len) == "len"
    with pytest.raises(AttributeError):
        reflect.fullyQualifiedName(5)
    assert reflect.fullFuncName(os.path.join) == f"{os.path.__name__}.join"
    with pytest.raises(AttributeError):
        reflect.fullFuncName(Base.do_open)
    assert reflect.getClass(5) is int


def test_methods_by_prefix() -> None:
    assert reflect.prefixedMethodNames(Derived, "do_") == ["open", "close", "more"]
    derived = Derived()
    assert reflect.prefixedMethods(derived, "do_") == [
        derived.do_open,
        derived.do_close,
        derived.do_more,
    ]
    found: dict[str, Any] = {}
    reflect.accumulateMethods(derived, found, "do_", Base)
    assert list(found) == ["open", "close"]
    assert found["open"]() == "derived"
    names: dict[str, int] = {}
    reflect.addMethodNamesToDict(Derived, names, "do_", Base)
    assert names == {"open": 1, "more": 1}


def test_class_attributes_are_gathered_bases_first() -> None:
    rows: list[int] = []
    reflect.accumulateClassList(Derived, "rows", rows)
    assert rows == [1, 2]
    table: dict[str, int] = {}
    reflect.accumulateClassDict(Derived, "table", table)
    assert table == {"a": 2, "b": 3}


def test_a_queue_method_notes_its_calls() -> None:
    calls: list[Any] = []
    reflect.QueueMethod("name", calls)(1, 2)
    assert calls == [("name", (1, 2))]


def test_a_file_is_named_by_the_packages_around_it(tmp_path: Path) -> None:
    package = tmp_path / "outer" / "inner"
    package.mkdir(parents=True)
    (tmp_path / "outer" / "__init__.py").touch()
    (package / "__init__.py").touch()
    assert reflect.filenameToModuleName(str(package / "thing.py")) == "outer.inner.thing"
    assert reflect.filenameToModuleName(os.fsencode(package / "thing.so")) == "outer.inner.thing"
    assert reflect.filenameToModuleName(str(package)) == "outer.inner"
    assert reflect.filenameToModuleName("alone.py") == "alone"


def test_text_of_broken_objects() -> None:
    for safe in (reflect.safe_repr, reflect.safe_str):
        text = safe(Broken())
        assert text.startswith("<Broken instance at 0x")
        assert "RuntimeError: no " in text
    assert reflect.safe_repr([1]) == "[1]"
    assert reflect.safe_str(b"t\xc3\xbc") == "t\xfc"
    assert reflect.safe_str(b"\xff") == "b'\\xff'"


def test_a_class_that_cannot_even_be_named_is_reported() -> None:
    class Nameless(type):
        @property
        def __name__(cls) -> str:  # type: ignore[override]
            raise RuntimeError("no name")

        def __str__(cls) -> str:
            raise RuntimeError("no str")

    class Victim(Broken, metaclass=Nameless):
        pass

    assert f"<BROKEN CLASS AT 0x{id(Victim):x}>" in reflect.safe_repr(Victim())


def test_where_an_object_is_referred_to() -> None:
    class Holder:
        def method(self) -> None: ...

    goal, holder = object(), Holder()
    holder.items = [goal, {"key": goal}, deque([goal])]  # type: ignore[attr-defined]
    assert reflect.objgrep(holder, goal, reflect.isSame) == [
        ".items[0]",
        ".items[1]['key']",
        ".items[2][0]",
    ]
    assert reflect.objgrep(holder, goal, reflect.isSame, maxDepth=1) == []
    assert reflect.objgrep({goal: "value"}, goal, reflect.isSame) == ["{'value'}"]
    method = holder.method
    assert ".__self__" in reflect.objgrep(method, holder, reflect.isSame)
    assert reflect.objgrep(weakref.ref(holder), goal, reflect.isSame)[0] == "().items[0]"
    assert reflect.findInstances([1, "a", {"b": 2.0}], float) == ["[2]['b']"]
    circle: list[Any] = []
    circle.append(circle)
    assert reflect.objgrep(circle, goal, reflect.isSame) == []


def test_the_public_names_are_twisteds() -> None:
    twisted = pytest.importorskip("twisted.python.reflect")
    assert set(reflect.__all__) == set(twisted.__all__)

"""``pcstream check``: whole code bases, what stands beside their text, their libraries."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("libcst")

from pcstream.cli import check as verb
from pcstream.cli import main
from pcstream.cli.check import Finding
from pcstream.cli.status import Status
from pcstream.swap._libraries import Interpreter, NoInterpreter, follow, imports_of
from pcstream.swap._names_used import Unread
from pcstream.swap._side_files import read_side
from pcstream.swap._verdict import Checked, Verdict, check

Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A function: texts by relative path -> the folder that has them."""

    def write(**texts: str) -> Path:
        return write_all({f"{name}.py": text for name, text in texts.items()})

    def write_all(texts: dict[str, str]) -> Path:
        folder = tmp_path / "base"
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return folder

    write.all = write_all  # type: ignore[attr-defined]
    return write


def checked(folder: Path, **options: Any) -> Checked:
    return check([folder], **options)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("print(1)", Verdict.SWAP),
        ("from twisted.internet import defer, reactor", Verdict.SWAP),
        ("from twisted.internet.defer import *", Verdict.SWAP),
        (
            "from twisted.python import log\nfrom twisted.python.versions import Version",
            Verdict.SWAP,
        ),
        ("import twisted\nprint(twisted.__version__)", Verdict.SWAP),
        ("from twisted.web import server", Verdict.RUN),
        ("try: import twisted.web\nexcept ImportError: pass", Verdict.RUN),
        ("mock.patch('twisted.web.client.Agent')", Verdict.RUN),
        ("X = ['twisted.web.client']", Verdict.SWAP),
        ("if TYPE_CHECKING:\n from twisted.web import server", Verdict.SWAP),
        ("import_module(f'twisted.internet.{x}')", Verdict.RUN),
        ("run('''from twisted.web import server\n''')", Verdict.RUN),
        ("from twisted.internet.defer import nosuch", Verdict.NOT_YET),
        ("from twisted.internet import defer\ndefer._nosuch", Verdict.NOT_YET),
        ("try: from twisted.internet.defer import x\nexcept ImportError: x = 1", Verdict.SWAP),
        ("from twisted.internet import iocpreactor", Verdict.NOT_YET),
        ("if win32:\n from twisted.internet import iocpreactor", Verdict.RUN),
        ("from twisted.internet.defer import nosuch\nimport twisted.web", Verdict.NOT_YET),
        ("try: import twisted.internet.gone\nexcept ImportError: pass", Verdict.SWAP),
        ("import twisted.internet.gone", Verdict.RUN),
        ("from twisted.internet import defer\nhasattr(defer, 'nosuch')", Verdict.SWAP),
        ("from twisted.internet import defer\ngetattr(defer, 'nosuch', 1)", Verdict.SWAP),
        ("from twisted.internet import defer\ngetattr(defer, 'nosuch')", Verdict.NOT_YET),
        (
            "from twisted.internet import task as t\ntry: t.x\nexcept AttributeError: 1",
            Verdict.SWAP,
        ),
        ("from twisted.internet import task as t\ntry: t.x\nexcept Exception: 1", Verdict.NOT_YET),
        # what is swapped and what stays hang together
        ("from twisted.python import log, versions", Verdict.RUN),
        ("import twisted\nprint(twisted.version, twisted.internet.defer)", Verdict.RUN),
        ("import twisted.internet.defer\nprint(twisted.version)", Verdict.RUN),
        ("import twisted.internet.defer\nimport twisted\nprint(twisted.version)", Verdict.SWAP),
        ("import twisted.python.versions\ntwisted.internet.defer", Verdict.RUN),
        ("import twisted.internet.defer\npcstream = 1", Verdict.RUN),
    ],
)
def test_verdicts(written: Written, text: str, verdict: Verdict) -> None:
    assert checked(written(a=text)).verdict is verdict


def test_reasons_have_a_line(written: Written) -> None:
    folder = written(a="import os\n\nfrom twisted.web import (\n    server)\n")
    (reason,) = checked(folder).reasons
    assert reason.place is not None
    assert (reason.place.file, reason.place.line) == (folder / "a.py", 3)
    assert str(reason) == (
        f"{folder / 'a.py'}:3: twisted.web.server: pcstream has nothing of twisted.web"
    )


def test_files_that_cannot_be_read_are_named_and_the_rest_is_read(written: Written) -> None:
    folder = written(a="import twisted\nprint 'no'", b="from twisted.web import server")
    found = checked(folder)
    assert [(place.file.name, place.line) for place, _ in found.unread] == [("a.py", 2)]
    assert found.verdict is Verdict.RUN


def test_a_file_that_runs_and_cannot_be_read_might_hold_anything(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: bytes) -> None:
        raise Unread(3, "no Python that can be parsed")

    monkeypatch.setattr("pcstream.swap._verdict.read", refuse)
    (reason,) = checked(written(a="import twisted")).reasons
    assert str(reason.place).endswith("a.py:3")
    assert checked(written(a="import twisted\nprint 1")).verdict is Verdict.SWAP


def test_a_stub_is_for_type_checkers(written: Written) -> None:
    folder = written.all({"a.pyi": "from twisted.web import server"})  # type: ignore[attr-defined]
    assert checked(folder).verdict is Verdict.SWAP


def test_which_files_are_read(written: Written) -> None:
    web = "import twisted.web"
    folder = written.all(  # type: ignore[attr-defined]
        {
            "a/b/c.py": web,
            "stub.pyi": web,
            "tool": f"#!/usr/bin/env python3\n{web}",
            "other": f"#!/usr/bin/env ruby\n{web}",
            "text.txt": web,
            ".hidden/a.py": web,
            "__pycache__/a.py": web,
            "venv/pyvenv.cfg": "",
            "venv/lib/a.py": web,
            "build/lib/a.py": web,
            "x.egg-info/a.py": web,
            "left/out.py": web,
        }
    )
    found = checked(folder, exclude=["left"])
    names = [str(file.path.relative_to(folder)) for file in found.files]
    assert sorted(names) == ["a/b/c.py", "stub.pyi", "tool"]
    assert len(checked(folder / "text.txt").files) == 1


def test_plugins_and_applications_and_namesakes(written: Written) -> None:
    defer = "from twisted.internet import defer"
    folder = written.all(  # type: ignore[attr-defined]
        {"twisted/plugins/mine.py": defer, "app.tac": defer, "b/twisted.py": defer}
    )
    found = checked(folder)
    said = {reason.place.file.name: reason.what for reason in found.reasons if reason.place}
    assert said == {
        "mine.py": "a plugin of Twisted's",
        "app.tac": "an application for twistd",
        "twisted.py": "a module called twisted, which is not Twisted",
    }
    assert found.verdict is Verdict.RUN


def test_a_module_of_that_name_in_a_package_is_nobodys_business(written: Written) -> None:
    folder = written.all(  # type: ignore[attr-defined]
        {"a/__init__.py": "", "a/twisted.py": "from twisted.internet import defer"}
    )
    assert checked(folder).verdict is Verdict.SWAP


@pytest.mark.parametrize(
    ("line", "said", "blocks"),
    [
        ("ExecStart=/usr/bin/twistd -n web", "starts", True),
        ('CMD ["python", "-m", "twisted", "web"]', "starts", True),
        ("python -m twisted web", "starts", True),
        ("    python -m twisted.trial mine", "trial", False),
        ("    coverage run $(which trial) mine", "", False),
        ("trial --reporter=text mine", "trial", False),
        ("commands = trial --reactor=poll mine", "a choice of reactor, poll", False),
        ("install_requires = Twisted>=20", "required", False),
        ('dependencies = ["twisted[tls]>=22"]', "required", False),
        ("  Twisted", "required", False),
        ("reactor = twisted.internet.pollreactor:install", "name", False),
        ("# twistd is not used", "", False),
        ("keywords = twistedly", "", False),
        ("path = doc/twisted.internet/x", "", False),
    ],
)
def test_what_stands_beside_the_text(line: str, said: str, blocks: bool) -> None:
    found = list(read_side(f"\n{line}\n"))
    assert [mention.line for mention in found] == [2] * bool(said)
    for mention in found:
        assert said in mention.what
        assert mention.blocks == blocks


@pytest.fixture
def interpreter(tmp_path: Path) -> Interpreter:
    """One that has a few packages."""
    place = tmp_path / "installed"
    texts = {
        "plain/__init__.py": "import os",
        "built/__init__.py": "from . import core",
        "built/core.py": "from twisted.internet import reactor",
        "parts/__init__.py": "",
        "parts/calm.py": "from .. import parts",
        "parts/tx.py": "import twisted.web",
        "deep.py": "from built.core import x",
        "perhaps.py": "try:\n    import twisted\nexcept ImportError:\n    twisted = None",
        "late.py": "def f():\n    import twisted.web",
        "typed.py": '"""\nimport twisted\n"""',
        "broken.py": "import twisted\nprint 1",
        "circle.py": "import circle, plain",
        "both.py": "def f(): import built\nimport plain, onward",
        "onward.py": "import built",
    }
    for name, text in texts.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = Interpreter()
    found.path = [place]
    return found


@pytest.mark.parametrize(
    ("module", "found"),
    [
        ("plain", None),
        ("built", ("built", "built.core", True)),
        ("built.core", ("built", "built.core", True)),
        ("parts", None),
        ("parts.calm", None),
        ("parts.tx", ("parts", "parts.tx", True)),
        ("deep", ("deep", "built.core", True)),
        ("perhaps", ("perhaps", "perhaps", False)),
        ("late", ("late", "late", False)),
        ("typed", None),
        ("broken", None),
        ("circle", None),
        ("both", ("both", "built.core", True)),
        ("os.path", None),
        ("twisted.web", None),
    ],
)
def test_libraries(
    interpreter: Interpreter, module: str, found: tuple[str, str, bool] | None
) -> None:
    followed = follow([module], ["mine"], interpreter)
    assert [(one.name, one.through, one.always) for one in followed.libraries] == [found] * (
        found is not None
    )
    assert followed.absent == ()


def test_libraries_that_are_absent_and_modules_of_ones_own(interpreter: Interpreter) -> None:
    followed = follow(["gone.for_good", "mine.x"], ["mine"], interpreter)
    assert followed.absent == ("gone",)


def test_a_library_that_is_built_on_twisted_means_run(
    written: Written, interpreter: Interpreter
) -> None:
    text = "from twisted.internet import defer\nimport built"
    found = checked(written(a=text), interpreter=interpreter)
    assert found.verdict is Verdict.RUN
    (reason,) = found.reasons
    assert "built" in str(reason)
    text = "from twisted.internet import defer\nimport perhaps"
    assert checked(written(a=text), interpreter=interpreter).verdict is Verdict.SWAP


def test_another_interpreter_is_asked() -> None:
    assert Interpreter(sys.executable).find("pytest") is not None
    with pytest.raises(NoInterpreter):
        Interpreter("/no/such/python")


def test_imports_of_a_text() -> None:
    text = "import a, b.c as d\nfrom e.f import (g,\n  h)\nfrom . import i\n  import j # k\n"
    text += "x = 'import l'"
    assert imports_of(text) == {"a", "b.c", "e.f", "j"}


# the verb


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", Finding.SWAP),
        ("import twisted.internet.defer", Finding.SWAP),
        ("import twisted.web", Finding.RUN),
        ("import twisted.internet.iocpreactor", Finding.NOT_YET),
    ],
)
def test_the_exit_status(written: Written, text: str, status: Finding) -> None:
    assert main.main(["check", str(written(a=text))]) == status


def test_every_status_is_documented() -> None:
    assert verb.__doc__ is not None
    for status in (Finding.SWAP, Finding.RUN, Finding.NOT_YET, Status.UNREADABLE, Status.FAILED):
        assert f"\n  {int(status)} " in verb.__doc__


def test_what_is_printed(written: Written, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "from twisted.internet.defer import Deferred\nfrom twisted.web import server\n"
        "from twisted.python.versions import Version\nfrom twisted.internet.task import react\n"
        "run('twisted.x y')\n"
    )
    folder = written(a=text, b="import twisted\nprint 1")
    assert main.main(["check", str(folder)]) == Finding.RUN
    out = capsys.readouterr().out
    assert out.startswith("run unchanged: 1 place needs what only Twisted has\n")
    for words in (
        f"{folder / 'a.py'}:2: twisted.web.server: pcstream has nothing of twisted.web",
        "not mirrored:\n  web.server ",
        "Twisted's, can stay:\n  python.versions ",
        "mirrored, with a difference:  (docs/differences)\n  internet.defer.Deferred",
        "\nmirrored:\n  internet.task.react ",
        f"{folder / 'a.py'}:5: a string",
        f"{folder / 'b.py'}:2: no Python that can be parsed",
    ):
        assert words in out, out


def test_long_lists_are_cut_short_unless_all_is_wanted(
    written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(a="import twisted.web\n" * 40)
    main.main(["check", str(folder)])
    assert "28 more; --all shows them" in capsys.readouterr().out
    main.main(["check", "--all", str(folder)])
    out = capsys.readouterr().out
    assert "more" not in out
    assert f"{folder / 'a.py'}:40" in out


def test_json(written: Written, capsys: pytest.CaptureFixture[str]) -> None:
    folder = written(a="from twisted.internet import defer\nimport twisted.web")
    assert main.main(["check", "--json", str(folder)]) == Finding.RUN
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "run unchanged"
    names = {name["name"]: name for name in found["names"]}
    assert names["twisted.internet.defer"]["mirrored"]
    assert names["twisted.internet.defer"]["differences"][0]["test"].startswith("test_")
    place = names["twisted.web"]["places"][0]
    assert (place["line"], place["how"]) == (2, "import")
    assert found["reasons"][0]["line"] == 2


def test_a_table_where_rich_is_there(written: Written, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich")
    from pcstream.cli.check_view import print_rich

    folder = written(a="from twisted.internet import task\nimport twisted.web")
    assert print_rich(checked(folder), False)
    out = capsys.readouterr().out
    assert "not mirrored" in out
    assert "┃" in out


def test_without_libcst_it_says_so(
    written: Written, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "libcst", None)
    for name in ("check", "swap"):
        assert main.main([name, str(written(a=""))]) == Status.FAILED
        assert "pcstream[swap]" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["check", "swap"])
def test_paths_and_interpreters_that_are_not_there(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = str(tmp_path / "gone")
    assert main.main([name, gone]) == Status.UNREADABLE
    assert gone in capsys.readouterr().err
    assert main.main([name, str(tmp_path), "--python", gone]) == Status.FAILED
    assert gone in capsys.readouterr().err


def test_progress_is_for_terminals(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with verb.Progress() as progress:
        progress.show("x")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with verb.Progress() as progress:
        progress.show("y" * 200)
    shown = capsys.readouterr().err
    assert max(map(len, shown.split("\r"))) == progress.COLUMNS
    assert shown.endswith(" \r")

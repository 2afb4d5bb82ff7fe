"""``pcstream swap``: what is rewritten, what is refused, and the way back."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("libcst")

from hypothesis import given, settings
from hypothesis import strategies as st

from pcstream.cli import main
from pcstream.cli import swap as verb
from pcstream.cli.check import Finding
from pcstream.cli.status import Status
from pcstream.swap._names_used import read
from pcstream.swap._rewriting import Misplaced, replace, rewritten
from pcstream.swap._verdict import File, Kind, reasons

Capture = pytest.CaptureFixture[str]


def there(source: bytes) -> bytes:
    return rewritten(source, read(source), "pcstream")


def back(source: bytes) -> bytes:
    return rewritten(source, read(source, "pcstream", "twisted"), "twisted")


PROGRAM = '''\
#!/usr/bin/env python
"""About twisted.internet.defer, and left alone."""
import twisted.internet.defer, os   # a comment on twisted.internet
import twisted.internet.task as task
from   twisted.internet   import (reactor,
                                  protocol as p, )
from twisted.protocols.basic import *; from twisted.python import log
from .twisted import defer
from . import twisted as mine
try:
    import twisted.internet.epollreactor
except ImportError:
    twisted = None
def f(x: "twisted.internet.defer.Deferred", y: 'list[twisted.internet.task.Clock]'):
    d = (twisted . internet
         .defer.Deferred)()
    with mock.patch("twisted.internet.reactor.callLater") as call, patch(
        u"twisted.python.log"): print("twisted.internet is loved", twisted is None)
    mine.twisted.internet.defer
X = {'a': r'twisted.internet.selectreactor.SelectReactor', "b": "twisted.web.server"}
logging.getLogger("twisted.internet")
RUN = """
from twisted.internet import defer, reactor
import twisted.python.log
"""
def g(twisted): return twisted.internet.defer
'''
SWAPPED = '''\
#!/usr/bin/env python
"""About twisted.internet.defer, and left alone."""
import pcstream.internet.defer, os   # a comment on twisted.internet
import pcstream.internet.task as task
from   pcstream.internet   import (reactor,
                                  protocol as p, )
from pcstream.protocols.basic import *; from pcstream.python import log
from .twisted import defer
from . import twisted as mine
try:
    import pcstream.internet.epollreactor
except ImportError:
    pcstream = None
def f(x: "pcstream.internet.defer.Deferred", y: 'list[pcstream.internet.task.Clock]'):
    d = (pcstream . internet
         .defer.Deferred)()
    with mock.patch("pcstream.internet.reactor.callLater") as call, patch(
        u"pcstream.python.log"): print("twisted.internet is loved", pcstream is None)
    mine.twisted.internet.defer
X = {'a': r'pcstream.internet.selectreactor.SelectReactor', "b": "twisted.web.server"}
logging.getLogger("twisted.internet")
RUN = """
from pcstream.internet import defer, reactor
import pcstream.python.log
"""
def g(twisted): return twisted.internet.defer
'''


def test_every_form_and_nothing_else() -> None:
    assert there(PROGRAM.encode()).decode() == SWAPPED
    assert back(SWAPPED.encode()).decode() == PROGRAM


@pytest.mark.parametrize(
    ("encoding", "end"),
    [
        ("utf-8", "\n"),
        ("utf-8", "\r"),
        ("utf-8-sig", "\r\n"),
        ("latin-1", "\n"),
        ("cp1251", "\r\n"),
    ],
)
def test_the_bytes_are_kept(encoding: str, end: str) -> None:
    letter = "\xe9" if encoding != "cp1251" else "\u0416"
    cookie = "" if encoding.startswith("utf") else f"# -*- coding: {encoding} -*-\n"
    text = f"{cookie}x = '{letter}'; from twisted.internet import task\n"
    text += f"if x:\n\ttask.react  # {letter}\x0c"
    source = text.replace("\n", end).encode(encoding)
    after = there(source)
    assert after == text.replace("twisted", "pcstream").replace("\n", end).encode(encoding)
    assert back(after) == source


def test_what_stays_is_left() -> None:
    source = (
        b"import twisted\nimport twisted.internet.defer\nfrom twisted.python.versions import V\n"
        b"from twisted import version\nprint(twisted.__version__, twisted.internet.defer.fail)\n"
    )
    after = there(source)
    assert after == (
        b"import twisted\nimport pcstream.internet.defer\n"
        b"from twisted.python.versions import V\nfrom twisted import version\n"
        b"print(twisted.__version__, pcstream.internet.defer.fail)\n"
    )
    assert back(after) == source


def test_a_name_that_is_only_tried_is_not_left_to_twisted() -> None:
    source = (
        b"try:\n    from twisted.internet.defer import fail, _nosuch\n"
        b"except ImportError:\n    pass\n"
    )
    assert there(source) == source.replace(b"twisted", b"pcstream")
    assert back(there(source)) == source


def test_what_only_pcstream_has_stays_on_the_way_back() -> None:
    source = b"from pcstream import zero_copy\nfrom pcstream.internet import defer\n"
    assert back(source) == b"from pcstream import zero_copy\nfrom twisted.internet import defer\n"


def test_global_statements_go_with_their_import() -> None:
    source = b"def f():\n    global twisted\n    import twisted.internet.task\n    del twisted\n"
    assert there(source) == source.replace(b"twisted", b"pcstream")
    source = b"twisted = 1\ndef f():\n    global twisted\n    twisted = 2\n"
    assert there(source) == source


LINES = [
    "def f():\n  global twisted\n  import twisted.internet.udp",
    "S = b'twisted.internet.defer'",
    "import twisted.internet.defer",
    "import twisted",
    "import twisted.internet.task as t, os",
    "from twisted.internet import reactor, defer",
    "from twisted.internet.defer import *",
    "from twisted.python.versions import Version",
    "print(twisted.internet.defer.succeed(1))",
    "print(twisted.__version__)",
    "twisted = None",
    "from .twisted import x",
    "mock.patch('twisted.internet.reactor')",
    "x: 'twisted.internet.defer.Deferred' = '\xe9'",
    "S = ('twisted.python.log' '''\ntwisted.internet''')",
    "def f(twisted): return twisted.internet.defer",
    "def f():\n\tfrom twisted.internet import tcp\n\treturn tcp.Server, twisted.python.log",
    "try:\n    import twisted.protocols.tls\nexcept ImportError: pass",
    "class A:\n  twisted = twisted",
    "# twisted.internet",
    "if 1: import twisted.trial.unittest; y = twisted",
    "run('''from twisted.internet import (defer,\n  task)\nimport twisted.python.log''')",
    "",
]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_there_and_back_gives_the_same_bytes(lines: list[str], end: str) -> None:
    source = "\n".join(lines).replace("\n", end).encode()
    reading = read(source)
    if reasons(File(Path("x.py"), Kind.PYTHON, reading)):
        return  # refused
    after = rewritten(source, reading, "pcstream")
    ast.parse(after)
    assert back(after) == source
    # and there is no more to do
    assert there(after) == after


def test_a_word_that_is_not_there_is_our_fault() -> None:
    with pytest.raises(Misplaced):
        replace("import twister", [(1, 7)], "twisted", "pcstream")


# the verb

Git = Callable[..., str]


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two files, current."""
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "a.py").write_text("from twisted.internet import defer\ndefer.succeed(1)\n")
    (folder / "setup.cfg").write_text("install_requires = Twisted\n")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def git(base: Path) -> Git:
    """A function: words -> what git printed; everything is committed."""

    def call(*words: str) -> str:
        who = ["-c", "user.name=n", "-c", "user.email=e@localhost"]
        done = subprocess.run(
            ["git", *who, *words], cwd=base, check=True, capture_output=True, text=True
        )
        return done.stdout

    try:
        call("init", "-q")
    except FileNotFoundError:
        pytest.skip("git is not installed")
    call("add", "-A")
    call("commit", "-q", "-m", "all")
    return call


def test_the_difference_is_shown_and_nothing_written(base: Path, capsys: Capture) -> None:
    before = (base / "a.py").read_bytes()
    assert main.main(["swap", "."]) == Finding.SWAP
    shown = capsys.readouterr()
    assert shown.out == (
        "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n-from twisted.internet import defer\n"
        "+from pcstream.internet import defer\n defer.succeed(1)\n"
    )
    assert "1 place in 1 file; nothing is written without --write" in shown.err
    assert "setup.cfg:1: left as it is: Twisted is required" in shown.err
    assert (base / "a.py").read_bytes() == before


def test_git_takes_the_difference(git: Git, base: Path, capsys: Capture) -> None:
    (base / "a.py").write_text("from twisted.internet import defer")  # no end of line
    git("commit", "-qam", "x")
    main.main(["swap", "."])
    (base / "d.patch").write_text(capsys.readouterr().out)
    git("apply", "d.patch")
    assert (base / "a.py").read_text() == "from pcstream.internet import defer"


def test_written_and_back(base: Path, capsys: Capture) -> None:
    (base / "a.py").chmod(0o751)
    (base / "link.py").symlink_to("a.py")
    before = (base / "a.py").read_bytes()
    assert main.main(["swap", "--write", "a.py"]) == Finding.SWAP
    assert b"from pcstream.internet" in (base / "a.py").read_bytes()
    assert (base / "a.py").stat().st_mode & 0o777 == 0o751
    assert main.main(["swap", "--back", "link.py"]) == Finding.SWAP
    assert "+from twisted.internet" in capsys.readouterr().out
    assert main.main(["swap", "--back", "--write", "link.py"]) == Finding.SWAP
    assert (base / "a.py").read_bytes() == before
    assert (base / "link.py").is_symlink()
    assert sorted(path.name for path in base.iterdir()) == ["a.py", "link.py", "setup.cfg"]


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("import twisted.web\n", Finding.RUN, "b.py:1: twisted.web: pcstream has nothing of"),
        ("from twisted.internet.defer import no\n", Finding.NOT_YET, "b.py:1: twisted.internet"),
    ],
)
def test_refused_as_a_whole(
    base: Path, capsys: Capture, text: str, status: Finding, said: str
) -> None:
    (base / "b.py").write_text(text)
    before = (base / "a.py").read_bytes()
    assert main.main(["swap", "--write", "."]) == status
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""
    assert (base / "a.py").read_bytes() == before
    assert main.main(["swap", "--write", ".", "--exclude", "b.py"]) == Finding.SWAP
    assert (base / "a.py").read_bytes() != before


def test_a_dirty_tree_is_refused(git: Git, base: Path, capsys: Capture) -> None:
    (base / "setup.cfg").write_text("changed")
    before = (base / "a.py").read_bytes()
    assert main.main(["swap", "--write", "."]) == Finding.DIRTY
    assert "not committed are setup.cfg;" in capsys.readouterr().err
    assert (base / "a.py").read_bytes() == before
    assert main.main(["swap", "."]) == Finding.SWAP
    assert main.main(["swap", "--write", "--dirty", "."]) == Finding.SWAP
    assert git("diff", "--name-only").split() == ["a.py", "setup.cfg"]
    assert main.main(["swap", "--write", "--back", "."]) == Finding.DIRTY


def test_files_unknown_to_git_count_if_they_would_be_changed(git: Git, base: Path) -> None:
    (base / "notes.txt").write_text("x")
    assert main.main(["swap", "--write", "."]) == Finding.SWAP
    git("commit", "-qam", "swapped")
    (base / "new.py").write_text("from twisted.internet import defer")
    assert main.main(["swap", "--write", "."]) == Finding.DIRTY


def test_a_clean_tree_goes_there_and_back(git: Git, base: Path) -> None:
    assert main.main(["swap", "--write", "."]) == Finding.SWAP
    git("commit", "-qam", "swapped")
    assert main.main(["swap", "--write", "--back", "."]) == Finding.SWAP
    assert git("diff", "HEAD~1", "--name-only") == ""


def test_files_that_have_both_are_named(base: Path, capsys: Capture) -> None:
    (base / "b.py").write_text(
        "from twisted.internet import task\nfrom pcstream.internet import defer\n"
    )
    assert main.main(["swap", "."]) == Finding.SWAP
    assert "b.py:2: uses pcstream already" in capsys.readouterr().err


def test_files_that_cannot_be_read_are_left_and_named(base: Path, capsys: Capture) -> None:
    (base / "b.py").write_text("import twisted\nprint 1")
    assert main.main(["swap", "--write", "."]) == Finding.SWAP
    assert "b.py:2: left alone: no Python" in capsys.readouterr().err
    (base / "c.py").write_text("import pcstream\nprint 1")
    assert main.main(["swap", "--write", "--back", "."]) == Finding.SWAP
    assert "c.py:2: left alone: no Python" in capsys.readouterr().err


def test_the_way_back_is_refused_where_it_would_tear_things_apart(
    base: Path, capsys: Capture
) -> None:
    (base / "b.py").write_text("from pcstream.internet import defer, endpoint_parsers\n")
    assert main.main(["swap", "--write", "--back", "."]) == Finding.RUN
    assert "b.py:1: one import" in capsys.readouterr().err


def test_nothing_to_do(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "a.py").write_text("print(1)")
    for more in ([], ["--back"], ["--write"]):
        assert main.main(["swap", str(tmp_path), *more]) == Finding.SWAP
    assert capsys.readouterr().out == ""


def test_every_status_is_documented() -> None:
    assert verb.__doc__ is not None
    for status in (*Finding, Status.UNREADABLE, Status.FAILED):
        assert f"\n  {int(status)} " in verb.__doc__


def test_a_path_that_is_not_there_on_the_way_back(capsys: Capture) -> None:
    assert main.main(["swap", "--back", "/no/such"]) == Status.UNREADABLE
    assert "/no/such" in capsys.readouterr().err


def test_a_swapped_program_runs_where_there_is_no_twisted(tmp_path: Path) -> None:
    program = (
        "import twisted.internet.defer\nfrom unittest import mock\n"
        "from twisted.internet import reactor\n"
        "with mock.patch('twisted.internet.defer.succeed', lambda x: x + 1):\n"
        "    print(twisted.internet.defer.succeed(1), reactor.__module__)\n"
    )
    text = "import sys; sys.modules['twisted'] = None\n" + there(program.encode()).decode()
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("2 pcstream.")

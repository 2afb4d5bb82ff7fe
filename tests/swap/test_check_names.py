"""What is found in one file: every form of import, of use, of string."""

from __future__ import annotations

import textwrap

import pytest

pytest.importorskip("libcst")

from pcstream.swap._names_used import How, Reading, Unread, read


def of(text: str) -> Reading:
    return read(textwrap.dedent(text).encode())


def names(text: str) -> list[tuple[str, str]]:
    return [(use.how.value, use.name) for use in of(text).uses]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import twisted", [("import", "")]),
        ("import twisted.internet.defer", [("import", "internet.defer")]),
        ("import twisted.internet.defer as d", [("import", "internet.defer")]),
        ("import os, twisted.web.server", [("import", "web.server")]),
        ("from twisted import web", [("from", "web")]),
        (
            "from twisted.internet import defer as d, reactor",
            [("from", "internet.defer"), ("from", "internet.reactor")],
        ),
        (
            "from twisted.internet.defer import (\n    Deferred,  # one\n    succeed,\n)",
            [("from", "internet.defer.Deferred"), ("from", "internet.defer.succeed")],
        ),
        ("from twisted.internet.defer import *", [("star import", "internet.defer")]),
        ("from .twisted import defer", []),
        ("from . import twisted\ntwisted.internet.defer", []),
        ("from .. twisted.internet import defer", []),
        ("from mine.twisted import defer\ndefer.Deferred", []),
        ("import mine.twisted\nmine.twisted.internet", []),
        ("import twistedly, untwisted.twisted", []),
        ("def f(twisted): return twisted.internet.defer", []),
        ("twisted = 1\ntwisted.real", []),
        ("# import twisted\n'''import twisted.web'''", []),
    ],
)
def test_imports(text: str, found: list[tuple[str, str]]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "from twisted.internet import defer\ndefer.Deferred.debug",
            "internet.defer.Deferred.debug",
        ),
        ("import twisted.internet as i\ni.defer.succeed(1)", "internet.defer.succeed"),
        ("import twisted\ntwisted.internet.task.react", "internet.task.react"),
        (
            "import twisted.internet.defer\ntwisted.web.server.Site",
            "web.server.Site",
        ),
        (
            "def f():\n    from twisted.python import log\n    def g(): log.msg(1)",
            "python.log.msg",
        ),
        (
            "from twisted.internet import defer\nclass A:\n    defer = 1\n"
            "    def f(self): return defer.fail",
            "internet.defer.fail",
        ),
        (
            "from twisted.internet import defer\n@defer.inlineCallbacks\ndef f(): pass",
            "internet.defer.inlineCallbacks",
        ),
        (
            "from twisted.internet import defer\ndef f() -> 'x[defer.X]': ...\ndefer.a",
            "internet.defer.a",
        ),
    ],
)
def test_dotted_uses(text: str, found: str) -> None:
    assert ("use", found) in names(text)


def test_the_local_name_alone_is_no_use() -> None:
    text = "from twisted.internet.defer import Deferred\nDeferred()\nprint(twisted=Deferred)"
    assert names(text) == [("from", "internet.defer.Deferred")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("getattr(defer, 'succeed')", "internet.defer.succeed"),
        ("mock.patch.object(defer, 'fail', new=1)", "internet.defer.fail"),
        ("self.patch(defer, 'Deferred', None)", "internet.defer.Deferred"),
        (
            "monkeypatch.setattr(defer, 'AlreadyCalledError', 1)",
            "internet.defer.AlreadyCalledError",
        ),
    ],
)
def test_attributes_by_their_names(text: str, found: str) -> None:
    assert ("looked up by name", found) in names(f"from twisted.internet import defer\n{text}")


def test_attributes_by_names_that_are_not_written_are_mentioned() -> None:
    (mention,) = of("from twisted.internet import defer\ngetattr(defer, name)").mentions
    assert (mention.line, mention.blocks) == (2, False)
    assert "internet.defer" in mention.what


@pytest.mark.parametrize(
    "call",
    [
        "mock.patch('twisted.web.client.Agent')",
        "patch(target='twisted.web.client.Agent')",
        "importlib.import_module('twisted.web.client.Agent')",
        "reflect.namedAny('twisted.web.client.Agent')",
        "__import__('twisted.web.client.Agent')",
        "del sys.modules['twisted.web.client.Agent']",
        "'twisted.web.client.Agent' in sys.modules",
        "pytest.importorskip('twisted.web.client.Agent')",
        "monkeypatch.setattr('twisted.web.client.Agent', None)",
        "x: 'twisted.web.client.Agent' = 1",
        "x: 'list[twisted.web.client.Agent]' = []",
        "def f(x: '''\n  twisted.web.client.Agent'''): pass",
        "cast('twisted.web.client.Agent', x)",
    ],
)
def test_strings_that_are_imported(call: str) -> None:
    (use,) = of(call).uses
    assert (use.how, use.name, use.imports) == (How.STRING, "web.client.Agent", True)
    assert use.column is not None
    line = call.split("\n")[use.line - 1]
    assert line[use.column :].startswith("twisted.web")


def test_a_dotted_path_for_whoever_wants_it() -> None:
    (use,) = of("X = {'reactor': 'twisted.internet.selectreactor:SelectReactor'}").uses
    assert (use.name, use.imports) == ("internet.selectreactor.SelectReactor", False)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("import_module(f'twisted.internet.{name}reactor')", True),
        ("import_module('twisted.internet.%sreactor' % name)", True),
        ("import_module('twisted.' + name)", True),
        ("print(f'twisted.internet.{name}')", False),
        ("logging.getLogger('twisted.web')", False),
        ("warnings.filterwarnings('ignore', module='twisted.web')", False),
        ("print('see twisted.web.server for that')", False),
        ("pytest.importorskip('twisted')", False),
    ],
)
def test_strings_that_are_only_mentioned(text: str, blocks: bool) -> None:
    found = of(text)
    assert found.uses == []
    assert any(mention.blocks for mention in found.mentions) == blocks
    assert found.mentions


def test_programs_in_strings_are_read() -> None:
    text = """
    run('''\\
    import sys
    from twisted.internet import reactor, defer
    import twisted.python.log as log
    assert "twisted.internet.task" in sys.modules
    ''')
    """
    assert names(text) == [
        ("string", "internet.defer"),
        ("string", "internet.reactor"),
        ("string", "python.log"),
        ("string", "internet.task"),
    ]


def test_examples_in_docstrings_are_read_and_prose_is_not() -> None:
    text = """
    def f():
        '''Import twisted.internet.defer yourself::

            from twisted.internet import defer
        '''
    def g():
        '''
        >>> from twisted.internet import defer
        '''
    """
    assert [(use.line, use.name) for use in of(text).uses] == [(9, "internet.defer")]


@pytest.mark.parametrize(
    ("before", "after", "guarded", "conditional", "types_only"),
    [
        ("", "", False, False, False),
        ("try:", "except ImportError: pass", True, False, False),
        ("try:", "except (KeyError, ModuleNotFoundError): pass", True, False, False),
        ("try:", "except: pass", True, False, False),
        ("try:", "except KeyError: pass", False, False, False),
        ("try:", "finally: pass", False, False, False),
        ("try:\n 1\nexcept ImportError:", "", False, False, False),
        ("if x:", "", False, True, False),
        ("if TYPE_CHECKING:", "", False, True, True),
        ("if typing.TYPE_CHECKING:", "", False, True, True),
        ("if TYPE_CHECKING:\n 1\nelse:", "", False, True, False),
        ("def f():", "", False, True, False),
    ],
)
def test_where_an_import_stands(
    before: str, after: str, guarded: bool, conditional: bool, types_only: bool
) -> None:
    text = f"{before}\n import twisted.web\n{after}" if before else "import twisted.web"
    (use,) = read(text.encode()).uses
    found = (use.guarded, use.conditional, use.types_only)
    assert found == (guarded, conditional, types_only)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (b"import twisted\nprint 'twisted'\n", 2),
        (b"import twisted\n(\n", 3),
        (b"# -*- coding: nonsense -*-\nimport twisted", 1),
        (b"import twisted # \xff", 1),
    ],
)
def test_what_cannot_be_read(source: bytes, line: int) -> None:
    with pytest.raises(Unread) as raised:
        read(source)
    assert raised.value.line <= line
    assert raised.value.why


def test_the_places_are_those_of_the_text() -> None:
    text = "# -*- coding: latin-1 -*-\r\nx = '\xe9'; import twisted.web\x0c\r\n"
    text += "if 1:\r\n\tfrom twisted import web\r\n"
    found = read(text.encode("latin-1"))
    lines = text.split("\r\n")
    for use in found.uses:
        assert use.column is not None
        assert lines[use.line - 1][use.column :].startswith("twisted")
    assert len(found.uses) == 2

"""Reads one file's text and names everything of Twisted that it uses, and where.

Needs LibCST. A *use* is a name written out: in an import, after a module's name, or in a string
that is a whole dotted path. What is not so plain is a *mention*.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

import libcst as cst
from libcst.metadata import (
    ImportAssignment,
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
    Scope,
    ScopeProvider,
)

#: Lines end as the language has it; ``str.splitlines`` ends them at form feeds as well.
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")

#: What takes the name of something to import: what it is given is used, not just said.
IMPORTERS = frozenset(
    {
        *("patch", "setattr", "delattr"),
        *("__import__", "import_module", "find_spec", "find_module", "resolve_name"),
        *("namedAny", "namedModule", "namedObject", "namedClass", "requireModule"),
        *("importorskip", "load_object", "import_string", "import_object"),
    }
)
#: What takes such names to filter what is logged or warned of.
FILTERS = frozenset({"getLogger", "filterwarnings", "simplefilter", "Version"})
#: What catches an import that fails.
IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
#: What catches that a module lacks a name; whoever catches everything does not expect that.
ATTRIBUTE_ERRORS = frozenset({"AttributeError"})


class How(Enum):
    """How a name is used."""

    IMPORT = "import"
    FROM = "from"
    STAR = "star import"
    DOTTED = "use"
    LOOKUP = "looked up by name"
    STRING = "string"
    BARE = "the package itself"


class Unread(Exception):
    """The file cannot be read as Python.

    :param line: where that shows.
    :param why: a few words.
    """

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"{line}: {why}")
        self.line = line
        self.why = why


@dataclass(frozen=True)
class Use:
    """A name of Twisted's in a file.

    :ivar name: without the package's name in front; empty for the package itself.
    :ivar line: counted from 1.
    :ivar column: counted from 0, where the package's name stands in the text; None if it does not.
    :ivar bound: the local name that an import binds.
    :ivar guarded: an import that may fail: the program catches that.
    :ivar conditional: in a function, or under an ``if``.
    :ivar types_only: only type checkers get there.
    :ivar imports: a string that something will import.
    """

    name: str
    how: How
    line: int
    column: int | None = None
    bound: str = ""
    guarded: bool = False
    conditional: bool = False
    types_only: bool = False
    imports: bool = True


@dataclass(frozen=True)
class Mention:
    """A place that has to do with Twisted and names nothing that could be judged.

    :ivar blocks: whether swapping the text of the rest might break it.
    """

    line: int
    what: str
    blocks: bool = False


@dataclass
class Reading:
    """What one file uses and mentions of *package*."""

    text: str = ""
    encoding: str = "utf-8"
    package: str = "twisted"
    uses: list[Use] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    #: names of the other package that it has bound, or imports that it has already
    other: list[Mention] = field(default_factory=list)


def decode(source: bytes) -> tuple[str, str]:
    """The text and the encoding to get the same bytes from it again.

    :raises Unread: there is none.
    """
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
        text = source.decode(encoding)
        if text.encode(encoding) == source:
            return text, encoding
    except (SyntaxError, UnicodeError, LookupError) as error:
        raise Unread(1, str(error)) from None
    raise Unread(1, f"as {encoding} its text does not give the same bytes again")


def read(source: bytes, package: str = "twisted", other: str = "pcstream") -> Reading:
    """What a file's text uses of *package*.

    :raises Unread: it is not Python that can be read.
    """
    text, encoding = decode(source)
    if package not in text:
        return Reading(text, encoding, package)
    try:
        wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
        reader = _Reader(package, other, Reading(text, encoding, package))
        wrapper.visit(reader)
    except cst.ParserSyntaxError as error:
        raise Unread(error.raw_line, "no Python that can be parsed") from None
    except RecursionError:
        raise Unread(1, "nested too deeply to be read") from None
    reader.found.uses.sort(key=lambda use: (use.line, use.column or 0, use.name))
    reader.found.mentions.sort(key=lambda mention: mention.line)
    return reader.found


def runs(source: bytes) -> bool:
    """Whether the interpreter takes *source*, though it may not be readable here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about its style
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def dotted(node: cst.BaseExpression | None) -> list[str] | None:
    """``["a", "b"]`` for ``a.b``; None for anything but names and dots."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return None
    return [node.value, *reversed(parts)]


def first(node: cst.BaseExpression) -> cst.BaseExpression:
    """The name that a dotted one begins with."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return node


class _Reader(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider, ScopeProvider, ParentNodeProvider)

    def __init__(self, package: str, other: str, found: Reading) -> None:
        super().__init__()
        self.package = package
        self.other = other
        self.found = found
        word = re.escape(package)
        self.path = re.compile(rf"{word}((?:\.[^\W\d]\w*)+)(?::([^\W\d]\w*(?:\.\w+)*))?")
        self.within = re.compile(rf"(?<![\w.]){word}((?:\.[^\W\d]\w*)+)")
        prompt = r"^[ \t]*(?:(?:>>>|\.\.\.)[ \t]+)?"
        self.program = re.compile(
            rf"(?:{prompt}|;[ \t]*)(?:from[ \t]+[\w.]+[ \t]+import\b|import[ \t]+\w)", re.M
        )
        self.lone = re.compile(rf"\bimport[ \t]+{word}(?![\w.])")
        self.statement = re.compile(
            rf"\bfrom[ \t]+{word}((?:\.\w+)*)[ \t]+import[ \t]+\(?([\w, \t*]+)"
        )

    # where things are

    def place(self, node: cst.CSTNode) -> tuple[int, int]:
        start = self.get_metadata(PositionProvider, node).start
        return start.line, start.column

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        found: cst.CSTNode | None = self.get_metadata(ParentNodeProvider, node, None)
        return found

    def above(self, node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
        """Each node above *node*, after the part of it that *node* is in."""
        inner, outer = node, self.parent(node)
        while outer is not None:
            yield inner, outer
            inner, outer = outer, self.parent(outer)

    def add(
        self,
        node: cst.CSTNode,
        how: How,
        name: str,
        *,
        token: bool,
        at: tuple[int, int] | None = None,
        bound: str = "",
        imports: bool = True,
        guarded: bool = False,
    ) -> None:
        line, column = at or self.place(node)
        conditional = types_only = False
        errors = ATTRIBUTE_ERRORS if how in (How.DOTTED, How.LOOKUP) else IMPORT_ERRORS
        for inner, outer in self.above(node):
            if isinstance(outer, (cst.Try, cst.TryStar)):
                catches = any(_catches(handler, errors) for handler in outer.handlers)
                guarded = guarded or (outer.body is inner and catches)
            elif isinstance(outer, cst.If):
                conditional = True
                types_only = types_only or (outer.body is inner and _checks_types(outer.test))
            elif isinstance(outer, cst.FunctionDef):
                conditional = True
        self.found.uses.append(
            Use(
                name=name,
                how=how,
                line=line,
                column=column if token else None,
                bound=bound,
                guarded=guarded,
                conditional=conditional,
                types_only=types_only,
                imports=imports,
            )
        )

    def mention(self, node: cst.CSTNode, what: str, *, blocks: bool = False) -> None:
        self.found.mentions.append(Mention(self.place(node)[0], what, blocks))

    # imports

    def visit_Import(self, node: cst.Import) -> bool:
        for alias in node.names:
            parts = dotted(alias.name)
            if parts is None:
                continue
            bound = alias.evaluated_alias or parts[0]
            if parts[0] == self.package:
                name = ".".join(parts[1:])
                self.add(first(alias.name), How.IMPORT, name, token=True, bound=bound)
            elif parts[0] == self.other:
                self.found.other.append(Mention(self.place(node)[0], ".".join(parts)))
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        parts = dotted(node.module)
        if node.relative or parts is None or node.module is None:
            return False
        if parts[0] == self.other:
            self.found.other.append(Mention(self.place(node)[0], ".".join(parts)))
        if parts[0] != self.package:
            return False
        token = first(node.module)
        if isinstance(node.names, cst.ImportStar):
            self.add(token, How.STAR, ".".join(parts[1:]), token=True)
            return False
        for alias in node.names:
            name = ".".join([*parts[1:], *(dotted(alias.name) or ())])
            bound = alias.evaluated_alias or alias.evaluated_name
            self.add(token, How.FROM, name, token=True, bound=bound)
        return False

    # names

    def imported(self, name: cst.Name) -> set[str]:
        """What of the package a local name may mean, without the package's name in front."""
        scope: Scope | None = self.get_metadata(ScopeProvider, name, None)
        if scope is None:
            return set()
        found = set()
        for assignment in scope[name.value]:
            if isinstance(assignment, ImportAssignment):
                found |= set(self.targets(assignment.node, name.value))
        return found

    def targets(self, node: cst.CSTNode, local: str) -> Iterator[str]:
        if isinstance(node, cst.Import):
            for alias in node.names:
                parts = dotted(alias.name) or [""]
                if parts[0] != self.package:
                    continue
                if alias.evaluated_alias == local:
                    yield ".".join(parts[1:])
                elif alias.asname is None and parts[0] == local:
                    yield ""
        elif isinstance(node, cst.ImportFrom) and not node.relative:
            parts = dotted(node.module) or [""]
            if parts[0] != self.package or isinstance(node.names, cst.ImportStar):
                return
            for alias in node.names:
                if (alias.evaluated_alias or alias.evaluated_name) == local:
                    yield ".".join([*parts[1:], *(dotted(alias.name) or ())])

    def visit_Name(self, node: cst.Name) -> None:
        if node.value == self.other:
            self.look_for_other(node)
        parent = self.parent(node)
        if isinstance(parent, cst.Attribute) and parent.attr is node:
            return
        if isinstance(parent, cst.Arg) and parent.keyword is node:
            return
        if isinstance(parent, cst.NameItem) and node.value == self.package:
            # global, nonlocal: of an import, if there is one
            self.add(node, How.BARE, "", token=True)
            return
        meanings = self.imported(node)
        if not meanings:
            return
        attributes = []
        for inner, outer in self.above(node):
            if not (isinstance(outer, cst.Attribute) and outer.value is inner):
                break
            attributes.append(outer.attr.value)
        token = node.value == self.package and "" in meanings
        for meaning in sorted(meanings):
            name = ".".join(filter(None, [meaning, *attributes]))
            if name:
                # the local name of an import is no further use of it
                if attributes or token:
                    self.add(node, How.DOTTED, name, token=token)
            elif token:
                self.add(node, How.BARE, "", token=True)

    def look_for_other(self, node: cst.Name) -> None:
        parent = self.parent(node)
        named = isinstance(parent, (cst.AssignTarget, cst.Param, cst.FunctionDef, cst.ClassDef))
        if named and getattr(parent, "value", None) is not node:
            line = self.place(node)[0]
            self.found.other.append(Mention(line, f"binds the name {self.other}", blocks=True))

    def visit_Call(self, node: cst.Call) -> None:
        if len(node.args) < 2:
            return
        parts = dotted(node.args[0].value)
        start = first(node.args[0].value)
        if parts is None or not isinstance(start, cst.Name):
            return
        for meaning in sorted(self.imported(start)):
            name = ".".join(filter(None, [meaning, *parts[1:]]))
            what = node.args[1].value
            if isinstance(what, cst.SimpleString):
                attribute = what.evaluated_value
                if isinstance(attribute, str) and attribute.isidentifier():
                    # asked whether it is there, or with something to take in its place
                    asked = dotted(node.func) == ["hasattr"] or (
                        dotted(node.func) == ["getattr"] and len(node.args) > 2
                    )
                    full = f"{name}.{attribute}"
                    self.add(node, How.LOOKUP, full, token=False, guarded=asked)
            elif dotted(node.func) in (["getattr"], ["setattr"], ["delattr"], ["hasattr"]):
                self.mention(node, f"a name of {self.package}.{name} that is not written here")

    # strings

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        raw = node.raw_value
        if self.package not in raw:
            return
        opening = len(node.prefix) + len(node.quote)
        importer, is_filter, types, is_text = self.context(node)
        # nothing is imported by a name in bytes
        found = None if "b" in node.prefix.lower() else self.path.fullmatch(raw)
        if found and not is_text and not is_filter:
            name = ".".join(filter(None, [found[1][1:], found[2]]))
            self.add_string(node, opening, name, imports=importer or types)
        elif types:
            for part in self.within.finditer(raw):
                self.add_string(node, opening + part.start(), part[1][1:], imports=True)
        elif raw == self.package and importer:
            self.mention(node, f"asks whether {self.package} is there, by its name")
        elif self.program.search(raw) and (not is_text or ">>>" in raw):
            self.read_program(node, opening, raw)
        elif is_filter:
            self.mention(node, f"a filter of logs or warnings: {raw[:60]}")
        elif not is_text and self.within.search(raw):
            self.mention(node, f"a string: {' '.join(raw.split())[:60]}")

    def visit_FormattedString(self, node: cst.FormattedString) -> None:
        part = node.parts[0] if node.parts else None
        if isinstance(part, cst.FormattedStringText) and part.value.startswith(self.package + "."):
            importer = self.context(node)[0]
            self.mention(node, f"a name made at run time: {part.value}...", blocks=importer)

    def visit_BinaryOperation(self, node: cst.BinaryOperation) -> None:
        text = node.left
        if isinstance(text, cst.SimpleString) and text.raw_value.startswith(self.package + "."):
            if text.raw_value.endswith(".") or isinstance(node.operator, cst.Modulo):
                importer = self.context(node)[0]
                what = f"a name made at run time: {text.raw_value}..."
                self.mention(node, what, blocks=importer)

    def read_program(self, node: cst.SimpleString, opening: int, raw: str) -> None:
        """Read a string that is a program, for another process or for doctest, line by line."""
        from_imports = list(self.statement.finditer(raw))
        for found in from_imports:
            at = opening + raw.index(self.package, found.start())
            for part in found[2].split(","):
                words = part.split()
                name = [*found[1].split("."), *(words[:1] if words[:1] != ["*"] else [])]
                self.add_string(node, at, ".".join(filter(None, name)), imports=True)
        for found in self.within.finditer(raw):
            if not any(other.start() <= found.start() < other.end() for other in from_imports):
                self.add_string(node, opening + found.start(), found[1][1:], imports=True)
        if self.lone.search(raw):
            self.mention(node, f"a program in a string that imports {self.package} as a whole")

    def add_string(self, node: cst.SimpleString, at: int, name: str, *, imports: bool) -> None:
        line, column = self.place(node)
        *closed, last = re.split(r"\r\n|\r|\n", node.value[:at])
        if closed:
            line, column = line + len(closed), 0
        place = (line, column + len(last))
        self.add(node, How.STRING, name, token=True, at=place, imports=imports)

    def context(self, node: cst.CSTNode) -> tuple[bool, bool, bool, bool]:
        """Is what *node* says imported; is it a filter; is it a type; is it only text to read."""
        importer = is_filter = types = False
        argument: cst.CSTNode | None = None
        for inner, outer in self.above(node):
            if isinstance(outer, cst.Annotation):
                types = True
            elif isinstance(outer, cst.Expr):
                return importer, is_filter, types, isinstance(inner, cst.BaseString)
            elif isinstance(outer, (cst.BaseSmallStatement, cst.BaseCompoundStatement)):
                break
            elif isinstance(outer, cst.Arg):
                argument = argument or outer
            elif isinstance(outer, cst.Call) and argument is inner:
                function = (dotted(outer.func) or [_last(outer.func)])[-1]
                importer = importer or function in IMPORTERS
                is_filter = is_filter or function in FILTERS
                types = types or (function in ("cast", "TypeVar") and outer.args[0] is inner)
            elif isinstance(outer, cst.Subscript):
                importer = importer or dotted(outer.value) == ["sys", "modules"]
            elif isinstance(outer, cst.Comparison):
                for target in outer.comparisons:
                    importer = importer or dotted(target.comparator) == ["sys", "modules"]
        return importer, is_filter, types, False


def _last(node: cst.BaseExpression) -> str:
    return node.attr.value if isinstance(node, cst.Attribute) else ""


def _catches(handler: cst.ExceptHandler | cst.ExceptStarHandler, errors: frozenset[str]) -> bool:
    """Whether one of *errors* ends here."""
    kind = handler.type
    if kind is None:
        return "Exception" in errors
    if isinstance(kind, cst.Tuple):
        names = [dotted(element.value) for element in kind.elements]
    else:
        names = [dotted(kind)]
    return any(name is not None and name[-1] in errors for name in names)


def _checks_types(test: cst.BaseExpression) -> bool:
    name = dotted(test)
    return name is not None and name[-1] == "TYPE_CHECKING"

"""Which of the installed packages that a program imports import Twisted themselves.

Such a package makes Deferreds and uses a reactor of Twisted's own. With the program's text alone
swapped, these would meet pcstream's. Nothing is imported; imports are followed in the text.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

#: Imports as they begin a line; those that this takes for one and are none are found out later.
IMPORT = re.compile(
    r"^([ \t]*)(?:from[ \t]+([A-Za-z_][\w.]*|\.+[\w.]*)[ \t]+import[ \t]+([^#\r\n]*)"
    r"|import[ \t]+([\w., \t]+))",
    re.M,
)
#: What is asked of an interpreter.
ASK = (
    "import json, sys; print(json.dumps([[p for p in sys.path if p], "
    "sorted(sys.stdlib_module_names)]))"
)
ASK_TIMEOUT_S = 60
#: The program of a test run is not what the tests are about: these adapt to Twisted where it is.
NEUTRAL = frozenset(
    {"twisted", "pcstream", "zope", "pytest", "_pytest", "hypothesis", "setuptools"}
)


class NoInterpreter(Exception):
    """What ``--python`` names does not answer."""


@dataclass(frozen=True)
class Library:
    """An installed package that has to do with Twisted.

    :ivar name: as it is imported.
    :ivar through: the module that imports Twisted, by way of those that the program imports.
    :ivar always: whether it does so whenever it is imported; else in a function, or if Twisted is
        there.
    """

    name: str
    through: str
    always: bool


def imports_of(text: str) -> set[str]:
    """The modules, absolute names only, that a text imports anywhere."""
    found = set()
    for match in IMPORT.finditer(text):
        if match[2]:
            if not match[2].startswith("."):
                found.add(match[2])
        else:
            found |= {part.split()[0] for part in match[4].split(",") if part.split()}
    return found


class Interpreter:
    """Where an interpreter finds its modules.

    :param executable: its path; this one by default.
    :raises NoInterpreter: it cannot be asked.
    """

    def __init__(self, executable: str | None = None) -> None:
        if executable is None:
            self.path = [Path(entry) for entry in sys.path if entry]
            self.standard = frozenset(sys.stdlib_module_names)
            return
        try:
            # -I: what is in the current folder is no installed package
            done = subprocess.run(
                [executable, "-I", "-c", ASK],
                capture_output=True,
                encoding="utf-8",
                timeout=ASK_TIMEOUT_S,
                check=True,
            )
            path, standard = json.loads(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise NoInterpreter(f"{executable} does not answer: {error}") from None
        self.path = [Path(entry) for entry in path]
        self.standard = frozenset(standard)

    @cached_property
    def _roots(self) -> list[Path]:
        return [entry for entry in self.path if entry.is_dir()]

    def find(self, module: str) -> Path | None:
        """The file with the text of *module*, if it has one."""
        parts = module.split(".")
        for root in self._roots:
            place = root.joinpath(*parts)
            for file in (place / "__init__.py", place.with_name(place.name + ".py")):
                if file.is_file():
                    return file
        return None

    def has(self, module: str) -> bool:
        """Whether there is anything of that name."""
        return self.find(module) is not None or any(
            (root / module).is_dir() or any(root.glob(f"{module}.*.so")) for root in self._roots
        )


@dataclass(frozen=True)
class Followed:
    """What came of following a program's imports."""

    libraries: tuple[Library, ...]
    absent: tuple[str, ...]


def follow(
    imported: Iterable[str],
    own: Iterable[str],
    interpreter: Interpreter,
    progress: Callable[[str], None] = lambda text: None,
) -> Followed:
    """The libraries among *imported* that import Twisted.

    :param imported: the modules that the program imports.
    :param own: the top-level names that are the program's own.
    :param interpreter: where the program's libraries are.
    """
    known = NEUTRAL | interpreter.standard | set(own)
    tops = sorted(name for name in set(imported) if name.split(".")[0] not in known)
    absent = {name.split(".")[0] for name in tops if not interpreter.has(name.split(".")[0])}
    found: dict[str, Library] = {}
    pages: dict[str, _Page | None] = {}
    for name in tops:
        top = name.split(".")[0]
        if top in absent or (top in found and found[top].always):
            continue
        progress(f"following the imports of {top}")
        library = _follow_one(name, interpreter, known, pages)
        if library is not None and (top not in found or library.always):
            found[top] = library
    return Followed(tuple(found.values()), tuple(sorted(absent)))


@dataclass(frozen=True)
class _Page:
    """A module's imports: those at the left margin, and the others.

    :ivar twisted: whether it imports Twisted whatever happens, or may; None if it never does.
    """

    always: frozenset[str]
    perhaps: frozenset[str]
    twisted: bool | None


def _follow_one(
    name: str,
    interpreter: Interpreter,
    known: Collection[str],
    pages: dict[str, _Page | None],
) -> Library | None:
    top, *rest = name.split(".")
    # importing a.b imports a first
    above = [".".join([top, *rest[:count]]) for count in range(len(rest))]
    for always in (True, False):
        seen = dict.fromkeys([*above, name])
        queue = deque(seen)
        while queue:
            module = queue.popleft()
            if module not in pages:
                pages[module] = _page(module, interpreter)
            page = pages[module]
            if page is None:
                continue
            if page.twisted or (page.twisted is False and not always):
                return Library(top, module, always)
            others = page.always if always else page.always | page.perhaps
            for other in sorted(others):
                if other not in seen and other.split(".")[0] not in known:
                    seen[other] = None
                    queue.append(other)
    return None


def _page(module: str, interpreter: Interpreter) -> _Page | None:
    file = interpreter.find(module)
    if file is None:
        return None
    try:
        text = file.read_text("utf-8", "replace")
    except OSError:
        return None
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    always: set[str] = set()
    perhaps: set[str] = set()
    for match in IMPORT.finditer(text):
        into = always if not match[1] else perhaps
        for name in _absolute(match, package):
            into.add(name)
    return _Page(frozenset(always), frozenset(perhaps - always), _imports_twisted(text))


def _absolute(match: re.Match[str], package: str) -> set[str]:
    """The modules that an import may load."""
    if not match[2]:
        return {part.split()[0] for part in match[4].split(",") if part.split()}
    base = match[2]
    if base.startswith("."):
        dots = len(base) - len(base.lstrip("."))
        parts = package.split(".")
        parts = parts[: len(parts) - dots + 1]
        base = ".".join(filter(None, [*parts, base.lstrip(".")]))
    names = [part.split()[0] for part in match[3].strip("() \t\\").split(",") if part.split()]
    return {base, *(f"{base}.{name}" for name in names if name.isidentifier())}


def _imports_twisted(text: str) -> bool | None:
    """Whether a module's text imports Twisted whatever happens, or may; None if it never does."""
    if "twisted" not in text:
        return None
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    if any(map(_is_twisted, tree.body)):
        return True
    return False if any(map(_is_twisted, ast.walk(tree))) else None


def _is_twisted(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] == "twisted" for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return not node.level and (node.module or "").split(".")[0] == "twisted"
    return False

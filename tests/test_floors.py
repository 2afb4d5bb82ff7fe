"""The house keeps its floors: who may import whom, read from the source with ``ast``.

docs/architecture.rst has the picture. A module imports its own floor and lower ones, never a
higher one, and modules never import each other in a circle while they load.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import pcstream

PACKAGE = Path(pcstream.__file__).parent

#: first match counts; paths without the leading ``pcstream.``
FLOORS: list[tuple[int, str, list[str]]] = [
    (0, "words", ["", "internet", "protocols", "trial", "test", "cli"]),
    (0, "words", ["_engine", "_engine.pollers"]),
    (0, "words", ["internet.interfaces", "internet.error", "internet.address"]),
    (0, "words", ["python", "python.*", "typing"]),
    (1, "promises", ["internet.defer", "internet.task"]),
    (2, "engine", ["_engine.*"]),
    (3, "reactor", ["internet.base", "internet.posixbase", "internet.reactor", "internet.default"]),
    (3, "reactor", ["internet.selectreactor", "internet.pollreactor", "internet.epollreactor"]),
    (3, "reactor", ["internet.kqreactor", "internet.asyncioreactor", "internet.main"]),
    (3, "reactor", ["internet.threads", "internet.fdesc"]),
    (4, "transports", ["internet.abstract", "internet.tcp", "internet.unix", "internet.udp"]),
    (4, "transports", ["internet.stdio", "internet.process", "internet.utils"]),
    (4, "transports", ["internet.protocol"]),
    # internet.testing has a line-sending protocol, so it stands above the line receivers
    (5, "protocols", ["protocols.*", "internet.ssl", "internet.testing"]),
    # TLS is a protocol, and endpoints can have it
    (5, "protocols", ["internet.endpoints", "internet.endpoint_parsers"]),
    (6, "streams", ["streams", "streams.*", "limits", "metrics"]),
    (7, "tools", ["conformance", "conformance.*", "trial.*", "swap", "swap.*", "cli.*", "test.*"]),
    (7, "tools", ["__main__", "_swap_option"]),
]

#: Modules that may reach upward, never while they load, and why.
DOORS = {
    "internet.posixbase": "reactor.listenTCP and its like make transports, which sit above it",
    "internet._starttls": "startTLS puts a protocol, TLS, between a transport and its own",
}
#: The default reactor is fetched late by whatever takes one as an option.
LATE_REACTOR = "internet.reactor"

#: Pure machines decide; they never touch the kernel.
MACHINES = ["outbox", "producer_slot", "closing", "relay", "deadlines", "meters"]
KERNEL = {"socket", "os", "select", "selectors", "fcntl", "signal", "ssl", "subprocess"}

#: A longer module is two modules. The list of all interfaces is one thing and stays one.
LONGEST_LINES = 800
LONG_BY_NATURE = {"internet.interfaces"}


@dataclass(frozen=True)
class Import:
    """One import statement of our own package."""

    line: int
    target: str
    #: runs while the importing module loads
    loading: bool
    #: only type checkers see it
    typing_only: bool


def short(path: Path) -> str:
    """``internet.tcp`` for ``pcstream/internet/tcp.py``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {short(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in SOURCES.items()}


def walk(node: ast.AST, late: bool, typed: bool) -> Iterator[tuple[ast.stmt, bool, bool]]:
    """Every import below *node*, with whether it is inside a function or a TYPE_CHECKING block."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            yield child, late, typed
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from walk(child, True, typed)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from walk(ast.Module(child.body, []), late, True)
            yield from walk(ast.Module(child.orelse, []), late, typed)
        else:
            yield from walk(child, late, typed)


def absolute(name: str, statement: ast.ImportFrom) -> str:
    """The full path of the module that a ``from`` statement names."""
    if not statement.level:
        return statement.module or ""
    package = ["pcstream", *name.split(".")]
    if SOURCES[name].name != "__init__.py":
        package.pop()
    base = package[: len(package) - statement.level + 1]
    return ".".join([*base, *filter(None, [statement.module])])


def imported(name: str) -> Iterator[tuple[str, int, bool, bool]]:
    """Every full module path that module *name* imports, ours or not."""
    for statement, late, typed in walk(TREES[name], False, False):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield alias.name, statement.lineno, late, typed
        elif isinstance(statement, ast.ImportFrom):
            module = absolute(name, statement)
            for alias in statement.names:
                whole = f"{module}.{alias.name}"
                is_module = whole.startswith("pcstream.") and whole[9:] in SOURCES
                yield (whole if is_module else module), statement.lineno, late, typed


def ours(name: str) -> list[Import]:
    """What module *name* imports from this package."""
    found = []
    for target, line, late, typed in imported(name):
        if target == "pcstream" or target.startswith("pcstream."):
            found.append(Import(line, target[9:], not late and not typed, typed))
    return found


IMPORTS = {name: ours(name) for name in SOURCES}


def declared(name: str) -> int | None:
    """The floor of a module by the table above."""
    for floor, _, patterns in FLOORS:
        if any(fnmatchcase(name, pattern) for pattern in patterns):
            return floor
    return None


def all_floors() -> dict[str, int]:
    """The floor of every module; a private helper stands on the lowest floor that uses it."""
    floors = {name: floor for name in SOURCES if (floor := declared(name)) is not None}
    private = [name for name in SOURCES if name not in floors]
    for _ in private:
        for name in private:
            users = [
                floors[user]
                for user, targets in IMPORTS.items()
                if user in floors and any(target.target == name for target in targets)
            ]
            if users:
                floors[name] = min(users)
    return floors


FLOOR_OF = all_floors()


def test_every_module_has_a_floor() -> None:
    lost = [name for name in SOURCES if name not in FLOOR_OF]
    assert not lost, f"give these a floor, or a module that uses them: {lost}"


@pytest.mark.parametrize("name", SOURCES)
def test_imports_only_its_own_floor_and_lower_ones(name: str) -> None:
    upward = []
    for use in IMPORTS[name]:
        target = use.target
        if FLOOR_OF.get(target, 0) <= FLOOR_OF.get(name, 0):
            continue
        late = not use.loading
        if late and (name in DOORS or (target == LATE_REACTOR and not use.typing_only)):
            continue
        upward.append(
            f"line {use.line}: {target} is on floor {FLOOR_OF[target]}, not {FLOOR_OF[name]}"
        )
    assert not upward, f"{name}: {upward}"


def test_the_doors_are_used() -> None:
    unused = [name for name in DOORS if name in SOURCES and not IMPORTS[name]]
    assert not unused


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {
        name: {use.target for use in uses if use.loading and use.target != name}
        for name, uses in IMPORTS.items()
    }
    # what imports nothing that is still there can be taken away; what stays is in a circle
    left = dict(graph)
    while done := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in done:
            del left[name]
    used = {target for targets in left.values() for target in targets}
    assert not left, f"a circle among {sorted(used & left.keys())}"


@pytest.mark.parametrize("name", SOURCES)
def test_imports_no_twisted(name: str) -> None:
    strangers = [
        f"line {line}: {target}"
        for target, line, _, _ in imported(name)
        if target == "twisted" or target.startswith("twisted.")
    ]
    assert not strangers


@pytest.mark.parametrize("machine", MACHINES)
def test_machines_do_not_touch_the_kernel(machine: str) -> None:
    name = f"_engine.{machine}"
    if name not in SOURCES:
        pytest.skip(f"there is no {name}")
    touched = {target.split(".")[0] for target, _, _, _ in imported(name)} & KERNEL
    assert not touched


@pytest.mark.parametrize("name", SOURCES)
def test_says_what_it_is_for(name: str) -> None:
    assert ast.get_docstring(TREES[name]), f"{SOURCES[name]} has no docstring"


@pytest.mark.parametrize("name", [name for name in SOURCES if name not in LONG_BY_NATURE])
def test_is_of_a_readable_length(name: str) -> None:
    lines = len(SOURCES[name].read_text("utf-8").splitlines())
    assert lines <= LONGEST_LINES, f"{name} has {lines} lines"

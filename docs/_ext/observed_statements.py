"""Reads what the tests say of Twisted: one statement for each test under tests/contract/observed.

The name of a test, ``test_twisted_C18_generator_is_used_up``, has the numbers of the rules that it
is about.  Its docstring begins with a mark and says what Twisted does, and, behind an empty line,
what this package does if that is something else.  Nothing is imported: the tests need not be able
to run where the documentation is built.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
OBSERVED = ROOT / "tests" / "contract" / "observed"
CONTRACT_TESTS = ROOT / "tests" / "contract"

KEEPS, BREAKS, BENDS = "=", "+", "!"

_NAME = re.compile(r"test_twisted_((?:[A-Z]\d+_)+)\w+")
#: The marks that tests of ``protocols.pcp`` give themselves, and the classes they stand for.
_PROXIES = {"BOTH": "pcpB pcpP", "BASIC": "pcpB", "BUFFERED": "pcpP"}


@dataclass(frozen=True)
class Statement:
    """What one test shows of Twisted.

    :ivar test: the test's name.
    :ivar where: the file's name.
    :ivar rules: the numbers of the rules that it is about.
    :ivar mark: whether Twisted keeps the rule, breaks it, or bends it as this package does.
    :ivar twisted: what was observed.
    :ivar here: what this package does, empty if that is the same.
    :ivar kinds: the implementations that it was observed on, empty if the statement names them.
    """

    test: str
    where: str
    rules: tuple[str, ...]
    mark: str
    twisted: str
    here: str
    kinds: tuple[str, ...]


def _text(node: ast.expr, constants: dict[str, str]) -> str:
    """The value of an expression of strings and module constants."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name):
        return constants[node.id]
    if isinstance(node, ast.BinOp):
        return _text(node.left, constants) + _text(node.right, constants)
    raise ValueError(f"line {node.lineno}: not a constant")


def _kinds(function: ast.FunctionDef, constants: dict[str, str]) -> tuple[str, ...]:
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "kinds":
            return tuple(_text(mark.args[0], constants).split())
        if isinstance(mark, ast.Name) and mark.id in _PROXIES:
            return tuple(_PROXIES[mark.id].split())
    return ()


def _plain(paragraph: str) -> str:
    return " ".join(paragraph.split())


def statements() -> list[Statement]:
    """Every statement, in the order of files and lines."""
    found: list[Statement] = []
    for path in sorted(OBSERVED.glob("test_twisted_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        constants = {
            node.targets[0].id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        }
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            numbers = _NAME.fullmatch(node.name)
            said = ast.get_docstring(node) or ""
            if numbers is None or said[:2] not in ("= ", "+ ", "! "):
                raise ValueError(f"{path.name}: {node.name} states nothing")
            twisted, _, here = said[2:].partition("\n\n")
            found.append(
                Statement(
                    node.name,
                    path.name,
                    tuple(numbers[1].strip("_").split("_")),
                    said[0],
                    _plain(twisted),
                    _plain(here),
                    _kinds(node, constants),
                )
            )
    return found


def own_tests() -> dict[str, list[str]]:
    """The tests of this package alone, by the numbers in their names."""
    found: dict[str, list[str]] = {}
    for path in sorted(CONTRACT_TESTS.glob("test_*.py")):
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.M):
            for number in re.findall(r"(?<=_)([A-Z]\d+)(?=_)", name):
                found.setdefault(number, []).append(f"{path.name}::{name}")
    return found

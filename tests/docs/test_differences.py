"""Each difference from Twisted is written down, and the test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FRAGMENTS = sorted((DOCS / "differences").glob("*.rst"))

#: The rules of the producer/consumer contract that Twisted breaks and this package keeps.
KEPT_HERE = [
    *["C1", "C2", "C7", "C8", "C10", "C13", "C15", "C18", "C20", "C21", "C22", "C24", "C25", "C27"],
    *["F5", "F6", "F7", "F9", "L6", "T4", "T10", "T11", "T12"],
    *["X1", "X3", "X4", "X5", "X6", "X9"],
]

#: Those that Twisted breaks where TLS is involved; due as soon as there is a section about it.
KEPT_BY_TLS = ["P2", "T3", "T6", "T8", "F8", "A1", "A2", "A3", "A4", "C14", "C15"]


def rows(fragment: Path) -> list[list[str]]:
    """The rows of all list-tables of a page, each a list of cells, headings left out."""
    found: list[list[str]] = []
    heading = 0
    for line in fragment.read_text("utf-8").split("\n"):
        if ".. list-table::" in line:
            heading = 1
        start = re.match(r"\s+\* -(.*)", line)
        cell = re.match(r"\s+ -(.*)", line)
        if start:
            found.append([start.group(1).strip()])
            if heading:
                heading = 0
                found[-1].insert(0, "heading")
        elif cell and found:
            found[-1].append(cell.group(1).strip())
        elif line.startswith("   ") and found and not line.lstrip().startswith(":"):
            found[-1][-1] += " " + line.strip()
    return [row for row in found if row[0] != "heading"]


def defined_names() -> set[str]:
    names: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        text = path.read_text("utf-8")
        names.add(path.name)
        names |= set(re.findall(r"^\s*(?:async )?(?:def|class) (\w+)", text, re.M))
        # Hypothesis makes a test case of a state machine, which is then given a name.
        names |= set(re.findall(r"^(\w+) = \w+\.TestCase$", text, re.M))
    return names


@pytest.fixture(scope="module")
def names() -> set[str]:
    return defined_names()


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda path: path.name)
def test_each_row_names_a_test_that_exists(fragment: Path, names: set[str]) -> None:
    assert rows(fragment)
    for row in rows(fragment):
        named = re.findall(r"``([\w.]+)``", row[-1])
        assert named, f"no test is named in {row}"
        for name in named:
            known = name in names or name.split(".")[-1] in names
            assert known, f"{name} is no test, in {row}"


def test_each_rule_that_twisted_breaks_has_a_row() -> None:
    first_cells = " ".join(row[0] for fragment in FRAGMENTS for row in rows(fragment))
    listed = set(re.findall(r"\b[A-Z]\d+\b", first_cells))
    assert not [rule for rule in KEPT_HERE if rule not in listed]
    if any("\n``protocols.tls``\n" in fragment.read_text("utf-8") for fragment in FRAGMENTS):
        assert not [rule for rule in KEPT_BY_TLS if rule not in listed]


def test_each_fragment_is_included() -> None:
    page = (DOCS / "differences.rst").read_text("utf-8")
    for fragment in FRAGMENTS:
        assert f".. include:: differences/{fragment.name}" in page


def test_each_rule_that_the_scenarios_allow_for_has_a_row() -> None:
    text = (ROOT / "tests/parity/scenario_rules.py").read_text("utf-8")
    allowed = re.findall(r'^@rule\("(\w+)"', text, re.M)
    assert len(allowed) > 5
    first_cells = " ".join(row[0] for fragment in FRAGMENTS for row in rows(fragment))
    assert not [rule for rule in allowed if not re.search(rf"\b{rule}\b", first_cells)]

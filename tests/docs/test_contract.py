"""The page about the contract has every rule, with its reason, and each statement has its test."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from pcstream.conformance.rules import RULES, Level, Side

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "contract").glob("*.rst"))
INDEX = ROOT / "docs" / "contract.rst"
DIFFERENCES = sorted((ROOT / "docs" / "differences").glob("*.rst"))

#: Words of this package's about itself, for what it does not have at all.
NOT_HERE = "is Twisted's own."

#: What follows from the rows of these rules in the differences, and has no row of its own.
FOLLOWS = {"A5": "X1", "P5": "A3"}


def _reader() -> Any:
    path = ROOT / "docs" / "_ext" / "observed_statements.py"
    spec = importlib.util.spec_from_file_location("observed_statements", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


reader = _reader()


@pytest.fixture(scope="module")
def statements() -> list[Any]:
    return list(reader.statements())


@pytest.fixture(scope="module")
def reasons() -> dict[str, str]:
    """The reason of each rule, by its number, in the order of the page."""
    found: dict[str, str] = {}
    for name in re.findall(r"^\.\. include:: contract/(\S+)$", INDEX.read_text("utf-8"), re.M):
        text = (INDEX.parent / "contract" / name).read_text("utf-8")
        for number, reason in re.findall(
            r"^\.\. contract-rule:: (\S+)\n\n((?:   .*\n|\n(?=   ))+)", text, re.M
        ):
            assert number not in found, f"{number} is there twice"
            found[number] = " ".join(reason.split())
    return found


def test_the_page_has_the_rules_that_there_are(reasons: dict[str, str]) -> None:
    assert len(RULES) > 100
    assert set(reasons) == set(RULES)
    for letter in "PLCTAFX":  # those of R are by callback, whomever they bind
        mine = [number for number in reasons if number[0] == letter]
        assert mine == [number for number in RULES if number[0] == letter]


def test_every_page_is_part_of_it() -> None:
    text = INDEX.read_text("utf-8")
    assert [page.name for page in PAGES if f"contract/{page.name}" not in text] == []


def test_numbers_are_given_once_and_without_gaps() -> None:
    for letter in {number[0] for number in RULES}:
        numbers = sorted(int(number[1:]) for number in RULES if number[0] == letter)
        assert numbers == list(range(1, len(numbers) + 1))
    for number, rule in RULES.items():
        assert rule.number == number
        assert isinstance(rule.level, Level)
        assert isinstance(rule.about, Side)
    assert {rule.about for rule in RULES.values()} == set(Side)


def test_each_rule_is_one_sentence_of_its_own() -> None:
    sentences = [rule.sentence for rule in RULES.values()]
    assert len(set(sentences)) == len(sentences)
    for sentence in sentences:
        assert re.fullmatch(r"[A-Z][^.]*\.", sentence), sentence


def test_each_rule_has_a_reason(reasons: dict[str, str]) -> None:
    assert [number for number, reason in reasons.items() if not reason.endswith(".")] == []


def test_each_rule_was_observed_in_Twisted(statements: list[Any]) -> None:
    observed = {number for statement in statements for number in statement.rules}
    assert observed == set(RULES)


def test_what_is_said_of_Twisted_names_its_test(reasons: dict[str, str]) -> None:
    """A reason says nothing of Twisted; what does is made from the tests themselves."""
    assert [number for number, reason in reasons.items() if "Twisted" in reason] == []


def test_each_statement_can_be_read(statements: list[Any]) -> None:
    assert len({statement.test for statement in statements}) == len(statements)
    for statement in statements:
        assert statement.twisted.endswith((".", ".)")), statement.test
        assert statement.twisted.count("``") % 2 == 0, statement.test
        # Where only Twisted breaks a rule, this package does something else, and says what.
        assert statement.mark != "+" or statement.here, statement.test


def test_each_rule_broken_by_Twisted_is_a_difference(statements: list[Any]) -> None:
    cells = "\n".join(
        cell
        for page in DIFFERENCES
        for cell in re.findall(r"^\s+\* -(.*)$", page.read_text("utf-8"), re.M)
    )
    listed = set(re.findall(r"\b[A-Z]\d+\b", cells))
    missing = [
        statement.test
        for statement in statements
        if statement.mark == "+"
        and not statement.here.endswith(NOT_HERE)
        and not {FOLLOWS.get(number, number) for number in statement.rules} & listed
    ]
    assert missing == []

"""The page about Twisted's classes says what the tests of the kit say."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "conformance" / "middles"))

from stock import cases  # noqa: E402

spec = importlib.util.spec_from_file_location(
    "conformance_generate", ROOT / "docs" / "conformance" / "generate.py"
)
assert spec is not None
assert spec.loader is not None
generate: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)

PAGE = (ROOT / "docs" / "conformance-twisted.rst").read_text()


@pytest.mark.parametrize(
    ("package", "heading"), [("twisted", "Twisted\n---"), ("pcstream", "pcstream\n---")]
)
def test_every_class_has_its_row(package: str, heading: str) -> None:
    part = PAGE[PAGE.index(heading) :].partition(".. list-table::")[2].partition("\n\n")[2]
    rows = part.partition("\n\n")[0]
    for case in cases(package):
        name, *others = generate.row(case)
        expected = "\n".join([f"   * - {name}", *(f"     - {other}" for other in others)])
        assert f"{expected}\n" in rows, f"run docs/conformance/generate.py: {expected}"
    assert rows.count("   * - ") == len(cases(package)) + 1


def test_what_was_seen_is_said_for_each_broken_rule() -> None:
    seen = PAGE[PAGE.index("What was seen of Twisted\n---") :]
    for case in cases("twisted"):
        if case.name.startswith("basic.FileSender to ") and not case.needs_tls:
            continue
        for number in case.broken:
            words = generate.rule_words([number])
            assert f"   * - ``{case.name}``, {case.role}\n     - {words}\n" in seen

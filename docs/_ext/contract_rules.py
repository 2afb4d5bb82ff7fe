"""Directives for the page about the contract.

``.. contract-rule:: C18`` is one rule: its sentence and level come from
``pcstream.conformance.rules``, its reason is the directive's content, and what Twisted and this
package do is read from the tests.  ``.. contract-figures::`` counts them.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from functools import lru_cache
from typing import Any, ClassVar

from docutils import nodes
from observed_statements import BENDS, BREAKS, KEEPS, ROOT, Statement, own_tests, statements
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pcstream.conformance.rules import RULES

#: The kinds of implementations, in the order in which they are named.
_ORDER = ["tcp", "unix", "wrap", "thr", "tls", "layers", "proc", "stdio", "pcpB", "pcpP"]


@lru_cache(maxsize=1)
def _statements() -> list[Statement]:
    return statements()


@lru_cache(maxsize=1)
def _own_tests() -> dict[str, list[str]]:
    return own_tests()


@lru_cache(maxsize=1)
def checked_by() -> dict[str, list[str]]:
    """Which parts of the kit check each rule, by its number."""
    from pcstream import conformance
    from pcstream.conformance.checking import Checks

    found: dict[str, list[str]] = {}
    for module in pkgutil.iter_modules(conformance.__path__):
        try:
            loaded = importlib.import_module(f"pcstream.conformance.{module.name}")
        except ImportError:  # an extra that is not there
            continue
        for name, value in vars(loaded).items():
            if name.endswith("CHECKS") and isinstance(value, Checks):
                for number in value.numbers:
                    roles = found.setdefault(number, [])
                    if value.role not in roles:
                        roles.append(value.role)
    reports = re.compile(r'_(?:report|once)\(\s*"([A-Z]\d+)"')
    for path in sorted((ROOT / "pcstream" / "conformance").glob("monitor*.py")):
        for number in reports.findall(path.read_text("utf-8")):
            roles = found.setdefault(number, [])
            if "monitor" not in roles:
                roles.append("monitor")
    return found


class ContractRule(SphinxDirective):
    """One rule, with all that is known of it."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        number = self.arguments[0]
        if number not in RULES:
            raise self.error(f"there is no rule {number}")
        rule = RULES[number]
        said = [one for one in _statements() if number in one.rules]
        marks = " ".join(
            mark for mark in (KEEPS, BREAKS, BENDS) if any(s.mark == mark for s in said)
        )
        target = nodes.target("", "", ids=[f"rule-{number.lower()}"])
        head = [
            f"**{number}** ({rule.about.value}, {rule.level.value}, ``{marks}``): {rule.sentence}",
            "",
        ]
        lines = [*head, *self.content, "", *self._table(said), "", self._checks(number)]
        return [target, *self.parse_text_to_nodes("\n".join(lines))]

    def _table(self, said: list[Statement]) -> list[str]:
        if not said:
            return []
        lines = [
            ".. list-table::",
            "   :header-rows: 1",
            "   :widths: 6 14 34 22 24",
            "",
            "   * -",
            "     - On",
            "     - Twisted 26.10",
            "     - pcstream",
            "     - Test",
        ]
        for one in said:
            kinds = " ".join(kind for kind in _ORDER if kind in one.kinds)
            lines += [
                f"   * - ``{one.mark}``",
                f"     - {kinds}",
                f"     - {one.twisted}",
                f"     - {one.here or 'The same.'}",
                f"     - ``{one.test}``",
            ]
        return lines

    def _checks(self, number: str) -> str:
        kit = checked_by().get(number, [])
        judged = [role for role in kit if role != "monitor"]
        words = []
        if judged:
            words.append("the kit, as " + ", ".join(judged))
        if "monitor" in kit:
            words.append("the monitor")
        own = _own_tests().get(number, [])
        if own:
            words.append(
                f"``{own[0]}``" + (f" and {len(own) - 1} more of ours" if len(own) > 1 else "")
            )
        if not words:
            return "Checked by the tests above."
        return "Checked by " + "; ".join(words) + "."


class ContractFigures(SphinxDirective):
    """How many rules and statements there are, and which rules Twisted breaks."""

    def run(self) -> list[nodes.Node]:
        said = _statements()
        count = Counter(one.mark for one in said)
        breaks = self._numbers(BREAKS)
        bends = self._numbers(BENDS)
        lines = [
            f"There are {len(RULES)} rules, and {len(said)} statements about Twisted, each with "
            f"its test: {count[KEEPS]} say that it keeps a rule, {count[BREAKS]} that it breaks "
            f"one which pcstream keeps, {count[BENDS]} that both bend one.",
            "",
            f"Broken somewhere by Twisted and kept here: {', '.join(breaks)}.",
            "",
            f"Bent somewhere by both, since programs rely on it: {', '.join(bends)}.",
        ]
        return self.parse_text_to_nodes("\n".join(lines))

    def _numbers(self, mark: str) -> list[str]:
        marked = {number for one in _statements() if one.mark == mark for number in one.rules}
        return [f"`{number} <#rule-{number.lower()}>`__" for number in RULES if number in marked]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("contract-rule", ContractRule)
    app.add_directive("contract-figures", ContractFigures)
    return {"parallel_read_safe": True}

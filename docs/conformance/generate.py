"""Write docs/conformance-twisted.rst: what the contract's kit finds in Twisted's classes, and ours.

    python docs/conformance/generate.py            # judge them all, and write it
    python docs/conformance/generate.py --check    # say whether it is up to date

Needs Twisted with its extras for TLS and HTTP/2, on Linux.  The subjects are those of the tests.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "conformance-twisted.rst"
SUBJECTS = ROOT / "tests" / "conformance" / "middles"

HEAD = """\
Twisted's classes, judged
=========================

..
   Written by docs/conformance/generate.py; do not edit.

The kit of ``pcstream.conformance`` was run on each class of Twisted 26.10 that it covers, and on
ours of the same name, by the rules of :doc:`contract`. Every class was judged by itself: what it
stands on, a socket or a consumer, behaves. A rule that is a SHOULD has brackets; all others are
MUSTs. Rules that need what the class does not offer (a transport of its own, half-closes) are not
judged, and are counted.

The page is written by ``python docs/conformance/generate.py``.

"""

TWISTED = """\
Twisted
-------

The tests are ``test_twisted_breaks_these_rules_and_no_others`` in
``tests/conformance/middles/test_stock.py``, one for each row: its parameter is the class and what
it was judged as.

"""

OURS = """\
pcstream
--------

What is broken here is broken in Twisted too, and on purpose: programs rely on it (a push producer
that is not paused does not keep a connection open, T2 and T10), or tests do
(``StringTransport``). The tests are ``test_ours_breaks_these_rules_and_no_others``.

"""

SEEN = """\
What was seen of Twisted
------------------------

The shortest sequence of calls that shows a fault is in the report of a run::

    from pcstream.conformance.proxies import check_proxy
    from twisted.protocols.pcp import ProducerConsumerProxy

    print(check_proxy(ProducerConsumerProxy))

"""


def rule_words(numbers: Iterable[str]) -> str:
    """The numbers, those of a SHOULD in brackets."""
    from pcstream.conformance.rules import RULES, Level

    words = [
        number if RULES[number].level is Level.MUST else f"({number})"
        for number in sorted(numbers, key=list(RULES).index)
    ]
    return ", ".join(words) or "none"


def row(case: Any) -> list[str]:
    """What is said of a class before it is judged."""
    return [f"``{case.name}``", case.role, rule_words(case.broken)]


def table(cases: list[Any], reports: list[Any]) -> str:
    """One row for each class."""
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: 44 16 30 8 8",
        "",
        "   * - Class",
        "     - Judged as a",
        "     - Rules broken",
        "     - Kept",
        "     - Not judged",
    ]
    for case, report in zip(cases, reports, strict=True):
        first, *others = row(case)
        lines.append(f"   * - {first}")
        lines += [f"     - {other}" for other in others]
        lines += [f"     - {len(report.passed)}", f"     - {len(report.skipped)}"]
    return "\n".join(lines) + "\n\n"


def literal(seen: str) -> str:
    """What was seen, on one line, without what is different each time."""
    seen = re.sub(r" at 0x[0-9a-f]+", "", " ".join(seen.split()))
    seen = re.sub(r"<((?:\w+\.)+\w+)( object)?>", r"<\1>", seen)
    return seen.replace("`", "'").replace("\\", "\\\\").replace("*", "\\*").replace("|", "\\|")


def seen_table(cases: list[Any], reports: list[Any]) -> str:
    """One row for each broken rule of each class."""
    from pcstream.conformance.rules import RULES

    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: 34 8 34 44",
        "",
        "   * - Class",
        "     - Rule",
        "     - What it demands",
        "     - What was seen",
    ]
    for case, report in zip(cases, reports, strict=True):
        if case.name.startswith("basic.FileSender to ") and "tls" not in case.name:
            continue  # as FileSender by itself
        for fault in sorted(report.deviations, key=lambda fault: list(RULES).index(fault.rule)):
            lines += [
                f"   * - ``{case.name}``, {case.role}",
                f"     - {rule_words([fault.rule])}",
                f"     - {fault.sentence}",
                f"     - {literal(fault.seen)}",
            ]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page, after judging all of them.

    :raises SystemExit: something is broken, or kept, that was not known to be.
    """
    import stock

    theirs, ours = stock.cases("twisted"), stock.cases("pcstream")
    reports = {}
    for case in (*theirs, *ours):
        reports[str(case)] = report = case.judge()
        if not report.conforms or set(report.broken) != set(case.broken):
            raise SystemExit(f"not as the tests say:\n{report}")
    of_theirs = [reports[str(case)] for case in theirs]
    of_ours = [reports[str(case)] for case in ours]
    return (
        HEAD
        + TWISTED
        + table(theirs, of_theirs)
        + OURS
        + table(ours, of_ours)
        + SEEN
        + seen_table(theirs, of_theirs)
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    sys.path[:0] = [str(ROOT), str(SUBJECTS)]
    text = page()
    if not check:
        PAGE.write_text(text)
    elif PAGE.read_text() != text:
        print(f"{PAGE} is not up to date")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

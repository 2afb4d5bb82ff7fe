"""Count what the kit can do: wrong ones named by their rule, right ones clean, Twisted judged.

    python tests/conformance/count.py           # everything, with the table of Twisted's classes
    python tests/conformance/count.py --json    # the same as data

Of the right ones it tells apart those that break no rule at all and those that break what is
declared of them: a double that never pauses, say.  Without Twisted the table, and Twisted's right
ones, are left out.  The exit status is 1 if a wrong
one was not named, or a right one not clean.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE), str(HERE / "middles")]

import mutants_consumers  # noqa: E402
import mutants_pull  # noqa: E402
import mutants_push  # noqa: E402
import mutants_reentrant  # noqa: E402
import registry  # noqa: E402
import stock  # noqa: E402
from sound_consumer import SoundSubject  # noqa: E402
from sound_producers import PullSubject, PushSubject  # noqa: E402

from pcstream.conformance import (  # noqa: E402
    check_consumer,
    check_pull_producer,
    check_push_producer,
)
from pcstream.conformance.report import Report  # noqa: E402

_CLEAN = "clean"


@dataclass(frozen=True)
class Counted:
    """One thing to be judged.

    :ivar rule: what it breaks; empty for a right one.
    :ivar judge: has the kit judge it.
    """

    kind: str
    name: str
    rule: str
    judge: Callable[[], Report] = field(repr=False)

    def is_as_expected(self, report: Report) -> bool:
        """Whether a wrong one was named by its rule, or a right one was found clean."""
        return self.rule in report.broken if self.rule else report.conforms


def mutants() -> list[Counted]:
    """All wrong ones."""
    kinds: list[tuple[str, Any, Any, list[Any]]] = [
        ("push producer", check_push_producer, PushSubject, mutants_push.MUTANTS),
        ("pull producer", check_pull_producer, PullSubject, mutants_pull.MUTANTS),
        ("consumer", check_consumer, SoundSubject, mutants_consumers.MUTANTS),
        ("consumer", check_consumer, SoundSubject, mutants_reentrant.MUTANTS),
    ]
    found = [
        Counted(kind, mutant.__name__, mutant.rule, lambda c=check, s=subject, m=mutant: c(s(m)))
        for kind, check, subject, those in kinds
        for mutant in those
    ]
    found += [
        Counted("middle", judged.name, judged.rule, judged.judge) for judged in registry.MUTANTS
    ]
    return found


def right_ones() -> list[Counted]:
    """All right ones, Twisted's if it is there; what each is known to break is in its subject."""
    found = [
        Counted("consumer", "Sound", "", lambda: check_consumer(SoundSubject)),
        Counted("push producer", "SoundPush", "", lambda: check_push_producer(PushSubject)),
        Counted("pull producer", "SoundPull", "", lambda: check_pull_producer(PullSubject)),
    ]
    found += [Counted("middle", sound.name, "", sound.judge) for sound in registry.SOUND]
    for case in the_cases("pcstream") + the_cases("twisted"):
        found.append(Counted(case.role, f"{case.package}: {case.name}", "", case.judge))
    return found


def the_cases(package: str) -> list[stock.Case]:
    """The classes of *package*, as far as what they need is installed."""
    if package == "twisted" and importlib.util.find_spec("twisted") is None:
        return []
    return [
        case
        for case in stock.cases(package)
        if all(importlib.util.find_spec(need) for need in case.needs)
    ]


def main(argv: list[str] | None = None) -> int:
    """Judge them all and print what came of it; the exit status is returned."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print data")
    options = parser.parse_args(argv)
    outcome = {}
    for title, those in (("mutants", mutants()), ("right ones", right_ones())):
        missed, spotless = [], 0
        for counted in those:
            report = counted.judge()
            spotless += not report.broken
            if not counted.is_as_expected(report):
                missed.append(f"{counted.kind} {counted.name}: {counted.rule or _CLEAN}")
        outcome[title] = {"all": len(those), "as expected": len(those) - len(missed)}
        outcome[title]["breaking nothing"] = spotless
        outcome[title]["missed"] = missed  # type: ignore[assignment]
    table = [
        [case.name, case.role, " ".join(case.broken) or "none"] for case in the_cases("twisted")
    ]
    failed = any(part["missed"] for part in outcome.values())
    if options.json:
        print(json.dumps({**outcome, "twisted": table}, indent=2))
        return int(failed)
    wrong, right = outcome["mutants"], outcome["right ones"]
    print(f"mutants: {wrong['as expected']} of {wrong['all']} named by their rule")
    print(
        f"right ones: {right['as expected']} of {right['all']} clean; "
        f"{right['breaking nothing']} break no rule, the others only what is declared of them"
    )
    for part in outcome.values():
        for line in part["missed"]:  # type: ignore[attr-defined]
            print(f"  missed: {line}")
    if table:
        print("\nTwisted's classes and the rules that each breaks:")
        width = max(len(f"{name}, {role}") for name, role, _ in table)
        for name, role, broken in table:
            print(f"  {f'{name}, {role}':{width}}  {broken}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

"""Run Twisted's own tests on our modules, and hold our names and signatures against Twisted's.

    python tests/twisted_suite/run.py [--tier N]... [--module NAME]... [--without-zero-copy]

The tools that do it, ``swap_suite.py`` and ``surface.py``, are not part of this repository: they
are looked for in ``../shared/yardstick`` beside it, or where ``PCSTREAM_YARDSTICK`` says. Where
they are absent, this says so and does nothing.

A test that Twisted passes and we do not must stand in ``exceptions.txt`` with its reason.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXCEPTIONS = HERE / "exceptions.txt"
#: Twisted's public modules, a line each
NAMES = ROOT / "pcstream" / "_twisted_names.txt"
#: a reactor, not a module; and what cannot be imported on the platforms of the others
NO_SURFACE = {"internet.reactor", "internet.kqreactor"}

#: the parts of Twisted's tests that are held against us
TIERS = [1, 2]
#: of Twisted's tests that must be kept in them, listed exceptions or not
LEAST_PERCENT = 98
#: of each loss, and of all
REASON_CHARACTERS = 160
MOST_LINES = 50


def yardstick() -> Path:
    """Where the tools should be."""
    return Path(os.environ.get("PCSTREAM_YARDSTICK", ROOT.parent / "shared" / "yardstick"))


def read_exceptions(text: str) -> dict[str, str]:
    """The listed tests and their reasons.

    :raises ValueError: for a line without a reason, or a test listed twice.
    """
    listed: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        test, _, reason = (part.strip() for part in line.partition("#"))
        if not reason:
            raise ValueError(f"line {number}: {test} has no reason")
        if test in listed:
            raise ValueError(f"line {number}: {test} is listed twice")
        listed[test] = reason
    return listed


@dataclass
class Verdict:
    """What one run of the suite came to."""

    kept: int = 0
    of: int = 0
    #: lost, not listed: test -> what happened
    unlisted: dict[str, str] = field(default_factory=dict)
    #: lost, listed
    listed: set[str] = field(default_factory=set)
    #: listed, and kept
    back_again: set[str] = field(default_factory=set)


def judge(report: dict[str, Any], listed: dict[str, str]) -> Verdict:
    """Compare a report of ``swap_suite.py --json`` with the listed exceptions."""
    verdict = Verdict()
    for module, result in report.items():
        verdict.kept += result["kept"]
        verdict.of += result["of"]
        for test, (word, detail) in result["lost"].items():
            if test in listed:
                verdict.listed.add(test)
            else:
                verdict.unlisted[test] = f"{word}: {detail or result['why']}"[:REASON_CHARACTERS]
        ran_here = {test for test in listed if test.startswith(module + ".")}
        verdict.back_again |= ran_here - result["lost"].keys()
    return verdict


def environment() -> dict[str, str]:
    """Ours, with the checkout importable where the package is not installed."""
    values = {**os.environ}
    if importlib.util.find_spec("pcstream") is None:
        values["PYTHONPATH"] = os.pathsep.join([str(ROOT), *sys.path[1:]])
    return values


def run_suite(arguments: Sequence[str]) -> dict[str, Any]:
    """Run ``swap_suite.py`` in an empty folder and return its report."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "report.json")
        subprocess.run(
            [sys.executable, str(yardstick() / "swap_suite.py"), "--target", "pcstream"]
            + ["--json", str(out), *arguments],
            env=environment(),
            cwd=folder,
            check=False,
        )
        report: dict[str, Any] = json.loads(out.read_text())
    return report


def second_try(report: dict[str, Any], listed: dict[str, str]) -> list[str]:
    """Run the modules with unlisted losses once more; what passes then was a matter of luck."""
    unsteady = []
    for module, result in report.items():
        lost = [test for test in result["lost"] if test not in listed]
        if not lost or len(lost) == result["of"]:
            continue
        again = run_suite(["--module", module])[module]
        for test in lost:
            if test not in again["lost"]:
                unsteady.append(test)
                del result["lost"][test]
                result["kept"] += 1
    return unsteady


def surface_modules() -> list[str]:
    """What is held against Twisted's: what surface.py knows of, and whatever else we mirror."""
    source = (yardstick() / "surface.py").read_text()
    found = re.search(r'MODULES = """(.*?)"""', source, re.DOTALL)
    assert found is not None
    public = {line.partition(":")[0] for line in NAMES.read_text("utf-8").splitlines()}
    package = ROOT / "pcstream"
    return sorted(
        name
        for name in {*found[1].split(), *public} - NO_SURFACE
        if (package / Path(*name.split("."))).with_suffix(".py").exists()
    )


def check_surface() -> bool:
    """Hold the public names of every module we have against Twisted's."""
    arguments = [word for name in surface_modules() for word in ("--module", name)]
    done = subprocess.run(
        [sys.executable, str(yardstick() / "surface.py"), "--target", "pcstream", "--missing"]
        + arguments,
        env=environment(),
        check=False,
    )
    return done.returncode == 0


def main() -> int:
    """Run both; 0 if nothing is lost that is not listed."""
    parser = argparse.ArgumentParser(description="Twisted's own tests on pcstream's modules")
    parser.add_argument("--tier", action="append")
    parser.add_argument("--module", action="append")
    parser.add_argument(
        "--without-zero-copy",
        action="store_true",
        help="with PCSTREAM_ZERO_COPY=0; names and signatures are not looked at again",
    )
    chosen = parser.parse_args()
    if not (yardstick() / "swap_suite.py").exists():
        print(f"twisted suite: SKIPPED, there is no {yardstick() / 'swap_suite.py'}")
        return 0
    if chosen.without_zero_copy:
        os.environ["PCSTREAM_ZERO_COPY"] = "0"
    listed = read_exceptions(EXCEPTIONS.read_text())
    started = time.monotonic()
    if chosen.module:
        arguments = [word for name in chosen.module for word in ("--module", name)]
    else:
        arguments = [word for tier in chosen.tier or TIERS for word in ("--tier", str(tier))]
    report = run_suite(arguments)
    unsteady = second_try(report, listed)
    verdict = judge(report, listed)
    looked = not chosen.module and not chosen.without_zero_copy
    alike = check_surface() if looked else True

    for test in unsteady:
        print(f"unsteady, kept on the second try: {test}")
    for test in sorted(verdict.back_again):
        print(f"listed as lost, but it passes; take it out of {EXCEPTIONS.name}: {test}")
    for test, why in sorted(verdict.unlisted.items())[:MOST_LINES]:
        print(f"LOST: {test}: {why}")
    if len(verdict.unlisted) > MOST_LINES:
        print(f"and {len(verdict.unlisted) - MOST_LINES} more")
    share = 100 * verdict.kept / max(1, verdict.of)
    how = "zero copy off, " if chosen.without_zero_copy else ""
    print(
        f"twisted suite: {how}kept {verdict.kept} of {verdict.of} ({share:.2f} %), "
        f"{len(verdict.listed)} lost and listed, {len(verdict.unlisted)} lost and not listed; "
        f"surface {'not looked at' if not looked else 'alike' if alike else 'NOT alike'}; "
        f"{time.monotonic() - started:.0f} s"
    )
    enough = bool(chosen.module) or share >= LEAST_PERCENT
    if not enough:
        print(f"twisted suite: fewer than {LEAST_PERCENT} % kept")
    return 1 if verdict.unlisted or not alike or not enough else 0


if __name__ == "__main__":
    sys.exit(main())

"""Run Twisted's own tests by ``pcstream run -m twisted.trial``, and count what is kept.

    python tests/twisted_suite/through_run.py [--tier N]... [--module NAME]... [--json FILE]

This is the user's door; ``run.py`` beside it goes through ``swap_suite.py``'s, from which this
takes the modules of each tier, and the list of tests that pass on plain Twisted. Where those are
absent, this says so and does nothing. ``trial`` reports by a plugin of its own, since
its words for people do not tell a test from another of the same name.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXCEPTIONS = HERE / "exceptions.txt"
#: what the issue of running unchanged programs asks for
TIERS = [1, 2, 4]
DEADLINE_S = 300

#: A reporter for ``trial --reporter=kept``, as a plugin of a package that is on the path only here.
PLUGIN = """
from twisted.trial.itrial import IReporter
from zope.interface import provider
from twisted.plugin import IPlugin

@provider(IPlugin, IReporter)
class kept:
    name = "kept"
    module = "kept_reporter"
    description = longOpt = shortOpt = klass = None

kept.longOpt, kept.klass = "kept", "Kept"
kept.description = "writes down which tests passed"
"""
REPORTER = '''
import json, os
from twisted.trial.reporter import Reporter

class Kept(Reporter):
    """Writes which tests did not pass, and all that ran."""
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.ran, self.lost = [], {}
    def startTest(self, test):
        super().startTest(test)
        self.ran.append(test.id())
    def addError(self, test, error):
        super().addError(test, error)
        self.lost.setdefault(test.id(), "error: " + str(getattr(error, "value", error))[:300])
    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.lost.setdefault(test.id(), "failed: " + str(getattr(error, "value", error))[:300])
    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.lost.setdefault(test.id(), "skipped: " + str(reason)[:100])
    def done(self):
        super().done()
        with open(os.environ["KEPT_JSON"], "w") as out:
            json.dump({"ran": self.ran, "lost": self.lost}, out)
'''


def yardstick() -> Path:
    """Where the lists should be."""
    return Path(os.environ.get("PCSTREAM_YARDSTICK", ROOT.parent / "shared" / "yardstick"))


def tiers() -> dict[int, dict[str, list[str]]]:
    """The modules of each tier, from ``swap_suite.py``."""
    spec = importlib.util.spec_from_file_location("swap_suite", yardstick() / "swap_suite.py")
    assert spec is not None
    assert spec.loader is not None
    suite = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(suite)
    found: dict[int, dict[str, list[str]]] = suite.TIERS
    return found


def trial(module: str, place: Path) -> dict[str, Any]:
    """Run one module's tests under ``pcstream run``; what the reporter wrote."""
    out = place / "kept.json"
    out.unlink(missing_ok=True)
    path = [str(place / "plugin"), str(ROOT), *filter(None, sys.path[1:])]
    words = ["-m", "pcstream", "run", "-m", "twisted.trial", "--reporter=kept", module]
    try:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=place,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "KEPT_JSON": str(out)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"ran": [], "lost": {}, "why": f"no end in {DEADLINE_S} s"}
    if not out.exists():
        said = (done.stderr or done.stdout).strip().splitlines()[-1:]
        return {"ran": [], "lost": {}, "why": f"status {done.returncode}: {said}"}
    written: dict[str, Any] = json.loads(out.read_text())
    return written


def main() -> int:
    """Run all; 0 if nothing is lost that ``exceptions.txt`` does not list."""
    parser = argparse.ArgumentParser(description="Twisted's own tests by pcstream run")
    parser.add_argument("--tier", action="append", type=int)
    parser.add_argument("--module", action="append")
    parser.add_argument("--json")
    chosen = parser.parse_args()
    if not (yardstick() / "swap_suite.py").exists():
        print(f"through run: SKIPPED, there is no {yardstick() / 'swap_suite.py'}")
        return 0
    passes = json.loads((yardstick() / "baseline.json").read_text())
    listed = {
        line.partition("#")[0].strip() for line in EXCEPTIONS.read_text().splitlines() if line
    }
    by_tier = tiers()
    started = time.monotonic()
    sums: dict[object, list[int]] = {}
    unlisted: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        plugins = place / "plugin" / "twisted" / "plugins"
        plugins.mkdir(parents=True)
        (plugins / "kept_plugin.py").write_text(PLUGIN)
        (place / "plugin" / "kept_reporter.py").write_text(REPORTER)
        for tier in chosen.tier or TIERS:
            for module in chosen.module or by_tier[tier]:
                written = trial(module, place)
                kept = set(written["ran"]) - written["lost"].keys()
                wanted = passes[module]
                lost = [test for test in wanted if test not in kept]
                total = sums.setdefault("asked for" if chosen.module else tier, [0, 0])
                total[0] += len(wanted) - len(lost)
                total[1] += len(wanted)
                print(f"{module:55} {len(wanted) - len(lost):5} of {len(wanted):5}", flush=True)
                for test in lost:
                    why = written["lost"].get(test, written.get("why", "did not run"))
                    print(f"    {'listed' if test in listed else 'LOST'}: {test}: {why}")
                    if test not in listed:
                        unlisted[test] = why
            if chosen.module:
                break
    for name, (kept_here, of) in sums.items():
        print(f"tier {name}: kept {kept_here} of {of} ({100 * kept_here / max(1, of):.2f} %)")
    print(f"through run: {len(unlisted)} lost and not listed; {time.monotonic() - started:.0f} s")
    if chosen.json:
        Path(chosen.json).write_text(json.dumps({"sums": sums, "unlisted": unlisted}, indent=1))
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.exit(main())

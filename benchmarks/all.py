"""Every workload, one after another: a table, and all of it in one JSON file.

The picture in the documentation is drawn from that file by ``picture.py``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from workloads import WORKLOADS, Workload

HERE = Path(__file__).resolve().parent
OURS = ("pcstream", "twisted pcstream-run")
#: columns of the table after ours
PEERS = ("asyncio", "asyncio sendfile", "uvloop", "nginx", "haproxy", "haproxy splice")
SHORT_NAMES = {"asyncio sendfile": "sendfile", "haproxy splice": "splice"}


def run(workload: Workload, chosen: argparse.Namespace) -> dict[str, Any] | None:
    """Run one, and return what it measured; None if it failed."""
    script, *options = workload.command
    line = [sys.executable, str(HERE / script), *options]
    if chosen.short:
        line.append("--short")
    line += ["--rounds", str(chosen.rounds)]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out.json")
        done = subprocess.run([*line, "--json", str(out)], stdout=subprocess.DEVNULL, check=False)
        if not out.exists():
            return None
        measured: dict[str, Any] = json.loads(out.read_text())
    measured["failed"] = done.returncode != 0
    return measured


def rows_of(workload: Workload, measured: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of the table: each peer's times better than Twisted, and the goals."""
    rows = []
    for row in workload.rows:
        peers = {
            peer: values[row.metric]
            for peer, values in measured["peers"].items()
            if peer != measured["baseline"]
        }
        ours = next((peer for peer in OURS if peer in peers), None)
        goals = []
        for than, at_least in row.goals.items():
            reached = times_better(measured, row.metric, ours, than) if ours else None
            goals.append({"than": than, "at_least": at_least, "reached": reached})
        rows.append(
            {
                "group": workload.group,
                "label": row.label,
                "metric": row.metric,
                "ours": ours,
                "times_better": {peer: values["times_better"] for peer, values in peers.items()},
                "goals": goals,
            }
        )
    return rows


def times_better(measured: dict[str, Any], metric: str, ours: str, than: str) -> float | None:
    """How many times better than another peer, as the median over the rounds."""
    sys.path.insert(0, str(HERE))
    from harness.rounds import Metric, Outcome

    if than not in measured["peers"]:
        return None
    (column,) = [Metric(**each) for each in measured["metrics"] if each["name"] == metric]
    samples = {
        peer: [{metric: value} for value in measured["peers"][peer][metric]["samples"]]
        for peer in (ours, than)
    }
    return Outcome([column], samples).ratio(ours, column, than)


def table(rows: list[dict[str, Any]]) -> str:
    """A line for each row; all numbers are times better than Twisted."""
    lines = [["times better than Twisted", "pcstream", "goal", ""]]
    lines[0] += [SHORT_NAMES.get(peer, peer) for peer in PEERS]
    group = ""
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            lines.append([group, *[""] * (len(lines[0]) - 1)])
        ratios = row["times_better"]
        cells = ["  " + row["label"], number(ratios.get(row["ours"]))]
        cells += [*verdict(row["goals"]), *(number(ratios.get(peer)) for peer in PEERS)]
        lines.append(cells)
    widths = [max(len(line[i]) for line in lines) for i in range(1, len(lines[0]))]
    first = max(len(line[0]) for line in lines if line[1])
    return "\n".join(
        (
            line[0].ljust(first)
            + "".join("  " + cell.rjust(w) for cell, w in zip(line[1:], widths, strict=True))
        ).rstrip()
        for line in lines
    )


def number(value: float | None) -> str:
    """Three digits, or a dash."""
    return "-" if value is None else f"{value:.3g}"


def verdict(goals: list[dict[str, Any]]) -> tuple[str, str]:
    """The goals, and whether all that could be looked at are reached."""
    texts = []
    for goal in goals:
        whom = "" if goal["than"] == "twisted" else f" x {goal['than']}"
        texts.append(f"{goal['at_least']:.3g}{whom}")
    reached = [goal["reached"] >= goal["at_least"] for goal in goals if goal["reached"] is not None]
    return ", ".join(texts), "" if not reached else "yes" if all(reached) else "NO"


def main() -> int:
    """Run them all; 1 if pcstream or Twisted fails in one, 0 even if a goal is missed."""
    parser = argparse.ArgumentParser(description="every benchmark, in one table and one JSON file")
    parser.add_argument("--short", action="store_true", help="little work in each")
    parser.add_argument("--rounds", type=int, help="of each (default 5, short 3)")
    parser.add_argument("--json", metavar="FILE", help="write everything there")
    parser.add_argument("--only", metavar="A,B", help="of " + ",".join(w.name for w in WORKLOADS))
    chosen = parser.parse_args()
    chosen.rounds = chosen.rounds or (3 if chosen.short else 5)
    names = chosen.only.split(",") if chosen.only else [workload.name for workload in WORKLOADS]
    if unknown := set(names) - {workload.name for workload in WORKLOADS}:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    started = time.monotonic()
    everything: dict[str, Any] = {
        "short": chosen.short,
        "rounds": chosen.rounds,
        "rows": [],
        "workloads": {},
    }
    failed = []
    for position, name in enumerate(names, 1):
        (workload,) = [each for each in WORKLOADS if each.name == name]
        spent = time.monotonic() - started
        print(f"[{position}/{len(names)}, {spent:.0f} s] {name}", file=sys.stderr, flush=True)
        measured = run(workload, chosen)
        if measured is None or measured.pop("failed"):
            failed.append(name)
        if measured is not None:
            everything["machine"] = measured.pop("machine")
            everything["baseline"] = measured["baseline"]
            everything["rows"] += rows_of(workload, measured)
            everything["workloads"][name] = measured
    print(table(everything["rows"]))
    print("\n" + ", ".join(f"{key} {value}" for key, value in everything["machine"].items()))
    print(f"{len(names)} workloads in {time.monotonic() - started:.0f} s")
    if failed:
        print(f"failed: {', '.join(failed)}")
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
        print(f"written to {chosen.json}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

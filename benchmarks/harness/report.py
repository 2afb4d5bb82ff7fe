"""The table and the JSON of one workload."""

from __future__ import annotations

import json
from typing import Any

from . import machine
from .rounds import BASELINE, Outcome


def table(title: str, outcome: Outcome, absent: dict[str, str]) -> str:
    """Medians and, beside each, how many times better than Twisted."""
    header = ["peer"]
    for metric in outcome.metrics:
        header += [metric.name, f"x {BASELINE}"]
    rows = [header]
    for peer in outcome.samples:
        row = [peer]
        for metric in outcome.metrics:
            ratio = outcome.ratio(peer, metric)
            row += [
                f"{outcome.median(peer, metric):.4g}",
                "-" if ratio is None else f"{ratio:.2f}",
            ]
        rows.append(row)
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    lines = [title, ""]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells))
    lines += [f"{peer}: not measured, {why}" for peer, why in absent.items()]
    return "\n".join(lines)


def as_json(title: str, outcome: Outcome, absent: dict[str, str]) -> dict[str, Any]:
    """Everything measured, for scripts and pictures."""
    return {
        "title": title,
        "machine": machine.describe(),
        "baseline": BASELINE,
        "metrics": [vars(metric) for metric in outcome.metrics],
        "peers": {
            peer: {
                metric.name: {
                    "median": outcome.median(peer, metric),
                    "times_better": outcome.ratio(peer, metric),
                    "samples": [sample[metric.name] for sample in samples],
                }
                for metric in outcome.metrics
            }
            for peer, samples in outcome.samples.items()
        },
        "absent": absent,
    }


def write_json(path: str, document: dict[str, Any]) -> None:
    """Write *document* to *path*, readable."""
    with open(path, "w", encoding="utf-8") as out:
        json.dump(document, out, indent=1)
        out.write("\n")

"""What a result that is not there yet costs: callbacks, yields, and many gathered into one."""

from __future__ import annotations

import argparse
import json

from harness import command, processes
from harness.rounds import Metric, Sample

METRICS = [
    Metric("10 callbacks ns"),
    Metric("ready yield ns"),
    Metric("waiting yield ns"),
    Metric("gather 1000 us"),
]


def measure(peer: str, chosen: argparse.Namespace) -> Sample:
    """One fresh process."""
    scale = 1 if chosen.short else 5
    sample: Sample = json.loads(processes.answer(processes.python("deferreds.py", peer, scale)))
    return sample


if __name__ == "__main__":
    command.run(
        title="deferreds: a chain of ten callbacks, a yield, a thousand gathered",
        metrics=METRICS,
        peers=["twisted", "pcstream", "asyncio", "uvloop"],
        measure=measure,
    )

"""What a timer costs: set, put off, cancelled, or run, beside ten thousand that are pending."""

from __future__ import annotations

import argparse
import json

from harness import command, processes
from harness.rounds import Metric, Sample

METRICS = [Metric("set+reset+cancel ns"), Metric("set+cancel ns"), Metric("set+fire ns")]


def measure(peer: str, chosen: argparse.Namespace) -> Sample:
    """One fresh process."""
    count = 100_000 if chosen.short else 200_000
    sample: Sample = json.loads(processes.answer(processes.python("timers.py", peer, count)))
    return sample


if __name__ == "__main__":
    command.run(
        title="timers",
        metrics=METRICS,
        peers=["twisted", "pcstream", "asyncio", "uvloop"],
        measure=measure,
    )

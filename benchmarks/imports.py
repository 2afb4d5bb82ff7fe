"""What it costs to import the reactor, in CPU time of a fresh interpreter."""

from __future__ import annotations

import argparse
import sys

from harness import command, processes
from harness.rounds import Metric, Sample

CPU = Metric("CPU ms")
MODULES = {
    "twisted": "twisted.internet.reactor",
    "pcstream": "pcstream.internet.reactor",
    "asyncio": "asyncio",
    "uvloop": "uvloop",
}
CODE = "import time; start = time.process_time(); import {}; print(time.process_time() - start)"


def measure(peer: str, chosen: argparse.Namespace) -> Sample:
    """The least of a few imports: the first of all may compile or read a cold disk."""
    line = [sys.executable, "-c", CODE.format(MODULES[peer])]
    times = [float(processes.answer(line)) for _ in range(2 if chosen.short else 5)]
    return {CPU.name: min(times) * 1000}


if __name__ == "__main__":
    command.run(title="import of the reactor", metrics=[CPU], peers=list(MODULES), measure=measure)

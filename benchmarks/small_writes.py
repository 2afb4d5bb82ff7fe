"""Many writes of 100 bytes: some in each turn of the loop, by a producer, or all in one burst."""

from __future__ import annotations

import argparse
import time

from harness import command, load, peers, processes
from harness.rounds import Metric, Sample

PEERS = ["twisted", "pcstream", "asyncio", "uvloop"]
CPU, RATE = Metric("CPU us/write"), Metric("writes/s", more_is_better=True)
SIZE_BYTES = 100


def options(parser: argparse.ArgumentParser) -> None:
    """What can be varied."""
    parser.add_argument("--burst", action="store_true", help="all writes in one turn")
    parser.add_argument(
        "--turn", type=int, default=1000, help="writes in a turn; 0: as many as there is room for"
    )


def measure(peer: str, chosen: argparse.Namespace) -> Sample:
    """CPU for each write."""
    count = 1_000_000
    line = peers.COMMANDS[peer]("writes", count, count if chosen.burst else chosen.turn, SIZE_BYTES)
    with processes.started(line, core=0) as under_test:
        cpu, clock = under_test.cpu_s(), time.perf_counter()
        total = load.drain(load.connect(under_test.port))
        cpu, clock = under_test.cpu_s() - cpu, time.perf_counter() - clock
    if total != count * SIZE_BYTES:
        raise RuntimeError(f"{peer} sent {total} bytes")
    return {CPU.name: cpu / count * 1e6, RATE.name: count / clock}


if __name__ == "__main__":
    command.run(
        title="small writes, 100 bytes each, burst {burst}, in a turn {turn}: CPU for one",
        metrics=[CPU, RATE],
        peers=PEERS,
        measure=measure,
        options=options,
    )

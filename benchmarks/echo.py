"""Small messages there and back: what the loop itself costs."""

from __future__ import annotations

import argparse
import time

from harness import command, load, peers, processes
from harness.rounds import Metric, Sample

PEERS = ["twisted", "pcstream", "asyncio", "uvloop"]
CPU, RATE = Metric("CPU us/echo"), Metric("echoes/s", more_is_better=True)
MESSAGE = b"x" * 64


def options(parser: argparse.ArgumentParser) -> None:
    """What can be varied."""
    parser.add_argument("--connections", type=int, default=1, help="at the same time")


def measure(peer: str, chosen: argparse.Namespace) -> Sample:
    """CPU for each echo of one peer, after a tenth of them that does not count."""
    each = max(2, (20_000 if chosen.short else 100_000) // chosen.connections)
    with processes.started(peers.COMMANDS[peer]("echo"), core=0) as under_test:
        sockets = load.connect(under_test.port, chosen.connections)
        load.ping(sockets, MESSAGE, max(1, each // 10))
        cpu, clock = under_test.cpu_s(), time.perf_counter()
        load.ping(sockets, MESSAGE, each)
        cpu, clock = under_test.cpu_s() - cpu, time.perf_counter() - clock
        for sock in sockets:
            sock.close()
    total = each * chosen.connections
    return {CPU.name: cpu / total * 1e6, RATE.name: total / clock}


if __name__ == "__main__":
    command.run(
        title="echo of 64 bytes, {connections} connection(s): CPU of the server for each",
        metrics=[CPU, RATE],
        peers=PEERS,
        measure=measure,
        options=options,
    )

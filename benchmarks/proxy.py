"""A proxy between clients and a server: portforward on Twisted and pcstream, and its likes."""

from __future__ import annotations

import argparse
import time

from harness import command, load, peers, processes
from harness.rounds import Metric, Sample

MIB = 1024 * 1024
#: that go through a connection
LEAST_MIB, LEAST_SHORT_MIB = 16, 4
IN_PYTHON = ["twisted", "pcstream", "asyncio", "uvloop"]
#: which have no protocols that could look
IN_C = ["haproxy", "haproxy splice"]
CPU, RATE = Metric("CPU s/GB"), Metric("GB/s", more_is_better=True)


def options(parser: argparse.ArgumentParser) -> None:
    """What can be varied."""
    parser.add_argument("--connections", type=int, default=1, help="at the same time")
    parser.add_argument("--ways", type=int, choices=[1, 2], default=1, help="directions")
    parser.add_argument("--looking", action="store_true", help="the protocols see the data")


def peers_for(chosen: argparse.Namespace) -> list[str]:
    """Only those that can do it."""
    return IN_PYTHON + ([] if chosen.looking else IN_C)


def measure(peer: str, chosen: argparse.Namespace) -> Sample:
    """CPU for each GB that one proxy forwards, after a transfer that does not count."""
    each = (128 if chosen.short else 512) * MIB // chosen.connections // chosen.ways
    # with less, what is measured is how connections are made
    each = max(each, (LEAST_SHORT_MIB if chosen.short else LEAST_MIB) * MIB // chosen.ways)
    back = each if chosen.ways == 2 else 0
    transfers = 1 if chosen.short or chosen.connections > 1 else 2
    name, _, how = peer.partition(" ")
    extra = [how] if how else []
    if chosen.looking and name in ("twisted", "pcstream"):
        extra = ["looking"]
    server = load.Server(gives=each, takes=back)
    try:
        line = peers.COMMANDS[name]("proxy", server.port, *extra)
        with processes.started(line, core=0) as under_test:
            load.drain(load.connect(under_test.port), gives=back)
            cpu, clock, total = under_test.cpu_s(), time.perf_counter(), 0
            for _ in range(transfers):
                sockets = load.connect(under_test.port, chosen.connections)
                total += load.drain(sockets, gives=back)
            cpu, clock = under_test.cpu_s() - cpu, time.perf_counter() - clock
    finally:
        server.close()
    if total != each * chosen.connections * transfers:
        raise RuntimeError(f"{peer} forwarded {total} bytes")
    total *= chosen.ways
    return {CPU.name: cpu / total * 1e9, RATE.name: total / clock / 1e9}


if __name__ == "__main__":
    command.run(
        title="proxy, {ways} way(s), {connections} connection(s), looking {looking}: CPU a GB",
        metrics=[CPU, RATE],
        peers=peers_for,
        measure=measure,
        options=options,
    )

"""A small message's way there and back while the same process sends bulk streams."""

from __future__ import annotations

import argparse
import multiprocessing
import time
from multiprocessing.connection import Connection

from harness import command, load, peers, processes
from harness.rounds import Metric, Sample

PEERS = ["twisted", "pcstream", "asyncio", "uvloop"]
TAIL = Metric("p99 ms")
MIDDLE = Metric("p50 ms")
RATE = Metric("bulk GB/s", more_is_better=True)
WARM_UP_PINGS = 50
UNDER_WAY_BYTES = 64 * 1024 * 1024


def take_bulk(port: int, streams: int, told: Connection) -> None:
    """Read *streams* endless streams until told to stop; answer with bytes a second."""
    flows = load.Flows()
    for sock in load.connect(port, streams):
        sock.sendall(b"bulk")
        flows.add(sock)
    while flows.taken < UNDER_WAY_BYTES:
        flows.turn()
    told.send(None)
    already, started = flows.taken, time.perf_counter()
    while not told.poll():
        flows.turn()
    told.send((flows.taken - already) / (time.perf_counter() - started))
    flows.close()


def options(parser: argparse.ArgumentParser) -> None:
    """What can be varied."""
    parser.add_argument("--streams", type=int, default=8, help="of bulk beside it")


def measure(peer: str, chosen: argparse.Namespace) -> Sample:
    """Ping one connection while the others are full."""
    count = 300 if chosen.short else 3000
    with processes.started(peers.COMMANDS[peer]("mixed"), core=0) as under_test:
        ours, theirs = multiprocessing.Pipe()
        bulk = multiprocessing.Process(
            target=take_bulk, args=(under_test.port, chosen.streams, theirs)
        )
        bulk.start()
        ours.recv()
        sockets = load.connect(under_test.port)
        load.ping(sockets, b"ping", WARM_UP_PINGS)
        took = sorted(load.ping(sockets, b"ping", count))
        ours.send(None)
        rate = ours.recv()
        bulk.join()
        sockets[0].close()
    return {
        TAIL.name: took[int(len(took) * 0.99)] * 1e3,
        MIDDLE.name: took[len(took) // 2] * 1e3,
        RATE.name: rate / 1e9,
    }


if __name__ == "__main__":
    command.run(
        title="a ping beside {streams} bulk streams",
        metrics=[TAIL, MIDDLE, RATE],
        peers=PEERS,
        measure=measure,
        options=options,
    )

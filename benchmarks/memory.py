"""Memory of a server for each client that does not read, or that is merely there."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from harness import command, load, peers, processes
from harness.rounds import Metric, Sample

PEERS = ["twisted", "pcstream", "asyncio", "uvloop", "nginx"]
#: in which a program opens the file
IN_PYTHON = PEERS[:-1]
MEMORY = Metric("KiB/connection")
#: the file must be larger than what the kernel's buffers take for a reader that does not read
FILE_BYTES = 64 * 1024 * 1024
#: the process has come to rest when it uses less CPU than this in a tenth of a second, and sleeps
REST_S = 0.002


def options(parser: argparse.ArgumentParser) -> None:
    """What can be varied."""
    parser.add_argument("--idle", action="store_true", help="connections that ask for nothing")
    parser.add_argument("--unbuffered", action="store_true", help="open the file without a buffer")
    parser.add_argument("--connections", type=int, help="default 1000 stalled, 10000 idle")


def peers_for(chosen: argparse.Namespace) -> list[str]:
    """Only those for which the options mean something."""
    return IN_PYTHON if chosen.unbuffered else PEERS


def settle(under_test: processes.UnderTest) -> None:
    """Wait until the process has nothing left to do."""
    before = -1.0
    while (now := under_test.cpu_s()) - before > REST_S or not under_test.sleeps():
        before = now
        time.sleep(0.1)


def measure(peer: str, chosen: argparse.Namespace) -> Sample:
    """The growth of resident memory, over the number of connections."""
    count = chosen.connections or (10_000 if chosen.idle else 1000)
    if chosen.short:
        count //= 2
    with tempfile.NamedTemporaryFile() as source:
        os.truncate(source.fileno(), FILE_BYTES)
        # nginx has no echo; one who asks for nothing does not notice
        role = ("echo",) if chosen.idle and peer != "nginx" else ("file", source.name)
        if chosen.unbuffered:
            role += ("", "unbuffered")
        with processes.started(peers.COMMANDS[peer](*role), core=0) as under_test:
            request = b""
            if peer == "nginx" and not chosen.idle:  # which alone is asked
                request = b"GET /%s HTTP/1.0\r\n\r\n" % Path(source.name).name.encode()
            # what the first one costs is not counted
            sockets = load.connect(under_test.port, request=request)
            settle(under_test)
            before = under_test.memory_bytes()
            sockets += load.connect(under_test.port, count, request)
            settle(under_test)
            grown = under_test.memory_bytes() - before
            for sock in sockets:
                sock.close()
    return {MEMORY.name: grown / count / 1024}


if __name__ == "__main__":
    command.run(
        title="memory a connection, idle {idle} (else it reads nothing), unbuffered {unbuffered}",
        metrics=[MEMORY],
        peers=peers_for,
        measure=measure,
        rounds=3,
        options=options,
    )

"""A file from twisted.web, which nothing in it was changed for: on Twisted, and by pcstream run."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from harness import command, download, processes
from harness.download import MIB
from harness.rounds import Metric, Sample

#: twisted.web has to be there for both
PEERS = ["twisted", "twisted pcstream-run"]
REQUEST = b"GET /file HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
CPU, RATE = Metric("CPU s/GB"), Metric("GB/s", more_is_better=True)


def options(parser: argparse.ArgumentParser) -> None:
    """What can be varied."""
    parser.add_argument("--clients", type=int, default=1, help="at the same time")
    parser.add_argument("--mib", type=int, help="size of the file (default 1024, short 64)")


def server(peer: str, folder: str) -> list[str]:
    """The command line of a peer: the same script, started in two ways."""
    line = processes.python("web_static.py", folder)
    if peer.endswith("pcstream-run"):
        line[:1] = [sys.executable, "-m", "pcstream", "run"]
    return line


def measure(peer: str, chosen: argparse.Namespace) -> Sample:
    """CPU for each GB that the web server sends, after one request that does not count."""
    size = (chosen.mib or (64 if chosen.short else 1024)) * MIB
    requests = max(1, (2 if chosen.short else 4) // chosen.clients)
    with tempfile.TemporaryDirectory() as folder:
        with Path(folder, "file").open("wb") as file:
            download.fill(file, size)
        cpu, rate = download.measure(server(peer, folder), size, chosen.clients, requests, REQUEST)
    return {CPU.name: cpu, RATE.name: rate}


if __name__ == "__main__":
    command.run(
        title="a file of twisted.web, {clients} client(s): CPU of the server for each GB",
        metrics=[CPU, RATE],
        peers=PEERS,
        measure=measure,
        options=options,
    )

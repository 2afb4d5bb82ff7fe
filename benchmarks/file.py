"""A file to clients: FileSender on Twisted and on pcstream, and the same job elsewhere."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from harness import command, download, peers
from harness.download import MIB
from harness.rounds import Metric, Sample

#: who can have each chunk pass through a function, and who cannot
THROUGH_PYTHON = ["twisted", "pcstream", "asyncio", "uvloop"]
BY_THE_KERNEL = ["asyncio sendfile", "nginx"]
REQUEST = b"GET /%s HTTP/1.0\r\n\r\n"
CPU, RATE = Metric("CPU s/GB"), Metric("GB/s", more_is_better=True)


def options(parser: argparse.ArgumentParser) -> None:
    """What can be varied."""
    parser.add_argument("--clients", type=int, default=1, help="at the same time")
    parser.add_argument("--transform", action="store_true", help="pass each chunk through one")


def peers_for(chosen: argparse.Namespace) -> list[str]:
    """Only those that can do it."""
    return THROUGH_PYTHON + ([] if chosen.transform else BY_THE_KERNEL)


def measure(peer: str, chosen: argparse.Namespace) -> Sample:
    """CPU for each GB that one peer sends, after one transfer that does not count."""
    size = (64 if chosen.short else 256) * MIB
    transfers = max(1, (2 if chosen.short else 6) // chosen.clients)
    with tempfile.NamedTemporaryFile() as source:
        download.fill(source, size)
        name, _, how = peer.partition(" ")
        extra = ["transform"] if chosen.transform and not how else [how] if how else []
        line = peers.COMMANDS[name]("file", source.name, *extra)
        # nginx alone is asked, and answers with a header before the file
        request = REQUEST % Path(source.name).name.encode() if name == "nginx" else b""
        cpu, rate = download.measure(line, size, chosen.clients, transfers, request)
    return {CPU.name: cpu, RATE.name: rate}


if __name__ == "__main__":
    command.run(
        title="file, {clients} client(s), transform {transform}: CPU of the server for each GB",
        metrics=[CPU, RATE],
        peers=peers_for,
        measure=measure,
        options=options,
    )

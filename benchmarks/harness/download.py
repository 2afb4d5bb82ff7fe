"""What a server's CPU is for each GB that clients fetch from it."""

from __future__ import annotations

import os
import time
from typing import IO

from . import load, processes

MIB = 1024 * 1024
#: a server that speaks HTTP puts no more than this before the file
HEADER_BYTES = 1024


def fill(file: IO[bytes], size: int) -> None:
    """Write *size* bytes, whole MiB, that cannot be compressed."""
    block = os.urandom(MIB)
    for _ in range(size // MIB):
        file.write(block)
    file.flush()


def measure(
    line: list[str], size: int, clients: int, transfers: int, request: bytes
) -> tuple[float, float]:
    """Fetch a file, *transfers* times by *clients* at once, after one transfer that does not count.

    :param line: the command line of the server.
    :param size: of the file, in bytes.
    :param request: what each client sends first.
    :returns: seconds of the server's CPU for each GB, and GB for each second.
    :raises RuntimeError: more or fewer bytes came.
    """
    with processes.started(line, core=0) as under_test:
        expected = load.drain(load.connect(under_test.port, request=request))
        # whoever is asked answers with a header before the file
        if not bool(request) <= expected - size < HEADER_BYTES:
            raise RuntimeError(f"{expected} bytes came of {size}")
        cpu, clock, total = under_test.cpu_s(), time.perf_counter(), 0
        for _ in range(transfers):
            total += load.drain(load.connect(under_test.port, clients, request))
        cpu, clock = under_test.cpu_s() - cpu, time.perf_counter() - clock
    if total != expected * transfers * clients:
        raise RuntimeError(f"{total} bytes came of {expected} for each transfer")
    return cpu / total * 1e9, total / clock / 1e9

"""A child process that is fed by FileSender through spawnProcess.

``python tests/large/child_file.py --size 4Gi`` starts a child that hashes its standard input, sends
it a file of that size, and prints bytes, seconds and this process's peak memory.  The exit status
is 0 if everything arrived and memory stayed flat.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from amount import Outcome, Pattern, parse_size, peak_memory

from pcstream.internet import reactor
from pcstream.internet.protocol import ProcessProtocol
from pcstream.protocols.basic import FileSender

CHILD = """
import hashlib, os
digest, count = hashlib.sha256(), 0
while piece := os.read(0, 65536):
    digest.update(piece)
    count += len(piece)
print(count, digest.hexdigest())
"""


class Watched(Pattern):
    """Notes the memory when a sixteenth has been read."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.early = size - size // 16
        self.peak_early = 0

    def read(self, size: int) -> bytes:
        if not self.peak_early and self.left <= self.early:
            self.peak_early = peak_memory()
        return super().read(size)


class Feeder(ProcessProtocol):
    """Sends the file, closes the child's input, and keeps what the child says."""

    def __init__(self, file: Watched) -> None:
        self.file = file
        self.said = b""
        self.trouble: list[str] = []

    def connectionMade(self) -> None:
        sent = FileSender().beginFileTransfer(self.file, self.transport)  # type: ignore[arg-type]
        sent.addErrback(lambda failure: self.trouble.append(str(failure.value)))
        sent.addCallback(lambda _: self.transport.closeStdin())

    def outReceived(self, data: bytes) -> None:
        self.said += data

    def errReceived(self, data: bytes) -> None:
        self.trouble.append(data.decode(errors="replace"))

    def processEnded(self, reason: Any) -> None:
        if reason.value.exitCode != 0:
            self.trouble.append(str(reason.value))
        reactor.stop()


def measure(size: int) -> Outcome:
    """Start the child and feed it."""
    feeder = Feeder(Watched(size))
    started = time.monotonic()
    reactor.spawnProcess(feeder, sys.executable, [sys.executable, "-c", CHILD], env=os.environ)
    reactor.run()
    seconds = time.monotonic() - started
    if feeder.trouble:
        raise SystemExit("\n".join(feeder.trouble))
    count, digest = feeder.said.split()
    return Outcome(
        size=size,
        arrived=int(count),
        seconds=seconds,
        peak_early=feeder.file.peak_early,
        peak=peak_memory(),
        digests_equal=digest.decode() == feeder.file.digest.hexdigest(),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=parse_size, default=parse_size("4Gi"))
    return measure(parser.parse_args().size).report()


if __name__ == "__main__":
    sys.exit(main())

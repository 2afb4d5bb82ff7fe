"""A cat-like program over standard input and output, between two pipes.

``python tests/large/stdio_cat.py --size 4Gi`` starts it, feeds it, hashes what comes out, and
prints bytes, seconds and the program's peak memory.  The exit status is 0 if everything arrived
and its memory stayed flat.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from typing import Any

from amount import Outcome, Pattern, parse_size, peak_memory
from zope.interface import implementer

PIECE_BYTES = 65_536


def cat(size: int) -> None:
    """Copy standard input to standard output; say at the end, on standard error, what it took."""
    from pcstream.internet import reactor
    from pcstream.internet.interfaces import IHalfCloseableProtocol
    from pcstream.internet.protocol import Protocol
    from pcstream.internet.stdio import StandardIO

    @implementer(IHalfCloseableProtocol)
    class Cat(Protocol):
        copied = 0
        peak_early = 0
        pauses = 0

        def connectionMade(self) -> None:
            # Input is read at the pace at which output is taken.
            self.transport.registerProducer(self.transport, True)

        def dataReceived(self, data: bytes) -> None:
            self.copied += len(data)
            self.transport.write(data)
            if not self.peak_early and self.copied >= size // 16:
                self.peak_early = peak_memory()

        def readConnectionLost(self) -> None:
            self.transport.unregisterProducer()
            self.transport.loseConnection()

        def writeConnectionLost(self) -> None:
            self.transport.loseConnection()

        def connectionLost(self, reason: Any = None) -> None:
            reactor.stop()

    protocol = Cat()
    StandardIO(protocol)
    reactor.run()
    json.dump({"peak": peak_memory(), "peak_early": protocol.peak_early}, sys.stderr)


def measure(size: int) -> Outcome:
    """Start the program, and be both of its neighbours."""
    child = subprocess.Popen(
        [sys.executable, __file__, "--cat", "--size", str(size)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    pattern = Pattern(size)
    feed, take = child.stdin.fileno(), child.stdout.fileno()

    def feeding() -> None:
        try:
            while piece := pattern.read(PIECE_BYTES):
                while piece:
                    piece = piece[os.write(feed, piece) :]
        except BrokenPipeError:
            pass  # the count of what arrives will tell
        child.stdin.close()  # type: ignore[union-attr]

    feeder = threading.Thread(target=feeding)
    started = time.monotonic()
    feeder.start()
    arrived, digest = 0, hashlib.sha256()
    while piece := os.read(take, PIECE_BYTES):
        arrived += len(piece)
        digest.update(piece)
    seconds = time.monotonic() - started
    feeder.join()
    said = child.stderr.read().decode()
    child.stdout.close()
    child.stderr.close()
    if child.wait() != 0:
        raise SystemExit(f"the program ended with {child.returncode}:\n{said}")
    own = json.loads(said)
    return Outcome(
        size=size,
        arrived=arrived,
        seconds=seconds,
        peak_early=own["peak_early"],
        peak=own["peak"],
        digests_equal=digest.digest() == pattern.digest.digest(),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=parse_size, default=parse_size("4Gi"))
    parser.add_argument("--cat", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cat:
        cat(options.size)
        return 0
    return measure(options.size).report()


if __name__ == "__main__":
    sys.exit(main())

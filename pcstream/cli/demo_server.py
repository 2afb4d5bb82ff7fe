"""The demo's file server: a pull producer, FileSender, on the descriptor it is handed."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from typing import BinaryIO

from pcstream.internet import protocol
from pcstream.internet.error import ConnectionDone
from pcstream.protocols.basic import FileSender
from pcstream.python.failure import Failure

from .demo_hop import Hop, reactor, say
from .demo_meter import Meter

HASH_STEP_BYTES = 1024 * 1024
#: a shorter wait between two chunks is a turn of the loop, and not the proxy's doing
SHORTEST_PAUSE_S = 0.005


def file_sha256(descriptor: int) -> str:
    """The hash of a whole file, read on its own: the file's position is left alone."""
    digest = hashlib.sha256()
    offset = 0
    while data := os.pread(descriptor, HASH_STEP_BYTES, offset):
        digest.update(data)
        offset += len(data)
    return digest.hexdigest()


class MeteredFileSender(FileSender):
    """A FileSender that notes when it is asked, and how long it then waits to be asked again."""

    def __init__(self, hop: Hop) -> None:
        self._hop = hop
        self._position = 0

    def resumeProducing(self) -> None:
        """The transport has room for one more chunk."""
        self._hop.meter.flow()
        FileSender.resumeProducing(self)
        if self.file:
            position = self.file.tell()
            self._hop.moved(position - self._position)
            self._position = position
            self._hop.meter.wait()


class SendFile(protocol.Protocol):
    """Sends the file to whoever connects, and closes."""

    hop: Hop
    source: BinaryIO
    sent = False
    closed = False
    sha256: str | None = None

    def connectionMade(self) -> None:
        """Send, while a thread makes the hash of the same file."""
        self.hop.consumer = self.transport
        self.hop.connected()
        threading.Thread(target=self._hash, daemon=True).start()
        sender = MeteredFileSender(self.hop)
        sender.beginFileTransfer(self.source, self.transport).addCallbacks(
            self._sent,
            lambda failure: None,  # connectionLost tells what happened
        )

    def _hash(self) -> None:
        digest = file_sha256(self.source.fileno())
        reactor.callFromThread(self._hashed, digest)

    def _hashed(self, digest: str) -> None:
        self.sha256 = digest
        self._finish()

    def _sent(self, last: bytes) -> None:
        self.sent = True
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = protocol.connectionDone) -> None:
        """The stream is over, well or not."""
        if self.sent and reason.check(ConnectionDone):
            self.hop.meter.end()
            self.closed = True
            self._finish()
        else:
            self.hop.lost(reason.getErrorMessage())

    def _finish(self) -> None:
        if self.closed and self.sha256 is not None:
            self.hop.done(sha256=self.sha256)


def main(descriptor: int) -> None:
    """Serve the file on *descriptor* to one client."""
    hop = Hop(Meter(SHORTEST_PAUSE_S))
    SendFile.hop = hop
    SendFile.source = os.fdopen(descriptor, "rb")
    port = reactor.listenTCP(0, protocol.Factory.forProtocol(SendFile), interface="127.0.0.1")
    say("listening", port=port.getHost().port)
    hop.run(lambda order: None)


if __name__ == "__main__":
    main(int(sys.argv[1]))

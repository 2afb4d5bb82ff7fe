"""The demo's receiver: it reads at a bounded rate by pausing its own transport."""

from __future__ import annotations

import hashlib
import sys
import time
from typing import Any

from pcstream.internet import protocol
from pcstream.internet.error import ConnectionDone
from pcstream.internet.interfaces import IAddress, IConnector
from pcstream.python.failure import Failure

from .demo_hop import Hop, reactor
from .demo_meter import Meter

#: a paced receiver reads in pieces worth this long, so that the stream moves visibly
PIECE_S = 0.02
LARGEST_PIECE_BYTES = 64 * 1024


class Receiver(protocol.Protocol):
    """Takes bytes as fast as the rate allows, and keeps only their hash.

    :param rate: bytes a second; 0 is no limit.
    """

    def __init__(self, hop: Hop, rate: int) -> None:
        self.hop = hop
        self.rate = rate
        self.digest = hashlib.sha256()

    def connectionMade(self) -> None:
        """The clock of the rate starts."""
        self.hop.connected()
        self.started = time.monotonic()
        if self.rate:
            piece = int(self.rate * PIECE_S)
            self.transport.bufferSize = min(max(piece, 1), LARGEST_PIECE_BYTES)

    def dataReceived(self, data: bytes) -> None:
        """Hash it; when it came too early, read no more until it is due."""
        self.digest.update(data)
        meter = self.hop.meter
        meter.moved(len(data), buffered=0)
        if self.rate:
            early_s = meter.bytes / self.rate - (time.monotonic() - self.started)
            if early_s > 0:
                self.transport.pauseProducing()
                meter.wait()
                reactor.callLater(early_s, self._resume)

    def _resume(self) -> None:
        self.hop.meter.flow()
        self.transport.resumeProducing()

    def connectionLost(self, reason: Failure = protocol.connectionDone) -> None:
        """All has arrived, or all that ever will."""
        if reason.check(ConnectionDone):
            self.hop.done(sha256=self.digest.hexdigest())
        else:
            self.hop.lost(reason.getErrorMessage())


class ReceiverFactory(protocol.ClientFactory[Receiver]):
    """Makes the one receiver."""

    def __init__(self, hop: Hop, rate: int) -> None:
        self.hop = hop
        self.rate = rate

    def buildProtocol(self, addr: IAddress | None) -> Receiver:
        """The connection stands."""
        return Receiver(self.hop, self.rate)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """The proxy does not answer."""
        self.hop.lost(reason.getErrorMessage())


def main(rate: int) -> None:
    """Connect to the port that the parent names, and read."""
    hop = Hop(Meter())

    def obey(order: dict[str, Any]) -> None:
        reactor.connectTCP("127.0.0.1", order["connect"], ReceiverFactory(hop, rate))

    hop.run(obey)


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""The demo's proxy: a push producer between the server and the receiver.

What comes from upstream is written downstream at once. When downstream is full it pauses its
producer, which stops reading from upstream; the kernel then makes the server wait.
"""

from __future__ import annotations

import errno
import sys
from typing import Any

from zope.interface import implementer

from pcstream.internet import protocol
from pcstream.internet.error import CannotListenError, ConnectionDone
from pcstream.internet.interfaces import IAddress, IConnector, IPushProducer
from pcstream.python.failure import Failure

from .demo_hop import Hop, reactor, say
from .demo_meter import Meter


@implementer(IPushProducer)
class Upstream(protocol.Protocol):
    """The connection to the server, which produces for the other one."""

    def __init__(self, downstream: Downstream) -> None:
        self.downstream = downstream
        self.hop = downstream.hop

    def connectionMade(self) -> None:
        """From here on downstream says when to pause."""
        self.downstream.upstream = self
        if self.downstream.recording is not None:
            from pcstream.conformance.monitor import watch

            watch(
                self,
                self.downstream.transport,
                recording=self.downstream.recording,
                name="proxy: server to receiver",
            )
        self.downstream.transport.registerProducer(self, True)

    def dataReceived(self, data: bytes) -> None:
        """Pass it on."""
        self.downstream.transport.write(data)
        self.hop.moved(len(data))

    def pauseProducing(self) -> None:
        """Downstream is full."""
        self.hop.meter.wait()
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Downstream has room."""
        self.hop.meter.flow()
        self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """Downstream is gone."""
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = protocol.connectionDone) -> None:
        """A clean end goes on as a clean end, any other as an abort."""
        self.downstream.upstream_lost(reason)


class UpstreamFactory(protocol.ClientFactory[Upstream]):
    """Makes the other side of one connection."""

    def __init__(self, downstream: Downstream) -> None:
        self.downstream = downstream

    def buildProtocol(self, addr: IAddress | None) -> Upstream:
        """The server has answered."""
        return Upstream(self.downstream)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:
        """The server does not answer."""
        self.downstream.upstream_lost(reason)


class Downstream(protocol.Protocol):
    """The connection from the receiver."""

    hop: Hop
    server_port = 0
    recording: Any = None
    upstream: Upstream | None = None
    upstream_reason: Failure | None = None

    def connectionMade(self) -> None:
        """Open the other side."""
        self.hop.consumer = self.transport
        self.hop.connected()
        reactor.connectTCP("127.0.0.1", self.server_port, UpstreamFactory(self))

    def upstream_lost(self, reason: Failure) -> None:
        """Deliver what is left and close, or abort."""
        self.upstream = None
        self.upstream_reason = reason
        self.transport.unregisterProducer()
        if reason.check(ConnectionDone):
            self.transport.loseConnection()
        else:
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = protocol.connectionDone) -> None:
        """Both ends are over; it was well if both were clean and upstream's came first."""
        upstream = self.upstream_reason
        if upstream is None:
            self.hop.lost(f"by the receiver: {reason.getErrorMessage()}")
            if self.upstream is not None:
                self.upstream.transport.abortConnection()
        elif not upstream.check(ConnectionDone):
            self.hop.lost(f"by the server: {upstream.getErrorMessage()}")
        elif not reason.check(ConnectionDone):
            self.hop.lost(f"by the receiver: {reason.getErrorMessage()}")
        else:
            self.hop.done()


def main(port: int) -> None:
    """Listen on *port*, and forward to the port that the parent names."""
    hop = Hop(Meter())
    Downstream.hop = hop

    def obey(order: dict[str, Any]) -> None:
        Downstream.server_port = order["connect"]
        if order["record"] is not None:
            from pcstream.conformance.recording import Recording

            Downstream.recording = Recording(order["record"])
        try:
            listening = reactor.listenTCP(
                port, protocol.Factory.forProtocol(Downstream), interface="127.0.0.1"
            )
        except CannotListenError as error:
            code = getattr(error.socketError, "errno", None)
            taken = "is in use" if code == errno.EADDRINUSE else f"refused: {error.socketError}"
            hop.failed("port", f"port {port} of 127.0.0.1 {taken}; choose another with --port")
        else:
            say("listening", port=listening.getHost().port)

    hop.run(obey)
    if Downstream.recording is not None:
        Downstream.recording.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""A file through a relay to a client that dawdles, every pair watched; the findings go out as JSON.

python monitored_relay.py pcstream|twisted [RECORDING]
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from importlib import import_module
from typing import Any

from pcstream.conformance.monitor import Violation, Watch, watch
from pcstream.conformance.recording import Recording

PACKAGE = sys.argv[1]
protocol, reactor, basic, defer = (
    import_module(f"{PACKAGE}.{name}")
    for name in ("internet.protocol", "internet.reactor", "protocols.basic", "internet.defer")
)

CONTENT = bytes(range(256)) * 2**16  # 16 MiB
recording = Recording(sys.argv[2]) if len(sys.argv) > 2 else None
watches: dict[str, Watch] = {}
findings: list[str] = []
arrived = hashlib.sha256()
over: Any = defer.Deferred()


def look_at(name: str, producer: Any, consumer: Any) -> Watch:
    def heard(violation: Violation) -> None:
        findings.append(f"{name} {violation.rule.number} {violation.culprit}")

    watched = watch(producer, consumer, on_violation=heard, recording=recording, name=name)
    watches[name] = watched
    return watched


class Server(protocol.Protocol):  # type: ignore[misc, name-defined]
    def connectionMade(self) -> None:
        sender = basic.FileSender()
        look_at("file to server", sender, self.transport)
        sent = sender.beginFileTransfer(io.BytesIO(CONTENT), self.transport)
        sent.addCallback(lambda last: self.transport.loseConnection())


class Upstream(protocol.Protocol):  # type: ignore[misc, name-defined]
    downstream: Any

    def connectionMade(self) -> None:
        look_at("upstream to downstream", self.transport, self.downstream.transport)
        self.downstream.transport.registerProducer(self.transport, True)

    def dataReceived(self, data: bytes) -> None:
        self.downstream.transport.write(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.downstream.transport.unregisterProducer()
        self.downstream.transport.loseConnection()


class Downstream(protocol.Protocol):  # type: ignore[misc, name-defined]
    def connectionMade(self) -> None:
        def build(address: Any) -> Upstream:
            upstream = Upstream()
            upstream.downstream = self
            return upstream

        factory = protocol.ClientFactory()
        factory.buildProtocol = build
        reactor.connectTCP("127.0.0.1", server.getHost().port, factory)


class Client(protocol.Protocol):  # type: ignore[misc, name-defined]
    breaks = 40

    def dataReceived(self, data: bytes) -> None:
        arrived.update(data)
        if self.breaks:
            self.breaks -= 1
            self.transport.pauseProducing()
            reactor.callLater(0.005, self.transport.resumeProducing)

    def connectionLost(self, reason: Any = None) -> None:
        over.callback(None)


def finish(result: Any) -> None:
    for each in watches.values():
        each.close()
    if recording is not None:
        recording.close()
    reactor.callLater(0, reactor.stop)


server = reactor.listenTCP(0, protocol.Factory.forProtocol(Server), interface="127.0.0.1")
relay = reactor.listenTCP(0, protocol.Factory.forProtocol(Downstream), interface="127.0.0.1")
client = protocol.ClientFactory()
client.protocol = Client
reactor.connectTCP("127.0.0.1", relay.getHost().port, client)
over.addBoth(finish)
reactor.run()
print(
    json.dumps(
        {
            "whole": arrived.hexdigest() == hashlib.sha256(CONTENT).hexdigest(),
            "findings": sorted(set(findings)),
            "bytes": {name: each.bytes for name, each in watches.items()},
            "pauses": {name: each.pauses for name, each in watches.items()},
            "paused_by": {name: sorted(each.paused_by) for name, each in watches.items()},
            "time_paused": {name: each.time_paused for name, each in watches.items()},
        }
    )
)

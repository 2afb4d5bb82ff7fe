"""An upload: the server writes what arrives to a consumer that pauses the connection.

The consumer pauses the transport at five pieces, and works them off before it wants more.
"""

import hashlib
import io
import random
import sys

from zope.interface import implementer

from twisted.internet import interfaces, reactor
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.protocols.basic import FileSender

PAYLOAD = random.Random(23).randbytes(2_000_000)


@implementer(interfaces.IConsumer)
class SlowStore:
    """Works off one piece a turn, and tells its producer when it has had enough."""

    def __init__(self):
        self.producer = None
        self.pieces = []
        self.digest = hashlib.sha256()
        self.size = 0
        self.pauses = 0
        self.most = 0

    def registerProducer(self, producer, streaming):
        print("store: producer registered, streaming", streaming)
        print("store: a push producer:", interfaces.IPushProducer.providedBy(producer))
        self.producer = producer

    def unregisterProducer(self):
        print("store: producer unregistered")
        self.producer = None

    def write(self, data):
        self.pieces.append(data)
        self.most = max(self.most, len(self.pieces))
        if len(self.pieces) == 5:
            self.pauses += 1
            self.producer.pauseProducing()
            reactor.callLater(0, self.work)

    def work(self):
        piece = self.pieces.pop(0)
        self.digest.update(piece)
        self.size += len(piece)
        if self.pieces:
            reactor.callLater(0, self.work)
        elif self.producer is not None:
            self.producer.resumeProducing()

    def finish(self):
        for piece in self.pieces:
            self.digest.update(piece)
            self.size += len(piece)


class Upload(Protocol):
    def connectionMade(self):
        print("server: connection made")
        self.store = SlowStore()
        self.store.registerProducer(self.transport, True)

    def dataReceived(self, data):
        self.store.write(data)

    def connectionLost(self, reason):
        print("server:", reason.type.__name__, reason.getErrorMessage())
        store = self.store
        store.unregisterProducer()
        store.finish()
        print("store:", store.size, store.digest.hexdigest() == hashlib.sha256(PAYLOAD).hexdigest())
        print("store: paused", store.pauses > 0, "never more pieces than", store.most)
        self.factory.port.stopListening().addCallback(lambda _: reactor.stop())


class Uploader(Protocol):
    def connectionMade(self):
        print("client: connection made")
        d = FileSender().beginFileTransfer(io.BytesIO(PAYLOAD), self.transport)
        d.addCallback(self.sent)

    def sent(self, last):
        print("client: sent, last byte", last == PAYLOAD[-1:])
        self.transport.loseConnection()

    def connectionLost(self, reason):
        print("client:", reason.type.__name__)


class UploaderFactory(ClientFactory):
    protocol = Uploader

    def startedConnecting(self, connector):
        print("factory: connecting, state", connector.state)

    def clientConnectionLost(self, connector, reason):
        print("factory: lost, state", connector.state)


factory = Factory.forProtocol(Upload)
factory.port = reactor.listenTCP(0, factory, interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", factory.port.getHost().port, UploaderFactory())
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

"""A consumer of one's own: it stores what it is given, one piece at a time.

The connection is its producer. While more than four pieces wait, the connection is paused, and
TCP makes the sender wait.
"""

from zope.interface import implementer

from pcstream.internet import interfaces, reactor
from pcstream.internet.protocol import ClientFactory, Factory, Protocol

MOST_PIECES = 4


@implementer(interfaces.IConsumer)
class Store:
    def __init__(self):
        self.producer = None
        self.waiting = []
        self.stored = 0
        self.pauses = 0

    def registerProducer(self, producer, streaming):
        if self.producer is not None:
            raise RuntimeError("somebody is registered already")
        self.producer = producer

    def unregisterProducer(self):
        self.producer = None

    def write(self, data):
        self.waiting.append(data)
        if len(self.waiting) == MOST_PIECES:
            self.pauses += 1
            self.producer.pauseProducing()
            reactor.callLater(0, self.store_one)

    def store_one(self):
        """A piece is stored; think of a slow disk."""
        self.stored += len(self.waiting.pop(0))
        if self.waiting:
            reactor.callLater(0, self.store_one)
        elif self.producer is not None:
            self.producer.resumeProducing()

    def finish(self):
        self.stored += sum(map(len, self.waiting))


class Upload(Protocol):
    def connectionMade(self):
        self.store = Store()
        self.store.registerProducer(self.transport, True)  # a transport is a push producer

    def dataReceived(self, data):
        self.store.write(data)

    def connectionLost(self, reason):
        self.store.unregisterProducer()
        self.store.finish()
        print("stored", self.store.stored, "bytes, paused:", self.store.pauses > 0)
        reactor.stop()


class Uploader(Protocol):
    def connectionMade(self):
        self.transport.write(bytes(3_000_000))
        self.transport.loseConnection()


port = reactor.listenTCP(0, Factory.forProtocol(Upload), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Uploader))
reactor.run()

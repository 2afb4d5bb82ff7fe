"""A pull producer: blocks of square numbers, one block for each request."""

import hashlib
import sys

from zope.interface import implementer

from twisted.internet import interfaces, reactor
from twisted.internet.protocol import ClientCreator, Factory, Protocol


@implementer(interfaces.IPullProducer)
class SquaresProducer:
    def __init__(self, consumer, blocks):
        self.consumer = consumer
        self.blocks = blocks
        self.asked = 0

    def resumeProducing(self):
        self.asked += 1
        if self.asked > self.blocks:
            print("producer: asked", self.asked, "times, that was all")
            self.consumer.unregisterProducer()
            self.consumer.loseConnection()
            return
        if self.asked in (1, 2, self.blocks):
            print("producer: request", self.asked)
        start = self.asked * 1000
        self.consumer.write(b"".join(b"%d " % (n * n) for n in range(start, start + 3000)))

    def stopProducing(self):
        print("producer: stopped after", self.asked, "requests")


class Server(Protocol):
    def connectionMade(self):
        print("server: connection made")
        print("server: before registering")
        self.transport.registerProducer(SquaresProducer(self.transport, 50), False)
        print("server: after registering")

    def connectionLost(self, reason):
        print("server:", reason.type.__name__)


class Client(Protocol):
    def __init__(self, patience=None):
        self.patience = patience
        self.digest = hashlib.sha256()
        self.size = 0
        self.bored = False

    def connectionMade(self):
        print("client: connection made")

    def dataReceived(self, data):
        if self.bored:
            return
        self.digest.update(data)
        self.size += len(data)
        if self.patience and self.size > self.patience:
            self.bored = True
            print("client: bored")
            self.transport.abortConnection()

    def connectionLost(self, reason):
        if not self.bored:
            print("client:", self.size, "bytes", self.digest.hexdigest()[:16])
        print("client:", reason.type.__name__, reason.getErrorMessage())
        reactor.callLater(0, next_client)


def clients():
    yield ClientCreator(reactor, Client).connectTCP("127.0.0.1", port.getHost().port)
    reactor.stop()
    yield None


port = reactor.listenTCP(0, Factory.forProtocol(Server), interface="127.0.0.1")
steps = clients()


def next_client():
    next(steps)


reactor.callWhenRunning(next_client)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

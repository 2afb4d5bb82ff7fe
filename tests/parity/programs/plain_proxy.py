"""A port forwarder with nothing around it: bulk in both directions, slow readers, every end."""

import hashlib
import random
import sys

from twisted.internet import defer, reactor
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.protocols import portforward

UP = random.Random(1).randbytes(1_500_000)
DOWN = random.Random(2).randbytes(3_000_000)


class Backend(Protocol):
    """Takes what it is sent; answers when it has all of it."""

    def connectionMade(self):
        print("backend: connection made")
        self.digest = hashlib.sha256()
        self.size = 0

    def dataReceived(self, data):
        self.digest.update(data)
        self.size += len(data)
        if self.size == len(UP):
            print("backend: upload whole", self.digest.digest() == hashlib.sha256(UP).digest())
            self.factory.answer(self.transport)

    def connectionLost(self, reason):
        print("backend:", reason.type.__name__, self.size)
        self.factory.done.callback(None)


class Client(Protocol):
    def connectionMade(self):
        print("client: connection made")
        self.digest = hashlib.sha256()
        self.size = 0
        self.transport.write(UP)

    def dataReceived(self, data):
        self.digest.update(data)
        self.size += len(data)
        if self.factory.slow:
            self.transport.pauseProducing()
            reactor.callLater(0.001, self.transport.resumeProducing)
        if self.factory.leaves:
            print("client: leaves")
            self.factory.leaves = False
            self.transport.abortConnection()

    def connectionLost(self, reason):
        print("client:", reason.type.__name__)
        if reason.type.__name__ == "ConnectionDone":
            print("client: whole", self.digest.digest() == hashlib.sha256(DOWN).digest())
        self.factory.done.callback(None)


class OneBackend(Factory):
    protocol = Backend
    noisy = False

    def __init__(self, answer):
        self.answer = answer
        self.done = defer.Deferred()


class OneClient(ClientFactory):
    protocol = Client
    noisy = False

    def __init__(self, slow=False, leaves=False):
        self.slow = slow
        self.leaves = leaves
        self.done = defer.Deferred()


class LookingProxy(portforward.ProxyServer):
    """Sees what passes, so that nobody else may take it past him."""

    seen = 0

    def dataReceived(self, data):
        LookingProxy.seen += len(data)
        portforward.ProxyServer.dataReceived(self, data)


class LookingFactory(portforward.ProxyFactory):
    protocol = LookingProxy


def all_then_close(transport):
    transport.write(DOWN)
    transport.loseConnection()


def too_much(transport):
    """More than all buffers on the way can take."""
    transport.write(DOWN * 10)


def in_pieces(transport):
    for start in range(0, len(DOWN), 10_000):
        transport.write(DOWN[start : start + 10_000])
    transport.loseConnection()


@defer.inlineCallbacks
def session():
    for name, factory_class, answer, options in [
        ("plain", portforward.ProxyFactory, all_then_close, {}),
        ("pieces", portforward.ProxyFactory, in_pieces, {}),
        ("slow", portforward.ProxyFactory, all_then_close, {"slow": True}),
        ("looks", LookingFactory, all_then_close, {}),
        ("leaves", portforward.ProxyFactory, too_much, {"leaves": True}),
    ]:
        print("---", name)
        behind = OneBackend(answer)
        backend = reactor.listenTCP(0, behind, interface="127.0.0.1")
        proxy = factory_class("127.0.0.1", backend.getHost().port)
        proxy.noisy = False
        port = reactor.listenTCP(0, proxy, interface="127.0.0.1")
        client = OneClient(**options)
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        yield client.done
        yield behind.done
        yield port.stopListening()
        yield backend.stopListening()
    print("seen by the one who looks:", LookingProxy.seen)
    reactor.stop()


portforward.ProxyClientFactory.noisy = False
reactor.callWhenRunning(session)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

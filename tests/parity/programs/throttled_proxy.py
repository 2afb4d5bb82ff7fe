"""A port forwarder behind ThrottlingFactory: nothing is lost, and it takes its time."""

import hashlib
import random
import sys
import time

from twisted.internet import defer, reactor, task
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.protocols.policies import ThrottlingFactory
from twisted.protocols.portforward import ProxyFactory

PAYLOAD = random.Random(3).randbytes(150_000)


class Backend(Protocol):
    """Answers each request, one byte, with that many copies of the payload."""

    def connectionMade(self):
        print("backend: connection made")
        shared["backend"].callback(None)

    def dataReceived(self, data):
        print("backend: asked for", data.decode("ascii"))
        for _ in range(int(data)):
            self.transport.write(PAYLOAD)

    def connectionLost(self, reason):
        print("backend:", reason.type.__name__)


class Client(Protocol):
    def connectionMade(self):
        self.got = bytearray()
        self.wanted = None

    def ask(self):
        self.transport.write(b"1")
        self.wanted = defer.Deferred()
        return self.wanted

    def dataReceived(self, data):
        self.got += data
        if len(self.got) == len(PAYLOAD):
            whole = hashlib.sha256(self.got).digest() == hashlib.sha256(PAYLOAD).digest()
            print("client: payload is whole:", whole)
            self.got.clear()
            self.wanted.callback(None)

    def connectionLost(self, reason):
        print("client:", reason.type.__name__)
        self.factory.done.callback(None)


class OneClient(ClientFactory):
    def __init__(self):
        self.made = defer.Deferred()
        self.done = defer.Deferred()

    def buildProtocol(self, addr):
        client = Client()
        client.factory = self
        self.made.callback(client)
        return client


def pause(seconds):
    return task.deferLater(reactor, seconds, lambda: None)


@defer.inlineCallbacks
def session():
    backend = reactor.listenTCP(0, Factory.forProtocol(Backend), interface="127.0.0.1")
    proxy = ProxyFactory("127.0.0.1", backend.getHost().port)
    throttled = ThrottlingFactory(proxy, maxConnectionCount=1, readLimit=70_000, writeLimit=70_000)
    port = reactor.listenTCP(0, throttled, interface="127.0.0.1")
    address = ("127.0.0.1", port.getHost().port)

    started = time.monotonic()
    first = OneClient()
    reactor.connectTCP(*address, first)
    client = yield first.made
    yield shared["backend"]
    print("connections:", throttled.connectionCount)

    # The second client finds the door closed: one connection at a time.
    second = OneClient()
    reactor.connectTCP(*address, second)
    yield second.done
    print("connections:", throttled.connectionCount)

    yield client.ask()
    quick = time.monotonic() - started < 0.9
    # Once a second the limits are looked at, and the second answer has to wait.
    yield pause(1.1 - (time.monotonic() - started))
    started = time.monotonic()
    yield client.ask()
    print("first answer at once:", quick, "second one throttled:", time.monotonic() - started > 0.5)

    client.transport.loseConnection()
    yield first.done
    while throttled.connectionCount:
        yield pause(0.01)
    print("connections:", throttled.connectionCount)
    yield port.stopListening()
    yield backend.stopListening()
    reactor.stop()


shared = {"backend": defer.Deferred()}
reactor.callWhenRunning(session)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

"""Half-close: a client says everything, closes its sending half, and hears the answer."""

import sys

from zope.interface import implementer

from twisted.internet import defer, interfaces, reactor
from twisted.internet.protocol import ClientFactory, Factory, Protocol


class Base(Protocol):
    def connectionMade(self):
        print(f"{self.name}: connection made")
        self.got = b""

    def dataReceived(self, data):
        self.got += data

    def connectionLost(self, reason):
        print(f"{self.name}: {reason.type.__name__}, {len(self.got)} bytes")
        self.factory.done.callback(None)


@implementer(interfaces.IHalfCloseableProtocol)
class Summing(Base):
    name = "server"

    def readConnectionLost(self):
        print("server: the client has said everything")
        self.transport.write(b"%d bytes" % len(self.got) + b"." * 100_000)
        self.transport.loseWriteConnection()
        print("server: after loseWriteConnection")

    def writeConnectionLost(self):
        print("server: sending half is closed")
        self.transport.loseConnection()


class Plain(Base):
    """Does not know about halves."""

    name = "plain server"


@implementer(interfaces.IHalfCloseableProtocol)
class Client(Base):
    name = "client"

    def connectionMade(self):
        Base.connectionMade(self)
        self.transport.write(b"x" * 200_000)
        self.transport.loseWriteConnection()
        self.transport.write(b"written after the close, and sent")

    def readConnectionLost(self):
        print("client: answer is complete", self.got[:12])
        self.transport.loseConnection()

    def writeConnectionLost(self):
        print("client: sending half is closed")


class OneShot(Factory):
    noisy = False

    def __init__(self, protocol):
        self.protocol = protocol
        self.done = defer.Deferred()


class OneClient(ClientFactory):
    protocol = Client
    noisy = False

    def __init__(self):
        self.done = defer.Deferred()

    def clientConnectionLost(self, connector, reason):
        print("factory:", reason.type.__name__)


@defer.inlineCallbacks
def session():
    for server in (Summing, Plain):
        print("---", server.name)
        factory = OneShot(server)
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        client = OneClient()
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        yield client.done
        yield factory.done
        yield port.stopListening()
    reactor.stop()


reactor.callWhenRunning(session)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

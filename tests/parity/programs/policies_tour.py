"""The other policies: limits on connections, time-outs, and a wrapper of one's own."""

import sys

from twisted.internet import defer, reactor, task
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.protocols import policies


class Echo(Protocol):
    def connectionMade(self):
        print("echo: made, transport is", type(self.transport).__name__)

    def dataReceived(self, data):
        print("echo:", data)
        self.transport.write(data)

    def connectionLost(self, reason):
        print("echo:", reason.type.__name__)


class Client(Protocol):
    def connectionMade(self):
        self.factory.made.callback(self)

    def dataReceived(self, data):
        self.factory.got.append(data)
        if self.factory.answer is not None:
            self.factory.answer.callback(data)

    def connectionLost(self, reason):
        self.factory.lost.callback(reason.type.__name__)


class OneClient(ClientFactory):
    protocol = Client
    noisy = False

    def __init__(self):
        self.made = defer.Deferred()
        self.lost = defer.Deferred()
        self.answer = None
        self.got = []


class TimesOut(Protocol, policies.TimeoutMixin):
    def connectionMade(self):
        print("timed: was", self.setTimeout(0.05))
        print("timed: timeOut is", self.timeOut)

    def dataReceived(self, data):
        print("timed:", data)
        self.resetTimeout()

    def timeoutConnection(self):
        print("timed: time is up")
        policies.TimeoutMixin.timeoutConnection(self)

    def connectionLost(self, reason):
        print("timed:", reason.type.__name__)
        self.setTimeout(None)


class Shouter(policies.ProtocolWrapper):
    def dataReceived(self, data):
        print("shouter: read", data)
        policies.ProtocolWrapper.dataReceived(self, data.upper())

    def write(self, data):
        print("shouter: write", data)
        policies.ProtocolWrapper.write(self, data + b"!")


class ShouterFactory(policies.WrappingFactory):
    protocol = Shouter


def connect(port):
    factory = OneClient()
    reactor.connectTCP("127.0.0.1", port.getHost().port, factory)
    return factory


def settle():
    return task.deferLater(reactor, 0.02, lambda: None)


@defer.inlineCallbacks
def session():
    echo = Factory.forProtocol(Echo)
    echo.noisy = False

    print("--- wrapper")
    shouting = ShouterFactory(echo)
    port = reactor.listenTCP(0, shouting, interface="127.0.0.1")
    client = connect(port)
    protocol = yield client.made
    client.answer = defer.Deferred()
    protocol.transport.write(b"hello")
    print("client:", (yield client.answer))
    print("wrapped now:", len(shouting.protocols))
    protocol.transport.loseConnection()
    yield client.lost
    yield settle()
    print("wrapped now:", len(shouting.protocols))
    yield port.stopListening()

    print("--- by peer")
    by_peer = policies.LimitConnectionsByPeer(echo)
    by_peer.startFactory()
    by_peer.maxConnectionsPerPeer = 1

    peer = ("127.0.0.1", 1234)
    print("first:", by_peer.buildProtocol(peer) is not None)
    print("second:", by_peer.buildProtocol(peer))

    print("--- total")
    total = policies.LimitTotalConnectionsFactory()
    total.protocol = Echo
    total.connectionLimit = 1
    total.overflowProtocol = None
    port = reactor.listenTCP(0, total, interface="127.0.0.1")
    one = connect(port)
    protocol = yield one.made
    yield settle()
    print("count:", total.connectionCount)
    two = connect(port)
    print("two:", (yield two.lost))
    protocol.transport.loseConnection()
    yield one.lost
    yield settle()
    print("count:", total.connectionCount)
    yield port.stopListening()

    print("--- time-out")
    timed = Factory.forProtocol(TimesOut)
    port = reactor.listenTCP(0, timed, interface="127.0.0.1")
    client = connect(port)
    protocol = yield client.made
    protocol.transport.write(b"not yet")
    print("client:", (yield client.lost))
    yield port.stopListening()

    print("--- time-out factory")
    factory = policies.TimeoutFactory(echo, timeoutPeriod=0.05)
    port = reactor.listenTCP(0, factory, interface="127.0.0.1")
    client = connect(port)
    yield client.made
    print("client:", (yield client.lost))
    yield settle()
    yield port.stopListening()

    print("--- spew")
    tee = policies.SpewingFactory
    print(tee.protocol.__name__)
    reactor.stop()


reactor.callWhenRunning(session)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

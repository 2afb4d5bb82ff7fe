"""A reconnecting client: the server hangs up twice, then is patient, then goes away."""

import sys

from twisted.internet import reactor
from twisted.internet.protocol import Factory, ReconnectingClientFactory
from twisted.protocols.basic import LineReceiver


class Moody(LineReceiver):
    connections = 0

    def connectionMade(self):
        Moody.connections += 1
        print("server: connection", Moody.connections)
        if Moody.connections < 3:
            self.transport.loseConnection()
        else:
            self.sendLine(b"stay a while")

    def lineReceived(self, line):
        print("server:", line.decode("ascii"))
        port.stopListening()
        self.transport.loseConnection()


class Client(LineReceiver):
    def lineReceived(self, line):
        print("client:", line.decode("ascii"))
        self.factory.resetDelay()
        print("client: delay", self.factory.delay, "retries", self.factory.retries)
        self.sendLine(b"thank you")

    def connectionLost(self, reason):
        print("client:", reason.type.__name__)


class Factory_(ReconnectingClientFactory):
    protocol = Client
    initialDelay = 0.01
    factor = 2
    jitter = 0
    maxDelay = 0.05
    maxRetries = 4

    def __init__(self):
        self.delay = self.initialDelay

    def startedConnecting(self, connector):
        print("factory: started connecting")

    def buildProtocol(self, addr):
        print("factory: connected")
        return ReconnectingClientFactory.buildProtocol(self, addr)

    def clientConnectionLost(self, connector, reason):
        print("factory: lost", reason.type.__name__, connector.state)
        ReconnectingClientFactory.clientConnectionLost(self, connector, reason)
        print("factory: delay", round(self.delay, 4), "retries", self.retries)

    def clientConnectionFailed(self, connector, reason):
        print("factory: failed", reason.type.__name__, connector.state)
        ReconnectingClientFactory.clientConnectionFailed(self, connector, reason)
        print("factory: delay", round(self.delay, 4), "retries", self.retries)
        if self.retries > self.maxRetries:
            print("factory: gave up")
            reactor.stop()

    def stopFactory(self):
        print("factory: stopped")


factory = Factory_()
factory.noisy = False
port = reactor.listenTCP(0, Factory.forProtocol(Moody), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, factory)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

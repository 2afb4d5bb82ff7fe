"""A client that asks and never reads the answers, and a server that takes no harm from it."""

from pcstream.internet import reactor
from pcstream.internet.protocol import ClientFactory, Factory
from pcstream.limits import Reaction, limit_buffer, observe_process
from pcstream.protocols.basic import LineReceiver

MEBIBYTE = 2**20


class Server(LineReceiver):
    def connectionMade(self):
        self.counters = limit_buffer(self.transport, 4 * MEBIBYTE, Reaction.ABORT)

    def lineReceived(self, line):
        self.transport.write(bytes(MEBIBYTE))

    def connectionLost(self, reason):
        print("server:", reason.type.__name__)
        peak = self.counters.peak
        print("server: more than 4 MiB were buffered:", peak > 4 * MEBIBYTE)
        print("server: more than 5 MiB were buffered:", peak > 5 * MEBIBYTE)
        print("buffered by the process now:", observe_process().buffered)
        client.transport.abortConnection()


class Client(LineReceiver):
    def connectionMade(self):
        global client
        client = self
        self.transport.pauseProducing()
        for _ in range(100):
            self.sendLine(b"more")

    def connectionLost(self, reason):
        reactor.stop()


port = reactor.listenTCP(0, Factory.forProtocol(Server), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Client))
reactor.run()

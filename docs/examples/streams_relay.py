"""A forwarder that passes on each half's end by itself: a question, an end, and then the answer."""

from zope.interface import implementer

from pcstream.internet import reactor
from pcstream.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from pcstream.internet.interfaces import IHalfCloseableProtocol
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.streams import relay


@implementer(IHalfCloseableProtocol)
class Server(Protocol):
    """Counts until the client is done, and answers then."""

    size = 0

    def dataReceived(self, data):
        self.size += len(data)

    def readConnectionLost(self):
        self.transport.write(b"you sent %d bytes" % self.size)
        self.transport.loseConnection()

    def writeConnectionLost(self):
        pass


class Front(Protocol):
    """Whoever connects here is relayed to the server."""

    def connectionMade(self):
        self.transport.pauseProducing()
        there = TCP4ClientEndpoint(reactor, "127.0.0.1", server_port.getHost().port)
        connectProtocol(there, Protocol()).addCallback(self.joined)

    def joined(self, back):
        relay(self.transport, back.transport).addCallback(self.done)

    def done(self, counts):
        print(counts)
        reactor.stop()


@implementer(IHalfCloseableProtocol)
class Client(Protocol):
    def connectionMade(self):
        self.transport.write(bytes(3_000_000))
        self.transport.loseWriteConnection()

    def dataReceived(self, data):
        print("client:", data.decode())

    def readConnectionLost(self):
        self.transport.loseConnection()

    def writeConnectionLost(self):
        pass


server_port = reactor.listenTCP(0, Factory.forProtocol(Server), interface="127.0.0.1")
port = reactor.listenTCP(0, Factory.forProtocol(Front), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Client))
reactor.run()

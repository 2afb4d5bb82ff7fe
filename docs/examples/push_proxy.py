"""A push producer with a clear source of events: a proxy between two sockets.

Each side's transport is the producer for the other side's, so whoever writes too fast is not read
from until the other side has caught up.
"""

from pcstream.internet import defer, reactor
from pcstream.internet.protocol import ClientFactory, Factory, Protocol


class Backend(Protocol):
    """Sends ten megabytes to whoever connects."""

    def connectionMade(self):
        self.transport.write(bytes(10_000_000))
        self.transport.loseConnection()


class Outgoing(Protocol):
    """The proxy's connection to the backend."""

    def connectionMade(self):
        incoming = self.factory.incoming
        incoming.transport.registerProducer(self.transport, True)
        self.transport.registerProducer(incoming.transport, True)
        incoming.outgoing = self
        incoming.transport.resumeProducing()

    def dataReceived(self, data):
        self.factory.incoming.transport.write(data)

    def connectionLost(self, reason):
        self.factory.incoming.transport.unregisterProducer()
        self.factory.incoming.transport.loseConnection()


class Incoming(Protocol):
    """The proxy's connection to its client."""

    outgoing = None

    def connectionMade(self):
        self.transport.pauseProducing()  # until there is somebody to write to
        factory = ClientFactory.forProtocol(Outgoing)
        factory.incoming = self
        reactor.connectTCP("127.0.0.1", backend.getHost().port, factory)

    def dataReceived(self, data):
        self.outgoing.transport.write(data)

    def connectionLost(self, reason):
        if self.outgoing is not None:
            self.outgoing.transport.unregisterProducer()
            self.outgoing.transport.loseConnection()


class Client(Protocol):
    """Reads with long pauses."""

    received = 0

    def dataReceived(self, data):
        self.received += len(data)
        if self.received % 7 == 0:
            self.transport.pauseProducing()
            reactor.callLater(0.001, self.transport.resumeProducing)

    def connectionLost(self, reason):
        print("client:", self.received, "bytes")
        closing = [port.stopListening(), backend.stopListening()]
        defer.gatherResults(closing).addCallback(lambda _: reactor.stop())


backend = reactor.listenTCP(0, Factory.forProtocol(Backend), interface="127.0.0.1")
port = reactor.listenTCP(0, Factory.forProtocol(Incoming), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Client))
reactor.run()

"""A pull producer: it computes a chunk when it is asked for one, and never otherwise."""

from zope.interface import implementer

from pcstream.internet import interfaces, reactor
from pcstream.internet.protocol import ClientFactory, Factory, Protocol

CHUNK_BYTES = 32 * 1024


@implementer(interfaces.IPullProducer)
class Squares:
    """Writes square numbers, about 32 KiB for each request."""

    def __init__(self, consumer, chunks):
        self.consumer = consumer
        self.chunks = chunks
        self.next = 0

    def resumeProducing(self):
        if not self.chunks:
            print("producer: nothing is left")
            self.consumer.unregisterProducer()
            self.consumer.loseConnection()
            return
        self.chunks -= 1
        chunk = bytearray()
        while len(chunk) < CHUNK_BYTES:
            chunk += b"%d\n" % self.next**2
            self.next += 1
        self.consumer.write(bytes(chunk))

    def stopProducing(self):
        self.chunks = 0


class Server(Protocol):
    def connectionMade(self):
        # False: this is a pull producer. It is asked for its first chunk inside this call.
        self.transport.registerProducer(Squares(self.transport, chunks=100), False)


class Client(Protocol):
    lines = 0

    def dataReceived(self, data):
        self.lines += data.count(b"\n")

    def connectionLost(self, reason):
        print("client:", self.lines, "numbers")
        reactor.stop()


port = reactor.listenTCP(0, Factory.forProtocol(Server), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Client))
reactor.run()

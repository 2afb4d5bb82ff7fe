"""What is sent to one client is kept in a file; when the client leaves, the file is completed."""

import io

from pcstream.internet import reactor
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.streams import FileConsumer, send, tee

SIZE = 10_000_000


class Server(Protocol):
    def connectionMade(self):
        self.copy = io.BytesIO()
        self.file = FileConsumer(self.copy, close=False)
        self.both = tee(self.transport, self.file, on_loss="drop")
        send(bytes(SIZE), self.both).addCallback(self.sent)

    def sent(self, count):
        print(count, "bytes were written;", len(self.both.lost), "consumer was lost meanwhile")
        self.file.finish().addCallback(self.done)

    def done(self, count):
        print(count, "bytes are in the file")
        reactor.stop()


class Client(Protocol):
    def dataReceived(self, data):
        self.transport.abortConnection()  # it has seen enough


port = reactor.listenTCP(0, Factory.forProtocol(Server), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Client))
reactor.run()

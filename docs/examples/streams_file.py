"""A server that writes what it receives to a file, and keeps turning while the disk works."""

import os
import tempfile

from pcstream.internet import reactor
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.streams import FileConsumer, send

SIZE = 20_000_000


class Upload(Protocol):
    def connectionMade(self):
        self.consumer = FileConsumer(open(path, "wb"), fsync=True)
        # From here on the connection is read no faster than the file is written.
        self.consumer.registerProducer(self.transport, True)
        self.consumer.done.addCallbacks(self.written, self.failed)

    def dataReceived(self, data):
        self.consumer.write(data)

    def connectionLost(self, reason):
        self.consumer.unregisterProducer()
        self.consumer.finish()

    def written(self, count):
        print(count, "bytes were written;", os.path.getsize(path), "are in the file")
        reactor.stop()

    def failed(self, failure):
        print("the disk is full, or worse:", failure.value)
        reactor.stop()


class Client(Protocol):
    def connectionMade(self):
        sent = send(bytes(SIZE), self.transport)
        sent.addCallback(lambda _: self.transport.loseConnection())


with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "upload")
    port = reactor.listenTCP(0, Factory.forProtocol(Upload), interface="127.0.0.1")
    reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Client))
    reactor.run()

"""A file server: FileSender is a pull producer that is ready to use."""

import hashlib
import tempfile

from pcstream.internet import reactor
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.protocols.basic import FileSender

content = b"".join(b"line %d\n" % n for n in range(100_000))
file = tempfile.TemporaryFile()
file.write(content)
file.seek(0)


class FileServer(Protocol):
    def connectionMade(self):
        sending = FileSender().beginFileTransfer(file, self.transport)
        sending.addCallbacks(self.sent, self.failed)

    def sent(self, last_byte):
        print("server: sent, the last byte was", last_byte)
        self.transport.loseConnection()

    def failed(self, failure):
        print("server: the client has gone:", failure.getErrorMessage())


class Client(Protocol):
    def connectionMade(self):
        self.digest = hashlib.sha256()

    def dataReceived(self, data):
        self.digest.update(data)

    def connectionLost(self, reason):
        print("client: whole", self.digest.digest() == hashlib.sha256(content).digest())
        reactor.stop()


port = reactor.listenTCP(0, Factory.forProtocol(FileServer), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Client))
reactor.run()
file.close()

"""An echo server and one client of it: the first program of the guide.

Written for Twisted; the first element of each import path is all that was changed.
"""

from pcstream.internet import reactor
from pcstream.internet.protocol import ClientFactory, Factory, Protocol


class Echo(Protocol):
    def dataReceived(self, data):
        self.transport.write(data)


class Caller(Protocol):
    def connectionMade(self):
        self.transport.write(b"hello")

    def dataReceived(self, data):
        print("the server said", data.decode())
        self.transport.loseConnection()

    def connectionLost(self, reason):
        reactor.stop()


port = reactor.listenTCP(0, Factory.forProtocol(Echo), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Caller))
reactor.run()

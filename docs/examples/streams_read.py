"""A connection is read with a loop, and no faster than the loop turns."""

from pcstream.internet import reactor
from pcstream.internet.defer import ensureDeferred
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.internet.task import deferLater
from pcstream.streams import read, send

SIZE = 5_000_000


class Server(Protocol):
    def connectionMade(self):
        ensureDeferred(self.work())

    async def work(self):
        total = 0
        most = 0
        reader = read(self.transport, high_water=100_000)
        async for chunk in reader:
            await deferLater(reactor, 0.001)  # something slow is done with it
            total += len(chunk)
            most = max(most, reader.arrived - total)
        print(total, "bytes have come")
        print("few were ever held:", most < 500_000)
        reactor.stop()


class Client(Protocol):
    def connectionMade(self):
        sent = send(bytes(SIZE), self.transport)
        sent.addCallback(lambda _: self.transport.loseConnection())


port = reactor.listenTCP(0, Factory.forProtocol(Server), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Client))
reactor.run()

"""Two answers that are made while they are sent: by a generator, and by an asynchronous one."""

from pcstream.internet import reactor
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.internet.task import deferLater
from pcstream.streams import StreamStopped, send


def numbers():
    try:
        for number in range(1_000_000):
            yield b"%d\n" % number
    finally:
        print("the generator is closed")


async def slow_words():
    for word in (b"one ", b"after ", b"the ", b"other"):
        await deferLater(reactor, 0.01)
        yield word


class Server(Protocol):
    def connectionMade(self):
        sent = send(numbers(), self.transport)
        sent.addCallback(self.more)
        sent.addErrback(self.gone)

    def more(self, count):
        print(count, "bytes of numbers are sent")
        sent = send(slow_words(), self.transport)
        return sent.addCallback(lambda _: self.transport.loseConnection())

    def gone(self, failure):
        failure.trap(StreamStopped)
        print("the client has gone")


class Client(Protocol):
    received = b""

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        lines = self.received.splitlines()
        print(len(lines) - 1, "lines, and", lines[-1].decode())
        reactor.stop()


port = reactor.listenTCP(0, Factory.forProtocol(Server), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Client))
reactor.run()

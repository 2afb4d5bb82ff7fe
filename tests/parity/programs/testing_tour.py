"""The testing helpers: StringTransport, MemoryReactor, Clock, and a loopback."""

import io

from zope.interface.verify import verifyObject

from twisted.internet import defer, error, interfaces, task
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.internet.testing import (
    AccumulatingProtocol,
    EventLoggingObserver,
    MemoryReactor,
    MemoryReactorClock,
    StringTransport,
    StringTransportWithDisconnection,
)
from twisted.protocols import loopback
from twisted.protocols.basic import FileSender, LineReceiver
from twisted.python import failure


class Upper(LineReceiver):
    def lineReceived(self, line):
        self.sendLine(line.upper())

    def connectionLost(self, reason):
        print("upper:", reason.type.__name__)


print("--- string transport")
transport = StringTransport()
upper = Upper()
upper.makeConnection(transport)
upper.dataReceived(b"hello\r\nwor")
print(transport.value())
transport.clear()
upper.dataReceived(b"ld\r\n")
print(transport.value(), transport.getPeer().type, transport.getHost().host)
print("state", transport.producerState, "streaming", transport.streaming)
transport.pauseProducing()
print("state", transport.producerState)
transport.resumeProducing()
try:
    transport.write("text")
except TypeError as problem:
    print("TypeError", problem)
producer = object()
transport.registerProducer(producer, True)
try:
    transport.registerProducer(producer, True)
except RuntimeError as problem:
    print("RuntimeError", problem)
print("producer kept:", transport.producer is producer, transport.streaming)
transport.unregisterProducer()
try:
    transport.unregisterProducer()
except RuntimeError as problem:
    print("RuntimeError", problem)
transport.loseConnection()
print("disconnecting", transport.disconnecting)
try:
    transport.resumeProducing()
except RuntimeError as problem:
    print("RuntimeError", problem)
print("verified", verifyObject(interfaces.IConsumer, transport))

print("--- pulled by hand")
transport = StringTransport()
sender = FileSender()
done = sender.beginFileTransfer(io.BytesIO(b"x" * 40000), transport)
while transport.producer is not None:
    transport.producer.resumeProducing()
    print("sent", len(transport.value()))
done.addCallback(lambda last: print("last", last))

print("--- with disconnection")
transport = StringTransportWithDisconnection()
upper = Upper()
transport.protocol = upper
upper.makeConnection(transport)
transport.loseConnection()
print("connected", transport.connected)

print("--- memory reactor")
reactor = MemoryReactor()
server = Factory.forProtocol(Upper)
port = reactor.listenTCP(8080, server, interface="127.0.0.1")
print(reactor.tcpServers[0][0], reactor.tcpServers[0][2:], port.getHost().type)
client = ClientFactory.forProtocol(Upper)
connector = reactor.connectTCP("example.org", 25, client, timeout=7)
print(reactor.tcpClients[0][:2], reactor.tcpClients[0][3:], connector.getDestination())
print("reactor verified:", verifyObject(interfaces.IReactorTCP, reactor))
reactor.callWhenRunning(print, "memory reactor is running")
reactor.run()
print("has run", reactor.hasRun)
clock = MemoryReactorClock()
clock.callLater(3, print, "three seconds later")
clock.advance(3)

print("--- accumulating")
factory = ClientFactory()
factory.protocolConnectionMade = defer.Deferred()
accumulating = AccumulatingProtocol()
accumulating.factory = factory
factory.protocolConnectionMade.addCallback(lambda p: print("made", p is accumulating))
accumulating.makeConnection(StringTransport())
accumulating.dataReceived(b"ab")
accumulating.dataReceived(b"c")
accumulating.connectionLost(failure.Failure(error.ConnectionDone()))
print(accumulating.data, accumulating.made, accumulating.closed)
print(EventLoggingObserver.__name__)


class Asks(Protocol):
    got = b""

    def connectionMade(self):
        self.transport.write(b"some words\r\nmore\r\n")

    def dataReceived(self, data):
        self.got += data
        if self.got.count(b"\r\n") == 2:
            print("asks:", self.got)
            self.transport.loseConnection()

    def connectionLost(self, reason):
        print("asks:", reason.type.__name__)


print("--- loopback")
from twisted.internet import reactor  # noqa: E402


def looped():
    loopback.loopbackAsync(Upper(), Asks()).addCallback(lambda _: reactor.stop())


reactor.callWhenRunning(looped)
clock = task.Clock()
print(clock.seconds(), verifyObject(interfaces.IReactorTime, clock))
reactor.run()
print("done")

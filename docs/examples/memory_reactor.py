"""MemoryReactor and Clock: what a program asks for, without a network and without waiting."""

from pcstream.internet import task
from pcstream.internet.protocol import Factory, Protocol
from pcstream.internet.testing import MemoryReactorClock, StringTransport


def start(reactor):
    """The program under test: listens, and gives up after ten minutes."""
    port = reactor.listenTCP(8000, Factory.forProtocol(Protocol))
    reactor.callLater(600, port.stopListening)


reactor = MemoryReactorClock()
start(reactor)
number, factory, backlog, interface = reactor.tcpServers[0]
print("listens on", number, "for", factory.protocol.__name__)
print("will do something in", reactor.getDelayedCalls()[0].getTime(), "seconds")

protocol = factory.buildProtocol(None)
protocol.makeConnection(StringTransport())
print("connected:", protocol.connected)

clock = task.Clock()
ticks = task.LoopingCall(lambda: print("tick at", clock.seconds()))
ticks.clock = clock
ticks.start(2)
clock.pump([1, 1, 1, 1])  # four seconds pass at once

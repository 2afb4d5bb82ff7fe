"""UDP: an echo and a connected socket."""

import sys

from twisted.internet import error, reactor
from twisted.internet.protocol import DatagramProtocol


class Echo(DatagramProtocol):
    def startProtocol(self):
        print("echo: starts")

    def datagramReceived(self, datagram, addr):
        print("echo:", datagram, addr[0])
        self.transport.write(datagram.upper(), addr)

    def stopProtocol(self):
        print("echo: stops, transport", self.transport)


class Client(DatagramProtocol):
    def startProtocol(self):
        self.transport.connect("127.0.0.1", port.getHost().port)
        print("client: connected")
        self.transport.write(b"one")

    def datagramReceived(self, datagram, addr):
        print("client:", datagram)
        if datagram == b"ONE":
            self.transport.write(b"two")
        else:
            d = self.transport.stopListening()
            d.addCallback(lambda _: port.stopListening())
            d.addCallback(lambda _: reactor.stop())

    def stopProtocol(self):
        print("client: stops")


port = reactor.listenUDP(0, Echo(), interface="127.0.0.1")
number = port.getHost().port
print(port.getHost().type, port.maxPacketSize)
try:
    reactor.listenUDP(number, Echo(), interface="127.0.0.1")
except error.CannotListenError as problem:
    print(type(problem).__name__)
reactor.listenUDP(0, Client(), interface="127.0.0.1")
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

"""Endpoints: strings, connecting, refusing, cancelling, wrapping a factory."""

import sys

from twisted.internet import defer, endpoints, error, reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.basic import LineReceiver


class Greeter(LineReceiver):
    def connectionMade(self):
        self.sendLine(b"hello")

    def lineReceived(self, line):
        print("server:", line)
        self.transport.loseConnection()

    def connectionLost(self, reason):
        print("server:", reason.type.__name__)


class Guest(LineReceiver):
    def __init__(self):
        self.done = defer.Deferred()

    def lineReceived(self, line):
        print("guest:", line)
        self.sendLine(b"thanks")

    def connectionLost(self, reason):
        print("guest:", reason.type.__name__)
        self.done.callback(None)


class Quiet(Factory):
    noisy = False


@defer.inlineCallbacks
def session():
    server = endpoints.serverFromString(reactor, "tcp:0:interface=127.0.0.1")
    print(type(server).__name__)
    port = yield server.listen(Quiet.forProtocol(Greeter))
    number = port.getHost().port

    print("--- from a string")
    client = endpoints.clientFromString(reactor, f"tcp:127.0.0.1:{number}:timeout=5")
    print(type(client).__name__)
    guest = yield client.connect(Quiet.forProtocol(Guest))
    yield guest.done

    print("--- connectProtocol")
    client = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", number)
    guest = Guest()
    print("same:", (yield endpoints.connectProtocol(client, guest)) is guest)
    yield guest.done

    print("--- by name")
    client = endpoints.HostnameEndpoint(reactor, "localhost", number)
    guest = yield client.connect(Quiet.forProtocol(Guest))
    yield guest.done

    print("--- no protocol")

    class Nothing(Quiet):
        def buildProtocol(self, addr):
            return None

    try:
        yield client.connect(Nothing())
    except error.ConnectingCancelledError as problem:
        print("cancelled", type(problem).__name__)
    except Exception as problem:
        print(type(problem).__name__)

    print("--- cancelled")
    client = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", number)
    d = client.connect(Quiet.forProtocol(Guest))
    d.cancel()
    try:
        yield d
    except error.ConnectingCancelledError as problem:
        print(type(problem).__name__, problem.address.port == number)

    print("--- taken")
    try:
        again = endpoints.TCP4ServerEndpoint(reactor, number, interface="127.0.0.1")
        yield again.listen(Quiet.forProtocol(Protocol))
    except error.CannotListenError as problem:
        print(type(problem).__name__)

    yield port.stopListening()
    print("--- refused")
    client = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", number)
    try:
        yield client.connect(Quiet.forProtocol(Guest))
    except error.ConnectionRefusedError as problem:
        print(type(problem).__name__)
    reactor.stop()


print(endpoints.quoteStringArgument("a:b=c\\d"))
for text in ("nosuch:80", "tcp:80:interface", "unix:/a:lockfile=0"):
    try:
        print(type(endpoints.serverFromString(reactor, text)).__name__)
    except Exception as problem:
        print(text, "->", type(problem).__name__, problem)
reactor.callWhenRunning(session)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

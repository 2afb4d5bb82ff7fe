"""Connections that do not come about: refused, stopped, timed out, no port to listen on."""

import sys

from twisted.internet import address, defer, error, reactor
from twisted.internet.protocol import ClientFactory, Factory, Protocol


class Client(ClientFactory):
    protocol = Protocol
    noisy = False

    def __init__(self):
        self.failed = defer.Deferred()

    def doStart(self):
        print("factory: doStart")
        ClientFactory.doStart(self)

    def doStop(self):
        print("factory: doStop")
        ClientFactory.doStop(self)

    def startedConnecting(self, connector):
        print("factory: started,", connector.state)

    def clientConnectionFailed(self, connector, reason):
        print("factory: failed,", reason.type.__name__, connector.state)
        self.failed.callback((reason.type, reason.value))


class RefusesToBuild(Client):
    def buildProtocol(self, addr):
        print("factory: builds nothing for", type(addr).__name__)
        return None

    def clientConnectionLost(self, connector, reason):
        print("factory: lost", reason.type.__name__)
        self.failed.callback((reason.type, reason.value))


@defer.inlineCallbacks
def session():
    quiet = Factory.forProtocol(Protocol)
    quiet.noisy = False
    port = reactor.listenTCP(0, quiet, interface="127.0.0.1")
    number = port.getHost().port
    print("listening", port.getHost() == address.IPv4Address("TCP", "127.0.0.1", number))

    print("--- same port again")
    try:
        reactor.listenTCP(number, quiet, interface="127.0.0.1")
    except error.CannotListenError as failed:
        print(type(failed).__name__, failed.interface, failed.port == number)
        print(type(failed.socketError).__name__)

    print("--- refused")
    yield port.stopListening()
    client = Client()
    reactor.connectTCP("127.0.0.1", number, client)
    kind, value = yield client.failed
    print(kind.__name__, issubclass(kind, error.ConnectError), value)

    print("--- connect again from the connector")

    class Again(Client):
        tries = 0

        def clientConnectionFailed(self, connector, reason):
            self.tries += 1
            print("again: try", self.tries, reason.type.__name__)
            if self.tries < 3:
                connector.connect()
            else:
                Client.clientConnectionFailed(self, connector, reason)

    again = Again()
    reactor.connectTCP("127.0.0.1", number, again)
    yield again.failed

    print("--- stopped by the user")
    client = Client()
    connector = reactor.connectTCP("127.0.0.1", number, client)
    print("destination", connector.getDestination().host)
    connector.stopConnecting()
    kind, value = yield client.failed
    print(kind.__name__, value)
    try:
        connector.stopConnecting()
    except error.NotConnectingError as problem:
        print("NotConnectingError", problem)

    print("--- disconnect while connecting")
    client = Client()
    reactor.connectTCP("127.0.0.1", number, client).disconnect()
    yield client.failed

    print("--- time-out")
    client = Client()
    # Nothing is routed there; the time-out is shorter than any answer.
    reactor.connectTCP("192.0.2.1", 9, client, timeout=0.0)
    kind, value = yield client.failed
    print(kind.__name__ in ("TimeoutError", "ConnectError", "NoRouteError"))

    print("--- bad name")
    client = Client()
    reactor.connectTCP("name.invalid", 9, client)
    kind, value = yield client.failed
    print(kind.__name__)

    print("--- no protocol")
    port = reactor.listenTCP(0, quiet, interface="127.0.0.1")
    client = RefusesToBuild()
    reactor.connectTCP("127.0.0.1", port.getHost().port, client)
    yield client.failed
    yield port.stopListening()
    print("stopped twice:", (yield defer.maybeDeferred(port.stopListening)))

    print("--- bind address")
    port = reactor.listenTCP(0, quiet, interface="127.0.0.1")

    class Connected(Client):
        def buildProtocol(self, addr):
            print("connected to the port:", addr.port == port.getHost().port)
            return Client.buildProtocol(self, addr)

        def clientConnectionLost(self, connector, reason):
            print("factory: lost,", reason.type.__name__, connector.state)
            self.failed.callback(None)

    client = Connected()
    connector = reactor.connectTCP(
        "127.0.0.1", port.getHost().port, client, bindAddress=("127.0.0.1", 0)
    )
    reactor.callLater(0.05, connector.disconnect)
    yield client.failed
    yield port.stopListening()
    reactor.stop()


def texts():
    for kind in (
        error.ConnectionDone,
        error.ConnectionLost,
        error.ConnectionAborted,
        error.ConnectionRefusedError,
        error.TimeoutError,
        error.UserError,
        error.NotConnectingError,
        error.ConnectBindError,
        error.DNSLookupError,
        error.AlreadyCancelled,
        error.ReactorNotRunning,
    ):
        print(kind.__name__, "|", kind(), "|", kind("details"))
    print(error.getConnectError((111, "refused")))
    print(repr(error.getConnectError("just text")))
    print(error.CannotListenError("host", 80, OSError("no")))
    print(
        error.ProcessDone(0), "|", error.ProcessTerminated(3), "|", error.ProcessTerminated(None, 9)
    )
    print(address.IPv4Address("TCP", "127.0.0.1", 80), address.UNIXAddress(b"/tmp/x"))


reactor.callWhenRunning(session)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
texts()
print("done")

"""Services of twisted.application: two servers, a client that keeps connecting, and a timer."""

from __future__ import annotations

from twisted.application import internet, service
from twisted.internet import defer, endpoints, protocol
from twisted.internet.task import react
from twisted.protocols.basic import LineReceiver


class Greeter(LineReceiver):
    def lineReceived(self, line: bytes) -> None:
        self.sendLine(b"hello " + line)


class Asking(LineReceiver):
    def connectionMade(self) -> None:
        self.sendLine(self.factory.name)

    def lineReceived(self, line: bytes) -> None:
        print(line.decode())
        self.factory.answered.callback(None)
        self.transport.loseConnection()


class AskingFactory(protocol.ClientFactory):
    protocol = Asking
    noisy = False

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.answered = defer.Deferred()


@defer.inlineCallbacks
def main(reactor):
    root = service.MultiService()
    greeters = protocol.Factory.forProtocol(Greeter)

    old = internet.TCPServer(0, greeters, interface="127.0.0.1")
    new = internet.StreamServerEndpointService(
        endpoints.TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"), greeters
    )
    ticked = defer.Deferred()
    timer = internet.TimerService(3600, lambda: ticked.callback("ticked"))
    for each in (old, new, timer):
        each.setServiceParent(root)
    yield root.privilegedStartService()
    yield root.startService()
    print((yield ticked))

    first = AskingFactory(b"old")
    internet.TCPClient("127.0.0.1", old._port.getHost().port, first).setServiceParent(root)
    yield first.answered

    second = AskingFactory(b"new")
    listening = yield new._waitingForPort
    client = internet.ClientService(
        endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", listening.getHost().port), second
    )
    client.setServiceParent(root)
    connected = yield client.whenConnected()
    print("connected" if connected else connected)
    yield second.answered
    yield root.stopService()
    print("stopped", root.running)


react(main)

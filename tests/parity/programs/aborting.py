"""Ways to end a connection: lose, abort, lose and then abort, with and without a producer."""

import sys

from twisted.internet import defer, reactor
from twisted.internet.protocol import ClientFactory, Factory, Protocol


class Recorder:
    """A producer of either kind that only says what is asked of it."""

    def __init__(self, name, protocol):
        self.name = name
        self.protocol = protocol

    def pauseProducing(self):
        print(f"{self.name}: pause")

    def resumeProducing(self):
        print(f"{self.name}: resume")

    def stopProducing(self):
        transport = self.protocol.transport
        print(f"{self.name}: stop, connected {transport.connected}")


class Server(Protocol):
    def connectionMade(self):
        self.got = 0

    def dataReceived(self, data):
        self.got += len(data)

    def connectionLost(self, reason):
        print(f"server: {reason.type.__name__}: {reason.getErrorMessage()}")
        self.factory.done.callback(None)


class Client(Protocol):
    def connectionMade(self):
        self.factory.act(self)

    def connectionLost(self, reason):
        print(f"client: {reason.type.__name__}: {reason.getErrorMessage()}")
        transport = self.transport
        print("client: connected", transport.connected, "disconnected", transport.disconnected)
        self.factory.done.callback(None)


class OneShot(Factory):
    protocol = Server
    noisy = False

    def __init__(self):
        self.done = defer.Deferred()


class OneClient(ClientFactory):
    protocol = Client
    noisy = False

    def __init__(self, act):
        self.act = act
        self.done = defer.Deferred()

    def clientConnectionLost(self, connector, reason):
        print("factory:", reason.type.__name__, connector.state)


def lose(client):
    client.transport.write(b"x" * 300_000)
    client.transport.loseConnection()
    print("disconnecting", client.transport.disconnecting)
    client.transport.loseConnection()


def abort(client):
    client.transport.write(b"x" * 300_000)
    client.transport.abortConnection()
    print("abort returned")
    client.transport.abortConnection()
    client.transport.write(b"into the void")


def lose_then_abort(client):
    client.transport.write(b"x" * 300_000)
    client.transport.loseConnection()
    client.transport.abortConnection()


def idle_producer(client):
    client.transport.registerProducer(Recorder("idle", client), True)
    client.transport.loseConnection()


def paused_producer(client):
    transport = client.transport
    producer = Recorder("paused", client)
    transport.registerProducer(producer, True)
    transport.write(b"x" * 65537)
    print("lose")
    transport.loseConnection()

    def resume():
        print("paused: resume, and the end")
        transport.unregisterProducer()

    producer.resumeProducing = resume


def pull_producer(client):
    transport = client.transport
    producer = Recorder("pull", client)
    rounds = []

    def resume():
        rounds.append(1)
        print("pull: resume", len(rounds))
        if len(rounds) < 4:
            transport.write(b"y" * 1000)
        else:
            transport.unregisterProducer()

    producer.resumeProducing = resume
    transport.registerProducer(producer, False)
    print("lose")
    transport.loseConnection()


def abort_with_producer(client):
    client.transport.registerProducer(Recorder("doomed", client), True)
    client.transport.abortConnection()
    print("abort returned")


def two_producers(client):
    client.transport.registerProducer(Recorder("one", client), True)
    try:
        client.transport.registerProducer(Recorder("two", client), True)
    except RuntimeError as error:
        print("RuntimeError", str(error).split("<")[0])
    client.transport.unregisterProducer()
    client.transport.unregisterProducer()
    client.transport.loseConnection()


def late_producer(client):
    client.transport.loseConnection()
    lost = client.connectionLost

    def connectionLost(reason):
        client.transport.registerProducer(Recorder("late", client), True)
        client.transport.registerProducer(Recorder("later", client), False)
        client.transport.write(b"no effect")
        lost(reason)

    client.connectionLost = connectionLost


def bad_data(client):
    for data in ("text", 5, None, bytearray(b"x")):
        try:
            client.transport.write(data)
        except TypeError as error:
            print("TypeError", error)
    client.transport.write(b"")
    client.transport.writeSequence([b"a", b"", b"bc"])
    try:
        client.transport.writeSequence([b"a", "b"])
    except TypeError as error:
        print("TypeError", error)
    client.transport.loseConnection()


def options(client):
    transport = client.transport
    transport.setTcpNoDelay(True)
    transport.setTcpKeepAlive(1)
    print(transport.getTcpNoDelay(), transport.getTcpKeepAlive())
    print(transport.getHost().host, transport.getPeer().type, transport.logstr)
    transport.loseConnection()


@defer.inlineCallbacks
def session():
    for act in (
        lose,
        abort,
        lose_then_abort,
        idle_producer,
        paused_producer,
        pull_producer,
        abort_with_producer,
        two_producers,
        late_producer,
        bad_data,
        options,
    ):
        print("---", act.__name__)
        server = OneShot()
        port = reactor.listenTCP(0, server, interface="127.0.0.1")
        client = OneClient(act)
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        yield client.done
        yield server.done
        yield port.stopListening()
    reactor.stop()


reactor.callWhenRunning(session)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

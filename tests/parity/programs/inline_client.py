"""An inlineCallbacks client of a small question-and-answer server."""

import sys

from twisted.internet import defer, error, reactor
from twisted.internet.protocol import ClientCreator, Factory
from twisted.protocols.basic import LineOnlyReceiver


class Calculator(LineOnlyReceiver):
    def lineReceived(self, line):
        print("server:", line.decode("ascii"))
        word, *numbers = line.split()
        if word == b"add":
            self.sendLine(b"%d" % sum(map(int, numbers)))
        elif word == b"slow":
            pass
        elif word == b"bye":
            self.sendLine(b"bye")
            self.transport.loseConnection()
        else:
            self.sendLine(b"error no such word: " + word)

    def connectionLost(self, reason):
        print("server:", reason.type.__name__)


class Refused(Exception):
    """The server did not like the question."""


class Client(LineOnlyReceiver):
    def __init__(self):
        self.waiting = []

    def ask(self, line):
        d = defer.Deferred(self.forget)
        self.waiting.append(d)
        self.sendLine(line)
        return d

    def forget(self, d):
        print("client: question cancelled")
        self.waiting.remove(d)

    def lineReceived(self, line):
        d = self.waiting.pop(0)
        if line.startswith(b"error "):
            d.errback(Refused(line[6:].decode("ascii")))
        else:
            d.callback(line)

    def connectionLost(self, reason):
        print("client:", reason.type.__name__)
        waiting, self.waiting = self.waiting, []
        for d in waiting:
            d.errback(reason)


@defer.inlineCallbacks
def total(client, rows):
    result = 0
    for row in rows:
        answer = yield client.ask(b"add " + b" ".join(b"%d" % n for n in row))
        result += int(answer)
    return result


async def double(client, n):
    answer = await client.ask(b"add %d %d" % (n, n))
    return int(answer)


@defer.inlineCallbacks
def session():
    port = reactor.listenTCP(0, Factory.forProtocol(Calculator), interface="127.0.0.1")
    number = port.getHost().port
    client = yield ClientCreator(reactor, Client).connectTCP("127.0.0.1", port.getHost().port)
    print("connected to", client.transport.getPeer().host)
    print("total", (yield total(client, [(1, 2), (3, 4, 5), (6,)])))
    print("double", (yield defer.ensureDeferred(double(client, 21))))
    try:
        yield client.ask(b"multiply 2 3")
    except Refused as refused:
        print("refused:", refused)
    both = yield defer.gatherResults([client.ask(b"add 1 1"), client.ask(b"add 2 2")])
    print("both", both)
    mixed = yield defer.DeferredList(
        [client.ask(b"add 5 5"), client.ask(b"hum")], consumeErrors=True
    )
    print("mixed", [(ok, result if ok else result.getErrorMessage()) for ok, result in mixed])
    try:
        yield client.ask(b"slow").addTimeout(0.05, reactor)
    except defer.TimeoutError as timeout:
        print("time-out:", type(timeout).__name__, timeout)
    print("waiting:", len(client.waiting))
    last = client.ask(b"bye")
    never = client.ask(b"slow")
    print("last", (yield last))
    try:
        yield never
    except error.ConnectionDone as done:
        print("never:", done)
    yield port.stopListening()
    closed = ClientCreator(reactor, Client).connectTCP("127.0.0.1", number)
    try:
        yield closed
    except Exception as refused:
        print("closed port:", type(refused).__name__)
    reactor.stop()


reactor.callWhenRunning(session)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

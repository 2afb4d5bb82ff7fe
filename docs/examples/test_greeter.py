"""A trial-style test module: run it with ``python -m unittest`` or with ``pytest``."""

from pcstream.internet import defer, reactor
from pcstream.internet.protocol import ClientCreator, Factory
from pcstream.internet.testing import StringTransport
from pcstream.protocols.basic import LineReceiver
from pcstream.trial.unittest import TestCase


class Greeter(LineReceiver):
    def lineReceived(self, line):
        self.sendLine(b"hello " + line)


class WithoutASocket(TestCase):
    """The protocol alone: StringTransport keeps what it writes."""

    def test_greets_by_name(self):
        greeter, transport = Greeter(), StringTransport()
        greeter.makeConnection(transport)
        greeter.dataReceived(b"ann\r\nbo")
        self.assertEqual(transport.value(), b"hello ann\r\n")


class Caller(LineReceiver):
    def __init__(self):
        self.heard = defer.Deferred()
        self.lost = defer.Deferred()

    def lineReceived(self, line):
        self.heard.callback(line)

    def connectionLost(self, reason):
        self.lost.callback(None)


class OverASocket(TestCase):
    """A test that returns a Deferred, or is a coroutine, is finished when that is."""

    def setUp(self):
        self.port = reactor.listenTCP(0, Factory.forProtocol(Greeter), interface="127.0.0.1")
        self.addCleanup(self.port.stopListening)  # a cleanup may return a Deferred as well

    async def test_greets_a_caller(self):
        creator = ClientCreator(reactor, Caller)
        caller = await creator.connectTCP("127.0.0.1", self.port.getHost().port)
        caller.sendLine(b"bob")
        self.assertEqual(await caller.heard, b"hello bob")
        caller.transport.loseConnection()
        await caller.lost  # a connection left open would fail the test

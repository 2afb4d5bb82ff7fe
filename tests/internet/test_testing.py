"""The doubles: what they note, what they refuse, what they announce."""

from __future__ import annotations

import socket

import pytest
from zope.interface.verify import verifyClass, verifyObject

from pcstream.internet import address, defer, error, interfaces, protocol, task, testing
from pcstream.python import log
from pcstream.trial import unittest


class Factory(protocol.ClientFactory):
    """Notes which connectors started."""

    def __init__(self):
        self.started = []

    def startedConnecting(self, connector):
        self.started.append(connector)


class AccumulatingProtocolTests(unittest.SynchronousTestCase):
    def test_notes(self):
        accumulating = testing.AccumulatingProtocol()
        transport = testing.StringTransportWithDisconnection()
        transport.protocol = accumulating
        self.assertEqual((accumulating.made, accumulating.closed), (0, 0))
        accumulating.makeConnection(transport)
        accumulating.dataReceived(b"a")
        accumulating.dataReceived(b"b")
        transport.loseConnection()
        self.assertEqual((accumulating.made, accumulating.closed), (1, 1))
        self.assertEqual(accumulating.data, b"ab")
        self.assertTrue(accumulating.closedReason.check(error.ConnectionDone))

    def test_announces_connection_once(self):
        factory = protocol.Factory()
        factory.protocolConnectionMade = announced = defer.Deferred()
        accumulating = testing.AccumulatingProtocol()
        accumulating.factory = factory
        accumulating.makeConnection(testing.StringTransport())
        self.assertIs(self.successResultOf(announced), accumulating)
        self.assertIs(factory.protocolConnectionMade, None)
        accumulating.makeConnection(testing.StringTransport())

    def test_announces_loss_once(self):
        accumulating = testing.AccumulatingProtocol()
        accumulating.closedDeferred = lost = defer.Deferred()
        accumulating.connectionLost("why")
        self.assertIs(self.successResultOf(lost), None)
        self.assertEqual(accumulating.closedReason, "why")
        accumulating.connectionLost("again")


class LineSendingProtocolTests(unittest.SynchronousTestCase):
    def test_begins(self):
        lines = testing.LineSendingProtocol([b"one", b"two"])
        transport = testing.StringTransport()
        lines.makeConnection(transport)
        self.assertEqual(transport.value(), b"one\r\ntwo\r\n")
        lines.dataReceived(b"yes\r\nno\r\n")
        self.assertEqual(lines.response, [b"yes", b"no"])
        self.assertFalse(lines.lostConn)
        lines.connectionLost(None)
        self.assertTrue(lines.lostConn)

    def test_waits_for_the_first_line(self):
        lines = testing.LineSendingProtocol([b"one", b"two"], start=False)
        transport = testing.StringTransport()
        lines.makeConnection(transport)
        self.assertEqual(transport.value(), b"")
        lines.dataReceived(b"hello\r\nagain\r\n")
        self.assertEqual(transport.value(), b"one\r\ntwo\r\n")
        self.assertEqual(lines.response, [b"hello", b"again"])


class FakeDatagramTransportTests(unittest.SynchronousTestCase):
    def test_notes_packets(self):
        transport = testing.FakeDatagramTransport()
        transport.write(b"a")
        transport.write(b"b", ("host", 1))
        self.assertEqual(
            transport.written, [(b"a", testing.FakeDatagramTransport.noAddr), (b"b", ("host", 1))]
        )


class StringIOWithoutClosingTests(unittest.SynchronousTestCase):
    def test_stays_open(self):
        kept = testing.StringIOWithoutClosing(b"content")
        kept.close()
        self.assertEqual(kept.read(), b"content")


class NonStreamingProducerTests(unittest.SynchronousTestCase):
    class Consumer:
        def __init__(self):
            self.writes = []
            self.registered = True

        def write(self, data):
            self.writes.append(data)

        def unregisterProducer(self):
            self.registered = False

    def test_ten_pieces(self):
        consumer = self.Consumer()
        producer = testing.NonStreamingProducer(consumer)
        result = producer.result
        for _ in range(10):
            self.assertNoResult(result)
            producer.resumeProducing()
        self.assertEqual(b"".join(consumer.writes), b"0123456789")
        self.assertFalse(consumer.registered)
        self.assertIs(self.successResultOf(result), None)
        raised = self.assertRaises(RuntimeError, producer.resumeProducing)
        self.assertEqual(str(raised), "BUG: resume after unregister/stop.")

    def test_stopped_early(self):
        producer = testing.NonStreamingProducer(self.Consumer())
        result = producer.result
        producer.stopProducing()
        self.assertTrue(producer.stopped)
        self.assertIs(self.successResultOf(result), None)
        self.assertRaises(RuntimeError, producer.resumeProducing)

    def test_pause_is_a_fault_of_the_consumer(self):
        producer = testing.NonStreamingProducer(self.Consumer())
        raised = self.assertRaises(RuntimeError, producer.pauseProducing)
        self.assertEqual(str(raised), "BUG: pause should never be called.")


class WaitTests(unittest.SynchronousTestCase):
    def make(self, count):
        protocols = []
        for _ in range(count):
            each = protocol.Protocol()
            each.transport = testing.StringTransport()
            protocols.append(each)
        return protocols

    def test_waits_for_all(self):
        clock = task.Clock()
        one, other = self.make(2)
        waiting = testing.waitUntilAllDisconnected(clock, [one, other])
        clock.pump([0.01, 0.01])
        one.transport.connected = False
        clock.advance(0.01)
        self.assertNoResult(waiting)
        other.transport.connected = False
        clock.advance(0.01)
        self.assertIsInstance(self.successResultOf(waiting), task.LoopingCall)
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_none_to_wait_for(self):
        self.successResultOf(testing.waitUntilAllDisconnected(task.Clock(), []))


class EventLoggingObserverTests(unittest.SynchronousTestCase):
    def test_is_the_sequence_of_events(self):
        observer = testing.EventLoggingObserver()
        observer({"a": 1})
        observer({"b": 2})
        self.assertEqual(list(observer), [{"a": 1}, {"b": 2}])
        self.assertEqual((len(observer), observer[0], observer[1:]), (2, {"a": 1}, [{"b": 2}]))
        verifyObject(log.ILogObserver, observer)

    def test_observes_until_the_test_is_over(self):
        publisher = log.LogPublisher()
        cleanups = []

        class Case:
            def addCleanup(self, f, *args, **kwargs):
                cleanups.append(lambda: f(*args, **kwargs))

        observer = testing.EventLoggingObserver.createWithCleanup(Case(), publisher)
        publisher.msg("heard")
        [cleanup] = cleanups
        cleanup()
        publisher.msg("not heard")
        self.assertEqual([event["message"] for event in observer], [("heard",)])


class MemoryReactorTests(unittest.SynchronousTestCase):
    def setUp(self):
        self.reactor = testing.MemoryReactor()
        self.factory = Factory()

    def test_provides_what_it_declares(self):
        for each in (testing.MemoryReactor, testing.RaisingMemoryReactor):
            made = each()
            for name in ("TCP", "SSL", "UNIX", "Socket", "PluggableNameResolver"):
                interface = getattr(interfaces, "IReactor" + name)
                self.assertTrue(interface.providedBy(made))
                verifyClass(interface, each)
        verifyObject(interfaces.IReactorCore, self.reactor)
        verifyObject(interfaces.IReactorFDSet, self.reactor)
        verifyObject(interfaces.IReactorTime, testing.MemoryReactorClock())

    def test_clients(self):
        tcp = self.reactor.connectTCP("host", 1, self.factory, 5, ("here", 2))
        ssl = self.reactor.connectSSL("::1", 3, self.factory, "context")
        unix = self.reactor.connectUNIX("/path", self.factory, checkPID=True)
        self.assertEqual(self.reactor.tcpClients, [("host", 1, self.factory, 5, ("here", 2))])
        self.assertEqual(self.reactor.sslClients, [("::1", 3, self.factory, "context", 30, None)])
        self.assertEqual(self.reactor.unixClients, [("/path", self.factory, 30, True)])
        self.assertEqual(self.factory.started, [tcp, ssl, unix])
        self.assertEqual(self.reactor.connectors, [tcp, ssl, unix])
        self.assertEqual(tcp.getDestination(), address.IPv4Address("TCP", "host", 1))
        self.assertEqual(unix.getDestination(), address.UNIXAddress("/path"))

    def test_a_client_over_ipv6(self):
        connector = self.reactor.connectTCP("::1", 1, self.factory)
        self.assertEqual(connector.getDestination(), address.IPv6Address("TCP", "::1", 1))

    def test_connectors_note(self):
        connector = self.reactor.connectTCP("host", 1, self.factory)
        verifyObject(interfaces.IConnector, connector)
        connector.connect()
        self.assertFalse(connector.stoppedConnecting)
        connector.stopConnecting()
        connector.disconnect()
        self.assertTrue(connector.stoppedConnecting)
        self.assertTrue(connector._disconnected)

    def test_servers(self):
        tcp = self.reactor.listenTCP(1, self.factory, interface="127.0.0.1")
        tcp6 = self.reactor.listenTCP(1, self.factory, 7, "::1")
        self.reactor.listenSSL(2, self.factory, "context")
        unix = self.reactor.listenUNIX("/path", self.factory, mode=0o600)
        self.assertEqual(
            self.reactor.tcpServers,
            [(1, self.factory, 50, "127.0.0.1"), (1, self.factory, 7, "::1")],
        )
        self.assertEqual(self.reactor.sslServers, [(2, self.factory, "context", 50, "")])
        self.assertEqual(self.reactor.unixServers, [("/path", self.factory, 50, 0o600, 0)])
        self.assertEqual(tcp.getHost(), address.IPv4Address("TCP", "0.0.0.0", 1))
        self.assertEqual(tcp6.getHost(), address.IPv6Address("TCP", "::1", 1))
        self.assertEqual(unix.getHost(), address.UNIXAddress("/path"))
        tcp.startListening()
        self.assertIs(tcp.stopListening(), None)

    def test_adopted(self):
        stream = self.reactor.adoptStreamPort(3, socket.AF_INET, self.factory)
        datagram = self.reactor.adoptDatagramPort(4, socket.AF_INET6, "protocol")
        self.reactor.adoptStreamConnection(5, socket.AF_INET, self.factory)
        self.assertEqual(stream.getHost(), address.IPv4Address("TCP", "0.0.0.0", 1234))
        self.assertEqual(datagram.getHost(), address.IPv6Address("UDP", "::", 1234))
        self.assertEqual(
            self.reactor.adoptedPorts,
            [(3, socket.AF_INET, self.factory), (4, socket.AF_INET6, "protocol", 8192)],
        )
        self.assertEqual(self.reactor.adoptedStreamConnections, [(5, socket.AF_INET, self.factory)])

    def test_adopting_another_family(self):
        for adopt in (self.reactor.adoptStreamPort, self.reactor.adoptDatagramPort):
            self.assertRaises(
                error.UnsupportedAddressFamily, adopt, 3, socket.AF_UNIX, self.factory
            )
        self.assertEqual(self.reactor.adoptedPorts, [])

    def test_run_calls_what_waited_and_stops(self):
        seen = []
        self.reactor.callWhenRunning(lambda: seen.append(self.reactor.running))
        self.assertEqual(seen, [])
        self.reactor.run()
        self.assertEqual(seen, [True])
        self.assertTrue(self.reactor.hasRun)
        self.assertTrue(self.reactor.hasStopped)
        self.assertFalse(self.reactor.running)
        self.reactor.callWhenRunning(seen.append, "at once")
        self.assertEqual(seen, [True, "at once"])

    def test_triggers_are_kept(self):
        self.reactor.addSystemEventTrigger("before", "shutdown", int, "3", base=4)
        self.assertEqual(
            self.reactor.triggers, {"before": {"shutdown": [(int, ("3",), {"base": 4})]}}
        )

    def test_readers_and_writers(self):
        self.reactor.addReader("r")
        self.reactor.addReader("r")
        self.reactor.addWriter("w")
        self.assertEqual((self.reactor.getReaders(), self.reactor.getWriters()), (["r"], ["w"]))
        self.reactor.removeReader("another")
        self.reactor.removeWriter("another")
        self.assertEqual(set(self.reactor.removeAll()), {"r", "w"})
        self.assertEqual(self.reactor.getReaders() + self.reactor.getWriters(), [])

    def test_what_it_cannot_do(self):
        for refuses in (
            self.reactor.iterate,
            lambda: self.reactor.resolve("name"),
            lambda: self.reactor.fireSystemEvent("shutdown"),
            lambda: self.reactor.removeSystemEventTrigger(1),
        ):
            self.assertRaises(NotImplementedError, refuses)

    def test_names_resolve_to_loopback(self):
        heard = []

        class Receiver:
            def resolutionBegan(self, resolution):
                heard.append(resolution.name)

            def addressResolved(self, address):
                heard.append(address)

            def resolutionComplete(self):
                heard.append("complete")

        resolution = self.reactor.nameResolver.resolveHostName(Receiver(), "example.org", 80)
        self.assertEqual(
            heard, ["example.org", address.IPv4Address("TCP", "127.0.0.1", 80), "complete"]
        )
        raised = self.assertRaises(Exception, resolution.cancel)  # noqa: B017
        self.assertEqual(str(raised), "already resolved")

    def test_installing_a_resolver(self):
        before = self.reactor.nameResolver
        self.assertIs(self.reactor.installNameResolver("another"), before)
        self.assertEqual(self.reactor.nameResolver, "another")

    def test_clock(self):
        reactor = testing.MemoryReactorClock()
        called = []
        reactor.callLater(1, called.append, 1)
        reactor.advance(1)
        self.assertEqual(called, [1])
        reactor.connectTCP("host", 1, self.factory)
        self.assertEqual(len(reactor.tcpClients), 1)


def test_raising_reactor_raises():
    listen, connect = ValueError("listen"), KeyError("connect")
    reactor = testing.RaisingMemoryReactor(listen, connect)
    for refuses in (
        lambda: reactor.listenTCP(1, None),
        lambda: reactor.listenSSL(1, None, None),
        lambda: reactor.listenUNIX("/path", None),
        lambda: reactor.adoptStreamPort(1, 2, None),
    ):
        with pytest.raises(ValueError, match="listen") as caught:
            refuses()
        assert caught.value is listen
    for refuses in (
        lambda: reactor.connectTCP("host", 1, None),
        lambda: reactor.connectSSL("host", 1, None, None),
        lambda: reactor.connectUNIX("/path", None),
        lambda: reactor.adoptStreamConnection(1, 2, None),
        lambda: reactor.adoptDatagramPort(1, 2, None, 3),
    ):
        with pytest.raises(KeyError, match="connect") as caught:
            refuses()
        assert caught.value is connect

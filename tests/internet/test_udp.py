"""UDP over loopback."""

from __future__ import annotations

import errno
import os
import resource
import socket
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from pcstream.internet import error, interfaces, reactor, udp
from pcstream.internet.address import IPv4Address, IPv6Address
from pcstream.internet.defer import Deferred
from pcstream.internet.protocol import ConnectedDatagramProtocol, DatagramProtocol
from pcstream.internet.task import deferLater
from pcstream.trial.unittest import TestCase

LOOPBACK = "127.0.0.1"


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as skt:
            skt.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")


def open_descriptors() -> int:
    return len(os.listdir("/dev/fd"))


class Ear(DatagramProtocol):
    """Keeps what arrives, and tells when there is enough."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, Any]] = []
        self.refused = 0
        self.stopped = 0
        self.wanted: list[tuple[Any, Deferred[None]]] = []
        self.on_data: Any = None

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self.received.append((datagram, addr))
        if self.on_data is not None:
            self.on_data(datagram)
        self._look()

    def connectionRefused(self) -> None:
        self.refused += 1
        self._look()

    def stopProtocol(self) -> None:
        self.stopped += 1

    def _look(self) -> None:
        for each in list(self.wanted):
            if each[0]():
                self.wanted.remove(each)
                each[1].callback(None)

    def until(self, condition: Any) -> Deferred[None]:
        """Fires once *condition* holds after something has arrived."""
        waiting: Deferred[None] = Deferred()
        self.wanted.append((condition, waiting))
        self._look()
        return waiting


class UDPTestCase(TestCase):
    timeout = 30

    def listen(self, protocol: Any = None, interface: str = LOOPBACK, **more: Any) -> Any:
        port = reactor.listenUDP(0, protocol or Ear(), interface, **more)
        self.addCleanup(port.stopListening)
        return port


class TestDatagrams(UDPTestCase):
    async def test_there_and_back(self) -> None:
        near, far = Ear(), Ear()
        here, there = self.listen(near), self.listen(far)
        here.write(b"question", (LOOPBACK, there.getHost().port))
        await far.until(lambda: far.received)
        data, sender = far.received[0]
        self.assertEqual((data, sender), (b"question", (LOOPBACK, here.getHost().port)))
        there.writeSequence([b"ans", b"wer"], sender)
        await near.until(lambda: near.received)
        self.assertEqual(near.received, [(b"answer", (LOOPBACK, there.getHost().port))])

    @needs_ipv6
    async def test_ipv6(self) -> None:
        near, far = Ear(), Ear()
        here, there = self.listen(near, "::1"), self.listen(far, "::1")
        self.assertIsInstance(there.getHost(), IPv6Address)
        here.write(b"six", ("::1", there.getHost().port))
        await far.until(lambda: far.received)
        self.assertEqual(far.received, [(b"six", ("::1", here.getHost().port))])

    async def test_empty_ones_arrive_too(self) -> None:
        ear = Ear()
        port = self.listen(ear)
        port.write(b"", (LOOPBACK, port.getHost().port))
        port.write(b"x", (LOOPBACK, port.getHost().port))
        await ear.until(lambda: len(ear.received) == 2)
        self.assertEqual([data for data, _ in ear.received], [b"", b"x"])

    async def test_longer_than_the_packet_size_are_cut_off(self) -> None:
        ear = Ear()
        port = self.listen(ear, maxPacketSize=10)
        port.write(b"0123456789abcdef", (LOOPBACK, port.getHost().port))
        await ear.until(lambda: ear.received)
        self.assertEqual(ear.received[0][0], b"0123456789")

    async def test_eight_megabytes_at_the_pace_of_the_receiver(self) -> None:
        """Each datagram is acknowledged, so that the kernel drops none."""
        total, size = 8 * 1024 * 1024, 32_768
        near, far = Ear(), Ear()
        here, there = self.listen(near, maxPacketSize=size), self.listen(far, maxPacketSize=size)
        near_address = (LOOPBACK, here.getHost().port)
        far_address = (LOOPBACK, there.getHost().port)
        chunks = [os.urandom(size)] * (total // size)
        got = 0

        def acknowledge(data: bytes) -> None:
            nonlocal got
            got += len(data)
            there.write(b"next", near_address)
            far.received.clear()

        def send_next(_: object) -> None:
            near.received.clear()
            if chunks:
                here.write(chunks.pop(), far_address)

        far.on_data, near.on_data = acknowledge, send_next
        send_next(None)
        await far.until(lambda: got == total)

    async def test_a_protocol_that_raises_hears_the_next(self) -> None:
        ear = Ear()
        port = self.listen(ear)

        def fail(data: bytes) -> None:
            if data == b"bad":
                raise ZeroDivisionError("in datagramReceived")

        ear.on_data = fail
        address = (LOOPBACK, port.getHost().port)
        port.write(b"bad", address)
        port.write(b"good", address)
        await ear.until(lambda: len(ear.received) == 2)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    async def test_a_flood_of_empty_datagrams_leaves_others_their_turn(self) -> None:
        ear = Ear()
        port = self.listen(ear)
        port.maxThroughput = 640
        for _ in range(30):
            port.write(b"", (LOOPBACK, port.getHost().port))
        port.stopReading()
        port.doRead()
        self.assertEqual(len(ear.received), 10)
        port.startReading()
        await ear.until(lambda: len(ear.received) == 30)


class TestErrors(UDPTestCase):
    def test_only_addresses_of_the_right_family(self) -> None:
        port = self.listen()
        with self.assertRaises(error.InvalidAddressError):
            port.write(b"x", ("localhost", 9))
        with self.assertRaises(error.InvalidAddressError):
            port.write(b"x", ("::1", 9))
        with self.assertRaises(error.InvalidAddressError):
            reactor.listenUDP(0, Ear(), "localhost")

    @needs_ipv6
    def test_no_ipv4_from_ipv6(self) -> None:
        port = self.listen(interface="::1")
        with self.assertRaises(error.InvalidAddressError):
            port.write(b"x", (LOOPBACK, 9))

    def test_too_long_for_a_datagram(self) -> None:
        port = self.listen()
        with self.assertRaises(error.MessageLengthError):
            port.write(b"x" * 70_000, (LOOPBACK, 9))

    def test_a_taken_port(self) -> None:
        port = self.listen()
        before = open_descriptors()
        with self.assertRaises(error.CannotListenError) as raised:
            reactor.listenUDP(port.getHost().port, Ear(), LOOPBACK)
        self.assertEqual(raised.exception.socketError.errno, errno.EADDRINUSE)
        self.assertEqual(open_descriptors(), before)

    def test_no_descriptor_left(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = max(int(name) for name in os.listdir("/dev/fd")) + 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, hard), hard))
        held = []
        try:
            try:
                while True:
                    held.append(os.open(os.devnull, os.O_RDONLY))
            except OSError as e:
                self.assertEqual(e.errno, errno.EMFILE)
            with self.assertRaises(error.CannotListenError) as raised:
                reactor.listenUDP(0, Ear(), LOOPBACK)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for fd in held:
                os.close(fd)
        self.assertEqual(raised.exception.socketError.errno, errno.EMFILE)

    def test_a_protocol_that_raises_at_the_start_leaves_no_socket(self) -> None:
        class Failing(Ear):
            def startProtocol(self) -> None:
                raise ZeroDivisionError("in startProtocol")

        before = open_descriptors()
        with self.assertRaises(ZeroDivisionError):
            reactor.listenUDP(0, Failing(), LOOPBACK)
        self.assertEqual(open_descriptors(), before)

    async def test_a_protocol_that_raises_at_the_end_leaves_no_socket(self) -> None:
        class Failing(Ear):
            def stopProtocol(self) -> None:
                raise ZeroDivisionError("in stopProtocol")

        port = reactor.listenUDP(0, Failing(), LOOPBACK)
        skt = port.getHandle()
        await port.stopListening()
        self.assertEqual(skt.fileno(), -1)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class TestConnected(UDPTestCase):
    async def test_only_the_peer_is_heard(self) -> None:
        ear = Ear()
        port, peer, stranger = self.listen(ear), self.listen(), self.listen()
        port.connect(LOOPBACK, peer.getHost().port)
        address = (LOOPBACK, port.getHost().port)
        stranger.write(b"not wanted", address)
        peer.write(b"wanted", address)
        await ear.until(lambda: ear.received)
        self.assertEqual([data for data, _ in ear.received], [b"wanted"])

    async def test_a_refusal_is_told(self) -> None:
        class Ears(ConnectedDatagramProtocol, Ear):
            def __init__(self) -> None:
                Ear.__init__(self)

        ear = Ears()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed_soon:
            closed_soon.bind((LOOPBACK, 0))
            nobody = closed_soon.getsockname()[1]
        port = self.listen(ear)
        port.connect(LOOPBACK, nobody)
        for count in (1, 2):  # it is no end: the port goes on
            port.write(b"anybody there?")
            await ear.until(lambda count=count: ear.refused == count)
        self.assertTrue(port.connected)

    def test_twice_is_refused(self) -> None:
        port = self.listen()
        with self.assertRaises(error.InvalidAddressError):
            port.connect("localhost", 9)
        port.connect(LOOPBACK, 9)
        with self.assertRaises(RuntimeError):
            port.connect(LOOPBACK, 9)

    def test_one_that_failed_may_be_tried_again(self) -> None:
        port = self.listen()
        with pytest.raises(OSError, match="family"):
            port.connect("::1", 9)
        port.connect(LOOPBACK, 9)


class TestThePort(UDPTestCase):
    def test_declares_what_it_is(self) -> None:
        port = self.listen()
        for provided in (
            interfaces.IUDPTransport,
            interfaces.IListeningPort,
            interfaces.ISystemHandle,
        ):
            self.assertTrue(verifyObject(provided, port))
        self.assertIsInstance(port.getHost(), IPv4Address)
        self.assertIsInstance(port.getHandle(), socket.socket)
        self.assertIn(str(port.getHost().port), repr(port))
        self.assertEqual(port.logPrefix(), "Ear (UDP)")

    async def test_stopping(self) -> None:
        ear = Ear()
        port = reactor.listenUDP(0, ear, LOOPBACK)
        first, second = port.stopListening(), port.stopListening()
        self.assertEqual(ear.stopped, 0)  # in a later turn
        await first
        await second
        self.assertEqual(ear.stopped, 1)
        self.assertIsNone(port.stopListening())
        self.assertIn("not connected", repr(port))

    async def test_the_old_name_of_stopping_warns(self) -> None:
        port = reactor.listenUDP(0, Ear(), LOOPBACK)
        with pytest.warns(DeprecationWarning, match="stopListening"):
            port.loseConnection()
        await deferLater(reactor, 0, bool)
        self.assertFalse(port.connected)

    def test_broadcast(self) -> None:
        port = self.listen()
        self.assertFalse(port.getBroadcastAllowed())
        port.setBroadcastAllowed(True)
        self.assertTrue(port.getBroadcastAllowed())

    async def test_an_adopted_socket_that_would_wait(self) -> None:
        """Whoever opened it may have left it blocking; that must not stop the reactor."""
        ear = Ear()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
            opened.bind((LOOPBACK, 0))
            port = reactor.adoptDatagramPort(opened.fileno(), socket.AF_INET, ear)
            self.addCleanup(port.stopListening)
            self.assertEqual(port.getHost().port, opened.getsockname()[1])
        port.write(b"to itself", (LOOPBACK, port.getHost().port))
        await ear.until(lambda: ear.received)

    async def test_a_second_life(self) -> None:
        port = udp.Port(0, Ear(), LOOPBACK, reactor=reactor)
        for _ in range(2):
            port.startListening()
            self.assertTrue(port.connected)
            await port.stopListening()

"""UNIX sockets: streams, descriptors that travel on them, datagrams, and names."""

from __future__ import annotations

import errno
import hashlib
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pcstream.internet import error, interfaces, reactor, unix
from pcstream.internet.address import UNIXAddress
from pcstream.internet.defer import Deferred, succeed
from pcstream.internet.interfaces import IFileDescriptorReceiver
from pcstream.internet.protocol import (
    ClientFactory,
    ConnectedDatagramProtocol,
    DatagramProtocol,
    Factory,
    Protocol,
)
from pcstream.internet.task import deferLater
from pcstream.protocols.basic import FileSender
from pcstream.python import log
from pcstream.trial.unittest import TestCase

needs_abstract_names = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="abstract names are Linux's"
)


class Recorder(Protocol):
    def __init__(self) -> None:
        self.received = bytearray()
        self.made: Deferred[Any] = Deferred()
        self.lost: Deferred[Any] = Deferred()
        self.reason: Any = None
        self.wanted: tuple[int, Deferred[None]] | None = None

    def connectionMade(self) -> None:
        self.end: Any = self.transport
        self.made.callback(self)

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if self.wanted is not None and len(self.received) >= self.wanted[0]:
            wanted, self.wanted = self.wanted, None
            wanted[1].callback(None)

    def connectionLost(self, reason: Any = None) -> None:
        self.reason = reason.value
        self.lost.callback(None)

    def until(self, size: int) -> Deferred[None]:
        if len(self.received) >= size:
            return succeed(None)
        wanted: Deferred[None] = Deferred()
        self.wanted = (size, wanted)
        return wanted


@implementer(IFileDescriptorReceiver)
class Receiver(Recorder):
    """Receives descriptors, too."""

    def __init__(self) -> None:
        super().__init__()
        self.descriptors: list[int] = []
        self.on_descriptor: Any = None

    def fileDescriptorReceived(self, descriptor: int) -> None:
        self.descriptors.append(descriptor)
        if self.on_descriptor is not None:
            self.on_descriptor(descriptor)


class Server(Factory):
    noisy = False

    def __init__(self, kind: Any = Recorder) -> None:
        self.kind = kind
        self.next: Deferred[Any] = Deferred()
        self.stopped = 0

    def buildProtocol(self, address: Any) -> Any:
        made = self.kind()
        waiting, self.next = self.next, Deferred()
        made.made.addCallback(waiting.callback)
        return made

    def stopFactory(self) -> None:
        self.stopped += 1


class Client(ClientFactory):
    noisy = False

    def __init__(self, kind: Any = Recorder) -> None:
        self.made = kind()
        self.failed: Deferred[Any] = Deferred()

    def buildProtocol(self, address: Any) -> Any:
        return self.made

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        self.failed.callback(reason.value)


@contextmanager
def no_descriptor_left(spare: int = 0) -> Iterator[None]:
    """In this block the process can open *spare* more, and then none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(int(name) for name in os.listdir("/dev/fd")) + 8
    held: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    try:
        try:
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError as e:
            assert e.errno == errno.EMFILE
        for _ in range(spare):
            os.close(held.pop())
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for fd in held:
            os.close(fd)


class UNIXTestCase(TestCase):
    timeout = 30

    def setUp(self) -> None:
        # Names of sockets are short, so not in a directory of the test's.
        self.where = tempfile.mkdtemp(prefix="pcs")
        self.addCleanup(self._remove)
        self.path = os.path.join(self.where, "socket")

    def _remove(self) -> None:
        for name in os.listdir(self.where):
            os.unlink(os.path.join(self.where, name))
        os.rmdir(self.where)

    def listen(self, factory: Any = None, path: Any = None, **more: Any) -> Any:
        port = reactor.listenUNIX(path or self.path, factory or Server(), **more)
        self.addCleanup(port.stopListening)
        return port

    async def pair(self, near: Any = Recorder, far: Any = Recorder, path: Any = None) -> Any:
        server = Server(far)
        accepted = server.next
        self.listen(server, path)
        client = Client(near)
        reactor.connectUNIX(path or self.path, client)
        ends = await client.made.made, await accepted
        for end in ends:
            self.addCleanup(self._drop, end)
        return ends

    async def _drop(self, end: Any) -> None:
        if end.reason is None:
            end.transport.abortConnection()
            await end.lost


class TestStreams(UNIXTestCase):
    async def test_there_and_back(self) -> None:
        near, far = await self.pair()
        near.transport.write(b"question")
        far.transport.writeSequence(iter([b"ans", b"wer"]))
        await far.until(8)
        await near.until(6)
        self.assertEqual((far.received, near.received), (b"question", b"answer"))
        self.assertEqual(near.transport.getPeer(), UNIXAddress(self.path))
        self.assertEqual(near.transport.getHost(), UNIXAddress(None))
        self.assertEqual(far.transport.getHost(), UNIXAddress(self.path))
        self.assertEqual(far.transport.getPeer().name, None)
        for end in (near, far):
            self.assertTrue(verifyObject(interfaces.IUNIXTransport, end.transport))
            # TCP's options mean nothing here, but do no harm.
            end.transport.setTcpNoDelay(True)
            self.assertFalse(end.transport.getTcpNoDelay())
        near.transport.loseConnection()
        await far.lost
        self.assertIsInstance(far.reason, error.ConnectionDone)

    async def test_eight_megabytes_at_the_receivers_pace(self) -> None:
        near, far = await self.pair()
        data = os.urandom(8 * 1024 * 1024)
        most = 0
        write = near.end.write

        def watched(chunk: bytes) -> None:
            nonlocal most
            write(chunk)
            most = max(most, len(near.end._outbox))

        near.end.write = watched
        last = await FileSender().beginFileTransfer(BytesIO(data), near.end)
        await far.until(len(data))
        self.assertEqual(last, data[-1:])
        self.assertEqual(hashlib.sha256(far.received).digest(), hashlib.sha256(data).digest())
        self.assertLessEqual(most, FileSender.CHUNK_SIZE)

    async def test_half_of_a_connection(self) -> None:
        heard: list[str] = []

        @implementer(interfaces.IHalfCloseableProtocol)
        class Half(Recorder):
            def readConnectionLost(self) -> None:
                heard.append("read")
                self.transport.write(b"the answer")
                self.transport.loseConnection()

            def writeConnectionLost(self) -> None:
                heard.append("write")

        near, far = await self.pair(Half, Half)
        near.end.write(b"the question")
        near.end.loseWriteConnection()
        await near.lost
        self.assertEqual((far.received, near.received), (b"the question", b"the answer"))
        self.assertEqual(heard, ["write", "read", "read"])

    async def test_a_peer_that_is_killed(self) -> None:
        server = Server()
        accepted = server.next
        self.listen(server)
        child = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
                "s.send(b'hello'); s.recv(1); s.recv(1)",
                self.path,
            ]
        )
        end = await accepted
        await end.until(5)
        os.kill(child.pid, signal.SIGKILL)
        await end.lost
        child.wait()
        self.assertEqual(end.received, b"hello")

    async def test_aborting_is_told_later(self) -> None:
        near, far = await self.pair()
        near.end.abortConnection()
        self.assertIsNone(near.reason)
        await near.lost
        self.assertIsInstance(near.reason, error.ConnectionAborted)
        await far.lost


class TestNames(UNIXTestCase):
    @needs_abstract_names
    async def test_abstract_ones_leave_no_file(self) -> None:
        for name in (f"\0{self.path}", f"\0{self.path}!".encode()):
            near, far = await self.pair(path=name)
            near.transport.write(b"x")
            await far.until(1)
            self.assertEqual(os.listdir(self.where), [])

    async def test_bytes_and_text(self) -> None:
        near, far = await self.pair(path=os.fsencode(self.path))
        near.transport.write(b"x")
        await far.until(1)

    async def test_the_file_has_its_mode_and_goes_with_the_port(self) -> None:
        factory = Server()
        port = reactor.listenUNIX(self.path, factory, mode=0o600)
        mode = os.stat(self.path).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.assertIn(self.path, repr(port))
        await port.stopListening()
        self.assertFalse(os.path.exists(self.path))
        self.assertEqual(factory.stopped, 1)
        self.assertIn("not listening", repr(port))

    async def test_a_file_that_somebody_has_removed(self) -> None:
        port = reactor.listenUNIX(self.path, Server())
        os.unlink(self.path)
        await port.stopListening()

    async def test_a_file_that_cannot_be_removed_costs_no_socket(self) -> None:
        factory = Server()
        port = reactor.listenUNIX(self.path, factory, wantPID=True)
        skt = port.socket
        os.unlink(self.path)
        os.mkdir(self.path)
        await port.stopListening()
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.assertEqual(skt.fileno(), -1)
        self.assertEqual(factory.stopped, 1)
        os.rmdir(self.path)
        self.assertEqual(os.listdir(self.where), [])  # nor the lock

    def test_a_taken_name(self) -> None:
        self.listen()
        with self.assertRaises(error.CannotListenError) as raised:
            reactor.listenUNIX(self.path, Server())
        self.assertEqual(raised.exception.socketError.errno, errno.EADDRINUSE)
        self.assertTrue(os.path.exists(self.path))  # it is the other's

    def test_no_such_directory(self) -> None:
        before = len(os.listdir("/dev/fd"))
        with self.assertRaises(error.CannotListenError) as raised:
            reactor.listenUNIX(os.path.join(self.where, "no", "socket"), Server())
        self.assertEqual(raised.exception.socketError.errno, errno.ENOENT)
        self.assertEqual(len(os.listdir("/dev/fd")), before)

    def test_a_name_that_is_too_long(self) -> None:
        with pytest.raises((error.CannotListenError, OSError)):
            reactor.listenUNIX(os.path.join(self.where, "x" * 200), Server())
        self.assertEqual(os.listdir(self.where), [])

    async def test_nobody_listens(self) -> None:
        for path, number in (("nothing", errno.ENOENT), ("dead", errno.ECONNREFUSED)):
            name = os.path.join(self.where, path)
            if path == "dead":
                with socket.socket(socket.AF_UNIX) as dead:
                    dead.bind(name)
            client = Client()
            reactor.connectUNIX(name, client)
            reason = await client.failed
            self.assertIsInstance(reason, error.ConnectError)
            self.assertEqual(reason.osError, number)


class TestLocks(UNIXTestCase):
    @property
    def lock(self) -> str:
        return self.path + ".lock"

    async def test_one_holder_at_a_time(self) -> None:
        port = reactor.listenUNIX(self.path, Server(), wantPID=True)
        self.assertEqual(os.readlink(self.lock), str(os.getpid()))
        with self.assertRaises(error.CannotListenError):
            reactor.listenUNIX(self.path, Server(), wantPID=True)
        await port.stopListening()
        self.assertEqual(os.listdir(self.where), [])

    async def test_what_a_dead_process_left_is_cleared_away(self) -> None:
        child = subprocess.Popen([sys.executable, "-c", ""])
        child.wait()
        os.symlink(str(child.pid), self.lock)
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(self.path)
        with self.assertRaises(error.CannotListenError):
            reactor.listenUNIX(self.path, Server())  # without a lock nobody knows it is dead
        self.listen(wantPID=True)
        client = Client()
        reactor.connectUNIX(self.path, client, checkPID=True)
        near = await client.made.made
        near.transport.loseConnection()
        await near.lost

    async def test_a_client_that_checks(self) -> None:
        client = Client()
        reactor.connectUNIX(self.path, client, checkPID=True)
        self.assertIsInstance(await client.failed, error.BadFileError)
        self.assertEqual(os.listdir(self.where), [])

    async def test_a_lock_that_was_taken_away(self) -> None:
        port = reactor.listenUNIX(self.path, Server(), wantPID=True)
        skt = port.socket
        os.unlink(self.lock)
        await port.stopListening()
        self.assertEqual(len(self.flushLoggedErrors(FileNotFoundError)), 1)
        self.assertEqual(skt.fileno(), -1)

    def test_a_name_that_is_taken_leaves_no_lock(self) -> None:
        self.listen()
        with self.assertRaises(error.CannotListenError):
            reactor.listenUNIX(self.path, Server(), wantPID=True)
        self.assertFalse(os.path.lexists(self.lock))


class TestScarcity(UNIXTestCase):
    async def test_no_descriptor_to_connect_with(self) -> None:
        self.listen()
        client = Client()
        with no_descriptor_left():
            reactor.connectUNIX(self.path, client)
        reason = await client.failed
        self.assertIsInstance(reason, error.ConnectBindError)
        self.assertEqual(reason.osError, errno.EMFILE)

    async def test_no_descriptor_to_accept_with_loses_one_connection_only(self) -> None:
        server = Server()
        accepted = server.next
        port = self.listen(server)
        with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
            with no_descriptor_left():
                first.connect(self.path)
                port.doRead()
            self.assertEqual(first.recv(1), b"")
            second.connect(self.path)
            end = await accepted
            end.transport.loseConnection()
            await end.lost

    def test_no_descriptor_to_listen_with(self) -> None:
        with no_descriptor_left(), self.assertRaises(error.CannotListenError):
            reactor.listenUNIX(self.path, Server(), wantPID=True)
        self.assertEqual(os.listdir(self.where), [])


class TestDescriptors(UNIXTestCase):
    async def test_one_travels(self) -> None:
        near, far = await self.pair(far=Receiver)
        read_end, write_end = os.pipe()
        near.end.sendFileDescriptor(write_end)
        near.end.write(b"x")
        await far.until(1)
        os.close(write_end)
        (arrived,) = far.descriptors
        os.write(arrived, b"through")
        os.close(arrived)
        self.assertEqual(os.read(read_end, 100), b"through")
        self.assertEqual(os.read(read_end, 100), b"")
        os.close(read_end)

    async def test_more_descriptors_than_bytes_is_the_end(self) -> None:
        near, far = await self.pair(far=Receiver)
        with open(os.devnull) as null:
            near.end.sendFileDescriptor(null.fileno())
            await near.lost
        self.assertIsInstance(near.reason, error.FileDescriptorOverrun)
        await far.lost
        self.assertEqual(far.descriptors, [])

    async def test_many_of_them_pause_a_producer(self) -> None:
        near, far = await self.pair(far=Receiver)
        calls: list[str] = []

        class Producer:
            def pauseProducing(self) -> None:
                calls.append("pause")

            def resumeProducing(self) -> None:
                calls.append("resume")
                near.end.unregisterProducer()

        near.end.registerProducer(Producer(), True)
        near.end.write(b"x" * 100)
        with open(os.devnull) as null:
            for _ in range(65):
                near.end.sendFileDescriptor(null.fileno())
            self.assertEqual(calls, ["pause"])
            await far.until(100)
        self.assertEqual(calls, ["pause", "resume"])
        self.assertEqual(len(far.descriptors), 65)
        for fd in far.descriptors:
            os.close(fd)

    async def test_a_protocol_that_takes_none_leaves_none_open(self) -> None:
        near, far = await self.pair()
        with open(os.devnull) as null:
            near.end.sendFileDescriptor(null.fileno())
            near.end.write(b"x")
            before = len(os.listdir("/dev/fd"))
            await far.until(1)
            self.assertEqual(len(os.listdir("/dev/fd")), before)

    async def test_a_protocol_that_raises_leaves_the_others_closed(self) -> None:
        near, far = await self.pair(far=Receiver)

        def fail(descriptor: int) -> None:
            os.close(descriptor)
            raise ZeroDivisionError("in fileDescriptorReceived")

        await self.in_one_message(near, far, fail)
        await far.lost
        self.assertIsInstance(far.reason, ZeroDivisionError)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(far.received, b"")

    async def test_T4_a_protocol_that_aborts_gets_no_more(self) -> None:
        near, far = await self.pair(far=Receiver)

        def abort(descriptor: int) -> None:
            os.close(descriptor)
            far.end.abortConnection()

        await self.in_one_message(near, far, abort)
        await far.lost
        self.assertEqual(len(far.descriptors), 1)
        self.assertEqual(far.received, b"")

    async def in_one_message(self, near: Any, far: Any, then: Any) -> None:
        """Three descriptors with one byte, of which *far*'s protocol takes the first."""
        far.on_descriptor = then
        ends = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]
        socket.send_fds(near.end.socket, [b"x"], ends)
        for end in ends:
            os.close(end)
        before = set(os.listdir("/dev/fd"))
        try:
            far.end.doRead()
        except ZeroDivisionError as e:
            log.err()
            reactor._disconnectSelectable(far.end, e, True)
        self.assertLessEqual(set(os.listdir("/dev/fd")), before)

    async def test_C17_the_dead_send_none_in_silence(self) -> None:
        near, _ = await self.pair()
        near.end.loseConnection()
        await near.lost
        with open(os.devnull) as null:
            near.end.sendFileDescriptor(null.fileno())
        self.assertNotIn(near.end, reactor.getWriters())


class Datagrams(DatagramProtocol):
    def __init__(self) -> None:
        self.received: list[Any] = []
        self.next: Deferred[None] = Deferred()

    def datagramReceived(self, datagram: bytes, addr: Any = None) -> None:
        self.received.append((datagram, addr))
        waiting, self.next = self.next, Deferred()
        waiting.callback(None)


class ConnectedDatagrams(Datagrams, ConnectedDatagramProtocol):
    def __init__(self) -> None:
        super().__init__()
        self.failed: list[Any] = []

    def connectionFailed(self, reason: Any) -> None:
        self.failed.append(reason.value)


class TestDatagrams(UNIXTestCase):
    def receive(self, path: str, protocol: Any) -> Any:
        port = reactor.listenUNIXDatagram(path, protocol)
        self.addCleanup(port.stopListening)
        return port

    async def test_there_and_back(self) -> None:
        far, near = Datagrams(), ConnectedDatagrams()
        there = self.receive(self.path, far)
        here = reactor.connectUNIXDatagram(self.path, near, bindAddress=self.path + "2")
        self.addCleanup(here.stopListening)
        heard = far.next
        here.write(b"question")
        await heard
        data, sender = far.received[0]
        self.assertEqual(data, b"question")
        heard = near.next
        there.write(b"answer", sender)
        await heard
        self.assertEqual(near.received, [(b"answer", None)])
        self.assertEqual(here.getPeer(), UNIXAddress(self.path))
        self.assertTrue(verifyObject(interfaces.IUNIXDatagramTransport, there))
        self.assertTrue(verifyObject(interfaces.IUNIXDatagramConnectedTransport, here))

    async def test_what_there_is_no_room_for_is_lost(self) -> None:
        far, near = Datagrams(), ConnectedDatagrams()
        there = self.receive(self.path, far)
        there.stopReading()
        here = reactor.connectUNIXDatagram(self.path, near)
        self.addCleanup(here.stopListening)
        results = [here.write(b"x" * 1000) for _ in range(3000)]
        self.assertIn(None, results)
        there.startReading()
        await far.next
        self.assertLess(len(far.received), 3000)

    async def test_nobody_is_there(self) -> None:
        near = ConnectedDatagrams()
        reactor.connectUNIXDatagram(self.path, near)
        await deferLater(reactor, 0, bool)
        self.assertEqual([each.errno for each in near.failed], [errno.ENOENT])

    def test_a_taken_name(self) -> None:
        self.receive(self.path, Datagrams())
        before = len(os.listdir("/dev/fd"))
        with self.assertRaises(error.CannotListenError):
            reactor.listenUNIXDatagram(self.path, Datagrams())
        self.assertEqual(len(os.listdir("/dev/fd")), before)

    def test_too_long_for_a_datagram(self) -> None:
        self.receive(self.path, Datagrams())
        here = reactor.connectUNIXDatagram(self.path, ConnectedDatagrams())
        self.addCleanup(here.stopListening)
        with self.assertRaises(error.MessageLengthError):
            here.write(b"x" * 10_000_000)


class TestAdopting(UNIXTestCase):
    async def test_a_connection_made_elsewhere(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            server = Server()
            accepted = server.next
            reactor.adoptStreamConnection(ours.fileno(), socket.AF_UNIX, server)
            ours.close()
            end = await accepted
            theirs.sendall(b"hello")
            await end.until(5)
        await end.lost
        self.assertIsInstance(end.transport, unix.Server)

    async def test_a_factory_that_raises_or_makes_nothing_leaves_nothing_open(self) -> None:
        class Failing(Factory):
            def buildProtocol(self, address: Any) -> Any:
                raise ZeroDivisionError("in buildProtocol")

        class Picky(Factory):
            def buildProtocol(self, address: Any) -> Any:
                return None

        ours, theirs = socket.socketpair()
        before = len(os.listdir("/dev/fd"))
        with pytest.raises(ZeroDivisionError):
            reactor.adoptStreamConnection(ours.fileno(), socket.AF_UNIX, Failing())
        self.assertIsNone(reactor.adoptStreamConnection(ours.fileno(), socket.AF_UNIX, Picky()))
        self.assertEqual(len(os.listdir("/dev/fd")), before)
        ours.close()
        theirs.close()

    async def test_a_port_made_elsewhere(self) -> None:
        with socket.socket(socket.AF_UNIX) as skt:
            skt.bind(self.path)
            skt.listen()
            port = reactor.adoptStreamPort(skt.fileno(), socket.AF_UNIX, Server())
            self.addCleanup(port.stopListening)
        client = Client()
        reactor.connectUNIX(self.path, client)
        end = await client.made.made
        end.transport.loseConnection()
        await end.lost

"""Standard input and output, or two descriptors in their place, as one transport."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from io import BytesIO
from typing import Any

from zope.interface import implementer
from zope.interface.verify import verifyObject

from pcstream.internet import error, interfaces, reactor
from pcstream.internet.defer import Deferred, succeed
from pcstream.internet.interfaces import IHalfCloseableProtocol
from pcstream.internet.protocol import Protocol
from pcstream.internet.stdio import PipeAddress, StandardIO
from pcstream.internet.task import deferLater
from pcstream.protocols.basic import FileSender
from pcstream.python.failure import Failure
from pcstream.trial.unittest import TestCase


class Ear(Protocol):
    def __init__(self) -> None:
        self.received = bytearray()
        self.lost: Deferred[Any] = Deferred()
        self.reason: Any = None
        self.wanted: tuple[int, Deferred[None]] | None = None
        self.on_data: Callable[[bytes], object] = len
        self.heard: list[str] = []

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self.on_data(data)
        if self.wanted is not None and len(self.received) >= self.wanted[0]:
            wanted, self.wanted = self.wanted, None
            wanted[1].callback(None)

    def connectionLost(self, reason: Any = None) -> None:
        assert self.reason is None
        self.reason = reason.value
        self.lost.callback(None)

    def until(self, size: int) -> Deferred[None]:
        if len(self.received) >= size:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self.wanted = (size, waiting)
        return waiting


@implementer(IHalfCloseableProtocol)
class HalfEar(Ear):
    def __init__(self) -> None:
        super().__init__()
        self.read_lost: Deferred[None] = Deferred()
        self.write_lost: Deferred[None] = Deferred()

    def readConnectionLost(self) -> None:
        self.heard.append("read lost")
        self.read_lost.callback(None)

    def writeConnectionLost(self) -> None:
        self.heard.append("write lost")
        self.write_lost.callback(None)


class Producer:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")


class StdioTestCase(TestCase):
    """
    :ivar feed: what is written here arrives.
    :ivar take: what is sent is read from here.
    """

    timeout = 60

    def setUp(self) -> None:
        self.open: set[int] = set()
        self.stdin, self.feed = self.pipe()
        self.take, self.stdout = self.pipe()
        os.set_blocking(self.take, False)
        self.addCleanup(self._close_all)

    def pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        self.open |= {*ends}
        return ends

    def close(self, fd: int) -> None:
        self.open.remove(fd)
        os.close(fd)

    def _close_all(self) -> None:
        for fd in self.open:
            os.close(fd)

    def connect(self, ear: Ear | None = None) -> tuple[Any, Any]:
        ear = ear or Ear()
        made = StandardIO(ear, self.stdin, self.stdout, reactor)
        self.addCleanup(self._end, made)
        return made, ear

    async def _end(self, made: StandardIO) -> None:
        if not made.disconnected:
            made.connectionLost(Failure(error.ConnectionDone()))

    def taken(self) -> bytes:
        try:
            return os.read(self.take, 1 << 20)
        except BlockingIOError:
            return b""

    async def take_until(self, condition: Callable[[bytearray], bool]) -> bytearray:
        """Read from the other end, a turn at a time."""
        got = bytearray()
        while not condition(got):
            got += self.taken()
            await deferLater(reactor, 0, bool)
        return got


class TestBothWays(StdioTestCase):
    async def test_there_and_back(self) -> None:
        made, ear = self.connect()
        os.write(self.feed, b"question")
        await ear.until(8)
        made.write(b"ans")
        made.writeSequence(iter([b"w", b"er"]))
        self.assertEqual(await self.take_until(lambda got: len(got) == 6), b"answer")
        for provided in (
            interfaces.ITransport,
            interfaces.IConsumer,
            interfaces.IPushProducer,
            interfaces.IHalfCloseableDescriptor,
        ):
            self.assertTrue(verifyObject(provided, made))
        self.assertIsInstance(made.getHost(), PipeAddress)
        self.assertIsInstance(made.getPeer(), PipeAddress)

    async def test_eight_megabytes_out_at_the_readers_pace(self) -> None:
        made, _ = self.connect()
        data = os.urandom(8 * 1024 * 1024)
        most = 0
        write = made._writer.write

        def watched(chunk: bytes) -> None:
            nonlocal most
            write(chunk)
            most = max(most, len(made._writer._outbox))

        made._writer.write = watched
        sent = FileSender().beginFileTransfer(BytesIO(data), made)
        got = await self.take_until(lambda got: len(got) == len(data))
        self.assertEqual(await sent, data[-1:])
        self.assertEqual(hashlib.sha256(got).digest(), hashlib.sha256(data).digest())
        self.assertLessEqual(most, FileSender.CHUNK_SIZE)

    async def test_eight_megabytes_in_with_pauses(self) -> None:
        made, ear = self.connect()
        os.set_blocking(self.feed, False)
        data = os.urandom(8 * 1024 * 1024)
        left = memoryview(data)
        pauses = 0

        def pause(chunk: bytes) -> None:
            nonlocal pauses
            pauses += 1
            made.pauseProducing()
            reactor.callLater(0, made.resumeProducing)

        ear.on_data = pause
        while left:
            try:
                left = left[os.write(self.feed, left) :]
            except BlockingIOError:
                pass
            await deferLater(reactor, 0, bool)
        await ear.until(len(data))
        self.assertEqual(hashlib.sha256(ear.received).digest(), hashlib.sha256(data).digest())
        self.assertGreater(pauses, 10)

    async def test_T6_T7_paused_and_resumed(self) -> None:
        made, ear = self.connect()
        made.pauseProducing()
        made.pauseProducing()
        os.write(self.feed, b"x")
        await deferLater(reactor, 0, bool)
        self.assertEqual(ear.received, b"")
        made.startReading()
        await ear.until(1)
        made.stopReading()
        self.assertNotIn(made._reader, reactor.getReaders())

    async def test_regular_files(self) -> None:
        """They are no pipes, and some pollers refuse them."""
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
            source.write(b"from a file")
            source.seek(0)
            ear = Ear()
            made = StandardIO(ear, source.fileno(), target.fileno(), reactor)
            made.write(b"to a file")
            await ear.lost
            self.assertEqual(ear.received, b"from a file")
            target.seek(0)
            self.assertEqual(target.read(), b"to a file")


class TestEnds(StdioTestCase):
    async def test_the_input_ends(self) -> None:
        _made, ear = self.connect()
        os.write(self.feed, b"last")
        self.close(self.feed)
        await ear.lost
        self.assertEqual(ear.received, b"last")
        self.assertIsInstance(ear.reason, error.ConnectionDone)
        self.assertTrue(os.get_blocking(self.stdout))  # as it was

    async def test_the_input_ends_and_the_output_goes_on(self) -> None:
        made, ear = self.connect(HalfEar())
        self.close(self.feed)
        await ear.read_lost
        made.write(b"still here")
        self.assertEqual(await self.take_until(lambda got: len(got) == 10), b"still here")
        made.loseConnection()
        await ear.lost
        self.assertEqual(ear.heard, ["read lost"])

    async def test_half_of_it_is_closed_from_here(self) -> None:
        made, ear = self.connect(HalfEar())
        data = b"x" * 300_000
        made.write(data)
        made.loseWriteConnection()
        got = await self.take_until(lambda got: len(got) == len(data))
        self.assertEqual(got, data)
        await ear.write_lost
        os.write(self.feed, b"goes on")
        await ear.until(7)
        made.write(b"vanishes")
        producer = Producer()
        made.registerProducer(producer, True)
        self.assertEqual(producer.calls, ["stop"])
        self.close(self.feed)
        await ear.read_lost

    async def test_the_reader_goes(self) -> None:
        made, ear = self.connect(HalfEar())
        producer = Producer()
        made.registerProducer(producer, True)
        self.close(self.take)
        await ear.write_lost  # noticed without a write
        self.assertEqual(producer.calls, ["stop"])
        self.assertIsNone(ear.reason)
        made.loseConnection()
        await ear.lost

    async def test_T1_closing_sends_what_is_queued(self) -> None:
        made, ear = self.connect()
        data = os.urandom(1_000_000)
        made.write(data)
        made.loseConnection()
        self.assertEqual(await self.take_until(lambda got: len(got) == len(data)), data)
        await ear.lost
        self.assertIsInstance(ear.reason, error.ConnectionDone)

    async def test_T7_T8_pausing_does_not_keep_it_open_nor_resuming_make_it_read(self) -> None:
        made, ear = self.connect()
        made.pauseProducing()
        made.write(b"x" * 300_000)
        made.loseConnection()
        made.resumeProducing()
        os.write(self.feed, b"unheard")
        await self.take_until(lambda got: len(got) == 300_000)
        await ear.lost
        self.assertEqual(ear.received, b"")

    async def test_a_second_end_is_none(self) -> None:
        made, ear = self.connect()
        made.connectionLost(Failure(error.ConnectionDone()))
        made.connectionLost(Failure(error.ConnectionLost()))
        made.loseConnection()
        made.loseWriteConnection()
        await ear.lost
        self.assertIsInstance(ear.reason, error.ConnectionDone)

    async def test_protocols_that_raise(self) -> None:
        class Raising(HalfEar):
            def readConnectionLost(self) -> None:
                raise ZeroDivisionError("in readConnectionLost")

            def connectionLost(self, reason: Any = None) -> None:
                super().connectionLost(reason)
                raise ZeroDivisionError("in connectionLost")

        made, ear = self.connect(Raising())
        self.close(self.feed)
        await ear.lost
        await deferLater(reactor, 0, bool)
        self.assertIsInstance(ear.reason, ZeroDivisionError)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        self.assertTrue(made.disconnected)

    async def test_C2_C15_C18_C21_the_dead(self) -> None:
        made, ear = self.connect()
        made.loseConnection()
        await ear.lost
        producer = Producer()
        producer.stopProducing = lambda: 1 / 0  # type: ignore[assignment,return-value]
        made.registerProducer(producer, True)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        made.unregisterProducer()
        made.write(b"silent")
        for bad in ("text", None):
            with self.assertRaises(TypeError):
                made.write(bad)
            with self.assertRaises(TypeError):
                made.writeSequence([b"good", bad])

    async def test_not_for_the_whole(self) -> None:
        made, _ = self.connect()
        for call in (made.readConnectionLost, made.writeConnectionLost):
            with self.assertRaises(NotImplementedError):
                call(Failure(error.ConnectionDone()))


class TestClosedDescriptors(StdioTestCase):
    def test_a_closed_input(self) -> None:
        """As when a daemon closes its standard descriptors: nothing stays behind."""
        self.close(self.stdin)
        readers = set(reactor.getReaders())
        with self.assertRaises(OSError):
            StandardIO(Ear(), self.stdin, self.stdout, reactor)
        self.assertEqual(set(reactor.getReaders()), readers)
        self.assertTrue(os.get_blocking(self.stdout))

    def test_a_closed_output(self) -> None:
        self.close(self.stdout)
        readers = set(reactor.getReaders())
        with self.assertRaises(OSError):
            StandardIO(Ear(), self.stdin, self.stdout, reactor)
        self.assertEqual(set(reactor.getReaders()), readers)

    async def test_an_output_that_is_closed_behind_its_back(self) -> None:
        made, ear = self.connect()
        self.close(self.stdout)
        made.connectionLost(Failure(error.ConnectionLost()))
        await ear.lost

    def test_programs(self) -> None:
        """With the real descriptors 0 and 1."""
        program = textwrap.dedent(
            """
            from zope.interface import implementer
            from pcstream.internet import reactor
            from pcstream.internet.interfaces import IHalfCloseableProtocol
            from pcstream.internet.protocol import Protocol
            from pcstream.internet.stdio import StandardIO

            @implementer(IHalfCloseableProtocol)
            class Upper(Protocol):
                def dataReceived(self, data):
                    self.transport.write(data.upper())

                def readConnectionLost(self):
                    self.transport.loseConnection()  # after what is queued has gone

                def connectionLost(self, reason):
                    reactor.stop()

            try:
                StandardIO(Upper())
            except OSError as e:
                raise SystemExit(f"no standard input: {e}")
            reactor.run()
            """
        )
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        environment = {**os.environ, "PYTHONPATH": root}
        run = subprocess.run(
            [sys.executable, "-c", program],
            input=b"hello",
            capture_output=True,
            env=environment,
            timeout=60,
            check=False,
        )
        self.assertEqual((run.returncode, run.stdout), (0, b"HELLO"))
        run = subprocess.run(
            ["/bin/sh", "-c", 'exec "$0" "$@" <&-', sys.executable, "-c", program],
            capture_output=True,
            env=environment,
            timeout=60,
            check=False,
        )
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"no standard input", run.stderr)

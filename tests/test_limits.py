"""Counters and caps, on real connections of every kind."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import pytest

from pcstream._engine import splice
from pcstream._engine.meters import CountingOutbox, Meter
from pcstream.internet import reactor
from pcstream.internet.defer import Deferred, succeed
from pcstream.internet.error import ConnectionAborted
from pcstream.internet.protocol import ClientFactory, Factory, ProcessProtocol, Protocol
from pcstream.internet.stdio import StandardIO
from pcstream.internet.task import deferLater
from pcstream.limits import (
    Reaction,
    limit_buffer,
    limit_process_buffers,
    observe,
    observe_process,
)
from pcstream.protocols.basic import FileSender
from pcstream.protocols.policies import ProtocolWrapper, WrappingFactory
from pcstream.protocols.portforward import ProxyFactory
from pcstream.python import log
from pcstream.trial.unittest import TestCase

MEGABYTE = 2**20
# More than the buffers of two sockets hold.
LOTS = 16 * MEGABYTE


class Ear(Protocol):
    def __init__(self) -> None:
        self.made: Deferred[Any] = Deferred()
        self.lost: Deferred[Any] = Deferred()
        self.received = 0
        self.reason: Any = None
        self._wanted: tuple[int, Deferred[None]] | None = None

    def connectionMade(self) -> None:
        self.end: Any = self.transport
        self.made.callback(self)

    def dataReceived(self, data: bytes) -> None:
        self.received += len(data)
        if self._wanted is not None and self.received >= self._wanted[0]:
            wanted, self._wanted = self._wanted, None
            wanted[1].callback(None)

    def connectionLost(self, reason: Any = None) -> None:
        self.reason = reason
        self.lost.callback(None)

    def until(self, count: int) -> Deferred[None]:
        if self.received >= count:
            return succeed(None)
        self._wanted = (count, Deferred())
        return self._wanted[1]


class Push:
    """A push producer that records what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


class LimitsTestCase(TestCase):
    timeout = 60

    def setUp(self) -> None:
        self.warnings: list[str] = []
        log.addObserver(self._heard)
        self.addCleanup(log.removeObserver, self._heard)
        self.addCleanup(limit_process_buffers, None)

    def _heard(self, event: Any) -> None:
        if event.get("system") == "pcstream.limits":
            self.warnings.append(event["message"][0])

    async def meet(self, listen: Any, connect: Any) -> tuple[Ear, Ear]:
        """Two ends of a connection: near is the one that connects."""
        near, far = Ear(), Ear()
        server: Any = Factory()
        server.buildProtocol = lambda address: far
        port = listen(server)
        self.addCleanup(port.stopListening)
        client: Any = ClientFactory()
        client.buildProtocol = lambda address: near
        connect(client, port)
        await near.made
        await far.made
        self.addCleanup(self.end, near, far)
        return near, far

    async def end(self, *ears: Ear) -> None:
        for ear in ears:
            ear.end.abortConnection()
        for ear in ears:
            await ear.lost

    async def tcp(self) -> tuple[Ear, Ear]:
        return await self.meet(
            lambda factory: reactor.listenTCP(0, factory, interface="127.0.0.1"),
            lambda factory, port: reactor.connectTCP("127.0.0.1", port.getHost().port, factory),
        )

    async def unix(self) -> tuple[Ear, Ear]:
        where = tempfile.mkdtemp()
        self.addCleanup(os.rmdir, where)
        return await self.meet(
            lambda factory: reactor.listenUNIX(f"{where}/s", factory),
            lambda factory, port: reactor.connectUNIX(f"{where}/s", factory),
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that takes some turns."""
        while not condition():
            await deferLater(reactor, 0, bool)


class TestCounters(LimitsTestCase):
    async def both(self, near: Ear, far: Ear) -> None:
        meter = observe(near.end)
        before, got = meter.sent, meter.received
        far.end.pauseProducing()
        producer = Push()
        near.end.registerProducer(producer, True)
        for _ in range(16):
            near.end.write(bytes(MEGABYTE))
        self.assertEqual(meter.accepted - before, LOTS)
        self.assertEqual((meter.buffered, meter.on_disk), (LOTS, 0))
        self.assertEqual((meter.peak, meter.pauses), (LOTS, 1))
        self.assertGreater(meter.time_paused, 0)
        self.assertEqual(producer.told, ["pause"])
        far.end.resumeProducing()
        await far.until(LOTS)
        await self.until(lambda: "resume" in producer.told)
        self.assertEqual((meter.buffered, meter.sent - before, meter.dropped), (0, LOTS, 0))
        stood = meter.time_paused
        self.assertEqual(meter.time_paused, stood)
        far.end.write(b"answer")
        await near.until(6)
        self.assertEqual(meter.received - got, 6)
        self.assertEqual(meter.accepted, meter.sent + meter.dropped + meter.queued)

    async def test_tcp(self) -> None:
        await self.both(*await self.tcp())

    async def test_unix(self) -> None:
        await self.both(*await self.unix())

    async def test_what_was_written_before(self) -> None:
        near, far = await self.tcp()
        near.end.write(b"x" * 1000)
        meter = observe(near.end)
        self.assertEqual((meter.accepted, meter.buffered), (1000, 1000))
        await far.until(1000)
        await self.until(lambda: meter.sent == 1000)
        self.assertIs(observe(near.end), meter)

    async def test_below_a_wrapper_and_by_way_of_the_protocol(self) -> None:
        ear = Ear()
        factory: Any = Factory()
        factory.buildProtocol = lambda address: ear
        wrapping: Any = WrappingFactory(factory)
        port = reactor.listenTCP(0, wrapping, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        other = Ear()
        client: Any = ClientFactory()
        client.buildProtocol = lambda address: other
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        await ear.made
        await other.made
        self.assertIsInstance(ear.end, ProtocolWrapper)
        meter = observe(ear.end)
        self.assertIs(observe(ear), meter)
        ear.end.write(b"abc")
        self.assertEqual(meter.buffered, 3)
        await other.until(3)
        await self.end(ear, other)

    async def test_what_can_be_sent_no_more_is_dropped(self) -> None:
        near, far = await self.tcp()
        far.end.pauseProducing()
        meter = observe(near.end)
        producer = Push()
        near.end.registerProducer(producer, True)
        near.end.write(bytes(LOTS))
        await self.until(lambda: meter.sent > 0)
        await self.end(near, far)
        self.assertEqual((meter.buffered, meter.sent + meter.dropped), (0, LOTS))
        self.assertGreater(meter.dropped, 0)
        self.assertIs(observe(near.end), meter)
        self.assertEqual(producer.told, ["pause", "stop"])
        self.assertEqual([name for name in vars(near.end) if name in HOOKS], [])

    def big_file(self) -> Any:
        made, path = tempfile.mkstemp()
        self.addCleanup(os.unlink, path)
        os.truncate(made, LOTS)
        os.close(made)
        return open(path, "rb")

    async def test_a_file_goes_by_sendfile_and_takes_no_memory(self) -> None:
        near, far = await self.tcp()
        far.end.pauseProducing()
        meter = observe(near.end)
        with self.big_file() as file:
            sent = FileSender().beginFileTransfer(file, near.end)
            self.assertGreater(meter.on_disk, 0)
            self.assertEqual(meter.buffered, 0)
            far.end.resumeProducing()
            await sent
            await far.until(LOTS)
        await self.until(lambda: meter.sent == LOTS)
        self.assertEqual((meter.on_disk, meter.peak, meter.queued), (0, 0, 0))

    async def test_the_rest_of_a_file_is_dropped(self) -> None:
        near, far = await self.tcp()
        far.end.pauseProducing()
        meter = observe(near.end)
        with self.big_file() as file:
            sent = FileSender().beginFileTransfer(file, near.end)
            sent.addErrback(lambda failure: None)
            await self.end(near, far)
        self.assertEqual((meter.on_disk, meter.queued), (0, 0))
        self.assertEqual(meter.accepted, meter.sent + meter.dropped)

    @pytest.mark.skipif(not hasattr(os, "splice"), reason="no splice here")
    async def test_what_a_relay_splices_is_counted(self) -> None:
        far = Ear()
        server: Any = Factory()
        server.buildProtocol = lambda address: far
        port = reactor.listenTCP(0, server, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        proxies: list[Any] = []

        class Proxies(ProxyFactory):
            def buildProtocol(self, address: Any) -> Any:
                proxies.append(super().buildProtocol(address))
                return proxies[-1]

        relay = reactor.listenTCP(
            0, Proxies("127.0.0.1", port.getHost().port), interface="127.0.0.1"
        )
        self.addCleanup(relay.stopListening)
        near = Ear()
        client: Any = ClientFactory()
        client.buildProtocol = lambda address: near
        reactor.connectTCP("127.0.0.1", relay.getHost().port, client)
        await near.made
        await far.made
        calls = []
        really = splice.receive
        self.patch(splice, "receive", lambda *args: calls.append(args) or really(*args))
        (proxy,) = proxies
        await self.until(lambda: proxy.peer is not None)
        taken, given = observe(proxy.transport), observe(proxy.peer.transport)
        for _ in range(16):
            near.end.write(bytes(MEGABYTE))
        await far.until(LOTS)
        await self.until(lambda: given.sent == LOTS)
        self.assertEqual((taken.received, given.accepted, given.sent), (LOTS, LOTS, LOTS))
        self.assertEqual((given.buffered, given.dropped), (0, 0))
        self.assertLess(given.peak, 4 * MEGABYTE)
        self.assertGreater(len(calls), 5)
        await self.end(near, far)

    def test_what_cannot_be_counted_says_so(self) -> None:
        from pcstream.internet.testing import StringTransport

        for stranger in (StringTransport(), object(), None, Protocol()):
            with pytest.raises(TypeError, match="no transport of pcstream's"):
                observe(stranger)

    async def test_an_observer_that_comes_inside_the_first_request(self) -> None:
        near, far = await self.tcp()

        class Curious:
            meter: Meter

            def resumeProducing(self) -> None:
                self.meter = observe(near.end)
                raise ArithmeticError("after all")

            def stopProducing(self) -> None:
                pass

        curious = Curious()
        with pytest.raises(ArithmeticError):
            near.end.registerProducer(curious, False)
        self.assertIs(near.end.producer, None)  # contract C24, whoever has looked
        near.end.registerProducer(Push(), True)
        near.end.write(bytes(100_000))
        self.assertEqual((curious.meter.pauses, curious.meter.buffered), (1, 100_000))
        await far.until(100_000)

    async def test_an_observer_that_comes_inside_a_resume(self) -> None:
        near, far = await self.tcp()
        meters: list[Meter] = []

        class Curious(Push):
            def resumeProducing(self) -> None:
                super().resumeProducing()
                meters.append(observe(near.end))
                near.end.write(bytes(70_000))

        producer = Curious()
        near.end.registerProducer(producer, True)
        near.end.write(bytes(100_000))
        await self.until(lambda: len(producer.told) > 20)
        near.end.unregisterProducer()
        expected = 100_000 + 70_000 * producer.told.count("resume")
        await far.until(expected)
        self.assertEqual(far.received, expected)
        self.assertGreater(meters[0].pauses, 5)


HOOKS = {"_dataReceived", "_forward", "_take_into_pipe", "pauseProducing", "resumeProducing"}


class TestPipes(LimitsTestCase):
    def pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        for end in ends:
            self.addCleanup(os.close, end)
        return ends

    def stdio(self) -> tuple[Any, Ear, int, int]:
        stdin, feed = self.pipe()
        take, stdout = self.pipe()
        os.set_blocking(take, False)
        ear = Ear()
        made = StandardIO(ear, stdin, stdout, reactor)
        return made, ear, feed, take

    async def test_standard_input_and_output(self) -> None:
        made, ear, feed, take = self.stdio()
        meter = observe(made)
        os.write(feed, b"hello")
        await ear.until(5)
        made.write(bytes(200_000))
        self.assertEqual((meter.received, meter.buffered), (5, 200_000))
        got = 0
        while got < 200_000:
            try:
                got += len(os.read(take, 100_000))
            except BlockingIOError:
                pass
            await deferLater(reactor, 0, bool)
        self.assertEqual((meter.sent, meter.buffered), (200_000, 0))
        made.loseConnection()
        await ear.lost

    async def test_a_cap_aborts_standard_output(self) -> None:
        made, ear, _, _ = self.stdio()
        meter = limit_buffer(made, 100_000, "abort")
        made.write(bytes(200_000))
        made.write(bytes(200_000))
        await ear.lost
        assert ear.reason.check(ConnectionAborted)
        self.assertEqual((meter.buffered, meter.dropped), (0, 200_000))

    async def test_a_cap_pauses_standard_input(self) -> None:
        made, ear, feed, take = self.stdio()
        limit_buffer(made, 100_000, Reaction.PAUSE_READER)
        made.write(bytes(150_000))
        os.write(feed, b"hello")
        for _ in range(5):
            await deferLater(reactor, 0, bool)
        self.assertEqual(ear.received, 0)
        while not ear.received:
            try:
                os.read(take, 10_000)
            except BlockingIOError:
                pass
            await deferLater(reactor, 0, bool)
        self.assertEqual(ear.received, 5)
        made.connectionLost(_reason())

    async def test_a_child(self) -> None:
        ended: Deferred[Any] = Deferred()
        out: list[bytes] = []

        class Watcher(ProcessProtocol):
            def outReceived(self, data: bytes) -> None:
                out.append(data)

            def processEnded(self, reason: Any) -> None:
                ended.callback(None)

        program = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
        child: Any = reactor.spawnProcess(
            Watcher(), sys.executable, [sys.executable, "-c", program], env=os.environ
        )
        meter = observe(child)
        child.write(bytes(300_000))
        self.assertEqual(meter.buffered, 300_000)
        child.closeStdin()
        await ended
        self.assertEqual((meter.sent, meter.received), (300_000, 300_000))
        self.assertEqual(sum(map(len, out)), 300_000)

    async def test_a_child_at_a_terminal(self) -> None:
        ended: Deferred[Any] = Deferred()
        watcher = ProcessProtocol()
        watcher.processEnded = lambda reason: ended.callback(None)  # type: ignore[method-assign]
        heard: list[bytes] = []
        watcher.outReceived = heard.append  # type: ignore[method-assign]
        child: Any = reactor.spawnProcess(
            watcher,
            sys.executable,
            [sys.executable, "-c", "print(len(input()))"],
            env=os.environ,
            usePTY=True,
        )
        meter = observe(child)
        child.write(b"four\n")
        await ended
        self.assertEqual(meter.sent, 5)
        self.assertEqual(meter.received, len(b"".join(heard)))
        self.assertIn(b"4", b"".join(heard))


def _reason() -> Any:
    from pcstream.internet.error import ConnectionDone
    from pcstream.python.failure import Failure

    return Failure(ConnectionDone())


class TestCaps(LimitsTestCase):
    async def stalled(self) -> tuple[Ear, Ear]:
        near, far = await self.tcp()
        far.end.pauseProducing()
        return near, far

    async def test_off_by_default(self) -> None:
        near, _ = await self.stalled()
        near.end.write(bytes(LOTS))
        self.assertFalse(isinstance(near.end._outbox, CountingOutbox))
        self.assertEqual(self.warnings, [])

    async def test_exactly_the_cap_is_allowed(self) -> None:
        near, _ = await self.stalled()
        limit_buffer(near.end, 1000)
        near.end.write(bytes(1000))
        self.assertEqual(self.warnings, [])
        near.end.write(b"x")
        self.assertEqual(len(self.warnings), 1)
        self.assertIn("1001 bytes are buffered, more than 1000", self.warnings[0])

    async def test_warned_once(self) -> None:
        near, far = await self.stalled()
        limit_buffer(near.end, 1000, Reaction.WARN_ONCE)
        for _ in range(100):
            near.end.write(bytes(1000))
        self.assertEqual(len(self.warnings), 1)
        far.end.resumeProducing()
        await far.until(100_000)

    async def test_what_is_too_much_already(self) -> None:
        near, _ = await self.stalled()
        near.end.write(bytes(2000))
        limit_buffer(near.end, 1000)
        self.assertEqual(len(self.warnings), 1)

    async def test_the_reader_is_paused_and_goes_on_at_half(self) -> None:
        near, far = await self.stalled()
        meter = limit_buffer(near.end, MEGABYTE, Reaction.PAUSE_READER)
        near.end.write(bytes(LOTS))
        far.end.write(b"question")
        for _ in range(5):
            await deferLater(reactor, 0, bool)
        self.assertEqual(near.received, 0)
        far.end.resumeProducing()
        await near.until(8)
        self.assertLessEqual(meter.buffered, MEGABYTE // 2)
        await far.until(LOTS)

    async def test_X3_a_pause_of_the_applications_outlasts_the_caps(self) -> None:
        near, far = await self.stalled()
        meter = limit_buffer(near.end, MEGABYTE, Reaction.PAUSE_READER)
        near.end.write(bytes(LOTS))
        near.end.pauseProducing()
        far.end.write(b"question")
        far.end.resumeProducing()
        await far.until(LOTS)
        await self.until(lambda: meter.buffered == 0)
        for _ in range(5):
            await deferLater(reactor, 0, bool)
        self.assertEqual(near.received, 0)
        near.end.resumeProducing()
        await near.until(8)

    async def test_X3_a_resume_of_the_applications_does_not_lift_the_caps(self) -> None:
        near, far = await self.stalled()
        near.end.pauseProducing()
        limit_buffer(near.end, MEGABYTE, Reaction.PAUSE_READER)
        near.end.write(bytes(LOTS))
        near.end.resumeProducing()
        far.end.write(b"question")
        for _ in range(5):
            await deferLater(reactor, 0, bool)
        self.assertEqual(near.received, 0)
        far.end.resumeProducing()
        await near.until(8)

    async def test_the_connection_is_aborted(self) -> None:
        near, _ = await self.stalled()
        producer = Push()
        near.end.registerProducer(producer, True)
        meter = limit_buffer(near.end, MEGABYTE, Reaction.ABORT)
        near.end.write(bytes(LOTS))
        self.assertIs(near.reason, None)  # contract T4: told in a later turn
        near.end.write(bytes(LOTS))
        near.end.writeSequence([bytes(LOTS)] * 3)
        await near.lost
        assert near.reason.check(ConnectionAborted)
        self.assertEqual(producer.told, ["stop"])
        self.assertEqual((meter.buffered, meter.dropped), (0, LOTS))
        self.assertEqual(len(self.warnings), 1)
        self.assertTrue(self.warnings[0].endswith(": aborted"))

    async def test_an_abort_inside_a_sequence(self) -> None:
        near, _ = await self.stalled()
        meter = limit_buffer(near.end, 1000, Reaction.ABORT)
        near.end.writeSequence([bytes(600)] * 10)
        await near.lost
        self.assertEqual(meter.buffered, 0)

    async def test_a_cap_can_be_lifted(self) -> None:
        near, far = await self.stalled()
        limit_buffer(near.end, 1000, Reaction.PAUSE_READER)
        near.end.write(bytes(LOTS))
        limit_buffer(near.end, None)
        far.end.write(b"question")
        await near.until(8)
        near.end.write(bytes(LOTS))
        self.assertEqual(self.warnings, [])

    async def test_a_push_producer_that_behaves_is_never_in_its_way(self) -> None:
        near, far = await self.tcp()
        meter = limit_buffer(near.end, MEGABYTE, Reaction.ABORT)
        left = [LOTS]

        class Fast(Push):
            def resumeProducing(self) -> None:
                super().resumeProducing()
                self.run()

            def run(self) -> None:
                while left[0] and self.told[-1:] != ["pause"]:
                    left[0] -= 2**15
                    near.end.write(bytes(2**15))
                if not left[0]:
                    near.end.unregisterProducer()

        producer = Fast()
        near.end.registerProducer(producer, True)
        producer.run()
        await far.until(LOTS)
        self.assertLessEqual(meter.peak, 2**16 + 2**15)
        self.assertGreater(meter.pauses, 10)

    def test_what_is_no_reaction_or_no_cap(self) -> None:
        with pytest.raises(ValueError, match="explode"):
            limit_process_buffers(1, "explode")
        with pytest.raises(ValueError, match="-1 bytes"):
            limit_process_buffers(-1)

    async def test_a_dead_transport_takes_a_cap_for_nothing(self) -> None:
        near, far = await self.tcp()
        await self.end(near, far)
        limit_buffer(near.end, 0, Reaction.ABORT)
        near.end.write(b"x")
        self.assertEqual(self.warnings, [])


class TestOfTheProcess(LimitsTestCase):
    async def test_sums_of_all_old_and_new(self) -> None:
        near, far = await self.tcp()
        far.end.pauseProducing()
        near.end.write(bytes(1000))
        await self.until(lambda: near.end._outbox.size == 0)
        total = observe_process()
        accepted, received = total.accepted, total.received
        near.end.write(bytes(1000))
        newer, other = await self.unix()
        newer.end.write(bytes(500))
        self.assertEqual(total.accepted - accepted, 1500)
        self.assertEqual(total.buffered, observe(near.end).buffered + observe(newer.end).buffered)
        await other.until(500)
        other.end.write(b"abc")
        await newer.until(3)
        self.assertEqual(total.received - received, 3)

    async def test_it_warns_once(self) -> None:
        near, far = await self.tcp()
        far.end.pauseProducing()
        limit_process_buffers(MEGABYTE)
        near.end.write(bytes(LOTS))
        near.end.write(bytes(LOTS))
        self.assertEqual(len(self.warnings), 1)
        self.assertIn("by the process", self.warnings[0])

    async def test_it_aborts_whoever_has_most(self) -> None:
        big, big_far = await self.tcp()
        small, small_far = await self.tcp()
        for far in (big_far, small_far):
            far.end.pauseProducing()
        total = limit_process_buffers(LOTS, Reaction.ABORT)
        big.end.write(bytes(LOTS - 10))
        small.end.write(bytes(1000))
        await big.lost
        assert big.reason.check(ConnectionAborted)
        self.assertIs(small.reason, None)
        self.assertEqual(total.buffered, observe(small.end).buffered)
        small_far.end.resumeProducing()
        await small_far.until(1000)

    async def test_it_pauses_those_that_are_written_to(self) -> None:
        big, big_far = await self.tcp()
        other, other_far = await self.tcp()
        idle, idle_far = await self.tcp()
        big_far.end.pauseProducing()
        limit_process_buffers(MEGABYTE, "pause reader")
        for far in (big_far, other_far, idle_far):
            far.end.write(b"question")
        # The other ends are of this process, too, and write before it has too much.
        big.end.write(bytes(LOTS))
        other.end.write(b"x")
        await idle.until(8)
        self.assertEqual((big.received, other.received), (0, 0))
        big_far.end.resumeProducing()
        await big.until(8)
        await other.until(8)

    async def test_one_cap_and_the_other_hold_the_same_reader(self) -> None:
        near, far = await self.tcp()
        far.end.pauseProducing()
        limit_buffer(near.end, MEGABYTE, Reaction.PAUSE_READER)
        limit_process_buffers(2 * MEGABYTE, Reaction.PAUSE_READER)
        near.end.write(bytes(LOTS))
        limit_process_buffers(None)
        far.end.write(b"question")
        for _ in range(5):
            await deferLater(reactor, 0, bool)
        self.assertEqual(near.received, 0)
        limit_buffer(near.end, None)
        await near.until(8)

    async def test_afterwards_nothing_is_counted_any_more(self) -> None:
        limit_process_buffers(MEGABYTE)
        limit_process_buffers(None)
        near, far = await self.tcp()
        near.end.write(b"abc")
        self.assertFalse(isinstance(near.end._outbox, CountingOutbox))
        await far.until(3)
        self.assertNotIn("_counted", vars(near.end))

    async def test_a_connection_that_is_over_is_not_kept(self) -> None:
        import weakref

        observe_process()
        near, far = await self.tcp()
        near.end.write(b"abc")
        await far.until(3)
        kept = weakref.ref(near.end)
        near.end.loseConnection()
        await near.lost
        await far.lost
        self._cleanups = [each for each in getattr(self, "_cleanups", []) if each[0] != self.end]
        del near.end, near
        gc.collect()
        await deferLater(reactor, 0, bool)
        gc.collect()
        self.assertIs(kept(), None)


class TestTLS(LimitsTestCase):
    @pytest.fixture(autouse=True)
    def identity(self, tls_identity: Any) -> None:
        self.tls = tls_identity

    async def ssl(self) -> tuple[Ear, Ear]:
        return await self.meet(
            lambda factory: reactor.listenSSL(0, factory, self.tls.server(), interface="127.0.0.1"),
            lambda factory, port: reactor.connectSSL(
                "127.0.0.1", port.getHost().port, factory, self.tls.client()
            ),
        )

    async def hello(self, near: Ear, far: Ear) -> None:
        near.end.write(b"hello")
        await far.until(5)
        far.end.write(b"hello")
        await near.until(5)

    async def test_what_waits_for_the_handshake_counts(self) -> None:
        near, far = await self.ssl()
        meter = observe(near.end)
        near.end.writeSequence([bytes(MEGABYTE)])
        await self.until(lambda: near.end.getHandle() is not None)
        self.assertGreater(meter.peak + meter.buffered, 0)
        await far.until(MEGABYTE)
        await self.until(lambda: meter.buffered == 0)
        self.assertGreater(meter.sent, MEGABYTE)
        self.assertEqual(meter.accepted, meter.sent)

    async def test_the_reader_is_paused(self) -> None:
        near, far = await self.ssl()
        await self.hello(near, far)
        far.end.pauseProducing()
        limit_buffer(near.end, MEGABYTE, Reaction.PAUSE_READER)
        for _ in range(16):
            near.end.write(bytes(MEGABYTE))
        far.end.write(b"question")
        for _ in range(10):
            await deferLater(reactor, 0, bool)
        self.assertEqual(near.received, 5)
        far.end.resumeProducing()
        await near.until(13)
        await far.until(LOTS)

    async def test_it_is_aborted(self) -> None:
        near, far = await self.ssl()
        await self.hello(near, far)
        far.end.pauseProducing()
        limit_buffer(near.end, MEGABYTE, Reaction.ABORT)
        for _ in range(16):
            near.end.write(bytes(MEGABYTE))
        await near.lost
        assert near.reason.check(ConnectionAborted)

    async def test_after_starttls(self) -> None:
        near, far = await self.tcp()
        limit_buffer(near.end, MEGABYTE, Reaction.PAUSE_READER)
        near.end.startTLS(self.tls.client())
        far.end.startTLS(self.tls.server())
        await self.hello(near, far)
        meter = observe(near.end)
        far.end.pauseProducing()
        for _ in range(16):
            near.end.write(bytes(MEGABYTE))
        self.assertGreaterEqual(meter.buffered, LOTS)
        far.end.write(b"question")
        for _ in range(10):
            await deferLater(reactor, 0, bool)
        self.assertEqual(near.received, 5)
        far.end.resumeProducing()
        await near.until(13)
        await far.until(LOTS)

    async def test_starttls_while_the_reader_is_held(self) -> None:
        near, far = await self.tcp()
        far.end.pauseProducing()
        limit_buffer(near.end, 1000, Reaction.PAUSE_READER)
        near.end.write(bytes(LOTS))
        # The other side begins, so that nothing but plain bytes comes from here before.
        near.end.startTLS(self.tls.server(), normal=False)
        far.end.resumeProducing()
        await far.until(LOTS)
        far.end.startTLS(self.tls.client(), normal=False)
        far.received = 0
        await self.hello(near, far)

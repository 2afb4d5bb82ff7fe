"""Child processes: real ones, with pipes, maps of descriptors and terminals."""

from __future__ import annotations

import errno
import gc
import hashlib
import os
import resource
import signal
import sys
from io import BytesIO
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from pcstream.internet import error, interfaces, process, reactor
from pcstream.internet._baseprocess import BaseProcess
from pcstream.internet._descriptor_moves import _getFileActions
from pcstream.internet.defer import Deferred, succeed
from pcstream.internet.protocol import ProcessProtocol
from pcstream.protocols.basic import FileSender
from pcstream.trial.unittest import TestCase

HASHING = """
import hashlib, os
digest, count = hashlib.sha256(), 0
while piece := os.read(0, 65536):
    digest.update(piece)
    count += len(piece)
print(count, digest.hexdigest())
"""


class Watcher(ProcessProtocol):
    """Keeps what a child says, and what becomes of it."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.out: dict[int, bytearray] = {}
        self.ended: Deferred[Any] = Deferred()
        self.exited: Deferred[Any] = Deferred()
        self.wanted: list[tuple[Any, Deferred[None]]] = []
        self.on_made: Any = None
        self.on_data: Any = None

    def connectionMade(self) -> None:
        self.events.append("made")
        if self.on_made is not None:
            self.on_made(self.transport)

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        self.out.setdefault(childFD, bytearray()).extend(data)
        if self.on_data is not None:
            self.on_data(childFD, data)
        self._look()

    def childConnectionLost(self, childFD: int) -> None:
        self.events.append(f"lost {childFD}")
        self._look()

    def processExited(self, reason: Any) -> None:
        self.events.append("exited")
        self.exited.callback(reason.value)

    def processEnded(self, reason: Any) -> None:
        self.events.append("ended")
        self.ended.callback(reason.value)

    def until(self, condition: Any) -> Deferred[None]:
        if condition():
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self.wanted.append((condition, waiting))
        return waiting

    def _look(self) -> None:
        for each in list(self.wanted):
            if each[0]():
                self.wanted.remove(each)
                each[1].callback(None)


class Producer:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")


class ProcessTestCase(TestCase):
    timeout = 60

    def spawn(self, code: str, *args: str, **more: Any) -> Watcher:
        """A Python child that runs *code*."""
        return self.run_program(sys.executable, "-c", code, *args, **more)

    def run_program(
        self, program: str, *args: str, watcher: Watcher | None = None, **more: Any
    ) -> Watcher:
        watcher = watcher or Watcher()
        more.setdefault("env", None)
        made = reactor.spawnProcess(watcher, program, [program, *args], **more)
        self.addCleanup(self._end, watcher, made)
        return watcher

    async def _end(self, watcher: Watcher, made: Any) -> None:
        if "ended" not in watcher.events:
            if made.pid is not None:
                made.signalProcess("KILL")
            made.loseConnection()
            await watcher.ended


class TestPipes(ProcessTestCase):
    async def test_there_and_back(self) -> None:
        child = self.spawn(
            "import sys; line = sys.stdin.readline(); sys.stderr.write('heard');"
            "sys.stdout.write(line.upper()); sys.exit(3)"
        )
        child.transport.write(b"hello\n")
        reason = await child.ended
        self.assertEqual((child.out[1], child.out[2]), (b"HELLO\n", b"heard"))
        self.assertIsInstance(reason, error.ProcessTerminated)
        self.assertEqual((reason.exitCode, reason.signal), (3, None))
        self.assertEqual(child.events[0], "made")
        self.assertEqual(child.events[-1], "ended")
        self.assertEqual(sorted(child.events[1:-1]), ["exited", "lost 0", "lost 1", "lost 2"])

    async def test_a_good_end(self) -> None:
        self.assertIsInstance(await self.spawn("").ended, error.ProcessDone)

    async def test_declares_what_it_is(self) -> None:
        child = self.spawn("input()")
        self.assertTrue(verifyObject(interfaces.IProcessTransport, child.transport))
        self.assertIn(f"pid={child.transport.pid}", repr(child.transport))
        child.transport.closeStdin()
        await child.ended
        self.assertIn("pid=None", repr(child.transport))

    async def test_eight_megabytes_from_a_file_at_the_childs_pace(self) -> None:
        child = self.spawn(HASHING)
        data = os.urandom(8 * 1024 * 1024)
        writer = child.transport.pipes[0]
        most = 0
        write = writer.write

        def watched(chunk: bytes) -> None:
            nonlocal most
            write(chunk)
            most = max(most, len(writer._outbox))

        writer.write = watched
        last = await FileSender().beginFileTransfer(BytesIO(data), child.transport)
        child.transport.closeStdin()
        await child.ended
        self.assertEqual(last, data[-1:])
        count, digest = child.out[1].decode().split()
        self.assertEqual(int(count), len(data))
        self.assertEqual(digest, hashlib.sha256(data).hexdigest())
        self.assertLessEqual(most, FileSender.CHUNK_SIZE)

    async def test_eight_megabytes_from_the_child_with_pauses(self) -> None:
        size = 8 * 1024 * 1024
        child = self.spawn(f"import os; os.write(1, b'x' * {size // 2} + b'y' * {size // 2})")
        paused = 0
        digest = hashlib.sha256()

        def take(fd: int, data: bytes) -> None:
            nonlocal paused
            digest.update(data)
            paused += 1
            child.transport.pauseProducing()
            reactor.callLater(0, child.transport.resumeProducing)

        child.on_data = take
        await child.ended
        self.assertEqual(len(child.out[1]), size)
        self.assertEqual(digest.digest(), hashlib.sha256(child.out[1]).digest())
        self.assertGreater(paused, 10)

    async def test_T6_nothing_arrives_while_paused(self) -> None:
        child = self.spawn("import os; os.write(1, b'1'); os.write(2, b'2'); input()")
        child.transport.pauseProducing()
        child.transport.write(b"\n")
        await child.exited
        self.assertEqual(child.out, {})
        self.assertNotIn("ended", child.events)  # its output has not ended yet
        child.transport.resumeProducing()
        await child.ended
        self.assertEqual(child.out, {1: b"1", 2: b"2"})

    async def test_T7_resuming_while_closing_reads_no_more(self) -> None:
        child = self.spawn("import os; os.write(1, b'x'); input()")
        await child.until(lambda: child.out)
        child.transport.closeStdout()
        child.transport.resumeProducing()
        self.assertNotIn(child.transport.pipes[1], reactor.getReaders())
        child.transport.write(b"\n")
        await child.ended

    async def test_closing_a_pipe_that_ends_at_the_same_time(self) -> None:
        child = self.spawn("import os; os.write(1, b'x'); os.close(1); input()")
        pipe = child.transport.pipes[1]
        await child.until(lambda: child.out)
        child.transport.closeStdout()
        pipe.connectionLost(error.ConnectionDone())
        self.assertEqual(child.events.count("lost 1"), 1)
        child.transport.write(b"\n")
        await child.ended
        self.assertEqual(child.events.count("lost 1"), 1)

    async def test_a_child_that_closes_its_input(self) -> None:
        """Noticed without writing anything."""
        child = self.spawn("import os, time; os.close(0); os.write(1, b'x'); time.sleep(600)")
        await child.until(lambda: "lost 0" in child.events)
        producer = Producer()
        child.transport.registerProducer(producer, True)
        self.assertEqual(producer.calls, ["stop"])
        child.transport.write(b"silent")
        with self.assertRaises(KeyError):
            child.transport.writeToChild(0, b"loud")

    async def test_C15_an_empty_write_does_not_hide_that(self) -> None:
        child = self.spawn("import os, time; os.read(0, 1); os.close(0); time.sleep(600)")
        child.transport.write(b"x")
        child.transport.write(b"")
        await child.until(lambda: "lost 0" in child.events)

    async def test_C2_C21_a_stop_that_raises_is_logged(self) -> None:
        child = self.spawn("")
        await child.ended
        producer = Producer()
        producer.stopProducing = lambda: 1 / 0  # type: ignore[assignment,return-value]
        child.transport.registerProducer(producer, True)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    async def test_C15_C18_only_bytes_even_to_the_dead(self) -> None:
        child = self.spawn("")
        await child.ended
        for bad in ("text", None, bytearray(b"x")):
            with self.assertRaises(TypeError):
                child.transport.write(bad)
            with self.assertRaises(TypeError):
                child.transport.writeSequence([b"good", bad])

    async def test_a_protocol_that_raises_everywhere(self) -> None:
        class Raising(Watcher):
            def connectionMade(self) -> None:
                raise ZeroDivisionError("in connectionMade")

            def childConnectionLost(self, childFD: int) -> None:
                raise ZeroDivisionError("in childConnectionLost")

            def processExited(self, reason: Any) -> None:
                raise ZeroDivisionError("in processExited")

            def processEnded(self, reason: Any) -> None:
                reactor.callLater(0, self.ended.callback, reason.value)
                raise ZeroDivisionError("in processEnded")

        watcher = Raising()
        self.run_program("/bin/true", watcher=watcher)
        await watcher.ended
        watcher.events.append("ended")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 6)


class TestSignals(ProcessTestCase):
    async def test_killed(self) -> None:
        child = self.spawn("import time; print('up', flush=True); time.sleep(600)")
        await child.until(lambda: child.out)
        producer = Producer()
        child.transport.registerProducer(producer, True)
        child.transport.signalProcess("KILL")
        reason = await child.ended
        self.assertEqual((reason.exitCode, reason.signal), (None, signal.SIGKILL))
        self.assertEqual(producer.calls, ["stop"])
        with self.assertRaises(error.ProcessExitedAlready):
            child.transport.signalProcess("KILL")

    async def test_killed_by_somebody_else_while_much_is_to_be_written(self) -> None:
        child = self.spawn("import time; print('up', flush=True); time.sleep(600)")
        await child.until(lambda: child.out)
        producer = Producer()
        child.transport.registerProducer(producer, True)
        child.transport.write(b"x" * 1_000_000)
        self.assertEqual(producer.calls, ["pause"])
        os.kill(child.transport.pid, signal.SIGKILL)
        await child.ended
        self.assertEqual(producer.calls, ["pause", "stop"])

    async def test_by_name_and_by_number(self) -> None:
        for name in ("TERM", signal.SIGINT, "HUP"):
            child = self.spawn(
                "import signal, time; signal.signal(signal.SIGINT, signal.SIG_DFL);"
                "print('up', flush=True); time.sleep(600)"
            )
            await child.until(lambda child=child: child.out)
            child.transport.signalProcess(name)
            reason = await child.ended
            wanted = name if isinstance(name, int) else getattr(signal, f"SIG{name}")
            self.assertEqual(reason.signal, wanted)

    async def test_children_have_their_signals_back(self) -> None:
        """Python ignores SIGPIPE, and exec would keep that."""
        before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGUSR2, before)
        for more in ({}, {"path": "/"}):
            child = self.spawn(
                "import signal; print(signal.getsignal(signal.SIGUSR2) == signal.SIG_DFL)", **more
            )
            await child.ended
            self.assertEqual(child.out[1], b"True\n")


class TestStarting(ProcessTestCase):
    async def test_the_environment_and_the_directory(self) -> None:
        here = os.path.realpath(self.mktemp_directory())
        child = self.spawn(
            "import os; print(os.environ.get('WHO'), os.getcwd())",
            env={"WHO": "me"},
            path=here,
        )
        await child.ended
        self.assertEqual(child.out[1].decode().split(), ["me", here])

    def mktemp_directory(self) -> str:
        name = self.mktemp()
        os.makedirs(name)
        return name

    def test_no_such_program(self) -> None:
        before = os.listdir("/dev/fd")
        watcher = Watcher()
        with self.assertRaises(FileNotFoundError):
            reactor.spawnProcess(watcher, "/nonexistent", ["x"])
        self.assertEqual(os.listdir("/dev/fd"), before)
        self.assertEqual(watcher.events, [])

    async def test_no_such_program_by_the_other_way(self) -> None:
        """With a directory to change to, the child has to be forked first."""
        child = self.run_program("/nonexistent", path="/")
        reason = await child.ended
        self.assertEqual(reason.exitCode, 1)
        self.assertIn(b"FileNotFoundError", bytes(child.out[2]))

    async def test_no_such_directory(self) -> None:
        child = self.spawn("", path="/nonexistent")
        reason = await child.ended
        self.assertEqual(reason.exitCode, 1)
        self.assertIn(b"/nonexistent", bytes(child.out[2]))

    def test_no_descriptor_left(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        before = os.listdir("/dev/fd")
        highest = max(int(name) for name in before)
        held: list[int] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 8, hard))
        try:
            try:
                while True:
                    held.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                pass
            for spare in range(0, 6):
                with self.assertRaises(OSError) as raised:
                    reactor.spawnProcess(Watcher(), "/nonexistent", ["x"])
                self.assertIn(raised.exception.errno, (errno.EMFILE, errno.ENOENT, errno.EBADF))
                if spare:
                    os.close(held.pop())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for fd in held:
                os.close(fd)
        self.assertEqual(os.listdir("/dev/fd"), before)

    async def test_a_descriptor_above_a_limit_that_was_lowered(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        high = os.open(os.devnull, os.O_RDONLY)
        limit = max(map(int, os.listdir("/dev/fd"))) + 50
        os.dup2(high, limit + 50)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        try:
            child = self.spawn("import os; print(sorted(map(int, os.listdir('/dev/fd')))[:3])")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            os.close(high)
            os.close(limit + 50)
        await child.ended
        self.assertEqual(child.out[1], b"[0, 1, 2]\n")

    async def test_nothing_else_is_open_in_the_child(self) -> None:
        kept_open = os.open(os.devnull, os.O_RDONLY)
        os.set_inheritable(kept_open, True)
        self.addCleanup(os.close, kept_open)
        for more in ({}, {"path": "/"}):
            child = self.spawn(
                "import os\n"
                "found = []\n"
                "for fd in range(256):\n"
                "    try: os.fstat(fd); found.append(fd)\n"
                "    except OSError: pass\n"
                "print(found)",
                **more,
            )
            await child.ended
            self.assertEqual(child.out[1], b"[0, 1, 2]\n")

    async def test_collecting_garbage_is_as_before(self) -> None:
        for enabled in (True, False):
            (gc.enable if enabled else gc.disable)()
            try:
                child = self.spawn("", path="/")
                self.assertEqual(gc.isenabled(), enabled)
            finally:
                gc.enable()
            await child.ended

    def test_a_terminal_has_no_map(self) -> None:
        with self.assertRaises(ValueError):
            reactor.spawnProcess(Watcher(), "x", ["x"], usePTY=True, childFDs={0: "w"})

    @pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")
    async def test_as_somebody_else(self) -> None:
        child = self.run_program(
            "/bin/sh", "-c", "id -u; id -g; id -G", uid=65_534, gid=65_534, path="/"
        )
        await child.ended
        uid, gid, groups = child.out[1].decode().splitlines()
        self.assertEqual((uid, gid), ("65534", "65534"))
        self.assertNotIn("0", groups.split())


class TestMaps(ProcessTestCase):
    async def test_pipes_where_they_are_wanted(self) -> None:
        child = self.spawn(
            "import os; os.write(5, os.read(4, 100).upper())",
            childFDs={4: "w", 5: "r"},
        )
        child.transport.writeToChild(4, b"four")
        child.transport.closeChildFD(4)
        await child.ended
        self.assertEqual(child.out, {5: b"FOUR"})

    async def test_a_descriptor_of_the_parents(self) -> None:
        read_end, write_end = os.pipe()
        child = self.spawn("print('straight')", childFDs={1: write_end, 2: 2})
        os.close(write_end)
        await child.ended
        self.assertEqual(os.read(read_end, 100), b"straight\n")
        self.assertEqual(os.read(read_end, 100), b"")
        os.close(read_end)

    async def test_without_a_protocol(self) -> None:
        """Then nothing may be piped, and the child runs by itself."""
        with self.assertRaises(AssertionError):
            reactor.spawnProcess(None, "x", ["x"])
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        reactor.spawnProcess(None, "/bin/echo", ["echo", "hi"], childFDs={1: write_end})
        os.close(write_end)
        arrived: Deferred[bytes] = Deferred()
        pipe = process.ProcessReader(reactor, _Taker(arrived), 1, read_end)
        self.assertEqual(await arrived, b"hi\n")
        pipe.connectionLost(error.ConnectionDone())
        os.close(read_end)

    def test_a_target_that_is_nothing_leaves_no_pipe(self) -> None:
        before = os.listdir("/dev/fd")
        with self.assertRaises(AssertionError):
            reactor.spawnProcess(Watcher(), "x", ["x"], childFDs={0: "w", 1: "r", 2: "both"})
        self.assertEqual(os.listdir("/dev/fd"), before)


class _Taker:
    def __init__(self, arrived: Deferred[bytes]) -> None:
        self.arrived = arrived

    def childDataReceived(self, name: int, data: bytes) -> None:
        self.arrived.callback(data)

    def childConnectionLost(self, name: int, reason: Any) -> None:
        pass


class TestTerminals(ProcessTestCase):
    async def test_the_child_has_a_terminal(self) -> None:
        child = self.spawn(
            "import os, sys; print(all(os.isatty(fd) for fd in (0, 1, 2)), input())", usePTY=True
        )
        self.assertTrue(verifyObject(interfaces.IProcessTransport, child.transport))
        child.transport.write(b"typed\n")
        await child.ended
        self.assertIn(b"True typed", bytes(child.out[1]))
        self.assertEqual(child.events, ["made", "exited", "ended"])

    async def test_hanging_up(self) -> None:
        child = self.spawn("import time; print('up', flush=True); time.sleep(600)", usePTY=True)
        await child.until(lambda: child.out)
        master = child.transport.fileno()
        child.transport.loseConnection()
        reason = await child.ended
        self.assertEqual(reason.signal, signal.SIGHUP)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(master)
        # Once more does not close whoever has the number now.
        taken = os.open(os.devnull, os.O_RDONLY)
        child.transport.connectionLost(error.ConnectionDone())
        os.fstat(taken)
        os.close(taken)

    async def test_one_that_is_there_already(self) -> None:
        master, slave = os.openpty()
        name = os.ttyname(slave)
        child = self.spawn("import os; print(os.ttyname(0))", usePTY=(master, slave, name))
        await child.ended
        self.assertEqual(child.out[1].decode().strip(), name)

    async def test_parts_that_a_terminal_has_not(self) -> None:
        child = self.spawn("input()", usePTY=True)
        for call in (child.transport.closeStdin, child.transport.closeStderr):
            call()
        with self.assertRaises(NotImplementedError):
            child.transport.writeToChild(0, b"x")
        with self.assertRaises(NotImplementedError):
            child.transport.closeChildFD(0)
        child.transport.write(b"\n")
        await child.ended


class TestReaping(ProcessTestCase):
    def test_registering_twice_and_unregistering_nobody(self) -> None:
        class Any_:
            pid = 2**22 + 5

            def reapProcess(self) -> None:
                pass

        one = Any_()
        process.reapProcessHandlers[one.pid] = one
        with self.assertRaises(RuntimeError):
            process.registerReapProcessHandler(one.pid, one)
        with self.assertRaises(RuntimeError):
            process.unregisterReapProcessHandler(one.pid, Any_())
        process.unregisterReapProcessHandler(one.pid, one)
        with self.assertRaises(RuntimeError):
            process.unregisterReapProcessHandler(one.pid, one)

    async def test_no_zombie_is_left(self) -> None:
        children = [self.spawn("") for _ in range(5)]
        pids = [child.transport.pid for child in children]
        for child in children:
            await child.ended
        for pid in pids:
            with self.assertRaises(ProcessLookupError):
                os.kill(pid, 0)
        self.assertFalse(set(pids) & set(process.reapProcessHandlers))

    def test_a_protocol_without_process_exited_is_warned_of(self) -> None:
        class Old:
            def processEnded(self, reason: Any) -> None:
                ended.append(reason.value)

        class Child(BaseProcess):
            def _getReason(self, status: int) -> BaseException:
                return error.ProcessDone(status)

        ended: list[Any] = []
        child = Child(Old())
        with pytest.warns(DeprecationWarning, match="processExited is required"):
            child.processEnded(0)
        self.assertEqual(len(ended), 1)
        child.maybeCallProcessEnded()
        self.assertEqual(len(ended), 1)
        with self.assertRaises(NotImplementedError):
            BaseProcess(None)._getReason(0)


def apply_moves(table: dict[int, str], closing: set[int], wanted: dict[int, int]) -> dict[int, str]:
    """What *table* is after the moves and the exec, computed on names in place of open files."""
    state = [(fd, fd in closing) for fd in table]
    after, on_exec = dict(table), set(closing)
    for step in _getFileActions(state, wanted, 0, 1):
        if step[0] == 1:
            assert step[1] in after, f"{step} copies what is not open"
            after[step[2]] = after[step[1]]
            if step[1] != step[2]:
                on_exec.discard(step[2])
        else:
            del after[step[1]]
            on_exec.discard(step[1])
    return {fd: what for fd, what in after.items() if fd not in on_exec}


class TestMoves:
    def test_swapped(self) -> None:
        assert apply_moves({0: "a", 1: "b"}, set(), {0: 1, 1: 0}) == {0: "b", 1: "a"}

    def test_one_that_would_close_stays(self) -> None:
        assert apply_moves({0: "a", 3: "p"}, {3}, {3: 3}) == {3: "p"}

    def test_any_permutation(self) -> None:
        hypothesis = pytest.importorskip("hypothesis")
        st = hypothesis.strategies

        @hypothesis.given(st.data())
        def check(data: Any) -> None:
            opened = data.draw(st.sets(st.integers(0, 9), min_size=1, max_size=8))
            closing = data.draw(st.sets(st.sampled_from(sorted(opened))))
            wanted = data.draw(
                st.dictionaries(st.integers(0, 9), st.sampled_from(sorted(opened)), max_size=6)
            )
            table = {fd: f"file {fd}" for fd in opened}
            assert apply_moves(table, closing, wanted) == {
                child: table[source] for child, source in wanted.items()
            }

        check()

"""Random scenarios on one connection, run under Twisted and under pcstream, and compared.

Run it as a command::

    python tests/parity/scenarios.py --seeds 5000

A scenario is made from its seed alone.  The *subject* is a transport of the package, its *peer* a
bare socket that the driver reads and writes itself, so that nothing of either package stands behind
the other end.  A step is only taken when the last one has come to rest: the driver counts turns of
the reactor in which nothing moved, never seconds.  What the log holds is independent of how much
the kernel takes at a time: a stalled peer is either sent so little that it all fits into the
kernel's buffers, or so much that it cannot.

Where the two are meant to differ, :data:`RULES` says how, by the rule number that
``docs/differences.rst`` gives to it.  Everything else has to be equal, line by line.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import errno
import hashlib
import importlib
import importlib.util
import json
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

# --- the shape of a scenario -----------------------------------------------------------------

MARK = 65536  # a transport is full above this (contract C6)
# A stalled peer takes this much for certain (the buffers below hold more than twice as much) ...
SURELY_TAKEN_BYTES = 150_000
# ... and cannot take this much: it is more than all buffers, and leaves more than MARK unsent.
NEVER_TAKEN_BYTES = 2_000_000
SEND_BUFFER_BYTES = 131_072
RECEIVE_BUFFER_BYTES = 196_608
SLOW_PEER_BYTES_A_TURN = 20_000

SIZES = [0, 1, 7, 1000, MARK - 1, MARK, MARK + 1, MARK // 2, MARK // 2 + 1, 2 * MARK, 300_000]

# A scenario that goes round in circles is ended here, under both packages.
ENOUGH_LINES = 2_000

Action = tuple[Any, ...]


class Maker:
    """Makes the scenario of one seed."""

    def __init__(self, seed: int, kinds: list[str]) -> None:
        self.random = random.Random(seed)
        self.kind = self.random.choice(kinds)
        self.half_closeable = self.random.random() < 0.5
        self.early = self.random.random() < 0.2  # the first step is taken in connectionMade
        self.on_data = self.actions(1, 2) if self.random.random() < 0.25 else []
        self.on_lost = self.actions(1, 2, self.after_the_end) if self.random.random() < 0.3 else []
        self.on_read_lost = self.actions(1, 2) if self.random.random() < 0.3 else []
        self.steps = [self.step() for _ in range(self.random.randint(3, 14))]

    def step(self) -> list[Action]:
        """What happens before the next rest: one thing the peer does, or several by the subject."""
        if self.random.random() < 0.4:
            return [self.peer_action()]
        return self.actions(1, 4)

    def actions(
        self, least: int, most: int, make: Callable[[int], Action] | None = None, depth: int = 0
    ) -> list[Action]:
        make = make or self.action
        return [make(depth) for _ in range(self.random.randint(least, most))]

    def peer_action(self) -> Action:
        choice = self.random.random()
        if choice < 0.55:
            return ("peer", self.random.choice(["drain", "drain", "stall", "stall", "slow"]))
        if choice < 0.85:
            return ("peer", "send", self.random.choice([1, 1000, 70_000]))
        return ("peer", self.random.choice(["shutdown", "close", "reset"]))

    def action(self, depth: int) -> Action:
        pick = self.random.choices(
            [
                ("write",),
                ("register", True),
                ("register", False),
                ("produce",),
                ("unregister",),
                ("again",),
                ("sequence",),
                ("lose",),
                ("abort",),
                ("lose write",),
                ("pause",),
                ("resume",),
                ("stop",),
                ("stop consuming",),
                ("bad",),
            ],
            weights=[10, 8, 6, 9, 4, 1, 2, 1.6, 0.5, 1, 1.5, 2.5, 0.2, 0.2, 0.4],
        )[0]
        if pick[0] in ("write", "produce"):
            return (*pick, self.size())
        if pick[0] == "sequence":
            return (*pick, [self.size() for _ in range(self.random.randint(0, 3))])
        if pick[0] == "register":
            return (*pick, self.script(depth, streaming=pick[1]))
        return pick

    def after_the_end(self, depth: int) -> Action:
        pick = self.random.choice(
            ["write", "register", "register", "unregister", "lose", "abort", "lose write", "resume"]
        )
        if pick == "write":
            return ("write", self.size())
        if pick == "register":
            streaming = self.random.random() < 0.5
            return (pick, streaming, self.script(depth, streaming=streaming))
        return (pick,)

    def size(self) -> int:
        return self.random.choice(SIZES)

    def script(self, depth: int, *, streaming: bool) -> dict[str, Any]:
        """What a producer does when it is called."""
        chunks = [max(1, self.size()) for _ in range(self.random.randint(0, 5))]
        script: dict[str, Any] = {"chunks": chunks, "raises": None}
        for call, chance in (("end", 0.7), ("pause", 0.2), ("stop", 0.2)):
            if depth < 2 and self.random.random() < chance:
                script[call] = self.actions(1, 2, depth=depth + 1)
            else:
                script[call] = []
        if script["end"] and self.random.random() < 0.6:
            script["end"] = [("unregister",), *script["end"][:1]]
        if self.random.random() < 0.04:
            script["raises"] = self.random.choice(["pause", "resume", "stop"])
        return script


# --- one run ---------------------------------------------------------------------------------


class DeliberateError(Exception):
    """Raised by a producer whose script says so."""


class Package:
    """The parts of a package that the driver uses."""

    def __init__(self, name: str) -> None:
        self.name = name
        load = importlib.import_module
        self.reactor = load(f"{name}.internet.reactor")
        self.interfaces = load(f"{name}.internet.interfaces")
        self.protocol = load(f"{name}.internet.protocol")
        self.log = load(f"{name}.python.log")


class Peer:
    """The other end: a bare socket, worked once in each turn."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.mode = "drain"
        self.unsent = 0
        self.sent = 0
        self.received = 0
        self.digest = hashlib.sha256()
        self.end: str | None = None  # how the subject's stream ended, once that was read
        self.said_all = False  # no more is sent: the peer closed, or closed its sending half

    def work(self) -> None:
        if self.socket is None:
            return
        try:
            while self.unsent:
                took = self.socket.send(b"p" * min(self.unsent, 65536))
                self.unsent -= took
                self.sent += took
        except BlockingIOError:
            pass
        except OSError:
            self.unsent = 0
        if self.mode == "stall" or self.end is not None:
            return
        try:
            while True:
                data = self.socket.recv(SLOW_PEER_BYTES_A_TURN if self.mode == "slow" else 262_144)
                if not data:
                    self.end = "end"
                    return
                self.received += len(data)
                self.digest.update(data)
                if self.mode == "slow":
                    return
        except BlockingIOError:
            pass
        except OSError as error:
            self.end = errno.errorcode.get(error.errno or 0, str(error))

    def shutdown(self) -> None:
        self.said_all = True
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.said_all = True
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def reset(self) -> None:
        if self.socket is not None and self.socket.family != socket.AF_UNIX:
            linger = struct.pack("ii", 1, 0)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close()


class Producer:
    """A producer of either kind that follows a script and logs what is asked of it."""

    def __init__(self, run: Run, name: str, streaming: bool, script: dict[str, Any]) -> None:
        self.run = run
        self.name = name
        self.streaming = streaming
        self.script = {call: list(actions or []) for call, actions in script.items()}
        self.raises = script["raises"]
        self.is_paused = False
        self.is_done = False

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def called(self, call: str) -> None:
        if self.raises == call:
            self.raises = None
            self.run.note(f"{self.name} raises in {call}")
            raise DeliberateError(call)
        actions, self.script[call] = self.script.get(call, []), []
        self.run.perform(actions, inside=f"{self.name}.{call}")

    def pauseProducing(self) -> None:
        if self.is_paused:
            self.run.note(f"{self.name}.pause again")
            return
        self.is_paused = True
        self.run.note(f"{self.name}.pause")
        self.called("pause")

    def resumeProducing(self) -> None:
        if self.streaming and not self.is_paused:
            self.run.note(f"{self.name}.resume that was not due")
            return
        self.is_paused = False
        self.run.note(f"{self.name}.resume")
        if self.raises == "resume":
            self.called("resume")
        self.produce(most=None if self.streaming else 1)

    def produce(self, most: int | None = None) -> None:
        chunks = self.script["chunks"]
        while not self.is_paused and not self.is_done:
            if not chunks:
                self.called("end")
                return
            self.run.perform([("write", chunks.pop(0))], inside=self.name)
            if most is not None:
                return

    def stopProducing(self) -> None:
        self.run.note(f"{self.name}.stop")
        self.is_done = True
        self.called("stop")


class Run:
    """One scenario on one connection."""

    def __init__(self, package: Package, maker: Maker, directory: str) -> None:
        self.package = package
        self.maker = maker
        self.directory = directory
        self.lines: list[str] = []
        self.depth = 0
        self.peer = Peer()
        self.subject: Any = None
        self.producer: Producer | None = None  # the last one that was registered
        self.producers = 0
        self.writes = 0
        self.accepted = 0  # bytes written while they were certain to be sent
        self.received = 0
        self.is_reading = True
        self.is_lost = False
        self.heard_end = False
        self.is_dirty = False  # aborted or reset: how many bytes got through is the kernel's

    # what is logged

    def note(self, text: str) -> None:
        self.lines.append("  " * self.depth + text)

    def perform(self, actions: list[Action], inside: str = "") -> None:
        for action in actions:
            self.note(f"> {describe(action)}" + (f" (in {inside})" if inside else ""))
            self.depth += 1
            try:
                self.do(action)
            except Exception as error:
                self.note(f"! {type(error).__name__}: {error}")
            finally:
                self.depth -= 1

    # what is done

    def do(self, action: Action) -> None:
        word = action[0]
        transport = self.subject.transport
        if word == "write":
            self.write(action[1])
        elif word == "sequence":
            pieces = [self.data(size) for size in action[1]]
            self.account(sum(map(len, pieces)))
            transport.writeSequence(pieces)
        elif word == "register":
            self.producers += 1
            name = f"{'push' if action[1] else 'pull'}{self.producers}"
            self.register(Producer(self, name, action[1], action[2]))
        elif word == "again":
            if self.producer is not None:
                self.producer.is_paused = False
                self.register(self.producer)
        elif word == "produce":
            producer = self.producer
            if producer is not None and producer.streaming and not producer.is_paused:
                if not producer.is_done:
                    producer.script["chunks"].append(action[1] or 1)
                    producer.produce(most=1)
        elif word == "unregister":
            transport.unregisterProducer()
        elif word == "lose":
            transport.loseConnection()
        elif word == "abort":
            self.is_dirty = True
            transport.abortConnection()
        elif word == "lose write":
            transport.loseWriteConnection()
        elif word == "pause":
            self.is_reading = False
            transport.pauseProducing()
        elif word == "resume":
            self.is_reading = True
            transport.resumeProducing()
        elif word == "stop":
            transport.stopProducing()
        elif word == "stop consuming":
            transport.stopConsuming()
        elif word == "bad":
            transport.write("text")
        elif word == "raise":
            raise DeliberateError("protocol")
        else:
            self.do_peer(*action[1:])

    def do_peer(self, what: str, count: int = 0) -> None:
        peer = self.peer
        if what in ("drain", "stall", "slow"):
            peer.mode = what
        elif what == "send":
            if not peer.said_all:
                peer.unsent += count
        elif what == "shutdown":
            peer.shutdown()
        elif what == "close":
            # What is unread in the kernel decides between an end and a reset.
            self.is_dirty = True
            peer.close()
        else:
            self.is_dirty = True
            peer.reset()

    def register(self, producer: Producer) -> None:
        before, self.producer = self.producer, producer
        try:
            self.subject.transport.registerProducer(producer, producer.streaming)
        except RuntimeError:
            self.producer = before
            raise

    def data(self, size: int) -> bytes:
        """The next *size* bytes to write, adapted to what a stalled peer can take."""
        self.writes += 1
        if self.peer.mode == "stall" and self.accepted - self.peer.received + size > (
            SURELY_TAKEN_BYTES
        ):
            size = NEVER_TAKEN_BYTES
        return bytes([self.writes % 251]) * size

    def write(self, size: int) -> None:
        data = self.data(size)
        self.account(len(data))
        self.subject.transport.write(data)

    def account(self, size: int) -> None:
        transport = self.subject.transport
        if transport.connected and not transport.disconnecting and not self.is_lost:
            self.accepted += size

    # the course of it

    def activity(self) -> tuple[Any, ...]:
        peer = self.peer
        return (len(self.lines), peer.received, peer.sent, peer.unsent, peer.end, self.received)

    def is_unfinished(self) -> bool:
        """Whether more is certain to come, so that waiting for it is not in vain."""
        if self.is_lost or self.is_dirty:
            return False
        peer = self.peer
        reads = self.is_reading and not self.subject.transport.disconnecting
        if peer.mode != "stall" and peer.end is None and peer.received < self.accepted:
            return True
        if reads and peer.sent + peer.unsent > self.received:
            return True
        return reads and peer.said_all and not self.heard_end

    def rest(self) -> Iterator[None]:
        """Turn after turn until nothing moves any more."""
        idle = 0
        patience = time.monotonic() + 0.3
        while idle < 4 and len(self.lines) < ENOUGH_LINES:
            before = self.activity()
            yield
            self.peer.work()
            if self.activity() != before:
                idle = 0
                patience = time.monotonic() + 0.3
            elif not self.is_unfinished() or time.monotonic() > patience:
                idle += 1

    def report(self) -> None:
        """What is to be seen at rest."""
        transport = self.subject.transport
        flags = f"{int(transport.connected)}{int(bool(transport.disconnecting))}"
        line = f"= flags {flags}{int(bool(transport.disconnected))} read {self.received}"
        if self.peer.mode != "stall" and not self.is_dirty:
            line += f" peer {self.peer.received} {self.peer.digest.hexdigest()[:8]}"
            line += f" {self.peer.end}"
        self.note(line)

    def play(self) -> Iterator[None]:
        for _ in self.connect():
            yield
        steps = list(self.maker.steps)
        if self.maker.early:
            steps.pop(0)
        yield from self.rest()
        self.report()
        for step in steps:
            if self.is_lost:
                break
            self.perform(step)
            yield from self.rest()
            self.report()
        self.note("finish")
        transport = self.subject.transport
        self.peer.mode = "drain"
        self.is_reading = True
        transport.resumeProducing()
        yield from self.rest()
        self.report()
        transport.unregisterProducer()
        yield from self.rest()
        self.report()
        if not self.is_lost:
            self.is_dirty = True
            transport.abortConnection()
            yield from self.rest()
        self.peer.close()
        self.note(f"end lost {self.is_lost}")

    def connect(self) -> Iterator[None]:
        reactor = self.package.reactor
        subjects: list[Any] = []
        make = subject_class(self.package, self.maker.half_closeable)

        def build() -> Any:
            self.subject = make(self)
            subjects.append(self.subject)
            return self.subject

        kind, side = self.maker.kind.split("-")
        family = socket.AF_INET if kind == "tcp" else socket.AF_UNIX
        bare = socket.socket(family)
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        path = os.path.join(self.directory, "socket")
        port = None
        if side == "client":
            factory = self.package.protocol.ClientFactory()
            factory.buildProtocol = lambda _: build()
            factory.noisy = False
            if kind == "tcp":
                bare.bind(("127.0.0.1", 0))
                bare.listen(1)
                reactor.connectTCP("127.0.0.1", bare.getsockname()[1], factory)
            else:
                bare.bind(path)
                bare.listen(1)
                reactor.connectUNIX(path, factory)
            bare.setblocking(False)
            while not subjects:
                yield
            accepted, _ = bare.accept()
            bare.close()
            bare = accepted
        else:
            factory = self.package.protocol.Factory()
            factory.buildProtocol = lambda _: build()
            factory.noisy = False
            if kind == "tcp":
                port = reactor.listenTCP(0, factory, interface="127.0.0.1")
                bare.connect(("127.0.0.1", port.getHost().port))
            else:
                port = reactor.listenUNIX(path, factory)
                bare.connect(path)
        bare.setblocking(False)
        self.peer.socket = bare
        while not subjects:
            yield
        if port is not None:
            port.stopListening()
            yield
        if kind == "unix":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)


def subject_class(package: Package, half_closeable: bool) -> type:
    """The protocol whose transport is examined."""

    class Subject(package.protocol.Protocol):  # type: ignore[name-defined,misc]
        def __init__(self, run: Run) -> None:
            self.run = run

        def connectionMade(self) -> None:
            run = self.run
            handle = self.transport.getHandle()
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            run.note("made")
            if run.maker.early:
                run.perform(run.maker.steps[0], inside="connectionMade")

        def dataReceived(self, data: bytes) -> None:
            run = self.run
            run.received += len(data)
            actions, run.maker.on_data = run.maker.on_data, []
            run.perform(actions, inside="dataReceived")

        def connectionLost(self, reason: Any) -> None:
            run = self.run
            run.is_lost = run.heard_end = True
            run.note(f"lost {reason.type.__name__}: {reason.getErrorMessage()}")
            run.perform(run.maker.on_lost, inside="connectionLost")

    if not half_closeable:
        return Subject

    class HalfCloseable(Subject):
        def readConnectionLost(self) -> None:
            run = self.run
            run.heard_end = True
            run.note("read lost")
            actions, run.maker.on_read_lost = run.maker.on_read_lost, []
            run.perform(actions, inside="readConnectionLost")

        def writeConnectionLost(self) -> None:
            self.run.note("write lost")

    from zope.interface import classImplements

    classImplements(HalfCloseable, package.interfaces.IHalfCloseableProtocol)
    return HalfCloseable


def describe(action: Action) -> str:
    """*action* in words; of a script only the parts that say something."""
    words = []
    for part in action:
        if isinstance(part, dict):
            words.append(
                f"{part['chunks']}" + (f" raises {part['raises']}" if part["raises"] else "")
            )
        elif part is True or part is False:
            words.append("push" if part else "pull")
        else:
            words.append(str(part))
    return " ".join(words)


def work(package_name: str, seeds: list[int], kinds: list[str]) -> None:
    """Run *seeds* under one package, printing one line of JSON for each."""
    package = Package(package_name)
    directory = tempfile.mkdtemp()
    current: list[Run] = []

    def logged(event: dict[str, Any]) -> None:
        if event.get("isError") and current:
            failure = event.get("failure")
            if failure is not None:
                current[0].note(f"logged {failure.type.__name__}: {failure.getErrorMessage()}")
            else:
                current[0].note("logged something")

    # The observer takes the place of the default one, which would write to standard error.
    package.log.startLoggingWithObserver(logged, setStdout=False)

    def everything() -> Iterator[None]:
        for seed in seeds:
            run = Run(package, Maker(seed, kinds), directory)
            current[:] = [run]
            try:
                yield from run.play()
            except Exception as error:
                run.lines.append(f"the driver failed: {type(error).__name__}: {error}")
            print(json.dumps([seed, run.lines]), flush=True)

    steps = everything()

    def turn() -> None:
        try:
            next(steps)
        except StopIteration:
            package.reactor.stop()
        else:
            package.reactor.callLater(0, turn)

    package.reactor.callWhenRunning(turn)
    package.reactor.run()
    shutil.rmtree(directory, ignore_errors=True)


# --- the differences that are meant ----------------------------------------------------------

#: Rule number -> what is done about it.  Filled by :func:`rule`.
RULES: dict[str, str] = {}


class Comparison:
    """Two logs, and what becomes of them when the rules have been applied."""

    def __init__(self, theirs: list[str], ours: list[str]) -> None:
        self.theirs = list(theirs)
        self.ours = list(ours)
        self.applied: set[str] = set()

    def drop(self, number: str, pattern: str, *, ours: bool = False) -> None:
        """Drop lines from Twisted's log (or from both) that rule *number* says are not ours."""
        expression = re.compile(pattern)
        kept = [line for line in self.theirs if not expression.fullmatch(line.strip())]
        if len(kept) != len(self.theirs):
            self.applied.add(number)
            self.theirs = kept
        if ours:
            self.ours = [line for line in self.ours if not expression.fullmatch(line.strip())]

    def cut(self, number: str, pattern: str) -> None:
        """Compare only up to the first line of Twisted's log that matches *pattern*."""
        expression = re.compile(pattern)
        for log in (self.theirs, self.ours):
            for position, line in enumerate(log):
                if expression.fullmatch(line.strip()):
                    del log[position:]
                    self.applied.add(number)
                    break

    def difference(self) -> int | None:
        """The position of the first line that differs, or None."""
        for position in range(max(len(self.theirs), len(self.ours))):
            if self.theirs[position : position + 1] != self.ours[position : position + 1]:
                return position
        return None


def compare(theirs: list[str], ours: list[str]) -> Comparison:
    """Apply every rule to the two logs."""
    comparison = Comparison(theirs, ours)
    for apply in NORMALISERS:
        apply(comparison)
    return comparison


def rule(number: str, text: str) -> Callable[[Callable[[Comparison], None]], Any]:
    RULES[number] = text

    def register(function: Callable[[Comparison], None]) -> Callable[[Comparison], None]:
        NORMALISERS.append(function)
        return function

    return register


NORMALISERS: list[Callable[[Comparison], None]] = []


@rule("C8", "a producer that is paused already is not paused again")
def _c8(c: Comparison) -> None:
    c.drop("C8", r"push\d+\.pause again")


# --- the command -----------------------------------------------------------------------------


def available_kinds() -> list[str]:
    kinds = ["tcp-client", "tcp-server"]
    if importlib.util.find_spec("pcstream.internet.unix") is not None:
        kinds += ["unix-client", "unix-server"]
    return kinds


def start(package: str, first: int, count: int, kinds: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--work", package, "--first", str(first)]
    command += ["--seeds", str(count), "--kinds", ",".join(kinds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def show(seed: int, comparison: Comparison, position: int, context: int) -> None:
    print(f"\nseed {seed} differs at line {position}:")
    begin = max(0, position - context)
    for line in comparison.theirs[begin:position]:
        print("   ", line)
    for line in comparison.theirs[position : position + 6]:
        print("  T ", line)
    for line in comparison.ours[position : position + 6]:
        print("  P ", line)


def run_both(first: int, count: int, kinds: list[str], *, progress: bool) -> dict[int, Comparison]:
    """Run the seeds under both packages at once."""
    workers = [start(package, first, count, kinds) for package in ("twisted", "pcstream")]
    results: dict[int, Comparison] = {}
    try:
        for done in range(count):
            logs = []
            for worker in workers:
                assert worker.stdout is not None
                line = worker.stdout.readline()
                if not line:
                    raise SystemExit(f"a worker ended early, status {worker.wait()}")
                logs.append(json.loads(line))
            (seed, theirs), (same_seed, ours) = logs
            assert seed == same_seed
            results[seed] = compare(theirs, ours)
            if progress and (done + 1) % 50 == 0:
                differing = sum(c.difference() is not None for c in results.values())
                print(f"\r{done + 1} of {count} seeds, {differing} differ", end="", flush=True)
        if progress:
            print()
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            if worker.stdout is not None:
                worker.stdout.close()
    return results


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Random scenarios under Twisted and pcstream.")
    parser.add_argument("--seeds", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--show", type=int, default=5, help="how many differences to print in full")
    parser.add_argument("--context", type=int, default=25, help="lines before a difference")
    parser.add_argument("--kinds", default="", help="of: tcp-client,tcp-server,unix-client,...")
    parser.add_argument("--dump", action="store_true", help="print both logs of the first seed")
    parser.add_argument("--work", metavar="PACKAGE", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    kinds = options.kinds.split(",") if options.kinds else available_kinds()
    if options.work:
        work(options.work, list(range(options.first, options.first + options.seeds)), kinds)
        return 0
    started = time.monotonic()
    results = run_both(options.first, options.seeds, kinds, progress=not options.dump)
    if options.dump:
        comparison = results[options.first]
        for name, log in (("Twisted", comparison.theirs), ("pcstream", comparison.ours)):
            print(f"--- {name}, after the rules {sorted(comparison.applied)}")
            print("\n".join(log))
    differing = [seed for seed, c in results.items() if c.difference() is not None]
    unsteady = []
    for seed in differing[:]:
        # A difference that does not come again is the machine's, not the package's.
        again = run_both(seed, 1, kinds, progress=False)[seed]
        if again.difference() is None:
            unsteady.append(seed)
            differing.remove(seed)
    for seed in differing[: options.show]:
        position = results[seed].difference()
        assert position is not None
        show(seed, results[seed], position, options.context)
    applied = collections.Counter(number for c in results.values() for number in c.applied)
    print(f"{len(results)} seeds in {time.monotonic() - started:.0f} s: ", end="")
    print(f"{len(differing)} differ, {len(unsteady)} differed once and not again")
    for number in sorted(applied):
        print(f"  rule {number} in {applied[number]} seeds: {RULES[number]}")
    if differing:
        print("differing seeds:", *differing[:50])
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

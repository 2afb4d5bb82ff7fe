"""Plays one scenario under one package, and logs what can be seen.

The *subject* is a transport of the package, its *peer* a bare socket that the driver works itself,
once in each turn of the reactor.  Nothing waits for seconds to pass: a step is taken when nothing
has moved for a few turns.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from scenario_maker import (
    ENOUGH_LINES,
    NEVER_TAKEN_BYTES,
    RECEIVE_BUFFER_BYTES,
    SEND_BUFFER_BYTES,
    SURELY_TAKEN_BYTES,
    Action,
    Maker,
)
from scenario_parties import DeliberateError, Package, Peer, Producer


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
        self.perhaps_accepted = 0  # bytes written while closing: sent if there is a producer
        self.accepted = 0  # bytes written while they were certain to be sent
        self.received = 0
        self.is_reading = True
        self.is_lost = False
        self.heard_end = False
        self.is_dirty = False  # aborted or reset: how many bytes got through is the kernel's
        self.bytes_vary = False  # ... or may, as the kernel likes, though all goes on as usual

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
            # An end that is already there may be read before or after what was written is sent.
            self.bytes_vary |= self.peer.said_all
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
            # Of what is unsent when the end is read, some may have got through.
            self.bytes_vary |= peer.received < self.accepted
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
        was_paused, producer.is_paused = producer.is_paused, False
        try:
            self.subject.transport.registerProducer(producer, producer.streaming)
        except RuntimeError:
            self.producer = before
            producer.is_paused = was_paused
            raise

    def data(self, size: int) -> bytes:
        """The next *size* bytes to write, adapted to what a stalled peer can take."""
        self.writes += 1
        waiting = self.accepted + self.perhaps_accepted - self.peer.received
        if self.peer.mode == "stall" and waiting + size > SURELY_TAKEN_BYTES:
            size = NEVER_TAKEN_BYTES
        return bytes([self.writes % 251]) * size

    def write(self, size: int) -> None:
        data = self.data(size)
        self.account(len(data))
        self.subject.transport.write(data)

    def account(self, size: int) -> None:
        transport = self.subject.transport
        if transport.connected and not self.is_lost:
            if transport.disconnecting:
                self.perhaps_accepted += size
            else:
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
        if (
            peer.mode != "stall"
            and peer.end is None
            and peer.received < (self.accepted + self.perhaps_accepted)
        ):
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
        # Closing with input unread resets the connection, sooner or later.
        unread = self.is_lost and self.peer.sent > self.received
        if self.peer.mode != "stall" and not (self.is_dirty or self.bytes_vary or unread):
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


def work(package_name: str, seeds: list[int], kinds: list[str], reactor: str) -> None:
    """Run *seeds* under one package, printing one line of JSON for each.

    :param reactor: ``select``, ``poll``, ``epoll`` or ``asyncio``; empty for the default one.
    """
    if reactor:
        importlib.import_module(f"{package_name}.internet.{reactor}reactor").install()
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

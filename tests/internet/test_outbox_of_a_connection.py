"""Bytes, files and closes in any order over a real connection, against a model of plain bytes."""

from __future__ import annotations

import os
import select
import socket
import tempfile
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zope.interface import implementer

from pcstream._engine.sendfile import FileRange, OpenFile
from pcstream.internet import _stream_connection, interfaces, unix
from pcstream.internet._descriptor_passing import _SendmsgMixin

pytestmark = pytest.mark.skipif(not hasattr(os, "sendfile"), reason="no sendfile here")

DEADLINE_S = 10.0
FILE_BYTES = 300_000
CONTENT = bytes(n * 7 % 251 for n in range(FILE_BYTES))


@implementer(interfaces.IReactorFDSet)
class SteppedReactor:
    """Writes when it is told to, a step at a time; it need not be a whole reactor."""

    def __init__(self, is_shared: bool) -> None:
        self.is_shared = is_shared
        self.writers: set[Any] = set()

    def addReader(self, reader: Any) -> None:
        pass

    def removeReader(self, reader: Any) -> None:
        pass

    def addWriter(self, writer: Any) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:
        self.writers.discard(writer)


class UNIXConnection(_SendmsgMixin, _stream_connection.Connection):
    def __init__(self, *arguments: Any) -> None:
        _SendmsgMixin.__init__(self)
        _stream_connection.Connection.__init__(self, *arguments)


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    return near, far


class Told:
    """A protocol that hears nothing but the end."""

    lost = 0

    def connectionLost(self, reason: Any) -> None:
        self.lost += 1


class Run:
    """One connection, and what should come out of it."""

    def __init__(self, is_unix: bool, is_shared: bool, room: int) -> None:
        near, self.far = socket.socketpair() if is_unix else tcp_pair()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
        self.far.setblocking(False)
        self.reactor = SteppedReactor(is_shared)
        self.protocol = Told()
        kind: Any = UNIXConnection if is_unix else _stream_connection.Connection
        self.transport = kind(near, self.protocol, self.reactor)
        self.transport.connected = 1
        self.expected = b""
        self.received = b""
        self.is_closing = False
        self.stretches: list[tuple[FileRange, bytes]] = []
        self.failures: list[OSError] = []

    def write(self, data: bytes) -> None:
        self.transport.write(data)
        self.expected += data

    def sequence(self, pieces: list[bytes]) -> None:
        self.transport.writeSequence(pieces)
        self.expected += b"".join(pieces)

    def write_file(self, file: OpenFile, offset: int, count: int) -> None:
        stretch = self.transport.write_file(file, offset, count, self.failures.append)
        if stretch is not None:
            self.expected += CONTENT[offset : offset + count]

    def close(self, half: bool) -> None:
        if half:
            self.transport.loseWriteConnection()
        else:
            self.transport.loseConnection()

    def step(self) -> None:
        for writer in list(self.reactor.writers):
            why = writer.doWrite()
            if why is not None:
                from pcstream.python.failure import Failure

                self.reactor.writers.discard(writer)
                writer.connectionLost(Failure(why))

    def read(self, limit: int) -> bool:
        try:
            data = self.far.recv(limit)
        except BlockingIOError:
            return True
        self.received += data
        return bool(data)

    def finish(self) -> None:
        """Go on to the end of the stream; with little room it takes the kernel's timers, too."""
        give_up = time.monotonic() + DEADLINE_S
        self.step()
        while self.read(2**20):
            assert time.monotonic() < give_up, "the stream does not end"
            select.select([self.far], list(self.reactor.writers), [], DEADLINE_S)
            self.step()


SIZES = st.one_of(st.integers(0, 10), st.integers(0, 5000), st.integers(60_000, 140_000))
ACTIONS = st.one_of(
    st.tuples(st.just("write"), SIZES),
    st.tuples(st.just("sequence"), st.lists(SIZES, max_size=4)),
    st.tuples(st.just("file"), st.integers(0, FILE_BYTES - 1), st.integers(1, FILE_BYTES)),
    st.tuples(st.just("step")),
    st.tuples(st.just("read"), SIZES),
)


@settings(max_examples=60)
@given(
    is_unix=st.booleans(),
    is_shared=st.booleans(),
    room=st.sampled_from([1, 30_000, 1_000_000]),
    refuses=st.sampled_from([0, 0, 1, 2, 5]),
    actions=st.lists(ACTIONS, max_size=25),
    half=st.booleans(),
)
def test_what_goes_in_comes_out(
    is_unix: bool, is_shared: bool, room: int, refuses: int, actions: list[Any], half: bool
) -> None:
    really, calls = os.sendfile, [0]

    def sometimes(*arguments: Any) -> int:
        calls[0] += 1
        if refuses and calls[0] % refuses == 0:
            raise OSError(22, "not now")
        return really(*arguments)

    run = Run(is_unix, is_shared, room)
    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryFile() as made:
        patched.setattr(os, "sendfile", sometimes)
        made.write(CONTENT)
        made.flush()
        file = OpenFile(made.fileno())
        for number, (what, *arguments) in enumerate(actions):
            if what == "write":
                run.write(bytes([number]) * arguments[0])
            elif what == "sequence":
                run.sequence([bytes([number]) * size for size in arguments[0]])
            elif what == "file":
                # Beyond the end, too: a stretch may be longer than its file.
                run.write_file(file, *arguments)
            elif what == "step":
                run.step()
            elif arguments[0]:
                run.read(arguments[0])
        run.close(half)
        run.finish()
        assert run.received == run.expected
        assert run.failures == []
        assert len(run.transport._outbox) == 0
        assert run.protocol.lost == (0 if half else 1)
    run.far.close()
    if half:
        run.transport.socket.close()


@settings(max_examples=40)
@given(
    is_unix=st.booleans(),
    before=SIZES,
    offset=st.integers(0, FILE_BYTES - 1),
    steps=st.integers(0, 4),
    after=SIZES,
)
def test_a_withdrawn_stretch_leaves_its_neighbours(
    is_unix: bool, before: int, offset: int, steps: int, after: int
) -> None:
    run = Run(is_unix, True, 1)
    with tempfile.TemporaryFile() as made:
        made.write(CONTENT)
        made.flush()
        run.write(b"<" * before)
        stretch = run.transport.write_file(
            OpenFile(made.fileno()), offset, FILE_BYTES - offset, print
        )
        for _ in range(steps):
            run.step()
        run.transport.withdraw_file(stretch)
        run.write(b">" * after)
        run.close(half=False)
        run.finish()
    sent = stretch.offset - offset
    assert run.received == b"<" * before + CONTENT[offset : offset + sent] + b">" * after
    assert run.protocol.lost == 1
    run.far.close()


def test_the_connection_of_this_module_is_the_real_one() -> None:
    assert issubclass(unix.Server, _SendmsgMixin)
    assert issubclass(unix.Server, _stream_connection.Connection)

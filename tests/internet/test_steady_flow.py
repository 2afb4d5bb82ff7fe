"""What flows steadily is moved in larger steps; what has been stopped, in small ones again."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from pcstream._engine.sendfile import OpenFile
from pcstream.internet import abstract
from pcstream.internet._polled import FEW_EVENTS, MOST_EVENTS
from pcstream.internet._stream_connection import (
    _STEADY_BYTES,
    _STEADY_READ_BYTES,
    _STEADY_SEND_LIMIT,
    Connection,
)
from pcstream.internet.protocol import Protocol
from pcstream.internet.selectreactor import SelectReactor

PIECE = bytes(2**16)


class Sizes(Protocol):
    """Notes how much came at a time, and does with it what it is told to."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def dataReceived(self, data: bytes) -> None:
        self.sizes.append(len(data))

    def connectionLost(self, reason: Any = None) -> None:
        pass


class Source:
    """A push producer that is quiet by itself."""

    def pauseProducing(self) -> None:
        pass

    def resumeProducing(self) -> None:
        pass

    def stopProducing(self) -> None:
        pass


class Wire:
    """A connection on a reactor that is turned by hand, and the peer's plain socket."""

    def __init__(self) -> None:
        self.reactor: Any = SelectReactor()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            near = socket.create_connection(listener.getsockname())
            self.peer, _ = listener.accept()
        for end in (near, self.peer):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**21)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**21)
        self.peer.setblocking(False)
        self.protocol = Sizes()
        self.transport = Connection(near, self.protocol, self.reactor)
        self.transport.connected = 1
        self.protocol.makeConnection(self.transport)
        self.transport.startReading()

    def give(self, count: int) -> None:
        """Have the peer send so many bytes, and the connection receive them."""
        came = sum(self.protocol.sizes) + count
        while count or sum(self.protocol.sizes) < came:
            try:
                count -= self.peer.send(bytes(min(count, 2**20))) if count else 0
            except BlockingIOError:
                pass
            self.reactor.iterate(0)

    def take(self, count: int) -> None:
        """Have the peer receive so many bytes."""
        while count:
            self.reactor.iterate(0)
            try:
                count -= len(self.peer.recv(min(count, 2**20)))
            except BlockingIOError:
                pass

    def flood(self) -> int:
        """Have the peer's input and the kernel's buffers fill up; return how much is there."""
        count, refused = 0, 0
        while refused < 20:  # what has been sent is not there at once
            try:
                count += self.peer.send(PIECE)
                refused = 0
            except BlockingIOError:
                refused += 1
        return count

    def close(self) -> None:
        self.transport.abortConnection()
        self.reactor.iterate(0)
        self.peer.close()
        for reader in self.reactor.removeAll():
            reader.connectionLost(None)
        self.reactor.waker.connectionLost(None)


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.close()


def test_reads_are_as_ever_at_first(wire: Wire) -> None:
    wire.give(_STEADY_BYTES - 2**20)
    assert max(wire.protocol.sizes) <= 2**16


def test_what_flows_steadily_is_read_in_larger_pieces(wire: Wire) -> None:
    wire.give(_STEADY_BYTES)
    del wire.protocol.sizes[:]
    wire.flood()
    while len(wire.protocol.sizes) < 2:
        wire.reactor.iterate(0)
    assert 2**16 < max(wire.protocol.sizes) <= _STEADY_READ_BYTES


def test_a_short_message_ends_it(wire: Wire) -> None:
    wire.give(_STEADY_BYTES)
    wire.give(10)
    del wire.protocol.sizes[:]
    wire.flood()
    while len(wire.protocol.sizes) < 4:
        wire.reactor.iterate(0)
    assert max(wire.protocol.sizes) <= 2**16


def test_X2_a_stop_ends_it(wire: Wire) -> None:
    wire.give(_STEADY_BYTES)
    wire.transport.pauseProducing()
    for _ in range(3):
        wire.reactor.iterate(0)
    del wire.protocol.sizes[:]
    wire.flood()
    wire.transport.resumeProducing()
    while len(wire.protocol.sizes) < 4:
        wire.reactor.iterate(0)
    assert max(wire.protocol.sizes) <= 2**16


def test_a_pause_within_the_turn_does_not(wire: Wire) -> None:
    wire.give(_STEADY_BYTES)
    del wire.protocol.sizes[:]
    wire.transport.pauseProducing()
    wire.transport.resumeProducing()
    wire.flood()
    while len(wire.protocol.sizes) < 2:
        wire.reactor.iterate(0)
    assert max(wire.protocol.sizes) > 2**16


def test_a_buffer_size_of_its_own_is_kept_to_at_first(wire: Wire) -> None:
    wire.transport.bufferSize = 2**20
    wire.flood()
    while not wire.protocol.sizes:
        wire.reactor.iterate(0)
    assert wire.protocol.sizes[0] > 2**16


def send_steadily(wire: Wire) -> None:
    wire.transport.registerProducer(Source(), True)
    for _ in range(_STEADY_BYTES // len(PIECE)):
        wire.transport.write(PIECE)
        wire.take(len(PIECE))


def test_as_much_is_sent_at_a_time_as_by_Twisted_at_first(wire: Wire) -> None:
    assert wire.transport.SEND_LIMIT == abstract.FileDescriptor.SEND_LIMIT == 2**17
    wire.transport.registerProducer(Source(), True)
    wire.transport.write(bytes(2**20))
    wire.reactor.iterate(0)
    # once before it waits, and once since there is room
    assert len(wire.transport._tempDataBuffer) >= 2**20 - 2 * 2**17


def test_to_a_steady_receiver_more_is_sent(wire: Wire) -> None:
    send_steadily(wire)
    assert wire.transport.SEND_LIMIT == _STEADY_SEND_LIMIT
    wire.transport.write(bytes(2**20))
    wire.reactor.iterate(0)
    assert len(wire.transport._tempDataBuffer) < 2**20 - 2 * 2**17


def test_a_receiver_without_room_ends_that(wire: Wire) -> None:
    send_steadily(wire)
    while wire.transport.SEND_LIMIT == _STEADY_SEND_LIMIT:
        wire.transport.write(bytes(2**20))
        wire.reactor.iterate(0)
    assert wire.transport.SEND_LIMIT == 2**17


def test_a_limit_of_its_own_is_left_alone(wire: Wire) -> None:
    wire.transport.SEND_LIMIT = 2**16
    send_steadily(wire)
    assert wire.transport.SEND_LIMIT == 2**16


def test_few_events_are_taken_while_bulk_streams_share_the_loop(
    wire: Wire, monkeypatch: Any
) -> None:
    asked = []
    really = wire.reactor._poller.poll

    def poll(timeout: float | None, most: int) -> Any:
        asked.append(most)
        return really(timeout, most)

    monkeypatch.setattr(wire.reactor._poller, "poll", poll)
    with tempfile.TemporaryFile() as file:
        file.truncate(2**20)
        other = OpenFile(file.fileno())
        for is_shared, steps in ((True, 1), (True, 2), (False, 2)):
            wire.reactor.is_shared = is_shared
            for _ in range(steps):
                wire.transport.write_file(other, 0, 100, print)
                wire.transport.doWrite()
            wire.reactor.iterate(0)
    assert asked == [MOST_EVENTS, FEW_EVENTS, MOST_EVENTS]
    wire.reactor.iterate(0)
    assert asked[-1] == MOST_EVENTS

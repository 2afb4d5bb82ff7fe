"""Differences that the scenarios found, each shown by itself."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pcstream.internet import error
from pcstream.internet.protocol import ClientFactory, Protocol
from pcstream.internet.selectreactor import SelectReactor

DEADLINE_S = 10


class Ear(Protocol):
    reason: Any = None

    def __init__(self) -> None:
        self.events: list[str] = []

    def dataReceived(self, data: bytes) -> None:
        self.events.append("data")

    def connectionLost(self, reason: Any) -> None:
        self.reason = reason


class Line:
    """A transport on a reactor of its own, and the bare socket at the other end."""

    def __init__(self) -> None:
        self.reactor = SelectReactor()
        listening = socket.create_server(("127.0.0.1", 0))
        self.ear = ear = Ear()
        factory = ClientFactory()
        factory.noisy = False
        factory.buildProtocol = lambda addr: ear  # type: ignore[method-assign]
        self.reactor.connectTCP("127.0.0.1", listening.getsockname()[1], factory)
        self.turn_until(lambda: ear.connected)
        self.peer, _ = listening.accept()
        listening.close()
        self.transport: Any = ear.transport

    def turn_until(self, done: Callable[[], object]) -> None:
        give_up = time.monotonic() + DEADLINE_S
        while not done():
            assert time.monotonic() < give_up
            self.reactor.iterate(0.01)

    def close(self) -> None:
        self.peer.close()
        self.transport.abortConnection()
        self.turn_until(lambda: self.ear.reason is not None)
        for reader in self.reactor.removeAll():
            reader.connectionLost(self.ear.reason)


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


@pytest.mark.parametrize("after", ["write", "lose", "half-close, then lose"])
def test_T4_the_reason_is_the_abort_whatever_comes_after_it(line: Line, after: str) -> None:
    transport = line.transport
    if after.startswith("half-close"):
        transport.loseWriteConnection()
        line.reactor.iterate(0)
    # The peer resets the connection, so that anything that is sent fails.
    line.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.stopReading()
    line.peer.close()
    transport.abortConnection()
    if after == "write":
        transport.write(b"x" * 100_000)
    else:
        transport.loseConnection()
    assert line.ear.reason is None, "the loss is told in a later turn"
    line.turn_until(lambda: line.ear.reason is not None)
    assert line.ear.reason.type is error.ConnectionAborted


def test_what_was_written_is_sent_before_waiting_input_is_read(line: Line) -> None:
    class Producer:
        def resumeProducing(self) -> None:
            line.ear.events.append("asked again")
            line.transport.unregisterProducer()

        def stopProducing(self) -> None:
            pass

    line.peer.sendall(b"waiting")
    line.transport.pauseProducing()
    line.transport.write(b"answer")
    line.transport.resumeProducing()
    producer = Producer()
    producer.resumeProducing, again = lambda: None, producer.resumeProducing  # type: ignore[method-assign]
    line.transport.registerProducer(producer, False)
    producer.resumeProducing = again  # type: ignore[method-assign]
    line.turn_until(lambda: len(line.ear.events) == 2)
    assert line.ear.events == ["asked again", "data"]

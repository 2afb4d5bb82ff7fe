"""What the scenarios found about the time between an abort and the loss."""

from __future__ import annotations

import socket
import struct
import time
from typing import Any

import pytest

from pcstream.internet import error
from pcstream.internet.protocol import ClientFactory, Protocol
from pcstream.internet.selectreactor import SelectReactor

DEADLINE_S = 10


class Ear(Protocol):
    reason: Any = None

    def connectionLost(self, reason: Any) -> None:
        self.reason = reason


@pytest.mark.parametrize("after", ["write", "lose", "half-close, then lose"])
def test_T4_the_reason_is_the_abort_whatever_comes_after_it(after: str) -> None:
    reactor = SelectReactor()
    listening = socket.create_server(("127.0.0.1", 0))
    ear = Ear()
    factory = ClientFactory()
    factory.noisy = False
    factory.buildProtocol = lambda addr: ear  # type: ignore[method-assign]
    reactor.connectTCP("127.0.0.1", listening.getsockname()[1], factory)
    give_up = time.monotonic() + DEADLINE_S

    def turn_until(done: Any) -> None:
        while not done():
            assert time.monotonic() < give_up
            reactor.iterate(0.01)

    turn_until(lambda: ear.connected)
    peer, _ = listening.accept()
    listening.close()
    transport: Any = ear.transport
    if after.startswith("half-close"):
        transport.loseWriteConnection()
        reactor.iterate(0)
    # The peer resets the connection, so that anything that is sent fails.
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.stopReading()
    peer.close()
    transport.abortConnection()
    if after == "write":
        transport.write(b"x" * 100_000)
    else:
        transport.loseConnection()
    assert ear.reason is None, "the loss is told in a later turn"
    turn_until(lambda: ear.reason is not None)
    assert ear.reason.type is error.ConnectionAborted
    turn_until(lambda: not reactor.getDelayedCalls())
    for reader in reactor.removeAll():
        reader.connectionLost(ear.reason)

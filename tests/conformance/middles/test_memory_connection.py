"""The kit's own connection is judged by the kit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pcstream.conformance import ConsumerSubject, PushProducerSubject
from pcstream.conformance.checking import Runaway
from pcstream.conformance.consumers import check_consumer
from pcstream.conformance.memory_connection import (
    LIMIT_BYTES,
    MemoryConnection,
    TurnClock,
    TurnReactor,
    vocabulary,
)
from pcstream.conformance.producers import check_push_producer
from pcstream.internet.protocol import ClientFactory, Protocol

CONTENT = bytes(range(200)) * 1000


class Owner(Protocol):
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.fed = bytearray()
        self.ends: list[Any] = []
        self.hear: Callable[[], None] = lambda: None

    def dataReceived(self, data: bytes) -> None:
        self.fed += data

    def connectionLost(self, reason: Any = None) -> None:
        self.ends.append(reason)
        self.hear()


class Itself(ConsumerSubject):
    """The connection, strict about its close."""

    fill_limit = LIMIT_BYTES

    def make(self) -> MemoryConnection:
        self.connection = MemoryConnection(TurnClock(), [])
        self.connection.waits_for_producer = True
        self.owner = Owner()
        self.connection.protocol = self.owner
        self.owner.makeConnection(self.connection)
        return self.connection

    def settle(self) -> None:
        self.connection.clock.settle()

    def stall(self) -> None:
        self.settle()
        self.connection.stall()

    def drain(self) -> None:
        self.connection.drain()
        self.settle()

    def drain_some(self, size: int) -> None:
        self.connection.drain_some(size)

    def received(self) -> bytes:
        return bytes(self.connection.sent)

    def kill(self) -> None:
        self.connection.break_off()
        self.settle()

    def close(self) -> None:
        self.connection.loseConnection()

    def ended(self) -> list[Any]:
        return list(self.owner.ends)

    def on_end(self, hear: Any) -> None:
        self.owner.hear = hear

    def feed(self, data: bytes) -> None:
        self.connection.deliver(data)

    def fed(self) -> bytes:
        return bytes(self.owner.fed)


class Reading(PushProducerSubject):
    """The connection as what it is to a relay: a producer of what its peer sends."""

    content = CONTENT

    def make(self, consumer: Any) -> MemoryConnection:
        connection = self.connection = MemoryConnection(TurnClock(), [])
        owner = Owner()
        owner.dataReceived = consumer.write  # type: ignore[method-assign]
        owner.hear = consumer.unregisterProducer
        connection.protocol = owner
        for begin in range(0, len(CONTENT), 30_000):
            connection.deliver(CONTENT[begin : begin + 30_000])
        connection.deliver_end()
        return connection

    def settle(self) -> None:
        self.connection.clock.turn()


def test_it_keeps_the_rules_for_consumers_and_transports() -> None:
    report = check_consumer(Itself(), search=0)
    assert report.conforms, str(report)
    assert len(report.passed) > 35


def test_it_keeps_the_rules_for_push_producers() -> None:
    report = check_push_producer(Reading(), search=0)
    assert report.conforms, str(report)


def test_a_turn_does_only_what_was_planned_before_it() -> None:
    clock = TurnClock()
    done: list[int] = []

    def again() -> None:
        done.append(len(done))
        if len(done) < 3:
            clock.callLater(0, again)

    clock.callLater(0, again)
    clock.callLater(5, done.append, 99)
    clock.turn()
    assert done == [0]
    clock.settle()
    assert done == [0, 1, 2]
    clock.turn(5)
    assert done == [0, 1, 2, 99]


def test_what_never_becomes_quiet_is_cut_off() -> None:
    clock = TurnClock()

    def again() -> None:
        clock.callLater(0, again)

    again()
    with pytest.raises(Runaway):
        clock.settle()


def test_its_reactor_remembers_connections() -> None:
    reactor = TurnReactor()
    factory = ClientFactory()
    reactor.connectTCP("far.example", 7, factory)
    assert reactor.tcpClients[0][:3] == ("far.example", 7, factory)


def test_reasons_are_of_the_package_of_whoever_hears_them() -> None:
    errors, failure = vocabulary(Owner())
    assert errors.__name__ == "pcstream.internet.error"
    assert failure.__module__ == "pcstream.python.failure"
    twisted = pytest.importorskip("twisted.internet.protocol")
    theirs, failure = vocabulary(twisted.Protocol())
    assert theirs.__name__ == "twisted.internet.error"
    assert failure.__module__ == "twisted.python.failure"

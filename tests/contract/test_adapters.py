"""The contract's rules for adapters between the kinds.

Of pull-to-push only what these protocols do has its place here: a proxy asks a pull producer again
when its consumer has room (``test_middles.py``).
"""

from __future__ import annotations

from typing import Any

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pcstream.internet.interfaces import IConsumer, IProtocol
from pcstream.internet.protocol import (
    ConsumerToProtocolAdapter,
    Protocol,
    ProtocolToConsumerAdapter,
)


class Collecting(Protocol):
    def __init__(self) -> None:
        self.received: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:
        self.received.append(data)


@implementer(IConsumer)
class Consuming:
    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        raise AssertionError

    def unregisterProducer(self) -> None:
        raise AssertionError


def test_A6_a_protocol_as_consumer_ignores_producers() -> None:
    protocol = Collecting()
    consumer = IConsumer(protocol)
    assert isinstance(consumer, ProtocolToConsumerAdapter)
    assert verifyObject(IConsumer, consumer)
    for _ in range(2):
        consumer.registerProducer(object(), True)
        consumer.write(b"x" * 100_000)
    consumer.unregisterProducer()
    consumer.unregisterProducer()
    assert protocol.received == [b"x" * 100_000] * 2


def test_a_consumer_as_protocol_writes_what_it_receives() -> None:
    consumer = Consuming()
    protocol = IProtocol(consumer)
    assert isinstance(protocol, ConsumerToProtocolAdapter)
    assert verifyObject(IProtocol, protocol)
    protocol.makeConnection(object())
    protocol.connectionMade()
    protocol.dataReceived(b"a")
    protocol.dataReceived(b"b")
    protocol.connectionLost(None)
    assert consumer.written == [b"a", b"b"]


def test_what_is_one_already_is_not_adapted() -> None:
    protocol, consumer = Collecting(), Consuming()
    assert IProtocol(protocol) is protocol
    assert IConsumer(consumer) is consumer


def test_what_is_neither_is_refused() -> None:
    with pytest.raises(TypeError):
        IConsumer(object())

"""The contract's rules for producers, held against every producer of the package's protocols.

Transports as producers have their place in ``test_transports.py``, FileSender in
``test_file_sender.py``.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from pcstream.internet.protocol import FileWrapper
from pcstream.internet.testing import StringTransport
from pcstream.protocols import basic, loopback, wire
from pcstream.protocols.basic import FileSender
from pcstream.protocols.pcp import BasicProducerConsumerProxy, ProducerConsumerProxy

DATA = bytes(range(256)) * 1_000
DEEPEST = 200


class Strict:
    """Asserts that a pull producer writes when asked, once, and never otherwise (L1 to L3)."""

    asks_inside = False

    def __init__(self) -> None:
        self.producer: Any = None
        self.received = bytearray()
        self.is_asking = False
        self.writes = 0
        self.is_stopped = False

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert self.producer is None
        assert not streaming
        self.producer = producer
        if self.asks_inside:
            self.ask()

    def unregisterProducer(self) -> None:
        assert self.producer is not None, "P8: unregistered twice"
        self.producer = None

    def write(self, data: bytes) -> None:
        assert self.is_asking, "L2: a write that was not asked for"
        assert data, "L1: an empty write"
        self.writes += 1
        self.received += data
        self.inside_write()

    def inside_write(self) -> None:
        """What this consumer does to the producer from within its write."""

    def ask(self) -> None:
        producer = self.producer
        self.is_asking = True
        before = self.writes
        try:
            producer.resumeProducing()
        finally:
            self.is_asking = False
        assert self.writes > before or self.producer is None, "L1: nothing written"

    def run(self) -> None:
        while self.producer is not None and not self.is_stopped:
            self.ask()


class Eager(Strict):
    """Asks inside the registration, as transports do (L4)."""

    asks_inside = True


class Nested(Strict):
    """Asks again from within the write."""

    depth = 0

    def inside_write(self) -> None:
        if self.depth < DEEPEST:
            self.depth += 1
            self.producer.resumeProducing()
            self.depth -= 1


class Deadly(Strict):
    """Dies within the third write (L5)."""

    def inside_write(self) -> None:
        if self.writes == 3:
            self.is_stopped = True
            self.producer.stopProducing()
            self.producer.stopProducing()  # P5


@pytest.mark.parametrize("consumer_class", [Strict, Eager, Nested])
def test_L1_to_L5_file_sender_with_every_consumer(consumer_class: Any) -> None:
    consumer = consumer_class()
    fired: list[Any] = []
    FileSender().beginFileTransfer(io.BytesIO(DATA), consumer).addCallback(fired.append)
    consumer.run()
    assert bytes(consumer.received) == DATA
    assert fired == [DATA[-1:]]


@pytest.mark.parametrize("data", [DATA, b""])
def test_P8_file_sender_unregisters_once_after_its_last_byte(data: bytes) -> None:
    consumer = Strict()
    seen: list[int] = []
    unregister = consumer.unregisterProducer

    def note() -> None:
        seen.append(len(consumer.received))
        unregister()

    consumer.unregisterProducer = note  # type: ignore[method-assign]
    FileSender().beginFileTransfer(io.BytesIO(data), consumer)  # type: ignore[arg-type]
    consumer.run()
    assert seen == [len(data)]


def test_L5_P5_file_sender_survives_a_stop_inside_its_request() -> None:
    consumer = Deadly()
    failed: list[Any] = []
    sending = FileSender().beginFileTransfer(io.BytesIO(DATA), consumer)  # type: ignore[arg-type]
    sending.addErrback(failed.append)
    consumer.run()
    assert consumer.writes == 3
    assert len(failed) == 1


def test_L3_chargen_writes_once_for_each_request() -> None:
    consumer: Any = Strict()
    chargen = wire.Chargen()
    chargen.makeConnection(consumer)
    consumer.ask()
    consumer.ask()
    assert bytes(consumer.received) == wire.Chargen.noise * 2
    consumer.producer.stopProducing()
    consumer.producer.stopProducing()


def test_L3_chargen_over_a_socket(wire: Any) -> None:
    chargen = basic_wire().Chargen()
    chargen.makeConnection(wire.near)
    wire.until(lambda: len(wire.far_ear.received) > 10_000)
    wire.far.abortConnection()
    wire.until(lambda: wire.near_ear.reason)
    assert wire.near.producer is None


def basic_wire() -> Any:
    """The module, whose name the fixture takes."""
    from pcstream.protocols import wire as module

    return module


# Protocols that hold bytes back are push producers.

LINES = b"1\r\n2\r\n3\r\n4\r\n5\r\n"


class Lines(basic.LineReceiver):
    def __init__(self, on_message: Callable[[Any], None] = lambda self: None) -> None:
        self.got: list[bytes] = []
        self.on_message = on_message

    def lineReceived(self, line: bytes) -> None:
        self.got.append(line)
        self.on_message(self)


class Strings(basic.Int8StringReceiver):
    def __init__(self, on_message: Callable[[Any], None] = lambda self: None) -> None:
        self.got: list[bytes] = []
        self.on_message = on_message

    def stringReceived(self, string: bytes) -> None:
        self.got.append(string)
        self.on_message(self)


RECEIVERS = pytest.mark.parametrize(
    ("receiver_class", "data"), [(Lines, LINES), (Strings, b"\x011\x012\x013\x014\x015")]
)
ALL = [b"1", b"2", b"3", b"4", b"5"]


def connected(receiver: Any) -> Any:
    receiver.makeConnection(StringTransport())
    return receiver


@RECEIVERS
def test_P1_it_produces_from_the_beginning(receiver_class: Any, data: bytes) -> None:
    receiver = connected(receiver_class())
    receiver.dataReceived(data)
    assert receiver.got == ALL


@RECEIVERS
def test_P2_nothing_comes_after_a_pause(receiver_class: Any, data: bytes) -> None:
    receiver = connected(receiver_class(lambda self: self.pauseProducing()))
    receiver.dataReceived(data)
    assert receiver.got == ALL[:1]
    assert receiver.transport.producerState == "paused"
    receiver.dataReceived(data)
    assert receiver.got == ALL[:1]


@RECEIVERS
def test_P3_pauses_are_not_counted(receiver_class: Any, data: bytes) -> None:
    receiver = connected(receiver_class())
    receiver.pauseProducing()
    receiver.pauseProducing()
    receiver.dataReceived(data)
    receiver.resumeProducing()
    assert receiver.got == ALL
    assert receiver.transport.producerState == "producing"


@RECEIVERS
def test_P4_a_resume_out_of_turn_is_harmless(receiver_class: Any, data: bytes) -> None:
    receiver = connected(receiver_class(lambda self: self.resumeProducing()))
    receiver.resumeProducing()
    receiver.dataReceived(data)
    assert receiver.got == ALL


@RECEIVERS
def test_P5_a_stop_is_final(receiver_class: Any, data: bytes) -> None:
    receiver = connected(receiver_class(lambda self: self.stopProducing()))
    receiver.dataReceived(data)
    receiver.stopProducing()
    assert receiver.got == ALL[:1]
    assert receiver.transport.producerState == "stopped"


@RECEIVERS
@pytest.mark.parametrize("then", ["resume", "pause"])
def test_P7_of_several_calls_inside_the_later_wins(
    receiver_class: Any, data: bytes, then: str
) -> None:
    def inside(self: Any) -> None:
        self.pauseProducing()
        self.resumeProducing()
        if then == "pause":
            self.pauseProducing()

    receiver = connected(receiver_class(inside))
    receiver.dataReceived(data)
    assert receiver.got == (ALL if then == "resume" else ALL[:1])
    for _ in ALL:
        receiver.resumeProducing()
    assert receiver.got == ALL


# Proxies are producers too.


@pytest.mark.parametrize("proxy_class", [BasicProducerConsumerProxy, ProducerConsumerProxy])
def test_P3_P4_proxies_keep_a_state(proxy_class: Any) -> None:
    transport = StringTransport()
    proxy = proxy_class(transport)
    assert transport.streaming
    proxy.resumeProducing()
    proxy.pauseProducing()
    proxy.pauseProducing()
    proxy.write(b"x")
    proxy.resumeProducing()
    assert transport.value() == b"x"
    proxy.resumeProducing()


@pytest.mark.parametrize("proxy_class", [BasicProducerConsumerProxy, ProducerConsumerProxy])
def test_P2_proxies_write_nothing_while_paused(proxy_class: Any) -> None:
    transport = StringTransport()
    proxy = proxy_class(transport)
    proxy.pauseProducing()
    proxy.write(b"x" * 100_000)
    assert transport.value() == b""


# Consumers beside transports.


class Recorder:
    def __init__(self) -> None:
        self.calls: list[str] = []
        self.on_resume: Callable[[], None] = lambda: None

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")
        self.on_resume()

    def stopProducing(self) -> None:
        self.calls.append("stop")


class Falsy(Recorder):
    def __len__(self) -> int:
        return 0


def file_wrapper() -> Any:
    return FileWrapper(io.BytesIO())


def loopback_transport() -> Any:
    return loopback._LoopbackTransport(loopback._LoopbackQueue())


def loopback_relay() -> Any:
    return loopback.LoopbackRelay(None)


OTHERS = pytest.mark.parametrize("make", [file_wrapper, loopback_transport, loopback_relay])


@OTHERS
def test_C1_a_second_registration_is_refused(make: Callable[[], Any]) -> None:
    consumer, first = make(), Falsy()
    refusal = AssertionError if make is loopback_transport else RuntimeError
    consumer.registerProducer(first, True)
    for newcomer in (Recorder(), first):
        with pytest.raises(refusal):
            consumer.registerProducer(newcomer, True)
    assert consumer.producer is first


@OTHERS
def test_C4_L4_pull_is_asked_and_push_is_not(make: Callable[[], Any]) -> None:
    consumer, pull, push = make(), Recorder(), Recorder()
    consumer.registerProducer(pull, False)
    if make is loopback_relay:
        consumer.clearBuffer()
    assert pull.calls == ["resume"]
    consumer.unregisterProducer()
    consumer.registerProducer(push, True)
    consumer.write(b"x" * 100_000)
    assert push.calls == []
    assert pull.calls == ["resume"]


@pytest.mark.parametrize("make", [file_wrapper, loopback_relay])
def test_C13_unregistering_nobody_does_nothing(make: Callable[[], Any]) -> None:
    consumer = make()
    consumer.unregisterProducer()
    consumer.registerProducer(Recorder(), True)
    consumer.unregisterProducer()
    consumer.unregisterProducer()


def test_C13_loopback_asserts_that_there_is_one() -> None:
    with pytest.raises(AssertionError):
        loopback_transport().unregisterProducer()


@pytest.mark.parametrize("make", [file_wrapper, loopback_transport])
def test_C24_a_first_answer_that_raises_leaves_nobody(make: Callable[[], Any]) -> None:
    consumer, producer = make(), Recorder()

    def fail() -> None:
        raise ZeroDivisionError

    producer.on_resume = fail
    with pytest.raises(ZeroDivisionError):
        consumer.registerProducer(producer, False)
    consumer.registerProducer(Recorder(), True)

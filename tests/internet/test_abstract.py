"""FileDescriptor driven by hand: every size of partial write, and the order of what it does."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pcstream.internet import interfaces, main
from pcstream.internet.abstract import FileDescriptor, isIPAddress, isIPv6Address
from pcstream.internet.error import ConnectionDone
from pcstream.python.failure import Failure


class FakeReactor:
    """Remembers what it was told to watch for, and in which order."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.is_reading = self.is_writing = False

    def addReader(self, reader: object) -> None:
        self.told.append("addReader")
        self.is_reading = True

    def removeReader(self, reader: object) -> None:
        self.told.append("removeReader")
        self.is_reading = False

    def addWriter(self, writer: object) -> None:
        self.told.append("addWriter")
        self.is_writing = True

    def removeWriter(self, writer: object) -> None:
        self.told.append("removeWriter")
        self.is_writing = False


class Sink(FileDescriptor):
    """Takes as much as it is told to, and keeps it."""

    connected = 1

    def __init__(self) -> None:
        FileDescriptor.__init__(self, FakeReactor())
        self.taken = bytearray()
        self.room = 10**9

    def writeSomeData(self, data: bytes) -> int | BaseException:
        count = min(self.room, len(data))
        self.taken += data[:count]
        return count


class Producer:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")


class PartialWrites(RuleBasedStateMachine):
    """What is written comes out once and in order, in parts of any size; producers are paced."""

    def __init__(self) -> None:
        super().__init__()
        self.sink = Sink()
        self.sink.SEND_LIMIT = 7
        self.sink.bufferSize = 20
        self.written = b""
        self.producer: Producer | None = None
        self.closing = False

    @rule(data=st.binary(max_size=30))
    def write(self, data: bytes) -> None:
        self.sink.write(data)
        self._accepted(data)

    @rule(pieces=st.lists(st.binary(max_size=12), max_size=4))
    def write_sequence(self, pieces: list[bytes]) -> None:
        self.sink.writeSequence(iter(pieces))
        self._accepted(b"".join(pieces))

    def _accepted(self, data: bytes) -> None:
        if not self.sink.disconnected:
            self.written += data

    @rule(room=st.integers(0, 12))
    def send(self, room: int) -> None:
        if not self.sink.reactor.is_writing:  # type: ignore[attr-defined]
            return
        self.sink.room = room
        reason = self.sink.doWrite()
        if reason is not None:
            assert reason is main.CONNECTION_DONE
            assert self.closing
            assert self.sink.taken == self.written
            self.sink.connectionLost(Failure(ConnectionDone()))

    @rule(streaming=st.booleans())
    def register(self, streaming: bool) -> None:
        producer = Producer()
        if self.sink.producer is not None:
            with pytest.raises(RuntimeError):
                self.sink.registerProducer(producer, streaming)
            return
        self.sink.registerProducer(producer, streaming)
        if self.sink.disconnected:
            assert producer.calls == ["stop"]
        else:
            self.producer = producer

    @rule()
    def unregister(self) -> None:
        self.sink.unregisterProducer()
        self.producer = None

    @rule()
    def lose(self) -> None:
        self.sink.loseConnection()
        self.closing = True

    @invariant()
    def nothing_is_lost_or_repeated(self) -> None:
        assert self.written.startswith(bytes(self.sink.taken))
        if not self.sink.disconnected:
            assert self.sink._outbox.size == len(self.written) - len(self.sink.taken)

    @invariant()
    def what_waits_is_watched_for(self) -> None:
        if self.sink._outbox.size:
            assert self.sink.reactor.is_writing  # type: ignore[attr-defined]

    @invariant()
    def calls_follow_the_grammar(self) -> None:
        if self.producer is None:
            return
        calls = self.producer.calls
        if self.sink.streamingProducer:
            pushes = [call for call in calls if call != "stop"]
            assert pushes == (["pause", "resume"] * len(pushes))[: len(pushes)]
            assert self.sink.producerPaused == (pushes[-1:] == ["pause"] and "stop" not in calls)
        else:
            assert "pause" not in calls
        assert calls.count("stop") <= 1
        assert "stop" not in calls[:-1]


TestPartialWrites = PartialWrites.TestCase
TestPartialWrites.settings = settings(max_examples=300, stateful_step_count=50, deadline=None)


@pytest.mark.parametrize("room", [1, 2, 3, 1000, 65_536, 131_072, 10**9])
def test_parts_of_any_size(room: int) -> None:
    sink = Sink()
    pieces = [bytes([n % 251]) * (n % 300) for n in range(100 if room < 10 else 3000)]
    sink.writeSequence(pieces)
    sink.write(b"end" * (50 if room < 10 else 100_000))
    sink.room = room
    while sink._outbox.size:
        assert sink.doWrite() is None
    assert bytes(sink.taken) == b"".join(pieces) + b"end" * (50 if room < 10 else 100_000)
    assert sink.reactor.told[-1] == "removeWriter"


def test_it_provides_what_it_declares() -> None:
    for interface in (
        interfaces.IPushProducer,
        interfaces.IConsumer,
        interfaces.ITransport,
        interfaces.IReadWriteDescriptor,
        interfaces.IHalfCloseableDescriptor,
        interfaces.ILoggingContext,
    ):
        assert verifyObject(interface, Sink())


@pytest.mark.parametrize("method", ["doRead", "writeSomeData"])
def test_what_a_subclass_must_provide(method: str) -> None:
    bare = FileDescriptor(FakeReactor())
    arguments = [b""] if method == "writeSomeData" else []
    with pytest.raises(NotImplementedError) as raised:
        getattr(bare, method)(*arguments)
    assert str(raised.value) == (
        f"pcstream.internet.abstract.FileDescriptor does not implement {method}"
    )


@pytest.mark.parametrize("answer", [main.CONNECTION_LOST, OSError("no"), -1])
def test_a_reason_to_give_up_is_passed_on(answer: Any) -> None:
    sink = Sink()
    sink.write(b"x")
    sink.writeSomeData = lambda data: answer  # type: ignore[method-assign]
    assert sink.doWrite() is answer
    assert sink._outbox.size == 1


def test_C22_it_watches_before_it_pauses() -> None:
    sink = Sink()
    producer = Producer()
    producer.pauseProducing = (  # type: ignore[method-assign]
        lambda: sink.reactor.told.append("pause")
    )
    sink.registerProducer(producer, True)
    sink.write(b"x" * 70_000)
    assert sink.reactor.told == ["addWriter", "pause"]


def test_losing_stops_reading_and_sends_what_is_left() -> None:
    sink = Sink()
    sink.write(b"x")
    sink.reactor.told.clear()
    sink.loseConnection()
    assert sink.reactor.told == ["removeReader", "addWriter"]
    assert sink.disconnecting == 1
    assert sink.doWrite() is main.CONNECTION_DONE


def test_losing_before_there_is_a_connection_is_nothing() -> None:
    sink = Sink()
    sink.connected = 0
    sink.loseConnection()
    sink.loseWriteConnection()
    assert sink.reactor.told == []
    assert not sink.disconnecting


def test_a_subclass_may_say_how_it_ends() -> None:
    sink = Sink()
    sink._postLoseConnection = lambda: "because"  # type: ignore[method-assign]
    sink.loseConnection()
    assert sink.doWrite() == "because"


def test_a_subclass_may_say_what_full_is() -> None:
    sink = Sink()
    producer = Producer()
    sink.registerProducer(producer, True)
    sink._isSendBufferFull = lambda: True  # type: ignore[method-assign]
    sink.write(b"x")
    assert producer.calls == ["pause"]


def test_flags_set_by_hand_count() -> None:
    # Subclasses written for Twisted set the flags themselves.
    sink = Sink()
    sink.disconnecting = True
    assert sink.doWrite() is main.CONNECTION_DONE
    sink = Sink()
    sink.disconnected = True
    producer = Producer()
    sink.registerProducer(producer, True)
    assert producer.calls == ["stop"]


def test_a_producer_set_by_hand_is_paced() -> None:
    sink = Sink()
    producer = Producer()
    sink.producer = producer
    assert sink.producer is producer
    assert producer.calls == []
    sink.producer = None
    sink.connectionLost(Failure(ConnectionDone()))
    assert producer.calls == []


def test_a_second_loss_stops_nobody_again() -> None:
    sink = Sink()
    producer = Producer()
    sink.registerProducer(producer, True)
    sink.connectionLost(Failure(ConnectionDone()))
    sink.connectionLost(Failure(ConnectionDone()))
    assert producer.calls == ["stop"]


def test_half_losses_are_whole_by_default() -> None:
    for lose in ("readConnectionLost", "writeConnectionLost"):
        sink = Sink()
        getattr(sink, lose)(Failure(ConnectionDone()))
        assert sink.disconnected


def test_the_prefix_in_the_log() -> None:
    @implementer(interfaces.ILoggingContext)
    class Named:
        def logPrefix(self) -> str:
            return "me"

    sink = Sink()
    assert sink.logPrefix() == "-"
    assert sink._getLogPrefix(Named()) == "me"
    assert sink._getLogPrefix(sink) == "-"
    assert sink._getLogPrefix(object()) == "object"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("1.2.3.4", True),
        (b"1.2.3.4", True),
        ("1.2.3", False),
        ("01.2.3.4", False),
        ("1.2.3.4 ", False),
        ("1.2.3.256", False),
        ("::1", False),
        ("", False),
        ("\u0661.2.3.4", False),
        (b"\xff", False),
        ("1.2.3.4%eth0", False),
        ("1.2.3\0.4", False),
    ],
)
def test_IPv4_literals(text: Any, is_one: bool) -> None:
    assert isIPAddress(text) is is_one


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("::1", True),
        (b"fe80::1%eth0", True),
        ("::ffff:1.2.3.4", True),
        ("1::2::3", False),
        ("1.2.3.4", False),
        ("%eth0", False),
        ("", False),
        (":", False),
    ],
)
def test_IPv6_literals(text: Any, is_one: bool) -> None:
    assert isIPv6Address(text) is is_one
    assert isIPAddress(text, socket.AF_INET6) is is_one


def test_no_other_family() -> None:
    with pytest.raises(ValueError, match="unknown address family"):
        isIPAddress("x", socket.AF_UNIX)

"""The contract's rules for FileSender; a test bears the number of its rule."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from pcstream.internet.defer import CancelledError
from pcstream.internet.interfaces import IPullProducer
from pcstream.internet.task import Clock
from pcstream.internet.testing import StringTransport
from pcstream.protocols.basic import FileSender

CHUNK = FileSender.CHUNK_SIZE


class Sink:
    """A consumer that asks when it is told to, or at once if it is eager."""

    def __init__(self, *, eager: bool = False, dead: bool = False) -> None:
        self.writes: list[bytes] = []
        self.producer: Any = None
        self.eager = eager
        self.dead = dead
        self.calls: list[str] = []

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert not streaming
        if self.producer is not None:
            raise RuntimeError("busy")
        if self.dead:
            producer.stopProducing()
            return
        self.producer = producer
        while self.eager and self.producer is producer:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        self.calls.append("unregister")
        self.producer = None

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def ask(self) -> None:
        self.producer.resumeProducing()


class Reluctant(io.BytesIO):
    """A file that answers as it is told to, with None for nothing yet."""

    def __init__(self, *answers: bytes | None) -> None:
        super().__init__()
        self.answers = list(answers)

    def read(self, size: int | None = -1, /) -> Any:
        return self.answers.pop(0) if self.answers else b""


class Broken(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError("the disk is gone")


def outcome(deferred: Any) -> list[Any]:
    """What the Deferred fires with, or the exception it fails with; nothing while it waits."""
    found: list[Any] = []
    deferred.addCallbacks(found.append, lambda failure: found.append(failure.value))
    return found


def test_is_a_pull_producer() -> None:
    assert verifyObject(IPullProducer, FileSender())


def test_F1_one_write_of_a_chunk_for_each_request() -> None:
    sink, sender = Sink(), FileSender()
    done = outcome(sender.beginFileTransfer(io.BytesIO(b"x" * CHUNK + b"yz"), sink))
    assert sink.writes == []
    sink.ask()
    assert sink.writes == [b"x" * CHUNK]
    assert sender.lastSent == b"x"
    sink.ask()
    assert sink.writes[1:] == [b"yz"]
    assert done == []
    sink.ask()
    assert done == [b"z"]
    assert sender.lastSent == b"z"


def test_F1_the_last_byte_is_that_of_the_transformed_chunk() -> None:
    sink, sender = Sink(eager=True), FileSender()
    sending = sender.beginFileTransfer(io.BytesIO(b"abc"), sink, bytes.upper)
    assert outcome(sending) == [b"C"]
    assert sink.writes == [b"ABC"]


def test_F1_chunk_size_may_be_changed() -> None:
    sink, sender = Sink(eager=True), FileSender()
    sender.CHUNK_SIZE = 2
    sender.beginFileTransfer(io.BytesIO(b"abcde"), sink)
    assert sink.writes == [b"ab", b"cd", b"e"]


def test_F2_an_empty_file_fires_with_empty_text() -> None:
    done = outcome(FileSender().beginFileTransfer(io.BytesIO(), Sink(eager=True)))
    assert done == [""]
    assert type(done[0]) is str


def test_F2_also_after_another_transfer() -> None:
    sender = FileSender()
    outcome(sender.beginFileTransfer(io.BytesIO(b"abc"), Sink(eager=True)))
    assert outcome(sender.beginFileTransfer(io.BytesIO(), Sink(eager=True))) == [""]


def test_F3_the_file_is_not_closed() -> None:
    file = io.BytesIO(b"abc")
    outcome(FileSender().beginFileTransfer(file, Sink(eager=True)))
    assert not file.closed


def test_F3_fires_when_asked_again_and_not_before(wire: Any) -> None:
    wire.far.pauseProducing()
    wire.turn(2)
    sender = FileSender()
    done = outcome(sender.beginFileTransfer(io.BytesIO(b"abc"), wire.near))
    assert done == []
    wire.quiet()
    assert done == [b"c"]
    assert bytes(wire.far_ear.received) == b""


def test_F4_a_stop_fails_with_a_plain_exception() -> None:
    sink = Sink()
    done = outcome(FileSender().beginFileTransfer(io.BytesIO(b"abc"), sink))
    sink.producer.stopProducing()
    assert [(type(e), str(e)) for e in done] == [(Exception, "Consumer asked us to stop producing")]
    sink.producer.stopProducing()  # P5: harmless
    sink.producer.resumeProducing()
    assert sink.writes == []
    assert len(done) == 1


def test_F4_a_dead_consumer_has_stopped_it_already() -> None:
    file = io.BytesIO(b"abc")
    done = outcome(FileSender().beginFileTransfer(file, Sink(dead=True)))
    assert [str(e) for e in done] == ["Consumer asked us to stop producing"]
    assert file.tell() == 0


def test_F4_a_busy_consumer_raises_and_the_sender_stays_free() -> None:
    sink, sender = Sink(), FileSender()
    sink.producer = "somebody"
    with pytest.raises(RuntimeError, match="busy"):
        sender.beginFileTransfer(io.BytesIO(b"abc"), sink)
    assert outcome(sender.beginFileTransfer(io.BytesIO(b"abc"), Sink(eager=True))) == [b"c"]


def test_F4_the_peer_leaves(wire: Any) -> None:
    done = outcome(FileSender().beginFileTransfer(io.BytesIO(b"x" * 30_000_000), wire.near))
    wire.far.abortConnection()
    wire.until(lambda: wire.near_ear.reason)
    assert [str(e) for e in done] == ["Consumer asked us to stop producing"]


@pytest.mark.parametrize("eager", [True, False])
def test_F5_a_failing_read_reaches_the_deferred(eager: bool) -> None:
    sink = Sink(eager=eager)
    done = outcome(FileSender().beginFileTransfer(Broken(), sink))
    if not eager:
        sink.ask()
    assert [str(e) for e in done] == ["the disk is gone"]
    assert sink.producer is None
    assert sink.calls == ["unregister"]


def test_F5_a_failing_transform_reaches_the_deferred() -> None:
    sink = Sink(eager=True)
    sender = FileSender()
    done = outcome(sender.beginFileTransfer(io.BytesIO(b"abc"), sink, lambda chunk: 1 / 0))
    assert [type(e) for e in done] == [ZeroDivisionError]
    assert sink.producer is None


def test_F5_a_failing_write_reaches_the_deferred() -> None:
    transport = StringTransport()
    sender = FileSender()
    done = outcome(
        sender.beginFileTransfer(io.BytesIO(b"abc"), transport, lambda chunk: chunk.decode())
    )
    sender.resumeProducing()
    assert [(type(e), str(e)) for e in done] == [(TypeError, "Data must be bytes")]
    assert transport.producer is None


def test_F5_on_a_socket_the_connection_stays(wire: Any) -> None:
    done = outcome(FileSender().beginFileTransfer(Broken(), wire.near))
    assert [str(e) for e in done] == ["the disk is gone"]
    assert wire.near.producer is None
    wire.near.write(b"still here")
    wire.until(lambda: bytes(wire.far_ear.received) == b"still here")


def test_F5_later_on_a_socket_too(wire: Any) -> None:
    sender = FileSender()
    chunks = iter([b"one", b"two"])
    done = outcome(
        sender.beginFileTransfer(Reluctant(b"a", b"b", b"c"), wire.near, lambda c: next(chunks))
    )
    wire.quiet()
    assert [type(e) for e in done] == [StopIteration]
    assert bytes(wire.far_ear.received) == b"onetwo"
    assert wire.near_ear.reason is None


def test_F6_a_transform_that_drops_chunks(wire: Any) -> None:
    sender = FileSender()
    sender.CHUNK_SIZE = 1
    done = outcome(
        sender.beginFileTransfer(
            io.BytesIO(b"a-b--c---"), wire.near, lambda c: b"" if c == b"-" else c
        )
    )
    wire.quiet()
    assert done == [b"c"]
    assert bytes(wire.far_ear.received) == b"abc"


def test_F6_a_transform_that_answers_none() -> None:
    sink = Sink(eager=True)
    sender = FileSender()
    done = outcome(sender.beginFileTransfer(io.BytesIO(b"abc"), sink, lambda c: None))
    assert done == [""]
    assert sink.writes == []


def test_F7_cancelling_stops_the_transfer() -> None:
    sink, sender = Sink(), FileSender()
    sending = sender.beginFileTransfer(io.BytesIO(b"x" * 3 * CHUNK), sink)
    done = outcome(sending)
    sink.ask()
    sending.cancel()
    assert [type(e) for e in done] == [CancelledError]
    assert sink.calls == ["unregister"]
    assert len(sink.writes) == 1


def test_F7_cancelling_on_a_socket(wire: Any) -> None:
    wire.far.pauseProducing()
    sending = FileSender().beginFileTransfer(io.BytesIO(b"x" * 30_000_000), wire.near)
    done = outcome(sending)
    wire.turn(5)
    sending.cancel()
    wire.near.loseConnection()
    wire.far.resumeProducing()
    wire.until(lambda: wire.far_ear.reason)
    assert [type(e) for e in done] == [CancelledError]
    assert len(wire.far_ear.received) < 30_000_000


def test_F7_a_busy_sender_refuses_a_second_transfer() -> None:
    sink, sender = Sink(), FileSender()
    done = outcome(sender.beginFileTransfer(io.BytesIO(b"first"), sink))
    with pytest.raises(RuntimeError):
        sender.beginFileTransfer(io.BytesIO(b"second"), Sink())
    sink.ask()
    sink.ask()
    assert done == [b"t"]
    assert sink.writes == [b"first"]


def test_F8_begin_then_lose_delivers_everything(wire: Any) -> None:
    data = bytes(range(256)) * 8_000
    done = outcome(FileSender().beginFileTransfer(io.BytesIO(data), wire.near))
    wire.near.loseConnection()
    wire.until(lambda: wire.far_ear.reason)
    assert hashlib.sha256(wire.far_ear.received).digest() == hashlib.sha256(data).digest()
    assert done == [data[-1:]]
    assert wire.far_ear.reason.type.__name__ == "ConnectionDone"


def test_F9_nothing_yet_is_not_the_end() -> None:
    sink, sender = Sink(), FileSender()
    sender.clock = clock = Clock()
    done = outcome(sender.beginFileTransfer(Reluctant(b"a", None, None, b"b"), sink))
    sink.ask()
    sink.ask()
    sink.ask()  # a consumer that keeps asking does not make it try in a second way
    assert done == []
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(1)
    assert sink.writes == [b"a", b"b"]
    sink.ask()
    assert done == [b"b"]
    assert clock.getDelayedCalls() == []


def test_F9_it_is_tried_less_and_less_often() -> None:
    sink, sender = Sink(), FileSender()
    sender.clock = clock = Clock()
    sender.beginFileTransfer(Reluctant(*[None] * 50), sink)
    sink.ask()
    waits = []
    for _ in range(8):
        (call,) = clock.getDelayedCalls()
        waits.append(call.getTime() - clock.seconds())
        clock.advance(waits[-1])
    assert waits == sorted(waits)
    assert waits[0] < 0.02
    assert waits[-1] == pytest.approx(0.25)


def test_F9_a_stop_ends_the_waiting() -> None:
    sink, sender = Sink(), FileSender()
    sender.clock = clock = Clock()
    done = outcome(sender.beginFileTransfer(Reluctant(None, b"x"), sink))
    sink.ask()
    sink.producer.stopProducing()
    assert clock.getDelayedCalls() == []
    assert [str(e) for e in done] == ["Consumer asked us to stop producing"]


def test_L5_nothing_is_written_after_the_end() -> None:
    sink, sender = Sink(eager=True), FileSender()
    outcome(sender.beginFileTransfer(io.BytesIO(b"abc"), sink))
    sender.resumeProducing()
    assert sink.writes == [b"abc"]
    assert sink.calls == ["unregister"]


def test_L5_a_stop_inside_its_own_request() -> None:
    class Deadly(Sink):
        def write(self, data: bytes) -> None:
            super().write(data)
            self.producer.stopProducing()

    sink = Deadly()
    done = outcome(FileSender().beginFileTransfer(io.BytesIO(b"abc"), sink))
    sink.ask()
    assert [str(e) for e in done] == ["Consumer asked us to stop producing"]
    sink.ask()
    assert sink.writes == [b"abc"]
    assert sink.calls == []


def test_P6_it_never_raises(errors: list[Any]) -> None:
    class Bad(Sink):
        def unregisterProducer(self) -> None:
            raise ZeroDivisionError

    done = outcome(FileSender().beginFileTransfer(io.BytesIO(b""), Bad(eager=False)))
    assert done == []
    bad = Bad()
    sender = FileSender()
    done = outcome(sender.beginFileTransfer(io.BytesIO(b""), bad))
    bad.ask()
    assert done == [""]
    assert [type(e) for e in errors] == [ZeroDivisionError]
    errors.clear()


def test_a_file_that_is_false_is_sent() -> None:
    class Falsy(io.BytesIO):
        def __len__(self) -> int:
            return 0

    sink = Sink(eager=True)
    outcome(FileSender().beginFileTransfer(Falsy(b"abc"), sink))
    assert sink.writes == [b"abc"]

"""The contract's rules for transports, on real sockets; a test bears the number of its rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LIMIT = 65_536


def test_T1_loseConnection_flushes(wire: Any) -> None:
    wire.near.write(b"x" * 1_000_000)
    wire.near.loseConnection()
    wire.until(lambda: wire.far_ear.reason)
    assert len(wire.far_ear.received) == 1_000_000
    assert wire.far_ear.reason.type.__name__ == "ConnectionDone"


def test_T1_it_waits_for_a_peer_that_does_not_read(wire: Any) -> None:
    wire.stall()
    wire.near.write(b"x")
    wire.near.loseConnection()
    wire.quiet()
    assert wire.events == []
    wire.far.resumeProducing()
    wire.until(lambda: wire.near_ear.reason)


def test_T2_an_idle_push_producer_is_stopped_and_not_waited_for(wire: Any) -> None:
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    wire.near.write(b"hi")
    wire.near.loseConnection()
    wire.until(lambda: wire.far_ear.reason)
    assert producer.calls == ["stop"]
    assert bytes(wire.far_ear.received) == b"hi"


def test_T1_a_deadline_aborts_for_a_peer_that_does_not_read(wire: Any) -> None:
    wire.stall()
    wire.near.close_timeout_s = 0.01
    wire.near.write(bytes(2**24))
    wire.near.loseConnection()
    wire.until(lambda: wire.near_ear.reason)
    assert wire.near_ear.reason.type.__name__ == "ConnectionAborted"
    assert wire.reactor.getDelayedCalls() == []


def test_T1_a_close_in_time_leaves_no_deadline(wire: Any) -> None:
    wire.near.close_timeout_s = 60
    wire.near.write(b"x")
    wire.near.loseConnection()
    wire.until(lambda: wire.near_ear.reason)
    assert wire.near_ear.reason.type.__name__ == "ConnectionDone"
    assert wire.reactor.getDelayedCalls() == []


def test_T2_an_idle_push_producer_is_waited_for_if_told_so(wire: Any) -> None:
    producer = wire.producer()
    wire.near.waits_for_producer = True
    wire.near.registerProducer(producer, True)
    wire.near.loseConnection()
    wire.quiet()
    assert not wire.near_ear.reason
    wire.near.write(b"last words")
    wire.near.unregisterProducer()
    wire.until(lambda: wire.near_ear.reason)
    assert producer.calls == []
    assert wire.far_ear.received == b"last words"


def test_T10_half_close_waits_for_an_idle_push_producer_if_told_so(half_wire: Any) -> None:
    wire = half_wire
    producer = wire.producer()
    wire.near.waits_for_producer = True
    wire.near.registerProducer(producer, True)
    wire.near.loseWriteConnection()
    wire.quiet()
    assert wire.events == []
    wire.near.unregisterProducer()
    wire.until(lambda: "far readLost" in wire.events)
    assert producer.calls == []


def test_T2_a_paused_push_producer_is_resumed_once_and_waited_for(wire: Any) -> None:
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    wire.near.write(b"x" * (LIMIT + 1))
    wire.near.loseConnection()
    wire.until(lambda: len(wire.far_ear.received) == LIMIT + 1)
    wire.quiet()
    assert wire.events == ["P pause", "P resume"]
    wire.near.unregisterProducer()
    wire.until(lambda: wire.near_ear.reason)
    assert producer.calls == ["pause", "resume"]


def test_T2_a_pull_producer_is_waited_for(wire: Any) -> None:
    producer = wire.producer()
    wire.near.registerProducer(producer, False)
    wire.near.loseConnection()
    wire.quiet()
    assert not wire.near_ear.reason
    wire.near.unregisterProducer()
    wire.until(lambda: wire.near_ear.reason)
    assert producer.calls.count("stop") == 0


def test_T3_what_is_written_while_closing_is_delivered(wire: Any) -> None:
    producer = wire.producer()

    def last_words() -> None:
        wire.near.write(b"last words")
        wire.near.unregisterProducer()

    producer.on_resume = last_words
    wire.near.registerProducer(producer, True)
    wire.near.write(b"x" * (LIMIT + 1))
    wire.near.loseConnection()
    wire.until(lambda: wire.far_ear.reason)
    assert wire.far_ear.received.endswith(b"xlast words")


def test_T4_abort_returns_first_and_tells_later(wire: Any) -> None:
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    wire.near.write(b"x" * 1_000_000)
    wire.near.abortConnection()
    assert wire.events == ["P pause"]
    wire.near.abortConnection()
    wire.near.loseConnection()
    wire.until(lambda: wire.near_ear.reason)
    wire.until(lambda: wire.far_ear.reason)
    assert wire.events[:3] == ["P pause", "P stop", "near lost ConnectionAborted"]
    # There is no reset on a UNIX socket: the peer sees the end of what had been sent.
    assert wire.far_ear.reason.type.__name__ == (
        "ConnectionLost" if wire.kind == "tcp" else "ConnectionDone"
    )
    assert len(wire.far_ear.received) < 1_000_000


def test_T4_no_pause_and_no_resume_from_abort_on(wire: Any) -> None:
    push = wire.producer()
    wire.near.registerProducer(push, True)
    wire.near.abortConnection()
    wire.near.write(b"x" * (2 * LIMIT))
    assert wire.near._outbox.size == 0
    assert push.calls == []
    wire.quiet()
    assert push.calls == ["stop"]


def test_T4_a_paused_one_is_not_resumed_by_abort(wire: Any) -> None:
    push = wire.producer()
    wire.near.registerProducer(push, True)
    wire.near.write(b"x" * (2 * LIMIT))
    wire.near.abortConnection()
    wire.quiet()
    assert push.calls == ["pause", "stop"]


def test_T4_nothing_arrives_after_abort(wire: Any) -> None:
    wire.far.write(b"hello")
    wire.near.abortConnection()
    wire.near.resumeProducing()
    wire.quiet()
    assert bytes(wire.near_ear.received) == b""


def test_T5_connectionLost_once_and_nothing_after_it(wire: Any) -> None:
    wire.far.write(b"more")
    wire.near.loseConnection()
    wire.until(lambda: wire.near_ear.reason)
    wire.near.loseConnection()
    wire.near.abortConnection()
    wire.near.stopConsuming()
    wire.quiet()
    assert [event for event in wire.events if event.startswith("near")] == [
        "near lost ConnectionDone"
    ]


@pytest.mark.parametrize("call", ["write", "registerProducer", "resumeProducing"])
def test_T5_input_never_comes_from_inside_a_call(wire: Any, call: str) -> None:
    wire.near.pauseProducing()
    wire.far.write(b"waiting")
    wire.turn(5)
    heard: list[bytes] = []
    wire.near_ear.on_data = heard.append
    if call == "write":
        wire.near.write(b"x" * 200_000)
    elif call == "registerProducer":
        wire.near.registerProducer(wire.producer(), False)
    else:
        wire.near.resumeProducing()
    assert not heard


def test_T6_no_data_after_a_pause(wire: Any) -> None:
    deliveries: list[int] = []

    def once(data: bytes) -> None:
        deliveries.append(len(data))
        wire.near.pauseProducing()

    wire.near_ear.on_data = once
    wire.far.write(b"x" * 500_000)
    wire.quiet()
    assert len(deliveries) == 1
    assert deliveries[0] <= 64 * 1024


def test_T7_pause_and_resume_are_a_state(wire: Any) -> None:
    for _ in range(3):
        wire.near.pauseProducing()
    wire.near.resumeProducing()
    wire.far.write(b"a")
    wire.until(lambda: wire.near_ear.received == b"a")
    wire.near.resumeProducing()
    wire.near.resumeProducing()
    wire.near.pauseProducing()
    wire.far.write(b"b")
    wire.quiet()
    assert wire.near_ear.received == b"a"


def test_T7_resume_while_closing_does_not_read_again(wire: Any) -> None:
    wire.near.loseConnection()
    wire.near.resumeProducing()
    assert wire.near not in wire.reactor.getReaders()
    wire.quiet()
    wire.near.pauseProducing()
    wire.near.resumeProducing()
    assert wire.near not in wire.reactor.getReaders()


@pytest.mark.parametrize("order", ["before", "after"])
def test_T8_a_pause_does_not_keep_it_from_closing(wire: Any, order: str) -> None:
    if order == "before":
        wire.near.pauseProducing()
    wire.near.write(b"x" * 300_000)
    wire.near.loseConnection()
    if order == "after":
        wire.near.pauseProducing()
    wire.until(lambda: wire.near_ear.reason)
    wire.until(lambda: wire.far_ear.reason)
    assert len(wire.far_ear.received) == 300_000


def test_T9_stopProducing_is_loseConnection(wire: Any) -> None:
    wire.near.write(b"bye")
    wire.near.stopProducing()
    assert wire.near.disconnecting
    wire.until(lambda: wire.far_ear.reason)
    assert bytes(wire.far_ear.received) == b"bye"


def test_T9_stopConsuming_is_unregister_and_lose(wire: Any) -> None:
    producer = wire.producer()
    wire.near.registerProducer(producer, False)
    wire.near.write(b"bye")
    wire.near.stopConsuming()
    assert wire.near.producer is None
    wire.until(lambda: wire.far_ear.reason)
    assert producer.calls == ["resume"]
    assert bytes(wire.far_ear.received) == b"bye"


def test_T10_half_close_waits_for_the_buffer(half_wire: Any) -> None:
    wire = half_wire
    wire.near.write(b"x" * 1_000_000)
    wire.near.loseWriteConnection()
    wire.until(lambda: "far readLost" in wire.events)
    assert len(wire.far_ear.received) == 1_000_000
    assert wire.events.index("near writeLost") >= 0
    wire.far.write(b"still here")
    wire.until(lambda: wire.near_ear.received == b"still here")


def test_T10_half_close_waits_for_a_pull_producer(half_wire: Any) -> None:
    wire = half_wire
    producer = wire.producer()
    rest = [b"one", b"two"]

    def produce() -> None:
        # Unregisters without a last write, as FileSender does at the end of the file.
        wire.near.write(rest.pop(0)) if rest else wire.near.unregisterProducer()

    producer.on_resume = produce
    wire.near.registerProducer(producer, False)
    wire.near.loseWriteConnection()
    wire.until(lambda: "far readLost" in wire.events)
    assert bytes(wire.far_ear.received) == b"onetwo"


def test_T10_half_close_does_not_wait_for_an_idle_push_producer(half_wire: Any) -> None:
    wire = half_wire
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    wire.near.write(b"abc")
    wire.near.loseWriteConnection()
    wire.until(lambda: "far readLost" in wire.events)
    wire.near.write(b"x" * (2 * LIMIT))
    wire.quiet()
    assert producer.calls == []
    wire.near.loseConnection()
    assert producer.calls == ["stop"]


def test_T10_asking_again_no_longer_waits_for_a_resumed_producer(half_wire: Any) -> None:
    wire = half_wire
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    wire.near.write(b"x" * (LIMIT + 1))
    wire.near.loseWriteConnection()
    wire.until(lambda: len(wire.far_ear.received) == LIMIT + 1)
    wire.quiet()
    assert wire.events == ["P pause", "P resume"]
    wire.near.loseWriteConnection()
    wire.until(lambda: "far readLost" in wire.events)
    assert producer.calls == ["pause", "resume"]


def test_T10_a_second_half_close_is_nothing(half_wire: Any) -> None:
    wire = half_wire
    wire.near.loseWriteConnection()
    wire.until(lambda: "far readLost" in wire.events)
    wire.near.loseWriteConnection()
    wire.quiet()
    assert wire.events.count("near writeLost") == 1
    assert wire.near.connected


@pytest.mark.parametrize("streaming", [True, False])
def test_T11_registering_after_half_close_stops(half_wire: Any, streaming: bool) -> None:
    wire = half_wire
    inside = wire.producer("inside")
    wire.near_ear.on_write_lost = lambda: wire.near.registerProducer(inside, streaming)
    wire.near.loseWriteConnection()
    wire.until(lambda: "far readLost" in wire.events)
    assert inside.calls == ["stop"]
    producer = wire.producer()
    wire.near.registerProducer(producer, streaming)
    assert producer.calls == ["stop"]
    assert wire.near.producer is None


def test_T12_half_closing_the_dead_is_nothing(wire: Any) -> None:
    wire.near.loseConnection()
    wire.quiet()
    wire.near.loseWriteConnection()
    wire.quiet()


def test_T13_a_half_closeable_protocol_goes_on(half_wire: Any) -> None:
    wire = half_wire
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    wire.far.loseWriteConnection()
    wire.until(lambda: "near readLost" in wire.events)
    wire.near.write(b"x" * (LIMIT + 1))
    wire.until(lambda: producer.calls == ["pause", "resume"])
    wire.until(lambda: len(wire.far_ear.received) == LIMIT + 1)


def test_T13_any_other_is_lost_with_stop_first(wire: Any) -> None:
    wire.near.registerProducer(wire.producer(), True)
    wire.far.loseWriteConnection()
    wire.until(lambda: wire.near_ear.reason)
    assert wire.events[:2] == ["P stop", "near lost ConnectionDone"]


@pytest.mark.parametrize("side", ["read", "write"])
def test_T13_a_half_close_callback_that_raises_ends_the_connection(
    make_wire: Callable[..., Any], errors: list[Any], side: str
) -> None:
    wire = make_wire(half=True)

    def bug() -> None:
        raise ZeroDivisionError

    setattr(wire.near_ear, f"{side}ConnectionLost", bug)
    (wire.far if side == "read" else wire.near).loseWriteConnection()
    wire.until(lambda: wire.near_ear.reason)
    assert wire.near_ear.reason.type is ZeroDivisionError
    assert [type(e) for e in errors] == [ZeroDivisionError]
    errors.clear()

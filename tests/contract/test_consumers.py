"""The contract's rules for consumers, on real sockets; a test bears the number of its rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

LIMIT = 65_536


def fail() -> None:
    raise ZeroDivisionError("a producer of no use")


def test_C1_second_registration_is_refused(wire: Any) -> None:
    first, second = wire.producer("A"), wire.producer("B")
    wire.near.registerProducer(first, True)
    for newcomer, streaming in ((second, True), (second, False), (first, True)):
        with pytest.raises(RuntimeError) as raised:
            wire.near.registerProducer(newcomer, streaming)
        assert str(raised.value) == (
            f"Cannot register producer {newcomer!r}, "
            f"because producer {first!r} was never unregistered."
        )
    assert wire.near.producer is first
    wire.near.write(b"x" * (LIMIT + 1))
    assert wire.events == ["A pause"]


@pytest.mark.parametrize("streaming", [True, False])
def test_C2_registering_with_the_dead_stops(wire: Any, streaming: bool) -> None:
    wire.near.loseConnection()
    wire.quiet()
    producer = wire.producer()
    wire.near.registerProducer(producer, streaming)
    assert producer.calls == ["stop"]
    assert wire.near.producer is None
    wire.near.registerProducer(wire.producer("Q"), streaming)
    assert wire.events[-1] == "Q stop"


@pytest.mark.parametrize("streaming", [True, False])
def test_C2_holds_from_abort_on(wire: Any, streaming: bool) -> None:
    wire.near.abortConnection()
    producer = wire.producer()
    wire.near.registerProducer(producer, streaming)
    assert producer.calls == ["stop"]
    wire.quiet()
    assert producer.calls == ["stop"]


def test_C2_a_stop_that_raises_is_logged_only(wire: Any, errors: list[Any]) -> None:
    wire.near.loseConnection()
    wire.quiet()
    producer = wire.producer()
    producer.on_stop = fail
    wire.near.registerProducer(producer, True)
    assert [type(e) for e in errors] == [ZeroDivisionError]
    errors.clear()


def test_C3_pull_registered_while_closing_is_delivered(wire: Any) -> None:
    wire.near.write(b"first ")
    wire.near.loseConnection()
    producer = wire.producer()
    rest = [b"second ", b"third"]

    def produce() -> None:
        if rest:
            wire.near.write(rest.pop(0))
        else:
            wire.near.unregisterProducer()

    producer.on_resume = produce
    wire.near.registerProducer(producer, False)
    wire.quiet()
    assert bytes(wire.far_ear.received) == b"first second third"
    assert wire.near_ear.reason.type.__name__ == "ConnectionDone"


def test_C3_push_registered_while_closing_is_stopped_when_empty(wire: Any) -> None:
    wire.near.write(b"first")
    wire.near.loseConnection()
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    assert producer.calls == []
    wire.quiet()
    assert producer.calls == ["stop"]
    assert bytes(wire.far_ear.received) == b"first"


def test_C4_pull_is_asked_inside_registration_push_is_not(wire: Any) -> None:
    pull, push = wire.producer("pull"), wire.producer("push")
    wire.near.registerProducer(pull, False)
    assert pull.calls == ["resume"]
    wire.near.unregisterProducer()
    wire.near.registerProducer(push, True)
    wire.quiet()
    assert push.calls == []


def test_C4_pull_is_asked_although_the_buffer_is_full(wire: Any) -> None:
    wire.near.write(b"x" * (2 * LIMIT))
    pull = wire.producer()
    wire.near.registerProducer(pull, False)
    assert pull.calls == ["resume"]


def test_L2_a_pull_producer_that_writes_unasked_is_asked_again_after_that(wire: Any) -> None:
    pull = wire.producer()
    wire.near.registerProducer(pull, False)
    wire.quiet()
    assert pull.calls == ["resume"]
    wire.near.write(b"unasked")
    wire.until(lambda: len(pull.calls) == 2)
    assert pull.calls == ["resume", "resume"]
    assert bytes(wire.far_ear.received) == b"unasked"


@pytest.mark.parametrize("send", ["write", "writeSequence"])
def test_C5_pause_comes_before_the_write_returns(wire: Any, send: str) -> None:
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    data = b"x" * (LIMIT + 1)
    if send == "write":
        wire.near.write(data)
    else:
        wire.near.writeSequence([data[:5], data[5:]])
    assert producer.calls == ["pause"]


def test_C5_registering_on_a_full_one_pauses_with_the_next_write(wire: Any) -> None:
    wire.near.write(b"x" * (2 * LIMIT))
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    assert producer.calls == []
    wire.near.write(b"x")
    assert producer.calls == ["pause"]


def test_C6_full_is_more_than_64_KiB(wire: Any) -> None:
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    wire.near.write(b"x" * LIMIT)
    assert producer.calls == []
    wire.near.write(b"x")
    assert producer.calls == ["pause"]


def test_C6_bufferSize_moves_the_limit(wire: Any) -> None:
    producer = wire.producer()
    wire.near.bufferSize = 10
    wire.near.registerProducer(producer, True)
    wire.near.write(b"x" * 10)
    assert producer.calls == []
    wire.near.write(b"x")
    assert producer.calls == ["pause"]


def test_C7_only_unsent_bytes_count(wire: Any) -> None:
    wire.stall()
    wire.near.write(b"x" * LIMIT)
    # Half of it leaves by another door: the sent half no longer counts.
    wire.near._outbox.consume(LIMIT // 2)
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    wire.near.write(b"x" * (LIMIT // 2))
    assert producer.calls == []
    wire.near.write(b"x")
    assert producer.calls == ["pause"]


def test_C8_one_pause_however_many_writes(wire: Any) -> None:
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    for _ in range(11):
        wire.near.write(b"x" * LIMIT)
    assert producer.calls == ["pause"]
    wire.until(lambda: producer.calls == ["pause", "resume"])


def test_C9_paused_is_resumed_when_empty(wire: Any) -> None:
    producer = wire.producer()
    left: list[int] = []
    producer.on_resume = lambda: left.append(wire.near._outbox.size)
    wire.near.registerProducer(producer, True)
    for round_ in range(1, 4):
        wire.near.write(b"x" * (LIMIT + 1))
        wire.until(lambda n=round_: producer.calls == ["pause", "resume"] * n)
    assert left == [0, 0, 0]


def test_C10_no_resume_without_pause(wire: Any) -> None:
    first, second = wire.producer("A"), wire.producer("B")
    wire.near.registerProducer(first, True)
    wire.near.write(b"x" * (LIMIT + 1))
    wire.near.unregisterProducer()
    wire.near.registerProducer(second, True)
    wire.quiet()
    assert len(wire.far_ear.received) == LIMIT + 1
    assert wire.events == ["A pause"]


def test_C10_nor_when_the_buffer_drained_before_the_second_came(wire: Any) -> None:
    first, second = wire.producer("A"), wire.producer("B")
    wire.near.registerProducer(first, True)
    wire.near.write(b"x" * (LIMIT + 1))
    wire.near.unregisterProducer()
    wire.quiet()
    wire.near.registerProducer(second, True)
    wire.near.write(b"y")
    wire.quiet()
    assert wire.events == ["A pause"]


def test_C11_pause_inside_resume_is_not_lost(wire: Any) -> None:
    producer = wire.producer()
    rounds = [4]

    def produce() -> None:
        if rounds[0]:
            rounds[0] -= 1
            wire.near.write(b"x" * (LIMIT + 1))

    producer.on_resume = produce
    wire.near.registerProducer(producer, True)
    produce()
    wire.until(lambda: len(producer.calls) == 8)
    wire.quiet()
    assert producer.calls == ["pause", "resume"] * 4
    assert len(wire.far_ear.received) == 4 * (LIMIT + 1)


def test_C12_silence_after_unregistering_from_a_pause(wire: Any) -> None:
    producer = wire.producer()
    producer.on_pause = lambda: wire.near.unregisterProducer()
    wire.near.registerProducer(producer, True)
    wire.near.write(b"x" * (LIMIT + 1))
    wire.near.write(b"x" * (LIMIT + 1))
    wire.quiet()
    wire.near.loseConnection()
    wire.quiet()
    assert producer.calls == ["pause"]


def test_C12_silence_after_unregistering_from_a_resume(wire: Any) -> None:
    producer = wire.producer()

    def once() -> None:
        wire.near.write(b"x")
        wire.near.unregisterProducer()

    producer.on_resume = once
    wire.near.registerProducer(producer, False)
    wire.quiet()
    wire.far.abortConnection()
    wire.quiet()
    assert producer.calls == ["resume"]


def test_C13_unregistering_nobody_is_nothing(wire: Any) -> None:
    wire.near.unregisterProducer()
    wire.near.registerProducer(wire.producer(), True)
    wire.near.unregisterProducer()
    wire.near.unregisterProducer()
    wire.near.loseConnection()
    wire.near.unregisterProducer()
    wire.quiet()
    wire.near.unregisterProducer()
    assert wire.near.producer is None


@pytest.mark.parametrize("size", [10, 300_000])
def test_C14_unregistering_discards_nothing(wire: Any, size: int) -> None:
    wire.near.registerProducer(wire.producer(), True)
    wire.near.write(b"x" * size)
    wire.near.unregisterProducer()
    wire.near.loseConnection()
    wire.until(lambda: wire.far_ear.reason)
    assert len(wire.far_ear.received) == size


@pytest.mark.parametrize("data", ["text", None, bytearray(b"x"), memoryview(b"x"), 3])
@pytest.mark.parametrize("state", ["open", "closing", "aborting", "dead"])
def test_C15_bytes_only_whatever_the_state(wire: Any, data: object, state: str) -> None:
    if state == "aborting":
        wire.near.abortConnection()
    elif state != "open":
        wire.near.loseConnection()
        if state == "dead":
            wire.quiet()
    for call in (wire.near.write, lambda data: wire.near.writeSequence([b"x", data])):
        with pytest.raises(TypeError, match=r"^Data must be bytes$"):
            call(data)


def test_C15_an_empty_write_has_no_effect(wire: Any) -> None:
    wire.near.write(b"")
    assert wire.near not in wire.reactor.getWriters()
    wire.near.registerProducer(wire.producer(), False)
    wire.near.write(b"")
    wire.quiet()
    assert wire.events == ["P resume"]


def test_C16_order_is_that_of_the_writes(wire: Any) -> None:
    producer = wire.producer()
    producer.on_pause = lambda: wire.near.write(b"c")
    wire.near.registerProducer(producer, True)
    wire.near.bufferSize = 1
    wire.near.write(b"a")
    wire.near.writeSequence([b"b", b"b"])
    wire.near.write(b"d")
    wire.until(lambda: len(wire.far_ear.received) == 5)
    assert bytes(wire.far_ear.received) == b"abbcd"


def test_C17_writes_while_closing_are_delivered_with_a_producer(wire: Any) -> None:
    producer = wire.producer()
    total = 701_000
    left = [total]

    def produce() -> None:
        size = min(left[0], 100_000)
        left[0] -= size
        wire.near.write(b"x" * size)
        if not left[0]:
            wire.near.unregisterProducer()

    producer.on_resume = produce
    wire.near.registerProducer(producer, False)
    wire.near.loseConnection()
    wire.until(lambda: wire.far_ear.reason)
    assert len(wire.far_ear.received) == total


def test_C17_writing_to_the_dead_is_silent(wire: Any) -> None:
    wire.near.loseConnection()
    wire.quiet()
    wire.near.write(b"x")
    wire.near.writeSequence([b"x"])
    assert wire.near._outbox.size == 0


def test_C18_any_iterable_will_do(wire: Any) -> None:
    def letters() -> Iterator[bytes]:
        yield from (b"a", b"b", b"", b"c")

    wire.near.writeSequence(letters())
    wire.near.writeSequence((b"d",))
    wire.near.writeSequence({b"e": 1})
    wire.quiet()
    assert bytes(wire.far_ear.received) == b"abcde"


def test_C18_one_bad_element_and_nothing_is_sent(wire: Any) -> None:
    with pytest.raises(TypeError, match=r"^Data must be bytes$"):
        wire.near.writeSequence(iter([b"a", "b", b"c"]))
    wire.quiet()
    assert bytes(wire.far_ear.received) == b""


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("end", ["lose", "abort", "peer closes", "peer aborts"])
def test_C19_stop_once_and_before_connectionLost(wire: Any, streaming: bool, end: str) -> None:
    producer = wire.producer()
    wire.near_ear.on_lost = lambda: wire.events.append(f"holds {wire.near.producer}")
    wire.near.registerProducer(producer, streaming)
    if not streaming:
        wire.near.write(b"y")
        producer.on_resume = lambda: None
    if end == "lose":
        wire.near.loseConnection()
        if not streaming:
            wire.quiet()
            wire.far.loseConnection()
            return  # a pull producer that never unregisters is waited for: T2
    elif end == "abort":
        wire.near.abortConnection()
    elif end == "peer closes":
        wire.far.loseConnection()
    else:
        wire.far.abortConnection()
    wire.until(lambda: wire.near_ear.reason)
    wire.quiet()
    mine = [event for event in wire.events if event.split()[0] in ("P", "near", "holds")]
    assert next(event for event in mine if event != "P resume") == "P stop"
    assert mine.count("P stop") == 1
    assert "holds None" in mine


def test_C20_inside_the_stop_it_acts_dead(wire: Any) -> None:
    producer = wire.producer("A")

    def stopped() -> None:
        wire.near.write(b"too late")
        wire.near.unregisterProducer()
        wire.near.registerProducer(wire.producer("B"), True)
        wire.near.registerProducer(wire.producer("C"), False)
        wire.near.loseConnection()
        wire.near.resumeProducing()

    producer.on_stop = stopped
    wire.near.registerProducer(producer, True)
    wire.far.loseConnection()
    wire.until(lambda: wire.near_ear.reason)
    wire.quiet()
    assert [e for e in wire.events if not e.startswith("far")] == [
        "A stop",
        "B stop",
        "C stop",
        "near lost ConnectionDone",
    ]
    assert bytes(wire.far_ear.received) == b""


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("end", ["loseConnection", "abortConnection"])
def test_C21_a_stop_that_raises_keeps_nothing_open(
    wire: Any, errors: list[Any], streaming: bool, end: str
) -> None:
    producer = wire.producer()
    producer.on_stop = fail
    wire.near.registerProducer(producer, streaming)
    handle = wire.near.getHandle()
    getattr(wire.far, end)()
    wire.until(lambda: wire.near_ear.reason)
    assert [type(e) for e in errors] == [ZeroDivisionError]
    errors.clear()
    assert handle.fileno() == -1
    assert wire.near.producer is None
    wire.near.abortConnection()
    wire.quiet()
    assert producer.calls.count("stop") == 1


def test_C22_a_pause_that_raises_loses_no_data(wire: Any) -> None:
    producer = wire.producer()
    producer.on_pause = fail
    wire.near.registerProducer(producer, True)
    with pytest.raises(ZeroDivisionError):
        wire.near.write(b"x" * 900_000)
    wire.until(lambda: len(wire.far_ear.received) == 900_000)


def test_C23_a_resume_that_raises_ends_the_connection(wire: Any, errors: list[Any]) -> None:
    producer = wire.producer()
    wire.near.registerProducer(producer, True)
    producer.on_resume = fail
    wire.near.write(b"x" * (LIMIT + 1))
    wire.until(lambda: wire.near_ear.reason)
    assert wire.near_ear.reason.type is ZeroDivisionError
    assert wire.events[:4] == ["P pause", "P resume", "P stop", "near lost ZeroDivisionError"]
    assert [type(e) for e in errors] == [ZeroDivisionError]
    errors.clear()


def test_C24_a_first_resume_that_raises_leaves_nobody_registered(wire: Any) -> None:
    producer = wire.producer()
    producer.on_resume = fail
    with pytest.raises(ZeroDivisionError):
        wire.near.registerProducer(producer, False)
    assert wire.near.producer is None
    other = wire.producer("Q")
    wire.near.registerProducer(other, False)
    assert other.calls == ["resume"]


@pytest.mark.parametrize("streaming", [1, "yes", True])
def test_C25_falsy_producers_and_truthy_streaming(wire: Any, streaming: Any) -> None:
    producer = wire.producer(falsy=True)
    assert not producer
    wire.near.registerProducer(producer=producer, streaming=streaming)
    with pytest.raises(RuntimeError):
        wire.near.registerProducer(wire.producer("Q"), True)
    wire.near.write(b"x" * (LIMIT + 1))
    wire.until(lambda: producer.calls == ["pause", "resume"])
    wire.far.loseConnection()
    wire.until(lambda: wire.near_ear.reason)
    assert producer.calls[-1] == "stop"


def test_C25_a_falsy_pull_producer_is_asked(wire: Any) -> None:
    producer = wire.producer(falsy=True)
    producer.on_resume = lambda: wire.near.write(b"x")
    wire.near.registerProducer(producer, 0)
    wire.until(lambda: len(producer.calls) > 3)
    wire.near.unregisterProducer()


def test_C26_the_buffer_stays_within_limit_and_one_write(wire: Any) -> None:
    producer = wire.producer()
    chunk, total = 10_000, 3_000_000
    sent, largest, flowing = [0], [0], [True]

    def pause() -> None:
        flowing[0] = False

    def produce() -> None:
        flowing[0] = True
        while flowing[0] and sent[0] < total:
            sent[0] += chunk
            wire.near.write(b"x" * chunk)
            largest[0] = max(largest[0], wire.near._outbox.size)
        if sent[0] >= total:
            wire.near.unregisterProducer()

    producer.on_pause, producer.on_resume = pause, produce
    wire.near.registerProducer(producer, True)
    produce()
    wire.until(lambda: len(wire.far_ear.received) == total)
    assert LIMIT < largest[0] <= LIMIT + chunk


def test_C27_what_was_registered_on_a_failed_attempt_is_stopped(
    make_wire: Callable[..., Any],
) -> None:
    wire = make_wire()
    failures: list[Any] = []
    factory = wire.client_factory
    factory.clientConnectionFailed = lambda connector, reason: failures.append(reason)
    connector = wire.reactor.connectTCP("127.0.0.1", 0, factory)
    producer = wire.producer()
    connector.transport.registerProducer(producer, True)
    attempt = connector.transport
    wire.until(lambda: failures)
    assert producer.calls == ["stop"]
    assert attempt.producer is None
    attempt.registerProducer(wire.producer("Q"), False)
    assert wire.events[-1] == "Q stop"

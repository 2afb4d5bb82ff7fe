"""The monitor: each passive rule has a pair that breaks it and a pair that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pcstream.conformance.monitor import Violation, Watch, stand_in, watch
from pcstream.conformance.rules import RULES
from pcstream.internet import protocol
from pcstream.internet.error import ConnectionAborted, ConnectionDone
from pcstream.python import log
from pcstream.python.failure import Failure

LIMIT = 100
#: the rules that a monitor can judge, as the contract has them
PASSIVE = {
    *("P2", "P6", "P8", "L1", "L2", "L5", "L6"),
    *("C1", "C4", "C5", "C8", "C10", "C12", "C16", "C19", "C26", "T4", "T5", "X2"),
}


class Producer:
    """Records what it is told, and does what it was made for."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.on_resume: Callable[[], object] = lambda: None
        self.on_pause: Callable[[], object] = lambda: None
        self.on_stop: Callable[[], object] = lambda: None

    def pauseProducing(self) -> None:
        self.told.append("pause")
        self.on_pause()

    def resumeProducing(self) -> None:
        self.told.append("resume")
        self.on_resume()

    def stopProducing(self) -> None:
        self.told.append("stop")
        self.on_stop()


class Heard(protocol.Protocol):
    """The consumer's protocol."""

    def __init__(self) -> None:
        self.received = b""
        self.lost: list[Any] = []

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Any = None) -> None:
        self.lost.append(reason)


class Connection:
    """A right consumer, in memory; what it holds goes when :meth:`drain` says so."""

    bufferSize = LIMIT

    def __init__(self) -> None:
        self.protocol = Heard()
        self.producer: Any = None
        self.streamingProducer = False
        self.producerPaused = False
        self.held = b""
        self.sent = b""
        self.is_aborted = self.is_lost = False

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self.producer is not None:
            raise RuntimeError("there is one")
        if self.is_lost:
            producer.stopProducing()
            return
        self.producer, self.streamingProducer = producer, bool(streaming)
        self.producerPaused = False
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        if self.is_lost or self.is_aborted:
            return
        self.held += data
        self.accepted()

    def writeSequence(self, pieces: Any) -> None:
        for piece in pieces:
            self.write(piece)

    def accepted(self) -> None:
        if self.producer is not None and self.streamingProducer and not self.producerPaused:
            if len(self.held) > self.bufferSize:
                self.producerPaused = True
                self.producer.pauseProducing()

    def drain(self) -> None:
        self.sent += self.held
        self.held = b""
        if self.producer is not None and not self.is_aborted:
            if self.producerPaused or not self.streamingProducer:
                self.producerPaused = False
                self.producer.resumeProducing()

    def receive(self, data: bytes) -> None:
        self.protocol.dataReceived(data)

    def abortConnection(self) -> None:
        self.is_aborted = True
        self.held = b""

    def connectionLost(self, reason: Any) -> None:
        self.is_lost = True
        producer, self.producer = self.producer, None
        if producer is not None:
            producer.stopProducing()
        self.protocol.connectionLost(reason)

    def loseConnection(self) -> None:
        self.connectionLost(Failure(ConnectionDone()))


class Pair:
    """A producer and a consumer that are watched.

    :ivar seen: the violations.
    """

    def __init__(self, consumer: Any = None, producer: Any = None, **options: Any) -> None:
        self.producer: Any = Producer() if producer is None else producer
        self.consumer: Any = Connection() if consumer is None else consumer
        self.seen: list[Violation] = []
        options.setdefault("buffered", lambda: len(self.consumer.held))
        self.watch: Watch = watch(
            self.producer, self.consumer, on_violation=self.seen.append, **options
        )

    def push(self) -> Pair:
        self.consumer.registerProducer(self.producer, True)
        return self

    def pull(self, on_resume: Callable[[], object] | None = None) -> Pair:
        self.producer.on_resume = on_resume or (lambda: self.consumer.write(b"x"))
        self.consumer.registerProducer(self.producer, False)
        return self

    @property
    def broken(self) -> list[tuple[str, str]]:
        """Each rule broken, and who did it, in order and once."""
        return list(dict.fromkeys((seen.rule.number, seen.culprit) for seen in self.seen))


def lost(consumer: Any) -> None:
    consumer.connectionLost(Failure(ConnectionDone()))


# -- what breaks a rule, each as it would be met in the wild

VIOLATORS: dict[str, Callable[[], Pair]] = {}


def violates(rule: str) -> Callable[[Callable[[], Pair]], Callable[[], Pair]]:
    def keep(function: Callable[[], Pair]) -> Callable[[], Pair]:
        VIOLATORS[f"{rule}: {function.__name__}"] = function
        return function

    return keep


@violates("P2")
def a_producer_goes_on_after_its_pause() -> Pair:
    pair = Pair().push()
    pair.consumer.write(b"x" * 101)
    for _ in range(5):
        pair.consumer.write(b"y" * 20_000)
    return pair


@violates("P6")
def a_producer_raises_when_it_is_paused() -> Pair:
    pair = Pair().push()
    pair.producer.on_pause = lambda: 1 // 0
    with pytest.raises(ZeroDivisionError):
        pair.consumer.write(b"x" * 101)
    return pair


@violates("P6")
def a_producer_raises_when_it_is_asked() -> Pair:
    pair = Pair()
    with pytest.raises(ZeroDivisionError):
        pair.pull(lambda: 1 // 0)
    return pair


@violates("P8")
def an_owner_unregisters_twice() -> Pair:
    pair = Pair().push()
    pair.consumer.unregisterProducer()
    pair.consumer.unregisterProducer()
    return pair


@violates("P8")
def an_owner_finishes_and_has_not_unregistered() -> Pair:
    class Request(Connection):
        def finish(self) -> None:
            self.producer = None

    pair = Pair(Request()).push()
    pair.consumer.finish()
    return pair


@violates("L1")
def a_pull_producer_has_nothing_to_say() -> Pair:
    return Pair().pull(lambda: None)


@violates("L1")
def a_pull_producer_writes_empty_bytes() -> Pair:
    pair = Pair()
    return pair.pull(lambda: pair.consumer.write(b""))


@violates("L2")
def a_pull_producer_writes_unasked() -> Pair:
    pair = Pair().pull()
    pair.consumer.write(b"more")
    return pair


@violates("L5")
def a_pull_producer_unregisters_later() -> Pair:
    pair = Pair().pull()
    pair.consumer.unregisterProducer()
    return pair


@violates("L5")
def a_pull_producer_writes_after_its_end() -> Pair:
    pair = Pair()

    def asked() -> None:
        pair.consumer.unregisterProducer()
        pair.consumer.write(b"one thing more")

    return pair.pull(asked)


@violates("L6")
def a_consumer_pauses_a_pull_producer() -> Pair:
    class Pauser(Connection):
        def accepted(self) -> None:
            if self.producer is not None and len(self.held) > 1:
                self.producer.pauseProducing()

    pair = Pair(Pauser())
    return pair.pull(lambda: pair.consumer.write(b"xx"))


class Taker(Connection):
    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer


@violates("C1")
def a_consumer_takes_a_second_producer() -> Pair:
    pair = Pair(Taker()).push()
    pair.consumer.registerProducer(Producer(), True)
    return pair


@violates("C1")
def a_consumer_refuses_in_words_of_its_own() -> Pair:
    class Refuser(Connection):
        def registerProducer(self, producer: Any, streaming: bool) -> None:
            if self.producer is not None:
                raise ValueError("no")
            super().registerProducer(producer, streaming)

    pair = Pair(Refuser()).push()
    with pytest.raises(ValueError, match="no"):
        pair.push()
    return pair


@violates("C4")
def a_consumer_resumes_a_push_producer_when_it_comes() -> Pair:
    class Eager(Connection):
        def registerProducer(self, producer: Any, streaming: bool) -> None:
            super().registerProducer(producer, streaming)
            producer.resumeProducing()

    return Pair(Eager()).push()


@violates("C4")
def a_consumer_never_asks() -> Pair:
    pair = Pair(Taker()).pull()
    pair.watch.close()
    return pair


class Deaf(Connection):
    def accepted(self) -> None:
        pass


@violates("C5")
def a_consumer_never_pauses() -> Pair:
    pair = Pair(Deaf()).push()
    pair.consumer.write(b"x" * 101)
    return pair


@violates("C8")
def a_consumer_pauses_at_every_write() -> Pair:
    class Nervous(Connection):
        def accepted(self) -> None:
            if self.producer is not None and len(self.held) > LIMIT:
                self.producer.pauseProducing()

    pair = Pair(Nervous()).push()
    for _ in range(3):
        pair.consumer.write(b"x" * 101)
    return pair


@violates("C10")
def a_consumer_resumes_whom_it_has_not_paused() -> Pair:
    pair = Pair().push()
    pair.consumer.producerPaused = True  # left from another, say
    pair.consumer.drain()
    return pair


@violates("C12")
def a_consumer_calls_whom_it_has_let_go() -> Pair:
    class Clinging(Connection):
        def unregisterProducer(self) -> None:
            pass

    pair = Pair(Clinging()).push()
    pair.consumer.write(b"x" * 101)
    pair.consumer.unregisterProducer()
    pair.consumer.drain()
    return pair


@violates("C16")
def a_consumer_confuses_the_order() -> Pair:
    pair = Pair(check_order=True).push()
    pair.consumer.write(b"first")
    pair.consumer.write(b"second")
    pair.watch.arrived(b"secon")
    pair.watch.arrived(b"dfirst")
    return pair


@violates("C19")
def a_lost_consumer_stops_nobody() -> Pair:
    class Careless(Connection):
        def connectionLost(self, reason: Any) -> None:
            self.producer = None

    pair = Pair(Careless()).push()
    lost(pair.consumer)
    return pair


@violates("C19")
def a_lost_consumer_stops_twice() -> Pair:
    class Thorough(Connection):
        def connectionLost(self, reason: Any) -> None:
            producer = self.producer
            super().connectionLost(reason)
            producer.stopProducing()

    pair = Pair(Thorough()).push()
    lost(pair.consumer)
    return pair


@violates("C19")
def a_lost_consumer_tells_its_protocol_first() -> Pair:
    class Hasty(Connection):
        def connectionLost(self, reason: Any) -> None:
            self.protocol.connectionLost(reason)
            self.producer.stopProducing()

    pair = Pair(Hasty()).push()
    lost(pair.consumer)
    return pair


@violates("C26")
def a_consumer_resumes_with_a_full_buffer() -> Pair:
    pair = Pair().push()
    pair.consumer.write(b"x" * 101)
    for _ in range(4):
        pair.consumer.producerPaused = False
        pair.producer.resumeProducing()
        pair.consumer.write(b"x" * 101)
    return pair


@violates("T4")
def an_aborted_consumer_stops_at_once() -> Pair:
    class Hasty(Connection):
        def abortConnection(self) -> None:
            self.connectionLost(Failure(ConnectionAborted()))

    pair = Pair(Hasty()).push()
    pair.consumer.abortConnection()
    return pair


@violates("T4")
def an_aborted_consumer_resumes() -> Pair:
    pair = Pair().push()
    pair.consumer.write(b"x" * 101)
    pair.consumer.abortConnection()
    pair.consumer.is_aborted = False
    pair.consumer.drain()
    return pair


@violates("T4")
def an_aborted_consumer_ends_as_if_it_were_not() -> Pair:
    pair = Pair().push()
    pair.consumer.abortConnection()
    lost(pair.consumer)
    return pair


@violates("T5")
def a_consumer_is_lost_twice() -> Pair:
    pair = Pair().push()
    lost(pair.consumer)
    lost(pair.consumer)
    return pair


@violates("T5")
def a_consumer_receives_after_its_end() -> Pair:
    pair = Pair().push()
    lost(pair.consumer)
    pair.consumer.receive(b"late")
    return pair


@violates("T5")
def a_consumer_receives_inside_a_write() -> Pair:
    class Mirror(Connection):
        def accepted(self) -> None:
            self.receive(self.held)

    pair = Pair(Mirror()).push()
    pair.consumer.write(b"x")
    return pair


class Middle:
    """Keeps what comes while it is paused."""

    def __init__(self, downstream: Connection) -> None:
        self.downstream = downstream
        self.held = b""
        self.is_paused = False
        self.producer: Any = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self.producer = producer
        self.downstream.registerProducer(self, True)

    def unregisterProducer(self) -> None:
        self.producer = None

    def write(self, data: bytes) -> None:
        if self.is_paused:
            self.held += data
        else:
            self.downstream.write(data)

    def pauseProducing(self) -> None:
        self.is_paused = True

    def resumeProducing(self) -> None:
        self.is_paused = False
        held, self.held = self.held, b""
        self.downstream.write(held)


class RightMiddle(Middle):
    def pauseProducing(self) -> None:
        self.is_paused = True
        self.producer.pauseProducing()

    def resumeProducing(self) -> None:
        super().resumeProducing()
        if not self.is_paused:
            self.producer.resumeProducing()


@violates("X2")
def a_middle_keeps_the_pause_to_itself() -> Pair:
    middle = Middle(Connection())
    pair = Pair(middle, downstream=middle.downstream, limit=LIMIT, buffered=lambda: None).push()
    for _ in range(5):
        pair.consumer.write(b"x" * 101)
    return pair


@violates("C16")
def a_middle_alters_the_bytes() -> Pair:
    class Shouting(Middle):
        def write(self, data: bytes) -> None:
            self.downstream.write(data.upper())

    middle = Shouting(Connection())
    pair = Pair(middle, downstream=middle.downstream, buffered=lambda: None).push()
    pair.consumer.write(b"hush")
    return pair


@pytest.mark.parametrize("what", VIOLATORS)
def test_who_breaks_a_rule_is_named(what: str) -> None:
    rule = what.partition(":")[0]
    pair = VIOLATORS[what]()
    side = "producer" if rule[0] in "PL" and rule != "L6" else "consumer"
    assert (rule, side) in pair.broken
    found = next(seen for seen in pair.seen if seen.rule.number == rule)
    assert found.rule is RULES[rule]
    assert found.seen in str(found)
    assert found.stack[-1][0] != "pcstream/conformance/monitor.py"
    assert "test_monitor" in found.traceback()


#: what breaks another rule on the way, and has to
ALSO = {"C26: a_consumer_resumes_with_a_full_buffer": {"C5"}}


@pytest.mark.parametrize("what", VIOLATORS)
def test_nothing_else_is_found(what: str) -> None:
    rule = what.partition(":")[0]
    others = {number for number, _ in VIOLATORS[what]().broken} - {rule}
    assert others <= ALSO.get(what, set())


def test_every_passive_rule_has_a_violator() -> None:
    assert {what.partition(":")[0] for what in VIOLATORS} == PASSIVE


# -- what breaks none


def right_push() -> Pair:
    pair = Pair(check_order=True).push()
    for _ in range(3):
        pair.consumer.write(b"x" * 101)
        pair.consumer.write(b"a last chunk, which P2 allows")
        pair.watch.arrived(pair.consumer.held)
        pair.consumer.drain()
    pair.consumer.writeSequence(iter([b"ab", b"cd"]))
    pair.consumer.unregisterProducer()
    pair.push()
    lost(pair.consumer)
    pair.consumer.unregisterProducer()
    pair.consumer.write(b"to nobody")
    return pair


def right_pull() -> Pair:
    pair = Pair()
    left = [b"one", b"two" * 1000, b"three"]

    def asked() -> None:
        pair.consumer.write(left.pop(0))
        if not left:
            pair.consumer.unregisterProducer()

    pair.pull(asked)
    while left:
        pair.consumer.drain()
    return pair


def right_abort() -> Pair:
    pair = Pair().push()
    pair.consumer.write(b"x" * 101)
    pair.consumer.abortConnection()
    pair.consumer.abortConnection()
    pair.consumer.connectionLost(Failure(ConnectionAborted()))
    return pair


def right_registration_with_the_dead() -> Pair:
    pair = Pair()
    lost(pair.consumer)
    return pair.push()


def right_refusal() -> Pair:
    pair = Pair().push()
    with pytest.raises(RuntimeError):
        pair.push()
    with pytest.raises(RuntimeError):
        pair.consumer.registerProducer(Producer(), False)
    pair.consumer.write(b"x" * 101)
    pair.consumer.drain()
    return pair


def right_first_request_that_stops() -> Pair:
    pair = Pair()
    return pair.pull(lambda: lost(pair.consumer))


def right_middle() -> Pair:
    middle = RightMiddle(Connection())
    pair = Pair(middle, downstream=middle.downstream, limit=LIMIT, buffered=lambda: None).push()
    for _ in range(3):
        pair.consumer.write(b"x" * 101)
        middle.downstream.drain()
    return pair


RIGHT = [
    right_push,
    right_pull,
    right_abort,
    right_registration_with_the_dead,
    right_refusal,
    right_first_request_that_stops,
    right_middle,
]


@pytest.mark.parametrize("make", RIGHT)
def test_a_right_pair_is_not_blamed(make: Callable[[], Pair]) -> None:
    pair = make()
    pair.watch.close()
    assert [str(seen) for seen in pair.seen] == []


# -- that it changes nothing


def test_it_takes_itself_off_again() -> None:
    pair = Pair()
    assert "write" in vars(pair.consumer)
    pair.watch.close()
    pair.watch.close()
    assert "write" not in vars(pair.consumer)
    assert "pauseProducing" not in vars(pair.producer)


def test_it_gives_back_what_stood_there_before() -> None:
    consumer = Connection()
    mine = consumer.write
    consumer.write = mine  # type: ignore[method-assign]
    with watch(Producer(), consumer):
        assert vars(consumer)["write"] is not mine
    assert vars(consumer)["write"] is mine


def test_two_watches_may_close_in_any_order() -> None:
    consumer = Connection()
    outer = watch(Producer(), consumer)
    inner = watch(Producer(), consumer)
    outer.close()
    consumer.write(b"abc")
    inner.close()
    consumer.write(b"def")
    assert consumer.held == b"abcdef"
    assert (outer.bytes, inner.bytes) == (0, 3)


def test_results_arguments_and_exceptions_pass_unchanged() -> None:
    class Odd(Connection):
        def registerProducer(self, producer: Any, streaming: bool) -> Any:
            return producer, streaming

        def write(self, data: bytes) -> Any:
            raise LookupError(data)

    producer = Producer()
    with watch(producer, Odd()) as watched:
        consumer: Any = watched.consumer
        taken = consumer.registerProducer(streaming="yes", producer=producer)
        assert taken == (producer, "yes")
        with pytest.raises(LookupError) as raised:
            consumer.write(data=b"x")
        assert raised.value.args == (b"x",)
        assert watched.is_push


def test_a_generator_is_consumed_once_and_by_the_consumer() -> None:
    pulled: list[int] = []

    def pieces() -> Any:
        for n in range(3):
            pulled.append(n)
            yield b"%d" % n

    consumer = Connection()
    with watch(Producer(), consumer) as watched:
        consumer.writeSequence(pieces())
        assert (pulled, consumer.held, watched.bytes, watched.writes) == ([0, 1, 2], b"012", 3, 1)


class Slotted:
    __slots__ = ("told",)

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


def test_who_takes_no_attributes_can_have_a_stand_in() -> None:
    slotted = Slotted()
    consumer = Connection()
    with pytest.raises(TypeError, match="stand_in"):
        watch(slotted, consumer)
    assert "write" not in vars(consumer)
    pair = Pair(consumer, stand_in(slotted)).push()
    pair.consumer.write(b"x" * 101)
    assert slotted.told == ["pause"]
    assert pair.watch.pauses == 1
    assert repr(pair.producer) == repr(slotted)


# -- faults of others


def test_a_callback_that_raises_is_logged_and_the_pair_goes_on() -> None:
    events: list[dict[str, Any]] = []

    def hear(violation: Violation) -> None:
        raise ArithmeticError("not now")

    log.addObserver(events.append)
    try:
        consumer = Deaf()
        with watch(Producer(), consumer, True, hear, buffered=lambda: len(consumer.held)):
            consumer.write(b"x" * 101)
    finally:
        log.removeObserver(events.append)
    assert consumer.held == b"x" * 101
    assert [event["failure"].type for event in events if event["isError"]] == [ArithmeticError]


def test_an_object_that_cannot_be_looked_at_is_no_obstacle() -> None:
    class Hidden(Deaf):
        def __repr__(self) -> str:
            raise OSError("hidden")

    consumer = Hidden()
    seen: list[Violation] = []
    with watch(Producer(), consumer, True, seen.append, buffered=lambda: len(consumer.held)):
        consumer.write(b"x" * 101)
    (found,) = seen
    assert found.who.endswith("Hidden>")


def test_a_probe_that_raises_is_logged_and_the_write_goes_through() -> None:
    events: list[dict[str, Any]] = []
    log.addObserver(events.append)
    try:
        consumer = Connection()
        with watch(Producer(), consumer, True, buffered=lambda: 1 // 0):
            consumer.write(b"abc")
    finally:
        log.removeObserver(events.append)
    assert consumer.held == b"abc"
    assert [event["failure"].type for event in events if event["isError"]] == [ZeroDivisionError]


def test_by_default_the_log_is_told_and_not_for_ever() -> None:
    events: list[dict[str, Any]] = []
    log.addObserver(events.append)
    try:
        consumer = Deaf()
        with watch(Producer(), consumer, True, buffered=lambda: 101) as watched:
            for _ in range(50):
                consumer.write(b"x")
    finally:
        log.removeObserver(events.append)
    told = [event for event in events if event.get("rule") == "C5"]
    assert len(told) == 20
    assert "holds 101 bytes" in told[0]["message"][0]
    assert watched.broken == {"C5": 50}
    assert len(watched.violations) == 20


# -- figures


def test_figures_of_a_pair() -> None:
    now = [0.0]
    pair = Pair(clock=lambda: now[0]).push()
    pair.consumer.write(b"x" * 101)
    now[0] = 2.0
    assert pair.watch.time_paused == 2.0
    assert pair.watch.is_paused
    pair.consumer.write(b"y" * 7)
    assert pair.watch.bytes_since_pause == 7
    pair.consumer.drain()
    now[0] = 3.0
    assert (pair.watch.bytes, pair.watch.writes, pair.watch.pauses) == (108, 2, 1)
    assert pair.watch.time_paused == 2.0
    assert pair.watch.buffered == 0
    assert pair.watch.calls == ()
    ((who, what),) = pair.watch.paused_by.items()
    assert who.endswith("test_monitor.Connection.accepted")
    assert (what.pauses, what.seconds) == (1, 2.0)
    assert "108 bytes, 1 pauses" in repr(pair.watch)


def test_a_pair_that_has_been_together_is_taken_as_it_is() -> None:
    consumer, producer = Connection(), Producer()
    consumer.registerProducer(producer, True)
    consumer.write(b"x" * 101)
    seen: list[Violation] = []
    with watch(producer, consumer, None, seen.append) as watched:
        assert (watched.is_registered, watched.is_push, watched.is_paused) == (True, True, True)
        consumer.drain()
        assert not watched.is_paused
    assert seen == []


def test_calls_on_the_stack() -> None:
    stacks: list[tuple[str, ...]] = []
    pair = Pair().push()
    pair.producer.on_pause = lambda: stacks.append(pair.watch.calls)
    pair.consumer.write(b"x" * 101)
    assert stacks == [("write", "pauseProducing")]

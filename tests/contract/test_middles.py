"""The contract's rules for what stands between a producer and a consumer."""

from __future__ import annotations

import io
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcstream.internet.error import ConnectionDone, ConnectionLost
from pcstream.internet.interfaces import IHalfCloseableProtocol
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.internet.task import Clock
from pcstream.internet.testing import MemoryReactor, StringTransport
from pcstream.protocols import pcp, policies, portforward
from pcstream.protocols.basic import FileSender
from pcstream.python.failure import Failure

LIMIT = pcp.ProducerConsumerProxy.bufferSize


class Producer:
    """Of either kind; a pull producer has no ``pauseProducing``."""

    def __init__(self, on_resume: Callable[[], None] = lambda: None) -> None:
        self.calls: list[str] = []
        self.on_resume = on_resume

    def resumeProducing(self) -> None:
        self.calls.append("resume")
        self.on_resume()

    def stopProducing(self) -> None:
        self.calls.append("stop")


class Push(Producer):
    def pauseProducing(self) -> None:
        self.calls.append("pause")


class Sink:
    """A consumer that does what it is told to, or what a script says, inside each write."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.producer: Any = None
        self.streaming: Any = None
        self.on_write: Callable[[], None] = lambda: None

    @property
    def written(self) -> bytes:
        return b"".join(call for call in self.calls if isinstance(call, bytes))

    def write(self, data: bytes) -> None:
        self.calls.append(data)
        self.on_write()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self.producer is not None:
            raise RuntimeError("busy")
        self.calls.append("register")
        self.producer = producer
        self.streaming = streaming

    def unregisterProducer(self) -> None:
        self.calls.append("unregister")
        self.producer = None

    def finish(self) -> None:
        self.calls.append("finish")


class PullBasic(pcp.BasicProducerConsumerProxy):
    iAmStreaming = False


class PullBuffered(pcp.ProducerConsumerProxy):
    iAmStreaming = False


BASIC = pcp.BasicProducerConsumerProxy
BUFFERED = pcp.ProducerConsumerProxy
ALL = pytest.mark.parametrize("proxy_class", [BASIC, BUFFERED, PullBasic, PullBuffered])
PUSHING = pytest.mark.parametrize("proxy_class", [BASIC, BUFFERED])
PULLED = pytest.mark.parametrize("proxy_class", [PullBasic, PullBuffered])


# pcp: bytes


@PUSHING
def test_X1_bytes_held_while_paused_come_unaltered(proxy_class: Any) -> None:
    sink = Sink()
    proxy = proxy_class(sink)
    proxy.registerProducer(Push(), True)
    proxy.write(b"a")
    proxy.pauseProducing()
    proxy.write(b"b\0")
    proxy.write(b"\xff")
    assert sink.written == b"a"
    proxy.resumeProducing()
    assert sink.calls == ["register", b"a", b"b\0\xff"]


@PUSHING
def test_X1_a_pause_inside_a_write_keeps_the_order(proxy_class: Any) -> None:
    sink = Sink()
    proxy = proxy_class(sink)
    sink.on_write = proxy.pauseProducing
    for byte in (b"a", b"b", b"c"):
        proxy.write(byte)
    assert sink.written == b"a"
    proxy.resumeProducing()
    proxy.write(b"d")
    proxy.resumeProducing()
    assert sink.written == b"abcd"


@PUSHING
def test_X1_a_write_inside_a_write_comes_behind(proxy_class: Any) -> None:
    sink = Sink()
    proxy = proxy_class(sink)
    more = [b"2", b"3"]
    sink.on_write = lambda: proxy.write(more.pop(0)) if more else None
    proxy.write(b"1")
    assert sink.written == b"123"


@ALL
def test_X1_text_of_old_programs_is_joined_as_text(proxy_class: Any) -> None:
    sink = Sink()
    proxy = proxy_class(sink)
    proxy.pauseProducing()
    proxy.write("a")
    proxy.write("b")
    proxy.resumeProducing()
    assert sink.calls == ["register", "ab"]


SCRIPT = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=40),
        st.sampled_from(["pause", "resume"]),
        st.tuples(st.just("inside"), st.sampled_from(["pause", "resume", "pause+resume", "write"])),
    ),
    max_size=40,
)


@pytest.mark.parametrize("proxy_class", [BASIC, BUFFERED, PullBasic, PullBuffered])
@given(script=SCRIPT, limit=st.integers(1, 60))
def test_X1_X2_any_script_keeps_order_bytes_and_bound(
    proxy_class: Any, script: list[Any], limit: int
) -> None:
    """A push producer that writes only while it may, and a consumer that does anything."""
    sink = Sink()

    class Proxy(proxy_class):  # type: ignore[misc]
        bufferSize = limit

    proxy = Proxy(sink)
    producer = Push()
    proxy.registerProducer(producer, True)
    sent = b""
    inside: list[str] = []
    extra = iter(range(256))

    def on_write() -> None:
        nonlocal sent
        if not inside:
            return
        step = inside.pop(0)
        if "pause" in step:
            proxy.pauseProducing()
        if "resume" in step:
            proxy.resumeProducing()
        if step == "write" and is_flowing():
            data = bytes([next(extra)])
            sent += data
            proxy.write(data)

    def is_flowing() -> bool:
        steps = [c for c in producer.calls if c in ("pause", "resume")]
        # P3, C8, C10: strictly alternating, beginning with a pause
        assert steps == ["pause", "resume"] * (len(steps) // 2) + ["pause"] * (len(steps) % 2)
        return len(steps) % 2 == 0

    sink.on_write = on_write
    for step in script:
        if isinstance(step, bytes):
            if is_flowing():
                sent += step
                proxy.write(step)
        elif isinstance(step, tuple):
            inside.append(step[1])
        else:
            getattr(proxy, step + "Producing")()
        assert sent.startswith(sink.written)
        held = sum(map(len, proxy._buffer))
        assert held < limit + 40 if isinstance(proxy, BUFFERED) else held <= 41
    inside.clear()
    for _ in range(len(script) + 2):
        proxy.resumeProducing()
    assert sink.written == sent
    assert is_flowing()
    proxy.unregisterProducer()
    assert sink.calls[-1] == "unregister"


# pcp: pauses


def test_X2_the_basic_proxy_passes_a_pause_on_at_once() -> None:
    sink, producer = Sink(), Push()
    proxy = BASIC(sink)
    proxy.registerProducer(producer, True)
    proxy.pauseProducing()
    proxy.pauseProducing()
    assert producer.calls == ["pause"]
    proxy.resumeProducing()
    proxy.resumeProducing()
    assert producer.calls == ["pause", "resume"]


def test_X2_the_buffered_proxy_pauses_at_its_own_limit() -> None:
    sink, producer = Sink(), Push()
    proxy = BUFFERED(sink)
    proxy.registerProducer(producer, True)
    proxy.pauseProducing()
    proxy.write(b"x" * (LIMIT - 1))
    assert producer.calls == []
    proxy.write(b"x")
    proxy.write(b"x")
    assert producer.calls == ["pause"]
    assert proxy.producerPaused
    proxy.resumeProducing()
    assert producer.calls == ["pause", "resume"]
    assert not proxy.producerPaused


def test_X2_who_registers_with_a_paused_basic_proxy_is_paused_by_the_first_held_write() -> None:
    sink, producer = Sink(), Push()
    proxy = BASIC(sink)
    proxy.pauseProducing()
    proxy.registerProducer(producer, True)
    proxy.write(b"x")
    assert producer.calls == ["pause"]
    proxy.resumeProducing()
    assert producer.calls == ["pause", "resume"]


@PUSHING
def test_X2_on_a_socket_the_bound_is_kept(wire: Any, proxy_class: Any) -> None:
    """A proxy before a stalled connection takes no more than the limits say."""
    wire.far.pauseProducing()
    wire.turn(2)
    proxy = proxy_class(wire.near)
    producer = wire.producer()
    proxy.registerProducer(producer, True)
    sent = 0
    while "pause" not in producer.calls:
        proxy.write(b"x" * 10_000)
        sent += 10_000
        wire.turn()
        assert sent < 64_000_000
    assert wire.near._outbox.size <= LIMIT + 10_000
    assert sum(map(len, proxy._buffer)) <= LIMIT + 10_000
    wire.far.resumeProducing()
    wire.until(lambda: len(wire.far_ear.received) == sent)
    assert producer.calls == ["pause", "resume"]
    proxy.unregisterProducer()
    wire.near.loseConnection()
    wire.until(lambda: wire.far_ear.reason)


@ALL
def test_L6_a_pull_producer_is_never_paused(proxy_class: Any) -> None:
    sink = Sink()
    proxy = proxy_class(sink)
    proxy.registerProducer(Producer(), False)
    proxy.pauseProducing()
    proxy.write(b"x" * 2 * LIMIT)
    proxy.pauseProducing()


def test_L4_the_basic_proxy_asks_when_it_is_asked() -> None:
    sink, producer = Sink(), Producer()
    proxy = PullBasic(sink)
    proxy.registerProducer(producer, False)
    assert producer.calls == []
    producer.on_resume = lambda: proxy.write(b"chunk")
    proxy.resumeProducing()
    assert sink.calls == ["register", b"chunk"]


@pytest.mark.parametrize("proxy_class", [BUFFERED, PullBuffered])
def test_L4_the_buffered_proxy_asks_at_once(proxy_class: Any) -> None:
    sink, producer = Sink(), Producer()
    proxy = proxy_class(sink)
    proxy.registerProducer(producer, False)
    assert producer.calls == ["resume"]


def test_L4_a_pull_producer_is_asked_when_its_consumer_has_room_again() -> None:
    sink, producer = Sink(), Producer()
    proxy = BUFFERED(sink)
    producer.on_resume = lambda: proxy.write(b"x")
    sink.on_write = proxy.pauseProducing
    proxy.registerProducer(producer, False)
    proxy.resumeProducing()
    proxy.resumeProducing()
    assert sink.written == b"xxx"
    assert producer.calls == ["resume"] * 3


@PULLED
def test_L3_several_writes_for_one_request_are_all_taken(proxy_class: Any) -> None:
    sink = Sink()
    producer = Producer()
    proxy = proxy_class(sink)
    left = [b"1", b"2", b"3", b"4", b"5"]

    def produce() -> None:
        for _ in range(2):
            if left:
                proxy.write(left.pop(0))
        if not left and proxy.producer is not None:
            proxy.unregisterProducer()

    producer.on_resume = produce
    proxy.registerProducer(producer, False)
    for _ in range(12):
        if sink.producer is not None:
            sink.producer.resumeProducing()
    assert sink.written == b"12345"
    assert sink.calls[-1] == "unregister"


@PULLED
def test_A5_push_to_pull_hands_over_on_request_only(proxy_class: Any) -> None:
    sink, producer = Sink(), Push()
    proxy = proxy_class(sink)
    assert sink.streaming is False
    proxy.registerProducer(producer, True)
    proxy.write(b"x" * LIMIT)
    assert sink.written == b""
    assert producer.calls == ["pause"]
    proxy.resumeProducing()
    assert len(sink.written) == LIMIT
    assert producer.calls == ["pause", "resume"]


# pcp: the end


@ALL
def test_X4_stop_goes_upstream_once(proxy_class: Any) -> None:
    sink, producer = Sink(), Push()
    proxy = proxy_class(sink)
    proxy.registerProducer(producer, True)
    proxy.stopProducing()
    proxy.stopProducing()
    assert producer.calls == ["stop"]
    assert proxy.stopped
    assert proxy.consumer is None


@ALL
def test_X4_nothing_is_written_after_a_stop(proxy_class: Any) -> None:
    sink, producer = Sink(), Push()
    proxy = proxy_class(sink)
    proxy.registerProducer(producer, True)
    proxy.pauseProducing()
    proxy.write(b"held")
    proxy.stopProducing()
    proxy.write(b"late")
    proxy.resumeProducing()
    proxy.unregisterProducer()
    proxy.finish()
    assert sink.calls == ["register"]
    assert proxy._buffer == []


@ALL
def test_X5_the_end_comes_behind_what_is_held(proxy_class: Any) -> None:
    sink = Sink()
    proxy = proxy_class(sink)
    proxy.registerProducer(Push(), True)
    proxy.pauseProducing()
    proxy.write(b"held")
    proxy.unregisterProducer()
    assert sink.calls == ["register"]
    proxy.resumeProducing()
    assert sink.calls == ["register", b"held", "unregister"]


@ALL
def test_X5_finish_comes_behind_what_is_held(proxy_class: Any) -> None:
    sink = Sink()
    proxy = proxy_class(sink)
    proxy.registerProducer(Push(), True)
    proxy.pauseProducing()
    proxy.write(b"held")
    proxy.finish()
    proxy.resumeProducing()
    assert sink.calls == ["register", b"held", "finish", "unregister"]


@ALL
def test_X5_with_nothing_held_the_end_comes_at_once(proxy_class: Any) -> None:
    sink = Sink()
    proxy = proxy_class(sink)
    proxy.registerProducer(Push(), True)
    proxy.unregisterProducer()
    assert sink.calls == ["register", "unregister"]


@ALL
def test_X6_C1_another_producer_is_refused(proxy_class: Any) -> None:
    sink, first, second = Sink(), Push(), Push()
    proxy = proxy_class(sink)
    proxy.registerProducer(first, True)
    with pytest.raises(RuntimeError) as raised:
        proxy.registerProducer(second, True)
    assert str(raised.value) == (
        f"Cannot register producer {second}, because producer {first} was never unregistered."
    )
    proxy.pauseProducing()
    proxy.write(b"x" * LIMIT)
    assert first.calls == ["pause"]
    assert second.calls == []


@ALL
def test_X6_C1_the_same_producer_may_change_its_kind(proxy_class: Any) -> None:
    sink, producer = Sink(), Push()
    proxy = proxy_class(sink)
    proxy.registerProducer(producer, True)
    proxy.registerProducer(producer, False)
    assert proxy.producerIsStreaming is False
    assert sink.calls == ["register"]


@ALL
@pytest.mark.parametrize("streaming", [True, False])
def test_X6_C2_who_registers_with_a_stopped_proxy_is_stopped(
    proxy_class: Any, streaming: bool
) -> None:
    proxy = proxy_class(Sink())
    proxy.stopProducing()
    producer = Push()
    proxy.registerProducer(producer, streaming)
    assert producer.calls == ["stop"]
    assert proxy.producer is None


@ALL
def test_X6_C2_against_the_state_of_a_real_consumer(wire: Any, proxy_class: Any) -> None:
    wire.near.loseConnection()
    wire.quiet()
    proxy = proxy_class(wire.near)
    producer = Push()
    proxy.registerProducer(producer, True)
    assert producer.calls == ["stop"]


@ALL
def test_X6_C13_unregistering_nobody_does_nothing(proxy_class: Any) -> None:
    sink = Sink()
    proxy = proxy_class(sink)
    proxy.unregisterProducer()
    assert sink.calls == ["register"]
    proxy.registerProducer(Push(), True)
    proxy.unregisterProducer()
    proxy.unregisterProducer()
    assert sink.calls == ["register", "unregister"]


@ALL
def test_C3_a_second_producer_is_paced_too(proxy_class: Any) -> None:
    sink, second = Sink(), Push()
    proxy = proxy_class(sink)
    proxy.registerProducer(Push(), True)
    proxy.unregisterProducer()
    proxy.registerProducer(second, True)
    assert sink.producer is proxy
    proxy.pauseProducing()
    proxy.write(b"x" * LIMIT)
    assert second.calls == ["pause"]
    proxy.stopProducing()
    assert second.calls == ["pause", "stop"]


@PULLED
def test_C17_a_write_after_the_end_is_fetched(proxy_class: Any) -> None:
    """Nobody would ask for it: the proxy registers again for as long as it takes."""
    sink = Sink()
    proxy = proxy_class(sink)
    proxy.registerProducer(Push(), True)
    proxy.unregisterProducer()
    proxy.write(b"bye")
    sink.producer.resumeProducing()
    assert sink.calls == ["register", "unregister", "register", b"bye", "unregister"]


@ALL
def test_C25_a_producer_that_is_false_counts(proxy_class: Any) -> None:
    class Falsy(Push):
        def __len__(self) -> int:
            return 0

    sink, producer = Sink(), Falsy()
    proxy = proxy_class(sink)
    proxy.registerProducer(producer, True)
    with pytest.raises(RuntimeError):
        proxy.registerProducer(Push(), True)
    proxy.stopProducing()
    assert producer.calls == ["stop"]


@ALL
def test_a_proxy_that_leads_nowhere(proxy_class: Any) -> None:
    producer = Push()
    proxy = proxy_class(None)
    proxy.registerProducer(producer, True)
    proxy.write(b"x")
    proxy.stopProducing()
    assert producer.calls[-1] == "stop"


@ALL
def test_an_error_of_the_consumer_is_seen_by_the_writer(proxy_class: Any) -> None:
    class Broken(Sink):
        def write(self, data: bytes) -> None:
            raise ZeroDivisionError

    proxy = proxy_class(Broken())
    if not proxy.iAmStreaming:
        proxy.resumeProducing()
    with pytest.raises(ZeroDivisionError):
        proxy.write(b"x")
    assert not proxy._is_writing


# thr: several reasons


class Thrower(policies.ThrottlingFactory):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clock = Clock()
        self.noisy = False

    def callLater(self, period: float, func: Callable[[], Any]) -> Any:
        return self.clock.callLater(period, func)


class Server(Factory):  # type: ignore[type-arg]
    protocol = Protocol
    noisy = False


class Transport(StringTransport):
    """Records what it is asked as a producer; as a consumer it obeys the contract."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")


def throttled(**limits: Any) -> tuple[Any, Any, Transport]:
    factory = Thrower(Server(), **limits)
    wrapper = factory.buildProtocol(None)
    transport = Transport()
    wrapper.makeConnection(transport)
    return factory, wrapper, transport


def test_X3_lifting_the_throttle_does_not_resume_for_a_full_transport() -> None:
    factory, wrapper, transport = throttled()
    producer = Push()
    wrapper.registerProducer(producer, True)
    factory.throttleWrites()
    transport.producer.pauseProducing()
    factory.unthrottleWrites()
    assert producer.calls == ["pause"]
    transport.producer.resumeProducing()
    assert producer.calls == ["pause", "resume"]


def test_X3_a_drain_does_not_resume_a_throttled_producer() -> None:
    factory, wrapper, transport = throttled()
    producer = Push()
    wrapper.registerProducer(producer, True)
    transport.producer.pauseProducing()
    factory.throttleWrites()
    transport.producer.resumeProducing()
    assert producer.calls == ["pause"]
    factory.unthrottleWrites()
    assert producer.calls == ["pause", "resume"]


@given(st.lists(st.sampled_from(["pause", "resume", "throttle", "unthrottle"]), max_size=20))
def test_X3_a_push_producer_runs_while_nobody_has_paused_it(script: list[str]) -> None:
    factory, wrapper, transport = throttled()
    producer = Push()
    wrapper.registerProducer(producer, True)
    full = is_throttled = False
    for step in script:
        if step.endswith("throttle"):
            is_throttled = step == "throttle"
            getattr(factory, step + "Writes")()
        else:
            full = step == "pause"
            getattr(transport.producer, step + "Producing")()
        assert (len(producer.calls) % 2 == 1) == (full or is_throttled)
    pairs = len(producer.calls)
    assert producer.calls == (["pause", "resume"] * pairs)[:pairs]


@given(st.lists(st.sampled_from(["ask", "throttle", "unthrottle"]), max_size=20))
def test_X3_L6_a_pull_producer_is_asked_when_both_agree(script: list[str]) -> None:
    factory, wrapper, transport = throttled()
    producer = Producer()
    wrapper.registerProducer(producer, False)
    asked = 0
    is_waiting = is_throttled = False
    for step in script:
        if step == "ask":
            transport.producer.resumeProducing()
            is_waiting = is_throttled
            asked += not is_throttled
        else:
            is_throttled = step == "throttle"
            getattr(factory, step + "Writes")()
            if not is_throttled and is_waiting:
                is_waiting = False
                asked += 1
        assert producer.calls == ["resume"] * asked


def test_X3_who_registers_while_throttled_waits() -> None:
    factory, wrapper, transport = throttled()
    factory.throttleWrites()
    push = Push()
    wrapper.registerProducer(push, True)
    assert push.calls == ["pause"]
    wrapper.unregisterProducer()
    pull = Producer()
    wrapper.registerProducer(pull, False)
    transport.producer.resumeProducing()
    assert pull.calls == []
    factory.unthrottleWrites()
    assert pull.calls == ["resume"]
    assert push.calls == ["pause"]  # C12: nothing once it is unregistered


def test_X3_lifting_the_read_throttle_leaves_the_applications_pause_alone() -> None:
    factory, wrapper, transport = throttled()
    wrapper.pauseProducing()
    factory.throttleReads()
    factory.unthrottleReads()
    assert "resume" not in transport.calls
    wrapper.resumeProducing()
    assert transport.calls[-1] == "resume"


def test_X3_the_applications_resume_leaves_the_read_throttle_alone() -> None:
    factory, wrapper, transport = throttled()
    factory.throttleReads()
    wrapper.pauseProducing()
    wrapper.resumeProducing()
    assert "resume" not in transport.calls
    factory.unthrottleReads()
    assert transport.calls[-1] == "resume"


def test_C1_thr_throttles_the_first_not_the_refused() -> None:
    factory, wrapper, _transport = throttled()
    first, second = Push(), Push()
    wrapper.registerProducer(first, True)
    with pytest.raises(RuntimeError):
        wrapper.registerProducer(second, True)
    factory.throttleWrites()
    assert first.calls == ["pause"]
    assert second.calls == []
    assert wrapper.producer is first


def test_C1_thr_shows_the_producers_themselves(wire: Any) -> None:
    wrapper = policies.ThrottlingProtocol(Thrower(Server()), Protocol())
    wrapper.makeConnection(wire.near)
    first, second = wire.producer("A"), wire.producer("B")
    wrapper.registerProducer(first, True)
    with pytest.raises(RuntimeError) as raised:
        wrapper.registerProducer(second, True)
    assert str(raised.value) == (
        f"Cannot register producer {second!r}, because producer {first!r} was never unregistered."
    )
    wrapper.unregisterProducer()


def test_C2_thr_does_not_keep_who_was_stopped(wire: Any) -> None:
    factory = Thrower(Server())
    wrapper = policies.ThrottlingProtocol(factory, Protocol())
    wrapper.makeConnection(wire.near)
    wire.near.abortConnection()
    producer = Push()
    wrapper.registerProducer(producer, True)
    assert producer.calls == ["stop"]
    assert wrapper.producer is None


def test_C13_thr_unregisters_nobody(wire: Any) -> None:
    wrapper = policies.ThrottlingProtocol(Thrower(Server()), Protocol())
    wrapper.makeConnection(wire.near)
    wrapper.unregisterProducer()
    producer = wire.producer()
    wrapper.registerProducer(producer, True)
    wrapper.unregisterProducer()
    wrapper.unregisterProducer()
    assert producer.calls == []


def test_C13_thr_throttles_a_connection_without_producer(wire: Any) -> None:
    factory = Thrower(Server())
    wrapper = policies.ThrottlingProtocol(factory, Protocol())
    wrapper.makeConnection(wire.near)
    factory.throttleWrites()
    factory.unthrottleWrites()


def test_C15_thr_answers_as_a_transport_does() -> None:
    factory, wrapper, transport = throttled()
    for bad in ("text", 1, None, bytearray(b"x")):
        with pytest.raises(TypeError, match=r"^Data must be bytes$"):
            wrapper.write(bad)
    with pytest.raises(TypeError):
        wrapper.writeSequence([b"good", "bad"])
    assert transport.value() == b""
    assert factory.writtenThisSecond == 0


def test_C18_thr_writes_a_generator() -> None:
    factory, wrapper, transport = throttled()
    wrapper.writeSequence(piece for piece in (b"ab", b"cd"))
    assert transport.value() == b"abcd"
    assert factory.writtenThisSecond == 4


def test_C18_other_wrappers_write_a_generator(tmp_path: Any) -> None:
    for factory in (
        policies.WrappingFactory(Server()),
        policies.TimeoutFactory(Server(), None),
        policies.SpewingFactory(Server()),
        policies.TrafficLoggingFactory(Server(), f"{tmp_path}/log"),
    ):
        wrapper = factory.buildProtocol(None)
        transport = StringTransport()
        wrapper.makeConnection(transport)
        wrapper.writeSequence(piece for piece in (b"ab", b"cd"))
        assert transport.value() == b"abcd"
        if hasattr(wrapper, "logfile"):
            wrapper.logfile.close()


def test_C24_thr_keeps_nobody_whose_first_answer_raises(wire: Any) -> None:
    wrapper = policies.ThrottlingProtocol(Thrower(Server()), Protocol())
    wrapper.makeConnection(wire.near)

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wrapper.registerProducer(Producer(fail), False)
    assert wrapper.producer is None
    assert wire.near.producer is None


def test_P6_one_bad_producer_does_not_free_the_others(errors: list[Any]) -> None:
    factory = Thrower(Server(), writeLimit=10)
    wrappers = [factory.buildProtocol(None) for _ in range(2)]
    producers = [Push(), Push()]

    def fail() -> None:
        raise ZeroDivisionError

    producers[0].pauseProducing = fail  # type: ignore[method-assign]
    for wrapper, producer in zip(wrappers, producers, strict=True):
        wrapper.makeConnection(Transport())
        wrapper.registerProducer(producer, True)
    wrappers[0].write(b"x" * 20)
    factory.clock.advance(1)
    assert producers[1].calls == ["pause"]
    assert factory.checkWriteBandwidthID.active()
    assert [type(e) for e in errors] == [ZeroDivisionError]
    errors.clear()


def test_X3_thr_limits_a_pull_producer_on_a_socket(wire: Any) -> None:
    """The limit holds for FileSender too, and the whole file arrives."""
    factory = Thrower(Server(), writeLimit=100_000)
    factory.checkWriteBandwidth()
    wrapper = policies.ThrottlingProtocol(factory, Protocol())
    factory.connectionCount += 1
    wrapper.makeConnection(wire.near)
    data = b"x" * 3_000_000
    FileSender().beginFileTransfer(io.BytesIO(data), wrapper)
    seconds = 0
    while wire.near.producer is not None:
        wire.turn(15)
        assert seconds < 200
        factory.clock.advance(1)
        seconds += 1
    wire.until(lambda: len(wire.far_ear.received) == len(data))
    assert seconds > 10


# wrap


def test_X7_a_wrapper_does_not_pass_half_closes_on() -> None:
    wrapper = policies.ProtocolWrapper(policies.WrappingFactory(Server()), Protocol())
    wrapper.makeConnection(StringTransport())
    assert not IHalfCloseableProtocol.providedBy(wrapper)


def test_X7_a_half_close_through_a_wrapper_ends_the_connection(half_wire: Any) -> None:
    wrapper = policies.ProtocolWrapper(policies.WrappingFactory(Server()), half_wire.near_ear)
    half_wire.near.protocol = wrapper
    wrapper.makeConnection(half_wire.near)
    half_wire.far.loseWriteConnection()
    half_wire.until(lambda: half_wire.near_ear.reason)
    assert "near readLost" not in half_wire.events


def test_T9_a_wrapper_stops_consuming(wire: Any) -> None:
    wrapper = policies.ThrottlingProtocol(Thrower(Server()), Protocol())
    wrapper.makeConnection(wire.near)
    producer = wire.producer()
    wrapper.registerProducer(producer, True)
    wrapper.stopConsuming()
    assert wrapper.producer is None
    assert producer.calls == []
    wire.quiet()
    assert wire.far_ear.reason.type is ConnectionDone


# portforward


class Chain:
    """A client and a server with a forwarding port between them, turned by hand."""

    def __init__(self, wire: Any, proxy_class: Any = portforward.ProxyServer) -> None:
        self.reactor = wire.reactor
        ear = type(wire.near_ear)
        self.events: list[str] = []
        self.server, self.client = ear("server", self.events), ear("client", self.events)
        behind, before = Factory(), ClientFactory()
        behind.buildProtocol = lambda address: self.server  # type: ignore
        before.buildProtocol = lambda address: self.client  # type: ignore
        self.behind = self.reactor.listenTCP(0, behind, interface="127.0.0.1")
        self.factory = portforward.ProxyFactory("127.0.0.1", self.behind.getHost().port)
        self.factory.protocol = proxy_class
        built = self.factory.buildProtocol

        def build(address: Any) -> Any:
            self.middle = built(address)
            self.middle.reactor = self.reactor
            return self.middle

        self.factory.buildProtocol = build  # type: ignore
        for factory in (behind, before, self.factory):
            factory.noisy = False
        self.port = self.reactor.listenTCP(0, self.factory, interface="127.0.0.1")
        self.reactor.connectTCP("127.0.0.1", self.port.getHost().port, before)
        wire.until(lambda: self.server.transport and self.client.transport)
        wire.turn(3)

    def close(self, wire: Any) -> None:
        for port in (self.behind, self.port):
            port.stopListening()
        for ear in (self.server, self.client):
            if ear.reason is None:
                ear.transport.abortConnection()
        wire.until(lambda: self.server.reason and self.client.reason)
        wire.turn(5)


@pytest.fixture
def chain(wire: Any) -> Any:
    made: list[Chain] = []

    def make(proxy_class: Any = portforward.ProxyServer) -> Chain:
        made.append(Chain(wire, proxy_class))
        return made[-1]

    yield make
    for one in made:
        one.close(wire)


def test_X1_portforward_both_ways(wire: Any, chain: Any) -> None:
    link = chain()
    up, down = bytes(range(256)) * 3_000, bytes(range(255, -1, -1)) * 3_000
    link.client.transport.write(up)
    link.server.transport.write(down)
    wire.until(lambda: len(link.server.received) == len(up))
    wire.until(lambda: len(link.client.received) == len(down))
    assert bytes(link.server.received) == up
    assert bytes(link.client.received) == down


def test_X2_portforward_holds_little(wire: Any, chain: Any) -> None:
    link = chain()
    link.client.transport.pauseProducing()
    wire.turn(2)
    total = 30_000_000
    link.server.transport.write(b"x" * total)
    left = 0
    while left != link.server.transport._outbox.size:
        left = link.server.transport._outbox.size
        wire.turn(20)
    held = link.middle.transport._outbox.size
    assert held <= 2 * LIMIT + 65_536
    assert left > total / 2
    link.client.transport.resumeProducing()
    wire.until(lambda: len(link.client.received) == total)


@pytest.mark.parametrize("abort", [False, True])
def test_X8_a_clean_end_behind_everything(wire: Any, chain: Any, abort: bool) -> None:
    class Server(portforward.ProxyServer):
        abort_on_unclean_end = abort

    link = chain(Server)
    total = 5_000_000
    link.server.transport.write(b"x" * total)
    link.server.transport.loseConnection()
    wire.until(lambda: link.client.reason)
    assert len(link.client.received) == total
    assert link.client.reason.type is ConnectionDone


def test_X8_nothing_is_read_before_there_is_another_side() -> None:
    factory = portforward.ProxyFactory("elsewhere", 80)
    server: Any = factory.buildProtocol(None)
    server.reactor = reactor = MemoryReactor()
    near, far = Transport(), Transport()
    server.makeConnection(near)
    assert near.calls == ["pause"]
    client = reactor.tcpClients[0][2].buildProtocol(None)
    client.makeConnection(far)
    assert near.calls == ["pause", "resume"]
    assert near.producer is far
    assert far.producer is near
    assert near.streaming
    assert far.streaming


def test_X9_an_unclean_end_is_a_clean_one_as_in_twisted(wire: Any, chain: Any) -> None:
    link = chain()
    link.server.transport.abortConnection()
    wire.until(lambda: link.client.reason)
    assert link.client.reason.type is ConnectionDone


def test_X9_an_unclean_end_is_an_abort_if_told_so(wire: Any, chain: Any) -> None:
    link = chain()
    link.middle.peer.abort_on_unclean_end = True
    # linger 0 makes the close a reset, which is unclean for the middle
    link.server.transport.socket.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    link.middle.transport.socket.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    link.server.transport.abortConnection()
    wire.until(lambda: link.client.reason)
    assert link.client.reason.check(ConnectionLost)


def test_portforward_when_nobody_listens(wire: Any, chain: Any) -> None:
    factory = portforward.ProxyFactory("elsewhere", 80)
    server: Any = factory.buildProtocol(None)
    server.reactor = reactor = MemoryReactor()
    near = Transport()
    server.makeConnection(near)
    reactor.tcpClients[0][2].clientConnectionFailed(None, Failure(ConnectionLost()))
    assert near.disconnecting

"""What Twisted was seen to do in layers, with TLS that starts late, and with several ends."""

from __future__ import annotations

import gc
import io
import weakref
from contextlib import suppress
from typing import Any

import pytest

kinds = pytest.mark.kinds

SOCKETS = "tcp unix wrap thr"


@pytest.fixture
def late_tls(stage: Any, tls_identity: Any) -> Any:
    """A plain connection that can be turned to TLS."""
    stage.identity = tls_identity
    return stage


# TLS that starts late


@kinds("tcp")
def test_twisted_T16_a_push_producer_is_carried_over(late_tls: Any) -> None:
    """= A push producer that is registered when TLS starts stays registered, and is paused and
    resumed from then on as TLS has room."""
    stage = late_tls
    producer = stage.registered()
    stage.start_tls()
    with pytest.raises(RuntimeError):
        stage.near.registerProducer(stage.push("Q"), True)
    stage.far_to_tls()
    stage.until(lambda: not stage.shakes_hands)
    stage.quiet()
    del stage.events[:]
    stage.reads = False
    stage.near.write(b"x" * 600_000)
    stage.turn(2)
    assert producer.calls() == ["pause"]
    stage.reads = True
    stage.until(lambda: len(stage.received) == 600_000)
    stage.quiet()
    assert producer.calls() == ["pause", "resume"]


@kinds("tcp")
def test_twisted_T16_a_pull_producer_is_carried_over(late_tls: Any) -> None:
    """= A pull producer that is registered when TLS starts is asked to its end, through TLS."""
    stage = late_tls
    producer = stage.registered(streaming=False)
    left = [b"x" * 20_000] * 10

    def give() -> None:
        if left:
            stage.near.write(left.pop())
        else:
            stage.near.unregisterProducer()

    producer.on["resume"] = give
    stage.start_tls()
    stage.far_to_tls()
    stage.until(lambda: len(stage.received) == 200_000)
    stage.quiet()
    stage.near.registerProducer(stage.push("Q"), True)


@kinds("tcp")
def test_twisted_T16_the_paused_one_stays_paused(late_tls: Any) -> None:
    """+ A push producer that is paused when TLS starts is not resumed, though all that it has
    written is sent and the handshake is over.

    It is resumed.
    """
    stage = late_tls
    stage.full()
    stage.start_tls()
    clear = 0
    while clear < 600_000:  # and not a byte of what comes behind it
        stage.turn()
        with suppress(BlockingIOError):
            clear += len(stage.far.recv(600_000 - clear))
    stage.far_to_tls()
    stage.reads = True
    stage.until(lambda: not stage.shakes_hands)
    stage.quiet()
    assert stage.events == ["P pause", *stage.says(twisted=[], pcstream=["P resume"])]


@kinds("tcp")
def test_twisted_T16_it_is_stopped_once(late_tls: Any) -> None:
    """= When the connection is lost, a producer from before TLS is stopped once, before the
    protocol hears."""
    stage = late_tls
    stage.registered()
    stage.start_tls()
    stage.far_to_tls()
    stage.until(lambda: not stage.shakes_hands)
    stage.quiet()
    stage.vanish()
    stage.until_lost()
    stage.quiet()
    told = [event for event in stage.events if event not in ("P pause", "P resume")]
    assert told[0] == "P stop"
    assert len(told) == 2


@kinds("tcp")
def test_twisted_T17_clear_before_and_secret_behind(late_tls: Any) -> None:
    """= What was written before ``startTLS`` goes in the clear, what comes behind it does not;
    all of it in order."""
    stage = late_tls
    stage.near.write(b"clear")
    stage.start_tls()
    stage.near.write(b"secret")
    stage.until(lambda: len(stage.received) >= 5)
    assert bytes(stage.received[:5]) == b"clear"
    hello = bytes(stage.received[5:])
    assert b"secret" not in hello


@kinds("tcp")
def test_twisted_T17_and_all_of_it_arrives(late_tls: Any) -> None:
    """= What is written behind ``startTLS``, before the handshake, arrives after it."""
    stage = late_tls
    stage.start_tls()
    stage.near.write(b"secret")
    stage.far_to_tls()
    stage.until(lambda: bytes(stage.received) == b"secret")


# Several ends


@kinds(SOCKETS)
def test_twisted_T18_an_abort_overtakes_a_close(stage: Any) -> None:
    """= ``abortConnection`` while it is closing discards what was not sent; the reason is
    ``ConnectionAborted``."""
    stage.full()
    stage.near.loseConnection()
    stage.turn(2)
    stage.near.abortConnection()
    stage.until_lost()
    assert stage.events == ["P pause", "P stop", "lost ConnectionAborted"]
    stage.reads = True
    stage.turn(5)
    assert len(stage.received) < 600_000


@kinds(SOCKETS + " tls proc stdio")
def test_twisted_T19_closing_twice_is_closing_once(stage: Any) -> None:
    """= A second and a third ``loseConnection`` change nothing, before and after the loss."""
    stage.near.write(b"x" * 1000)
    stage.near.loseConnection()
    stage.near.loseConnection()
    stage.until_lost()
    stage.near.loseConnection()
    stage.quiet()
    assert len(stage.received) == 1000
    assert len([event for event in stage.events if event.startswith("lost")]) == 1


@kinds(SOCKETS + " tls")
def test_twisted_T20_the_peer_goes_while_it_is_closing(stage: Any) -> None:
    """= If the peer goes while it is closing, the producer is stopped once, and the loss is told
    once."""
    stage.full()
    stage.near.loseConnection()
    stage.turn(2)
    stage.vanish()
    stage.until_lost()
    stage.quiet()
    told = [event for event in stage.events if event not in ("P pause", "P resume")]
    assert told[0] == "P stop"
    assert told[1].startswith("lost")
    assert len(told) == 2


@kinds(SOCKETS)
def test_twisted_T21_unregistering_behind_an_abort(stage: Any) -> None:
    """= A producer that unregisters behind an abort hears nothing, not even the stop."""
    stage.full()
    stage.near.abortConnection()
    stage.near.unregisterProducer()
    stage.until_lost()
    assert stage.events == ["P pause", "lost ConnectionAborted"]


@kinds("tcp unix")
def test_twisted_T22_its_phase_can_be_seen(stage: Any) -> None:
    """= ``connected`` is true up to the loss, and false inside the stop and ``connectionLost``;
    ``disconnecting`` is true from ``loseConnection`` on."""
    seen: list[Any] = []

    def look() -> None:
        seen.append((bool(stage.near.connected), bool(stage.near.disconnecting)))

    producer = stage.registered()
    producer.on["stop"] = look
    stage.ear.on["lost"] = look
    look()
    stage.near.write(b"x")
    stage.near.loseConnection()
    look()
    stage.until_lost()
    assert seen == [(True, False), (True, True), (False, True), (False, True)]


@kinds("tcp unix wrap thr tls")
@pytest.mark.parametrize("size", [10, 600_000])
def test_twisted_T23_what_came_before_the_loss_is_delivered(stage: Any, size: int) -> None:
    """= What the peer has sent before it went is delivered, although a write finds out first that
    it has gone."""
    stage.reads = False
    stage.near.write(b"x" * size)
    if size > 10:
        stage.turn(3)
    stage.tell(b"last words")
    stage.vanish()
    stage.until_lost()
    assert bytes(stage.ear.received) == b"last words"
    assert stage.events[-1] == "lost ConnectionLost"


@kinds("tcp unix")
def test_twisted_T23_a_loss_without_words(stage: Any) -> None:
    """= If it has sent nothing, nothing is delivered, and the reason is ``ConnectionLost``."""
    stage.reads = False
    stage.near.write(b"x" * 10)
    stage.turn()
    stage.near.write(b"x" * 10)
    stage.vanish()
    stage.until_lost()
    assert stage.ear.deliveries == 0
    assert stage.events == ["lost ConnectionLost"]


@kinds("tcp unix")
def test_twisted_T23_not_to_the_paused(stage: Any) -> None:
    """= Nor is anything delivered to one that is paused."""
    stage.near.pauseProducing()
    stage.near.write(b"x" * 10)
    stage.tell(b"last words")
    stage.vanish()
    stage.until_lost()
    assert stage.ear.deliveries == 0


@kinds("tcp unix wrap thr proc stdio tls")
@pytest.mark.parametrize("streaming", [True, False])
def test_twisted_C41_it_lets_go(stage: Any, streaming: bool) -> None:
    """= Nothing refers to a producer any more once it has unregistered."""
    producer = stage.registered(streaming)
    stage.near.unregisterProducer()
    stage.package.turn(2)
    gone = weakref.ref(producer)
    del producer
    if stage.kind == "tls":
        gc.collect(1)  # an adapter's task is a circle
    assert gone() is None


@kinds(SOCKETS + " stdio")
def test_twisted_P9_a_transport_stopped_while_paused(stage: Any) -> None:
    """= ``stopProducing`` on a paused transport closes it; nothing more is delivered."""
    stage.near.pauseProducing()
    stage.tell(b"x")
    stage.turn(2)
    stage.near.stopProducing()
    stage.until_lost()
    assert stage.ear.deliveries == 0


# Layers


@kinds("layers")
def test_twisted_X10_one_stop_through_all_layers(stage: Any) -> None:
    """= Wrapper in throttle in TLS: one stop, before the protocol hears; then whoever registers is
    stopped."""
    stage.registered()
    stage.vanish()
    stage.until_lost()
    stage.quiet()
    assert stage.events[0] == "P stop"
    assert len(stage.events) == 2
    stage.registered(name="Q")
    assert stage.events[2:] == ["Q stop"]


@kinds("layers")
def test_twisted_X11_one_pause_through_all_layers(stage: Any) -> None:
    """= Wrapper in throttle in TLS: one pause within the write, one resume, all bytes in order."""
    stage.reads = False
    stage.registered()
    data = bytes(range(250)) * 2_400
    stage.near.write(data)
    assert stage.events == ["P pause"]
    stage.reads = True
    stage.until(lambda: len(stage.received) == len(data))
    stage.quiet()
    assert bytes(stage.received) == data
    assert stage.events == ["P pause", "P resume"]


@kinds("layers")
def test_twisted_X11_a_pull_producer_through_all_layers(stage: Any) -> None:
    """= A pull producer is asked to its end through all layers."""
    left = [b"x" * 20_000] * 10
    producer = stage.pull()

    def give() -> None:
        if left:
            stage.near.write(left.pop())
        else:
            stage.near.unregisterProducer()

    producer.on["resume"] = give
    stage.near.registerProducer(producer, False)
    stage.until(lambda: len(stage.received) == 200_000)
    stage.quiet()


@kinds("wrap thr tls layers")
def test_twisted_X12_a_refusal_through_all_layers(stage: Any) -> None:
    """= However many layers, the second producer is refused with ``RuntimeError``, and the first
    stays."""
    stage.registered()
    with pytest.raises(RuntimeError):
        stage.near.registerProducer(stage.push("Q"), True)
    stage.reads = False
    stage.near.write(b"x" * 600_000)
    assert stage.events == ["P pause"]


# Producers again


def test_twisted_F10_each_chunk_is_transformed_once(package: Any, sink: Any) -> None:
    """= ``FileSender`` transforms each chunk once, in order, and reads no further than asked."""
    seen: list[bytes] = []

    def note(data: bytes) -> bytes:
        seen.append(data[:1])
        return data

    sender = package.protocols_basic.FileSender()
    sender.CHUNK_SIZE = 10
    file = io.BytesIO(b"a" * 10 + b"b" * 10 + b"c" * 5)
    done = sender.beginFileTransfer(file, sink, note)
    assert file.tell() == 0
    sender.resumeProducing()
    assert file.tell() == 10
    for _ in range(3):
        sender.resumeProducing()
    assert seen == [b"a", b"b", b"c"]
    assert sink.data == file.getvalue()
    done.addErrback(lambda failure: None)


def test_twisted_F11_a_sender_may_be_used_again(package: Any, sink: Any) -> None:
    """= ``FileSender`` can begin another transfer when one is over."""
    sender = package.protocols_basic.FileSender()
    got: list[Any] = []
    for data in (b"one", b"two"):
        sender.beginFileTransfer(io.BytesIO(data), sink).addCallback(got.append)
        sender.resumeProducing()
        sender.resumeProducing()
    assert got == [b"e", b"o"]
    assert sink.data == b"onetwo"


def test_twisted_A7_a_pause_inside_the_request_holds(package: Any, pull: Any, sink: Any) -> None:
    """= ``_PullToPush``: paused from inside the request's own ``write``, it asks no more."""
    producer = pull()
    producer.on["resume"] = lambda: sink.write(b"x")
    adapter = package.pull_to_push(producer, sink)
    sink.on["write"] = adapter.pauseProducing
    package.closers.append(adapter.stopStreaming)
    adapter.startStreaming()
    package.quiet()
    assert sink.data == b"x"
    adapter.resumeProducing()
    package.quiet()
    assert sink.data == b"xx"

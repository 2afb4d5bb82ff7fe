"""What Twisted's transports were seen to do with their lives, rule by rule; see ``conftest``."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import pytest

kinds = pytest.mark.kinds

SOCKETS = "tcp unix wrap thr"


@kinds("tcp unix wrap thr tls proc stdio")
def test_twisted_T1_what_was_written_is_sent_first(stage: Any) -> None:
    """= ``loseConnection`` behind a large write: all of it arrives, then the end."""
    stage.reads = False
    stage.near.write(b"x" * 600_000)
    stage.near.loseConnection()
    stage.turn(3)
    assert not stage.lost
    stage.reads = True
    stage.until_lost()
    stage.quiet()
    assert len(stage.received) == 600_000
    assert stage.far_end == ("" if stage.kind == "stdio" else "eof")


@kinds(SOCKETS)
def test_twisted_T1_it_waits_for_a_peer_that_does_not_read(stage: Any) -> None:
    """! No deadline is set: nothing in the reactor would end the wait.

    The same, unless ``close_timeout_s`` is set.
    """
    stage.reads = False
    stage.near.write(b"x" * 600_000)
    stage.near.loseConnection()
    stage.turn(20)
    assert not stage.lost
    assert stage.reactor.getDelayedCalls() == []


@kinds("tcp unix wrap thr stdio")
def test_twisted_T2_an_idle_push_producer_is_stopped(stage: Any) -> None:
    """! A push producer that is not paused is stopped, and the connection closed at once.

    The same, unless ``waits_for_producer`` is set.
    """
    stage.registered()
    stage.near.write(b"x")
    stage.near.loseConnection()
    stage.until_lost()
    assert stage.events == ["P stop", "lost ConnectionDone"]


@kinds("tcp unix wrap thr stdio")
def test_twisted_T2_a_paused_push_producer_is_waited_for(stage: Any) -> None:
    """= A push producer that is paused is resumed once and then waited for."""
    stage.full()
    stage.near.loseConnection()
    stage.reads = True
    stage.quiet()
    assert stage.events == ["P pause", "P resume"]
    assert not stage.lost
    stage.near.unregisterProducer()
    stage.until_lost()
    assert "P stop" not in stage.events


@kinds("tcp unix wrap thr stdio proc")
def test_twisted_T2_a_pull_producer_is_waited_for(stage: Any) -> None:
    """= A pull producer is asked to its end."""
    left = [b"x" * 5000] * 20
    producer = stage.pull()

    def give() -> None:
        if left:
            stage.near.write(left.pop())
        else:
            stage.near.unregisterProducer()

    producer.on["resume"] = give
    stage.near.registerProducer(producer, False)
    stage.near.loseConnection()
    stage.until_lost()
    stage.quiet()
    assert len(stage.received) == 100_000


@kinds("tls")
def test_twisted_T2_tls_waits_for_either(stage: Any) -> None:
    """= A push producer is waited for even if it is idle."""
    stage.registered()
    stage.near.loseConnection()
    stage.quiet()
    assert stage.events == []
    assert not stage.lost
    stage.near.unregisterProducer()
    stage.until_lost()


@kinds("tcp unix wrap thr proc stdio")
def test_twisted_T3_what_is_written_while_closing_arrives(stage: Any) -> None:
    """= What is written together with the unregistration arrives."""
    producer = stage.full()
    stage.near.loseConnection()

    def end() -> None:
        stage.near.write(b"e" * 200_000)
        stage.near.unregisterProducer()

    producer.on["resume"] = end
    stage.reads = True
    stage.until_lost()
    stage.quiet()
    assert len(stage.received) == 800_000


@kinds("tls")
def test_twisted_T3_C14_tls_loses_what_comes_with_the_unregistration(stage: Any) -> None:
    """+ What is written in the turn of the unregistration is lost, and the end is a clean one.

    It arrives.
    """
    stage.registered()
    stage.near.loseConnection()
    stage.near.write(b"last words")
    stage.near.unregisterProducer()
    stage.until_lost()
    stage.quiet()
    assert bytes(stage.received) == stage.says(twisted=b"", pcstream=b"last words")
    assert stage.far_end == "eof"


@kinds(SOCKETS)
def test_twisted_T4_abort_returns_first(stage: Any) -> None:
    """= ``abortConnection`` calls nobody; stop and loss come later, with ``ConnectionAborted``."""
    stage.full()
    stage.near.abortConnection()
    assert stage.events == ["P pause"]
    stage.near.abortConnection()
    stage.until_lost()
    stage.package.turn(3)
    assert stage.events == ["P pause", "P stop", "lost ConnectionAborted"]


@kinds("tls")
def test_twisted_T4_tls_gives_another_reason(stage: Any) -> None:
    """+ The reason is ``ConnectionLost`` or an error of OpenSSL's.

    ``ConnectionAborted``.
    """
    stage.near.abortConnection()
    stage.until_lost()
    said = stage.events[-1]
    assert (said == "lost ConnectionAborted") is not stage.is_twisted


@kinds("proc stdio")
def test_twisted_T4_pipes_cannot_be_aborted(stage: Any) -> None:
    """! There is no ``abortConnection``."""
    assert not hasattr(stage.near, "abortConnection")


@kinds("tcp unix")
def test_twisted_T4_writes_after_an_abort_still_pause(stage: Any) -> None:
    """+ A write after ``abortConnection`` is queued, and pauses the producer.

    It is dropped, and nobody is called.
    """
    stage.registered()
    stage.near.abortConnection()
    stage.near.write(b"x" * 300_000)
    assert stage.events == stage.says(twisted=["P pause"], pcstream=[])


@kinds("tcp unix")
@pytest.mark.parametrize("call", ["loseConnection", "loseWriteConnection", "write"])
def test_twisted_T4_nothing_changes_the_reason(stage: Any, call: str) -> None:
    """= Whatever is called between the abort and the loss, the reason is ``ConnectionAborted``."""
    stage.reads = False
    stage.near.write(b"x" * 600_000)
    stage.near.abortConnection()
    getattr(stage.near, call)(*[b"x"] if call == "write" else [])
    assert stage.events == []
    stage.until_lost()
    assert stage.events == ["lost ConnectionAborted"]


@kinds("tcp unix")
@pytest.mark.late
def test_twisted_T4_but_for_a_half_closed_one(stage: Any) -> None:
    """+ If the sending half was closed before, ``loseConnection`` behind the abort has the
    protocol hear ``ConnectionDone`` from inside the call.

    It hears ``ConnectionAborted`` in a later turn.
    """
    stage.connect(half=True)
    stage.near.loseWriteConnection()
    stage.quiet()
    del stage.events[:]
    stage.near.abortConnection()
    stage.near.loseConnection()
    assert stage.events == stage.says(twisted=["lost ConnectionDone"], pcstream=[])
    stage.until_lost()
    expected = stage.says(twisted="lost ConnectionDone", pcstream="lost ConnectionAborted")
    assert stage.events == [expected]


@kinds(SOCKETS + " tls")
@pytest.mark.parametrize("way", ["lose", "abort", "vanish", "eof"])
def test_twisted_T5_the_loss_is_told_once(stage: Any, way: str) -> None:
    """= ``connectionLost`` once, and nothing to the protocol behind it."""
    if way == "lose":
        stage.near.loseConnection()
    elif way == "abort":
        stage.near.abortConnection()
    elif way == "vanish":
        stage.vanish()
    else:
        stage.far.close()
        stage.far = None
    stage.until_lost()
    deliveries = stage.ear.deliveries
    with suppress(AttributeError):
        stage.near.resumeProducing()
    stage.quiet()
    stage.near.loseConnection()
    stage.quiet()
    assert len(stage.events) == 1
    assert stage.ear.deliveries == deliveries


@kinds(SOCKETS + " tls stdio")
def test_twisted_T5_input_does_not_come_from_inside_a_call(stage: Any) -> None:
    """= ``write``, ``registerProducer`` and ``resumeProducing`` deliver no input themselves."""
    stage.near.pauseProducing()
    stage.tell(b"hello")
    stage.turn(2)
    stage.near.write(b"x")
    stage.registered()
    before = stage.ear.deliveries
    stage.near.resumeProducing()
    assert stage.ear.deliveries == before
    stage.until(lambda: stage.ear.received)


@kinds(SOCKETS + " stdio")
def test_twisted_T6_nothing_after_a_pause(stage: Any) -> None:
    """= Nothing is delivered after ``pauseProducing`` from within a delivery."""
    stage.ear.on["data"] = lambda: stage.near.pauseProducing()
    stage.tell(b"x" * 10)
    stage.until(lambda: stage.ear.deliveries)
    stage.tell(b"y" * 10)
    stage.quiet()
    assert stage.ear.deliveries == 1
    stage.near.resumeProducing()
    stage.until(lambda: stage.ear.deliveries == 2)


@kinds("tls")
def test_twisted_T6_tls_delivers_what_it_has_decrypted(stage: Any) -> None:
    """+ After a pause inside a delivery what arrived in the same read is delivered.

    It is held back until ``resumeProducing``.
    """
    stage.ear.on["data"] = lambda: stage.near.pauseProducing()
    for _ in range(5):
        stage.tell(b"x" * 1000)  # a record each
    stage.until(lambda: stage.ear.deliveries)
    stage.quiet()
    assert (stage.ear.deliveries > 1) is stage.is_twisted
    stage.near.resumeProducing()


@kinds(SOCKETS + " tls stdio")
def test_twisted_T7_pause_and_resume_are_a_state(stage: Any) -> None:
    """= After pause, pause, resume it reads; more resumes change nothing."""
    stage.near.pauseProducing()
    stage.near.pauseProducing()
    stage.near.resumeProducing()
    stage.near.resumeProducing()
    stage.tell(b"x")
    stage.until(lambda: stage.ear.received)
    assert stage.ear.deliveries == 1


@kinds(SOCKETS)
def test_twisted_T7_a_closing_one_does_not_read_again(stage: Any) -> None:
    """= ``resumeProducing`` while it is closing has no effect, before and after the loss."""
    stage.reads = False
    stage.near.write(b"x" * 600_000)
    stage.near.pauseProducing()
    stage.near.loseConnection()
    stage.near.resumeProducing()
    stage.tell(b"x")
    stage.turn(5)
    assert stage.ear.deliveries == 0
    stage.reads = True
    stage.until_lost()
    stage.near.resumeProducing()
    stage.near.pauseProducing()
    stage.quiet()
    assert stage.ear.deliveries == 0


@kinds("stdio")
def test_twisted_T7_standard_input_reads_again_while_closing(stage: Any) -> None:
    """+ ``resumeProducing`` after ``loseConnection`` reads standard input again.

    It has no effect.
    """
    stage.reads = False
    stage.near.write(b"x" * 600_000)
    stage.near.loseConnection()
    stage.near.resumeProducing()
    stage.tell(b"x")
    stage.turn(5)
    assert (stage.ear.deliveries > 0) is stage.is_twisted


@kinds(SOCKETS)
@pytest.mark.parametrize("first", ["pause", "lose"])
def test_twisted_T8_a_paused_one_closes(stage: Any, first: str) -> None:
    """= It closes, whichever of pause and close comes first."""
    calls = [stage.near.pauseProducing, stage.near.loseConnection]
    for call in calls if first == "pause" else reversed(calls):
        call()
    stage.until_lost()
    assert stage.events == ["lost ConnectionDone"]


@kinds("tls")
@pytest.mark.parametrize("first", ["pause", "lose"])
def test_twisted_T8_paused_tls_never_closes(stage: Any, first: str) -> None:
    """+ It never closes, whichever comes first.

    It closes.
    """
    calls = [stage.near.pauseProducing, stage.near.loseConnection]
    for call in calls if first == "pause" else reversed(calls):
        call()
    if not stage.is_twisted:
        stage.until_lost()
    for _ in range(3):
        stage.quiet()
    assert stage.lost is not stage.is_twisted


@kinds(SOCKETS + " stdio")
def test_twisted_T9_stopping_is_losing(stage: Any) -> None:
    """= ``stopProducing`` sends what was written and closes, as ``loseConnection`` does."""
    stage.near.write(b"x" * 1000)
    stage.near.stopProducing()
    stage.until_lost()
    stage.quiet()
    assert len(stage.received) == 1000
    assert stage.events[-1] == "lost ConnectionDone"


@kinds("tcp unix")
def test_twisted_T9_stopConsuming_unregisters_and_loses(stage: Any) -> None:
    """= ``stopConsuming`` lets the producer go without a stop, and closes."""
    stage.registered()
    stage.near.stopConsuming()
    stage.until_lost()
    assert stage.events == ["lost ConnectionDone"]


@kinds("proc")
def test_twisted_T9_a_child_cannot_be_stopped_as_a_producer(stage: Any) -> None:
    """+ A child's transport has no ``stopProducing``.

    It has one.
    """
    assert hasattr(stage.near, "stopProducing") is not stage.is_twisted


@kinds("proc stdio")
def test_twisted_T9_pipes_cannot_stop_consuming(stage: Any) -> None:
    """! There is no ``stopConsuming``."""
    assert not hasattr(stage.near, "stopConsuming")


@kinds("tcp unix")
@pytest.mark.late
def test_twisted_T10_half_close_waits_for_the_buffer(stage: Any) -> None:
    """= What was written is sent before the sending half is closed; then the protocol is told."""
    stage.connect(half=True)
    stage.reads = False
    stage.near.write(b"x" * 600_000)
    stage.near.loseWriteConnection()
    stage.turn(3)
    assert stage.events == []
    stage.reads = True
    stage.quiet()
    assert len(stage.received) == 600_000
    assert stage.far_end == "eof"
    assert stage.events == ["write lost"]


@kinds("tcp unix")
@pytest.mark.late
def test_twisted_T10_but_not_for_a_push_producer(stage: Any) -> None:
    """! The sending half is closed although a push producer is registered.

    The same, unless ``waits_for_producer`` is set.
    """
    stage.connect(half=True)
    stage.registered()
    stage.near.write(b"x")
    stage.near.loseWriteConnection()
    stage.quiet()
    assert stage.far_end == "eof"
    assert "write lost" in stage.events


@kinds("tcp unix")
@pytest.mark.late
def test_twisted_T10_nor_to_an_end_without_a_last_write(stage: Any) -> None:
    """+ If a pull producer unregisters without a last write, the half is never closed.

    It is closed then.
    """
    stage.connect(half=True)
    producer = stage.pull()
    left = [b"a", b"b"]
    producer.on["resume"] = lambda: (
        stage.near.write(left.pop()) if left else stage.near.unregisterProducer()
    )
    stage.near.registerProducer(producer, False)
    stage.near.loseWriteConnection()
    stage.quiet()
    stage.quiet()
    assert bytes(stage.received) == b"ba"
    assert stage.far_end == stage.says(twisted="", pcstream="eof")


@kinds("tcp unix")
@pytest.mark.late
def test_twisted_T10_a_second_time_is_an_end(stage: Any) -> None:
    """+ A second ``loseWriteConnection`` behind the half-close ends the connection uncleanly.

    It has no effect.
    """
    stage.connect(half=True)
    stage.near.loseWriteConnection()
    stage.quiet()
    stage.near.loseWriteConnection()
    stage.quiet()
    assert stage.lost is stage.is_twisted


@kinds("tcp unix")
@pytest.mark.late
def test_twisted_T11_after_half_close_it_is_asked_once(stage: Any) -> None:
    """+ A pull producer registered after the half-close is asked once; its bytes vanish.

    It is stopped at once.
    """
    stage.connect(half=True)
    stage.near.loseWriteConnection()
    stage.quiet()
    del stage.events[:]
    producer = stage.pull()
    producer.on["resume"] = lambda: stage.near.write(b"x")
    stage.near.registerProducer(producer, False)
    stage.quiet()
    assert stage.events == stage.says(twisted=["P resume"], pcstream=["P stop"])
    assert bytes(stage.received) == b""


@kinds("tcp")
def test_twisted_T12_half_closing_the_dead_raises(stage: Any) -> None:
    """+ On epoll ``ValueError``.

    Nothing happens.
    """
    stage.near.loseConnection()
    stage.until_lost()
    if stage.is_twisted:
        with pytest.raises(ValueError, match="negative"):
            stage.near.loseWriteConnection()
    else:
        stage.near.loseWriteConnection()


@kinds("tcp unix")
@pytest.mark.late
def test_twisted_T13_who_can_take_half_goes_on(stage: Any) -> None:
    """= A protocol that can is told of the peer's half-close; its producer goes on."""
    stage.connect(half=True)
    stage.registered()
    stage.far.shutdown(socket.SHUT_WR)
    stage.quiet()
    assert stage.events == ["read lost"]
    stage.near.write(b"still")
    stage.quiet()
    assert bytes(stage.received) == b"still"


@kinds("tcp unix")
def test_twisted_T13_any_other_is_lost(stage: Any) -> None:
    """= For any other the peer's half-close is the end; the producer is stopped first."""
    stage.registered()
    stage.far.shutdown(socket.SHUT_WR)
    stage.until_lost()
    assert stage.events == ["P stop", "lost ConnectionDone"]


@kinds("stdio")
def test_twisted_T14_losing_the_writer_is_told_to_nobody(stage: Any) -> None:
    """! The producer is stopped, the protocol hears nothing, later writes vanish."""
    import os

    stage.registered()
    os.close(stage.far)
    stage.far = None
    stage.near.write(b"x" * 100)
    stage.quiet()
    assert stage.events == ["P stop"]
    stage.near.write(b"more")
    assert stage.quiet() == ["P stop"]
    assert not stage.lost

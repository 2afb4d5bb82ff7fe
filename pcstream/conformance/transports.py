"""Does a consumer that is a transport keep the rules for transports?"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .checking import Checks, Unmet
from .consumer_play import ConsumerPlay
from .recorders import several, unregisters, writes

__all__ = ["CHECKS"]

CHECKS: Checks[ConsumerPlay] = Checks("transport", ConsumerPlay)
rule = CHECKS.rule

_SMALL = 10
_INPUT = b"something from the other end"


def _reason(end: Any) -> str:
    return type(getattr(end, "value", end)).__name__


@rule("T1", needs=("close", "received", "stall", "drain"))
def a_close_flushes(play: ConsumerPlay) -> None:
    """What was written before it arrives."""
    play.stall()
    play.overfill()
    play.close()
    play.settle()
    play.drain()
    if play.expect_received() and play.offers("ended") and not play.subject.ended():
        play.fault("everything has arrived, and the connection is still there")


@rule("T2", needs=("close", "ended"))
def a_close_waits_for_the_producer(play: ConsumerPlay) -> None:
    """A producer that is not paused keeps it open until it unregisters."""
    producer = play.registered()
    play.write(_SMALL)
    play.close()
    play.go_quiet()
    if producer.count("stop") or play.subject.ended():
        play.fault("A was still registered, and the connection was closed")
        return
    play.unregister()
    play.go_quiet()
    if not play.subject.ended():
        play.fault("A has unregistered, and the connection is still there")


@rule("T2", needs=("close", "ended", "stall", "drain"))
def a_close_waits_for_a_paused_producer(play: ConsumerPlay) -> None:
    """One that is paused is resumed, and waited for."""
    play.stall()
    producer = play.registered()
    play.overfilled(producer)
    play.close()
    play.settle()
    play.drain()
    if producer.count("stop") or play.subject.ended():
        play.fault("A was paused and registered, and the connection was closed")
        return
    play.unregister()
    play.go_quiet()
    if not play.subject.ended():
        play.fault("A has unregistered, and the connection is still there")


@rule("T3", needs=("close", "received", "stall", "drain"))
def writes_up_to_the_unregistration(play: ConsumerPlay) -> None:
    """What a resumed producer writes while closing, in the turn in which it unregisters."""
    play.stall()
    producer = play.registered(resume=[several(writes(_SMALL), writes(2000), unregisters)])
    play.overfilled(producer)
    play.close()
    play.settle()
    play.drain()
    if not producer.count("resume"):
        raise Unmet("a consumer that resumes its producer while closing")
    play.expect_received()


@rule("T4", needs=("ended",))
def an_abort(play: ConsumerPlay) -> None:
    """It returns first; then the producer is stopped and the owner hears why."""
    abort = play.method("abortConnection")
    producer = play.registered()
    play.write(_SMALL)
    start = len(producer.heard)
    play.note("consumer.abortConnection()")
    abort()
    if len(producer.heard) > start or play.subject.ended():
        play.fault("A or the owner was called before abortConnection returned")
        return
    if play.subject.fill_limit is not None:
        play.overfill()
    play.note("consumer.abortConnection()")
    abort()
    play.go_quiet()
    if not play.expect_since(producer, start, "stop"):
        return
    ends = [_reason(end) for end in play.subject.ended()]
    if ends != ["ConnectionAborted"]:
        play.fault(f"the owner heard {', '.join(ends) or 'nothing'}, not ConnectionAborted")


@rule("T5", needs=("kill", "ended"))
def one_end(play: ConsumerPlay) -> None:
    """Nothing that is done afterwards brings another one."""
    consumer = play.consumer
    play.kill()
    for name in ("loseConnection", "abortConnection", "stopProducing"):
        method = getattr(consumer, name, None)
        if method is not None:
            play.note(f"consumer.{name}()")
            method()
            play.settle()
    if len(play.subject.ended()) != 1:
        play.fault(f"the owner heard of the end {len(play.subject.ended())} times")


@rule("T6", needs=("feed", "fed"))
def paused_input(play: ConsumerPlay) -> None:
    """Nothing comes while it is paused, and everything after the resume."""
    play.consumer.pauseProducing()
    play.note("consumer.pauseProducing()")
    play.note("(its peer sends something)")
    play.subject.feed(_INPUT)
    play.settle()
    if play.subject.fed():
        play.fault(f"{len(play.subject.fed())} bytes were delivered")
        return
    play.note("consumer.resumeProducing()")
    play.consumer.resumeProducing()
    play.settle()
    if play.subject.fed() != _INPUT:
        play.fault(f"{len(play.subject.fed())} of {len(_INPUT)} bytes were delivered")


@rule("T7", needs=("feed", "fed"))
def pauses_are_not_counted(play: ConsumerPlay) -> None:
    """One resume undoes two pauses."""
    consumer = play.consumer
    for name in ("pauseProducing", "pauseProducing", "resumeProducing"):
        play.note(f"consumer.{name}()")
        getattr(consumer, name)()
    play.note("(its peer sends something)")
    play.subject.feed(_INPUT)
    play.settle()
    if play.subject.fed() != _INPUT:
        play.fault(f"{len(play.subject.fed())} of {len(_INPUT)} bytes were delivered")


@rule("T7", needs=("close",))
def pauses_after_the_end(play: ConsumerPlay) -> None:
    """They are harmless."""
    pause, resume = play.method("pauseProducing"), play.method("resumeProducing")
    play.close()
    play.settle()
    for method in (resume, pause, resume, pause):
        play.note(f"consumer.{method.__name__}()")
        try:
            method()
        except Exception as raised:
            play.fault(f"{type(raised).__name__} was raised: {raised}")
            return
    play.settle()


@rule("T7", needs=("close", "feed", "fed", "stall"))
def a_resume_while_closing(play: ConsumerPlay) -> None:
    """It does not begin to read again."""
    play.stall()
    play.overfill()
    play.close()
    play.note("consumer.resumeProducing()")
    play.method("resumeProducing")()
    play.note("(its peer sends something)")
    play.subject.feed(_INPUT)
    play.settle()
    if play.subject.fed():
        play.fault(f"{len(play.subject.fed())} bytes were delivered while it was closing")


@rule("T8", needs=("close", "ended"))
def a_pause_and_a_close(play: ConsumerPlay) -> None:
    """In either order, the connection ends."""
    for order in ("pause, close", "close, pause"):
        other = play.another()
        pause = other.method("pauseProducing")
        other.write(_SMALL)
        for act in order.split(", "):
            if act == "close":
                other.close()
            else:
                other.note("consumer.pauseProducing()")
                pause()
        other.go_quiet()
        if not play.subject.ended():
            play.fault("the connection is still there")
            return
        play.subject.clean_up()


@rule("T9", needs=("ended",))
def a_stop_closes(play: ConsumerPlay) -> None:
    """``stopProducing`` is a close."""
    stop = play.method("stopProducing")
    play.note("consumer.stopProducing()")
    stop()
    play.go_quiet()
    if not play.subject.ended():
        play.fault("the connection is still there")


@rule("T9", needs=("ended",))
def the_end_of_consuming_closes(play: ConsumerPlay) -> None:
    """``stopConsuming`` unregisters and closes."""
    stop = play.method("stopConsuming")
    producer = play.registered()
    start = len(producer.heard)
    play.note("consumer.stopConsuming()")
    stop()
    play.go_quiet()
    if play.expect_since(producer, start) and not play.subject.ended():
        play.fault("the connection is still there")


@rule("T10", needs=("received", "stall", "drain"))
def a_half_close_waits(play: ConsumerPlay) -> None:
    """What a registered producer writes after it arrives."""
    lose = play.method("loseWriteConnection")
    play.registered()
    play.write(_SMALL)
    play.note("consumer.loseWriteConnection()")
    lose()
    play.go_quiet()
    play.write(_SMALL)
    play.unregister()
    play.go_quiet()
    play.expect_received()


@rule("T11")
def newcomers_after_a_half_close(play: ConsumerPlay) -> None:
    """They are stopped."""
    lose = play.method("loseWriteConnection")
    play.note("consumer.loseWriteConnection()")
    lose()
    play.go_quiet()
    producer = play.push()
    play.register(producer, True)
    play.settle()
    play.expect_heard(producer, "stop")


@rule("T12", needs=("kill",))
def a_half_close_of_the_dead(play: ConsumerPlay) -> None:
    """It does nothing."""
    lose = play.method("loseWriteConnection")
    play.kill()
    play.note("consumer.loseWriteConnection()")
    lose()
    play.settle()


@rule("T13", needs=("half_close", "ended"))
def the_peers_half_close(play: ConsumerPlay) -> None:
    """The protocol can take it, so the producer goes on."""
    producer = play.registered()
    start = len(producer.heard)
    play.note("(its peer closes its sending half)")
    play.subject.half_close()
    play.settle()
    if play.subject.ended():
        play.fault("the owner heard of an end")
    else:
        play.expect_since(producer, start)


@rule("T14", needs=("deafen", "ended"))
def a_peer_that_reads_no_more(play: ConsumerPlay) -> None:
    """The owner hears of it."""
    producer = play.registered()
    play.write(_SMALL)
    play.note("(its peer will never read again)")
    play.subject.deafen()
    play.settle()
    with suppress(Exception):
        play.write(_SMALL)
    play.go_quiet()
    if not play.subject.ended():
        play.fault(f"A heard {producer.heard or 'nothing'}, and the owner nothing")

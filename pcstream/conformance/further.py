"""Rules for consumers and transports that few break: sequences, references, second closes."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from .checking import Checks, Unmet
from .consumer_play import OVERFILL, ConsumerPlay
from .recorders import unregisters, writes

__all__ = ["CONSUMER_CHECKS", "TRANSPORT_CHECKS"]

CONSUMER_CHECKS: Checks[ConsumerPlay] = Checks("consumer", ConsumerPlay)
TRANSPORT_CHECKS: Checks[ConsumerPlay] = Checks("transport", ConsumerPlay)
rule = CONSUMER_CHECKS.rule
transport_rule = TRANSPORT_CHECKS.rule

_SMALL = 10


@rule("C28", needs=("stall", "drain", "drain_some", "received"))
def bytes_cut_anywhere(play: ConsumerPlay) -> None:
    """They leave in parts of odd sizes."""
    play.stall()
    for size in (1, 7, play.limit, 3):
        play.write(size)
    for size in (1, 2, 3, play.limit // 2):
        play.note(f"(its peer takes {size} bytes)")
        play.subject.drain_some(size)
        play.settle()
    play.drain()
    play.expect_received()


@rule("C29", needs=("stall", "drain", "drain_some"))
def no_resume_for_a_part(play: ConsumerPlay) -> None:
    """A is resumed when all is out, once."""
    play.stall()
    producer = play.registered()
    play.overfilled(producer)
    play.note("(its peer takes 100 bytes)")
    play.subject.drain_some(100)
    play.settle()
    if producer.count("resume"):
        play.fault("A was resumed, and most of what was written still waits")
        return
    play.drain()
    if producer.count("resume") > 1:
        play.fault(f"A was resumed {producer.count('resume')} times")


@rule("C30", needs=("stall",))
def asks_once_a_drain(play: ConsumerPlay) -> None:
    """Nothing leaves, so a pull producer is not asked again."""
    play.stall()
    producer = play.pull(resume=[writes(play.limit)] * 5)
    play.register(producer, False)
    play.go_quiet()
    if producer.count("resume") > 1:
        play.fault(f"nothing has been sent, and A was asked {producer.count('resume')} times")


@rule("C31", needs=("stall", "drain", "received"))
def a_peer_that_takes_nothing(play: ConsumerPlay) -> None:
    """Nothing is lost by waiting, and nobody is called."""
    play.stall()
    producer = play.registered()
    play.write(_SMALL)
    start = len(producer.heard)
    play.go_quiet()
    if not play.expect_since(producer, start):
        return
    play.drain()
    if len(play.subject.received()) < len(play.accepted):
        play.expect_received()


@rule("C33", needs=("stall",))
def a_sequence_is_its_sum(play: ConsumerPlay) -> None:
    """It pauses once, for all of it."""
    write = play.method("writeSequence")
    play.stall()
    producer = play.registered()
    size = play.limit // 2 + 1
    play.note(f"consumer.writeSequence({2 * OVERFILL} pieces of {size} bytes)")
    write([play.next_piece(size) for _ in range(2 * OVERFILL)])
    if producer.count("pause") != 1:
        if not producer.count("pause"):
            play.overfilled(producer)
            play.fault("more than there is room for was written, and A was not paused")
        else:
            play.fault(f"A was paused {producer.count('pause')} times within one call")


@rule("C34", needs=("received",))
def empty_sequences(play: ConsumerPlay) -> None:
    """Nothing arrives, and nobody is called."""
    write = play.method("writeSequence")
    producer = play.registered()
    play.settle()
    start = len(producer.heard)
    for pieces in ([], [b"", b""]):
        play.note(f"consumer.writeSequence({pieces!r})")
        write(pieces)
    play.go_quiet()
    if play.subject.received():
        play.fault("something arrived")
    else:
        play.expect_since(producer, start)


@rule("C35", needs=("received",))
def the_callers_list(play: ConsumerPlay) -> None:
    """It may be changed when writeSequence has returned, and it was not."""
    write = play.method("writeSequence")
    pieces = [play.next_piece(_SMALL), play.next_piece(3)]
    play.note("consumer.writeSequence([2 pieces])")
    write(pieces)
    if len(pieces) != 2:
        play.fault("the caller's list was changed")
        return
    play.note("(the caller empties the list)")
    pieces.clear()
    play.go_quiet()
    play.expect_received()


@rule("C36")
def answers_nothing(play: ConsumerPlay) -> None:
    """All calls return None."""
    consumer = play.consumer
    calls: list[tuple[str, Any]] = [
        ("registerProducer", lambda: consumer.registerProducer(play.push(), True)),
        ("write", lambda: consumer.write(play.next_piece(_SMALL))),
        ("unregisterProducer", consumer.unregisterProducer),
    ]
    if hasattr(consumer, "writeSequence"):
        calls.append(("writeSequence", lambda: consumer.writeSequence([play.next_piece(_SMALL)])))
    for name, call in calls:
        play.note(f"consumer.{name}(...)")
        answer = call()
        if answer is not None:
            play.fault(f"{name} answered {answer!r}")
            return


@rule("C37", needs=("stall",))
def another_limit(play: ConsumerPlay) -> None:
    """``bufferSize`` is heeded from the next write on."""
    play.method("bufferSize")
    play.stall()
    producer = play.registered()
    play.write(200)
    if producer.heard:
        raise Unmet("a consumer that leaves push producers alone")
    play.note("consumer.bufferSize = 100")
    play.consumer.bufferSize = 100
    play.settle()
    if producer.heard:
        play.fault(f"A heard {producer.heard[0]} because another limit was set")
        return
    play.write(1)
    if not producer.count("pause"):
        play.fault("201 bytes wait, the limit is 100, and A was not paused")


@rule("C38")
def shows_its_producer(play: ConsumerPlay) -> None:
    """As ``producer``."""
    if not hasattr(play.consumer, "producer"):
        raise Unmet("a consumer with the attribute producer")
    if play.consumer.producer is not None:
        play.note("consumer.producer")
        play.fault(f"nobody is registered, and producer is {play.consumer.producer!r}")
        return
    producer = play.registered()
    if play.consumer.producer is not producer:
        play.fault(f"A is registered, and producer is {play.consumer.producer!r}")
        return
    play.unregister()
    if play.consumer.producer is not None:
        play.fault("A has unregistered, and is still shown")


@rule("C39")
def takes_a_producer_back(play: ConsumerPlay) -> None:
    """It may come again, as the other kind."""
    producer = play.push(resume=[unregisters, unregisters])
    for streaming in (True, False, True):
        if producer.is_unregistered and streaming:
            producer.is_unregistered = False
        play.register(producer, streaming)
        play.go_quiet()
        if streaming:
            play.unregister()
        elif not producer.count("resume"):
            control = play.another().pull(resume=[])
            play.consumer.unregisterProducer()
            play.consumer.registerProducer(control, False)
            play.settle()
            if not control.heard:
                raise Unmet("a consumer that asks pull producers")
            play.fault("A came back as a pull producer, and was not asked")
            return


@rule("C41")
def lets_go_of_the_unregistered(play: ConsumerPlay) -> None:
    """Nothing keeps the producer alive."""
    producer = play.registered()
    play.unregister()
    play.settle()
    gone = weakref.ref(producer)
    del producer
    gc.collect()
    if gone() is not None:
        play.fault("A has unregistered, and is still referred to")


@transport_rule("T15", needs=("stall", "drain", "drain_some", "received", "close"))
def a_close_behind_the_last_part(play: ConsumerPlay) -> None:
    """The rest leaves in parts, while it is closing."""
    play.stall()
    play.write(play.limit)
    play.close()
    for _ in range(3):
        play.note("(its peer takes 100 bytes)")
        play.subject.drain_some(100)
        play.settle()
    if play.offers("ended") and play.subject.ended():
        play.fault("most of what was written still waits, and the connection is closed")
        return
    play.drain()
    play.expect_received()


@transport_rule("T18", needs=("stall", "close", "ended"))
def an_abort_while_closing(play: ConsumerPlay) -> None:
    """It does not wait for what is unsent."""
    abort = play.method("abortConnection")
    play.stall()
    play.overfill()
    play.close()
    play.settle()
    play.note("consumer.abortConnection()")
    abort()
    play.go_quiet()
    ends = [type(getattr(end, "value", end)).__name__ for end in play.subject.ended()]
    if ends != ["ConnectionAborted"]:
        play.fault(f"the owner heard {', '.join(ends) or 'nothing'}, not ConnectionAborted")


@transport_rule("T19", needs=("close", "ended"))
def a_second_close(play: ConsumerPlay) -> None:
    """It does nothing, before the end and after it."""
    play.write(_SMALL)
    play.close()
    play.close()
    play.go_quiet()
    play.close()
    play.go_quiet()
    if len(play.subject.ended()) != 1:
        play.fault(f"the owner heard of {len(play.subject.ended())} ends")


@transport_rule("T20", needs=("stall", "close", "kill", "ended"))
def a_loss_while_closing(play: ConsumerPlay) -> None:
    """One stop, one end."""
    play.stall()
    producer = play.registered()
    play.overfilled(producer)
    play.close()
    play.settle()
    play.kill()
    play.go_quiet()
    if producer.count("stop") != 1 or len(play.subject.ended()) != 1:
        play.fault(
            f"A was stopped {producer.count('stop')} times, "
            f"the owner heard of {len(play.subject.ended())} ends"
        )


@transport_rule("T21", needs=("ended",))
def unregistering_after_an_abort(play: ConsumerPlay) -> None:
    """Whoever does is not stopped."""
    abort = play.method("abortConnection")
    producer = play.registered()
    start = len(producer.heard)
    play.note("consumer.abortConnection()")
    abort()
    play.unregister()
    play.go_quiet()
    play.expect_since(producer, start)


@transport_rule("T22", needs=("stall", "close", "kill"))
def shows_its_life(play: ConsumerPlay) -> None:
    """By ``connected`` and ``disconnecting``."""
    consumer = play.consumer
    for name in ("connected", "disconnecting"):
        if not hasattr(consumer, name):
            raise Unmet(f"a consumer with the attribute {name}")
    play.stall()
    play.overfill()
    seen = []
    if not consumer.connected or consumer.disconnecting:
        seen.append("before the close")
    play.close()
    play.settle()
    if not consumer.disconnecting:
        seen.append("while it is closing")
    play.kill()
    if consumer.connected:
        seen.append("after the end")
    if seen:
        play.fault(f"connected or disconnecting is wrong {' and '.join(seen)}")


def _beyond(checks: Checks[ConsumerPlay], number: str, what: str) -> None:
    @checks.rule(number)
    def beyond(play: ConsumerPlay) -> None:
        raise Unmet(what)


# The kit's subjects have no way to bring these about; that is said, and not passed over.
_beyond(CONSUMER_CHECKS, "C32", "a kernel that fails on demand")
_beyond(CONSUMER_CHECKS, "C40", "a look at what the reactor waits for")
_beyond(TRANSPORT_CHECKS, "T16", "a peer with TLS")
_beyond(TRANSPORT_CHECKS, "T17", "a peer with TLS")
_beyond(TRANSPORT_CHECKS, "T23", "a peer that sends and is gone in the same turn")

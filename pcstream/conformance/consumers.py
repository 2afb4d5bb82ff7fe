"""Does a consumer keep the rules for consumers?  One check a rule, some have two or three."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from . import further, reentrancy, transports
from .checking import Checks, Unmet
from .consumer_play import OVERFILL, ConsumerPlay
from .recorders import (
    FalsyPullRecorder,
    FalsyPushRecorder,
    PlannedError,
    Recorder,
    raises,
    registers,
    several,
    unregisters,
    writes,
)
from .report import Report
from .subjects import ConsumerSubject

__all__ = ["CHECKS", "CONSUMER_PARTS", "TRANSPORT_PARTS", "check_consumer"]

CHECKS: Checks[ConsumerPlay] = Checks("consumer", ConsumerPlay)
rule = CHECKS.rule

#: All that is judged of a consumer, and of one that is a transport.
CONSUMER_PARTS = (CHECKS, further.CONSUMER_CHECKS, reentrancy.CHECKS)
TRANSPORT_PARTS = (transports.CHECKS, further.TRANSPORT_CHECKS)

#: What is no fault of its own if one of the others is broken.
FOLLOWS = {
    "C29": ("C4", "C10"),
    "C30": ("C4",),
    "C31": ("C4", "C10"),
    "C33": ("C5", "C6", "C8", "C26"),
    "C34": ("C15",),
    "C35": ("C16", "C18"),
    "C37": ("C5", "C6", "C7"),
    "C39": ("C1", "C4", "C13"),
    "C41": ("C12",),
    "T15": ("T1", "C16"),
    "T18": ("T4", "T1"),
    "T19": ("T5",),
    "T20": ("C19", "C9", "T5"),
    "T21": ("C12", "T4", "C19"),
    "R1": ("C8", "C16"),
    "R2": ("T1", "C14", "C16"),
    "R3": ("C4", "C10", "C16", "C19", "C22", "T4"),
    "R4": ("C4", "C10"),
    "R5": ("C17", "T3"),
    "R6": ("C19", "T4"),
    "R7": ("C4", "C10"),
    "R8": ("C4",),
    "R9": ("C13", "C19", "C20", "T5"),
    "R10": ("C2", "C13", "C17", "C20", "T5"),
    "R17": ("C16",),
    "R18": ("C14", "C17"),
    "R19": ("C4", "C8", "C10", "C11", "C12", "C17", "C19", "C20", "R1", "R3", "R4", "R6", "R7"),
}

# Less than any limit, and enough to see that it arrived.
_SMALL = 10
_PIECE = 16 * 1024


def check_consumer(
    subject: ConsumerSubject | type[ConsumerSubject] | Callable[[], Any],
    *,
    only: Collection[str] = (),
    deviations: Collection[str] = (),
    search: int = 60,
) -> Report:
    """Judge a consumer.

    :param subject: a :class:`ConsumerSubject`, or just a callable that makes a consumer; with the
        latter many rules are skipped.
    :param only: numbers of rules; by default all are judged. Those for transports are if the
        consumer has ``loseConnection``.
    :param deviations: rules that are known to be broken, besides those that the subject names.
    :param search: how many random sequences of calls are tried for smaller and for further faults;
        that needs hypothesis.
    """
    from . import consumer_search

    subject, name = _as_subject(subject)
    if deviations:
        subject.deviations = {*subject.deviations, *deviations}
    checks: Checks[ConsumerPlay] = Checks("consumer", ConsumerPlay)
    checks.checks = [check for part in CONSUMER_PARTS for check in part.checks]
    made: list[Any] = []

    def make() -> Any:
        made.append(subject.make())
        return made[-1]

    verified = Checks[ConsumerPlay]("consumer", ConsumerPlay)
    first = verified.run(subject, verify=make, interface="IConsumer")
    if not made:
        first.subject = name  # there is nothing to play with
        return first
    if hasattr(made[0], "loseConnection"):
        checks.role = "consumer and transport"
        checks.checks += [check for part in TRANSPORT_PARTS for check in part.checks]
    del made[:]
    return checks.run(
        subject,
        name=name,
        only=only,
        verify=subject.make,
        interface="IConsumer",
        follows=FOLLOWS,
        search=lambda faults: consumer_search.search(subject, faults, search, only),
    )


def _as_subject(subject: Any) -> tuple[ConsumerSubject, str]:
    if isinstance(subject, type) and issubclass(subject, ConsumerSubject):
        subject = subject()
    if isinstance(subject, ConsumerSubject):
        return subject, subject.name or type(subject).__qualname__
    if hasattr(subject, "make"):  # made without our class, by the same rules
        return subject, getattr(subject, "name", "") or type(subject).__qualname__

    class Made(ConsumerSubject):
        """What a plain callable makes."""

        def make(self) -> Any:
            return subject()

    return Made(), getattr(subject, "__qualname__", repr(subject))


@rule("C1")
def one_producer_at_a_time(play: ConsumerPlay) -> None:
    """The first is registered and stays so, whoever comes then."""
    first = play.registered("A")
    for newcomer, streaming in ((play.push("B"), True), (play.pull("C"), False), (first, True)):
        try:
            play.register(newcomer, streaming)
        except RuntimeError:
            pass
        except Exception as raised:
            play.fault(f"{type(raised).__name__} was raised, and not RuntimeError")
            return
        else:
            play.fault(f"{newcomer.name} was accepted although A was registered")
            return
        if newcomer is not first and newcomer.heard:
            play.fault(f"{newcomer.name}, which was refused, heard {newcomer.heard}")
            return
    if play.offers("stall"):
        refused = play.push("D")
        try:
            play.register(refused, True)
        except RuntimeError:
            play.stall()
            play.overfill()
            if refused.heard:
                play.fault(f"D, which was refused, heard {refused.heard}")


@rule("C2", needs=("kill",))
def the_dead_stop_newcomers(play: ConsumerPlay) -> None:
    """Both kinds of producers are stopped, and the second one is, too."""
    play.kill()
    for producer, streaming in ((play.push("A"), True), (play.pull("B"), False)):
        play.register(producer, streaming)
        play.settle()
        if not play.expect_heard(producer, "stop"):
            return


@rule("C3", needs=("close", "received"))
def newcomers_while_closing(play: ConsumerPlay) -> None:
    """A pull producer that comes while something is unsent is heard out."""
    play.write(_SMALL)
    play.close()
    producer = play.pull("A", resume=[writes(_SMALL), writes(_SMALL)])
    play.register(producer, False)
    play.go_quiet()
    if producer.count("stop") and not producer.is_unregistered:
        play.fault("A was stopped instead of being asked")
        return
    play.accepted[_SMALL + producer.written :] = b""
    if producer.written < 2 * _SMALL:
        play.fault(f"A was asked {producer.count('resume')} times and had not finished")
        return
    play.expect_received()


@rule("C4")
def push_producers_are_left_alone(play: ConsumerPlay) -> None:
    """A push producer on an idle consumer hears nothing."""
    producer = play.registered()
    play.go_quiet()
    play.expect_heard(producer)


@rule("C4")
def pull_producers_are_asked(play: ConsumerPlay) -> None:
    """A pull producer is asked on and on, whatever it writes each time."""
    for times in (1, 2):
        play.calls.clear()
        producer = play.pull(resume=[writes(_SMALL, times), writes(play.limit // 4, times)])
        play.register(producer, False)
        play.go_quiet()
        if producer.count("resume") < 3 or not producer.is_unregistered:
            play.fault(f"A was asked {producer.count('resume')} times and had not finished")
            return


@rule("C5", needs=("stall",))
def pauses_within_the_write(play: ConsumerPlay) -> None:
    """The pause is there when the write returns."""
    play.stall()
    producer = play.registered()
    play.overfill()
    if not producer.count("pause"):
        play.fault(f"{len(play.accepted)} bytes wait, and A was not paused within the write")


@rule("C6", needs=("stall", "fill_limit"))
def is_full_above_its_limit(play: ConsumerPlay) -> None:
    """Exactly the limit does not pause, one byte more does."""
    play.stall()
    producer = play.registered()
    play.write(play.limit)
    if producer.count("pause"):
        play.fault(f"A was paused with {play.limit} bytes waiting, its very limit")
        return
    play.write(1)
    if producer.count("pause"):
        return
    calls = list(play.calls)
    play.overfilled(producer)
    play.calls[:] = calls
    play.fault(f"{play.limit + 1} bytes wait, one more than its limit, and A was not paused")


@rule("C7", needs=("fill_limit", "received"))
def counts_what_is_unsent(play: ConsumerPlay) -> None:
    """What has arrived already does not make it full."""
    producer = play.registered()
    for _ in range(3):
        play.write(play.limit)
        if producer.count("pause"):
            play.fault(
                f"A was paused with {play.limit} bytes unsent, "
                f"after {len(play.accepted) - play.limit} had arrived"
            )
            return
        play.go_quiet()
        if len(play.subject.received()) < len(play.accepted):
            raise Unmet("a consumer that is empty when nothing moves")


@rule("C8", needs=("stall",))
def pauses_once(play: ConsumerPlay) -> None:
    """More writes over the limit bring no more pauses."""
    play.stall()
    producer = play.registered()
    play.overfilled(producer)
    play.write(_SMALL)
    play.write(_PIECE)
    if producer.count("pause") > 1:
        play.fault(f"A was paused {producer.count('pause')} times without a resume")


@rule("C9", needs=("stall", "drain"))
def resumes_whom_it_paused(play: ConsumerPlay) -> None:
    """After the drain the paused producer goes on; so it does the second time."""
    producer = play.registered()
    for round_ in (1, 2):
        play.stall()
        play.overfill()
        if producer.count("pause") < round_:
            raise Unmet("a consumer that pauses its producer")
        play.drain()
        if producer.count("resume") < round_:
            play.fault(f"everything has been taken, and A was resumed {round_ - 1} times")
            return


@rule("C10", needs=("stall", "drain"))
def no_resume_for_somebody_elses_pause(play: ConsumerPlay) -> None:
    """The pause of A is not balanced with B."""
    play.stall()
    first = play.registered("A")
    play.overfill()
    play.unregister()
    second = play.registered("B")
    play.drain()
    if second.count("resume") and not second.count("pause"):
        play.fault("B was resumed, and it was A that had been paused")
    elif first.count("resume"):
        raise Unmet("a consumer that leaves unregistered producers alone")


@rule("C10")
def no_resume_without_a_pause(play: ConsumerPlay) -> None:
    """A small write is no reason for a resume."""
    producer = play.registered()
    play.write(_SMALL)
    play.go_quiet()
    if producer.count("resume") and not producer.count("pause"):
        play.fault("A was resumed and had not been paused")


@rule("C11", needs=("stall", "drain"))
def a_pause_within_a_resume_holds(play: ConsumerPlay) -> None:
    """A writes too much within its resume; it is paused there, and resumed later."""
    play.stall()
    producer = play.registered(resume=[writes(OVERFILL * play.limit + 1)])
    play.overfilled(producer)
    play.drain()
    if not producer.count("resume") or producer.heard[0] != "pause":
        raise Unmet("a consumer that resumes its producer after a pause")
    if producer.heard[:3] != ["pause", "resume", "pause"]:
        play.fault("A wrote too much within its resume, and was not paused again")
    elif producer.count("resume") < 2:
        play.fault("A was paused within its resume, and not resumed after that")


@rule("C12", needs=("stall", "drain"))
def silence_after_unregistering_in_a_pause(play: ConsumerPlay) -> None:
    """A unregisters within its pause."""
    play.stall()
    producer = play.registered(pause=[unregisters])
    play.overfilled(producer)
    start = len(producer.heard)
    play.overfill()
    play.drain()
    play.expect_since(producer, start)


@rule("C12", needs=("stall", "drain"))
def silence_after_unregistering_in_a_resume(play: ConsumerPlay) -> None:
    """A unregisters within its resume, after a last write."""
    play.stall()
    gone: list[int] = []
    producer = play.registered(
        resume=[several(writes(_SMALL), unregisters, lambda it: gone.append(len(it.heard)))]
    )
    play.overfilled(producer)
    play.drain()
    if not gone:
        raise Unmet("a consumer that resumes its producer")
    play.expect_since(producer, gone[0])


@rule("C12", needs=("kill",))
def silence_after_unregistering(play: ConsumerPlay) -> None:
    """A consumer that is lost tells nobody who has unregistered."""
    producer = play.registered()
    play.unregister()
    start = len(producer.heard)
    play.overfill()
    play.kill()
    play.expect_since(producer, start)


@rule("C13")
def unregistering_nobody(play: ConsumerPlay) -> None:
    """It does nothing, at any time."""
    times = [play.unregister]
    if play.offers("kill"):
        times.append(play.kill)
    for time in times:
        try:
            time()
            play.unregister()
            play.unregister()
        except Exception as raised:
            play.fault(f"{type(raised).__name__} was raised: {raised}")
            return


@rule("C14", needs=("stall", "drain", "received"))
def unregistering_loses_nothing(play: ConsumerPlay) -> None:
    """What was accepted arrives."""
    play.stall()
    play.registered()
    play.overfill()
    play.unregister()
    play.drain()
    play.expect_received()


@rule("C15")
def bytes_only(play: ConsumerPlay) -> None:
    """Text and the like is refused; so it is after the end."""
    states = [""]
    if play.offers("kill"):
        states.append("after the end ")
    for state in states:
        if state:
            play.kill()
        for wrong in ("text", bytearray(b"bytes"), None, 5):
            play.note(f"consumer.write({wrong!r})")
            try:
                play.consumer.write(wrong)
            except TypeError:
                continue
            except Exception as raised:
                play.fault(f"{state}{type(raised).__name__} was raised, and not TypeError")
            else:
                play.fault(f"{state}a {type(wrong).__name__} was taken")
            return


@rule("C15", needs=("stall", "received"))
def empty_bytes(play: ConsumerPlay) -> None:
    """Nothing arrives, and nobody is called."""
    producer = play.registered()
    play.settle()
    start = len(producer.heard)
    play.note("consumer.write(b'')")
    play.consumer.write(b"")
    play.go_quiet()
    if play.subject.received():
        play.fault("something arrived")
    else:
        play.expect_since(producer, start)


@rule("C16", needs=("received",))
def order_of_writes(play: ConsumerPlay) -> None:
    """Pieces of many sizes."""
    for size in (1, 0, 3, _PIECE, 2, 2 * _PIECE, 1, play.limit // 2, 5):
        play.write(size)
    play.go_quiet()
    if bytes(play.accepted).startswith(play.subject.received()):
        return  # what has not arrived is another rule's
    play.expect_received()


@rule("C16", needs=("stall", "drain", "received"))
def order_of_reentrant_writes(play: ConsumerPlay) -> None:
    """A writes within its pause and within its resume."""
    play.stall()
    producer = play.registered(pause=[writes(_SMALL)], resume=[writes(_PIECE), writes(7)])
    play.write(_SMALL)
    play.overfilled(producer)
    play.write(3)
    play.drain()
    if bytes(play.accepted).startswith(play.subject.received()):
        return
    play.expect_received()


@rule("C17", needs=("close", "received"))
def writes_of_a_producer_while_closing(play: ConsumerPlay) -> None:
    """A pull producer is registered, and the close comes before it has finished."""
    producer = play.pull(resume=[writes(_SMALL), writes(_SMALL), writes(_SMALL)])
    play.register(producer, False)
    play.close()
    play.go_quiet()
    if not producer.written:
        raise Unmet("a consumer that asks pull producers")
    if not producer.is_unregistered:
        play.fault(f"A was asked {producer.count('resume')} times and had not finished")
    else:
        play.expect_received()


@rule("C17", needs=("kill",))
def writes_to_the_dead(play: ConsumerPlay) -> None:
    """They vanish."""
    play.kill()
    play.write(_SMALL)
    play.settle()


@rule("C18", needs=("received",))
def sequences(play: ConsumerPlay) -> None:
    """Lists and generators arrive."""
    write = play.method("writeSequence")
    pieces = [play.next_piece(size) for size in (1, _SMALL, 0, 3)]
    play.note("consumer.writeSequence([4 pieces])")
    write(pieces)
    later = [play.next_piece(size) for size in (2, _SMALL, 4)]
    play.note("consumer.writeSequence(a generator of 3 pieces)")
    write(piece for piece in later)
    play.go_quiet()
    play.expect_received()


@rule("C18", needs=("received",))
def sequences_with_a_bad_element(play: ConsumerPlay) -> None:
    """All or nothing."""
    write = play.method("writeSequence")
    play.note("consumer.writeSequence([b'good', 'bad'])")
    try:
        write([b"good", "bad"])
    except TypeError:
        play.go_quiet()
        if play.subject.received():
            play.fault(f"TypeError was raised, and {play.subject.received()!r} arrived")
    else:
        play.fault("a text among the elements was taken")


@rule("C19", needs=("kill",))
def stops_once(play: ConsumerPlay) -> None:
    """Both kinds of producers, before the owner hears of the end."""
    producer = play.registered()
    ends: list[list[str]] = []
    if play.offers("on_end"):
        play.subject.on_end(lambda: ends.append(list(producer.heard)))
    start = len(producer.heard)
    play.kill()
    play.go_quiet()
    if not play.expect_since(producer, start, "stop"):
        return
    if ends and "stop" not in ends[0]:
        play.fault("the owner heard of the end before A was stopped")


@rule("C19", needs=("kill", "stall"))
def stops_a_paused_one_once(play: ConsumerPlay) -> None:
    """A producer that is paused is stopped, and not resumed."""
    play.stall()
    producer = play.registered()
    play.overfilled(producer)
    start = len(producer.heard)
    play.kill()
    play.expect_since(producer, start, "stop")


@rule("C19", needs=("kill",))
def lets_go(play: ConsumerPlay) -> None:
    """Nothing keeps the producer alive."""
    producer = play.registered()
    play.kill()
    if not producer.count("stop"):
        raise Unmet("a consumer that stops its producer")
    gone = weakref.ref(producer)
    del producer
    gc.collect()
    if gone() is not None:
        play.fault("A is still referred to")


@rule("C20", needs=("kill",))
def is_dead_within_the_stop(play: ConsumerPlay) -> None:
    """A writes, unregisters and registers B within its stop."""
    newcomer = play.push("B")
    inside: list[Exception] = []

    def act(recorder: Recorder) -> None:
        for action in (writes(_SMALL), registers(newcomer, True), unregisters):
            try:
                action(recorder)
            except Exception as raised:
                inside.append(raised)

    producer = play.registered(stop=[act])
    play.kill()
    if not producer.count("stop"):
        raise Unmet("a consumer that stops its producer")
    if inside:
        play.fault(f"{type(inside[0]).__name__} was raised within the stop: {inside[0]}")
    else:
        play.expect_heard(newcomer, "stop")


@rule("C21", needs=("kill", "ended"))
def survives_a_stop_that_raises(play: ConsumerPlay) -> None:
    """The owner hears of the end all the same, and the log of the error."""
    producer = play.registered(stop=[raises()])
    play.kill()
    if not producer.count("stop"):
        raise Unmet("a consumer that stops its producer")
    if not play.subject.ended():
        play.fault("A's stopProducing raised, and the owner never heard of the end")
    elif not any(isinstance(error, PlannedError) for error in play.errors):
        play.fault("what A's stopProducing raised was not logged")


@rule("C22", needs=("stall", "drain", "received"))
def survives_a_pause_that_raises(play: ConsumerPlay) -> None:
    """All that was accepted arrives."""
    play.stall()
    producer = play.registered(pause=[raises()])
    try:
        play.overfill()
    except PlannedError:
        pass
    if not producer.count("pause"):
        raise Unmet("a consumer that pauses its producer")
    play.drain()
    play.expect_received()


@rule("C23", needs=("stall", "drain", "ended"))
def a_resume_that_raises_ends_it(play: ConsumerPlay) -> None:
    """The owner hears what was raised."""
    play.stall()
    producer = play.push(resume=[raises()])
    try:
        play.register(producer, True)
    except PlannedError:
        raise Unmet("a consumer that leaves push producers alone")
    play.overfilled(producer)
    try:
        play.drain()
    except PlannedError:
        play.fault("what A's resumeProducing raised went up into whoever drained the consumer")
        return
    if not producer.count("resume"):
        raise Unmet("a consumer that resumes its producer")
    ends = play.subject.ended()
    if not ends:
        play.fault("A's resumeProducing raised, and the connection stayed")
    elif not isinstance(getattr(ends[0], "value", ends[0]), PlannedError):
        play.fault(f"the owner heard {ends[0]!r} instead of what was raised")
    elif producer.count("stop") != 1:
        play.fault(f"A was stopped {producer.count('stop')} times")


@rule("C24")
def a_first_resume_that_raises(play: ConsumerPlay) -> None:
    """The caller sees it, and somebody else can register."""
    producer = play.pull("A", resume=[raises()])
    try:
        play.register(producer, False)
    except PlannedError:
        try:
            play.register(play.push("B"), True)
        except RuntimeError:
            play.fault("A's first resume raised, and A stayed registered")
        return
    if not producer.count("resume"):
        raise Unmet("a consumer that asks within registerProducer")
    play.fault("A's first resume raised, and the caller of registerProducer did not see it")


@rule("C25")
def false_producers(play: ConsumerPlay) -> None:
    """A producer with a length of nought is a producer."""
    first = FalsyPushRecorder(play.calls, play.consumer)
    play.register(first, 1)
    play.go_quiet()
    if first.count("resume"):
        play.unregister()
        control = play.registered("B")
        play.go_quiet()
        if not control.count("resume"):
            play.fault("streaming was 1, and A was taken for a pull producer")
            return
    with suppress(Exception):
        play.unregister()
    asked = FalsyPullRecorder(play.calls, play.consumer, name="C", resume=[])
    play.register(asked, 0)
    play.go_quiet()
    with suppress(Exception):
        play.unregister()
    true = play.pull("D", resume=[])
    play.register(true, False)
    play.go_quiet()
    if true.heard and not asked.heard:
        play.fault("a pull producer that is false was not asked")


@rule("C25", needs=("stall", "drain", "kill"))
def false_producers_hear_everything(play: ConsumerPlay) -> None:
    """One that is false hears what another would."""
    heard = []
    for kind in (Recorder, FalsyPushRecorder):
        other = play.another()
        other.stall()
        producer = (
            FalsyPushRecorder(other.calls, other.consumer, write=lambda data: None)
            if kind is FalsyPushRecorder
            else other.push()
        )
        other.register(producer, True)
        other.overfill()
        other.drain()
        other.kill()
        heard.append(producer.heard)
        play.subject.clean_up()
    if heard[0] != heard[1]:
        play.fault(f"a producer that is false heard {heard[1]}, another one {heard[0]}")


@rule("C25")
def false_producers_are_registered(play: ConsumerPlay) -> None:
    """While one is, nobody else can be."""
    for first in (play.push("A"), FalsyPushRecorder(play.calls, play.consumer, name="B")):
        play.calls.clear()
        play.register(first, True)
        try:
            play.register(play.push("C"), True)
        except Exception:
            play.unregister()
        else:
            if first.name == "A":
                raise Unmet("a consumer that refuses a second producer")
            play.fault("B is registered, but false: C was accepted")


@rule("C25")
def names_of_the_arguments(play: ConsumerPlay) -> None:
    """They are ``producer`` and ``streaming``."""
    producer = play.push()
    play.note("consumer.registerProducer(producer=A, streaming=True)")
    play.consumer.registerProducer(producer=producer, streaming=True)


@rule("C26", needs=("stall", "fill_limit"))
def holds_little(play: ConsumerPlay) -> None:
    """A producer that stops writing when it is paused."""
    play.stall()
    producer = play.registered()
    piece = min(_PIECE, play.limit // 4)
    most = play.limit + piece
    while not producer.is_paused and len(play.accepted) <= 8 * most:
        play.write(piece)
    if not producer.is_paused:
        play.overfill()
    if not producer.count("pause"):
        raise Unmet("a consumer that pauses its producer")
    if len(play.accepted) > most:
        play.fault(f"it held {len(play.accepted)} bytes before it paused A; {most} are allowed")


@rule("C27", needs=("make_unconnected", "refuse"))
def never_connected(play: ConsumerPlay) -> None:
    """The connection fails."""
    play.make_unconnected()
    producer = play.registered()
    start = len(producer.heard)
    play.note("(the connection fails)")
    play.subject.refuse()
    play.settle()
    play.expect_since(producer, start, "stop")


@rule("L6", needs=("stall",))
def pull_producers_are_not_paused(play: ConsumerPlay) -> None:
    """One that has no such method writes more than there is room for."""
    play.stall()
    producer = play.pull(resume=[writes(OVERFILL * play.limit + 1)])
    try:
        play.register(producer, False)
        play.settle()
    except AttributeError as raised:
        play.fault(str(raised))
        return
    for error in play.errors:
        if isinstance(error, AttributeError):
            play.fault(str(error))
            return

"""Does a producer keep the rules?  It is given consumers that do, and they take notes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from . import producer_search
from .checking import Check, Checks, Play, Unmet, name_of, offers
from .interface_check import interface_faults
from .producer_play import ENDLESS_ROUNDS, PullPlay, PushPlay
from .reference_consumers import ALL, Deadly, Eager, Late, Nervous, ReferenceConsumer, Strict
from .report import INTERFACE, Fault, Report
from .subjects import ProducerSubject, PullProducerSubject, PushProducerSubject

__all__ = ["PULL_CHECKS", "PUSH_CHECKS", "check_pull_producer", "check_push_producer"]

PUSH_CHECKS: Checks[PushPlay] = Checks("push producer", PushPlay)
PULL_CHECKS: Checks[PullPlay] = Checks("pull producer", PullPlay)

# What is no fault of its own if one of the others is broken.
_FOLLOWS = {"P9": ("P5",)}

# One more chunk may follow a pause (contract P2).
_TOLERATED_BYTES = 65536
_LEAST_CHUNK, _MOST_CHUNK = 16 * 1024, 64 * 1024
# A consumer with this limit is never full.
_NO_LIMIT = 1 << 62
# Two loops make twice as much as one; less than this factor is one.
_SECOND_LOOP = 1.75


def check_push_producer(
    subject: PushProducerSubject | type[PushProducerSubject] | Callable[[Any], Any],
    *,
    only: Collection[str] = (),
    deviations: Collection[str] = (),
    search: int = 60,
) -> Report:
    """Judge a push producer.

    :param subject: a :class:`PushProducerSubject`, or just a callable that takes a consumer and
        makes a producer which writes to it and comes to an end.
    :param only: numbers of rules; by default all are judged.
    :param deviations: rules that are known to be broken, besides those that the subject names.
    :param search: how many random sequences of calls are tried for smaller and for further faults;
        that needs hypothesis.
    """
    return _run(PUSH_CHECKS, *_as_subject(subject, PushProducerSubject), only, deviations, search)


def check_pull_producer(
    subject: PullProducerSubject | type[PullProducerSubject] | Callable[[Any], Any],
    *,
    only: Collection[str] = (),
    deviations: Collection[str] = (),
    search: int = 60,
) -> Report:
    """Judge a pull producer; the arguments are those of :func:`check_push_producer`."""
    return _run(PULL_CHECKS, *_as_subject(subject, PullProducerSubject), only, deviations, search)


def _as_subject(subject: Any, kind: Any) -> tuple[Any, str]:
    if isinstance(subject, type) and issubclass(subject, ProducerSubject):
        subject = subject()
    if hasattr(subject, "make"):
        return subject, name_of(subject)
    make = subject
    made: Any = type("Made", (kind,), {"make": lambda self, consumer: make(consumer)})()
    return made, getattr(make, "__qualname__", repr(make))


def _run(
    checks: Checks[Any],
    subject: ProducerSubject,
    name: str,
    only: Collection[str],
    deviations: Collection[str],
    search: int,
) -> Report:
    if deviations:
        subject.deviations = {*subject.deviations, *deviations}
    is_push = checks is PUSH_CHECKS
    interface = "IPushProducer" if is_push else "IPullProducer"
    first: list[Fault] = []

    def verify(play: Play) -> None:
        consumer = Late(play.calls)  # it asks nobody while this is going on

        def make() -> Any:
            producer = subject.make(consumer)
            return consumer.last if consumer.last is not None else producer

        first.extend(interface_faults(make, interface))
        if consumer.streaming is not None and consumer.streaming != is_push:
            kind = "push" if consumer.streaming else "pull"
            first.append(Fault(INTERFACE, f"it registered as a {kind} producer", ("make()",)))

    play = checks.make_play(subject, INTERFACE)
    Check(INTERFACE, verify).play(play)
    if not offers(subject, "make") or any("could not be made" in fault.seen for fault in first):
        only = {INTERFACE}
    with_first: Checks[Any] = Checks(checks.role, checks.make_play)
    with_first.checks = checks.checks

    def more(faults: list[Fault]) -> tuple[list[Fault], list[str]]:
        smaller, remarks = producer_search.search(subject, is_push, faults, search, only)
        return first + smaller, remarks

    return with_first.run(subject, name=name, only=only, search=more, follows=_FOLLOWS)


# -- push producers

push_rule = PUSH_CHECKS.rule


def _registered(play: PushPlay, limit: int) -> Strict:
    """A consumer with the producer registered, which holds more than *limit* bytes for full."""
    consumer = Strict(play.calls)
    consumer.limit = limit
    consumer.drains = False
    play.start(consumer)
    return consumer


@push_rule("P1")
def produces_unasked(play: PushPlay) -> None:
    """It is registered, and nobody calls it."""
    consumer = Strict(play.calls)
    consumer.drains = False
    play.start(consumer)
    play.run(consumer)
    if not consumer.received:
        if consumer.unregistrations:
            raise Unmet("a producer with something to write")
        play.fault("nothing was written")


@push_rule("P2")
def obeys_a_pause(play: PushPlay) -> None:
    """It is paused within its first write, and not resumed."""
    consumer = _registered(play, 0)
    play.run(consumer)
    if not consumer.writes:
        raise Unmet("a producer that writes unasked")
    _judge_late(play, consumer)


@push_rule("P2")
def obeys_a_pause_between_writes(play: PushPlay) -> None:
    """It is paused before it has written anything, or between two writes."""
    consumer = _registered(play, _NO_LIMIT)
    if consumer.producer is None:
        raise Unmet("a producer that does not end at once")
    consumer.pause()
    play.run(consumer)
    _judge_late(play, consumer)


def _judge_late(play: PushPlay, consumer: ReferenceConsumer) -> None:
    if consumer.late_writes > 1 or consumer.late_bytes > _TOLERATED_BYTES:
        play.fault(f"{consumer.late_writes} writes, {consumer.late_bytes} bytes, after the pause")


@push_rule("P3")
def counts_no_pauses(play: PushPlay) -> None:
    """Three pauses, one resume."""
    play.need_resumable()
    consumer = _registered(play, 0)
    play.run(consumer)
    if consumer.producer is None or not consumer.is_paused or consumer.late_writes > 1:
        raise Unmet("a producer that can be paused between two writes")
    before = len(consumer.received)
    consumer.pause()
    play.run(consumer)
    if consumer.late_writes > 1:
        play.fault("it was paused twice, and went on")
        return
    consumer.pause()
    consumer.resume()
    play.run(consumer)
    if consumer.raised and consumer.raised[-1][0] == "resumeProducing":
        return
    if len(consumer.received) == before and consumer.producer is not None:
        play.fault("it was paused three times and resumed once, and it stands still")


@push_rule("P4")
def bears_stale_resumes(play: PushPlay) -> None:
    """It is resumed while it is not paused."""
    plain = play.baseline()
    if plain is None:
        raise Unmet("a producer that produces unasked, and comes to its end if it has one")
    consumer = _registered(play, _NO_LIMIT)
    if consumer.producer is None:
        raise Unmet("a producer that does not end at once")
    for _ in range(3):
        consumer.resume()
    play.run(consumer)
    for method, error in consumer.raised:
        if method == "resumeProducing":
            play.fault(f"{error!r} was raised")
            return
    received = bytes(consumer.received)
    if play.subject.is_finite:
        if consumer.unregistrations and received != plain:
            play.fault(f"it wrote {len(received)} bytes instead of {len(plain)}")
    elif len(received) > _SECOND_LOOP * len(plain):
        play.fault(f"it wrote {len(received)} bytes in the time for {len(plain)}: a second loop")


@push_rule("P5")
def is_finished_by_a_stop(play: PushPlay) -> None:
    """It is stopped while it produces, twice, and resumed after that."""
    consumer = _registered(play, _NO_LIMIT)
    if consumer.producer is None:
        raise Unmet("a producer that does not end at once")
    producer = consumer.producer
    if not _ends_by_a_stop(play, consumer):
        return
    play.note("stopProducing()")
    try:
        producer.stopProducing()
    except Exception as raised:
        play.fault(f"{raised!r} was raised by the second stop")
        return
    play.note("resumeProducing()")
    with suppress(Exception):
        producer.resumeProducing()
    play.run(consumer)
    if consumer.writes_after_stop:
        play.fault("it was stopped and resumed, and went on")


@push_rule("P9")
def is_finished_by_a_stop_while_paused(play: PushPlay) -> None:
    """It needs no resume to come to its end."""
    consumer = _registered(play, 0)
    play.run(consumer)
    if consumer.producer is None or not consumer.is_paused:
        raise Unmet("a producer that can be paused between two writes")
    _ends_by_a_stop(play, consumer)


def _ends_by_a_stop(play: PushPlay, consumer: ReferenceConsumer) -> bool:
    """Stop it; whether it is silent from then on and has given back what it holds."""
    errors = len(consumer.raised)
    consumer.stop()
    if len(consumer.raised) > errors:
        raise Unmet("a stop that does not raise")
    play.run(consumer)
    if consumer.writes_after_stop:
        play.fault(f"it wrote {consumer.writes_after_stop} times after the stop")
    elif play.offers("released") and not play.subject.released():
        play.fault("it has not given back what it holds")
    else:
        return True
    return False


@push_rule("P6")
def raises_nothing(play: PushPlay) -> None:
    """All five consumers, and all three methods."""
    for kind in ALL:
        play.calls.clear()
        consumer = kind(play.calls)
        consumer.limit = 0
        producer = play.start(consumer)
        play.run(consumer)
        if consumer.producer is not None and not consumer.is_dead:
            producer = consumer.producer
            consumer.stop()
        play.run(consumer)
        del producer
        if consumer.raised:
            method, error = consumer.raised[0]
            play.fault(f"{method} raised {error!r}")
            return
        play.subject.clean_up()


@push_rule("P7")
def bears_a_pause_and_a_resume_within_a_write(play: PushPlay) -> None:
    """The resume came last, so it goes on."""
    consumer = Eager(play.calls)
    consumer.limit = 0
    play.start(consumer)
    play.run(consumer)
    if not consumer.writes:
        raise Unmet("a producer that writes unasked")
    if any(method != "stopProducing" for method, _ in consumer.raised):
        raise Unmet("a producer that can be paused and resumed")
    received = len(consumer.received)
    plain = play.baseline()
    is_done = consumer.unregistrations > 0 or (plain is not None and received >= len(plain))
    if not is_done and (play.subject.is_finite or consumer.writes < 2):
        play.fault(f"it stands still after {consumer.writes} writes")


@push_rule("P7")
def bears_a_pause_within_a_resume(play: PushPlay) -> None:
    """The pause came last, so it stays paused."""
    consumer = Strict(play.calls)
    consumer.limit = 0
    play.start(consumer)
    play.run(consumer, most=ENDLESS_ROUNDS)
    if consumer.late_writes_after_resume > 1:
        play.fault(
            f"it wrote {consumer.late_writes_after_resume} times after pauses that were made "
            "within its resumes"
        )


@push_rule("P8")
def is_unregistered_once(play: PushPlay) -> None:
    """It comes to its end by itself."""
    play.need_finite()
    for limit in (_NO_LIMIT, 0):
        play.calls.clear()
        consumer = Strict(play.calls)
        consumer.limit = limit
        play.start(consumer)
        play.run(consumer)
        if not consumer.writes and not consumer.unregistrations:
            raise Unmet("a producer that produces unasked")
        if _judge_end(play, consumer):
            return
        play.subject.clean_up()


@push_rule("P3")
def bears_the_nervous(play: PushPlay) -> None:
    """A consumer that pauses three times at each write, and resumes once."""
    control = Strict([])
    control.limit = 0
    play.start(control)
    play.run(control)
    play.subject.clean_up()
    consumer = Nervous(play.calls)
    play.start(consumer)
    play.run(consumer)
    if consumer.raised or consumer.unregistrations >= control.unregistrations:
        if consumer.writes > 1 or control.writes < 2:
            return
    if not consumer.raised:
        play.fault(
            f"it stands still after {len(consumer.received)} of {len(control.received)} bytes"
        )


def _judge_end(play: PushPlay | PullPlay, consumer: ReferenceConsumer) -> bool:
    """Judge the end of a producer that has had all the time it needs; answers if it is wrong."""
    count = consumer.unregistrations
    wanted = play.subject.content
    if count != 1:
        play.fault(f"it was unregistered {count} times")
    elif consumer.writes_after_end:
        play.fault(f"it wrote {consumer.writes_after_end} times after that")
    elif wanted is not None and bytes(consumer.received) != wanted:
        play.fault(f"it had written {len(consumer.received)} of {len(wanted)} bytes by then")
    else:
        return False
    return True


# -- pull producers

pull_rule = PULL_CHECKS.rule


@pull_rule("L1")
def answers_each_resume(play: PullPlay) -> None:
    """With a byte, or by unregistering."""
    consumer = Strict(play.calls)
    with suppress(Exception):
        play.start(consumer)
    play.run(consumer)
    if consumer.idle_resumes:
        raised = consumer.raised[-1][1] if consumer.raised else None
        also = f"; it raised {raised!r}" if raised is not None else ""
        play.fault(f"a resume returned without a byte and without an unregistration{also}")


@pull_rule("L2")
def writes_only_when_asked(play: PullPlay) -> None:
    """Before, between and after the resumes there is silence."""
    for drains in (False, True):
        play.calls.clear()
        consumer = Late(play.calls)
        consumer.drains = drains
        play.start(consumer)
        play.run(consumer)
        if consumer.writes_out_of_turn:
            play.fault(f"it wrote {consumer.writes_out_of_turn} times without being asked")
            return
        play.subject.clean_up()


@pull_rule("L3")
def writes_reasonable_chunks(play: PullPlay) -> None:
    """One write a resume, of 16 to 64 KiB; the last may be shorter."""
    consumer = Strict(play.calls)
    play.start_safely(consumer)
    play.run(consumer)
    written = [sizes for sizes in consumer.by_resume if any(sizes)]
    for number, sizes in enumerate(written, 1):
        if len(sizes) > 1:
            play.fault(f"resume {number} brought {len(sizes)} writes")
            return
        if max(sizes) > _MOST_CHUNK:
            play.fault(f"resume {number} brought {max(sizes)} bytes at once")
            return
        if number < len(written) and sizes[0] < _LEAST_CHUNK:
            play.fault(f"resume {number} brought only {sizes[0]} bytes")
            return


@pull_rule("L4")
def bears_both_kinds_of_first_resumes(play: PullPlay) -> None:
    """Within registerProducer, and a turn later."""
    results, ended = [], []
    for kind in (Strict, Late):
        play.calls.clear()
        consumer = kind(play.calls)
        try:
            play.start(consumer)
        except Exception as raised:
            play.fault(f"{raised!r} was raised on the way, with a consumer that is {consumer.name}")
            return
        play.run(consumer)
        results.append(bytes(consumer.received))
        ended.append(consumer.unregistrations > 0)
        if consumer.idle_resumes or consumer.raised:
            raise Unmet("a producer that answers its resumes")
        play.subject.clean_up()
    if play.subject.is_finite and ended[0] != ended[1]:
        how = "it was asked at once" if ended[1] else "it was asked a turn later"
        play.fault(f"it did not come to its end when {how}")
    elif all(ended) and results[0] != results[1]:
        play.fault(f"it wrote {len(results[0])} bytes when asked at once, {len(results[1])} later")


@pull_rule("L5")
def unregisters_within_a_resume(play: PullPlay) -> None:
    """At its end, and with nothing after it."""
    play.need_finite()
    consumer = Strict(play.calls)
    play.start_safely(consumer)
    play.run(consumer)
    if _judge_end(play, consumer):
        return
    if consumer.unregistered_within[0] == "":
        play.fault("it unregistered while it was not being asked")


@pull_rule("L5")
def bears_a_stop_within_its_resume(play: PullPlay) -> None:
    """The stop comes within its write."""
    for fatal in (1, 2):
        play.calls.clear()
        consumer = Deadly(play.calls)
        consumer.fatal_write = fatal
        consumer.limit = _NO_LIMIT
        play.start_safely(consumer)
        play.run(consumer)
        if not consumer.is_dead:
            return
        if consumer.raised:
            method, error = consumer.raised[0]
            play.fault(f"{method} raised {error!r}")
            return
        if consumer.writes_after_stop:
            play.fault(f"it wrote {consumer.writes_after_stop} times after the stop")
            return
        if play.offers("released") and not play.subject.released():
            play.fault("it was stopped, and has not given back what it holds")
            return
        play.note("stopProducing()")
        try:
            consumer.last.stopProducing()
        except Exception as raised:
            play.fault(f"{raised!r} was raised by the second stop")
            return
        play.subject.clean_up()

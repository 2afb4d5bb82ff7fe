"""Any sequence of calls on a producer, judged by what each call may bring about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from . import error_logs, random_calls
from .checking import Runaway
from .producer_play import PullPlay, PushPlay
from .reference_consumers import Strict
from .report import Fault
from .subjects import ProducerSubject

__all__ = ["play_steps", "search"]

_PUSH_JUDGED = ("P2", "P3", "P4", "P5", "P6")
_PULL_JUDGED = ("L1", "L2", "L5")
_TOLERATED_BYTES = 65536

_LIKELY: dict[bool, tuple[tuple[tuple[str, ...], ...], ...]] = {
    True: (
        (("turn",), ("resume",), ("resume",), ("turn",)),
        (("turn",), ("pause",), ("pause",), ("resume",), ("turn",)),
        (("pause",), ("turn",), ("stop",), ("stop",), ("turn",)),
    ),
    False: (
        (("turn",), ("resume",), ("turn",)),
        (("resume",), ("turn",), ("stop",), ("stop",), ("turn",)),
    ),
}


def search(
    subject: ProducerSubject,
    is_push: bool,
    faults: list[Fault],
    examples: int,
    only: Collection[str] = (),
) -> tuple[list[Fault], list[str]]:
    """Seek smaller faults than *faults*, and others.

    :param examples: how many sequences are tried for each.
    :param only: numbers of rules, if no others are of interest.
    """
    words = ("turn", "resume", "stop", "pause") if is_push else ("turn", "resume", "stop")
    if only and not {*_PUSH_JUDGED, "P7", *_PULL_JUDGED} & set(only):
        return [], []
    judged = _PUSH_JUDGED if is_push else _PULL_JUDGED
    broken = {fault.rule for fault in faults}
    return random_calls.smallest(
        lambda sequence: play_steps(subject, is_push, sequence, obeys="P2" not in broken),
        lambda strategies: strategies.sampled_from([(word,) for word in words]),
        {fault.rule for fault in faults if fault.rule in judged},
        examples,
        _LIKELY[is_push],
        only,
    )


def play_steps(
    subject: ProducerSubject,
    is_push: bool,
    steps: Sequence[Sequence[Any]],
    *,
    obeys: bool = True,
) -> list[Fault]:
    """Take the steps one after the other with a new producer; answers with the faults seen.

    :param obeys: a single pause is obeyed, so if several are not, it is because they are several.
    """
    play = (PushPlay if is_push else PullPlay)(subject)
    with error_logs.kept(play.errors):
        consumer = Strict(play.calls)
        consumer.limit = 0
        consumer.drains = False
        try:
            play.start(consumer)
            if is_push:
                _push(play, consumer, steps, obeys)
            else:
                _pull(play, consumer, steps)
        except Runaway as cut:
            if cut.rule is not None and not play.faults:
                play.fault(str(cut), cut.rule)
        except Exception as raised:
            # another rule's: a check of its own judges it
            play.note(f"({raised!r})")
        finally:
            play.end()
    return play.faults


def _stop_again(play: Any, producer: Any, rule: str) -> None:
    play.note("stopProducing()")
    try:
        producer.stopProducing()
    except Exception as raised:
        play.fault(f"{raised!r} was raised by the second stop", rule)


def _push(play: Any, consumer: Strict, steps: Sequence[Sequence[Any]], obeys: bool) -> None:
    producer = consumer.producer
    pauses = heard = 0
    for (step,) in steps:
        if producer is None or (consumer.producer is None and not consumer.is_dead):
            return
        errors = len(consumer.raised)
        was_paused = consumer.is_paused
        if step == "turn":
            play.note("(a turn)")
            play.settle()
        elif consumer.is_dead:
            if step == "stop":
                _stop_again(play, producer, "P5")
        elif step == "pause":
            consumer.pause()
        elif step == "resume":
            consumer.resume()
        else:
            consumer.stop()
        pauses = pauses + (consumer.calls.count("pauseProducing()") - heard)
        heard = consumer.calls.count("pauseProducing()")
        pauses = 0 if step == "resume" and not consumer.is_paused else pauses
        if len(consumer.raised) > errors:
            method, error = consumer.raised[errors]
            is_stale = method == "resumeProducing" and not was_paused
            play.fault(f"{method} raised {error!r}", "P4" if is_stale else "P6")
        if consumer.late_writes > 1 or consumer.late_bytes > _TOLERATED_BYTES:
            rule = (
                "P7"
                if consumer.late_writes_after_resume
                else "P3"
                if pauses > 1 and obeys
                else "P2"
            )
            play.fault(f"{consumer.late_bytes} bytes were written after the pause", rule)
        if consumer.writes_after_stop:
            play.fault("it wrote after the stop", "P5")
        if play.faults:
            return


def _pull(play: Any, consumer: Strict, steps: Sequence[Sequence[Any]]) -> None:
    producer = consumer.last
    for (step,) in steps:
        if producer is None or (consumer.producer is None and not consumer.is_dead):
            return
        if step == "turn":
            play.note("(a turn)")
            play.settle()
        elif consumer.is_dead:
            if step == "stop":
                _stop_again(play, producer, "L5")
        elif step == "resume":
            consumer.resume()
        else:
            consumer.stop()
        if consumer.idle_resumes:
            play.fault("a resume returned without a byte and without an unregistration", "L1")
        elif consumer.writes_after_stop:
            play.fault("it wrote after the stop", "L5")
        elif consumer.writes_out_of_turn:
            play.fault("it wrote without being asked", "L2")
        if play.faults:
            return

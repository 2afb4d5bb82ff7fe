"""Does a consumer keep the rules when it is called from inside the calls that it makes?"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .checking import Checks, Unmet
from .consumer_play import ConsumerPlay
from .recorders import Action, Recorder, loses, registers, several, unregisters, writes

__all__ = ["CHECKS"]

CHECKS: Checks[ConsumerPlay] = Checks("consumer", ConsumerPlay)
rule = CHECKS.rule

_SMALL = 10


def _aborts(recorder: Recorder) -> None:
    recorder.calls.append("consumer.abortConnection()")
    recorder.consumer.abortConnection()


def _resumed(play: ConsumerPlay, *resume: Action) -> Recorder:
    """A push producer that was paused and resumed, and did that in its resume.

    :raises Unmet: it was not paused, or not resumed.
    """
    play.stall()
    producer = play.registered(resume=resume)
    play.overfilled(producer)
    play.drain()
    if not producer.count("resume"):
        raise Unmet("a consumer that resumes its producer")
    return producer


@rule("R1", needs=("stall", "drain", "received"))
def a_write_within_a_pause(play: ConsumerPlay) -> None:
    """It arrives, and does not pause again."""
    play.stall()
    producer = play.registered(pause=[writes(_SMALL)])
    play.overfilled(producer)
    if producer.count("pause") != 1:
        play.fault(f"A wrote within its pause, and was paused {producer.count('pause')} times")
        return
    play.drain()
    if len(play.subject.received()) < len(play.accepted):
        play.expect_received()


@rule("R2", needs=("stall", "drain", "received", "close"))
def a_close_within_a_pause(play: ConsumerPlay) -> None:
    """What was accepted arrives, once."""
    play.method("loseConnection")
    play.stall()
    producer = play.registered(pause=[loses])
    play.overfilled(producer)
    play.drain()
    play.expect_received()


@rule("R3", needs=("stall", "ended"))
def an_abort_within_a_pause(play: ConsumerPlay) -> None:
    """Nobody is called within it; the stop comes later."""
    play.method("abortConnection")
    within: list[list[str]] = []
    play.stall()
    producer = play.registered(pause=[several(_aborts, lambda it: within.append(list(it.heard)))])
    play.overfilled(producer)
    if within[0] != ["pause"]:
        play.fault("A was called within abortConnection")
        return
    play.go_quiet()
    play.expect_since(producer, 1, "stop")


@rule("R4", needs=("stall", "drain"))
def a_registration_within_a_pause(play: ConsumerPlay) -> None:
    """B comes within the pause of A, and is owed no resume."""
    newcomer = play.push("B")
    play.stall()
    producer = play.registered(pause=[several(unregisters, registers(newcomer, True))])
    play.overfilled(producer)
    play.drain()
    if newcomer.count("resume") and not newcomer.count("pause"):
        play.fault("B was resumed, and it was A that had been paused")


@rule("R5", needs=("stall", "drain", "received", "close"))
def a_close_within_a_resume(play: ConsumerPlay) -> None:
    """What is written after it, in the same resume, arrives."""
    play.method("loseConnection")
    _resumed(play, several(loses, writes(_SMALL), unregisters))
    play.expect_received()


@rule("R6", needs=("stall", "drain", "ended"))
def an_abort_within_a_resume(play: ConsumerPlay) -> None:
    """The stop is all that follows."""
    play.method("abortConnection")
    since: list[int] = []
    producer = _resumed(play, several(_aborts, lambda it: since.append(len(it.heard))))
    play.go_quiet()
    play.expect_since(producer, since[0], "stop")


@rule("R7", needs=("stall", "drain"))
def a_registration_within_a_resume(play: ConsumerPlay) -> None:
    """B comes within the resume of A: a push producer is left alone, a pull producer is asked."""
    newcomer = play.push("B")
    _resumed(play, several(unregisters, registers(newcomer, True)))
    if newcomer.count("resume"):
        play.fault("B, a push producer that was registered within A's resume, was resumed")
        return
    play.subject.clean_up()
    other = play.another()
    asked = other.pull("B", resume=[writes(_SMALL)])
    _resumed(other, several(unregisters, registers(asked, False)))
    if not asked.is_unregistered:
        play.fault(
            f"B, a pull producer that was registered within A's resume, was asked "
            f"{asked.count('resume')} times"
        )


@rule("R8")
def no_resume_within_a_write(play: ConsumerPlay) -> None:
    """A pull producer is not asked from inside its own write."""
    producer = play.pull(resume=[writes(_SMALL), writes(play.limit // 4, 2)])
    play.register(producer, False)
    play.go_quiet()
    if producer.was_nested:
        play.fault("A was asked while it was being asked")


@rule("R9", needs=("kill", "ended"))
def ends_within_the_stop(play: ConsumerPlay) -> None:
    """A close, an abort and an unregistration; the owner hears of one end."""
    play.method("loseConnection")
    inside: list[Exception] = []

    def act(recorder: Recorder) -> None:
        actions: list[Callable[[Recorder], Any]] = [loses, unregisters]
        if hasattr(recorder.consumer, "abortConnection"):
            actions.insert(1, _aborts)
        for action in actions:
            try:
                action(recorder)
            except Exception as raised:
                inside.append(raised)

    producer = play.registered(stop=[act])
    play.kill()
    play.go_quiet()
    if not producer.count("stop"):
        raise Unmet("a consumer that stops its producer")
    if inside:
        play.fault(f"{inside[0]!r} was raised within the stop")
    elif producer.count("stop") > 1 or len(play.subject.ended()) != 1:
        play.fault(
            f"A was stopped {producer.count('stop')} times, "
            f"the owner heard of {len(play.subject.ended())} ends"
        )


@rule("R10", needs=("kill", "on_end"))
def calls_when_the_owner_hears_of_the_end(play: ConsumerPlay) -> None:
    """It acts dead there."""
    newcomer = play.push("B")
    inside: list[Exception] = []

    def hear() -> None:
        for call in (
            lambda: play.write(_SMALL),
            lambda: play.register(newcomer, True),
            play.unregister,
            lambda: play.consumer.loseConnection(),
        ):
            try:
                call()
            except Exception as raised:
                inside.append(raised)

    play.method("loseConnection")
    play.subject.on_end(hear)
    play.kill()
    if not newcomer.heard and not inside:
        play.note("(the owner has heard of the end)")
    if inside:
        play.fault(f"{inside[0]!r} was raised when the owner heard of the end")
    else:
        play.expect_heard(newcomer, "stop")


@rule("R17", needs=("stall", "drain", "received"))
def one_write_stays_together(play: ConsumerPlay) -> None:
    """A writes within the pause that the write of another brought about."""
    play.stall()
    producer = play.registered(pause=[writes(_SMALL)])
    play.overfilled(producer)
    play.drain()
    if len(play.subject.received()) == len(play.accepted):
        play.expect_received()


@rule("R18", needs=("stall", "drain", "received"))
def a_write_behind_the_unregistration(play: ConsumerPlay) -> None:
    """A unregisters within its resume, and writes."""
    _resumed(play, several(unregisters, writes(_SMALL)))
    play.expect_received()


# The grammar of the calls on a push producer: pauses may repeat, resumes balance them, a stop ends.
_LEGAL = re.compile(r"(p+r)*p*s?")


@rule("R19", needs=("stall", "drain", "kill"))
def a_legal_order(play: ConsumerPlay) -> None:
    """Whatever is called inside which callback."""
    for what in ("pause", "resume", "stop"):
        for number in range(6):
            other = play.another()
            newcomer = other.push("B")
            gone: list[int] = []
            _play_within(other, what, number, newcomer, gone)
            for producer in (other.registered_first, newcomer):
                word = "".join(call[0] for call in producer.heard)
                if not _LEGAL.fullmatch(word):
                    play.fault(f"{producer.name} heard {', '.join(producer.heard)}")
                    return
            if gone and len(other.registered_first.heard) > gone[0]:
                play.fault("A heard something after it had unregistered")
                return
            play.subject.clean_up()


def _play_within(
    play: ConsumerPlay, what: str, number: int, newcomer: Recorder, gone: list[int]
) -> None:
    actions: list[Action] = [
        writes(_SMALL),
        writes(play.limit * 4 + 1),
        several(unregisters, lambda it: gone.append(len(it.heard))),
        several(unregisters, lambda it: gone.append(len(it.heard)), registers(newcomer, True)),
        loses,
        _aborts,
    ]
    act = actions[number]

    def attempt(recorder: Recorder) -> None:
        with suppress(AttributeError):  # not everybody can close
            act(recorder)

    play.stall()
    script: dict[str, Any] = {what: [attempt]}
    play.registered_first = play.registered(**script)
    play.overfill()
    play.drain()
    play.write(_SMALL)
    play.settle()
    play.kill()


def _needs_a_protocol(number: str, what: str) -> None:
    @rule(number)
    def beyond(play: ConsumerPlay) -> None:
        raise Unmet(what)


# What a protocol does inside its own methods; the kit has no hand in those.
for _number in ("R11", "R12", "R13", "R14", "R15", "R16"):
    _needs_a_protocol(_number, "a protocol of the kit's")

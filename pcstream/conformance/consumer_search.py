"""Any sequence of calls on a consumer, judged by what each call may bring about.

The checks of :mod:`pcstream.conformance.consumers` know where faults tend to be; this looks
elsewhere too, and finds the smallest sequence.  A model follows who is registered, who is paused
and how much waits, and every call that the consumer makes is held against it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from . import error_logs, random_calls
from .checking import Runaway, offers
from .consumer_play import OVERFILL, ConsumerPlay
from .recorders import PullRecorder, PushRecorder, Recorder
from .report import Fault
from .subjects import ConsumerSubject

__all__ = ["JUDGED", "play_steps", "search"]

#: What the model judges.
JUDGED = frozenset(
    ("C1", "C2", "C4", "C5", "C6", "C8", "C9", "C10", "C11", "C12", "C13", "C14", "C16", "C19")
)

_STALL, _DRAIN, _KILL, _UNREGISTER = ("stall",), ("drain",), ("kill",), ("unregister",)
_OVER = ("write", "over")
_PUSH = ("push", "")

#: What goes wrong most often.
_LIKELY: tuple[tuple[tuple[str, ...], ...], ...] = (
    (_PUSH, ("pull",)),
    (_STALL, _PUSH, _OVER, ("write", "small"), _DRAIN, _STALL, _OVER, _DRAIN),
    (_STALL, _PUSH, _OVER, _UNREGISTER, _PUSH, _DRAIN),
    (_STALL, ("push", "writes"), _OVER, _DRAIN),
    (_STALL, ("push", "unregisters"), _OVER, _DRAIN, _KILL),
    (_PUSH, _STALL, _OVER, _KILL, _PUSH, _OVER, _UNREGISTER),
)

_SIZES = ("small", "limit", "over")
#: A pull producer writes so much each time, so often, and unregisters then.
_PULLS = 2
_PULL_BYTES = 100


def search(
    subject: ConsumerSubject, faults: list[Fault], examples: int, only: Collection[str] = ()
) -> tuple[list[Fault], list[str]]:
    """Seek smaller faults than *faults*, and others.

    :param examples: how many sequences are tried for each.
    :param only: numbers of rules, if no others are of interest.
    """
    if only and not JUDGED & set(only):
        return [], []
    kinds = ["push", "pull", "write", "unregister"]
    kinds += ["stall", "drain"] if offers(subject, "stall") and offers(subject, "drain") else []
    kinds += ["kill"] if offers(subject, "kill") else []

    def steps(strategies: Any) -> Any:
        return strategies.sampled_from(
            [
                step
                for kind in kinds
                for step in (
                    [("write", size) for size in _SIZES]
                    if kind == "write"
                    else [("push", ""), ("push", "writes"), ("push", "unregisters")]
                    if kind == "push"
                    else [(kind,)]
                )
            ]
        )

    return random_calls.smallest(
        lambda sequence: play_steps(subject, sequence),
        steps,
        {fault.rule for fault in faults if fault.rule in JUDGED},
        examples,
        [sequence for sequence in _LIKELY if all(step[0] in kinds for step in sequence)],
        only,
    )


def play_steps(subject: ConsumerSubject, steps: Sequence[Sequence[Any]]) -> list[Fault]:
    """Take the steps one after the other with a new consumer; answers with the faults seen."""
    model = _Model(subject)
    with error_logs.kept(model.errors):
        try:
            for step in steps:
                getattr(model, f"step_{step[0]}")(*step[1:])
                if model.faults:
                    break  # what follows from a fault is no fault of its own
            else:
                model.conclude()
        except Runaway as cut:
            if not model.faults:
                model.fault(str(cut), "C4")
        except Exception as raised:
            # another rule's, or the model's: a check of its own judges it
            model.note(f"({raised!r})")
        finally:
            model.end()
    return model.faults


class _Judged:
    """A recorder whose calls are held against the model."""

    model: _Model
    streaming: bool
    wrote: bool = False

    def heard_one(self, recorder: Any, what: str) -> None:
        model = self.model
        if model.faults:
            return
        if recorder in model.refused:
            model.fault(f"{recorder.name} was refused, and heard {what}", "C1")
        elif model.registered is not recorder and not model.is_registering(recorder):
            if recorder.heard.count("stop") > 1:
                model.fault(f"{recorder.name} was stopped twice", "C19")
            else:
                model.fault(f"{recorder.name} heard {what} and was not registered", "C12")
        elif what == "pause":
            if recorder.was_paused:
                model.fault(f"{recorder.name} was paused already", "C8")
            elif model.is_limit_known and model.waiting_at_most <= model.limit:
                model.fault(f"{model.waiting_at_most} bytes wait at most, and it was paused", "C6")
        elif what == "resume" and self.streaming and not recorder.was_paused:
            model.fault(f"{recorder.name} was resumed and had not been paused", "C10")
        elif what == "stop" and not model.is_dead and not model.is_dying:
            model.fault(f"{recorder.name} was stopped while the connection stood", "C19")


class _Push(PushRecorder, _Judged):
    streaming = True
    was_paused = False
    acts = ""

    def pauseProducing(self) -> None:
        self.was_paused = self.is_paused
        super().pauseProducing()
        self.heard_one(self, "pause")
        if self.acts == "unregisters" and self.model.registered is self:
            self.model.step_unregister()

    def resumeProducing(self) -> None:
        self.was_paused = self.is_paused
        super().resumeProducing()
        self.heard_one(self, "resume")
        if self.acts == "writes" and not self.wrote:
            self.wrote = True
            self.model.write_within(self, OVERFILL * self.model.limit + 1)

    def stopProducing(self) -> None:
        super().stopProducing()
        self.heard_one(self, "stop")
        if self.model.registered is self:
            self.model.registered = None


class _Pull(PullRecorder, _Judged):
    streaming = False
    was_paused = False

    def resumeProducing(self) -> None:
        Recorder._hear(self, "resume")
        self.heard_one(self, "resume")
        if self.model.faults:
            return
        if self.count("resume") <= _PULLS:
            self.model.write_within(self, _PULL_BYTES)
        else:
            self.calls.append(f"{self.name} unregisters")
            self.is_unregistered = True
            if self.model.registered is self:
                self.model.registered = None
            self.model.newcomer = None
            self.consumer.unregisterProducer()

    def stopProducing(self) -> None:
        super().stopProducing()
        self.heard_one(self, "stop")
        if self.model.registered is self:
            self.model.registered = None


class _Model(ConsumerPlay):
    """What should be, step by step."""

    def __init__(self, subject: ConsumerSubject) -> None:
        super().__init__(subject)
        self.registered: Any = None
        self.newcomer: Any = None
        self.refused: list[Any] = []
        self.is_dead = False
        self.is_dying = False
        self.is_stalled = False
        self.waiting_at_most = 0
        self.waiting_at_least = 0
        self.count = 0
        assert self.consumer is not None  # it is made now

    @property
    def is_limit_known(self) -> bool:
        return self.subject.fill_limit is not None

    def is_registering(self, recorder: Any) -> bool:
        return self.newcomer is recorder

    def _came_to_rest(self) -> None:
        """Let it come to rest, and judge what should have happened by then."""
        self.settle()
        if self.faults or self.is_dead:
            return
        if not self.is_stalled:
            self.waiting_at_most = self.waiting_at_least = 0
            who = self.registered
            if isinstance(who, _Push) and who.is_paused:
                rule = "C11" if who.count("resume") else "C9"
                self.fault(f"nothing waits any more, and {who.name} is still paused", rule)
            elif isinstance(who, _Pull):
                self.fault(f"{who.name} was asked {who.count('resume')} times and waits", "C4")

    def write_within(self, who: Any, size: int) -> None:
        self.note(f"{who.name} writes {size} bytes")
        self._write(size)

    def _write(self, size: int) -> None:
        if self.is_dead:
            piece = bytes(size)
        else:
            piece = self.next_piece(size)
            self.waiting_at_most += size
            # a consumer that nothing stalls may have sent it on at once
            self.waiting_at_least += size if self.is_stalled else 0
        self.consumer.write(piece)
        who = self.registered
        is_over = self.waiting_at_least > OVERFILL * self.limit
        if not self.faults and isinstance(who, _Push) and is_over and not who.is_paused:
            if not (self.is_dead or self.is_dying):
                self.fault(
                    f"{self.waiting_at_least} bytes wait, and {who.name} is not paused", "C5"
                )

    # -- the steps

    def _register(self, who: Any) -> None:
        who.model = self
        kind = "push" if who.streaming else "pull"
        was, self.newcomer = self.registered, who
        if was is None and not self.is_dead:
            self.registered = who
        self.note(f"consumer.registerProducer({who.name}, {kind})")
        try:
            self.consumer.registerProducer(who, who.streaming)
        except RuntimeError:
            self.refused.append(who)
            if was is None:
                self.fault("RuntimeError was raised, and nobody is registered", "C1")
        except Exception as raised:
            self.fault(f"{type(raised).__name__} was raised", "C2" if self.is_dead else "C1")
        else:
            if was is not None:
                self.fault(f"{who.name} was accepted, and {was.name} is registered", "C1")
            elif self.is_dead and who.heard != ["stop"]:
                self.fault(f"it is dead, and {who.name} heard {who.heard or 'nothing'}", "C2")
        self.newcomer = None
        if not self.faults:
            self._came_to_rest()

    def _name(self) -> str:
        self.count += 1
        return "ABCDEFGHIJKLMNOP"[self.count - 1]

    def step_push(self, acts: str) -> None:
        who = _Push(self.calls, self.consumer, name=self._name())
        who.acts = acts
        self._register(who)

    def step_pull(self) -> None:
        if not self.is_stalled:
            self._register(_Pull(self.calls, self.consumer, name=self._name()))

    def step_write(self, size: str) -> None:
        limit = self.limit
        count = {"small": 10, "limit": limit, "over": OVERFILL * limit + 1}[size]
        self.note(f"consumer.write({count} bytes)")
        self._write(count)
        if not self.faults and not self.is_stalled:
            self._came_to_rest()

    def step_unregister(self) -> None:
        self.registered = None
        self.note("consumer.unregisterProducer()")
        try:
            self.consumer.unregisterProducer()
        except Exception as raised:
            self.fault(f"{type(raised).__name__} was raised: {raised}", "C13")

    def step_stall(self) -> None:
        if not self.is_dead and not self.is_stalled:
            self.is_stalled = True
            self.stall()

    def step_drain(self) -> None:
        if self.is_stalled and not self.is_dead:
            self.note("(its peer takes everything)")
            self.is_stalled = False
            # while it drains there may be any amount; what is sure is seen when it rests
            self.waiting_at_least = 0
            self.subject.drain()
            self._came_to_rest()

    def step_kill(self) -> None:
        if self.is_dead:
            return
        who = self.registered
        self.is_dying = True
        self.note("(the connection is lost)")
        self.subject.kill()
        self.settle()
        self.is_dead = True
        if not self.faults and who is not None and who.count("stop") != 1:
            self.fault(f"{who.name} was stopped {who.count('stop')} times", "C19")
        self.registered = None

    def conclude(self) -> None:
        """The end of the sequence: all that was written has arrived."""
        if self.is_dead or self.is_stalled or not offers(self.subject, "received"):
            return
        self._came_to_rest()
        if self.faults:
            return
        received = self.subject.received()
        is_short = len(received) < len(self.accepted)
        self.expect_received("C14" if is_short else "C16")

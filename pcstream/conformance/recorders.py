"""Producers that write down what they are called, and do then what a script says.

A script is a list of actions for each of ``pause``, ``resume`` and ``stop``; each call uses up one.
An action is a function of the recorder: :func:`writes`, :func:`unregisters`, :func:`loses`,
:func:`raises`, :func:`registers` and :func:`several` make them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from zope.interface import implementer

from ..internet.interfaces import IPullProducer, IPushProducer
from .checking import Runaway

__all__ = [
    "Action",
    "FalsyPullRecorder",
    "FalsyPushRecorder",
    "PlannedError",
    "PullRecorder",
    "PushRecorder",
    "Recorder",
    "loses",
    "raises",
    "registers",
    "several",
    "unregisters",
    "writes",
]

Action = Callable[["Recorder"], None]

#: Whoever makes more calls than this on one recorder would never end: no check needs a tenth of it.
MOST_CALLS = 2000

_PERIOD = bytes(range(251))  # no multiple of a power of two: a lost or repeated buffer shows


class PlannedError(Exception):
    """What a script raises."""


class Recorder:
    """What all recorders share.

    :ivar name: what it is called in the list of calls.
    :ivar heard: ``pause``, ``resume`` and ``stop``, in the order in which they came.
    :ivar is_paused: it was paused and not resumed since; writing then is counted.
    :ivar written: how many bytes it has written.
    :ivar written_while_paused: how many of them after a pause had returned.
    :ivar is_unregistered: it has unregistered itself.
    :ivar is_in_call: how many of its methods are being called.
    :ivar was_nested: it was called from inside what it did in a call.
    """

    def __init__(
        self,
        calls: list[str],
        consumer: Any = None,
        *,
        name: str = "A",
        pause: Iterable[Action] = (),
        resume: Iterable[Action] = (),
        stop: Iterable[Action] = (),
        write: Callable[[bytes], None] | None = None,
    ) -> None:
        """
        :param calls: where the calls are written down.
        :param consumer: where it writes to, and unregisters.
        :param write: is called instead of the consumer's.
        """
        self.calls = calls
        self.consumer = consumer
        self.name = name
        self.heard: list[str] = []
        self.is_paused = False
        self.is_unregistered = False
        self.written = 0
        self.written_while_paused = 0
        self.is_in_call = 0
        self.was_nested = False
        self._scripts = {"pause": list(pause), "resume": list(resume), "stop": list(stop)}
        self._write = write

    def __repr__(self) -> str:
        return f"<producer {self.name}>"

    def count(self, what: str) -> int:
        """How often it heard *what*: ``pause``, ``resume`` or ``stop``."""
        return self.heard.count(what)

    def write(self, size: int) -> None:
        """Write *size* bytes."""
        self.written += size
        if self.is_paused and not self.is_in_call:
            self.written_while_paused += size
        if self._write is not None:
            self._write(content(size))
        else:
            self.consumer.write(content(size))

    def _hear(self, what: str) -> None:
        self.heard.append(what)
        self.was_nested = self.was_nested or self.is_in_call > 0
        self.calls.append(f"{self.name}.{what}Producing()")
        if len(self.heard) > MOST_CALLS:
            raise Runaway(f"{self.name} was called {MOST_CALLS} times, and there was no end to it")
        script = self._scripts[what]
        if script:
            self.is_in_call += 1
            try:
                script.pop(0)(self)
            finally:
                self.is_in_call -= 1


@implementer(IPushProducer)
class PushRecorder(Recorder):
    """A push producer; what it writes is said by the check or by its script."""

    def pauseProducing(self) -> None:
        """Write it down and do what the script says."""
        self.is_paused = True
        self._hear("pause")

    def resumeProducing(self) -> None:
        """Write it down and do what the script says."""
        self.is_paused = False
        self._hear("resume")

    def stopProducing(self) -> None:
        """Write it down and do what the script says."""
        self._hear("stop")


@implementer(IPullProducer)
class PullRecorder(Recorder):
    """A pull producer.  It has no ``pauseProducing``, so whoever calls that fails (contract L6)."""

    def resumeProducing(self) -> None:
        """Write it down and do what the script says; with nothing left, unregister."""
        is_at_end = not self._scripts["resume"]
        self._hear("resume")
        if is_at_end and not self.is_unregistered:
            self.is_unregistered = True
            self.calls.append(f"{self.name} unregisters")
            self.consumer.unregisterProducer()

    def stopProducing(self) -> None:
        """Write it down and do what the script says."""
        self._hear("stop")


class FalsyPushRecorder(PushRecorder):
    """A push producer that is false in a boolean sense (contract C25)."""

    def __len__(self) -> int:
        return 0


class FalsyPullRecorder(PullRecorder):
    """A pull producer that is false in a boolean sense (contract C25)."""

    def __len__(self) -> int:
        return 0


def content(size: int) -> bytes:
    """That many bytes, of which no two neighbouring stretches are alike."""
    return (_PERIOD * (size // len(_PERIOD) + 1))[:size]


def writes(size: int, times: int = 1) -> Action:
    """Write *size* bytes, *times* times."""

    def act(recorder: Recorder) -> None:
        for _ in range(times):
            recorder.calls.append(f"{recorder.name} writes {size} bytes")
            recorder.write(size)

    return act


def unregisters(recorder: Recorder) -> None:
    """Unregister; an action."""
    recorder.calls.append(f"{recorder.name} unregisters")
    recorder.is_unregistered = True
    recorder.consumer.unregisterProducer()


def loses(recorder: Recorder) -> None:
    """Have the consumer close; an action."""
    recorder.calls.append("consumer.loseConnection()")
    recorder.consumer.loseConnection()


def raises(error: Exception | None = None) -> Action:
    """Raise *error*, by default a :class:`PlannedError`."""

    def act(recorder: Recorder) -> None:
        recorder.calls.append(f"{recorder.name} raises")
        raise PlannedError("planned by the script") if error is None else error

    return act


def registers(other: Recorder, streaming: bool) -> Action:
    """Register *other*."""

    def act(recorder: Recorder) -> None:
        kind = "push" if streaming else "pull"
        recorder.calls.append(f"consumer.registerProducer({other.name}, {kind})")
        recorder.consumer.registerProducer(other, streaming)

    return act


def several(*actions: Action) -> Action:
    """Do all of them, one after the other."""

    def act(recorder: Recorder) -> None:
        for action in actions:
            action(recorder)

    return act

"""The one place where a producer is paused, resumed or stopped.

A consumer has one slot.  It tells the slot what happened (somebody registers, a write made the
buffer too full, the buffer ran empty, the connection is gone) and the slot answers with at most one
call on the producer.  :data:`TABLE` is the whole rule: for each state and event, the next state and
the call.  The state always changes *before* the call is made, so that whatever the producer does
inside the call meets a slot that already tells the truth (contract C11, C12, C20).

The numbers in the comments are those of the producer/consumer contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any

from ..python import log

__all__ = ["DEAD_SLOT", "TABLE", "VACANT_SLOT", "Call", "Event", "ProducerSlot", "State"]


class State(Enum):
    """Who is in the slot, and how the last call left it."""

    # By identity, in C: the table is looked up at every drain, and Enum's own hash is Python.
    __hash__ = object.__hash__

    #: Nobody is registered.
    NONE = "nobody registered"
    #: A push producer that may write.
    PUSH_FLOWING = "push producer, flowing"
    #: A push producer that was told to pause and is owed a resume.
    PUSH_PAUSED = "push producer, paused"
    #: A pull producer that has not been asked yet.
    PULL_IDLE = "pull producer, not asked yet"
    #: A pull producer that has been asked and is asked again whenever the buffer runs empty.
    PULL_ASKED = "pull producer, asked"
    #: Nothing can be sent any more; the producer is left alone until its stop.
    DYING = "producer waits for its stop"
    #: Nothing can be sent any more, and nobody is registered.
    DEAD = "closed for good"


class Event(Enum):
    """What the consumer tells the slot."""

    __hash__ = object.__hash__

    #: A push producer wants in.
    REGISTER_PUSH = "register push"
    #: A pull producer wants in and is to be asked at once.
    REGISTER_PULL = "register pull"
    #: A pull producer wants in and is asked when the consumer says so.
    REGISTER_PULL_QUIETLY = "register pull quietly"
    #: The producer is done.
    UNREGISTER = "unregister"
    #: A write made the consumer full.
    OVERFULL = "overfull"
    #: There is nothing left to send.
    DRAINED = "drained"
    #: Nothing written from now on can be sent, but the connection still stands:
    #: it was aborted, or its sending half was closed.
    CUT_OFF = "cut off"
    #: The connection is gone.
    LOST = "lost"


class Call(Enum):
    """What the slot does about it."""

    NOTHING = "-"
    PAUSE = "pause"
    RESUME = "resume"
    #: Stop whoever was registered.
    STOP = "stop"
    #: Take the newcomer in.
    ADMIT = "admit"
    #: Take the newcomer in and ask it for data.
    ADMIT_AND_RESUME = "admit, resume"
    #: Stop the newcomer; it is never registered.
    STOP_NEWCOMER = "stop newcomer"
    #: Raise: somebody else is registered.
    REFUSE = "refuse"
    #: Forget whoever was registered.
    RELEASE = "release"


_NEWCOMERS = (Event.REGISTER_PUSH, Event.REGISTER_PULL, Event.REGISTER_PULL_QUIETLY)


def _occupied(
    state: State,
    *,
    overfull: tuple[State, Call] | None = None,
    drained: tuple[State, Call] | None = None,
) -> dict[tuple[State, Event], tuple[State, Call]]:
    """The rows that all states with a living producer share."""
    same = (state, Call.NOTHING)
    return {
        **{(state, event): (state, Call.REFUSE) for event in _NEWCOMERS},  # C1
        (state, Event.UNREGISTER): (State.NONE, Call.RELEASE),
        (state, Event.OVERFULL): overfull or same,
        (state, Event.DRAINED): drained or same,
        (state, Event.CUT_OFF): (State.DYING, Call.NOTHING),  # T4: from here no pause, no resume
        (state, Event.LOST): (State.DEAD, Call.STOP),  # C19
    }


#: The rule: (state, event) -> (next state, call).  It has an entry for every pair.
TABLE: Mapping[tuple[State, Event], tuple[State, Call]] = MappingProxyType(
    {
        # Every registration starts afresh: no pause is carried over from an earlier one (C10).
        (State.NONE, Event.REGISTER_PUSH): (State.PUSH_FLOWING, Call.ADMIT),  # C4: not resumed
        (State.NONE, Event.REGISTER_PULL): (State.PULL_ASKED, Call.ADMIT_AND_RESUME),  # C4
        (State.NONE, Event.REGISTER_PULL_QUIETLY): (State.PULL_IDLE, Call.ADMIT),  # L4
        (State.NONE, Event.UNREGISTER): (State.NONE, Call.NOTHING),  # C13
        (State.NONE, Event.OVERFULL): (State.NONE, Call.NOTHING),
        (State.NONE, Event.DRAINED): (State.NONE, Call.NOTHING),
        (State.NONE, Event.CUT_OFF): (State.DEAD, Call.NOTHING),
        (State.NONE, Event.LOST): (State.DEAD, Call.NOTHING),
        **_occupied(
            State.PUSH_FLOWING,
            overfull=(State.PUSH_PAUSED, Call.PAUSE),  # C5
        ),
        **_occupied(
            State.PUSH_PAUSED,  # C8: a second pause is not sent
            drained=(State.PUSH_FLOWING, Call.RESUME),  # C9
        ),
        # L6: a pull producer is never paused, it has no such method.
        **_occupied(State.PULL_IDLE, drained=(State.PULL_ASKED, Call.RESUME)),
        **_occupied(State.PULL_ASKED, drained=(State.PULL_ASKED, Call.RESUME)),
        **{(State.DYING, event): (State.DYING, Call.REFUSE) for event in _NEWCOMERS},
        (State.DYING, Event.UNREGISTER): (State.DEAD, Call.RELEASE),
        (State.DYING, Event.OVERFULL): (State.DYING, Call.NOTHING),
        (State.DYING, Event.DRAINED): (State.DYING, Call.NOTHING),
        (State.DYING, Event.CUT_OFF): (State.DYING, Call.NOTHING),
        (State.DYING, Event.LOST): (State.DEAD, Call.STOP),
        # C2, T11: who registers with the dead is stopped at once.
        **{(State.DEAD, event): (State.DEAD, Call.STOP_NEWCOMER) for event in _NEWCOMERS},
        (State.DEAD, Event.UNREGISTER): (State.DEAD, Call.NOTHING),
        (State.DEAD, Event.OVERFULL): (State.DEAD, Call.NOTHING),
        (State.DEAD, Event.DRAINED): (State.DEAD, Call.NOTHING),
        (State.DEAD, Event.CUT_OFF): (State.DEAD, Call.NOTHING),
        (State.DEAD, Event.LOST): (State.DEAD, Call.NOTHING),  # C19: exactly once
    }
)

_PUSH = frozenset({State.PUSH_FLOWING, State.PUSH_PAUSED})


class ProducerSlot:
    """Holds at most one producer and makes every call on it.

    A producer needs no declared interface and may be false in a boolean sense (contract C25).
    """

    __slots__ = ("_streaming", "producer", "state")

    def __init__(self) -> None:
        self.state: State = State.NONE
        #: The registered producer, or None.
        self.producer: Any = None
        self._streaming: bool = False

    @property
    def is_streaming(self) -> bool:
        """True if the last producer admitted is a push producer."""
        return self._streaming

    @property
    def is_paused(self) -> bool:
        """True if the registered producer is owed a resume."""
        return self.state is State.PUSH_PAUSED

    def register(self, producer: Any, streaming: bool, *, asks_at_once: bool = True) -> None:
        """Take *producer* in.

        :param streaming: any true value means a push producer.
        :param asks_at_once: False to leave the first request of a pull producer to a later
            :meth:`drained`.
        :raises RuntimeError: another producer, or the same, is registered (contract C1).
        :raises Exception: whatever the first request of a pull producer raises; it is not
            registered then (contract C24).
        """
        if streaming:
            event = Event.REGISTER_PUSH
        elif asks_at_once:
            event = Event.REGISTER_PULL
        else:
            event = Event.REGISTER_PULL_QUIETLY
        state, call = TABLE[self.state, event]
        if call is Call.REFUSE:
            raise RuntimeError(
                f"Cannot register producer {producer!r}, "
                f"because producer {self.producer!r} was never unregistered."
            )
        self.state = state
        if call is Call.STOP_NEWCOMER:
            _stop(producer)
            return
        self.producer = producer
        self._streaming = bool(streaming)
        if call is Call.ADMIT_AND_RESUME:
            try:
                producer.resumeProducing()
            except BaseException:
                if self.producer is producer:
                    self.unregister()
                raise

    def adopt(self, producer: Any, streaming: bool = True) -> None:
        """Hold *producer* as if it were registered, without any call: it was put there by hand."""
        self.state = State.PUSH_FLOWING if streaming else State.PULL_ASKED
        self.producer = producer
        self._streaming = streaming

    def unregister(self) -> None:
        """Forget the producer; without one this does nothing (contract C13)."""
        self.state = TABLE[self.state, Event.UNREGISTER][0]
        self.producer = None

    def overfull(self) -> None:
        """A write made the consumer full: a flowing push producer is paused before this returns.

        :raises Exception: whatever ``pauseProducing`` raises (contract C22: make sure first that
            what was accepted will be sent).
        """
        self.state, call = TABLE[self.state, Event.OVERFULL]
        if call is Call.PAUSE:
            self.producer.pauseProducing()

    def drained(self) -> bool:
        """There is nothing left to send: resume or ask whoever is waiting for that.

        :returns: whether a producer was called, and closing therefore has to wait.
        :raises Exception: whatever ``resumeProducing`` raises (contract C23).
        """
        self.state, call = TABLE[self.state, Event.DRAINED]
        if call is Call.RESUME:
            self.producer.resumeProducing()
            return True
        return False

    def cut_off(self) -> None:
        """Nothing can be sent any more: the producer hears nothing until :meth:`lost`."""
        self.state = TABLE[self.state, Event.CUT_OFF][0]

    def lost(self) -> None:
        """The connection is gone: stop the producer, once, and let go of it.

        What ``stopProducing`` raises is logged and goes no further (contract C21).
        """
        self.state, call = TABLE[self.state, Event.LOST]
        producer, self.producer = self.producer, None
        if call is Call.STOP:
            _stop(producer)


def _stop(producer: Any) -> None:
    try:
        producer.stopProducing()
    except Exception:
        log.err(None, f"{producer!r} raised in stopProducing")


#: For whoever has nothing any more that a producer could write to: it stops each at once (C2).
DEAD_SLOT = ProducerSlot()
DEAD_SLOT.lost()

#: Stands for the slot of whoever has had no producer yet and is not lost; only to be looked at.
VACANT_SLOT = ProducerSlot()

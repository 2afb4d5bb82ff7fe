"""How a connection ends: what each request and each fact leads to, as one table.

Twisted code reads, and its subclasses set, a handful of flags on a transport (``connected``,
``disconnecting`` and so on).  They stay the storage; :func:`phase_of` reads the phase off them and
:data:`TABLE` says what happens in it.  The numbers are those of the producer/consumer contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Protocol

__all__ = ["TABLE", "Act", "Closable", "Phase", "Step", "enter", "phase_of"]


class Phase(Enum):
    """Where a connection is in its life."""

    #: Not connected yet.
    NEW = "not connected yet"
    OPEN = "open"
    #: ``loseConnection``: what was accepted is still sent (T1).
    CLOSING = "closing"
    #: ``loseWriteConnection``: what was accepted is still sent, then the sending half is closed.
    HALF_CLOSING = "half-closing"
    #: The sending half is closed, the other may still receive.
    HALF_CLOSED = "half-closed"
    #: ``abortConnection``: everything was dropped, the loss is told in a later turn (T4).
    ABORTING = "aborting"
    LOST = "lost"


class Step(Enum):
    """What happens to a connection."""

    LOSE = "loseConnection"
    LOSE_WRITE = "loseWriteConnection"
    ABORT = "abortConnection"
    #: The outbox is empty and no producer was waiting for that.
    EMPTIED = "emptied"
    #: The producer has unregistered.
    RELEASED = "unregistered"


class Act(Enum):
    """What the transport does about it."""

    NOTHING = "-"
    #: Remember that a close was asked for; it is under way in a harsher form.
    NOTE = "note"
    #: Stop reading, and send what is left.
    FLUSH = "flush"
    #: Send what is left, and go on reading.
    FLUSH_HALF = "flush, go on reading"
    #: Look once more whether everything has been sent: nobody else will.
    LOOK_AGAIN = "look again"
    #: Close the sending half.
    CLOSE_HALF = "close the sending half"
    #: Report the clean end to the reactor, which drops the connection.
    FINISH = "finish"
    #: Drop the connection from inside the call: there is nothing to wait for.
    FINISH_NOW = "finish now"
    #: Drop everything, and tell the loss in a later turn.
    DISCARD = "discard"


def _rows() -> dict[tuple[Phase, Step], tuple[Phase, Act]]:
    P, S, A = Phase, Step, Act
    return {
        (P.NEW, S.LOSE): (P.NEW, A.NOTHING),
        (P.NEW, S.LOSE_WRITE): (P.NEW, A.NOTHING),
        (P.NEW, S.ABORT): (P.ABORTING, A.DISCARD),
        (P.NEW, S.EMPTIED): (P.NEW, A.NOTHING),
        (P.NEW, S.RELEASED): (P.NEW, A.NOTHING),
        (P.OPEN, S.LOSE): (P.CLOSING, A.FLUSH),
        (P.OPEN, S.LOSE_WRITE): (P.HALF_CLOSING, A.FLUSH_HALF),
        (P.OPEN, S.ABORT): (P.ABORTING, A.DISCARD),
        (P.OPEN, S.EMPTIED): (P.OPEN, A.NOTHING),
        (P.OPEN, S.RELEASED): (P.OPEN, A.NOTHING),
        (P.CLOSING, S.LOSE): (P.CLOSING, A.NOTHING),
        # As in Twisted, asking once more has the transport look once more, and then a push producer
        # that was resumed is no longer waited for.
        (P.CLOSING, S.LOSE_WRITE): (P.CLOSING, A.LOOK_AGAIN),
        (P.CLOSING, S.ABORT): (P.ABORTING, A.DISCARD),
        # T2: a paused push producer and a pull producer were called instead of this step; an idle
        # push producer is not waited for, as in Twisted.
        (P.CLOSING, S.EMPTIED): (P.CLOSING, A.FINISH),
        (P.CLOSING, S.RELEASED): (P.CLOSING, A.LOOK_AGAIN),
        (P.HALF_CLOSING, S.LOSE): (P.CLOSING, A.FLUSH),
        (P.HALF_CLOSING, S.LOSE_WRITE): (P.HALF_CLOSING, A.LOOK_AGAIN),
        (P.HALF_CLOSING, S.ABORT): (P.ABORTING, A.DISCARD),
        (P.HALF_CLOSING, S.EMPTIED): (P.HALF_CLOSED, A.CLOSE_HALF),  # T10
        (P.HALF_CLOSING, S.RELEASED): (P.HALF_CLOSING, A.LOOK_AGAIN),  # T10
        (P.HALF_CLOSED, S.LOSE): (P.HALF_CLOSED, A.FINISH_NOW),
        (P.HALF_CLOSED, S.LOSE_WRITE): (P.HALF_CLOSED, A.NOTHING),
        (P.HALF_CLOSED, S.ABORT): (P.ABORTING, A.DISCARD),
        (P.HALF_CLOSED, S.EMPTIED): (P.HALF_CLOSED, A.NOTHING),
        (P.HALF_CLOSED, S.RELEASED): (P.HALF_CLOSED, A.NOTHING),
        (P.ABORTING, S.LOSE): (P.ABORTING, A.NOTE),
        (P.ABORTING, S.LOSE_WRITE): (P.ABORTING, A.NOTHING),
        (P.ABORTING, S.ABORT): (P.ABORTING, A.NOTHING),  # T4
        (P.ABORTING, S.EMPTIED): (P.ABORTING, A.NOTHING),
        (P.ABORTING, S.RELEASED): (P.ABORTING, A.NOTHING),
        (P.LOST, S.LOSE): (P.LOST, A.NOTHING),
        (P.LOST, S.LOSE_WRITE): (P.LOST, A.NOTHING),  # T12
        (P.LOST, S.ABORT): (P.LOST, A.NOTHING),
        (P.LOST, S.EMPTIED): (P.LOST, A.NOTHING),
        (P.LOST, S.RELEASED): (P.LOST, A.NOTHING),
    }


#: The rule: (phase, step) -> (next phase, act).  It has an entry for every pair.
TABLE: Mapping[tuple[Phase, Step], tuple[Phase, Act]] = MappingProxyType(_rows())


class Closable(Protocol):
    """The flags a transport shows to Twisted code, in which the phase is stored."""

    connected: int
    disconnected: int
    disconnecting: int
    _writeDisconnecting: bool
    _writeDisconnected: bool
    _aborting: bool


def phase_of(transport: Closable) -> Phase:
    """Read the phase off a transport's flags; the later in life one is set, the more it counts."""
    if transport.disconnected:
        return Phase.LOST
    if transport._aborting:
        return Phase.ABORTING
    if not transport.connected:
        return Phase.NEW
    if transport._writeDisconnected:
        return Phase.HALF_CLOSED
    if transport.disconnecting:
        return Phase.CLOSING
    if transport._writeDisconnecting:
        return Phase.HALF_CLOSING
    return Phase.OPEN


def enter(transport: Closable, phase: Phase) -> None:
    """Set the flag that stands for *phase*."""
    if phase is Phase.CLOSING:
        transport.disconnecting = 1
    elif phase is Phase.HALF_CLOSING:
        transport._writeDisconnecting = True
    elif phase is Phase.HALF_CLOSED:
        transport._writeDisconnected = True
    elif phase is Phase.ABORTING:
        transport._aborting = True

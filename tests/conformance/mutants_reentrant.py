"""Consumers that are wrong in one thing each that few think of: reentrancy, parts, references."""

from __future__ import annotations

import weakref
from typing import Any

from sound_consumer import Sound

from pcstream.internet.error import ConnectionAborted, ConnectionDone


class RepeatsAPart(Sound):
    """C28: when a part has left, its last byte is sent again."""

    rule = "C28"
    also = frozenset({"T15"})

    def send_some(self, size: int) -> None:
        super().send_some(size)
        if self.pending and self.sent:
            self.pending.insert(0, bytes(self.sent[-1:]))


class ResumesForAPart(Sound):
    """C29: as soon as anything has left a paused producer is resumed."""

    rule = "C29"

    def send_some(self, size: int) -> None:
        super().send_some(size)
        if self.is_paused:
            self.is_paused = False
            self.producer.resumeProducing()


class AsksThreeTimesAtFirst(Sound):
    """C30: a pull producer is asked three times before anything has left."""

    rule = "C30"

    def ask_first(self) -> None:
        super().ask_first()
        for _ in range(2):
            if self.producer is not None and self.waiting() >= self.limit:
                self.producer.resumeProducing()


class ForgetsWhatWaits(Sound):
    """C31: what little waits for a peer that takes nothing is dropped after a turn."""

    rule = "C31"

    def turn(self) -> None:
        if self.is_stalled and self.waiting() < 50:
            self.pending.clear()
        super().turn()


class LooksOnlyAtThePieces(Sound):
    """C33: the pieces of a sequence are not added up."""

    rule = "C33"

    def writeSequence(self, data: Any) -> None:
        pieces = list(data)
        if not all(isinstance(piece, bytes) for piece in pieces):
            raise TypeError("Data must be bytes")
        self.pending += pieces
        self.plan()


class PausesForNoPieces(Sound):
    """C34: a sequence of empty pieces pauses."""

    rule = "C34"

    def writeSequence(self, data: Any) -> None:
        pieces = list(data)
        super().writeSequence(pieces)
        if pieces and not any(pieces) and self.producer is not None:
            self.producer.pauseProducing()


class EmptiesTheCallersList(Sound):
    """C35: a list is taken out of the hands of whoever gave it."""

    rule = "C35"

    def writeSequence(self, data: Any) -> None:
        super().writeSequence(data)
        if isinstance(data, list):
            data.clear()


class AnswersHowMuch(Sound):
    """C36: a write answers with the number of bytes."""

    rule = "C36"

    def write(self, data: bytes) -> Any:  # type: ignore[override]
        super().write(data)
        return len(data)


class KeepsItsFirstLimit(Sound):
    """C37: another limit is not heeded."""

    rule = "C37"

    def is_full(self) -> bool:
        return self.waiting() > 1000


class ShowsAWrapper(Sound):
    """C38: what is shown as the producer is not what was registered."""

    rule = "C38"

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name == "producer" and found is not None:
            import sys

            if sys._getframe(1).f_globals["__name__"].startswith("pcstream.conformance."):
                return object()
        return found


class RemembersEverybody(Sound):
    """C39: whoever has been registered once cannot come again."""

    rule = "C39"

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self.known: weakref.WeakSet[Any] = weakref.WeakSet()

    def admit(self, producer: Any, streaming: bool) -> None:
        if producer in self.known:
            raise RuntimeError("it was here before")
        self.known.add(producer)
        super().admit(producer, streaming)


class KeepsTheLastOne(Sound):
    """C41: the producer that was registered last is referred to."""

    rule = "C41"
    last: Any = None

    def unregisterProducer(self) -> None:
        if self.producer is not None:
            self.last = self.producer
        super().unregisterProducer()


class ClosesBehindTheFirstPart(Sound):
    """T15: while closing, the first part that leaves is the last."""

    rule = "T15"

    def send_some(self, size: int) -> None:
        super().send_some(size)
        if self.is_closing:
            self.lose(ConnectionDone())


class WaitsWithAnAbort(Sound):
    """T18: an abort while it is closing is a close."""

    rule = "T18"

    def abortConnection(self) -> None:
        if not self.is_closing:
            super().abortConnection()


class ClosesForEachClose(Sound):
    """T19: the second of two closes brings a second end."""

    rule = "T19"
    closes = 0

    def loseConnection(self) -> None:
        self.closes += not self.is_dead
        super().loseConnection()

    def tell(self, reason: Exception) -> None:
        super().tell(reason)
        if self.closes == 2:
            super().tell(reason)


class StopsAgainWhileClosing(Sound):
    """T20: if it is lost while it is closing, the producer is stopped twice."""

    rule = "T20"

    def stop_lost(self, producer: Any) -> None:
        super().stop_lost(producer)
        if self.is_closing and self.pending and producer is not None:
            super().stop_lost(producer)


class StopsWhoWasThereAtTheAbort(Sound):
    """T21: whoever was registered when it was aborted is stopped, still registered or not."""

    rule = "T21"
    aborted: Any = None

    def abortConnection(self) -> None:
        self.aborted = self.producer
        super().abortConnection()

    def stop_lost(self, producer: Any) -> None:
        if self.is_aborted and producer is None:
            producer = self.aborted
        super().stop_lost(producer)


class IsAlwaysConnected(Sound):
    """T22: it says that it is connected when it is not."""

    rule = "T22"

    @property
    def connected(self) -> bool:
        return True


class PausesInItsPause(Sound):
    """R1: a write within a pause pauses once more."""

    rule = "R1"
    is_pausing = False

    def pause(self) -> None:
        self.is_pausing = True
        super().pause()
        self.is_pausing = False

    def check_room(self) -> None:
        if self.is_pausing and self.producer is not None:
            self.producer.pauseProducing()
        super().check_room()


class DropsWhatMadeItPause(Sound):
    """R2: a close within a pause throws away what caused it."""

    rule = "R2"
    is_pausing = False

    def pause(self) -> None:
        self.is_pausing = True
        super().pause()
        self.is_pausing = False

    def loseConnection(self) -> None:
        if self.is_pausing:
            self.pending.clear()
        super().loseConnection()


class StopsWithinAnAbort(Sound):
    """R3: an abort within a pause stops at once."""

    rule = "R3"
    is_pausing = False

    def pause(self) -> None:
        self.is_pausing = True
        super().pause()
        self.is_pausing = False

    def abortConnection(self) -> None:
        super().abortConnection()
        if self.is_pausing:
            self.lose(ConnectionAborted())


class OwesTheNextOneAResume(Sound):
    """R4: the pause of one producer is owed to whom it registers within it."""

    rule = "R4"
    is_pausing = False

    def pause(self) -> None:
        self.is_pausing = True
        super().pause()
        self.is_pausing = False

    def admit(self, producer: Any, streaming: bool) -> None:
        super().admit(producer, streaming)
        self.is_paused = self.is_pausing


class DropsWhatFollowsAClose(Sound):
    """R5: what a resume writes after a close in it is dropped."""

    rule = "R5"
    is_deaf = False

    def resume(self) -> None:
        was_closing = self.is_closing
        self.is_resuming = True
        super().resume()
        self.is_resuming = False
        self.is_deaf = False
        del was_closing

    def loseConnection(self) -> None:
        self.is_deaf = getattr(self, "is_resuming", False)
        super().loseConnection()

    def write(self, data: bytes) -> None:
        if not self.is_deaf:
            super().write(data)


class ResumesAfterAnAbort(Sound):
    """R6: an abort within a resume is followed by another resume."""

    rule = "R6"

    def resume(self) -> None:
        producer = self.producer
        super().resume()
        if self.is_aborted:
            producer.resumeProducing()


class ResumesWhomTheResumeBrought(Sound):
    """R7: whoever is registered within a resume is resumed as well."""

    rule = "R7"

    def resume(self) -> None:
        producer = self.producer
        super().resume()
        if self.producer is not None and self.producer is not producer and self.streaming:
            self.producer.resumeProducing()


class AsksWithinTheWrite(Sound):
    """R8: a pull producer is asked for more from inside its own write."""

    rule = "R8"
    depth = 0

    def accept(self, data: bytes) -> None:
        super().accept(data)
        if self.producer is not None and not self.streaming and self.depth == 0:
            if not self.is_stalled and self.sent and not self.is_closing:
                self.depth += 1
                self.producer.resumeProducing()
                self.depth -= 1


class EndsAgainInItsStop(Sound):
    """R9: a close within the stop of its loss is another end."""

    rule = "R9"
    is_stopping = False

    def stop_lost(self, producer: Any) -> None:
        self.is_stopping = True
        super().stop_lost(producer)
        self.is_stopping = False

    def loseConnection(self) -> None:
        super().loseConnection()
        if self.is_stopping:
            self.tell(ConnectionDone())


class IsAliveWhenItTells(Sound):
    """R10: whoever is registered while the owner hears of the end stays."""

    rule = "R10"
    is_telling = False

    def tell(self, reason: Exception) -> None:
        self.is_telling = True
        super().tell(reason)
        self.is_telling = False

    def stop_newcomer(self, producer: Any) -> None:
        if not self.is_telling:
            super().stop_newcomer(producer)


class PutsAWriteIntoAnother(Sound):
    """C16: what is written within a pause lands in the middle of what caused it."""

    rule = "C16"
    is_pausing = False

    def pause(self) -> None:
        self.is_pausing = True
        super().pause()
        self.is_pausing = False

    def accept(self, data: bytes) -> None:
        if self.is_pausing and self.pending:
            last = self.pending.pop()
            self.pending += [last[:1], data, last[1:]]
        else:
            super().accept(data)


class DropsWhatTheGoneWrite(Sound):
    """R18: what is written in a resume after the unregistration is dropped."""

    rule = "R18"
    is_resuming = False

    def resume(self) -> None:
        self.is_resuming = True
        super().resume()
        self.is_resuming = False

    def write(self, data: bytes) -> None:
        if not self.is_resuming or self.producer is not None:
            super().write(data)


MUTANTS = [
    kind
    for kind in list(globals().values())
    if isinstance(kind, type) and issubclass(kind, Sound) and kind is not Sound
]

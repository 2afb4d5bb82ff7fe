"""Consumers that are wrong in one thing each, with the rule that each breaks.

``also`` names the rules that cannot be kept by whoever breaks the first.
"""

from __future__ import annotations

from typing import Any

from sound_consumer import Sound

from pcstream.internet.error import ConnectionDone, ConnectionLost


class ReplacesInSilence(Sound):
    """C1: a second producer takes the place of the first."""

    rule = "C1"

    def registerProducer(self, producer: Any, streaming: Any) -> None:
        self.producer = None
        super().registerProducer(producer, streaming)


class RefusesWithAnotherError(Sound):
    """C1: it is no RuntimeError."""

    rule = "C1"

    def registerProducer(self, producer: Any, streaming: Any) -> None:
        if self.producer is not None:
            raise ValueError("there is a producer")
        super().registerProducer(producer, streaming)


class ThrottlesTheRefused(Sound):
    """C1: who was refused is paused from then on."""

    rule = "C1"

    def registerProducer(self, producer: Any, streaming: Any) -> None:
        was, self.producer = self.producer, None
        super().registerProducer(producer, streaming)
        if was is not None:
            raise RuntimeError("there is a producer")


class KeepsNewcomersOfTheDead(Sound):
    """C2: who comes after the end waits for ever."""

    rule = "C2"
    also = frozenset({"C20", "T11"})

    def stop_newcomer(self, producer: Any) -> None:
        self.producer = producer


class RefusesNewcomersOfTheDead(Sound):
    """C2: who comes after the end meets an exception."""

    rule = "C2"
    also = frozenset({"C20", "T11"})

    def stop_newcomer(self, producer: Any) -> None:
        raise ConnectionError("it is over")


class StopsNewcomersTwice(Sound):
    """C2: who comes after the end is stopped, and stopped."""

    rule = "C2"
    also = frozenset({"C20", "T11"})

    def stop_newcomer(self, producer: Any) -> None:
        producer.stopProducing()
        producer.stopProducing()


class StopsNewcomersWhileClosing(Sound):
    """C3: who comes after loseConnection is stopped although there is something unsent."""

    rule = "C3"

    def registerProducer(self, producer: Any, streaming: Any) -> None:
        if self.is_closing and self.producer is None:
            producer.stopProducing()
            return
        super().registerProducer(producer, streaming)


class WaitsToBeAsked(Sound):
    """C4: a pull producer is asked only after a drain, and nothing drains."""

    rule = "C4"
    also = frozenset({"C3"})

    def ask_first(self) -> None:
        """Leave it."""

    def drained(self) -> None:
        if self.producer is not None and self.streaming:
            super().drained()


class ResumesWhomItAdmits(Sound):
    """C4: a push producer is resumed when it registers."""

    rule = "C4"
    also = frozenset({"C10"})

    def admit(self, producer: Any, streaming: bool) -> None:
        super().admit(producer, streaming)
        if streaming:
            producer.resumeProducing()


class AsksAgainAfterOneWriteOnly(Sound):
    """C4: a pull producer that writes twice when it is asked is not asked again."""

    rule = "C4"
    count = 0

    def write(self, data: bytes) -> None:
        self.count += 1
        super().write(data)

    def resume(self) -> None:
        if self.streaming or self.count < 2:
            self.count = 0
            super().resume()

    def ask_first(self) -> None:
        self.count = 0
        super().ask_first()


class NeverPauses(Sound):
    """C5: there is no limit."""

    rule = "C5"

    def is_full(self) -> bool:
        return False


class PausesATurnLater(Sound):
    """C5: the write returns before the pause."""

    rule = "C5"

    def check_room(self) -> None:
        self.clock.callLater(0, super().check_room)


class IsFullAtItsLimit(Sound):
    """C6: its limit is one byte too much."""

    rule = "C6"
    also = frozenset({"C7"})

    def is_full(self) -> bool:
        return self.waiting() >= self.limit


class IsFullAtTwiceItsLimit(Sound):
    """C6: it takes twice as much as it says."""

    rule = "C6"
    also = frozenset({"C26"})

    def is_full(self) -> bool:
        return self.waiting() > 2 * self.limit


class CountsWhatWasSent(Sound):
    """C7: what has left counts as waiting."""

    rule = "C7"
    also = frozenset({"C6"})

    def is_full(self) -> bool:
        return self.waiting() + len(self.sent) > self.limit


class PausesOnEveryWrite(Sound):
    """C8: who is paused is paused again."""

    rule = "C8"

    def check_room(self) -> None:
        if self.producer is not None and self.streaming and self.is_full():
            self.is_paused = True
            self.pause()


class NeverResumes(Sound):
    """C9: once paused, for ever paused."""

    rule = "C9"

    def drained(self) -> None:
        if self.producer is not None and not self.streaming:
            super().drained()


class ResumesOnce(Sound):
    """C9: the second pause is for ever."""

    rule = "C9"
    also = frozenset({"C11"})
    has_resumed = False

    def drained(self) -> None:
        if self.streaming and self.is_paused and self.producer is not None:
            if self.has_resumed:
                return
            self.has_resumed = True
        super().drained()


class RemembersAnOldPause(Sound):
    """C10: the pause of one producer is balanced with the next."""

    rule = "C10"
    also = frozenset({"C5"})

    def admit(self, producer: Any, streaming: bool) -> None:
        was_paused = self.is_full() and bool(self.pending)
        super().admit(producer, streaming)
        self.is_paused = was_paused and streaming


class ResumesAtEveryDrain(Sound):
    """C10: a drain resumes, paused or not."""

    rule = "C10"

    def drained(self) -> None:
        if self.producer is not None and self.pending == []:
            self.is_paused = False
            self.resume()


class ForgetsThePauseTooLate(Sound):
    """C11: a pause that is made inside the resume is forgotten after it."""

    rule = "C11"

    def drained(self) -> None:
        if self.producer is not None and (self.is_paused or not self.streaming):
            self.resume()
            self.is_paused = False

    def check_room(self) -> None:
        if self.producer is not None and self.streaming and self.is_full() and not self.is_paused:
            self.is_paused = True
            self.pause()


class ResumesTheUnregistered(Sound):
    """C12: who unregisters in its pause is resumed all the same."""

    rule = "C12"
    paused: Any = None

    def pause(self) -> None:
        self.paused = self.producer
        super().pause()

    def drained(self) -> None:
        super().drained()
        paused, self.paused = self.paused, None
        if paused is not None and self.producer is None and not self.pending:
            paused.resumeProducing()


class StopsTheUnregistered(Sound):
    """C12: who has unregistered is stopped when the connection is lost."""

    rule = "C12"
    also = frozenset({"T9"})
    last: Any = None

    def unregisterProducer(self) -> None:
        self.last = self.last if self.producer is None else self.producer
        super().unregisterProducer()

    def stop_lost(self, producer: Any) -> None:
        super().stop_lost(self.last if producer is None else producer)


class RefusesToUnregisterNobody(Sound):
    """C13: there has to be somebody."""

    rule = "C13"
    also = frozenset({"C20"})

    def unregisterProducer(self) -> None:
        if self.producer is None:
            raise RuntimeError("nobody is registered")
        super().unregisterProducer()


class ForgetsWithTheProducer(Sound):
    """C14: what waits goes when the producer goes."""

    rule = "C14"
    also = frozenset({"T3"})

    def unregisterProducer(self) -> None:
        if self.is_full():
            self.pending.clear()
        super().unregisterProducer()


class TakesByteArrays(Sound):
    """C15: anything with bytes in it will do."""

    rule = "C15"

    def write(self, data: bytes) -> None:
        super().write(bytes(data) if isinstance(data, bytearray) else data)


class TakesAnythingWhenDead(Sound):
    """C15: after the end nobody looks."""

    rule = "C15"

    def write(self, data: bytes) -> None:
        if not self.is_dead:
            super().write(data)


class PausesForNothing(Sound):
    """C15: empty bytes are a reason to pause."""

    rule = "C15"

    def write(self, data: bytes) -> None:
        super().write(data)
        if data == b"" and self.producer is not None:
            self.producer.pauseProducing()


class SendsShortPiecesFirst(Sound):
    """C16: what is short overtakes."""

    rule = "C16"
    also = frozenset({"C18"})

    def send(self) -> None:
        self.pending.sort(key=len)
        super().send()


class AcceptsAfterThePause(Sound):
    """C16: what is written inside the pause overtakes what caused it."""

    rule = "C16"

    def accept(self, data: bytes) -> None:
        self.pending.append(data)
        try:
            self.check_room()
        finally:
            self.pending.remove(data)
            self.pending.append(data)
            self.plan()


class DropsWritesWhileClosing(Sound):
    """C17: after loseConnection nothing is taken, producer or not."""

    rule = "C17"
    also = frozenset({"C3", "T3"})

    def write(self, data: bytes) -> None:
        if not self.is_closing:
            super().write(data)


class RaisesWhenDead(Sound):
    """C17: a write after the end is an error."""

    rule = "C17"
    also = frozenset({"C20"})

    def write(self, data: bytes) -> None:
        if self.is_dead and isinstance(data, bytes):
            raise ConnectionLost()
        super().write(data)


class LooksTwiceAtASequence(Sound):
    """C18: a generator is used up by the check of its types."""

    rule = "C18"

    def writeSequence(self, data: Any) -> None:
        if not all(isinstance(piece, bytes) for piece in data):
            raise TypeError("Data must be bytes")
        for piece in data:
            self.write(piece)


class SendsTheGoodOnes(Sound):
    """C18: what comes before a bad element is sent."""

    rule = "C18"

    def writeSequence(self, data: Any) -> None:
        for piece in data:
            self.write(piece)


class NeverStops(Sound):
    """C19: the end is not told to the producer."""

    rule = "C19"
    also = frozenset({"C27", "T4", "C23"})

    def stop_lost(self, producer: Any) -> None:
        """Leave it."""


class StopsTwice(Sound):
    """C19: the end is told twice."""

    rule = "C19"
    also = frozenset({"C27", "T4", "C23"})

    def stop_lost(self, producer: Any) -> None:
        super().stop_lost(producer)
        super().stop_lost(producer)


class TellsTheOwnerFirst(Sound):
    """C19: the producer is stopped after the owner was told."""

    rule = "C19"

    def stop_and_tell(self, producer: Any, reason: Exception) -> None:
        self.tell(reason)
        self.stop_lost(producer)


class KeepsAReference(Sound):
    """C19: the producer is stopped, and kept."""

    rule = "C19"

    def stop_lost(self, producer: Any) -> None:
        super().stop_lost(producer)
        self.last = producer


class IsAliveInItsStop(Sound):
    """C20: inside the stop the producer is still registered."""

    rule = "C20"

    def stop_lost(self, producer: Any) -> None:
        self.producer = producer
        self.is_dead = False
        super().stop_lost(producer)
        self.is_dead = True
        self.producer = None

    def unregisterProducer(self) -> None:
        """Nobody goes before the end is over."""
        if self.is_dead or not self.ends_now():
            super().unregisterProducer()

    def ends_now(self) -> bool:
        return self.producer is not None and not self.is_reading and not self.is_closing


class DiesOfAStop(Sound):
    """C21: a stop that raises keeps the owner from hearing of the end."""

    rule = "C21"

    def stop_and_tell(self, producer: Any, reason: Exception) -> None:
        if producer is not None:
            producer.stopProducing()
        self.tell(reason)


class SaysNothingOfAStop(Sound):
    """C21: a stop that raises is not logged."""

    rule = "C21"

    def stop_lost(self, producer: Any) -> None:
        if producer is not None:
            try:
                producer.stopProducing()
            except Exception:
                pass


class PausesBeforeItPlans(Sound):
    """C22: a pause that raises keeps what was accepted from being sent."""

    rule = "C22"

    def accept(self, data: bytes) -> None:
        self.pending.append(data)
        try:
            self.check_room()
        except BaseException:
            self.pending.pop()
            raise
        self.plan()


class SwallowsResumeErrors(Sound):
    """C23: a resume that raises is forgotten."""

    rule = "C23"

    def resume_raised(self, raised: Exception) -> None:
        self.producer = None


class GivesAnotherReason(Sound):
    """C23: a resume that raises looks like a clean close."""

    rule = "C23"

    def resume_raised(self, raised: Exception) -> None:
        self.lose(ConnectionDone())


class KeepsWhoRaised(Sound):
    """C24: a first resume that raises leaves the producer registered."""

    rule = "C24"

    def ask_first(self) -> None:
        self.producer.resumeProducing()


class SwallowsTheFirstError(Sound):
    """C24: whoever registers does not hear that the first resume raised."""

    rule = "C24"

    def ask_first(self) -> None:
        try:
            super().ask_first()
        except Exception:
            pass


class AsksForTruth(Sound):
    """C25: a producer with a length of nought is nobody."""

    rule = "C25"

    def check_room(self) -> None:
        if self.producer:
            super().check_room()


class TakesTrueOnly(Sound):
    """C25: streaming=1 means pull."""

    rule = "C25"

    def registerProducer(self, producer: Any, streaming: Any) -> None:
        super().registerProducer(producer, streaming is True)


class HoldsFourTimesItsLimit(Sound):
    """C26: as long as pieces are small, four times the limit is taken."""

    rule = "C26"
    also = frozenset({"C6"})

    def is_full(self) -> bool:
        big = any(len(piece) > self.limit for piece in self.pending)
        return self.waiting() > self.limit * (1 if big else 80)


class StrandsWhoCameBefore(Sound):
    """C27: a connection that fails stops nobody."""

    rule = "C27"

    def stop_lost(self, producer: Any) -> None:
        if self.is_connected:
            super().stop_lost(producer)


class PausesPullProducers(Sound):
    """L6: a pull producer is paused if it writes too much."""

    rule = "L6"

    def check_room(self) -> None:
        if self.producer is not None and not self.streaming and self.is_full():
            self.producer.pauseProducing()
        super().check_room()


class ClosesAtOnce(Sound):
    """T1: what was written before the close is lost."""

    rule = "T1"
    also = frozenset({"C3", "C17", "T3"})

    def loseConnection(self) -> None:
        self.pending.clear()
        super().loseConnection()


class ClosesUnderItsProducer(Sound):
    """T2: a close does not wait for a push producer."""

    rule = "T2"
    also = frozenset({"T10"})

    def must_wait(self) -> bool:
        return self.producer is not None and not self.streaming


class AbortsAtOnce(Sound):
    """T4: the owner is called before abortConnection returns."""

    rule = "T4"

    def abortConnection(self) -> None:
        super().abortConnection()
        self.settle_now()

    def settle_now(self) -> None:
        from pcstream.internet.error import ConnectionAborted

        self.lose(ConnectionAborted())


class SaysLostInsteadOfAborted(Sound):
    """T4: an abort has another name."""

    rule = "T4"

    def tell(self, reason: Exception) -> None:
        super().tell(ConnectionLost() if self.is_aborted else reason)


class EndsTwice(Sound):
    """T5: a close after the end is another end."""

    rule = "T5"

    def loseConnection(self) -> None:
        super().loseConnection()
        if self.is_dead:
            self.tell(ConnectionDone())


class ReadsOnWhilePaused(Sound):
    """T6: a pause is ignored."""

    rule = "T6"

    def pauseProducing(self) -> None:
        """Read on."""


class CountsItsPauses(Sound):
    """T7: two pauses need two resumes."""

    rule = "T7"
    count = 0

    def pauseProducing(self) -> None:
        self.count += 1
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self.count -= 1
        if self.count <= 0:
            super().resumeProducing()


class RefusesToPauseAtTheEnd(Sound):
    """T7: a pause after the close is an error."""

    rule = "T7"
    also = frozenset({"T8"})

    def pauseProducing(self) -> None:
        if self.is_closing:
            raise RuntimeError("it is closing")
        super().pauseProducing()


class ReadsWhileClosing(Sound):
    """T7: a resume begins to read again although a close was asked for."""

    rule = "T7"

    def resumeProducing(self) -> None:
        if not self.is_dead:
            self.is_reading = True
            self.plan()


class NeverClosesWhilePaused(Sound):
    """T8: a pause keeps the close from completing."""

    rule = "T8"
    is_input_paused = False

    def pauseProducing(self) -> None:
        self.is_input_paused = True
        super().pauseProducing()

    def must_wait(self) -> bool:
        return self.is_input_paused or super().must_wait()


class OnlyNotesAStop(Sound):
    """T9: stopProducing is remembered, and nothing else."""

    rule = "T9"

    def stopProducing(self) -> None:
        self.is_reading = False


class HalfClosesUnderItsProducer(Sound):
    """T10: the sending half is closed although a producer is registered."""

    rule = "T10"

    def must_wait(self) -> bool:
        return super().must_wait() and not self.is_half_closing


class AdmitsAfterItsHalfClose(Sound):
    """T11: who comes after the sending half was closed waits for ever."""

    rule = "T11"

    def registerProducer(self, producer: Any, streaming: Any) -> None:
        was, self.is_half_closed = self.is_half_closed, False
        super().registerProducer(producer, streaming)
        self.is_half_closed = was


class CannotHalfCloseWhenDead(Sound):
    """T12: loseWriteConnection after the end is an error."""

    rule = "T12"

    def loseWriteConnection(self) -> None:
        if self.is_dead:
            raise ValueError("file descriptor cannot be a negative integer (-1)")
        super().loseWriteConnection()


MUTANTS = [
    kind
    for kind in list(globals().values())
    if isinstance(kind, type) and issubclass(kind, Sound) and kind is not Sound
]

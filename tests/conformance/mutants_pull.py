"""Pull producers that are wrong in one thing each, with the rule that each breaks."""

from __future__ import annotations

from typing import Any

from sound_producers import SoundPull


class AnswersEverySecondTime(SoundPull):
    """L1: every other resume brings nothing."""

    rule = "L1"
    also = frozenset({"L5"})
    count = 0

    def resumeProducing(self) -> None:
        self.count += 1
        if self.count % 2 == 0:
            super().resumeProducing()


class AnswersWithEmptyBytes(SoundPull):
    """L1: a resume brings an empty write."""

    rule = "L1"
    also = frozenset({"L5"})

    def resumeProducing(self) -> None:
        if len(self.pieces) == 4:
            self.consumer.write(b"")
        else:
            super().resumeProducing()


class AnswersLater(SoundPull):
    """L1: what is asked for comes a turn later; and so outside of a resume."""

    rule = "L1"
    also = frozenset({"L2", "L5"})

    def resumeProducing(self) -> None:
        self.clock.callLater(0, self.answer)

    def answer(self) -> None:
        if not self.is_stopped and not self.is_at_end:
            super().resumeProducing()


class RaisesAtItsEnd(SoundPull):
    """L1: when there is nothing left it raises."""

    rule = "L1"
    also = frozenset({"L5"})

    def finish(self) -> None:
        raise EOFError("nothing is left")


class WritesOnStart(SoundPull):
    """L2: the first piece is written before anybody asks."""

    rule = "L2"

    def start(self) -> None:
        self.consumer.write(self.pieces.pop(0))
        super().start()


class WritesOfItsOwnAccord(SoundPull):
    """L2: between two resumes it writes."""

    rule = "L2"
    has_planned = False

    def resumeProducing(self) -> None:
        super().resumeProducing()
        if not self.has_planned:
            self.has_planned = True
            self.clock.callLater(0, self.write_one)

    def write_one(self) -> None:
        if self.pieces and not self.is_stopped:
            self.consumer.write(self.pieces.pop(0))


class WritesEverythingAtOnce(SoundPull):
    """L3: the first resume brings all there is."""

    rule = "L3"

    def resumeProducing(self) -> None:
        if self.pieces:
            rest, self.pieces = self.pieces, []
            self.consumer.write(b"".join(rest))
        else:
            super().resumeProducing()


class WritesTwiceAResume(SoundPull):
    """L3: each resume brings two writes."""

    rule = "L3"

    def resumeProducing(self) -> None:
        if len(self.pieces) > 1 and not self.is_stopped:
            self.consumer.write(self.pieces.pop(0))
            if self.is_stopped:
                return
        super().resumeProducing()


class WritesCrumbs(SoundPull):
    """L3: a hundred bytes a resume."""

    rule = "L3"

    def resumeProducing(self) -> None:
        if self.pieces and len(self.pieces[0]) > 2000:
            piece = self.pieces[0]
            self.consumer.write(piece[:2000])
            if not self.is_stopped:
                self.pieces[0] = piece[2000:]
        else:
            super().resumeProducing()


class IsNotReadyYet(SoundPull):
    """L4: a resume within registerProducer finds an attribute missing."""

    rule = "L4"

    def start(self) -> None:
        self.rest, self.pieces = self.pieces, None
        super().start()
        self.pieces = self.rest

    def resumeProducing(self) -> None:
        if self.pieces is None:
            raise AttributeError("not ready yet")
        super().resumeProducing()


class DropsWhatIsAskedForEarly(SoundPull):
    """L4: what the first resume brought is lost if that came within registerProducer."""

    rule = "L4"
    also = frozenset({"L5"})

    def start(self) -> None:
        rest = self.pieces[1:]
        super().start()
        if self.pieces == rest:
            self.pieces = rest[1:]

    # what it writes is less, and it says so nowhere


class NeverUnregisters(SoundPull):
    """L5: at its end it goes on writing blanks."""

    rule = "L5"

    def finish(self) -> None:
        self.consumer.write(b" " * 20_000)


class UnregistersTwice(SoundPull):
    """L5: at its end it unregisters, and again."""

    rule = "L5"

    def finish(self) -> None:
        super().finish()
        self.consumer.unregisterProducer()


class WritesAfterItsEnd(SoundPull):
    """L5: it unregisters, and then comes its last piece."""

    rule = "L5"

    def resumeProducing(self) -> None:
        if len(self.pieces) == 1:
            self.finish()
            self.consumer.write(self.pieces.pop())
        else:
            super().resumeProducing()


class UnregistersLater(SoundPull):
    """L5: with the last piece it plans its unregistration, for the next turn."""

    rule = "L5"

    def resumeProducing(self) -> None:
        if len(self.pieces) == 1:
            self.consumer.write(self.pieces.pop())
            if not self.is_stopped:
                self.clock.callLater(0, self.finish)
        else:
            super().resumeProducing()


class DiesOfAStopInItsWrite(SoundPull):
    """L5: after a stop within its write it goes on with what it no longer has."""

    rule = "L5"

    def resumeProducing(self) -> None:
        if self.pieces:
            self.consumer.write(self.pieces[0])
            del self.pieces[0]
        else:
            super().resumeProducing()


class WritesAfterItsStop(SoundPull):
    """L5: a stop within its write does not keep it from another one."""

    rule = "L5"
    also = frozenset({"L3"})

    def resumeProducing(self) -> None:
        if not self.pieces:
            super().resumeProducing()
            return
        piece = self.pieces.pop(0)
        self.consumer.write(piece[:16384])
        self.clock.callLater(0, self.write_after_stop)
        if self.is_stopped or len(piece) > 16384:
            self.consumer.write(piece[16384:])

    def write_after_stop(self) -> None:
        if self.is_stopped:
            self.consumer.write(b"one more")


class BearsOneStopOnly(SoundPull):
    """L5: a second stop is an error."""

    rule = "L5"

    def stopProducing(self) -> None:
        if self.is_stopped:
            raise RuntimeError("stopped already")
        super().stopProducing()


class KeepsWhatItHolds(SoundPull):
    """L5: a stop gives nothing back."""

    rule = "L5"

    def release(self) -> None:
        """Keep it."""


MUTANTS: list[Any] = [
    kind
    for kind in list(globals().values())
    if isinstance(kind, type) and issubclass(kind, SoundPull) and kind is not SoundPull
]

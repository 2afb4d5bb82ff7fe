"""Push producers that are wrong in one thing each, with the rule that each breaks."""

from __future__ import annotations

from typing import Any

from sound_producers import SoundPush


class WaitsForAResume(SoundPush):
    """P1: it begins when it is resumed."""

    rule = "P1"

    def start(self) -> None:
        self.consumer.registerProducer(self, True)


class IgnoresPauses(SoundPush):
    """P2: a pause is remembered, and nothing else."""

    rule = "P2"

    def may_write(self) -> bool:
        return not (self.is_stopped or self.is_at_end)


class WritesThreeMore(SoundPush):
    """P2: what is in its hands is written after a pause."""

    rule = "P2"
    left = 0

    def pauseProducing(self) -> None:
        super().pauseProducing()
        self.left = 3
        self.clock.callLater(0, self.write_what_is_left)

    def write_what_is_left(self) -> None:
        if self.left and self.pieces and not self.is_stopped:
            self.left -= 1
            self.consumer.write(self.pieces.pop(0))
            self.clock.callLater(0, self.write_what_is_left)


class PausesOnlyWithinItsWrites(SoundPush):
    """P2: a pause between two writes is not noticed."""

    rule = "P2"
    is_writing = False

    def turn(self) -> None:
        self.is_writing = True
        try:
            super().turn()
        finally:
            self.is_writing = False

    def pauseProducing(self) -> None:
        self.is_paused = self.is_writing


class CountsPauses(SoundPush):
    """P3: two pauses need two resumes."""

    rule = "P3"
    count = 0

    def pauseProducing(self) -> None:
        self.count += 1
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self.count = max(0, self.count - 1)
        if self.count == 0:
            super().resumeProducing()


class TogglesOnAPause(SoundPush):
    """P3: a second pause is taken for a resume."""

    rule = "P3"

    def pauseProducing(self) -> None:
        self.is_paused = not self.is_paused
        if not self.is_paused:
            self.plan()

    def resumeProducing(self) -> None:
        if self.is_paused:
            super().resumeProducing()
        else:
            self.is_paused = True


class RaisesOnAStaleResume(SoundPush):
    """P4: a resume without a pause is an error."""

    rule = "P4"

    def resumeProducing(self) -> None:
        if not self.is_paused and not self.is_stopped:
            raise RuntimeError("not paused")
        super().resumeProducing()


class BeginsASecondLoop(SoundPush):
    """P4: a resume without a pause begins another loop, from the beginning."""

    rule = "P4"
    has_begun = False

    def resumeProducing(self) -> None:
        if not self.is_paused and not self.is_stopped and self.pieces:
            self.pieces = [self.pieces[0], *self.pieces]
        super().resumeProducing()


class WritesAfterItsStop(SoundPush):
    """P5: what was planned goes out, stop or no stop."""

    rule = "P5"

    def may_write(self) -> bool:
        return not (self.is_paused or self.is_at_end)

    def finish(self) -> None:
        self.is_at_end = True
        if not self.is_stopped:
            self.consumer.unregisterProducer()

    def release(self) -> None:
        self.pieces = self.pieces[:1]

    def turn(self) -> None:
        super().turn()
        if self.is_stopped:
            self.pieces = []


class BearsOneStopOnly(SoundPush):
    """P5: a second stop is an error."""

    rule = "P5"

    def stopProducing(self) -> None:
        if self.is_stopped:
            raise RuntimeError("stopped already")
        super().stopProducing()


class KeepsWhatItHolds(SoundPush):
    """P5: a stop gives nothing back."""

    rule = "P5"

    def release(self) -> None:
        """Keep it."""


class IsRevivedByAResume(SoundPush):
    """P5: a resume after the stop begins anew."""

    rule = "P5"

    def release(self) -> None:
        if self.pieces:
            self.rest, self.pieces = self.pieces, []

    def resumeProducing(self) -> None:
        if self.is_stopped:
            self.is_stopped = False
            self.pieces = self.rest
        super().resumeProducing()


class ReleasesAtTheNextResume(SoundPush):
    """P9: a stop while it is paused is put off until it is resumed."""

    rule = "P9"

    def stopProducing(self) -> None:
        if not self.is_paused:
            super().stopProducing()

    def resumeProducing(self) -> None:
        super().resumeProducing()


class RaisesInItsStop(SoundPush):
    """P6: a stop is an error."""

    rule = "P6"

    def stopProducing(self) -> None:
        was_stopped = self.is_stopped
        super().stopProducing()
        if not was_stopped:
            raise RuntimeError("not yet")


class RaisesInASecondPause(SoundPush):
    """P6: a pause while it is paused is an error."""

    rule = "P6"

    def pauseProducing(self) -> None:
        if self.is_paused:
            raise RuntimeError("paused already")
        super().pauseProducing()


class ForgetsAPauseInItsResume(SoundPush):
    """P7: what it writes within its resume makes it pause, and it goes on."""

    rule = "P7"

    def resumeProducing(self) -> None:
        if self.is_paused and not self.is_stopped and len(self.pieces) > 1:
            self.is_paused = False
            self.consumer.write(self.pieces.pop(0))
            # a turn for each piece, whatever was said meanwhile
            self.clock.callLater(0, self.write_two)
        else:
            super().resumeProducing()

    def write_two(self) -> None:
        for _ in range(2):
            if len(self.pieces) > 1 and not self.is_stopped:
                self.consumer.write(self.pieces.pop(0))


class ForgetsAResumeInItsWrite(SoundPush):
    """P7: a resume that comes within its write is overwritten by the pause before it."""

    rule = "P7"

    was_paused = False
    is_writing = False

    def pauseProducing(self) -> None:
        super().pauseProducing()
        self.was_paused = True

    def turn(self) -> None:
        self.was_paused = False
        self.is_writing = True
        super().turn()
        self.is_writing = False

    def plan(self) -> None:
        if self.is_writing and self.was_paused:
            self.is_paused = True
            return
        super().plan()


class NeverUnregisters(SoundPush):
    """P8: at its end it falls silent."""

    rule = "P8"

    def finish(self) -> None:
        self.is_at_end = True


class UnregistersTwice(SoundPush):
    """P8: it unregisters with its last byte, and at its end."""

    rule = "P8"

    def finish(self) -> None:
        super().finish()
        self.consumer.unregisterProducer()


class UnregistersTooEarly(SoundPush):
    """P8: the last piece comes after the unregistration."""

    rule = "P8"

    def turn(self) -> None:
        if len(self.pieces) == 1 and self.may_write():
            self.finish()
            self.consumer.write(self.pieces.pop())
            return
        super().turn()


MUTANTS: list[Any] = [
    kind
    for kind in list(globals().values())
    if isinstance(kind, type) and issubclass(kind, SoundPush) and kind is not SoundPush
]

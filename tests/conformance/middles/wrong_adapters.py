"""Adapters that are wrong in one thing each, with the rule that each breaks."""

from __future__ import annotations

from typing import Any

from sound_adapters import Holder, Puller


class CountsPauses(Puller):
    """A1: two pauses need two resumes."""

    rule = "A1"

    pauses = 0

    def pauseProducing(self) -> None:
        self.pauses += 1
        self.is_paused = True

    def resumeProducing(self) -> None:
        self.pauses = max(0, self.pauses - 1)
        if not self.pauses:
            super().resumeProducing()


class TogglesOnPause(Puller):
    """A1: a second pause is taken for a resume."""

    rule = "A1"

    def pauseProducing(self) -> None:
        self.is_paused = not self.is_paused
        self.plan()


class NeverRests(Puller):
    """A2: a producer that has nothing is asked in every turn."""

    rule = "A2"

    def longer_rest(self) -> float:
        return 0.0


class AsksInALoop(Puller):
    """A2: the reactor gets no turn while the producer has something."""

    rule = "A2"

    def turn(self) -> None:
        self.call = None
        while self.may_ask():
            self.ask()
            if not self.has_written:
                break
        self.plan()


class PullsAfterStop(Puller):
    """A3: goes on asking a producer that was stopped."""

    rule = "A3"

    is_stopped = False

    def stopProducing(self) -> None:
        if not self.is_stopped:
            self.is_stopped = True
            self.producer.stopProducing()


class PullsAfterUnregistering(Puller):
    """A3: goes on asking a producer that has ended."""

    rule = "A3"

    def unregisterProducer(self) -> None:
        self.consumer.unregisterProducer()

    def failed(self) -> None:
        self.has_ended = True
        super().failed()


class PassesEveryStopOn(Puller):
    """A3: passes every stop on."""

    rule = "A3"

    def stopProducing(self) -> None:
        self.has_ended = True
        self.producer.stopProducing()


class KeepsTheStop(Puller):
    """A3: keeps the stop to itself."""

    rule = "A3"

    def stopProducing(self) -> None:
        self.has_ended = True


class RaisesWhenPausedAfterStop(Puller):
    """A3: a pause behind the stop raises."""

    rule = "A3"

    def pauseProducing(self) -> None:
        if self.has_ended:
            raise RuntimeError("stopped already")
        super().pauseProducing()


class ForgetsBrokenProducers(Puller):
    """A4: unregisters a producer that raised, and never stops it."""

    rule = "A4"

    def failed(self) -> None:
        self.unregisterProducer()


class KeepsAskingBrokenProducers(Puller):
    """A4: an exception changes nothing."""

    rule = "A4"

    def failed(self) -> None:
        pass


class LosesAPauseInsideARequest(Puller):
    """A7: has forgotten, when its request returns, that it was paused in there."""

    rule = "A7"

    def ask(self) -> None:
        was_paused = self.is_paused
        super().ask()
        self.is_paused = was_paused


class HoldsAnyAmount(Holder):
    """A5: never pauses its producer."""

    rule = "A5"

    def pause_if_full(self) -> None:
        pass


class HandsOverUnasked(Holder):
    """A5: writes as soon as there is something."""

    rule = "A5"

    def write(self, data: bytes) -> None:
        if not self.is_stopped and data:
            self.consumer.write(data)


class HandsOverOnce(Holder):
    """A5: what is held while nobody has asked is never handed over."""

    rule = "A5"

    def resumeProducing(self) -> None:
        self.is_asked = True
        if not self.held:
            self.hand_over()


class IgnoresRegistration:
    """A6: a protocol as consumer that paces nobody, and says nothing about it."""

    rule = "A6"

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol

    def write(self, data: bytes) -> None:
        self.protocol.dataReceived(data)

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        pass

    def unregisterProducer(self) -> None:
        pass

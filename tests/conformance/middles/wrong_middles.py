"""Proxies and wrappers that are wrong in one thing each, with the rule that each breaks."""

from __future__ import annotations

from typing import Any

from sound_middles import BackSide, FrontSide, Gate, HalfWrapper, Middle, Wrapper


class SwapsTheOrder(Middle):
    """X1: what was held last comes first."""

    rule = "X1"

    def write_on(self) -> None:
        self.consumer.write(self.held.pop())


class LosesTheLastByte(Middle):
    """X1: the last byte of what was held in several pieces is lost."""

    rule = "X1"

    def write_on(self) -> None:
        held, self.held = self.held, []
        data = b"".join(held)
        self.consumer.write(data[:-1] if len(held) > 1 and not self.is_ending else data)


class JoinsWithText(Middle):
    """X1: a separator gets between the pieces that were held."""

    rule = "X1"

    def write_on(self) -> None:
        held, self.held = self.held, []
        self.consumer.write(b"\n".join(held))


class Overtakes(Middle):
    """X1: a write from within the consumer's write overtakes what is held."""

    rule = "X1"

    def work(self) -> None:
        if self.is_writing:
            if self.held and not self.is_paused:
                self.consumer.write(self.held.pop())
            return
        super().work()


class NeverPauses(Middle):
    """X2: holds any amount."""

    rule = "X2"

    def pause_if_full(self) -> None:
        pass


class PausesLate(Middle):
    """X2: pauses at four times its limit."""

    rule = "X2"

    def pause_if_full(self) -> None:
        if self.size() >= 4 * self.LIMIT:
            self.pause_upstream()


class ResumesByEither(Gate):
    """X3: resumed when the first of two reasons is gone."""

    rule = "X3"

    def take_away(self, reason: str) -> None:
        if self.reasons:
            self.reasons.clear()
            self.producer.resumeProducing()


class ResumesWhenLetGo(Gate):
    """X3: lifting the throttle resumes a producer whose transport is full."""

    rule = "X3"

    def take_away(self, reason: str) -> None:
        if reason == "held":
            self.reasons.clear()
            self.producer.resumeProducing()
        else:
            super().take_away(reason)


class ForgetsItWasHeld(Gate):
    """X3: never resumed after it was paused for both reasons."""

    rule = "X3"

    def add(self, reason: str) -> None:
        if self.reasons and reason not in self.reasons:
            self.reasons.add("both")
        super().add(reason)


class StopsTwice(Middle):
    """X4: passes each stop on."""

    rule = "X4"

    def stop_upstream(self) -> None:
        if self.producer is not None:
            self.producer.stopProducing()


class NeverStops(Middle):
    """X4: keeps the stop to itself."""

    rule = "X4"

    def stop_upstream(self) -> None:
        self.producer = None


class EndsAtOnce(Middle):
    """X5: unregisters at once, and strands what it holds."""

    rule = "X5"

    def unregisterProducer(self) -> None:
        if self.producer is not None:
            self.producer = None
            self.end()


class NeverEnds(Middle):
    """X5: stays registered for ever."""

    rule = "X5"

    def end(self) -> None:
        self.is_ending = False


class ReplacesItsProducer(Middle):
    """X6, C1: a second producer takes the place of the first."""

    rule = "X6"

    def refuse(self, producer: Any) -> None:
        self.producer = producer


class RunsForNobody(Middle):
    """X6, C2: who registers with a dead one is never stopped."""

    rule = "X6"

    def stop_newcomer(self, producer: Any) -> None:
        pass


class UnregistersNobody(Middle):
    """X6, C13: without a producer it raises."""

    rule = "X6"

    def unregisterProducer(self) -> None:
        if self.producer is None:
            raise AttributeError("no producer")
        super().unregisterProducer()


class StopsNoneOfItsKind(Middle):
    """X10: a stop ends where there are two of them."""

    rule = "X10"

    def stop_upstream(self) -> None:
        if not isinstance(self.producer, Middle):
            super().stop_upstream()


class PausesNoneOfItsKind(Middle):
    """X11: a pause ends where there are two of them."""

    rule = "X11"

    def pause_upstream(self) -> None:
        if not isinstance(self.producer, Middle):
            super().pause_upstream()


class SwallowsRefusals(HalfWrapper):
    """X12: a refusal from another one below goes no further."""

    rule = "X12"

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        try:
            super().registerProducer(producer, streaming)
        except RuntimeError:
            if not isinstance(self.transport, Wrapper):
                raise


class PausesPullProducers(Middle):
    """L6: calls pauseProducing of a producer that has none."""

    rule = "L6"

    def pauseProducing(self) -> None:
        super().pauseProducing()
        if self.producer is not None and not self.is_push:
            self.producer.pauseProducing()


class KeepsHalfAClose(HalfWrapper):
    """X7: the end of one direction is not passed on."""

    rule = "X7"

    def readConnectionLost(self) -> None:
        pass


class EndsItAll(Wrapper):
    """X7: knows no half of a connection."""

    rule = "X7"


class ReadsEarly(FrontSide):
    """X8: reads before the other side exists, and drops what comes."""

    rule = "X8"

    def connectionMade(self) -> None:
        self.connect()

    def dataReceived(self, data: bytes) -> None:
        if self.peer is not None:
            super().dataReceived(data)


class AbortsTheOther(FrontSide):
    """X8: a clean end of one side throws away what the other still has to send."""

    rule = "X8"

    class Back(BackSide):
        def readConnectionLost(self) -> None:
            self.peer.transport.abortConnection()

    back_class = Back


class LeavesTheOtherOpen(FrontSide):
    """X8: the end of one side is not passed on."""

    rule = "X8"

    class Back(BackSide):
        def readConnectionLost(self) -> None:
            pass

    back_class = Back


class HidesResets(FrontSide):
    """X9: a reset of one side looks like a clean end on the other."""

    rule = "X9"

    class Back(BackSide):
        def end(self, peer: Any, reason: Any) -> None:
            peer.transport.loseConnection()

    back_class = Back


class HalfIsTheWhole(FrontSide):
    """X7: the end of one direction ends both."""

    rule = "X7"

    def readConnectionLost(self) -> None:
        self.peer.transport.loseConnection()
        self.transport.loseConnection()


class PacesNobody(FrontSide):
    """X2: reads on whatever the other side has taken."""

    rule = "X2"

    class Back(BackSide):
        def pace(self) -> None:
            pass

    back_class = Back


class ReversesPieces(FrontSide):
    """X1: each piece goes out back to front."""

    rule = "X1"

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data[::-1])

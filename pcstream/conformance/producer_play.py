"""One check being played with one producer and a consumer that takes notes."""

from __future__ import annotations

from typing import Any

from .checking import Play, Unmet, offers
from .reference_consumers import ReferenceConsumer, Strict
from .subjects import ProducerSubject

__all__ = ["ENDLESS_ROUNDS", "PullPlay", "PushPlay"]

#: So many rounds without an end are enough to judge a producer that has none.
ENDLESS_ROUNDS = 12
#: A finite producer that has not come to its end by then never will.
_FINITE_ROUNDS = 1500
#: After so many rounds in which nothing happened nothing will.
_QUIET_ROUNDS = 3


class _ProducerPlay(Play):
    """A fresh producer for each consumer."""

    subject: ProducerSubject
    streaming = True

    def start(self, consumer: ReferenceConsumer) -> Any:
        """Make a producer for *consumer*, and register it unless it did that itself."""
        consumer.driver = getattr(type(self.subject).settle, "__code__", None)
        producer = self.subject.make(consumer)
        if not consumer.registrations:
            consumer.registerProducer(producer, self.streaming)
        return producer

    def run(self, consumer: ReferenceConsumer, most: int | None = None) -> None:
        """Turn the world and *consumer* until nothing happens any more.

        :param most: how many rounds are enough, if it does not come to that.
        """
        if most is None:
            most = _FINITE_ROUNDS if self.subject.is_finite else ENDLESS_ROUNDS
        quiet = 0
        for _ in range(most):
            before = len(self.calls), len(consumer.calls)
            self.settle()
            if consumer.turn() or before != (len(self.calls), len(consumer.calls)):
                quiet = 0
                continue
            quiet += 1
            if quiet == _QUIET_ROUNDS:
                return

    def baseline(self) -> bytes | None:
        """What a producer writes that nobody disturbs; None if it writes nothing."""
        consumer = Strict([])
        consumer.limit = 1 << 62
        consumer.drains = self.streaming is False
        self.start(consumer)
        self.run(consumer)
        self.subject.clean_up()
        return bytes(consumer.received) if consumer.writes else None

    def offers(self, need: str) -> bool:
        """Whether the subject offers *need*."""
        return offers(self.subject, need)

    def need_finite(self) -> None:
        """Go on only with a producer that has an end.

        :raises Unmet: it has none.
        """
        if not self.subject.is_finite:
            raise Unmet("a producer that comes to its end")

    def need_resumable(self) -> None:
        """Go on only if one pause and one resume get another such producer going again.

        :raises Unmet: they do not, which is for another check to judge.
        """
        consumer = Strict([])
        consumer.limit = 0
        consumer.drains = False
        self.start(consumer)
        self.run(consumer)
        before = len(consumer.received)
        consumer.resume()
        self.run(consumer)
        self.subject.clean_up()
        if len(consumer.received) == before and consumer.producer is not None:
            raise Unmet("a producer that goes on when it is resumed")


class PushPlay(_ProducerPlay):
    """With a push producer."""


class PullPlay(_ProducerPlay):
    """With a pull producer."""

    streaming = False

    def start_safely(self, consumer: ReferenceConsumer) -> None:
        """Start one, and go on only if the first resume does not raise.

        :raises Unmet: it does; when it is asked is for a check of its own to judge.
        """
        try:
            self.start(consumer)
        except Exception as raised:
            if consumer.is_dead and consumer.raised:
                self.fault(f"{raised!r} was raised, after a stop within the write")
            raise Unmet("a producer that bears its first resume")

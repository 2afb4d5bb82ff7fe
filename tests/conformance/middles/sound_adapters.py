"""Small adapters that are right; the mutants each get one thing wrong."""

from __future__ import annotations

from typing import Any

FIRST_REST_S = 0.001
LAST_REST_S = 0.1


class Puller:
    """Pull to push: asks its producer once a turn, and seldom if it has nothing."""

    def __init__(self, producer: Any, consumer: Any, clock: Any) -> None:
        self.producer = producer
        self.consumer = consumer
        self.clock = clock
        self.is_paused = False
        self.has_ended = False
        self.has_written = False
        self.rest_s = 0.0
        self.call: Any = None

    def begin(self) -> Any:
        self.consumer.registerProducer(self, True)
        self.plan()
        return self

    # what the producer sees

    def write(self, data: bytes) -> None:
        self.has_written = self.has_written or bool(data)
        self.consumer.write(data)

    def unregisterProducer(self) -> None:
        self.has_ended = True
        self.consumer.unregisterProducer()

    # what the consumer sees

    def pauseProducing(self) -> None:
        self.is_paused = True

    def resumeProducing(self) -> None:
        self.is_paused = False
        self.plan()

    def stopProducing(self) -> None:
        if not self.has_ended:
            self.has_ended = True
            self.producer.stopProducing()

    # within

    def may_ask(self) -> bool:
        return not self.is_paused and not self.has_ended

    def plan(self) -> None:
        if self.call is None and self.may_ask():
            self.call = self.clock.callLater(self.rest_s, self.turn)

    def turn(self) -> None:
        self.call = None
        if self.may_ask():
            self.ask()
            self.plan()

    def ask(self) -> None:
        self.has_written = False
        try:
            self.producer.resumeProducing()
        except Exception:
            self.failed()
        self.rest_s = 0.0 if self.has_written else self.longer_rest()

    def longer_rest(self) -> float:
        return min(max(2 * self.rest_s, FIRST_REST_S), LAST_REST_S)

    def failed(self) -> None:
        self.unregisterProducer()
        self.producer.stopProducing()


class Holder:
    """Push to pull: holds what comes, up to a limit, until it is asked."""

    LIMIT = 65536

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        self.producer: Any = None
        self.held: list[bytes] = []
        self.is_asked = False
        self.has_paused = False
        self.is_ending = False
        self.is_stopped = False
        consumer.registerProducer(self, False)

    # what the producer sees

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        if self.producer is not None:
            raise RuntimeError("busy")
        if self.is_stopped:
            producer.stopProducing()
            return
        self.producer = producer

    def unregisterProducer(self) -> None:
        if self.producer is None:
            return
        self.producer = None
        self.has_paused = False
        self.is_ending = True
        if self.is_asked:
            self.hand_over()

    def write(self, data: bytes) -> None:
        if self.is_stopped or not data:
            return
        self.held.append(data)
        if self.is_asked:
            self.hand_over()
        self.pause_if_full()

    def pause_if_full(self) -> None:
        full = sum(map(len, self.held)) >= self.LIMIT
        if full and self.producer is not None and not self.has_paused:
            self.has_paused = True
            self.producer.pauseProducing()

    # what the consumer sees

    def resumeProducing(self) -> None:
        self.is_asked = True
        self.hand_over()

    def stopProducing(self) -> None:
        self.is_stopped = True
        self.held.clear()
        producer, self.producer = self.producer, None
        if producer is not None:
            producer.stopProducing()

    def hand_over(self) -> None:
        if self.held:
            held, self.held = b"".join(self.held), []
            self.is_asked = False
            self.consumer.write(held)
        elif self.is_ending:
            self.is_ending = False
            self.consumer.unregisterProducer()
        if self.has_paused and not self.held and self.producer is not None:
            self.has_paused = False
            self.producer.resumeProducing()

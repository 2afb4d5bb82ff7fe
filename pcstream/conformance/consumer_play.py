"""One check being played with one consumer: what the kit does to it, and what came of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from .checking import Play, Unmet, offers
from .recorders import Action, PullRecorder, PushRecorder, Recorder
from .subjects import ConsumerSubject

__all__ = ["ConsumerPlay"]

#: Tried as the limit of a consumer of which none is known: as much makes every known one full.
_ANY_LIMIT_BYTES = 256 * 1024

#: A consumer with so many times its limit is full, however it counts; how it counts is C6.
OVERFILL = 4

_PERIOD = bytes(range(251))


class ConsumerPlay(Play):
    """A fresh consumer, what was written to it, and by whom.

    :ivar consumer: the consumer.
    :ivar accepted: everything that was written, in the order of the calls.
    """

    subject: ConsumerSubject

    def __init__(self, subject: Any, rule: str = "", *, make: Callable[[], Any] | None = None):
        super().__init__(subject, rule)
        self._make = make
        self._consumer: Any = None
        self.accepted = bytearray()
        self.registered_first: Any = None

    @property
    def consumer(self) -> Any:
        """The consumer; it is made when it is first asked for."""
        if self._consumer is None:
            self._consumer = (self._make or self.subject.make)()
        return self._consumer

    def make_unconnected(self) -> Any:
        """Have a consumer instead whose connection is still being made."""
        self.note("a connection is begun")
        self._consumer = self.subject.make_unconnected()
        return self._consumer

    def another(self) -> ConsumerPlay:
        """The same check with another consumer; what was called so far is forgotten."""
        self.calls.clear()
        other = ConsumerPlay(self.subject, self.rule)
        other.calls, other.errors = self.calls, self.errors
        return other

    # -- producers

    def push(self, name: str = "A", **script: Iterable[Action]) -> PushRecorder:
        """A push producer that does what the script says."""
        return PushRecorder(self.calls, self.consumer, name=name, write=self._take, **script)

    def pull(self, name: str = "A", **script: Iterable[Action]) -> PullRecorder:
        """A pull producer that does what the script says, and unregisters then."""
        return PullRecorder(self.calls, self.consumer, name=name, write=self._take, **script)

    def register(self, producer: Recorder, streaming: Any) -> None:
        """Register *producer*."""
        kind = "push" if streaming else "pull"
        self.note(f"consumer.registerProducer({producer.name}, {kind})")
        self.consumer.registerProducer(producer, streaming)

    def registered(self, name: str = "A", **script: Iterable[Action]) -> PushRecorder:
        """A push producer that is registered."""
        producer = self.push(name, **script)
        self.register(producer, True)
        return producer

    def unregister(self) -> None:
        """Unregister whoever is registered."""
        self.note("consumer.unregisterProducer()")
        self.consumer.unregisterProducer()

    # -- data

    def next_piece(self, size: int) -> bytes:
        """The next *size* bytes of what this play writes; they count as written."""
        start = len(self.accepted) % len(_PERIOD)
        piece = (_PERIOD * (size // len(_PERIOD) + 2))[start : start + size]
        self.accepted += piece
        return piece

    def write(self, size: int) -> None:
        """Write *size* bytes."""
        self.note(f"consumer.write({size} bytes)")
        self.consumer.write(self.next_piece(size))

    def _take(self, data: bytes) -> None:
        self.consumer.write(self.next_piece(len(data)))

    @property
    def limit(self) -> int:
        """What the consumer takes without being full, as far as that is known."""
        limit = self.subject.fill_limit
        return _ANY_LIMIT_BYTES if limit is None else limit

    def overfill(self) -> None:
        """Write far more than there is room for, whatever exactly the limit is."""
        self.write(OVERFILL * self.limit + 1)

    def overfilled(self, producer: Recorder) -> None:
        """Write more than there is room for, and go on only if *producer* was paused.

        :raises Unmet: it was not, which is for another check to judge.
        """
        self.overfill()
        if not producer.count("pause"):
            raise Unmet("a consumer that pauses its producer")

    # -- the world around it

    def stall(self) -> None:
        """Nothing leaves the consumer from now on."""
        consumer = self.consumer
        assert consumer is not None
        self.note("(its peer takes nothing)")
        self.subject.stall()

    def drain(self) -> None:
        """Everything leaves the consumer."""
        self.note("(its peer takes everything)")
        self.subject.drain()
        self.settle()

    def kill(self) -> None:
        """The connection is lost."""
        consumer = self.consumer
        assert consumer is not None
        self.note("(the connection is lost)")
        self.subject.kill()
        self.settle()

    def close(self) -> None:
        """Ask the consumer to close."""
        self.note("consumer.loseConnection()")
        self.subject.close()

    def go_quiet(self) -> None:
        """Let everything happen that is going to; it is written down."""
        self.note("(until nothing moves)")
        self.settle()

    def offers(self, need: str) -> bool:
        """Whether the subject offers *need*."""
        return offers(self.subject, need)

    def method(self, name: str) -> Any:
        """A method of the consumer that not every consumer has.

        :raises Unmet: this one has not.
        """
        method = getattr(self.consumer, name, None)
        if method is None:
            raise Unmet(f"a consumer with {name}()")
        return method

    # -- judging

    def expect_since(self, producer: Recorder, start: int, *heard: str) -> bool:
        """Since it had heard *start* calls, *producer* must have heard exactly this."""
        since = producer.heard[start:]
        if since == list(heard):
            return True
        self.fault(
            f"{producer.name} heard {_series(since)} and should have heard {_series(list(heard))}"
        )
        return False

    def expect_heard(self, producer: Recorder, *heard: str) -> bool:
        """*producer* must have heard exactly this."""
        return self.expect_since(producer, 0, *heard)

    def expect_received(self, rule: str | None = None) -> bool:
        """All that was written must have arrived, as it was written."""
        received, accepted = self.subject.received(), bytes(self.accepted)
        if received == accepted:
            return True
        if accepted.startswith(received):
            seen = f"{len(received)} of {len(accepted)} bytes arrived"
        else:
            at = next(
                (
                    i
                    for i, (one, two) in enumerate(zip(received, accepted, strict=False))
                    if one != two
                ),
                len(accepted),
            )
            seen = f"what arrived differs from what was written from byte {at} on"
        self.fault(seen, rule)
        return False

    def end(self) -> None:
        """Unregister whoever is left, so that nothing waits for it, and clean up."""
        if self._consumer is not None:
            with suppress(Exception):
                self._consumer.unregisterProducer()
        super().end()


def _series(heard: list[str]) -> str:
    if not heard:
        return "nothing"
    if len(heard) > 12:
        return f"{', '.join(heard[:10])} and so on, {len(heard)} calls"
    return ", ".join(heard)

"""What a user writes: how to make the thing that is judged, and how to move the world around it.

Only ``make`` has to be written.  Everything else tells the kit how to do one thing more; a rule
that needs what is not offered is skipped, with its number, and never passed in silence.  The other
methods are about the object that ``make`` made last.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .checking import optional

__all__ = [
    "ConsumerSubject",
    "MiddleSubject",
    "ProducerSubject",
    "PullProducerSubject",
    "PushProducerSubject",
    "Subject",
]


class Subject:
    """What all kinds share.

    :cvar name: what it is called in reports; by default the name of the class.
    :cvar deviations: numbers of rules that are known to be broken. Their faults are expected, and
        if one is not found that is reported.
    """

    name: str = ""
    deviations: Collection[str] = ()

    def settle(self) -> None:
        """Let time pass until nothing moves any more: turn a reactor, advance a clock.

        By default nothing is done, which is right for objects that do all they do when called.
        """

    def clean_up(self) -> None:
        """Give back sockets and the like; called after every check, maybe without a ``make``."""


class ConsumerSubject(Subject):
    """A consumer, which may be a transport.

    :cvar fill_limit: the number of unsent bytes that it takes without being full, if that is known.
    """

    fill_limit: int | None = None

    def make(self) -> Any:
        """A new consumer without a producer."""
        raise NotImplementedError

    @optional
    def stall(self) -> None:
        """From now on nothing leaves the consumer, whatever is written."""

    @optional
    def drain(self) -> None:
        """Everything leaves the consumer, also what is written later; do it until it is quiet."""

    @optional
    def drain_some(self, size: int) -> None:
        """About *size* bytes leave a stalled consumer, and no more."""

    @optional
    def received(self) -> bytes:
        """Everything that has reached the other end so far."""
        raise NotImplementedError

    @optional
    def kill(self) -> None:
        """The connection is lost, not cleanly; be quiet when that is known everywhere."""

    @optional
    def close(self) -> None:
        """Ask the consumer to close when it is done."""

    @optional
    def ended(self) -> list[Any]:
        """What the consumer's owner heard of the end: a reason (failure, exception) each time."""
        raise NotImplementedError

    @optional
    def on_end(self, hear: Any) -> None:
        """Call *hear*, without arguments, when the consumer's owner hears of the end."""

    @optional
    def feed(self, data: bytes) -> None:
        """The other end sends *data*, to a consumer that is a transport."""

    @optional
    def fed(self) -> bytes:
        """All that a consumer which is a transport has given to its protocol."""
        raise NotImplementedError

    @optional
    def half_close(self) -> None:
        """The other end sends no more, and the consumer's protocol can take that."""

    @optional
    def deafen(self) -> None:
        """The other end will never read again, and has said so, as a pipe's does by closing."""

    @optional
    def make_unconnected(self) -> Any:
        """A consumer whose connection is still being made."""
        raise NotImplementedError

    @optional
    def refuse(self) -> None:
        """The connection of what ``make_unconnected`` made fails."""


class ProducerSubject(Subject):
    """A producer.

    :cvar is_finite: it comes to its end by itself if nothing stops it.
    :cvar content: what a finite one writes, if that is known.
    """

    is_finite: bool = True
    content: bytes | None = None

    def make(self, consumer: Any) -> Any:
        """A new producer that writes to *consumer*.

        It may register itself with *consumer* in here. One that does not is registered by the kit.
        """
        raise NotImplementedError

    @optional
    def released(self) -> bool:
        """Whether the producer has given back all that it holds, files for instance."""
        raise NotImplementedError


class PushProducerSubject(ProducerSubject):
    """A push producer."""


class PullProducerSubject(ProducerSubject):
    """A pull producer."""


class MiddleSubject(Subject):
    """Something that is a consumer, and passes what it is given on to another one."""

    def make(self, consumer: Any) -> Any:
        """A new middle; what it has taken goes on to *consumer*."""
        raise NotImplementedError

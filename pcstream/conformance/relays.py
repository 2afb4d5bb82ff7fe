"""The rules for relays: two connections that a program makes one.

Both connections are in memory and behave, so what goes wrong is the relay's doing.  Short
sequences of events are tried before long ones: the first that shows a fault is the smallest.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator
from typing import Any, NoReturn

from .checking import Checks, Play
from .given_subjects import run_verified, subject_from
from .memory_connection import (
    LIMIT_BYTES,
    Enough,
    MemoryConnection,
    TurnReactor,
    stops_at_the_first_fault,
)
from .report import Report
from .subjects import Subject

__all__ = ["CHECKS", "RelaySubject", "check_relay", "scripts"]

# So much of what a relay has read in one go may come on top of its limit (contract P2).
_ONE_READ_BYTES = 65536


class RelaySubject(Subject):
    """A relay between a connection that was accepted and one that it makes itself."""

    def make(self, reactor: TurnReactor) -> Any:
        """The protocol of an accepted connection, which connects with *reactor*, by TCP."""
        raise NotImplementedError


def scripts(alphabet: str, depth: int) -> Iterator[tuple[str, ...]]:
    """All sequences of letters, the short ones first."""
    for length in range(1, depth + 1):
        yield from itertools.product(alphabet, repeat=length)


CHECKS: Checks[Play] = Checks("relay", Play)


class _Relay:
    """A relay with both of its connections, or with the first one only.

    :ivar front: the connection that was accepted.
    :ivar back: the one that the relay has made.
    """

    def __init__(self, play: Play) -> None:
        self.play = play
        self.trace = play.calls
        self.trace.clear()
        self.reactor = TurnReactor()
        self.front = MemoryConnection(self.reactor, self.trace, "front")
        self.back = MemoryConnection(self.reactor, self.trace, "back")
        self.front.protocol = play.subject.make(self.reactor)
        self.front.protocol.makeConnection(self.front)

    def connect(self) -> None:
        """Let the second connection come about."""
        if not self.reactor.tcpClients:
            self.broken("it never connects to the other side")
        factory = self.reactor.tcpClients[-1][2]
        self.trace.append("back is connected")
        self.back.protocol = factory.buildProtocol(self.back.getPeer())
        self.back.protocol.makeConnection(self.back)
        self.settle()

    def settle(self) -> None:
        self.reactor.settle()
        for side in (self.front, self.back):
            if side.raised:
                self.broken(f"it raised {side.raised[0]!r}")

    def broken(self, what: str) -> NoReturn:
        self.play.fault(what)
        raise Enough

    def sides(self, backwards: bool) -> tuple[MemoryConnection, MemoryConnection]:
        """Where bytes come from, and where they go."""
        return (self.back, self.front) if backwards else (self.front, self.back)


def _connected(play: Play) -> _Relay:
    relay = _Relay(play)
    relay.settle()
    relay.connect()
    relay.trace.clear()
    return relay


@CHECKS.rule("X1")
@stops_at_the_first_fault
def relays_every_byte(play: Play) -> None:
    """X1: pieces in both directions, while the receivers take them and while they do not."""
    for script in scripts("fbsd", 3):
        relay = _connected(play)
        pieces = itertools.cycle(range(1, 251))
        want = {"f": bytearray(), "b": bytearray()}
        for letter in script:
            if letter in "fb":
                source, _ = relay.sides(letter == "b")
                data = bytes([next(pieces), next(pieces)]) * 35_000
                want[letter] += data
                source.deliver(data)
                relay.settle()
            else:
                for side in (relay.front, relay.back):
                    side.stall() if letter == "s" else side.drain()
        relay.front.drain()
        relay.back.drain()
        relay.settle()
        for letter, sink in (("f", relay.back), ("b", relay.front)):
            if sink.sent != want[letter]:
                relay.broken(
                    f"{len(sink.sent)} bytes left by {sink.name}, "
                    f"and not the {len(want[letter])} that came as they came"
                )


@CHECKS.rule("X2")
@stops_at_the_first_fault
def relays_pauses(play: Play) -> None:
    """X2: one side sends and sends, the other takes nothing."""
    for backwards in (False, True):
        relay = _connected(play)
        source, sink = relay.sides(backwards)
        sink.stall()
        for _ in range(40):
            source.deliver(bytes(16_384))
        relay.settle()
        if sink.pending > LIMIT_BYTES + _ONE_READ_BYTES:
            del relay.trace[6:-6]
            relay.broken(f"it holds {sink.pending} bytes for {sink.name}, which takes nothing")
        sink.drain()
        relay.settle()
        if len(sink.sent) != 40 * 16_384:
            relay.broken(f"{len(sink.sent)} of {40 * 16_384} bytes arrived after the pause")


@CHECKS.rule("X7")
@stops_at_the_first_fault
def relays_half_closes(play: Play) -> None:
    """X7: the peer in front asks, ends its half, and waits for the answer."""
    relay = _connected(play)
    relay.front.deliver(b"question")
    relay.front.deliver_end()
    relay.settle()
    if relay.front.end is not None or relay.back.end is not None:
        relay.broken("the end of one direction has ended both")
    if not relay.back.is_half_closed:
        relay.broken("the end of one direction was not passed on")
    relay.back.deliver(b"answer")
    relay.settle()
    if relay.front.sent != b"answer":
        relay.broken("after the end of one direction nothing comes through in the other")


@CHECKS.rule("X8")
@stops_at_the_first_fault
def relays_ends(play: Play) -> None:
    """X8: nothing is read before there is another side; behind all that came there is an end."""
    relay = _Relay(play)
    relay.front.deliver(b"early")
    relay.settle()
    if "front received 5 bytes" in relay.trace:
        relay.broken("it reads before the other side exists")
    relay.connect()
    if len(relay.back.sent) != 5:
        relay.broken("what came before the other side existed is lost")
    for backwards, size in itertools.product((False, True), (3, 200_000)):
        relay = _connected(play)
        source, sink = relay.sides(backwards)
        sink.stall()
        for begin in range(0, size, 50_000):
            source.deliver(bytes(min(50_000, size - begin)))
        source.deliver_end()
        relay.settle()
        sink.drain()
        relay.settle()
        if len(sink.sent) != size:
            relay.broken(f"{len(sink.sent)} of {size} bytes arrived before the end")
        if sink.end != "clean" and not sink.is_half_closed:
            how = "not at all" if sink.end is None else f"as {sink.end}"
            relay.broken(f"{source.name} has ended cleanly, and {sink.name} ends {how}")


@CHECKS.rule("X9")
@stops_at_the_first_fault
def relays_aborts(play: Play) -> None:
    """X9: one side is reset."""
    for backwards in (False, True):
        relay = _connected(play)
        source, sink = relay.sides(backwards)
        source.deliver(b"some")
        relay.settle()
        source.break_off()
        relay.settle()
        if sink.end != "aborted":
            how = "not" if sink.end is None else f"as if that were {sink.end}"
            relay.broken(f"{source.name} was lost, and {sink.name} ends {how}")


def check_relay(
    subject: RelaySubject | type[RelaySubject] | Callable[[Any], Any],
    *,
    only: Collection[str] = (),
    deviations: Collection[str] = (),
    search: int = 0,
    name: str | None = None,
) -> Report:
    """Judge a relay between an accepted connection and one that it makes itself.

    :param subject: a subject, or just what makes the protocol of an accepted connection, given a
        reactor to connect with. The other arguments are those of
        :func:`~pcstream.conformance.proxies.check_proxy`.
    """
    made = subject_from(subject, RelaySubject, "make", deviations)
    return run_verified(
        CHECKS, made, lambda: made.make(TurnReactor()), "IProtocol", name=name, only=only
    )

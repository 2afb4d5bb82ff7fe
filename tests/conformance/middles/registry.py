"""All wrong adapters, senders, proxies and relays, and what has the kit judge each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sound_adapters
import sound_middles
import sound_senders
import wrong_adapters
import wrong_middles
import wrong_senders

from pcstream.conformance.adapters import AdapterSubject, check_adapter
from pcstream.conformance.file_senders import check_file_sender
from pcstream.conformance.memory_connection import MemoryConnection, TurnClock
from pcstream.conformance.proxies import ProxySubject, check_proxy
from pcstream.conformance.relays import check_relay
from pcstream.conformance.report import Report


class Pulling(AdapterSubject):
    """A pull-to-push adapter of the class that is given."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def pull_to_push(self, producer: Any, consumer: Any, clock: TurnClock) -> Any:
        return self.kind(producer, consumer, clock).begin()


class Holding(AdapterSubject):
    """A push-to-pull adapter."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def push_to_pull(self, consumer: Any, clock: TurnClock) -> Any:
        return self.kind(consumer)


class Consuming(AdapterSubject):
    """A protocol as a consumer."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    def protocol_to_consumer(self, protocol: Any) -> Any:
        return self.kind(protocol)


class Wrapping(ProxySubject):
    """A wrapper with a gate, of the classes that are given."""

    def __init__(self, kind: Any = sound_middles.HalfWrapper, gate: Any = sound_middles.Gate):
        self.kind = kind
        self.gate = gate

    def make(self, consumer: MemoryConnection) -> Any:
        wrapper = self.kind()
        wrapper.gate_class = self.gate
        consumer.protocol = wrapper
        return wrapper.make_connection(consumer)

    def hold(self, middle: Any) -> None:
        middle.hold_up()

    def release(self, middle: Any) -> None:
        middle.let_go()

    def close(self, middle: Any) -> None:
        middle.loseConnection()

    def wrap(self, protocol: Any, connection: MemoryConnection) -> Any:
        return self.kind(protocol)


@dataclass(frozen=True)
class Judged:
    """Something, and what has the kit judge it.

    :ivar rule: the rule that it breaks; empty for something sound.
    :ivar also: the rules that cannot be kept by whoever breaks that one.
    """

    name: str
    rule: str
    judge: Callable[[], Report]
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def judged(kind: Any) -> Judged:
    """How *kind*, a class of one of these modules, is judged."""
    judge: Callable[..., Report]
    subject: Any
    if issubclass(kind, sound_adapters.Puller):
        judge, subject = check_adapter, Pulling(kind)
    elif issubclass(kind, sound_adapters.Holder):
        judge, subject = check_adapter, Holding(kind)
    elif issubclass(kind, wrong_adapters.IgnoresRegistration):
        judge, subject = check_adapter, Consuming(kind)
    elif issubclass(kind, sound_senders.Sender):
        judge, subject = check_file_sender, kind
    elif issubclass(kind, sound_middles.Middle):
        judge, subject = check_proxy, kind
    elif issubclass(kind, sound_middles.Gate):
        judge, subject = check_proxy, Wrapping(gate=kind)
    elif issubclass(kind, sound_middles.Wrapper):
        judge, subject = check_proxy, Wrapping(kind)
    else:
        judge, subject = check_relay, kind
    name = kind.__name__
    return Judged(
        name,
        getattr(kind, "rule", ""),
        lambda: judge(subject, name=name),
        getattr(kind, "also", ()),
    )


#: All wrong ones.
MUTANTS = [
    judged(kind)
    for module in (wrong_adapters, wrong_senders, wrong_middles)
    for kind in vars(module).values()
    if isinstance(kind, type) and kind.__module__ == module.__name__ and hasattr(kind, "rule")
]

#: The right ones that they are made of.
SOUND = [
    judged(kind)
    for kind in (
        sound_adapters.Puller,
        sound_adapters.Holder,
        sound_senders.Sender,
        sound_middles.Middle,
        sound_middles.HalfWrapper,
        sound_middles.FrontSide,
    )
]


def right_ones() -> list[Judged]:
    """The sound ones, everything of ours, and what is of Twisted's and breaks nothing.

    Of ours some rules are known to be broken, for compatibility; they are declared as deviations.
    """
    import stock

    clean = [case for case in stock.cases("twisted") if not case.broken]
    return SOUND + [Judged(str(case), "", case.judge) for case in clean + stock.cases("pcstream")]

"""What Twisted's ``FileDescriptor`` was seen to do when the kernel takes only part of a write.

The kernel is a script: how many bytes it takes each time it is offered some.
"""

from __future__ import annotations

from typing import Any

import pytest

LIMIT = 65_536
PARTS = pytest.mark.parametrize(
    "part",
    [
        lambda left: 1,
        lambda left: max(1, left - 1),
        lambda left: left,
        lambda left: (left + 1) // 2,
    ],
    ids=["one", "all-but-one", "all", "half"],
)


class Reactor:
    """Knows who wants to write, and has no life of its own."""

    def __init__(self) -> None:
        self.writers: set[Any] = set()
        self.readers: set[Any] = set()

    def addWriter(self, writer: Any) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:
        self.writers.discard(writer)

    def addReader(self, reader: Any) -> None:
        self.readers.add(reader)

    def removeReader(self, reader: Any) -> None:
        self.readers.discard(reader)

    def callLater(self, delay: float, function: Any, *args: Any) -> Any:
        raise AssertionError("nothing is to come later here")


def make_descriptor(package: Any, take: Any) -> Any:
    """A ``FileDescriptor`` whose kernel takes what *take* says of the number it is offered."""

    class Scripted(package.internet_abstract.FileDescriptor):  # type: ignore
        def __init__(self) -> None:
            super().__init__(Reactor())
            self.connected = 1
            self.offered: list[int] = []
            self.sent = bytearray()
            self.ends: list[str] = []

        def writeSomeData(self, data: bytes) -> Any:
            taken = take(len(data))
            self.offered.append(len(data))
            if isinstance(taken, int):
                self.sent += bytes(data[:taken])
            return taken

        @property
        def wants(self) -> bool:
            return bool(self.reactor.writers)

        def step(self) -> Any:
            """One time that the kernel has room."""
            why = self.doWrite()
            if why:
                self.connectionLost(package.python_failure.Failure(why))
            return why

        def drain(self) -> int:
            steps = 0
            while self.wants:
                assert not self.step()
                steps += 1
            return steps

        def connectionLost(self, reason: Any) -> None:
            self.ends.append(type(reason.value).__name__)
            super().connectionLost(reason)

    return Scripted()


@PARTS
def test_twisted_C28_each_byte_once_and_in_order(package: Any, part: Any) -> None:
    """= However the kernel cuts them, the bytes are sent once each and in order: one at a time,
    all but one, half, all."""
    descriptor = make_descriptor(package, part)
    data = bytes(range(256)) * 3
    descriptor.write(data)
    descriptor.writeSequence([data[:5], b"", data[5:]])
    descriptor.drain()
    assert bytes(descriptor.sent) == data + data
    descriptor.write(b"more")
    descriptor.drain()
    assert bytes(descriptor.sent[-5:]) == data[-1:] + b"more"


@PARTS
def test_twisted_C29_a_resume_only_behind_the_last_byte(
    package: Any, push: Any, events: list[str], part: Any
) -> None:
    """= A paused producer is resumed once, when the last byte is taken, and not for any part."""
    descriptor = make_descriptor(package, part)
    descriptor.bufferSize = 100
    descriptor.registerProducer(push(), True)
    descriptor.write(b"x" * 200)
    while descriptor.wants:
        before = list(events)
        descriptor.step()
        if len(descriptor.sent) < 200:
            assert events == before == ["P pause"]
    assert events == ["P pause", "P resume"]


@PARTS
def test_twisted_C30_one_request_for_each_drain(
    package: Any, pull: Any, events: list[str], part: Any
) -> None:
    """= A pull producer is asked once for each time that everything is sent, however many steps
    that takes."""
    descriptor = make_descriptor(package, part)
    left = [b"a" * 50, b"b" * 50, b"c" * 50]
    producer = pull()

    def give() -> None:
        assert len(descriptor.sent) == 50 * (3 - len(left))
        if left:
            descriptor.write(left.pop(0))
        else:
            descriptor.unregisterProducer()

    producer.on["resume"] = give
    descriptor.registerProducer(producer, False)
    descriptor.drain()
    assert events == ["P resume"] * 4
    assert bytes(descriptor.sent) == b"a" * 50 + b"b" * 50 + b"c" * 50


def test_twisted_C31_a_kernel_that_takes_nothing(
    package: Any, push: Any, events: list[str]
) -> None:
    """= When the kernel takes nothing, nothing is lost, nobody called, and it is offered again."""
    takes = [0, 0, 0]
    descriptor = make_descriptor(package, lambda left: takes.pop() if takes else left)
    descriptor.registerProducer(push(), True)
    descriptor.write(b"x" * 70_000)
    for _ in range(3):
        descriptor.step()
        assert descriptor.wants
        assert events == ["P pause"]
    descriptor.drain()
    assert len(descriptor.sent) == 70_000
    assert events == ["P pause", "P resume"]


def test_twisted_C32_an_error_ends_it(package: Any, push: Any, events: list[str]) -> None:
    """= An error of the kernel's in the middle of a write ends the connection; the producer is
    stopped once."""
    lost = package.internet_main.CONNECTION_LOST
    takes: list[Any] = [lost, 10]
    descriptor = make_descriptor(package, lambda left: takes.pop())
    descriptor.registerProducer(push(), True)
    descriptor.write(b"x" * 100)
    assert not descriptor.step()
    assert descriptor.step() is lost
    assert descriptor.ends == ["ConnectionLost"]
    assert events == ["P stop"]
    assert not descriptor.wants


@PARTS
def test_twisted_C33_a_sequence_counts_as_its_sum(
    package: Any, push: Any, events: list[str], part: Any
) -> None:
    """= ``writeSequence`` fills it by the sum of its pieces, and pauses once for all of them."""
    descriptor = make_descriptor(package, part)
    descriptor.bufferSize = 100
    descriptor.registerProducer(push(), True)
    descriptor.writeSequence([b"x" * 50, b"x" * 50])
    assert events == []
    descriptor.drain()
    descriptor.writeSequence([b"x" * 50, b"x" * 50, b"x"])
    assert events == ["P pause"]
    descriptor.drain()
    assert events == ["P pause", "P resume"]
    assert len(descriptor.sent) == 201


def test_twisted_C34_empty_sequences_are_nothing(
    package: Any, push: Any, events: list[str]
) -> None:
    """= Empty sequences, and sequences of empty pieces, send nothing and call nobody."""
    descriptor = make_descriptor(package, lambda left: left)
    descriptor.registerProducer(push(), True)
    descriptor.writeSequence([])
    descriptor.writeSequence(())
    descriptor.writeSequence([b"", b""])
    descriptor.drain()
    assert events == []
    assert bytes(descriptor.sent) == b""


@PARTS
def test_twisted_T15_a_close_waits_for_the_last_part(package: Any, part: Any) -> None:
    """= ``loseConnection`` in the middle of a write ends the connection behind the last byte."""
    descriptor = make_descriptor(package, part)
    descriptor.write(b"x" * 100)
    descriptor.loseConnection()
    while True:
        why = descriptor.step()
        if why:
            break
        assert descriptor.ends == []
    assert len(descriptor.sent) == 100
    assert descriptor.ends == ["ConnectionDone"]


def test_twisted_C35_the_list_stays_the_callers(package: Any) -> None:
    """= A list given to ``writeSequence`` may be changed afterwards without any effect."""
    descriptor = make_descriptor(package, lambda left: left)
    pieces = [b"a", b"b"]
    descriptor.writeSequence(pieces)
    pieces[:] = [b"z"]
    descriptor.drain()
    assert bytes(descriptor.sent) == b"ab"


def test_twisted_C36_write_answers_nothing(package: Any, push: Any) -> None:
    """= ``write``, ``writeSequence``, ``registerProducer`` and ``unregisterProducer`` answer None,
    whether there is room or not."""
    descriptor = make_descriptor(package, lambda left: left)
    assert descriptor.registerProducer(push(), True) is None
    assert descriptor.write(b"x" * 100_000) is None
    assert descriptor.writeSequence([b"x"]) is None
    assert descriptor.unregisterProducer() is None


def test_twisted_C37_a_new_limit_holds_for_the_next_write(
    package: Any, push: Any, events: list[str]
) -> None:
    """= Another ``bufferSize`` has its effect with the next write, and calls nobody itself."""
    descriptor = make_descriptor(package, lambda left: left)
    descriptor.registerProducer(push(), True)
    descriptor.write(b"x" * 1000)
    descriptor.bufferSize = 10
    assert events == []
    descriptor.write(b"x")
    assert events == ["P pause"]
    descriptor.drain()
    assert events == ["P pause", "P resume"]


def test_twisted_C38_who_is_registered_can_be_seen(package: Any, push: Any, pull: Any) -> None:
    """= ``producer`` is the registered object itself, and None when there is none."""
    descriptor = make_descriptor(package, lambda left: left)
    assert descriptor.producer is None
    producer = push()
    descriptor.registerProducer(producer, True)
    assert descriptor.producer is producer
    assert descriptor.streamingProducer
    descriptor.unregisterProducer()
    assert descriptor.producer is None
    other = pull()
    descriptor.registerProducer(other, False)
    assert descriptor.producer is other
    assert not descriptor.streamingProducer


def test_twisted_C39_one_may_come_back_as_the_other_kind(
    package: Any, push: Any, events: list[str]
) -> None:
    """= A producer that has unregistered may register again, as the other kind too."""
    descriptor = make_descriptor(package, lambda left: left)
    producer = push()
    descriptor.registerProducer(producer, True)
    descriptor.unregisterProducer()
    descriptor.registerProducer(producer, False)
    assert events == ["P resume"]
    descriptor.unregisterProducer()
    descriptor.registerProducer(producer, True)
    descriptor.write(b"x" * 70_000)
    assert events == ["P resume", "P pause"]


def test_twisted_C40_an_idle_consumer_wants_nothing(package: Any, push: Any, pull: Any) -> None:
    """= With nothing to send it does not watch for room, whoever is registered: a push producer
    costs no turns."""
    descriptor = make_descriptor(package, lambda left: left)
    descriptor.registerProducer(push(), True)
    assert not descriptor.wants
    descriptor.write(b"x")
    assert descriptor.wants
    descriptor.drain()
    assert not descriptor.wants

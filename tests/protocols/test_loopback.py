"""Two protocols connected to each other."""

from __future__ import annotations

import io
from typing import Any

import pytest
from zope.interface import providedBy

from pcstream.internet.error import ConnectionDone
from pcstream.internet.interfaces import IAddress
from pcstream.internet.protocol import Protocol
from pcstream.protocols import basic, loopback
from pcstream.trial import unittest


class Ear(Protocol):
    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.on_made: Any = lambda: None
        self.on_data: Any = lambda data: None

    def connectionMade(self) -> None:
        self.on_made()

    def dataReceived(self, data: bytes) -> None:
        self.heard.append(data)
        self.on_data(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.heard.append(reason.type)


class Pull:
    def __init__(self, transport: Any, *chunks: bytes) -> None:
        self.transport = transport
        self.chunks = list(chunks)
        self.calls: list[str] = []

    def resumeProducing(self) -> None:
        self.calls.append("resume")
        if self.chunks:
            self.transport.write(self.chunks.pop(0))
        else:
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def stopProducing(self) -> None:
        self.calls.append("stop")


class LoopbackAsyncTests(unittest.TestCase):
    def setUp(self) -> None:
        self.server, self.client = Ear(), Ear()

    def connect(self, *arguments: Any) -> Any:
        return loopback.loopbackAsync(self.server, self.client, *arguments)

    async def test_both_ways_and_the_close(self) -> None:
        finished = self.connect()
        self.server.transport.write(b"a")
        self.server.transport.writeSequence(piece for piece in (b"b", b"c"))
        self.client.transport.write(b"x")
        self.assertEqual(self.server.heard + self.client.heard, [])
        self.server.transport.loseConnection()
        await finished
        self.assertEqual(self.client.heard, [b"a", b"bc", ConnectionDone])
        self.assertEqual(self.server.heard, [b"x", ConnectionDone])

    async def test_what_is_said_at_once_is_heard(self) -> None:
        self.server.on_made = lambda: self.server.transport.write(b"hello")
        self.client.on_data = lambda data: self.client.transport.loseConnection()
        await self.connect()
        self.assertEqual(self.client.heard[0], b"hello")

    async def test_T5_nothing_is_received_inside_a_write(self) -> None:
        finished = self.connect()
        inside: list[bool] = []
        is_writing = False
        self.server.on_data = lambda data: inside.append(is_writing)
        is_writing = True
        self.client.transport.write(b"x")
        is_writing = False
        self.client.transport.loseConnection()
        await finished
        self.assertEqual(inside, [False])

    async def test_T1_what_was_written_is_received_before_the_close(self) -> None:
        finished = self.connect()
        self.server.transport.write(b"a")
        self.server.transport.loseConnection()
        self.server.transport.write(b"b")
        self.client.transport.write(b"late")
        await finished
        self.assertEqual(self.client.heard, [b"a", b"b", ConnectionDone])
        self.assertEqual(self.server.heard, [b"late", ConnectionDone])

    async def test_abort_closes(self) -> None:
        finished = self.connect()
        self.client.transport.abortConnection()
        await finished
        self.assertEqual(self.server.heard, [ConnectionDone])

    async def test_a_pull_producer_is_asked_when_all_was_received(self) -> None:
        finished = self.connect()
        producer = Pull(self.server.transport, b"1", b"2", b"3")
        self.server.transport.registerProducer(producer, False)
        await finished
        self.assertEqual(self.client.heard, [b"1", b"2", b"3", ConnectionDone])
        self.assertEqual(producer.calls, ["resume"] * 4)

    async def test_C5_a_push_producer_is_never_paused(self) -> None:
        finished = self.connect()
        producer = Pull(self.server.transport)
        self.server.transport.registerProducer(producer, True)
        self.server.transport.write(b"x" * 1_000_000)
        self.server.transport.unregisterProducer()
        self.server.transport.loseConnection()
        await finished
        self.assertEqual(producer.calls, [])

    async def test_C19_producers_are_stopped_before_the_protocols_hear(self) -> None:
        finished = self.connect()
        producers = [Pull(None), Pull(None)]
        heard: list[Any] = []
        for side, producer in zip((self.server, self.client), producers, strict=True):
            side.transport.registerProducer(producer, True)
            side.connectionLost = (  # type: ignore[method-assign]
                lambda reason, p=producer: heard.append(list(p.calls))  # type: ignore[misc]
            )
        self.server.transport.loseConnection()
        await finished
        self.assertEqual(heard, [["stop"], ["stop"]])
        late = Pull(None)
        self.client.transport.registerProducer(late, True)
        self.assertEqual(late.calls, ["stop"])

    async def test_a_protocol_that_raises_ends_it(self) -> None:
        finished = self.connect()
        self.client.on_data = lambda data: 1 / 0
        self.server.transport.write(b"x")
        await self.assertFailure(finished, ZeroDivisionError)
        self.assertEqual(self.client.heard, [b"x"])

    async def test_a_policy_decides_what_is_received(self) -> None:
        seen: list[Any] = []

        def policy(queue: Any, target: Any) -> None:
            while queue:
                seen.append((target, queue.get()))

        finished = self.connect(policy)
        self.client.transport.write(b"a")
        self.server.transport.write(b"b")
        self.server.transport.loseConnection()
        await finished
        self.assertEqual(seen, [(self.client, b"b"), (self.client, None), (self.server, b"a")])

    async def test_a_policy_may_leave_some_for_later(self) -> None:
        def one(queue: Any, target: Any) -> None:
            data = queue.get()
            if data is not None:
                target.dataReceived(data)

        finished = self.connect(one)
        for data in (b"1", b"2", b"3"):
            self.server.transport.write(data)
        self.client.on_data = lambda data: (
            self.client.transport.loseConnection() if data == b"3" else None
        )
        await finished
        self.assertEqual(self.client.heard, [b"1", b"2", b"3", ConnectionDone])


def filled_queue(*items: bytes | None) -> Any:
    queue = loopback._LoopbackQueue()
    for item in items:
        queue.put(item)
    return queue


@pytest.mark.parametrize(
    ("policy", "heard"),
    [
        (loopback.identityPumpPolicy, [b"a", b"b"]),
        (loopback.collapsingPumpPolicy, [b"ab"]),
    ],
)
def test_the_two_policies_stop_at_a_close(policy: Any, heard: list[bytes]) -> None:
    queue, ear = filled_queue(b"a", b"b", None, b"c"), Ear()
    policy(queue, ear)
    assert ear.heard == heard
    assert queue
    policy(queue, ear)
    assert not queue
    policy(queue, ear)
    assert ear.heard == [*heard, b"c"]


def test_C15_a_transport_takes_bytes_only() -> None:
    transport: Any = loopback._LoopbackTransport(filled_queue())
    for bad in ("text", 1, None):
        with pytest.raises(TypeError, match=r"^Can only write bytes to ITransport$"):
            transport.write(bad)
    with pytest.raises(TypeError):
        transport.writeSequence([b"good", "bad"])
    assert not transport.q


def test_addresses_are_addresses() -> None:
    transport = loopback._LoopbackTransport(filled_queue())
    assert IAddress in providedBy(transport.getHost())
    assert IAddress in providedBy(transport.getPeer())


def test_the_relay_holds_until_it_is_cleared() -> None:
    ear, written_down = Ear(), io.StringIO()
    relay = loopback.LoopbackRelay(ear, written_down)
    relay.write(b"a")
    relay.writeSequence([b"b", b"c"])
    assert ear.heard == []
    relay.clearBuffer()
    relay.clearBuffer()
    assert ear.heard == [b"abc"]
    relay.write(b"d")
    relay.loseConnection()
    relay.clearBuffer()
    relay.clearBuffer()
    relay.loseConnection()
    relay.clearBuffer()
    assert ear.heard == [b"abc", b"d", ConnectionDone]
    assert written_down.getvalue().splitlines() == [
        "loopback writing b'a'",
        "loopback writing b'bc'",
        "loopback receiving b'abc'",
        "loopback writing b'd'",
        "loopback receiving b'd'",
    ]
    assert relay.logPrefix() == "Loopback('Ear')"
    assert (relay.getHost(), relay.getPeer()) == ("loopback", "loopback")


def test_C19_the_relay_stops_its_producer() -> None:
    ear = Ear()
    relay = loopback.LoopbackRelay(ear)
    producer = Pull(relay, b"x")
    relay.registerProducer(producer, True)
    relay.loseConnection()
    relay.clearBuffer()
    assert producer.calls == ["stop"]
    assert ear.heard == [ConnectionDone]


class Greeter(basic.LineReceiver):
    def __init__(self, greeting: bytes) -> None:
        self.greeting = greeting
        self.lines: list[bytes] = []
        self.reasons: list[Any] = []

    def connectionMade(self) -> None:
        self.sendLine(self.greeting)

    def lineReceived(self, line: bytes) -> None:
        self.lines.append(line)
        if self.greeting == b"client":
            self.transport.loseConnection()

    def connectionLost(self, reason: Any = None) -> None:
        self.reasons.append(reason.type)


class LoopbackOverSocketTests(unittest.TestCase):
    async def check(self, connect: Any) -> None:
        server, client = Greeter(b"server"), Greeter(b"client")
        await connect(server, client, noisy=False)
        self.assertEqual(client.lines, [b"server"])
        self.assertEqual(server.lines, [b"client"])
        self.assertEqual(server.reasons + client.reasons, [ConnectionDone] * 2)

    async def test_tcp(self) -> None:
        await self.check(loopback.loopbackTCP)

    async def test_unix(self) -> None:
        await self.check(loopback.loopbackUNIX)

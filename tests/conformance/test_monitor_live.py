"""The monitor between real connections, ours and Twisted's."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pcstream.conformance.monitor import Violation, watch
from pcstream.internet import reactor
from pcstream.internet.defer import Deferred
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.trial.unittest import TestCase

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "programs" / "monitored_relay.py"
SIZE = 16 * 2**20


def relay(package: str, *recording: str) -> Any:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, str(PROGRAM), package, *recording],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_ours_over_tcp_breaks_nothing() -> None:
    seen = relay("pcstream")
    assert seen["whole"]
    assert seen["findings"] == []
    assert seen["bytes"] == {"file to server": SIZE, "upstream to downstream": SIZE}
    assert seen["pauses"]["upstream to downstream"] > 0
    assert seen["time_paused"]["upstream to downstream"] > 0
    assert seen["paused_by"]["upstream to downstream"] == ["pcstream.internet.tcp.Server.write"]


@pytest.mark.skipif(importlib.util.find_spec("twisted") is None, reason="needs Twisted")
def test_twisteds_over_tcp_breaks_what_it_is_known_to() -> None:
    seen = relay("twisted")
    assert seen["whole"]
    # C8 is seen when a second chunk arrives in the turn of the pause.
    assert set(seen["findings"]) <= {"upstream to downstream C8 consumer"}
    assert seen["bytes"] == {"file to server": SIZE, "upstream to downstream": SIZE}
    assert seen["pauses"]["upstream to downstream"] > 0


class Ear(Protocol):
    def __init__(self) -> None:
        self.made: Deferred[Any] = Deferred()
        self.lost: Deferred[Any] = Deferred()

    def connectionMade(self) -> None:
        self.made.callback(self)

    def connectionLost(self, reason: Any = None) -> None:
        self.lost.callback(None)


class Idle:
    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


class TestOnSockets(TestCase):
    """What a connection does of its own accord goes through the monitor as well."""

    async def pair(self) -> tuple[Any, Any]:
        near, far = Ear(), Ear()
        factory: Any = Factory()
        factory.buildProtocol = lambda address: far
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        client: Any = ClientFactory()
        client.buildProtocol = lambda address: near
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        await near.made
        await far.made
        return near, far

    async def end(self, *ears: Ear) -> None:
        for ear in ears:
            transport: Any = ear.transport
            transport.abortConnection()
        for ear in ears:
            await ear.lost

    async def test_a_producer_that_ignores_a_pause_is_named(self) -> None:
        near, far = await self.pair()
        far.transport.pauseProducing()
        producer = Idle()
        seen: list[Violation] = []
        with watch(producer, near.transport, on_violation=seen.append) as watched:
            near.transport.registerProducer(producer, True)
            for _ in range(100):
                near.transport.write(bytes(2**16))
            assert producer.told == ["pause"]
            assert watched.buffered == near.transport._outbox.size
            await self.end(near, far)
            assert watched.is_dead
        self.assertEqual([each.rule.number for each in seen], ["P2"])
        self.assertEqual(seen[0].culprit, "producer")
        self.assertEqual(producer.told, ["pause", "stop"])

    async def test_an_abort_is_right(self) -> None:
        near, far = await self.pair()
        producer = Idle()
        seen: list[Violation] = []
        with watch(producer, near.transport, on_violation=seen.append):
            near.transport.registerProducer(producer, True)
            near.transport.write(bytes(2**20))
            await self.end(near, far)
        self.assertEqual(seen, [])
        self.assertEqual(producer.told, ["pause", "stop"])

    async def test_a_connection_that_delivers_after_its_end_is_named(self) -> None:
        near, far = await self.pair()
        seen: list[Violation] = []
        with watch(Idle(), near.transport, on_violation=seen.append):
            await self.end(near, far)
            near.dataReceived(b"late")
        self.assertEqual([(each.rule.number, each.culprit) for each in seen], [("T5", "consumer")])

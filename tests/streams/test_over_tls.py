"""The pieces over TLS, which is a layer that holds something itself."""

from __future__ import annotations

import io
from typing import Any

import pytest
from loopback_pairs import LOOPBACK, MUCH, End, content, drop, gone, pair

from pcstream.internet import reactor
from pcstream.internet.error import ConnectionDone
from pcstream.internet.protocol import ClientFactory, Factory
from pcstream.internet.task import deferLater
from pcstream.protocols.basic import FileSender
from pcstream.streams import RelayCounts, pull_to_push, rate_limit, read, relay, send, tee
from pcstream.trial.unittest import TestCase


class OverTLSTestCase(TestCase):
    timeout = 60

    @pytest.fixture(autouse=True)
    def _identity(self, tls_identity: Any) -> None:
        self.identity = tls_identity

    async def secured(self) -> tuple[Any, Any]:
        """Both ends of a TLS connection."""
        ends = End(), End()
        serving: Any = Factory.forProtocol(lambda: ends[1])
        asking: Any = ClientFactory.forProtocol(lambda: ends[0])
        serving.noisy = asking.noisy = False
        port: Any = reactor.listenSSL(0, serving, self.identity.server(), interface=LOOPBACK)
        self.addCleanup(port.stopListening)
        reactor.connectSSL(LOOPBACK, port.getHost().port, asking, self.identity.client())
        for end in ends:
            await end.made
            self.addCleanup(drop, end)
        return ends

    async def test_sending_and_reading(self) -> None:
        near, far = await self.secured()
        data = content(MUCH)
        sent = send(data, near.transport)
        sent.addCallback(lambda _: near.transport.loseConnection())
        got = bytearray()
        async for chunk in read(far.transport):
            got += chunk
        assert got == data
        assert isinstance(await gone(far), ConnectionDone)

    async def test_reading_no_faster_than_the_loop(self) -> None:
        near, far = await self.secured()
        sent = send(content(2 * MUCH), near.transport)
        reader = read(far.transport)
        loop = reader.__aiter__()
        got = len(await loop.__anext__())
        before = -1
        while before != reader.arrived:
            before = reader.arrived
            await deferLater(reactor, 0.05)
        assert before < 2**19
        assert not sent.called
        while got < 2 * MUCH:
            got += len(await loop.__anext__())
        await sent

    async def test_TLS_that_was_started_later(self) -> None:
        near, far = await pair(self)
        far.transport.startTLS(self.identity.server())
        near.transport.startTLS(self.identity.client())
        data = content(2**20)
        reader = read(far.transport)
        await send(data, near.transport)
        got = bytearray()
        while len(got) < len(data):
            got += await reader.read_some()
        assert got == data
        near.transport.write(b"more")
        while reader.arrived < len(data) + 4:
            await deferLater(reactor, 0.001)
        assert reader.detach() == b"more"
        near.transport.write(b"for whom it was")
        await far.until(15)

    async def test_from_TLS_to_plain_and_back(self) -> None:
        left, a = await self.secured()
        b, right = await pair(self)
        done = relay(a.transport, b.transport)
        send(content(MUCH), left.transport)
        send(content(MUCH // 2), right.transport)
        await right.until(MUCH)
        await left.until(MUCH // 2)
        assert right.received == content(MUCH)
        assert left.received == content(MUCH // 2)
        left.transport.loseConnection()
        assert isinstance(await gone(right), ConnectionDone)
        assert await done == RelayCounts(MUCH, MUCH // 2)

    async def test_limits_tees_and_pull_producers(self) -> None:
        near, far = await self.secured()
        other_near, other_far = await pair(self)
        data = content(2**20)
        limited = rate_limit(tee(near.transport, other_near.transport), 2**30)
        await FileSender().beginFileTransfer(io.BytesIO(data), pull_to_push(limited))
        await limited.finish()
        await far.until(len(data))
        await other_far.until(len(data))
        assert far.received == other_far.received == data

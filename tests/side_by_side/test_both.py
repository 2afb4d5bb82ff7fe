"""A program that uses both packages: transports, producers, Deferreds and interfaces across."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from zope.interface import Interface, implementer

pytest.importorskip("twisted")

from twisted.internet import defer as their_defer
from twisted.internet import interfaces as their_interfaces
from twisted.internet import testing as their_testing
from twisted.python import components

from pcstream.internet import defer, interfaces, protocol, reactor
from pcstream.internet.testing import StringTransport
from pcstream.python import components as our_components
from pcstream.trial.unittest import TestCase

their_string_transport: Any = their_testing.StringTransport
register_theirs: Any = components.registerAdapter
BOTH_WAYS = [
    pytest.param(defer, their_defer, id="ours awaits theirs"),
    pytest.param(their_defer, defer, id="theirs awaits ours"),
]


def test_files_and_coroutines_on_one_loop(run: Callable[..., list[str]], tmp_path: Path) -> None:
    content = random.Random(4).randbytes(3_000_000)
    (tmp_path / "file").write_bytes(content)
    names = ("pcstream", "twisted")
    assert run("one_loop", tmp_path / "file") == [
        f"{transport} {sender} {awaits} True {content[-1:]!r}"
        for transport in names
        for sender in names
        for awaits in names
    ]


def test_push_producers_across(run: Callable[..., list[str]]) -> None:
    assert run("relay", 32 * 1024 * 1024) == ["into ours True True", "into theirs True True"]


async def waits(awaited: Any) -> Any:
    return await awaited


@pytest.mark.parametrize(("runs", "is_awaited"), BOTH_WAYS)
class TestAwaiting:
    def test_a_result_that_is_there(self, runs: Any, is_awaited: Any) -> None:
        assert runs.ensureDeferred(waits(is_awaited.succeed(5))).result == 5

    @pytest.mark.parametrize("is_paused", [False, True])
    def test_a_result_that_comes(self, runs: Any, is_awaited: Any, is_paused: bool) -> None:
        awaited = is_awaited.Deferred()
        if is_paused:
            awaited.pause()
        result = runs.ensureDeferred(waits(awaited))
        awaited.callback(6)
        if is_paused:
            assert not result.called
            awaited.unpause()
        assert result.result == 6
        assert awaited.result is None

    def test_a_failure(self, runs: Any, is_awaited: Any) -> None:
        for is_there in (True, False):
            awaited = is_awaited.Deferred()
            error = ValueError("wrong")
            if is_there:
                awaited.errback(error)
            result = runs.ensureDeferred(waits(awaited))
            if not is_there:
                awaited.errback(error)
            seen: list[Any] = []
            result.addErrback(seen.append)
            assert [failure.value for failure in seen] == [error]
            assert type(seen[0]).__module__.split(".")[0] == runs.__name__.split(".")[0]

    def test_cancelling(self, runs: Any, is_awaited: Any) -> None:
        cancelled: list[Any] = []
        result = runs.ensureDeferred(waits(is_awaited.Deferred(cancelled.append)))
        seen: list[Any] = []
        result.addErrback(seen.append)
        result.cancel()
        assert len(cancelled) == 1
        assert seen[0].type is is_awaited.CancelledError

    def test_coroutines_in_coroutines(self, runs: Any, is_awaited: Any) -> None:
        async def fails() -> None:
            raise KeyError("inner")

        async def outer() -> str:
            try:
                await is_awaited.ensureDeferred(fails())
            except KeyError as error:
                return f"caught {error}"
            return "nothing"

        assert runs.ensureDeferred(outer()).result == "caught 'inner'"

    def test_generators(self, runs: Any, is_awaited: Any) -> None:
        def generator(awaited: Any) -> Any:
            return (yield from awaited)

        awaited = is_awaited.Deferred()
        result = runs.inlineCallbacks(generator)(awaited)
        awaited.callback(7)
        assert result.result == 7


def test_a_generator_of_ours_may_yield_theirs() -> None:
    @defer.inlineCallbacks
    def generator() -> Any:
        return (yield their_defer.succeed(8))

    assert generator().result == 8


@pytest.mark.parametrize("name", ["ITransport", "IConsumer", "IPushProducer"])
def test_interfaces_are_recognised(name: str) -> None:
    ours, theirs = getattr(interfaces, name), getattr(their_interfaces, name)
    for transport in (StringTransport(), their_string_transport()):
        assert ours(transport, None) is transport
        assert theirs(transport, None) is transport
    assert ours(object(), None) is None
    assert theirs(object(), None) is None


def test_adapters_registered_with_either_are_found() -> None:
    class IGreets(Interface):
        pass

    class ISings(Interface):
        pass

    class Bird:
        pass

    our_components.registerAdapter(lambda bird: ("greets", bird), Bird, IGreets)
    register_theirs(lambda bird: ("sings", bird), Bird, ISings)
    bird = Bird()
    found: list[Any] = [IGreets(bird), ISings(bird)]
    assert found == [("greets", bird), ("sings", bird)]


class HalfCloseTests(TestCase):
    def test_a_protocol_that_declares_theirs_is_half_closed(self) -> Any:
        heard: list[str] = []
        ended: defer.Deferred[None] = defer.Deferred()

        @implementer(their_interfaces.IHalfCloseableProtocol)
        class HalfCloseable(protocol.Protocol):
            transport: Any

            def readConnectionLost(self) -> None:
                heard.append("the peer sends no more")
                self.transport.loseConnection()

            def writeConnectionLost(self) -> None:
                pass

            def connectionLost(self, reason: Any = None) -> None:
                ended.callback(None)

        listening: Any = reactor
        factory = protocol.Factory.forProtocol(HalfCloseable)
        port = listening.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        peer = socket.create_connection(("127.0.0.1", port.getHost().port))
        self.addCleanup(peer.close)
        peer.shutdown(socket.SHUT_WR)

        def check(_: None) -> None:
            self.assertEqual(heard, ["the peer sends no more"])

        return ended.addCallback(check)

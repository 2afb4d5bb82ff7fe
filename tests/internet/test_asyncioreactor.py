"""What only the asyncio reactor has: a loop of its own or somebody else's, and coroutines on it."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from pcstream.internet.asyncioreactor import AsyncioSelectorReactor
from pcstream.internet.defer import Deferred


def close(reactor: AsyncioSelectorReactor) -> None:
    for reader in list(reactor._internalReaders):
        reactor._removeInternalReader(reader)
        reader.connectionLost(None)
    reactor._asyncioEventloop.close()


@pytest.fixture
def reactor() -> Iterator[AsyncioSelectorReactor]:
    made = AsyncioSelectorReactor(asyncio.new_event_loop())
    yield made
    close(made)


def test_without_a_loop_it_makes_the_current_one() -> None:
    made = AsyncioSelectorReactor()
    assert asyncio.get_event_loop_policy().get_event_loop() is made._asyncioEventloop
    close(made)
    asyncio.set_event_loop(None)


def test_inside_a_running_loop_it_takes_that_one() -> None:
    async def inside() -> None:
        made = AsyncioSelectorReactor()
        assert made._asyncioEventloop is asyncio.get_running_loop()
        for reader in list(made._internalReaders):
            made._removeInternalReader(reader)
            reader.connectionLost(None)

    asyncio.run(inside())


def test_in_a_loop_that_somebody_else_runs() -> None:
    async def inside() -> list[str]:
        reactor = AsyncioSelectorReactor()
        reactor.startRunning(installSignalHandlers=False)
        seen: list[str] = []
        done = asyncio.get_running_loop().create_future()
        reactor.callLater(0.001, seen.append, "timer")
        reactor.callLater(0.002, reactor.callFromThread, seen.append, "thread")
        reactor.callLater(0.003, done.set_result, None)
        await done
        for reader in list(reactor._internalReaders):
            reactor._removeInternalReader(reader)
            reader.connectionLost(None)
        return seen

    assert asyncio.run(inside()) == ["timer", "thread"]


def test_coroutines_of_asyncio_run_beside_it(reactor: Any) -> None:
    seen: list[str] = []

    async def work() -> None:
        for number in range(3):
            await asyncio.sleep(0)
            seen.append(f"step {number}")
        reactor.stop()

    reactor.callWhenRunning(lambda: tasks.append(reactor._asyncioEventloop.create_task(work())))
    tasks: list[Any] = []
    reactor.run(installSignalHandlers=False)
    assert seen == ["step 0", "step 1", "step 2"]


def test_deferreds_and_futures_wait_for_each_other(reactor: Any) -> None:
    loop = reactor._asyncioEventloop
    seen: list[Any] = []

    async def work() -> None:
        d: Deferred[str] = Deferred()
        reactor.callLater(0.001, d.callback, "deferred")
        seen.append(await d.asFuture(loop))
        future = loop.create_future()
        loop.call_later(0.001, future.set_result, "future")
        Deferred.fromFuture(future).addCallback(seen.append).addCallback(lambda _: reactor.stop())

    reactor.callWhenRunning(lambda: tasks.append(loop.create_task(work())))
    tasks: list[Any] = []
    reactor.run(installSignalHandlers=False)
    assert seen == ["deferred", "future"]


def test_one_timer_of_the_loop_serves_all(reactor: Any) -> None:
    calls = [reactor.callLater(1000 - number, print) for number in range(100)]
    pending = [h for h in reactor._asyncioEventloop._scheduled if not h.cancelled()]
    assert len(pending) == 1
    for call in calls:
        call.cancel()


def test_timers_leave_nothing_behind(reactor: Any) -> None:
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(1000):
            reactor.callLater(0, lambda: None)
        reactor.runUntilCurrent()
        assert len(gc.get_objects()) - before < 500
    finally:
        gc.enable()


def test_a_closed_loop_does_not_hinder_the_clean_up(reactor: Any) -> None:
    a, b = socket.socketpair()

    class Reader:
        def fileno(self) -> int:
            return a.fileno()

    reader = Reader()
    reactor.addReader(reader)
    reactor.addWriter(reader)
    reactor._asyncioEventloop.close()
    reactor.removeReader(reader)
    reactor.removeWriter(reader)
    a.close()
    b.close()

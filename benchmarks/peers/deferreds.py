"""Runs one peer's Deferreds (or its Futures) and says what a step costs, as JSON."""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

CALLBACKS = 10
YIELDS = 100
GATHERED = 1000
TRIES = 5


def fastest(work: Callable[[], None]) -> float:
    """Seconds of CPU of the best of a few tries: what disturbs only ever adds."""
    best = float("inf")
    work()
    for _ in range(TRIES):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def of_deferreds(package: str, scale: int) -> dict[str, float]:
    """Twisted's and pcstream's, which are used alike."""
    defer: Any = importlib.import_module(f"{package}.internet.defer")
    chains, calls, gathers = 2000 * scale, 100 * scale, 4 * scale

    def plus_one(x: int) -> int:
        return x + 1

    def chain() -> None:
        for _ in range(chains):
            d = defer.Deferred()
            for _ in range(CALLBACKS):
                d.addCallback(plus_one)
            d.callback(0)

    @defer.inlineCallbacks  # type: ignore[untyped-decorator,unused-ignore]
    def ready() -> Any:
        for _ in range(YIELDS):
            yield defer.succeed(1)

    def ready_yields() -> None:
        for _ in range(calls):
            ready()

    waiting: list[Any] = []

    @defer.inlineCallbacks  # type: ignore[untyped-decorator,unused-ignore]
    def waits() -> Any:
        for _ in range(YIELDS):
            d = defer.Deferred()
            waiting.append(d)
            yield d

    def waiting_yields() -> None:
        for _ in range(calls):
            waits()
            while waiting:
                waiting.pop().callback(1)

    def gather() -> None:
        for _ in range(gathers):
            ds = [defer.Deferred() for _ in range(GATHERED)]
            defer.gatherResults(ds)
            for d in ds:
                d.callback(1)

    return {
        "10 callbacks ns": fastest(chain) / chains * 1e9,
        "ready yield ns": fastest(ready_yields) / calls / YIELDS * 1e9,
        "waiting yield ns": fastest(waiting_yields) / calls / YIELDS * 1e9,
        "gather 1000 us": fastest(gather) / gathers * 1e6,
    }


def of_futures(name: str, scale: int) -> dict[str, float]:
    """The nearest that asyncio has: ten done callbacks, awaits of a value and of a Future."""
    import asyncio

    loop = importlib.import_module("uvloop").new_event_loop() if name == "uvloop" else None
    loop = loop or asyncio.new_event_loop()
    chains, calls, gathers = 400 * scale, 100 * scale, 4 * scale

    def ignore(_: Any) -> None:
        pass

    async def chain() -> None:
        for _ in range(chains):
            future = loop.create_future()
            for _ in range(CALLBACKS):
                future.add_done_callback(ignore)
            future.set_result(0)
            await asyncio.sleep(0)

    async def value() -> int:
        return 1

    async def ready() -> None:
        for _ in range(calls * YIELDS):
            await value()

    async def waits() -> None:
        for _ in range(calls * YIELDS):
            future = loop.create_future()
            loop.call_soon(future.set_result, 1)
            await future

    async def gather() -> None:
        for _ in range(gathers):
            futures = [loop.create_future() for _ in range(GATHERED)]
            everything = asyncio.gather(*futures)
            for future in futures:
                future.set_result(1)
            await everything

    def cost(work: Callable[[], Any]) -> float:
        return fastest(lambda: loop.run_until_complete(work()))

    return {
        "10 callbacks ns": cost(chain) / chains * 1e9,
        "ready yield ns": cost(ready) / calls / YIELDS * 1e9,
        "waiting yield ns": cost(waits) / calls / YIELDS * 1e9,
        "gather 1000 us": cost(gather) / gathers * 1e6,
    }


if __name__ == "__main__":
    peer, scale = sys.argv[1], int(sys.argv[2])
    measured = of_deferreds if peer in ("twisted", "pcstream") else of_futures
    print(json.dumps(measured(peer, scale)))

"""Timers under test: ``timers.py PEER COUNT``, prints nanoseconds of CPU per operation as JSON.

- set, reset and cancel: what an idle time-out goes through, beside many pending ones
- set and cancel: the same without the reset
- set and fire: timers that do run, in batches
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

#: time-outs that are pending all the while, as on a server with that many connections
PENDING = 10_000
#: timers that are due in one turn of the loop
BATCH = 1_000


def nothing() -> None:
    """The call."""


def per_operation(work: Callable[[], None], count: int) -> float:
    """Nanoseconds of CPU of each of *count* operations that *work* does."""
    start = time.process_time()
    work()
    return (time.process_time() - start) / count * 1e9


def twisted_like(package: str, count: int) -> dict[str, float]:
    """The reactor of Twisted or pcstream, turned by hand."""
    reactor: Any = importlib.import_module(f"{package}.internet.epollreactor").EPollReactor()
    for number in range(PENDING):
        reactor.callLater(1000 + number, nothing)
    reactor.iterate(0)

    def reset() -> None:
        for number in range(count):
            call = reactor.callLater(30, nothing)
            call.reset(30)
            call.cancel()
            if not number % BATCH:
                reactor.iterate(0)

    def cancel() -> None:
        for number in range(count):
            reactor.callLater(30, nothing).cancel()
            if not number % BATCH:
                reactor.iterate(0)

    def fire() -> None:
        for _ in range(count // BATCH):
            for _ in range(BATCH):
                reactor.callLater(0, nothing)
            reactor.iterate(0)

    return measured(reset, cancel, fire, count)


def asyncio_like(make_loop: Callable[[], Any], count: int) -> dict[str, float]:
    """An asyncio loop; it has no reset, so that is a cancel and another timer."""
    loop = make_loop()
    for number in range(PENDING):
        loop.call_later(1000 + number, nothing)

    def turn() -> None:
        loop.call_soon(loop.stop)
        loop.run_forever()

    def reset() -> None:
        for number in range(count):
            loop.call_later(30, nothing).cancel()
            loop.call_later(30, nothing).cancel()
            if not number % BATCH:
                turn()

    def cancel() -> None:
        for number in range(count):
            loop.call_later(30, nothing).cancel()
            if not number % BATCH:
                turn()

    def fire() -> None:
        for _ in range(count // BATCH):
            for _ in range(BATCH):
                loop.call_later(0, nothing)
            turn()

    return measured(reset, cancel, fire, count)


def measured(
    reset: Callable[[], None], cancel: Callable[[], None], fire: Callable[[], None], count: int
) -> dict[str, float]:
    """All three."""
    return {
        "set+reset+cancel ns": per_operation(reset, count),
        "set+cancel ns": per_operation(cancel, count),
        "set+fire ns": per_operation(fire, count),
    }


def main() -> None:
    """Measure the peer named on the command line."""
    peer, count = sys.argv[1], int(sys.argv[2])
    if peer in ("twisted", "pcstream"):
        result = twisted_like(peer, count)
    else:
        maker = importlib.import_module(peer).new_event_loop
        result = asyncio_like(maker, count)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

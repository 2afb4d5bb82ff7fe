"""Pull producers for consumers that take push producers only."""

from __future__ import annotations

from typing import Any

from ..typing import Consumer
from ._asking import PullToPush as PullToPush
from ._middle import Middle

__all__ = ["PullToPush", "pull_to_push"]


def pull_to_push(consumer: Consumer, clock: Any = None) -> Middle:
    """A consumer that takes producers of both kinds, and is a push producer to *consumer*.

    ::

        FileSender().beginFileTransfer(file, pull_to_push(consumer))

    :param clock: what has ``callLater``; by default the reactor.
    :raises TypeError: *consumer* is none.
    """
    return Middle(consumer, clock)

"""The reactor over select(2), which every system has.

::

    from pcstream.internet import selectreactor
    selectreactor.install()
"""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any

from pcstream._engine.pollers.select import SelectPoller
from pcstream.internet._polled import PolledReactor
from pcstream.python import log

__all__ = ["install"]

#: What reactors that call select by themselves (Twisted's own threaded one is such) import.
_select = select.select


class SelectReactor(PolledReactor):
    """Waits with select."""

    def _make_poller(self) -> SelectPoller:
        return SelectPoller()

    def doSelect(self, timeout: float | None) -> None:
        """Wait for events, at most ``timeout`` seconds (None: for ever), and dispatch them."""
        self._turn(timeout)

    doIteration = doSelect  # type: ignore[assignment]  # Twisted's parameter names


def _preenDescriptors(
    reads: set[Any], writes: set[Any], disconnect: Callable[[Any, Exception, bool], None]
) -> None:
    """Try the members of both sets one by one, and disconnect those that select refuses.

    For reactors that hand objects to ``select.select``; :class:`SelectReactor` does not.
    """
    log.msg("Malformed file descriptor found.  Preening lists.")
    for watched in (reads, writes):
        for selectable in list(watched):
            try:
                select.select([selectable], [selectable], [selectable], 0)
            except Exception as error:
                log.msg(f"bad descriptor {selectable}")
                watched.discard(selectable)
                disconnect(selectable, error, False)


def install() -> None:
    """Make a :class:`SelectReactor` the reactor."""
    from pcstream.internet.main import installReactor

    installReactor(SelectReactor())

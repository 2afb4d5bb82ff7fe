"""The reactor over kqueue(2), for the BSDs and macOS.

::

    from pcstream.internet import kqreactor
    kqreactor.install()
"""

from __future__ import annotations

import select
from typing import Any

from zope.interface import Attribute, Interface

from pcstream._engine.pollers.kqueue import KqueuePoller
from pcstream.internet._polled import PolledReactor

__all__ = ["KQueueReactor", "install"]

if not hasattr(select, "kqueue"):
    raise ImportError("this system has no kqueue")


class _IKQueue(Interface):
    """What offers a kqueue: the ``select`` module, or something in its place."""

    kqueue = Attribute("select.kqueue")
    kevent = Attribute("select.kevent")


class KQueueReactor(PolledReactor):
    """Waits with kqueue."""

    def __init__(self, _kqueueImpl: Any = select) -> None:
        self._impl = _kqueueImpl
        super().__init__()

    def _make_poller(self) -> KqueuePoller:
        return KqueuePoller(self._impl)

    def doKEvent(self, timeout: float | None) -> None:
        """Wait for events, at most ``timeout`` seconds (None: for ever), and dispatch them."""
        self._turn(timeout)

    doIteration = doKEvent  # type: ignore[assignment]  # Twisted's parameter names


def install() -> None:
    """Make a :class:`KQueueReactor` the reactor."""
    from pcstream.internet.main import installReactor

    installReactor(KQueueReactor())

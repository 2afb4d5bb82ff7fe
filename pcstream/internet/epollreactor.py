"""The reactor over epoll(7), and the default on Linux.

::

    from pcstream.internet import epollreactor
    epollreactor.install()
"""

from __future__ import annotations

from select import epoll as _epoll  # the ImportError of a system without it

from pcstream._engine.pollers.epoll import EpollPoller
from pcstream.internet._polled import PolledReactor

__all__ = ["EPollReactor", "install"]

_REQUIRED = _epoll


class EPollReactor(PolledReactor):
    """Waits with epoll."""

    _POLL_DISCONNECTED = EpollPoller.GONE
    _POLL_IN = EpollPoller.READABLE
    _POLL_OUT = EpollPoller.WRITABLE

    def _make_poller(self) -> EpollPoller:
        return EpollPoller()

    def doPoll(self, timeout: float | None) -> None:
        """Wait for events, at most ``timeout`` seconds (None: for ever), and dispatch them."""
        self._turn(timeout)

    doIteration = doPoll  # type: ignore[assignment]  # Twisted's parameter names


def install() -> None:
    """Make an :class:`EPollReactor` the reactor."""
    from pcstream.internet.main import installReactor

    installReactor(EPollReactor())

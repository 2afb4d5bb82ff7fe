"""The reactor over poll(2).

::

    from pcstream.internet import pollreactor
    pollreactor.install()
"""

from __future__ import annotations

from select import poll as _poll  # the ImportError of a system without it

from pcstream._engine.pollers.poll import PollPoller
from pcstream.internet._polled import PolledReactor

__all__ = ["PollReactor", "install"]

_REQUIRED = _poll


class PollReactor(PolledReactor):
    """Waits with poll."""

    _POLL_DISCONNECTED = PollPoller.GONE
    _POLL_IN = PollPoller.READABLE
    _POLL_OUT = PollPoller.WRITABLE

    def _make_poller(self) -> PollPoller:
        return PollPoller()

    def doPoll(self, timeout: float | None) -> None:
        """Wait for events, at most ``timeout`` seconds (None: for ever), and dispatch them."""
        self._turn(timeout)

    doIteration = doPoll  # type: ignore[assignment]  # Twisted's parameter names


def install() -> None:
    """Make a :class:`PollReactor` the reactor."""
    from pcstream.internet.main import installReactor

    installReactor(PollReactor())

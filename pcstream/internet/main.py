"""The two ends of a connection as shared exceptions, and the place where the reactor is kept."""

from __future__ import annotations

import sys
from typing import Any

from pcstream.internet import error

__all__ = ["CONNECTION_DONE", "CONNECTION_LOST", "installReactor"]

CONNECTION_DONE = error.ConnectionDone("Connection done")
CONNECTION_LOST = error.ConnectionLost("Connection lost")


def installReactor(reactor: Any) -> None:
    """Make ``reactor`` the one that ``pcstream.internet.reactor`` names.

    :raises ReactorAlreadyInstalledError: there is one.
    """
    import pcstream.internet

    if "pcstream.internet.reactor" in sys.modules:
        raise error.ReactorAlreadyInstalledError("reactor already installed")
    pcstream.internet.reactor = reactor  # type: ignore[attr-defined]
    sys.modules["pcstream.internet.reactor"] = reactor

"""The two ends of a connection as shared exceptions, and the place where the reactor is kept."""

from __future__ import annotations

import sys
from typing import Any

from pcstream.internet import error

__all__ = ["CONNECTION_DONE", "CONNECTION_LOST", "installReactor"]

CONNECTION_DONE = error.ConnectionDone("Connection done")
CONNECTION_LOST = error.ConnectionLost("Connection lost")


#: Where the reactor is found. Whether there is one is seen at the last of them, which is the one
#: that the program knows, and may take away.
_reactor_names = ["pcstream.internet.reactor"]


def installReactor(reactor: Any) -> None:
    """Make ``reactor`` the one that ``pcstream.internet.reactor`` names.

    :raises ReactorAlreadyInstalledError: there is one.
    """
    if _reactor_names[-1] in sys.modules:
        raise error.ReactorAlreadyInstalledError("reactor already installed")
    for name in _reactor_names:
        _put(reactor, name)


def _put(reactor: Any, name: str) -> None:
    parent = name.rpartition(".")[0]
    __import__(parent)
    package = sys.modules[parent]
    package.reactor = reactor  # type: ignore[attr-defined]
    sys.modules[name] = reactor


def _name_reactor(name: str) -> None:
    """Let the reactor be found as *name* as well."""
    _reactor_names.append(name)
    if _reactor_names[0] in sys.modules:
        _put(sys.modules[_reactor_names[0]], name)

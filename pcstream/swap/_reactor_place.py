"""One reactor under two names: whoever puts another in the place of ``twisted.internet.reactor``,
as tests and programs that embed a foreign loop do, has changed it for pcstream as well.

pcstream asks its own package for the reactor, at the last moment. That package's attribute is made
to follow Twisted's.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pcstream.internet

from ..internet.main import _name_reactor
from ._mirrored import OURS, THEIRS

PLACE = f"{THEIRS}.internet"
REACTOR = f"{PLACE}.reactor"
OUR_REACTOR = f"{OURS}.internet.reactor"

_Package: Any = type(pcstream.internet)


class FollowingPackage(_Package):  # type: ignore[misc]
    """Our package, whose ``reactor`` is that of Twisted's package."""

    @property
    def reactor(self) -> Any:
        """The reactor, if there is one: the attribute over there, else the loaded module."""
        place = sys.modules.get(PLACE)
        if place is not None and "reactor" in vars(place):
            return vars(place)["reactor"]
        if REACTOR in sys.modules:
            return sys.modules[REACTOR]
        forget_reactor()
        raise AttributeError("there is no reactor yet", name="reactor", obj=self)

    @reactor.setter
    def reactor(self, reactor: Any) -> None:
        vars(importlib.import_module(PLACE))["reactor"] = reactor

    @reactor.deleter
    def reactor(self) -> None:
        vars(importlib.import_module(PLACE)).pop("reactor", None)


def forget_reactor() -> None:
    """Let the next import of our reactor install a new one, for Twisted's was taken away."""
    sys.modules.pop(OUR_REACTOR, None)


def share_reactor() -> None:
    """From now on there is one reactor under both names."""
    _name_reactor(REACTOR)
    pcstream.internet.__class__ = FollowingPackage

"""Where a connection leads: one small value class for each kind of address."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Literal

from zope.interface import implementer

from pcstream.internet.interfaces import IAddress

_KINDS = ["TCP", "UDP"]


def _check_kind(kind: str) -> None:
    if kind not in _KINDS:
        raise ValueError(f"'type' must be in {_KINDS} (got {kind!r})")


@implementer(IAddress)
@dataclass(order=True, unsafe_hash=True)
class IPv4Address:
    """An IPv4 address with a port.

    :param type: ``"TCP"`` or ``"UDP"``.
    :param host: dotted quad, as in ``"127.0.0.1"``.
    :param port: port number.
    """

    type: Literal["TCP", "UDP"]
    host: str
    port: int

    def __post_init__(self) -> None:
        _check_kind(self.type)


@implementer(IAddress)
@dataclass(order=True, unsafe_hash=True)
class IPv6Address:
    """An IPv6 address with a port.

    :param type: ``"TCP"`` or ``"UDP"``.
    :param host: in the notation with colons, as in ``"::1"``.
    :param port: port number.
    :param flowInfo: the flow label, in the kernel's form (:rfc:`3493`).
    :param scopeID: the zone of a link-local address, a number or an interface's name.
    """

    type: Literal["TCP", "UDP"]
    host: str
    port: int
    flowInfo: int = 0
    scopeID: str | int = 0

    def __post_init__(self) -> None:
        _check_kind(self.type)


@implementer(IAddress)
class _ProcessAddress:
    """What a process transport answers when it is asked for an address."""


@implementer(IAddress)
@dataclass(order=True, unsafe_hash=True)
class HostnameAddress:
    """A host by its name, not looked up yet.

    :param hostname: the name, as bytes.
    :param port: port number.
    """

    hostname: bytes
    port: int


def _is_abstract(name: bytes) -> bool:
    # unix(7): on Linux a leading NUL means a name that is in no file system.
    return sys.platform.startswith("linux") and name.startswith(b"\0")


@implementer(IAddress)
class UNIXAddress:
    """The path of a UNIX socket; two are equal if they lead to the same file.

    :param name: the path, kept as bytes, or None for a socket without one.
    """

    __match_args__ = ("name",)

    name: bytes | None

    def __init__(self, name: bytes | str | os.PathLike[str] | None) -> None:
        self.name = None if name is None else os.fsencode(name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UNIXAddress):
            return NotImplemented
        ours, theirs = self.name, other.name
        if ours == theirs:
            return True
        if ours is None or theirs is None or _is_abstract(ours) or _is_abstract(theirs):
            return False
        try:
            return os.path.samefile(ours, theirs)
        except OSError:
            # One of them does not exist, and the names differ.
            return False

    def __hash__(self) -> int:
        if self.name is None or _is_abstract(self.name):
            return hash(self.name)
        try:
            status = os.stat(self.name)
        except OSError:
            return hash(self.name)
        return hash((status.st_ino, status.st_dev))

    def __repr__(self) -> str:
        return f"UNIXAddress({None if self.name is None else os.fsdecode(self.name)!r})"

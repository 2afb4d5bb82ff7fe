"""Where a connection leads: one small value class for each kind of address."""

from __future__ import annotations

import os
import sys
from typing import Any, Literal

from zope.interface import implementer

from pcstream.internet.interfaces import IAddress

_KINDS = ["TCP", "UDP"]


def _check_kind(kind: str) -> None:
    if kind not in _KINDS:
        raise ValueError(f"'type' must be in {_KINDS} (got {kind!r})")


class _Value:
    """Equal, in order and hashed by the attributes that ``__match_args__`` names, in their order.

    What a dataclass would be, by hand: importing and making those is a sixth of what the reactor
    costs to import.
    """

    __match_args__: tuple[str, ...] = ()

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self.__match_args__])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Value) or other.__class__ is not self.__class__:
            return NotImplemented
        return self._values() == other._values()

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, _Value) or other.__class__ is not self.__class__:
            return NotImplemented
        return self._values() < other._values()

    def __le__(self, other: object) -> bool:
        if not isinstance(other, _Value) or other.__class__ is not self.__class__:
            return NotImplemented
        return self._values() <= other._values()

    def __gt__(self, other: object) -> bool:
        if not isinstance(other, _Value) or other.__class__ is not self.__class__:
            return NotImplemented
        return self._values() > other._values()

    def __ge__(self, other: object) -> bool:
        if not isinstance(other, _Value) or other.__class__ is not self.__class__:
            return NotImplemented
        return self._values() >= other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        shown = ", ".join([f"{name}={getattr(self, name)!r}" for name in self.__match_args__])
        return f"{self.__class__.__qualname__}({shown})"


@implementer(IAddress)
class IPv4Address(_Value):
    """An IPv4 address with a port.

    :param type: ``"TCP"`` or ``"UDP"``.
    :param host: dotted quad, as in ``"127.0.0.1"``.
    :param port: port number.
    """

    __match_args__ = ("type", "host", "port")

    def __init__(self, type: Literal["TCP", "UDP"], host: str, port: int) -> None:
        _check_kind(type)
        self.type = type
        self.host = host
        self.port = port


@implementer(IAddress)
class IPv6Address(_Value):
    """An IPv6 address with a port.

    :param type: ``"TCP"`` or ``"UDP"``.
    :param host: in the notation with colons, as in ``"::1"``.
    :param port: port number.
    :param flowInfo: the flow label, in the kernel's form (:rfc:`3493`).
    :param scopeID: the zone of a link-local address, a number or an interface's name.
    """

    __match_args__ = ("type", "host", "port", "flowInfo", "scopeID")

    def __init__(
        self,
        type: Literal["TCP", "UDP"],
        host: str,
        port: int,
        flowInfo: int = 0,
        scopeID: str | int = 0,
    ) -> None:
        _check_kind(type)
        self.type = type
        self.host = host
        self.port = port
        self.flowInfo = flowInfo
        self.scopeID = scopeID


@implementer(IAddress)
class _ProcessAddress:
    """What a process transport answers when it is asked for an address."""


@implementer(IAddress)
class HostnameAddress(_Value):
    """A host by its name, not looked up yet.

    :param hostname: the name, as bytes.
    :param port: port number.
    """

    __match_args__ = ("hostname", "port")

    def __init__(self, hostname: bytes, port: int) -> None:
        self.hostname = hostname
        self.port = port


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

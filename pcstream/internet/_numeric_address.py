"""Addresses in the forms that sockets use: numbers only, IPv6 with its scope."""

from __future__ import annotations

import socket
from typing import Any

__all__: list[str] = []

_AI_NUMERICSERV = getattr(socket, "AI_NUMERICSERV", 0)
# Never ask a name server: it would block.
_NUMERIC_ONLY = socket.AI_NUMERICHOST | _AI_NUMERICSERV

# Any valid port: getaddrinfo refuses some numbers and shortens others to 16 bits.
_STAND_IN_PORT = 1


def _resolveIPv6(ip: str, port: int) -> tuple[str, int, int, int]:
    """Split the scope off an IPv6 literal.

    :returns: address, *port* as it was given, flow information and scope.
    :raises socket.gaierror: *ip* is not a literal, *port* not a number, or the scope unknown.
    """
    stand_in = _STAND_IN_PORT if isinstance(port, int) else port
    found: Any = socket.getaddrinfo(ip, stand_in, 0, 0, 0, _NUMERIC_ONLY)[0][4]
    return (found[0], port, found[2], found[3])


def _getrealname(addr: Any) -> Any:
    """*addr* with an IPv6 scope spelled out in the host (``fe80::1%eth0``).

    Others, a UNIX socket's path among them, stay as they are.
    """
    if isinstance(addr, tuple) and len(addr) == 4 and addr[3]:
        host = socket.getnameinfo(addr, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]
        return (host, *addr[1:])
    return addr


def _getsockname(skt: socket.socket) -> Any:
    """The socket's own address."""
    return _getrealname(skt.getsockname())


def _getpeername(skt: socket.socket) -> Any:
    """The address of the socket's peer."""
    return _getrealname(skt.getpeername())

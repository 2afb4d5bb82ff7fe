"""Sending and receiving with ancillary data, under Twisted's names."""

from __future__ import annotations

from collections import namedtuple
from socket import CMSG_SPACE, SCM_RIGHTS
from socket import socket as Socket

__all__ = ["SCM_RIGHTS", "ReceivedMessage", "getSocketFamily", "recvmsg", "sendmsg"]

#: Data, ancillary data as ``(level, type, data)`` triples, and flags.
ReceivedMessage = namedtuple("ReceivedMessage", ["data", "ancillary", "flags"])


def sendmsg(
    socket: Socket, data: bytes, ancillary: list[tuple[int, int, bytes]] = [], flags: int = 0
) -> int:
    """Send *data* with ancillary data.

    :returns: how many bytes of *data* the kernel took.
    """
    return socket.sendmsg([data], ancillary, flags)


def recvmsg(
    socket: Socket, maxSize: int = 8192, cmsgSize: int = 4096, flags: int = 0
) -> ReceivedMessage:
    """Receive data with ancillary data.

    :param maxSize: most bytes of data.
    :param cmsgSize: most bytes of ancillary data.
    """
    data, ancillary, flags = socket.recvmsg(maxSize, CMSG_SPACE(cmsgSize), flags)[:3]
    return ReceivedMessage(data, ancillary, flags)


def getSocketFamily(socket: Socket) -> int:
    """The address family of *socket*."""
    return socket.family

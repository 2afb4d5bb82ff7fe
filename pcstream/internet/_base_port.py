"""What every listening socket is made from."""

from __future__ import annotations

import socket

from pcstream.internet import fdesc
from pcstream.internet.abstract import FileDescriptor
from pcstream.python._safe_text import qual
from pcstream.python.failure import Failure

__all__ = ["BasePort"]


class BasePort(FileDescriptor):
    """A descriptor that has nothing to write."""

    addressFamily: socket.AddressFamily | int | None = None
    socketType: socket.SocketKind | int | None = None

    def createInternetSocket(self) -> socket.socket:
        """A non-blocking socket of this port's kind, which children do not inherit."""
        assert self.addressFamily is not None
        assert self.socketType is not None
        made = socket.socket(self.addressFamily, self.socketType)
        made.setblocking(False)
        fdesc._setCloseOnExec(made.fileno())
        return made

    def doWrite(self) -> Failure | None:
        """Refuse.

        :raises RuntimeError: always.
        """
        raise RuntimeError(f"doWrite called on a {qual(self.__class__)}")

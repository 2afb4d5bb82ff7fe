"""Bytes that were received and not yet parsed, in a form that costs linear time to work through."""

from __future__ import annotations

__all__ = ["ReceiveBuffer"]


class ReceiveBuffer:
    """What is left to parse: ``data`` from ``start`` on.

    A parser moves ``start``; nothing is copied for it.  Input that arrives whole is not copied
    either; a short rest is joined to what follows, and a long one is a ``bytearray``, which grows
    in place.
    """

    __slots__ = ("data", "searched", "start")

    #: For parsers that look for something: before this position it does not begin.
    searched: int

    def __init__(self) -> None:
        self.data: bytes | bytearray = b""
        self.start = 0
        self.searched = 0

    def __len__(self) -> int:
        return len(self.data) - self.start

    def add(self, new: bytes) -> None:
        """Put *new* behind what is there.

        Copying costs at most as much as *new* is long, but for a rest that grows in place.
        """
        if not new:
            return
        data, start = self.data, self.start
        rest = len(data) - start
        if rest <= 0:
            self.data = new
        elif rest <= len(new):
            self.data = bytes(data[start:]) + new
        elif isinstance(data, bytearray):
            data += new
            # The parsed part goes when it is the larger one, so it is moved over at most once.
            if start <= rest:
                return
            del data[:start]
        else:
            joined = bytearray(memoryview(data)[start:])
            joined += new
            self.data = joined
        self.start = 0
        self.searched -= start

    def replace(self, rest: bytes) -> None:
        """Forget what is there and have *rest* instead."""
        self.data = rest
        self.start = self.searched = 0

    def rest(self) -> bytes:
        """What is there."""
        data = self.data
        if self.start == 0 and type(data) is bytes:
            return data
        return bytes(data[self.start :])

    def take(self) -> bytes:
        """All that is there, which is then gone from here."""
        taken = self.rest()
        self.replace(b"")
        return taken

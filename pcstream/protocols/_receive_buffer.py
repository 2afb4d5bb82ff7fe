"""Bytes that were received and not yet parsed, in a form that costs linear time to work through."""

from __future__ import annotations

__all__ = ["ReceiveBuffer"]


class ReceiveBuffer:
    """What is left to parse: ``data`` from ``start`` on.

    A parser moves ``start``; nothing is copied for it.  Input that arrives whole is not copied
    either; input that has to be joined to a rest goes into a ``bytearray``, which grows in place.
    """

    __slots__ = ("data", "start")

    def __init__(self) -> None:
        self.data: bytes | bytearray = b""
        self.start = 0

    def __len__(self) -> int:
        return len(self.data) - self.start

    def add(self, new: bytes) -> None:
        """Put *new* behind what is there."""
        if not new:
            return
        if self.start >= len(self.data):
            self.data = new
            self.start = 0
        elif isinstance(self.data, bytearray):
            # The parsed part goes when it is the larger one, so it is moved over at most once.
            if self.start * 2 > len(self.data):
                del self.data[: self.start]
                self.start = 0
            self.data += new
        else:
            joined = bytearray(memoryview(self.data)[self.start :])
            joined += new
            self.data = joined
            self.start = 0

    def replace(self, rest: bytes) -> None:
        """Forget what is there and have *rest* instead."""
        self.data = rest
        self.start = 0

    def rest(self) -> bytes:
        """A copy of what is there."""
        return bytes(self.data[self.start :])

    def take(self) -> bytes:
        """All that is there, which is then gone from here."""
        taken = self.rest()
        self.replace(b"")
        return taken

    def cut(self, end: int) -> bytes:
        """The bytes from ``start`` up to the position *end*; ``start`` is left as it is."""
        return bytes(self.data[self.start : end])

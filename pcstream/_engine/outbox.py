"""What a transport has accepted and not yet sent: one ordered queue with one size.

Every transport owns one :class:`Outbox`.  Order is kept for free because there is nothing else to
keep it in, and back-pressure can be decided from one number.  The queue knows no socket: whoever
owns it takes bytes with :meth:`Outbox.peek` or :meth:`Outbox.gather`, offers them to the kernel,
and reports what the kernel took with :meth:`Outbox.consume`.

Most segments are plain ``bytes``.  A segment may also be any object with the two members of
:class:`Segment` (a range of a file, the content of a pipe), which a transport sends by a system
call of its own; bytes before it and after it stay in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Protocol, TypeAlias, runtime_checkable

__all__ = ["Outbox", "Segment"]

# sendmsg takes at most IOV_MAX buffers, 1024 on every system that has a limit.
GATHER_MAX_BUFFERS = 1024


@runtime_checkable
class Segment(Protocol):
    """A stretch of output that is not in memory as bytes."""

    @property
    def remaining_bytes(self) -> int:
        """How many bytes are still to be sent; more than 0 until it is used up."""

    def advance(self, count: int) -> None:
        """Note that *count* bytes have been sent."""


Piece: TypeAlias = "bytes | Segment"


class Outbox:
    """An ordered queue of segments, measured in unsent bytes.

    Sending everything costs time proportional to its length whatever the sizes in which the
    kernel takes it: nothing is moved to the front when a part has gone.
    """

    __slots__ = ("_offered", "_offset", "_pieces", "size")

    #: Unsent bytes, the sent part of the first piece not counted (contract C7).
    size: int

    def __init__(self) -> None:
        self.size = 0
        self._pieces: deque[Piece] = deque()
        self._offset = 0  # how much of a first piece of bytes is already sent
        self._offered = False  # whether the first piece was peeked at and is still here

    def __len__(self) -> int:
        return self.size

    def __bool__(self) -> bool:
        return self.size > 0

    def append(self, data: bytes) -> None:
        """Queue *data*; an empty one leaves no trace."""
        if data:
            self._pieces.append(data)
            self.size += len(data)

    def extend(self, pieces: Iterable[bytes]) -> None:
        """Queue each element of *pieces*, in order."""
        for data in pieces:
            if data:
                self._pieces.append(data)
                self.size += len(data)

    def append_segment(self, segment: Segment) -> None:
        """Queue a segment that is sent by other means than bytes."""
        if segment.remaining_bytes:
            self._pieces.append(segment)
            self.size += segment.remaining_bytes

    def head_segment(self) -> Segment | None:
        """The first piece if it is a :class:`Segment`; None if it is bytes or there is none."""
        if self._pieces:
            first = self._pieces[0]
            if not isinstance(first, bytes):
                return first
        return None

    def peek(self, limit: int) -> bytes | memoryview:
        """The next bytes, in one buffer of at most *limit*; empty if no bytes come next.

        Short pieces are joined, and stay joined in the queue.  What has been offered before is
        only joined with what follows when that is at least as long, so each byte is copied a
        bounded number of times however small the partial sends are.
        """
        pieces = self._pieces
        if not pieces or not isinstance(first := pieces[0], bytes):
            return b""
        offset = self._offset
        unsent = len(first) - offset
        if len(pieces) > 1 and unsent < limit:
            count, joined = 1, unsent
            for piece in islice(pieces, 1, None):
                if not isinstance(piece, bytes) or joined + len(piece) > limit:
                    break
                joined += len(piece)
                count += 1
            if count > 1 and (not self._offered or joined - unsent >= unsent):
                first = b"".join(self._take_bytes(count))
                pieces.appendleft(first)
                offset, unsent = 0, joined
        self._offered = True
        if offset == 0 and unsent <= limit:
            return first
        return memoryview(first)[offset : offset + limit]

    def _take_bytes(self, count: int) -> Iterable[bytes | memoryview]:
        """Remove the first *count* pieces, all of them bytes, and hand over their unsent parts."""
        pieces = self._pieces
        taken: list[bytes | memoryview] = []
        for _ in range(count):
            piece = pieces.popleft()
            assert isinstance(piece, bytes)
            taken.append(memoryview(piece)[self._offset :] if self._offset else piece)
            self._offset = 0
        return taken

    def gather(self, limit: int) -> list[bytes | memoryview]:
        """The next bytes as buffers for one ``sendmsg``: none is copied, at most *limit* in all."""
        buffers: list[bytes | memoryview] = []
        offset = self._offset
        for piece in islice(self._pieces, GATHER_MAX_BUFFERS):
            if not isinstance(piece, bytes) or limit <= 0:
                break
            unsent = len(piece) - offset
            if offset or unsent > limit:
                buffers.append(memoryview(piece)[offset : offset + limit])
            else:
                buffers.append(piece)
            limit -= unsent
            offset = 0
        return buffers

    def consume(self, count: int) -> None:
        """Drop the first *count* bytes, which have been sent.

        :param count: not more than what is queued.
        """
        if count > self.size:
            raise ValueError(f"{count} bytes were sent of {self.size}")
        self.size -= count
        pieces = self._pieces
        while count:
            first = pieces[0]
            if isinstance(first, bytes):
                unsent = len(first) - self._offset
                if count < unsent:
                    self._offset += count
                    self._offered = True
                    return
                self._offset = 0
            else:
                unsent = first.remaining_bytes
                if count < unsent:
                    first.advance(count)
                    return
                first.advance(unsent)
            pieces.popleft()
            self._offered = False
            count -= unsent

    def clear(self) -> None:
        """Drop everything."""
        self._pieces.clear()
        self._offset = 0
        self._offered = False
        self.size = 0

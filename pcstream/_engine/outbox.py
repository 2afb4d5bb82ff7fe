"""What a transport has accepted and not yet sent: one ordered queue with one size.

Every transport owns one :class:`Outbox`.  Order is kept for free because there is nothing else to
keep it in, and back-pressure can be decided from one number.  The queue knows no socket: whoever
owns it takes bytes with :meth:`Outbox.peek` or :meth:`Outbox.gather`, offers them to the kernel,
and reports what the kernel took with :meth:`Outbox.consume`.

Most segments are plain ``bytes``.  A segment may also be any object with the members of
:class:`Segment` (a range of a file, the content of a pipe), which a transport sends by a system
call of its own; bytes before it and after it stay in order.  Such a segment may become shorter by
itself, which :meth:`Outbox.settle_head` takes note of.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any, Protocol, TypeAlias, runtime_checkable

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

    def read(self, limit: int) -> bytes | memoryview:
        """The next bytes, *limit* at most, for whoever cannot send them otherwise.

        They count as sent only by :meth:`advance`. None at all: the segment has ended.
        """

    def send(self, skt: Any, limit: int) -> int:
        """Send what a socket takes, *limit* bytes at most; the count is noted later."""


# A memoryview is what is left of a long piece of bytes after its beginning was joined to others.
Piece: TypeAlias = "bytes | memoryview | Segment"


class Outbox:
    """An ordered queue of segments, measured in unsent bytes.

    Sending everything costs time proportional to its length whatever the sizes in which the
    kernel takes it: nothing is moved to the front when a part has gone.
    """

    __slots__ = ("_offset", "_pieces", "size")

    #: Unsent bytes, the sent part of the first piece not counted (contract C7).
    size: int

    def __init__(self) -> None:
        self.size = 0
        self._pieces: deque[Piece] = deque()
        self._offset = 0  # how much of a first piece of bytes is already sent

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return len(self._pieces)

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

    def settle_head(self, before: int) -> None:
        """The first piece, a segment, has *before* bytes on the books and may have fewer by now."""
        first = self._pieces[0]
        assert not isinstance(first, (bytes, memoryview))
        self.size -= before - first.remaining_bytes
        if not first.remaining_bytes:
            self._pieces.popleft()

    def withdraw(self, segment: Segment) -> None:
        """Take *segment* out again, wherever it stands."""
        if segment in self._pieces:
            self._pieces.remove(segment)
            self.size -= segment.remaining_bytes

    def head_segment(self) -> Segment | None:
        """The first piece if it is a :class:`Segment`; None if it is bytes or there is none."""
        if self._pieces:
            first = self._pieces[0]
            if not isinstance(first, (bytes, memoryview)):
                return first
        return None

    def peek(self, limit: int) -> bytes | memoryview:
        """The next bytes, in one buffer: *limit* of them, or all if there are fewer.

        Short pieces are joined, and stay joined in the queue; of a long one no more is copied than
        is needed.  Twice the limit is joined at a time, so that what has been joined is not joined
        again before as much has been sent.
        """
        pieces = self._pieces
        if not pieces or not isinstance(first := pieces[0], (bytes, memoryview)):
            return b""
        offset = self._offset
        unsent = len(first) - offset
        if self.size == unsent <= limit and not offset:
            return first  # by far the most frequent: one short piece, untouched
        if unsent < limit and len(pieces) > 1 and isinstance(pieces[1], (bytes, memoryview)):
            first = self._join(2 * limit)
            offset, unsent = 0, len(first)
        if offset == 0 and unsent <= limit:
            return first
        return memoryview(first)[offset : offset + limit]

    def _join(self, wanted: int) -> bytes:
        """Make one piece of the first bytes, *wanted* of them or all that come in a row."""
        pieces = self._pieces
        taken: list[bytes | memoryview] = []
        while pieces and wanted:
            piece = pieces[0]
            if not isinstance(piece, (bytes, memoryview)):
                break
            pieces.popleft()
            if self._offset:
                piece = memoryview(piece)[self._offset :]
                self._offset = 0
            if len(piece) > wanted:
                pieces.appendleft(memoryview(piece)[wanted:])
                piece = memoryview(piece)[:wanted]
            taken.append(piece)
            wanted -= len(piece)
        joined = b"".join(taken)
        pieces.appendleft(joined)
        return joined

    def gather(self, limit: int) -> list[bytes | memoryview]:
        """The next bytes as buffers for one ``sendmsg``: none is copied, at most *limit* in all."""
        buffers: list[bytes | memoryview] = []
        offset = self._offset
        for piece in islice(self._pieces, GATHER_MAX_BUFFERS):
            if not isinstance(piece, (bytes, memoryview)) or limit <= 0:
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
        if not self.size and len(pieces) == 1:
            self._offset = 0
            if isinstance(first := pieces.popleft(), (bytes, memoryview)):
                return
            first.advance(count)
            return
        while count:
            first = pieces[0]
            if isinstance(first, (bytes, memoryview)):
                unsent = len(first) - self._offset
                if count < unsent:
                    self._offset += count
                    return
                self._offset = 0
            else:
                unsent = first.remaining_bytes
                if count < unsent:
                    first.advance(count)
                    return
                first.advance(unsent)
            pieces.popleft()
            count -= unsent

    def clear(self) -> None:
        """Drop everything."""
        self._pieces.clear()
        self._offset = 0
        self.size = 0

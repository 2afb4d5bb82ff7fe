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

from collections.abc import Iterable
from itertools import takewhile
from typing import Any, Protocol, TypeAlias, runtime_checkable

__all__ = ["EMPTY_OUTBOX", "Outbox", "Segment"]

# sendmsg takes at most IOV_MAX buffers, 1024 on every system that has a limit.
GATHER_MAX_BUFFERS = 1024

# So many pieces are joined at a time, so that the time for it is bounded.
MOST_JOINED = 2**14

# The places of pieces that have gone are given up when there are more than so many of them, and
# more than of those that are left: moving the rest to the front is then paid for.
MOST_EMPTY_PLACES = 1024


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


def _is_bytes(piece: object) -> bool:
    return isinstance(piece, (bytes, memoryview))


class Outbox:
    """An ordered queue of segments, measured in unsent bytes.

    Sending everything costs time proportional to its length whatever the sizes in which the
    kernel takes it: nothing is moved to the front when a part has gone.

    Two attributes are public for the sake of speed.  Appending to ``pieces`` and adding to ``size``
    is all it takes to queue bytes.  If the last piece is bytes, and as long as ``size``, then it is
    all there is; once it has gone, emptying ``pieces`` and setting ``size`` to 0 is all it takes.
    """

    __slots__ = ("_head", "_offset", "_segments", "pieces", "size")

    #: Unsent bytes, the sent part of the first piece not counted (contract C7).
    size: int

    def __init__(self) -> None:
        self.size = 0
        #: None, for what has gone, and what is queued. A list and an index: a deque takes half a
        #: KiB when there is nothing in it.
        self.pieces: list[Any] = []
        self._head = 0  # where the first piece stands; None is before it
        self._offset = 0  # how much of a first piece of bytes is already sent
        self._segments = 0  # how many of the pieces are not bytes

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return len(self.pieces) - self._head

    def __len__(self) -> int:
        return self.size

    def __bool__(self) -> bool:
        return self.size > 0

    def append(self, data: bytes) -> None:
        """Queue *data*; an empty one leaves no trace."""
        if data:
            self.pieces.append(data)
            self.size += len(data)

    def extend(self, pieces: Iterable[bytes]) -> None:
        """Queue each element of *pieces*, in order."""
        for data in pieces:
            if data:
                self.pieces.append(data)
                self.size += len(data)

    def append_segment(self, segment: Segment) -> None:
        """Queue a segment that is sent by other means than bytes."""
        if segment.remaining_bytes:
            self.pieces.append(segment)
            self._segments += 1
            self.size += segment.remaining_bytes

    def settle_head(self, before: int) -> None:
        """The first piece, a segment, has *before* bytes on the books and may have fewer by now."""
        first = self.pieces[self._head]
        assert not isinstance(first, (bytes, memoryview))
        self.size -= before - first.remaining_bytes
        if not first.remaining_bytes:
            self._segments -= 1
            self._drop(1)

    def withdraw(self, segment: Segment) -> None:
        """Take *segment* out again, wherever it stands."""
        if segment in self.pieces:
            self._segments -= 1
            self.size -= segment.remaining_bytes
            place = self.pieces.index(segment)
            if place == self._head:
                self._drop(1)
            else:
                del self.pieces[place]

    def head_segment(self) -> Segment | None:
        """The first piece if it is a :class:`Segment`; None if it is bytes or there is none."""
        if self._segments:
            first = self.pieces[self._head]
            if not isinstance(first, (bytes, memoryview)):
                segment: Segment = first
                return segment
        return None

    def peek(self, limit: int) -> bytes | memoryview:
        """The next bytes, in one buffer: *limit* of them, or all if there are fewer.

        Short pieces are joined, and stay joined in the queue; of a long one no more is copied than
        is needed.  Twice the limit is joined at a time, so that what has been joined is not joined
        again before as much has been sent.
        """
        pieces, head = self.pieces, self._head
        if not pieces or self.head_segment() is not None:
            return b""
        first: bytes | memoryview = pieces[head]
        offset = self._offset
        unsent = len(first) - offset
        if unsent < limit and unsent < self.size and _is_bytes(pieces[head + 1]):
            first = self._join(2 * limit)
            offset, unsent = 0, len(first)
        if offset == 0 and unsent <= limit:
            return first
        return memoryview(first)[offset : offset + limit]

    def _join(self, wanted: int) -> bytes:
        """Make one piece of the first bytes, *wanted* of them if so many come in a row.

        The first piece is shorter than that, and there is a second one of bytes.
        """
        pieces, head = self.pieces, self._head
        taken = pieces[head : head + MOST_JOINED]
        if self._segments:
            taken = list(takewhile(_is_bytes, taken))
        excess = -self._offset - wanted
        count = 0
        for length in map(len, taken):
            count += 1
            excess += length
            if excess >= 0:
                del taken[count:]
                break
        kept: list[bytes | memoryview] = []
        if excess > 0:
            last = memoryview(taken[-1])
            taken[-1] = last[:-excess]
            kept.append(last[-excess:])
        if self._offset:
            taken[0] = memoryview(taken[0])[self._offset :]
            self._offset = 0
        joined = b"".join(taken)
        kept.insert(0, joined)
        pieces[head + count - len(kept) : head + count] = kept
        self._drop(count - len(kept))
        return joined

    def _drop(self, count: int) -> None:
        """Forget the first *count* pieces."""
        pieces, head = self.pieces, self._head
        head += count
        if head == len(pieces):
            pieces.clear()
            self._head = 0
        elif head > MOST_EMPTY_PLACES and 2 * head > len(pieces):
            del pieces[:head]
            self._head = 0
        else:
            pieces[self._head : head] = [None] * count
            self._head = head

    def gather(self, limit: int) -> list[bytes | memoryview]:
        """The next bytes as buffers for one ``sendmsg``: none is copied, at most *limit* in all."""
        buffers: list[bytes | memoryview] = []
        offset = self._offset
        for piece in self.pieces[self._head : self._head + GATHER_MAX_BUFFERS]:
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
        if count == self.size and not self._segments:
            self.pieces.clear()
            self._head = self._offset = self.size = 0
            return
        if count > self.size:
            raise ValueError(f"{count} bytes were sent of {self.size}")
        self.size -= count
        pieces, place = self.pieces, self._head
        while count:
            first = pieces[place]
            if isinstance(first, (bytes, memoryview)):
                unsent = len(first) - self._offset
                if count < unsent:
                    self._offset += count
                    break
                self._offset = 0
            else:
                unsent = first.remaining_bytes
                first.advance(min(count, unsent))
                if count < unsent:
                    break
                self._segments -= 1
            place += 1
            count -= unsent
        if place != self._head:
            self._drop(place - self._head)

    def clear(self) -> None:
        """Drop everything."""
        self.pieces.clear()
        self._head = self._offset = self._segments = self.size = 0


class _EmptyOutbox(Outbox):
    """Takes nothing."""

    __slots__ = ()

    def append(self, data: bytes) -> None:
        raise TypeError("this outbox is everybody's")

    def extend(self, pieces: Iterable[bytes]) -> None:
        raise TypeError("this outbox is everybody's")

    def append_segment(self, segment: Segment) -> None:
        raise TypeError("this outbox is everybody's")


#: Stands for the outbox of whoever has not written yet: thousands of idle connections share it.
EMPTY_OUTBOX: Outbox = _EmptyOutbox()

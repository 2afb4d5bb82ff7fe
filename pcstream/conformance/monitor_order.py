"""Whether what has arrived is what was written, in the order of the writes (contract C16).

Nothing of the stream is kept: only where each write ended, and a digest of everything up to there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from hashlib import blake2b

__all__ = ["Order"]

# So many ends of writes are kept; of more, every other one is forgotten, and a fault is then found
# a little later.
_MOST_ENDS = 1024


class Order:
    """Compares two streams of bytes, of which one is behind the other."""

    def __init__(self, differs: Callable[[str], object]) -> None:
        """
        :param differs: is told, once, where the streams differ.
        """
        self._differs = differs
        self._ends: deque[tuple[int, bytes]] = deque()
        self._written = self._arrived = self._agreed = 0
        self._written_digest = blake2b(digest_size=8)
        self._arrived_digest = blake2b(digest_size=8)
        self.is_broken = False

    def wrote(self, data: bytes | memoryview) -> None:
        """*data* has been written."""
        if not len(data) or self.is_broken:
            return
        self._written += len(data)
        self._written_digest.update(data)
        self._ends.append((self._written, self._written_digest.digest()))
        if len(self._ends) > _MOST_ENDS:
            newest = self._ends.pop()
            self._ends = deque([*self._ends][1::2])
            self._ends.append(newest)

    def arrived(self, data: bytes | memoryview) -> None:
        """*data* has come out at the other end."""
        rest = memoryview(data)
        while len(rest) and not self.is_broken:
            if not self._ends:
                self._tell(f"{len(rest)} bytes more arrived than the {self._written} written")
                return
            end, digest = self._ends[0]
            part, rest = rest[: end - self._arrived], rest[end - self._arrived :]
            self._arrived_digest.update(part)
            self._arrived += len(part)
            if self._arrived == end:
                self._ends.popleft()
                if self._arrived_digest.digest() != digest:
                    self._tell(f"bytes {self._agreed} to {end} are not those that were written")
                self._agreed = end

    def _tell(self, seen: str) -> None:
        self.is_broken = True
        self._ends.clear()
        self._differs(seen)

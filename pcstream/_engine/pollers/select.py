"""select(2): works everywhere, on few descriptors.

Kernel notebook:

- A descriptor of FD_SETSIZE (1024) or more is refused with ValueError, and the whole call with it.
- One closed descriptor in a set fails the whole call with EBADF and names nobody: whoever gets
  the error has to try the descriptors one by one (:meth:`SelectPoller.broken`).
- A closed descriptor whose number has been given to another file goes unnoticed.
- Regular files are always ready for both.
- There is no hang-up here: end of stream and errors show as readable (writable for a pipe
  without reader), and the next read or write tells.
- Windows refuses three empty sets, and reports a failed connect in the third set only.
"""

from __future__ import annotations

import select
import sys
import time

__all__ = ["SelectPoller"]

_WINDOWS = sys.platform == "win32"


class SelectPoller:
    """Two sets of descriptors."""

    READABLE = 1
    WRITABLE = 2
    GONE = 0

    def __init__(self) -> None:
        self._reads: set[int] = set()
        self._writes: set[int] = set()

    def register(self, fd: int, mask: int) -> None:
        """Watch ``fd`` for ``mask``."""
        self.modify(fd, mask)

    def modify(self, fd: int, mask: int) -> None:
        """Watch ``fd`` for ``mask`` from now on."""
        (self._reads.add if mask & 1 else self._reads.discard)(fd)
        (self._writes.add if mask & 2 else self._writes.discard)(fd)

    def unregister(self, fd: int) -> None:
        """Forget ``fd``; unknown ones too."""
        self._reads.discard(fd)
        self._writes.discard(fd)

    def poll(self, timeout: float | None, most: int) -> list[tuple[int, int]]:
        """Wait until something is ready, at most ``timeout`` seconds (None: for ever).

        :raises OSError: EBADF: some descriptor is closed.
        :raises ValueError: some descriptor is negative or too large.
        """
        if _WINDOWS:
            return self._poll_windows(timeout)
        r, w, _ = select.select(self._reads, self._writes, (), timeout)
        if not w:
            return [(fd, 1) for fd in r]
        ready = dict.fromkeys(r, 1)
        for fd in w:
            ready[fd] = ready.get(fd, 0) | 2
        return list(ready.items())

    def _poll_windows(self, timeout: float | None) -> list[tuple[int, int]]:
        if not (self._reads or self._writes):
            time.sleep(1.0 if timeout is None else timeout)
            return []
        r, w, x = select.select(self._reads, self._writes, self._writes, timeout)
        ready = dict.fromkeys(r, 1)
        for fd in {*w, *x}:
            ready[fd] = ready.get(fd, 0) | 2
        return list(ready.items())

    def broken(self, fd: int) -> Exception | None:
        """What is wrong with ``fd`` alone, or None."""
        try:
            select.select([fd], [fd], [fd], 0)
        except (OSError, ValueError) as error:
            return error
        return None

    def close(self) -> None:
        """Forget everything."""
        self._reads.clear()
        self._writes.clear()

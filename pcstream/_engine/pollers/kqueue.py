"""kqueue(2): the list of the BSDs and macOS, one entry for each descriptor and direction.

Kernel notebook:

- Reading and writing are separate filters; each is added and deleted by itself.
- End of file is a flag (EV_EOF) on the filter that noticed, not an event of its own. On the
  reading side data may still be there, so reading comes first and finds the end. On the writing
  side it means that nobody will read: the connection is gone.
- Closing a descriptor deletes its entries without a word; deleting them then says ENOENT, or
  EBADF.
- Regular files can be watched for reading; some character devices cannot (EINVAL, ENODEV).
- A queue is not inherited by a forked child.
"""

from __future__ import annotations

import errno
import select
from typing import Any

__all__ = ["KqueuePoller"]


class KqueuePoller:
    """A ``select.kqueue`` object.

    :param module: what offers ``kqueue`` and ``kevent``: the ``select`` module, or a double.
    """

    READABLE = 1
    WRITABLE = 2
    GONE = 4

    # The numbers of every BSD, spelled out so that this file imports on any system.
    _FILTER_READ = -1
    _FILTER_WRITE = -2
    _ADD = 0x1
    _DELETE = 0x2
    _EOF = 0x8000

    def __init__(self, module: Any = select) -> None:
        self._module = module
        self._queue = module.kqueue()
        self._masks: dict[int, int] = {}

    def register(self, fd: int, mask: int) -> None:
        """Watch ``fd`` for ``mask``."""
        self.modify(fd, mask)

    def modify(self, fd: int, mask: int) -> None:
        """Watch ``fd`` for ``mask`` from now on."""
        before = self._masks.get(fd, 0)
        for bit, which in ((1, self._FILTER_READ), (2, self._FILTER_WRITE)):
            if (before ^ mask) & bit:
                self._change(fd, which, self._ADD if mask & bit else self._DELETE)
        if mask:
            self._masks[fd] = mask
        else:
            self._masks.pop(fd, None)

    def unregister(self, fd: int) -> None:
        """Forget ``fd``; unknown and closed ones too."""
        mask = self._masks.pop(fd, 0)
        for bit, which in ((1, self._FILTER_READ), (2, self._FILTER_WRITE)):
            if mask & bit:
                try:
                    self._change(fd, which, self._DELETE)
                except OSError as error:
                    if error.errno not in (errno.EBADF, errno.ENOENT):
                        raise

    def poll(self, timeout: float | None, most: int) -> list[tuple[int, int]]:
        """Wait until something is ready, at most ``timeout`` seconds (None: for ever)."""
        ready: dict[int, int] = {}
        try:
            events = self._queue.control([], most, timeout)
        except InterruptedError:
            return []
        for event in events:
            if event.filter == self._FILTER_READ:
                bits = self.READABLE
            elif event.flags & self._EOF:
                bits = self.GONE
            else:
                bits = self.WRITABLE
            ready[event.ident] = ready.get(event.ident, 0) | bits
        return list(ready.items())

    def broken(self, fd: int) -> Exception | None:
        """None: kqueue drops a closed descriptor itself."""
        return None

    def close(self) -> None:
        """Close the queue itself."""
        self._queue.close()

    def _change(self, fd: int, which: int, flags: int) -> None:
        self._queue.control([self._module.kevent(fd, which, flags)], 0, 0)

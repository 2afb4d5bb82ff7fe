"""poll(2): no limit on descriptors, but each is handed to the kernel at every call.

Kernel notebook:

- POLLERR, POLLHUP and POLLNVAL are reported whether asked for or not. So is a hang-up of a
  descriptor registered for writing only.
- POLLHUP comes together with POLLIN while there is something left to read; then reading comes
  first, and the end of the stream is found by reading.
- A closed descriptor is reported as POLLNVAL at every call until it is unregistered. One whose
  number has been given to another file goes unnoticed.
- Regular files are always ready for both.
- A negative descriptor is refused with ValueError at registration.
"""

from __future__ import annotations

import select

__all__ = ["PollPoller"]


class PollPoller:
    """A ``select.poll`` object."""

    READABLE = 0x1  # POLLIN: the POSIX numbers, spelled out where a system has no poll
    WRITABLE = 0x4  # POLLOUT
    GONE = 0x8 | 0x10 | 0x20  # POLLERR | POLLHUP | POLLNVAL

    def __init__(self) -> None:
        self._poll = select.poll()

    def register(self, fd: int, mask: int) -> None:
        """Watch ``fd`` for ``mask``.

        :raises ValueError: it is negative.
        """
        self._poll.register(fd, mask)

    def modify(self, fd: int, mask: int) -> None:
        """Watch ``fd`` for ``mask`` from now on."""
        self._poll.register(fd, mask)

    def unregister(self, fd: int) -> None:
        """Forget ``fd``; unknown ones too."""
        try:
            self._poll.unregister(fd)
        except (KeyError, ValueError):
            pass

    def poll(self, timeout: float | None, most: int) -> list[tuple[int, int]]:
        """Wait until something is ready, at most ``timeout`` seconds (None: for ever)."""
        return self._poll.poll(None if timeout is None else timeout * 1000)

    def broken(self, fd: int) -> Exception | None:
        """None: poll names a bad descriptor itself."""
        return None

    def close(self) -> None:
        """Forget everything."""
        self._poll = select.poll()

"""epoll(7): the kernel keeps the list, and a wait costs only what is ready.

Kernel notebook:

- EPOLLERR and EPOLLHUP are reported whether asked for or not, also with no interest left.
- EPOLLHUP comes together with EPOLLIN while there is something left to read; then reading comes
  first, and the end of the stream is found by reading.
- Regular files, and directories, are refused at registration with EPERM: for them the answer
  would always be "ready" (the reactor asks them all the time instead).
- Closing the last descriptor of an open file takes it off the list without a word: nothing is
  ever reported again, and unregistering it says EBADF, or ENOENT if the number is in use again.
- The list holds open files, not numbers. While a duplicate (dup, fork) keeps the file open,
  events go on under the old number although that is closed, and can no longer be turned off:
  always unregister before closing.
- A list is inherited by a forked child and shared with the parent.
- A negative descriptor is refused with ValueError, a closed one with EBADF.
- Python rounds the time-out up to whole milliseconds: a timer is never early.
"""

from __future__ import annotations

import errno
import select

__all__ = ["EpollPoller"]


class EpollPoller:
    """A ``select.epoll`` object."""

    READABLE = 0x1  # EPOLLIN: the kernel's numbers, spelled out where a system has no epoll
    WRITABLE = 0x4  # EPOLLOUT
    GONE = 0x8 | 0x10  # EPOLLERR | EPOLLHUP

    def __init__(self) -> None:
        self._epoll = select.epoll()
        #: Called as they are, without a layer between: they run at every change of interest.
        self.register = self._epoll.register
        self.modify = self._epoll.modify
        #: ``poll(timeout, most)``: wait until something is ready, at most ``timeout`` seconds
        #: (None: for ever). No more than ``most`` are told, the kernel keeps the rest.
        self.poll = self._epoll.poll

    def unregister(self, fd: int) -> None:
        """Forget ``fd``; unknown and closed ones too."""
        try:
            self._epoll.unregister(fd)
        except ValueError:
            pass
        except OSError as error:
            if error.errno not in (errno.EBADF, errno.ENOENT):
                raise

    def broken(self, fd: int) -> Exception | None:
        """None: epoll drops a closed descriptor itself."""
        return None

    def close(self) -> None:
        """Close the list itself."""
        self._epoll.close()

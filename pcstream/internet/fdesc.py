"""Reading, writing and setting flags on plain descriptors, without ever waiting."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from pcstream.internet.main import CONNECTION_DONE, CONNECTION_LOST

try:
    import fcntl as _fcntl
except ImportError:  # Windows
    fcntl = None
else:
    fcntl = _fcntl

__all__ = ["readFromFD", "setBlocking", "setNonBlocking", "writeToFD"]

#: What is read at most at once.
READ_BYTES = 8192


def setNonBlocking(fd: int) -> None:
    """Make reads and writes on ``fd`` return instead of waiting."""
    os.set_blocking(fd, False)


def setBlocking(fd: int) -> None:
    """Make reads and writes on ``fd`` wait."""
    os.set_blocking(fd, True)


def _setCloseOnExec(fd: int) -> None:
    """Close ``fd`` in a program that this one is replaced by."""
    os.set_inheritable(fd, False)


def _unsetCloseOnExec(fd: int) -> None:
    """Keep ``fd`` open in a program that this one is replaced by."""
    os.set_inheritable(fd, True)


def readFromFD(fd: int, callback: Callable[[bytes], object]) -> Exception | None:
    """Read once and hand what came to ``callback``.

    :returns: None, ``CONNECTION_DONE`` at the end of the stream, ``CONNECTION_LOST`` on an error.
    """
    try:
        data = os.read(fd, READ_BYTES)
    except OSError as error:
        return None if error.errno in (errno.EAGAIN, errno.EINTR) else CONNECTION_LOST
    if not data:
        return CONNECTION_DONE
    callback(data)
    return None


def writeToFD(fd: int, data: bytes) -> int | Exception:
    """Write once.

    :returns: how many bytes were taken, 0 if there is no room, ``CONNECTION_LOST`` on an error.
    """
    try:
        return os.write(fd, data)
    except OSError as error:
        # By number, not by class: what stands in for os.write may raise a plain OSError.
        if error.errno in (errno.EAGAIN, errno.EINTR):
            return 0
        return CONNECTION_LOST

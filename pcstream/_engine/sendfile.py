"""sendfile(2): from a file to a socket, inside the kernel.

Kernel notebook:

- With an offset given, the file's own position neither matters nor moves.
- A non-blocking socket takes what there is room for; EAGAIN means none. A short count does not
  prove that the socket is full: it also stops at the end of the file and at pages not yet read.
- 0 means the end of the file, which can come before the expected end if somebody has shortened it.
- Pages that are not in memory are waited for, in this thread. So each stretch is announced with
  posix_fadvise(WILLNEED), which starts the disk and returns, while the one before it is sent; and
  no call asks for more than a step. The advice costs 12 us for each MiB that is in memory already;
  a read with RWF_NOWAIT finds that out for 1 us (it returns EAGAIN if it would have to wait).
- EINVAL, ENOSYS, EOVERFLOW and their kin mean "not between these two": the bytes are then read.
  Some file systems (proc, FUSE in parts) cannot do it.
- Offsets are 64 bit; one call moves 0x7ffff000 bytes at most.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

__all__ = ["SHARED_STEP_BYTES", "STEP_BYTES", "STRETCH_BYTES", "FileRange", "OpenFile"]

# What one call asks for when nobody else waits: some 2 ms of work. From here on, the cost of a byte
# is the kernel's (measured with 8 clients, in s of CPU for each GB: 0.30-0.40 at 256 KiB, 0.112 at
# 1 MiB, 0.084 at 2 MiB). After a shorter one, the receiver has taken all and sleeps before the
# next, and waking it costs more than what it is woken for.
STEP_BYTES = 2**22
# What is handed over at a time. The step at its end is a short one, so that the fewer the better
# (measured with one client, in s of CPU for each GB: 0.077 with 4 MiB, 0.071 with 16 MiB, 0.068
# with 64 MiB); but what somebody else writes meanwhile stands behind it.
STRETCH_BYTES = 2**24
# What it asks for when others have had data lately: best for a neighbour's latency.
SHARED_STEP_BYTES = 2**16

_IN_MEMORY_ONLY = getattr(os, "RWF_NOWAIT", 0)


class OpenFile:
    """A descriptor of one's own for a file that somebody else may close.

    It is closed when nobody refers to it any more.

    :ivar announced_to: up to here the disk has been told what will be wanted.
    """

    __slots__ = ("announced_to", "fd")

    def __init__(self, fd: int) -> None:
        """
        :param fd: is duplicated.
        :raises OSError: it cannot be.
        """
        self.fd = -1
        self.fd = os.dup(fd)
        self.announced_to = 0

    def announce(self, begin: int, end: int) -> None:
        """Have the disk begin to read these bytes, unless it has been told before.

        If the last of them is in memory, most likely all are: asking costs a tenth of telling.
        """
        begin = max(begin, self.announced_to)
        if begin >= end:
            return
        self.announced_to = end
        try:
            if _IN_MEMORY_ONLY and os.preadv(self.fd, [bytearray(1)], end - 1, _IN_MEMORY_ONLY):
                return
        except OSError:
            pass  # it is not, or this file system does not say
        if hasattr(os, "posix_fadvise"):
            try:
                os.posix_fadvise(self.fd, begin, end - begin, os.POSIX_FADV_WILLNEED)
            except OSError:
                pass  # only advice

    def __del__(self) -> None:
        if self.fd != -1:
            os.close(self.fd)


class FileRange:
    """A stretch of a file in an outbox.

    :ivar remaining_bytes: how many are still to be sent.
    :ivar offset: where they begin.
    """

    __slots__ = ("_failed", "_is_read", "file", "offset", "remaining_bytes")

    def __init__(
        self, file: OpenFile, offset: int, count: int, failed: Callable[[OSError], object]
    ) -> None:
        self.file = file
        self.offset = offset
        self.remaining_bytes = count
        self._failed: Callable[[OSError], object] | None = failed
        self._is_read = not hasattr(os, "sendfile")

    def advance(self, count: int) -> None:
        """Note that *count* bytes have been sent."""
        self.offset += count
        self.remaining_bytes -= count

    def read(self, limit: int) -> bytes:
        """The next bytes, *limit* at most; at an unexpected end the rest is given up.

        A failure ends the stretch and is reported.
        """
        try:
            data = os.pread(self.file.fd, min(limit, self.remaining_bytes), self.offset)
        except OSError as e:
            self._give_up()
            failed, self._failed = self._failed, None
            if failed is not None:
                failed(e)
            return b""
        if not data:
            self._give_up()
        return data

    def send(self, skt: socket.socket, limit: int) -> int:
        """Send what *skt* takes, *limit* bytes at most.

        :returns: how many went; they have not been counted off yet. If none went and nothing
            remains, the file has ended early.
        :raises BlockingIOError: there is no room.
        :raises OSError: the connection is at fault.
        """
        if not self._is_read:
            count, offset = min(limit, self.remaining_bytes), self.offset
            if offset + count + STEP_BYTES // 2 > self.file.announced_to:
                # This step and the next one, so that the disk works while this one is sent.
                self.file.announce(offset, offset + count + STEP_BYTES)
            try:
                sent = os.sendfile(skt.fileno(), self.file.fd, offset, count)
            except BlockingIOError:
                raise
            except OSError:
                # Whose fault it is shows when the two steps are taken one by one.
                self._is_read = True
            else:
                if not sent:
                    self._give_up()
                return sent
        data = self.read(min(limit, SHARED_STEP_BYTES))
        return skt.send(data) if data else 0

    def cut(self) -> None:
        """Take back what has not been sent; nobody is told of a failure any more."""
        self._failed = None
        self._give_up()

    def _give_up(self) -> None:
        self.remaining_bytes = 0

"""splice(2): from one socket to another through a pipe, inside the kernel.

Kernel notebook:

- One end of every splice is a pipe; the pages stay where they are and only their owners change.
- SPLICE_F_NONBLOCK is about the pipe. A socket that does not block answers EAGAIN by itself, and
  so does a full pipe: an empty one is used for every read, so that it is about the socket.
- 0 means the end of the stream, and EAGAIN that nothing has come; or else either means that urgent
  data is in the way. Only recv tells, and gets past it.
- SPLICE_F_MORE corks the receiving socket: a small message would wait up to 200 ms for more that
  does not come. It is never used.
- A pipe holds a number of pages, not of bytes: short segments each take a whole one, so that a
  pipe can be full with less than its size in it.
- F_SETPIPE_SZ makes a pipe larger, up to /proc/sys/fs/pipe-max-size (1 MiB unless changed) and
  only while the user's pipes together stay below pipe-user-pages-soft; beyond, EPERM, and the
  default of 64 KiB has to do.
- SO_MEMINFO (Linux 4.12) tells what a socket's buffers hold and may hold, all at once; a TCP socket
  takes more as long as wmem_queued is less than sndbuf, a UNIX one counts in wmem_alloc.
- EINVAL means that one of the two cannot be spliced: nothing has moved then. What is in the pipe
  already can still be read out of it.
"""

from __future__ import annotations

import os
import socket
import struct
from errno import EAGAIN, EINVAL, ENOSYS, EPERM

__all__ = ["PipeContent", "is_available", "receive", "room_to_send"]

# "Not between these two", by whoever forbids it.
_REFUSALS = (EINVAL, ENOSYS, EPERM)

# Room for what one read brings, which is a socket's receive buffer at most. Measured on loopback,
# in CPU seconds for each GB forwarded: 0.68 with 64 KiB, 0.47 with 256 KiB, 0.19 with 1 MiB.
PIPE_BYTES = 2**20
# What one read takes whether its receiver has room for it or not. It is what a relay holds back,
# beside a producer's limit, when its receiver stops (contract X2).
READ_BYTES = 2**17
# Idle pipes kept for the next read; each is two descriptors and no pages. More relays than these
# at work at the same moment open and close pipes of their own.
MOST_IDLE_PIPES = 64

_SO_MEMINFO = 55
_MEMINFO = struct.Struct("@9I")  # SK_MEMINFO_VARS numbers of 32 bits

_NONBLOCK_AND_MOVE = getattr(os, "SPLICE_F_NONBLOCK", 0) | getattr(os, "SPLICE_F_MOVE", 0)


class _Pipe:
    """A pipe that is closed when nobody refers to it any more."""

    __slots__ = ("read_end", "write_end")

    def __init__(self) -> None:
        """
        :raises OSError: the process has too many descriptors.
        """
        self.read_end = self.write_end = -1
        self.read_end, self.write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        import fcntl  # not everywhere, as pipe2

        try:
            fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            pass  # a smaller one does as well, in smaller steps

    def __del__(self) -> None:
        if self.read_end != -1:
            os.close(self.read_end)
            os.close(self.write_end)


_idle: list[_Pipe] = []


def is_available() -> bool:
    """Whether this system and this Python can splice."""
    return hasattr(os, "splice") and hasattr(os, "pipe2")


class PipeContent:
    """What a pipe holds, as a stretch of an outbox.

    :ivar remaining_bytes: how many are still to be sent.
    """

    __slots__ = ("_data", "_pipe", "remaining_bytes")

    def __init__(self, pipe: _Pipe, count: int) -> None:
        self._pipe: _Pipe | None = pipe
        self._data: bytes | memoryview = b""  # instead of the pipe, if they had to be read
        self.remaining_bytes = count

    def advance(self, count: int) -> None:
        """Note that *count* bytes have been sent; an empty pipe is free for others."""
        self.remaining_bytes -= count
        if self._pipe is None:
            self._data = memoryview(self._data)[count:]
        elif not self.remaining_bytes:
            self._release()

    def read(self, limit: int) -> bytes | memoryview:
        """The next bytes, *limit* at most; :meth:`advance` says how many of them were sent."""
        if self._pipe is not None:
            # A pipe cannot be looked into: whatever is taken out has to be kept.
            taken, left = [], self.remaining_bytes
            while left:
                taken.append(os.read(self._pipe.read_end, left))
                left -= len(taken[-1])
            self._data = b"".join(taken)
            self._release()
        return self._data[:limit]

    def send(self, skt: socket.socket, limit: int) -> int:
        """Send what *skt* takes, the limit apart: splicing less would cost more.

        :returns: how many bytes went; they have not been counted off yet.
        :raises BlockingIOError: there is no room.
        :raises OSError: the connection is at fault.
        """
        if self._pipe is not None:
            try:
                return os.splice(
                    self._pipe.read_end,
                    skt.fileno(),
                    self.remaining_bytes,
                    flags=_NONBLOCK_AND_MOVE,
                )
            except OSError as e:
                if e.errno not in _REFUSALS:
                    raise
        return skt.send(self.read(limit))

    def _release(self) -> None:
        if self._pipe is not None and len(_idle) < MOST_IDLE_PIPES:
            _idle.append(self._pipe)
        self._pipe = None


def room_to_send(skt: socket.socket) -> int:
    """How many bytes *skt* would take just now, about; 0 if the system does not say."""
    try:
        info = _MEMINFO.unpack(skt.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))
    except (OSError, struct.error):
        return 0
    _, _, write_alloc, send_buffer, _, write_queued, *_ = info
    return max(0, int(send_buffer - max(write_alloc, write_queued)))


def receive(skt: socket.socket, limit: int = PIPE_BYTES) -> PipeContent | None:
    """Take what has come for *skt* into a pipe, *limit* bytes at most.

    :returns: it; None if it has to be received in another way: nothing has moved then.
    :raises OSError: the connection is at fault.
    """
    try:
        pipe = _idle.pop() if _idle else _Pipe()
    except OSError:
        return None  # no descriptors left, for the time being
    try:
        count = os.splice(skt.fileno(), pipe.write_end, limit, flags=_NONBLOCK_AND_MOVE)
    except OSError as e:
        _idle.append(pipe)  # as empty as it was
        if e.errno in _REFUSALS or e.errno == EAGAIN:
            return None
        raise
    if not count:
        _idle.append(pipe)
        return None
    return PipeContent(pipe, count)

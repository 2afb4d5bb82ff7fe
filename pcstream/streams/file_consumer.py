"""A file as a consumer, written by a thread so that no disk holds the reactor up."""

from __future__ import annotations

import io
import os
from typing import IO, Any

from zope.interface import implementer

from .._engine.producer_slot import ProducerSlot
from ..internet.defer import CancelledError, Deferred
from ..internet.interfaces import IConsumer
from ..internet.threads import deferToThreadPool
from ..python import log
from ..python.failure import Failure
from ._asking import check_positive, clock_or_reactor

__all__ = ["FileConsumer"]

# More than this much unwritten, and the producer is paused. A disk takes a few larger pieces in
# less time than many small ones; several pieces of a socket's 64 KiB make one write.
HIGH_WATER_BYTES = 2**18


@implementer(IConsumer)
class FileConsumer:
    """Writes what it is given to a file, in the reactor's thread pool.

    One write is under way at any time, so the order stays. A push producer is paused while more
    than *high_water* bytes wait, and both kinds go on when half of that is left.

    It goes on until :meth:`finish` is called, so that several producers can follow one another.

    :ivar written: how many bytes the file has taken.
    :ivar done: fires with that number, after :meth:`finish`, when all is written and the file is
        closed. It fails with what writing, ``fsync`` or closing raised; the producer is stopped
        then. Cancelling it stops the producer, drops what is not written, and closes the file.
    :ivar closed: fires with None when the file has been closed, or would have been: last of all.
    """

    def __init__(
        self,
        file: IO[bytes] | Any,
        *,
        high_water: int = HIGH_WATER_BYTES,
        fsync: bool = False,
        close: bool = True,
        reactor: Any = None,
        threadpool: Any = None,
    ) -> None:
        """
        :param file: opened for writing bytes; nobody else may use it meanwhile.
        :param high_water: bytes.
        :param fsync: have the disk hold everything before ``done`` fires.
        :param close: close the file at the end.
        :param reactor: by default the one that is installed.
        :param threadpool: by default the reactor's.
        :raises TypeError: *file* is not one, or takes text.
        :raises ValueError: it is closed or not open for writing, or *high_water* is not positive.
        """
        _check_file(file)
        check_positive(high_water, "high_water")
        self.written = 0
        self.done: Deferred[int] = Deferred(self._cancelled)
        self.closed: Deferred[None] = Deferred()
        self._file = file
        self._high_water = high_water
        self._fsync = fsync
        self._close = close
        self._reactor = clock_or_reactor(reactor)
        self._threadpool = threadpool
        self._slot = ProducerSlot()
        self._pieces: list[bytes] = []
        self._unwritten_bytes = 0  # what is under way included
        self._is_writing = False
        self._is_finishing = False
        self._is_over = False
        self._failure: Failure | None = None

    # -- as a consumer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take a producer; a pull producer is asked at once.

        After the end it is stopped instead.

        :raises RuntimeError: one is registered already.
        """
        self._slot.register(producer, streaming)

    def unregisterProducer(self) -> None:
        """Let the producer go; what it has written stays. Another one may come."""
        self._slot.unregister()
        self._finish_if_due()

    def write(self, data: bytes) -> None:
        """Have *data* written behind everything before it; after the end it is dropped.

        :raises TypeError: it is not ``bytes``.
        """
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        if not data or self._is_over:
            return
        self._pieces.append(data)
        self._unwritten_bytes += len(data)
        self._write_more()
        if self._unwritten_bytes > self._high_water:
            self._slot.overfull()

    def finish(self) -> Deferred[int]:
        """Nothing more comes, or only what the producer still has that is registered now.

        :returns: ``done``.
        """
        self._is_finishing = True
        self._finish_if_due()
        return self.done

    # -- writing

    def _in_thread(self, function: Any, *args: Any) -> Deferred[Any]:
        pool = self._threadpool
        if pool is None:
            pool = self._reactor.getThreadPool()
        return deferToThreadPool(self._reactor, pool, function, *args)

    def _write_more(self) -> None:
        if self._is_writing or not self._pieces or self._is_over:
            return
        pieces, self._pieces = self._pieces, []
        self._is_writing = True
        written = self._in_thread(_write_all, self._file, pieces)
        written.addCallbacks(self._has_written, self._could_not_write)

    def _has_written(self, count: int) -> None:
        self._is_writing = False
        self.written += count
        if self._is_over:
            self._put_file_away()
            return
        self._unwritten_bytes -= count
        self._write_more()
        if self._unwritten_bytes <= self._high_water // 2:
            try:
                self._slot.drained()
            except Exception:
                self._end(Failure())  # contract C23
                return
        self._finish_if_due()

    def _could_not_write(self, failure: Failure) -> None:
        self._is_writing = False
        self._end(failure)

    # -- the end

    def _finish_if_due(self) -> None:
        if (
            self._is_finishing
            and self._slot.producer is None
            and not self._is_writing
            and not self._pieces
        ):
            self._end(None)

    def _cancelled(self, _: Deferred[int]) -> None:
        self._end(Failure(CancelledError()))

    def _end(self, failure: Failure | None) -> None:
        """Stop the producer, drop what is not written, and put the file away."""
        if self._is_over:
            if failure is not None and failure.check(CancelledError) is None:
                log.err(failure, f"writing to {self._file!r} failed after its end")
            if not self._is_writing:
                self._put_file_away()
            return
        self._is_over = True
        self._failure = failure
        self._pieces.clear()
        self._slot.lost()
        if not self._is_writing:
            self._put_file_away()

    def _put_file_away(self) -> None:
        if self._file is None:
            return
        file, self._file = self._file, None
        is_whole = self._failure is None
        away = self._in_thread(_put_away, file, is_whole, is_whole and self._fsync, self._close)
        away.addBoth(self._is_away)

    def _is_away(self, result: Any) -> None:
        failure = self._failure
        if isinstance(result, Failure):
            if failure is None:
                failure = result
            else:
                log.err(result, "a file that could not be written could not be closed either")
        if not self.done.called:
            if failure is None:
                self.done.callback(self.written)
            else:
                self.done.errback(failure)
        self.closed.callback(None)


def _check_file(file: Any) -> None:
    if not callable(getattr(file, "write", None)):
        raise TypeError(f"{file!r} is not a file: it has no write")
    if isinstance(file, io.TextIOBase):
        raise TypeError(f"{file!r} takes text: open it with 'b' in its mode")
    if isinstance(file, io.IOBase) and not file.writable():
        raise ValueError(f"{file!r} is not open for writing")


def _write_all(file: Any, pieces: list[bytes]) -> int:
    """Write all of it; in a thread."""
    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if not isinstance(file, io.RawIOBase):
        file.write(data)
        return len(data)
    # An unbuffered file takes a part, as the system call does.
    rest = memoryview(data)
    while rest:
        count = file.write(rest)
        if count is None:
            raise BlockingIOError(f"{file!r} does not block, and has no room")
        rest = rest[count:]
    return len(data)


def _put_away(file: Any, flush: bool, fsync: bool, close: bool) -> None:
    """Bring everything to the disk as far as wanted; in a thread, since each step may wait."""
    try:
        if flush and hasattr(file, "flush"):
            file.flush()
        if fsync:
            os.fsync(file.fileno())
    finally:
        if close and hasattr(file, "close"):
            file.close()

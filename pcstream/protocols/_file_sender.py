"""Sending the content of a file to a consumer at the consumer's pace."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from functools import partial
from typing import IO, Any

from zope.interface import implementer

from .. import zero_copy
from .._engine.sendfile import STRETCH_BYTES, FileRange, OpenFile
from ..internet import defer, interfaces
from ..python import log
from ..python.failure import Failure

__all__ = ["FileSender"]

# A file that has nothing yet (a pipe or FIFO that does not block) is tried again after so many
# seconds, then after twice that, and so on up to the last: soon enough not to be noticed, seldom
# enough not to be seen among the load.
FIRST_RETRY_S = 0.01
LAST_RETRY_S = 0.25

# How much is read at a time unless somebody says otherwise.
_USUAL_CHUNK_BYTES = 2**14
# How many chunks of a regular file are written to a transport before it has to ask again, if each
# is transformed: together they are what it lets any producer have waiting. Measured, in s of CPU
# for each GB: 0.74 with one, 0.42 with four.
_CHUNKS_AT_ONCE = 4


@implementer(interfaces.IPullProducer)
class FileSender:
    """A pull producer of what can be read from a file.

    The file is never closed here.

    :ivar CHUNK_SIZE: the most that is read, and written, at a time.
    :ivar lastSent: the last byte written, after any transformation.
    :ivar deferred: fires at the end of the transfer; None when there is none.
    :ivar clock: has ``callLater``; None for the reactor. Only a file with nothing *yet* needs it.
    """

    CHUNK_SIZE: int = _USUAL_CHUNK_BYTES

    lastSent: bytes | str = ""
    deferred: defer.Deferred[Any] | None = None
    file: Any = None
    consumer: Any = None
    transform: Callable[[bytes], bytes] | None = None
    clock: Any = None

    #: How the consumer takes stretches of the file, if it does and the file is one that has any.
    _write_file: Callable[..., FileRange | None] | None = None
    _open_file: OpenFile | None = None
    _stretch: FileRange | None = None
    _stretch_begin = _stretch_end = 0
    _chunks_at_once = 1

    _retry: Any = None
    _retry_s: float = FIRST_RETRY_S

    def beginFileTransfer(
        self,
        file: IO[bytes],
        consumer: interfaces.IConsumer,
        transform: Callable[[bytes], bytes] | None = None,
    ) -> defer.Deferred[Any]:
        """Send *file* from where it is to its end.

        :param transform: what is to be written for what was read; nothing at all if it likes.
        :returns: a Deferred that fires with the last byte written (``''`` if there was none) once
            the consumer asks for more than there is. It fails with what reading, transforming or
            writing raised, or if the consumer stops the transfer; cancelling it ends the transfer.
        :raises RuntimeError: this sender is busy, or the consumer has another producer.
        """
        if self.deferred is not None:
            raise RuntimeError("This FileSender has a transfer under way")
        self.file = file
        self.consumer = consumer
        self.transform = transform
        self.lastSent = ""
        deferred: defer.Deferred[Any] = defer.Deferred(self._cancelled)
        self.deferred = deferred
        self._prepare_stretches()
        try:
            self.consumer.registerProducer(self, False)
        except BaseException:
            self._end()
            raise
        return deferred

    def resumeProducing(self) -> None:
        """Write the next chunk, or finish."""
        if self.deferred is None:
            return
        try:
            if self._stretch is not None:
                self._note_last_sent()
            if self._write_file is not None and self._write_stretch():
                return
            chunk = self._next_chunk()
            if chunk:
                self._retry_s = FIRST_RETRY_S
                # Set first: a consumer may ask again, and come to the end, from within write.
                self.lastSent = chunk[-1:]
                self.consumer.write(chunk)
                if self._chunks_at_once > 1:
                    self._write_more()
                return
        except Exception:
            self._finish(Failure())  # contract F5
            return
        if chunk is None:
            self._try_again_later()
        else:
            self._finish(None)

    def _write_more(self) -> None:
        """Write as many further chunks as there may be before the consumer asks again."""
        for _ in range(self._chunks_at_once - 1):
            if self.deferred is None:
                return  # the consumer has stopped us
            chunk = self._next_chunk()
            if not chunk:
                return  # seen again, and told, when the consumer asks
            self.lastSent = chunk[-1:]
            self.consumer.write(chunk)

    def _prepare_stretches(self) -> None:
        """Find out whether the kernel can take the file's content to the consumer by itself."""
        self._write_file = self._stretch = self._open_file = None
        self._chunks_at_once = 1
        # On the class, not on the instance: a wrapper that passes on unknown attributes would
        # answer for its transport, and its own write would be passed over.
        offers = getattr(type(self.consumer), "write_file", None) is not None
        if (
            not offers
            or not zero_copy.enabled
            # Somebody who wants chunks of another size wants to see them.
            or self.CHUNK_SIZE != _USUAL_CHUNK_BYTES
        ):
            return
        fd = sendable_descriptor(self.file)
        if fd is None:
            return
        if self.transform is not None:
            self._chunks_at_once = _CHUNKS_AT_ONCE
            return
        try:
            self._open_file = OpenFile(fd)
        except OSError:
            return  # no descriptor is left for it
        self._write_file = self.consumer.write_file

    def _write_stretch(self) -> bool:
        """Hand over the next stretch, and move the file's position as if it had been read."""
        assert self._open_file is not None
        assert self._write_file is not None
        at = self.file.tell()
        count = min(os.fstat(self._open_file.fd).st_size - at, STRETCH_BYTES)
        if count <= 0:
            return False  # the end, or a file that does not know its size, as those in /proc
        failed = partial(self._failed, self.deferred)
        self._stretch = self._write_file(self._open_file, at, count, failed)
        if self._stretch is None:
            self._write_file = None
            return False
        self._stretch_begin, self._stretch_end = at, at + count
        self.file.seek(at + count)
        return True

    def _note_last_sent(self) -> None:
        """Remember the last byte of a stretch: it has just been sent, so it is in memory now."""
        stretch, self._stretch = self._stretch, None
        assert stretch is not None
        # Something remains if TLS was started meanwhile: its layer asks for more at once.
        end = stretch.offset + stretch.remaining_bytes
        if end > self._stretch_begin:
            self.lastSent = os.pread(stretch.file.fd, 1, end - 1) or self.lastSent
        if end < self._stretch_end == self.file.tell():
            self.file.seek(end)  # somebody has shortened it, and may make it longer again

    def _failed(self, deferred: object, error: OSError) -> None:
        if deferred is not self.deferred:
            return  # that transfer has ended in another way
        try:
            self._note_last_sent()
        except (OSError, ValueError):
            pass  # what is wrong with the file is about to be told
        self._finish(Failure(error))

    def _next_chunk(self) -> bytes | None:
        """What to write next; empty at the end of the file, None if there is nothing yet."""
        while True:
            chunk: bytes | None = self.file.read(self.CHUNK_SIZE)
            if not chunk:
                return chunk
            if self.transform is not None:
                chunk = self.transform(chunk)
            if chunk:
                return chunk
            # contract F6: an answer that writes nothing would never be followed by a question

    def _try_again_later(self) -> None:
        """The consumer will not ask twice, so ask ourselves (contract F9)."""
        if self._retry is not None:
            return
        clock = self.clock
        if clock is None:
            from ..internet import reactor

            clock = reactor
        self._retry = clock.callLater(self._retry_s, self._try_again)
        self._retry_s = min(self._retry_s * 2, LAST_RETRY_S)

    def _try_again(self) -> None:
        self._retry = None
        self.resumeProducing()

    def _end(self) -> tuple[Any, defer.Deferred[Any] | None]:
        """Let go of everything; answers who the consumer and the Deferred were."""
        ended = (self.consumer, self.deferred)
        self._give_back()
        self.file = self.consumer = self.transform = self.deferred = None
        self._write_file = self._open_file = self._stretch = None
        retry, self._retry = self._retry, None
        if retry is not None:
            retry.cancel()
        return ended

    def _give_back(self) -> None:
        """What has not been sent of a stretch counts as not read."""
        stretch = self._stretch
        if stretch is None or not stretch.remaining_bytes:
            return
        try:
            if self.file.tell() == self._stretch_end:
                self.file.seek(stretch.offset)
        except (OSError, ValueError):
            pass  # it has been closed

    def _finish(self, failure: Failure | None) -> None:
        """Tell the consumer, then whoever waits."""
        consumer, deferred = self._end()
        _unregister(consumer)
        if deferred is None:
            return
        if failure is None:
            deferred.callback(self.lastSent)
        else:
            deferred.errback(failure)

    def _cancelled(self, deferred: defer.Deferred[Any]) -> None:
        stretch = self._stretch
        consumer, _ = self._end()
        if stretch is not None and stretch.remaining_bytes:
            consumer.withdraw_file(stretch)
        _unregister(consumer)

    def pauseProducing(self) -> None:
        """A pull producer writes when asked, and only then: nothing to do."""

    def stopProducing(self) -> None:
        """Fail: the consumer wants no more."""
        _, deferred = self._end()
        if deferred is not None:
            deferred.errback(Failure(Exception("Consumer asked us to stop producing")))


def sendable_descriptor(file: Any) -> int | None:
    """The descriptor of a regular file, if what *file* reads is what that has.

    :returns: None for all others (a decompressing one has another content), and for one that cannot
        be asked, because it is closed or detached: reading it will tell.
    """
    try:
        raw = file.raw if type(file) is io.BufferedReader else file
        if type(raw) is not io.FileIO or not raw.readable() or "read" in file.__dict__:
            return None
        fd: int = file.fileno()
        return fd if stat.S_ISREG(os.fstat(fd).st_mode) else None
    except (OSError, ValueError):
        return None


def _unregister(consumer: Any) -> None:
    try:
        consumer.unregisterProducer()
    except Exception:
        log.err(None, f"{consumer!r} raised in unregisterProducer")

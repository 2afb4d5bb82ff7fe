"""The reactor on top of an asyncio event loop: the standard library's, uvloop's, any other.

::

    import asyncio
    from pcstream.internet import asyncioreactor
    asyncioreactor.install(asyncio.new_event_loop())

The loop does the waiting, for descriptors and for the earliest timer; coroutines of asyncio run
beside everything else.
"""

from __future__ import annotations

import sys
from asyncio import (
    AbstractEventLoop,
    TimerHandle,
    get_running_loop,
    new_event_loop,
    set_event_loop,
)
from collections.abc import Callable
from threading import get_ident
from typing import Any

from zope.interface import implementer

from pcstream.internet._continuous_polling import _ContinuousPolling
from pcstream.internet._delayed_call import DelayedCall
from pcstream.internet._dispatch import _NO_FILEDESC
from pcstream.internet.base import LONGEST_WAIT_S
from pcstream.internet.interfaces import IReactorFDSet
from pcstream.internet.posixbase import PosixReactorBase
from pcstream.python import log
from pcstream.python.log import dispatching

__all__ = ["AsyncioSelectorReactor", "install"]


@implementer(IReactorFDSet)
class AsyncioSelectorReactor(PosixReactorBase):
    """Runs on a loop that can watch descriptors (``add_reader``).

    :param eventloop: the loop; if None the one that is running, else a new one, which becomes
        the current loop of this thread.
    :raises TypeError: the loop is Windows' proactor, which cannot watch descriptors.
    """

    def __init__(self, eventloop: AbstractEventLoop | None = None) -> None:
        if eventloop is None:
            try:
                eventloop = get_running_loop()
            except RuntimeError:
                eventloop = new_event_loop()
                set_event_loop(eventloop)
        if sys.platform == "win32":
            from asyncio import ProactorEventLoop

            if isinstance(eventloop, ProactorEventLoop):
                raise TypeError(f"ProactorEventLoop is not supported, got: {eventloop}")
        self._asyncioEventloop: AbstractEventLoop = eventloop
        # Who is watched, under which number, and the other way round: a number may be closed and
        # given to another.
        self._readers: dict[Any, int] = {}
        self._writers: dict[Any, int] = {}
        self._owners: dict[int, Any] = {}
        self._continuousPolling = _ContinuousPolling(self)
        self._timer: TimerHandle | None = None
        self._timer_at = 0.0
        self._waking = False
        super().__init__()

    # Descriptors

    def addReader(self, reader: Any) -> None:
        """Watch for input."""
        self._watch(reader, self._readers, self._asyncioEventloop.add_reader, True)

    def addWriter(self, writer: Any) -> None:
        """Watch for room to write."""
        self._watch(writer, self._writers, self._asyncioEventloop.add_writer, False)

    def removeReader(self, reader: Any) -> None:
        """Do not watch for input any more; unknown ones too."""
        fd = self._readers.pop(reader, None)
        if fd is None:
            self._continuousPolling.removeReader(reader)
        else:
            self._unwatch(fd, reader in self._writers, self._asyncioEventloop.remove_reader)

    def removeWriter(self, writer: Any) -> None:
        """Do not watch for room to write any more; unknown ones too."""
        fd = self._writers.pop(writer, None)
        if fd is None:
            self._continuousPolling.removeWriter(writer)
        else:
            self._unwatch(fd, writer in self._readers, self._asyncioEventloop.remove_writer)

    def _watch(
        self, selectable: Any, watched: dict[Any, int], add: Callable[..., None], read: bool
    ) -> None:
        if selectable in watched:
            return
        fd = selectable.fileno()
        owner = self._owners.get(fd)
        if owner is not None and owner is not selectable:
            # It has closed this number without a word, and the loop still believes in it.
            self.removeReader(owner)
            self.removeWriter(owner)
        try:
            add(fd, self._readOrWrite, selectable, read)
        except PermissionError:  # a regular file: the kernel would not wait for it
            always = self._continuousPolling
            (always.addReader if read else always.addWriter)(selectable)
            return
        watched[selectable] = fd
        self._owners[fd] = selectable

    def _unwatch(self, fd: int, still: bool, remove: Callable[[int], bool]) -> None:
        if not still:
            self._owners.pop(fd, None)
        if not self._asyncioEventloop.is_closed():
            remove(fd)

    def removeAll(self) -> list[Any]:
        """Stop watching all but the reactor's own, and return it."""
        return self._removeAll(self.getReaders(), self.getWriters())

    def getReaders(self) -> list[Any]:
        """What is watched for input."""
        return list(self._readers) + self._continuousPolling.getReaders()

    def getWriters(self) -> list[Any]:
        """What is watched for room to write."""
        return list(self._writers) + self._continuousPolling.getWriters()

    def _readOrWrite(self, selectable: Any, read: bool) -> None:
        """Have a descriptor read or write, and lose it if that fails or says so."""
        why: BaseException | None
        outer, dispatching.logger = dispatching.logger, selectable
        dispatching.thread_id = get_ident()
        try:
            if selectable.fileno() == -1:
                why = _NO_FILEDESC
            else:
                why = selectable.doRead() if read else selectable.doWrite()
        except BaseException:
            why = sys.exc_info()[1]
            log.err()
        try:
            if why:
                self._disconnectSelectable(selectable, why, read)
        except BaseException:
            log.err()
        finally:
            dispatching.logger = outer

    # Life

    def mainLoop(self) -> None:
        """Run the loop until the reactor stops it."""
        self._asyncioEventloop.run_forever()
        self._justStopped = False

    def iterate(self, timeout: float) -> None:  # type: ignore[override]  # as Twisted has it
        """Run the loop for ``timeout`` seconds, at least once round."""
        self._asyncioEventloop.call_later(timeout, self._asyncioEventloop.stop)
        self._asyncioEventloop.run_forever()

    def stop(self) -> None:
        """Ask the main loop to end.

        :raises ReactorNotRunning: it is not running, or has been asked already.
        """
        super().stop()
        self._plan(self.seconds())

    def crash(self) -> None:
        """Leave the main loop at once."""
        super().crash()
        self._asyncioEventloop.stop()

    # Time

    def callLater(
        self, delay: float, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> DelayedCall:
        """Call a function after ``delay`` seconds."""
        call = super().callLater(delay, callable, *args, **kwargs)
        self._plan(call.time)
        return call

    def _moveCallLaterSooner(self, tple: DelayedCall) -> None:
        super()._moveCallLaterSooner(tple)
        self._plan(tple.time)

    def _plan(self, when: float) -> None:
        """Be called at ``when``, unless that is going to happen earlier anyway."""
        if self._timer is not None:
            if self._timer_at <= when:
                return
            self._timer.cancel()
        wait = min(max(0.0, when - self.seconds()), LONGEST_WAIT_S)
        self._timer_at = when
        self._timer = self._asyncioEventloop.call_later(wait, self._onTimer)

    def _onTimer(self) -> None:
        """Make the calls that are due, and be called again for the next ones."""
        self._timer = None
        try:
            self.runUntilCurrent()
        except BaseException:
            log.err(None, "Unexpected error in main loop")
        self._reschedule()

    def _reschedule(self) -> None:
        wait = self.timeout()
        if wait is not None:
            self._plan(self.seconds() + wait)

    # Threads

    def callFromThread(  # type: ignore[override]  # Twisted's parameter name
        self, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> None:
        """Have a function called in the loop's thread. Any thread may call, and never waits."""
        super().callFromThread(callable, *args, **kwargs)

    def wakeUp(self) -> None:
        """Make the loop look at the calls from threads."""
        if not self._waking:
            self._waking = True
            self._asyncioEventloop.call_soon_threadsafe(self._woken)

    def _woken(self) -> None:
        # First the flag, then the queue: whoever finds the flag set has queued its call already.
        self._waking = False
        if self._timer is not None:
            self._timer.cancel()
        self._onTimer()


def install(eventloop: AbstractEventLoop | None = None) -> None:
    """Make an :class:`AsyncioSelectorReactor` the reactor.

    :param eventloop: the loop to run on, see there.
    """
    from pcstream.internet.main import installReactor

    installReactor(AsyncioSelectorReactor(eventloop))

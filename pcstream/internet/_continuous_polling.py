"""Descriptors that the kernel will not wait for, since they are always ready: regular files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from pcstream.internet._dispatch import _DisconnectSelectableMixin, _PollLikeMixin
from pcstream.internet.interfaces import IReactorFDSet
from pcstream.python import log

if TYPE_CHECKING:
    from pcstream.internet.task import LoopingCall

__all__ = ["_ContinuousPolling"]

#: Seconds between two rounds: short, since every round moves data; not 0, so that each round is
#: a turn of the reactor.
INTERVAL_S = 0.00001


@implementer(IReactorFDSet)
class _ContinuousPolling(_PollLikeMixin, _DisconnectSelectableMixin):
    """Asks each descriptor to read and write all the time, from a timer of the reactor."""

    # Kernel masks are not involved: any three bits do.
    _POLL_DISCONNECTED = 1
    _POLL_IN = 2
    _POLL_OUT = 4

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._loop: LoopingCall | None = None
        self._readers: set[Any] = set()
        self._writers: set[Any] = set()
        self._reads = self._readers  # the name that _PollLikeMixin knows

    def _checkLoop(self) -> None:
        """Run the timer while there is anything to ask."""
        if self._readers or self._writers:
            if self._loop is None:
                from pcstream.internet.task import LoopingCall  # seldom needed

                self._loop = LoopingCall(self.iterate)
                self._loop.clock = self._reactor
                self._loop.start(INTERVAL_S, now=False)
        elif self._loop is not None:
            self._loop.stop()
            self._loop = None

    def iterate(self) -> None:
        """Ask everything once; what is removed meanwhile is not asked."""
        for reader in list(self._readers):
            if reader in self._readers:
                self._ask(reader, self._POLL_IN)
        for writer in list(self._writers):
            if writer in self._writers:
                self._ask(writer, self._POLL_OUT)

    def _ask(self, selectable: Any, event: int) -> None:
        before = log.dispatching.logger
        log.dispatching.logger = selectable
        try:
            self._doReadOrWrite(selectable, selectable, event)
        finally:
            log.dispatching.logger = before

    def addReader(self, reader: Any) -> None:
        """Ask to read from now on."""
        self._readers.add(reader)
        self._checkLoop()

    def addWriter(self, writer: Any) -> None:
        """Ask to write from now on."""
        self._writers.add(writer)
        self._checkLoop()

    def removeReader(self, reader: Any) -> None:
        """Do not ask to read any more; unknown ones too."""
        self._readers.discard(reader)
        self._checkLoop()

    def removeWriter(self, writer: Any) -> None:
        """Do not ask to write any more; unknown ones too."""
        self._writers.discard(writer)
        self._checkLoop()

    def removeAll(self) -> list[Any]:
        """Forget and return everything."""
        removed = list(self._readers | self._writers)
        self._readers.clear()
        self._writers.clear()
        self._checkLoop()
        return removed

    def getReaders(self) -> list[Any]:
        """What is asked to read."""
        return list(self._readers)

    def getWriters(self) -> list[Any]:
        """What is asked to write."""
        return list(self._writers)

    def isReading(self, fd: Any) -> bool:
        """Whether it is asked to read."""
        return fd in self._readers

    def isWriting(self, fd: Any) -> bool:
        """Whether it is asked to write."""
        return fd in self._writers

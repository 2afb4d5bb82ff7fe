"""One reactor over any poller: which descriptors are watched for what, and the turn of the loop.

Every poller speaks in descriptors and masks, and has the same few methods (see
:mod:`pcstream._engine.pollers`). Each ``*reactor.py`` binds one of them.
"""

from __future__ import annotations

import sys
from threading import get_ident
from typing import Any

from zope.interface import implementer

from pcstream.internet._continuous_polling import _ContinuousPolling
from pcstream.internet._dispatch import _NO_FILEDESC
from pcstream.internet.interfaces import IReactorFDSet
from pcstream.internet.main import CONNECTION_DONE, CONNECTION_LOST
from pcstream.internet.posixbase import PosixReactorBase
from pcstream.python import log
from pcstream.python.log import dispatching

__all__ = ["PolledReactor"]

#: Events taken from the kernel at once. More would hold timers up, fewer would cost calls.
MOST_EVENTS = 1024


@implementer(IReactorFDSet)
class PolledReactor(PosixReactorBase):
    """Keeps, for each descriptor number, who it belongs to and what it is watched for."""

    def __init__(self) -> None:
        self._poller: Any = self._make_poller()
        self._selectables: dict[int, Any] = {}
        self._reads: set[int] = set()
        self._writes: set[int] = set()
        #: Numbers given to new owners since the poller last returned: its news about them is
        #: about the old ones.
        self._new_owners: set[int] = set()
        self._continuousPolling = _ContinuousPolling(self)
        super().__init__()

    def _make_poller(self) -> Any:
        raise NotImplementedError

    # Interest

    def addReader(self, reader: Any) -> None:
        """Watch for input.

        :raises ValueError: its descriptor is negative.
        :raises OSError: the kernel does not know its descriptor.
        """
        fd = reader.fileno()
        if fd in self._reads and self._selectables.get(fd) is reader:
            return
        self._watch(
            reader, fd, self._reads, self._poller.READABLE, self._continuousPolling.addReader
        )

    def addWriter(self, writer: Any) -> None:
        """Watch for room to write.

        :raises ValueError: its descriptor is negative.
        :raises OSError: the kernel does not know its descriptor.
        """
        fd = writer.fileno()
        if fd in self._writes and self._selectables.get(fd) is writer:
            return
        self._watch(
            writer, fd, self._writes, self._poller.WRITABLE, self._continuousPolling.addWriter
        )

    def _watch(self, selectable: Any, fd: int, wanted: set[int], bit: int, always: Any) -> None:
        before = self._selectables.get(fd)
        if before is not None and before is not selectable:
            # The old owner has closed the number without a word, and the kernel has given it out
            # again. Some pollers still hold it, some have dropped it.
            self._forget(fd)
            before = None
        if before is None:
            try:
                self._poller.register(fd, bit)
            except FileExistsError:
                self._poller.modify(fd, bit)  # held under this number by an open duplicate
            except PermissionError:
                always(selectable)
                return
            self._selectables[fd] = selectable
            self._new_owners.add(fd)
        else:
            self._poller.modify(fd, self._mask(fd) | bit)
        wanted.add(fd)

    def removeReader(self, reader: Any) -> None:
        """Do not watch for input any more; unknown ones too."""
        self._unwatch(reader, self._reads, self._continuousPolling.removeReader)

    def removeWriter(self, writer: Any) -> None:
        """Do not watch for room to write any more; unknown ones too."""
        self._unwatch(writer, self._writes, self._continuousPolling.removeWriter)

    def _unwatch(self, selectable: Any, wanted: set[int], never: Any) -> None:
        fd = selectable.fileno()
        if self._selectables.get(fd) is not selectable:
            # It has been closed, or never was among these: look for it by itself.
            fd = next((n for n, owner in self._selectables.items() if owner is selectable), -1)
            if fd == -1:
                never(selectable)
                return
        if fd not in wanted:
            return
        wanted.remove(fd)
        left = self._mask(fd)
        if left:
            try:
                self._poller.modify(fd, left)
            except (OSError, ValueError):
                pass  # closed meanwhile: there is nothing to change
        else:
            self._forget(fd)

    def _mask(self, fd: int) -> int:
        mask = 0
        if fd in self._reads:
            mask |= self._poller.READABLE
        if fd in self._writes:
            mask |= self._poller.WRITABLE
        return mask

    def _forget(self, fd: int) -> None:
        self._reads.discard(fd)
        self._writes.discard(fd)
        self._selectables.pop(fd, None)
        self._poller.unregister(fd)

    def removeAll(self) -> list[Any]:
        """Stop watching all but the reactor's own, and return it."""
        return self._removeAll(self.getReaders(), self.getWriters())

    def getReaders(self) -> list[Any]:
        """What is watched for input."""
        owners = self._selectables
        return [owners[fd] for fd in self._reads] + self._continuousPolling.getReaders()

    def getWriters(self) -> list[Any]:
        """What is watched for room to write."""
        owners = self._selectables
        return [owners[fd] for fd in self._writes] + self._continuousPolling.getWriters()

    # The turn

    def _turn(self, timeout: float | None) -> None:
        """Wait once, and hand out what came."""
        poller = self._poller
        self._new_owners.clear()
        try:
            events = poller.poll(timeout, MOST_EVENTS)
        except (OSError, ValueError) as failed:
            if not self._lose_broken():
                raise failed
            return
        if not events:
            return
        owners = self._selectables
        renewed = self._new_owners
        dispatching.thread_id = get_ident()
        try:
            for fd, event in events:
                owner = owners.get(fd)
                if owner is None or fd in renewed:
                    continue
                dispatching.logger = owner
                try:
                    self._doReadOrWrite(owner, fd, event)
                except BaseException:
                    log.err()  # its connectionLost failed: no reason to spare the others
        finally:
            dispatching.logger = None

    def _doReadOrWrite(self, selectable: Any, fd: int, event: int) -> None:
        """Have a descriptor read or write, and lose it if that fails or says so."""
        poller = self._poller
        why: BaseException | None = None
        inRead = False
        readable = event & poller.READABLE
        if event & poller.GONE and not readable:
            # Nothing left to read that would tell the end, and nobody to write to.
            inRead = fd in self._reads
            why = CONNECTION_DONE if inRead else CONNECTION_LOST
        else:
            try:
                if selectable.fileno() == -1:
                    why = _NO_FILEDESC
                else:
                    if readable:
                        inRead = True
                        why = selectable.doRead()
                    if event & poller.WRITABLE and not why and fd in self._writes:
                        inRead = False
                        why = selectable.doWrite()
            except BaseException:
                why = sys.exc_info()[1]
                log.err()
        if why:
            self._disconnectSelectable(selectable, why, inRead)

    def _lose_broken(self) -> bool:
        """The poller fails as a whole: lose the descriptors that make it do so."""
        log.msg("Malformed file descriptor found.  Preening lists.")
        found = False
        for fd, owner in list(self._selectables.items()):
            if fd not in self._selectables:
                continue  # gone with one of the others
            trouble = self._poller.broken(owner.fileno()) or self._poller.broken(fd)
            if trouble is not None:
                found = True
                log.msg(f"bad descriptor {owner}")
                log.callWithLogger(owner, self._disconnectSelectable, owner, trouble, False)
        return found

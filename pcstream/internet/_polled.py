"""One reactor over any poller: which descriptors are watched for what, and the turn of the loop.

Every poller speaks in descriptors and masks, and has the same few methods (see
:mod:`pcstream._engine.pollers`). Each ``*reactor.py`` binds one of them.

Talking to the poller costs a system call, so it happens as late as it can: what was written in a
turn is flushed before the next wait, and only then, for what changed and did not change back, is
the poller told.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import get_ident
from typing import Any

from zope.interface import implementer

from pcstream.internet._continuous_polling import _ContinuousPolling
from pcstream.internet._delayed_call import DelayedCall
from pcstream.internet._dispatch import _NO_FILEDESC
from pcstream.internet.interfaces import IReactorFDSet
from pcstream.internet.main import CONNECTION_DONE, CONNECTION_LOST
from pcstream.internet.posixbase import PosixReactorBase
from pcstream.python import log
from pcstream.python.log import dispatching

__all__ = ["PolledReactor"]

#: Events taken from the kernel at once. More would hold timers up, fewer would cost calls.
MOST_EVENTS = 1024

# While bulk streams share the loop with others: so few that a new message waits for no more than
# these. The kernel goes on with the next ones.
FEW_EVENTS = 4


#: So many turns without input and bulk streams may move more at a time.
CALM_TURNS = 32


@implementer(IReactorFDSet)
class PolledReactor(PosixReactorBase):
    """Keeps, for each descriptor number, who it belongs to and what it is watched for.

    :ivar is_shared: somebody has had input lately, a connection not counting as such, so that bulk
        streams should keep turns short.
    :ivar turn_number: how many times it has looked for events.
    """

    #: ``flushSoon(writer)`` has a writer write before the next wait, without asking first whether
    #: there is room. One that finds no room then calls :meth:`addWriter`.
    flushSoon: Callable[[Any], None]

    is_shared = False
    #: How many steps of bulk streams this turn has had so far while it was shared.
    bulk_steps = 0
    turn_number = 0
    _had_input = False
    _calm_turns = 0

    def __init__(self) -> None:
        self._poller: Any = self._make_poller()
        self._readable: int = self._poller.READABLE
        self._writable: int = self._poller.WRITABLE
        self._gone: int = self._poller.GONE
        #: An event that needs no _doReadOrWrite; none if that has been replaced.
        self._input_alone = (
            self._readable if type(self)._doReadOrWrite is PolledReactor._doReadOrWrite else -1
        )
        self._selectables: dict[int, Any] = {}
        #: Those who may come to have another number, or none, without a word.
        self._fickle: set[int] = set()
        self._reads: set[int] = set()
        self._writes: set[int] = set()
        #: What the poller has been told, for the numbers for which that may be out of date.
        self._outdated: dict[int, int] = {}
        #: Who has written since the last wait, in that order, and who is left of them while they
        #: are being flushed.
        self._unflushed: dict[Any, None] = {}
        self._flushing: dict[Any, None] = {}
        self._lost_in_flush: set[Any] = set()
        #: Bound once a turn, since it is called for each answer.
        self.flushSoon = self._unflushed.setdefault
        #: A timer has been brought forward since the flush began.
        self._is_hastened = False
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
        self._watch(reader, fd, self._reads, self._readable, self._continuousPolling.addReader)

    def addWriter(self, writer: Any) -> None:
        """Watch for room to write.

        :raises ValueError: its descriptor is negative.
        :raises OSError: the kernel does not know its descriptor.
        """
        fd = writer.fileno()
        if fd in self._writes and self._selectables.get(fd) is writer:
            return
        self._watch(writer, fd, self._writes, self._writable, self._continuousPolling.addWriter)

    def _watch(self, selectable: Any, fd: int, wanted: set[int], bit: int, always: Any) -> None:
        before = self._selectables.get(fd)
        if before is not None and before is not selectable:
            # The old owner has closed the number without a word, and the kernel has given it out
            # again. Some pollers still hold it, some have dropped it.
            self._forget(fd)
            before = None
        if before is None:
            try:
                self._register(fd, bit)
            except PermissionError:
                always(selectable)
                return
            self._selectables[fd] = selectable
            if not getattr(selectable, "_keeps_descriptor", False):
                self._fickle.add(fd)
            self._new_owners.add(fd)
        else:
            self._note_told(fd)
        wanted.add(fd)

    def _register(self, fd: int, mask: int) -> None:
        try:
            self._poller.register(fd, mask)
        except FileExistsError:
            self._poller.modify(fd, mask)  # held under this number by an open duplicate

    def _note_told(self, fd: int) -> None:
        """What is wanted of a number is about to change: note what the poller believes."""
        if fd not in self._outdated:
            self._outdated[fd] = self._mask(fd)

    def pauseReader(self, reader: Any) -> None:
        """Do not watch for input for a while: :meth:`removeReader` for those who come back.

        The poller is told before the next wait, unless the reader is back by then. It must still
        be removed before its descriptor is closed.
        """
        fd = reader.fileno()
        if fd in self._reads and self._selectables.get(fd) is reader:
            self._note_told(fd)
            self._reads.remove(fd)
        else:
            self.removeReader(reader)

    def removeReader(self, reader: Any) -> None:
        """Do not watch for input any more; unknown ones too."""
        self._unwatch(reader, self._reads, self._continuousPolling.removeReader)

    def removeWriter(self, writer: Any) -> None:
        """Do not watch for room to write any more; unknown ones too."""
        if self._unflushed:
            self._unflushed.pop(writer, None)
        if self._flushing:
            self._lost_in_flush.add(writer)
        if not self._writes and not self._continuousPolling._writers:
            return  # nobody is waited for
        fd = writer.fileno()
        if fd not in self._writes and fd in self._selectables:
            return  # the most frequent case: it has written before it was ever waited for
        self._unwatch(writer, self._writes, self._continuousPolling.removeWriter)

    def _unwatch(self, selectable: Any, wanted: set[int], never: Any) -> None:
        fd = selectable.fileno()
        if self._selectables.get(fd) is not selectable:
            # It has been closed, or never was among these: look for it by itself.
            fd = next((n for n, owner in self._selectables.items() if owner is selectable), -1)
            if fd == -1:
                never(selectable)
                return
        if fd in wanted:
            self._note_told(fd)
            wanted.remove(fd)
        if not self._mask(fd):
            # At once, since the owner may be about to close it.
            self._forget(fd)

    def _mask(self, fd: int) -> int:
        mask = 0
        if fd in self._reads:
            mask |= self._readable
        if fd in self._writes:
            mask |= self._writable
        return mask

    def _forget(self, fd: int) -> None:
        told = self._outdated.pop(fd) if fd in self._outdated else self._mask(fd)
        self._reads.discard(fd)
        self._writes.discard(fd)
        self._selectables.pop(fd, None)
        self._fickle.discard(fd)
        if told:
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
        watched = [owners[fd] for fd in self._writes]
        waiting = dict.fromkeys((*self._flushing, *self._unflushed))
        for writer in self._lost_in_flush - self._unflushed.keys():
            waiting.pop(writer, None)
        return (
            watched
            + [writer for writer in waiting if writer.fileno() not in self._writes]
            + self._continuousPolling.getWriters()
        )

    # The turn

    def _turn(self, timeout: float | None) -> None:
        """Wait once, and hand out what came."""
        self.turn_number += 1
        if self._had_input:
            self._had_input = False
            self._calm_turns = 0
            self.is_shared = True
        elif self.is_shared:
            self._calm_turns += 1
            self.is_shared = self._calm_turns < CALM_TURNS
        dispatching.thread_id = get_ident()
        if self._unflushed:
            self._is_hastened = False
            self._flush()
            if self._unflushed:
                timeout = 0  # they can go on at once, but others come first
            elif self._newTimedCalls or self._is_hastened or self._justStopped or not self._started:
                # Whoever wrote has planned something, or ended the loop, which the time-out, known
                # before, has not heard of.
                timeout = 0
        if self._outdated:
            self._tell_poller()
        renewed = self._new_owners
        if renewed:
            renewed.clear()
        most = MOST_EVENTS
        if self.bulk_steps:
            if self.bulk_steps > 1:
                most = FEW_EVENTS
            self.bulk_steps = 0
        try:
            events = self._poller.poll(timeout, most)
        except (OSError, ValueError) as failed:
            if not self._lose_broken():
                raise failed
            return
        if not events:
            return
        owners = self._selectables
        handle = self._doReadOrWrite
        reads, fickle = self._reads, self._fickle
        input_alone = self._input_alone
        try:
            for fd, event in events:
                owner = owners.get(fd)
                if owner is None or fd in renewed:
                    continue
                dispatching.logger = owner
                try:
                    if event != input_alone or fd not in reads or fd in fickle:
                        handle(owner, fd, event)
                        continue
                    # The most frequent case by far, without the steps that the others need.
                    self._had_input = True
                    try:
                        why = owner.doRead()
                    except BaseException:
                        why = sys.exc_info()[1]
                        log.err()
                    if why:
                        self._disconnectSelectable(owner, why, True)
                except BaseException:
                    log.err()  # its connectionLost failed: no reason to spare the others
        finally:
            dispatching.logger = None

    def _moveCallLaterSooner(self, delayedCall: DelayedCall) -> None:
        super()._moveCallLaterSooner(delayedCall)
        self._is_hastened = True

    def _flush(self) -> None:
        """Have everybody write who has something to."""
        outer, lost_in_outer = self._flushing, self._lost_in_flush
        flushing = self._flushing = self._unflushed
        lost = self._lost_in_flush = set()
        unflushed = self._unflushed = {}
        self.flushSoon = unflushed.setdefault
        try:
            for writer in flushing:
                if lost and writer in lost:
                    continue  # while the others wrote
                dispatching.logger = writer
                try:
                    why = writer.doWrite()
                    if why is CONNECTION_LOST and writer.fileno() in self._reads:
                        # What the peer has sent before it went is read first, as it is if the
                        # poller tells of the loss (contract T23).
                        self._had_input = True
                        writer.doRead()
                        if writer.fileno() == -1:
                            why = None  # it was lost in there
                except BaseException:
                    why = sys.exc_info()[1]
                    log.err()
                if why:
                    try:
                        self._disconnectSelectable(writer, why, False)
                    except BaseException:
                        log.err()
        finally:
            dispatching.logger = None
            self._flushing, self._lost_in_flush = outer, lost_in_outer
            if outer:  # somebody who was writing has had the reactor turn
                lost_in_outer |= lost

    def _tell_poller(self) -> None:
        """Bring what the poller knows up to date."""
        outdated = self._outdated
        while outdated:
            fd, told = outdated.popitem()
            mask = self._mask(fd)
            if mask == told:
                continue
            try:
                if not mask:
                    self._poller.unregister(fd)
                elif told:
                    self._poller.modify(fd, mask)
                else:
                    self._register(fd, mask)
            except (OSError, ValueError) as failed:
                # Closed without a word, and the kernel has dropped it.
                owner = self._selectables[fd]
                log.callWithLogger(owner, self._disconnectSelectable, owner, failed, False)

    def _doReadOrWrite(self, selectable: Any, fd: int, event: int) -> None:
        """Have a descriptor read or write, and lose it if that fails or says so."""
        why: BaseException | None = None
        inRead = False
        readable = event & self._readable
        if not readable and event & self._gone:
            # Nothing left to read that would tell the end, and nobody to write to.
            inRead = fd in self._reads
            why = CONNECTION_DONE if inRead else CONNECTION_LOST
        else:
            try:
                if selectable.fileno() == -1:
                    why = _NO_FILEDESC
                else:
                    if readable and fd in self._reads:  # not paused by one of the others
                        inRead = True
                        if not getattr(selectable, "_accepts", False):
                            self._had_input = True
                        why = selectable.doRead()
                    if event & self._writable and not why and fd in self._writes:
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

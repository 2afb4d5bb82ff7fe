"""Waking a loop that sleeps in its poller: a pipe to oneself.

Kernel facts this file relies on:

- A pipe has a bounded buffer. Both ends are non-blocking, so a writer never waits: a full pipe
  means that the reader is going to wake up anyway, and the byte may be dropped.
- ``set_wakeup_fd`` writes one byte per signal, from C, between any two instructions, and wants a
  non-blocking descriptor. An eventfd refuses writes that are not eight bytes long, hence a pipe.
- A byte already in the pipe makes the next poll return at once; more of them do no good. So a
  waker remembers that one is under way, and a storm of wake-ups costs one write per turn.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from zope.interface import Attribute, Interface, implementer

from pcstream.internet.interfaces import IReadDescriptor

__all__ = ["ChildWaker", "IWaker", "PipeReader", "Waker"]

#: Enough to empty what a burst of signals leaves behind in one read.
DRAIN_BYTES = 8192


class IWaker(Interface):
    """Something that makes a sleeping reactor look up."""

    disconnected = Attribute("")

    def wakeUp() -> None:
        """Make the reactor's poller return soon. Any thread and any signal handler may call."""

    def doRead() -> None:
        """Take the wake-ups that have arrived."""

    def connectionLost(reason: object) -> None:
        """Close the descriptors."""


@implementer(IReadDescriptor)
class PipeReader:
    """The reading end of a pipe to oneself; ``o`` is the other end.

    It has no logic beyond emptying the pipe, and is what both wakers are made from.
    """

    disconnected = 0

    def __init__(self) -> None:
        self.i, self.o = os.pipe()  # not inheritable (PEP 446)
        os.set_blocking(self.i, False)
        os.set_blocking(self.o, False)

    def fileno(self) -> int:
        return self.i

    def logPrefix(self) -> str:
        return "-"

    def doRead(self) -> None:
        """Empty the pipe."""
        try:
            while len(os.read(self.i, DRAIN_BYTES)) == DRAIN_BYTES:
                pass
        except BlockingIOError:
            pass

    def connectionLost(self, reason: object) -> None:
        """Close both ends; a second time does nothing."""
        if self.i == -1:
            return
        i, o, self.i, self.o = self.i, self.o, -1, -1
        os.close(i)
        os.close(o)


@implementer(IWaker)
class Waker(PipeReader):
    """What ``callFromThread`` wakes the reactor with."""

    _under_way = False

    def wakeUp(self) -> None:
        """Make the poller return; never blocks, and does nothing on a closed waker."""
        if self._under_way:
            return
        self._under_way = True
        try:
            os.write(self.o, b"x")
        except BlockingIOError:
            pass  # full: the poller is bound to return
        except OSError:
            if self.o != -1:
                self._under_way = False
                raise

    def doRead(self) -> None:
        """Empty the pipe, and from then on let wake-ups through again.

        In this order: whoever finds a wake-up under way has queued its call before it looked,
        and the queue is looked at after this. The other order could swallow a byte and still
        believe that it is in the pipe.
        """
        super().doRead()
        self._under_way = False


class ChildWaker(PipeReader):
    """Wakes the reactor when a child process changes state, and has the dead ones reaped."""

    def __init__(self, reap: Callable[[], object]) -> None:
        super().__init__()
        self._reap = reap

    def notice(self) -> None:
        """Become readable."""
        try:
            os.write(self.o, b"x")
        except BlockingIOError:
            pass  # it is readable

    def doRead(self) -> None:
        """Empty the pipe and reap."""
        super().doRead()
        self._reap()

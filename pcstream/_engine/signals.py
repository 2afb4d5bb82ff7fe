"""What a running reactor does about signals, and how it is undone.

Facts this file relies on:

- Only the main thread of the main interpreter may set handlers; elsewhere ``signal.signal``
  raises ValueError, which whoever installs has to report.
- Python runs a handler between two instructions of the main thread, not while that thread
  sleeps in the kernel; ``set_wakeup_fd`` is what makes the sleep end.
- SIGCHLD is thrown away unless some handler is set, even one that does nothing.
- There is one ``set_wakeup_fd`` for everybody, and a loop written in C (uvloop's) puts its own
  descriptor there while it runs. So the handler of SIGCHLD writes to our pipe as well.
- SIGINT is left alone if the program has put a handler of its own there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FrameType
from typing import Protocol

from pcstream._engine.wakeup import ChildWaker
from pcstream.internet.interfaces import IReadDescriptor

__all__ = [
    "ChildSignals",
    "NoSignals",
    "SeveralSignals",
    "SignalHandling",
    "StopSignals",
    "installHandler",
    "isDefaultHandler",
]

SignalHandler = Callable[[int, "FrameType | None"], None]


class SignalHandling(Protocol):
    """Handlers that can be put in place and taken away."""

    def install(self) -> None: ...

    def uninstall(self) -> None: ...


class NoSignals:
    """Handles nothing."""

    def install(self) -> None:
        """Nothing to do."""

    def uninstall(self) -> None:
        """Nothing to do."""


class StopSignals:
    """The signals that ask a program to end: SIGINT, SIGTERM, and SIGBREAK where it exists."""

    def __init__(
        self, sigInt: SignalHandler, sigBreak: SignalHandler, sigTerm: SignalHandler
    ) -> None:
        self._sigInt = sigInt
        self._sigBreak = sigBreak
        self._sigTerm = sigTerm

    def install(self) -> None:
        """Put the handlers in place.

        :raises ValueError: outside the main thread.
        """
        import signal

        if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
            signal.signal(signal.SIGINT, self._sigInt)
        signal.signal(signal.SIGTERM, self._sigTerm)
        sigbreak = getattr(signal, "SIGBREAK", None)
        if sigbreak is not None:
            signal.signal(sigbreak, self._sigBreak)

    def uninstall(self) -> None:
        """Leave them: as in Twisted, a stopped reactor's handlers stay until somebody else's."""


class ChildSignals:
    """SIGCHLD, turned into something readable that the reactor watches."""

    def __init__(
        self,
        addInternalReader: Callable[[IReadDescriptor], object],
        removeInternalReader: Callable[[IReadDescriptor], object],
        reap: Callable[[], object],
    ) -> None:
        self._add = addInternalReader
        self._remove = removeInternalReader
        self._reap = reap
        self._waker: ChildWaker | None = None

    def install(self) -> None:
        """Watch for SIGCHLD, and reap what has died before this."""
        import signal

        if self._waker is None:
            self._waker = ChildWaker(self._reap)
            self._add(self._waker)
        installHandler(self._waker.o)
        signal.signal(signal.SIGCHLD, self._arrived)
        signal.siginterrupt(signal.SIGCHLD, False)  # setting a handler has undone it
        self._reap()

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        """The handler: whoever has been woken up by this signal, have us called too."""
        if self._waker is not None:
            self._waker.notice()

    def uninstall(self) -> None:
        """Stop watching and close the pipe."""
        if self._waker is None:
            return
        installHandler(-1)
        waker, self._waker = self._waker, None
        self._remove(waker)
        waker.connectionLost(None)


class SeveralSignals:
    """A row of handlings that come and go together; nothing is installed or removed twice."""

    def __init__(self, handlings: Sequence[SignalHandling]) -> None:
        self._handlings = handlings
        self._installed = False

    def install(self) -> None:
        """Install each in turn."""
        if self._installed:
            return
        self._installed = True
        for handling in self._handlings:
            handling.install()

    def uninstall(self) -> None:
        """Uninstall each in turn."""
        if not self._installed:
            return
        self._installed = False
        for handling in self._handlings:
            handling.uninstall()


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing: having a handler is what makes the signal arrive."""


def installHandler(fd: int) -> int:
    """Have a byte written to ``fd`` for each signal, SIGCHLD included.

    :param fd: a non-blocking descriptor, or -1 to take the SIGCHLD handler away again.
    :returns: the descriptor that was used until now, -1 if there was none.
    """
    import signal

    if fd == -1:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    else:
        signal.signal(signal.SIGCHLD, _ignore)
        # A child's end must not break system calls of code that does not expect it.
        signal.siginterrupt(signal.SIGCHLD, False)
    # A full pipe is no news: the reactor is going to wake up.
    return signal.set_wakeup_fd(fd, warn_on_full_buffer=False)


def isDefaultHandler() -> bool:
    """Whether SIGCHLD is left to the system."""
    import signal

    return signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL

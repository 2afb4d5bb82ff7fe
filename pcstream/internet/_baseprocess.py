"""What every kind of child process tells its protocol about the end."""

from __future__ import annotations

from typing import Any
from warnings import warn

from ..python import log
from ..python.failure import Failure

_MISSING_PROCESS_EXITED = (
    "Since Twisted 8.2, IProcessProtocol.processExited is required.  %s must implement it."
)


class BaseProcess:
    """A child process as its protocol sees it: alive, exited, ended.

    *Exited* is the process itself; *ended* is the process and everything that was connected to it.
    A subclass decides, by overriding :meth:`maybeCallProcessEnded`, when nothing is connected.

    :ivar pid: the process id, None once the process is gone.
    :ivar status: how it ended, as ``os.wait`` reports it.
    :ivar lostProcess: how many of the parts that have to end have ended.
    :ivar proto: the protocol, None once it has heard ``processEnded``.
    """

    pid: int | None = None
    status: int | None = None
    lostProcess = 0
    proto: Any = None

    def __init__(self, protocol: Any) -> None:
        self.proto = protocol

    def _getReason(self, status: int) -> BaseException:
        """Say in an exception what *status* means."""
        raise NotImplementedError(f"{self.__class__!r} does not implement _getReason")

    def _callProcessExited(self, reason: BaseException) -> None:
        if self.proto is None:
            return
        processExited = getattr(self.proto, "processExited", None)
        if processExited is None:
            # A protocol from before this method, or one that knows nothing of it.
            protocol = self.proto.__class__
            warn(
                _MISSING_PROCESS_EXITED % f"{protocol.__module__}.{protocol.__qualname__}",
                category=DeprecationWarning,
                stacklevel=0,
            )
            return
        try:
            processExited(Failure(reason))
        except Exception:
            log.err(None, "unexpected error in processExited")

    def processEnded(self, status: int) -> None:
        """The process itself is gone.

        :param status: as ``os.wait`` reports it.
        """
        self.status = status
        self.lostProcess += 1
        self.pid = None
        self._callProcessExited(self._getReason(status))
        self.maybeCallProcessEnded()

    def maybeCallProcessEnded(self) -> None:
        """Tell the protocol, once, if the process is gone."""
        if self.status is None or self.proto is None:
            return
        proto, self.proto = self.proto, None
        try:
            proto.processEnded(Failure(self._getReason(self.status)))
        except Exception:
            log.err(None, "unexpected error in processEnded")

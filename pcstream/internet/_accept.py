"""Accepting connections, also when the process has run out of descriptors.

``accept`` fails with EMFILE when the process may open no more descriptors, and the connection stays
in the kernel's queue.  A level-triggered poller then reports the listening socket again and again,
while the peer waits for an answer that will not come.  So one descriptor is kept in reserve: it is
given up, the waiting connections are accepted with it and closed, and it is taken again.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator
from errno import (
    EAGAIN,
    ECONNABORTED,
    EMFILE,
    ENFILE,
    ENOBUFS,
    ENOMEM,
    EPERM,
    EWOULDBLOCK,
    errorcode,
)
from typing import Any, Protocol

from zope.interface import Interface, implementer

from ..python import log

__all__: list[str] = []

# What accept raises when the system is short of something, or the peer has gone again: the port
# goes on listening. EMFILE comes here too when there is no reserve to give up.
_ACCEPT_ERRORS = (EMFILE, ENOBUFS, ENFILE, ENOMEM, ECONNABORTED)


class _IFileDescriptorReservation(Interface):
    """A descriptor in reserve, given up for the time of a ``with`` block."""

    def available() -> bool:
        """Whether there is one to give up."""

    def reserve() -> None:
        """Take one, if there is none yet."""

    def __enter__() -> Any:
        """Give it up."""

    def __exit__(excType: Any, excValue: Any, traceback: Any) -> Any:
        """Take it again."""


class _HasClose(Protocol):
    """Anything open."""

    def close(self) -> object:
        """Close it."""


class _NullDevice:
    """The null device, open by its number alone: left open at exit, it is no unclosed file."""

    def __init__(self) -> None:
        self._number = os.open(os.devnull, os.O_RDONLY)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._number)


@implementer(_IFileDescriptorReservation)
class _FileDescriptorReservation:
    """One open file, kept for no other purpose than to be closed."""

    def __init__(self, fileFactory: Callable[[], _HasClose]) -> None:
        """
        :param fileFactory: opens the file.
        """
        self._fileFactory = fileFactory
        self._fileDescriptor: _HasClose | None = None

    def available(self) -> bool:
        """Whether the file is open."""
        return self._fileDescriptor is not None

    def reserve(self) -> None:
        """Open the file unless it is open; that there is no descriptor left is only logged.

        :raises Exception: opening failed for another reason.
        """
        if self._fileDescriptor is not None:
            return
        try:
            self._fileDescriptor = self._fileFactory()
        except OSError as e:
            if e.errno != EMFILE:
                raise
            log.err(None, "could not reserve EMFILE recovery file descriptor.")

    def __enter__(self) -> None:
        """Close the file.

        :raises RuntimeError: it is not open.
        """
        if self._fileDescriptor is None:
            raise RuntimeError("No file reserved.  Have you called my reserve method?")
        self._fileDescriptor.close()
        self._fileDescriptor = None

    def __exit__(self, excType: object, excValue: object, traceback: object) -> None:
        """Open it again; a failure is logged, so that the block's own exception stays."""
        try:
            self.reserve()
        except Exception:
            log.err(None, "could not re-reserve EMFILE recovery file descriptor.")


@implementer(_IFileDescriptorReservation)
class _NullFileDescriptorReservation:
    """No reserve, for systems where accept does not fail for want of descriptors."""

    def available(self) -> bool:
        """Never."""
        return False

    def reserve(self) -> None:
        """Do nothing."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, excType: object, excValue: object, traceback: object) -> None:
        """Do nothing."""


class _HeldEvents:
    """Takes events for the log and keeps them."""

    def __init__(self, namespace: str, events: list[dict[str, Any]]) -> None:
        self._namespace = namespace
        self._events = events

    def info(self, log_format: str, **fields: object) -> None:
        """Keep an event of which *log_format* is the text, with *fields* filled in."""
        self._events.append(
            {
                "log_format": log_format,
                "log_namespace": self._namespace,
                "message": (log_format.format(**fields),),
                "isError": 0,
                **fields,
            }
        )


class _BuffersLogs:
    """Holds events back for the time of a ``with`` block.

    While the reserve is given up, an observer that opened a file for an event would take it.
    """

    def __init__(
        self,
        namespace: str,
        observer: Callable[[dict[str, Any]], object],
        logs: list[dict[str, Any]] | None = None,
    ) -> None:
        """
        :param namespace: goes into each event as ``log_namespace``.
        :param observer: receives the events at the end of the block.
        :param logs: where they are kept until then.
        """
        self._namespace = namespace
        self._observer = observer
        self._logs = [] if logs is None else logs

    def __enter__(self) -> _HeldEvents:
        """Begin to hold events back.

        :returns: a logger with an ``info`` method.
        """
        return _HeldEvents(self._namespace, self._logs)

    def __exit__(self, excValue: object, excType: object, traceback: object) -> None:
        """Give the events to the observer; an exception in the block goes on."""
        for event in self._logs:
            self._observer(event)
        self._logs.clear()


def _publish(event: dict[str, Any]) -> None:
    fields = {key: value for key, value in event.items() if key not in ("message", "isError")}
    log.msg(*event["message"], **fields)


def _accept(
    accepts: Iterable[object],
    listener: socket.socket,
    reservedFD: Any,
) -> Iterator[tuple[socket.socket, Any]]:
    """Accept from *listener* until nobody waits any more.

    :param accepts: an iteration for each call of ``accept`` that may be made.
    :param reservedFD: what to give up when there are no descriptors left.
    :returns: the accepted sockets with their peers' addresses.
    :raises OSError: from ``accept``, for a reason that is not known here.
    """
    for _ in accepts:
        try:
            accepted = listener.accept()
        except OSError as e:
            if e.args[0] in (EWOULDBLOCK, EAGAIN):
                return
            if e.args[0] == EPERM:
                # Linux's netfilter may forbid this one connection; the next may be welcome.
                continue
            if e.args[0] == EMFILE and reservedFD.available():
                _turn_away(accepts, listener, reservedFD)
                return
            if e.args[0] in _ACCEPT_ERRORS:
                code = errorcode[e.args[0]]
                log.msg(
                    f"Could not accept new connection ({code})",
                    log_format="Could not accept new connection ({acceptError})",
                    acceptError=code,
                )
                return
            raise
        else:
            yield accepted


def _turn_away(accepts: Iterable[object], listener: socket.socket, reservedFD: Any) -> None:
    """Accept with the reserved descriptor whoever waits, and close the connections at once."""
    with _BuffersLogs(__name__, _publish) as logger, reservedFD:
        logger.info("EMFILE encountered; releasing reserved file descriptor.")
        for _ in accepts:
            try:
                peer, address = listener.accept()
            except OSError as e:
                if e.args[0] == EMFILE:
                    # Somebody else was quicker to take what was given up.
                    logger.info(
                        "Could not accept new connection ({acceptError})",
                        acceptError=errorcode[e.args[0]],
                    )
                break
            peer.close()
            logger.info("EMFILE recovery: closed socket from {address}", address=address)
        logger.info("Re-reserving EMFILE recovery file descriptor.")

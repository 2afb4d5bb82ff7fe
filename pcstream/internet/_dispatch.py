"""Telling a descriptor what the kernel said, and losing it when that, or its answer, is bad."""

from __future__ import annotations

import sys
from typing import Any

from pcstream.internet import error
from pcstream.internet.interfaces import IHalfCloseableDescriptor
from pcstream.internet.main import CONNECTION_DONE, CONNECTION_LOST
from pcstream.python import log
from pcstream.python.failure import Failure

__all__ = ["_NO_FILEDESC", "_DisconnectSelectableMixin", "_PollLikeMixin"]

#: Why a descriptor is lost whose ``fileno`` has become -1.
_NO_FILEDESC = error.ConnectionFdescWentAway("File descriptor lost")


class _DisconnectSelectableMixin:
    """Needs ``removeReader`` and ``removeWriter``."""

    def _disconnectSelectable(
        self,
        selectable: Any,
        why: BaseException,
        isRead: bool | int,
        # Shared between connections: an end like any other needs no traceback of its own.
        faildict: dict[type[BaseException], Failure] = {
            error.ConnectionDone: Failure(error.ConnectionDone()),
            error.ConnectionLost: Failure(error.ConnectionLost()),
        },
    ) -> None:
        """Stop watching a descriptor and tell it why.

        :param isRead: the end was found by reading; a clean one then closes only that half of a
            descriptor that can live with it.
        """
        self.removeReader(selectable)  # type: ignore[attr-defined]
        shared = faildict.get(why.__class__)
        if (
            shared is not None
            and isRead
            and why.__class__ is error.ConnectionDone
            and IHalfCloseableDescriptor.providedBy(selectable)
        ):
            selectable.readConnectionLost(shared)
            return
        self.removeWriter(selectable)  # type: ignore[attr-defined]
        selectable.connectionLost(Failure(why) if shared is None else shared)


class _PollLikeMixin:
    """For reactors whose events are bit masks.

    Needs ``_POLL_DISCONNECTED``, ``_POLL_IN``, ``_POLL_OUT`` and ``_reads``, and
    :class:`_DisconnectSelectableMixin`.
    """

    _POLL_DISCONNECTED: int
    _POLL_IN: int
    _POLL_OUT: int

    def _doReadOrWrite(self, selectable: Any, fd: Any, event: int) -> None:
        """Have a descriptor read or write, and lose it if that fails or says so."""
        why: BaseException | None
        inRead = False
        if event & self._POLL_DISCONNECTED and not event & self._POLL_IN:
            # Nothing left to read that would tell the end, and nobody to write to.
            inRead = fd in self._reads  # type: ignore[attr-defined]
            why = CONNECTION_DONE if inRead else CONNECTION_LOST
        else:
            try:
                if selectable.fileno() == -1:
                    why = _NO_FILEDESC
                else:
                    why = None
                    if event & self._POLL_IN:
                        inRead = True
                        why = selectable.doRead()
                    if not why and event & self._POLL_OUT:
                        inRead = False
                        why = selectable.doWrite()
            except BaseException:
                why = sys.exc_info()[1]
                log.err()
        if why:
            self._disconnectSelectable(selectable, why, inRead)  # type: ignore[attr-defined]

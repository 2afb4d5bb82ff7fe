"""Pausing for protocols that hold bytes back: no callback while paused, the rest afterwards."""

from __future__ import annotations

from typing import Any

__all__ = ["_PauseableMixin"]


class _PauseableMixin:
    """Makes a protocol a push producer that passes its pauses on to the transport.

    :ivar paused: true from a pause or stop until a resume.
    """

    paused: bool = False
    transport: Any

    def pauseProducing(self) -> None:
        """Deliver nothing from here on, and have the transport read nothing."""
        self.paused = True
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Go on: first with what had arrived already."""
        self.paused = False
        self.transport.resumeProducing()
        self.dataReceived(b"")

    def stopProducing(self) -> None:
        """Deliver nothing ever again, and stop the transport."""
        self.paused = True
        self.transport.stopProducing()

    def dataReceived(self, data: bytes) -> Any:
        """To be given by the protocol this is mixed into."""
        raise NotImplementedError

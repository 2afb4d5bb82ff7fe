"""A file in the place of a transport: what a protocol writes ends up in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from zope.interface import implementer

from .._engine.producer_slot import ProducerSlot
from . import interfaces

__all__ = ["FileWrapper"]


@implementer(interfaces.ITransport)
class FileWrapper:
    """A transport that writes to a file.

    A file never says that it is full, so a producer is never paused, and a pull producer is asked
    once, when it registers; whoever owns the wrapper asks it again, if anybody does.

    :ivar file: where the bytes go.
    :ivar closed: whether the connection was lost.
    """

    closed: bool | int = 0
    disconnecting: bool | int = 0
    streamingProducer: Any = 0

    def __init__(self, file: IO[bytes] | Any) -> None:
        self.file = file
        self._slot = ProducerSlot()

    @property
    def producer(self) -> Any:
        """The registered producer, or None."""
        return self._slot.producer

    @producer.setter
    def producer(self, producer: Any) -> None:
        self._slot.producer = producer

    def write(self, data: bytes) -> None:
        """Write to the file; whatever that raises goes to :meth:`handleException`."""
        try:
            self.file.write(data)
        except BaseException:
            self.handleException()

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Write all pieces at once.

        :raises TypeError: a piece is not ``bytes``; nothing is written then.
        """
        self.write(b"".join(iovec))

    def _checkProducer(self) -> None:
        """Ask the producer, if there is one, for more; for those who pump a wrapper by hand."""
        producer = self.producer
        if producer is not None:
            producer.resumeProducing()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """From here on :meth:`stopConsuming` has somebody to forget.

        :raises RuntimeError: one is registered already (contract C1).
        """
        self._slot.register(producer, streaming)
        if self.producer is not None:
            self.streamingProducer = streaming

    def unregisterProducer(self) -> None:
        """Forget the producer."""
        self._slot.unregister()

    def stopConsuming(self) -> None:
        """Forget the producer and close the file."""
        self.unregisterProducer()
        self.loseConnection()

    def loseConnection(self) -> None:
        """Close the file; that the system cannot is no matter of the protocol's."""
        self.closed = 1
        try:
            self.file.close()
        except OSError:
            self.handleException()

    def getPeer(self) -> Any:
        """A stand-in for an address."""
        return "file", "file"

    def getHost(self) -> Any:
        """A stand-in for an address."""
        return "file"

    def handleException(self) -> None:
        """Called while an exception of the file is being handled; to be overridden."""

    def resumeProducing(self) -> None:
        """A file is not read from: nothing to do."""

    def pauseProducing(self) -> None:
        """A file is not read from: nothing to do."""

    def stopProducing(self) -> None:
        """Close the file."""
        self.loseConnection()

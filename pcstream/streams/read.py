"""``async for chunk in read(transport)``: reading with a loop, at the loop's pace."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from ..internet.defer import Deferred, fail, succeed
from ..internet.protocol import Protocol
from ..python.failure import Failure
from ._asking import check_positive
from ._taking_over import as_failure, give_back, is_clean, promise_half_close, take_over

__all__ = ["Reader", "read"]

# Bytes that nobody has asked for yet. One read of a socket brings 64 KiB, so this is two or three.
HIGH_WATER_BYTES = 2**17


def read(transport: Any, *, high_water: int = HIGH_WATER_BYTES, half_close: bool = False) -> Reader:
    """What arrives on *transport*, to be looped over by a coroutine that awaits Deferreds.

    ::

        async for chunk in read(self.transport):
            await store(chunk)

    While the loop is busy, *high_water* bytes are held and then the transport is paused. The loop
    ends when the connection is closed cleanly, and raises the reason otherwise, after all that had
    arrived. Whoever leaves it early, or cancels it, leaves the transport paused; another loop over
    the same :class:`Reader` goes on where the first one stopped.

    :param transport: a connection. Its protocol is replaced; it still hears ``connectionLost``.
    :param half_close: go on sending when the peer has closed its half. The connection has to be
        closed by us then.
    :raises TypeError: *transport* has no protocol to replace.
    :raises ValueError: *high_water* is not positive.
    :raises ConnectionLost: it is lost already.
    """
    check_positive(high_water, "high_water")
    reader = Reader(high_water, half_close)
    reader.previous = take_over(transport, reader)
    return reader


class Reader(Protocol):
    """Holds what has arrived until it is asked for; made by :func:`read`.

    :ivar previous: the protocol that was there before.
    :ivar arrived: how many bytes have come.
    """

    def __init__(self, high_water: int, half_close: bool) -> None:
        self.previous: Any = None
        self.arrived = 0
        self._high_water = high_water
        self._chunks: list[bytes] = []
        self._held_bytes = 0
        self._waiting: Deferred[bytes] | None = None
        self._is_paused = False
        self._reason: Failure | None = None
        self._is_at_end = False
        if half_close:
            promise_half_close(self)

    # -- for whoever reads

    def read_some(self) -> Deferred[bytes]:
        """The next bytes.

        :returns: a Deferred of what has arrived, of ``b""`` after a clean end; it fails with the
            reason after another. Cancelling it pauses the transport and loses nothing.
        :raises RuntimeError: somebody is waiting for them already.
        """
        if self._waiting is not None:
            raise RuntimeError("somebody is reading from this transport already")
        if self._chunks:
            chunk = self._chunks.pop(0)
            self._held_bytes -= len(chunk)
            if not self._chunks:
                self._resume()
            return succeed(chunk)
        if self._is_at_end:
            return succeed(b"")
        if self._reason is not None:
            return fail(self._reason)
        self._waiting = Deferred(self._cancelled)
        waiting = self._waiting
        self._resume()
        return waiting

    def pause(self) -> None:
        """Stop reading until the next :meth:`read_some`."""
        if not self._is_paused and not self._is_at_end and self._reason is None:
            self._is_paused = True
            self.transport.pauseProducing()

    def detach(self) -> bytes:
        """Put the former protocol back in its place.

        :returns: what has arrived and was not asked for; the transport is left as it is.
        :raises RuntimeError: somebody is waiting for bytes.
        """
        if self._waiting is not None:
            raise RuntimeError("somebody is reading from this transport")
        give_back(self.transport, self, self.previous)
        held = b"".join(self._chunks)
        self._chunks.clear()
        self._held_bytes = 0
        return held

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """A loop over all that arrives from now on."""
        return self._loop()

    async def _loop(self) -> AsyncGenerator[bytes, None]:
        try:
            while chunk := await self.read_some():
                yield chunk
        finally:
            self.pause()

    def _resume(self) -> None:
        if self._is_paused and self._reason is None:
            self._is_paused = False
            self.transport.resumeProducing()

    def _cancelled(self, _: Deferred[bytes]) -> None:
        self._waiting = None
        self.pause()

    # -- for the transport

    def dataReceived(self, data: bytes) -> None:
        """Give it to whoever waits, or hold it."""
        self.arrived += len(data)
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(data)
            return
        self._chunks.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > self._high_water:
            self.pause()

    def readConnectionLost(self) -> None:
        """The peer sends no more."""
        self._is_at_end = True
        self._tell_end()

    def writeConnectionLost(self) -> None:
        """Our sending half is closed: no matter of a reader's."""

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """The connection is gone."""
        self._reason = as_failure(reason)
        if is_clean(reason):
            self._is_at_end = True
        try:
            if self.previous is not None:
                self.previous.connectionLost(reason)
        finally:
            self._tell_end()

    def _tell_end(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return
        if self._is_at_end or self._reason is None:
            waiting.callback(b"")
        else:
            waiting.errback(self._reason)

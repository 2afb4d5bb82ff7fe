"""Sending what a program has in memory or makes on its way, at the consumer's pace."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, TypeAlias

from zope.interface import implementer

from ..internet.defer import CancelledError, Deferred
from ..internet.interfaces import IPushProducer
from ..internet.task import deferLater
from ..python import log
from ..python.failure import Failure
from ..typing import Consumer
from ._asking import check_consumer, check_positive, clock_or_reactor
from .errors import StreamStopped

__all__ = ["Sender", "send"]

Bytes: TypeAlias = "bytes | bytearray | memoryview"
Source: TypeAlias = "Bytes | Iterable[Bytes] | AsyncIterable[Bytes]"

# A longer piece is written in steps of this size: what may follow a pause is one (contract P2).
STEP_BYTES = 2**16

# How much is written in one turn to a consumer that does not pause; then others have their turn.
HIGH_WATER_BYTES = 2**18

# And how many pieces are taken in one turn, however small they are.
MOST_PIECES = 1000


def send(
    source: Source,
    consumer: Consumer,
    *,
    high_water: int = HIGH_WATER_BYTES,
    clock: Any = None,
) -> Deferred[int]:
    """Write all of *source* to *consumer*, as much as it takes at a time.

    :param source: ``bytes``, an iterable of bytes, or an asynchronous one that awaits Deferreds.
    :param high_water: how many bytes are written in one turn of the reactor, unless the consumer
        pauses before that.
    :param clock: what has ``callLater``; by default the reactor.
    :returns: a Deferred of the number of bytes, which fires when the last has been written and the
        consumer let go of. It fails with what *source* raises, and with
        :exc:`~pcstream.streams.StreamStopped` if the consumer is lost. Cancelling it ends it. In
        any case a generator is closed.
    :raises TypeError: *source* or *consumer* is not one.
    :raises ValueError: *high_water* is not positive.
    :raises RuntimeError: *consumer* has another producer.
    """
    sender = Sender(source, consumer, high_water=high_water, clock=clock)
    sender.start()
    return sender.done


@implementer(IPushProducer)
class Sender:
    """The push producer behind :func:`send`.

    :ivar sent: how many bytes have been written.
    :ivar done: what :func:`send` returns.
    """

    def __init__(
        self,
        source: Source,
        consumer: Consumer,
        *,
        high_water: int = HIGH_WATER_BYTES,
        clock: Any = None,
    ) -> None:
        check_consumer(consumer)
        check_positive(high_water, "high_water")
        self.sent = 0
        self.done: Deferred[int] = Deferred(lambda _: self._stop(Failure(CancelledError())))
        self._pieces = _pieces_of(source)
        self._consumer = consumer
        self._high_water = high_water
        self._clock = clock
        self._left_in_turn = high_water
        self._pieces_in_turn = 0
        self._is_paused = False
        self._is_over = False
        self._resumed: Deferred[None] | None = None
        self._driver: Deferred[None] | None = None

    def start(self) -> None:
        """Register with the consumer, and begin.

        :raises RuntimeError: the consumer has another producer.
        """
        try:
            self._consumer.registerProducer(self, True)
        except BaseException:
            self._is_over = True
            Deferred.fromCoroutine(self._close())
            raise
        if self._is_over:
            Deferred.fromCoroutine(self._close())
            return
        driver = Deferred.fromCoroutine(self._drive())
        driver.addCallbacks(self._sent_all, self._failed)
        if not driver.called:
            self._driver = driver

    # -- writing

    async def _drive(self) -> None:
        pieces = self._pieces
        try:
            if isinstance(pieces, Iterator):
                for piece in pieces:
                    await self._write(piece)
                    if self._is_over:
                        break
            else:
                async for piece in pieces:
                    await self._write(piece)
                    if self._is_over:
                        break
        except GeneratorExit:
            raise  # everybody has forgotten us, and the interpreter closes the source as well
        except BaseException:
            await self._close()
            raise
        await self._close()

    async def _write(self, piece: Any) -> None:
        if not isinstance(piece, (bytes, bytearray, memoryview)):
            raise TypeError(f"only bytes can be sent, not {piece!r}")
        size = memoryview(piece).nbytes
        if size > STEP_BYTES or not isinstance(piece, bytes):
            whole = memoryview(piece).cast("B")
            for at in range(0, size, STEP_BYTES):
                await self._write_step(bytes(whole[at : at + STEP_BYTES]))
        else:
            await self._write_step(piece)

    async def _write_step(self, data: bytes) -> None:
        self._pieces_in_turn += 1
        while not self._is_over:
            if self._is_paused:
                self._resumed = Deferred()
                await self._resumed
                self._start_turn()
            elif self._left_in_turn <= 0 or self._pieces_in_turn > MOST_PIECES:
                await deferLater(clock_or_reactor(self._clock), 0)
                self._start_turn()
            else:
                break
        if data and not self._is_over:
            self._left_in_turn -= len(data)
            self.sent += len(data)
            self._consumer.write(data)

    def _start_turn(self) -> None:
        self._left_in_turn = self._high_water
        self._pieces_in_turn = 0

    async def _close(self) -> None:
        """Have a generator run its ``finally``."""
        pieces: Any = self._pieces
        if hasattr(pieces, "aclose"):
            await pieces.aclose()
        elif hasattr(pieces, "close"):
            pieces.close()

    # -- the end

    def _sent_all(self, _: None) -> None:
        if not self._is_over:
            self._is_over = True
            self._consumer.unregisterProducer()
            self.done.callback(self.sent)

    def _failed(self, failure: Failure) -> None:
        if self._is_over:
            if failure.check(CancelledError) is None:
                log.err(failure, "a source that was stopped failed")
            return
        self._is_over = True
        self._consumer.unregisterProducer()
        self.done.errback(failure)

    def _stop(self, reason: Failure) -> None:
        """End it from outside, also from within a write or from within the source."""
        if self._is_over:
            return
        self._is_over = True
        if reason.check(CancelledError) is not None:
            self._consumer.unregisterProducer()
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.cancel()
        self.done.errback(reason)

    # -- as a producer

    def pauseProducing(self) -> None:
        """Write nothing until resumed."""
        self._is_paused = True

    def resumeProducing(self) -> None:
        """Write again."""
        self._is_paused = False
        resumed, self._resumed = self._resumed, None
        if resumed is not None:
            resumed.callback(None)

    def stopProducing(self) -> None:
        """The consumer wants no more: close the source and fail."""
        self._stop(Failure(StreamStopped()))


def _pieces_of(source: Any) -> Iterator[Any] | AsyncIterator[Any]:
    """What gives the pieces, one by one.

    :raises TypeError: there is no such thing.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return iter([source])
    if isinstance(source, str):
        raise TypeError("only bytes can be sent, not str: encode it first")
    if isinstance(source, AsyncIterable):
        pieces: AsyncIterator[Any] = source.__aiter__()
        return pieces
    if hasattr(source, "read"):
        # Its iterator would look for line ends, and hold a line of any length.
        raise TypeError(f"{source!r} is a file: a FileSender sends files")
    try:
        chunks: Iterator[Any] = iter(source)
    except TypeError:
        raise TypeError(f"{source!r} is neither bytes nor an iterable of bytes") from None
    return chunks

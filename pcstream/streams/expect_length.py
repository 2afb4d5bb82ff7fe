"""As many bytes as were announced, neither fewer nor more."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from ..internet.defer import Deferred
from ..python.failure import Failure
from ..typing import Consumer
from ._middle import Middle
from .errors import TooLong, TooShort

__all__ = ["ExpectLength", "check_length", "expect_length"]


class ExpectLength(Middle):
    """Passes on what it is given, and fails if it is not as much as expected.

    :ivar length: how many bytes are expected.
    :ivar done: fires with that number after :meth:`finish`. It fails with
        :exc:`~pcstream.streams.TooShort` if fewer had come by then, and at once with
        :exc:`~pcstream.streams.TooLong` if more come. The producer is stopped then; the consumer
        has been given the first *length* bytes and is left as it is.
    """

    def __init__(self, consumer: Consumer, length: int, clock: Any = None) -> None:
        super().__init__(consumer, clock)
        if length < 0:
            raise ValueError(f"a length cannot be less than 0: {length!r}")
        self.length = length
        self._done = Deferred(lambda _: self.stop())

    def _pass_on(self, data: bytes) -> None:
        excess = self.passed + len(data) - self.length
        if excess > 0:
            # The producer must not write into what is failing already.
            failure = Failure(TooLong(self.length, self.length + excess))
            rest = data[: len(data) - excess]
            if rest:
                super()._pass_on(rest)
            self._end(failure)
        else:
            super()._pass_on(data)

    def _check_end(self) -> None:
        if self.passed < self.length:
            self._end(Failure(TooShort(self.length, self.passed)))
        else:
            super()._check_end()


def expect_length(consumer: Consumer, length: int, clock: Any = None) -> ExpectLength:
    """A consumer that passes exactly *length* bytes on to *consumer*, or fails.

    :param clock: what has ``callLater``, for pull producers; by default the reactor.
    :raises TypeError: *consumer* is none.
    :raises ValueError: *length* is negative.
    """
    return ExpectLength(consumer, length, clock)


async def check_length(chunks: AsyncIterable[bytes], length: int) -> AsyncIterator[bytes]:
    """The same for whoever reads: give on *chunks*, and fail if there is not the right amount.

    ::

        async for chunk in check_length(read(transport), length):
            ...

    The loop ends with the last expected byte; more than that in the same chunk is too long.

    :raises TooShort: the chunks have come to an end before that.
    :raises TooLong: a chunk goes beyond it.
    :raises ValueError: *length* is negative.
    """
    if length < 0:
        raise ValueError(f"a length cannot be less than 0: {length!r}")
    arrived = 0
    if length == 0:
        return
    async for chunk in chunks:
        arrived += len(chunk)
        if arrived > length:
            raise TooLong(length, arrived)
        yield chunk
        if arrived == length:
            return
    raise TooShort(length, arrived)

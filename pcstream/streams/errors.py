"""Why a stream has come to an end before its time."""

from __future__ import annotations

__all__ = ["LengthMismatch", "StreamStopped", "TooLong", "TooShort"]


class StreamStopped(Exception):
    """Whoever was written to wants no more, most likely because its connection is lost."""

    def __init__(self, message: str = "the consumer wants no more") -> None:
        super().__init__(message)


class LengthMismatch(Exception):
    """Not as many bytes came as were expected.

    :ivar expected: how many should have come.
    :ivar arrived: how many came, at least.
    """

    def __init__(self, expected: int, arrived: int) -> None:
        super().__init__(f"{arrived} bytes came where {expected} were expected")
        self.expected = expected
        self.arrived = arrived


class TooShort(LengthMismatch):
    """The end came too early."""


class TooLong(LengthMismatch):
    """More came than was expected; the rest was not looked at."""

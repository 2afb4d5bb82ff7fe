"""The exceptions of :mod:`pcstream.internet.defer`, under whose name they are shown and pickled."""

from __future__ import annotations

from collections.abc import Sequence

from ..python.failure import Failure

_DEFER = "pcstream.internet.defer"


class AlreadyCalledError(Exception):
    """A Deferred was fired a second time."""

    __module__ = _DEFER


class CancelledError(Exception):
    """What a Deferred fails with when it is cancelled and its canceller says nothing else."""

    __module__ = _DEFER


class TimeoutError(Exception):
    """It took longer than was allowed."""

    __module__ = _DEFER


class NotACoroutineError(TypeError):
    """Something that is neither a coroutine nor a generator was to be run as one."""

    __module__ = _DEFER


class QueueOverflow(Exception):
    """An object was put into a full queue."""

    __module__ = _DEFER


class QueueUnderflow(Exception):
    """More were waiting for objects than the queue lets wait."""

    __module__ = _DEFER


class AlreadyTryingToLockError(Exception):
    """A file system lock is already being waited for."""

    __module__ = _DEFER


class FirstError(Exception):
    """The first failure among several Deferreds.

    :ivar subFailure: that failure.
    :ivar index: where its Deferred stood in the list.
    """

    __module__ = _DEFER

    def __init__(self, failure: Failure, index: int) -> None:
        Exception.__init__(self, failure, index)
        self.subFailure = failure
        self.index = index

    def __repr__(self) -> str:
        return f"FirstError[#{self.index}, {self.subFailure.value!r}]"

    def __str__(self) -> str:
        return f"FirstError[#{self.index}, {self.subFailure}]"

    def __cmp__(self, other: object) -> int:
        """-1, 0 or 1, by index and failure; -1 for anything that is no FirstError."""
        if not isinstance(other, FirstError):
            return -1
        mine, theirs = (self.index, id(self.subFailure)), (other.index, id(other.subFailure))
        return (mine > theirs) - (mine < theirs)

    def __eq__(self, other: object) -> bool:
        return self.__cmp__(other) == 0

    def __ne__(self, other: object) -> bool:
        return self.__cmp__(other) != 0

    def __lt__(self, other: object) -> bool:
        return self.__cmp__(other) < 0

    def __le__(self, other: object) -> bool:
        return self.__cmp__(other) <= 0

    def __gt__(self, other: object) -> bool:
        return self.__cmp__(other) > 0

    def __ge__(self, other: object) -> bool:
        return self.__cmp__(other) >= 0

    __hash__ = None  # type: ignore[assignment]


class FailureGroup(Exception):
    """All of several Deferreds failed.

    :ivar failures: theirs, in the order of the Deferreds.
    """

    __module__ = _DEFER

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__()
        self.failures = failures

"""Several Deferreds as one: all of them, or the first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from ..python import log
from ..python.failure import Failure
from ._deferred import _NO_KEYWORDS, Deferred
from ._deferred_errors import FailureGroup, FirstError

_T = TypeVar("_T")
_SelfResultT = TypeVar("_SelfResultT")

SUCCESS = True
FAILURE = False


class DeferredList(Deferred[Any]):
    """A Deferred of the results of several others.

    Its result is a list of pairs (success, result), in the order of the Deferreds.

    :param deferredList: the Deferreds; the list itself is not kept.
    :param fireOnOneCallback: fire with the first result, as a pair (result, index).
    :param fireOnOneErrback: fail with the first failure, as a :class:`FirstError`.
    :param consumeErrors: leave None as the result of a Deferred that failed, so that its failure
        is not reported as unhandled.
    """

    __module__ = "pcstream.internet.defer"
    __slots__ = (
        "_deferredList",
        "consumeErrors",
        "finishedCount",
        "fireOnOneCallback",
        "fireOnOneErrback",
        "resultList",
    )

    def __init__(
        self,
        deferredList: Iterable[Deferred[_SelfResultT]],
        fireOnOneCallback: bool = False,
        fireOnOneErrback: bool = False,
        consumeErrors: bool = False,
    ) -> None:
        self._deferredList = list(deferredList)
        count = len(self._deferredList)
        self.resultList: list[Any] = [None] * count
        Deferred.__init__(self)
        # set before any callback is added: a Deferred that has fired already calls it at once
        self.fireOnOneCallback = fireOnOneCallback
        self.fireOnOneErrback = fireOnOneErrback
        self.consumeErrors = consumeErrors
        self.finishedCount = 0
        if not count and not fireOnOneCallback:
            self.callback(self.resultList)
        heard = self._cbDeferred
        for index, deferred in enumerate(self._deferredList):
            if deferred.__class__ is not Deferred:
                deferred.addCallbacks(
                    heard, heard, callbackArgs=(index, SUCCESS), errbackArgs=(index, FAILURE)
                )
                continue
            step = (heard, (index, SUCCESS), _NO_KEYWORDS, heard, (index, FAILURE), _NO_KEYWORDS)
            if deferred._callbacks is None and not deferred.called:
                deferred._callbacks = [step]
            else:
                deferred._add(step)

    def _cbDeferred(self, result: Any, index: int, succeeded: bool) -> Any:
        """Take note of the result of one of the Deferreds."""
        results = self.resultList
        results[index] = (succeeded, result)
        self.finishedCount = finished = self.finishedCount + 1
        if not self.called:
            if succeeded and self.fireOnOneCallback:
                self.callback((result, index))
            elif not succeeded and self.fireOnOneErrback:
                self.errback(Failure._withoutTraceback(FirstError(result, index)))
            elif finished == len(results):
                self.callback(results)
        if not succeeded and self.consumeErrors:
            return None
        return result

    def cancel(self) -> None:
        """Cancel every one of the Deferreds, unless this one has fired."""
        if self.called:
            return
        for deferred in self._deferredList:
            try:
                deferred.cancel()
            except Exception:
                log.err(None, "Exception raised from user supplied canceller")


def _parseDeferredListResult(
    resultList: list[tuple[bool, _T]], fireOnOneErrback: bool = False, /
) -> list[_T]:
    return [result for _, result in resultList]


def gatherResults(
    deferredList: Iterable[Deferred[_T]], consumeErrors: bool = False
) -> Deferred[list[_T]]:
    """A Deferred of the list of all results, or of the first failure.

    :param consumeErrors: as for :class:`DeferredList`.
    """
    d = DeferredList(deferredList, fireOnOneErrback=True, consumeErrors=consumeErrors)
    return d.addCallback(_parseDeferredListResult)


def race(ds: Sequence[Deferred[_T]]) -> Deferred[tuple[int, _T]]:
    """A Deferred of the first result, as a pair (index, result); the others are cancelled.

    If all fail, it fails with a :class:`FailureGroup`. Cancelling it cancels them all.
    """
    contestants = list(ds)
    failures: list[Failure | None] = [None] * len(contestants)
    failed_count = 0
    has_winner = False

    def cancel_all(_: Deferred[Any]) -> None:
        for d in contestants:
            d.cancel()

    outcome: Deferred[tuple[int, _T]] = Deferred(canceller=cancel_all)

    def succeeded(result: _T, index: int) -> None:
        nonlocal has_winner
        # the losers' cancellers may make them succeed too
        if has_winner:
            return
        has_winner = True
        for other, d in enumerate(contestants):
            if other != index:
                d.cancel()
        outcome.callback((index, result))

    def failed(failure: Failure, index: int) -> None:
        nonlocal failed_count
        failures[index] = failure
        failed_count += 1
        if failed_count == len(contestants):
            outcome.errback(FailureGroup([f for f in failures if f is not None]))

    for index, d in enumerate(contestants):
        d.addCallbacks(succeeded, failed, callbackArgs=(index,), errbackArgs=(index,))
    return outcome

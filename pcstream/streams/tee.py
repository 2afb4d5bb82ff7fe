"""One stream to several consumers, at the pace of the slowest."""

from __future__ import annotations

from typing import Any, Literal

from zope.interface import implementer

from ..internet.interfaces import IConsumer, IPushProducer
from ..python import log
from ..python.failure import Failure
from ..typing import Consumer
from ._asking import check_consumer
from ._middle import Middle
from .errors import StreamStopped

__all__ = ["Tee", "tee"]

OnLoss = Literal["drop", "end"]


@implementer(IPushProducer)
class _Branch:
    """What one of the consumers sees as its producer."""

    def __init__(self, tee: Tee, consumer: Any) -> None:
        self.tee = tee
        self.consumer = consumer
        self.is_registered = False
        self.is_paused = False

    def join(self) -> None:
        """Register with the consumer; one that is lost says so from within."""
        self.is_registered, self.is_paused = True, False
        try:
            self.consumer.registerProducer(self, True)
        except BaseException:
            self.is_registered = False
            raise

    def leave(self) -> None:
        """Unregister."""
        self.is_paused = False
        if self.is_registered:
            self.is_registered = False
            self.consumer.unregisterProducer()

    def pauseProducing(self) -> None:
        """This consumer wants nothing: all wait."""
        if self.is_registered:
            self.is_paused = True
            self.tee._branch_paused()

    def resumeProducing(self) -> None:
        """This consumer takes more: go on if all others do, too."""
        if self.is_registered:
            self.is_paused = False
            self.tee._branch_resumed()

    def stopProducing(self) -> None:
        """This consumer is lost."""
        self.is_registered = False
        self.tee._branch_lost(self)


class _Branches:
    """All consumers of a tee as one, in the place of a middle's consumer."""

    def __init__(self) -> None:
        self.all: list[_Branch] = []
        self.middle: Any = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Register a branch with each consumer."""
        joined: list[_Branch] = []
        try:
            for branch in list(self.all):
                branch.join()
                joined.append(branch)
        except BaseException:
            for branch in joined:
                branch.leave()
            raise

    def unregisterProducer(self) -> None:
        """Unregister each branch."""
        for branch in list(self.all):
            branch.leave()

    def write(self, data: bytes) -> None:
        """Write to each consumer; one that raises is lost."""
        for branch in list(self.all):
            if branch not in self.all:
                continue  # lost by what another one did
            try:
                branch.consumer.write(data)
            except Exception:
                log.err(None, f"{branch.consumer!r} raised in write, and gets nothing more")
                try:
                    branch.leave()
                finally:
                    branch.stopProducing()


@implementer(IConsumer)
class Tee(Middle):
    """Writes what it is given to several consumers.

    Its producer waits while any of them wants nothing. What happens when one is lost is for its
    maker to say: with ``drop`` the others go on, and only the loss of the last ends it; with
    ``end`` they are let go of and the producer is stopped.

    :ivar lost: the consumers that have been lost, in that order.
    """

    def __init__(self, *consumers: Consumer, on_loss: OnLoss = "drop", clock: Any = None) -> None:
        if on_loss not in ("drop", "end"):
            raise ValueError(f"on_loss is 'drop' or 'end', not {on_loss!r}")
        if not consumers:
            raise ValueError("a tee needs a consumer")
        for consumer in consumers:
            check_consumer(consumer)
        self._branches = _Branches()
        super().__init__(self._branches, clock)
        self._on_loss = on_loss
        self.lost: list[Any] = []
        self._branches.all = [_Branch(self, consumer) for consumer in consumers]

    @property
    def consumers(self) -> list[Any]:
        """Those that are written to now."""
        return [branch.consumer for branch in self._branches.all]

    def add(self, consumer: Consumer) -> None:
        """Write to *consumer* too, from now on.

        :raises TypeError: it is none.
        :raises RuntimeError: it has another producer.
        """
        check_consumer(consumer)
        branch = _Branch(self, consumer)
        self._branches.all.append(branch)
        if self._is_registered:
            try:
                branch.join()
            except BaseException:
                self._branches.all.remove(branch)
                raise

    def _branch_paused(self) -> None:
        self.pauseProducing()

    def _branch_resumed(self) -> None:
        if self._is_paused and not any(branch.is_paused for branch in self._branches.all):
            self.resumeProducing()

    def _branch_lost(self, branch: _Branch) -> None:
        if branch not in self._branches.all:
            return
        self._branches.all.remove(branch)
        self.lost.append(branch.consumer)
        if not self._branches.all:
            self.stopProducing()
        elif self._on_loss == "end":
            self._end(Failure(StreamStopped(f"{branch.consumer!r} wants no more")))
        else:
            self._branch_resumed()


def tee(*consumers: Consumer, on_loss: OnLoss = "drop", clock: Any = None) -> Tee:
    """A consumer that writes to all of *consumers*; the slowest sets the pace.

    :param on_loss: ``drop`` to go on without one that is lost, ``end`` to stop.
    :param clock: what has ``callLater``, for pull producers; by default the reactor.
    :raises TypeError: one of *consumers* is none.
    :raises ValueError: there are no consumers, or *on_loss* is something else.
    """
    return Tee(*consumers, on_loss=on_loss, clock=clock)

"""A pull producer made to look like a push producer.

It is asked for a chunk once a turn of the reactor until it is done, paused or stopped, by a
cooperative task, so that other work gets its share meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zope.interface import implementer

from ..internet import task
from ..internet.interfaces import IPushProducer
from ..python import log


@implementer(IPushProducer)
class _PullToPush:
    """Drives a pull producer on behalf of a consumer that takes push producers only.

    :ivar _finished: nothing more is asked for.
    """

    _finished = False

    def __init__(self, pullProducer: Any, consumer: Any) -> None:
        """
        :param consumer: is told to unregister if *pullProducer* raises.
        """
        self._producer = pullProducer
        self._consumer = consumer
        self._is_paused = False
        self._is_stopped = False
        self._coopTask: Any = None

    def _pull(self) -> Iterator[None]:
        while True:
            try:
                self._producer.resumeProducing()
            except Exception:
                log.err(None, f"{self._producer!r} raised while calling resumeProducing on it")
                self._give_up()
            yield None

    def _give_up(self) -> None:
        """End a stream whose producer is broken, and tell the producer so (contract A4)."""
        try:
            self._consumer.unregisterProducer()
        except Exception:
            log.err(None, f"{self._consumer!r} raised while calling unregisterProducer on it")
        # A consumer that did not unregister must not be the reason to go on.
        self._finish()
        self._stop_producer()

    def startStreaming(self) -> None:
        """Begin to ask; called once, after this has been registered."""
        self._coopTask = task.cooperate(self._pull())
        if self._is_paused:
            self._coopTask.pause()

    def stopStreaming(self) -> None:
        """Ask no more: the producer was unregistered, or told to stop."""
        self._finish()

    def _finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        if self._coopTask is not None:
            self._coopTask.stop()

    def _stop_producer(self) -> None:
        if self._is_stopped:
            return  # contract A3: once
        self._is_stopped = True
        try:
            self._producer.stopProducing()
        except Exception:
            log.err(None, f"{self._producer!r} raised in stopProducing")

    def pauseProducing(self) -> None:
        """Ask no more for the time being; a second pause changes nothing (contract A1)."""
        if self._finished or self._is_paused:
            return
        self._is_paused = True
        if self._coopTask is not None:
            self._coopTask.pause()

    def resumeProducing(self) -> None:
        """Ask again; without a pause this changes nothing (contract P4)."""
        if self._finished or not self._is_paused:
            return
        self._is_paused = False
        if self._coopTask is not None:
            self._coopTask.resume()

    def stopProducing(self) -> None:
        """Ask no more, and have the producer stop."""
        self._finish()
        self._stop_producer()

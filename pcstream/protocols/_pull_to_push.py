"""A pull producer made to look like a push producer.

It is asked for a chunk once a turn of the reactor until it is done, paused or stopped, by a
cooperative task, so that other work gets its share meanwhile.  A producer that has nothing to
write when it is asked is asked less and less often, until it writes again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zope.interface import implementer

from ..internet import task
from ..internet.interfaces import IPushProducer
from ..python import log

# How long a producer that wrote nothing is left alone, at first and at most. The first is about a
# turn of a busy reactor; at the last the asking costs no measurable time.
_FIRST_REST_S = 0.001
_LONGEST_REST_S = 0.1

_CONSUMER = "the consumer has paused it"
_REST = "it had nothing to write"


@implementer(IPushProducer)
class _PullToPush:
    """Drives a pull producer on behalf of a consumer that takes push producers only.

    :ivar _finished: nothing more is asked for.
    """

    _finished = False

    def __init__(self, pullProducer: Any, consumer: Any, clock: Any = None) -> None:
        """
        :param consumer: is told to unregister if *pullProducer* raises.
        :param clock: measures the rests of a producer that writes nothing. Whoever gives one calls
            :meth:`note_write`; without one, nobody is known to write nothing.
        """
        self._producer = pullProducer
        self._consumer = consumer
        self._clock = clock
        self._is_stopped = False
        #: Why nothing is asked for at the moment.
        self._reasons: set[str] = set()
        self._has_written = False
        self._rest_s = _FIRST_REST_S
        self._rest: Any = None
        self._coopTask: Any = None

    def _pull(self) -> Iterator[None]:
        while True:
            self._has_written = False
            try:
                self._producer.resumeProducing()
            except Exception:
                log.err(None, f"{self._producer!r} raised while calling resumeProducing on it")
                self._give_up()
            if self._has_written:
                self._rest_s = _FIRST_REST_S
            elif self._clock is not None and not self._finished:
                self._have_a_rest()
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

    # -- the rests (contract A2)

    def note_write(self) -> None:
        """The producer has written something, asked or not."""
        self._has_written = True
        if self._rest is not None:
            self._rest.cancel()
            self._end_rest()

    def _have_a_rest(self) -> None:
        self._hold(_REST)
        self._rest = self._clock.callLater(self._rest_s, self._end_rest)
        self._rest_s = min(2 * self._rest_s, _LONGEST_REST_S)

    def _end_rest(self) -> None:
        self._rest = None
        self._release(_REST)

    # -- the task

    def _hold(self, reason: str) -> None:
        was_asked = not self._reasons
        self._reasons.add(reason)
        if was_asked and self._coopTask is not None:
            self._coopTask.pause()

    def _release(self, reason: str) -> None:
        self._reasons.discard(reason)
        if not self._reasons and self._coopTask is not None:
            self._coopTask.resume()

    def startStreaming(self) -> None:
        """Begin to ask; called once, after this has been registered."""
        if self._finished:
            return
        self._coopTask = task.cooperate(self._pull())
        if self._reasons:
            self._coopTask.pause()

    def stopStreaming(self) -> None:
        """Ask no more: the producer was unregistered, or told to stop."""
        self._finish()

    def _finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
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

    # -- as a push producer

    def pauseProducing(self) -> None:
        """Ask no more for the time being; a second pause changes nothing (contract A1)."""
        if not self._finished:
            self._hold(_CONSUMER)

    def resumeProducing(self) -> None:
        """Ask again; without a pause this changes nothing (contract P4)."""
        if not self._finished and _CONSUMER in self._reasons:
            self._release(_CONSUMER)

    def stopProducing(self) -> None:
        """Ask no more, and have the producer stop."""
        self._finish()
        self._stop_producer()

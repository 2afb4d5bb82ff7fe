"""What stands between a producer and a consumer: it passes bytes on, and pauses back.

A :class:`Middle` is a consumer of any producer and a push producer to its own consumer.  The one
place where it pauses, resumes and stops its producer is the same
:class:`~pcstream._engine.producer_slot.ProducerSlot` that transports use.
"""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from .._engine.producer_slot import ProducerSlot, State
from ..internet.defer import CancelledError, Deferred
from ..internet.interfaces import IConsumer, IPushProducer
from ..python.failure import Failure
from ..typing import Consumer
from ._asking import PullToPush, check_consumer
from .errors import StreamStopped

__all__ = ["Middle"]


@implementer(IConsumer, IPushProducer)
class Middle:
    """Passes everything on, and takes producers of both kinds.

    It is registered with its consumer for as long as a producer is registered with it, or
    something is held.

    :ivar consumer: who the bytes go to.
    :ivar passed: how many have been passed on.
    """

    def __init__(self, consumer: Consumer, clock: Any = None) -> None:
        """
        :param clock: what has ``callLater`` and ``seconds``; by default the reactor.
        :raises TypeError: *consumer* is none.
        """
        check_consumer(consumer)
        self.consumer = consumer
        self.passed = 0
        self._clock = clock
        self._slot = ProducerSlot()
        self._adapter: PullToPush | None = None
        self._is_registered = False  # with the consumer
        self._is_paused = False  # by the consumer
        self._is_finishing = False
        self._outcome: int | Failure | None = None
        self._done: Deferred[int] | None = None

    # -- the end

    @property
    def done(self) -> Deferred[int]:
        """Fires with the number of bytes passed on, when :meth:`finish` was called and all is out.

        It fails with :exc:`~pcstream.streams.StreamStopped` if the consumer is lost. Cancelling it
        is :meth:`stop`.
        """
        if self._done is None:
            self._done = Deferred(lambda _: self.stop())
            self._tell()
        return self._done

    def _tell(self) -> None:
        done, outcome = self._done, self._outcome
        if done is None or outcome is None or done.called:
            return
        if isinstance(outcome, Failure):
            done.errback(outcome)
        else:
            done.callback(outcome)

    def finish(self) -> Deferred[int]:
        """Nothing more comes, or only what the producer still has that is registered now.

        :returns: ``done``.
        """
        self._is_finishing = True
        self._end_if_due()
        return self.done

    def stop(self) -> None:
        """Stop the producer, throw away what is held, and leave the consumer alone."""
        self._end(Failure(CancelledError()))

    def _end(self, outcome: int | Failure) -> None:
        if self._outcome is not None:
            return
        self._outcome = outcome
        self._release()
        self._slot.lost()
        self._leave()
        self._tell()

    def _end_if_due(self) -> None:
        """The producer has gone, or what was held: see whether anything is left to do."""
        if self._slot.producer is not None or self._holds():
            return
        self._leave()
        if self._is_finishing:
            self._check_end()

    def _check_end(self) -> None:
        """All is out after :meth:`finish`; subclasses may have something to say about it."""
        self._end(self.passed)

    def _leave(self) -> None:
        if self._is_registered:
            self._is_registered = False
            self._is_paused = False
            self.consumer.unregisterProducer()

    # -- for subclasses

    def _holds(self) -> bool:
        """Whether there are bytes that are still to be passed on."""
        return False

    def _release(self) -> None:
        """Throw away what is held, and wait for nothing any more."""

    def _pass_on(self, data: bytes) -> None:
        self.passed += len(data)
        self.consumer.write(data)

    def _go_on(self) -> None:
        """The consumer takes more."""
        self._slot.drained()

    # -- as a consumer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take a producer, and register with the consumer.

        :param streaming: true for a push producer; a pull producer is asked a turn later.
        :raises RuntimeError: one is registered already, here or with the consumer.
        """
        slot = self._slot
        if slot.state is State.NONE and not self._is_registered:
            self._is_registered = True
            try:
                self.consumer.registerProducer(self, True)
            except BaseException:
                self._is_registered = False
                raise
        adapter = None if streaming else PullToPush(producer, self, self._clock)
        newcomer = producer if adapter is None else adapter
        slot.register(newcomer, True)
        if slot.producer is not newcomer:
            return
        self._adapter = adapter
        if self._is_paused and not self._holds():
            slot.overfull()  # what is held pauses it with its first write
        if adapter is not None and slot.producer is newcomer:
            adapter.start()

    def unregisterProducer(self) -> None:
        """Let the producer go; without one this does nothing (contract C13)."""
        if self._slot.producer is None:
            return
        if self._adapter is not None:
            self._adapter.stop()
            self._adapter = None
        self._slot.unregister()
        self._end_if_due()

    def write(self, data: bytes) -> None:
        """Pass *data* on; after the end it is dropped.

        :raises TypeError: it is not ``bytes``.
        """
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        if not data or self._outcome is not None:
            return
        if self._adapter is not None:
            self._adapter.note_write()
        self._pass_on(data)

    # -- as a producer

    def pauseProducing(self) -> None:
        """The consumer wants nothing for the time being."""
        if self._outcome is None:
            self._is_paused = True
            self._slot.overfull()

    def resumeProducing(self) -> None:
        """The consumer takes more."""
        if self._outcome is None:
            self._is_paused = False
            try:
                self._go_on()
            except Exception:
                self._end(Failure())
                raise  # the consumer is to end with the same reason (contract C23)

    def stopProducing(self) -> None:
        """The consumer is lost: stop the producer, once (contract X4)."""
        self._is_registered = False
        self._end(Failure(StreamStopped()))

"""Proxies: each is the consumer of a producer and the producer of a consumer.

Both hold bytes back while the consumer wants none.  :class:`BasicProducerConsumerProxy` passes
pauses on at once; :class:`ProducerConsumerProxy` has a buffer of its own and pauses the producer
when that is full.  The calls on the producer are decided by the same
:class:`~pcstream._engine.producer_slot.ProducerSlot` that transports use.
"""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from .._engine.producer_slot import ProducerSlot
from ..internet import interfaces


@implementer(interfaces.IProducer, interfaces.IConsumer)
class BasicProducerConsumerProxy:
    """Stands between a producer and a consumer and changes nothing.

    Subclasses may change what is written in :meth:`_writeSomeData`.

    :ivar consumer: who the bytes go to; None once it has stopped us.
    :ivar producer: who they come from, or None.
    :ivar producerIsStreaming: whether that is a push producer; None without one.
    :ivar iAmStreaming: whether this is a push producer to the consumer.
    :ivar outstandingPull: the consumer has asked and was not yet answered; only if this is a pull
        producer.
    :ivar paused: the consumer wants nothing now.
    :ivar stopped: the consumer wants nothing ever again.
    """

    consumer: Any = None
    iAmStreaming: bool = True
    outstandingPull: bool = False
    paused: bool = False
    stopped: bool = False

    # A pull producer is asked when the consumer asks, not when it registers.
    _asks_at_once = False

    _is_registered = False  # with the consumer
    _is_writing = False
    _is_resumed = False
    _owes_finish = False
    _owes_unregister = False

    def __init__(self, consumer: Any) -> None:
        """Register with *consumer*, at once; None for a proxy that leads nowhere."""
        # A list of all that is held, and not an outbox, since whatever type of string comes has to
        # leave joined: programs from before the difference of str and bytes still send text.
        self._buffer: list[Any] = []
        self._slot = ProducerSlot()
        if consumer is not None:
            self.consumer = consumer
            self._register_with_consumer()

    @property
    def producer(self) -> Any:
        """Who the bytes come from, or None."""
        return self._slot.producer

    @property
    def producerIsStreaming(self) -> bool | None:
        """Whether the producer is a push producer; None without one."""
        return None if self._slot.producer is None else self._slot.is_streaming

    def _register_with_consumer(self) -> None:
        self._is_registered = True
        try:
            self.consumer.registerProducer(self, self.iAmStreaming)
        except BaseException:
            self._is_registered = False
            raise

    # What a consumer asks of its producer

    def pauseProducing(self) -> None:
        """Write nothing until resumed."""
        self.paused = True
        self._slot.overfull()

    def resumeProducing(self) -> None:
        """Write what is held, or have the producer write."""
        self.paused = False
        if not self.iAmStreaming:
            self.outstandingPull = True
        self._is_resumed = True
        self._work()

    def _work(self) -> None:
        """Do what has become possible; from within our own write, when that is done."""
        if self._is_writing:
            return
        self._write_what_is_held()
        self._end_if_due()
        if self._is_resumed and not self.stopped:
            self._is_resumed = False
            self._ask_producer()

    def _ask_producer(self) -> None:
        """The consumer has resumed us and got what was held."""
        if not self.paused:
            self._slot.drained()

    def stopProducing(self) -> None:
        """Throw away what is held and stop the producer, once (contract X4)."""
        self.stopped = True
        self._buffer = []
        self.consumer = None
        self._is_registered = self._owes_finish = self._owes_unregister = False
        self._slot.lost()

    # What a producer asks of its consumer

    def write(self, data: Any) -> None:
        """Write *data* to the consumer, or hold it if the consumer wants nothing now."""
        if self.stopped or not data:
            return
        self._buffer.append(data)
        if self._may_write():
            self._work()
        elif not self._is_registered and self.consumer is not None and not self.iAmStreaming:
            # Nobody would ever ask for it; come back for as long as it takes.
            self._owes_unregister = self.producer is None
            self._register_with_consumer()
        self._pause_if_full()

    def _pause_if_full(self) -> None:
        """Anything that has to be held is too much."""
        if self._buffer:
            self._slot.overfull()

    def finish(self) -> None:
        """Pass the end on, behind everything that is held, and unregister."""
        if self.consumer is not None:
            self._owes_finish = True
        self._slot.unregister()
        self._owes_unregister = True
        self._end_if_due()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take the bytes of *producer*.

        The producer that is registered may register again as the other kind.

        :raises RuntimeError: another producer is registered (contract C1).
        """
        slot = self._slot
        if slot.producer is not None and slot.producer is producer:
            slot.unregister()
        if slot.producer is None and not self.stopped:
            self._owes_unregister = False
            if self.consumer is not None and not self._is_registered:
                self._register_with_consumer()
        slot.register(producer, streaming, asks_at_once=self._asks_at_once)

    def unregisterProducer(self) -> None:
        """Forget the producer, and unregister from the consumer behind everything that is held.

        Without a producer this does nothing (contract C13).
        """
        if self._slot.producer is None:
            return
        self._slot.unregister()
        self._owes_unregister = True
        self._end_if_due()

    # Within

    def _may_write(self) -> bool:
        return not self.paused and (self.iAmStreaming or self.outstandingPull)

    def _write_what_is_held(self) -> None:
        """Write until the consumer wants no more."""
        self._is_writing = True
        try:
            while self._buffer and self._may_write():
                held, self._buffer = self._buffer, []
                data = held[0] if len(held) == 1 else held[0][:0].join(held)
                # Cleared first: the consumer may ask again from within the write.
                self.outstandingPull = False
                count = self._writeSomeData(data)
                if count < len(data) and not self.stopped:
                    # What was written meanwhile comes behind it.
                    self._buffer.insert(0, data[count:])
                if not count:
                    self.outstandingPull = not self.iAmStreaming  # it was not answered
                    break
        finally:
            self._is_writing = False

    def _writeSomeData(self, data: Any) -> int:
        """Write *data*, or the first part of it; answers how much that was."""
        if self.consumer is None:
            return len(data) if self.iAmStreaming else 0
        self.consumer.write(data)
        return len(data)

    def _end_if_due(self) -> None:
        """Pass on the end when nothing is held any more (contract X5)."""
        if self._buffer or self._is_writing or not self._owes_unregister:
            return
        self._owes_unregister = False
        if self._owes_finish:
            self._owes_finish = False
            self.consumer.finish()
        if self._is_registered:
            self._is_registered = False
            if self.consumer is not None:
                self.consumer.unregisterProducer()

    def __repr__(self) -> str:
        return f"<{self.__class__}@{id(self):x} around {self.consumer}>"


class ProducerConsumerProxy(BasicProducerConsumerProxy):
    """Stands between a producer and a consumer with a buffer of its own.

    The producer is paused when the buffer is full and resumed when it is not, whatever the
    consumer's pauses do.

    :ivar bufferSize: the buffer is full from so many bytes on.
    :ivar producerPaused: whether the producer is paused now.
    :ivar unregistered: the producer has unregistered, and none has come since.
    """

    bufferSize: int = 65536
    unregistered: bool = False

    _asks_at_once = True

    @property
    def producerPaused(self) -> bool:
        """Whether the producer is paused now."""
        return self._slot.is_paused

    def pauseProducing(self) -> None:
        """Write nothing until resumed."""
        self.paused = True

    def _held_bytes(self) -> int:
        return sum(map(len, self._buffer))

    def _ask_producer(self) -> None:
        if self._slot.is_streaming:
            if self._held_bytes() < self.bufferSize:
                self._slot.drained()
        elif not self._buffer and self._may_write():
            self._slot.drained()

    def _pause_if_full(self) -> None:
        if self._held_bytes() >= self.bufferSize:
            self._slot.overfull()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take the bytes of *producer*; a pull producer is asked at once.

        The producer that is registered may register again as the other kind.

        :raises RuntimeError: another producer is registered (contract C1).
        """
        self.unregistered = False
        super().registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Forget the producer, and unregister from the consumer behind everything that is held."""
        super().unregisterProducer()
        self.unregistered = self._slot.producer is None

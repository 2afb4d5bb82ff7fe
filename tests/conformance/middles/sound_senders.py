"""A small sender of files that is right; the mutants each get one thing wrong."""

from __future__ import annotations

from typing import Any

from pcstream.internet.defer import Deferred
from pcstream.python.failure import Failure

RETRY_S = 0.01


class Sender:
    """Sends what can be read from a file, a chunk for each question."""

    CHUNK_SIZE = 2**14

    lastSent: Any = ""
    deferred: Any = None
    file: Any = None
    consumer: Any = None
    transform: Any = None

    def __init__(self, clock: Any) -> None:
        self.clock = clock

    def beginFileTransfer(self, file: Any, consumer: Any, transform: Any = None) -> Any:
        if self.deferred is not None:
            raise RuntimeError("busy")
        self.file = file
        self.consumer = consumer
        self.transform = transform
        self.lastSent = ""
        deferred = self.deferred = Deferred(self.cancelled)
        try:
            consumer.registerProducer(self, False)
        except BaseException:
            self.deferred = None
            raise
        return deferred

    def resumeProducing(self) -> None:
        if self.deferred is None:
            return
        try:
            self.answer()
        except Exception:
            self.fail(Failure())

    def answer(self) -> None:
        chunk = self.next_chunk()
        if chunk is None:
            self.clock.callLater(RETRY_S, self.resumeProducing)
        elif chunk:
            self.lastSent = chunk[-1:]
            self.consumer.write(chunk)
        else:
            self.finish()

    def next_chunk(self) -> Any:
        while True:
            chunk = self.file.read(self.CHUNK_SIZE)
            if not chunk or self.transform is None:
                return chunk
            chunk = self.transform(chunk)
            if chunk:
                return chunk

    def finish(self) -> None:
        self.leave().callback(self.lastSent)

    def fail(self, failure: Any) -> None:
        self.leave().errback(failure)

    def leave(self) -> Any:
        self.consumer.unregisterProducer()
        deferred, self.deferred = self.deferred, None
        return deferred

    def cancelled(self, deferred: Any) -> None:
        self.leave()

    def stopProducing(self) -> None:
        deferred, self.deferred = self.deferred, None
        if deferred is not None:
            deferred.errback(Failure(Exception("Consumer asked us to stop producing")))

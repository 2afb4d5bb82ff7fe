"""Senders of files that are wrong in one thing each, with the rule that each breaks."""

from __future__ import annotations

from typing import Any

from sound_senders import Sender

from pcstream.internet.defer import Deferred, fail
from pcstream.python.failure import Failure


class WritesTwice(Sender):
    """F1: two chunks for one question."""

    rule = "F1"

    def answer(self) -> None:
        super().answer()
        if self.deferred is not None and self.file.tell() < len(self.file.getbuffer()):
            super().answer()


class LastSentBeforeTransform(Sender):
    """F1: the last byte is that of the file, not the one written."""

    rule = "F1"

    def answer(self) -> None:
        super().answer()
        if self.deferred is not None:
            at = self.file.tell()
            self.lastSent = bytes(self.file.getbuffer()[at - 1 : at])


class ReadsItAll(Sender):
    """F1: the whole file is read and written at once."""

    rule = "F1"

    def next_chunk(self) -> Any:
        self.CHUNK_SIZE = -1
        return super().next_chunk()


class FiresWithANumber(Sender):
    """F1: the Deferred fires with the last byte as a number."""

    rule = "F1"

    def finish(self) -> None:
        last = self.lastSent
        self.leave().callback(last[0] if last else last)


class EmptyIsAnError(Sender):
    """F2: an empty file is a failure."""

    rule = "F2"

    def finish(self) -> None:
        if self.lastSent == "":
            self.fail(Failure(EOFError("nothing to send")))
        else:
            super().finish()


class EmptyFiresLater(Sender):
    """F2: for an empty file the Deferred fires a turn later."""

    rule = "F2"

    def finish(self) -> None:
        if self.lastSent:
            super().finish()
        else:
            deferred = self.leave()
            self.clock.callLater(0, deferred.callback, "")


class ClosesTheFile(Sender):
    """F3: the file is closed at the end."""

    rule = "F3"

    def finish(self) -> None:
        self.file.close()
        super().finish()


class FiresEarly(Sender):
    """F3: fires with the last chunk, before the consumer has asked again."""

    rule = "F3"

    def answer(self) -> None:
        super().answer()
        if self.deferred is not None and self.file.tell() == len(self.file.getbuffer()):
            deferred, self.deferred = self.deferred, Deferred()
            deferred.callback(self.lastSent)


class StopIsSuccess(Sender):
    """F4: a stop looks like the end."""

    rule = "F4"

    def stopProducing(self) -> None:
        deferred, self.deferred = self.deferred, None
        if deferred is not None:
            deferred.callback(self.lastSent)


class IgnoresStop(Sender):
    """F4: nobody hears of the stop."""

    rule = "F4"

    def stopProducing(self) -> None:
        self.deferred = None


class BusyConsumerIsAFailure(Sender):
    """F4: that the consumer is busy comes by the Deferred."""

    rule = "F4"

    def beginFileTransfer(self, file: Any, consumer: Any, transform: Any = None) -> Any:
        if self.deferred is None and consumer.producer is not None:
            return fail(RuntimeError("busy"))
        return super().beginFileTransfer(file, consumer, transform)


class RaisesWhatReadRaises(Sender):
    """F5: what the file raises goes to the consumer."""

    rule = "F5"

    def resumeProducing(self) -> None:
        if self.deferred is not None:
            self.answer()


class StaysAfterAFailure(Sender):
    """F5: fails, and stays registered."""

    rule = "F5"

    def fail(self, failure: Any) -> None:
        deferred, self.deferred = self.deferred, None
        deferred.errback(failure)


class EmptyTransformEnds(Sender):
    """F6: a transformation that answers nothing ends the transfer."""

    rule = "F6"

    def next_chunk(self) -> Any:
        chunk = self.file.read(self.CHUNK_SIZE)
        return self.transform(chunk) if self.transform and chunk else chunk


class EmptyTransformStalls(EmptyTransformEnds):
    """F6: what a transformation makes nothing of is written, and nobody asks again."""

    rule = "F6"

    def answer(self) -> None:
        position = self.file.tell()
        chunk = self.next_chunk()
        if chunk is None:
            self.clock.callLater(0.01, self.resumeProducing)
        elif chunk:
            self.lastSent = chunk[-1:]
            self.consumer.write(chunk)
        elif self.file.tell() == position:
            self.finish()


class CannotBeCancelled(Sender):
    """F7: cancelling changes nothing."""

    rule = "F7"

    def cancelled(self, deferred: Any) -> None:
        self.deferred = Deferred()


class TakesASecondTransfer(Sender):
    """F7: a busy sender begins another transfer."""

    rule = "F7"

    def beginFileTransfer(self, file: Any, consumer: Any, transform: Any = None) -> Any:
        self.deferred = None
        return super().beginFileTransfer(file, consumer, transform)


class ObeysTheClose(Sender):
    """F8: ends as soon as the connection is to be closed."""

    rule = "F8"

    def answer(self) -> None:
        if getattr(self.consumer, "disconnecting", False):
            self.finish()
        else:
            super().answer()


class ClosesTheConsumer(Sender):
    """F8: aborts the connection with the last byte instead of leaving it to flush."""

    rule = "F8"

    def finish(self) -> None:
        consumer = self.consumer
        super().finish()
        if hasattr(consumer, "abortConnection"):
            consumer.abortConnection()


class LosesTheTail(Sender):
    """F1: a last chunk that is not full is taken for the end."""

    rule = "F1"
    also = ("L5",)

    def next_chunk(self) -> Any:
        chunk = super().next_chunk()
        if self.lastSent and chunk and len(chunk) < self.CHUNK_SIZE:
            return b""
        return chunk


class NothingYetIsTheEnd(Sender):
    """F9: None from read counts as the end."""

    rule = "F9"

    def next_chunk(self) -> Any:
        return super().next_chunk() or b""


class SpinsOnNothingYet(Sender):
    """F9: None from read is asked for again until something comes."""

    rule = "F9"

    def next_chunk(self) -> Any:
        while True:
            chunk = super().next_chunk()
            if chunk is not None:
                return chunk


class TransformsTwice(Sender):
    """F10: has each chunk transformed twice."""

    rule = "F10"
    also = ("F6",)

    def next_chunk(self) -> Any:
        transform = self.transform
        if transform is not None:
            self.transform = lambda chunk: transform(chunk) and transform(chunk)
        try:
            return super().next_chunk()
        finally:
            self.transform = transform


class ReadsAhead(Sender):
    """F10: has read the next chunk before it is asked for it."""

    rule = "F10"
    ahead: Any = None

    def beginFileTransfer(self, file: Any, consumer: Any, transform: Any = None) -> Any:
        if self.deferred is None:
            self.ahead = None
        return super().beginFileTransfer(file, consumer, transform)

    def next_chunk(self) -> Any:
        chunk, self.ahead = self.ahead or super().next_chunk(), None
        if chunk and len(chunk) == self.CHUNK_SIZE and self.transform is None:
            self.ahead = super().next_chunk()
        return chunk


class WorksOnce(Sender):
    """F11: one transfer, and no other."""

    rule = "F11"
    is_spent = False

    def beginFileTransfer(self, file: Any, consumer: Any, transform: Any = None) -> Any:
        if self.is_spent:
            raise RuntimeError("spent")
        return super().beginFileTransfer(file, consumer, transform)

    def leave(self) -> Any:
        self.is_spent = True
        return super().leave()

    def stopProducing(self) -> None:
        self.is_spent = True
        super().stopProducing()

from zope.interface import implementer

from pcstream.conformance import ConsumerSubject, check_consumer
from pcstream.internet.interfaces import IConsumer


@implementer(IConsumer)
class Spool:
    """Holds what is written until somebody takes it."""

    limit = 1000

    def __init__(self):
        self.held = self.taken = b""
        self.producer = None
        self.streaming = self.is_paused = False

    def registerProducer(self, producer, streaming):
        if self.producer is not None:
            raise RuntimeError("one producer at a time")
        self.producer, self.streaming = producer, bool(streaming)
        if not streaming:
            try:
                producer.resumeProducing()
            except BaseException:
                self.producer = None
                raise

    def unregisterProducer(self):
        self.producer = None

    def write(self, data):
        if not isinstance(data, bytes):
            raise TypeError("Data must be bytes")
        self.held += data
        if self.producer is not None and self.streaming and len(self.held) > self.limit:
            if not self.is_paused:
                self.is_paused = True
                self.producer.pauseProducing()

    def take(self):
        self.taken, self.held = self.taken + self.held, b""
        if self.producer is not None and (self.is_paused or not self.streaming):
            self.is_paused = False
            self.producer.resumeProducing()


class SpoolSubject(ConsumerSubject):
    fill_limit = Spool.limit

    def make(self):
        self.spool = Spool()
        self.is_stalled = False
        return self.spool

    def stall(self):
        self.is_stalled = True

    def drain(self):
        self.is_stalled = False

    def received(self):
        return self.spool.taken

    def settle(self):
        while self.spool.held and not self.is_stalled:
            self.spool.take()


report = check_consumer(SpoolSubject, search=0)
for fault in report.faults:
    print(fault)
print("kept:", *report.passed)
print("skipped:", *(skipped.rule for skipped in report.skipped))

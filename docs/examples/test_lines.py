from unittest import TestCase

from zope.interface import implementer

from pcstream.conformance import PullProducerSubject
from pcstream.conformance.test_cases import PullProducerTests
from pcstream.internet.interfaces import IPullProducer


@implementer(IPullProducer)
class Lines:
    """Writes a line whenever it is asked, and unregisters when there is none left."""

    def __init__(self, lines, consumer):
        self.lines = iter(lines)
        self.consumer = consumer

    def start(self):
        self.consumer.registerProducer(self, False)

    def resumeProducing(self):
        line = next(self.lines, None)
        if line is None:
            self.consumer.unregisterProducer()
        else:
            self.consumer.write(line + b"\r\n")

    def stopProducing(self):
        self.lines = iter(())


class LinesSubject(PullProducerSubject):
    content = b"one\r\ntwo\r\nthree\r\n"
    deviations = {"L3"}  # lines are short, and that is as it should be

    def make(self, consumer):
        lines = Lines([b"one", b"two", b"three"], consumer)
        lines.start()
        return lines


class LinesTests(PullProducerTests, TestCase):
    subject = LinesSubject

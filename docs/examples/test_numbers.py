"""Testing a producer without a connection: the test plays the consumer's part."""

from zope.interface import implementer
from zope.interface.verify import verifyObject

from pcstream.internet import interfaces
from pcstream.internet.testing import StringTransport
from pcstream.trial.unittest import SynchronousTestCase


@implementer(interfaces.IPullProducer)
class Countdown:
    def __init__(self, consumer, start):
        self.consumer = consumer
        self.left = start

    def resumeProducing(self):
        self.consumer.write(b"%d\n" % self.left)
        self.left -= 1
        if not self.left:
            self.consumer.unregisterProducer()

    def stopProducing(self):
        self.left = 0


class CountdownTests(SynchronousTestCase):
    def setUp(self):
        self.transport = StringTransport()
        self.countdown = Countdown(self.transport, 3)

    def test_interface(self):
        verifyObject(interfaces.IPullProducer, self.countdown)

    def test_counts_down_and_unregisters(self):
        self.transport.registerProducer(self.countdown, False)
        # StringTransport never calls its producer: that is left to the test.
        while self.transport.producer is not None:
            self.transport.producer.resumeProducing()
        self.assertEqual(self.transport.value(), b"3\n2\n1\n")

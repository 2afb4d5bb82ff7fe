"""A consumer that knows push producers only is given a file all the same."""

import io

from zope.interface import implementer

from pcstream.internet.interfaces import IConsumer
from pcstream.internet.task import react
from pcstream.protocols.basic import FileSender
from pcstream.streams import pull_to_push


@implementer(IConsumer)
class Slow:
    """Takes 100,000 bytes at a time, and then needs a rest."""

    producer = None
    size = held = rests = 0

    def registerProducer(self, producer, streaming):
        assert streaming, "push producers only!"
        self.producer = producer

    def unregisterProducer(self):
        self.producer = None

    def write(self, data):
        self.size += len(data)
        self.held += len(data)
        if self.held >= 100_000:
            self.held = 0
            self.rests += 1
            self.producer.pauseProducing()
            reactor.callLater(0.01, self.producer.resumeProducing)


async def main(given):
    global reactor
    reactor = given
    slow = Slow()
    await FileSender().beginFileTransfer(io.BytesIO(bytes(1_000_000)), pull_to_push(slow))
    print(slow.size, "bytes and", slow.rests, "rests")


react(main)

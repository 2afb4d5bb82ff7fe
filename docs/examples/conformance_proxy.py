from pcstream.conformance import check_proxy
from pcstream.protocols.pcp import ProducerConsumerProxy


class Shouting(ProducerConsumerProxy):
    """Passes on what comes, and remembers whether anybody listened to the end."""

    was_left = False

    def stopProducing(self):
        # and its producer goes on for ever, since nobody tells it
        self.was_left = self.stopped = True
        self.consumer = None


print(check_proxy(Shouting))

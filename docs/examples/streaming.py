"""A push producer: a server that streams as many random numbers as the client asks for.

The client of this program stops reading until the producer has been paused, and then reads on.
"""

import random

from zope.interface import implementer

from pcstream.internet import interfaces, reactor
from pcstream.internet.protocol import ClientFactory, Factory
from pcstream.protocols.basic import LineReceiver


@implementer(interfaces.IPushProducer)
class RandomNumbers:
    """Writes numbers as fast as the consumer allows."""

    def __init__(self, consumer, count):
        self.consumer = consumer
        self.left = count
        self.is_paused = False
        self.pauses = 0

    def pauseProducing(self):
        self.is_paused = True
        self.pauses += 1
        if self.pauses == 1:
            print("producer: paused")
            client.start_reading()

    def resumeProducing(self):
        self.is_paused = False
        while self.left and not self.is_paused:
            self.left -= 1
            self.consumer.write(b"%d\r\n" % random.randrange(10**6))
        if not self.left:
            print("producer: done")
            self.consumer.unregisterProducer()
            self.consumer.loseConnection()

    def stopProducing(self):
        print("producer: the client has gone")
        self.left = 0


class Server(LineReceiver):
    def connectionMade(self):
        self.sendLine(b"how many?")

    def lineReceived(self, line):
        producer = RandomNumbers(self.transport, int(line))
        self.transport.registerProducer(producer, True)
        producer.resumeProducing()  # a push producer starts by itself


class Client(LineReceiver):
    numbers = 0

    def connectionMade(self):
        global client
        client = self

    def lineReceived(self, line):
        if line == b"how many?":
            self.sendLine(b"1000000")
            self.transport.pauseProducing()
        else:
            self.numbers += 1

    def start_reading(self):
        self.transport.resumeProducing()

    def connectionLost(self, reason):
        print("client:", self.numbers, "numbers")
        reactor.stop()


port = reactor.listenTCP(0, Factory.forProtocol(Server), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Client))
reactor.run()

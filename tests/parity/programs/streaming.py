"""The push producer of the guide: a server that streams random numbers, and a client that stalls.

The client counts to forty thousand numbers. It refuses to read until the producer has been paused.
"""

import hashlib
import random
import sys

from zope.interface import implementer

from twisted.internet import interfaces, reactor
from twisted.internet.protocol import ClientFactory, Factory
from twisted.protocols.basic import LineReceiver

TOTAL = 40000
shared = {}


@implementer(interfaces.IPushProducer)
class NumberProducer:
    """Writes random numbers for as long as it may."""

    def __init__(self, consumer, count):
        self.consumer = consumer
        self.left = count
        self.paused = False
        self.pauses = 0
        self.numbers = random.Random(17)

    def pauseProducing(self):
        self.paused = True
        self.pauses += 1
        if self.pauses == 1:
            print("producer: paused for the first time")
            reactor.callLater(0, shared["client"].start_reading)

    def resumeProducing(self):
        if self.pauses == 1:
            print("producer: resumed for the first time")
        self.paused = False
        while not self.paused and self.left:
            self.left -= 1
            self.consumer.write(b"%d\r\n" % self.numbers.randint(0, 10**9))
        if not self.left:
            print("producer: all numbers are written")
            self.consumer.unregisterProducer()
            self.consumer.loseConnection()

    def stopProducing(self):
        print("producer: stopped")
        self.left = 0


class NumberServer(LineReceiver):
    def connectionMade(self):
        print("server: connection made")
        self.sendLine(b"how many numbers?")

    def lineReceived(self, line):
        print("server: asked for", line.decode("ascii"))
        producer = NumberProducer(self.transport, int(line))
        self.transport.registerProducer(producer, True)
        producer.resumeProducing()

    def connectionLost(self, reason):
        print("server:", reason.type.__name__, reason.getErrorMessage())


class NumberClient(LineReceiver):
    got = 0

    def connectionMade(self):
        print("client: connection made")
        shared["client"] = self
        self.digest = hashlib.sha256()

    def lineReceived(self, line):
        if line.endswith(b"?"):
            print("client:", line.decode("ascii"))
            self.transport.pauseProducing()
            self.sendLine(b"%d" % TOTAL)
        else:
            self.got += 1
            self.digest.update(line)

    def start_reading(self):
        print("client: starts to read")
        self.transport.resumeProducing()

    def connectionLost(self, reason):
        print("client:", self.got, "numbers,", self.digest.hexdigest()[:16], reason.type.__name__)
        shared["port"].stopListening().addCallback(lambda _: reactor.stop())


class NumberClientFactory(ClientFactory):
    protocol = NumberClient


shared["port"] = reactor.listenTCP(0, Factory.forProtocol(NumberServer), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", shared["port"].getHost().port, NumberClientFactory())
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

"""A producer that does not listen, and the monitor that names it."""

from pcstream.conformance import watch
from pcstream.internet import reactor
from pcstream.internet.protocol import ClientFactory, Factory, Protocol

CHUNK = bytes(2**14)


class Deaf:
    """A push producer that writes everything at once, whoever asks it to pause."""

    def __init__(self, consumer):
        self.consumer = consumer

    def write_all(self):
        for _ in range(100):
            self.consumer.write(CHUNK)
        self.consumer.unregisterProducer()
        self.consumer.loseConnection()

    def pauseProducing(self):
        pass

    def resumeProducing(self):
        pass

    def stopProducing(self):
        pass


def report(violation):
    print(violation.rule)
    print("broken by the", violation.culprit, "which", violation.seen)


class Server(Protocol):
    def connectionMade(self):
        producer = Deaf(self.transport)
        self.watch = watch(producer, self.transport, on_violation=report)
        self.transport.registerProducer(producer, True)
        producer.write_all()

    def connectionLost(self, reason):
        self.watch.close()
        print(self.watch.bytes, "bytes in", self.watch.writes, "writes")
        for caller, paused in self.watch.paused_by.items():
            print("paused by", caller, paused.pauses, "time")
        reactor.stop()


port = reactor.listenTCP(0, Factory.forProtocol(Server), interface="127.0.0.1")
reactor.connectTCP("127.0.0.1", port.getHost().port, ClientFactory.forProtocol(Protocol))
reactor.run()

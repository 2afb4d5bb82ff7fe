"""A file server: one line names the file, FileSender sends it, the connection closes."""

import hashlib
import os
import random
import sys
import tempfile

from twisted.internet import defer, reactor
from twisted.internet.protocol import ClientFactory, Factory
from twisted.protocols.basic import FileSender, LineReceiver

root = tempfile.mkdtemp()
random_bytes = random.Random(5).randbytes
CONTENT = {
    "empty": b"",
    "short": b"a few words\r\nand a line end",
    "chunk": random_bytes(16384),
    "large": random_bytes(700001),
}
for name, content in CONTENT.items():
    with open(os.path.join(root, name), "wb") as f:
        f.write(content)


class FileServer(LineReceiver):
    def connectionMade(self):
        print("server: connection made")

    def lineReceived(self, line):
        command, _, name = line.decode("ascii").partition(" ")
        print("server:", command, name)
        path = os.path.join(root, name)
        try:
            self.file = open(path, "rb")
        except OSError as error:
            self.sendLine(b"ERROR " + error.strerror.encode("ascii"))
            self.transport.loseConnection()
            return
        self.sendLine(b"OK %d" % os.path.getsize(path))
        self.name = name
        sender = FileSender()
        transform = bytes.swapcase if command == "SWAP" else None
        d = sender.beginFileTransfer(self.file, self.transport, transform)
        d.addCallback(self.sent)
        d.addErrback(self.failed)
        d.addBoth(lambda _: self.file.close())
        if command == "CLOSE":
            self.transport.loseConnection()

    def sent(self, last):
        print("server: sent, last byte", repr(last))
        self.transport.loseConnection()

    def failed(self, failure):
        print("server: failed", failure.type.__name__, failure.getErrorMessage())

    def connectionLost(self, reason):
        print("server:", reason.type.__name__)


class FileClient(LineReceiver):
    def connectionMade(self):
        self.sendLine(self.factory.request)
        self.body = hashlib.sha256()
        self.size = 0

    def lineReceived(self, line):
        print("client:", line.decode("ascii"))
        self.setRawMode()

    def rawDataReceived(self, data):
        self.body.update(data)
        self.size += len(data)
        if self.factory.limit and self.size >= self.factory.limit:
            print("client: that is enough")
            self.factory.limit = None
            self.transport.abortConnection()

    def connectionLost(self, reason):
        if reason.type.__name__ != "ConnectionAborted":
            print("client:", self.size, self.body.hexdigest()[:16])
        print("client:", reason.type.__name__)
        self.factory.done.callback(None)


class FileClientFactory(ClientFactory):
    protocol = FileClient

    def __init__(self, request, limit=None):
        self.request = request
        self.limit = limit
        self.done = defer.Deferred()

    def clientConnectionLost(self, connector, reason):
        print("factory: lost", reason.type.__name__)


@defer.inlineCallbacks
def session():
    port = reactor.listenTCP(0, Factory.forProtocol(FileServer), interface="127.0.0.1")
    for request, limit in [
        (b"GET empty", None),
        (b"GET short", None),
        (b"SWAP short", None),
        (b"GET chunk", None),
        (b"GET large", None),
        (b"CLOSE large", None),
        (b"SWAP large", None),
        (b"GET missing", None),
        (b"GET large", 1),
    ]:
        print("---", request.decode("ascii"), limit)
        factory = FileClientFactory(request, limit)
        reactor.connectTCP("127.0.0.1", port.getHost().port, factory)
        yield factory.done
        # Let both ends hear of the end before the next request.
        for _ in range(5):
            turn = defer.Deferred()
            reactor.callLater(0, turn.callback, None)
            yield turn
    yield port.stopListening()
    reactor.stop()


reactor.callWhenRunning(session)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
for name in CONTENT:
    os.unlink(os.path.join(root, name))
os.rmdir(root)
print("done")

"""UNIX sockets: a file, a producer, a lock, an address in use."""

import hashlib
import io
import os
import sys
import tempfile

from twisted.internet import defer, error, reactor
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.protocols.basic import FileSender

root = tempfile.mkdtemp()
path = os.path.join(root, "socket")
PAYLOAD = bytes(range(256)) * 2000


class Sender(Protocol):
    def connectionMade(self):
        print("server: connection from", type(self.transport.getPeer()).__name__)
        d = FileSender().beginFileTransfer(io.BytesIO(PAYLOAD), self.transport)
        d.addCallback(lambda last: print("server: sent, last byte", last))
        d.addCallback(lambda _: self.transport.loseConnection())

    def connectionLost(self, reason):
        print("server:", reason.type.__name__)


class Receiver(Protocol):
    def connectionMade(self):
        peer = self.transport.getPeer()
        print("client: connected to the path:", os.fsdecode(peer.name) == path)
        self.digest = hashlib.sha256()

    def dataReceived(self, data):
        self.digest.update(data)

    def connectionLost(self, reason):
        whole = self.digest.digest() == hashlib.sha256(PAYLOAD).digest()
        print("client: whole", whole, reason.type.__name__)
        self.factory.done.callback(None)


class OneClient(ClientFactory):
    protocol = Receiver
    noisy = False

    def __init__(self):
        self.done = defer.Deferred()

    def clientConnectionFailed(self, connector, reason):
        print("client: failed", reason.type.__name__)
        self.done.callback(None)


@defer.inlineCallbacks
def session():
    factory = Factory.forProtocol(Sender)
    factory.noisy = False
    port = reactor.listenUNIX(path, factory, mode=0o600, wantPID=True)
    print("mode", oct(os.stat(path).st_mode & 0o777), "lock", os.path.lexists(path + ".lock"))
    try:
        reactor.listenUNIX(path, factory, wantPID=True)
    except error.CannotListenError as problem:
        print(type(problem).__name__)
    client = OneClient()
    reactor.connectUNIX(path, client, checkPID=True)
    yield client.done
    yield port.stopListening()
    print("socket left", os.path.exists(path), "lock left", os.path.lexists(path + ".lock"))
    client = OneClient()
    reactor.connectUNIX(path, client)
    yield client.done
    reactor.stop()


reactor.callWhenRunning(session)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
os.rmdir(root)
print("done")

"""Child processes: fed by a producer, told by signal, and one that is not there."""

import io
import sys

from twisted.internet import defer, error, reactor
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.utils import getProcessOutputAndValue
from twisted.protocols.basic import FileSender

COUNT = """
import sys
data = sys.stdin.buffer.read()
sys.stderr.write("counting\\n")
sys.stderr.flush()
print(len(data), data[:1], data[-1:])
sys.exit(3)
"""


class Fed(ProcessProtocol):
    def __init__(self):
        self.ended = defer.Deferred()
        self.out = b""
        self.err = b""

    def connectionMade(self):
        print("fed: made, has a pid", self.transport.pid > 0)
        d = FileSender().beginFileTransfer(io.BytesIO(b"a" * 500_000 + b"z"), self.transport)
        d.addCallback(lambda last: print("fed: sent, last byte", last))
        d.addCallback(lambda _: self.transport.closeStdin())

    def outReceived(self, data):
        self.out += data

    def errReceived(self, data):
        self.err += data

    def inConnectionLost(self):
        print("fed: input is closed")

    def processExited(self, reason):
        print("fed: exited", reason.type.__name__, reason.value.exitCode)

    def processEnded(self, reason):
        print("fed: ended", reason.value, self.out, self.err)
        self.ended.callback(None)


class Killed(ProcessProtocol):
    def __init__(self):
        self.ended = defer.Deferred()

    def outReceived(self, data):
        print("killed:", data)
        self.transport.signalProcess("TERM")

    def processEnded(self, reason):
        print("killed:", reason.type.__name__, reason.value.signal, reason.value.exitCode)
        try:
            self.transport.signalProcess("KILL")
        except error.ProcessExitedAlready as problem:
            print("killed:", type(problem).__name__)
        self.ended.callback(None)


@defer.inlineCallbacks
def session():
    fed = Fed()
    reactor.spawnProcess(fed, sys.executable, [sys.executable, "-c", COUNT])
    yield fed.ended
    killed = Killed()
    code = "import sys, time; sys.stdout.write('up'); sys.stdout.flush(); time.sleep(60)"
    reactor.spawnProcess(killed, sys.executable, [sys.executable, "-c", code])
    yield killed.ended
    out, err, code = yield getProcessOutputAndValue(
        sys.executable, ["-c", "import sys; print('out'); print('err', file=sys.stderr)"]
    )
    print("output:", out, err, code)

    try:
        reactor.spawnProcess(ProcessProtocol(), "/nowhere/at/all", ["all"])
    except OSError as problem:
        print("missing:", type(problem).__name__)
    reactor.stop()


reactor.callWhenRunning(session)
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("done")

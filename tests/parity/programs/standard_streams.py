"""Standard streams: a child that upper-cases its input with StandardIO, driven by its parent."""

import os
import subprocess
import sys

CHILD = """
from twisted.internet import reactor, stdio
from twisted.protocols.basic import LineReceiver

class Upper(LineReceiver):
    delimiter = b"\\n"

    def connectionMade(self):
        self.sendLine(b"ready")

    def lineReceived(self, line):
        self.sendLine(line.upper())

    def connectionLost(self, reason):
        import sys
        print("lost", reason.type.__name__, file=sys.stderr)
        if reactor.running:
            reactor.stop()

stdio.StandardIO(Upper())
reactor.run()
"""

child = subprocess.run(
    [sys.executable, "-c", CHILD],
    input=b"one\ntwo\n" + b"x" * 10000 + b"\n",
    capture_output=True,
    env=os.environ,
    timeout=30,
    check=False,
)
print(len(child.stdout), child.stdout[:16])
print(child.stderr.decode())
print(child.returncode)

"""The pieces on Twisted's transports, producers and consumers, in a process that runs Twisted."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not importlib.util.find_spec("twisted"), reason="needs Twisted")

PROGRAM = """
import io, tempfile
from twisted.internet import reactor
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.protocols.basic import FileSender
from pcstream.internet.defer import Deferred
from pcstream.streams import FileConsumer, rate_limit, read, relay, send, tee

DATA = bytes(range(256)) * 20_000

class End(Protocol):
    def __init__(self, made):
        self.made = made
    def connectionMade(self):
        self.made.callback(self)

async def connection():
    made = [Deferred(), Deferred()]
    serving = Factory.forProtocol(lambda: End(made[1]))
    asking = ClientFactory.forProtocol(lambda: End(made[0]))
    port = reactor.listenTCP(0, serving, interface="127.0.0.1")
    reactor.connectTCP("127.0.0.1", port.getHost().port, asking)
    ends = [await each for each in made]
    port.stopListening()
    return ends

async def main():
    left, a = await connection()
    b, right = await connection()
    relayed = relay(a.transport, b.transport)
    path = tempfile.mktemp()
    file = FileConsumer(open(path, "wb"), reactor=reactor)
    both = tee(left.transport, file, clock=reactor)
    sent = FileSender().beginFileTransfer(io.BytesIO(DATA), rate_limit(both, 1e9, clock=reactor))
    sent.addCallback(lambda _: left.transport.loseWriteConnection())
    got = bytearray()
    async for chunk in read(right.transport, half_close=True):
        got += chunk
    assert got == DATA, len(got)
    assert await file.finish() == len(DATA)
    with open(path, "rb") as written:
        assert written.read() == DATA
    await send([b"that ", b"was ", b"all"], right.transport, clock=reactor)
    right.transport.loseConnection()
    answer = b""
    async for chunk in read(left.transport):
        answer += chunk
    print(answer.decode())
    print(await relayed)

def work():
    done = Deferred.fromCoroutine(main())
    done.addErrback(lambda failure: print(failure.getTraceback()))
    done.addBoth(lambda _: reactor.stop())

reactor.callWhenRunning(work)
reactor.callLater(30, reactor.crash)
reactor.run()
"""


def test_on_transports_of_twisteds(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "that was all\nRelayCounts(a_to_b=5120000, b_to_a=12)\n", done.stderr

"""Two reactors on one asyncio loop: a file goes out by each, sent by the other package's sender.

``one_loop.py FILE``
"""

from __future__ import annotations

import asyncio
import sys

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)

from twisted.internet import asyncioreactor as their_asyncioreactor
from twisted.internet import defer as their_defer
from twisted.internet import protocol as their_protocol
from twisted.protocols import basic as their_basic

from pcstream.internet import asyncioreactor, defer, protocol
from pcstream.protocols import basic

theirs = their_asyncioreactor.AsyncioSelectorReactor(loop)
ours = asyncioreactor.AsyncioSelectorReactor(loop)
path = sys.argv[1]
ended = []


async def send(sender, transport):
    """A coroutine that waits for a Deferred of the package that runs the sender."""
    with open(path, "rb") as file:
        last = await sender.beginFileTransfer(file, transport)
    transport.loseConnection()
    return last


def listening(reactor, protocols, sender_class, defers):
    class Sends(protocols.Protocol):
        def connectionMade(self):
            sent = defers.ensureDeferred(send(sender_class(), self.transport))
            sent.addBoth(ended.append)

    factory = protocols.Factory.forProtocol(Sends)
    return reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port


async def received(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    content = await reader.read()
    writer.close()
    return content


async def main():
    with open(path, "rb") as file:
        wanted = file.read()
    # sender, transport and whoever awaits: each of either package
    for reactor, protocols in ((ours, protocol), (theirs, their_protocol)):
        for sender_class in (basic.FileSender, their_basic.FileSender):
            for defers in (defer, their_defer):
                port = listening(reactor, protocols, sender_class, defers)
                is_whole = await received(port) == wanted
                names = (type(reactor), sender_class, defers.Deferred)
                print(*(n.__module__.split(".")[0] for n in names), is_whole, ended.pop())


for reactor in (theirs, ours):
    reactor.startRunning(installSignalHandlers=False)
loop.run_until_complete(main())

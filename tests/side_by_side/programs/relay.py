"""A push producer of each package feeds a transport of the other, in back-pressure.

Bytes come in on a connection of one reactor and go out on one of the other. ``relay.py BYTES``
"""

from __future__ import annotations

import asyncio
import sys

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)

from twisted.internet import asyncioreactor as their_asyncioreactor
from twisted.internet import protocol as their_protocol

from pcstream.internet import asyncioreactor, protocol

theirs = their_asyncioreactor.AsyncioSelectorReactor(loop)
ours = asyncioreactor.AsyncioSelectorReactor(loop)
total = int(sys.argv[1])


def relay(incoming, protocols_in, outgoing, protocols_out):
    """Listen on both: what the first connection of one brings goes to that of the other."""
    waiting = {}
    pauses = [0]

    class In(protocols_in.Protocol):
        def connectionMade(self):
            self.transport.pauseProducing()
            waiting["in"] = self
            join()

        def dataReceived(self, data):
            waiting["out"].transport.write(data)

        def connectionLost(self, reason):
            waiting["out"].transport.unregisterProducer()
            waiting["out"].transport.loseConnection()

    class Out(protocols_out.Protocol):
        def connectionMade(self):
            waiting["out"] = self
            join()

    def join():
        if len(waiting) == 2:
            source = waiting["in"].transport
            pause = source.pauseProducing

            def counted():
                pauses[0] += 1
                pause()

            source.pauseProducing = counted
            waiting["out"].transport.registerProducer(source, True)
            source.resumeProducing()

    ports = [
        reactor.listenTCP(0, protocols.Factory.forProtocol(kind), interface="127.0.0.1")
        for reactor, protocols, kind in (
            (incoming, protocols_in, In),
            (outgoing, protocols_out, Out),
        )
    ]
    return [port.getHost().port for port in ports], pauses


async def play(name, *parties):
    (into, out), pauses = relay(*parties)
    _, sender = await asyncio.open_connection("127.0.0.1", into)
    reader, receiver = await asyncio.open_connection("127.0.0.1", out)
    pattern = bytes(range(256)) * (total // 256)

    async def send():
        sender.write(pattern)
        await sender.drain()
        sender.close()

    sending = asyncio.ensure_future(send())
    while not pauses[0]:  # nobody reads until the relay is full
        await asyncio.sleep(0)
    content = await reader.read()
    await sending
    receiver.close()
    print(name, content == pattern, pauses[0] > 0)


for reactor in (theirs, ours):
    reactor.startRunning(installSignalHandlers=False)
loop.run_until_complete(play("into ours", theirs, their_protocol, ours, protocol))
loop.run_until_complete(play("into theirs", ours, protocol, theirs, their_protocol))

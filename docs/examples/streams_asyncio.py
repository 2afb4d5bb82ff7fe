"""A coroutine of asyncio answers on a connection of ours, and asyncio's stream goes into ours."""

import asyncio

from pcstream.internet import asyncioreactor

asyncioreactor.install()

from pcstream.internet import reactor  # noqa: E402
from pcstream.internet.defer import Deferred  # noqa: E402
from pcstream.internet.protocol import Factory, Protocol  # noqa: E402
from pcstream.streams import from_asyncio, open_streams, send  # noqa: E402


class Server(Protocol):
    def connectionMade(self):
        self.work = asyncio.ensure_future(self.answer())

    async def answer(self):
        reader, writer = open_streams(self.transport)
        name = await reader.readline()
        writer.write(b"hello, " + name)
        await writer.drain()
        writer.close()


class Printing:
    """The simplest consumer there is."""

    def registerProducer(self, producer, streaming):
        pass

    def unregisterProducer(self):
        print("that was all")

    def write(self, data):
        print("received:", data.decode().strip())


async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", port.getHost().port)
    writer.write(b"asyncio\n")
    # What asyncio reads is sent on, no faster than the consumer takes it.
    sent = send(from_asyncio(reader), Printing())
    await sent.asFuture(asyncio.get_running_loop())
    writer.close()
    reactor.stop()


port = reactor.listenTCP(0, Factory.forProtocol(Server), interface="127.0.0.1")
reactor.callWhenRunning(lambda: Deferred.fromFuture(asyncio.ensure_future(main())))
reactor.run()

"""The process under test on Twisted's API: ``twisted_api.py PACKAGE ROLE ARGUMENTS``.

PACKAGE is ``twisted`` or ``pcstream``. Nothing else differs between the two, which is the point.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

PACKAGE, ROLE, *ARGUMENTS = sys.argv[1:]


def module(path: str) -> Any:
    """A module of the package under test."""
    return importlib.import_module(f"{PACKAGE}.{path}")


if sys.platform == "linux":
    module("internet.epollreactor").install()
reactor = module("internet.reactor")
protocol = module("internet.protocol")


def listen(factory: Any) -> None:
    """Serve *factory* on a free port, say which, and run."""
    port = reactor.listenTCP(0, factory, backlog=2048, interface="127.0.0.1")
    print("listening", port.getHost().port, flush=True)
    reactor.run()


def serve_file(path: str, transform: str = "", unbuffered: str = "") -> None:
    """Send the file at *path* to whoever connects.

    :param transform: have every chunk pass through a function.
    :param unbuffered: open the file without a buffer, of which a FileSender has no use.
    """
    basic = module("protocols.basic")
    through = (lambda data: data) if transform else None

    class SendFile(protocol.Protocol):
        def connectionMade(self) -> None:
            source = open(path, "rb", 0 if unbuffered else -1)
            sending = basic.FileSender().beginFileTransfer(source, self.transport, through)
            sending.addBoth(lambda _: (source.close(), self.transport.loseConnection()))

    listen(protocol.Factory.forProtocol(SendFile))


def forward(port: str, looking: str = "") -> None:
    """Forward every connection to *port*; ``looking``: the protocols see the data."""
    portforward = module("protocols.portforward")

    class LookingClient(portforward.ProxyClient):
        def dataReceived(self, data: bytes) -> None:
            self.seen = len(data)
            portforward.ProxyClient.dataReceived(self, data)

    class LookingClientFactory(portforward.ProxyClientFactory):
        protocol = LookingClient

    class LookingServer(portforward.ProxyServer):
        clientProtocolFactory = LookingClientFactory

        def dataReceived(self, data: bytes) -> None:
            self.seen = len(data)
            portforward.ProxyServer.dataReceived(self, data)

    factory = portforward.ProxyFactory("127.0.0.1", int(port))
    if looking:
        factory.protocol = LookingServer
    listen(factory)


def echo() -> None:
    """Send back what comes."""

    class Echo(protocol.Protocol):
        def dataReceived(self, data: bytes) -> None:
            self.transport.write(data)

    listen(protocol.Factory.forProtocol(Echo))


def writes(count: str, turn: str, size: str) -> None:
    """Write so many small messages to whoever connects.

    :param turn: how many of them in one turn of the loop; 0 for as many as there is room for,
        which is what a push producer does.
    """
    message = b"x" * int(size)

    class Producer(protocol.Protocol):
        left = int(count)
        paused = False

        def connectionMade(self) -> None:
            self.transport.registerProducer(self, True)
            self.resumeProducing()

        def resumeProducing(self) -> None:
            self.paused = False
            write = self.transport.write
            while self.left and not self.paused:
                self.left -= 1
                write(message)
            if not self.left:
                self.transport.unregisterProducer()
                self.transport.loseConnection()

        def pauseProducing(self) -> None:
            self.paused = True

        def stopProducing(self) -> None:
            self.paused = True

    class Writer(protocol.Protocol):
        left = int(count)

        def connectionMade(self) -> None:
            self.turn()

        def turn(self) -> None:
            now = min(self.left, int(turn))
            self.left -= now
            write = self.transport.write
            for _ in range(now):
                write(message)
            if self.left:
                reactor.callLater(0, self.turn)
            else:
                self.transport.loseConnection()

    listen(protocol.Factory.forProtocol(Writer if int(turn) else Producer))


def mixed(path: str = "") -> None:
    """Endless bytes for whoever says ``bulk``, and an echo for everyone else.

    :param path: of a file to send again and again; without it the bytes are made up.
    """
    basic = module("protocols.basic")
    chunk = b"x" * 65536

    class Mixed(protocol.Protocol):
        paused = False

        def dataReceived(self, data: bytes) -> None:
            if data == b"bulk" and path:
                self.source = open(path, "rb")
                self.again()
            elif data == b"bulk":
                self.transport.registerProducer(self, True)
                self.resumeProducing()
            else:
                self.transport.write(data)

        def again(self, _: object = None) -> None:
            self.source.seek(0)
            basic.FileSender().beginFileTransfer(self.source, self.transport).addCallbacks(
                self.again, lambda reason: None
            )

        def resumeProducing(self) -> None:
            self.paused = False
            while not self.paused:
                self.transport.write(chunk)

        def pauseProducing(self) -> None:
            self.paused = True

        def stopProducing(self) -> None:
            self.paused = True

    listen(protocol.Factory.forProtocol(Mixed))


ROLES = {"file": serve_file, "proxy": forward, "echo": echo, "writes": writes, "mixed": mixed}

if __name__ == "__main__":
    ROLES[ROLE](*ARGUMENTS)

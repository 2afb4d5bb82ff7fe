"""A server and a client that do not know where they are."""

import os
import sys
import tempfile

from pcstream.internet.defer import Deferred
from pcstream.internet.endpoints import (
    clientFromString,
    connectProtocol,
    quoteStringArgument,
    serverFromString,
)
from pcstream.internet.protocol import Factory, Protocol
from pcstream.internet.task import react


class Upper(Protocol):
    def dataReceived(self, data):
        self.transport.write(data.upper())


class Caller(Protocol):
    def __init__(self):
        self.answer = Deferred()

    def connectionMade(self):
        self.transport.write(b"hello")

    def dataReceived(self, data):
        self.answer.callback(data)


async def ask(reactor, where):
    caller = await connectProtocol(clientFromString(reactor, where), Caller())
    answer = await caller.answer
    caller.transport.loseConnection()
    return answer.decode()


async def main(reactor):
    with tempfile.TemporaryDirectory() as directory:
        path = quoteStringArgument(os.path.join(directory, "a:socket"))
        here = sys.argv[1:] or [f"unix:{path}:mode=600", "tcp:0:interface=127.0.0.1"]
        for description in here:
            port = await serverFromString(reactor, description).listen(Factory.forProtocol(Upper))
            if description.startswith("tcp"):
                there = f"tcp:127.0.0.1:{port.getHost().port}"
            else:
                there = f"unix:{path}"
            print(description.partition(":")[0], "answers", await ask(reactor, there))
            await port.stopListening()
    try:
        serverFromString(reactor, "tcp:http")
    except ValueError as wrong:
        print(wrong)


react(main)

"""A kind of endpoint of one's own: any TCP port, but of this machine only."""

from zope.interface import implementer

from pcstream.internet import endpoint_parsers, reactor
from pcstream.internet.endpoints import (
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    clientFromString,
    serverFromString,
)
from pcstream.internet.interfaces import (
    IStreamClientEndpointStringParserWithReactor,
    IStreamServerEndpointStringParser,
)


@implementer(IStreamServerEndpointStringParser, IStreamClientEndpointStringParserWithReactor)
class LoopbackParser:
    prefix = "loopback"

    def parseStreamServer(self, reactor, port):
        return TCP4ServerEndpoint(reactor, int(port), interface="127.0.0.1")

    def parseStreamClient(self, reactor, port):
        return TCP4ClientEndpoint(reactor, "127.0.0.1", int(port))


endpoint_parsers.register(LoopbackParser())

print(type(serverFromString(reactor, "loopback:8080")).__name__)
print(type(clientFromString(reactor, "loopback:port=8080")).__name__)

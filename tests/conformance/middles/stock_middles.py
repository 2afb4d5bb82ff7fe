"""Adapters, senders, proxies and relays as they come with a package, Twisted or pcstream.

Each function answers subjects of the kit for the package of the given name.  Only what the package
has can be asked for; TLS needs pyOpenSSL.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from zope.interface import implementer

from pcstream.conformance.adapters import AdapterSubject
from pcstream.conformance.file_senders import FileSenderSubject
from pcstream.conformance.memory_connection import MemoryConnection, TurnClock, TurnReactor
from pcstream.conformance.proxies import ProxySubject
from pcstream.conformance.relays import RelaySubject


class Package:
    """A package with Twisted's modules.

    :ivar name: ``twisted`` or ``pcstream``.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def get(self, path: str) -> Any:
        """What is at *path*, as ``protocols.pcp.BasicProducerConsumerProxy``."""
        module, _, name = path.rpartition(".")
        return getattr(self.module(module), name)

    def module(self, path: str) -> Any:
        with warnings.catch_warnings():  # twisted.web.static uses what it warns of
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module(f"{self.name}.{path}")


# -- adapters


@contextmanager
def cooperating(package: Package, module: Any, clock: TurnClock, steps: int = 1) -> Iterator[None]:
    """Have adapters take their turns from *clock*, so many steps in each.

    :param module: what has ``cooperate``.
    """
    cooperator = package.get("internet.task.Cooperator")(
        terminationPredicateFactory=lambda: iter([False] * (steps - 1) + [True]).__next__,
        scheduler=lambda step: clock.callLater(0, step),
    )
    before = module.cooperate
    module.cooperate = cooperator.cooperate
    try:
        yield
    finally:
        module.cooperate = before


def cooperate_module(package: Package) -> Any:
    """The module whose ``cooperate`` the package's pull-to-push adapter calls."""
    if package.name == "twisted":
        return package.module("internet._producer_helpers")
    return package.module("internet.task")


# In a turn of a reactor there is time for about so many small steps, and more.
_STEPS = 8


class Cooperation:
    """The same from now until :func:`end_of` it; it takes the place of *last*."""

    def __init__(self, package: Package, clock: TurnClock, last: Cooperation | None) -> None:
        end_of(last)
        self.stack = ExitStack()
        self.stack.enter_context(cooperating(package, cooperate_module(package), clock, _STEPS))


def end_of(cooperation: Cooperation | None) -> None:
    """Put everything back as it was."""
    if cooperation is not None:
        cooperation.stack.close()


class TwistedPullToPush(AdapterSubject):
    """What TLS and HTTP put between a pull producer and themselves."""

    name = "_PullToPush"

    def __init__(self, package: Package) -> None:
        self.package = package

    def pull_to_push(self, producer: Any, consumer: Any, clock: TurnClock) -> Any:
        helpers = self.package.module("internet._producer_helpers")
        adapter = helpers._PullToPush(producer, consumer)
        consumer.registerProducer(adapter, True)
        with cooperating(self.package, helpers, clock):
            adapter.startStreaming()
        return None


class OurPullToPush(AdapterSubject):
    """The same of ours, which hears of writes from whoever the producer writes to."""

    name = "_PullToPush"

    def __init__(self, package: Package) -> None:
        self.package = package

    def pull_to_push(self, producer: Any, consumer: Any, clock: TurnClock) -> Any:
        module = self.package.module("protocols._pull_to_push")
        adapter = module._PullToPush(producer, consumer, clock)
        consumer.registerProducer(adapter, True)
        with cooperating(self.package, module.task, clock):
            adapter.startStreaming()
        return Below(adapter, consumer)


class Below:
    """Stands for the layer that tells a driver of its producer's writes, and of its end."""

    def __init__(self, driver: Any, consumer: Any) -> None:
        self.driver = driver
        self.consumer = consumer

    def write(self, data: bytes) -> None:
        self.driver.note_write()
        self.consumer.write(data)

    def unregisterProducer(self) -> None:
        self.driver.stopStreaming()
        self.consumer.unregisterProducer()


class PullingProxy(AdapterSubject):
    """A proxy that is a pull producer to its consumer, whatever its own producer is."""

    def __init__(self, package: Package, kind: str) -> None:
        self.kind = package.get(f"protocols.pcp.{kind}")
        self.name = f"{kind}, iAmStreaming = False"
        self.limit = getattr(self.kind, "bufferSize", 0)

    def push_to_pull(self, consumer: Any, clock: TurnClock) -> Any:
        class Pulling(self.kind):  # type: ignore[misc, name-defined]
            iAmStreaming = False

        return Pulling(consumer)


class ProtocolAsConsumer(AdapterSubject):
    """A protocol as a consumer."""

    name = "ProtocolToConsumerAdapter"

    def __init__(self, package: Package) -> None:
        self.adapter = package.get("internet.protocol.ProtocolToConsumerAdapter")

    def protocol_to_consumer(self, protocol: Any) -> Any:
        return self.adapter(protocol)


# -- senders


class StockFileSender(FileSenderSubject):
    """``FileSender``."""

    name = "FileSender"

    def __init__(self, package: Package, over: Any = None) -> None:
        self.sender = package.get("protocols.basic.FileSender")
        self.over = over

    def shut_down(self) -> None:
        getattr(self.over, "shut_down", lambda: None)()

    def make(self, clock: TurnClock) -> Any:
        sender = self.sender()
        sender.clock = clock
        return sender


# -- proxies and wrappers


class StockProxy(ProxySubject):
    """A proxy of ``protocols.pcp``."""

    def __init__(self, package: Package, kind: str) -> None:
        self.kind = package.get(f"protocols.pcp.{kind}")
        self.name = kind
        self.limit = getattr(self.kind, "bufferSize", 0)

    def make(self, consumer: MemoryConnection) -> Any:
        return self.kind(consumer)


class StockWrapper(ProxySubject):
    """A wrapper of ``protocols.policies``, between a transport and a protocol."""

    #: It holds nothing itself.
    limit = 0

    def __init__(self, package: Package, name: str, factory: Callable[[Any], Any]) -> None:
        self.package = package
        self.name = name
        self.new_factory = factory

    def make(self, consumer: MemoryConnection) -> Any:
        wrapped = self.package.get("internet.protocol.Protocol")()
        wrapper = self.wrap(wrapped, consumer)
        consumer.protocol = wrapper
        wrapper.makeConnection(consumer)
        return wrapper

    def wrap(self, protocol: Any, connection: MemoryConnection) -> Any:
        inner = self.package.get("internet.protocol.Factory")()
        inner.buildProtocol = lambda address: protocol
        factory = self.new_factory(inner)
        if hasattr(factory, "callLater"):
            factory.callLater = connection.clock.callLater
        return factory.buildProtocol(connection.getPeer())

    def close(self, middle: Any) -> None:
        middle.loseConnection()

    def feed(self, connection: MemoryConnection, data: bytes) -> None:
        """The peer sends *data*."""
        connection.deliver(data)


class StockThrottle(StockWrapper):
    """A throttled connection."""

    def __init__(self, package: Package) -> None:
        factory = package.get("protocols.policies.ThrottlingFactory")
        super().__init__(package, "ThrottlingFactory", lambda inner: factory(inner))

    def hold(self, middle: Any) -> None:
        middle.factory.throttleWrites()

    def release(self, middle: Any) -> None:
        middle.factory.unthrottleWrites()


class StockTLS(StockWrapper):
    """TLS over a connection, with the peer's side of it played by another one."""

    limit = 65536
    is_layered = False
    cooperation: Any = None

    def __init__(self, package: Package, identity: Any) -> None:
        self.identity = identity
        super().__init__(package, "TLSMemoryBIOFactory", lambda inner: None)
        self.depth = 3

    def wrap(self, protocol: Any, connection: MemoryConnection) -> Any:
        inner = self.package.get("internet.protocol.Factory")()
        inner.buildProtocol = lambda address: protocol
        tls = self.package.module("protocols.tls")
        factory = tls.TLSMemoryBIOFactory(self.server_options(), False, inner, connection.clock)
        return factory.buildProtocol(connection.getPeer())

    def server_options(self) -> Any:
        certificate = self.package.get("internet.ssl.PrivateCertificate")
        with warnings.catch_warnings():  # Twisted's does with pyOpenSSL what that warns of
            warnings.simplefilter("ignore", DeprecationWarning)
            options = certificate.loadPEM(self.identity.key_pem + self.identity.certificate_pem)
            options = options.options()
            options.getContext()
        return options

    def make(self, consumer: MemoryConnection) -> Any:
        self.cooperation = Cooperation(self.package, consumer.clock, self.cooperation)
        middle = super().make(consumer)
        self.peer = Peer(self.package, consumer)
        self.peer.shake_hands()
        return middle

    def clean_up(self) -> None:
        self.cooperation = end_of(self.cooperation)

    def feed(self, connection: MemoryConnection, data: bytes) -> None:
        self.peer.protocol.write(data)
        self.peer.pump()

    def received(self, middle: Any, consumer: MemoryConnection) -> bytes:
        self.peer.pump()
        return bytes(self.peer.heard)


class Peer:
    """The client's side of a TLS connection, fed by hand."""

    def __init__(self, package: Package, consumer: MemoryConnection) -> None:
        self.consumer = consumer
        self.clock = consumer.clock
        self.taken = 0
        heard = self.heard = bytearray()

        class Ear(package.get("internet.protocol.Protocol")):  # type: ignore[misc]
            def dataReceived(self, data: bytes) -> None:
                heard.extend(data)

        inner = package.get("internet.protocol.Factory").forProtocol(Ear)
        tls = package.module("protocols.tls")
        options = package.get("internet.ssl.CertificateOptions")()
        creator = implementer(package.get(_CREATOR))(_Client)(options)
        factory = tls.TLSMemoryBIOFactory(creator, True, inner, self.clock)
        self.protocol = factory.buildProtocol(None)
        self.transport = MemoryConnection(self.clock, [], "peer")
        self.transport.protocol = self.protocol
        self.protocol.makeConnection(self.transport)

    def pump(self) -> bool:
        """Hand on what there is; answers whether that was anything."""
        fresh = bytes(self.consumer.sent[self.taken :])
        self.taken += len(fresh)
        if fresh:
            self.protocol.dataReceived(fresh)
        self.clock.settle()
        answer = bytes(self.transport.sent)
        self.transport.sent.clear()
        if answer and self.consumer.end is None:
            self.consumer.deliver(answer)
            self.clock.settle()
        return bool(fresh or answer)

    def shake_hands(self) -> None:
        self.clock.settle()
        while self.pump():
            pass


_CREATOR = "internet.interfaces.IOpenSSLClientConnectionCreator"


class _Client:
    """Makes the client's connections, which check nothing."""

    def __init__(self, options: Any) -> None:
        self.options = options

    def clientConnectionForTLS(self, protocol: Any) -> Any:
        from OpenSSL.SSL import Connection

        return Connection(self.options.getContext(), None)


class StockHTTP(ProxySubject):
    """The response of a request over HTTP/1.0, which goes out as it is written."""

    name = "http.Request"
    limit = 0
    depth = 3
    # its channel is the producer of the transport for all requests together
    stays_registered = True
    is_layered = False
    cooperation: Any = None

    def __init__(self, package: Package) -> None:
        self.package = package
        self.http = package.module("web.http")

    def clean_up(self) -> None:
        self.cooperation = end_of(self.cooperation)

    def make(self, consumer: MemoryConnection) -> Any:
        self.cooperation = Cooperation(self.package, consumer.clock, self.cooperation)
        made: list[Any] = []

        class Request(self.http.Request):  # type: ignore[misc, name-defined]
            def process(self) -> None:
                made.append(self)

        factory = self.http.HTTPFactory(reactor=consumer.clock)
        factory.log = lambda request: None
        channel = factory.buildProtocol(consumer.getPeer())
        channel.requestFactory = Request
        if hasattr(channel, "_channel"):
            channel._channel.requestFactory = Request
        consumer.protocol = channel
        channel.makeConnection(consumer)
        consumer.deliver(b"GET / HTTP/1.0\r\n\r\n")
        consumer.clock.settle()
        made[0].write(b"!")  # the head goes with it
        consumer.clock.settle()
        return made[0]

    def received(self, middle: Any, consumer: MemoryConnection) -> bytes:
        return bytes(consumer.sent).partition(b"\r\n\r\n!")[2]


class StockFTP(ProxySubject):
    """What stands between a producer and the data connection of FTP."""

    limit = 0
    is_layered = False

    def __init__(self, package: Package, kind: str) -> None:
        self.name = f"ftp.{kind}"
        self.kind = package.get(f"protocols.ftp.{kind}")

    def make(self, consumer: MemoryConnection) -> Any:
        if self.name.endswith("ASCIIConsumerWrapper"):
            return self.kind(consumer)
        middle = self.kind()
        middle.deferred.addErrback(lambda failure: None)  # a loss
        consumer.protocol = middle
        middle.makeConnection(consumer)
        return middle


# -- relays


class StockRelay(RelaySubject):
    """A connection of ``protocols.portforward``."""

    name = "portforward"

    def __init__(self, package: Package) -> None:
        self.portforward = package.module("protocols.portforward")

    def factory(self) -> Any:
        return self.portforward.ProxyFactory("far.example", 1)

    def make(self, reactor: TurnReactor) -> Any:
        front = self.factory().buildProtocol(None)
        front.reactor = reactor
        return front


class AbortingRelay(StockRelay):
    """One that passes resets on, which only ours can."""

    name = "portforward, abort_on_unclean_end"

    def factory(self) -> Any:
        class Back(self.portforward.ProxyClient):  # type: ignore[misc, name-defined]
            abort_on_unclean_end = True

        class BackFactory(self.portforward.ProxyClientFactory):  # type: ignore[misc, name-defined]
            protocol = Back

        class Front(self.portforward.ProxyServer):  # type: ignore[misc, name-defined]
            abort_on_unclean_end = True
            clientProtocolFactory = BackFactory

        factory = super().factory()
        factory.protocol = Front
        return factory


# -- what only ours has


class PublicPullToPush(AdapterSubject):
    """``streams.pull_to_push``."""

    name = "streams.pull_to_push"

    def __init__(self, package: Package) -> None:
        self.package = package

    def pull_to_push(self, producer: Any, consumer: Any, clock: TurnClock) -> Any:
        streams = self.package.module("streams")
        middle = streams.pull_to_push(consumer, clock)
        producer.consumer = middle  # it may be asked at once
        with cooperating(self.package, self.package.module("internet.task"), clock):
            middle.registerProducer(producer, False)
        return middle


class StreamsMiddle(ProxySubject):
    """A middle of ``streams``."""

    limit = 0
    cooperation: Any = None

    def __init__(self, package: Package, kind: str, *arguments: Any) -> None:
        self.package = package
        self.name = f"streams.{kind}"
        self.new = getattr(package.module("streams"), kind)
        self.arguments = arguments

    def clean_up(self) -> None:
        self.cooperation = end_of(self.cooperation)

    def make(self, consumer: MemoryConnection) -> Any:
        if isinstance(consumer, MemoryConnection):
            self.clock = consumer.clock
            self.cooperation = Cooperation(self.package, self.clock, self.cooperation)
        return self.new(consumer, *self.arguments, clock=self.clock)


class StreamsRelay(RelaySubject):
    """``streams.relay``, begun when the second connection is there."""

    name = "streams.relay"

    def __init__(self, package: Package) -> None:
        self.package = package

    def make(self, reactor: TurnReactor) -> Any:
        package = self.package
        protocol = package.get("internet.protocol.Protocol")
        relay = package.module("streams").relay

        class Front(protocol):  # type: ignore[misc, valid-type]
            def connectionMade(self) -> None:
                self.transport.pauseProducing()
                factory = package.get("internet.protocol.ClientFactory")()
                factory.noisy = False
                factory.buildProtocol = lambda address: Back(self)
                reactor.connectTCP("far.example", 1, factory)

        class Back(protocol):  # type: ignore[misc, valid-type]
            def __init__(self, front: Any) -> None:
                self.front = front

            def connectionMade(self) -> None:
                done = relay(self.front.transport, self.transport, clock=reactor)
                done.addErrback(lambda failure: None)

        return Front()

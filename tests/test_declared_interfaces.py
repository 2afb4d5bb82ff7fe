"""Every class of the package that declares an interface has what the interface asks for.

The package is walked, so a new class is held to this without being listed.  Only if it cannot be
made without arguments does it need an entry in ``ARGUMENTS`` (or in ``MAKERS``), and if it is not
made at all one in ``BASES``.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
import io
import os
import pkgutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from zope.interface import Interface, implementedBy, implementer, providedBy
from zope.interface.exceptions import Invalid, MultipleInvalid
from zope.interface.verify import verifyClass, verifyObject

import pcstream
from pcstream.internet.error import ConnectionDone
from pcstream.internet.interfaces import IOpenSSLClientConnectionCreator
from pcstream.python.failure import Failure

#: One module runs the program, one installs the reactor, some are for another system.
NOT_WALKED = {"__main__", "internet.reactor"}
MAY_BE_MISSING = {"internet.kqreactor"}
#: What the package's extras bring; a module that needs one of these is checked where it is there.
EXTRAS = {"OpenSSL", "cryptography", "libcst", "rich", "service_identity"}

#: Classes that are only there to be derived from, and for each one that is, to be held instead.
BASES = {
    "internet.base.ReactorBase": "internet.selectreactor.SelectReactor",
    "internet.posixbase.PosixReactorBase": "internet.selectreactor.SelectReactor",
    "internet._polled.PolledReactor": "internet.selectreactor.SelectReactor",
    "internet._connector.BaseConnector": "internet.tcp.Connector",
    "internet._descriptor_passing._SendmsgMixin": "internet.unix.Server",
    "internet._stream_connection._AbortingMixin": "internet.tcp.Server",
    "internet.tcp._BaseTCPClient": "internet.tcp.Client",
}

#: Where Twisted's own signatures, which are kept, do not fit an interface that Twisted declares:
#: a datagram port inherits the declarations of stream transports.
UNFITTING = {
    ("internet.udp.Port", "ITransport", "writeSequence"),
    ("internet.udp.MulticastPort", "ITransport", "writeSequence"),
    ("internet.unix.DatagramPort", "ITransport", "writeSequence"),
    ("internet.unix.DatagramPort", "ITransport", "write"),
    ("internet.unix.DatagramPort", "IConsumer", "write"),
    ("internet.unix.ConnectedDatagramPort", "ITransport", "writeSequence"),
}

#: These hand what they do not have themselves on to their transport, so only an instance has it.
FORWARDING = {"protocols.tls.TLSMemoryBIOProtocol", "protocols.tls.BufferingTLSTransport"}


def short(cls: type) -> str:
    return f"{cls.__module__}.{cls.__name__}".removeprefix("pcstream.")


def declaring_classes() -> dict[str, type]:
    found: dict[str, type] = {}
    for info in pkgutil.walk_packages(pcstream.__path__, "pcstream."):
        name = info.name.removeprefix("pcstream.")
        if name.rpartition(".")[2] in NOT_WALKED or name in NOT_WALKED:
            continue
        try:
            module = importlib.import_module(info.name)
        except ImportError as missing:
            if name not in MAY_BE_MISSING and (missing.name or "").split(".")[0] not in EXTRAS:
                raise
            continue
        for value in vars(module).values():
            if (
                inspect.isclass(value)
                and value.__module__ == info.name
                # asking marks the class, and a protocol's marks would be asked of its instances
                and not getattr(value, "_is_protocol", False)
                and set(implementedBy(value)) - {Interface}
            ):
                found[short(value)] = value
    return found


CLASSES = declaring_classes()


@implementer(IOpenSSLClientConnectionCreator)
class Connections:
    """Makes TLS connections, were it asked to."""

    def clientConnectionForTLS(self, tlsProtocol: Any) -> Any:
        raise NotImplementedError


class Bench:
    """What the classes are made with; everything taken from it is put away in the end."""

    def __init__(self, tmp_path: Path, stack: contextlib.ExitStack) -> None:
        self.tmp_path = tmp_path
        self.stack = stack
        self._reactor: Any = None

    def get(self, path: str) -> Any:
        module, _, name = path.rpartition(".")
        return getattr(importlib.import_module(f"pcstream.{module}"), name)

    @property
    def reactor(self) -> Any:
        if self._reactor is None:
            self._reactor = self.reactor_of("internet.selectreactor.SelectReactor")
        return self._reactor

    def reactor_of(self, path: str, *arguments: Any) -> Any:
        reactor = self.get(path)(*arguments)
        self.stack.callback(put_away, reactor)
        return reactor

    def protocol(self) -> Any:
        return self.get("internet.protocol.Protocol")()

    def turn_clock(self) -> Any:
        return self.get("conformance.memory_connection.TurnClock")()

    def factory(self) -> Any:
        return self.get("internet.protocol.Factory").forProtocol(
            self.get("internet.protocol.Protocol")
        )

    def client_factory(self) -> Any:
        made = self.get("internet.protocol.ClientFactory")()
        made.protocol = self.get("internet.protocol.Protocol")
        return made

    def deferred(self) -> Any:
        return self.get("internet.defer.Deferred")()

    def transport(self) -> Any:
        return self.get("internet.testing.StringTransport")()

    def wrapping(self) -> Any:
        return self.get("protocols.policies.WrappingFactory")(self.factory())

    def timed(self) -> Any:
        """A factory for protocols that have a time-out."""
        made = self.wrapping()
        made.callLater = self.reactor.callLater
        return made

    def tls_factory(self) -> Any:
        return self.get("protocols.tls.TLSMemoryBIOFactory")(Connections(), True, self.factory())

    def tls_protocol(self, path: str) -> Any:
        made = self.get(path)(self.tls_factory(), self.protocol())
        made.transport = self.tcp_server()
        return made

    def loopback_queue(self) -> Any:
        return self.get("protocols.loopback._LoopbackQueue")()

    def bucket(self) -> Any:
        return self.get("protocols.htb.Bucket")()

    def reading_end(self) -> int:
        """Of a pipe; whoever is made with it closes it."""
        read, write = os.pipe()
        self.stack.callback(os.close, write)
        return read

    def writing_end(self) -> int:
        """Of a pipe; whoever is made with it closes it."""
        read, write = os.pipe()
        self.stack.callback(os.close, read)
        return write

    def server_socket(self) -> socket.socket:
        """One end of a pair, which no class here cares to be of another family."""
        ends = socket.socketpair()
        for end in ends:
            end.setblocking(False)
            self.stack.callback(end.close)
        return ends[0]

    def owner(self) -> Any:
        """Stands for the process that a pipe belongs to."""
        return SimpleNamespace(childConnectionLost=lambda name, reason: None)

    def connected_datagrams(self) -> Any:
        return self.get("internet.protocol.ConnectedDatagramProtocol")()

    def datagrams(self) -> Any:
        return self.get("internet.protocol.DatagramProtocol")()

    def tcp_port(self, path: str = "internet.tcp.Port") -> Any:
        return self.get(path)(0, self.factory(), reactor=self.reactor)

    def tcp_connector(self) -> Any:
        return self.get("internet.tcp.Connector")(
            "127.0.0.1", 1, self.client_factory(), 5, None, self.reactor
        )

    def tcp_server(self) -> Any:
        arguments = (self.server_socket(), self.protocol(), ("127.0.0.1", 1), self.tcp_port(), 0)
        return self.get("internet.tcp.Server")(*arguments, self.reactor)

    def tcp_client(self, path: str) -> Any:
        made = self.get(path)("127.0.0.1", 1, None, self.tcp_connector(), self.reactor)
        self.stack.callback(made.socket.close)
        return made

    def context_factory(self) -> Any:
        path = self.tmp_path / "server.pem"
        path.write_bytes(
            self.get("internet.ssl.KeyPair").generate().selfSignedCert(1, CN="x").dumpPEM()
        )
        return self.get("internet.ssl.DefaultOpenSSLContextFactory")(str(path), str(path))

    def ssl_port(self) -> Any:
        arguments = (0, self.factory(), self.context_factory())
        return self.get("internet.ssl.Port")(*arguments, reactor=self.reactor)

    def ssl_server(self) -> Any:
        arguments = (self.server_socket(), self.protocol(), ("127.0.0.1", 1), self.ssl_port(), 0)
        return self.get("internet.ssl.Server")(*arguments, self.reactor)

    def ssl_connector(self) -> Any:
        contexts = self.get("internet.ssl.ClientContextFactory")()
        return self.get("internet.ssl.Connector")(
            "127.0.0.1", 1, self.client_factory(), contexts, 5, None, self.reactor
        )

    def ssl_client(self) -> Any:
        contexts = self.get("internet.ssl.ClientContextFactory")()
        arguments = ("127.0.0.1", 1, None, contexts, self.tcp_connector(), self.reactor)
        made = self.get("internet.ssl.Client")(*arguments)
        self.stack.callback(made.socket.close)
        return made

    def proxied(self) -> Any:
        factory = self.get("protocols.haproxy._wrapper.HAProxyWrappingFactory")(self.factory())
        return factory.buildProtocol(None)

    def unix_path(self) -> str:
        return str(self.tmp_path / "socket")

    def unix_connector(self) -> Any:
        arguments = (self.unix_path(), self.client_factory(), 5, self.reactor, False)
        return self.get("internet.unix.Connector")(*arguments)

    def unix_client(self) -> Any:
        connector = self.unix_connector()
        made = self.get("internet.unix.Client")(self.unix_path(), connector, self.reactor)
        if getattr(made, "socket", None) is not None:
            self.stack.callback(made.socket.close)
        return made

    def loop(self) -> Any:
        made = asyncio.SelectorEventLoop()
        self.stack.callback(made.close)
        return made

    def asyncio_transport(self) -> Any:
        return SimpleNamespace(
            write=print, is_closing=lambda: True, get_protocol=print, set_protocol=print
        )

    def process(self, path: str) -> Any:
        arguments = (sys.executable, [sys.executable, "-c", ""], {}, None)
        protocol = self.get("internet.protocol.ProcessProtocol")()
        made = self.get(path)(self.reactor, *arguments, protocol)
        self.stack.callback(put_away_process, made)
        return made


def put_away(reactor: Any) -> None:
    reason = Failure(ConnectionDone())
    for watched in reactor.removeAll():
        watched.connectionLost(reason)
    for internal in list(reactor._internalReaders):
        internal.connectionLost(reason)
    for name in ("_poller", "_asyncioEventloop"):
        close = getattr(getattr(reactor, name, None), "close", None)
        if close is not None:
            close()


def put_away_process(made: Any) -> None:
    pid = made.pid
    for pipe in list(getattr(made, "pipes", {}).values()):
        pipe.connectionLost(Failure(ConnectionDone()))
    if not hasattr(made, "pipes"):
        made.connectionLost(Failure(ConnectionDone()))
    if pid is not None:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


#: How the others are made, by a method of the bench or otherwise.
MAKERS: dict[str, Callable[[Bench], Any]] = {
    "internet._delayed_call.DelayedCall": lambda b: b.reactor.callLater(1, int),
    "internet.asyncioreactor.AsyncioSelectorReactor": lambda b: b.reactor_of(
        "internet.asyncioreactor.AsyncioSelectorReactor", asyncio.SelectorEventLoop()
    ),
    "internet.epollreactor.EPollReactor": lambda b: b.reactor_of(
        "internet.epollreactor.EPollReactor"
    ),
    "internet.kqreactor.KQueueReactor": lambda b: b.reactor_of("internet.kqreactor.KQueueReactor"),
    "internet.pollreactor.PollReactor": lambda b: b.reactor_of("internet.pollreactor.PollReactor"),
    "internet.process.PTYProcess": lambda b: b.process("internet.process.PTYProcess"),
    "internet.process.Process": lambda b: b.process("internet.process.Process"),
    "internet.selectreactor.SelectReactor": lambda b: b.reactor,
    "internet.ssl.Client": lambda b: b.ssl_client(),
    "internet.ssl.Connector": lambda b: b.ssl_connector(),
    "internet.ssl.DefaultOpenSSLContextFactory": lambda b: b.context_factory(),
    "internet.ssl.Port": lambda b: b.ssl_port(),
    "internet.ssl.Server": lambda b: b.ssl_server(),
    "internet.tcp.Client": lambda b: b.tcp_client("internet.tcp.Client"),
    "internet.tcp.Connector": lambda b: b.tcp_connector(),
    "internet.tcp.Port": lambda b: b.tcp_port(),
    "internet.tcp.Server": lambda b: b.tcp_server(),
    "internet.unix.Client": lambda b: b.unix_client(),
    "internet.unix.Connector": lambda b: b.unix_connector(),
    "protocols.haproxy._wrapper.HAProxyProtocolWrapper": lambda b: b.proxied(),
    "protocols.tls.BufferingTLSTransport": lambda b: b.tls_protocol(
        "protocols.tls.BufferingTLSTransport"
    ),
    "protocols.tls.TLSMemoryBIOFactory": lambda b: b.tls_factory(),
    "protocols.tls.TLSMemoryBIOProtocol": lambda b: b.tls_protocol(
        "protocols.tls.TLSMemoryBIOProtocol"
    ),
}

#: What the constructors of the others are called with.
ARGUMENTS: dict[str, Callable[[Bench], tuple[Any, ...]]] = {
    "_engine.wakeup.ChildWaker": lambda b: (int,),
    "cli.demo_hop.LifeLine": lambda b: (print,),
    "cli.demo_proxy.Upstream": lambda b: (SimpleNamespace(hop=None),),
    "cli.demo_proxy.UpstreamFactory": lambda b: (None,),
    "cli.demo_receiver.Receiver": lambda b: (None, 0),
    "cli.demo_receiver.ReceiverFactory": lambda b: (None, 0),
    "cli.demo_server.MeteredFileSender": lambda b: (None,),
    "internet._accept._FileDescriptorReservation": lambda b: (lambda: open(os.devnull),),
    "internet._base_port.BasePort": lambda b: (b.reactor,),
    "internet._connecting._BaseBaseClient": lambda b: (b.reactor,),
    "internet._connecting.BaseClient": lambda b: (b.server_socket(), b.protocol(), b.reactor),
    "internet._continuous_polling._ContinuousPolling": lambda b: (b.reactor,),
    "internet._endpoint_hostname.HostnameEndpoint": lambda b: (b.reactor, "localhost", 1),
    "internet._endpoint_hostname._AddressCollector": lambda b: (print,),
    "internet._endpoint_hostname._SimpleHostnameResolver": lambda b: (lambda host, port: None,),
    "internet._endpoint_process.ProcessEndpoint": lambda b: (b.reactor, "program"),
    "internet._endpoint_process.StandardIOEndpoint": lambda b: (b.reactor,),
    "internet._endpoint_process._ProcessEndpointTransport": lambda b: (
        b.process("internet.process.Process"),
    ),
    "internet._endpoint_process._WrapIProtocol": lambda b: (b.protocol(), "program", None),
    "internet._endpoint_sockets.AdoptedStreamServerEndpoint": lambda b: (b.reactor, 0, 2),
    "internet._endpoint_sockets.SSL4ClientEndpoint": lambda b: (b.reactor, "::1", 1, None),
    "internet._endpoint_sockets.SSL4ServerEndpoint": lambda b: (b.reactor, 0, None),
    "internet._endpoint_sockets.TCP4ClientEndpoint": lambda b: (b.reactor, "127.0.0.1", 1),
    "internet._endpoint_sockets.TCP4ServerEndpoint": lambda b: (b.reactor, 0),
    "internet._endpoint_sockets.TCP6ClientEndpoint": lambda b: (b.reactor, "::1", 1),
    "internet._endpoint_sockets.TCP6ServerEndpoint": lambda b: (b.reactor, 0),
    "internet._endpoint_sockets.UNIXClientEndpoint": lambda b: (b.reactor, b.unix_path()),
    "internet._endpoint_sockets.UNIXServerEndpoint": lambda b: (b.reactor, b.unix_path()),
    "internet._endpoint_sockets._TCPServerEndpoint": lambda b: (b.reactor, 0, 50, ""),
    "internet._endpoint_tls.TLSServerEndpoint": lambda b: (None, None),
    "internet._endpoint_wrapping._SingleProtocolFactory": lambda b: (b.protocol(),),
    "internet._endpoint_wrapping._WrapperEndpoint": lambda b: (None, print),
    "internet._endpoint_wrapping._WrapperServerEndpoint": lambda b: (None, print),
    "internet._endpoint_wrapping._WrappingFactory": lambda b: (b.factory(),),
    "internet._endpoint_wrapping._WrappingProtocol": lambda b: (b.deferred(), b.protocol()),
    "internet.ssl._BeginsWithTLS": lambda b: (b.protocol(), None),
    "internet._sslverify.ClientTLSOptions": lambda b: (print, "localhost"),
    "internet._tls_certificates.OpenSSLCertificateAuthorities": lambda b: ([],),
    "internet._tls_ciphers.OpenSSLAcceptableCiphers": lambda b: ([],),
    "internet._tls_ciphers.OpenSSLCipher": lambda b: ("AES128-SHA",),
    "protocols._sni.SNIConnectionCreator": lambda b: (print,),
    "python.filepath.FilePath": lambda b: (str(b.tmp_path),),
    "protocols.haproxy._info.ProxyInfo": lambda b: (b"", None, None),
    "protocols.haproxy._wrapper.HAProxyWrappingFactory": lambda b: (b.factory(),),
    "internet._file_wrapper.FileWrapper": lambda b: (None,),
    "internet._memory_reactor._FakeConnector": lambda b: (None,),
    "internet._memory_reactor._FakePort": lambda b: (None,),
    "internet._memory_reactor._SynchronousResolution": lambda b: ("name",),
    "internet._resolver.ComplexResolverSimplifier": lambda b: (b.reactor.nameResolver,),
    "internet._resolver.FirstOneWins": lambda b: (b.deferred(),),
    "internet._resolver.GAIResolver": lambda b: (b.reactor,),
    "internet._resolver.HostResolution": lambda b: ("name",),
    "internet._resolver.SimpleResolverComplexifier": lambda b: (None,),
    "internet._simple_resolvers.ThreadedResolver": lambda b: (b.reactor,),
    "internet._stream_connection.Connection": lambda b: (
        *(b.server_socket(), b.protocol(), b.reactor),
    ),
    "internet.abstract.FileDescriptor": lambda b: (b.reactor,),
    "internet.address.HostnameAddress": lambda b: (b"host", 1),
    "internet.address.IPv4Address": lambda b: ("TCP", "127.0.0.1", 1),
    "internet.address.IPv6Address": lambda b: ("TCP", "::1", 1),
    "internet.address.UNIXAddress": lambda b: (b.unix_path(),),
    "internet.process.ProcessReader": lambda b: (b.reactor, b.owner(), "stdout", b.reading_end()),
    "internet.process.ProcessWriter": lambda b: (b.reactor, b.owner(), "stdin", b.writing_end()),
    "internet.protocol.ConsumerToProtocolAdapter": lambda b: (b.transport(),),
    "internet.protocol.ProtocolToConsumerAdapter": lambda b: (b.protocol(),),
    "internet.protocol._InstanceFactory": lambda b: (b.reactor, b.protocol(), b.deferred()),
    "internet.stdio.StandardIO": lambda b: (
        b.protocol(),
        b.reading_end(),
        b.writing_end(),
        b.reactor,
    ),
    "internet.testing.LineSendingProtocol": lambda b: ([],),
    "streams._middle.Middle": lambda b: (b.transport(),),
    "streams.asyncio_bridge.AsyncioConsumer": lambda b: (b.asyncio_transport(), b.loop()),
    "streams.asyncio_bridge._AsyncioTransport": lambda b: (b.asyncio_transport(), b.loop()),
    "streams.asyncio_bridge._OnTransport": lambda b: (asyncio.Protocol(),),
    "streams.expect_length.ExpectLength": lambda b: (b.transport(), 1),
    "streams.file_consumer.FileConsumer": lambda b: (io.BytesIO(),),
    "streams.rate_limit.RateLimit": lambda b: (b.transport(), 1, 1, b.reactor),
    "streams.read.Reader": lambda b: (1, False),
    "streams.relay._Side": lambda b: (None,),
    "streams.send.Sender": lambda b: (b"", b.transport()),
    "streams.tee.Tee": lambda b: (b.transport(),),
    "streams.tee._Branch": lambda b: (None, b.transport()),
    "streams._asking.PullToPush": lambda b: (None, b.transport(), b.reactor),
    "internet.udp.MulticastPort": lambda b: (0, b.datagrams(), "", 8192, b.reactor),
    "internet.udp.Port": lambda b: (0, b.datagrams(), "", 8192, b.reactor),
    "internet.unix.ConnectedDatagramPort": lambda b: (
        *(b.unix_path(), b.connected_datagrams(), 8192, 0o666, None, b.reactor),
    ),
    "internet.unix.DatagramPort": lambda b: (
        *(b.unix_path(), b.datagrams(), 8192, 0o666, b.reactor),
    ),
    "internet.unix.Port": lambda b: (b.unix_path(), b.factory(), 50, 0o666, b.reactor),
    "internet.unix.Server": lambda b: (
        *(b.server_socket(), b.protocol(), None, b.tcp_port(), 0, b.reactor),
    ),
    "internet.utils._Everything": lambda b: (b.deferred(),),
    "internet.utils._ExitCode": lambda b: (b.deferred(),),
    "internet.utils._OutputCollector": lambda b: (b.deferred(), False),
    "protocols.htb.ShapedConsumer": lambda b: (b.transport(), b.bucket()),
    "protocols.htb.ShapedTransport": lambda b: (b.transport(), b.bucket()),
    "protocols._loopback_async._LoopbackTransport": lambda b: (None,),
    "protocols.loopback.LoopbackClientFactory": lambda b: (b.protocol(),),
    "protocols.loopback.LoopbackRelay": lambda b: (b.protocol(),),
    "protocols.loopback._FireOnClose": lambda b: (b.protocol(), b.factory()),
    "protocols._throttling.ThrottlingFactory": lambda b: (b.factory(),),
    "protocols._throttling.ThrottlingProtocol": lambda b: (b.wrapping(), b.protocol()),
    "protocols._timeouts.TimeoutFactory": lambda b: (b.factory(),),
    "protocols._timeouts.TimeoutProtocol": lambda b: (b.timed(), b.protocol(), 1),
    "protocols._traffic_logging.SpewingFactory": lambda b: (b.factory(),),
    "protocols._traffic_logging.SpewingProtocol": lambda b: (b.wrapping(), b.protocol()),
    "protocols._traffic_logging.TrafficLoggingFactory": lambda b: (b.factory(), "log"),
    "protocols._traffic_logging.TrafficLoggingProtocol": lambda b: (
        *(b.wrapping(), b.protocol(), io.StringIO()),
    ),
    "protocols._wrapping.ProtocolWrapper": lambda b: (b.wrapping(), b.protocol()),
    "protocols._wrapping.WrappingFactory": lambda b: (b.factory(),),
    "protocols.policies.LimitConnectionsByPeer": lambda b: (b.factory(),),
    "protocols.tls._ProducerMembrane": lambda b: (b.transport(),),
    "protocols._pull_to_push._PullToPush": lambda b: (None, b.transport()),
    "protocols.portforward.ProxyFactory": lambda b: ("127.0.0.1", 1),
    "protocols.pcp.BasicProducerConsumerProxy": lambda b: (b.transport(),),
    "protocols.pcp.ProducerConsumerProxy": lambda b: (b.transport(),),
    "conformance.adapters._Asking": lambda b: (b.turn_clock(), []),
    "conformance.adapters._Source": lambda b: (b.get("conformance.checking.Play")(None),),
    "conformance.consumer_search._Pull": lambda b: ([],),
    "conformance.consumer_search._Push": lambda b: ([],),
    "conformance.file_senders._Connection": lambda b: (b.turn_clock(), []),
    "conformance.memory_connection.MemoryConnection": lambda b: (b.turn_clock(), []),
    "conformance.recorders.FalsyPullRecorder": lambda b: ([],),
    "conformance.recorders.FalsyPushRecorder": lambda b: ([],),
    "conformance.recorders.PullRecorder": lambda b: ([],),
    "conformance.recorders.PushRecorder": lambda b: ([],),
    "conformance.proxies._Consumer": lambda b: (b.turn_clock(), []),
}


def needs_arguments(cls: type) -> bool:
    return any(
        p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        for p in inspect.signature(cls).parameters.values()
    )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with contextlib.ExitStack() as stack:
        yield Bench(tmp_path, stack)


def faults(verify: Any, candidate: Any, specification: Any, name: str) -> list[str]:
    """What *candidate* lacks of all that it declares, all of it and not only the first."""
    told: list[str] = []
    for iface in specification.flattened():
        if iface is Interface:
            continue
        try:
            verify(iface, candidate)
        except MultipleInvalid as several:
            met: list[Exception] = list(several.exceptions)
        except Invalid as one:
            met = [one]
        else:
            continue
        for fault in met:
            method = getattr(getattr(fault, "method", None), "__name__", "")
            if (name, iface.__name__, method) not in UNFITTING:
                told.append(str(fault).strip())
    return told


@pytest.mark.parametrize("name", sorted(set(CLASSES) - set(BASES) - FORWARDING))
def test_a_class_has_the_methods_that_it_declares(name: str) -> None:
    told = faults(verifyClass, CLASSES[name], implementedBy(CLASSES[name]), name)
    assert not told, "\n".join(told)


@pytest.mark.parametrize("name", sorted(set(CLASSES) - set(BASES)))
def test_an_instance_provides_what_its_class_declares(name: str, bench: Bench) -> None:
    cls = CLASSES[name]
    if name in MAKERS:
        made = MAKERS[name](bench)
    elif name in ARGUMENTS:
        made = cls(*ARGUMENTS[name](bench))
    elif needs_arguments(cls):
        pytest.fail(f"{name} cannot be made without arguments: give it an entry in ARGUMENTS")
    else:
        made = cls()
    assert isinstance(made, cls)
    told = faults(verifyObject, made, providedBy(made), name)
    assert not told, "\n".join(told)


@pytest.mark.parametrize(("base", "derived"), BASES.items())
def test_a_base_is_checked_through_a_class_derived_from_it(base: str, derived: str) -> None:
    assert issubclass(CLASSES[derived], CLASSES[base])
    assert derived not in BASES


def test_the_tables_name_only_classes_that_there_are_and_none_twice() -> None:
    tables = [*MAKERS, *ARGUMENTS, *BASES]
    imported = {cls.__module__.removeprefix("pcstream.") for cls in CLASSES.values()}
    gone = {name for name in set(tables) - set(CLASSES) if name.rpartition(".")[0] in imported}
    assert not gone
    assert len(tables) == len(set(tables))

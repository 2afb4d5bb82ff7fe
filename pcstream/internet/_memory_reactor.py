"""Reactors that connect nothing: what was asked of them stays in lists for a test to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from socket import AF_INET, AF_INET6
from typing import Any, NoReturn

from zope.interface import implementer

from . import error
from .abstract import isIPv6Address
from .address import IPv4Address, IPv6Address, UNIXAddress
from .interfaces import (
    IAddress,
    IConnector,
    IHostnameResolver,
    IHostResolution,
    IListeningPort,
    IReactorCore,
    IReactorFDSet,
    IReactorPluggableNameResolver,
    IReactorSocket,
    IReactorSSL,
    IReactorTCP,
    IReactorUNIX,
    IResolutionReceiver,
)
from .task import Clock

__all__ = [
    "MemoryReactor",
    "MemoryReactorClock",
    "RaisingMemoryReactor",
    "SynchronousResolver",
    "_FakeConnector",
    "_FakePort",
]

#: The port of every adopted socket: no socket is looked at, so its real one is not known.
_ADOPTED_PORT = 1234

_ANY_HOST = {AF_INET: (IPv4Address, "0.0.0.0"), AF_INET6: (IPv6Address, "::")}


@implementer(IConnector)
class _FakeConnector:
    """A connector that never connects.

    :ivar stoppedConnecting: ``stopConnecting`` was called.
    """

    _disconnected = False
    stoppedConnecting = False

    def __init__(self, address: Any) -> None:
        self._address = address

    def stopConnecting(self) -> None:
        """Note the call."""
        self.stoppedConnecting = True

    def disconnect(self) -> None:
        """Note the call."""
        self._disconnected = True

    def connect(self) -> None:
        """Do nothing."""

    def getDestination(self) -> Any:
        """The address of the ``connect…`` call that made this connector."""
        return self._address


@implementer(IListeningPort)
class _FakePort:
    """A port that nobody can reach."""

    def __init__(self, hostAddress: Any) -> None:
        self._hostAddress = hostAddress

    def startListening(self) -> None:
        """Do nothing."""

    def stopListening(self) -> None:
        """Do nothing."""

    def getHost(self) -> Any:
        """The address of the ``listen…`` call that made this port."""
        return self._hostAddress


@implementer(IHostResolution)
@dataclass
class _SynchronousResolution:
    """A resolution that was over before anyone could cancel it."""

    name: str

    def cancel(self) -> NoReturn:
        """:raises Exception: always."""
        raise Exception("already resolved")


@implementer(IHostnameResolver)
class SynchronousResolver:
    """Resolves every name to 127.0.0.1 before ``resolveHostName`` returns."""

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Tell *resolutionReceiver* the one answer, whatever was asked."""
        resolution = _SynchronousResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        resolutionReceiver.addressResolved(IPv4Address("TCP", "127.0.0.1", portNumber))
        resolutionReceiver.resolutionComplete()
        return resolution


def _tcp_address(host: str, port: int) -> IPv4Address | IPv6Address:
    kind = IPv6Address if isIPv6Address(host) else IPv4Address
    return kind("TCP", host, port)


def _adopted(family: int, kind: str) -> _FakePort:
    if family not in _ANY_HOST:
        raise error.UnsupportedAddressFamily()
    address, host = _ANY_HOST[AF_INET if family == AF_INET else AF_INET6]
    return _FakePort(address(kind, host, _ADOPTED_PORT))


@implementer(
    IReactorCore,
    IReactorTCP,
    IReactorSSL,
    IReactorUNIX,
    IReactorSocket,
    IReactorFDSet,
    IReactorPluggableNameResolver,
)
class MemoryReactor:
    """A reactor that takes down what it is asked to do.

    :ivar tcpClients: the arguments of every ``connectTCP``, as tuples; likewise ``tcpServers``,
        ``sslClients``, ``sslServers``, ``unixClients``, ``unixServers``, ``adoptedPorts`` and
        ``adoptedStreamConnections``.
    :ivar connectors: the connectors handed out, in order.
    :ivar triggers: phase, then event type, to a list of ``(callable, args, kwargs)``.
    :ivar whenRunningHooks: what :meth:`callWhenRunning` was given before :meth:`run`.
    :ivar hasInstalled: :meth:`install` was called; likewise ``hasRun``, ``hasStopped`` and
        ``hasCrashed``.
    """

    nameResolver: IHostnameResolver
    running: bool | None

    def __init__(self) -> None:
        self.hasInstalled = False
        self.running = False
        self.hasRun = False
        self.hasStopped = False
        self.hasCrashed = False
        self.whenRunningHooks: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
        self.triggers: dict[str, dict[str, list[Any]]] = {}
        self.tcpClients: list[tuple[Any, ...]] = []
        self.tcpServers: list[tuple[Any, ...]] = []
        self.sslClients: list[tuple[Any, ...]] = []
        self.sslServers: list[tuple[Any, ...]] = []
        self.unixClients: list[tuple[Any, ...]] = []
        self.unixServers: list[tuple[Any, ...]] = []
        self.adoptedPorts: list[tuple[Any, ...]] = []
        self.adoptedStreamConnections: list[tuple[Any, ...]] = []
        self.connectors: list[_FakeConnector] = []
        self.readers: set[Any] = set()
        self.writers: set[Any] = set()
        self.nameResolver = SynchronousResolver()

    # IReactorPluggableNameResolver

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """Use *resolver*, and return the one before it."""
        previous, self.nameResolver = self.nameResolver, resolver
        return previous

    # IReactorCore

    def install(self) -> None:
        """Note the call; nothing is installed."""
        self.hasInstalled = True

    def resolve(self, name: Any, timeout: Any = 10) -> Any:
        """:raises NotImplementedError: always."""
        raise NotImplementedError()

    def run(self) -> None:
        """Call what was waiting for the start, and stop again."""
        self.hasRun = True
        self.running = True
        for f, args, kw in self.whenRunningHooks:
            f(*args, **kw)
        self.stop()

    def stop(self) -> None:
        """Note the call."""
        self.hasStopped = True
        self.running = False

    def crash(self) -> None:
        """Note the call."""
        self.hasCrashed = True
        self.running = None

    def iterate(self, delay: Any = 0) -> None:
        """:raises NotImplementedError: always."""
        raise NotImplementedError()

    def fireSystemEvent(self, eventType: Any) -> None:
        """:raises NotImplementedError: always; call what is in ``triggers`` yourself."""
        raise NotImplementedError()

    def addSystemEventTrigger(
        self, phase: str, eventType: str, callable: Callable[..., object], *args: Any, **kw: Any
    ) -> None:
        """Take the trigger down in ``triggers``; it is never called."""
        self.triggers.setdefault(phase, {}).setdefault(eventType, []).append((callable, args, kw))

    def removeSystemEventTrigger(self, triggerID: Any) -> None:
        """:raises NotImplementedError: always."""
        raise NotImplementedError()

    def callWhenRunning(self, callable: Callable[..., object], *args: Any, **kw: Any) -> None:
        """Call *callable* in :meth:`run`, or now if that is going on or over."""
        if self.running or self.hasRun:
            callable(*args, **kw)
        else:
            self.whenRunningHooks.append((callable, args, kw))

    # IReactorSocket

    def adoptStreamPort(self, fileno: int, addressFamily: int, factory: Any) -> _FakePort:
        """Take the arguments down; the descriptor is not looked at.

        :raises UnsupportedAddressFamily: neither IPv4 nor IPv6.
        """
        port = _adopted(addressFamily, "TCP")
        self.adoptedPorts.append((fileno, addressFamily, factory))
        return port

    def adoptStreamConnection(self, fileDescriptor: int, addressFamily: int, factory: Any) -> None:
        """Take the arguments down; the descriptor is not looked at."""
        self.adoptedStreamConnections.append((fileDescriptor, addressFamily, factory))

    def adoptDatagramPort(
        self, fileno: int, addressFamily: int, protocol: Any, maxPacketSize: int = 8192
    ) -> _FakePort:
        """Take the arguments down; the descriptor is not looked at.

        :raises UnsupportedAddressFamily: neither IPv4 nor IPv6.
        """
        port = _adopted(addressFamily, "UDP")
        self.adoptedPorts.append((fileno, addressFamily, protocol, maxPacketSize))
        return port

    # IReactorTCP, IReactorSSL, IReactorUNIX

    def listenTCP(
        self, port: int, factory: Any, backlog: int = 50, interface: str = ""
    ) -> _FakePort:
        """Take the arguments down; an IPv4 interface is reported as 0.0.0.0."""
        self.tcpServers.append((port, factory, backlog, interface))
        host = interface if isIPv6Address(interface) else "0.0.0.0"
        return _FakePort(_tcp_address(host, port))

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: Any = 30, bindAddress: Any = None
    ) -> _FakeConnector:
        """Take the arguments down and tell *factory* that connecting has started."""
        self.tcpClients.append((host, port, factory, timeout, bindAddress))
        return self._started(factory, _tcp_address(host, port))

    def listenSSL(
        self,
        port: int,
        factory: Any,
        contextFactory: Any,
        backlog: int = 50,
        interface: str = "",
    ) -> _FakePort:
        """Take the arguments down."""
        self.sslServers.append((port, factory, contextFactory, backlog, interface))
        return _FakePort(IPv4Address("TCP", "0.0.0.0", port))

    def connectSSL(
        self,
        host: str,
        port: int,
        factory: Any,
        contextFactory: Any,
        timeout: Any = 30,
        bindAddress: Any = None,
    ) -> _FakeConnector:
        """Take the arguments down and tell *factory* that connecting has started."""
        self.sslClients.append((host, port, factory, contextFactory, timeout, bindAddress))
        return self._started(factory, IPv4Address("TCP", host, port))

    def listenUNIX(
        self, address: Any, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: Any = 0
    ) -> _FakePort:
        """Take the arguments down."""
        self.unixServers.append((address, factory, backlog, mode, wantPID))
        return _FakePort(UNIXAddress(address))

    def connectUNIX(
        self, address: Any, factory: Any, timeout: Any = 30, checkPID: Any = 0
    ) -> _FakeConnector:
        """Take the arguments down and tell *factory* that connecting has started."""
        self.unixClients.append((address, factory, timeout, checkPID))
        return self._started(factory, UNIXAddress(address))

    def _started(self, factory: Any, address: Any) -> _FakeConnector:
        connector = _FakeConnector(address)
        factory.startedConnecting(connector)
        self.connectors.append(connector)
        return connector

    # IReactorFDSet

    def addReader(self, reader: Any) -> None:
        """Note *reader*; its descriptor is never watched."""
        self.readers.add(reader)

    def addWriter(self, writer: Any) -> None:
        """Note *writer*; its descriptor is never watched."""
        self.writers.add(writer)

    def removeReader(self, reader: Any) -> None:
        """Forget *reader*, if it was there."""
        self.readers.discard(reader)

    def removeWriter(self, writer: Any) -> None:
        """Forget *writer*, if it was there."""
        self.writers.discard(writer)

    def getReaders(self) -> list[Any]:
        """All readers, in no order."""
        return list(self.readers)

    def getWriters(self) -> list[Any]:
        """All writers, in no order."""
        return list(self.writers)

    def removeAll(self) -> list[Any]:
        """Forget all readers and writers, and return each once."""
        removed = self.readers | self.writers
        self.readers = set()
        self.writers = set()
        return list(removed)


class MemoryReactorClock(MemoryReactor, Clock):
    """A :class:`MemoryReactor` with a clock that a test moves on."""

    def __init__(self) -> None:
        MemoryReactor.__init__(self)
        Clock.__init__(self)


@implementer(IReactorTCP, IReactorSSL, IReactorUNIX, IReactorSocket, IReactorPluggableNameResolver)
class RaisingMemoryReactor:
    """A reactor on which every attempt to listen or connect fails at once."""

    nameResolver: IHostnameResolver

    def __init__(
        self,
        listenException: Exception | None = None,
        connectException: Exception | None = None,
    ) -> None:
        """Choose the faults.

        :param listenException: what ``listen…`` and ``adoptStreamPort`` raise.
        :param connectException: what everything else raises.
        """
        self._listenException = listenException
        self._connectException = connectException
        self.nameResolver = SynchronousResolver()

    def installNameResolver(self, nameResolver: IHostnameResolver) -> IHostnameResolver:
        """Use *nameResolver*, and return the one before it."""
        previous, self.nameResolver = self.nameResolver, nameResolver
        return previous

    def _fail_to_listen(self) -> NoReturn:
        raise self._listenException  # type: ignore[misc]  # None raises TypeError, as in Twisted

    def _fail_to_connect(self) -> NoReturn:
        raise self._connectException  # type: ignore[misc]

    def adoptStreamPort(self, fileno: int, addressFamily: int, factory: Any) -> NoReturn:
        """Raise the listen exception."""
        self._fail_to_listen()

    def listenTCP(
        self, port: int, factory: Any, backlog: int = 50, interface: str = ""
    ) -> NoReturn:
        """Raise the listen exception."""
        self._fail_to_listen()

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: Any = 30, bindAddress: Any = None
    ) -> NoReturn:
        """Raise the connect exception."""
        self._fail_to_connect()

    def listenSSL(
        self,
        port: int,
        factory: Any,
        contextFactory: Any,
        backlog: int = 50,
        interface: str = "",
    ) -> NoReturn:
        """Raise the listen exception."""
        self._fail_to_listen()

    def connectSSL(
        self,
        host: str,
        port: int,
        factory: Any,
        contextFactory: Any,
        timeout: Any = 30,
        bindAddress: Any = None,
    ) -> NoReturn:
        """Raise the connect exception."""
        self._fail_to_connect()

    def listenUNIX(
        self, address: Any, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: Any = 0
    ) -> NoReturn:
        """Raise the listen exception."""
        self._fail_to_listen()

    def connectUNIX(
        self, address: Any, factory: Any, timeout: Any = 30, checkPID: Any = 0
    ) -> NoReturn:
        """Raise the connect exception."""
        self._fail_to_connect()

    def adoptDatagramPort(
        self, fileDescriptor: int, addressFamily: int, protocol: Any, maxPacketSize: Any
    ) -> NoReturn:
        """Raise the connect exception."""
        self._fail_to_connect()

    def adoptStreamConnection(
        self, fileDescriptor: int, addressFamily: int, factory: Any
    ) -> NoReturn:
        """Raise the connect exception."""
        self._fail_to_connect()

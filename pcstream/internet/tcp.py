"""TCP, IPv4 and IPv6: clients, connectors, servers and listening ports.

What any stream socket does is in ``_stream_connection``, how an attempt to connect proceeds in
``_connecting``, and how connections are accepted in ``_accept``; here is what is TCP's own.
"""

from __future__ import annotations

import os
import socket

# Twisted code imports the numbers and the private names from here as well.
from errno import (  # noqa: F401
    EAGAIN,
    EALREADY,
    ECONNABORTED,
    EINPROGRESS,
    EINVAL,
    EISCONN,
    EMFILE,
    ENFILE,
    ENOBUFS,
    ENOMEM,
    EPERM,
    EWOULDBLOCK,
)
from sys import platform
from typing import Any, cast

from zope.interface import implementer

from ..python import log, reflect
from ..python.failure import Failure
from . import abstract, address, error, fdesc, interfaces, main
from ._accept import (  # noqa: F401
    _ACCEPT_ERRORS,
    _accept,
    _BuffersLogs,
    _FileDescriptorReservation,
    _HasClose,
    _IFileDescriptorReservation,
    _NullDevice,
    _NullFileDescriptorReservation,
)
from ._base_port import BasePort
from ._connecting import BaseClient as BaseClient
from ._connecting import _BaseBaseClient  # noqa: F401
from ._connector import BaseConnector as BaseConnector
from ._numeric_address import (  # noqa: F401
    _AI_NUMERICSERV,
    _NUMERIC_ONLY,
    _getpeername,
    _getrealname,
    _getsockname,
    _resolveIPv6,
)
from ._stream_connection import Connection as Connection
from ._stream_connection import _AbortingMixin, _SocketCloser  # noqa: F401
from .interfaces import Binding, _Binding
from .task import deferLater

# How many connections a port accepts at first before others get their turn.
_FIRST_ACCEPTS = 100
# By how much more it tries each time all of them came.
_MORE_ACCEPTS = 20

_reservedFD: Any
if os.name == "posix":
    _reservedFD = _FileDescriptorReservation(_NullDevice)
else:
    _reservedFD = _NullFileDescriptorReservation()


def makeBinding(
    interface: str = "", port: int = 0, reuseAddress: bool = False, reusePort: bool = False
) -> Binding:
    """A local address to bind to, and whom it may be shared with.

    :param interface: an address literal; empty for all of IPv4.
    :param port: 0 for one that the system picks.
    :param reuseAddress: also take an address whose last connections are not forgotten yet
        (``SO_REUSEADDR``).
    :param reusePort: share the port with others that ask for the same (``SO_REUSEPORT``).
    """
    return Binding(_Binding(interface, port, reuseAddress, reusePort))


def _as_binding(where: object) -> _Binding:
    """What ``bindAddress`` says: a pair as well as a binding.

    :raises AssertionError: neither.
    """
    if isinstance(where, tuple):
        return _Binding(*where)
    if not isinstance(where, _Binding):
        raise AssertionError(f"Binding is {where}")
    return where


def _share(skt: socket.socket, reuse_address: bool, reuse_port: bool) -> None:
    """Set how a socket shares its address."""
    # Cygwin's SO_REUSEADDR lets two processes listen on one port.
    if os.name == "posix" and platform != "cygwin":
        if reuse_address:
            skt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            skt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


class _BaseTCPClient(BaseClient):
    """A client that knows its host by name or address."""

    _tlsClientDefault = True
    _addressType: Any = address.IPv4Address

    def __init__(
        self, host: Any, port: Any, bindAddress: Any, connector: Any, reactor: Any = None
    ) -> None:
        """
        :param host: a name or an address literal.
        :param bindAddress: from where to connect: a host and port pair, a binding, or None.
        :param connector: hears how it goes.
        :raises AssertionError: *bindAddress* is something else.
        :raises OverflowError: its port is not a port.
        """
        self.connector = connector
        self.addr = (host, port)
        self._requiresResolution = True
        if abstract.isIPv6Address(host):
            self.addressFamily = socket.AF_INET6
            self._addressType = address.IPv6Address
            self.addr = _resolveIPv6(host, port)
            self._requiresResolution = False
        elif abstract.isIPAddress(host):
            self._requiresResolution = False
        skt: socket.socket | None = None
        failed: Exception | None = None
        try:
            skt = self.createInternetSocket()
        except OSError as e:
            failed = error.ConnectBindError(e.args[0], e.args[1])
        else:
            if bindAddress is not None:
                try:
                    self._bind(skt, _as_binding(bindAddress))
                except OSError as e:
                    failed = error.ConnectBindError(e.args[0], e.args[1])
                except BaseException:
                    skt.close()
                    raise
        self._finishInit(self.resolveAddress if failed is None else None, skt, failed, reactor)

    def _bind(self, skt: socket.socket, binding: _Binding) -> None:
        _share(skt, binding._reuseAddress, binding._reusePort)
        host, port = binding._address or "", binding._port
        if abstract.isIPv6Address(host):
            skt.bind(_resolveIPv6(host, port))
        else:
            skt.bind((host, port))

    def getHost(self) -> Any:
        """This side's address."""
        return self._addressType("TCP", *_getsockname(self.socket))

    def getPeer(self) -> Any:
        """The other side's address, as it was resolved."""
        return self._addressType("TCP", *_getrealname(self.realAddress))

    def __repr__(self) -> str:
        return f"<{self.__class__} to {self.addr} at {id(self):x}>"


class Client(_BaseTCPClient):
    """A TCP client's transport."""


class Server(Connection):
    """A TCP server's transport, one for each accepted connection."""

    _base = Connection
    _logstr: str | None = None
    _repstr: str | None = None
    _tlsClientDefault = False
    _addressType: Any = address.IPv4Address

    def __init__(
        self,
        sock: socket.socket,
        protocol: Any,
        client: tuple[Any, ...],
        server: Any,
        sessionno: int,
        reactor: Any,
    ) -> None:
        """
        :param client: the peer's address, as accept returned it.
        :param server: the port that accepted the connection, or None.
        :param sessionno: tells the port's connections apart in the log.
        """
        Connection.__init__(self, sock, protocol, reactor)
        if len(client) != 2:
            self._addressType = address.IPv6Address
        self.server = server
        self.client = client
        self.sessionno = sessionno
        self.hostname = client[0]
        # The texts made of these are seldom asked for, and would take as much as all the rest.
        self._log_name = self._getLogPrefix(protocol)
        self._protocol_kind = protocol.__class__
        self._local_port = None if server is None else server._realPortNumber
        self.startReading()
        self.connected = 1

    @property
    def logstr(self) -> str:
        """The prefix in the log."""
        if self._logstr is None:
            return f"{self._log_name},{self.sessionno},{self.hostname}"
        return self._logstr

    @logstr.setter
    def logstr(self, text: str) -> None:
        self._logstr = text

    @property
    def repstr(self) -> str:
        """What :func:`repr` shows."""
        if self._repstr is None:
            return f"<{self._protocol_kind.__name__} #{self.sessionno} on {self._local_port}>"
        return self._repstr

    @repstr.setter
    def repstr(self, text: str) -> None:
        self._repstr = text

    def __repr__(self) -> str:
        """Which protocol it serves, which connection it is, and on which port."""
        return self.repstr

    @classmethod
    def _fromConnectedSocket(
        cls, fileDescriptor: int, addressFamily: int, factory: Any, reactor: Any
    ) -> Server | None:
        """Serve a connection that was made elsewhere.

        :param fileDescriptor: it is duplicated, and stays the caller's to close.
        :returns: the transport, or None if the factory made no protocol.
        """
        kind = address.IPv6Address if addressFamily == socket.AF_INET6 else address.IPv4Address
        skt = socket.fromfd(fileDescriptor, addressFamily, socket.SOCK_STREAM)
        peer = _getpeername(skt)
        local_port = skt.getsockname()[1]
        protocol = factory.buildProtocol(kind("TCP", *peer))
        if protocol is None:
            skt.close()
            return None
        made = cls(skt, protocol, peer, None, peer[1], reactor)
        made._local_port = local_port
        protocol.makeConnection(made)
        return made

    def getHost(self) -> Any:
        """This side's address."""
        return self._addressType("TCP", *_getsockname(self.socket))

    def getPeer(self) -> Any:
        """The other side's address."""
        return self._addressType("TCP", *self.client)


@implementer(interfaces.IListeningPort)
class Port(BasePort, _SocketCloser):
    """A socket that listens, and a server for each connection that comes.

    :ivar sessionno: how many connections have been accepted so far.
    :ivar numberAccepts: how many to accept in one turn, at most.
    """

    socketType = socket.SOCK_STREAM
    addressFamily: socket.AddressFamily = socket.AF_INET

    transport: Any = Server
    sessionno = 0
    interface = ""
    backlog = 50
    factory: Any = None
    port: Any = None

    numberAccepts = _FIRST_ACCEPTS

    _type = "TCP"
    _addressType: Any = address.IPv4Address
    _realPortNumber: int | None = None
    _preexistingSocket: socket.socket | None = None

    #: What is ready to be read are connections.
    _accepts = True

    def __init__(
        self,
        port: Any,
        factory: Any,
        backlog: int = 50,
        interface: str = "",
        reactor: Any = None,
    ) -> None:
        """
        :param port: a number, 0 for one that the system picks; or a binding.
        :param factory: makes a protocol for each connection.
        :param backlog: how many connections may wait to be accepted.
        :param interface: an address literal, IPv4 or IPv6; empty for all of IPv4.
        :raises ValueError: *port* is a binding to another interface.
        """
        BasePort.__init__(self, reactor=reactor)
        if port is None or isinstance(port, int):
            # What has always been so for ports given by number.
            reuse_address, reuse_port = True, False
        else:
            binding = _as_binding(port)
            port, reuse_address, reuse_port = (
                binding._port,
                binding._reuseAddress,
                binding._reusePort,
            )
            bound_to = binding._address or ""
            if interface and interface != bound_to:
                raise ValueError("Inconsistent interface vs Binding specifiers")
            interface = bound_to
        self.port = port
        self.factory = factory
        self.backlog = backlog
        self.interface = interface
        self._reuseAddress = reuse_address
        self._reusePort = reuse_port
        if abstract.isIPv6Address(interface):
            self.addressFamily = socket.AF_INET6
            self._addressType = address.IPv6Address

    @classmethod
    def _fromListeningDescriptor(
        cls, reactor: Any, fd: int, addressFamily: int, factory: Any
    ) -> Port:
        """A port for a socket that listens already.

        :param fd: it is duplicated, and stays the caller's to close.
        """
        skt = socket.fromfd(fd, addressFamily, cls.socketType)
        skt.setblocking(False)  # an accept that waits would have everybody wait
        made = cls(None, factory, interface=_getsockname(skt)[0], reactor=reactor)
        made._preexistingSocket = skt
        return made

    def __repr__(self) -> str:
        where = "(not listening)" if self._realPortNumber is None else f"on {self._realPortNumber}"
        return f"<{self.__class__} of {self.factory.__class__} {where}>"

    def createInternetSocket(self) -> socket.socket:
        """A socket of this port's kind, set to share its address as was asked for."""
        skt = BasePort.createInternetSocket(self)
        _share(skt, self._reuseAddress, self._reusePort)
        return skt

    def _bound_socket(self) -> socket.socket:
        skt: socket.socket | None = None
        try:
            skt = self.createInternetSocket()
            if self.addressFamily == socket.AF_INET6:
                skt.bind(_resolveIPv6(self.interface, self.port))
            else:
                skt.bind((self.interface, self.port))
        except BaseException as e:
            if skt is not None:
                skt.close()
            if isinstance(e, OSError):
                raise error.CannotListenError(self.interface, self.port, e)
            raise
        return skt

    def startListening(self) -> None:
        """Begin to listen.

        :raises CannotListenError: the address is not to be had.
        """
        _reservedFD.reserve()
        if self._preexistingSocket is None:
            skt = self._bound_socket()
            listens = False
        else:
            # Other processes may be listening on it too: a shutdown would be theirs as well.
            skt, self._preexistingSocket = self._preexistingSocket, None
            self._shouldShutdown = False
            listens = True
        self._realPortNumber = self._port_of(skt)
        log.msg(f"{self._getLogPrefix(self.factory)} starting on {self._listens_on()}")
        self.factory.doStart()
        if not listens:
            skt.listen(self.backlog)
        self.connected = True
        self.disconnected = 0
        self.socket = skt
        self.fileno = skt.fileno  # type: ignore[method-assign]
        self.numberAccepts = _FIRST_ACCEPTS
        self.startReading()

    def _port_of(self, skt: socket.socket) -> Any:
        return skt.getsockname()[1]

    def _listens_on(self) -> object:
        return self._realPortNumber

    def _buildAddr(self, address: Any) -> Any:
        return self._addressType("TCP", *address)

    def doRead(self) -> None:
        """Accept whoever waits, up to a number that follows how many come.

        An exception is logged and costs at most the connection it is about.
        """
        accepted = 0
        wanted = self.numberAccepts
        try:
            for skt, peer in _accept(range(wanted), self.socket, _reservedFD):
                accepted += 1
                self._serve(skt, _getrealname(peer))
                if self.disconnecting:
                    # Stopped by one of them; who comes now is not for this port.
                    return
        except Exception:
            log.err(None, f"{self!r} could not accept connections")
        self.numberAccepts = accepted + _MORE_ACCEPTS if accepted == wanted else max(1, accepted)

    def _serve(self, skt: socket.socket, peer: Any) -> None:
        """Have a protocol made for an accepted connection, and tell it."""
        transport = None
        try:
            fdesc._setCloseOnExec(skt.fileno())
            protocol = self.factory.buildProtocol(self._buildAddr(peer))
            if protocol is None:
                skt.close()
                return
            number = self.sessionno
            self.sessionno = number + 1
            transport = self.transport(skt, protocol, peer, self, number, self.reactor)
            protocol.makeConnection(transport)
        except Exception:
            log.err(None, f"{self!r} could not serve a connection")
            if transport is None:
                skt.close()

    def loseConnection(self, connDone: Failure = Failure(main.CONNECTION_DONE)) -> Any:
        """Stop listening; connections that were accepted live on.

        :returns: a Deferred that fires when it is done, or None if it was not listening.
        """
        self.disconnecting = True
        self.stopReading()
        if self.connected:
            self.deferred = deferLater(self.reactor, 0, self.connectionLost, connDone)
            return self.deferred
        return None

    stopListening = loseConnection

    def _logConnectionLostMsg(self) -> None:
        log.msg(f"({self._type} Port {self._realPortNumber} Closed)")

    def connectionLost(self, reason: Failure) -> None:
        """Close the socket and tell the factory."""
        self._logConnectionLostMsg()
        self._realPortNumber = None
        BasePort.connectionLost(self, reason)
        self.connected = False
        self._closeSocket(True)
        del self.socket
        del self.fileno
        try:
            self.factory.doStop()
        finally:
            self.disconnecting = False

    def logPrefix(self) -> str:
        """The name of the factory's class."""
        return reflect.qual(self.factory.__class__)

    def getHost(self) -> Any:
        """The address it listens on."""
        return self._addressType("TCP", *_getsockname(self.socket))


class Connector(BaseConnector):
    """Connects a client factory by TCP, again and again if it wants."""

    _addressType: Any = address.IPv4Address

    def __init__(
        self,
        host: str,
        port: int | str,
        factory: Any,
        timeout: float | None,
        bindAddress: Any,
        reactor: Any = None,
    ) -> None:
        """
        :param port: a number, or the name of a service.
        :param timeout: seconds for one attempt, or None.
        :raises ServiceNameUnknownError: no port is known for the service.
        """
        if isinstance(port, str):
            try:
                port = socket.getservbyname(port, "tcp")
            except OSError as e:
                raise error.ServiceNameUnknownError(string=f"{e} ({port!r})")
        self.host, self.port = host, port
        if abstract.isIPv6Address(host):
            self._addressType = address.IPv6Address
        self.bindAddress = bindAddress
        BaseConnector.__init__(self, factory, cast(float, timeout), reactor)

    def _makeTransport(self) -> Client:
        """Start an attempt."""
        return Client(self.host, self.port, self.bindAddress, self, self.reactor)

    def getDestination(self) -> Any:
        """Where to, as it was given."""
        return self._addressType("TCP", self.host, self.port)

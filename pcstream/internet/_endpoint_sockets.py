"""Endpoints for one socket each: TCP, UNIX, TLS over TCP, and sockets that others have opened.

They only remember the arguments; the work is the reactor's.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from . import fdesc, threads
from ._endpoint_wrapping import _WrappingFactory
from .abstract import isIPv6Address
from .defer import Deferred, execute, fail, succeed
from .error import AlreadyListened, DNSLookupError
from .interfaces import (
    Binding,
    IListeningPort,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)

#: How many connections may wait to be accepted, and how many seconds one may take; Twisted's.
BACKLOG = 50
TIMEOUT_S = 30

#: Whoever may reach the directory may connect.
MODE = 0o666


def _connect(protocolFactory: Any, start: Callable[[Any], object]) -> Deferred[Any]:
    """Call *start* with a factory that reports to the Deferred; what it raises goes there, too."""
    try:
        wrapper = _WrappingFactory(protocolFactory)
        start(wrapper)
        return wrapper._onConnection
    except BaseException:
        return fail()


@implementer(IStreamServerEndpoint)
class _TCPServerEndpoint:
    """Listens on a TCP port of an interface of either family."""

    def __init__(self, reactor: Any, port: int, backlog: int, interface: str) -> None:
        self._reactor = reactor
        self._port = port
        self._backlog = backlog
        self._interface = interface

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """Listen.

        :returns: a Deferred of the port; it fails with ``CannotListenError``.
        """
        return execute(
            self._reactor.listenTCP,
            self._port,
            protocolFactory,
            backlog=self._backlog,
            interface=self._interface,
        )


class TCP4ServerEndpoint(_TCPServerEndpoint):
    """A place to listen at: a TCP port on IPv4."""

    def __init__(
        self, reactor: Any, port: int, backlog: int = BACKLOG, interface: str = ""
    ) -> None:
        """
        :param port: 0 for one that the system picks.
        :param backlog: how many connections may wait to be accepted.
        :param interface: an IPv4 address; empty for all.
        """
        super().__init__(reactor, port, backlog, interface)


class TCP6ServerEndpoint(_TCPServerEndpoint):
    """A place to listen at: a TCP port on IPv6."""

    def __init__(
        self, reactor: Any, port: int, backlog: int = BACKLOG, interface: str = "::"
    ) -> None:
        """
        :param port: 0 for one that the system picks.
        :param backlog: how many connections may wait to be accepted.
        :param interface: an IPv6 address; ``::`` for all.
        """
        super().__init__(reactor, port, backlog, interface)


@implementer(IStreamClientEndpoint)
class TCP4ClientEndpoint:
    """A place to connect to: a TCP port of a host with an IPv4 address."""

    def __init__(
        self,
        reactor: Any,
        host: str,
        port: int,
        timeout: float = TIMEOUT_S,
        bindAddress: Binding | str | tuple[bytes | str, int] | None = None,
    ) -> None:
        """
        :param host: an address, or a name, of which the first IPv4 address is used.
        :param timeout: seconds until an attempt has failed.
        :param bindAddress: from where to connect.
        """
        self._reactor = reactor
        self._host = host
        self._port = port
        self._timeout = timeout
        self._bindAddress = bindAddress

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect.

        :returns: a Deferred of the connected protocol; cancelling it stops the attempt.
        """
        return _connect(
            protocolFactory,
            lambda factory: self._reactor.connectTCP(
                self._host,
                self._port,
                factory,
                timeout=self._timeout,
                bindAddress=self._bindAddress,
            ),
        )


@implementer(IStreamClientEndpoint)
class TCP6ClientEndpoint:
    """A place to connect to: a TCP port of a host with an IPv6 address."""

    _getaddrinfo: Any = staticmethod(socket.getaddrinfo)
    _deferToThread: Any = staticmethod(threads.deferToThread)
    _GAI_ADDRESS = 4
    _GAI_ADDRESS_HOST = 0

    def __init__(
        self,
        reactor: Any,
        host: str,
        port: int,
        timeout: float = TIMEOUT_S,
        bindAddress: Any = None,
    ) -> None:
        """
        :param host: an address, or a name, of which the first IPv6 address is used.
        :param timeout: seconds until an attempt has failed, once the address is known.
        :param bindAddress: from where to connect.
        """
        self._reactor = reactor
        self._host = host
        self._port = port
        self._timeout = timeout
        self._bindAddress = bindAddress

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Look the name up if it is one, and connect.

        :returns: a Deferred of the connected protocol; cancelling it stops the attempt.
        """
        if isIPv6Address(self._host):
            return self._resolvedHostConnect(self._host, protocolFactory)
        looking_up = self._nameResolution(self._host)
        looking_up.addCallback(self._first_host)
        looking_up.addCallback(self._resolvedHostConnect, protocolFactory)
        return looking_up

    def _nameResolution(self, host: str) -> Deferred[Any]:
        """A Deferred of what ``getaddrinfo`` says, called in a thread."""
        result: Deferred[Any] = self._deferToThread(self._getaddrinfo, host, 0, socket.AF_INET6)
        return result

    def _first_host(self, found: Any) -> str:
        if not found:
            raise DNSLookupError(f"no results for hostname lookup: {self._host}")
        host: str = found[0][self._GAI_ADDRESS][self._GAI_ADDRESS_HOST]
        return host

    def _resolvedHostConnect(
        self, resolvedHost: str, protocolFactory: IProtocolFactory
    ) -> Deferred[IProtocol]:
        return _connect(
            protocolFactory,
            lambda factory: self._reactor.connectTCP(
                resolvedHost,
                self._port,
                factory,
                timeout=self._timeout,
                bindAddress=self._bindAddress,
            ),
        )


@implementer(IStreamServerEndpoint)
class SSL4ServerEndpoint:
    """A place to listen at: a TCP port on IPv4 whose connections begin with TLS."""

    def __init__(
        self,
        reactor: Any,
        port: int,
        sslContextFactory: Any,
        backlog: int = BACKLOG,
        interface: str = "",
    ) -> None:
        """
        :param port: 0 for one that the system picks.
        :param sslContextFactory: an ``IOpenSSLContextFactory`` or connection creator.
        :param backlog: how many connections may wait to be accepted.
        :param interface: an IPv4 address; empty for all.
        """
        self._reactor = reactor
        self._port = port
        self._sslContextFactory = sslContextFactory
        self._backlog = backlog
        self._interface = interface

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """Listen.

        :returns: a Deferred of the port; it fails with ``CannotListenError``.
        """
        return execute(
            self._reactor.listenSSL,
            self._port,
            protocolFactory,
            contextFactory=self._sslContextFactory,
            backlog=self._backlog,
            interface=self._interface,
        )


@implementer(IStreamClientEndpoint)
class SSL4ClientEndpoint:
    """A place to connect to: a TCP port of a host with an IPv4 address, that speaks TLS."""

    def __init__(
        self,
        reactor: Any,
        host: str,
        port: int,
        sslContextFactory: Any,
        timeout: float = TIMEOUT_S,
        bindAddress: Any = None,
    ) -> None:
        """
        :param host: an address, or a name, of which the first IPv4 address is used.
        :param sslContextFactory: an ``IOpenSSLContextFactory`` or connection creator.
        :param timeout: seconds until an attempt has failed.
        :param bindAddress: from where to connect.
        """
        self._reactor = reactor
        self._host = host
        self._port = port
        self._sslContextFactory = sslContextFactory
        self._timeout = timeout
        self._bindAddress = bindAddress

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect; the handshake comes afterwards.

        :returns: a Deferred of the connected protocol; cancelling it stops the attempt.
        """
        return _connect(
            protocolFactory,
            lambda factory: self._reactor.connectSSL(
                self._host,
                self._port,
                factory,
                self._sslContextFactory,
                timeout=self._timeout,
                bindAddress=self._bindAddress,
            ),
        )


@implementer(IStreamServerEndpoint)
class UNIXServerEndpoint:
    """A place to listen at: a path in the file system."""

    def __init__(
        self,
        reactor: Any,
        address: str,
        backlog: int = BACKLOG,
        mode: int = MODE,
        wantPID: bool | int = 0,
    ) -> None:
        """
        :param address: the path.
        :param backlog: how many connections may wait to be accepted.
        :param mode: the permissions of the socket's file.
        :param wantPID: whether to keep a lock file beside it, and so notice a socket that a dead
            process has left.
        """
        self._reactor = reactor
        self._address = address
        self._backlog = backlog
        self._mode = mode
        self._wantPID = wantPID

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        """Listen.

        :returns: a Deferred of the port; it fails with ``CannotListenError``.
        """
        return execute(
            self._reactor.listenUNIX,
            self._address,
            protocolFactory,
            backlog=self._backlog,
            mode=self._mode,
            wantPID=self._wantPID,
        )


@implementer(IStreamClientEndpoint)
class UNIXClientEndpoint:
    """A place to connect to: a path in the file system."""

    def __init__(
        self, reactor: Any, path: str, timeout: float = TIMEOUT_S, checkPID: bool | int = 0
    ) -> None:
        """
        :param timeout: seconds until an attempt has failed.
        :param checkPID: whether to look for the server's lock file first.
        """
        self._reactor = reactor
        self._path = path
        self._timeout = timeout
        self._checkPID = checkPID

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect.

        :returns: a Deferred of the connected protocol; cancelling it stops the attempt.
        """
        return _connect(
            protocolFactory,
            lambda factory: self._reactor.connectUNIX(
                self._path, factory, timeout=self._timeout, checkPID=self._checkPID
            ),
        )


@implementer(IStreamServerEndpoint)
class AdoptedStreamServerEndpoint:
    """A place to listen at: a socket that another process has opened and bound.

    It can be used once: the reactor takes a duplicate of the descriptor, which is closed then.
    """

    _close = staticmethod(os.close)
    _setNonBlocking = staticmethod(fdesc.setNonBlocking)

    def __init__(self, reactor: Any, fileno: int, addressFamily: int) -> None:
        """
        :param fileno: the descriptor of a listening socket.
        :param addressFamily: as in ``socket.AF_INET``.
        """
        self.reactor = reactor
        self.fileno = fileno
        self.addressFamily = addressFamily
        self._used = False

    def listen(self, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        """Listen.

        :returns: a Deferred of the port; the second time it fails with ``AlreadyListened``.
        """
        if self._used:
            return fail(AlreadyListened())
        self._used = True
        try:
            self._setNonBlocking(self.fileno)
            port = self.reactor.adoptStreamPort(self.fileno, self.addressFamily, factory)
            self._close(self.fileno)
        except BaseException:
            return fail()
        return succeed(port)

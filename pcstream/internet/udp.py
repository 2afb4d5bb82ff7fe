"""Datagrams over UDP: a port that receives them for a protocol and sends them at once.

There is no outbox here.  A datagram that the kernel cannot take is an error of the ``write`` that
sent it, as in Twisted; so back-pressure, which is about what waits to be sent, does not arise.
"""

from __future__ import annotations

import socket
import warnings
from collections.abc import Iterable
from errno import EAGAIN, ECONNREFUSED, EINTR, EMSGSIZE, EWOULDBLOCK
from typing import Any

from zope.interface import implementer

from ..python import log
from ..python.failure import Failure
from . import defer, error, interfaces
from ._base_port import BasePort
from ._multicast import MulticastMixin
from .abstract import isIPAddress, isIPv6Address
from .address import IPv4Address, IPv6Address
from .main import CONNECTION_DONE

# "Nothing there yet": the two names are one number on Linux, but not everywhere. EINTR is retried
# by Python itself (PEP 475); it is listed for sockets that are not Python's own.
_NOTHING_TO_READ = frozenset({EAGAIN, EWOULDBLOCK, EINTR})

# What a datagram counts at least in a turn's work. Receiving one costs as much as copying some
# hundred bytes, and a flood of empty ones must come to an end, too.
_LEAST_COUNTED_BYTES = 64


@implementer(interfaces.IListeningPort, interfaces.IUDPTransport, interfaces.ISystemHandle)
class Port(BasePort):
    """A UDP socket bound to a local address, at the service of one protocol.

    :ivar maxThroughput: how many bytes one turn of the reactor may read before others get theirs.
    """

    addressFamily: socket.AddressFamily = socket.AF_INET
    socketType = socket.SOCK_DGRAM
    maxThroughput = 256 * 1024

    _realPortNumber: int | None = None
    _preexistingSocket: socket.socket | None = None
    #: Whether a datagram that the kernel has no room for is lost in silence, as on the network.
    _drops_when_full = False
    _connectedAddr: tuple[str, int] | None = None

    def __init__(
        self,
        port: int,
        proto: Any,
        interface: str = "",
        maxPacketSize: int = 8192,
        reactor: Any = None,
    ) -> None:
        """
        :param port: the local port number, or 0 for one that the system picks.
        :param interface: a local address literal, IPv4 or IPv6; empty for all of IPv4.
        :param maxPacketSize: longer datagrams are cut off at this many bytes.
        :raises InvalidAddressError: *interface* is a name or malformed.
        """
        super().__init__(reactor)
        self.port = port
        self.protocol = proto
        self.maxPacketSize = maxPacketSize
        self.interface = interface
        self._stopped: list[defer.Deferred[None]] = []
        self.setLogStr()
        self._setAddressFamily()

    @classmethod
    def _fromListeningDescriptor(
        cls, reactor: Any, fd: int, addressFamily: int, protocol: Any, maxPacketSize: int
    ) -> Port:
        """Make a port of a bound socket that somebody else opened; *fd* stays the caller's."""
        adopted = socket.fromfd(fd, addressFamily, cls.socketType)
        try:
            # A read that waits would have everybody wait.
            adopted.setblocking(False)
            local = adopted.getsockname()
            self = cls(local[1], protocol, local[0], maxPacketSize, reactor)
        except BaseException:
            adopted.close()
            raise
        self._preexistingSocket = adopted
        return self

    def __repr__(self) -> str:
        where = "not connected" if self._realPortNumber is None else f"on {self._realPortNumber}"
        return f"<{self.protocol.__class__} {where}>"

    def getHandle(self) -> socket.socket:
        """The socket."""
        return self.socket

    def startListening(self) -> None:
        """Bind, hand this transport to the protocol, and begin to receive.

        :raises CannotListenError: the address is taken or not ours.
        """
        self._bindSocket()
        try:
            self._connectToProtocol()
        except BaseException:
            # Nobody gets a port to close.
            self._forget_socket()
            raise

    def _bindSocket(self) -> None:
        if self._preexistingSocket is None:
            try:
                skt = self.createInternetSocket()
                try:
                    skt.bind((self.interface, self.port))
                except BaseException:
                    skt.close()
                    raise
            except OSError as le:
                raise error.CannotListenError(self.interface, self.port, le)
        else:
            skt, self._preexistingSocket = self._preexistingSocket, None
        self._realPortNumber = skt.getsockname()[1]
        log.msg(
            f"{self._getLogPrefix(self.protocol)} starting on {self._realPortNumber}",
            eventSource=self,
            eventType="start",
            protocol=self.protocol,
        )
        self.connected = 1
        self.socket = skt
        self.fileno = self.socket.fileno  # type: ignore[method-assign]

    def _connectToProtocol(self) -> None:
        self.protocol.makeConnection(self)
        # The protocol may have stopped listening from within.
        if self.connected:
            self.startReading()

    def doRead(self) -> None:
        """Receive what is there, up to :attr:`maxThroughput` bytes, and give it to the protocol."""
        received = 0
        while self.connected and received < self.maxThroughput:
            try:
                data, *sender = self._receive()
            except OSError as e:
                if e.errno in _NOTHING_TO_READ:
                    return
                if e.errno != ECONNREFUSED:
                    raise
                self._refused()
                return
            received += max(len(data), _LEAST_COUNTED_BYTES)
            try:
                self.protocol.datagramReceived(data, *sender)
            except Exception:
                log.err()

    def _receive(self) -> tuple[Any, ...]:
        """One datagram and, unless there is only one peer, who sent it."""
        data, addr = self.socket.recvfrom(self.maxPacketSize)
        if self.addressFamily == socket.AF_INET6:
            addr = addr[:2]  # without flow information and scope, as Twisted reports it
        return data, addr

    def _refused(self) -> None:
        # An earlier datagram met a closed port (udp(7)). Only on a connected socket is it known
        # that it was the peer's.
        if self._connectedAddr:
            self.protocol.connectionRefused()

    def readConnectionLost(self, reason: Failure) -> None:
        """A poller takes an error that waits to be read for the end; a refusal is none."""
        if self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != ECONNREFUSED:
            self.connectionLost(reason)
            return
        self.startReading()
        try:
            self._refused()
        except Exception:
            log.err(None, f"{self.protocol!r} raised in connectionRefused")

    def write(self, datagram: bytes, addr: tuple[str, int] | None = None) -> Any:
        """Send one datagram now.

        :param addr: address literal and port of the receiver; None on a connected port.
        :raises MessageLengthError: it does not fit into one datagram.
        :raises InvalidAddressError: the address is a name, or of the wrong family.
        :raises OSError: the kernel refuses it; a full send buffer is ``BlockingIOError``.
        """
        if self._connectedAddr:
            assert addr in (None, self._connectedAddr)
            return self._send_datagram(self.socket.send, datagram)
        assert addr is not None
        self._check_receiver(addr[0])
        return self._send_datagram(self.socket.sendto, datagram, addr)

    def _check_receiver(self, host: str) -> None:
        if isIPAddress(host):
            if self.addressFamily == socket.AF_INET6:
                raise error.InvalidAddressError(host, "IPv6 port write() called with IPv4 address")
        elif isIPv6Address(host):
            if self.addressFamily == socket.AF_INET:
                raise error.InvalidAddressError(host, "IPv4 port write() called with IPv6 address")
        elif host != "<broadcast>":
            raise error.InvalidAddressError(
                host, "write() only accepts IP addresses, not hostnames"
            )

    def _send_datagram(self, send: Any, *args: Any) -> Any:
        while True:
            try:
                return send(*args)
            except OSError as e:
                if e.errno == EINTR:
                    continue
                if e.errno == EMSGSIZE:
                    raise error.MessageLengthError("message too long")
                if e.errno == ECONNREFUSED:
                    self._refused()
                elif e.errno != EAGAIN or not self._drops_when_full:
                    raise
                return None

    def writeSequence(  # type: ignore[override]
        self, seq: Iterable[bytes], addr: tuple[str, int] | None
    ) -> None:
        """Send the elements of *seq*, joined, as one datagram."""
        self.write(b"".join(seq), addr)

    def connect(self, host: str, port: int) -> None:
        """Fix the peer: send only to it, receive only from it.

        :param host: an address literal.
        :raises InvalidAddressError: *host* is a name.
        :raises RuntimeError: there is a peer already.
        """
        if self._connectedAddr:
            raise RuntimeError("already connected, reconnecting is not currently supported")
        if not isIPAddress(host) and not isIPv6Address(host):
            raise error.InvalidAddressError(host, "not an IPv4 or IPv6 address.")
        self.socket.connect((host, port))
        self._connectedAddr = (host, port)

    def stopListening(self) -> defer.Deferred[None] | None:
        """Stop receiving; the protocol is told in a later turn.

        :returns: a Deferred that fires when it is done; None if this port does not listen.
        """
        self.stopReading()
        if not self.connected:
            return None
        if not self._stopped:
            self.reactor.callLater(0, self.connectionLost)
        stopped: defer.Deferred[None] = defer.Deferred()
        self._stopped.append(stopped)
        return stopped

    def loseConnection(self) -> None:
        """The old name of :meth:`stopListening`."""
        warnings.warn(
            "Please use stopListening() to disconnect port", DeprecationWarning, stacklevel=2
        )
        self.stopListening()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Close the socket, tell the protocol, and fire what :meth:`stopListening` gave out."""
        if not self.connected:
            return
        self._log_closed()
        self._realPortNumber = None
        super().connectionLost(reason or Failure(CONNECTION_DONE))
        try:
            self.protocol.doStop()
        except Exception:
            log.err(None, f"{self.protocol!r} raised in stopProtocol")
        self._forget_socket()
        waiting, self._stopped = self._stopped, []
        for stopped in waiting:
            stopped.callback(None)

    def _forget_socket(self) -> None:
        self.connected = 0
        self.socket.close()
        del self.socket
        del self.fileno

    def _log_closed(self) -> None:
        log.msg(f"(UDP Port {self._realPortNumber} Closed)")

    def setLogStr(self) -> None:
        """Fix what :meth:`logPrefix` answers."""
        self.logstr = self._getLogPrefix(self.protocol) + " (UDP)"

    def _setAddressFamily(self) -> None:
        if isIPv6Address(self.interface):
            self.addressFamily = socket.AF_INET6
        elif isIPAddress(self.interface):
            self.addressFamily = socket.AF_INET
        elif self.interface:
            raise error.InvalidAddressError(self.interface, "not an IPv4 or IPv6 address.")

    def logPrefix(self) -> str:
        """The protocol's prefix, marked as UDP."""
        return self.logstr

    def getHost(self) -> IPv4Address | IPv6Address:
        """The local address."""
        addr = self.socket.getsockname()
        if self.addressFamily == socket.AF_INET6:
            return IPv6Address("UDP", *addr)
        return IPv4Address("UDP", *addr)

    def setBroadcastAllowed(self, enabled: bool) -> None:
        """Say whether datagrams may go to a broadcast address."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, enabled)

    def getBroadcastAllowed(self) -> bool:
        """Whether datagrams may go to a broadcast address."""
        return bool(self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST))


@implementer(interfaces.IMulticastTransport)
class MulticastPort(MulticastMixin, Port):
    """A UDP port that can join multicast groups, and can share its address with others."""

    def __init__(
        self,
        port: int,
        proto: Any,
        interface: str = "",
        maxPacketSize: int = 8192,
        reactor: Any = None,
        listenMultiple: bool = False,
    ) -> None:
        super().__init__(port, proto, interface, maxPacketSize, reactor)
        self.listenMultiple = listenMultiple

    def createInternetSocket(self) -> socket.socket:
        skt: socket.socket = super().createInternetSocket()
        if self.listenMultiple:
            skt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if hasattr(socket, "SO_REUSEPORT"):
                skt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        return skt

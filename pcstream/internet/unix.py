"""UNIX sockets: streams that can carry descriptors, and datagrams.

A UNIX stream is a TCP connection with another kind of address; what differs is the name it has in
the file system, and who may remove that.
"""

from __future__ import annotations

import os
import socket
import stat
from typing import Any

from zope.interface import classImplementsOnly, implementedBy, implementer

from ..python import log, reflect
from ..python.failure import Failure
from . import interfaces, protocol, tcp, udp
from ._descriptor_passing import _SendmsgMixin
from ._filesystem_lock import FilesystemLock, isLocked
from .abstract import FileDescriptor
from .address import UNIXAddress
from .error import BadFileError, CannotListenError, ConnectBindError


def _inFilesystemNamespace(path: bytes | str) -> bool:
    """Whether a socket's name is a file's: on Linux a leading NUL makes it an abstract one."""
    return path[:1] not in (b"\0", "\0")


class _NoTcpOptions:
    """TCP's options, which code for any stream connection may set; here they mean nothing."""

    def getTcpNoDelay(self) -> bool:
        """False: there is no such thing here."""
        return False

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing: small segments are always delivered at once."""


class Server(_NoTcpOptions, _SendmsgMixin, tcp.Server):
    """A UNIX server's transport, one for each accepted connection."""

    def __init__(
        self,
        sock: socket.socket,
        protocol: Any,
        client: Any,
        server: Any,
        sessionno: int,
        reactor: Any,
    ) -> None:
        """
        :param client: the name that the peer has bound to, mostly none.
        """
        _SendmsgMixin.__init__(self)
        tcp.Server.__init__(self, sock, protocol, (client, None), server, sessionno, reactor)

    @classmethod
    def _fromConnectedSocket(  # type: ignore[override]
        cls, fileDescriptor: int, factory: Any, reactor: Any
    ) -> Server | None:
        """Serve a connection that was made elsewhere.

        :param fileDescriptor: it is duplicated, and stays the caller's to close.
        :returns: the transport, or None if the factory made no protocol.
        """
        skt = socket.fromfd(fileDescriptor, socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            name = skt.getsockname()
            peer = skt.getpeername()
            protocol = factory.buildProtocol(UNIXAddress(name))
        except BaseException:
            skt.close()
            raise
        if protocol is None:
            skt.close()
            return None
        made = cls(skt, protocol, peer, None, 0, reactor)
        path = os.fsdecode(name)
        made.logstr = f"{made._getLogPrefix(protocol)},{made.sessionno},{path}"
        made._local_port = path
        protocol.makeConnection(made)
        return made

    def getHost(self) -> UNIXAddress:
        """This side's address."""
        return UNIXAddress(self.socket.getsockname())

    def getPeer(self) -> UNIXAddress:
        """The other side's address; its name is None unless it has bound to one."""
        return UNIXAddress(self.hostname or None)


class _UNIXPort:
    """A port whose address is a name."""

    socket: socket.socket

    def getHost(self) -> UNIXAddress:
        """The name it listens on."""
        return UNIXAddress(self.socket.getsockname())


class Port(_UNIXPort, tcp.Port):
    """A UNIX socket that listens, and a server for each connection that comes.

    :ivar mode: the permissions of the socket's file.
    :ivar wantPID: whether a lock file beside it keeps others off.
    """

    addressFamily = socket.AF_UNIX
    transport = Server
    lockFile: FilesystemLock | None = None

    _type = "UNIX"

    def __init__(
        self,
        fileName: bytes | str,
        factory: Any,
        backlog: int = 50,
        mode: int = 0o666,
        reactor: Any = None,
        wantPID: Any = 0,
    ) -> None:
        """
        :param fileName: the path; on Linux one that begins with NUL is an abstract name.
        :param backlog: how many connections may wait to be accepted.
        """
        tcp.Port.__init__(self, None, factory, backlog, reactor=reactor)
        self.port = UNIXAddress(fileName).name
        self.mode = mode
        self.wantPID = wantPID

    @classmethod
    def _fromListeningDescriptor(cls, reactor: Any, fd: int, factory: Any) -> Port:  # type: ignore[override]
        """A port for a socket that listens already.

        :param fd: it is duplicated, and stays the caller's to close.
        """
        skt = socket.fromfd(fd, cls.addressFamily, cls.socketType)
        skt.setblocking(False)  # an accept that waits would have everybody wait
        made = cls(skt.getsockname(), factory, reactor=reactor)
        made._preexistingSocket = skt
        return made

    def __repr__(self) -> str:
        name = reflect.qual(self.factory.__class__)
        where = f"on {self._name()!r}" if hasattr(self, "socket") else "(not listening)"
        return f"<{name} {where}>"

    def _name(self) -> str:
        return os.fsdecode(self.port)

    def _buildAddr(self, address: Any) -> UNIXAddress:
        return UNIXAddress(address)

    def _port_of(self, skt: socket.socket) -> str:
        return self._name()

    def _listens_on(self) -> str:
        return repr(self._name())

    def _bound_socket(self) -> socket.socket:
        if self.wantPID:
            self._lock()
        skt: socket.socket | None = None
        is_bound = False
        try:
            skt = self.createInternetSocket()
            skt.bind(self.port)
            is_bound = True
            if _inFilesystemNamespace(self.port):
                # Before it listens, so that nobody slips in who may not.
                os.chmod(self.port, self.mode)
        except BaseException as e:
            if skt is not None:
                skt.close()
            if is_bound:
                self._remove_file()
            self._unlock()
            if isinstance(e, OSError):
                raise CannotListenError(None, self.port, e)
            raise
        return skt

    def _lock(self) -> None:
        """Take the lock, and clear away what a dead holder of it has left.

        :raises CannotListenError: somebody else holds it.
        """
        self.lockFile = lock = FilesystemLock(self._name() + ".lock")
        if not lock.lock():
            self.lockFile = None
            raise CannotListenError(None, self.port, "Cannot acquire lock")
        if not lock.clean:
            try:
                if stat.S_ISSOCK(os.stat(self.port).st_mode):
                    os.remove(self.port)
            except OSError:
                pass  # bind will tell

    def _unlock(self) -> None:
        lock, self.lockFile = self.lockFile, None
        if lock is not None:
            try:
                lock.unlock()
            except (OSError, ValueError):
                log.err(None, f"could not release the lock of {self._name()!r}")

    def _remove_file(self) -> None:
        if _inFilesystemNamespace(self.port):
            try:
                os.unlink(self.port)
            except FileNotFoundError:
                pass  # that is what is wanted
            except OSError:
                log.err(None, f"could not remove {self._name()!r}")

    def connectionLost(self, reason: Failure) -> None:
        """Remove the file, close the socket and tell the factory."""
        self._remove_file()
        self._unlock()
        tcp.Port.connectionLost(self, reason)


class Client(_NoTcpOptions, _SendmsgMixin, tcp.BaseClient):
    """A UNIX client's transport."""

    addressFamily = socket.AF_UNIX
    socketType = socket.SOCK_STREAM
    _tlsClientDefault = True

    def __init__(
        self, filename: bytes | str, connector: Any, reactor: Any = None, checkPID: Any = 0
    ) -> None:
        """
        :param checkPID: fail at once if nobody holds the lock file of a server.
        """
        _SendmsgMixin.__init__(self)
        self.connector = connector
        self.realAddress = self.addr = filename
        if checkPID and not isLocked(os.fsdecode(filename) + ".lock"):
            self._finishInit(None, None, BadFileError(filename), reactor)
            return
        try:
            skt = self.createInternetSocket()
        except OSError as e:
            self._finishInit(None, None, ConnectBindError(e.args[0], e.args[1]), reactor)
        else:
            self._finishInit(self.doConnect, skt, None, reactor)

    def getPeer(self) -> UNIXAddress:
        """The name that it connected to."""
        return UNIXAddress(self.addr)

    def getHost(self) -> UNIXAddress:
        """An address with no name: a client has none."""
        return UNIXAddress(None)


class Connector(tcp.BaseConnector):
    """Connects a client factory to a UNIX socket, again and again if it wants."""

    def __init__(
        self,
        address: bytes | str,
        factory: Any,
        timeout: float | None,
        reactor: Any,
        checkPID: Any,
    ) -> None:
        """
        :param timeout: seconds for one attempt, or None.
        """
        super().__init__(factory, timeout, reactor)
        self.address = address
        self.checkPID = checkPID

    def _makeTransport(self) -> Client:
        return Client(self.address, self, self.reactor, self.checkPID)

    def getDestination(self) -> UNIXAddress:
        """Where to."""
        return UNIXAddress(self.address)


@implementer(interfaces.IUNIXDatagramTransport)
class DatagramPort(_UNIXPort, udp.Port):  # type: ignore[misc]
    """A UNIX datagram socket with a name."""

    addressFamily = socket.AF_UNIX
    # The one thing that a network would do and a kernel need not.
    _drops_when_full = True

    def __init__(
        self,
        addr: bytes | str | None,
        proto: Any,
        maxPacketSize: int = 8192,
        mode: int = 0o666,
        reactor: Any = None,
    ) -> None:
        """
        :param addr: the name to bind to; None for none.
        :param mode: the permissions of the socket's file.
        """
        super().__init__(addr, proto, maxPacketSize=maxPacketSize, reactor=reactor)  # type: ignore[arg-type]
        self.mode = mode

    def _setAddressFamily(self) -> None:
        """Nothing: an interface has no say here."""

    def __repr__(self) -> str:
        name = reflect.qual(self.protocol.__class__)
        where = f"on {self.port!r}" if hasattr(self, "socket") else "(not listening)"
        return f"<{name} {where}>"

    def _bindSocket(self) -> None:
        log.msg(f"{self.protocol.__class__} starting on {self.port!r}")
        try:
            skt = self.createInternetSocket()
            try:
                if self.port:
                    skt.bind(self.port)  # type: ignore[arg-type]
                    if _inFilesystemNamespace(self.port):  # type: ignore[arg-type]
                        os.chmod(self.port, self.mode)
            except BaseException:
                skt.close()
                raise
        except OSError as le:
            raise CannotListenError(None, self.port, le)
        self.connected = 1
        self.socket = skt
        self.fileno = self.socket.fileno  # type: ignore[method-assign]

    def write(self, datagram: bytes, address: Any) -> Any:  # type: ignore[override]
        """Send one datagram now; if the receiver has no room for it, it is lost.

        :param address: the receiver's name.
        :raises MessageLengthError: it does not fit into one datagram.
        """
        return self._send_datagram(self.socket.sendto, datagram, address)

    def _receive(self) -> tuple[Any, ...]:
        return self.socket.recvfrom(self.maxPacketSize)

    def _log_closed(self) -> None:
        log.msg(f"(Port {self.port!r} Closed)")

    def setLogStr(self) -> None:
        """Fix what ``logPrefix`` answers."""
        self.logstr = reflect.qual(self.protocol.__class__) + " (UDP)"


class ConnectedDatagramPort(DatagramPort):
    """A UNIX datagram socket with one peer."""

    def __init__(
        self,
        addr: bytes | str,
        proto: Any,
        maxPacketSize: int = 8192,
        mode: int = 0o666,
        bindAddress: bytes | str | None = None,
        reactor: Any = None,
    ) -> None:
        """
        :param addr: the peer's name.
        :param bindAddress: this side's name, without which the peer cannot answer.
        """
        assert isinstance(proto, protocol.ConnectedDatagramProtocol)
        super().__init__(bindAddress, proto, maxPacketSize, mode, reactor)
        self.remoteaddr = addr

    def startListening(self) -> None:
        """Connect; if that fails the protocol hears ``connectionFailed``."""
        try:
            self._bindSocket()
            self.socket.connect(self.remoteaddr)
            self._connectToProtocol()
        except Exception:
            self.connectionFailed(Failure())

    def connectionFailed(self, reason: Any) -> None:
        """Tell the protocol that there will be no connection."""
        self.stopListening()
        # The socket may be closed in a later turn, and nobody is to hear of that.
        failed, self.protocol = self.protocol, _Nobody(self.protocol)
        failed.connectionFailed(reason)

    def _receive(self) -> tuple[Any, ...]:
        return (self.socket.recv(self.maxPacketSize),)

    def _refused(self) -> None:
        self.protocol.connectionRefused()

    def write(self, data: bytes) -> Any:  # type: ignore[override]
        """Send one datagram now; if the peer has no room for it, it is lost.

        :raises MessageLengthError: it does not fit into one datagram.
        """
        return self._send_datagram(self.socket.send, data)

    def getPeer(self) -> UNIXAddress:
        """The peer's name."""
        return UNIXAddress(self.remoteaddr)


# Its write takes no address, so it is not what the classes above are.
classImplementsOnly(
    ConnectedDatagramPort,
    interfaces.IUNIXDatagramConnectedTransport,
    implementedBy(FileDescriptor),  # type: ignore[no-untyped-call]
)


class _Nobody:
    """Stands in for a protocol that has heard that its connection failed."""

    def __init__(self, failed: Any) -> None:
        self.failed = failed

    def doStop(self) -> None:
        """Nothing: it was never started."""

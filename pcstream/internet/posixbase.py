"""What reactors over POSIX descriptors share: waker, child signals, and the ways to transports.

This is the one room of the reactor floor that reaches up to the transports; each is imported by
the method that needs it, when it is called.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from zope.interface import classImplements, implementer

from pcstream.internet import error
from pcstream.internet._continuous_polling import _ContinuousPolling
from pcstream.internet._dispatch import (
    _NO_FILEDESC,
    _DisconnectSelectableMixin,
    _PollLikeMixin,
)
from pcstream.internet._signals import (
    SignalHandling,
    _ChildSignalHandling,
    _IWaker,
    _MultiSignalHandling,
    _Waker,
)
from pcstream.internet.base import ReactorBase
from pcstream.internet.interfaces import (
    IConnector,
    IReactorMulticast,
    IReactorProcess,
    IReactorSocket,
    IReactorSSL,
    IReactorTCP,
    IReactorUDP,
    IReactorUNIX,
    IReactorUNIXDatagram,
)
from pcstream.python.runtime import platformType

if TYPE_CHECKING:
    from pcstream.internet.protocol import ClientFactory

__all__ = ["PosixReactorBase"]

_PRIVATE_EXPORTS = (_ContinuousPolling, _NO_FILEDESC, _PollLikeMixin, _Waker)


@implementer(IReactorTCP, IReactorUDP, IReactorMulticast, IReactorSocket)
class PosixReactorBase(_DisconnectSelectableMixin, ReactorBase):
    """A reactor whose descriptors are integers; a subclass brings the wait."""

    _childWaker = None

    @property
    def _supportedAddressFamilies(self) -> tuple[int, ...]:
        import socket

        names = ("AF_INET", "AF_INET6", "AF_UNIX")
        return tuple([getattr(socket, name) for name in names if hasattr(socket, name)])

    def _wakerFactory(self) -> _IWaker:
        waker: _IWaker = _Waker()
        return waker

    def installWaker(self) -> None:
        """Make the waker, unless there is one, and watch it."""
        if not self.waker:
            self.waker = self._wakerFactory()
            self._addInternalReader(self.waker)

    def _signalsFactory(self) -> SignalHandling:
        """The handlers of every reactor, and reaping of children where there can be any."""
        handling = super()._signalsFactory()
        if platformType != "posix":
            return handling
        return _MultiSignalHandling(
            (
                handling,
                _ChildSignalHandling(
                    self._addInternalReader, self._removeInternalReader, _reap_children
                ),
            )
        )

    def _removeAll(self, readers: Iterable[Any], writers: Iterable[Any]) -> list[Any]:
        """Stop watching everything in both but the reactor's own, and return it.

        For ``removeAll`` of subclasses.
        """
        own = self._internalReaders
        gone = [reader for reader in readers if reader not in own]
        leaving = list(writers)
        for reader in gone:
            self.removeReader(reader)
        for writer in leaving:
            self.removeWriter(writer)
        seen = set(gone)
        gone.extend(writer for writer in leaving if writer not in seen)
        return gone

    # IReactorTCP

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        """Listen on a TCP port, 0 for any free one.

        :raises CannotListenError: the system does not let it.
        """
        from pcstream.internet import tcp

        p = tcp.Port(port, factory, backlog, interface, self)
        p.startListening()
        return p

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: ClientFactory[Any],
        timeout: float = 30.0,
        bindAddress: Any = None,
    ) -> IConnector:
        """Start to connect to a TCP port.

        :param timeout: seconds for the attempt.
        """
        from pcstream.internet import tcp

        c: Any = tcp.Connector(host, port, factory, timeout, bindAddress, self)
        c.connect()
        connector: IConnector = c
        return connector

    # IReactorUNIX and IReactorUNIXDatagram

    def listenUNIX(
        self, address: Any, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: Any = 0
    ) -> Any:
        """Listen on a UNIX socket.

        :param mode: the permissions of its file.
        :param wantPID: keep others off by a lock file.
        """
        from pcstream.internet import unix

        p = unix.Port(address, factory, backlog, mode, self, wantPID)
        p.startListening()
        return p

    def connectUNIX(
        self, address: Any, factory: Any, timeout: float = 30, checkPID: Any = 0
    ) -> Any:
        """Start to connect to a UNIX socket.

        :param checkPID: fail at once if nobody holds the lock file.
        """
        from pcstream.internet import unix

        c = unix.Connector(address, factory, timeout, self, checkPID)
        c.connect()
        return c

    def listenUNIXDatagram(
        self, address: Any, protocol: Any, maxPacketSize: int = 8192, mode: int = 0o666
    ) -> Any:
        """Listen on a UNIX datagram socket."""
        from pcstream.internet import unix

        p = unix.DatagramPort(address, protocol, maxPacketSize, mode, self)
        p.startListening()
        return p

    def connectUNIXDatagram(
        self,
        address: Any,
        protocol: Any,
        maxPacketSize: int = 8192,
        mode: int = 0o666,
        bindAddress: Any = None,
    ) -> Any:
        """Connect to a UNIX datagram socket."""
        from pcstream.internet import unix

        p = unix.ConnectedDatagramPort(address, protocol, maxPacketSize, mode, bindAddress, self)
        p.startListening()
        return p

    # IReactorUDP and IReactorMulticast

    def listenUDP(
        self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192
    ) -> Any:
        """Listen on a UDP port, 0 for any free one.

        :raises CannotListenError: the system does not let it.
        """
        from pcstream.internet import udp

        p = udp.Port(port, protocol, interface, maxPacketSize, self)
        p.startListening()
        return p

    def listenMulticast(
        self,
        port: int,
        protocol: Any,
        interface: str = "",
        maxPacketSize: int = 8192,
        listenMultiple: bool = False,
    ) -> Any:
        """Listen on a UDP port that can join groups.

        :param listenMultiple: others may listen on it as well.
        """
        from pcstream.internet import udp

        p = udp.MulticastPort(port, protocol, interface, maxPacketSize, self, listenMultiple)
        p.startListening()
        return p

    # IReactorSocket

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: int, factory: Any) -> Any:
        """Listen on a duplicate of a descriptor that listens already.

        :raises UnsupportedAddressFamily: it is of no known family.
        """
        self._check_family(addressFamily, self._supportedAddressFamilies)
        p: Any
        if _is_unix(addressFamily):
            from pcstream.internet import unix

            p = unix.Port._fromListeningDescriptor(self, fileDescriptor, factory)
        else:
            from pcstream.internet import tcp

            p = tcp.Port._fromListeningDescriptor(self, fileDescriptor, addressFamily, factory)
        p.startListening()
        return p

    def adoptStreamConnection(self, fileDescriptor: int, addressFamily: int, factory: Any) -> Any:
        """Serve a duplicate of a descriptor that is connected already.

        :raises UnsupportedAddressFamily: it is of no known family.
        """
        self._check_family(addressFamily, self._supportedAddressFamilies)
        if _is_unix(addressFamily):
            from pcstream.internet import unix

            return unix.Server._fromConnectedSocket(fileDescriptor, factory, self)
        from pcstream.internet import tcp

        return tcp.Server._fromConnectedSocket(fileDescriptor, addressFamily, factory, self)

    def adoptDatagramPort(
        self, fileDescriptor: int, addressFamily: int, protocol: Any, maxPacketSize: int = 8192
    ) -> Any:
        """Receive on a duplicate of a descriptor that is bound already.

        :raises UnsupportedAddressFamily: it is neither IPv4 nor IPv6.
        """
        from socket import AF_INET, AF_INET6

        self._check_family(addressFamily, (AF_INET, AF_INET6))
        from pcstream.internet import udp

        p = udp.Port._fromListeningDescriptor(
            self, fileDescriptor, addressFamily, protocol, maxPacketSize=maxPacketSize
        )
        p.startListening()
        return p

    def _check_family(self, family: int, known: tuple[int, ...]) -> None:
        if family not in known:
            raise error.UnsupportedAddressFamily(family)

    # IReactorSSL

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> Any:
        """Listen on a TCP port for TLS connections."""
        from pcstream.protocols import tls

        wrapped = tls.TLSMemoryBIOFactory(contextFactory, False, factory, self)
        p = self.listenTCP(port, wrapped, backlog, interface)
        p._type = "TLS"
        return p

    def connectSSL(
        self,
        host: str,
        port: int,
        factory: Any,
        contextFactory: Any,
        timeout: float = 30,
        bindAddress: Any = None,
    ) -> Any:
        """Start to connect to a TCP port, and speak TLS there."""
        from pcstream.protocols import tls

        wrapped = tls.TLSMemoryBIOFactory(contextFactory, True, factory, self)
        return self.connectTCP(host, port, wrapped, timeout, bindAddress)

    # IReactorProcess

    def spawnProcess(  # type: ignore[override]  # Twisted's names and defaults
        self,
        processProtocol: Any,
        executable: Any,
        args: Any = (),
        env: Any = {},
        path: Any = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: Any = 0,
        childFDs: dict[int, int | str] | None = None,
    ) -> Any:
        """Start a child process.

        :raises ValueError: both a terminal and a map of descriptors are wanted.
        """
        from pcstream.internet import process

        if usePTY:
            if childFDs is not None:
                raise ValueError("Using childFDs is not supported with usePTY=True.")
            return process.PTYProcess(
                self, executable, args, env, path, processProtocol, uid, gid, usePTY
            )
        return process.Process(
            self, executable, args, env, path, processProtocol, uid, gid, childFDs
        )


def _is_unix(family: int) -> bool:
    import socket

    return family == getattr(socket, "AF_UNIX", None)


def _is_installed(name: str) -> bool:
    """Whether a top-level module can be imported.

    It is what ``importlib.util.find_spec`` finds out, without importing that.
    """
    return name in sys.modules or any(
        finder.find_spec(name, None) is not None for finder in sys.meta_path
    )


def _reap_children() -> None:
    """Reap the children that have ended, if any was ever started."""
    process: Any = sys.modules.get("pcstream.internet.process")
    if process is not None:
        process.reapAllProcesses()


if platformType == "posix":
    classImplements(PosixReactorBase, IReactorUNIX, IReactorUNIXDatagram, IReactorProcess)
if _is_installed("OpenSSL"):  # the tls extra; looked for, not imported: it is slow
    classImplements(PosixReactorBase, IReactorSSL)

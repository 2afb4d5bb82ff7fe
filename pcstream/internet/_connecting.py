"""A client's socket on its way to a connection: resolve, connect, succeed or give up."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from errno import EALREADY, EINPROGRESS, EISCONN, EWOULDBLOCK
from typing import Any

from ..python.failure import Failure
from . import abstract, error, fdesc
from ._stream_connection import Connection

__all__ = ["BaseClient"]

_UNDER_WAY = frozenset({EWOULDBLOCK, EINPROGRESS, EALREADY})


class _BaseBaseClient(abstract.FileDescriptor):
    """An attempt that ends in a connection, or in one failure reported to the connector."""

    addressFamily: socket.AddressFamily = socket.AF_INET
    socketType: socket.SocketKind = socket.SOCK_STREAM

    addr: Any
    realAddress: Any
    connector: Any
    _requiresResolution: bool

    def _finishInit(
        self,
        whenDone: Callable[[], object] | None,
        skt: socket.socket | None,
        error: Any,
        reactor: Any,
    ) -> None:
        """Have the attempt begin in the reactor's next turn.

        :param whenDone: the first step, or None if it is known already that there will be none.
        :param skt: the socket, if one could be made.
        :param error: why the attempt fails, if *whenDone* is None.
        """
        if reactor is None:
            from . import reactor as installed

            reactor = installed
        if skt is None:
            abstract.FileDescriptor.__init__(self, reactor)
        else:
            self._commonConnection.__init__(self, skt, None, reactor)
        if whenDone is not None:
            reactor.callLater(0, whenDone)
        else:
            reactor.callLater(0, self.failIfNotConnected, error)

    def resolveAddress(self) -> None:
        """Find the address of the host, if what is known is its name."""
        if self._requiresResolution:
            found = self.reactor.resolve(self.addr[0])
            found.addCallbacks(self._setRealAddress, self.failIfNotConnected)
        else:
            self._setRealAddress(self.addr[0])

    def _setRealAddress(self, address: str) -> None:
        """The host's address is known: connect."""
        if self.addressFamily == socket.AF_INET6:
            _host, port, flow, scope = self.addr
            if port < 0:
                # A port no system knows; said in the words getaddrinfo has for it.
                self.failIfNotConnected(
                    socket.gaierror(socket.EAI_SERVICE, "Servname not supported for ai_socktype")
                )
                return
            self.realAddress = (address, port, flow, scope)
        else:
            self.realAddress = (address, self.addr[1])
        self.doConnect()

    def doConnect(self) -> None:
        """Take the attempt one step further."""
        raise NotImplementedError()

    def failIfNotConnected(self, err: Any) -> None:
        """Give the attempt up, if it still is one, and tell the connector.

        :param err: an exception, or a failure.
        """
        if self.connected or self.disconnected or not hasattr(self, "connector"):
            return
        self._stopReadingAndWriting()
        if hasattr(self, "socket"):
            self._closeSocket(not self._aborting)
            self._collectSocketDetails()
        self._own_slot().lost()  # contract C27
        connector = self.connector
        del self.connector
        connector.connectionFailed(err if isinstance(err, Failure) else Failure(err))

    def stopConnecting(self) -> None:
        """Give the attempt up because the user wants it."""
        self.failIfNotConnected(error.UserError())

    def connectionLost(self, reason: Failure) -> None:
        """The connection is gone, or the attempt to make one has failed."""
        if not self.connected:
            self.failIfNotConnected(error.ConnectError(string=reason))
        else:
            self._commonConnection.connectionLost(self, reason)
            self.connector.connectionLost(reason)

    # What the other half of a client provides.
    _commonConnection: Any
    _stopReadingAndWriting: Callable[[], None]
    _collectSocketDetails: Callable[[], None]
    _closeSocket: Any


class BaseClient(_BaseBaseClient, Connection):
    """A client over a stream socket of any family.

    Until it is connected, whatever the reactor reports about the socket takes the attempt further.
    """

    _base = Connection
    _commonConnection = Connection

    def _stopReadingAndWriting(self) -> None:
        if hasattr(self, "reactor"):
            self.stopReading()
            self.stopWriting()

    def _collectSocketDetails(self) -> None:
        """Let go of the closed socket."""
        del self.socket

    def createInternetSocket(self) -> socket.socket:
        """A non-blocking socket of this client's kind, which children do not inherit."""
        made = socket.socket(self.addressFamily, self.socketType)
        made.setblocking(False)
        fdesc._setCloseOnExec(made.fileno())
        return made

    def doConnect(self) -> None:
        """Connect, or look how far that has come."""
        self.doWrite = self.doConnect  # type: ignore[method-assign]
        self.doRead = self.doConnect  # type: ignore[method-assign]
        if not hasattr(self, "connector"):
            return  # given up in the meantime
        # A connection attempt ends with the socket writable, and with its outcome in SO_ERROR.
        outcome = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if outcome:
            self.failIfNotConnected(error.getConnectError((outcome, os.strerror(outcome))))
            return
        # connect reports EISCONN when the attempt has succeeded, and is how it is begun.
        try:
            outcome = self.socket.connect_ex(self.realAddress)
        except (OSError, OverflowError) as e:
            self.failIfNotConnected(e)
            return
        if outcome in _UNDER_WAY:
            self.startReading()
            self.startWriting()
        elif outcome and outcome != EISCONN:
            self.failIfNotConnected(error.getConnectError((outcome, os.strerror(outcome))))
        else:
            # From here on the reactor's reports are about data.
            del self.doWrite
            del self.doRead
            self.stopReading()
            self.stopWriting()
            self._connectDone()

    def _connectDone(self) -> None:
        """Have the protocol made and tell it."""
        self.protocol = self.connector.buildProtocol(self.getPeer())
        self.connected = 1
        self.logstr = self._getLogPrefix(self.protocol) + ",client"
        if self.protocol is None:
            # The factory thought better of it.
            from .protocol import Protocol

            self.protocol = Protocol()
            self.loseConnection()
        else:
            self.startReading()
            self.protocol.makeConnection(self)

"""Endpoints without a socket: this process's standard streams, and those of a child process."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from ..python import log
from ..python._constants import NamedConstant, Names
from ..python.components import proxyForInterface
from ..python.failure import Failure
from . import error
from .address import _ProcessAddress
from .defer import Deferred, fail, succeed
from .interfaces import (
    IConsumer,
    IProcessTransport,
    IPushProducer,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from .protocol import ProcessProtocol
from .stdio import PipeAddress, StandardIO

_STDOUT = 1
_STDERR = 2


def _built(factory: Any, address: Any) -> Any:
    """What *factory* builds.

    :raises NoProtocol: nothing.
    """
    protocol = factory.buildProtocol(address)
    if protocol is None:
        raise error.NoProtocol()
    return protocol


@implementer(IStreamServerEndpoint)
class StandardIOEndpoint:
    """A place to listen at: standard input and output, where one connection is waiting already."""

    _stdio = StandardIO

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def listen(self, stdioProtocolFactory: Any) -> Deferred[Any]:
        """Connect a protocol to the streams.

        :returns: a Deferred of the transport.
        """
        try:
            protocol = _built(stdioProtocolFactory, PipeAddress())
            return succeed(self._stdio(protocol, reactor=self._reactor))
        except BaseException:
            return fail()


class StandardErrorBehavior(Names):
    """What becomes of what a child writes to its standard error."""

    #: It is logged.
    LOG = NamedConstant()
    #: It is dropped.
    DROP = NamedConstant()


class _IProcessTransportWithConsumerAndProducer(IProcessTransport, IConsumer, IPushProducer):
    """What a process transport is: its interface leaves the streaming half out."""


_TransportBase: Any = proxyForInterface(_IProcessTransportWithConsumerAndProducer, "_process")


class _ProcessEndpointTransport(_TransportBase):  # type: ignore[misc]
    """A process transport for a protocol that expects a connection.

    It shows what the interfaces name, and nothing else of the transport.
    """


class _WrapIProtocol(ProcessProtocol):
    """A process's protocol around a connection's: standard input and output are the connection.

    :ivar errFlag: a :class:`StandardErrorBehavior`.
    """

    def __init__(self, proto: Any, executable: Any, errFlag: NamedConstant) -> None:
        self.protocol = proto
        self.errFlag = errFlag
        self.executable = executable

    def makeConnection(self, process: Any) -> None:
        """Connect the protocol."""
        self.transport = _ProcessEndpointTransport(process)
        return self.protocol.makeConnection(self.transport)  # type: ignore[no-any-return]

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Standard output goes to the protocol, standard error to the log."""
        if childFD == _STDOUT:
            return self.protocol.dataReceived(data)  # type: ignore[no-any-return]
        if childFD == _STDERR and self.errFlag is StandardErrorBehavior.LOG:
            log.msg(
                format="Process %(executable)r wrote stderr unhandled by %(protocol)s: %(data)s",
                executable=self.executable,
                protocol=self.protocol,
                data=data,
            )

    def processEnded(self, reason: Failure) -> None:
        """The connection is lost: cleanly if the process ended with exit code 0."""
        if reason.check(error.ProcessDone) and reason.value.status == 0:
            reason = Failure(error.ConnectionDone())
        return self.protocol.connectionLost(reason)  # type: ignore[no-any-return]


@implementer(IStreamClientEndpoint)
class ProcessEndpoint:
    """A place to connect to: a program, which is started for each connection."""

    def __init__(
        self,
        reactor: Any,
        executable: Any,
        args: Any = (),
        env: Any = {},
        path: Any = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool | int = 0,
        childFDs: dict[int, Any] | None = None,
        errFlag: NamedConstant = StandardErrorBehavior.LOG,
    ) -> None:
        """
        :param executable: the program; it and what follows is what ``spawnProcess`` takes.
        :param errFlag: what becomes of what it writes to standard error.
        """
        self._reactor = reactor
        self._executable = executable
        self._args = args
        self._env = env
        self._path = path
        self._uid = uid
        self._gid = gid
        self._usePTY = usePTY
        self._childFDs = childFDs
        self._errFlag = errFlag
        self._spawnProcess = self._reactor.spawnProcess

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Start the program.

        :returns: a Deferred of the protocol, connected to its standard input and output.
        """
        try:
            protocol = _built(protocolFactory, _ProcessAddress())
            self._spawnProcess(
                _WrapIProtocol(protocol, self._executable, self._errFlag),
                self._executable,
                self._args,
                self._env,
                self._path,
                self._uid,
                self._gid,
                self._usePTY,
                self._childFDs,
            )
        except BaseException:
            return fail()
        return succeed(protocol)

"""The exceptions of the networking side, and how an ``errno`` becomes one of them.

A class with a ``MESSAGE`` says that sentence when it is turned into a string, followed by its
arguments; applications and tests compare those strings, so they are part of the interface.
"""

from __future__ import annotations

import errno
from typing import Any

__all__ = [
    "AlreadyCalled",
    "AlreadyCancelled",
    "BadFileError",
    "BindError",
    "CannotListenError",
    "CertificateError",
    "ConnectBindError",
    "ConnectError",
    "ConnectInProgressError",
    "ConnectingCancelledError",
    "ConnectionClosed",
    "ConnectionDone",
    "ConnectionFdescWentAway",
    "ConnectionLost",
    "ConnectionRefusedError",
    "DNSLookupError",
    "InvalidAddressError",
    "MessageLengthError",
    "MulticastJoinError",
    "NoRouteError",
    "NotConnectingError",
    "NotListeningError",
    "PeerVerifyError",
    "ProcessDone",
    "ProcessExitedAlready",
    "ProcessTerminated",
    "ReactorAlreadyInstalledError",
    "ReactorAlreadyRunning",
    "ReactorNotRunning",
    "SSLError",
    "ServiceNameUnknownError",
    "TCPTimedOutError",
    "TimeoutError",
    "UnknownHostError",
    "UnsupportedAddressFamily",
    "UnsupportedSocketType",
    "UserError",
    "VerifyError",
    "getConnectError",
]


def _sentence(self: Any) -> str:
    """The class's ``MESSAGE``, its arguments after a colon if there are any, and a full stop."""
    text: str = self.MESSAGE
    if self.args:
        text += ": " + " ".join(map(str, self.args))
    return text + "."


class BindError(Exception):
    """A local address could not be bound."""

    MESSAGE = "An error occurred binding to an interface"
    __str__ = _sentence


class CannotListenError(BindError):
    """Raised by ``startListening``, and so by ``listenTCP`` and its kin.

    :param interface: the address that was asked for; empty or None means all of them.
    :param port: a port number, or the path of a UNIX socket.
    :param socketError: the :class:`OSError` that was met.
    """

    def __init__(self, interface: Any, port: Any, socketError: Any) -> None:
        super().__init__(interface, port, socketError)
        self.interface = interface
        self.port = port
        self.socketError = socketError

    def __str__(self) -> str:
        return f"Couldn't listen on {self.interface or 'any'}:{self.port}: {self.socketError}."


class MulticastJoinError(Exception):
    """A multicast group could not be joined or left."""


class MessageLengthError(Exception):
    """The datagram exceeds what the socket can send in one piece."""

    MESSAGE = "Message is too long to send"
    __str__ = _sentence


class DNSLookupError(OSError):
    """A name could not be resolved."""

    MESSAGE = "DNS lookup failed"
    __str__ = _sentence


class ConnectInProgressError(Exception):
    """Connecting was started before and has not ended yet."""


class ConnectError(Exception):
    """No connection came about; the subclasses say why.

    :param osError: the error number, or an :class:`OSError`.
    :param string: the system's words for it.
    """

    MESSAGE = "An error occurred while connecting"

    def __init__(self, osError: Any = None, string: Any = "") -> None:
        super().__init__(string)
        self.osError = osError

    def __str__(self) -> str:
        text = self.MESSAGE
        if self.osError:
            text += f": {self.osError}"
        if self.args and self.args[0]:
            text += f": {self.args[0]}"
        return text + "."


class ConnectBindError(ConnectError):
    """The local address asked for by ``bindAddress`` could not be bound."""

    MESSAGE = "Couldn't bind"


class UnknownHostError(ConnectError):
    """The host has no address (``gaierror``)."""

    MESSAGE = "Hostname couldn't be looked up"


class NoRouteError(ConnectError):
    """The network cannot be reached (``ENETUNREACH``)."""

    MESSAGE = "No route to host"


class ConnectionRefusedError(ConnectError):
    """Nobody listens at that address (``ECONNREFUSED``)."""

    MESSAGE = "Connection was refused by other side"


class TCPTimedOutError(ConnectError):
    """The kernel gave up waiting for an answer (``ETIMEDOUT``)."""

    MESSAGE = "TCP connection timed out"


class BadFileError(ConnectError):
    """The path is not one of a UNIX socket that can be used."""

    MESSAGE = "File used for UNIX socket is no good"


class ServiceNameUnknownError(ConnectError):
    """A port was given as the name of a service that the system does not know."""

    MESSAGE = "Service name given as port is unknown"


class UserError(ConnectError):
    """The application ended the attempt itself."""

    MESSAGE = "User aborted connection"


class TimeoutError(UserError):
    """The ``timeout`` given by the application passed before the connection stood."""

    MESSAGE = "User timeout caused connection failure"


class SSLError(ConnectError):
    """The TLS library reported an error."""

    MESSAGE = "An SSL error occurred"


class VerifyError(Exception):
    """A signature that was to be checked does not hold."""

    MESSAGE = "Could not verify something that was supposed to be signed."


class PeerVerifyError(VerifyError):
    """The other side refused our certificate."""

    MESSAGE = "The peer rejected our verify error."


class CertificateError(Exception):
    """A certificate is missing where there has to be one."""

    MESSAGE = "We did not find a certificate where we expected to find one."


#: Which class stands for which error number of ``connect``; all others are :class:`ConnectError`.
errnoMapping: dict[int, type[ConnectError]] = {
    errno.ENETUNREACH: NoRouteError,
    errno.ECONNREFUSED: ConnectionRefusedError,
    errno.ETIMEDOUT: TCPTimedOutError,
}
# Winsock has numbers of its own beside the portable ones.
for _name, _class in (
    ("WSAECONNREFUSED", ConnectionRefusedError),
    ("WSAENETUNREACH", NoRouteError),
):
    if hasattr(errno, _name):
        errnoMapping[getattr(errno, _name)] = _class
del _name, _class


def getConnectError(e: Any) -> ConnectError:
    """The :class:`ConnectError` that says what a failed ``connect`` raised.

    :param e: an exception, or a pair of number and text.
    :return: an instance whose ``osError`` is the number and whose only argument is the text; what
        is not such a pair becomes the argument of a plain :class:`ConnectError`.
    """
    pair = e.args if isinstance(e, Exception) else e
    try:
        number, text = pair
    except ValueError:
        return ConnectError(string=e)
    from socket import gaierror  # whoever has connected has imported it

    if isinstance(e, gaierror):
        return UnknownHostError(number, text)
    return errnoMapping.get(number, ConnectError)(number, text)


class ConnectionClosed(Exception):
    """The connection has ended, in whatever way."""


class ConnectionLost(ConnectionClosed):
    """The connection ended otherwise than by an orderly close."""

    MESSAGE = "Connection to the other side was lost in a non-clean fashion"
    __str__ = _sentence


class ConnectionAborted(ConnectionLost):
    """This side dropped the connection with ``abortConnection``."""

    MESSAGE = "Connection was aborted locally using ITCPTransport.abortConnection"


class ConnectionDone(ConnectionClosed):
    """The connection ended in order, closed by either side."""

    MESSAGE = "Connection was closed cleanly"
    __str__ = _sentence


class FileDescriptorOverrun(ConnectionLost):
    """More descriptors than bytes were sent over a UNIX socket, and it was closed for that.

    A descriptor travels along with a byte, so each ``sendFileDescriptor`` needs at least one byte
    of ``write`` to go with.
    """

    MESSAGE = "A mis-use of IUNIXTransport.sendFileDescriptor caused the connection to be closed."


class ConnectionFdescWentAway(ConnectionLost):
    """The descriptor was closed behind the reactor's back."""

    MESSAGE = "Uh"


class AlreadyCalled(ValueError):
    """The delayed call has run, so there is nothing left to cancel or move."""

    MESSAGE = "Tried to cancel an already-called event"
    __str__ = _sentence


class AlreadyCancelled(ValueError):
    """The delayed call was cancelled before."""

    MESSAGE = "Tried to cancel an already-cancelled event"
    __str__ = _sentence


class ProcessDone(ConnectionDone):
    """A child process ended with exit code 0.

    :param status: what ``waitpid`` returned.
    """

    MESSAGE = "A process has ended without apparent errors"

    def __init__(self, status: Any) -> None:
        super().__init__("process finished with exit code 0")
        self.exitCode = 0
        self.signal = None
        self.status = status


class ProcessTerminated(ConnectionLost):
    """A child process ended by a signal or with an exit code other than 0.

    :param exitCode: the exit code, or None.
    :param signal: the number of the signal that ended it, or None.
    :param status: what ``waitpid`` returned.
    """

    MESSAGE = "A process has ended with a probable error condition"

    def __init__(self, exitCode: Any = None, signal: Any = None, status: Any = None) -> None:
        self.exitCode = exitCode
        self.signal = signal
        self.status = status
        text = "process ended"
        if exitCode is not None:
            text += f" with exit code {exitCode}"
        if signal is not None:
            text += f" by signal {signal}"
        super().__init__(text)


class ProcessExitedAlready(Exception):
    """The process is gone, and what was asked for needs it alive."""


class NotConnectingError(RuntimeError):
    """``stopConnecting`` was called on a connector that is not connecting."""

    MESSAGE = "The Connector was not connecting when it was asked to stop connecting"
    __str__ = _sentence


class NotListeningError(RuntimeError):
    """``stopListening`` was called on a port that does not listen."""

    MESSAGE = "The Port was not listening when it was asked to stop listening"
    __str__ = _sentence


class ReactorNotRunning(RuntimeError):
    """The reactor cannot be stopped, for it does not run."""


class ReactorNotRestartable(RuntimeError):
    """The reactor has run and stopped, and cannot run a second time."""


class ReactorAlreadyRunning(RuntimeError):
    """The reactor runs already."""


class ReactorAlreadyInstalledError(AssertionError):
    """A reactor is installed, and there can be only one in a process."""


class ConnectingCancelledError(Exception):
    """The Deferred of an endpoint was cancelled before the connection stood.

    :param address: where the connection was to go.
    """

    def __init__(self, address: Any) -> None:
        super().__init__(address)
        self.address = address


class NoProtocol(Exception):
    """The factory given to an endpoint returned None from ``buildProtocol``."""


class UnsupportedAddressFamily(Exception):
    """The reactor does not handle sockets of that address family."""


class UnsupportedSocketType(Exception):
    """The reactor does not handle sockets of that type."""


class AlreadyListened(Exception):
    """The descriptor can be listened on only once, and has been."""


class InvalidAddressError(ValueError):
    """An address is neither IPv4 nor IPv6, or not of the kind that is needed.

    :param address: the address.
    :param message: what is wrong with it.
    """

    def __init__(self, address: Any, message: Any) -> None:
        super().__init__(address, message)
        self.address = address
        self.message = message

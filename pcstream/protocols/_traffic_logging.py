"""Writing down what goes over a connection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

from ..internet.interfaces import IAddress
from ..python import log
from ..python.failure import Failure
from ._wrapping import ProtocolWrapper, WrappingFactory

__all__ = [
    "SpewingFactory",
    "SpewingProtocol",
    "TrafficLoggingFactory",
    "TrafficLoggingProtocol",
]


_ELIDED = "<... elided>"


class SpewingProtocol(ProtocolWrapper):
    """Logs all that is received and sent."""

    def dataReceived(self, data: bytes) -> None:
        """Log *data* and pass it on."""
        log.msg(f"Received: {data!r}")
        ProtocolWrapper.dataReceived(self, data)

    def write(self, data: bytes) -> None:
        """Log *data* and write it."""
        log.msg(f"Sending: {data!r}")
        ProtocolWrapper.write(self, data)


class SpewingFactory(WrappingFactory[Any]):
    """Logs all that its connections receive and send."""

    protocol = SpewingProtocol


class TrafficLoggingProtocol(ProtocolWrapper):
    """Writes all that is received (``C``) and sent (``S``) to a file.

    :ivar logfile: the file; it is not closed.
    :ivar lengthLimit: what is longer is cut to so many characters; None for no limit.
    """

    def __init__(
        self,
        factory: Any,
        wrappedProtocol: Any,
        logfile: IO[str],
        lengthLimit: int | None = None,
        number: int = 0,
    ) -> None:
        """Wrap *wrappedProtocol*.

        :param number: stands in each line.
        """
        ProtocolWrapper.__init__(self, factory, wrappedProtocol)
        self.logfile = logfile
        self.lengthLimit = lengthLimit
        self._number = number

    def _log(self, line: str) -> None:
        self.logfile.write(line + "\n")
        self.logfile.flush()

    def _mungeData(self, data: Any) -> Any:
        """*data*, cut to the limit."""
        limit = self.lengthLimit
        if limit is None or len(data) <= limit:
            return data
        kept = data[: max(0, limit - len(_ELIDED))]
        return kept + (_ELIDED.encode("ascii") if isinstance(data, bytes) else _ELIDED)

    def connectionMade(self) -> None:
        """Write that a connection begins."""
        self._log("*")
        ProtocolWrapper.connectionMade(self)

    def dataReceived(self, data: bytes) -> None:
        """Write *data* down and pass it on."""
        self._log(f"C {self._number}: {self._mungeData(data)!r}")
        ProtocolWrapper.dataReceived(self, data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """Write down why the connection ended."""
        self._log(f"C {self._number}: {reason!r}")
        ProtocolWrapper.connectionLost(self, reason)

    def write(self, data: bytes) -> None:
        """Write *data* down and on."""
        self._log(f"S {self._number}: {self._mungeData(data)!r}")
        ProtocolWrapper.write(self, data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Write all of *iovec* down and on."""
        pieces = list(iovec)
        self._log(f"SV {self._number}: {[self._mungeData(d) for d in pieces]!r}")
        ProtocolWrapper.writeSequence(self, pieces)

    def loseConnection(self) -> None:
        """Write down that we close."""
        self._log(f"S {self._number}: *")
        ProtocolWrapper.loseConnection(self)


class TrafficLoggingFactory(WrappingFactory[Any]):
    """Writes all that each connection receives and sends to a file of its own.

    :ivar logfilePrefix: the names of the files begin so; a number follows.
    :ivar lengthLimit: what is longer is cut to so many characters; None for no limit.
    """

    protocol = TrafficLoggingProtocol

    _counter = 0

    def __init__(
        self, wrappedFactory: Any, logfilePrefix: str, lengthLimit: int | None = None
    ) -> None:
        self.logfilePrefix = logfilePrefix
        self.lengthLimit = lengthLimit
        WrappingFactory.__init__(self, wrappedFactory)

    def open(self, name: str) -> IO[str]:
        """Open the file *name* for writing; to be overridden."""
        return open(name, "w")

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """Wrap what the wrapped factory builds and open a file; None if it builds nothing."""
        self._counter += 1
        wrapped = self.wrappedFactory.buildProtocol(addr)
        if wrapped is None:
            return None
        logfile = self.open(f"{self.logfilePrefix}-{self._counter}")
        return self.protocol(self, wrapped, logfile, self.lengthLimit, self._counter)

    def resetCounter(self) -> None:
        """Number the files from one again."""
        self._counter = 0

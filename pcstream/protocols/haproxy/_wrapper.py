"""Servers behind a proxy that says first who its client is."""

from __future__ import annotations

from typing import Any

from ...internet.endpoints import _WrapperServerEndpoint
from ...internet.interfaces import ILoggingContext, IProtocol, IStreamServerEndpoint
from ...python import log
from .. import policies
from ._exceptions import InvalidProxyHeader
from ._info import ProxyInfo
from ._v1parser import V1Parser
from ._v2parser import V2Parser


class HAProxyProtocolWrapper(policies.ProtocolWrapper):
    """Takes the header off a connection, and tells the protocol the client's address.

    The protocol is connected before the header has come: until then ``getPeer`` and ``getHost``
    answer for the connection with the proxy.
    """

    _is_refused = False

    def __init__(self, factory: Any, wrappedProtocol: IProtocol) -> None:
        super().__init__(factory, wrappedProtocol)
        self._proxyInfo: ProxyInfo | None = None
        self._parser: V1Parser | V2Parser | None = None

    def dataReceived(self, data: bytes) -> None:
        """Read the header, wherever it is cut; what comes behind it is the protocol's.

        Without a valid one the connection is closed, and the protocol gets nothing.
        """
        if self._proxyInfo is not None:
            self.wrappedProtocol.dataReceived(data)
            return
        if self._is_refused or not data:
            return
        if self._parser is None:
            # The two differ in their first byte.
            self._parser = V2Parser() if data[:1] == V2Parser.PREFIX[:1] else V1Parser()
        try:
            info, rest = self._parser.feed(data)
        except InvalidProxyHeader as e:
            self._is_refused = True
            self._parser = None
            log.msg(f"PROXY header from {self.transport.getPeer()} refused: {e}")
            self.loseConnection()
            return
        if info is None:
            return
        self._proxyInfo = info
        self._parser = None
        if rest:
            self.wrappedProtocol.dataReceived(rest)

    def getPeer(self) -> Any:
        """The client's address, if the proxy has told it."""
        if self._proxyInfo is not None and self._proxyInfo.source is not None:
            return self._proxyInfo.source
        return self.transport.getPeer()

    def getHost(self) -> Any:
        """The address that the client has connected to, if the proxy has told it."""
        if self._proxyInfo is not None and self._proxyInfo.destination is not None:
            return self._proxyInfo.destination
        return self.transport.getHost()


class HAProxyWrappingFactory(policies.WrappingFactory[Any]):
    """Puts the PROXY protocol under every protocol of another factory."""

    protocol = HAProxyProtocolWrapper

    def logPrefix(self) -> str:
        """The wrapped factory's prefix, marked."""
        if ILoggingContext.providedBy(self.wrappedFactory):
            prefix = self.wrappedFactory.logPrefix()
        else:
            prefix = self.wrappedFactory.__class__.__name__
        return f"{prefix} (PROXY)"


def proxyEndpoint(wrappedEndpoint: IStreamServerEndpoint) -> _WrapperServerEndpoint:
    """An endpoint that listens as another one does, for a proxy that sends the header."""
    return _WrapperServerEndpoint(wrappedEndpoint, HAProxyWrappingFactory)

"""TLS with OpenSSL: options for clients and servers, certificates and keys.

A client wants :func:`optionsForClientTLS`, which checks that the server is who it should be; a
server wants :class:`CertificateOptions`, or the ``options`` of a :class:`PrivateCertificate`.
Both are what endpoints, ``listenSSL``, ``connectSSL`` and ``startTLS`` take.

This needs ``pip install 'pcstream[tls]'``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from warnings import warn

from OpenSSL import SSL
from zope.interface import implementedBy, implementer, implementer_only

from ..python._constants import FlagConstant, Flags
from . import interfaces, tcp
from ._sslverify import (
    DN,
    Certificate,
    CertificateRequest,
    DistinguishedName,
    KeyPair,
    OpenSSLDefaultPaths,
    PrivateCertificate,
    TLSVersion,
    VerificationError,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)
from ._sslverify import CertBase as CertBase
from ._sslverify import OpenSSLAcceptableCiphers as AcceptableCiphers
from ._sslverify import OpenSSLCertificateOptions as CertificateOptions
from ._sslverify import OpenSSLDiffieHellmanParameters as DiffieHellmanParameters
from .protocol import Protocol

__all__ = [
    "DN",
    "AcceptableCiphers",
    "Certificate",
    "CertificateOptions",
    "CertificateRequest",
    "ClientContextFactory",
    "ContextFactory",
    "DefaultOpenSSLContextFactory",
    "DiffieHellmanParameters",
    "DistinguishedName",
    "KeyPair",
    "OpenSSLDefaultPaths",
    "PrivateCertificate",
    "ProtocolNegotiationSupport",
    "TLSVersion",
    "VerificationError",
    "optionsForClientTLS",
    "platformTrust",
    "protocolNegotiationMechanisms",
    "trustRootFromCertificates",
]

#: Whether TLS can be had; otherwise this module cannot be imported.
supported = True


@implementer(interfaces.IOpenSSLContextFactory)
class ContextFactory:
    """Makes OpenSSL contexts; to be derived from.

    :ivar isClient: whether they are for the side that begins the handshake.
    """

    isClient = 0

    def getContext(self) -> Any:
        """An ``OpenSSL.SSL.Context``.

        :raises NotImplementedError: here.
        """
        raise NotImplementedError


class DefaultOpenSSLContextFactory(ContextFactory):
    """A server's context with a key and a certificate, read from files once.

    It checks no client's certificate, and leaves ciphers to OpenSSL: :class:`CertificateOptions`
    is better.
    """

    _context: Any = None

    def __init__(
        self,
        privateKeyFileName: Any,
        certificateFileName: Any,
        sslmethod: int = SSL.TLS_METHOD,
        _contextFactory: Any = SSL.Context,
    ) -> None:
        """
        :raises OpenSSL.SSL.Error: a file cannot be read.
        """
        self.privateKeyFileName = privateKeyFileName
        self.certificateFileName = certificateFileName
        self.sslmethod = sslmethod
        self._contextFactory = _contextFactory
        # What is wrong with the files is to show now, and not at the first connection.
        self.cacheContext()

    def cacheContext(self) -> None:
        """Make the context, unless there is one."""
        if self._context is None:
            context = self._contextFactory(self.sslmethod)
            context.set_options(SSL.OP_NO_SSLv2)
            context.use_certificate_file(self.certificateFileName)
            context.use_privatekey_file(self.privateKeyFileName)
            self._context = context

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state.pop("_context", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state

    def getContext(self) -> Any:
        """The context."""
        self.cacheContext()
        return self._context


@implementer(interfaces.IOpenSSLContextFactory)
class ClientContextFactory:
    """A client's context, which checks nothing: :func:`optionsForClientTLS` does."""

    isClient = 1

    method = SSL.TLS_METHOD

    _contextFactory: Any = SSL.Context

    def getContext(self) -> Any:
        """A new context."""
        context = self._contextFactory(self.method)
        context.set_options(SSL.OP_NO_SSLv2 | SSL.OP_NO_SSLv3 | SSL.OP_NO_TLSv1 | SSL.OP_NO_TLSv1_1)
        return context


_implemented: Callable[[Any], Any] = implementedBy


# TLS cannot be started where it has been.
@implementer_only(
    interfaces.ISSLTransport,
    *(i for i in _implemented(tcp.Client) if i is not interfaces.ITLSTransport),
)
class Client(tcp.Client):
    """A TCP client's transport that begins with TLS; its :class:`Connector` sees to that."""

    def __init__(
        self,
        host: Any,
        port: Any,
        bindAddress: Any,
        ctxFactory: Any,
        connector: Any,
        reactor: Any = None,
    ) -> None:
        self.ctxFactory = ctxFactory
        tcp.Client.__init__(self, host, port, bindAddress, connector, reactor)

    def getPeerCertificate(self) -> Any:
        """The server's certificate; None before the connection is made."""
        return None  # startTLS puts another method in this one's place


class _BeginsWithTLS(Protocol):
    """Takes a protocol's place until it is connected, which it is once TLS has been started."""

    def __init__(self, protocol: Any, contextFactory: Any) -> None:
        self._protocol = protocol
        self._contextFactory = contextFactory

    def logPrefix(self) -> str:
        """The protocol's prefix."""
        return str(self._protocol.logPrefix())

    def makeConnection(self, transport: Any) -> None:
        """Start TLS, and step aside."""
        transport.protocol = self._protocol
        transport.startTLS(self._contextFactory)
        self._protocol.makeConnection(transport)


@implementer(interfaces.ISSLTransport)
class Server(tcp.Server):
    """A TCP server's transport that begins with TLS."""

    server: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        tcp.Server.__init__(self, *args, **kwargs)
        self.startTLS(self.server.ctxFactory)

    def getPeerCertificate(self) -> Any:
        """The client's certificate, or None."""
        return None  # startTLS puts another method in this one's place


class Port(tcp.Port):
    """A TCP port whose connections begin with TLS."""

    transport = Server
    _type = "TLS"

    def __init__(
        self,
        port: Any,
        factory: Any,
        ctxFactory: Any,
        backlog: int = 50,
        interface: str = "",
        reactor: Any = None,
    ) -> None:
        """
        :param ctxFactory: makes OpenSSL contexts.
        """
        tcp.Port.__init__(self, port, factory, backlog, interface, reactor)
        self.ctxFactory = ctxFactory

    def _getLogPrefix(self, factory: Any) -> str:
        return f"{tcp.Port._getLogPrefix(self, factory)} (TLS)"


class Connector(tcp.Connector):
    """Connects over TCP, and begins with TLS."""

    def __init__(
        self,
        host: Any,
        port: Any,
        factory: Any,
        contextFactory: Any,
        timeout: float,
        bindAddress: Any,
        reactor: Any = None,
    ) -> None:
        """
        :param contextFactory: makes OpenSSL contexts.
        """
        self.contextFactory = contextFactory
        tcp.Connector.__init__(self, host, port, factory, timeout, bindAddress, reactor)
        # A broken one is to show now, and not when the connection stands.
        contextFactory.getContext()

    def buildProtocol(self, addr: Any) -> Any:
        """What the factory builds, with TLS before it."""
        built = tcp.Connector.buildProtocol(self, addr)
        return None if built is None else _BeginsWithTLS(built, self.contextFactory)

    def _makeTransport(self) -> Client:
        return Client(
            self.host, self.port, self.bindAddress, self.contextFactory, self, self.reactor
        )


class _ProtocolNegotiationSupport(Flags):
    """Ways to agree on an application protocol."""

    NPN = FlagConstant(0x0001)
    ALPN = FlagConstant(0x0002)


_ProtocolNegotiationSupport.__name__ = "ProtocolNegotiationSupport"

_REASON = "All supported TLS backends provide ALPN. There is no need to check for support."


def protocolNegotiationMechanisms() -> Any:
    """ALPN; deprecated, since it is there always."""
    warn(
        f"{__name__}.protocolNegotiationMechanisms was deprecated in Twisted 26.10.0",
        DeprecationWarning,
        stacklevel=2,
    )
    return _ProtocolNegotiationSupport.ALPN


ProtocolNegotiationSupport: Any  # answered by __getattr__, which warns


def __getattr__(name: str) -> Any:
    if name == "ProtocolNegotiationSupport":
        warn(
            f"{__name__}.ProtocolNegotiationSupport was deprecated in Twisted 26.10.0: {_REASON}",
            DeprecationWarning,
            stacklevel=2,
        )
        return _ProtocolNegotiationSupport
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

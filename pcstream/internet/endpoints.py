"""Places to listen at and to connect to, as objects that can be passed about and described.

An endpoint knows where; the factory that it is given says what for.  ``listen`` and ``connect``
return Deferreds: of the port, of the connected protocol, or of what went wrong.
"""

from __future__ import annotations

from typing import Any

from ._endpoint_hostname import HostnameEndpoint
from ._endpoint_hostname import _SimpleHostnameResolver as _SimpleHostnameResolver
from ._endpoint_kinds import _parseServer as _parseServer
from ._endpoint_kinds import _StandardIOParser as _StandardIOParser
from ._endpoint_kinds import _SystemdParser as _SystemdParser
from ._endpoint_kinds import _TCP6ServerParser as _TCP6ServerParser
from ._endpoint_kinds import _TLSClientEndpointParser as _TLSClientEndpointParser
from ._endpoint_kinds import _TLSServerEndpointParser as _TLSServerEndpointParser
from ._endpoint_kinds import clientFromString, serverFromString
from ._endpoint_process import ProcessEndpoint, StandardErrorBehavior, StandardIOEndpoint
from ._endpoint_process import (
    _IProcessTransportWithConsumerAndProducer as _IProcessTransportWithConsumerAndProducer,
)
from ._endpoint_process import _ProcessEndpointTransport as _ProcessEndpointTransport
from ._endpoint_process import _WrapIProtocol as _WrapIProtocol
from ._endpoint_sockets import (
    AdoptedStreamServerEndpoint,
    SSL4ClientEndpoint,
    SSL4ServerEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
)
from ._endpoint_sockets import _TCPServerEndpoint as _TCPServerEndpoint
from ._endpoint_strings import _parse as _parse
from ._endpoint_strings import _tokenize as _tokenize
from ._endpoint_strings import quoteStringArgument as quoteStringArgument
from ._endpoint_tls import TLSServerEndpoint as _TLSServerEndpoint  # noqa: F401
from ._endpoint_tls import _loadCAsFromDir as _loadCAsFromDir
from ._endpoint_tls import _parseTrustRootPath as _parseTrustRootPath
from ._endpoint_tls import _privateCertFromPaths as _privateCertFromPaths
from ._endpoint_tls import wrapClientTLS, wrapServerTLS
from ._endpoint_wrapping import _WrapperEndpoint as _WrapperEndpoint
from ._endpoint_wrapping import _WrapperServerEndpoint as _WrapperServerEndpoint
from ._endpoint_wrapping import _WrappingFactory as _WrappingFactory
from ._endpoint_wrapping import _WrappingProtocol as _WrappingProtocol
from ._endpoint_wrapping import connectProtocol

__all__ = [
    "AdoptedStreamServerEndpoint",
    "HostnameEndpoint",
    "ProcessEndpoint",
    "SSL4ClientEndpoint",
    "SSL4ServerEndpoint",
    "StandardErrorBehavior",
    "StandardIOEndpoint",
    "TCP4ClientEndpoint",
    "TCP4ServerEndpoint",
    "TCP6ClientEndpoint",
    "TCP6ServerEndpoint",
    "UNIXClientEndpoint",
    "UNIXServerEndpoint",
    "clientFromString",
    "connectProtocol",
    "serverFromString",
    "wrapClientTLS",
    "wrapServerTLS",
]

# What Twisted code finds here as well, and what needs pyOpenSSL: imported when somebody asks.
_FOR_TLS = {"SNIConnectionCreator", "autoReloadingDirectoryOfPEMs"}


def __getattr__(name: str) -> Any:
    if name in _FOR_TLS:
        from ..protocols import _sni

        return getattr(_sni, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

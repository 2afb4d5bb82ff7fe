"""Places to listen at and to connect to, as objects that can be passed about and described.

An endpoint knows where; the factory that it is given says what for.  ``listen`` and ``connect``
return Deferreds: of the port, of the connected protocol, or of what went wrong.
"""

from __future__ import annotations

from typing import Any

from ._endpoint_hostname import HostnameEndpoint, _SimpleHostnameResolver  # noqa: F401
from ._endpoint_kinds import (  # noqa: F401
    _parseServer,
    _StandardIOParser,
    _SystemdParser,
    _TCP6ServerParser,
    _TLSClientEndpointParser,
    _TLSServerEndpointParser,
    clientFromString,
    serverFromString,
)
from ._endpoint_process import (  # noqa: F401
    ProcessEndpoint,
    StandardErrorBehavior,
    StandardIOEndpoint,
    _IProcessTransportWithConsumerAndProducer,
    _ProcessEndpointTransport,
    _WrapIProtocol,
)
from ._endpoint_sockets import (  # noqa: F401
    AdoptedStreamServerEndpoint,
    SSL4ClientEndpoint,
    SSL4ServerEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
    _TCPServerEndpoint,
)
from ._endpoint_strings import _parse, _tokenize  # noqa: F401
from ._endpoint_strings import quoteStringArgument as quoteStringArgument
from ._endpoint_tls import (  # noqa: F401
    _loadCAsFromDir,
    _parseTrustRootPath,
    _privateCertFromPaths,
    wrapClientTLS,
    wrapServerTLS,
)
from ._endpoint_tls import TLSServerEndpoint as _TLSServerEndpoint  # noqa: F401
from ._endpoint_wrapping import (  # noqa: F401
    _WrapperEndpoint,
    _WrapperServerEndpoint,
    _WrappingFactory,
    _WrappingProtocol,
    connectProtocol,
)

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

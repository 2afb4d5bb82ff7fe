"""TLS around other endpoints, and the endpoints of descriptions that begin with ssl or tls.

pyOpenSSL takes longer to import than all of the reactor: it is done when TLS is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zope.interface import implementer

from ._endpoint_hostname import HostnameEndpoint
from ._endpoint_sockets import BACKLOG, TIMEOUT_S, TCP4ServerEndpoint, TCP6ServerEndpoint
from ._endpoint_strings import Part, Shape, number
from ._endpoint_wrapping import _WrapperEndpoint
from ._starttls import HAS_TLS
from .abstract import isIPv6Address
from .defer import Deferred
from .interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    IReactorTime,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)

#: 443, https's.
TLS_PORT = 443


def _memory_bio_factory(*args: Any, **kwargs: Any) -> Any:
    """A ``TLSMemoryBIOFactory``."""
    from ..protocols import tls

    return tls.TLSMemoryBIOFactory(*args, **kwargs)


#: Makes a factory that puts TLS under another one's protocols; None without pyOpenSSL.
TLSMemoryBIOFactory: Any = _memory_bio_factory if HAS_TLS else None

_WITHOUT_TLS = "OpenSSL not available. Try `pip install pcstream[tls]`."


def wrapClientTLS(
    connectionCreator: IOpenSSLClientConnectionCreator,
    wrappedEndpoint: IStreamClientEndpoint,
    clock: IReactorTime | None = None,
) -> IStreamClientEndpoint:
    """An endpoint that connects as another one does, and begins TLS on the connection.

    Its Deferreds fire when the connection stands; the handshake comes afterwards.

    :param connectionCreator: as ``pcstream.internet.ssl.optionsForClientTLS`` makes it.
    :param clock: whose turns small writes are collected in; by default the reactor.
    :raises NotImplementedError: pyOpenSSL is not installed.
    """
    if TLSMemoryBIOFactory is None:
        raise NotImplementedError(_WITHOUT_TLS)
    return _WrapperEndpoint(
        wrappedEndpoint,
        lambda factory: TLSMemoryBIOFactory(connectionCreator, True, factory, clock),
    )


@implementer(IStreamServerEndpoint)
class TLSServerEndpoint:
    """Listens as another endpoint does, and begins TLS on each connection."""

    def __init__(
        self,
        endpoint: IStreamServerEndpoint,
        connectionCreator: Any,
        clock: IReactorTime | None = None,
    ) -> None:
        """
        :param connectionCreator: makes OpenSSL connections.
        :param clock: whose turns small writes are collected in; by default the reactor.
        """
        self.endpoint = endpoint
        self.connectionCreator = connectionCreator
        self.clock = clock

    def listen(self, factory: Any) -> Deferred[Any]:
        """Listen."""
        endpoint: Any = self.endpoint
        result: Deferred[Any] = endpoint.listen(
            TLSMemoryBIOFactory(self.connectionCreator, False, factory, self.clock)
        )
        return result


def wrapServerTLS(
    connectionCreator: IOpenSSLServerConnectionCreator,
    wrappedEndpoint: IStreamServerEndpoint,
    clock: IReactorTime | None = None,
) -> IStreamServerEndpoint:
    """An endpoint that listens as another one does, and begins TLS on each connection.

    :param connectionCreator: as ``pcstream.internet.ssl.CertificateOptions``.
    :param clock: whose turns small writes are collected in; by default the reactor.
    :raises NotImplementedError: pyOpenSSL is not installed.
    """
    if TLSMemoryBIOFactory is None:
        raise NotImplementedError(_WITHOUT_TLS)
    return TLSServerEndpoint(wrappedEndpoint, connectionCreator, clock)


def _ssl() -> Any:
    """``pcstream.internet.ssl``.

    :raises ImportError: what it needs is not installed.
    """
    if not HAS_TLS:
        raise ImportError("TLS needs pyOpenSSL: pip install 'pcstream[tls]'")
    from . import ssl

    return ssl


def _loadCAsFromDir(directoryPath: Any) -> Any:
    """Trust the authorities whose certificates are in the ``.pem`` files of a directory.

    Files that cannot be read are left out.

    :param directoryPath: a ``FilePath``.
    """
    ssl = _ssl()
    authorities: dict[Any, Any] = {}
    for child in directoryPath.children():
        if not child.basename().lower().endswith(".pem"):
            continue
        try:
            data = child.getContent()
        except OSError:
            continue
        certificate = ssl.Certificate.loadPEM(data)
        authorities.setdefault(certificate.digest(), certificate)
    return ssl.trustRootFromCertificates(authorities.values())


def _parseTrustRootPath(pathName: str | None) -> Any:
    """The trust root of a description; None for the system's own."""
    return None if pathName is None else _loadCAsFromDir(_file(pathName))


def _privateCertFromPaths(certificatePath: str | None, keyPath: str | None) -> Any:
    """Our certificate with its key, which is in the same file if there is no other."""
    if certificatePath is None:
        return None
    ssl = _ssl()
    certificate = Path(certificatePath).read_bytes()
    if keyPath is None:
        return ssl.PrivateCertificate.loadPEM(certificate)
    return ssl.PrivateCertificate.fromCertificateAndKeyPair(
        ssl.Certificate.loadPEM(certificate), ssl.KeyPair.load(Path(keyPath).read_bytes(), _pem())
    )


def _pem() -> int:
    from OpenSSL.crypto import FILETYPE_PEM

    return FILETYPE_PEM


def _chain(path: str) -> list[Any]:
    """The certificates in a file, in their order."""
    from cryptography.x509 import load_pem_x509_certificates
    from OpenSSL.crypto import X509

    try:
        return [
            X509.from_cryptography(certificate)
            for certificate in load_pem_x509_certificates(Path(path).read_bytes())
        ]
    except ValueError:
        raise ValueError(
            f"Specified chain file '{path}' doesn't contain any valid certificates in PEM format."
        )


def _method(name: str) -> Any:
    _ssl()
    from OpenSSL import SSL

    method = getattr(SSL, name, None)
    if not name.endswith("_METHOD") or method is None:
        known = sorted(word for word in dir(SSL) if word.endswith("_METHOD"))
        raise ValueError(f"{name!r} is none of {', '.join(known)}")
    return method


SSL_SERVER = Shape(
    "ssl",
    [
        Part("port", number),
        Part("privateKey", default="server.pem"),
        Part("certKey", default=None),
        Part("sslmethod", _method, None),
        Part("interface", default=""),
        Part("backlog", number, BACKLOG),
        Part("extraCertChain", default=None),
        Part("dhParameters", default=None),
    ],
)


def ssl_server_options(values: dict[str, Any]) -> Any:
    """The context factory of a server that is described by *values*."""
    ssl = _ssl()
    own = _privateCertFromPaths(values["certKey"] or values["privateKey"], values["privateKey"])
    options: dict[str, Any] = {}
    if values["extraCertChain"] is not None:
        options["extraCertChain"] = _chain(values["extraCertChain"])
    if values["dhParameters"] is not None:
        options["dhParameters"] = ssl.DiffieHellmanParameters.fromFile(
            _file(values["dhParameters"])
        )
    return ssl.CertificateOptions(
        method=values["sslmethod"],
        privateKey=own.privateKey.original,
        certificate=own.original,
        **options,
    )


def _file(path: str) -> Any:
    from ..python.filepath import FilePath

    return FilePath(path)


SSL_CLIENT = Shape(
    "ssl",
    [
        Part("host"),
        Part("port", number),
        Part("timeout", number, TIMEOUT_S),
        Part("bindAddress", lambda host: (host, 0), None),
        Part("certKey", default=None),
        Part("privateKey", default=None),
        Part("caCertsDir", default=None),
        Part("hostname", default=None),
    ],
    most_unnamed=2,
    fills_gaps=True,
)


def ssl_client_options(values: dict[str, Any]) -> Any:
    """The context factory of a client that is described by *values*."""
    ssl = _ssl()
    certificate = _privateCertFromPaths(values["certKey"], values["privateKey"])
    trust = _parseTrustRootPath(values["caCertsDir"])
    if values["hostname"] is not None:
        return ssl.optionsForClientTLS(
            values["hostname"], trustRoot=trust, clientCertificate=certificate
        )
    return ssl.CertificateOptions(
        trustRoot=trust,
        privateKey=None if certificate is None else certificate.privateKey.original,
        certificate=None if certificate is None else certificate.original,
    )


TLS_SERVER = Shape(
    "tls",
    [
        Part("path"),
        Part("port", number, TLS_PORT),
        Part("backlog", number, BACKLOG),
        Part("interface", default="::"),
    ],
)


def tls_server(reactor: Any, values: dict[str, Any]) -> Any:
    """The endpoint that is described by *values*; its certificates are found by server name."""
    _ssl()
    from ..protocols._sni import SNIConnectionCreator, autoReloadingDirectoryOfPEMs

    kind = TCP6ServerEndpoint if isIPv6Address(values["interface"]) else TCP4ServerEndpoint
    return wrapServerTLS(
        SNIConnectionCreator(autoReloadingDirectoryOfPEMs(_file(values["path"]))),
        kind(reactor, values["port"], values["backlog"], values["interface"]),
        clock=reactor if IReactorTime.providedBy(reactor) else None,
    )


TLS_CLIENT = Shape(
    "tls",
    [
        Part("host"),
        Part("port", number),
        Part("timeout", number, TIMEOUT_S),
        Part("bindAddress", default=None),
        Part("certificate", default=None),
        Part("privateKey", default=None),
        Part("trustRoots", default=None),
        Part("endpoint", default=None),
    ],
)


def tls_client(reactor: Any, values: dict[str, Any], from_string: Any) -> Any:
    """The endpoint that is described by *values*.

    :param from_string: makes the endpoint of a description, for one inside ours.
    """
    host = values["host"]
    options = _ssl().optionsForClientTLS(
        host,
        trustRoot=_parseTrustRootPath(values["trustRoots"]),
        clientCertificate=_privateCertFromPaths(values["certificate"], values["privateKey"]),
    )
    below: Any
    if values["endpoint"] is not None:
        below = from_string(reactor, values["endpoint"])
    else:
        below = HostnameEndpoint(
            reactor, host, values["port"], values["timeout"], values["bindAddress"]
        )
    return wrapClientTLS(
        options, below, clock=reactor if IReactorTime.providedBy(reactor) else None
    )

"""Clients that check who they speak with, and the names of all that TLS is configured with.

Twisted code imports these names from here and, better, from ``internet.ssl``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

from OpenSSL import SSL as SSL
from service_identity.exceptions import VerificationError as VerificationError
from service_identity.hazmat import DNS_ID, IPAddress_ID, ServiceID, verify_service_identity
from service_identity.pyopenssl import extract_patterns
from zope.interface import implementer

from ..python import log
from ..python.failure import Failure
from ._idna import _idnaBytes
from ._tls_certificates import CertBase as CertBase
from ._tls_certificates import Certificate as Certificate
from ._tls_certificates import IOpenSSLTrustRoot as IOpenSSLTrustRoot
from ._tls_certificates import OpenSSLCertificateAuthorities as OpenSSLCertificateAuthorities
from ._tls_certificates import OpenSSLDefaultPaths as OpenSSLDefaultPaths
from ._tls_certificates import PrivateCertificate as PrivateCertificate
from ._tls_certificates import trustRootFromCertificates as trustRootFromCertificates
from ._tls_ciphers import OpenSSLAcceptableCiphers as OpenSSLAcceptableCiphers
from ._tls_ciphers import OpenSSLCipher as OpenSSLCipher
from ._tls_ciphers import _expandCipherString as _expandCipherString
from ._tls_ciphers import _selectCiphers as _selectCiphers
from ._tls_ciphers import defaultCiphers as defaultCiphers
from ._tls_keys import CertificateRequest as CertificateRequest
from ._tls_keys import KeyPair as KeyPair
from ._tls_keys import PublicKey as PublicKey
from ._tls_names import DN as DN
from ._tls_names import DistinguishedName as DistinguishedName
from ._tls_options import OpenSSLCertificateOptions as OpenSSLCertificateOptions
from ._tls_options import OpenSSLDiffieHellmanParameters as OpenSSLDiffieHellmanParameters
from ._tls_options import TLSVersion as TLSVersion
from ._tls_options import _ChooseDiffieHellmanEllipticCurve as _ChooseDiffieHellmanEllipticCurve
from ._tls_options import _defaultCurveName as _defaultCurveName
from ._tls_options import _getExcludedTLSProtocols as _getExcludedTLSProtocols
from ._tls_options import protosFromProtocol as protosFromProtocol
from ._tls_options import setupForALPN as setupForALPN
from .abstract import isIPAddress, isIPv6Address
from .error import VerifyError as VerifyError
from .interfaces import ICipher as ICipher
from .interfaces import IOpenSSLClientConnectionCreator


def platformTrust() -> OpenSSLDefaultPaths:
    """The authorities that this system trusts."""
    return OpenSSLDefaultPaths()


def _check_identity(certificate: Any, hostIsDNS: bool, hostnameASCII: str) -> None:
    """Check that *certificate* is the host's.

    :raises VerificationError: it is another's, or there is none.
    """
    wanted: ServiceID = DNS_ID(hostnameASCII) if hostIsDNS else IPAddress_ID(hostnameASCII)
    verify_service_identity(
        cert_patterns=extract_patterns(certificate), obligatory_ids=[wanted], optional_ids=[]
    )


def _verifyCB(
    tlsProtocol: Any, hostIsDNS: bool, hostnameASCII: str
) -> Callable[[Any, Any, int, int, bool], bool]:
    """What OpenSSL calls for each certificate of the peer's chain.

    OpenSSL holds on to it out of the garbage collector's sight, so it does not hold on to the
    protocol.
    """
    protocol_of = ref(tlsProtocol)

    def verify(connection: Any, certificate: Any, error: int, depth: int, is_valid: bool) -> bool:
        if depth > 0:
            return bool(is_valid)  # not the peer's own certificate
        # Also where nobody trusts it: that it is another's is the better reason to give.
        try:
            _check_identity(certificate, hostIsDNS, hostnameASCII)
        except BaseException as e:
            # It cannot be raised through OpenSSL.
            reason = Failure()
            if not isinstance(e, VerificationError):
                log.err(reason, "while checking whose certificate it is")
            protocol = protocol_of()
            if protocol is not None:
                protocol.failVerification(reason)
            return False
        return bool(is_valid)

    return verify


@implementer(IOpenSSLClientConnectionCreator)
class ClientTLSOptions:
    """Makes connections to one host, which check that it is that host."""

    def __init__(
        self,
        createConnection: Callable[[Any], Any],
        hostname: str,
        sendServerName: bool | None = None,
    ) -> None:
        """
        :param createConnection: makes an OpenSSL connection.
        :param sendServerName: whether to tell the server which host is wanted (SNI); by default
            if it is a name, since addresses may not be sent (:rfc:`6066`, section 3).
        """
        self._createConnection = createConnection
        self._hostname = hostname
        self._hostnameIsDnsName = not (isIPAddress(hostname) or isIPv6Address(hostname))
        self._hostnameBytes = (
            _idnaBytes(hostname) if self._hostnameIsDnsName else hostname.encode("ascii")
        )
        self._hostnameASCII = self._hostnameBytes.decode("ascii")
        self._sendServerName = self._hostnameIsDnsName if sendServerName is None else sendServerName

    def clientConnectionForTLS(self, tlsProtocol: Any) -> Any:
        """An ``OpenSSL.SSL.Connection`` for *tlsProtocol*."""
        connection = self._createConnection(tlsProtocol)
        if self._sendServerName:
            connection.set_tlsext_host_name(self._hostnameBytes)
        connection.set_verify(
            connection.get_context().get_verify_mode(),
            _verifyCB(tlsProtocol, self._hostnameIsDnsName, self._hostnameASCII),
        )
        return connection


def optionsForClientTLS(
    hostname: str,
    trustRoot: Any = None,
    clientCertificate: PrivateCertificate | None = None,
    acceptableProtocols: Sequence[bytes] | None = None,
    *,
    extraCertificateOptions: dict[str, Any] | None = None,
    sendServerName: bool | None = None,
) -> IOpenSSLClientConnectionCreator:
    """The options of a client, which checks that the server is *hostname*.

    :param hostname: a name, or an address.
    :param trustRoot: whose certificates are believed; by default those that the system trusts.
    :param clientCertificate: ours, for servers that ask for one.
    :param acceptableProtocols: the application protocols, the most wanted first (ALPN).
    :param extraCertificateOptions: further arguments of ``CertificateOptions``.
    :param sendServerName: whether to tell the server which host is wanted; by default if it is a
        name.
    :raises TypeError: *hostname* is not text.
    """
    if trustRoot is None:
        trustRoot = platformTrust()
    if not isinstance(hostname, str):
        raise TypeError(
            f"optionsForClientTLS requires text for host names, not {hostname.__class__.__name__}"
        )
    more = dict(extraCertificateOptions or {})
    if clientCertificate is not None:
        more.update(
            privateKey=clientCertificate.privateKey.original,
            certificate=clientCertificate.original,
        )
    options = OpenSSLCertificateOptions(
        trustRoot=trustRoot, acceptableProtocols=acceptableProtocols, **more
    )
    return ClientTLSOptions(options._makeTLSConnection, hostname, sendServerName)

"""The options of TLS: a recipe for OpenSSL contexts, and the connections made with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import wraps
from inspect import signature
from typing import Any
from warnings import warn

from OpenSSL import SSL
from zope.interface import implementer

from ..python import log
from ..python._constants import NamedConstant, Names
from ..python.reflect import fullyQualifiedName
from ._tls_certificates import IOpenSSLTrustRoot, OpenSSLCertificateAuthorities, _hand_over
from ._tls_ciphers import _expandCipherString, defaultCiphers
from ._tls_keys import _warn_of_pickling
from .interfaces import (
    IAcceptableCiphers,
    IOpenSSLClientConnectionCreator,
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
    IProtocolNegotiationFactory,
)

# How many certificates may stand between the peer's and one that is trusted.
_VERIFY_DEPTH = 9

_defaultCurveName = "prime256v1"


class TLSVersion(Names):
    """The versions of TLS, the oldest first."""

    SSLv3 = NamedConstant()
    TLSv1_0 = NamedConstant()
    TLSv1_1 = NamedConstant()
    TLSv1_2 = NamedConstant()
    TLSv1_3 = NamedConstant()


_tlsDisableFlags: dict[Any, int] = {
    TLSVersion.SSLv3: SSL.OP_NO_SSLv3,
    TLSVersion.TLSv1_0: SSL.OP_NO_TLSv1,
    TLSVersion.TLSv1_1: SSL.OP_NO_TLSv1_1,
    TLSVersion.TLSv1_2: SSL.OP_NO_TLSv1_2,
    TLSVersion.TLSv1_3: SSL.OP_NO_TLSv1_3,
}


def _getExcludedTLSProtocols(oldest: Any, newest: Any) -> list[Any]:
    """The versions older than *oldest* or newer than *newest*, where None is no limit."""
    return [
        version
        for version in TLSVersion.iterconstants()
        if (oldest is not None and version < oldest) or (newest is not None and version > newest)
    ]


def _exclusive(*pairs: tuple[str, str]) -> Callable[[Any], Any]:
    """Refuse calls that pass both of a pair of arguments, whatever their values are."""

    def decorate(function: Any) -> Any:
        takes = signature(function)

        @wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            passed = takes.bind(*args, **kwargs).arguments
            for one, other in pairs:
                if one in passed and other in passed:
                    raise TypeError(
                        f"The {one!r} and {other!r} arguments to {fullyQualifiedName(function)} "
                        "are mutually exclusive."
                    )
            return function(*args, **kwargs)

        return checked

    return decorate


class OpenSSLDiffieHellmanParameters:
    """Parameters of a key exchange, for peers that cannot do it on elliptic curves."""

    def __init__(self, parameters: Any) -> None:
        """
        :param parameters: the path of a file with them, made by ``openssl dhparam``.
        """
        self._dhFile = parameters

    @classmethod
    def fromFile(cls, filePath: Any) -> OpenSSLDiffieHellmanParameters:
        """Those in a file.

        :param filePath: a path, or a ``FilePath``.
        """
        return cls(filePath)


class _ChooseDiffieHellmanEllipticCurve:
    """Switches on the key exchange on elliptic curves, which OpenSSL before 1.1.0 has switched off.

    That it is there is not to be relied on, so what goes wrong is not an error.
    """

    def __init__(self, openSSLVersion: int, openSSLlib: Any, openSSLcrypto: Any) -> None:
        self._lib = openSSLlib
        self._crypto = openSSLcrypto
        if openSSLVersion >= 0x10100000:
            self.configureECDHCurve = self._configureOpenSSL110
        elif openSSLVersion >= 0x10002000:
            self.configureECDHCurve = self._configureOpenSSL102
        else:
            self.configureECDHCurve = self._configureOpenSSL101

    def _configureOpenSSL110(self, ctx: Any) -> None:
        """It is on already."""

    def _configureOpenSSL102(self, ctx: Any) -> None:
        try:
            self._lib.SSL_CTX_set_ecdh_auto(ctx._context, True)
        except BaseException:
            pass

    def _configureOpenSSL101(self, ctx: Any) -> None:
        try:
            ctx.set_tmp_ecdh(self._crypto.get_elliptic_curve(_defaultCurveName))
        except BaseException:
            pass


def protosFromProtocol(tlsProto: Any, acceptableProtocols: Sequence[bytes]) -> Sequence[bytes]:
    """The application protocols to offer: the factory's own, if it says, or the given ones."""
    wrapped = getattr(getattr(tlsProto, "factory", None), "wrappedFactory", None)
    if IProtocolNegotiationFactory.providedBy(wrapped):
        own: Sequence[bytes] = wrapped.acceptableProtocols()
        return own
    return acceptableProtocols


def setupForALPN(context: Any, acceptableProtocols: Sequence[bytes]) -> None:
    """Have servers choose an application protocol (:rfc:`7301`), by their own preference."""

    def alpnSelect(connection: Any, offered: list[bytes]) -> Any:
        ours = protosFromProtocol(connection.get_app_data(), acceptableProtocols)
        if not ours:
            return SSL.NO_OVERLAPPING_PROTOCOLS  # as if there were no such thing
        for protocol in ours:
            if protocol in offered:
                return protocol
        # Section 3.2: the handshake has to fail. pyOpenSSL sends the alert and raises this again
        # where the handshake was asked to go on.
        raise SSL.Error([("SSL routines", "", "no application protocol")])

    context.set_alpn_select_callback(alpnSelect)


def _switch_context_by_name(context: Any, lookup: Callable[[bytes | None], Any]) -> None:
    """Have servers look for the context that belongs to the name the client asks for."""

    def chosen(connection: Any) -> None:
        try:
            replacement = lookup(connection.get_servername())
            if replacement is not None:
                connection.set_context(replacement)
        except BaseException:
            # It cannot be raised through OpenSSL.
            log.err(None, "while looking for the certificate of a server's name")
            connection.get_app_data().abortConnection()

    context.set_tlsext_servername_callback(chosen)


@implementer(
    IOpenSSLServerConnectionCreator, IOpenSSLClientConnectionCreator, IOpenSSLContextFactory
)
class OpenSSLCertificateOptions:
    """The options of TLS, for either side.

    As a client's they check a certificate's signatures, but not whose it is:
    ``optionsForClientTLS`` does.
    """

    _contextFactory: Any = SSL.Context
    _context: Any = None

    _OP_NO_TLSv1_3 = SSL.OP_NO_TLSv1_3

    _defaultMinimumTLSVersion = TLSVersion.TLSv1_2

    @_exclusive(
        ("trustRoot", "requireCertificate"),
        ("trustRoot", "verify"),
        ("trustRoot", "caCerts"),
        ("method", "insecurelyLowerMinimumTo"),
        ("method", "raiseMinimumTo"),
        ("raiseMinimumTo", "insecurelyLowerMinimumTo"),
        ("method", "lowerMaximumSecurityTo"),
    )
    def __init__(
        self,
        privateKey: Any = None,
        certificate: Any = None,
        method: int | None = None,
        verify: bool = False,
        caCerts: list[Any] | None = None,
        verifyDepth: int = _VERIFY_DEPTH,
        requireCertificate: bool = True,
        verifyOnce: bool = True,
        enableSingleUseKeys: bool = True,
        enableSessions: bool = False,
        fixBrokenPeers: bool = False,
        enableSessionTickets: bool = False,
        extraCertChain: list[Any] | None = None,
        acceptableCiphers: IAcceptableCiphers | None = None,
        dhParameters: OpenSSLDiffieHellmanParameters | None = None,
        trustRoot: Any = None,
        acceptableProtocols: Sequence[bytes] | None = None,
        raiseMinimumTo: Any = None,
        insecurelyLowerMinimumTo: Any = None,
        lowerMaximumSecurityTo: Any = None,
        contextForServerName: Callable[[bytes | None], Any] | None = None,
    ) -> None:
        """
        :param privateKey: our key (``OpenSSL.crypto.PKey``).
        :param certificate: our certificate (``OpenSSL.crypto.X509``).
        :param method: an OpenSSL method; deprecated.
        :param verify: whether the peer's certificate has to be issued by one of *caCerts*; with
            *trustRoot* it always has.
        :param caCerts: see *verify*.
        :param verifyDepth: how long a chain of certificates may be.
        :param requireCertificate: whether a peer without a certificate is refused, if *verify*.
        :param verifyOnce: not again when keys are renegotiated.
        :param enableSingleUseKeys: a new key for each key exchange.
        :param enableSessions: let sessions be resumed.
        :param fixBrokenPeers: work round peers' defects, as far as OpenSSL does.
        :param enableSessionTickets: let sessions be resumed by tickets (:rfc:`5077`).
        :param extraCertChain: the certificates between ours and a trusted one, ours' issuer first.
        :param acceptableCiphers: by default those that are safe.
        :param dhParameters: for the key exchange with peers that have no elliptic curves.
        :param trustRoot: whose certificates are believed: an ``IOpenSSLTrustRoot``, or what can be
            adapted to it, as a ``Certificate`` can.
        :param acceptableProtocols: the application protocols, the most wanted first (ALPN).
        :param raiseMinimumTo: the oldest version of TLS to speak; one that is older than the
            default counts for nothing.
        :param insecurelyLowerMinimumTo: the oldest version of TLS to speak.
        :param lowerMaximumSecurityTo: the newest version of TLS to speak.
        :param contextForServerName: finds another context for the name that a client asks for,
            None if it does not say; None to stay with this one.
        :raises TypeError: arguments that exclude each other.
        :raises ValueError: arguments that need each other, or a cipher that is not there.
        """
        if (privateKey is None) != (certificate is None):
            if extraCertChain is None:
                raise ValueError("Specify neither or both of privateKey and certificate")
        if extraCertChain is not None and (privateKey is None or certificate is None):
            raise ValueError(
                "A private key and a certificate are required "
                "when adding a supplemental certificate chain."
            )
        if verify and not caCerts:
            raise ValueError(
                "Specify client CA certificate information if and "
                "only if enabling certificate verification"
            )
        self.privateKey = privateKey
        self.certificate = certificate
        self.extraCertChain = [] if extraCertChain is None else extraCertChain
        self._options: int = (
            SSL.OP_NO_SSLv2 | SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE
        )
        self._mode: int = SSL.MODE_RELEASE_BUFFERS
        if method is None:
            self.method = SSL.TLS_METHOD
            oldest = self._oldest(raiseMinimumTo, insecurelyLowerMinimumTo, lowerMaximumSecurityTo)
            for version in _getExcludedTLSProtocols(oldest, lowerMaximumSecurityTo):
                self._options |= _tlsDisableFlags[version]
        else:
            warn(
                "Passing method to pcstream.internet.ssl.CertificateOptions was deprecated in "
                "Twisted 17.1.0. Please use a combination of insecurelyLowerMinimumTo, "
                "raiseMinimumTo, and lowerMaximumSecurityTo instead, as Twisted will correctly "
                "configure the method.",
                DeprecationWarning,
                stacklevel=3,
            )
            self.method = method
        self.verify = verify
        self.caCerts = caCerts
        self.verifyDepth = verifyDepth
        self.requireCertificate = requireCertificate
        self.verifyOnce = verifyOnce
        self.enableSingleUseKeys = enableSingleUseKeys
        if enableSingleUseKeys:
            self._options |= SSL.OP_SINGLE_DH_USE | SSL.OP_SINGLE_ECDH_USE
        self.enableSessions = enableSessions
        self.fixBrokenPeers = fixBrokenPeers
        if fixBrokenPeers:
            self._options |= SSL.OP_ALL
        self.enableSessionTickets = enableSessionTickets
        if not enableSessionTickets:
            self._options |= SSL.OP_NO_TICKET
        self.dhParameters = dhParameters
        ciphers: Any = defaultCiphers if acceptableCiphers is None else acceptableCiphers
        self._cipherString = ":".join(
            cipher.fullName
            for cipher in ciphers.selectCiphers(
                _expandCipherString("ALL", self.method, self._options)
            )
        )
        if not self._cipherString:
            raise ValueError(
                "Supplied IAcceptableCiphers yielded no usable ciphers on this platform."
            )
        self.trustRoot: Any = None
        if trustRoot is not None:
            self.verify = True
            self.trustRoot = IOpenSSLTrustRoot(trustRoot)
        elif verify:
            self.trustRoot = OpenSSLCertificateAuthorities(caCerts or ())
        self._acceptableProtocols: Sequence[bytes] = acceptableProtocols or ()
        self._contextForServerName = contextForServerName

    def _oldest(self, at_least: Any, insecurely: Any, newest: Any) -> Any:
        """The oldest version to speak.

        :raises ValueError: it is newer than *newest*.
        """
        for word, oldest in (
            ("raiseMinimumTo", at_least),
            ("insecurelyLowerMinimumTo", insecurely),
        ):
            if oldest is not None and newest is not None and oldest > newest:
                raise ValueError(f"{word} needs to be lower than lowerMaximumSecurityTo")
        if insecurely is not None:
            return insecurely
        usual: Any = self._defaultMinimumTLSVersion
        if at_least is not None:
            return max(at_least, usual)
        return usual if newest is None else min(usual, newest)

    def __getstate__(self) -> dict[str, Any]:
        _warn_of_pickling(self.__getstate__)
        state = self.__dict__.copy()
        state.pop("_context", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        _warn_of_pickling(self.__setstate__)
        self.__dict__ = state

    def getContext(self) -> Any:
        """An ``OpenSSL.SSL.Context`` with these options, always the same one."""
        if self._context is None:
            self._context = self._makeContext()
        return self._context

    def serverConnectionForTLS(self, protocol: Any) -> Any:
        """An ``OpenSSL.SSL.Connection`` for a server."""
        return self._makeTLSConnection(protocol)

    def clientConnectionForTLS(self, protocol: Any) -> Any:
        """An ``OpenSSL.SSL.Connection`` for a client."""
        return self._makeTLSConnection(protocol)

    def _makeTLSConnection(self, protocol: Any) -> Any:
        connection = SSL.Connection(self.getContext(), None)
        offered = protosFromProtocol(protocol, self._acceptableProtocols)
        if offered:
            connection.set_alpn_protos(list(offered))
        return connection

    def _makeContext(self, skipCiphers: bool = False) -> Any:
        context = self._contextFactory(self.method)
        context.set_options(self._options)
        context.set_mode(self._mode)
        if self.certificate is not None and self.privateKey is not None:
            _hand_over(context.use_certificate, self.certificate)
            _hand_over(context.use_privatekey, self.privateKey)
            for certificate in self.extraCertChain:
                _hand_over(context.add_extra_chain_cert, certificate)
            context.check_privatekey()
        verify = SSL.VERIFY_NONE
        if self.verify:
            verify = SSL.VERIFY_PEER
            if self.requireCertificate:
                verify |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
            if self.verifyOnce:
                verify |= SSL.VERIFY_CLIENT_ONCE
            self.trustRoot._addCACertsToContext(context)
        context.set_verify(verify)
        if self.verifyDepth is not None:
            context.set_verify_depth(self.verifyDepth)
        # Without a name of its own a context refuses to resume sessions (SSL_CTX_set_session_id_
        # context(3)); one for all would let sessions be carried from one context to another.
        context.set_session_id(os.urandom(16).hex().encode("ascii"))
        context.set_session_cache_mode(
            SSL.SESS_CACHE_SERVER if self.enableSessions else SSL.SESS_CACHE_OFF
        )
        if self.dhParameters is not None:
            where = self.dhParameters._dhFile
            context.load_tmp_dh(getattr(where, "path", where))
        if self._contextForServerName is not None:
            _switch_context_by_name(context, self._contextForServerName)
        setupForALPN(context, self._acceptableProtocols)
        if not skipCiphers:
            context.set_cipher_list(self._cipherString.encode("ascii"))
        return context

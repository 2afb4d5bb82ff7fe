"""Certificates, ours and other people's, and which of them are trusted."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

from OpenSSL import SSL, crypto
from zope.interface import Interface, implementer

from ._tls_keys import CertificateRequest, KeyPair, PublicKey
from ._tls_names import DistinguishedName
from .error import CertificateError, VerifyError


class IOpenSSLTrustRoot(Interface):
    """Whose certificates are believed."""

    def _addCACertsToContext(context: SSL.Context) -> None:
        """Tell *context*."""


def _hand_over(take: Callable[[Any], Any], certificate: Any) -> None:
    """Call a method of a context with a certificate of pyOpenSSL's.

    pyOpenSSL has come to deprecate its own class there. Who has given us one of them, and asks for
    it again, shall get it as long as it works, and is not to be warned of what we do.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Passing pyOpenSSL", DeprecationWarning)
        take(certificate)


@implementer(IOpenSSLTrustRoot)
class OpenSSLCertificateAuthorities:
    """These authorities are believed, and no others."""

    def __init__(self, caCerts: Iterable[crypto.X509]) -> None:
        self._caCerts = list(caCerts)

    def _addCACertsToContext(self, context: SSL.Context) -> None:
        store = context.get_cert_store()
        assert store is not None
        for certificate in self._caCerts:
            _hand_over(store.add_cert, certificate)


@implementer(IOpenSSLTrustRoot)
class OpenSSLDefaultPaths:
    """Those are believed that OpenSSL was built, or told by ``SSL_CERT_FILE``, to believe."""

    def _addCACertsToContext(self, context: SSL.Context) -> None:
        context.set_default_verify_paths()


class CertBase:
    """What certificates have in common.

    :ivar original: pyOpenSSL's certificate.
    """

    def __init__(self, original: crypto.X509) -> None:
        self.original = original

    def getSubject(self) -> DistinguishedName:
        """Who it is about."""
        return DistinguishedName._of(self.original.to_cryptography().subject)

    def __conform__(self, interface: Any) -> Any:
        """As a trust root: itself alone."""
        if interface is IOpenSSLTrustRoot:
            return OpenSSLCertificateAuthorities([self.original])
        return None


def _of_transport(Class: Any, transport: Any, methodName: str) -> Any:
    """The certificate of one end of *transport*.

    :raises CertificateError: there is none.
    """
    ask = getattr(transport.getHandle(), f"get_{methodName}_certificate", None)
    if ask is None:
        raise CertificateError(
            f"non-TLS transport {transport!r} did not have {methodName} certificate"
        )
    certificate = ask()
    if certificate is None:
        raise CertificateError(f"TLS transport {transport!r} did not have {methodName} certificate")
    return Class(certificate)


class Certificate(CertBase):
    """A certificate."""

    def __repr__(self) -> str:
        shown = [
            repr(name["commonName"]) if "commonName" in name else ""
            for name in (self.getSubject(), self.getIssuer())
        ]
        return f"<{self.__class__.__name__} Subject={shown[0]} Issuer={shown[1]}>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Certificate):
            return self.dump() == other.dump()
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def load(
        cls, requestData: Any, format: int = crypto.FILETYPE_ASN1, args: tuple[Any, ...] = ()
    ) -> Any:
        """Read a certificate.

        :param args: what the class takes beside it.
        :raises OpenSSL.crypto.Error: that is none.
        """
        return cls(crypto.load_certificate(format, requestData), *args)

    _load = load

    def dumpPEM(self) -> bytes:
        """The certificate as text in bytes."""
        return self.dump(crypto.FILETYPE_PEM)

    @classmethod
    def loadPEM(cls, data: Any) -> Any:
        """Read a certificate from text."""
        return cls.load(data, crypto.FILETYPE_PEM)

    @classmethod
    def peerFromTransport(cls, transport: Any) -> Any:
        """The other side's.

        :raises CertificateError: there is none, or it is no TLS transport.
        """
        return _of_transport(cls, transport, "peer")

    @classmethod
    def hostFromTransport(cls, transport: Any) -> Any:
        """This side's.

        :raises CertificateError: there is none, or it is no TLS transport.
        """
        return _of_transport(cls, transport, "host")

    def getPublicKey(self) -> PublicKey:
        """The key that it is about."""
        return PublicKey(self.original.get_pubkey())

    def dump(self, format: int = crypto.FILETYPE_ASN1) -> bytes:
        """The certificate as bytes."""
        return crypto.dump_certificate(format, self.original)

    def serialNumber(self) -> int:
        """The number by which its issuer knows it."""
        return self.original.get_serial_number()

    def digest(self, method: str = "md5") -> bytes:
        """Its fingerprint, in hexadecimal with colons.

        :param method: the name of a hash function.
        :raises ValueError: there is no such function.
        """
        return self.original.digest(method)

    def _inspect(self) -> str:
        return "\n".join(
            [
                "Certificate For Subject:",
                self.getSubject().inspect(),
                "\nIssuer:",
                self.getIssuer().inspect(),
                f"\nSerial Number: {self.serialNumber()}",
                f"Digest: {self.digest().decode('ascii')}",
            ]
        )

    def inspect(self) -> str:
        """Some lines about it, for people."""
        return f"{self._inspect()}\n{self.getPublicKey().inspect()}"

    def getIssuer(self) -> DistinguishedName:
        """Who has issued it."""
        return DistinguishedName._of(self.original.to_cryptography().issuer)

    def options(self, *authorities: Any) -> Any:
        """Without the key there are none.

        :raises NotImplementedError: always.
        """
        raise NotImplementedError("Possible, but doubtful we need this yet")


class PrivateCertificate(Certificate):
    """A certificate of ours, with its key.

    :ivar privateKey: the key.
    """

    privateKey: KeyPair

    def __repr__(self) -> str:
        return f"{super().__repr__()} with {self.privateKey!r}"

    def _setPrivateKey(self, privateKey: KeyPair) -> PrivateCertificate:
        if not privateKey.matches(self.getPublicKey()):
            raise VerifyError("Certificate public and private keys do not match.")
        self.privateKey = privateKey
        return self

    def newCertificate(self, newCertData: bytes, format: int = crypto.FILETYPE_ASN1) -> Any:
        """Read another certificate for the same key."""
        return self.load(newCertData, self.privateKey, format)

    @classmethod
    def load(  # type: ignore[override]
        cls, data: bytes, privateKey: KeyPair, format: int = crypto.FILETYPE_ASN1
    ) -> Any:
        """Read a certificate for a key.

        :raises VerifyError: it is for another.
        """
        return cls(crypto.load_certificate(format, data))._setPrivateKey(privateKey)

    def inspect(self) -> str:
        """Some lines about it, for people."""
        return f"{self._inspect()}\n{self.privateKey.inspect()}"

    def dumpPEM(self) -> bytes:
        """Certificate and key, not encrypted, as text in bytes."""
        return self.dump(crypto.FILETYPE_PEM) + self.privateKey.dump(crypto.FILETYPE_PEM)

    @classmethod
    def loadPEM(cls, data: bytes) -> Any:
        """Read certificate and key from text that has both.

        :raises VerifyError: they do not belong together.
        """
        return cls.load(data, KeyPair.load(data, crypto.FILETYPE_PEM), crypto.FILETYPE_PEM)

    @classmethod
    def fromCertificateAndKeyPair(
        cls, certificateInstance: Certificate, privateKey: KeyPair
    ) -> PrivateCertificate:
        """Put the two together.

        :raises VerifyError: they do not belong together.
        """
        return cls(certificateInstance.original)._setPrivateKey(privateKey)

    def options(self, *authorities: Certificate) -> Any:
        """Options of TLS with this certificate.

        :param authorities: by whom the other side's certificate has to be issued; without any it
            need not have one.
        """
        from ._tls_options import OpenSSLCertificateOptions

        more: dict[str, Any] = {}
        if authorities:
            more["trustRoot"] = OpenSSLCertificateAuthorities(
                authority.original for authority in authorities
            )
        return OpenSSLCertificateOptions(
            privateKey=self.privateKey.original, certificate=self.original, **more
        )

    def certificateRequest(
        self, format: int = crypto.FILETYPE_ASN1, digestAlgorithm: str = "sha256"
    ) -> bytes:
        """Ask for another certificate of the same name and key."""
        return self.privateKey.certificateRequest(self.getSubject(), format, digestAlgorithm)

    def signCertificateRequest(
        self,
        requestData: bytes,
        verifyDNCallback: Callable[[DistinguishedName], Any],
        serialNumber: int,
        requestFormat: int = crypto.FILETYPE_ASN1,
        certificateFormat: int = crypto.FILETYPE_ASN1,
    ) -> Any:
        """Issue a certificate; see :meth:`KeyPair.signCertificateRequest`."""
        return self.privateKey.signCertificateRequest(
            self.getSubject(),
            requestData,
            verifyDNCallback,
            serialNumber,
            requestFormat,
            certificateFormat,
        )

    def signRequestObject(
        self,
        certificateRequest: CertificateRequest,
        serialNumber: int,
        secondsToExpiry: int = 60 * 60 * 24 * 365,
        digestAlgorithm: str = "sha256",
    ) -> Certificate:
        """Issue a certificate; see :meth:`KeyPair.signRequestObject`."""
        signed: Certificate = self.privateKey.signRequestObject(
            self.getSubject(), certificateRequest, serialNumber, secondsToExpiry, digestAlgorithm
        )
        return signed


def trustRootFromCertificates(certificates: Iterable[CertBase]) -> OpenSSLCertificateAuthorities:
    """Believe what has been issued with these certificates.

    :raises TypeError: something among them is none.
    """
    originals = []
    for certificate in certificates:
        if not isinstance(certificate, CertBase):
            raise TypeError("certificates items must be pcstream.internet.ssl.CertBase instances")
        originals.append(certificate.original)
    return OpenSSLCertificateAuthorities(originals)

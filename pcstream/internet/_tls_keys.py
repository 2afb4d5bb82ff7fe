"""Keys, requests for certificates, and signing them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from hashlib import md5
from typing import Any
from warnings import warn

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from OpenSSL import crypto

from ..python.reflect import fullyQualifiedName
from . import _x509_version1
from ._tls_names import DistinguishedName
from .defer import Deferred
from .error import VerifyError

_YEAR_S = 60 * 60 * 24 * 365

# The public exponent that everybody uses (NIST SP 800-56B).
_RSA_EXPONENT = 65537

_ENCODINGS = {crypto.FILETYPE_ASN1: Encoding.DER, crypto.FILETYPE_PEM: Encoding.PEM}

_digestAlgorithms: dict[str, type[hashes.HashAlgorithm]] = {
    "md5": hashes.MD5,
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


def _encoding(format: Any) -> Encoding:
    try:
        return _ENCODINGS[format]
    except (KeyError, TypeError):
        raise ValueError(f"{format!r} is neither FILETYPE_ASN1 nor FILETYPE_PEM")


def _algorithm(name: str) -> hashes.HashAlgorithm:
    try:
        return _digestAlgorithms[name.lower()]()
    except KeyError:
        raise ValueError(f"{name!r} is none of {', '.join(_digestAlgorithms)}")


def _warn_of_pickling(method: Any) -> None:
    warn(
        f"{fullyQualifiedName(method)} was deprecated in Twisted 15.0.0; "
        "please use a real persistence system instead",
        DeprecationWarning,
        stacklevel=3,
    )


class CertificateRequest:
    """A request that an authority may make a certificate of.

    :ivar original: the ``cryptography`` package's request.
    """

    def __init__(self, original: x509.CertificateSigningRequest) -> None:
        self.original = original

    @classmethod
    def load(
        cls, requestData: bytes, requestFormat: int = crypto.FILETYPE_ASN1
    ) -> CertificateRequest:
        """Read a request.

        :raises VerifyError: whoever made it has not signed it.
        :raises ValueError: that is no request.
        """
        if _encoding(requestFormat) is Encoding.PEM:
            request = x509.load_pem_x509_csr(requestData)
        else:
            request = x509.load_der_x509_csr(requestData)
        made = cls(request)
        if not request.is_signature_valid:
            raise VerifyError(f"Can't verify that request {made!r} is self-signed.")
        return made

    def getSubject(self) -> DistinguishedName:
        """Who it is about.

        :raises ValueError: by a field that is not known here.
        """
        return DistinguishedName._of(self.original.subject, strict=True)

    def dump(self, format: int = crypto.FILETYPE_ASN1) -> bytes:
        """The request as bytes.

        :raises ValueError: the format is unknown.
        """
        return self.original.public_bytes(_encoding(format))


class PublicKey:
    """The public half of a key.

    :ivar original: pyOpenSSL's key.
    """

    def __init__(self, osslpkey: crypto.PKey) -> None:
        self.original = osslpkey

    def matches(self, otherKey: PublicKey) -> bool:
        """Whether both have the same public half."""
        return self._public_bytes() == otherKey._public_bytes()

    def _public_bytes(self) -> bytes:
        key: Any = self.original.to_cryptography_key()
        public = key.public_key() if hasattr(key, "public_key") else key
        packed: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return packed

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__} {self.keyHash()}>"

    def keyHash(self) -> str:
        """A short name for the key: MD5 in hexadecimal, not to be relied on for security."""
        return md5(self._public_bytes(), usedforsecurity=False).hexdigest()

    def inspect(self) -> str:
        """A line about it, for people."""
        return f"Public Key with Hash: {self.keyHash()}"


class KeyPair(PublicKey):
    """A private key, and with it the public one."""

    #: what :attr:`original` was when it was converted last, which takes 40 ms, and what it became
    _converted: tuple[crypto.PKey | None, Any] = (None, None)

    def _key(self) -> Any:
        if self._converted[0] is not self.original:
            self._converted = (self.original, self.original.to_cryptography_key())
        return self._converted[1]

    @classmethod
    def load(cls, data: bytes, format: int = crypto.FILETYPE_ASN1) -> KeyPair:
        """Read a key.

        :raises OpenSSL.crypto.Error: that is no key.
        """
        return cls(crypto.load_privatekey(format, data))

    def dump(self, format: int = crypto.FILETYPE_ASN1) -> bytes:
        """The key as bytes, not encrypted.

        :raises ValueError: the format is unknown.
        """
        encoding = _encoding(format)
        is_pem = encoding is Encoding.PEM
        key: Any = self._key()
        packed: bytes = key.private_bytes(
            encoding,
            PrivateFormat.PKCS8 if is_pem else PrivateFormat.TraditionalOpenSSL,
            NoEncryption(),
        )
        return packed

    def __getstate__(self) -> bytes:
        _warn_of_pickling(self.__getstate__)
        return self.dump()

    def __setstate__(self, state: bytes) -> None:
        _warn_of_pickling(self.__setstate__)
        self.original = crypto.load_privatekey(crypto.FILETYPE_ASN1, state)

    def inspect(self) -> str:
        """A line about it, for people."""
        kind = type(self._key()).__name__
        for word in ("RSA", "DSA", "EllipticCurve", "Ed25519", "Ed448"):
            if word in kind:
                kind = word
                break
        return f"{self.original.bits()}-bit {kind} Key Pair with Hash: {self.keyHash()}"

    @classmethod
    def generate(cls, kind: int = crypto.TYPE_RSA, size: int = 2048) -> KeyPair:
        """Make a new key.

        :param kind: ``OpenSSL.crypto.TYPE_RSA`` or ``TYPE_DSA``.
        :param size: bits.
        """
        key: Any
        if kind == crypto.TYPE_RSA:
            key = rsa.generate_private_key(_RSA_EXPONENT, size)
        elif kind == crypto.TYPE_DSA:
            key = dsa.generate_private_key(size)
        else:
            raise ValueError(f"{kind!r} is neither TYPE_RSA nor TYPE_DSA")
        made = cls(crypto.PKey.from_cryptography_key(key))
        made._converted = (made.original, key)
        return made

    def newCertificate(self, newCertData: bytes, format: int = crypto.FILETYPE_ASN1) -> Any:
        """Read a certificate for this key; a ``PrivateCertificate``."""
        from ._tls_certificates import PrivateCertificate

        return PrivateCertificate.load(newCertData, self, format)

    def requestObject(
        self, distinguishedName: DistinguishedName, digestAlgorithm: str = "sha256"
    ) -> CertificateRequest:
        """Ask for a certificate that says that this key is *distinguishedName*'s."""
        builder: Any = x509.CertificateSigningRequestBuilder().subject_name(
            distinguishedName._name()
        )
        key: Any = self._key()
        return CertificateRequest(builder.sign(key, _algorithm(digestAlgorithm)))

    def certificateRequest(
        self,
        distinguishedName: DistinguishedName,
        format: int = crypto.FILETYPE_ASN1,
        digestAlgorithm: str = "sha256",
    ) -> bytes:
        """The same, as bytes."""
        return self.requestObject(distinguishedName, digestAlgorithm).dump(format)

    def signCertificateRequest(
        self,
        issuerDistinguishedName: DistinguishedName,
        requestData: bytes,
        verifyDNCallback: Callable[[DistinguishedName], Any],
        serialNumber: int,
        requestFormat: int = crypto.FILETYPE_ASN1,
        certificateFormat: int = crypto.FILETYPE_ASN1,
        secondsToExpiry: int = _YEAR_S,
        digestAlgorithm: str = "sha256",
    ) -> Any:
        """Make a certificate of a request, if *verifyDNCallback* agrees.

        :param verifyDNCallback: called with the name; a Deferred of its answer will do.
        :returns: the certificate as bytes, or a Deferred of them.
        :raises VerifyError: it does not agree, or the request is not signed.
        """
        request = CertificateRequest.load(requestData, requestFormat)
        name = request.getSubject()
        answer = verifyDNCallback(name)

        def verified(is_right: Any) -> bytes:
            if not is_right:
                raise VerifyError(f"DN callback {verifyDNCallback!r} rejected request DN {name!r}")
            certificate = self.signRequestObject(
                issuerDistinguishedName, request, serialNumber, secondsToExpiry, digestAlgorithm
            )
            dumped: bytes = certificate.dump(certificateFormat)
            return dumped

        if isinstance(answer, Deferred):
            return answer.addCallback(verified)
        return verified(answer)

    def signRequestObject(
        self,
        issuerDistinguishedName: DistinguishedName,
        requestObject: CertificateRequest,
        serialNumber: int,
        secondsToExpiry: int = _YEAR_S,
        digestAlgorithm: str = "sha256",
    ) -> Any:
        """Make a ``Certificate`` of a request.

        It is of X.509's version 1: an authority's if it is issued to oneself, otherwise not.
        """
        from ._tls_certificates import Certificate

        now = datetime.now(timezone.utc)
        signed = _x509_version1.sign(
            issuer=issuerDistinguishedName._name(),
            issuer_key=self._key(),
            subject=requestObject.original.subject,
            public_key=requestObject.original.public_key(),
            serial_number=serialNumber,
            begins=now,
            ends=now + timedelta(seconds=secondsToExpiry),
            algorithm=_algorithm(digestAlgorithm),
        )
        return Certificate(crypto.X509.from_cryptography(signed))

    def selfSignedCert(self, serialNumber: int, **kw: bytes | str) -> Any:
        """A ``PrivateCertificate`` that says of itself whose it is.

        :param kw: the fields of the name.
        """
        from ._tls_certificates import PrivateCertificate

        name = DistinguishedName(**kw)
        certificate = self.signRequestObject(name, self.requestObject(name), serialNumber)
        return PrivateCertificate.fromCertificateAndKeyPair(certificate, self)

"""Servers with many names: the certificate that belongs to the one a client asks for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from cryptography.x509 import DNSName, ExtensionNotFound, SubjectAlternativeName
from OpenSSL.crypto import FILETYPE_PEM
from OpenSSL.crypto import Error as CryptoError
from OpenSSL.SSL import Connection
from zope.interface import implementer

from ..internet._endpoint_tls import TLSServerEndpoint as TLSServerEndpoint
from ..internet._sslverify import Certificate, KeyPair, PrivateCertificate
from ..internet._sslverify import OpenSSLCertificateOptions as CertificateOptions
from ..internet.interfaces import IOpenSSLServerConnectionCreator
from ..python import log

#: Looks for the context of a name; None for a client that does not say, and for none.
ContextLookup = Callable[[bytes | None], Any]

# Seconds for which what was found in a directory is taken to be so still: a certificate's renewal
# is noticed soon enough, and a directory is not walked for each of a thousand handshakes a second.
_FRESH_S = 1.0

_BLOCK = re.compile(b"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \\1-----", re.DOTALL)


def _getSubjectAltNames(c: Certificate) -> list[str]:
    """The host names that a certificate is for."""
    try:
        extension = c.original.to_cryptography().extensions.get_extension_for_class(
            SubjectAlternativeName
        )
    except ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(DNSName)


def _pem_files(directory: Any) -> Iterator[Any]:
    """The ``.pem`` files in and below *directory*, in the order of their paths."""
    if directory.isdir():
        for path in sorted(directory.walk(), key=lambda path: path.path):
            if path.basename().lower().endswith(".pem") and path.isfile():
                yield path


@dataclass
class PEMObjects:
    """Certificates and keys, as they lie about in files.

    :ivar _certificates: each with its file.
    :ivar _keyPairs: each with its file.
    """

    _certificates: list[tuple[Any, Certificate]]
    _keyPairs: list[tuple[Any, KeyPair]]

    @classmethod
    def fromDirectory(cls, directory: Any) -> PEMObjects:
        """Those in the ``.pem`` files in and below a directory.

        A file that cannot be read, or makes no sense, is logged and left out.

        :param directory: a ``FilePath``.
        """
        found = cls([], [])
        for path in _pem_files(directory):
            try:
                one = cls.fromFile(path)
            except (OSError, ValueError, CryptoError):
                log.err(None, f"{path.path} left out")
            else:
                found._certificates += one._certificates
                found._keyPairs += one._keyPairs
        return found

    @classmethod
    def fromFile(cls, fp: Any) -> PEMObjects:
        """Those in a file.

        :param fp: a ``FilePath``.
        """
        found = cls([], [])
        for block in _BLOCK.finditer(fp.getContent()):
            kind, text = block[1], block[0] + b"\n"
            if kind == b"CERTIFICATE":
                found._certificates.append((fp, Certificate.loadPEM(text)))
            elif kind.endswith(b"PRIVATE KEY"):
                found._keyPairs.append((fp, KeyPair.load(text, FILETYPE_PEM)))
        return found

    def inferDomainMapping(self) -> dict[str, CertificateOptions]:
        """For each host name the options of a server: certificate, key, and what lies between
        the certificate and its root.

        Of two certificates for one name it is the one that is valid longer. Certificates without a
        key are of no use but between others; keys without a certificate are logged.
        """
        by_subject: dict[Any, Certificate] = {}
        by_key: dict[bytes, list[Certificate]] = {}
        for _, certificate in self._certificates:
            by_subject[certificate.original.to_cryptography().subject] = certificate
            by_key.setdefault(certificate.getPublicKey()._public_bytes(), []).append(certificate)
        ours: list[PrivateCertificate] = []
        for path, key in self._keyPairs:
            certificates = by_key.get(key._public_bytes())
            if certificates is None:
                log.msg(
                    format="unused private key at %(path)s with hash %(hash)s",
                    path=path.path,
                    hash=key.keyHash(),
                )
                continue
            for certificate in certificates:
                ours.append(PrivateCertificate.fromCertificateAndKeyPair(certificate, key))
        ours.sort(key=lambda mine: mine.original.to_cryptography().not_valid_after_utc)
        mapping: dict[str, CertificateOptions] = {}
        for mine in ours:
            options = CertificateOptions(
                privateKey=mine.privateKey.original,
                certificate=mine.original,
                extraCertChain=_chain(mine, by_subject),
            )
            for name in _getSubjectAltNames(mine):
                mapping[name] = options
        return mapping


def _chain(leaf: Certificate, by_subject: dict[Any, Certificate]) -> list[Any]:
    """The certificates between *leaf* and its root, its issuer's first, as far as they are here."""
    chain: list[Any] = []
    current = leaf.original.to_cryptography()
    # Two authorities may have issued each other's.
    seen = {current.subject}
    while current.issuer not in seen and current.issuer in by_subject:
        issuer = by_subject[current.issuer]
        current = issuer.original.to_cryptography()
        if current.issuer == current.subject:
            break  # the root: whoever does not have it does not trust it
        seen.add(current.subject)
        chain.append(issuer.original)
    return chain


def lookupWithWildcard(flatLookup: ContextLookup, name: bytes | None) -> Any:
    """Look for the context of *name*, then for that of all names beside it (``*.example.com``).

    :returns: None if there is neither, which is logged.
    """
    found = flatLookup(name)
    if found is None and name is not None:
        _, _, parent = name.partition(b".")
        if parent:
            found = flatLookup(b"*." + parent)
    if found is None:
        log.msg(f"no server certificate for name {name!r}")
    return found


class _Directory:
    """The contexts for the certificates in a directory, which is read again when it changes."""

    def __init__(self, path: Any) -> None:
        self._path = path
        self._state: object = None
        self._checked_s = float("-inf")
        self._contexts: dict[str, CertificateOptions] = {}

    def lookup(self, name: bytes | None) -> Any:
        """The context for *name*; for None, any."""
        if time.monotonic() - self._checked_s > _FRESH_S:
            self._refresh()
        found = self._find(name)
        if found is None:
            self._refresh()
            found = self._find(name)
        return None if found is None else found.getContext()

    def _find(self, name: bytes | None) -> CertificateOptions | None:
        if name is None:
            return next(iter(self._contexts.values()), None)
        # What is no ASCII is no name, and found nowhere.
        return self._contexts.get(name.decode("ascii", "replace").lower())

    def _refresh(self) -> None:
        """Read the directory if anything in it has changed."""
        self._checked_s = time.monotonic()
        state = []
        for path in _pem_files(self._path):
            path.changed()
            try:
                status = (path.getModificationTime(), path.getsize())
            except OSError:
                continue  # gone meanwhile
            state.append((path.path, status))
        if state != self._state:
            self._state = state
            mapping = PEMObjects.fromDirectory(self._path).inferDomainMapping()
            self._contexts = {name.lower(): options for name, options in mapping.items()}


def autoReloadingDirectoryOfPEMs(path: Any) -> ContextLookup:
    """Look for certificates and keys in the ``.pem`` files in and below a directory.

    Which belongs to which does not depend on how files are called or divided. Files that come, go
    or change are noticed.

    :param path: a ``FilePath``.
    """
    return _Directory(path).lookup


@implementer(IOpenSSLServerConnectionCreator)
@dataclass
class SNIConnectionCreator:
    """Makes a server's connections, each of which gets the context of the name that is asked for.

    :param _contextLookup: finds it.
    """

    _contextLookup: ContextLookup

    @cached_property
    def defaultContext(self) -> Any:
        """The context in which the handshake begins: it has no certificate."""
        return CertificateOptions(
            contextForServerName=partial(lookupWithWildcard, self._contextLookup)
        ).getContext()

    def serverConnectionForTLS(self, protocol: Any) -> Connection:
        """An ``OpenSSL.SSL.Connection`` for *protocol*."""
        return Connection(self.defaultContext, None)

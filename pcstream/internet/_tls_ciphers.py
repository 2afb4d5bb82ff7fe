"""Which ciphers may be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from OpenSSL import SSL
from zope.interface import implementer

from .interfaces import IAcceptableCiphers, ICipher


@implementer(ICipher)
@dataclass(frozen=True, order=True)
class OpenSSLCipher:
    """A cipher, under OpenSSL's name.

    :ivar fullName: the name.
    """

    fullName: str


@lru_cache(maxsize=32)
def _expandCipherString(cipherString: str, method: int, options: int) -> tuple[Any, ...]:
    """The ciphers that a string of OpenSSL's stands for.

    :param cipherString: as in ciphers(1).
    """
    context = SSL.Context(method)
    context.set_options(options)
    try:
        context.set_cipher_list(cipherString.encode("ascii"))
    except SSL.Error as e:
        # OpenSSL calls it an error if none match, which here is an answer.
        if e.args[0] and e.args[0][0][2] == "no cipher match":
            return ()
        raise
    names = SSL.Connection(context, None).get_cipher_list() if cipherString else []
    return tuple(OpenSSLCipher(name) for name in names)


def _selectCiphers(
    wantedCiphers: Iterable[Any], availableCiphers: Sequence[Any]
) -> tuple[Any, ...]:
    """Those of the wanted ones that are available, in their order."""
    return tuple(cipher for cipher in wantedCiphers if cipher in availableCiphers)


@implementer(IAcceptableCiphers)
class OpenSSLAcceptableCiphers:
    """A list of ciphers, the best first."""

    def __init__(self, ciphers: Iterable[Any]) -> None:
        self._ciphers = tuple(ciphers)

    def selectCiphers(self, availableCiphers: Sequence[Any]) -> tuple[Any, ...]:
        """Those of ours that are available."""
        return _selectCiphers(self._ciphers, availableCiphers)

    @classmethod
    def fromOpenSSLCipherString(cls, cipherString: str) -> OpenSSLAcceptableCiphers:
        """The ciphers that a string of OpenSSL's stands for.

        :param cipherString: as in ciphers(1).
        """
        return cls(_expandCipherString(cipherString, SSL.TLS_METHOD, _NOT_BROKEN))


_NOT_BROKEN = SSL.OP_NO_SSLv2 | SSL.OP_NO_SSLv3

#: Authenticated encryption first, and forward secrecy before anything else; without it at the end
#: only, for peers that have nothing better.
defaultCiphers = OpenSSLAcceptableCiphers.fromOpenSSLCipherString(
    "TLS13-AES-256-GCM-SHA384:TLS13-CHACHA20-POLY1305-SHA256:TLS13-AES-128-GCM-SHA256:"
    "ECDH+AESGCM:ECDH+CHACHA20:DH+AESGCM:DH+CHACHA20:ECDH+AES256:DH+AES256:ECDH+AES128:DH+AES:"
    "RSA+AESGCM:RSA+AES:!aNULL:!MD5:!DSS"
)

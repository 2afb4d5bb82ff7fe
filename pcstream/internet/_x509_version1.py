"""Signing certificates of X.509's version 1, which have no extensions.

They are what :meth:`KeyPair.signRequestObject` has always made: a root if issued to oneself, and
otherwise, having no basic constraints, never an authority.  The ``cryptography`` package makes
version 3 only, so the few lines of DER (X.690) are here; names, keys and signatures are its own.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import (
    Certificate,
    CertificateSigningRequestBuilder,
    Name,
    load_der_x509_certificate,
)

_INTEGER = 0x02
_BIT_STRING = 0x03
_UTC_TIME = 0x17
_GENERALIZED_TIME = 0x18
_SEQUENCE = 0x30

# RFC 5280, 4.1.2.5: later years do not fit into two digits.
_LAST_YEAR_OF_UTC_TIME = 2049


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def _element(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return bytes([tag]) + _length(len(content)) + content


def _parts(sequence: bytes) -> list[bytes]:
    """The elements in a sequence."""

    def header(at: int) -> tuple[int, int]:
        """Where the content of the element at *at* begins, and where it ends."""
        first = sequence[at + 1]
        if first < 0x80:
            return at + 2, at + 2 + first
        begin = at + 2 + (first & 0x7F)
        return begin, begin + int.from_bytes(sequence[at + 2 : begin], "big")

    at, end = header(0)
    found = []
    while at < end:
        _, after = header(at)
        found.append(sequence[at:after])
        at = after
    return found


def _integer(value: int) -> bytes:
    return _element(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def _time(when: datetime) -> bytes:
    if when.year <= _LAST_YEAR_OF_UTC_TIME:
        return _element(_UTC_TIME, when.strftime("%y%m%d%H%M%SZ").encode("ascii"))
    return _element(_GENERALIZED_TIME, when.strftime("%Y%m%d%H%M%SZ").encode("ascii"))


def _signature(key: Any, algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    signed: bytes
    if isinstance(key, rsa.RSAPrivateKey):
        signed = key.sign(data, padding.PKCS1v15(), algorithm)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        signed = key.sign(data, ec.ECDSA(algorithm))
    elif isinstance(key, dsa.DSAPrivateKey):
        signed = key.sign(data, algorithm)
    else:
        raise TypeError(f"{type(key).__name__} cannot sign certificates here")
    return signed


def sign(
    *,
    issuer: Name,
    issuer_key: Any,
    subject: Name,
    public_key: Any,
    serial_number: int,
    begins: datetime,
    ends: datetime,
    algorithm: hashes.HashAlgorithm,
) -> Certificate:
    """A certificate that says whose *public_key* is.

    :param begins: when it begins to be valid, with a time zone.
    :param ends: when it is no longer.
    """
    # How the signature's algorithm is written depends on the kind of key, which a request by the
    # same key knows as well.
    request: Any = CertificateSigningRequestBuilder().subject_name(issuer)
    request = request.sign(issuer_key, algorithm)
    signature_algorithm = _parts(request.public_bytes(Encoding.DER))[1]
    to_be_signed = _element(
        _SEQUENCE,
        _integer(serial_number),
        signature_algorithm,
        issuer.public_bytes(),
        _element(
            _SEQUENCE,
            _time(begins.astimezone(timezone.utc)),
            _time(ends.astimezone(timezone.utc)),
        ),
        subject.public_bytes(),
        public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )
    no_unused_bits = b"\0"
    return load_der_x509_certificate(
        _element(
            _SEQUENCE,
            to_be_signed,
            signature_algorithm,
            _element(
                _BIT_STRING,
                no_unused_bits,
                _signature(issuer_key, algorithm, to_be_signed),
            ),
        )
    )

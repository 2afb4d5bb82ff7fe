"""What every test run shares: the settings of hypothesis if it is there, an identity for TLS."""

from __future__ import annotations

import datetime
import os
import signal
from typing import Any

import pytest

try:
    from hypothesis import settings
except ImportError:  # the parity environment runs without it
    pass
else:
    # No deadline: a busy machine is not a failure. In CI the examples are the same each time.
    settings.register_profile("pcstream", deadline=None, derandomize=bool(os.environ.get("CI")))
    settings.load_profile("pcstream")

# A job in a shell's background starts with SIGINT ignored, and would hand that on to the programs
# whose interruption is tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class TLSIdentity:
    """A certificate for ``localhost`` and its key, as objects of pyOpenSSL and as a file.

    :ivar pem: the path of a file with both.
    """

    def __init__(self, where: Any) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
            .sign(key, hashes.SHA256())
        )
        self.certificate_pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.key_pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.pem = where / "identity.pem"
        self.pem.write_bytes(self.key_pem + self.certificate_pem)

    def server(self, prepare: Any = None) -> Any:
        """A context factory for the side that has the certificate.

        :param prepare: is given each context when it is made.
        """
        return _ContextFactory(self, prepare)

    def client(self, prepare: Any = None) -> Any:
        """A context factory for the side that has none, and believes everything."""
        return _ContextFactory(None, prepare)


class _ContextFactory:
    def __init__(self, identity: TLSIdentity | None, prepare: Any) -> None:
        from zope.interface import directlyProvides

        from pcstream.internet.interfaces import IOpenSSLContextFactory

        self.identity = identity
        self.prepare = prepare
        directlyProvides(self, IOpenSSLContextFactory)

    def getContext(self) -> Any:
        from OpenSSL import SSL

        context = SSL.Context(SSL.TLS_METHOD)
        if self.identity is not None:
            context.use_privatekey_file(os.fspath(self.identity.pem))
            context.use_certificate_file(os.fspath(self.identity.pem))
        if self.prepare is not None:
            self.prepare(context)
        return context


@pytest.fixture(scope="session")
def tls_identity(tmp_path_factory: pytest.TempPathFactory) -> TLSIdentity:
    """Made anew for each run; without pyOpenSSL the test is skipped, and says so."""
    pytest.importorskip("OpenSSL", reason="TLS needs pyOpenSSL (the extra 'tls')")
    return TLSIdentity(tmp_path_factory.mktemp("tls"))

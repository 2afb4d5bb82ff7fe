"""TLS: certificates and keys, what options become in OpenSSL, and who is believed."""

from __future__ import annotations

import ipaddress
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("OpenSSL")
pytest.importorskip("service_identity")

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pcstream.internet import _sslverify, endpoints, error, reactor, ssl
from pcstream.internet._tls_ciphers import OpenSSLCipher, _expandCipherString
from pcstream.internet._tls_options import _exclusive, _getExcludedTLSProtocols
from pcstream.internet._x509_version1 import sign
from pcstream.internet.defer import Deferred, succeed
from pcstream.internet.interfaces import (
    IAcceptableCiphers,
    IOpenSSLClientConnectionCreator,
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
    IProtocolNegotiationFactory,
)
from pcstream.internet.protocol import Factory, Protocol
from pcstream.internet.testing import MemoryReactorClock
from pcstream.protocols.tls import TLSMemoryBIOFactory
from pcstream.python import log
from pcstream.trial.unittest import TestCase

LOOPBACK = "127.0.0.1"
DAY = timedelta(days=1)


class Authority:
    """Issues certificates such as real ones are, on keys that are made fast."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.issued = 0
        self.root = self.certificate(
            self._issue(self.name, self.key.public_key(), x509.BasicConstraints(True, None))
        )

    def _issue(self, subject: x509.Name, key: Any, *extensions: Any) -> x509.Certificate:
        self.issued += 1
        now = datetime.now(timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(self.issued)
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY * self.issued)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(self.key, hashes.SHA256())

    @staticmethod
    def certificate(issued: x509.Certificate) -> Any:
        return ssl.Certificate(crypto.X509.from_cryptography(issued))

    def issue(self, *hosts: str) -> Any:
        """A certificate for hosts, with its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = []
        for host in hosts:
            try:
                names.append(x509.IPAddress(ipaddress.ip_address(host)))
            except ValueError:
                names.append(x509.DNSName(host))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "one of many")])
        issued = self._issue(subject, key.public_key(), x509.SubjectAlternativeName(names))
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return ssl.PrivateCertificate.loadPEM(issued.public_bytes(Encoding.PEM) + pem)


@cache
def authority(name: str = "an authority") -> Authority:
    return Authority(name)


@cache
def issued(*hosts: str) -> Any:
    return authority().issue(*hosts)


@cache
def key_pair(number: int = 0) -> Any:
    return ssl.KeyPair.generate()


class TestNames:
    def test_short_and_long_names_are_the_same(self) -> None:
        name = ssl.DN(CN="me", O=b"us")
        assert name == ssl.DistinguishedName(commonName=b"me", organizationName="us")
        assert name.CN == name.commonName == b"me"
        name.OU = "here"
        assert name.organizationalUnitName == b"here"
        assert repr(ssl.DN(CN="me")) == "<DN 'commonName': b'me'>"

    def test_other_names(self) -> None:
        with pytest.raises(AttributeError, match="Cn is not a valid OpenSSL X509 name field"):
            ssl.DN(CN="me").Cn = b"x"
        with pytest.raises(AttributeError):
            _ = ssl.DN(CN="me").O
        with pytest.raises(AttributeError):
            ssl.DN(colour="red")

    def test_for_people(self) -> None:
        lines = ssl.DN(ST="b", CN="a").inspect().split("\n")
        assert lines == [
            "               Common Name: a",
            "    State Or Province Name: b",
        ]

    def test_names_beyond_ASCII(self) -> None:
        name = ssl.DN(CN="Ba\u015fmak\xe7\u0131")
        made = key_pair().selfSignedCert(1, CN=name.CN)
        assert made.getSubject() == name
        assert "Ba\u015fmak\xe7\u0131" in made.inspect()


class TestKeys:
    @pytest.mark.parametrize("format", [crypto.FILETYPE_ASN1, crypto.FILETYPE_PEM])
    def test_there_and_back(self, format: int) -> None:
        key = key_pair()
        again = ssl.KeyPair.load(key.dump(format), format)
        assert again.matches(key)
        assert again.keyHash() == key.keyHash()
        assert not again.matches(key_pair(1))

    def test_what_they_are(self) -> None:
        key = key_pair()
        assert key.inspect() == f"2048-bit RSA Key Pair with Hash: {key.keyHash()}"
        assert repr(key) == f"<KeyPair {key.keyHash()}>"
        public = key.selfSignedCert(1, CN="me").getPublicKey()
        assert public.matches(key)
        assert repr(public) == f"<PublicKey {key.keyHash()}>"

    def test_unknown_formats_and_kinds(self) -> None:
        with pytest.raises(ValueError, match="neither FILETYPE_ASN1 nor FILETYPE_PEM"):
            key_pair().dump(object())  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="neither TYPE_RSA nor TYPE_DSA"):
            ssl.KeyPair.generate(99)
        with pytest.raises(crypto.Error):
            ssl.KeyPair.load(b"junk", crypto.FILETYPE_PEM)

    def test_pickling_is_deprecated(self) -> None:
        key = key_pair()
        with pytest.warns(DeprecationWarning, match="real persistence system"):
            state = key.__getstate__()
        again = ssl.KeyPair.__new__(ssl.KeyPair)
        with pytest.warns(DeprecationWarning, match="real persistence system"):
            again.__setstate__(state)
        assert again.matches(key)


class TestRequests:
    def test_a_request_becomes_a_certificate(self) -> None:
        mine, theirs = key_pair(), key_pair(1)
        seen: list[Any] = []

        def agree(name: Any) -> bool:
            seen.append(name)
            return True

        request = theirs.certificateRequest(ssl.DN(CN="them"))
        data = mine.signCertificateRequest(ssl.DN(CN="me"), request, agree, 7)
        made = theirs.newCertificate(data)
        assert seen == [ssl.DN(CN="them")]
        assert (made.getSubject(), made.getIssuer()) == (ssl.DN(CN="them"), ssl.DN(CN="me"))
        assert made.serialNumber() == 7
        assert made.privateKey.matches(theirs)
        authority = mine.selfSignedCert(1, CN="me")
        same = authority.signCertificateRequest(request, agree, 8)
        assert ssl.Certificate.load(same).getIssuer() == ssl.DN(CN="me")

    def test_who_says_no(self) -> None:
        request = key_pair().certificateRequest(ssl.DN(CN="them"))
        arguments = (ssl.DN(CN="me"), request)
        with pytest.raises(error.VerifyError, match="rejected request DN"):
            key_pair().signCertificateRequest(*arguments, lambda name: False, 1)
        waiting: Deferred[Any] = key_pair().signCertificateRequest(
            *arguments, lambda name: succeed(False), 1
        )
        failures: list[Any] = []
        waiting.addErrback(failures.append)
        assert failures[0].check(error.VerifyError)

    def test_a_request_that_is_not_signed(self) -> None:
        data = bytearray(key_pair().certificateRequest(ssl.DN(CN="them")))
        data[-1] ^= 0xFF
        with pytest.raises(error.VerifyError):
            ssl.CertificateRequest.load(bytes(data))
        with pytest.raises(ValueError, match="parsing"):
            ssl.CertificateRequest.load(b"junk")

    def test_unknown_digests(self) -> None:
        with pytest.raises(ValueError, match="'rot13' is none of md5"):
            key_pair().requestObject(ssl.DN(CN="me"), "rot13")


class TestCertificates:
    def test_there_and_back(self) -> None:
        made = issued("host.example")
        for again in (
            ssl.Certificate.load(made.dump()),
            ssl.Certificate.loadPEM(made.dumpPEM()),
            ssl.Certificate.loadPEM(made.dumpPEM().decode("ascii")),
            ssl.PrivateCertificate.loadPEM(made.dumpPEM()),
            made.newCertificate(made.dump()),
        ):
            assert again == made
            assert again.digest("sha256") == made.digest("sha256")
        assert made != authority().root
        assert made != 5

    def test_the_key_of_another(self) -> None:
        with pytest.raises(error.VerifyError, match="do not match"):
            ssl.PrivateCertificate.fromCertificateAndKeyPair(authority().root, key_pair())

    def test_how_they_show(self) -> None:
        made = key_pair().selfSignedCert(7, CN="me")
        assert repr(made) == (
            f"<PrivateCertificate Subject=b'me' Issuer=b'me'> with {key_pair()!r}"
        )
        nameless = key_pair().selfSignedCert(7, O="us")
        assert repr(nameless).startswith("<PrivateCertificate Subject= Issuer=>")
        assert "Serial Number: 7\nDigest: " in made.inspect()
        assert made.inspect().endswith(key_pair().inspect())

    def test_of_a_transport(self) -> None:
        class Handle:
            def getHandle(self) -> Any:
                return self

        with pytest.raises(error.CertificateError, match=r"^non-TLS transport"):
            ssl.Certificate.peerFromTransport(Handle())
        handle = Handle()
        handle.get_host_certificate = lambda: None  # type: ignore[attr-defined]
        with pytest.raises(error.CertificateError, match=r"^TLS transport"):
            ssl.Certificate.hostFromTransport(handle)
        handle.get_host_certificate = lambda: issued("a").original  # type: ignore[attr-defined]
        assert ssl.Certificate.hostFromTransport(handle) == issued("a")

    def test_what_may_be_trusted(self) -> None:
        trust = ssl.trustRootFromCertificates([authority().root, issued("a")])
        assert len(trust._caCerts) == 2
        with pytest.raises(TypeError, match="CertBase instances"):
            ssl.trustRootFromCertificates([authority().root.original])
        assert verifyObject(_sslverify.IOpenSSLTrustRoot, trust)
        assert _sslverify.IOpenSSLTrustRoot(authority().root)._caCerts == [
            authority().root.original
        ]
        with pytest.raises(NotImplementedError):
            authority().root.options()


@given(
    serial=st.integers(1, 2**150),
    seconds=st.integers(1, 60 * 60 * 24 * 365 * 60),
    name=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=15),
)
def test_version_1_certificates(serial: int, seconds: int, name: str) -> None:
    key = authority().key
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins = datetime(2020, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    made = sign(
        issuer=authority().name,
        issuer_key=key,
        subject=subject,
        public_key=key.public_key(),
        serial_number=serial,
        begins=begins,
        ends=begins + timedelta(seconds=seconds),
        algorithm=hashes.SHA256(),
    )
    made.verify_directly_issued_by(authority().root.original.to_cryptography())
    assert made.version is x509.Version.v1
    assert made.subject == subject
    assert (made.not_valid_before_utc, made.not_valid_after_utc) == (
        begins,
        begins + timedelta(seconds=seconds),
    )
    assert crypto.X509.from_cryptography(made).get_serial_number() == serial


def test_version_1_certificates_by_other_keys() -> None:
    key = dsa.generate_private_key(1024)
    pair = ssl.KeyPair(crypto.PKey.from_cryptography_key(key))
    assert pair.selfSignedCert(1, CN="me").getSubject() == ssl.DN(CN="me")
    assert "DSA Key Pair" in pair.inspect()


class FakeContext:
    """Keeps what it is told."""

    def __init__(self, method: int) -> None:
        self.told: dict[str, Any] = {"method": method}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def tell(*arguments: Any) -> Any:
            self.told[name] = arguments[0] if len(arguments) == 1 else arguments
            return self

        return tell


def told(**options: Any) -> dict[str, Any]:
    made = ssl.CertificateOptions(**options)
    made._contextFactory = FakeContext
    context = made.getContext()
    assert made.getContext() is context
    result: dict[str, Any] = context.told
    return result


VERSIONS = list(ssl.TLSVersion.iterconstants())
DISABLED_BY = dict(
    zip(
        VERSIONS,
        [
            SSL.OP_NO_SSLv3,
            SSL.OP_NO_TLSv1,
            SSL.OP_NO_TLSv1_1,
            SSL.OP_NO_TLSv1_2,
            SSL.OP_NO_TLSv1_3,
        ],
        strict=True,
    )
)


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "spoken"),
        [
            ({}, VERSIONS[3:]),
            ({"raiseMinimumTo": VERSIONS[4]}, VERSIONS[4:]),
            ({"raiseMinimumTo": VERSIONS[0]}, VERSIONS[3:]),
            ({"insecurelyLowerMinimumTo": VERSIONS[1]}, VERSIONS[1:]),
            ({"lowerMaximumSecurityTo": VERSIONS[3]}, VERSIONS[3:4]),
            ({"lowerMaximumSecurityTo": VERSIONS[2]}, VERSIONS[2:3]),
            (
                {"insecurelyLowerMinimumTo": VERSIONS[1], "lowerMaximumSecurityTo": VERSIONS[3]},
                VERSIONS[1:4],
            ),
        ],
    )
    def test_versions(self, options: Any, spoken: list[Any]) -> None:
        flags = told(**options)["set_options"]
        assert [version for version in VERSIONS if not flags & DISABLED_BY[version]] == spoken

    @given(oldest=st.sampled_from(VERSIONS), newest=st.sampled_from(VERSIONS))
    def test_versions_are_between_or_refused(self, oldest: Any, newest: Any) -> None:
        options = {"insecurelyLowerMinimumTo": oldest, "lowerMaximumSecurityTo": newest}
        if oldest > newest:
            with pytest.raises(ValueError, match="needs to be lower than lowerMaximumSecurityTo"):
                ssl.CertificateOptions(**options)
        else:
            flags = told(**options)["set_options"]
            for version in VERSIONS:
                assert bool(flags & DISABLED_BY[version]) == (not oldest <= version <= newest)
        assert _getExcludedTLSProtocols(None, None) == []

    def test_flags(self) -> None:
        usual = told()
        assert usual["set_options"] & SSL.OP_NO_TICKET
        assert usual["set_options"] & SSL.OP_NO_COMPRESSION
        assert usual["set_options"] & SSL.OP_CIPHER_SERVER_PREFERENCE
        assert usual["set_mode"] == SSL.MODE_RELEASE_BUFFERS
        assert usual["set_session_cache_mode"] == SSL.SESS_CACHE_OFF
        assert usual["set_verify"] == SSL.VERIFY_NONE
        other = told(enableSessions=True, enableSessionTickets=True, fixBrokenPeers=True)
        assert not other["set_options"] & SSL.OP_NO_TICKET
        assert other["set_options"] & SSL.OP_ALL == SSL.OP_ALL
        assert other["set_session_cache_mode"] == SSL.SESS_CACHE_SERVER
        assert usual["set_session_id"] != other["set_session_id"]

    def test_our_certificate(self) -> None:
        mine = issued("a")
        between = [authority().root.original]
        said = told(
            privateKey=mine.privateKey.original,
            certificate=mine.original,
            extraCertChain=between,
            dhParameters=ssl.DiffieHellmanParameters.fromFile("dh.pem"),
        )
        assert said["use_certificate"] is mine.original
        assert said["use_privatekey"] is mine.privateKey.original
        assert said["add_extra_chain_cert"] is between[0]
        assert said["load_tmp_dh"] == "dh.pem"

    def test_verification(self) -> None:
        every = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT | SSL.VERIFY_CLIENT_ONCE
        said = told(trustRoot=authority().root, verifyDepth=3)
        assert said["set_verify"] == every
        assert said["set_verify_depth"] == 3
        assert said["add_cert"] is authority().root.original
        said = told(
            verify=True,
            caCerts=[authority().root.original],
            requireCertificate=False,
            verifyOnce=False,
        )
        assert said["set_verify"] == SSL.VERIFY_PEER
        assert "set_default_verify_paths" in told(trustRoot=ssl.platformTrust())

    @pytest.mark.parametrize(
        "options",
        [
            {"privateKey": 1},
            {"certificate": 1},
            {"extraCertChain": [1]},
            {"privateKey": 1, "extraCertChain": [1]},
            {"verify": True},
            {"verify": True, "caCerts": []},
            {"acceptableCiphers": ssl.AcceptableCiphers(())},
        ],
    )
    def test_what_needs_something_else(self, options: Any) -> None:
        with pytest.raises(ValueError, match=r"[.a-z]$"):
            ssl.CertificateOptions(**options)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("trustRoot", "verify"),
            ("trustRoot", "caCerts"),
            ("trustRoot", "requireCertificate"),
            ("method", "raiseMinimumTo"),
            ("method", "insecurelyLowerMinimumTo"),
            ("method", "lowerMaximumSecurityTo"),
            ("raiseMinimumTo", "insecurelyLowerMinimumTo"),
        ],
    )
    def test_what_excludes_something_else(self, one: str, other: str) -> None:
        with pytest.raises(TypeError, match=f"'{one}' and '{other}' arguments .* exclusive"):
            ssl.CertificateOptions(**{one: None, other: None})

    def test_exclusion_counts_unnamed_arguments(self) -> None:
        @_exclusive(("a", "b"))
        def function(a: int = 0, b: int = 0) -> int:
            return a + b

        assert function(1) == function(b=1) == 1
        with pytest.raises(TypeError, match="mutually exclusive"):
            function(1, 2)

    def test_a_method_is_deprecated(self) -> None:
        with pytest.warns(DeprecationWarning, match="Passing method to"):
            made = ssl.CertificateOptions(method=SSL.TLSv1_2_METHOD)
        assert made.method == SSL.TLSv1_2_METHOD

    def test_pickling_is_deprecated(self) -> None:
        made = ssl.CertificateOptions(verifyDepth=2)
        made.getContext()
        with pytest.warns(DeprecationWarning, match="real persistence system"):
            state = made.__getstate__()
        assert "_context" not in state
        again = ssl.CertificateOptions()
        with pytest.warns(DeprecationWarning, match="real persistence system"):
            again.__setstate__(state)
        assert again.verifyDepth == 2

    def test_interfaces(self) -> None:
        made = ssl.CertificateOptions()
        for interface in (
            IOpenSSLClientConnectionCreator,
            IOpenSSLServerConnectionCreator,
            IOpenSSLContextFactory,
        ):
            assert verifyObject(interface, made)
        assert isinstance(made.getContext(), SSL.Context)


class TestCiphers:
    def test_strings(self) -> None:
        assert _expandCipherString("", SSL.TLS_METHOD, 0) == ()
        every = _expandCipherString("ALL", SSL.TLS_METHOD, 0)
        assert OpenSSLCipher("ECDHE-RSA-AES256-GCM-SHA384") in every
        some = ssl.AcceptableCiphers.fromOpenSSLCipherString("ECDHE-RSA-AES256-GCM-SHA384")
        assert OpenSSLCipher("ECDHE-RSA-AES256-GCM-SHA384") in some._ciphers
        assert len(some._ciphers) < len(every)

    def test_choice(self) -> None:
        wanted = ssl.AcceptableCiphers([OpenSSLCipher("B"), OpenSSLCipher("A")])
        assert verifyObject(IAcceptableCiphers, wanted)
        available = [OpenSSLCipher("A"), OpenSSLCipher("C"), OpenSSLCipher("B")]
        assert wanted.selectCiphers(available) == (OpenSSLCipher("B"), OpenSSLCipher("A"))

    def test_nothing_weak_by_default(self) -> None:
        names = [cipher.fullName for cipher in _sslverify.defaultCiphers._ciphers]
        assert not [name for name in names if "RC4" in name or "MD5" in name or "NULL" in name]
        assert "GCM" in names[0]


class Recorder(Protocol):
    def __init__(self) -> None:
        self.received = b""
        self.lost: Deferred[Any] = Deferred()
        self.got: Deferred[bytes] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        if not self.got.called and self.received.endswith(b"."):
            self.got.callback(self.received)

    def connectionLost(self, reason: Any = None) -> None:
        self.lost.callback(reason.value)


class Greeter(Recorder):
    def connectionMade(self) -> None:
        self.transport.write(b"hello.")


class Connections(TestCase):
    """Both ends over loopback, with all sorts of options."""

    async def connect(
        self, server_options: Any, client_options: Any, client_protocol: Any = None
    ) -> tuple[Recorder, Recorder]:
        """The server's protocol, which greets, and the client's."""
        server, client = Greeter(), client_protocol or Recorder()
        listening = endpoints.wrapServerTLS(
            server_options, endpoints.TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK)
        )
        port = await listening.listen(Factory.forProtocol(lambda: server))
        self.addCleanup(port.stopListening)
        connecting = endpoints.wrapClientTLS(
            client_options,
            endpoints.TCP4ClientEndpoint(reactor, LOOPBACK, port.getHost().port),
        )
        await endpoints.connectProtocol(connecting, client)
        return server, client

    async def works(self, server_options: Any, client_options: Any) -> tuple[Recorder, Recorder]:
        server, client = await self.connect(server_options, client_options)
        assert await client.got == b"hello."
        return server, client

    async def close(self, *protocols: Recorder) -> None:
        for protocol in protocols:
            protocol.transport.loseConnection()
        for protocol in protocols:
            await protocol.lost

    async def fails(self, server_options: Any, client_options: Any) -> tuple[Any, Any]:
        """Why the client lost the connection, and why the server."""
        server, client = await self.connect(server_options, client_options)
        why = await client.lost, await server.lost
        assert client.received == server.received == b""
        return why

    def client(self, host: str = "host.example", **more: Any) -> Any:
        return ssl.optionsForClientTLS(host, trustRoot=authority().root, **more)

    async def test_the_right_host(self) -> None:
        server, client = await self.works(issued("host.example").options(), self.client())
        assert ssl.Certificate.peerFromTransport(client.transport) == issued("host.example")
        await self.close(client, server)

    async def test_another_host(self) -> None:
        client, server = await self.fails(issued("other.example").options(), self.client())
        assert isinstance(client, ssl.VerificationError)
        assert isinstance(server, error.ConnectionClosed)

    async def test_the_right_address(self) -> None:
        await self.close(*await self.works(issued(LOOPBACK).options(), self.client(LOOPBACK)))

    async def test_another_address(self) -> None:
        client, _ = await self.fails(issued("127.0.0.2").options(), self.client(LOOPBACK))
        assert isinstance(client, ssl.VerificationError)

    async def test_another_authority(self) -> None:
        stranger = authority("a stranger").issue("host.example")
        client, server = await self.fails(stranger.options(), self.client())
        assert isinstance(client, SSL.Error)
        assert isinstance(server, SSL.Error)

    async def test_another_host_of_another_authority_is_first_of_all_another_host(self) -> None:
        stranger = authority("a stranger").issue("other.example")
        client, _ = await self.fails(stranger.options(), self.client())
        assert isinstance(client, ssl.VerificationError)

    async def test_the_system_does_not_trust_us(self) -> None:
        client, _ = await self.fails(
            issued("host.example").options(), ssl.optionsForClientTLS("host.example")
        )
        assert isinstance(client, SSL.Error)

    async def test_a_client_s_certificate(self) -> None:
        mine = issued("host.example")
        server_options = mine.options(authority().root)
        client_options = self.client(clientCertificate=issued("a client"))
        server, client = await self.works(server_options, client_options)
        assert ssl.Certificate.peerFromTransport(server.transport) == issued("a client")
        await self.close(client, server)

    async def test_a_client_without_a_certificate(self) -> None:
        server_options = issued("host.example").options(authority().root)
        _, server = await self.fails(server_options, self.client())
        assert isinstance(server, SSL.Error)

    async def test_a_check_that_breaks_lets_nobody_through(self) -> None:
        def broken(*arguments: Any) -> None:
            raise ZeroDivisionError("out of order")

        self.patch(_sslverify, "_check_identity", broken)
        client, _ = await self.fails(issued("host.example").options(), self.client())
        assert isinstance(client, ZeroDivisionError)
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    async def test_application_protocols(self) -> None:
        mine = issued("host.example")
        server_options = ssl.CertificateOptions(
            privateKey=mine.privateKey.original,
            certificate=mine.original,
            acceptableProtocols=[b"b", b"a"],
        )
        server, client = await self.works(
            server_options, self.client(acceptableProtocols=[b"a", b"b", b"c"])
        )
        assert client.transport.negotiatedProtocol == b"b"
        assert server.transport.negotiatedProtocol == b"b"
        await self.close(client, server)
        client_lost, server_lost = await self.fails(
            server_options, self.client(acceptableProtocols=[b"c"])
        )
        assert "no application protocol" in str(client_lost)
        assert "no application protocol" in str(server_lost)
        await self.close(*await self.works(server_options, self.client()))

    async def test_a_certificate_by_name(self) -> None:
        asked: list[Any] = []

        def lookup(name: bytes | None) -> Any:
            asked.append(name)
            return issued("host.example").options().getContext() if name else None

        first = issued("other.example")
        options = ssl.CertificateOptions(
            privateKey=first.privateKey.original,
            certificate=first.original,
            contextForServerName=lookup,
        )
        await self.close(*await self.works(options, self.client()))
        nameless = self.client("other.example", sendServerName=False)
        await self.close(*await self.works(options, nameless))
        assert asked == [b"host.example", None]

    async def test_a_look_up_that_breaks(self) -> None:
        def lookup(name: bytes | None) -> Any:
            raise ZeroDivisionError("out of order")

        mine = issued("host.example")
        options = ssl.CertificateOptions(
            privateKey=mine.privateKey.original,
            certificate=mine.original,
            contextForServerName=lookup,
        )
        client, server = await self.fails(options, self.client())
        assert isinstance(client, error.ConnectionLost)
        assert isinstance(server, error.ConnectionLost)
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    async def test_endpoints_by_description(self) -> None:
        with tempfile.TemporaryDirectory() as where:
            directory = Path(where)
            mine = directory / "mine.pem"
            mine.write_bytes(issued("localhost").dumpPEM())
            (directory / "trusted").mkdir()
            (directory / "trusted" / "root.pem").write_bytes(authority().root.dumpPEM())
            (directory / "trusted" / "readme.txt").write_bytes(b"no certificate")
            quoted = endpoints.quoteStringArgument
            trusted = quoted(str(directory / "trusted"))
            for description in (
                f"ssl:0:privateKey={quoted(str(mine))}:interface={LOOPBACK}",
                f"tls:{quoted(str(directory))}:port=0:interface={LOOPBACK}",
            ):
                server = Greeter()
                listening = endpoints.serverFromString(reactor, description)
                port = await listening.listen(Factory.forProtocol(lambda s=server: s))
                self.addCleanup(port.stopListening)
                number = port.getHost().port
                inner = quoted(f"tcp:{LOOPBACK}:{number}")
                connecting = endpoints.clientFromString(
                    reactor, f"tls:localhost:{number}:trustRoots={trusted}:endpoint={inner}"
                )
                client = Recorder()
                await endpoints.connectProtocol(connecting, client)
                assert await client.got == b"hello."
                await self.close(client, server)

    async def test_the_older_classes(self) -> None:
        """Ports and connectors of their own, as before there were wrapping factories."""
        with tempfile.TemporaryDirectory() as where:
            path = str(Path(where) / "mine.pem")
            Path(path).write_bytes(issued("host.example").dumpPEM())
            contexts = ssl.DefaultOpenSSLContextFactory(path, path)
        server, client = Greeter(), Recorder()
        factory = Factory.forProtocol(lambda: server)
        port = ssl.Port(0, factory, contexts, interface=LOOPBACK, reactor=reactor)
        port.startListening()
        self.addCleanup(port.stopListening)
        from pcstream.internet.protocol import ClientFactory

        connector = ssl.Connector(
            LOOPBACK,
            port.getHost().port,
            ClientFactory.forProtocol(lambda: client),
            ssl.ClientContextFactory(),
            30,
            None,
            reactor,
        )
        connector.connect()
        assert await client.got == b"hello."
        assert client.transport.getPeerCertificate() is not None
        await self.close(client, server)


class TestClientOptions:
    def test_a_host_is_text(self) -> None:
        with pytest.raises(TypeError, match="requires text for host names, not bytes"):
            ssl.optionsForClientTLS(b"host.example")  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("host", "sent"),
        [
            ("host.example", b"host.example"),
            ("b\xfccher.example", b"xn--bcher-kva.example"),
            ("127.0.0.1", None),
            ("::1", None),
        ],
    )
    def test_the_name_that_is_sent(self, host: str, sent: bytes | None) -> None:
        made: Any = ssl.optionsForClientTLS(host)
        assert verifyObject(IOpenSSLClientConnectionCreator, made)
        protocol = TLSMemoryBIOFactory(made, True, Factory.forProtocol(Protocol)).buildProtocol(
            None
        )
        assert made.clientConnectionForTLS(protocol).get_servername() == sent

    def test_protocols_of_the_factory(self) -> None:
        @implementer(IProtocolNegotiationFactory)
        class Negotiating(Factory):
            protocol = Protocol

            def acceptableProtocols(self) -> list[bytes]:
                return [b"mine"]

        options = ssl.CertificateOptions(acceptableProtocols=[b"theirs"])
        clock = MemoryReactorClock()
        for factory, expected in (
            (Negotiating(), [b"mine"]),
            (Factory.forProtocol(Protocol), [b"theirs"]),
        ):
            wrapper = TLSMemoryBIOFactory(options, True, factory, clock).buildProtocol(None)
            assert _sslverify.protosFromProtocol(wrapper, [b"theirs"]) == expected


def test_a_check_that_breaks_before_there_is_a_connection() -> None:
    factory = TLSMemoryBIOFactory(
        ssl.optionsForClientTLS("host.example"), True, Factory.forProtocol(Protocol)
    )
    protocol: Any = factory.buildProtocol(None)
    verify = _sslverify._verifyCB(protocol, True, "host.example")
    logged: list[Any] = []
    log.addObserver(logged.append)
    try:
        assert not verify(None, None, 0, 0, True)
    finally:
        log.removeObserver(logged.append)
    assert [event["failure"].type for event in logged] == [AttributeError]


def test_what_is_there_for_old_code() -> None:
    assert ssl.supported
    with pytest.warns(DeprecationWarning, match="no need to check for support"):
        flags = ssl.ProtocolNegotiationSupport
    with pytest.warns(DeprecationWarning, match="deprecated in Twisted 26.10.0"):
        assert flags.ALPN in ssl.protocolNegotiationMechanisms()
    with pytest.raises(AttributeError, match="nonsense"):
        _ = ssl.nonsense
    with pytest.raises(NotImplementedError):
        ssl.ContextFactory().getContext()
    with pytest.raises(SSL.Error):
        ssl.DefaultOpenSSLContextFactory("/nonexistent", "/nonexistent")
    assert isinstance(ssl.ClientContextFactory().getContext(), SSL.Context)

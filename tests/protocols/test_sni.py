"""A directory of certificates and keys, and the one that belongs to a server's name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("OpenSSL")
pytest.importorskip("service_identity")

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from zope.interface.verify import verifyObject

from pcstream.internet.interfaces import IOpenSSLServerConnectionCreator
from pcstream.protocols import _sni
from pcstream.protocols._sni import (
    PEMObjects,
    SNIConnectionCreator,
    autoReloadingDirectoryOfPEMs,
    lookupWithWildcard,
)
from pcstream.python import log
from pcstream.python.filepath import FilePath

NOON = datetime(2030, 1, 1, 12)
DAY = timedelta(days=1)


class Party:
    """Somebody with a key, and with a certificate that somebody has issued."""

    def __init__(self, name: str, *hosts: str, by: Party | None = None, days: int = 1) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = by or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(issuer.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOON - DAY)
            .not_valid_after(NOON + DAY * days)
        )
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        self.certificate = builder.sign(issuer.key, hashes.SHA256())

    @property
    def public(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def private(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="module")
def root() -> Party:
    return Party("root")


@pytest.fixture
def logged() -> Iterator[list[str]]:
    said: list[str] = []

    def observer(event: Any) -> None:
        said.append(log.textFromEventDict(event) or "")

    log.addObserver(observer)
    yield said
    log.removeObserver(observer)


class Directory:
    """Of certificates; what is written is always newer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writes = 0

    def write(self, name: str, *contents: bytes) -> None:
        file = self.path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"".join(contents))
        self.writes += 1
        os.utime(file, (self.writes, self.writes))

    def objects(self) -> PEMObjects:
        return PEMObjects.fromDirectory(FilePath(str(self.path)))

    def mapping(self) -> dict[str, Any]:
        return dict(self.objects().inferDomainMapping())

    def lookup(self) -> Any:
        return autoReloadingDirectoryOfPEMs(FilePath(str(self.path)))


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path)


def serials(certificates: Any) -> list[int]:
    return [certificate.get_serial_number() for certificate in certificates]


def test_what_belongs_together_is_found_wherever_it_lies(directory: Directory, root: Party) -> None:
    outer = Party("outer", by=root)
    inner = Party("inner", by=outer)
    leaf = Party("leaf", "a.example", "b.example", by=inner)
    lone = Party("lone", "c.example", by=root)
    directory.write("1.pem", outer.public, lone.private)
    directory.write("below/2.PEM", leaf.private, b"chatter\n", root.public)
    directory.write("3.pem", lone.public.rstrip(b"\n"))
    directory.write("4.pem", leaf.public, inner.public)
    directory.write("5.crt", b"not looked at")
    mapping = directory.mapping()
    assert set(mapping) == {"a.example", "b.example", "c.example"}
    assert mapping["a.example"] is mapping["b.example"]
    # issuer by issuer, without the root
    assert serials(mapping["a.example"].extraCertChain) == [
        inner.certificate.serial_number,
        outer.certificate.serial_number,
    ]
    assert mapping["c.example"].extraCertChain == []


def test_authorities_that_have_issued_each_other_s(directory: Directory) -> None:
    one, other = Party("one"), Party("other")
    directory.write("1.pem", Party("one", by=other).public, Party("other", by=one).public)
    leaf = Party("leaf", "a.example", by=one)
    directory.write("2.pem", leaf.public, leaf.private)
    assert len(directory.mapping()["a.example"].extraCertChain) == 2


def test_the_one_that_is_valid_longer(directory: Directory, root: Party) -> None:
    new = Party("leaf", "a.example", by=root, days=3)
    old = Party("leaf", "a.example", by=root, days=2)
    directory.write("1.pem", new.public, new.private)
    directory.write("2.pem", old.public, old.private)
    certificate = directory.mapping()["a.example"].certificate
    assert certificate.get_serial_number() == new.certificate.serial_number


def test_what_lacks_its_other_half(directory: Directory, root: Party, logged: list[str]) -> None:
    stranger = Party("stranger", "a.example", by=root)
    directory.write("certificate.pem", Party("other", "b.example", by=root).public)
    directory.write("key.pem", stranger.private)
    assert directory.mapping() == {}
    assert any("unused private key at" in line and "key.pem" in line for line in logged)


@pytest.mark.parametrize(
    "broken",
    [
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ],
)
def test_a_broken_file_does_not_hide_the_others(
    directory: Directory, root: Party, logged: list[str], broken: bytes
) -> None:
    leaf = Party("leaf", "a.example", by=root)
    directory.write("1.pem", broken)
    directory.write("2.pem", leaf.public, leaf.private)
    assert set(directory.mapping()) == {"a.example"}
    assert any("1.pem left out" in line for line in logged)


def test_an_empty_or_absent_directory(directory: Directory) -> None:
    assert directory.mapping() == {}
    assert directory.lookup()(b"a.example") is None
    assert directory.lookup()(None) is None
    absent = autoReloadingDirectoryOfPEMs(FilePath(str(directory.path / "absent")))
    assert absent(b"a.example") is None


def test_files_that_come_and_go(
    directory: Directory, root: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sni, "_FRESH_S", -1.0)
    lookup = directory.lookup()
    assert lookup(b"a.example") is None
    first = Party("leaf", "a.example", by=root)
    directory.write("1.pem", first.public, first.private)
    context = lookup(b"a.example")
    assert isinstance(context, SSL.Context)
    assert lookup(b"A.Example") is context
    assert lookup(None) is context
    assert lookup(b"\xff\xfe") is None
    renewed = Party("leaf", "a.example", by=root)
    directory.write("1.pem", renewed.public, renewed.private)
    assert lookup(b"a.example") not in (None, context)
    (directory.path / "1.pem").unlink()
    assert lookup(b"a.example") is None


def test_a_directory_is_not_walked_for_every_connection(
    directory: Directory, root: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaf = Party("leaf", "a.example", by=root)
    directory.write("1.pem", leaf.public, leaf.private)
    walks, reads = [], []
    walk, read = _sni._pem_files, PEMObjects.fromFile
    now = [100.0]
    monkeypatch.setattr(_sni, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(_sni, "_pem_files", lambda path: walks.append(1) or walk(path))
    monkeypatch.setattr(PEMObjects, "fromFile", lambda path: reads.append(1) or read(path))
    lookup = directory.lookup()
    for _ in range(10):
        assert lookup(b"a.example") is not None
    assert (len(walks), len(reads)) == (2, 1)  # a look at the state, and the reading
    now[0] += 5
    lookup(b"a.example")
    assert (len(walks), len(reads)) == (3, 1)
    lookup(b"unknown.example")  # a stranger's name costs a look, but no reading
    assert (len(walks), len(reads)) == (4, 1)


def test_wildcards(logged: list[str]) -> None:
    asked: list[Any] = []

    def lookup(name: bytes | None) -> Any:
        asked.append(name)
        return "context" if name == b"*.example.com" else None

    assert lookupWithWildcard(lookup, b"host.example.com") == "context"
    assert asked == [b"host.example.com", b"*.example.com"]
    assert lookupWithWildcard(lookup, b"two.levels.example.com") is None
    assert lookupWithWildcard(lookup, None) is None
    assert lookupWithWildcard(lookup, b"host") is None
    assert logged[-1] == "no server certificate for name b'host'"


def test_a_creator_of_connections() -> None:
    creator = SNIConnectionCreator(lambda name: None)
    assert verifyObject(IOpenSSLServerConnectionCreator, creator)
    assert isinstance(creator.serverConnectionForTLS(None), SSL.Connection)
    assert creator.defaultContext is creator.defaultContext

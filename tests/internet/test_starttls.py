"""TLS begun on a connection that is in use."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

pytest.importorskip("OpenSSL", reason="TLS needs pyOpenSSL (the extra 'tls')")

from pcstream.internet import _starttls, reactor
from pcstream.internet.interfaces import (
    INegotiated,
    IOpenSSLClientConnectionCreator,
    ISSLTransport,
    ITLSTransport,
)
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.protocols.basic import FileSender, LineReceiver
from pcstream.python import log

DEADLINE_S = 20.0


def turn(times: int = 1) -> None:
    for _ in range(times):
        reactor.iterate(0.001)


def until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        reactor.iterate(0.01)


class Ear(Protocol):
    def __init__(self) -> None:
        self.received = bytearray()
        self.reason: Any = None
        self.on_data: Callable[[bytes], object] = len

    def connectionMade(self) -> None:
        self.end: Any = self.transport

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self.on_data(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.reason = reason.value


class Producer:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")


class Pair:
    """A client and a server without TLS yet."""

    def __init__(self, kind: str, where: Path, near: Any = None, far: Any = None) -> None:
        self.near = near or Ear()
        self.far = far or Ear()
        server, client = Factory(), ClientFactory()
        server.noisy = client.noisy = False
        server.buildProtocol = lambda address: self.far  # type: ignore[method-assign]
        client.buildProtocol = lambda address: self.near  # type: ignore[method-assign]
        if kind == "tcp":
            self.port = reactor.listenTCP(0, server, interface="127.0.0.1")
            reactor.connectTCP("127.0.0.1", self.port.getHost().port, client)
        else:
            self.port = reactor.listenUNIX(os.fspath(where / "socket"), server)
            reactor.connectUNIX(os.fspath(where / "socket"), client)
        until(lambda: self.near.transport and self.far.transport)

    def encrypt(self, identity: Any) -> None:
        self.far.transport.startTLS(identity.server())
        self.near.transport.startTLS(identity.client())

    def close(self) -> None:
        for ear in (self.near, self.far):
            if ear.reason is None:
                ear.transport.abortConnection()
        self.port.stopListening()
        until(lambda: self.near.reason and self.far.reason)
        turn(3)


@pytest.fixture(params=["tcp", "unix"])
def make_pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made: list[Pair] = []
    heard: list[Any] = []

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            heard.append(event["failure"].value)

    def make(near: Any = None, far: Any = None) -> Pair:
        made.append(Pair(request.param, tmp_path, near, far))
        return made[-1]

    log.addObserver(observe)
    yield make
    for pair in made:
        pair.close()
    log.removeObserver(observe)
    assert heard == []


@pytest.fixture
def pair(make_pair: Any) -> Pair:
    made: Pair = make_pair()
    return made


def test_both_ways_after_it_has_begun(pair, tls_identity):
    pair.encrypt(tls_identity)
    assert pair.near.transport is pair.near.end
    pair.near.transport.write(b"question")
    pair.far.transport.write(b"answer")
    until(lambda: pair.near.received == b"answer" and pair.far.received == b"question")
    for provided in (ISSLTransport, ITLSTransport, INegotiated):
        assert verifyObject(provided, pair.near.transport)
    assert pair.near.transport.TLS
    assert pair.near.transport.negotiatedProtocol is None
    certificate = pair.near.transport.getPeerCertificate().to_cryptography()
    assert certificate.subject.rfc4514_string() == "CN=localhost"
    pair.near.transport.loseConnection()
    until(lambda: pair.near.reason and pair.far.reason)
    # The near side may find the UNIX socket closed by the far side before it closes it itself.
    assert type(pair.far.reason).__name__ == "ConnectionDone"


def test_what_was_queued_before_goes_out_as_it_is(pair, tls_identity):
    plain, secret = os.urandom(400_000), os.urandom(100_000)
    heard_plain = bytearray()

    def until_it_begins(data):
        # The far side sees the plain bytes first, and starts TLS exactly behind them.
        if len(pair.far.received) >= len(plain):
            rest = bytes(pair.far.received[len(plain) :])
            heard_plain.extend(pair.far.received[: len(plain)])
            pair.far.received.clear()
            pair.far.on_data = len
            pair.far.transport.startTLS(tls_identity.server())
            if rest:
                pair.far.transport.protocol.dataReceived(rest)

    pair.far.on_data = until_it_begins
    pair.near.transport.write(plain)
    pair.near.transport.startTLS(tls_identity.client())
    pair.near.transport.write(secret)
    until(lambda: pair.far.received == secret)
    assert heard_plain == plain


def test_with_bytes_of_the_handshake_already_read(make_pair, tls_identity):
    """A client that does not wait for the answer to its STARTTLS: its first record comes with it.

    What a line receiver holds beyond the line is given to the TLS layer, not read as lines.
    """

    class Server(LineReceiver):
        reason: Any = None
        lines: list[bytes]

        def connectionMade(self) -> None:
            self.lines = []

        def lineReceived(self, line: bytes) -> None:
            self.lines.append(line)
            if line == b"STARTTLS":
                rest = self.clearLineBuffer()
                self.transport.startTLS(tls_identity.server())
                if rest:
                    self.transport.protocol.dataReceived(rest)

        def connectionLost(self, reason: Any = None) -> None:
            self.reason = reason.value

    pair = make_pair(far=Server())
    pair.near.transport.write(b"before\r\nSTARTTLS\r\n")
    pair.near.transport.startTLS(tls_identity.client())
    pair.near.transport.write(b"after\r\n")
    until(lambda: len(pair.far.lines) == 3)
    assert pair.far.lines == [b"before", b"STARTTLS", b"after"]


def test_C9_a_paused_producer_is_resumed_by_the_new_layer(pair, tls_identity):
    producer = Producer()
    near = pair.near.transport
    near.registerProducer(producer, True)
    near.write(b"x" * 3_000_000)
    assert producer.calls == ["pause"]
    pair.far.transport.pauseProducing()
    near.startTLS(tls_identity.client())
    near.write(b"more")
    turn(10)
    assert producer.calls == ["pause"]
    pair.far.transport.resumeProducing()

    def begin(data):
        if len(pair.far.received) >= 3_000_000:
            rest = bytes(pair.far.received[3_000_000:])
            pair.far.on_data = len
            pair.far.transport.startTLS(tls_identity.server())
            if rest:
                pair.far.transport.protocol.dataReceived(rest)

    pair.far.on_data = begin
    until(lambda: "resume" in producer.calls)
    until(lambda: pair.far.received.endswith(b"more"))
    assert producer.calls == ["pause", "resume"]
    near.unregisterProducer()


def test_C10_a_flowing_producer_is_not_resumed(pair, tls_identity):
    producer = Producer()
    pair.near.transport.registerProducer(producer, True)
    pair.encrypt(tls_identity)
    until(lambda: pair.near.transport.protocol._handshakeDone)
    pair.near.transport.write(b"x")
    until(lambda: pair.far.received)
    turn(5)
    assert producer.calls == []
    pair.near.transport.abortConnection()
    until(lambda: pair.near.reason)
    assert producer.calls == ["stop"]


def test_F8_a_file_that_is_being_sent_goes_on_encrypted(make_pair, tls_identity):
    """The plain part ends where startTLS is called; the rest comes as records."""
    pair = make_pair()
    data = os.urandom(2_000_000)
    done: list[Any] = []
    sent = FileSender().beginFileTransfer(BytesIO(data), pair.near.transport)
    sent.addBoth(done.append)
    plain = len(pair.near.transport._outbox)
    assert plain == FileSender.CHUNK_SIZE

    def begin(chunk):
        if len(pair.far.received) >= plain:
            rest = bytes(pair.far.received[plain:])
            del pair.far.received[plain:]
            pair.far.on_data = len
            pair.far.transport.startTLS(tls_identity.server())
            if rest:
                pair.far.transport.protocol.dataReceived(rest)

    pair.far.on_data = begin
    pair.near.transport.startTLS(tls_identity.client())
    until(lambda: len(pair.far.received) == len(data))
    assert hashlib.sha256(pair.far.received).digest() == hashlib.sha256(data).digest()
    until(lambda: done)
    assert done == [data[-1:]]


def test_T4_aborting_after_it_has_begun(pair, tls_identity):
    pair.encrypt(tls_identity)
    pair.near.transport.write(b"x")
    until(lambda: pair.far.received)
    pair.near.transport.abortConnection()
    assert pair.near.reason is None
    until(lambda: pair.near.reason)
    assert type(pair.near.reason).__name__ == "ConnectionAborted"


def test_T9_stop_consuming_goes_through_the_layer(pair, tls_identity):
    pair.encrypt(tls_identity)
    pair.near.transport.registerProducer(Producer(), True)
    pair.near.transport.write(b"last words")
    pair.near.transport.stopConsuming()
    until(lambda: pair.near.reason and pair.far.reason)
    assert pair.far.received == b"last words"
    assert type(pair.far.reason).__name__ == "ConnectionDone"


def test_the_server_may_begin_the_handshake(pair, tls_identity):
    pair.far.transport.startTLS(tls_identity.client(), False)
    pair.near.transport.startTLS(tls_identity.server(), False)
    pair.near.transport.write(b"x")
    until(lambda: pair.far.received == b"x")
    assert pair.far.transport.getPeerCertificate() is not None


def test_a_useless_context_leaves_the_connection_as_it_is(pair):
    with pytest.raises(TypeError), pytest.warns(Warning, match="does not explicitly provide"):
        pair.near.transport.startTLS(object())
    pair.near.transport.write(b"plain")
    until(lambda: pair.far.received == b"plain")
    assert not pair.near.transport.TLS


def test_a_connection_that_cannot_be_made_leaves_the_transport_as_it_is(pair, tls_identity):
    @implementer(IOpenSSLClientConnectionCreator)
    class Broken:
        def clientConnectionForTLS(self, protocol: Any) -> Any:
            raise ZeroDivisionError("no connection")

    producer = Producer()
    pair.near.transport.registerProducer(producer, True)
    with pytest.raises(ZeroDivisionError):
        pair.near.transport.startTLS(Broken())
    pair.near.transport.write(b"plain")
    until(lambda: pair.far.received == b"plain")
    assert not pair.near.transport.TLS
    assert pair.near.transport.producer is producer
    pair.near.transport.unregisterProducer()


def test_without_the_extra_it_says_what_to_install(pair, monkeypatch):
    monkeypatch.setattr(_starttls, "HAS_TLS", False)
    with pytest.raises(ImportError, match=r"pip install 'pcstream\[tls\]'"):
        pair.near.transport.startTLS(object())


def test_after_the_end_the_transport_has_its_own_methods_again(pair, tls_identity):
    pair.encrypt(tls_identity)
    pair.near.transport.write(b"x")
    until(lambda: pair.far.received)
    transport = pair.near.transport
    transport.abortConnection()
    until(lambda: pair.near.reason)
    transport.write(b"silent")
    transport.loseConnection()
    producer = Producer()
    transport.registerProducer(producer, True)
    assert producer.calls == ["stop"]
    assert transport.write.__self__ is transport

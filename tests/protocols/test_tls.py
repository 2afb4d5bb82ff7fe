"""TLS in its parts and against another implementation's peer: the standard library's ``ssl``.

The contract's rules have a file of their own, ``tests/contract/test_tls.py``.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyObject

pytest.importorskip("OpenSSL", reason="TLS needs pyOpenSSL (the extra 'tls')")

from cryptography import x509
from OpenSSL import SSL

from pcstream.internet import reactor
from pcstream.internet.interfaces import (
    IHandshakeListener,
    ILoggingContext,
    INegotiated,
    ISystemHandle,
    ITransport,
)
from pcstream.internet.protocol import ClientFactory, Factory, Protocol
from pcstream.internet.task import Clock
from pcstream.protocols._tls_legacy import LegacyContextFactoryWarning
from pcstream.protocols.basic import FileSender
from pcstream.protocols.tls import (
    TLSMemoryBIOFactory,
    TLSMemoryBIOProtocol,
    _AggregateSmallWrites,
    _representsEOF,
)
from pcstream.python import log
from pcstream.python.failure import Failure

DEADLINE_S = 20.0
APPLICATION_DATA = 23  # the content type of a TLS record (RFC 8446, 5.1)


def turn(times: int = 1) -> None:
    for _ in range(times):
        reactor.iterate(0.001)


def until(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < give_up, "waited in vain"
        reactor.iterate(0.01)


class Near(Protocol):
    """The protocol on top of our TLS."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.deliveries = 0
        self.reason: Any = None
        self.on_made: Callable[[], object] = bool
        self.on_data: Callable[[bytes], object] = len
        self.on_lost: Callable[[], object] = bool

    def connectionMade(self) -> None:
        self.tls: Any = self.transport
        self.on_made()

    def dataReceived(self, data: bytes) -> None:
        self.deliveries += 1
        self.received += data
        self.on_data(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.reason = reason.value
        self.on_lost()


@implementer(IHandshakeListener)
class Listening(Near):
    handshakes = 0
    on_handshake: Callable[[], object] = staticmethod(bool)

    def handshakeCompleted(self) -> None:
        self.handshakes += 1
        self.on_handshake()


class Peer(Protocol):
    """The other side, in the hands of ``ssl``; it does nothing by itself."""

    is_held = False

    def __init__(self, context: ssl.SSLContext, is_server: bool) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(
            self.incoming,
            self.outgoing,
            is_server,
            server_hostname=None if is_server else "localhost",
        )
        self.received = bytearray()
        self.raw = bytearray()
        self.is_ready = False
        self.alerted = False
        self.error: ssl.SSLError | None = None
        self.reason: Any = None

    def connectionMade(self) -> None:
        self.go_on()

    def dataReceived(self, data: bytes) -> None:
        self.raw += data
        self.incoming.write(data)
        if not self.is_held:
            self.go_on()

    def connectionLost(self, reason: Any = None) -> None:
        self.reason = reason.value

    def go_on(self) -> None:
        """Take the handshake and the input as far as they go."""
        self.is_held = False
        try:
            if not self.is_ready:
                self.tls.do_handshake()
                self.is_ready = True
            while chunk := self.tls.read(65_536):
                self.received += chunk
            self.alerted = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.alerted = True
        except ssl.SSLError as e:
            self.error = e
        self.flush()

    def flush(self) -> None:
        if self.transport is not None and self.transport.connected:
            self.transport.write(self.outgoing.read())

    def write(self, data: bytes) -> None:
        self.tls.write(data)
        self.flush()

    def say_goodbye(self) -> None:
        """Send the closing alert, and nothing else."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        self.flush()


class Connections:
    """Makes connections between our TLS and a peer, and drops them at the end."""

    def __init__(self, identity: Any) -> None:
        self.identity = identity
        self.ports: list[Any] = []
        self.pairs: list[tuple[Near, Peer]] = []

    def make(
        self, near: Near | None = None, *, is_client: bool = True, prepare: Any = None
    ) -> tuple[Near, Peer]:
        """
        :param is_client: whether our side begins the handshake.
        :param prepare: is given our context.
        """
        near = Near() if near is None else near
        peer = Peer(self._peer_context(is_client), is_client)
        tls_factory, plain = ClientFactory(), ClientFactory()
        tls_factory.noisy = plain.noisy = False
        tls_factory.buildProtocol = lambda address: near  # type: ignore[method-assign]
        plain.buildProtocol = lambda address: peer  # type: ignore[method-assign]
        ours = self.identity.client(prepare) if is_client else self.identity.server(prepare)
        wrapped = TLSMemoryBIOFactory(ours, is_client, tls_factory)
        listening, connecting = (plain, wrapped) if is_client else (wrapped, plain)
        port = reactor.listenTCP(0, listening, interface="127.0.0.1")
        self.ports.append(port)
        self.pairs.append((near, peer))
        reactor.connectTCP("127.0.0.1", port.getHost().port, connecting)
        return near, peer

    def made(self, *args: Any, **more: Any) -> tuple[Near, Peer]:
        """The same, and the handshake is done."""
        near, peer = self.make(*args, **more)
        until(lambda: near.transport and near.tls._handshakeDone and peer.is_ready)
        return near, peer

    def _peer_context(self, is_server: bool) -> ssl.SSLContext:
        if is_server:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.identity.pem)
            context.set_alpn_protocols(["pc/1"])
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def close(self) -> None:
        for port in self.ports:
            port.stopListening()
        for near, peer in self.pairs:
            for protocol in (near, peer):
                if protocol.transport is not None and protocol.reason is None:
                    protocol.transport.abortConnection()
        until(
            lambda: all(
                protocol.reason or protocol.transport is None
                for pair in self.pairs
                for protocol in pair
            )
        )
        turn(3)


@pytest.fixture
def errors() -> Iterator[list[Any]]:
    """What is logged as an error; a test takes out what it expects."""
    heard: list[Any] = []

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            heard.append(event["failure"].value)

    log.addObserver(observe)
    yield heard
    log.removeObserver(observe)
    assert heard == []


@pytest.fixture
def connections(tls_identity: Any, errors: list[Any]) -> Iterator[Connections]:
    made = Connections(tls_identity)
    yield made
    made.close()


# -- with a peer of another make


@pytest.mark.parametrize("is_client", [True, False])
def test_both_ways_and_a_clean_end(connections, is_client):
    near, peer = connections.made(is_client=is_client)
    near.tls.write(b"to the peer")
    peer.write(b"to us")
    until(lambda: near.received == b"to us" and peer.received == b"to the peer")
    near.tls.loseConnection()
    until(lambda: peer.alerted)
    peer.say_goodbye()
    until(lambda: near.reason and peer.reason)
    assert type(near.reason).__name__ == "ConnectionDone"


def test_what_is_known_of_the_peer_during_and_after(connections):
    near, peer = connections.made(
        prepare=lambda context: context.set_alpn_protos([b"other", b"pc/1"])
    )
    for provided in (ITransport, ISystemHandle, INegotiated):
        assert verifyObject(provided, near.tls)
    assert isinstance(near.tls.getHandle(), SSL.Connection)
    subject = near.tls.getPeerCertificate().to_cryptography().subject
    assert subject.rfc4514_string() == "CN=localhost"
    assert near.tls.negotiatedProtocol == b"pc/1"
    peer.transport.abortConnection()
    until(lambda: near.reason)
    assert near.tls.negotiatedProtocol == b"pc/1"


@pytest.mark.parametrize("is_client", [True, False])
def test_a_peer_that_leaves_without_a_word(connections, is_client):
    near, peer = connections.made(is_client=is_client)
    peer.write(b"unfinished")
    peer.transport.loseConnection()
    until(lambda: near.reason)
    assert near.received == b"unfinished"
    assert type(near.reason).__name__ == "ConnectionLost"


def test_a_dead_peer(connections):
    near, peer = connections.made()
    peer.transport.abortConnection()
    until(lambda: near.reason)
    assert type(near.reason).__name__ == "ConnectionLost"


def test_a_peer_that_has_said_all_still_gets_its_answer(connections):
    """An answer written while the alert lies behind the question, in the same packet."""
    near, peer = connections.made()
    near.on_data = lambda data: near.tls.write(b"answer to " + data)
    peer.tls.write(b"question")
    peer.say_goodbye()
    until(lambda: near.reason and peer.reason)
    assert type(near.reason).__name__ == "ConnectionDone"
    # In TLS 1.3 a record has 17 bytes more than what is in it (RFC 8446, 5.2).
    answer = (APPLICATION_DATA, len(b"answer to question") + 17)
    assert answer in records_of(bytes(peer.raw))


def records_of(raw: bytes) -> list[tuple[int, int]]:
    """Content type and length of each record."""
    found = []
    while raw:
        length = int.from_bytes(raw[3:5], "big")
        found.append((raw[0], length))
        raw = raw[5 + length :]
    return found


def test_garbage_instead_of_a_handshake(connections):
    near, peer = connections.make(is_client=False)
    peer.go_on = bool
    until(lambda: near.transport and peer.transport)
    peer.transport.write(b"\x16\x03\x01\x00\x05hello")
    until(lambda: near.reason and peer.reason)
    assert isinstance(near.reason, SSL.Error)
    assert peer.raw[:1] == bytes([21])  # the alert that says so
    assert near.received == b""


def test_garbage_in_the_middle(connections):
    near, peer = connections.made()
    peer.transport.write(b"\x17\x03\x03\x00\x20" + b"garbage." * 4)
    until(lambda: near.reason and peer.reason)
    assert isinstance(near.reason, SSL.Error)
    assert peer.error is not None  # our alert
    assert "bad record mac" in str(peer.error).lower()


# -- around the handshake


def test_a_pause_inside_the_handshake_holds_input_only(connections):
    near = Near()

    def at_once():
        near.tls.pauseProducing()
        near.tls.write(b"written while paused")

    near.on_made = at_once
    near, peer = connections.make(near)
    until(lambda: peer.received == b"written while paused")
    peer.write(b"for later" * 10_000)
    turn(20)
    assert near.deliveries == 0
    near.tls.resumeProducing()
    assert near.deliveries == 0
    until(lambda: len(near.received) == 90_000)


def test_a_pause_inside_the_handshake_stops_reading_once_it_is_done(connections):
    near = Near()
    near.on_made = lambda: near.tls.pauseProducing()
    near, peer = connections.made(near)
    peer.write(b"x" * 4_000_000)
    turn(30)
    assert near.deliveries == 0
    assert near.tls.transport not in reactor.getReaders()
    near.tls.abortConnection()


def test_closing_while_a_write_waits_for_reading(connections):
    """What was written before the handshake is sent after it, and then comes the end."""
    near = Near()
    data = os.urandom(300_000)

    def write_and_close():
        near.tls.write(data)
        near.tls.loseConnection()

    near.on_made = write_and_close
    near, peer = connections.make(near)
    until(lambda: peer.alerted)
    assert peer.received == data
    peer.say_goodbye()
    until(lambda: near.reason)
    assert type(near.reason).__name__ == "ConnectionDone"


@pytest.mark.parametrize("close", ["loseConnection", "abortConnection"])
def test_giving_up_before_the_handshake(connections, close):
    near = Near()
    near.on_made = lambda: getattr(near.tls, close)()
    near, _peer = connections.make(near)
    until(lambda: near.reason)
    assert type(near.reason).__name__ == "ConnectionAborted"


def test_closing_with_a_producer_that_never_writes_before_the_handshake(connections):
    """It is waited for; when it goes without a word there is nothing to shake hands for."""
    near = Near()

    class Producer:
        def stopProducing(self) -> None:
            raise AssertionError

    def begin():
        near.tls.registerProducer(Producer(), True)
        near.tls.loseConnection()
        near.tls.unregisterProducer()

    near.on_made = begin
    near, _peer = connections.make(near)
    until(lambda: near.reason)
    assert type(near.reason).__name__ == "ConnectionAborted"


@pytest.mark.parametrize("is_client", [True, False])
def test_a_listener_hears_of_the_handshake_once(connections, is_client):
    near, peer = connections.made(Listening(), is_client=is_client)
    assert near.handshakes == 1
    peer.write(b"x")
    until(lambda: near.received)
    assert near.handshakes == 1


def test_a_listener_that_raises_loses_the_connection(connections, errors):
    near = Listening()

    def fail():
        raise ZeroDivisionError("in handshakeCompleted")

    near.on_handshake = fail
    near, _peer = connections.make(near)
    until(lambda: near.reason)
    assert isinstance(near.reason, ZeroDivisionError)
    assert [type(each) for each in errors] == [ZeroDivisionError]
    errors.clear()


def test_giving_up_from_inside_one_of_openssls_callbacks(connections):
    near = Listening()

    def prepare(context):
        context.set_tlsext_servername_callback(
            lambda connection: connection.get_app_data().abortConnection()
        )

    near, _peer = connections.make(near, is_client=False, prepare=prepare)
    until(lambda: near.reason)
    assert type(near.reason).__name__ == "ConnectionAborted"
    assert near.handshakes == 0


def test_failing_verification_is_the_reason(connections):
    near, _peer = connections.made()
    why = Exception("not who it should be")
    near.tls.failVerification(Failure(why))
    until(lambda: near.reason)
    assert near.reason is why


def test_a_handshake_longer_than_one_reading(connections, tls_identity):
    """A chain of certificates of more than the 32 KiB that are taken from OpenSSL at a time."""
    certificate = x509.load_pem_x509_certificate(tls_identity.certificate_pem)

    def prepare(context):
        for _ in range(150):
            context.add_extra_chain_cert(certificate)

    near, peer = connections.made(is_client=False, prepare=prepare)
    assert sum(length for _, length in records_of(bytes(peer.raw))) > 40_000
    near.tls.loseConnection()


# -- data


def test_eight_megabytes_each_way_with_flat_memory(connections):
    near, peer = connections.made()
    size = 8 * 1024 * 1024

    class File:
        left = size
        digest = hashlib.sha256()

        def read(self, length):
            chunk = os.urandom(min(length, self.left))
            self.left -= len(chunk)
            self.digest.update(chunk)
            return chunk

    arrived = hashlib.sha256()
    count = 0

    def take():
        nonlocal count
        count += len(peer.received)
        arrived.update(peer.received)
        peer.received.clear()
        peer.raw.clear()

    done: list[Any] = []
    tracemalloc.start()
    try:
        FileSender().beginFileTransfer(File(), near.tls).addBoth(done.append)
        until(lambda: (take(), count == size)[1])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert arrived.digest() == File.digest.digest()
    until(lambda: done)  # told when the next chunk would be due
    assert peak < 2_500_000

    back = hashlib.sha256()
    near.on_data = back.update
    before = len(near.received)
    sent = hashlib.sha256()
    left = size
    while left:
        chunk = os.urandom(65_536)
        sent.update(chunk)
        peer.write(chunk)
        left -= len(chunk)
        until(lambda: not peer.transport._outbox)
        near.received.clear()
    until(lambda: back.digest() == sent.digest())
    assert before == 0


def test_a_file_and_goodbye_from_another_reactor_turn(connections):
    near, peer = connections.made()
    data = os.urandom(1_000_000)
    FileSender().beginFileTransfer(BytesIO(data), near.tls).addBoth(
        lambda _: near.tls.loseConnection()
    )
    until(lambda: peer.alerted)
    assert peer.received == data
    peer.say_goodbye()


def test_small_writes_of_one_turn_become_one_record(connections):
    near, peer = connections.made()
    turn(5)
    peer.raw.clear()
    for _ in range(100):
        near.tls.write(b"ten bytes.")
    near.tls.writeSequence([b"ten bytes."] * 100)
    until(lambda: len(peer.received) == 2000)
    assert records_of(bytes(peer.raw)) == [(APPLICATION_DATA, 2000 + 17)]


def test_collecting_has_an_end():
    taken: list[bytes] = []
    clock = Clock()
    collector = _AggregateSmallWrites(taken.append, clock)
    collector.write(b"x" * collector.MAX_BUFFER_SIZE)
    assert taken == []
    collector.write(b"y")
    assert taken == [b"x" * collector.MAX_BUFFER_SIZE + b"y"]
    collector.write(b"z")
    clock.advance(0)
    assert taken[1:] == [b"z"]
    collector.write(b"never")
    collector.close()
    assert clock.getDelayedCalls() == []
    collector.flush()
    collector.write(b"never")
    clock.advance(0)
    assert taken[2:] == []


def test_no_call_is_left_in_the_reactor(connections):
    before = len(reactor.getDelayedCalls())
    near, peer = connections.made()
    near.on_data = lambda data: near.tls.pauseProducing()
    peer.write(b"x" * 100_000)
    until(lambda: near.deliveries)
    near.tls.resumeProducing()
    near.tls.write(b"collected")
    peer.transport.abortConnection()
    until(lambda: near.reason)
    assert len(reactor.getDelayedCalls()) == before
    near, peer = connections.made()
    near.tls.pauseProducing()
    near.tls.resumeProducing()  # nothing is held, so nothing is planned
    assert len(reactor.getDelayedCalls()) == before


def test_data_received_that_raises_after_a_pause_loses_the_connection(connections, errors):
    near, peer = connections.made()
    near.on_data = lambda data: near.tls.pauseProducing()
    peer.write(b"x" * 100_000)
    until(lambda: near.deliveries)
    turn(5)

    def fail(data):
        raise ZeroDivisionError("in dataReceived")

    near.on_data = fail
    near.tls.resumeProducing()
    until(lambda: near.reason)
    assert isinstance(near.reason, ZeroDivisionError)
    assert {type(each) for each in errors} == {ZeroDivisionError}
    errors.clear()


# -- the reactor's own methods


def test_listening_and_connecting_with_ssl(tls_identity, errors):
    near, far = Near(), Near()
    server, client = Factory(), ClientFactory()
    server.noisy = client.noisy = False
    server.buildProtocol = lambda address: far
    client.buildProtocol = lambda address: near
    port = reactor.listenSSL(0, server, tls_identity.server(), interface="127.0.0.1")
    reactor.connectSSL("127.0.0.1", port.getHost().port, client, tls_identity.client())
    near.on_made = lambda: near.tls.write(b"question")
    far.on_data = lambda data: far.tls.write(b"answer")
    until(lambda: near.received == b"answer")
    near.tls.loseConnection()
    until(lambda: near.reason and far.reason)
    assert [type(each.reason).__name__ for each in (near, far)] == ["ConnectionDone"] * 2
    port.stopListening()
    turn(2)


# -- factories


def test_log_prefixes(tls_identity):
    @implementer(ILoggingContext)
    class Named(Factory):
        def logPrefix(self) -> str:
            return "named"

    assert TLSMemoryBIOFactory(tls_identity.client(), True, Named()).logPrefix() == "named (TLS)"

    class Nameless:
        pass

    prefix = TLSMemoryBIOFactory(tls_identity.client(), True, Nameless()).logPrefix()
    assert prefix == "Nameless (TLS)"


def test_what_is_no_context_factory(tls_identity):
    class Undeclared:
        def getContext(self) -> Any:
            return tls_identity.client().getContext()

    with pytest.warns(LegacyContextFactoryWarning, match="IOpenSSLContextFactory"):
        TLSMemoryBIOFactory(Undeclared(), True, Factory())

    class Lying:
        def getContext(self) -> Any:
            return "no context"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LegacyContextFactoryWarning)
        with pytest.raises(TypeError, match="doesn't return a `Context`"):
            TLSMemoryBIOFactory(Lying(), True, Factory())
        with pytest.raises(TypeError, match="does not even have a `getContext` method"):
            TLSMemoryBIOFactory(object(), False, Factory())


def test_ends_of_input_as_openssl_words_them():
    assert _representsEOF(SSL.SysCallError(-1, "Unexpected EOF"))
    assert _representsEOF(SSL.Error([("SSL routines", "", "unexpected eof while reading")]))
    assert not _representsEOF(SSL.Error([("SSL routines", "", "bad certificate")]))
    assert not _representsEOF(SSL.Error())


def test_the_base_class_does_not_collect(tls_identity):
    factory = TLSMemoryBIOFactory(tls_identity.client(), True, Factory(), Clock())
    plain = TLSMemoryBIOProtocol(factory, Near())
    assert not hasattr(plain, "_aggregator")

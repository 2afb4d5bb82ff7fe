"""What Twisted's proxies and wrappers were seen to do, rule by rule; see ``conftest``."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import pytest
from zope.interface import directlyProvides

kinds = pytest.mark.kinds

LIMIT = 65_536
BOTH = pytest.mark.parametrize(
    "proxy_class", ["BasicProducerConsumerProxy", "ProducerConsumerProxy"], ids=["pcpB", "pcpP"]
)
BASIC = pytest.mark.parametrize("proxy_class", ["BasicProducerConsumerProxy"], ids=["pcpB"])
BUFFERED = pytest.mark.parametrize("proxy_class", ["ProducerConsumerProxy"], ids=["pcpP"])


@pytest.fixture
def proxy(package: Any, proxy_class: str, sink: Any) -> Any:
    """A proxy of ``protocols.pcp`` in front of a sink."""
    return getattr(package.protocols_pcp, proxy_class)(sink)


@BOTH
def test_twisted_X1_bytes_that_were_held_are_lost(package: Any, proxy: Any, sink: Any) -> None:
    """+ Bytes held while paused end in ``TypeError`` on the next resume.

    They are written.
    """
    proxy.pauseProducing()
    proxy.write(b"x")
    if package.is_twisted:
        with pytest.raises(TypeError):
            proxy.resumeProducing()
        assert sink.data == b""
    else:
        proxy.resumeProducing()
        assert sink.data == b"x"


@BASIC
def test_twisted_X2_the_basic_proxy_passes_a_pause_on_at_once(
    package: Any, proxy: Any, push: Any, events: list[str]
) -> None:
    """= A pause from downstream pauses the producer at once."""
    proxy.registerProducer(push(), True)
    proxy.pauseProducing()
    assert events == ["P pause"]


@BUFFERED
def test_twisted_X2_the_buffered_proxy_pauses_at_its_limit(
    package: Any, proxy: Any, push: Any, events: list[str]
) -> None:
    """= The producer is paused when the proxy holds 65 536 bytes, not before."""
    proxy.registerProducer(push(), True)
    proxy.pauseProducing()
    proxy.write(b"x" * (LIMIT - 1))
    assert events == []
    proxy.write(b"x")
    assert events == ["P pause"]


@BUFFERED
def test_twisted_C8_the_buffered_proxy_pauses_with_each_write(
    package: Any, proxy: Any, push: Any, events: list[str]
) -> None:
    """+ ``ProducerConsumerProxy`` pauses again with each write beyond its limit.

    Once.
    """
    proxy.registerProducer(push(), True)
    proxy.pauseProducing()
    for _ in range(4):
        proxy.write(b"x" * LIMIT)
    assert events == ["P pause"] * package.says(twisted=4, pcstream=1)


@BASIC
def test_twisted_L6_the_basic_proxy_pauses_a_pull_producer(
    package: Any, proxy: Any, pull: Any
) -> None:
    """+ ``BasicProducerConsumerProxy`` calls ``pauseProducing`` of a pull producer, which has none.

    It does not.
    """
    proxy.registerProducer(pull(), False)
    if package.is_twisted:
        with pytest.raises(AttributeError):
            proxy.pauseProducing()
    else:
        proxy.pauseProducing()


@BASIC
def test_twisted_C4_L4_the_basic_proxy_asks_nobody(
    package: Any, proxy: Any, pull: Any, events: list[str]
) -> None:
    """! ``BasicProducerConsumerProxy`` does not ask a pull producer of its own accord."""
    proxy.registerProducer(pull(), False)
    assert events == []


@BUFFERED
def test_twisted_C4_L4_the_buffered_proxy_asks_at_once(
    package: Any, proxy: Any, pull: Any, events: list[str]
) -> None:
    """= ``ProducerConsumerProxy`` asks a pull producer inside ``registerProducer``."""
    proxy.registerProducer(pull(), False)
    assert events == ["P resume"]


@BOTH
def test_twisted_X4_each_stop_goes_upstream(
    package: Any, proxy: Any, push: Any, events: list[str]
) -> None:
    """+ Each ``stopProducing`` is passed on.

    The first is.
    """
    proxy.registerProducer(push(), True)
    for _ in range(3):
        with suppress(AttributeError):
            proxy.stopProducing()
    assert events == ["P stop"] * package.says(twisted=3, pcstream=1)


@BASIC
def test_twisted_X5_the_end_overtakes_what_is_held(
    package: Any, proxy: Any, push: Any, sink: Any
) -> None:
    """+ ``BasicProducerConsumerProxy`` unregisters at once, and strands what it holds.

    The end comes behind it.
    """
    proxy.registerProducer(push(), True)
    proxy.pauseProducing()
    proxy.write(b"x")
    proxy.unregisterProducer()
    assert ("unregister" in sink.calls) is package.is_twisted


@BUFFERED
def test_twisted_X5_the_buffered_proxy_waits(
    package: Any, proxy: Any, push: Any, sink: Any
) -> None:
    """= ``ProducerConsumerProxy`` unregisters when nothing is held any more."""
    proxy.registerProducer(push(), True)
    proxy.pauseProducing()
    proxy.write(b"x")
    proxy.unregisterProducer()
    assert "unregister" not in sink.calls


@BOTH
def test_twisted_X6_C1_a_second_producer_replaces_the_first(
    package: Any, proxy: Any, push: Any, events: list[str]
) -> None:
    """+ A second producer takes the place of the first without a word.

    ``RuntimeError``.
    """
    proxy.registerProducer(push("P"), True)
    if package.is_twisted:
        proxy.registerProducer(push("Q"), True)
        proxy.stopProducing()
        assert events == ["Q stop"]
    else:
        with pytest.raises(RuntimeError):
            proxy.registerProducer(push("Q"), True)


@BOTH
def test_twisted_X6_C2_the_stopped_take_a_producer(
    package: Any, proxy: Any, push: Any, events: list[str]
) -> None:
    """+ Who registers with a proxy that was stopped is not stopped.

    It is.
    """
    proxy.registerProducer(push("P"), True)
    proxy.stopProducing()
    del events[:]
    with suppress(RuntimeError):
        proxy.unregisterProducer()
    proxy.registerProducer(push("Q"), True)
    assert events == package.says(twisted=[], pcstream=["Q stop"])


@BOTH
def test_twisted_X6_C13_unregistering_nobody_unregisters_the_proxy(
    package: Any, proxy: Any, sink: Any
) -> None:
    """+ ``unregisterProducer`` without a producer unregisters the proxy from its consumer.

    It is nothing.
    """
    proxy.unregisterProducer()
    assert ("unregister" in sink.calls) is package.is_twisted


# Throttling.


@kinds("thr")
def test_twisted_X3_lifting_the_throttle_resumes_for_a_full_transport(stage: Any) -> None:
    """+ Lifting the write throttle resumes a producer whose transport is full.

    It waits for the transport.
    """
    stage.full()
    stage.near.throttleWrites()
    del stage.events[:]
    stage.near.unthrottleWrites()
    assert stage.events == stage.says(twisted=["P resume"], pcstream=[])


@kinds("thr")
def test_twisted_X3_a_drain_resumes_the_throttled(stage: Any) -> None:
    """+ A drain resumes a producer that is throttled.

    It waits for the throttle.
    """
    stage.full()
    stage.near.throttleWrites()
    del stage.events[:]
    stage.reads = True
    stage.quiet()
    assert stage.events == stage.says(twisted=["P resume"], pcstream=[])


@kinds("thr")
def test_twisted_X3_lifting_the_read_throttle_ends_the_applications_pause(stage: Any) -> None:
    """+ Lifting the read throttle resumes a transport that the application has paused.

    It stays paused.
    """
    stage.near.pauseProducing()
    stage.near.throttleReads()
    stage.near.unthrottleReads()
    stage.tell(b"x")
    stage.quiet()
    assert bool(stage.ear.received) is stage.is_twisted


@kinds("thr")
def test_twisted_L6_a_throttle_pauses_a_pull_producer(stage: Any) -> None:
    """+ Throttling calls ``pauseProducing`` of a pull producer, which has none.

    It is not asked until the throttle is lifted.
    """
    stage.registered(streaming=False)
    if stage.is_twisted:
        with pytest.raises(AttributeError):
            stage.near.throttleWrites()
    else:
        stage.near.throttleWrites()
        stage.near.unthrottleWrites()
    stage.near.unregisterProducer()


def test_twisted_X3_tls_merges_two_reasons(
    package: Any, tls_identity: Any, push: Any, events: list[str]
) -> None:
    """+ TLS: a producer that is paused because OpenSSL waits for the peer, and because the
    connection below is full, is resumed when only the latter is over.

    It is resumed when both are.
    """
    contexts = tls_identity.client()
    directlyProvides(contexts, package.internet_interfaces.IOpenSSLContextFactory)
    application = package.internet_protocol.Protocol()
    factory = package.internet_protocol.ClientFactory()
    factory.noisy = False
    factory.buildProtocol = lambda address: application
    tls = package.protocols_tls.TLSMemoryBIOFactory(contexts, True, factory)
    tls.noisy = False
    below = package.internet_testing.StringTransport()
    tls.buildProtocol(None).makeConnection(below)
    application.transport.registerProducer(push(), True)
    application.transport.write(b"x" * 100_000)  # the handshake is not over
    package.turn(2)
    assert events == ["P pause"]
    below.producer.pauseProducing()
    below.producer.resumeProducing()
    assert events == ["P pause", *package.says(twisted=["P resume"], pcstream=[])]


@kinds("wrap thr")
@pytest.mark.late
def test_twisted_X7_half_closes_do_not_pass(stage: Any) -> None:
    """! A peer's half-close ends the connection of a protocol that could take it."""
    stage.connect(half=True)
    stage.far.shutdown(socket.SHUT_WR)
    stage.until_lost()
    assert "read lost" not in stage.events


@kinds("tls")
@pytest.mark.late
def test_twisted_X7_nor_through_tls(stage: Any) -> None:
    """! Nor do they through TLS."""
    stage.connect(half=True)
    with suppress(OSError):
        stage.far.unwrap()
    stage.until_lost()
    assert "read lost" not in stage.events


@kinds("wrap thr")
def test_twisted_X7_it_seems_connected_inside_the_stop(stage: Any) -> None:
    """! Inside ``stopProducing`` a wrapper's ``connected`` is still true."""
    producer = stage.push()
    seen = []
    producer.on["stop"] = lambda: seen.append(bool(stage.near.connected))
    stage.near.registerProducer(producer, True)
    stage.vanish()
    stage.until_lost()
    assert seen == [True]


# portforward


class Chain:
    """A bare client, a forwarding port, and a bare server."""

    def __init__(self, package: Any) -> None:
        self.package = package
        self.behind = socket.create_server(("127.0.0.1", 0))
        self.behind.setblocking(False)
        portforward = package.protocols_portforward
        factory = portforward.ProxyFactory("127.0.0.1", self.behind.getsockname()[1])
        factory.noisy = False
        self.port = package.reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.client = socket.create_connection(("127.0.0.1", self.port.getHost().port))
        self.client.setblocking(False)
        self.server: Any = None
        package.closers.append(self.close)

    def until(self, condition: Any) -> Any:
        for _ in range(20_000):
            self.package.reactor.iterate(0)
            with suppress(BlockingIOError):
                value = condition()
                if value:
                    return value
        raise AssertionError("waited in vain")

    def accept(self) -> None:
        self.server = self.until(lambda: self.behind.accept()[0])
        self.server.setblocking(False)
        self.package.turn(5)

    def close(self) -> None:
        self.port.stopListening()
        for one in (self.client, self.server, self.behind):
            if one is not None:
                one.close()
        self.package.turn(5)


def read_all(chain: Chain, end: Any) -> tuple[int, str]:
    """Read to the end; how many bytes came, and what the end was."""
    got = [0]

    def take() -> str:
        try:
            data = end.recv(1 << 20)
        except ConnectionResetError:
            return "reset"
        got[0] += len(data)
        return "" if data else "eof"

    how = chain.until(take)
    return got[0], how


def test_twisted_X8_a_clean_end_behind_everything(package: Any) -> None:
    """= ``portforward``: all bytes of a side that ends arrive at the other, and then its end."""
    chain = Chain(package)
    chain.accept()
    data = memoryview(b"x" * 2_000_000)
    sent = 0

    def send() -> bool:
        nonlocal sent
        sent += chain.server.send(data[sent:])
        with suppress(BlockingIOError):
            received.append(len(chain.client.recv(1 << 20)))
        return sent == len(data)

    received: list[int] = []
    chain.until(send)
    chain.server.close()
    rest, how = read_all(chain, chain.client)
    assert sum(received) + rest == 2_000_000
    assert how == "eof"


def test_twisted_X8_nothing_is_read_before_the_other_side_exists(package: Any) -> None:
    """= ``portforward``: a client's bytes are not read before its server is connected."""
    chain = Chain(package)
    chain.client.send(b"hello")
    chain.accept()
    assert chain.until(lambda: chain.server.recv(100)) == b"hello"


def test_twisted_X2_portforward_leaves_the_rest_with_the_sender(package: Any) -> None:
    """= ``portforward``: of 30 MB for a client that does not read most stays with the sender."""
    chain = Chain(package)
    chain.accept()
    chain.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    sent, still = 0, 0
    piece = b"x" * 100_000
    while still < 50 and sent < 30_000_000:
        package.reactor.iterate(0)
        try:
            sent += chain.server.send(piece)
            still = 0
        except BlockingIOError:
            still += 1
    assert sent < 20_000_000


def test_twisted_X9_an_unclean_end_becomes_a_clean_one(package: Any) -> None:
    """! ``portforward``: a reset on one side is a clean end on the other.

    The same, unless ``abort_on_unclean_end`` is set.
    """
    import struct

    chain = Chain(package)
    chain.accept()
    chain.server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    chain.server.close()
    assert read_all(chain, chain.client) == (0, "eof")


def test_twisted_X7_portforward_closes_both_sides(package: Any) -> None:
    """! ``portforward``: a half-close by the client ends both connections."""
    chain = Chain(package)
    chain.accept()
    chain.client.shutdown(socket.SHUT_WR)
    assert read_all(chain, chain.server) == (0, "eof")
    assert read_all(chain, chain.client) == (0, "eof")

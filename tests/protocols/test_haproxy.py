"""The PROXY protocol: what a header says, what is no header, and what comes behind one."""

from __future__ import annotations

import dataclasses
import struct
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from pcstream.internet import error, reactor
from pcstream.internet.address import IPv4Address, IPv6Address, UNIXAddress
from pcstream.internet.defer import Deferred
from pcstream.internet.endpoints import (
    TCP4ClientEndpoint,
    _parse,
    connectProtocol,
    serverFromString,
)
from pcstream.internet.protocol import Factory, Protocol
from pcstream.internet.testing import StringTransportWithDisconnection
from pcstream.protocols.haproxy import proxyEndpoint
from pcstream.protocols.haproxy._exceptions import (
    InvalidNetworkProtocol,
    InvalidProxyHeader,
    MissingAddressData,
    convertError,
)
from pcstream.protocols.haproxy._info import ProxyInfo
from pcstream.protocols.haproxy._interfaces import IProxyInfo, IProxyParser
from pcstream.protocols.haproxy._parser import unparseEndpoint
from pcstream.protocols.haproxy._v1parser import LONGEST_LINE, V1Parser
from pcstream.protocols.haproxy._v2parser import V2Parser
from pcstream.protocols.haproxy._wrapper import HAProxyWrappingFactory
from pcstream.trial.unittest import TestCase

V1_HEADER = b"PROXY TCP4 192.0.2.1 192.0.2.2 8080 8888\r\n"
IPV4_BLOCK = bytes([192, 0, 2, 1, 192, 0, 2, 2]) + struct.pack("!2H", 8080, 8888)


def v2_header(
    version_command: int = 0x21, kind: int = 0x11, block: bytes = IPV4_BLOCK, size: int = -1
) -> bytes:
    announced = len(block) if size < 0 else size
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", version_command, kind, announced) + block


def source_and_destination(info: ProxyInfo) -> tuple[Any, Any]:
    assert verifyObject(IProxyInfo, info)
    return info.source, info.destination


class TestVersion1:
    def test_tcp4(self) -> None:
        assert source_and_destination(V1Parser.parse(V1_HEADER[:-2])) == (
            IPv4Address("TCP", "192.0.2.1", 8080),
            IPv4Address("TCP", "192.0.2.2", 8888),
        )

    def test_tcp6(self) -> None:
        assert source_and_destination(V1Parser.parse(b"PROXY TCP6 ::1 2001:db8::2 0 65535")) == (
            IPv6Address("TCP", "::1", 0),
            IPv6Address("TCP", "2001:db8::2", 65535),
        )

    @pytest.mark.parametrize("rest", [b"", b" ", b" whatever it is, \xff"])
    def test_unknown(self, rest: bytes) -> None:
        assert source_and_destination(V1Parser.parse(b"PROXY UNKNOWN" + rest)) == (None, None)

    @pytest.mark.parametrize(
        ("line", "kind"),
        [
            (b"", InvalidProxyHeader),
            (b"PROXY", InvalidNetworkProtocol),
            (b"proxy TCP4 192.0.2.1 192.0.2.2 1 2", InvalidProxyHeader),
            (b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2", InvalidNetworkProtocol),
            (b"PROXY  TCP4 192.0.2.1 192.0.2.2 1 2", InvalidNetworkProtocol),
            (b"PROXY TCP4", MissingAddressData),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1", MissingAddressData),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3", InvalidProxyHeader),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2  1 2", InvalidProxyHeader),
            (b"PROXY TCP4 192.0.2.999 192.0.2.2 1 2", InvalidProxyHeader),
            (b"PROXY TCP4 192.0.2 192.0.2.2 1 2", InvalidProxyHeader),
            (b"PROXY TCP4 ::1 ::2 1 2", InvalidProxyHeader),
            (b"PROXY TCP4 localhost 192.0.2.2 1 2", InvalidProxyHeader),
            (b"PROXY TCP4 \xff 192.0.2.2 1 2", InvalidProxyHeader),
            (b"PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2", InvalidProxyHeader),
            (b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2", InvalidProxyHeader),
            (b"PROXY TCP6 fe80::1%lo ::2 1 2", InvalidProxyHeader),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 65536 2", InvalidProxyHeader),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 -1 2", InvalidProxyHeader),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 +1 2", InvalidProxyHeader),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1_0 2", InvalidProxyHeader),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 x 2", InvalidProxyHeader),
        ],
    )
    def test_no_header(self, line: bytes, kind: Any) -> None:
        with pytest.raises(kind) as caught:
            V1Parser.parse(line)
        assert type(caught.value) is kind

    def test_the_longest_line(self) -> None:
        line = b"PROXY UNKNOWN ".ljust(LONGEST_LINE - 2, b"x")
        assert V1Parser().feed(line + b"\r\nrest") == (ProxyInfo(line, None, None), b"rest")
        with pytest.raises(InvalidProxyHeader, match="no line's end"):
            V1Parser().feed(line + b"x\r\nrest")
        parser = V1Parser()
        assert parser.feed(line + b"\r") == (None, None)
        with pytest.raises(InvalidProxyHeader, match="no line's end"):
            parser.feed(b"\r")

    def test_another_beginning_is_refused_at_once(self) -> None:
        with pytest.raises(InvalidProxyHeader, match="begins no header"):
            V1Parser().feed(b"GET")


class TestVersion2:
    @pytest.mark.parametrize(("kind", "word"), [(0x11, "TCP"), (0x12, "UDP")])
    def test_ipv4(self, kind: int, word: Any) -> None:
        assert source_and_destination(V2Parser.parse(v2_header(kind=kind))) == (
            IPv4Address(word, "192.0.2.1", 8080),
            IPv4Address(word, "192.0.2.2", 8888),
        )

    @pytest.mark.parametrize(("kind", "word"), [(0x21, "TCP"), (0x22, "UDP")])
    def test_ipv6(self, kind: int, word: Any) -> None:
        block = b"\x20\x01".ljust(16, b"\0") + b"\1".rjust(16, b"\0") + struct.pack("!2H", 1, 2)
        assert source_and_destination(V2Parser.parse(v2_header(kind=kind, block=block))) == (
            IPv6Address(word, "2001:0:0:0:0:0:0:0", 1),
            IPv6Address(word, "0:0:0:0:0:0:0:1", 2),
        )

    @pytest.mark.parametrize("kind", [0x31, 0x32])
    def test_unix(self, kind: int) -> None:
        block = b"/a".ljust(108, b"\0") + b"\0abstract".ljust(108, b"\0")
        source, destination = source_and_destination(
            V2Parser.parse(v2_header(kind=kind, block=block))
        )
        assert source == UNIXAddress(b"/a")
        assert destination.name == b"\0abstract"
        full = V2Parser.parse(v2_header(kind=kind, block=b"a" * 216))
        assert full.source == UNIXAddress(b"a" * 108)

    def test_what_follows_the_addresses_is_passed_over(self) -> None:
        header = v2_header(block=IPV4_BLOCK + b"\3\0\4abcd")
        assert V2Parser().feed(header + b"rest") == (V2Parser.parse(header), b"rest")

    @pytest.mark.parametrize(
        "header",
        [
            v2_header(0x20),
            v2_header(0x20, 0, b""),
            v2_header(0x20, 0x99, b"x"),
            v2_header(kind=0x00, block=b""),
            v2_header(kind=0x01, block=b"xyz"),
            v2_header(kind=0x10),
        ],
    )
    def test_without_addresses(self, header: bytes) -> None:
        assert source_and_destination(V2Parser.parse(header)) == (None, None)

    @pytest.mark.parametrize(
        ("header", "kind"),
        [
            (v2_header(0x11), InvalidProxyHeader),
            (v2_header(0x31), InvalidProxyHeader),
            (v2_header(0x22), InvalidProxyHeader),
            (v2_header(kind=0x41), InvalidNetworkProtocol),
            (v2_header(kind=0x13), InvalidNetworkProtocol),
            (v2_header(block=IPV4_BLOCK[:-1]), MissingAddressData),
            (v2_header(kind=0x21), MissingAddressData),
            (v2_header(kind=0x31), MissingAddressData),
            (v2_header(block=b""), MissingAddressData),
            (b"\0" + v2_header()[1:], InvalidProxyHeader),
            (v2_header()[:15], InvalidProxyHeader),
        ],
    )
    def test_no_header(self, header: bytes, kind: Any) -> None:
        with pytest.raises(kind) as caught:
            V2Parser.parse(header)
        assert type(caught.value) is kind

    def test_a_wrong_command_is_refused_before_its_64_KiB(self) -> None:
        with pytest.raises(InvalidProxyHeader, match="command 15"):
            V2Parser().feed(v2_header(0x2F, block=b"", size=65535))

    def test_the_longest_header(self) -> None:
        header = v2_header(block=IPV4_BLOCK.ljust(65535, b"\0"))
        parser = V2Parser()
        assert parser.feed(header[:-1]) == (None, None)
        assert parser.feed(header[-1:] + b"rest") == (V2Parser.parse(header), b"rest")


HEADERS = [V1_HEADER, b"PROXY UNKNOWN\r\n", v2_header(), v2_header(0x20, 0, b"")]


class Recorder(Protocol):
    def __init__(self) -> None:
        self.events: list[Any] = []
        self.made: Deferred[Any] = Deferred()
        self.lost: Deferred[Any] = Deferred()
        self.got: Deferred[Any] = Deferred()

    def connectionMade(self) -> None:
        self.made.callback(self)

    def dataReceived(self, data: bytes) -> None:
        self.events.append(data)
        if not self.got.called:
            self.got.callback(data)

    def connectionLost(self, reason: Any = None) -> None:
        self.lost.callback(reason.value)


def connected() -> tuple[Any, StringTransportWithDisconnection, Recorder]:
    """A wrapper, its transport, and the protocol in it."""
    protocol = Recorder()
    wrapper = HAProxyWrappingFactory(Factory.forProtocol(lambda: protocol)).buildProtocol(None)
    transport = StringTransportWithDisconnection()
    transport.protocol = wrapper
    wrapper.makeConnection(transport)
    return wrapper, transport, protocol


class TestWrapper:
    @given(header=st.sampled_from(HEADERS), cuts=st.lists(st.integers(1, 100)))
    @example(header=V1_HEADER, cuts=[1])
    @example(header=v2_header(), cuts=list(range(1, 40)))
    def test_a_header_may_be_cut_anywhere(self, header: bytes, cuts: list[int]) -> None:
        stream = header + b"what comes behind"
        wrapper, transport, protocol = connected()
        last = 0
        for cut in [*sorted(cuts), len(stream)]:
            wrapper.dataReceived(stream[last:cut])
            last = max(last, min(cut, len(stream)))
        assert b"".join(protocol.events) == b"what comes behind"
        assert transport.connected

    @given(st.binary(max_size=200))
    @example(b"GET / HTTP/1.1\r\n\r\n")
    @example(b"\r\n\r\n\0\r\nQUIX\n" + bytes(10))
    @example(b"PROXY TCP4 x\r\n")
    def test_anything_is_a_header_or_a_close(self, data: bytes) -> None:
        wrapper, transport, protocol = connected()
        wrapper.dataReceived(data)
        if not transport.connected:
            assert protocol.events == []
            assert protocol.lost.called
            wrapper.dataReceived(V1_HEADER + b"too late")
            assert protocol.events == []
        elif wrapper._proxyInfo is None:
            assert len(data) < LONGEST_LINE or data.startswith(V2Parser.PREFIX)

    def test_the_addresses_are_the_proxy_s_until_the_header_has_come(self) -> None:
        wrapper, transport, protocol = connected()
        assert protocol.transport.getPeer() == transport.getPeer()
        assert protocol.transport.getHost() == transport.getHost()
        wrapper.dataReceived(V1_HEADER)
        assert protocol.transport.getPeer() == IPv4Address("TCP", "192.0.2.1", 8080)
        assert protocol.transport.getHost() == IPv4Address("TCP", "192.0.2.2", 8888)
        assert protocol.events == []

    def test_and_stay_so_if_it_does_not_tell(self) -> None:
        wrapper, transport, protocol = connected()
        wrapper.dataReceived(b"PROXY UNKNOWN\r\n")
        assert protocol.transport.getPeer() == transport.getPeer()
        assert protocol.transport.getHost() == transport.getHost()

    def test_log_prefixes(self) -> None:
        wrapper, _, _ = connected()
        assert wrapper.factory.logPrefix() == "Factory (PROXY)"
        assert wrapper.logPrefix() == "Recorder (HAProxyProtocolWrapper)"


class OverTCP(TestCase):
    async def talk(self, first: bytes) -> tuple[Recorder, Recorder]:
        """What a client and a server behind a header of *first* have heard."""
        server, client = Recorder(), Recorder()
        endpoint: Any = serverFromString(reactor, "haproxy:tcp:0:interface=127.0.0.1")
        port = await endpoint.listen(Factory.forProtocol(lambda: server))
        self.addCleanup(port.stopListening)
        where = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
        await connectProtocol(where, client)
        client.transport.write(first)
        return server, client

    async def test_a_header(self) -> None:
        server, client = await self.talk(V1_HEADER + b"hello")
        assert await server.got == b"hello"
        assert server.transport.getPeer() == IPv4Address("TCP", "192.0.2.1", 8080)
        server.transport.loseConnection()
        assert type(await client.lost) is error.ConnectionDone
        await server.lost

    async def test_no_header(self) -> None:
        server, client = await self.talk(b"GET / HTTP/1.1\r\n\r\n")
        await client.lost
        await server.lost
        assert server.events == []


def test_the_endpoint_for_another() -> None:
    made = proxyEndpoint("another")  # type: ignore[arg-type]
    assert (made._wrappedEndpoint, made._wrapperFactory) == ("another", HAProxyWrappingFactory)


@given(
    st.lists(st.text(alphabet="ab:=\\"), min_size=1),
    st.dictionaries(st.text(alphabet="ab:=\\"), st.text(alphabet="ab:=\\")),
)
def test_a_description_that_is_put_together_again(
    unnamed: list[str], named: dict[str, str]
) -> None:
    assert _parse(unparseEndpoint(unnamed, named)) == (unnamed, named)


def test_what_a_header_says_is_a_value() -> None:
    info = V1Parser.parse(V1_HEADER[:-2])
    assert info == ProxyInfo(info.header, info.source, info.destination)
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.header = b""  # type: ignore[misc]


def test_parsers_provide_the_interface() -> None:
    assert verifyObject(IProxyParser, V1Parser())
    assert verifyObject(IProxyParser, V2Parser())


def test_convertError() -> None:
    with pytest.raises(MissingAddressData), convertError(KeyError, MissingAddressData):
        raise KeyError("x")
    with pytest.raises(IndexError), convertError(KeyError, MissingAddressData):
        raise IndexError("not this one")

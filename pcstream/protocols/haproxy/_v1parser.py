"""The PROXY protocol's version 1: one line of text.

The text of the protocol, of which the section numbers below are, is HAProxy's proxy-protocol.txt.
"""

from __future__ import annotations

import socket

from zope.interface import implementer

from ...internet.address import IPv4Address, IPv6Address
from ._exceptions import InvalidNetworkProtocol, InvalidProxyHeader, MissingAddressData
from ._info import ProxyInfo
from ._interfaces import IProxyParser

#: With the line's end; what two IPv6 addresses of full length take (section 2.1).
LONGEST_LINE = 107

_HIGHEST_PORT = 65535


def _address(family: socket.AddressFamily, word: bytes) -> str:
    """The text of an address.

    :raises InvalidProxyHeader: it is none.
    """
    try:
        text = word.decode("ascii")
        socket.inet_pton(family, text)
    except (UnicodeDecodeError, OSError, ValueError):
        raise InvalidProxyHeader(f"{word!r} is no address of the kind that is announced")
    return text


def _port(word: bytes) -> int:
    """A port's number, written in digits alone.

    :raises InvalidProxyHeader: it is none.
    """
    if not word.isdigit() or int(word) > _HIGHEST_PORT:
        raise InvalidProxyHeader(f"{word!r} is no port")
    return int(word)


@implementer(IProxyParser)
class V1Parser:
    """Reads one header of version 1.

    :ivar buffer: what has come of it.
    """

    PROXYSTR = b"PROXY"
    UNKNOWN_PROTO = b"UNKNOWN"
    TCP4_PROTO = b"TCP4"
    TCP6_PROTO = b"TCP6"
    ALLOWED_NET_PROTOS = (TCP4_PROTO, TCP6_PROTO, UNKNOWN_PROTO)
    NEWLINE = b"\r\n"

    def __init__(self) -> None:
        self.buffer = b""

    def feed(self, data: bytes) -> tuple[ProxyInfo, bytes] | tuple[None, None]:
        """Take more bytes.

        :returns: what the header says and the bytes behind it, or None twice if there has to be
            more.
        :raises InvalidProxyHeader: it is no header, or its line is too long.
        """
        self.buffer += data
        beginning = self.PROXYSTR + b" "
        if self.buffer[: len(beginning)] != beginning[: len(self.buffer)]:
            raise InvalidProxyHeader(f"{self.buffer[: len(beginning)]!r} begins no header")
        end = self.buffer.find(self.NEWLINE, 0, LONGEST_LINE)
        if end >= 0:
            line, rest = self.buffer[:end], self.buffer[end + len(self.NEWLINE) :]
            self.buffer = b""
            return self.parse(line), rest
        if len(self.buffer) >= LONGEST_LINE:
            raise InvalidProxyHeader(f"no line's end in {LONGEST_LINE} bytes")
        return None, None

    @classmethod
    def parse(cls, line: bytes) -> ProxyInfo:
        """Read a whole header.

        :param line: the header without the line's end.
        :raises InvalidProxyHeader: it is none.
        """
        word, _, rest = line.partition(b" ")
        if word != cls.PROXYSTR:
            raise InvalidProxyHeader(f"{word!r} begins no header")
        protocol, _, rest = rest.partition(b" ")
        if protocol not in cls.ALLOWED_NET_PROTOS:
            raise InvalidNetworkProtocol(f"{protocol!r} is no protocol of version 1")
        if protocol == cls.UNKNOWN_PROTO:
            # Section 2.1: whatever follows is to be ignored, and nothing need follow.
            return ProxyInfo(line, None, None)
        words = rest.split(b" ")
        if len(words) < 4:
            raise MissingAddressData(f"{rest!r} is not two addresses and two ports")
        if len(words) > 4:
            raise InvalidProxyHeader(f"{words[4]!r} is one word too many")
        ports = _port(words[2]), _port(words[3])
        if protocol == cls.TCP4_PROTO:
            hosts = [_address(socket.AF_INET, word) for word in words[:2]]
            return ProxyInfo(
                line,
                IPv4Address("TCP", hosts[0], ports[0]),
                IPv4Address("TCP", hosts[1], ports[1]),
            )
        hosts = [_address(socket.AF_INET6, word) for word in words[:2]]
        return ProxyInfo(
            line,
            IPv6Address("TCP", hosts[0], ports[0]),
            IPv6Address("TCP", hosts[1], ports[1]),
        )

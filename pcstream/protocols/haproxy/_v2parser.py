"""The PROXY protocol's version 2: sixteen bytes, and what they announce.

After the signature come version and command in one byte, address family and protocol in another,
and in two the length of what follows: addresses, and vectors that are of no concern here
(proxy-protocol.txt, section 2.2).
"""

from __future__ import annotations

import struct
from typing import Any, Literal

from zope.interface import implementer

from ...internet.address import IPv4Address, IPv6Address, UNIXAddress
from ...python._constants import ValueConstant, Values
from ._exceptions import InvalidNetworkProtocol, InvalidProxyHeader, MissingAddressData
from ._info import ProxyInfo
from ._interfaces import IProxyParser

_HIGH = 0b11110000
_LOW = 0b00001111
_LOCALCOMMAND = "LOCAL"
_PROXYCOMMAND = "PROXY"

_FIXED_BYTES = 16


class NetFamily(Values):
    """The kinds of addresses."""

    UNSPEC = ValueConstant(0x00)
    INET = ValueConstant(0x10)
    INET6 = ValueConstant(0x20)
    UNIX = ValueConstant(0x30)


class NetProtocol(Values):
    """The kinds of sockets."""

    UNSPEC = ValueConstant(0)
    STREAM = ValueConstant(1)
    DGRAM = ValueConstant(2)


def _ipv4(packed: bytes) -> str:
    return ".".join(str(byte) for byte in packed)


def _ipv6(packed: bytes) -> str:
    """Eight groups, none left out: as Twisted writes them."""
    return ":".join(f"{group:x}" for group in struct.unpack("!8H", packed))


def _path(field: bytes) -> bytes:
    """The path in a field of ``sockaddr_un``, which NULs fill up."""
    # A leading one makes the name abstract (unix(7)), and belongs to it.
    end = field.find(b"\0", 1)
    return field if end < 0 else field[:end].rstrip(b"\0")


@implementer(IProxyParser)
class V2Parser:
    """Reads one header of version 2.

    :ivar buffer: what has come of it.
    """

    PREFIX = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
    VERSIONS = [0x20]
    COMMANDS = {0: _LOCALCOMMAND, 1: _PROXYCOMMAND}
    ADDRESSFORMATS = {
        0x11: "!4s4s2H",
        0x12: "!4s4s2H",
        0x21: "!16s16s2H",
        0x22: "!16s16s2H",
        0x31: "!108s108s",
        0x32: "!108s108s",
    }

    def __init__(self) -> None:
        self.buffer = b""

    def feed(self, data: bytes) -> tuple[ProxyInfo, bytes] | tuple[None, None]:
        """Take more bytes.

        :returns: what the header says and the bytes behind it, or None twice if there has to be
            more.
        :raises InvalidProxyHeader: it is no header.
        """
        self.buffer += data
        if self.buffer[: len(self.PREFIX)] != self.PREFIX[: len(self.buffer)]:
            raise InvalidProxyHeader(f"{self.buffer[: len(self.PREFIX)]!r} begins no header")
        if len(self.buffer) < _FIXED_BYTES:
            return None, None
        # Refused before the rest has come, which can be 64 KiB.
        self._command(self.buffer)
        size = _FIXED_BYTES + struct.unpack_from("!H", self.buffer, _FIXED_BYTES - 2)[0]
        if len(self.buffer) < size:
            return None, None
        header, rest = self.buffer[:size], self.buffer[size:]
        self.buffer = b""
        return self.parse(header), rest

    @classmethod
    def _command(cls, header: bytes) -> str:
        versionAndCommand = header[len(cls.PREFIX)]
        if versionAndCommand & _HIGH not in cls.VERSIONS:
            raise InvalidProxyHeader(f"version {(versionAndCommand & _HIGH) >> 4} is unknown")
        command = cls.COMMANDS.get(versionAndCommand & _LOW)
        if command is None:
            raise InvalidProxyHeader(f"command {versionAndCommand & _LOW} is unknown")
        return command

    @classmethod
    def parse(cls, line: bytes) -> ProxyInfo:
        """Read a whole header.

        :raises InvalidProxyHeader: it is none.
        """
        if len(line) < _FIXED_BYTES or not line.startswith(cls.PREFIX):
            raise InvalidProxyHeader(f"{line[:_FIXED_BYTES]!r} begins no header")
        if cls._command(line) == _LOCALCOMMAND:
            # The proxy itself has connected, for a check: the rest says nothing.
            return ProxyInfo(line, None, None)
        kind = line[13]
        try:
            family = NetFamily.lookupByValue(kind & _HIGH)
            protocol = NetProtocol.lookupByValue(kind & _LOW)
        except ValueError:
            raise InvalidNetworkProtocol(f"address kind 0x{kind:02x} is unknown")
        if family is NetFamily.UNSPEC or protocol is NetProtocol.UNSPEC:
            return ProxyInfo(line, None, None)
        try:
            fields: tuple[Any, ...] = struct.unpack_from(
                cls.ADDRESSFORMATS[kind], line, _FIXED_BYTES
            )
        except struct.error:
            raise MissingAddressData(f"{len(line) - _FIXED_BYTES} bytes are too few for addresses")
        source: Any
        destination: Any
        if family is NetFamily.UNIX:
            source, destination = (UNIXAddress(_path(field)) for field in fields)
        else:
            word: Literal["TCP", "UDP"] = "TCP" if protocol is NetProtocol.STREAM else "UDP"
            if family is NetFamily.INET:
                source = IPv4Address(word, _ipv4(fields[0]), fields[2])
                destination = IPv4Address(word, _ipv4(fields[1]), fields[3])
            else:
                source = IPv6Address(word, _ipv6(fields[0]), fields[2])
                destination = IPv6Address(word, _ipv6(fields[1]), fields[3])
        return ProxyInfo(line, source, destination)

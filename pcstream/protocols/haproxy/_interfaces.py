"""The interfaces of the PROXY protocol's pieces."""

from __future__ import annotations

from typing import Any

from zope.interface import Attribute, Interface


class IProxyInfo(Interface):
    """What a header says."""

    header: bytes = Attribute("""The header itself, without the line's end.""")
    source: Any = Attribute("""The client's address; None if the proxy does not tell.""")
    destination: Any = Attribute("""The address it has connected to; None likewise.""")


class IProxyParser(Interface):
    """Reads one header."""

    def feed(data: bytes) -> Any:
        """Take more bytes.

        :returns: an :class:`IProxyInfo` and the bytes behind the header; None twice as long as
            there is more to come.
        :raises InvalidProxyHeader: that will never be one.
        """

    def parse(line: bytes) -> IProxyInfo:
        """Read a whole header.

        :raises InvalidProxyHeader: it is none.
        """

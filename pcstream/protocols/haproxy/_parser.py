"""Descriptions of endpoints that begin with ``haproxy:``, and have another behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zope.interface import implementer

from ...internet.endpoints import (
    _WrapperServerEndpoint,
    quoteStringArgument,
    serverFromString,
)
from ...internet.interfaces import IStreamServerEndpointStringParser
from ._wrapper import proxyEndpoint


def _quoted(word: object) -> str:
    """*word* such that no part of it looks like a name."""
    return quoteStringArgument(str(word)).replace("=", "\\=")


def unparseEndpoint(args: Iterable[object], kwargs: Mapping[str, object]) -> str:
    """The description whose parts are *args* and, in the order of their names, *kwargs*."""
    named = (
        f"{_quoted(name)}={quoteStringArgument(str(value))}"
        for name, value in sorted(kwargs.items())
    )
    return ":".join([*map(_quoted, args), *named])


@implementer(IStreamServerEndpointStringParser)
class HAProxyServerParser:
    """Knows ``haproxy:``."""

    prefix = "haproxy"

    def parseStreamServer(
        self, reactor: Any, *args: object, **kwargs: object
    ) -> _WrapperServerEndpoint:
        """The endpoint that the rest describes, for a proxy that sends the header."""
        return proxyEndpoint(serverFromString(reactor, unparseEndpoint(args, kwargs)))

    def __conform__(self, interface: Any) -> Any:
        # As the parsers of pcstream.internet.endpoints: Twisted's list of plugins may have this.
        return self if interface.__identifier__ == "twisted.plugin.IPlugin" else None

"""Kinds of endpoint descriptions beside those that come with the package.

A parser is an object with a ``prefix`` and a ``parseStreamServer``, a ``parseStreamClient`` or
both (``IStreamServerEndpointStringParser``, ``IStreamClientEndpointStringParserWithReactor``).  A
program makes one known with :func:`register`; a distribution, by an entry point in the group
``pcstream.endpoints`` whose name is the prefix and whose object is the parser::

    [project.entry-points."pcstream.endpoints"]
    onion = "mypackage.onions:parser"

The prefixes ``tcp``, ``tcp6``, ``unix``, ``ssl``, ``tls``, ``stdio``, ``systemd`` and ``haproxy``
are taken.  Prefixes are compared without regard to case.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from . import interfaces

__all__ = ["ENTRY_POINT_GROUP", "find", "register", "unregister"]

#: The group of the entry points that name parsers.
ENTRY_POINT_GROUP = "pcstream.endpoints"

# Where the parsers that come with the package are; imported when somebody asks for one.
_OURS = {
    "tcp6": ("pcstream.internet.endpoints", "_TCP6ServerParser"),
    "stdio": ("pcstream.internet.endpoints", "_StandardIOParser"),
    "systemd": ("pcstream.internet.endpoints", "_SystemdParser"),
    "haproxy": ("pcstream.protocols.haproxy._parser", "HAProxyServerParser"),
}
_TLS = "tls"
_OURS_FOR_TLS: dict[Any, tuple[str, str]] = {
    interfaces.IStreamServerEndpointStringParser: (
        "pcstream.internet.endpoints",
        "_TLSServerEndpointParser",
    ),
    interfaces.IStreamClientEndpointStringParserWithReactor: (
        "pcstream.internet.endpoints",
        "_TLSClientEndpointParser",
    ),
}

_METHODS: dict[Any, str] = {
    interfaces.IStreamServerEndpointStringParser: "parseStreamServer",
    interfaces.IStreamClientEndpointStringParserWithReactor: "parseStreamClient",
}

_registered: list[Any] = []


def register(parser: Any) -> None:
    """Make *parser* known to this process; the one registered first wins."""
    _registered.append(parser)


def unregister(parser: Any) -> None:
    """Forget *parser*.

    :raises ValueError: it is not registered.
    """
    _registered.remove(parser)


def find(prefix: str, interface: Any) -> Any:
    """The parser for descriptions that begin with *prefix*.

    :param interface: ``IStreamServerEndpointStringParser`` or
        ``IStreamClientEndpointStringParserWithReactor``.
    :raises ValueError: there is none.
    """
    wanted = prefix.lower()
    for parser in _candidates(wanted, interface):
        if parser.prefix.lower() == wanted and hasattr(parser, _METHODS[interface]):
            return parser
    raise ValueError(f"Unknown endpoint type: '{prefix}'")


def _candidates(prefix: str, interface: Any) -> Iterator[Any]:
    """Whatever may be the parser, the nearest first."""
    where = _OURS_FOR_TLS[interface] if prefix == _TLS else _OURS.get(prefix)
    if where is not None:
        yield getattr(import_module(where[0]), where[1])()
    yield from _registered
    from importlib.metadata import entry_points

    for entry_point in entry_points(group=ENTRY_POINT_GROUP):
        if entry_point.name.lower() == prefix:
            yield entry_point.load()
    yield from _plugins_of_twisted(interface)


def _plugins_of_twisted(interface: Any) -> Iterator[Any]:
    """The plugins that Twisted knows, if this program has loaded its plugin system.

    They declare Twisted's interfaces, so they are found only where those are ours: when Twisted's
    modules have been swapped for these.
    """
    plugin_system: Any = sys.modules.get("twisted.plugin")
    if plugin_system is not None:
        yield from plugin_system.getPlugins(interface)

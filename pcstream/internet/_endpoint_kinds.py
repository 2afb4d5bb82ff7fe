"""From descriptions to endpoints: the kinds that come with the package."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from ..python.systemd import ListenFDs
from . import _endpoint_tls, endpoint_parsers
from ._endpoint_process import StandardIOEndpoint
from ._endpoint_sockets import (
    BACKLOG,
    MODE,
    TIMEOUT_S,
    AdoptedStreamServerEndpoint,
    SSL4ClientEndpoint,
    SSL4ServerEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
)
from ._endpoint_strings import Part, Shape, _parse, flag, number, octal
from .interfaces import (
    IStreamClientEndpoint,
    IStreamClientEndpointStringParserWithReactor,
    IStreamServerEndpoint,
    IStreamServerEndpointStringParser,
)

_TCP_SERVER = Shape(
    "tcp",
    [
        Part("port", number),
        Part("interface", default=""),
        Part("backlog", number, BACKLOG),
    ],
)

_UNIX_SERVER = Shape(
    "unix",
    [
        Part("address"),
        Part("mode", octal, MODE),
        Part("backlog", number, BACKLOG),
        Part("lockfile", flag, True),
    ],
)

_TCP_CLIENT = Shape(
    "tcp",
    [
        Part("host"),
        Part("port", number),
        Part("timeout", number, TIMEOUT_S),
        Part("bindAddress", lambda host: (host, 0), None),
    ],
    most_unnamed=2,
    fills_gaps=True,
)

_UNIX_CLIENT = Shape(
    "unix",
    [
        Part("path"),
        Part("timeout", number, TIMEOUT_S),
        Part("lockfile", flag, False),
        Part("checkPID", flag, False),
    ],
    most_unnamed=1,
    fills_gaps=True,
)

# What a kind of server's endpoint is made with: arguments that come before and after the factory in
# the reactor's method, and those that have names.
_ServerArguments = tuple[tuple[Any, ...], tuple[Any, ...], dict[str, Any]]


def _tcp_server(values: dict[str, Any]) -> _ServerArguments:
    return (values.pop("port"),), (), values


def _unix_server(values: dict[str, Any]) -> _ServerArguments:
    values["wantPID"] = values.pop("lockfile")
    return (values.pop("address"),), (), values


def _ssl_server(values: dict[str, Any]) -> _ServerArguments:
    options = _endpoint_tls.ssl_server_options(values)
    named = {name: values[name] for name in ("interface", "backlog")}
    return (values["port"],), (options,), named


_SERVERS: dict[str, tuple[Shape, Callable[[dict[str, Any]], _ServerArguments], Any]] = {
    "tcp": (_TCP_SERVER, _tcp_server, TCP4ServerEndpoint),
    "unix": (_UNIX_SERVER, _unix_server, UNIXServerEndpoint),
    "ssl": (_endpoint_tls.SSL_SERVER, _ssl_server, SSL4ServerEndpoint),
}


def _tcp_client(reactor: Any, values: dict[str, Any]) -> Any:
    return TCP4ClientEndpoint(reactor, **values)


def _unix_client(reactor: Any, values: dict[str, Any]) -> Any:
    check = values["lockfile"] or values["checkPID"]
    return UNIXClientEndpoint(reactor, values["path"], values["timeout"], check)


def _ssl_client(reactor: Any, values: dict[str, Any]) -> Any:
    return SSL4ClientEndpoint(
        reactor,
        values["host"],
        values["port"],
        _endpoint_tls.ssl_client_options(values),
        values["timeout"],
        values["bindAddress"],
    )


_CLIENTS: dict[str, tuple[Shape, Callable[[Any, dict[str, Any]], Any]]] = {
    "tcp": (_TCP_CLIENT, _tcp_client),
    "unix": (_UNIX_CLIENT, _unix_client),
    "ssl": (_endpoint_tls.SSL_CLIENT, _ssl_client),
}


def _split(description: str | bytes) -> tuple[str, list[str], dict[str, str]]:
    """The prefix of *description*, its other unnamed parts, and the named ones."""
    if isinstance(description, bytes):
        description = description.decode("utf-8")
    unnamed, named = _parse(description)
    if not unnamed:
        raise ValueError(f"endpoint description does not begin with its type: {description!r}")
    return unnamed[0], unnamed[1:], named


def _parseServer(
    description: str | bytes, factory: Any
) -> tuple[Any, tuple[Any, ...] | list[str], dict[str, Any]]:
    """What *description* says: a kind in capitals and what the reactor's method takes.

    :returns: for other kinds the parser, and the parts for it.
    :raises ValueError: the kind is unknown, or a part makes no sense.
    :raises TypeError: there are parts missing, or too many.
    """
    kind, unnamed, named = _split(description)
    known = _SERVERS.get(kind.lower())
    if known is None:
        return endpoint_parsers.find(kind, IStreamServerEndpointStringParser), unnamed, named
    shape, arguments, _ = known
    before, after, by_name = arguments(shape.read(unnamed, named))
    return kind.upper(), (*before, factory, *after), by_name


def serverFromString(reactor: Any, description: str) -> IStreamServerEndpoint:
    r"""Make an endpoint from its description.

    ``tcp:PORT[:interface=ADDRESS][:backlog=NUMBER]``
        see :class:`TCP4ServerEndpoint`; ``tcp6:`` likewise.
    ``unix:PATH[:mode=660][:backlog=NUMBER][:lockfile=0]``
        see :class:`UNIXServerEndpoint`.
    ``ssl:PORT[:privateKey=FILE][:certKey=FILE][:extraCertChain=FILE][:dhParameters=FILE]``
        see :class:`SSL4ServerEndpoint`; ``interface`` and ``backlog`` as with ``tcp``.
    ``tls:DIRECTORY[:port=443][:interface=ADDRESS][:backlog=NUMBER]``
        certificates and keys are looked for in the directory, by server name.
    ``stdio:``
        see :class:`StandardIOEndpoint`.
    ``systemd:domain=INET|INET6|UNIX:index=NUMBER`` or ``name=NAME``
        a socket that systemd has opened; see :class:`AdoptedStreamServerEndpoint`.
    ``haproxy:DESCRIPTION``
        any of the others behind a proxy that tells who its client is (the PROXY protocol).

    :param description: parts between colons; a colon that belongs to a part is written ``\:``, for
        which there is :func:`quoteStringArgument`.
    :raises ValueError: the kind is unknown, or a part makes no sense.
    :raises TypeError: there are parts missing, or too many.
    """
    kind, args, kwargs = _parseServer(description, None)
    if not isinstance(kind, str):
        endpoint: Any = kind.parseStreamServer(reactor, *args, **kwargs)
        return endpoint  # type: ignore[no-any-return]
    before, _, *after = args
    made: Any = _SERVERS[kind.lower()][2](reactor, before, *after, **kwargs)
    return made  # type: ignore[no-any-return]


def clientFromString(reactor: Any, description: str) -> IStreamClientEndpoint:
    r"""Make an endpoint from its description.

    ``tcp:HOST:PORT[:timeout=SECONDS][:bindAddress=ADDRESS]``
        see :class:`TCP4ClientEndpoint`.
    ``unix:PATH[:timeout=SECONDS][:lockfile=1]``
        see :class:`UNIXClientEndpoint`.
    ``ssl:HOST:PORT[:certKey=FILE][:privateKey=FILE][:caCertsDir=DIRECTORY][:hostname=NAME]``
        see :class:`SSL4ClientEndpoint`; the server's name is checked only if it is given.
    ``tls:HOST:PORT[:certificate=FILE][:privateKey=FILE][:trustRoots=DIRECTORY]``
        TLS with a server whose name is checked, over a :class:`HostnameEndpoint` or over
        ``endpoint=DESCRIPTION``.

    :param description: parts between colons; a colon that belongs to a part is written ``\:``, for
        which there is :func:`quoteStringArgument`.
    :raises ValueError: the kind is unknown, or a part makes no sense.
    :raises TypeError: there are parts missing, or too many.
    """
    kind, unnamed, named = _split(description)
    known = _CLIENTS.get(kind.lower())
    made: Any
    if known is None:
        parser = endpoint_parsers.find(kind, IStreamClientEndpointStringParserWithReactor)
        made = parser.parseStreamClient(reactor, *unnamed, **named)
    else:
        shape, make = known
        made = make(reactor, shape.read(unnamed, named))
    return made  # type: ignore[no-any-return]


class _Parser:
    """What the parsers below share.

    Twisted asks its plugins to be adaptable to its ``IPlugin``: under swapped imports these are the
    plugins that it finds in its own list.
    """

    def __conform__(self, interface: Any) -> Any:
        return self if interface.__identifier__ == "twisted.plugin.IPlugin" else None


@implementer(IStreamServerEndpointStringParser)
class _TCP6ServerParser(_Parser):
    """Knows ``tcp6:``."""

    prefix = "tcp6"
    _shape = Shape(
        "tcp6",
        [
            Part("port", number),
            Part("backlog", number, BACKLOG),
            Part("interface", default="::"),
        ],
    )

    def parseStreamServer(self, reactor: Any, *args: Any, **kwargs: Any) -> Any:
        """A :class:`TCP6ServerEndpoint`."""
        return TCP6ServerEndpoint(reactor, **self._shape.read(args, kwargs))


@implementer(IStreamServerEndpointStringParser)
class _StandardIOParser(_Parser):
    """Knows ``stdio:``."""

    prefix = "stdio"

    def parseStreamServer(self, reactor: Any, *args: Any, **kwargs: Any) -> Any:
        """A :class:`StandardIOEndpoint`; whatever else there is means nothing."""
        return StandardIOEndpoint(reactor)


@implementer(IStreamServerEndpointStringParser)
class _SystemdParser(_Parser):
    """Knows ``systemd:``.

    :cvar _sddaemon: what systemd has passed; read when this is loaded, since after a fork it would
        be taken for another process's.
    """

    prefix = "systemd"
    _sddaemon = ListenFDs.fromEnvironment()
    _shape = Shape(
        "systemd",
        [Part("domain"), Part("index", number, None), Part("name", default=None)],
    )

    def parseStreamServer(self, reactor: Any, *args: Any, **kwargs: Any) -> Any:
        """An :class:`AdoptedStreamServerEndpoint`.

        :raises AttributeError: there is no such domain.
        :raises IndexError: systemd has not passed so many.
        :raises KeyError: it has passed none of that name.
        :raises ValueError: there are both an index and a name, or neither.
        """
        values = self._shape.read(args, kwargs)
        domain, index, name = values["domain"], values["index"], values["name"]
        if (index is None) == (name is None):
            raise ValueError("Specify exactly one of descriptor index or name")
        family = getattr(socket, f"AF_{domain}", None)
        if family is None:
            raise AttributeError(f"'systemd' endpoint: 'domain': {domain!r} is no address family")
        passed = self._sddaemon.inheritedDescriptors()
        if index is not None:
            try:
                descriptor = passed[index]
            except IndexError:
                raise IndexError(
                    f"'systemd' endpoint: 'index': there are {len(passed)} sockets, not {index + 1}"
                )
        else:
            by_name = self._sddaemon.inheritedNamedDescriptors()
            try:
                descriptor = by_name[name]
            except KeyError:
                raise KeyError(
                    f"'systemd' endpoint: 'name': {name!r} is not among {sorted(by_name)}"
                )
        return AdoptedStreamServerEndpoint(reactor, descriptor, family)


@implementer(IStreamServerEndpointStringParser)
class _TLSServerEndpointParser(_Parser):
    """Knows ``tls:`` for servers."""

    prefix = "tls"

    def parseStreamServer(self, reactor: Any, *args: Any, **kwargs: Any) -> Any:
        """A TLS endpoint over a TCP port."""
        return _endpoint_tls.tls_server(reactor, _endpoint_tls.TLS_SERVER.read(args, kwargs))


@implementer(IStreamClientEndpointStringParserWithReactor)
class _TLSClientEndpointParser(_Parser):
    """Knows ``tls:`` for clients."""

    prefix = "tls"

    @staticmethod
    def parseStreamClient(reactor: Any, *args: Any, **kwargs: Any) -> Any:
        """A TLS endpoint over another."""
        values = _endpoint_tls.TLS_CLIENT.read(args, kwargs)
        return _endpoint_tls.tls_client(reactor, values, clientFromString)

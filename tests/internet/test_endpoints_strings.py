"""Descriptions of endpoints: what they make, what is wrong with them, and new kinds of them."""

from __future__ import annotations

import re
import socket
import sys
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pcstream.internet import endpoint_parsers, endpoints
from pcstream.internet.endpoints import clientFromString, quoteStringArgument, serverFromString
from pcstream.internet.interfaces import (
    IStreamClientEndpointStringParserWithReactor,
    IStreamServerEndpointStringParser,
)
from pcstream.internet.testing import MemoryReactorClock
from pcstream.protocols.haproxy._wrapper import HAProxyWrappingFactory
from pcstream.python.systemd import ListenFDs

REACTOR = MemoryReactorClock()


@pytest.mark.parametrize(
    ("description", "kind", "attributes"),
    [
        ("tcp:80", "TCP4ServerEndpoint", {"port": 80, "interface": "", "backlog": 50}),
        (
            "tcp:80:interface=192.0.2.1:backlog=6",
            "TCP4ServerEndpoint",
            {"interface": "192.0.2.1", "backlog": 6},
        ),
        ("tcp:80:192.0.2.1:6", "TCP4ServerEndpoint", {"interface": "192.0.2.1", "backlog": 6}),
        ("tcp:port=80", "TCP4ServerEndpoint", {"port": 80}),
        (b"tcp:80", "TCP4ServerEndpoint", {"port": 80}),
        ("tcp6:80", "TCP6ServerEndpoint", {"port": 80, "interface": "::"}),
        (r"tcp6:80:interface=\:\:1", "TCP6ServerEndpoint", {"interface": "::1"}),
        (
            "unix:/a",
            "UNIXServerEndpoint",
            {"address": "/a", "mode": 0o666, "backlog": 50, "wantPID": True},
        ),
        (
            "unix:/a:mode=0600:lockfile=0",
            "UNIXServerEndpoint",
            {"mode": 0o600, "wantPID": False},
        ),
        ("unix:address=/a=b", "UNIXServerEndpoint", {"address": "/a=b"}),
        ("unix:" + quoteStringArgument("a:b\\"), "UNIXServerEndpoint", {"address": "a:b\\"}),
        ("stdio:", "StandardIOEndpoint", {}),
        ("stdio", "StandardIOEndpoint", {}),
        ("TCP:80", "TCP4ServerEndpoint", {"port": 80}),
    ],
)
def test_servers(description: Any, kind: str, attributes: dict[str, Any]) -> None:
    made: Any = serverFromString(REACTOR, description)
    assert type(made).__name__ == kind
    assert made._reactor is REACTOR
    assert {name: getattr(made, "_" + name) for name in attributes} == attributes


@pytest.mark.parametrize(
    ("description", "kind", "attributes"),
    [
        (
            "tcp:host:80",
            "TCP4ClientEndpoint",
            {"host": "host", "port": 80, "timeout": 30, "bindAddress": None},
        ),
        ("tcp:host=host:80", "TCP4ClientEndpoint", {"host": "host", "port": 80}),
        ("tcp:host:port=80", "TCP4ClientEndpoint", {"host": "host", "port": 80}),
        (
            "tcp:host:80:timeout=7:bindAddress=192.0.2.1",
            "TCP4ClientEndpoint",
            {"timeout": 7, "bindAddress": ("192.0.2.1", 0)},
        ),
        (
            "unix:/a",
            "UNIXClientEndpoint",
            {"path": "/a", "timeout": 30, "checkPID": False},
        ),
        ("unix:path=/a:lockfile=1", "UNIXClientEndpoint", {"path": "/a", "checkPID": True}),
        ("unix:/a:checkPID=1", "UNIXClientEndpoint", {"checkPID": True}),
    ],
)
def test_clients(description: Any, kind: str, attributes: dict[str, Any]) -> None:
    made: Any = clientFromString(REACTOR, description)
    assert type(made).__name__ == kind
    assert {name: getattr(made, "_" + name) for name in attributes} == attributes


@pytest.mark.parametrize(
    ("description", "kind", "says"),
    [
        ("", ValueError, "Unknown endpoint type: ''"),
        ("ftl:andromeda", ValueError, "Unknown endpoint type: 'ftl'"),
        ("port=80", ValueError, "does not begin with its type: 'port=80'"),
        ("tcp:80\\", ValueError, "ends with a backslash"),
        ("tcp", TypeError, "'tcp' endpoint: 'port' is missing"),
        ("tcp:", ValueError, "'tcp' endpoint: 'port': '' is not a number"),
        ("tcp:http", ValueError, "'tcp' endpoint: 'port': 'http' is not a number"),
        ("tcp:80:backlog=many", ValueError, "'backlog': 'many' is not a number"),
        ("tcp:80:a:1:more", TypeError, "'tcp' endpoint: 'more' is one part too many"),
        ("tcp:80:port=81", TypeError, "'tcp' endpoint: 'port' is there twice"),
        ("tcp:80:colour=red", TypeError, "there is no 'colour', only 'port', 'interface'"),
        ("unix:/a:mode=999", ValueError, "'mode': '999' is not an octal number"),
        ("unix:/a:lockfile=maybe", ValueError, "'lockfile': 'maybe' is not 0 or 1"),
        ("tcp6:80:9:::1", TypeError, "'tcp6' endpoint: '' is one part too many"),
        ("systemd:INET", ValueError, "Specify exactly one of descriptor index or name"),
        ("systemd:INET:0:name", ValueError, "Specify exactly one of descriptor index or name"),
        ("systemd:index=0", TypeError, "'domain' is missing"),
        ("systemd:MOON:0", AttributeError, "'MOON' is no address family"),
        ("systemd:INET:0", IndexError, "there are 0 sockets, not 1"),
        ("systemd:INET:name=web", KeyError, "'web' is not among []"),
        ("haproxy:", ValueError, "Unknown endpoint type: ''"),
        ("haproxy:tcp:http", ValueError, "'tcp' endpoint: 'port': 'http' is not a number"),
        ("tls", TypeError, "'tls' endpoint: 'path' is missing"),
        ("ssl:443:sslmethod=ROT13_METHOD", ValueError, "'ROT13_METHOD' is none of"),
    ],
)
def test_what_is_wrong_with_a_server(description: str, kind: Any, says: str) -> None:
    with pytest.raises(kind, match=re.escape(says)):
        serverFromString(REACTOR, description)


@pytest.mark.parametrize(
    ("description", "kind", "says"),
    [
        ("tcp:host", TypeError, "'tcp' endpoint: 'port' is missing"),
        ("tcp:host:80:5", TypeError, "'tcp' endpoint: '5' is one part too many"),
        ("tcp:80:host", ValueError, "'port': 'host' is not a number"),
        ("unix", TypeError, "'unix' endpoint: 'path' is missing"),
        ("tls:host", TypeError, "'tls' endpoint: 'port' is missing"),
        ("tls:host:443:bogus=1", TypeError, "'tls' endpoint: there is no 'bogus'"),
        ("stdio:", ValueError, "Unknown endpoint type: 'stdio'"),
    ],
)
def test_what_is_wrong_with_a_client(description: str, kind: Any, says: str) -> None:
    with pytest.raises(kind, match=re.escape(says)):
        clientFromString(REACTOR, description)


@given(st.text(), st.text())
def test_what_is_quoted_stands_for_itself(first: str, second: str) -> None:
    description = f"unix:address={quoteStringArgument(first)}:mode={quoteStringArgument(second)}"
    assert endpoints._parse(description) == (["unix"], {"address": first, "mode": second})


@given(st.text(alphabet="ab:=\\"))
def test_every_description_is_split_or_refused(description: str) -> None:
    try:
        unnamed, named = endpoints._parse(description)
    except ValueError as e:
        assert "backslash" in str(e)
    else:
        assert all(isinstance(part, str) for part in [*unnamed, *named, *named.values()])


def test_haproxy() -> None:
    made: Any = serverFromString(REACTOR, "haproxy:haproxy:tcp:80:interface=192.0.2.1")
    assert made._wrapperFactory is HAProxyWrappingFactory
    inner = made._wrappedEndpoint._wrappedEndpoint
    assert (inner._port, inner._interface) == (80, "192.0.2.1")


class TestSystemd:
    @staticmethod
    def parse(**parts: str) -> Any:
        parser = endpoints._SystemdParser()
        parser._sddaemon = ListenFDs([5, 6, 7], ("web", "admin", "other"))
        assert verifyObject(IStreamServerEndpointStringParser, parser)
        return parser.parseStreamServer(REACTOR, **parts)

    @pytest.mark.parametrize("domain", ["INET", "INET6", "UNIX"])
    def test_by_index(self, domain: str) -> None:
        made = self.parse(domain=domain, index="1")
        assert made.fileno == 6
        assert made.addressFamily == getattr(socket, f"AF_{domain}")

    def test_by_name(self) -> None:
        assert self.parse(domain="INET", name="other").fileno == 7


@implementer(IStreamServerEndpointStringParser, IStreamClientEndpointStringParserWithReactor)
class Smoke:
    """A kind of endpoint that only says what it was asked for."""

    def __init__(self, prefix: str = "Smoke") -> None:
        self.prefix = prefix

    def parseStreamServer(self, reactor: Any, *args: Any, **kwargs: Any) -> Any:
        return ("server", reactor, args, kwargs)

    def parseStreamClient(self, reactor: Any, *args: Any, **kwargs: Any) -> Any:
        return ("client", reactor, args, kwargs)


class TestParsers:
    def test_a_registered_one(self) -> None:
        parser = Smoke()
        endpoint_parsers.register(parser)
        try:
            expected = (REACTOR, ("a", "b"), {"x": "y"})
            assert serverFromString(REACTOR, "smoke:a:b:x=y") == ("server", *expected)
            assert clientFromString(REACTOR, "SMOKE:a:b:x=y") == ("client", *expected)
        finally:
            endpoint_parsers.unregister(parser)
        with pytest.raises(ValueError, match="'smoke'"):
            serverFromString(REACTOR, "smoke:")
        with pytest.raises(ValueError, match="not in list"):
            endpoint_parsers.unregister(parser)

    def test_one_of_the_other_kind_does_not_do(self) -> None:
        parser = SimpleNamespace(prefix="oneway", parseStreamServer=lambda reactor: "server")
        endpoint_parsers.register(parser)
        try:
            assert serverFromString(REACTOR, "oneway") == "server"
            with pytest.raises(ValueError, match="Unknown endpoint type"):
                clientFromString(REACTOR, "oneway")
        finally:
            endpoint_parsers.unregister(parser)

    def test_what_comes_with_the_package_cannot_be_replaced(self) -> None:
        mine = [Smoke("tcp"), Smoke("tcp6"), Smoke("tls")]
        for parser in mine:
            endpoint_parsers.register(parser)
        try:
            assert isinstance(serverFromString(REACTOR, "tcp:80"), endpoints.TCP4ServerEndpoint)
            assert isinstance(serverFromString(REACTOR, "tcp6:80"), endpoints.TCP6ServerEndpoint)
            with pytest.raises(TypeError, match="'path' is missing"):
                serverFromString(REACTOR, "tls")
        finally:
            for parser in mine:
                endpoint_parsers.unregister(parser)

    def test_entry_points(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loaded: list[str] = []

        def entry(name: str) -> Any:
            def load() -> Any:
                loaded.append(name)
                return Smoke(name)

            return SimpleNamespace(name=name, load=load)

        def entry_points(*, group: str) -> list[Any]:
            assert group == "pcstream.endpoints"
            return [entry("onion"), entry("smoke")]

        monkeypatch.setattr(metadata, "entry_points", entry_points)
        made: Any = serverFromString(REACTOR, "smoke:a")
        assert made[0] == "server"
        assert loaded == ["smoke"]

    def test_plugins_of_a_twisted_that_is_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[Any] = []

        def getPlugins(interface: Any) -> list[Any]:
            asked.append(interface)
            return [Smoke("plugged")]

        monkeypatch.setitem(sys.modules, "twisted.plugin", SimpleNamespace(getPlugins=getPlugins))
        made: Any = clientFromString(REACTOR, "plugged:a")
        assert made[0] == "client"
        assert asked == [IStreamClientEndpointStringParserWithReactor]

    @pytest.mark.parametrize(
        "parser",
        [
            endpoints._TCP6ServerParser,
            endpoints._StandardIOParser,
            endpoints._SystemdParser,
            endpoints._TLSServerEndpointParser,
            endpoints._TLSClientEndpointParser,
        ],
    )
    def test_our_parsers(self, parser: Any) -> None:
        made = parser()
        is_client = hasattr(made, "parseStreamClient")
        assert verifyObject(
            IStreamClientEndpointStringParserWithReactor
            if is_client
            else IStreamServerEndpointStringParser,
            made,
        )

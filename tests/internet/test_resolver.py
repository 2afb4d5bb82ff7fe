"""Names to addresses: in threads, with and without luck, and between the two kinds of resolver."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyClass, verifyObject

from pcstream.internet import base, defer
from pcstream.internet._resolver import (
    ComplexResolverSimplifier,
    FirstOneWins,
    GAIResolver,
    HostResolution,
    SimpleResolverComplexifier,
)
from pcstream.internet.address import IPv4Address, IPv6Address
from pcstream.internet.error import DNSLookupError
from pcstream.internet.interfaces import (
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
    IResolverSimple,
)
from pcstream.internet.task import Clock
from pcstream.python import log
from pcstream.python.failure import Failure


class Pool:
    """A pool that works when a test says so."""

    def __init__(self) -> None:
        self.work: list[Callable[[], None]] = []

    def callInThreadWithCallback(self, on_result: Any, function: Any, *args: Any) -> None:
        def task() -> None:
            try:
                result, ok = function(*args), True
            except BaseException:
                result, ok = Failure(), False
            on_result(ok, result)

        self.work.append(task)

    def do_it(self) -> None:
        while self.work:
            self.work.pop(0)()


class Reactor(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.pool = Pool()

    def getThreadPool(self) -> Pool:
        return self.pool

    def callFromThread(self, f: Any, *args: Any) -> None:
        f(*args)


@implementer(IResolutionReceiver)
class Receiver:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def resolutionBegan(self, resolution: Any) -> None:
        self.resolution = resolution
        self.seen.append("began")

    def addressResolved(self, address: Any) -> None:
        self.seen.append(address)

    def resolutionComplete(self) -> None:
        self.seen.append("complete")


@pytest.fixture
def errors() -> Iterator[list[dict[str, Any]]]:
    seen: list[dict[str, Any]] = []

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            seen.append(event)

    log.addObserver(observe)
    yield seen
    log.removeObserver(observe)


@pytest.fixture
def reactor() -> Any:
    return Reactor()


def resolved(reactor: Any, answer: Any, *args: Any, **kwargs: Any) -> tuple[list[Any], list[Any]]:
    """What a receiver hears, and what the system was asked."""
    asked: list[Any] = []

    def getaddrinfo(*question: Any) -> Any:
        asked.append(question)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    receiver = Receiver()
    resolver: Any = GAIResolver(reactor, None, getaddrinfo)
    got = resolver.resolveHostName(receiver, "name", *args, **kwargs)
    assert got is receiver.resolution
    assert receiver.seen == ["began"]
    reactor.pool.do_it()
    return receiver.seen, asked


V4 = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.2.3.4", 5))
V6 = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 5, 1, 2))


def test_interfaces() -> None:
    assert verifyClass(IHostnameResolver, GAIResolver)
    assert verifyClass(IHostnameResolver, SimpleResolverComplexifier)
    for simple in (ComplexResolverSimplifier, base.BlockingResolver, base.ThreadedResolver):
        assert verifyClass(IResolverSimple, simple)
    assert verifyClass(IResolutionReceiver, FirstOneWins)
    assert verifyObject(IHostResolution, HostResolution("name"))


def test_every_address_is_told_then_the_end(reactor: Any) -> None:
    seen, asked = resolved(reactor, [V4, V6], 5)
    assert seen == [
        "began",
        IPv4Address("TCP", "1.2.3.4", 5),
        IPv6Address("TCP", "::1", 5, 1, 2),
        "complete",
    ]
    assert asked == [("name", 5, socket.AF_UNSPEC, socket.SOCK_STREAM)]


@pytest.mark.parametrize(
    ("types", "family"),
    [
        ([IPv4Address], socket.AF_INET),
        ([IPv6Address], socket.AF_INET6),
        ([IPv6Address, IPv4Address], socket.AF_UNSPEC),
    ],
)
def test_the_wanted_types_decide_the_family(reactor: Any, types: Any, family: int) -> None:
    _, asked = resolved(reactor, [], 0, types)
    assert asked[0][2] == family


def test_datagrams(reactor: Any) -> None:
    answer = [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("1.2.3.4", 5))]
    seen, asked = resolved(reactor, answer, transportSemantics="UDP")
    assert seen[1] == IPv4Address("UDP", "1.2.3.4", 5)
    assert asked[0][3] == socket.SOCK_DGRAM


def test_an_unknown_name_has_no_addresses(reactor: Any, errors: list[Any]) -> None:
    seen, _ = resolved(reactor, socket.gaierror(socket.EAI_NONAME, "unknown"))
    assert seen == ["began", "complete"]
    assert errors == []


@pytest.mark.parametrize("trouble", [UnicodeError("too long"), OverflowError("port")])
def test_any_other_trouble_is_logged_and_comes_to_an_end(
    reactor: Any, errors: list[Any], trouble: Exception
) -> None:
    """With Twisted the receiver would wait for ever."""
    seen, _ = resolved(reactor, trouble)
    assert seen == ["began", "complete"]
    assert [event["failure"].type for event in errors] == [type(trouble)]


def test_addresses_of_no_use_are_passed_over(reactor: Any) -> None:
    raw = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (5, b"raw"))
    strange = (99, socket.SOCK_STREAM, 6, "", ("x", 1))
    seen, _ = resolved(reactor, [raw, strange, V4])
    assert seen == ["began", IPv4Address("TCP", "1.2.3.4", 5), "complete"]


def test_a_resolution_cannot_be_cancelled() -> None:
    with pytest.raises(NotImplementedError):
        HostResolution("name").cancel()


def test_the_real_resolver_knows_localhost() -> None:
    seen, _ = resolved(Reactor(), socket.getaddrinfo("localhost", 80, 0, socket.SOCK_STREAM))
    assert any(getattr(one, "host", None) in ("127.0.0.1", "::1") for one in seen)


# Bridges


@implementer(IResolverSimple)
class Simple:
    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def getHostByName(self, name: str, timeout: Any = ()) -> Any:
        self.asked.append(name)
        return self.answer


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("example.com", "example.com"),
        ("v\xe4\xe4ntynyt.example", "xn--vntynyt-5waa.example"),
        ("\u0440\u0444.example", "xn--p1ai.example"),
    ],
)
def test_names_reach_a_simple_resolver_in_ascii(name: str, asked: str) -> None:
    simple, receiver = Simple(defer.succeed("1.2.3.4")), Receiver()
    SimpleResolverComplexifier(simple).resolveHostName(receiver, name, 7)
    assert simple.asked == [asked]
    assert receiver.seen == ["began", IPv4Address("TCP", "1.2.3.4", 7), "complete"]


@pytest.mark.parametrize(("kind", "logged"), [(DNSLookupError, 0), (ZeroDivisionError, 1)])
def test_a_simple_resolver_that_fails(
    kind: type[Exception], logged: int, errors: list[Any]
) -> None:
    receiver = Receiver()
    SimpleResolverComplexifier(Simple(defer.fail(kind()))).resolveHostName(receiver, "name")
    assert receiver.seen == ["began", "complete"]
    assert len(errors) == logged


def test_a_complex_resolver_made_simple(reactor: Any) -> None:
    answers: list[Any] = [[V4, V4], []]
    resolver = GAIResolver(reactor, None, lambda *a: answers.pop(0))
    simple = ComplexResolverSimplifier(resolver)
    found, missing = simple.getHostByName("name"), simple.getHostByName("name")
    reactor.pool.do_it()
    assert found.result == "1.2.3.4"
    seen: list[Any] = []
    missing.addErrback(lambda reason: seen.append((reason.type, str(reason.value))))
    assert seen == [(DNSLookupError, "DNS lookup failed: name.")]


# gethostbyname


def outcome(d: defer.Deferred[str]) -> list[Any]:
    seen: list[Any] = []
    d.addCallbacks(seen.append, lambda reason: seen.append(str(reason.value)))
    return seen


def test_in_a_thread(reactor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostbyname", lambda name: "1.2.3.4")
    seen = outcome(base.ThreadedResolver(reactor).getHostByName("name", (3,)))
    assert seen == []
    reactor.pool.do_it()
    assert seen == ["1.2.3.4"]
    assert reactor.getDelayedCalls() == []


def test_in_a_thread_without_luck(reactor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> str:
        raise OSError("no luck")

    monkeypatch.setattr(socket, "gethostbyname", fail)
    seen = outcome(base.ThreadedResolver(reactor).getHostByName("name"))
    reactor.pool.do_it()
    assert seen == ["DNS lookup failed: address 'name' not found: no luck."]
    assert reactor.getDelayedCalls() == []


@pytest.mark.parametrize(("timeouts", "limit"), [((1, 2), 3), ((), 60)])
def test_in_a_thread_that_takes_too_long(
    reactor: Any, monkeypatch: pytest.MonkeyPatch, timeouts: tuple[int, ...], limit: int
) -> None:
    monkeypatch.setattr(socket, "gethostbyname", lambda name: "1.2.3.4")
    seen = outcome(base.ThreadedResolver(reactor).getHostByName("name", timeouts))
    reactor.advance(limit - 0.5)
    assert seen == []
    reactor.advance(0.5)
    assert seen == ["DNS lookup failed: address 'name' not found: timeout error."]
    reactor.pool.do_it()
    assert len(seen) == 1


def test_blocking(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> str:
        raise OSError

    resolver = base.BlockingResolver()
    monkeypatch.setattr(socket, "gethostbyname", lambda name: "1.2.3.4")
    assert outcome(resolver.getHostByName("name")) == ["1.2.3.4"]
    monkeypatch.setattr(socket, "gethostbyname", fail)
    assert outcome(resolver.getHostByName("name")) == [
        "DNS lookup failed: address 'name' not found."
    ]


def test_the_mixin_has_a_resolver_of_either_kind() -> None:
    mixin = base.PluggableResolverMixin()
    assert verifyObject(IResolverSimple, mixin.resolver)
    assert verifyObject(IHostnameResolver, mixin.nameResolver)
    mine: Any = SimpleResolverComplexifier(Simple(defer.succeed("1.2.3.4")))
    before = mixin.installNameResolver(mine)
    assert verifyObject(IHostnameResolver, before)
    assert mixin.nameResolver is mine
    assert outcome(mixin.resolver.getHostByName("name")) == ["1.2.3.4"]

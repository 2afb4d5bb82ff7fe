"""Every class of Twisted's that the kit covers, and ours of the same name, with what each breaks.

Rules are broken on purpose where Twisted's behaviour is one that programs rely on; ours breaks
those as well.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import stock_consumers
import stock_http2
import stock_middles
import stock_producers
from stock_middles import Package

from pcstream.conformance.adapters import check_adapter
from pcstream.conformance.consumers import check_consumer
from pcstream.conformance.file_senders import check_file_sender
from pcstream.conformance.producers import check_pull_producer, check_push_producer
from pcstream.conformance.proxies import check_proxy
from pcstream.conformance.relays import check_relay
from pcstream.conformance.report import Report

_CONFTEST = Path(__file__).parents[2] / "conftest.py"


@dataclass(frozen=True)
class Case:
    """One class, judged as one thing.

    :ivar package: ``twisted`` or ``pcstream``.
    :ivar name: how the class is called in both.
    :ivar role: as what it is judged.
    :ivar new: makes the subject.
    :ivar check: judges it.
    :ivar broken: the rules that it is known to break.
    """

    package: str
    name: str
    role: str
    new: Callable[[], Any]
    check: Callable[..., Report]
    broken: tuple[str, ...]

    @property
    def needs_tls(self) -> bool:
        return "tls" in self.name

    @property
    def needs(self) -> list[str]:
        """The packages without which it cannot be judged."""
        if self.needs_tls:
            return ["OpenSSL", "service_identity"]
        return ["h2", "priority"] if "_http2" in self.name else []

    def __str__(self) -> str:
        return f"{self.package}-{self.name}-{self.role}".replace(" ", "_")

    def judge(self) -> Report:
        """Have the kit judge it; what it is known to break is a known deviation."""
        subject = self.new()
        subject.deviations = set(self.broken)
        subject.name = f"{self.package}: {self.name}"
        try:
            if self.check in (check_consumer, check_pull_producer, check_push_producer):
                return self.check(subject, search=0)
            return self.check(subject)
        finally:
            getattr(subject, "shut_down", lambda: None)()


@cache
def identity() -> Any:
    """A certificate and its key."""
    spec = importlib.util.spec_from_file_location("conftest_of_all_tests", _CONFTEST)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with tempfile.TemporaryDirectory() as where:
        return module.TLSIdentity(Path(where))


#: What each breaks: Twisted's, and ours.
BROKEN: dict[tuple[str, str], tuple[str, str]] = {
    ("tcp.Client", "push producer"): ("", ""),
    ("unix.Client", "push producer"): ("", ""),
    ("stdio.StandardIO", "push producer"): ("", ""),
    ("tcp.Client", "consumer"): ("C8 C10 C18 C20 C21 C22 C24 C27 T2 T4 T10 T11", "T2 T10"),
    ("unix.Client", "consumer"): ("C8 C10 C18 C20 C21 C22 C24 T2 T4 T10 T11", "T2 T10"),
    ("tcp.Client, waits_for_producer", "consumer"): ("", ""),
    ("unix.Client, waits_for_producer", "consumer"): ("", ""),
    ("stdio.StandardIO", "consumer"): (
        "C8 C10 C15 C18 C20 C22 C23 C24 T2 T7 T10 T14",
        "T2 T10 T14",
    ),
    ("process.ProcessWriter", "consumer"): ("C8 C10 C18 C20 C21 C22 C24 T2 T10 T11", "T2 T10"),
    ("testing.StringTransport", "consumer"): ("C3 C4 C13 T7", "C3 C4 C13 T7"),
    ("protocol.FileWrapper", "consumer"): ("C1 C3 C4 C15 C17", "C3 C4 C15 C17"),
    ("loopback.loopbackAsync", "consumer"): (
        "C1 C2 C3 C13 C17 C19 C24 T2 T4",
        "C1 C3 C13 C17 C20 T2 T4",
    ),
    ("iosim.FakeTransport", "consumer"): ("C1 C3 C4 C15 C17 T11", ""),
    ("policies.ProtocolWrapper", "consumer"): ("T22", "T22"),
    ("policies.ThrottlingProtocol", "consumer"): ("C13 C18 C19 T22", "T22"),
    ("tls.TLSMemoryBIOProtocol", "consumer"): (
        "C3 C6 C7 C15 C16 C17 C19 C22 C23 C38 T3 T4 T5 T7 T8 T10",
        "C3 C6 C7 C38 T7",
    ),
    ("http.Request", "consumer"): ("C1 C2 C10 C13 C15 C19 C20 C30", ""),
    ("_http2.H2Stream", "consumer"): ("C1 C2 C13 C15 C19 C22 C25 R1 R4", ""),
    ("ftp.FileConsumer", "consumer"): ("C1 C4 C15 C24 C25", ""),
    ("static.NoRangeStaticProducer", "pull producer"): ("", ""),
    ("static.SingleRangeStaticProducer", "pull producer"): ("", ""),
    ("static.MultipleRangeStaticProducer", "pull producer"): ("", ""),
    ("client.FileBodyProducer", "push producer"): ("P3 P4", ""),
    ("_PullToPush", "adapter"): ("P4 A1 A2 A3 A4", ""),
    ("pcp.BasicProducerConsumerProxy, pulling", "adapter"): ("A5", ""),
    ("pcp.ProducerConsumerProxy, pulling", "adapter"): ("A5", ""),
    ("protocol.ProtocolToConsumerAdapter", "adapter"): ("A6", "A6"),
    ("basic.FileSender", "file sender"): ("F5 F6 F7 F9", ""),
    ("basic.FileSender to tcp.Client", "file sender"): ("F5 F6 F7 F9", ""),
    ("basic.FileSender to unix.Client", "file sender"): ("F5 F6 F7 F9", ""),
    ("basic.FileSender to stdio.StandardIO", "file sender"): ("F5 F6 F7 F9", ""),
    ("basic.FileSender to process.ProcessWriter", "file sender"): ("F5 F6 F7 F9", ""),
    ("basic.FileSender to policies.ProtocolWrapper", "file sender"): ("F5 F6 F7 F9", ""),
    ("basic.FileSender to tls.TLSMemoryBIOProtocol", "file sender"): ("F5 F6 F7 F8 F9", ""),
    ("pcp.BasicProducerConsumerProxy", "middle"): ("L6 X1 X4 X5 X6", ""),
    ("pcp.ProducerConsumerProxy", "middle"): ("X1 X2 X3 X4 X5 X6", ""),
    ("policies.ProtocolWrapper", "middle"): ("X7", "X7"),
    ("policies.TimeoutProtocol", "middle"): ("X7", "X7"),
    ("policies.ThrottlingProtocol", "middle"): ("L6 X3 X6 X7", "X7"),
    ("tls.TLSMemoryBIOProtocol", "middle"): ("X4 X7 X8", "X7"),
    ("http.Request", "middle"): ("X4 X6", ""),
    ("ftp.SenderProtocol", "middle"): ("", ""),
    ("ftp.ASCIIConsumerWrapper", "middle"): ("L6 X1 X2 X3 X5", ""),
    ("portforward.Proxy", "relay"): ("X7 X9", "X7 X9"),
    ("portforward.Proxy, abort_on_unclean_end", "relay"): ("", "X7"),
    ("streams.pull_to_push", "adapter"): ("", ""),
    ("streams.pull_to_push", "middle"): ("", ""),
    ("streams.tee", "middle"): ("", ""),
    ("streams.expect_length", "middle"): ("", ""),
    ("streams.rate_limit", "middle"): ("", ""),
    ("streams.relay", "relay"): ("", ""),
}

_CHECKS = {
    "push producer": check_push_producer,
    "pull producer": check_pull_producer,
    "consumer": check_consumer,
    "adapter": check_adapter,
    "file sender": check_file_sender,
    "middle": check_proxy,
    "relay": check_relay,
}


def _subjects(package: Package) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """What there is in *package*: name, role, and what makes the subject."""
    middles, consumers, producers = stock_middles, stock_consumers, stock_producers
    is_twisted = package.name == "twisted"

    def policy(factory: str, *arguments: Any) -> Callable[[], Any]:
        def new() -> Any:
            made = package.get(f"protocols.policies.{factory}")
            return middles.StockWrapper(package, factory, lambda inner: made(inner, *arguments))

        return new

    descriptors: dict[str, Callable[[], Any]] = {
        "tcp.Client": lambda: consumers.OverTCP(package),
        "unix.Client": lambda: consumers.OverUNIX(package),
        "stdio.StandardIO": lambda: consumers.OverStdio(package),
        "process.ProcessWriter": lambda: consumers.OverProcess(package),
    }
    wrappers: dict[str, Callable[[], Any]] = {
        "policies.ProtocolWrapper": policy("WrappingFactory"),
        "policies.ThrottlingProtocol": lambda: middles.StockThrottle(package),
        "tls.TLSMemoryBIOProtocol": lambda: middles.StockTLS(package, identity()),
    }
    for place, name in enumerate(("tcp.Client", "unix.Client", "stdio.StandardIO")):
        yield name, "push producer", lambda place=place: producers.receiving(package)[place]
    for name, new in descriptors.items():
        yield name, "consumer", new
    yield "testing.StringTransport", "consumer", lambda: consumers.string_transport(package)
    yield "protocol.FileWrapper", "consumer", lambda: consumers.file_wrapper(package)
    yield "loopback.loopbackAsync", "consumer", lambda: consumers.Loopback(package)
    for name, new in wrappers.items():
        yield name, "consumer", lambda new=new: consumers.Wrapped(new())
    if is_twisted:
        yield "http.Request", "consumer", lambda: consumers.OnMemory(middles.StockHTTP(package))
        yield "_http2.H2Stream", "consumer", lambda: stock_http2.OverHTTP2(package)
        yield "iosim.FakeTransport", "consumer", lambda: consumers.simulated(package)
        yield "ftp.FileConsumer", "consumer", lambda: consumers.ftp_file(package)
        for place, kind in enumerate(("NoRange", "SingleRange", "MultipleRange")):
            name = f"static.{kind}StaticProducer"
            yield name, "pull producer", lambda place=place: producers.static_files(package)[place]
        yield "client.FileBodyProducer", "push producer", lambda: producers.FileBody(package)
        yield "_PullToPush", "adapter", lambda: middles.TwistedPullToPush(package)
    else:
        yield "_PullToPush", "adapter", lambda: middles.OurPullToPush(package)
        yield "streams.pull_to_push", "adapter", lambda: middles.PublicPullToPush(package)
    for kind in ("BasicProducerConsumerProxy", "ProducerConsumerProxy"):
        name = f"pcp.{kind}, pulling"
        yield name, "adapter", lambda kind=kind: middles.PullingProxy(package, kind)
    name = "protocol.ProtocolToConsumerAdapter"
    yield name, "adapter", lambda: middles.ProtocolAsConsumer(package)
    yield "basic.FileSender", "file sender", lambda: middles.StockFileSender(package)
    over = {
        **descriptors,
        **{
            name: lambda new=new: consumers.Wrapped(new())
            for name, new in wrappers.items()
            if "Throttling" not in name
        },
    }
    for name, new in over.items():
        yield (
            f"basic.FileSender to {name}",
            "file sender",
            lambda new=new: middles.StockFileSender(package, new()),
        )
    for kind in ("BasicProducerConsumerProxy", "ProducerConsumerProxy"):
        yield f"pcp.{kind}", "middle", lambda kind=kind: middles.StockProxy(package, kind)
    yield "policies.ProtocolWrapper", "middle", wrappers["policies.ProtocolWrapper"]
    yield "policies.TimeoutProtocol", "middle", policy("TimeoutFactory", None)
    yield "policies.ThrottlingProtocol", "middle", wrappers["policies.ThrottlingProtocol"]
    yield "tls.TLSMemoryBIOProtocol", "middle", wrappers["tls.TLSMemoryBIOProtocol"]
    if is_twisted:
        yield "http.Request", "middle", lambda: middles.StockHTTP(package)
        for kind in ("SenderProtocol", "ASCIIConsumerWrapper"):
            yield f"ftp.{kind}", "middle", lambda kind=kind: middles.StockFTP(package, kind)
    else:
        for kind, arguments in (
            ("pull_to_push", ()),
            ("tee", ()),
            ("expect_length", (1 << 40,)),
            ("rate_limit", (1e9,)),
        ):
            yield (
                f"streams.{kind}",
                "middle",
                lambda kind=kind, arguments=arguments: middles.StreamsMiddle(
                    package, kind, *arguments
                ),
            )
        for kind, over in (("tcp", consumers.OverTCP), ("unix", consumers.OverUNIX)):
            yield (
                f"{kind}.Client, waits_for_producer",
                "consumer",
                lambda over=over: over(package, waits_for_producer=True),
            )
        yield "streams.relay", "relay", lambda: middles.StreamsRelay(package)
        name = "portforward.Proxy, abort_on_unclean_end"
        yield name, "relay", lambda: middles.AbortingRelay(package)
    yield "portforward.Proxy", "relay", lambda: middles.StockRelay(package)


def cases(package: str) -> list[Case]:
    """All that there is in the package of that name, ``twisted`` or ``pcstream``."""
    found = []
    for name, role, new in _subjects(Package(package)):
        theirs, ours = BROKEN[name, role]
        broken = tuple((theirs if package == "twisted" else ours).split())
        found.append(Case(package, name, role, new, _CHECKS[role], broken))
    return sorted(found, key=lambda case: list(BROKEN).index((case.name, case.role)))

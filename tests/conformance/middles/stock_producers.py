"""Producers as they come with a package, Twisted or pcstream."""

from __future__ import annotations

import io
import os
import socket
from contextlib import suppress
from typing import Any

from stock_consumers import OverDescriptors, OverStdio, OverTCP, OverUNIX
from stock_middles import Package

from pcstream.conformance.memory_connection import TurnClock
from pcstream.conformance.recorders import content
from pcstream.conformance.subjects import PullProducerSubject, PushProducerSubject

_SIZE = 300_000


class Receiving(PushProducerSubject):
    """A transport whose protocol writes to the consumer what it receives."""

    content = content(_SIZE)

    def __init__(self, over: OverDescriptors) -> None:
        self.over = over
        self.name = over.name
        self.fed = _SIZE

    def make(self, consumer: Any) -> Any:
        near = self.over.make()
        owner = self.over.owner
        owner.dataReceived = consumer.write
        owner.readConnectionLost = owner.connectionLost = lambda reason=None: self.end(consumer)
        self.fed = 0
        return near

    def end(self, consumer: Any) -> None:
        if self.fed is not None:
            self.fed = None  # type: ignore[assignment]
            consumer.unregisterProducer()

    def feed(self) -> None:
        """Let the peer send what there is room for, and close its half behind it."""
        while self.fed is not None and self.fed < _SIZE:
            try:
                self.fed += self.send(self.content[self.fed : self.fed + 65536])
            except BlockingIOError:
                return
            except OSError:
                self.fed = _SIZE
            if self.fed >= _SIZE:
                self.send_end()

    def send(self, data: bytes) -> int:
        count: int = self.over.far.send(data)
        return count

    def send_end(self) -> None:
        with suppress(OSError):
            self.over.far.shutdown(socket.SHUT_WR)

    def settle(self) -> None:
        if self.over.near is not None:
            self.feed()
            for _ in range(4):
                self.over.reactor.iterate(0)

    def clean_up(self) -> None:
        self.fed = None  # type: ignore[assignment]
        self.over.clean_up()

    def shut_down(self) -> None:
        self.over.shut_down()


class ReadingStdio(Receiving):
    """Standard input."""

    over: OverStdio

    def make(self, consumer: Any) -> Any:
        near = super().make(consumer)
        os.set_blocking(self.over.feeds, False)
        return near

    def send(self, data: bytes) -> int:
        return os.write(self.over.feeds, data)

    def send_end(self) -> None:
        if self.over.feeds >= 0:
            os.close(self.over.feeds)
            self.over.feeds = -1


def receiving(package: Package) -> list[Receiving]:
    """The transports that read."""
    return [
        Receiving(OverTCP(package)),
        Receiving(OverUNIX(package)),
        ReadingStdio(OverStdio(package)),
    ]


class Request:
    """As much of an HTTP request as the producers of a static file use."""

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        self.write = consumer.write
        self.registerProducer = consumer.registerProducer
        self.unregisterProducer = consumer.unregisterProducer

    def finish(self) -> None:
        pass


class StaticFile(PullProducerSubject):
    """A file that is served by ``twisted.web``: all of it, a part, or several parts."""

    def __init__(self, package: Package, kind: str, *arguments: Any) -> None:
        self.name = f"static.{kind}"
        self.kind = package.get(f"web.static.{kind}")
        self.arguments = arguments
        self.file = io.BytesIO()

    def make(self, consumer: Any) -> Any:
        self.file = io.BytesIO(content(_SIZE))
        producer = self.kind(Request(consumer), self.file, *self.arguments)
        producer.start()
        return producer

    def released(self) -> bool:
        return self.file.closed


def static_files(package: Package) -> list[StaticFile]:
    parts = [(b"\r\n--part\r\n", 10, 100_000), (b"\r\n--part\r\n", 200_000, 50_000), (b"", 0, 0)]
    return [
        StaticFile(package, "NoRangeStaticProducer"),
        StaticFile(package, "SingleRangeStaticProducer", 1000, 200_000),
        StaticFile(package, "MultipleRangeStaticProducer", parts),
    ]


class FileBody(PushProducerSubject):
    """The body of a request of ``twisted.web``'s client."""

    name = "client.FileBodyProducer"
    content = content(_SIZE)

    def __init__(self, package: Package) -> None:
        self.package = package
        self.clock = TurnClock()
        self.file = io.BytesIO()

    def make(self, consumer: Any) -> Any:
        self.clock = TurnClock()
        cooperator = self.package.get("internet.task.Cooperator")(
            terminationPredicateFactory=lambda: lambda: True,
            scheduler=lambda step: self.clock.callLater(0, step),
        )
        self.file = io.BytesIO(self.content)
        producer = self.package.get("web.client.FileBodyProducer")(self.file, cooperator)
        consumer.registerProducer(producer, True)
        done = producer.startProducing(consumer)
        done.addCallbacks(lambda result: consumer.unregisterProducer(), lambda failure: None)
        return producer

    def settle(self) -> None:
        self.clock.turn()

    def released(self) -> bool:
        return self.file.closed

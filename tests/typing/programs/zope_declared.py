"""Classes that declare interfaces, with mypy's zope plugin."""

from __future__ import annotations

from zope.interface import implementer

from pcstream.internet.address import IPv4Address
from pcstream.internet.interfaces import (
    IAddress,
    IConsumer,
    IProducer,
    IProtocol,
    IProtocolFactory,
    IPullProducer,
    IPushProducer,
    IReactorTime,
    IReadDescriptor,
    ITCPTransport,
)
from pcstream.internet.task import Clock
from pcstream.typing import (
    Consumer,
    Producer,
    Protocol,
    ProtocolFactory,
    PullProducer,
    PushProducer,
    ReactorTime,
    ReadDescriptor,
    TCPTransport,
)


@implementer(IPushProducer)
class Push:
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def stopProducing(self) -> None: ...


@implementer(IPullProducer)
class Pull:
    def resumeProducing(self) -> None: ...
    def stopProducing(self) -> None: ...


@implementer(IConsumer)
class Sink:
    def registerProducer(self, producer: IProducer, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def write(self, data: bytes) -> None: ...


@implementer(IPushProducer)
class Incomplete:  # error: misc
    def stopProducing(self) -> None: ...


@implementer(IConsumer)
class Misnamed:
    def registerProducer(self, producer: IProducer) -> None: ...  # error: override
    def unregisterProducer(self) -> None: ...
    def write(self, data: str) -> None: ...  # error: override


def feed(consumer: IConsumer, producer: IPushProducer) -> None:
    consumer.registerProducer(producer, streaming=True)
    consumer.write("text")  # error: arg-type
    producer.pauseProducing()
    producer.unregister()  # error: attr-defined


feed(Sink(), Push())
feed(Sink(), Pull())  # error: arg-type
feed(Push(), Push())  # error: arg-type

address: IAddress = IPv4Address("TCP", "127.0.0.1", 80)


# What provides an interface satisfies the interface's twin.
def consumer(it: IConsumer) -> Consumer:
    return it


def producer(it: IProducer) -> Producer:
    return it


def push(it: IPushProducer) -> PushProducer:
    return it


def pull(it: IPullProducer) -> PullProducer:
    return it


def transport(it: ITCPTransport) -> TCPTransport:
    return it


def protocol(it: IProtocol) -> Protocol:
    return it


def factory(it: IProtocolFactory) -> ProtocolFactory:
    return it


def descriptor(it: IReadDescriptor) -> ReadDescriptor:
    return it


def clock(it: IReactorTime) -> ReactorTime:
    return it


def wrong(it: IPullProducer) -> PushProducer:
    return it  # error: return-value


ticking: ReactorTime = Clock()

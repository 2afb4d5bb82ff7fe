"""Undeclared and declared objects against the Protocol twins; any type checker."""

from __future__ import annotations

from pcstream.internet.address import IPv4Address, UNIXAddress
from pcstream.python.failure import Failure
from pcstream.typing import (
    Consumer,
    Producer,
    Protocol,
    PullProducer,
    PushProducer,
    ReadDescriptor,
    Transport,
)


class Sink:
    """A consumer that declares nothing and inherits nothing."""

    def registerProducer(self, producer: Producer, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def write(self, data: bytes) -> None: ...


class Push:
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def stopProducing(self) -> None: ...


class Pull:
    def resumeProducing(self) -> None: ...
    def stopProducing(self) -> None: ...


class TextSink(Sink):
    def write(self, data: str) -> None: ...  # type: ignore[override]


class Talk:
    def dataReceived(self, data: bytes) -> None: ...
    def connectionLost(self, reason: Failure) -> None: ...
    def makeConnection(self, transport: Transport) -> None: ...
    def connectionMade(self) -> None: ...


class Watched:
    def logPrefix(self) -> str:
        return "watched"

    def fileno(self) -> int:
        return 0

    def connectionLost(self, reason: Failure) -> None: ...

    def doRead(self) -> Exception | None:
        return None


def feed(consumer: Consumer, producer: PushProducer) -> None:
    consumer.registerProducer(producer, True)
    consumer.registerProducer(producer=producer, streaming=True)
    consumer.write(b"bytes")
    consumer.write("text")  # error: arg-type
    consumer.resumeProducing()  # error: attr-defined


feed(Sink(), Push())
feed(Sink(), Pull())  # error: arg-type
feed(TextSink(), Push())  # error: arg-type
feed(Push(), Push())  # error: arg-type

pull: PullProducer = Pull()
also_pull: PullProducer = Push()
talk: Protocol = Talk()
watched: ReadDescriptor = Watched()
not_watched: ReadDescriptor = Sink()  # error: assignment


def answer(thing: object) -> None:
    if isinstance(thing, PushProducer):  # error: misc
        thing.pauseProducing()


class Derived(PushProducer):
    """Twins can be derived from, too, and then nothing may be left out."""

    def pauseProducing(self) -> None: ...
    def stopProducing(self) -> None: ...


Derived()  # error: abstract
here: IPv4Address = IPv4Address("TCP", "127.0.0.1", 80)
IPv4Address("SCTP", "127.0.0.1", 80)  # error: arg-type
IPv4Address(host="127.0.0.1", type="UDP", port="80")  # error: arg-type
UNIXAddress(b"/tmp/x")

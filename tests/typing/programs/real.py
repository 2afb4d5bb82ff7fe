"""The package's own classes against the Protocol twins; any type checker."""

from __future__ import annotations

from pcstream.internet.abstract import FileDescriptor
from pcstream.internet.protocol import Factory, Protocol
from pcstream.internet.tcp import Connection, Port
from pcstream.internet.testing import StringTransport
from pcstream.protocols.basic import FileSender
from pcstream.protocols.pcp import ProducerConsumerProxy
from pcstream.typing import (
    Consumer,
    ListeningPort,
    ProtocolFactory,
    PullProducer,
    PushProducer,
    ReadDescriptor,
    TCPTransport,
    Transport,
    WriteDescriptor,
)
from pcstream.typing import Protocol as ProtocolTwin


def transports(fd: FileDescriptor, tcp: Connection, string: StringTransport) -> None:
    consumers: list[Consumer] = [fd, tcp, string]
    producers: list[PushProducer] = [fd, tcp, string]
    writable: list[Transport] = [fd, tcp, string]
    read: list[ReadDescriptor] = [tcp]
    written: list[WriteDescriptor] = [fd, tcp]
    full: TCPTransport = tcp
    not_full: TCPTransport = fd  # error: assignment
    del consumers, producers, writable, read, written, full, not_full


def others(port: Port, proxy: ProducerConsumerProxy) -> None:
    listening: ListeningPort = port
    middle: Consumer = proxy
    middle.registerProducer(FileSender(), False)
    middle.write("text")  # error: arg-type
    del listening


pull: PullProducer = FileSender()
protocol: ProtocolTwin = Protocol()
factory: ProtocolFactory = Factory()

"""A stream of HTTP/2 as a consumer: ``twisted.web``'s, with a client played by ``h2``."""

from __future__ import annotations

from typing import Any

from stock_middles import Cooperation, Package, end_of

from pcstream.conformance.memory_connection import MemoryConnection, TurnClock
from pcstream.conformance.subjects import ConsumerSubject

# The connection asks for a turn as long as one of its streams waits, so it is never quiet. It is
# taken to be if nothing was sent in so many turns.
_QUIET_TURNS = 20
_MOST_TURNS = 3000

_REQUEST = ((":method", "GET"), (":path", "/"), (":scheme", "https"), (":authority", "x"))


class OverHTTP2(ConsumerSubject):
    """The response to a request, on a stream of its own; the other end can reset the stream."""

    name = "_http2.H2Stream"
    cooperation: Any = None
    connection: Any = None

    def __init__(self, package: Package) -> None:
        self.package = package

    def make(self) -> Any:
        from h2.config import H2Configuration
        from h2.connection import H2Connection

        clock = TurnClock()
        self.cooperation = Cooperation(self.package, clock, self.cooperation)
        self.connection = MemoryConnection(clock, [], "transport")
        self.taken = 0
        self.heard = bytearray()
        self.is_taking = True
        self.owed = 0
        made: list[Any] = []

        class Request(self.package.get("web.http.Request")):  # type: ignore[misc]
            def process(self) -> None:
                made.append(self)

        channel = self.package.get("web._http2.H2Connection")(reactor=clock)
        channel.requestFactory = Request
        channel.site = channel.factory = type("Site", (), {"log": lambda self, request: None})()
        self.connection.protocol = channel
        channel.makeConnection(self.connection)
        self.client = H2Connection(H2Configuration(client_side=True))
        self.client.initiate_connection()
        self.client.send_headers(1, _REQUEST, end_stream=True)
        self.settle()
        made[0].write(b"!")  # the head goes with it
        self.settle()
        return made[0]

    def settle(self) -> None:
        """Hand on what there is, in both directions."""
        if self.connection is None:
            return
        quiet = 0
        for _ in range(_MOST_TURNS):
            before = len(self.connection.sent)
            if self.connection.end is None:
                self.exchange()
            self.connection.clock.turn()
            quiet = quiet + 1 if len(self.connection.sent) == before else 0
            if quiet == _QUIET_TURNS:
                return

    def exchange(self) -> None:
        from h2.events import DataReceived

        fresh = bytes(self.connection.sent[self.taken :])
        self.taken += len(fresh)
        for event in self.client.receive_data(fresh) if fresh else ():
            if isinstance(event, DataReceived):
                self.heard += event.data
                self.owed += event.flow_controlled_length
        if self.owed and self.is_taking:
            self.client.acknowledge_received_data(self.owed, 1)
            self.owed = 0
        answer = self.client.data_to_send()
        if answer:
            self.connection.deliver(answer)

    def stall(self) -> None:
        """The client grants no more than it has granted, and uses that up to the last byte."""
        self.settle()
        self.is_taking = False

    def drain(self) -> None:
        self.is_taking = True
        self.settle()

    def received(self) -> bytes:
        return bytes(self.heard[1:])

    def kill(self) -> None:
        """The client resets the stream; the connection stays."""
        self.client.reset_stream(1)
        self.settle()

    def clean_up(self) -> None:
        self.cooperation = end_of(self.cooperation)

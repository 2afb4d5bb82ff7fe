"""A small message's way there and back while the same process sends bulk streams.

The streams are files, sent as each peer usually does it: FileSender on Twisted and pcstream, and
``write`` and ``await drain()`` in a loop on asyncio and uvloop. With ``--writes`` they are what the
program makes up, 64 KiB at a time, from a push producer.

One process takes the streams and sends the pings, and looks for the answer after each read, so
that none waits for a processor that is busy with the streams. A ping is sent every two
milliseconds: one on the heels of the other would leave the server little time for anything else.
A ping counts only if neither side had to wait long for its processor meanwhile, because somebody
else was running there; all count if few would be left.
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import sys
import tempfile
import time

from harness import command, load, peers, processes
from harness.rounds import Metric, Sample

PEERS = ["twisted", "pcstream", "asyncio", "uvloop"]
TAIL = Metric("p99 ms")
MIDDLE = Metric("p50 ms")
RATE = Metric("bulk GB/s", more_is_better=True)
FILE_BYTES = 256 * 1024 * 1024
#: one read of a stream: an answer that is there waits for it
READ_BYTES = 128 * 1024
PING = b"ping"
EVERY_S = 0.002
#: pings, for a percentile of them to mean anything
ENOUGH = 20
#: a wait for the processor that spoils a ping: another program's turn is longer, a kernel thread's
#: with the packets of this very load is shorter. Of a long ping it is a part that does not matter.
SPOILT_S, SPOILT_PART = 0.0005, 0.25
#: of streams and pings before they count
WARM_UP_S = 1.0
#: of measuring; some peers take a third of a second for a ping, and have fewer of them
MEASURE_S, MEASURE_SHORT_S = 12.0, 5.0


class Client:
    """Takes *streams* endless streams, and pings beside them.

    :ivar taken: bytes of the streams.
    :ivar took: seconds that each ping took.
    :ivar spoilt: seconds that each took which does not count.
    """

    def __init__(self, server: processes.UnderTest, streams: int) -> None:
        port = server.port
        self._server = server
        self._waiting = selectors.DefaultSelector()
        self._buffer = bytearray(READ_BYTES)
        for sock in load.connect(port, streams, b"bulk"):
            sock.setblocking(False)
            self._waiting.register(sock, selectors.EVENT_READ)
        (self._pinger,) = load.connect(port)
        self._pinger.setblocking(False)
        self._pinger.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._waiting.register(self._pinger, selectors.EVENT_READ)
        self._sent: float | None = None
        self._waited = 0.0
        self._next = 0.0
        self.taken = 0
        self.took: list[float] = []
        self.spoilt: list[float] = []

    def run(self, seconds: float) -> None:
        """Go on for so long, and until the last ping is answered."""
        self.taken, self.took, self.spoilt = 0, [], []
        now = self._next = time.perf_counter()
        end = now + seconds
        while now < end or self._sent is not None:
            if self._sent is None and now >= self._next:
                self._waited = self._waiting_s()
                self._sent = time.perf_counter()
                self._next = self._sent + EVERY_S
                self._pinger.send(PING)
            left = None if self._sent is not None else max(0.0, self._next - now)
            for key, _ in self._waiting.select(left):
                if key.fileobj is not self._pinger:
                    self._take(key.fileobj)  # type: ignore[arg-type]
                self._look()
            now = time.perf_counter()

    def _take(self, sock: socket.socket) -> None:
        count = sock.recv_into(self._buffer)
        if not count:
            raise RuntimeError("a stream has ended")
        self.taken += count

    def _look(self) -> None:
        """Whether the answer is there."""
        if self._sent is None:
            return
        try:
            answer = self._pinger.recv(len(PING))
        except BlockingIOError:
            return
        if answer != PING:
            raise RuntimeError(f"the answer to a ping was {answer!r}")
        took = time.perf_counter() - self._sent
        self._sent = None
        waited = self._waiting_s() - self._waited
        is_spoilt = waited > max(SPOILT_S, SPOILT_PART * took)
        (self.spoilt if is_spoilt else self.took).append(took)

    def _waiting_s(self) -> float:
        """How long both sides have waited for their processors."""
        return self._server.waited_s() + processes.waited_s(os.getpid())

    def close(self) -> None:
        """Close all connections."""
        for key in list(self._waiting.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._waiting.close()


def options(parser: argparse.ArgumentParser) -> None:
    """What can be varied."""
    parser.add_argument("--streams", type=int, default=8, help="of bulk beside it")
    parser.add_argument("--writes", action="store_true", help="not files, but written by a program")


def measure(peer: str, chosen: argparse.Namespace) -> Sample:
    """Ping one connection while the others are full."""
    seconds = MEASURE_SHORT_S if chosen.short else MEASURE_S
    with tempfile.NamedTemporaryFile() as source:
        role = ["mixed"]
        if not chosen.writes:
            block = os.urandom(1024 * 1024)
            for _ in range(FILE_BYTES // len(block)):
                source.write(block)
            source.flush()
            role.append(source.name)
        with processes.started(peers.COMMANDS[peer](*role), core=0) as under_test:
            client = Client(under_test, chosen.streams)
            client.run(WARM_UP_S)
            began = time.perf_counter()
            client.run(seconds)
            seconds = time.perf_counter() - began
            client.close()
    spoilt = len(client.spoilt)
    if len(client.took) < ENOUGH:
        client.took += client.spoilt
        print(f"  {spoilt} pings are spoilt; so few would be left that all count", file=sys.stderr)
    elif spoilt:
        print(f"  {spoilt} pings are spoilt, {len(client.took)} count", file=sys.stderr)
    took = sorted(client.took)
    return {
        TAIL.name: took[int(len(took) * 0.99)] * 1e3,
        MIDDLE.name: took[len(took) // 2] * 1e3,
        RATE.name: client.taken / seconds / 1e9,
    }


if __name__ == "__main__":
    command.run(
        title="a ping beside {streams} bulk streams, written by the program {writes} (else files)",
        metrics=[TAIL, MIDDLE, RATE],
        peers=PEERS,
        measure=measure,
        options=options,
    )

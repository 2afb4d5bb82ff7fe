"""One line changed in one of our own transports, and the kit names the rule that breaks.

Each change is one that a tired person could make. The class as it stands breaks none of these
rules; that is tested with all the other right ones.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent


class Plant(NamedTuple):
    """One change: in which module, what for what, and which rule of which class breaks then."""

    module: str
    old: str
    new: str
    name: str
    role: str
    rule: str


PLANTS = [
    Plant(
        "pcstream.internet._connecting",
        "        self._own_slot().lost()  # contract C27",
        "        pass",
        "tcp.Client",
        "consumer",
        "C27",
    ),
    Plant(
        "pcstream.internet._stream_connection",
        "reactor.callLater(0, self.connectionLost, Failure(error.ConnectionAborted()))",
        "connectionLost(Failure(error.ConnectionAborted()))",
        "tcp.Client",
        "consumer",
        "T4",
    ),
    Plant(
        "pcstream.internet.abstract",
        "        return self._outbox.size > self.bufferSize",
        "        return self._outbox.size >= self.bufferSize",
        "unix.Client",
        "consumer",
        "C6",
    ),
    Plant(
        "pcstream.internet.abstract",
        "        if self.connected and not self.disconnecting and not self._aborting:",
        "        if self.connected and not self._aborting:",
        "unix.Client",
        "consumer",
        "T7",
    ),
    Plant(
        "pcstream.internet.stdio",
        "            DEAD_SLOT.register(producer, streaming)",
        "            return",
        "stdio.StandardIO",
        "consumer",
        "C2",
    ),
    Plant(
        "pcstream.internet.stdio",
        "        if self._reader is not None and not self.disconnecting:",
        "        if self._reader is not None:",
        "stdio.StandardIO",
        "consumer",
        "T7",
    ),
    Plant(
        "pcstream._engine.producer_slot",
        "            overfull=(State.PUSH_PAUSED, Call.PAUSE),  # C5",
        "            overfull=(State.PUSH_FLOWING, Call.PAUSE),  # C5",
        "process.ProcessWriter",
        "consumer",
        "C8",
    ),
    Plant(
        "pcstream.protocols.tls",
        "        self._slot.overfull()",
        "        pass",
        "tls.TLSMemoryBIOProtocol",
        "consumer",
        "C5",
    ),
    Plant(
        "pcstream.protocols._wrapping",
        "        self.transport.registerProducer(producer, streaming)",
        "        self.transport.registerProducer(producer, True)",
        "policies.ProtocolWrapper",
        "consumer",
        "C4",
    ),
    Plant(
        "pcstream.protocols._throttling",
        "            self.original.stopProducing()",
        "            pass",
        "policies.ThrottlingProtocol",
        "consumer",
        "C19",
    ),
    Plant(
        "pcstream.protocols._throttling",
        "            if self.is_streaming != self._consumer_waits and not self._is_stopped:",
        "            if not self._is_stopped:",
        "policies.ThrottlingProtocol",
        "middle",
        "X3",
    ),
    Plant(
        "pcstream.protocols.pcp",
        "                data = held[0] if len(held) == 1 else held[0][:0].join(held)",
        "                data = held[0] if len(held) == 1 else held[0][:0].join(held[::-1])",
        "pcp.ProducerConsumerProxy",
        "middle",
        "X1",
    ),
    Plant(
        "pcstream.protocols.pcp",
        "        self._slot.lost()",
        "        pass",
        "pcp.BasicProducerConsumerProxy",
        "middle",
        "X4",
    ),
    Plant(
        "pcstream.protocols.portforward",
        "        self.transport.pauseProducing()",
        "        pass",
        "portforward.Proxy",
        "relay",
        "X8",
    ),
    Plant(
        "pcstream.protocols._file_sender",
        "            self._finish(Failure())  # contract F5",
        "            raise",
        "basic.FileSender",
        "file sender",
        "F5",
    ),
    Plant(
        "pcstream.internet._string_transport",
        '    raise TypeError("Data must be bytes")',
        "    pass",
        "testing.StringTransport",
        "consumer",
        "C15",
    ),
    Plant(
        "pcstream.protocols._loopback_async",
        '        self.q.put(b"".join(iovec))',
        '        self.q.put(b"".join(list(iovec)[1:]))',
        "loopback.loopbackAsync",
        "consumer",
        "C18",
    ),
]


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.name}-{plant.rule}")
def test_the_kit_catches_it(plant: Plant) -> None:
    if "tls" in plant.name:
        pytest.importorskip("OpenSSL")
        pytest.importorskip("service_identity")
    done = subprocess.run(
        [sys.executable, str(HERE / "run_planted.py"), *plant[:5]],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    faults = json.loads(done.stdout)
    assert plant.rule in {fault["rule"] for fault in faults}, faults


def test_there_are_ten_and_they_are_in_different_places() -> None:
    assert len(PLANTS) >= 10
    assert len({plant.module for plant in PLANTS}) >= 10
    assert len({plant.name for plant in PLANTS}) >= 10

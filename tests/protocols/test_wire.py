"""The small services."""

from __future__ import annotations

import struct
import time
from typing import Any

import pytest

from pcstream.internet.testing import StringTransport
from pcstream.protocols import wire


def served(protocol_class: Any) -> tuple[Any, StringTransport]:
    protocol, transport = protocol_class(), StringTransport()
    protocol.makeConnection(transport)
    return protocol, transport


def test_echo() -> None:
    protocol, transport = served(wire.Echo)
    protocol.dataReceived(b"a")
    protocol.dataReceived(b"b")
    assert transport.value() == b"ab"


def test_discard() -> None:
    protocol, transport = served(wire.Discard)
    protocol.dataReceived(b"a")
    assert transport.value() == b""


def test_chargen() -> None:
    protocol, transport = served(wire.Chargen)
    assert transport.producer is protocol
    assert not transport.streaming
    protocol.pauseProducing()
    protocol.resumeProducing()
    assert transport.value() == wire.Chargen.noise


@pytest.mark.parametrize("protocol_class", [wire.QOTD, wire.Who, wire.Daytime, wire.Time])
def test_those_that_say_one_thing_and_close(protocol_class: Any) -> None:
    _, transport = served(protocol_class)
    assert transport.value()
    assert transport.disconnecting


def test_qotd_and_who() -> None:
    assert served(wire.QOTD)[1].value() == b"An apple a day keeps the doctor away.\r\n"
    assert served(wire.Who)[1].value() == b"root\r\n"


def test_daytime_is_the_time_of_day() -> None:
    before = time.time()
    said = served(wire.Daytime)[1].value().decode("ascii")
    assert said.endswith("\r\n")
    import calendar

    assert int(before) - 1 <= calendar.timegm(time.strptime(said.strip())) <= time.time() + 1


def test_time_is_four_bytes_of_seconds() -> None:
    (seconds,) = struct.unpack("!I", served(wire.Time)[1].value())
    assert abs(seconds - time.time()) < 5


def test_time_goes_on_after_2038(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire.time, "time", lambda: 2.0**32 + 7)
    assert served(wire.Time)[1].value() == b"\0\0\0\x07"

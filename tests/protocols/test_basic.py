"""Receivers of lines and strings: what they deliver, and that cutting the input changes nothing."""

from __future__ import annotations

import itertools
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcstream.internet.testing import StringTransport
from pcstream.protocols import basic


class Recording:
    """Mixed into a receiver: keeps every message."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.act: Callable[[Any], Any] = lambda message: None

    def _message(self, message: bytes) -> Any:
        self.got.append(message)
        return self.act(message)

    lineReceived = stringReceived = _message

    def rawDataReceived(self, data: bytes) -> Any:
        self.got.append(("raw", data))
        return self.act(("raw", data))


class Lines(Recording, basic.LineReceiver):
    pass


class OnlyLines(Recording, basic.LineOnlyReceiver):
    pass


class Netstrings(Recording, basic.NetstringReceiver):
    pass


class Int8(Recording, basic.Int8StringReceiver):
    pass


class Int16(Recording, basic.Int16StringReceiver):
    pass


class Int32(Recording, basic.Int32StringReceiver):
    pass


def connected(receiver: Any, **attributes: Any) -> Any:
    for name, value in attributes.items():
        setattr(receiver, name, value)
    receiver.makeConnection(StringTransport())
    return receiver


def framed(receiver: Any, messages: list[bytes]) -> bytes:
    """The messages as the receiver itself sends them."""
    receiver.transport.clear()
    for message in messages:
        getattr(receiver, "sendLine" if hasattr(receiver, "sendLine") else "sendString")(message)
    data: bytes = receiver.transport.value()
    return data


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


LINE = st.lists(st.sampled_from([b"a", b"\r", b"bc", b" "]), max_size=9).map(b"".join)
FRAMINGS = [Lines, OnlyLines, Netstrings, Int8, Int16, Int32]


@pytest.mark.parametrize("receiver_class", FRAMINGS)
@given(data=st.data())
def test_messages_are_the_same_however_the_input_is_cut(receiver_class: Any, data: Any) -> None:
    is_line = "Line" in receiver_class.__name__
    # A line that ends with the first half of the delimiter cannot be told from one that does not.
    of = LINE.filter(lambda line: not line.endswith(b"\r")) if is_line else st.binary(max_size=30)
    messages = data.draw(st.lists(of, max_size=8))
    places = data.draw(st.lists(st.integers(0, 10_000), max_size=12))
    receiver = connected(receiver_class(), MAX_LENGTH=30)
    for piece in cut(framed(receiver, messages), places):
        receiver.dataReceived(piece)
    assert receiver.got == messages
    assert not receiver.transport.disconnecting


@pytest.mark.parametrize("receiver_class", [Lines, Int8, Int16, Int32])
@given(data=st.data())
def test_pauses_anywhere_change_nothing(receiver_class: Any, data: Any) -> None:
    messages = data.draw(st.lists(st.binary(max_size=5).map(bytes.hex).map(str.encode), max_size=8))
    places = data.draw(st.lists(st.integers(0, 10_000), max_size=8))
    script = data.draw(st.lists(st.sampled_from(["pause", "pause+resume", "resume", ""])))
    receiver = connected(receiver_class())

    def act(message: bytes) -> None:
        step = script.pop() if script else ""
        if "pause" in step:
            receiver.pauseProducing()
        if "resume" in step:
            receiver.resumeProducing()

    receiver.act = act
    for piece in cut(framed(receiver, messages), places):
        before = len(receiver.got)
        was_paused = receiver.paused
        receiver.dataReceived(piece)
        assert not was_paused or len(receiver.got) == before
        if data.draw(st.booleans()):
            receiver.resumeProducing()
    while receiver.paused:
        receiver.resumeProducing()
    assert receiver.got == messages


@pytest.mark.parametrize("receiver_class", FRAMINGS)
def test_receiving_from_within_a_message_comes_behind(receiver_class: Any) -> None:
    receiver = connected(receiver_class())
    first, second = framed(receiver, [b"1", b"2"]), framed(receiver, [b"3"])
    receiver.act = lambda message: receiver.dataReceived(second) if message == b"1" else None
    receiver.dataReceived(first)
    assert receiver.got == [b"1", b"2", b"3"]


@pytest.mark.parametrize("receiver_class", FRAMINGS)
def test_an_exception_passes_and_the_message_does_not_come_again(receiver_class: Any) -> None:
    receiver = connected(receiver_class())
    data = framed(receiver, [b"1", b"2", b"3"])

    def act(message: bytes) -> None:
        if message == b"2":
            raise ZeroDivisionError

    receiver.act = act
    with pytest.raises(ZeroDivisionError):
        receiver.dataReceived(data)
    assert receiver.got == [b"1", b"2"]
    receiver.dataReceived(b"")
    receiver.dataReceived(framed(receiver, [b"4"]))
    assert receiver.got == [b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("receiver_class", FRAMINGS)
@pytest.mark.parametrize("size", [64, 10_000_000])
def test_many_messages_take_linear_time(receiver_class: Any, size: int) -> None:
    """In one piece of some megabytes, or in pieces: quadratic copying would take minutes."""
    receiver = connected(receiver_class())
    count = 100_000
    data = framed(receiver, [b"some words"] * count)
    began = time.process_time()
    for start in range(0, len(data), size):
        receiver.dataReceived(data[start : start + size])
    assert len(receiver.got) == count
    assert time.process_time() - began < 20


@pytest.mark.parametrize("receiver_class", [Lines, OnlyLines, Netstrings, Int32])
def test_a_long_message_in_small_pieces_takes_linear_time(receiver_class: Any) -> None:
    receiver = connected(receiver_class(), MAX_LENGTH=4_000_000)
    data = framed(receiver, [b"x" * 2_000_000])
    began = time.process_time()
    for start in range(0, len(data), 20):
        receiver.dataReceived(data[start : start + 20])
    assert list(map(len, receiver.got)) == [2_000_000]
    assert time.process_time() - began < 20


@pytest.mark.parametrize("receiver_class", FRAMINGS)
def test_what_a_message_is_must_be_said(receiver_class: Any) -> None:
    base = receiver_class.__mro__[2]
    name = "lineReceived" if hasattr(base, "lineReceived") else "stringReceived"
    with pytest.raises(NotImplementedError):
        getattr(base(), name)(b"")


# Lines


def test_raw_mode_takes_the_rest_of_the_same_piece() -> None:
    receiver = connected(Lines())
    receiver.act = lambda message: receiver.setRawMode() if message == b"raw" else None
    receiver.dataReceived(b"line\r\nraw\r\nbytes\r\nmore")
    receiver.dataReceived(b"and more")
    assert receiver.got == [b"line", b"raw", ("raw", b"bytes\r\nmore"), ("raw", b"and more")]


def test_line_mode_takes_back_what_is_not_raw() -> None:
    receiver = connected(Lines())

    def act(message: Any) -> None:
        if message == b"raw":
            receiver.setRawMode()
        elif message[0] == "raw":
            receiver.setLineMode(message[1][3:])

    receiver.act = act
    receiver.dataReceived(b"raw\r\nabcline\r\nraw\r\nxyzlast\r\n")
    assert [m for m in receiver.got if isinstance(m, bytes)] == [b"raw", b"line", b"raw", b"last"]


def test_line_mode_from_outside_delivers_at_once() -> None:
    receiver = connected(Lines())
    receiver.setRawMode()
    receiver.setLineMode(b"a\r\nb")
    assert receiver.got == [b"a"]
    assert receiver.clearLineBuffer() == b"b"


def test_changing_modes_on_one_piece_does_not_recurse() -> None:
    receiver = connected(Lines(), delimiter=b"\n")

    def act(message: Any) -> None:
        if isinstance(message, bytes):
            receiver.setRawMode()
        else:
            receiver.setLineMode(message[1][1:])

    receiver.act = act
    receiver.dataReceived(b"x\nx" * 3_000)
    assert receiver.got.count(b"x") == 3_000


def test_the_delimiter_may_change_between_lines() -> None:
    receiver = connected(Lines(), delimiter=b"\n")
    receiver.act = lambda message: setattr(receiver, "delimiter", b";")
    receiver.dataReceived(b"a\nb\nc;")
    receiver.dataReceived(b"d;e")
    receiver.delimiter = b"e"
    receiver.dataReceived(b"")
    assert receiver.got == [b"a", b"b\nc", b"d", b""]


def test_a_pause_holds_raw_bytes_too() -> None:
    receiver = connected(Lines())
    receiver.setRawMode()
    receiver.pauseProducing()
    receiver.dataReceived(b"a")
    receiver.dataReceived(b"b")
    assert receiver.got == []
    receiver.resumeProducing()
    assert receiver.got == [("raw", b"ab")]


def test_an_answer_ends_the_delivery_and_is_returned() -> None:
    receiver = connected(Lines())
    receiver.act = lambda message: "enough"
    assert receiver.dataReceived(b"a\r\nb\r\n") == "enough"
    assert receiver.got == [b"a"]
    receiver.setRawMode()
    assert receiver.dataReceived(b"c") == "enough"
    assert receiver.got[1:] == [("raw", b"b\r\nc")]


def test_closing_ends_the_delivery() -> None:
    for receiver_class in (Lines, OnlyLines):
        receiver = connected(receiver_class())
        receiver.act = lambda message: receiver.transport.loseConnection()  # noqa: B023
        receiver.dataReceived(b"a\r\nb\r\n")
        assert receiver.got == [b"a"]


def test_the_buffer_can_be_taken_from_within_a_line() -> None:
    receiver = connected(Lines())
    taken: list[bytes] = []
    receiver.act = lambda message: taken.append(receiver.clearLineBuffer())
    receiver.dataReceived(b"a\r\nb\r\nc")
    receiver.dataReceived(b"d\r\n")
    assert receiver.got == [b"a", b"d"]
    assert taken == [b"b\r\nc", b""]


def test_without_transport() -> None:
    receiver = Lines()
    receiver.dataReceived(b"a\r\nb\r\n")
    assert receiver.got == [b"a", b"b"]


@pytest.mark.parametrize(
    ("data", "closes"),
    [
        (b"abcd\r\n", False),
        (b"abcde\r\n", True),
        (b"abcde", False),  # it might have been 'abcd' and a delimiter
        (b"abcd\r", False),
        (b"abcde\r", True),
        (b"abcdef", True),
    ],
)
def test_a_line_receiver_hangs_up_on_a_long_line(data: bytes, closes: bool) -> None:
    receiver = connected(Lines(), MAX_LENGTH=4)
    receiver.dataReceived(data)
    assert receiver.transport.disconnecting is closes


def test_a_long_line_is_handed_over_with_all_behind_it() -> None:
    receiver = connected(Lines(), MAX_LENGTH=4)
    long: list[bytes] = []

    def exceeded(line: bytes) -> None:
        long.append(line)
        receiver.setLineMode(line[line.index(b"\r\n") + 2 :])

    receiver.lineLengthExceeded = exceeded
    receiver.dataReceived(b"ok\r\ntoo long\r\nfine\r\n")
    assert long == [b"too long\r\nfine\r\n"]
    assert receiver.got == [b"ok"]
    receiver.dataReceived(b"")
    assert receiver.got == [b"ok", b"fine"]


@pytest.mark.parametrize(
    ("data", "closes"),
    [
        (b"abcd\r\n", False),
        (b"abcd\r", False),
        (b"abcde\r\n", True),
        (b"abcde", True),
        (b"abcdef", True),
    ],
)
def test_a_line_only_receiver_hangs_up_on_a_long_line(data: bytes, closes: bool) -> None:
    receiver = connected(OnlyLines(), MAX_LENGTH=4)
    receiver.dataReceived(data)
    assert receiver.transport.disconnecting is closes


def test_a_line_only_receiver_goes_on_behind_a_long_line_if_told_so() -> None:
    receiver = connected(OnlyLines(), MAX_LENGTH=4)
    long: list[bytes] = []
    receiver.lineLengthExceeded = long.append
    receiver.dataReceived(b"ok\r\ntoo long\r\nfine\r\n")
    assert long == [b"too long"]
    assert receiver.got == [b"ok", b"fine"]


def test_how_lines_are_sent() -> None:
    assert framed(connected(Lines(), delimiter=b";"), [b"a", b"b"]) == b"a;b;"
    assert framed(connected(OnlyLines()), [b"a", b"b"]) == b"a\r\nb\r\n"


# Netstrings


@pytest.mark.parametrize(
    "data",
    [b"01:a,", b"00:,", b"0:x", b"1:ab", b"100000:", b"100000", b"12x", b":", b"-1:", b" 1:a,",
     b"1" * 30, b"1:a,x"],
)  # fmt: skip
def test_what_is_no_netstring_ends_the_connection(data: bytes) -> None:
    for size in (1, 100):
        receiver = connected(Netstrings())
        for start in range(0, len(data), size):
            receiver.dataReceived(data[start : start + size])
        assert receiver.transport.disconnecting
        assert receiver.brokenPeer
        receiver.dataReceived(b"1:b,")
        assert b"b" not in receiver.got


@pytest.mark.parametrize("data", [b"", b"99999", b"99999:", b"0:", b"1:a", b"0"])
def test_what_may_become_a_netstring_is_waited_for(data: bytes) -> None:
    receiver = connected(Netstrings())
    receiver.dataReceived(data)
    assert not receiver.transport.disconnecting
    assert receiver.got == []


def test_netstrings_of_no_length_at_all() -> None:
    receiver = connected(Netstrings(), MAX_LENGTH=0)
    receiver.dataReceived(b"0:,0:,")
    assert receiver.got == [b"", b""]
    receiver.dataReceived(b"1:")
    assert receiver.transport.disconnecting


def test_a_netstring_in_a_netstring() -> None:
    receiver = connected(Netstrings())
    receiver.dataReceived(b"4:1:a,,")
    assert receiver.got == [b"1:a,"]
    assert framed(receiver, [b"", b"1:a,"]) == b"0:,4:1:a,,"


# Strings behind a length


def test_recvd_is_what_is_left_and_may_be_set() -> None:
    receiver = connected(Int8())
    seen: list[bytes] = []

    def act(message: bytes) -> None:
        seen.append(receiver.recvd)
        if message == b"a":
            receiver.recvd = receiver.recvd[2:] + b"\x01d"

    receiver.act = act
    receiver.dataReceived(b"\x01a\x01b\x01c")
    assert receiver.got == [b"a", b"c", b"d"]
    assert seen == [b"\x01b\x01c", b"\x01d", b""]
    receiver.recvd = b"\x03x"
    receiver.dataReceived(b"yz\x05")
    assert receiver.got[-1] == b"xyz"
    assert receiver.recvd == b"\x05"


def test_a_long_string_stays_and_ends_the_connection() -> None:
    receiver = connected(Int8(), MAX_LENGTH=2)
    receiver.dataReceived(b"\x01a\x03bcd\x01e")
    assert receiver.transport.disconnecting
    assert receiver.got == [b"a"]
    assert receiver.recvd == b"\x03bcd\x01e"
    receiver.dataReceived(b"f")
    assert receiver.got == [b"a"]


@pytest.mark.parametrize("receiver_class", [Int8, Int16])
def test_a_string_too_long_for_its_prefix_is_not_sent(receiver_class: Any) -> None:
    receiver = connected(receiver_class())
    limit = 2 ** (8 * receiver.prefixLength)
    receiver.sendString(b"x" * (limit - 1))
    with pytest.raises(basic.StringTooLongError) as raised:
        receiver.sendString(b"x" * limit)
    assert str(raised.value) == f"Try to send {limit} bytes whereas maximum is {limit}"
    assert isinstance(raised.value, AssertionError)


def test_a_prefix_of_ones_own() -> None:
    class Int64(Recording, basic.IntNStringReceiver):
        structFormat = "!Q"
        prefixLength = struct.calcsize(structFormat)

    receiver = connected(Int64())
    assert framed(receiver, [b"ab"]) == b"\0\0\0\0\0\0\0\x02ab"
    receiver.dataReceived(b"\0\0\0\0\0\0\0\x02ab")
    assert receiver.got == [b"ab"]


# States


def test_strings_go_to_the_method_of_the_state() -> None:
    class Greeter(basic.StatefulStringProtocol, basic.Int8StringReceiver):
        def __init__(self) -> None:
            self.heard: list[Any] = []

        def proto_init(self, string: bytes) -> str:
            self.heard.append(("init", string))
            return "named"

        def proto_named(self, string: bytes) -> str:
            self.heard.append(("named", string))
            return "done"

    greeter = connected(Greeter())
    greeter.dataReceived(b"\x01a\x01b")
    assert greeter.heard == [("init", b"a"), ("named", b"b")]
    assert greeter.transport.disconnecting
    with pytest.raises(AttributeError):
        greeter.stringReceived(b"c")


@pytest.mark.parametrize("receiver_class", [Lines, OnlyLines, Netstrings, Int8])
def test_subclasses_may_use_any_private_name(receiver_class: Any) -> None:
    # but those that Twisted's receivers have as well, so that nobody can be using them
    theirs = {"_buffer", "_busyReceiving", "_compatibilityOffset", "_unprocessed", "_OVERFLOW"}
    theirs |= {"_remainingData", "_state", "_currentPayloadSize", "_expectedPayloadSize"}
    theirs |= {"_maxLengthSize", "_consumePayload", "_consumeLength", "_extractLength"}
    theirs |= {"_payloadComplete", "_prepareForPayloadConsumption", "_handleParseError"}
    theirs |= {"_LENGTH", "_LENGTH_PREFIX", "_MISSING_COMMA", "_MISSING_LENGTH", "_TOO_LONG"}
    theirs |= {"_PARSING_LENGTH", "_PARSING_PAYLOAD"}
    receiver = connected(receiver_class())
    receiver.dataReceived(b"3:abc,\r\n")
    names = {*vars(receiver), *(n for c in receiver_class.__mro__[2:] for n in vars(c))}
    private = {n for n in names if n.startswith("_") and not n.startswith("__")}
    mangled = tuple(f"_{c.__name__}__" for c in receiver_class.__mro__)
    assert {n for n in private if not n.startswith(mangled)} - theirs == set()

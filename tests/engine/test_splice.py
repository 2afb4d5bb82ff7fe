"""What a pipe holds on its way from one socket to another, call by call."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from pcstream._engine import splice
from pcstream._engine.outbox import Segment

pytestmark = pytest.mark.skipif(not splice.is_available(), reason="no splice here")

DATA = bytes(range(256)) * 400


@pytest.fixture
def pairs() -> Iterator[tuple[socket.socket, ...]]:
    """Who sends, where that arrives, where it is sent to, and where it arrives at last."""
    sockets = (*socket.socketpair(), *socket.socketpair())
    for skt in sockets:
        skt.setblocking(False)
    yield sockets
    for skt in sockets:
        skt.close()


@pytest.fixture(autouse=True)
def no_idle_pipes(monkeypatch: Any) -> list[Any]:
    idle: list[Any] = []
    monkeypatch.setattr(splice, "_idle", idle)
    return idle


def received(pairs: Any) -> splice.PipeContent:
    pairs[0].send(DATA)
    content = splice.receive(pairs[1])
    assert content is not None
    assert content.remaining_bytes <= len(DATA)
    return content


def drained(content: splice.PipeContent, pairs: Any) -> bytes:
    arrived = b""
    while content.remaining_bytes:
        try:
            content.advance(content.send(pairs[2], 1000))
        except BlockingIOError:
            pass
        try:
            arrived += pairs[3].recv(2**20)
        except BlockingIOError:
            pass
    return arrived


def test_is_a_segment(pairs: Any) -> None:
    assert isinstance(received(pairs), Segment)


def test_it_arrives_and_the_pipe_is_kept_for_the_next(pairs: Any, no_idle_pipes: Any) -> None:
    for _ in range(3):
        content = received(pairs)
        size = content.remaining_bytes
        assert no_idle_pipes == []
        assert drained(content, pairs) == DATA[:size]
        assert len(no_idle_pipes) == 1
        while size < len(DATA):  # a small pipe
            rest = splice.receive(pairs[1])
            assert rest is not None
            size += rest.remaining_bytes
            drained(rest, pairs)


def test_no_more_pipes_are_kept_than_agreed(
    pairs: Any, no_idle_pipes: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(splice, "MOST_IDLE_PIPES", 2)
    contents = []
    for _ in range(4):
        pairs[0].send(b"abc")
        contents.append(splice.receive(pairs[1]))
    for content in contents:
        assert content is not None
        assert drained(content, pairs) == b"abc"
    assert len(no_idle_pipes) == 2


def test_nothing_and_the_end_are_left_to_recv(pairs: Any, no_idle_pipes: Any) -> None:
    assert splice.receive(pairs[1]) is None
    pairs[0].close()
    assert splice.receive(pairs[1]) is None
    assert len(no_idle_pipes) == 1


def test_a_lost_connection(pairs: Any, monkeypatch: Any, no_idle_pipes: Any) -> None:
    def reset(*arguments: Any, **more: Any) -> int:
        raise ConnectionResetError(errno.ECONNRESET, "reset")

    monkeypatch.setattr(os, "splice", reset)
    with pytest.raises(ConnectionResetError):
        splice.receive(pairs[1])
    assert len(no_idle_pipes) == 1


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.EPERM])
def test_a_refusal_on_the_way_in(code: int, pairs: Any, monkeypatch: Any) -> None:
    def refuse(*arguments: Any, **more: Any) -> int:
        raise OSError(code, "no")

    monkeypatch.setattr(os, "splice", refuse)
    pairs[0].send(b"abc")
    assert splice.receive(pairs[1]) is None
    assert pairs[1].recv(10) == b"abc"


def test_no_descriptors(pairs: Any, monkeypatch: Any) -> None:
    def refuse(flags: int) -> Any:
        raise OSError(errno.EMFILE, "too many")

    monkeypatch.setattr(os, "pipe2", refuse)
    pairs[0].send(b"abc")
    assert splice.receive(pairs[1]) is None


@pytest.mark.parametrize("since", [1, 2])
def test_a_refusal_on_the_way_out(
    since: int, pairs: Any, monkeypatch: Any, no_idle_pipes: Any
) -> None:
    content = received(pairs)
    size = content.remaining_bytes
    really, calls = os.splice, [0]

    def refusing(source: int, target: int, count: int, **more: Any) -> int:
        calls[0] += 1
        if calls[0] >= since:
            raise OSError(errno.EINVAL, "no")
        return really(source, target, min(count, 1000), **more)

    monkeypatch.setattr(os, "splice", refusing)
    assert drained(content, pairs) == DATA[:size]
    assert calls[0] == since, "asked once"
    assert len(no_idle_pipes) == 1


def test_reading_takes_nothing_away(pairs: Any, no_idle_pipes: Any) -> None:
    content = received(pairs)
    size = content.remaining_bytes
    assert content.read(10) == content.read(10) == DATA[:10]
    assert len(no_idle_pipes) == 1
    content.advance(4)
    assert content.read(10) == DATA[4:14]
    assert drained(content, pairs) == DATA[4:size]
    assert len(no_idle_pipes) == 1


def test_a_pipe_that_is_not_empty_is_closed_with_its_content(
    pairs: Any, no_idle_pipes: Any
) -> None:
    content = received(pairs)
    number = content._pipe.read_end  # type: ignore[union-attr]
    del content
    assert no_idle_pipes == []
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(number)


def test_a_system_without(monkeypatch: Any) -> None:
    monkeypatch.delattr(os, "pipe2")
    assert not splice.is_available()


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    near.setblocking(False)
    return near, far


@pytest.mark.parametrize("pair", [socket.socketpair, tcp_pair], ids=["UNIX", "TCP"])
def test_the_room_is_what_a_socket_takes(pair: Any) -> None:
    near, far = pair()
    with near, far:
        near.setblocking(False)
        room = splice.room_to_send(near)
        if not room:
            pytest.skip("this system does not say")
        assert near.send(bytes(room // 4)) == room // 4
        assert 0 < splice.room_to_send(near) <= room
        with contextlib.suppress(BlockingIOError):
            while near.send(bytes(2**16)):
                pass
        assert splice.room_to_send(near) < room // 4


def test_no_room_is_known_of_what_cannot_be_asked(tmp_path: Any, monkeypatch: Any) -> None:
    near, far = socket.socketpair()
    far.close()
    near.close()
    assert splice.room_to_send(near) == 0

    class Short:
        def getsockopt(self, *asked: int) -> bytes:
            return bytes(4)

    assert splice.room_to_send(Short()) == 0  # type: ignore[arg-type]

"""A stretch of a file on its way to a socket, call by call."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from pcstream._engine.outbox import Segment
from pcstream._engine.sendfile import FileRange, OpenFile

pytestmark = pytest.mark.skipif(not hasattr(os, "sendfile"), reason="no sendfile here")

DATA = bytes(range(256)) * 400


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    with near, far:
        yield near, far


@pytest.fixture
def file(tmp_path: Any) -> Iterator[Any]:
    (tmp_path / "file").write_bytes(DATA)
    with open(tmp_path / "file", "r+b") as opened:
        yield opened


@pytest.fixture
def failures() -> list[OSError]:
    return []


@pytest.fixture
def stretch(file: Any, failures: list[OSError]) -> FileRange:
    return FileRange(OpenFile(file.fileno()), 10, 50_000, failures.append)


def sent_by(stretch: FileRange, pair: Any, limit: int = 7000) -> bytes:
    """Everything, in steps."""
    near, far = pair
    received = b""
    while stretch.remaining_bytes:
        try:
            stretch.advance(stretch.send(near, limit))
        except BlockingIOError:
            pass
        try:
            received += far.recv(2**20)
        except BlockingIOError:
            pass
    return received


def test_is_a_segment(stretch: FileRange) -> None:
    assert isinstance(stretch, Segment)


def test_it_arrives_and_the_position_of_the_file_stays(
    stretch: FileRange, pair: Any, file: Any
) -> None:
    file.seek(3)
    assert sent_by(stretch, pair) == DATA[10:50_010]
    assert file.tell() == 3
    assert stretch.offset == 50_010


def test_the_descriptor_is_its_own_and_closed_at_last(file: Any, pair: Any) -> None:
    opened = OpenFile(file.fileno())
    stretch = FileRange(opened, 0, 100, print)
    number = opened.fd
    file.close()
    del opened
    assert sent_by(stretch, pair) == DATA[:100]
    del stretch
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(number)


def test_a_descriptor_that_is_none() -> None:
    with pytest.raises(OSError, match="Bad file"):
        OpenFile(10**6)


def test_no_room_is_said_so(pair: Any, file: Any) -> None:
    near, _ = pair
    os.truncate(file.fileno(), 2**24)
    stretch = FileRange(OpenFile(file.fileno()), 0, 2**24, print)
    with contextlib.suppress(BlockingIOError):
        while stretch.remaining_bytes:
            stretch.advance(stretch.send(near, 2**20))
    assert 0 < stretch.remaining_bytes < 2**24


@pytest.mark.parametrize("left", [0, 10, 5000])
def test_an_early_end_ends_it(
    left: int, stretch: FileRange, pair: Any, file: Any, failures: Any
) -> None:
    os.truncate(file.fileno(), left)
    assert sent_by(stretch, pair) == DATA[10:left]
    assert stretch.offset == max(10, left)
    assert failures == []


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.EIO])
@pytest.mark.parametrize("since", [1, 3])
def test_a_refusal_has_it_read(
    code: int, since: int, stretch: FileRange, pair: Any, monkeypatch: Any
) -> None:
    really, calls = os.sendfile, [0]

    def refusing(*arguments: Any) -> int:
        calls[0] += 1
        if calls[0] >= since:
            raise OSError(code, os.strerror(code))
        return really(*arguments)

    monkeypatch.setattr(os, "sendfile", refusing)
    assert sent_by(stretch, pair) == DATA[10:50_010]
    assert calls[0] == since, "asked once, not at each step"


def test_what_cannot_be_read_is_told_once(
    stretch: FileRange, pair: Any, failures: Any, monkeypatch: Any
) -> None:
    def broken(*arguments: Any) -> Any:
        raise OSError(errno.EIO, "the disk is gone")

    monkeypatch.setattr(os, "sendfile", broken)
    monkeypatch.setattr(os, "pread", broken)
    assert stretch.send(pair[0], 100) == 0
    assert stretch.remaining_bytes == 0
    assert stretch.read(100) == b""
    assert [failure.errno for failure in failures] == [errno.EIO]


def test_after_a_cut_nobody_is_told(
    stretch: FileRange, pair: Any, failures: Any, monkeypatch: Any
) -> None:
    def broken(*arguments: Any) -> Any:
        raise OSError(errno.EIO, "the disk is gone")

    stretch.cut()
    monkeypatch.setattr(os, "pread", broken)
    assert stretch.remaining_bytes == 0
    assert stretch.read(100) == b""
    assert failures == []


def test_a_lost_connection_is_not_the_files_fault(
    stretch: FileRange, pair: Any, failures: Any
) -> None:
    near, far = pair
    far.close()
    with pytest.raises(BrokenPipeError):
        stretch.send(near, 100)
    assert failures == []
    assert stretch.remaining_bytes == 50_000


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="no posix_fadvise here")
class TestAnnouncing:
    @pytest.fixture
    def told(self, monkeypatch: Any) -> list[tuple[int, int]]:
        told: list[tuple[int, int]] = []
        monkeypatch.setattr(
            os, "posix_fadvise", lambda fd, begin, count, _: told.append((begin, count))
        )
        return told

    def test_what_is_in_memory_is_not_announced(self, file: Any, told: Any) -> None:
        file.seek(0)
        file.read()
        opened = OpenFile(file.fileno())
        opened.announce(0, 50_000)
        assert told in ([], [(0, 50_000)])  # the second where nobody can say

    def test_what_is_not_is_announced_once(self, file: Any, told: Any, monkeypatch: Any) -> None:
        def not_there(*arguments: Any) -> int:
            raise BlockingIOError(errno.EAGAIN, "not in memory")

        monkeypatch.setattr(os, "preadv", not_there)
        opened = OpenFile(file.fileno())
        for begin in (0, 1000, 2000):
            opened.announce(begin, begin + 2000)
        assert told == [(0, 2000), (2000, 1000), (3000, 1000)]

    def test_an_objection_is_of_no_interest(self, file: Any, monkeypatch: Any) -> None:
        def objecting(*arguments: Any) -> None:
            raise OSError(errno.ESPIPE, "not here")

        monkeypatch.setattr(os, "posix_fadvise", objecting)
        monkeypatch.setattr(os, "preadv", objecting)
        OpenFile(file.fileno()).announce(0, 1000)

"""Plain descriptors: flags, and reads and writes that never wait."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

import pytest

from pcstream.internet import fdesc
from pcstream.internet.main import CONNECTION_DONE, CONNECTION_LOST

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    r, w = os.pipe()
    fdesc.setNonBlocking(r)
    fdesc.setNonBlocking(w)
    yield r, w
    for fd in (r, w):
        try:
            os.close(fd)
        except OSError:
            pass


def test_flags(pipe: Pipe) -> None:
    r, _ = pipe
    fdesc.setBlocking(r)
    assert os.get_blocking(r)
    fdesc.setNonBlocking(r)
    assert not os.get_blocking(r)
    fdesc._unsetCloseOnExec(r)
    assert os.get_inheritable(r)
    fdesc._setCloseOnExec(r)
    assert not os.get_inheritable(r)


def test_what_is_written_is_read(pipe: Pipe) -> None:
    got: list[bytes] = []
    assert fdesc.writeToFD(pipe[1], b"hello") == 5
    assert fdesc.readFromFD(pipe[0], got.append) is None
    assert got == [b"hello"]


def test_nothing_to_read_and_no_room_to_write(pipe: Pipe) -> None:
    got: list[bytes] = []
    assert fdesc.readFromFD(pipe[0], got.append) is None
    assert got == []
    while fdesc.writeToFD(pipe[1], b"x" * 65536):
        pass
    assert fdesc.writeToFD(pipe[1], b"x") == 0


def test_the_end_of_the_stream(pipe: Pipe) -> None:
    os.close(pipe[1])
    assert fdesc.readFromFD(pipe[0], print) is CONNECTION_DONE


def test_errors_are_losses(pipe: Pipe) -> None:
    os.close(pipe[0])
    assert fdesc.readFromFD(pipe[0], print) is CONNECTION_LOST
    assert fdesc.writeToFD(pipe[1], b"x") is CONNECTION_LOST
    os.close(pipe[1])
    assert fdesc.writeToFD(pipe[1], b"x") is CONNECTION_LOST


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EINTR])
def test_try_again_is_not_a_loss(pipe: Pipe, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        error = OSError()
        error.errno = number
        raise error

    monkeypatch.setattr(os, "write", fail)
    monkeypatch.setattr(os, "read", fail)
    assert fdesc.writeToFD(pipe[1], b"x") == 0
    assert fdesc.readFromFD(pipe[0], print) is None

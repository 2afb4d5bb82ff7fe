"""Ancillary data over real UNIX sockets."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import pytest

from pcstream.python import sendmsg


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


def test_plain_bytes(pair):
    near, far = pair
    assert sendmsg.sendmsg(near, b"hello") == 5
    received = sendmsg.recvmsg(far)
    assert received == sendmsg.ReceivedMessage(data=b"hello", ancillary=[], flags=received.flags)


def test_as_much_as_is_asked_for(pair):
    near, far = pair
    near.sendall(b"hello, world")
    assert sendmsg.recvmsg(far, 5).data == b"hello"
    assert sendmsg.recvmsg(far, maxSize=100).data == b", world"


def test_a_descriptor_travels(pair):
    near, far = pair
    read_end, write_end = os.pipe()
    rights = [(socket.SOL_SOCKET, sendmsg.SCM_RIGHTS, struct.pack("i", write_end))]
    assert sendmsg.sendmsg(near, b"x", rights) == 1
    os.close(write_end)
    received = sendmsg.recvmsg(far)
    assert received.data == b"x"
    ((level, kind, packed),) = received.ancillary
    assert (level, kind) == (socket.SOL_SOCKET, sendmsg.SCM_RIGHTS)
    (arrived,) = struct.unpack("i", packed)
    os.write(arrived, b"through the copy")
    os.close(arrived)
    assert os.read(read_end, 100) == b"through the copy"
    assert os.read(read_end, 100) == b""  # no other copy is open
    os.close(read_end)


def test_ancillary_data_that_does_not_fit_is_cut_off(pair):
    near, far = pair
    ends = [*os.pipe(), *os.pipe()]
    rights = [(socket.SOL_SOCKET, sendmsg.SCM_RIGHTS, struct.pack("4i", *ends))]
    sendmsg.sendmsg(near, b"x", rights)
    received = sendmsg.recvmsg(far, cmsgSize=4)
    assert received.flags & socket.MSG_CTRUNC
    for _, _, packed in received.ancillary:
        for (arrived,) in struct.iter_unpack("i", packed):
            os.close(arrived)
    for end in ends:
        os.close(end)


def test_flags_go_both_ways(pair):
    near, far = pair
    near.setblocking(True)
    far.setblocking(True)
    with pytest.raises(BlockingIOError):
        sendmsg.recvmsg(far, flags=socket.MSG_DONTWAIT)
    full = b"x" * 10_000_000
    assert sendmsg.sendmsg(near, full, flags=socket.MSG_DONTWAIT) < len(full)
    with pytest.raises(BlockingIOError):
        sendmsg.sendmsg(near, full, flags=socket.MSG_DONTWAIT)


def test_what_cannot_be_sent_raises(pair):
    near, far = pair
    far.close()
    with pytest.raises(BrokenPipeError):
        sendmsg.sendmsg(near, b"x")
    near.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        sendmsg.recvmsg(near)


def test_families():
    with socket.socket(socket.AF_UNIX) as unix, socket.socket(socket.AF_INET) as inet:
        assert sendmsg.getSocketFamily(unix) == socket.AF_UNIX
        assert sendmsg.getSocketFamily(inet) == socket.AF_INET

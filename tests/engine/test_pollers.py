"""Every poller, held to one face and to the facts in its own notebook."""

from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pcstream._engine.pollers.epoll import EpollPoller
from pcstream._engine.pollers.kqueue import KqueuePoller
from pcstream._engine.pollers.poll import PollPoller
from pcstream._engine.pollers.select import SelectPoller

Poller = Any

KINDS: dict[str, Callable[[], Poller]] = {"select": SelectPoller}
if hasattr(select, "poll"):
    KINDS["poll"] = PollPoller
if hasattr(select, "epoll"):
    KINDS["epoll"] = EpollPoller
if hasattr(select, "kqueue"):
    KINDS["kqueue"] = KqueuePoller


@pytest.fixture(params=KINDS)
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    made = KINDS[request.param]()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    a, b = socket.socketpair()
    a.setblocking(False)
    with a, b:
        yield a, b


def seen(poller: Poller, timeout: float | None = 0) -> dict[int, set[str]]:
    """What the poller says, in words."""
    found = {}
    for fd, mask in poller.poll(timeout, 100):
        words = {"readable": poller.READABLE, "writable": poller.WRITABLE, "gone": poller.GONE}
        found[fd] = {word for word, bit in words.items() if mask & bit}
    return found


def test_says_nothing_when_nothing_is_ready(poller: Poller, pair: Any) -> None:
    poller.register(pair[0].fileno(), poller.READABLE)
    assert seen(poller) == {}


def test_readable_and_writable(poller: Poller, pair: Any) -> None:
    a, b = pair
    poller.register(a.fileno(), poller.READABLE | poller.WRITABLE)
    assert seen(poller) == {a.fileno(): {"writable"}}
    b.send(b"x")
    assert seen(poller, None) == {a.fileno(): {"readable", "writable"}}


def test_is_level_triggered(poller: Poller, pair: Any) -> None:
    a, b = pair
    poller.register(a.fileno(), poller.READABLE)
    b.send(b"x")
    assert seen(poller, None) == seen(poller) == {a.fileno(): {"readable"}}


def test_modify_replaces_the_interest(poller: Poller, pair: Any) -> None:
    a, b = pair
    b.send(b"x")
    poller.register(a.fileno(), poller.READABLE)
    poller.modify(a.fileno(), poller.WRITABLE)
    assert seen(poller) == {a.fileno(): {"writable"}}


def test_unregister_ends_it(poller: Poller, pair: Any) -> None:
    a, b = pair
    b.send(b"x")
    poller.register(a.fileno(), poller.READABLE | poller.WRITABLE)
    poller.unregister(a.fileno())
    assert seen(poller) == {}


def test_unregistering_what_it_never_knew_is_harmless(poller: Poller, pair: Any) -> None:
    poller.unregister(pair[0].fileno())
    poller.unregister(-1)


def test_unregistering_a_closed_descriptor_is_harmless(poller: Poller) -> None:
    a, b = socket.socketpair()
    fd = a.fileno()
    poller.register(fd, poller.READABLE)
    a.close()
    b.close()
    poller.unregister(fd)
    assert seen(poller) == {}


def test_a_hang_up_with_data_is_readable_first(poller: Poller, pair: Any) -> None:
    a, b = pair
    poller.register(a.fileno(), poller.READABLE)
    b.send(b"x")
    b.close()
    assert "readable" in seen(poller, None)[a.fileno()]
    a.recv(10)
    assert "readable" in seen(poller, None)[a.fileno()]
    assert a.recv(10) == b""


def test_a_pipe_without_reader_ends_the_wait_of_its_writer(poller: Poller) -> None:
    r, w = os.pipe()
    poller.register(w, poller.WRITABLE)
    os.close(r)
    assert seen(poller, None)[w] & {"writable", "gone"}
    poller.unregister(w)
    os.close(w)


def test_waits_no_longer_than_told(poller: Poller) -> None:
    assert poller.poll(0.001, 10) == []


def test_hands_out_no_more_than_asked(pair: Any) -> None:
    if "epoll" not in KINDS:
        pytest.skip("no epoll here")
    poller = KINDS["epoll"]()
    for one in pair:
        poller.register(one.fileno(), poller.WRITABLE)
    assert len(poller.poll(0, 1)) == 1
    poller.close()


def test_a_negative_descriptor_is_refused(poller: Poller) -> None:
    # select finds out when it waits: its sets are ours, not the kernel's
    def try_it() -> None:
        poller.register(-1, poller.READABLE)
        poller.poll(0, 10)

    with pytest.raises((ValueError, OSError)):
        try_it()


# Each notebook


def test_select_names_nobody_but_can_be_asked(pair: Any) -> None:
    poller = SelectPoller()
    good, bad = pair
    fd = bad.fileno()
    poller.register(good.fileno(), poller.READABLE)
    poller.register(fd, poller.READABLE)
    bad.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        poller.poll(0, 10)
    assert poller.broken(good.fileno()) is None
    trouble = poller.broken(fd)
    assert isinstance(trouble, OSError)
    assert trouble.errno == errno.EBADF
    assert isinstance(poller.broken(-1), ValueError)


def test_select_refuses_large_numbers() -> None:
    poller = SelectPoller()
    poller.register(5000, poller.READABLE)
    with pytest.raises(ValueError, match="out of range"):
        poller.poll(0, 10)
    assert isinstance(poller.broken(5000), ValueError)


@pytest.mark.skipif("poll" not in KINDS, reason="no poll here")
def test_poll_says_that_a_descriptor_is_closed(pair: Any) -> None:
    poller = PollPoller()
    a, _ = pair
    fd = a.fileno()
    poller.register(fd, poller.READABLE)
    a.close()
    assert seen(poller) == {fd: {"gone"}}


@pytest.mark.skipif("epoll" not in KINDS, reason="no epoll here")
class TestEpollNotebook:
    def test_regular_files_are_refused(self) -> None:
        poller = EpollPoller()
        with open(__file__, "rb") as file, pytest.raises(PermissionError):
            poller.register(file.fileno(), poller.READABLE)

    def test_closed_descriptors_are_refused(self) -> None:
        poller = EpollPoller()
        r, w = os.pipe()
        os.close(r)
        os.close(w)
        with pytest.raises(OSError, match="Bad file descriptor"):
            poller.register(r, poller.READABLE)

    def test_a_close_is_silent(self, pair: Any) -> None:
        poller = EpollPoller()
        a, b = pair
        poller.register(a.fileno(), poller.READABLE)
        b.send(b"x")
        a.close()
        assert seen(poller) == {}

    def test_a_duplicate_keeps_a_closed_number_talking(self, pair: Any) -> None:
        poller = EpollPoller()
        a, b = pair
        fd = a.fileno()
        poller.register(fd, poller.READABLE)
        kept = a.dup()
        a.close()
        b.send(b"x")
        assert seen(poller) == {fd: {"readable"}}
        poller.unregister(fd)
        assert seen(poller) == {fd: {"readable"}}, "and cannot be silenced"
        kept.close()
        assert seen(poller) == {}

    def test_a_hang_up_shows_without_interest(self, pair: Any) -> None:
        poller = EpollPoller()
        a, b = pair
        poller.register(a.fileno(), 0)
        b.close()
        assert seen(poller) == {a.fileno(): {"gone"}}

    def test_trouble_of_the_kernel_is_not_hidden(self) -> None:
        poller = EpollPoller()
        poller.close()
        with pytest.raises(ValueError, match="closed epoll"):
            poller.poll(0, 10)

    def test_unregister_hides_only_what_it_knows(self) -> None:
        class Broken:
            def unregister(self, fd: int) -> None:
                raise OSError(errno.ENOMEM, "no memory")

        poller = EpollPoller()
        poller._epoll = Broken()  # type: ignore[assignment]
        with pytest.raises(OSError, match="no memory"):
            poller.unregister(5)


class FakeKqueue:
    """A kernel queue that only keeps books."""

    def __init__(self) -> None:
        self.kept: set[tuple[int, int]] = set()
        self.ready: list[Any] = []
        self.gone: set[int] = set()

    def kqueue(self) -> FakeKqueue:
        return self

    class kevent:
        def __init__(self, ident: int, filter: int, flags: int = 0) -> None:
            self.ident, self.filter, self.flags = ident, filter, flags

    def control(self, changes: list[Any], most: int, timeout: float | None) -> list[Any]:
        for change in changes:
            if change.ident in self.gone:
                raise OSError(errno.EBADF, "closed")
            key = (change.ident, change.filter)
            if change.flags & 1:
                self.kept.add(key)
            elif key in self.kept:
                self.kept.remove(key)
            else:
                raise OSError(errno.ENOENT, "unknown")
        return self.ready[:most]

    def close(self) -> None:
        self.kept.clear()


class TestKqueueOnADouble:
    """The logic of the kqueue file, on systems that have none."""

    READ, WRITE, EOF = -1, -2, 0x8000

    def setup_method(self) -> None:
        self.kernel = FakeKqueue()
        self.poller = KqueuePoller(self.kernel)

    def test_each_direction_is_its_own_filter(self) -> None:
        self.poller.register(5, self.poller.READABLE)
        self.poller.modify(5, self.poller.READABLE | self.poller.WRITABLE)
        assert self.kernel.kept == {(5, self.READ), (5, self.WRITE)}
        self.poller.modify(5, self.poller.WRITABLE)
        assert self.kernel.kept == {(5, self.WRITE)}
        self.poller.unregister(5)
        assert self.kernel.kept == set()

    def test_both_directions_come_as_one_event(self) -> None:
        self.kernel.ready = [
            self.kernel.kevent(5, self.READ),
            self.kernel.kevent(5, self.WRITE),
        ]
        assert self.poller.poll(0, 10) == [(5, self.poller.READABLE | self.poller.WRITABLE)]

    def test_the_end_is_read_but_never_written(self) -> None:
        self.kernel.ready = [
            self.kernel.kevent(5, self.READ, self.EOF),
            self.kernel.kevent(6, self.WRITE, self.EOF),
        ]
        assert self.poller.poll(0, 10) == [(5, self.poller.READABLE), (6, self.poller.GONE)]

    def test_closed_ones_are_forgotten_in_silence(self) -> None:
        self.poller.register(5, self.poller.READABLE)
        self.kernel.gone.add(5)
        self.poller.unregister(5)
        self.poller.unregister(5)

    def test_an_interrupted_wait_is_an_empty_one(self) -> None:
        def interrupted(*args: Any) -> list[Any]:
            raise InterruptedError

        self.kernel.control = interrupted  # type: ignore[method-assign]
        assert self.poller.poll(0, 10) == []

    def test_close(self) -> None:
        self.poller.register(5, self.poller.READABLE)
        self.poller.close()
        assert self.kernel.kept == set()

"""Each reactor against real descriptors: interest, dispatch, loss, and trouble from the kernel.

The same tests for all of them; where the kernel differs, the test says which reactors it means.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyClass, verifyObject

from pcstream.internet import error
from pcstream.internet.asyncioreactor import AsyncioSelectorReactor
from pcstream.internet.interfaces import (
    IHalfCloseableDescriptor,
    IReactorCore,
    IReactorFDSet,
    IReactorTime,
)
from pcstream.internet.selectreactor import SelectReactor
from pcstream.python import log

Reactor = Any

KINDS: dict[str, Callable[[], Reactor]] = {"select": SelectReactor}
if hasattr(select, "poll"):
    from pcstream.internet.pollreactor import PollReactor

    KINDS["poll"] = PollReactor
if hasattr(select, "epoll"):
    from pcstream.internet.epollreactor import EPollReactor

    KINDS["epoll"] = EPollReactor
KINDS["asyncio"] = lambda: AsyncioSelectorReactor(asyncio.new_event_loop())
try:
    import uvloop
except ImportError:
    pass
else:
    KINDS["uvloop"] = lambda: AsyncioSelectorReactor(uvloop.new_event_loop())

POLLED = [kind for kind in KINDS if kind not in ("asyncio", "uvloop")]


def dispose(reactor: Reactor) -> None:
    """Close what a reactor holds, though it never ran."""
    reactor._uninstallHandler()
    for reader in list(reactor._internalReaders):
        reactor._removeInternalReader(reader)
        reader.connectionLost(None)
    if reactor.threadpool is not None:
        reactor._stopThreadPool()
    reactor.removeAll()
    loop = getattr(reactor, "_asyncioEventloop", None)
    if loop is not None:
        loop.close()
    else:
        reactor._poller.close()


@pytest.fixture(params=KINDS)
def reactor(request: pytest.FixtureRequest) -> Iterator[Reactor]:
    made = KINDS[request.param]()
    made.kind = request.param
    yield made
    dispose(made)


@pytest.fixture(params=POLLED)
def polled(request: pytest.FixtureRequest) -> Iterator[Reactor]:
    made = KINDS[request.param]()
    made.kind = request.param
    yield made
    dispose(made)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    a, b = socket.socketpair()
    a.setblocking(False)
    b.setblocking(False)
    with a, b:
        yield a, b


@pytest.fixture
def errors() -> Iterator[list[dict[str, Any]]]:
    """Events of errors, as they are logged."""
    seen: list[dict[str, Any]] = []

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            seen.append(event)

    log.addObserver(observe)
    yield seen
    log.removeObserver(observe)


class Watched:
    """A descriptor that keeps a diary; what it does can be set per test.

    By default it takes what there is to read, and has nothing more to write once it has been asked.
    """

    def __init__(self, reactor: Reactor, file: Any, **does: Callable[[], Any]) -> None:
        self.reactor, self.file, self.does = reactor, file, does
        self.diary: list[Any] = []

    def fileno(self) -> int:
        return self.file if isinstance(self.file, int) else self.file.fileno()

    def logPrefix(self) -> str:
        return "Watched"

    def doRead(self) -> Any:
        self.diary.append("read")
        if "read" in self.does:
            return self.does["read"]()
        self.file.recv(1000)

    def doWrite(self) -> Any:
        self.diary.append("write")
        if "write" in self.does:
            return self.does["write"]()
        self.reactor.removeWriter(self)

    def connectionLost(self, reason: Any) -> None:
        self.diary.append(("lost", reason.type))
        if "lost" in self.does:
            self.does["lost"]()


def turn(reactor: Reactor, times: int = 3) -> None:
    """A few turns that do not wait."""
    for _ in range(times):
        reactor.iterate(0)


def run(reactor: Reactor, limit_s: float = 30) -> None:
    """Run until the test stops it; a hang fails instead of hanging."""
    late: list[int] = []

    def give_up() -> None:
        late.append(1)
        reactor.stop()

    call = reactor.callLater(limit_s, give_up)
    reactor.run(installSignalHandlers=False)
    assert not late, "nothing has stopped the reactor"
    call.cancel()


# Interest


def test_keeps_its_interfaces(reactor: Reactor) -> None:
    for interface in (IReactorCore, IReactorFDSet, IReactorTime):
        assert verifyClass(interface, type(reactor))
        assert verifyObject(interface, reactor)


def test_reads_when_there_is_something(reactor: Reactor, pair: Any) -> None:
    a, b = pair
    d = Watched(reactor, a)
    reactor.addReader(d)
    turn(reactor)
    assert d.diary == []
    b.send(b"x")
    turn(reactor, 1)
    assert d.diary == ["read"]


def test_writes_when_there_is_room(reactor: Reactor, pair: Any) -> None:
    d = Watched(reactor, pair[0])
    reactor.addWriter(d)
    turn(reactor, 1)
    assert d.diary == ["write"]


def test_reading_comes_before_writing(polled: Reactor, pair: Any) -> None:
    a, b = pair
    d = Watched(polled, a)
    polled.addWriter(d)
    polled.addReader(d)
    b.send(b"x")
    turn(polled, 1)
    assert d.diary == ["read", "write"]


def test_adding_twice_is_adding_once(reactor: Reactor, pair: Any) -> None:
    d = Watched(reactor, pair[0])
    for _ in range(2):
        reactor.addReader(d)
        reactor.addWriter(d)
    assert reactor.getReaders().count(d) == reactor.getWriters().count(d) == 1
    reactor.removeReader(d)
    reactor.removeWriter(d)
    assert d not in reactor.getReaders() + reactor.getWriters()
    turn(reactor)
    assert d.diary == []


def test_removing_one_direction_keeps_the_other(reactor: Reactor, pair: Any) -> None:
    a, b = pair
    d = Watched(reactor, a)
    reactor.addReader(d)
    reactor.addWriter(d)
    reactor.removeWriter(d)
    b.send(b"x")
    turn(reactor, 1)
    assert d.diary == ["read"]
    reactor.addWriter(d)
    reactor.removeReader(d)
    turn(reactor, 1)
    assert d.diary == ["read", "write"]


def test_removing_what_it_never_knew_is_harmless(reactor: Reactor, pair: Any) -> None:
    for file in (pair[0], -1, 12345):
        d = Watched(reactor, file)
        reactor.removeReader(d)
        reactor.removeWriter(d)


def test_remove_all_spares_the_reactors_own(reactor: Reactor, pair: Any) -> None:
    a, b = pair
    both, writer = Watched(reactor, a), Watched(reactor, b)
    reactor.addReader(both)
    reactor.addWriter(both)
    reactor.addWriter(writer)
    removed = reactor.removeAll()
    assert sorted(map(id, removed)) == sorted([id(both), id(writer)])
    assert reactor.getWriters() == []
    assert reactor.getReaders() == [reactor.waker]


# Dispatch


def test_what_is_removed_in_a_turn_is_not_called_in_it(polled: Reactor) -> None:
    pairs = [socket.socketpair() for _ in range(10)]
    watched: list[Watched] = []

    def remove_all() -> None:
        for d in watched:
            polled.removeReader(d)

    for a, b in pairs:
        b.send(b"x")
        d = Watched(polled, a, read=remove_all)
        watched.append(d)
        polled.addReader(d)
    turn(polled)
    assert sum(len(d.diary) for d in watched) == 1
    for a, b in pairs:
        a.close()
        b.close()


def test_a_read_that_ends_the_wish_to_write_is_not_followed_by_a_write(
    polled: Reactor, pair: Any
) -> None:
    a, b = pair
    d = Watched(polled, a, read=lambda: polled.removeWriter(d))
    polled.addReader(d)
    polled.addWriter(d)
    b.send(b"x")
    turn(polled, 1)
    assert d.diary == ["read"]


def test_news_about_a_closed_number_do_not_reach_its_new_owner(polled: Reactor) -> None:
    """Both are readable; the first one called closes the other, whose number a third one gets."""
    pairs = [socket.socketpair() for _ in range(2)]
    heir: list[Watched] = []
    watched: list[Watched] = []

    def replace(number: int) -> None:
        mine, other = pairs[number], pairs[1 - number]
        polled.removeReader(watched[number])
        polled.removeReader(watched[1 - number])
        old = other[0].fileno()
        other[0].close()
        new = socket.socketpair()
        pairs.append(new)
        assert new[0].fileno() == old
        heir.append(Watched(polled, new[0]))
        polled.addReader(heir[0])
        mine[0].recv(1)

    for number in range(2):
        watched.append(Watched(polled, pairs[number][0], read=lambda n=number: replace(n)))
        pairs[number][1].send(b"x")
        polled.addReader(watched[number])
    turn(polled)
    assert len(heir) == 1
    assert heir[0].diary == []
    pairs[2][1].send(b"y")
    turn(polled, 1)
    assert heir[0].diary == ["read"]
    for a, b in pairs:
        a.close()
        b.close()


def test_a_new_owner_of_a_number_replaces_one_that_closed_in_silence(reactor: Reactor) -> None:
    a, b = socket.socketpair()
    old = Watched(reactor, a.fileno())
    reactor.addReader(old)
    number = a.fileno()
    a.close()
    c, d = socket.socketpair()
    assert c.fileno() == number
    new = Watched(reactor, c)
    reactor.addReader(new)
    d.send(b"x")
    turn(reactor, 1)
    assert new.diary == ["read"]
    assert old.diary == []
    assert old not in reactor.getReaders()
    for one in (b, c, d):
        one.close()


def test_log_messages_carry_the_prefix_of_who_is_called(reactor: Reactor, pair: Any) -> None:
    events: list[dict[str, Any]] = []
    log.addObserver(events.append)
    a, b = pair
    d = Watched(reactor, a, read=lambda: log.msg("inside"))
    reactor.addReader(d)
    b.send(b"x")
    turn(reactor, 1)
    log.msg("outside")
    log.removeObserver(events.append)
    told = {event["message"]: event["system"] for event in events}
    assert told == {("inside",): "Watched", ("outside",): "-"}


# Loss


def test_what_do_read_returns_is_the_reason(reactor: Reactor, pair: Any) -> None:
    a, b = pair
    d = Watched(reactor, a, read=lambda: error.ConnectionAborted())
    reactor.addReader(d)
    reactor.addWriter(d)
    b.send(b"x")
    turn(reactor)
    assert d.diary[-1] == ("lost", error.ConnectionAborted)
    assert d not in reactor.getReaders() + reactor.getWriters()


@pytest.mark.parametrize("direction", ["read", "write"])
@pytest.mark.parametrize("kind", [ZeroDivisionError, SystemExit, KeyboardInterrupt])
def test_an_exception_is_logged_and_loses_the_descriptor(
    reactor: Reactor, pair: Any, errors: list[Any], direction: str, kind: type[BaseException]
) -> None:
    def fail() -> None:
        raise kind("oops")

    a, b = pair
    d = Watched(reactor, a, **{direction: fail})
    (reactor.addReader if direction == "read" else reactor.addWriter)(d)
    b.send(b"x")
    turn(reactor)
    assert d.diary == [direction, ("lost", kind)]
    assert [event["failure"].type for event in errors] == [kind]
    assert errors[0]["system"] == "Watched"
    assert d not in reactor.getReaders() + reactor.getWriters()


def test_a_connection_lost_that_fails_is_logged_and_spares_the_others(
    reactor: Reactor, errors: list[Any]
) -> None:
    pairs = [socket.socketpair() for _ in range(3)]
    watched = [
        Watched(reactor, a, read=lambda: error.ConnectionDone(), lost=lambda: 1 / 0)
        for a, _ in pairs
    ]
    for d, (_, b) in zip(watched, pairs, strict=True):
        reactor.addReader(d)
        b.send(b"x")
    turn(reactor)
    assert [d.diary for d in watched] == [["read", ("lost", error.ConnectionDone)]] * 3
    assert [event["failure"].type for event in errors] == [ZeroDivisionError] * 3
    for a, b in pairs:
        a.close()
        b.close()


@implementer(IHalfCloseableDescriptor)
class HalfCloseable(Watched):
    def readConnectionLost(self, reason: Any) -> None:
        self.diary.append(("read lost", reason.type))

    def writeConnectionLost(self, reason: Any) -> None:
        self.diary.append(("write lost", reason.type))


def test_a_clean_end_closes_half_of_what_can_live_with_it(reactor: Reactor, pair: Any) -> None:
    a, b = pair
    d = HalfCloseable(reactor, a, read=lambda: error.ConnectionDone(), write=lambda: None)
    reactor.addReader(d)
    reactor.addWriter(d)
    b.send(b"x")
    turn(reactor, 1)
    assert ("read lost", error.ConnectionDone) in d.diary
    assert d not in reactor.getReaders()
    assert d in reactor.getWriters()


def test_an_unclean_end_closes_all_of_it(reactor: Reactor, pair: Any) -> None:
    a, b = pair
    d = HalfCloseable(reactor, a, read=lambda: error.ConnectionLost())
    reactor.addReader(d)
    b.send(b"x")
    turn(reactor, 1)
    assert d.diary == ["read", ("lost", error.ConnectionLost)]


def test_a_descriptor_that_becomes_minus_one_is_lost(reactor: Reactor, pair: Any) -> None:
    a, b = pair

    def vanish() -> None:
        d.file = -1

    d = Watched(reactor, a, read=vanish)
    reactor.addReader(d)
    b.send(b"xx")
    turn(reactor)
    assert d.diary == ["read", ("lost", error.ConnectionFdescWentAway)]
    assert d not in reactor.getReaders()


def test_a_hang_up_while_writing_only_is_a_loss(polled: Reactor) -> None:
    r, w = os.pipe()
    d = Watched(polled, w, write=lambda: error.ConnectionLost())
    polled.addWriter(d)
    os.close(r)
    turn(polled)
    assert d.diary[-1] == ("lost", error.ConnectionLost)
    os.close(w)


def test_a_hang_up_while_reading_is_a_clean_end(polled: Reactor) -> None:
    r, w = os.pipe()
    d = Watched(polled, r, read=lambda: None if os.read(r, 10) else error.ConnectionDone())
    polled.addReader(d)
    os.close(w)
    turn(polled)
    assert d.diary[-1] == ("lost", error.ConnectionDone)
    os.close(r)


# What the kernel throws at it


@pytest.mark.parametrize("kind", [k for k in ("select", "poll") if k in KINDS])
def test_a_descriptor_closed_under_it_is_found_and_lost(kind: str, pair: Any) -> None:
    reactor = KINDS[kind]()
    bystander = Watched(reactor, pair[0])
    a, b = socket.socketpair()
    d = Watched(reactor, a.fileno())
    reactor.addReader(bystander)
    reactor.addReader(d)
    a.close()
    turn(reactor)
    assert [entry[0] for entry in d.diary] == ["lost"]
    assert reactor.getReaders().count(bystander) == 1
    pair[1].send(b"x")
    turn(reactor, 1)
    assert bystander.diary == ["read"]
    b.close()
    dispose(reactor)


def test_epoll_forgets_a_closed_descriptor_and_so_can_the_reactor(pair: Any) -> None:
    if "epoll" not in KINDS:
        pytest.skip("no epoll here")
    reactor = KINDS["epoll"]()
    a, b = socket.socketpair()
    d = Watched(reactor, a)
    reactor.addReader(d)
    reactor.addWriter(d)
    a.close()
    turn(reactor)
    reactor.removeReader(d)
    reactor.removeWriter(d)
    assert d not in reactor.getReaders() + reactor.getWriters()
    assert reactor._selectables.keys() == {reactor.waker.fileno()}
    b.close()
    dispose(reactor)


def test_select_loses_what_is_too_large_for_it(errors: list[Any]) -> None:
    reactor = SelectReactor()
    d = Watched(reactor, 5000)
    reactor.addReader(d)
    turn(reactor)
    assert d.diary == [("lost", ValueError)]
    dispose(reactor)


@pytest.mark.parametrize("kind", [k for k in ("poll", "epoll") if k in KINDS])
def test_a_negative_descriptor_is_refused_when_added(kind: str) -> None:
    reactor = KINDS[kind]()
    with pytest.raises(ValueError, match="negative"):
        reactor.addReader(Watched(reactor, -1))
    assert reactor.getReaders() == [reactor.waker]
    dispose(reactor)


def test_a_poller_that_fails_for_no_known_reason_is_heard(polled: Reactor) -> None:
    class Broken:
        def poll(self, timeout: float | None, most: int) -> list[Any]:
            raise OSError(errno.ENOMEM, "no memory")

        def broken(self, fd: int) -> None:
            return None

    real, polled._poller = polled._poller, Broken()
    with pytest.raises(OSError, match="no memory"):
        polled.iterate(0)
    polled._poller = real


def test_the_main_loop_survives_a_poller_that_fails(polled: Reactor, errors: list[Any]) -> None:
    real = polled._poller
    left = [3]

    class Failing:
        READABLE, WRITABLE, GONE = real.READABLE, real.WRITABLE, real.GONE

        def poll(self, timeout: float | None, most: int) -> list[Any]:
            left[0] -= 1
            if left[0] == 0:
                polled._poller = real
            raise OSError(errno.ENOMEM, "no memory")

        def broken(self, fd: int) -> None:
            return None

    def break_it() -> None:
        polled._poller = Failing()

    polled.callWhenRunning(break_it)
    polled.callLater(0, lambda: polled.callLater(0.01, polled.stop))
    run(polled)
    assert [event["why"] for event in errors] == ["Unexpected error in main loop"] * 3


def test_regular_files_are_always_ready(reactor: Reactor, tmp_path: Any) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with open(path, "rb", buffering=0) as file:
        got: list[bytes] = []

        def read() -> Any:
            got.append(file.read(4))
            if not got[-1]:
                reactor.stop()
                return error.ConnectionDone()

        d = Watched(reactor, file, read=read)
        try:
            reactor.addReader(d)
        except OSError:
            pytest.skip("this loop does not take regular files at all")
        assert d in reactor.getReaders()
        run(reactor)
        assert got == [b"0123", b"4567", b"89", b""]
        assert d.diary[-1] == ("lost", error.ConnectionDone)
        assert d not in reactor.getReaders()


# Time


def test_timers_run_in_order(reactor: Reactor) -> None:
    ran: list[Any] = []
    now = reactor.seconds()
    late = reactor.callLater(0.02, ran.append, "late")
    for number in range(5):
        reactor.callLater(0, ran.append, number)
    reactor.callLater(0.01, ran.append, "soon")
    reactor.callLater(0.03, reactor.stop)
    run(reactor)
    assert ran == [0, 1, 2, 3, 4, "soon", "late"]
    assert late.getTime() >= now + 0.02


def test_a_timer_is_never_early(reactor: Reactor) -> None:
    lead: list[float] = []

    def check(due: float) -> None:
        lead.append(due - reactor.seconds())
        if len(lead) == 20:
            reactor.stop()

    for number in range(20):
        call = reactor.callLater(number * 0.0007, lambda: None)
        due = call.getTime()
        call.cancel()
        reactor.callLater(number * 0.0007, check, due)
    run(reactor)
    assert max(lead) <= 0


def test_bringing_a_timer_forward_wakes_the_sleeper(reactor: Reactor) -> None:
    call = reactor.callLater(1000, reactor.stop)
    reactor.callLater(0.005, lambda: call.reset(0.005))
    run(reactor)


@pytest.mark.parametrize("what", ["set", "bring forward", "stop", "crash"])
def test_what_a_flush_plans_is_not_slept_over(polled: Reactor, pair: Any, what: str) -> None:
    later = polled.callLater(1000, polled.stop)

    def write() -> None:
        if what == "set":
            polled.callLater(0, polled.stop)
        elif what == "bring forward":
            later.reset(0)
        else:
            getattr(polled, what)()

    writer = Watched(polled, pair[0], write=write)
    polled.callWhenRunning(polled.flushSoon, writer)
    run(polled)
    assert writer.diary == ["write"]
    if later.active():
        later.cancel()


def test_putting_a_timer_off_keeps_it_from_running(reactor: Reactor) -> None:
    ran: list[str] = []
    call = reactor.callLater(0.005, ran.append, "put off")
    call.reset(1000)
    reactor.callLater(0.02, reactor.stop)
    run(reactor)
    assert ran == []
    call.cancel()


def test_a_timer_set_by_a_timer_waits_for_the_next_turn(polled: Reactor) -> None:
    ran: list[str] = []
    polled.callLater(0, lambda: polled.callLater(0, ran.append, "inner"))
    polled.runUntilCurrent()
    assert ran == []
    polled.runUntilCurrent()
    assert ran == ["inner"]


def test_a_failing_timer_is_logged_and_spares_the_others(
    reactor: Reactor, errors: list[Any]
) -> None:
    reactor.callLater(0, lambda: 1 / 0)
    reactor.callLater(0, reactor.stop)
    run(reactor)
    assert [event["why"] for event in errors] == ["while handling timed call"]


def test_descriptors_get_their_chance_beside_timers_without_end(
    reactor: Reactor, pair: Any
) -> None:
    a, b = pair

    def again() -> None:
        reactor.callLater(0, again)

    again()
    reactor.addReader(Watched(reactor, a, read=reactor.stop))
    b.send(b"x")
    run(reactor)


# Threads


def test_calls_from_threads_run_in_the_reactors_thread_in_order(reactor: Reactor) -> None:
    ran: list[tuple[int, int]] = []
    count = 500

    def produce() -> None:
        for number in range(count):
            reactor.callFromThread(lambda n=number: ran.append((n, threading.get_ident())))
        reactor.callFromThread(reactor.stop)

    thread = threading.Thread(target=produce)
    reactor.callWhenRunning(thread.start)
    run(reactor)
    thread.join()
    assert ran == [(number, threading.get_ident()) for number in range(count)]


def test_a_wake_up_storm_loses_no_call(reactor: Reactor) -> None:
    threads, each = 4, 1000
    counted = [0]

    def count() -> None:
        counted[0] += 1
        if counted[0] == threads * each:
            reactor.stop()

    def produce() -> None:
        for _ in range(each):
            reactor.callFromThread(count)

    workers = [threading.Thread(target=produce) for _ in range(threads)]
    for worker in workers:
        reactor.callWhenRunning(worker.start)
    run(reactor)
    for worker in workers:
        worker.join()


def test_a_call_from_a_thread_ends_an_endless_wait(reactor: Reactor) -> None:
    """With no timer the wait has no end of its own."""
    asleep = threading.Event()

    def wake() -> None:
        asleep.wait(30)
        reactor.callFromThread(reactor.stop)

    thread = threading.Thread(target=wake)
    thread.start()
    reactor.callWhenRunning(asleep.set)
    reactor.run(installSignalHandlers=False)
    thread.join()


def test_a_call_made_by_a_call_waits_for_the_next_turn(polled: Reactor) -> None:
    ran: list[str] = []
    polled.callFromThread(lambda: polled.callFromThread(ran.append, "inner"))
    polled.runUntilCurrent()
    assert ran == []
    assert polled.timeout() == 0
    polled.runUntilCurrent()
    assert ran == ["inner"]


def test_a_failing_call_from_a_thread_is_logged(reactor: Reactor, errors: list[Any]) -> None:
    reactor.callFromThread(lambda: 1 / 0)
    reactor.callFromThread(reactor.stop)
    run(reactor)
    assert [event["why"] for event in errors] == ["while calling from thread"]


# Signals


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_stops_it(reactor: Reactor, name: str) -> None:
    number = getattr(signal, name)
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        reactor.callWhenRunning(os.kill, os.getpid(), number)
        late = reactor.callLater(30, reactor.stop)
        reactor.run()
        late.cancel()
        assert reactor._exitSignal == number
    finally:
        for n, handler in before.items():
            signal.signal(n, handler)
        signal.set_wakeup_fd(-1)


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_a_signal_ends_an_endless_wait(reactor: Reactor) -> None:
    """Sent from a thread while the reactor sleeps with nothing to wake up for."""
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)}
    asleep = threading.Event()

    def send() -> None:
        asleep.wait(30)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=send)
    try:
        thread.start()
        reactor.callWhenRunning(asleep.set)
        reactor.run()
    finally:
        thread.join()
        for n, handler in before.items():
            signal.signal(n, handler)
        signal.set_wakeup_fd(-1)
    assert reactor._exitSignal == signal.SIGTERM


# Life


def test_stops_with_every_descriptor_lost(reactor: Reactor, pair: Any) -> None:
    a, b = pair
    reading, writing = Watched(reactor, a), Watched(reactor, b, write=lambda: None)
    reactor.addReader(reading)
    reactor.addWriter(writing)
    reactor.callWhenRunning(reactor.stop)
    run(reactor)
    assert reading.diary == [("lost", error.ConnectionLost)]
    assert writing.diary[-1] == ("lost", error.ConnectionLost)


def test_runs_again_after_a_crash_but_not_after_a_stop(reactor: Reactor) -> None:
    reactor.callWhenRunning(reactor.crash)
    reactor.run(installSignalHandlers=False)
    assert not reactor.running
    reactor.callWhenRunning(reactor.stop)
    run(reactor)
    with pytest.raises(error.ReactorNotRestartable):
        reactor.run()


def test_leaves_no_descriptor_open() -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no list of open descriptors here")

    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = count()
    for make in KINDS.values():
        reactor = make()
        reactor.callWhenRunning(reactor.stop)
        reactor.run(installSignalHandlers=False)
        dispose(reactor)
    assert count() == before


def test_iterate_waits_no_longer_than_told(reactor: Reactor) -> None:
    call = reactor.callLater(1000, lambda: None)
    start = time.monotonic()
    reactor.iterate(0)
    assert time.monotonic() - start < 20
    call.cancel()

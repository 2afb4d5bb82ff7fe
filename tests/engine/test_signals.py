"""Handlers in place and away again, in this very process: each test puts back what it found."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pcstream._engine.signals import (
    ChildSignals,
    NoSignals,
    SeveralSignals,
    StopSignals,
    installHandler,
    isDefaultHandler,
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
    handlers = [signal.getsignal(number) for number in numbers]
    fd = signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    yield
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)
    signal.set_wakeup_fd(fd)


def taker(name: str, into: list[str]) -> Any:
    return lambda number, frame=None: into.append(name)


def stop_signals(into: list[str]) -> StopSignals:
    return StopSignals(taker("int", into), taker("break", into), taker("term", into))


def test_int_and_term_are_taken() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    got: list[str] = []
    stop_signals(got).install()
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    assert got == ["int", "term"]


def test_a_handler_of_the_program_for_int_stays() -> None:
    own: list[str] = []
    got: list[str] = []
    signal.signal(signal.SIGINT, taker("own", own))
    stop_signals(got).install()
    signal.raise_signal(signal.SIGINT)
    assert (own, got) == (["own"], [])


def test_they_stay_when_uninstalled_as_in_twisted() -> None:
    handling = stop_signals([])
    handling.install()
    there = signal.getsignal(signal.SIGTERM)
    handling.uninstall()
    assert signal.getsignal(signal.SIGTERM) is there


def test_other_threads_may_not_install() -> None:
    trouble: list[BaseException] = []

    def install() -> None:
        try:
            stop_signals([]).install()
        except ValueError as error:
            trouble.append(error)

    thread = threading.Thread(target=install)
    thread.start()
    thread.join()
    assert len(trouble) == 1


def test_a_dead_child_is_reaped_by_the_watcher() -> None:
    readers: set[Any] = set()
    reaped: list[int] = []

    def reap() -> None:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            reaped.append(pid)

    handling = ChildSignals(readers.add, readers.discard, reap)
    handling.install()
    assert not isDefaultHandler()
    (waker,) = readers
    pid = os.posix_spawn("/bin/true", ["true"], {})
    assert select.select([waker], [], [], 60)[0]
    waker.doRead()
    assert reaped == [pid]
    handling.uninstall()
    assert readers == set()
    assert isDefaultHandler()
    assert waker.fileno() == -1


def test_a_loop_that_takes_the_wake_ups_for_itself_does_not_deafen_the_watcher() -> None:
    readers: list[Any] = []
    handling = ChildSignals(readers.append, readers.remove, lambda: None)
    handling.install()
    r, w = os.pipe()
    os.set_blocking(w, False)
    signal.set_wakeup_fd(w)  # as uvloop does while it runs
    signal.raise_signal(signal.SIGCHLD)
    assert select.select(readers, [], [], 0)[0] == readers
    handling.uninstall()
    signal.raise_signal(signal.SIGCHLD)
    os.close(r)
    os.close(w)


def test_installing_twice_makes_one_pipe() -> None:
    readers: list[Any] = []
    handling = ChildSignals(readers.append, readers.remove, lambda: None)
    handling.install()
    handling.install()
    assert len(readers) == 1
    handling.uninstall()
    handling.uninstall()
    assert readers == []


def test_what_died_before_is_reaped_at_once() -> None:
    reaped: list[str] = []
    handling = ChildSignals(lambda reader: None, lambda reader: None, lambda: reaped.append("reap"))
    handling.install()
    assert reaped == ["reap"]
    handling.uninstall()


def test_a_storm_of_signals_fills_the_pipe_without_a_word(
    capfd: pytest.CaptureFixture[str],
) -> None:
    r, w = os.pipe()
    os.set_blocking(w, False)
    installHandler(w)
    try:
        while True:
            os.write(w, b"x" * 4096)
    except BlockingIOError:
        pass
    for _ in range(100):
        signal.raise_signal(signal.SIGCHLD)
    installHandler(-1)
    os.close(r)
    os.close(w)
    assert capfd.readouterr().err == ""


def test_install_handler_tells_what_was_there() -> None:
    r, w = os.pipe()
    os.set_blocking(w, False)
    assert installHandler(w) == -1
    assert installHandler(-1) == w
    os.close(r)
    os.close(w)


class Recorder:
    def __init__(self, name: str, into: list[str]) -> None:
        self.name, self.into = name, into

    def install(self) -> None:
        self.into.append(f"+{self.name}")

    def uninstall(self) -> None:
        self.into.append(f"-{self.name}")


def test_several_come_and_go_once() -> None:
    done: list[str] = []
    handling = SeveralSignals((Recorder("a", done), Recorder("b", done)))
    handling.uninstall()
    handling.install()
    handling.install()
    handling.uninstall()
    handling.uninstall()
    assert done == ["+a", "+b", "-a", "-b"]


def test_no_signals_does_nothing() -> None:
    before = signal.getsignal(signal.SIGTERM)
    NoSignals().install()
    NoSignals().uninstall()
    assert signal.getsignal(signal.SIGTERM) is before

"""The demo's parent: starts the three processes, follows them, and says how it went."""

from __future__ import annotations

import argparse
import os
import selectors
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import BinaryIO

from .amounts import format_bytes
from .demo_child import Child
from .demo_view import Facts, View
from .status import Abandoned, Status

#: how often the live view is drawn
TICK_S = 0.125
#: processes that have not met by then never will
START_S = 30.0
#: without a byte moving for so long the stream has stalled
STALL_S = 30.0
#: after the first sign of trouble, how long the others may take to tell theirs
GRACE_S = 0.5
#: how long a process may take to stop when its life-line has ended
STOP_S = 3.0
#: what a consumer may hold: its limit of 64 KiB, and the one write that went over it (C26)
LIMIT_BYTES = 65536


class _Ended(BaseException):
    """A signal asks the demo to end."""

    def __init__(self, number: int) -> None:
        self.number = number


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """TERM and hang-up end the demo as orderly as Ctrl-C does."""

    def end(number: int, frame: FrameType | None) -> None:
        raise _Ended(number)

    chosen = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, end) for number in chosen]
    try:
        yield
    finally:
        for number, handler in zip(chosen, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No signal cuts the cleaning up short; it is bounded in time by itself."""
    chosen = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, chosen)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, chosen)


def judge(facts: dict[str, Facts], size: int) -> None:
    """Hold what was sent against what arrived, and each buffer against its bound.

    :param facts: the last figures of each hop, by its name.
    :param size: the bytes of the file when the stream began.
    :raises Abandoned: for the first thing that is wrong.
    """
    sent, arrived = facts["server"], facts["receiver"]
    if not sent["bytes"] == arrived["bytes"] == size:
        raise Abandoned(
            Status.CUT_SHORT,
            f"{sent['bytes']} of {size} bytes sent, {arrived['bytes']} arrived",
        )
    if sent["sha256"] != arrived["sha256"]:
        raise Abandoned(Status.ALTERED, "what arrived is not what was sent")
    for name, hop in facts.items():
        bound = LIMIT_BYTES + hop["largest"]
        if hop["peak_buffered"] > bound:
            raise Abandoned(
                Status.OVERFULL,
                f"the {name} held {hop['peak_buffered']} bytes, its bound is {bound}",
            )


class Demo:
    """One run of the demo.

    :param source: the open file that the server sends.
    :param options: the verb's options.
    :param view: shows progress and the result.
    """

    def __init__(self, source: BinaryIO, options: argparse.Namespace, view: View) -> None:
        self._source = source
        self._options = options
        self._view = view
        self._size = os.fstat(source.fileno()).st_size
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()

    def run(self) -> Status:
        """Stream once, show the result, and return its status.

        :raises Abandoned: if the stream did not come to its end.
        """
        try:
            with _signals_end_it():
                self._start()
                self._follow()
        except _Ended as ended:
            name = signal.Signals(ended.number).name
            raise Abandoned(Status(128 + ended.number), f"ended by {name}") from None
        finally:
            with _undisturbed():
                self._view.close()
                for child in self._children:
                    child.release()
                deadline = time.monotonic() + STOP_S
                for child in self._children:
                    child.bury(max(0.0, deadline - time.monotonic()))
                self._selector.close()
        facts = {child.name: child.facts for child in self._children}
        self._view.result(facts, LIMIT_BYTES)
        judge(facts, self._size)
        return Status.DONE

    def _start(self) -> None:
        descriptor = self._source.fileno()
        for name, argument, descriptors in (
            ("server", descriptor, (descriptor,)),
            ("proxy", self._options.port, ()),
            ("receiver", self._options.rate, ()),
        ):
            child = Child(name, argument, descriptors)
            self._children.append(child)
            for pipe in child.pipes():
                self._selector.register(pipe, selectors.EVENT_READ, child)

    def _follow(self) -> None:
        """Take in reports until all three have ended well."""
        server, proxy, receiver = self._children
        introduced: set[str] = set()
        started = moved_at = time.monotonic()
        moved = 0
        trouble_at: float | None = None
        self._view.start([(child.name, child.process.pid) for child in self._children])
        while True:
            for key, _ in self._selector.select(TICK_S):
                if not key.data.read(key.fileobj):
                    self._selector.unregister(key.fileobj)
            for listener, caller in ((server, proxy), (proxy, receiver)):
                if listener.port is not None and caller.name not in introduced:
                    introduced.add(caller.name)
                    what = {"record": self._options.record} if caller is proxy else {}
                    caller.order(connect=listener.port, **what)
            now = time.monotonic()
            self._view.update(self._size, now - started, [c.facts for c in self._children])
            if all(child.ended == "done" for child in self._children):
                return
            if trouble_at is None and self._in_trouble():
                trouble_at = now
            if trouble_at is not None and now - trouble_at >= GRACE_S:
                raise self._diagnosis()
            arrived = sum(child.facts.get("bytes", 0) for child in self._children)
            if arrived != moved:
                moved, moved_at = arrived, now
            self._check_time(now, started, moved_at)

    def _in_trouble(self) -> bool:
        return any(
            child.status is not None or child.ended in ("lost", "failed")
            for child in self._children
        )

    def _check_time(self, now: float, started: float, moved_at: float) -> None:
        limit = self._options.timeout
        arrived = self._progress()
        if limit is not None and now - started > limit:
            raise Abandoned(Status.TIMED_OUT, f"time-out after {limit:g} s, {arrived}")
        if not all(child.is_connected for child in self._children):
            if now - started > START_S:
                raise Abandoned(Status.TIMED_OUT, f"the processes did not meet in {START_S:g} s")
        elif now - moved_at > STALL_S:
            raise Abandoned(Status.TIMED_OUT, f"nothing moved for {STALL_S:g} s, {arrived}")

    def _progress(self) -> str:
        arrived = self._children[-1].facts.get("bytes", 0)
        return f"with {format_bytes(arrived)} of {format_bytes(self._size)} received"

    def _diagnosis(self) -> Abandoned:
        """The first cause: a refusal, else a process that died, else a connection that was cut."""
        for child in self._children:
            if child.ended == "failed":
                return Abandoned(Status.PORT_IN_USE, child.facts["text"])
        for child in self._children:
            if child.status is not None:
                how = f"the {child.name} died ({child.how_it_died()})"
                began = all(child.is_connected for child in self._children)
                status = Status.CUT_SHORT if began else Status.FAILED
                return Abandoned(status, f"{how} {self._progress()}" if began else how)
        reasons = [
            f"{child.name}: {child.facts['reason']}"
            for child in self._children
            if child.ended == "lost"
        ]
        return Abandoned(
            Status.CUT_SHORT, f"a connection was lost {self._progress()}; {'; '.join(reasons)}"
        )

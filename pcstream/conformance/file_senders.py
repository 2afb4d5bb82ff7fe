"""The rules for senders of files, with the interface of ``FileSender``.

A sender gets a file in memory and a connection in memory, both of which behave or fail as the check
wants it, and every read, write and question is written down.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, NoReturn

from .checking import Checks, Play, conclude
from .given_subjects import run_verified, subject_from
from .memory_connection import Enough, MemoryConnection, TurnClock, stops_at_the_first_fault
from .recorders import PlannedError, PullRecorder, content
from .report import INTERFACE, Report
from .subjects import ConsumerSubject, PullProducerSubject, Subject

__all__ = ["CHECKS", "FileSenderSubject", "check_file_sender"]

# A file that has nothing yet may be read so often before the reactor gets a turn.
_MOST_IDLE_READS = 1000

# A file that has nothing yet has something after this time, and is read again within that one.
_IDLE_S = 0.1
_LONGEST_PAUSE_S = 30.0

_STOPPED = "Consumer asked us to stop producing"

# The rules for pull producers that hold for a sender too. L3's bound is F1's chunk here.
_PULL_RULES = ("L1", "L2", "L4", "L5")


class FileSenderSubject(Subject):
    """A sender of files.

    :cvar over: a subject for the consumer that files are sent to as well, besides a connection in
        memory; it has to offer ``received`` and ``close``.
    """

    over: ConsumerSubject | None = None

    def make(self, clock: TurnClock) -> Any:
        """A new sender, with ``beginFileTransfer``, ``lastSent`` and ``CHUNK_SIZE``.

        :param clock: what it has to use if it waits (``callLater``).
        """
        raise NotImplementedError


class _Spins(BaseException):
    """The sender reads and reads; no ``Exception``, which a sender may catch."""


class _File(io.BytesIO):
    """A file whose reads are written down, and may fail, or bring nothing yet."""

    def __init__(self, play: Play, data: bytes) -> None:
        super().__init__(data)
        self.play = play
        self.reads = 0
        self.fails_at: int | None = None
        self.is_idle: Callable[[], bool] = lambda: False
        self.idles = 0

    def read(self, size: int | None = -1) -> Any:
        self.reads += 1
        self.play.note(f"file.read({'' if size in (-1, None) else size})")
        if self.reads == self.fails_at:
            self.play.note("read raises")
            raise PlannedError("read")
        if self.is_idle():
            self.idles += 1
            if self.idles > _MOST_IDLE_READS:
                raise _Spins
            self.play.note("read answers None")
            return None
        return super().read(size)


class _Connection(MemoryConnection):
    """A connection one write of which may fail."""

    fails_at: int | None = None
    writes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        if self.writes == self.fails_at:
            self.note("write raises")
            raise PlannedError("write")
        super().write(data)


class _Bench:
    """A sender, a file and a connection."""

    def __init__(self, play: Play, chunks: float, *, inside: bool = True) -> None:
        self.play = play
        play.calls.clear()
        self.clock = TurnClock()
        self.connection = _Connection(self.clock, play.calls)
        self.connection.asks_inside = inside
        self.sender = play.subject.make(self.clock)
        self.chunk_size: int = self.sender.CHUNK_SIZE
        self.content = content(int(chunks * self.chunk_size))
        self.file = _File(play, self.content)
        self.outcome: list[Any] = []

    def begin(self, transform: Callable[[bytes], bytes] | None = None) -> Any:
        """Begin the transfer; the outcome is written down when there is one."""
        self.play.note(f"beginFileTransfer(file of {len(self.content)} bytes)")
        deferred = self.sender.beginFileTransfer(self.file, self.connection, transform)
        deferred.addCallbacks(self._fired, self._failed)
        return deferred

    def _fired(self, value: Any) -> None:
        self.play.note(f"the Deferred fires with {value!r}")
        self.outcome.append(value)

    def _failed(self, failure: Any) -> None:
        self.play.note(f"the Deferred fails with {failure.value!r}")
        self.outcome.append(failure.value)

    def go_on(self) -> None:
        """Let the connection take everything."""
        if self.connection.is_stalled:
            self.connection.drain()
        self.clock.settle()

    def broken(self, what: str) -> NoReturn:
        self.play.fault(what)
        raise Enough

    def expect_success(self, sent: bytes | None = None) -> None:
        """The transfer must have ended well; with what value is F1's business."""
        self.expect_sent(self.content if sent is None else sent)
        if len(self.outcome) != 1:
            self.broken(f"the Deferred has fired {len(self.outcome)} times")
        if isinstance(self.outcome[0], BaseException):
            self.broken(f"the Deferred has failed with {self.outcome[0]!r}")
        if self.connection.producer is not None:
            self.broken("it has ended, and is still registered")

    def expect_value(self, value: Any) -> None:
        fired = self.outcome[0]
        if type(fired) is not type(value) or fired != value:
            self.broken(f"the Deferred has fired with {fired!r} in place of {value!r}")

    def expect_sent(self, sent: bytes) -> None:
        got = bytes(self.connection.sent)
        if got != sent:
            how = "other bytes" if len(got) == len(sent) else f"{len(got)} of {len(sent)} bytes"
            self.broken(f"{how} arrived")

    def expect_failure(self, error: type[BaseException]) -> None:
        if len(self.outcome) != 1:
            self.broken(f"the Deferred has fired {len(self.outcome)} times")
        if type(self.outcome[0]) is not error:
            self.broken(f"the Deferred has {self.outcome[0]!r}, no {error.__name__}")


CHECKS: Checks[Play] = Checks("file sender", Play)


def _doubled(chunk: bytes) -> bytes:
    return chunk + b"\r"


@CHECKS.rule("F1")
@stops_at_the_first_fault
def one_chunk_a_question(play: Play) -> None:
    """Files of some chunks, with and without a transformation, asked at once and a turn later."""
    for chunks, inside in itertools.product((0.5, 1, 2.5), (True, False)):
        for transform in (None, _doubled):
            bench = _Bench(play, chunks, inside=inside)
            bench.begin(transform)
            bench.go_on()
            whole = [
                bench.content[at : at + bench.chunk_size]
                for at in range(0, len(bench.content), bench.chunk_size)
            ]
            sent = b"".join(map(transform, whole) if transform is not None else whole)
            bench.expect_success(sent)
            bench.expect_value(sent[-1:])
            if bench.sender.lastSent != sent[-1:]:
                bench.broken(f"lastSent is {bench.sender.lastSent!r}, the last byte {sent[-1:]!r}")
            writes = [call.startswith("consumer.write(") for call in play.calls]
            asks = [call.endswith("resumes its producer") for call in play.calls]
            since = 0
            for is_write, is_ask in zip(writes, asks, strict=True):
                since = 0 if is_ask else since + is_write
                if since > 1:
                    bench.broken("it writes twice for one question")
            if bench.connection.writes != len(whole):
                bench.broken(f"it writes {bench.connection.writes} times for {len(whole)} chunks")
    if play.subject.over is not None:
        _send_over(play, closes_at_once=False)


def _send_over(play: Play, *, closes_at_once: bool) -> None:
    over: ConsumerSubject = play.subject.over
    for size in (10_000, 200_000, 1_000_000):
        play.calls.clear()
        outcome: list[Any] = []
        try:
            consumer = over.make()
            sender = play.subject.make(TurnClock())
            play.note(f"beginFileTransfer(file of {size} bytes)")
            deferred = sender.beginFileTransfer(io.BytesIO(content(size)), consumer, None)
            deferred.addBoth(outcome.append)
            if closes_at_once:
                play.note("consumer is to close")
                over.close()
            over.settle()
            received = len(over.received())
            if not closes_at_once and not outcome:
                play.fault(f"{received} of {size} bytes arrived, and the Deferred never fires")
                raise Enough
            if received != size:
                play.fault(f"{received} of {size} bytes arrived, and the Deferred has {outcome!r}")
                raise Enough
        finally:
            over.clean_up()


@CHECKS.rule("F2")
@stops_at_the_first_fault
def an_empty_file(play: Play) -> None:
    """An empty file is over with the first question."""
    bench = _Bench(play, 0)
    bench.begin()
    if not bench.outcome:
        bench.broken("the Deferred has not fired when beginFileTransfer returns")
    bench.expect_success()
    bench.expect_value("")
    bench = _Bench(play, 0, inside=False)
    bench.begin()
    bench.go_on()
    bench.expect_success()
    bench.expect_value("")


@CHECKS.rule("F3")
@stops_at_the_first_fault
def the_end_is_one_question_later(play: Play) -> None:
    """A consumer that takes nothing holds the last chunk."""
    for chunks in (0.5, 1, 3):
        bench = _Bench(play, chunks)
        bench.connection.is_stalled = True
        bench.begin()
        while len(bench.content) > bench.connection.accepted and not bench.outcome:
            bench.connection.is_stalled = False
            bench.clock.turn()
            bench.connection.is_stalled = True
        bench.clock.settle()
        if bench.outcome:
            bench.broken("the Deferred has fired before the consumer has asked for more")
        bench.go_on()
        if not bench.outcome:
            bench.broken("the consumer has asked for more, and the Deferred has not fired")
        if bench.file.closed:
            bench.broken("the file is closed")


@CHECKS.rule("F4")
@stops_at_the_first_fault
def stopped(play: Play) -> None:
    """The consumer is lost meanwhile, or before; it is busy."""
    bench = _Bench(play, 3)
    bench.connection.is_stalled = True
    bench.begin()
    bench.connection.break_off()
    _expect_stopped(bench)

    bench = _Bench(play, 3)
    bench.connection.break_off()
    bench.begin()
    _expect_stopped(bench)
    if bench.file.reads:
        bench.broken("it reads for a consumer that is dead")

    bench = _Bench(play, 3)
    bench.connection.asks_inside = False
    bench.connection.registerProducer(PullRecorder(play.calls, bench.connection), False)
    try:
        bench.begin()
    except RuntimeError:
        pass
    else:
        bench.broken("a consumer that is busy does not raise RuntimeError out of beginFileTransfer")


def _expect_stopped(bench: _Bench) -> None:
    bench.expect_failure(Exception)
    if str(bench.outcome[0]) != _STOPPED:
        bench.broken(f"the text of the failure is {str(bench.outcome[0])!r}, not {_STOPPED!r}")


@CHECKS.rule("F5")
@stops_at_the_first_fault
def something_raises(play: Play) -> None:
    """What read, transform and write raise, with the first chunk and with the second."""
    for what, at, inside in itertools.product(
        ("read", "transform", "write"), (1, 2), (True, False)
    ):
        bench = _Bench(play, 3, inside=inside)
        transform = None
        if what == "read":
            bench.file.fails_at = at
        elif what == "write":
            bench.connection.fails_at = at
        else:
            transform = _failing_transform(play, at)
        try:
            bench.begin(transform)
        except PlannedError:
            bench.broken(f"beginFileTransfer raises what {what} raised")
        bench.go_on()
        if bench.connection.raised:
            bench.broken(f"resumeProducing raises what {what} raised")
        if f"{what} raises" not in play.calls:
            continue  # it needed it less often
        bench.expect_failure(PlannedError)
        if bench.connection.producer is not None:
            bench.broken("it has failed, and is still registered")


def _failing_transform(play: Play, at: int) -> Callable[[bytes], bytes]:
    counter = itertools.count(1)

    def transform(chunk: bytes) -> bytes:
        if next(counter) == at:
            play.note("transform raises")
            raise PlannedError("transform")
        return chunk

    return transform


@CHECKS.rule("F6")
@stops_at_the_first_fault
def nothing_of_a_chunk(play: Play) -> None:
    """A transformation that drops the first chunk, the second, the last."""
    for dropped, inside in itertools.product((0, 1, 2), (True, False)):
        bench = _Bench(play, 3, inside=inside)
        answers: list[bytes] = []

        def transform(
            chunk: bytes, answers: list[bytes] = answers, dropped: int = dropped
        ) -> bytes:
            answers.append(b"" if len(answers) == dropped else chunk)
            if not answers[-1]:
                play.note("transform answers b''")
            return answers[-1]

        bench.begin(transform)
        bench.go_on()
        if not bench.file.closed and bench.file.tell() < len(bench.content):
            bench.broken(f"{bench.file.tell()} of {len(bench.content)} bytes are read")
        bench.expect_success(b"".join(answers))


@CHECKS.rule("F7")
@stops_at_the_first_fault
def cancelled_or_begun_twice(play: Play) -> None:
    """The Deferred is cancelled in the middle; a busy sender is to begin again."""
    bench = _Bench(play, 5)
    bench.connection.is_stalled = True
    deferred = bench.begin()
    before = bench.connection.accepted
    play.note("the Deferred is cancelled")
    deferred.cancel()
    bench.go_on()
    if bench.connection.accepted > before:
        more = bench.connection.accepted - before
        bench.broken(f"cancelled, and {more} bytes more were written all the same")
    if not bench.outcome or not isinstance(bench.outcome[0], Exception):
        bench.broken("cancelled, and the Deferred does not fail")
    if bench.connection.producer is not None:
        bench.broken("cancelled, and still registered")

    bench = _Bench(play, 3)
    bench.connection.is_stalled = True
    bench.begin()
    other = MemoryConnection(bench.clock, play.calls, "other consumer")
    play.note("beginFileTransfer(another file, other consumer)")
    try:
        bench.sender.beginFileTransfer(io.BytesIO(b"more"), other, None)
    except Exception as refused:
        play.note(f"refused: {refused!r}")
    else:
        bench.broken("a sender that is busy begins another transfer")
    bench.go_on()
    bench.expect_success()


@CHECKS.rule("F8")
@stops_at_the_first_fault
def closed_behind_the_file(play: Play) -> None:
    """``loseConnection`` follows ``beginFileTransfer``."""
    for chunks, inside in itertools.product((1, 4, 12), (True, False)):
        bench = _Bench(play, chunks, inside=inside)
        bench.begin()
        bench.connection.loseConnection()
        bench.go_on()
        bench.expect_success()
        if bench.connection.end != "clean":
            bench.broken(f"the connection has ended as {bench.connection.end}")
    for chunks in (1, 12):
        bench = _Bench(play, chunks)
        bench.connection.is_stalled = True
        bench.begin()
        bench.connection.loseConnection()
        while len(bench.content) > bench.connection.accepted and not bench.outcome:
            bench.connection.is_stalled = False
            bench.clock.turn()
            bench.connection.is_stalled = True
        bench.go_on()
        bench.expect_sent(bench.content)
    if play.subject.over is not None:
        _send_over(play, closes_at_once=True)


@CHECKS.rule("F9")
@stops_at_the_first_fault
def nothing_yet(play: Play) -> None:
    """``read`` answers None for a while, at the beginning and in the middle."""
    for at, inside in itertools.product((1, 2), (True, False)):
        bench = _Bench(play, 3, inside=inside)
        bench.file.is_idle = partial(_is_idle, bench, at)
        try:
            bench.begin()
            bench.go_on()
            if bench.outcome:
                bench.broken("nothing yet counts as the end of the file")
            for _ in range(100):
                bench.clock.turn(_LONGEST_PAUSE_S / 100)
                bench.clock.settle()
        except _Spins:
            del play.calls[8:]
            bench.broken(f"it reads a file that has nothing yet {_MOST_IDLE_READS} times at once")
        bench.expect_success()


@CHECKS.rule("F10")
@stops_at_the_first_fault
def transforms_what_it_sends(play: Play) -> None:
    """A transformation that remembers what it is given; a consumer that takes one chunk."""
    for inside in (True, False):
        bench = _Bench(play, 3.5, inside=inside)
        given: list[bytes] = []

        def transform(chunk: bytes, given: list[bytes] = given) -> bytes:
            given.append(chunk)
            return chunk

        bench.begin(transform)
        bench.go_on()
        if b"".join(given) != bench.content:
            size = sum(map(len, given))
            bench.broken(f"{size} bytes of {len(bench.content)} were transformed, or in disorder")
        bench = _Bench(play, 5, inside=inside)
        bench.connection.is_stalled = True
        bench.begin()
        bench.clock.settle()
        if bench.file.tell() > bench.connection.accepted:
            ahead = bench.file.tell() - bench.connection.accepted
            bench.broken(f"it has read {ahead} bytes that it was not asked for")


@CHECKS.rule("F11")
@stops_at_the_first_fault
def another_transfer(play: Play) -> None:
    """The same sender, when one transfer has ended and when one was stopped."""
    for stopped_first in (False, True):
        bench = _Bench(play, 2)
        bench.begin()
        if stopped_first:
            bench.connection.break_off()
        bench.go_on()
        bench.outcome.clear()
        bench.file = _File(play, bench.content)
        bench.connection = _Connection(bench.clock, play.calls, "other consumer")
        try:
            bench.begin()
        except Exception as raised:
            bench.broken(f"one transfer is over, and another one is refused: {raised!r}")
        bench.go_on()
        bench.expect_success()


def _is_idle(bench: _Bench, at: int) -> bool:
    return bench.file.reads >= at and bench.clock.seconds() < _IDLE_S


class _AsProducer(PullProducerSubject):
    """A sender with a file, as a pull producer."""

    content = content(50_000)

    def __init__(self, subject: FileSenderSubject) -> None:
        self.subject = subject
        self.clock = TurnClock()

    def make(self, consumer: Any) -> Any:
        self.clock = TurnClock()
        sender = self.subject.make(self.clock)
        deferred = sender.beginFileTransfer(io.BytesIO(self.content), consumer, None)
        deferred.addErrback(lambda failure: None)
        return sender

    def settle(self) -> None:
        self.clock.settle()


def check_file_sender(
    subject: FileSenderSubject | type[FileSenderSubject] | Callable[[Any], Any],
    *,
    only: Collection[str] = (),
    deviations: Collection[str] = (),
    search: int = 0,
    name: str | None = None,
) -> Report:
    """Judge a sender of files, by the rules for pull producers too.

    :param subject: a subject, or just what makes a sender, given a clock (``callLater``).
    :param only: numbers of rules; by default all are judged.
    :param deviations: rules that are known to be broken, besides those that the subject names.
    :param search: how many random sequences of calls are tried with it as a pull producer.
    :param name: what it is called in the report.
    """
    made: FileSenderSubject = subject_from(subject, FileSenderSubject, "make", deviations)
    report = run_verified(
        CHECKS, made, lambda: made.make(TurnClock()), "IPullProducer", name=name, only=only
    )
    if INTERFACE in report.broken and not report.passed:
        return report
    rules = [rule for rule in _PULL_RULES if not only or rule in only]
    if not rules:
        return report
    from .producers import check_pull_producer

    as_producer = check_pull_producer(_AsProducer(made), only=rules, search=search)
    return conclude(
        Report(report.subject, report.role),
        [*report.faults, *report.deviations, *as_producer.faults],
        [*report.skipped, *as_producer.skipped],
        [*report.passed, *report.broken, *as_producer.passed, *as_producer.broken],
        getattr(made, "deviations", ()),
    )

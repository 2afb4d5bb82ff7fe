"""Watches a live producer and its consumer, and says which of them breaks the contract.

:func:`watch` puts itself between two objects that are in use, Twisted's or anybody's, without their
noticing: every call, result and exception passes unchanged.  Judged are the rules that can be seen
from there: P2 P6 P8, L1 L2 L5 L6, C1 C4 C5 C8 C10 C12 C16 C19 C26, T4 T5 and X2.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import FrameType, TracebackType
from typing import Any

from ..python import log
from .monitor_frames import Where, called_from, describe, is_called_by, nearest, where
from .monitor_judge import CONSUMER, PRODUCER, Call, Judge
from .monitor_objects import held_by, length, name_of, parts_of, protocol_of, reason_of
from .monitor_order import Order
from .recording import Lane, Recording
from .rules import RULES, Rule

__all__ = ["PausesBy", "Violation", "Watch", "log_violation", "stand_in", "watch"]

#: Full is more than this, for a consumer that has no ``bufferSize`` (contract C6).
USUAL_LIMIT = 2**16

# Stacks are taken for so many violations of one rule, and so many are kept and logged; the others
# are only counted and told to the callback.  A consumer that pauses at every write (C8) breaks a
# rule thousands of times a second.
MOST_DETAILED = 20

# Callers beyond these are counted together: their number must not grow with the stream.
_MOST_CALLERS = 64
_OTHERS = "others"


@dataclass(frozen=True)
class Violation:
    """A rule was broken.

    :ivar rule: which one.
    :ivar culprit: who broke it, ``"producer"`` or ``"consumer"``; not who suffers from it.
    :ivar who: that object's ``repr``.
    :ivar seen: what was seen.
    :ivar stack: the frames in which it was seen, outermost first; after the first twenty of a
        rule there are none.
    """

    rule: Rule
    culprit: str
    who: str
    seen: str
    stack: tuple[Where, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return f"{self.rule.number}: the {self.culprit} {self.who} {self.seen}"

    def traceback(self) -> str:
        """The stack as text, like that of an exception."""
        return describe(self.stack)


@dataclass
class PausesBy:
    """What one caller has made the producer wait: how often, and for how many seconds."""

    pauses: int = 0
    seconds: float = 0.0


def log_violation(violation: Violation) -> None:
    """Say it in the log."""
    log.msg(
        f"contract {violation}\n{violation.rule}\n{violation.traceback()}",
        system="pcstream.monitor",
        rule=violation.rule.number,
        culprit=violation.culprit,
    )


class _StandIn:
    """Has every attribute of another object, and takes attributes of its own."""

    def __init__(self, original: Any) -> None:
        from zope.interface import directlyProvides, providedBy

        self.__original = original
        directlyProvides(self, providedBy(original))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__original, name)

    def __repr__(self) -> str:
        return repr(self.__original)


def stand_in(original: Any) -> Any:
    """An object that passes every call on to *original*, for one that has ``__slots__``.

    Such an object takes no attributes, so it cannot be watched itself.  Register the stand-in, or
    give it to the producer, in its place.
    """
    return _StandIn(original)


class Watch:
    """A pair that is being watched; :func:`watch` makes it.

    :ivar producer: the producer.
    :ivar consumer: the consumer.
    :ivar bytes: how many have been written to the consumer.
    :ivar writes: by how many calls.
    :ivar pauses: how often a producer that was not paused has been paused.
    :ivar paused_by: for each caller, class and function, what its pauses amount to.
    :ivar violations: the first of each rule.
    :ivar broken: for each rule that was broken, how often.
    """

    def __init__(
        self,
        producer: Any,
        consumer: Any,
        on_violation: Callable[[Violation], object] | None,
        limit: int | None,
        buffered: Callable[[], int | None] | None,
        clock: Callable[[], float],
    ) -> None:
        self.producer = producer
        self.consumer = consumer
        self.bytes = self.writes = self.pauses = 0
        self.paused_by: dict[str, PausesBy] = {}
        self.violations: list[Violation] = []
        self.broken: dict[str, int] = {}
        self._hear = log_violation if on_violation is None else on_violation
        self._is_told_all = on_violation is not None
        self._clock = clock
        if limit is None:
            limit = getattr(consumer, "bufferSize", None)
        self.limit = limit if isinstance(limit, int) else USUAL_LIMIT
        self._buffered: Callable[[], int | None] = buffered or partial(held_by, consumer)
        self._judge = Judge(self._report, self.limit, self._buffered)
        self._order: Order | None = None
        self._lane: Lane | None = None
        self._time_paused = 0.0
        self._paused_since: float | None = None
        self._paused_now_by = ""
        self._attached: list[tuple[Any, str, Any, Any]] = []
        self._newcomer: Any = None
        self._is_open = True
        #: Of a producer that is a connection, others than the consumer can be the owner.
        self._is_owned = hasattr(producer, "loseConnection")

    # -- what can be read at any time

    @property
    def is_registered(self) -> bool:
        """Whether the producer is registered."""
        return self._judge.is_registered

    @property
    def is_push(self) -> bool | None:
        """Whether it is a push producer; None before anybody has said so."""
        return self._judge.is_push

    @property
    def is_paused(self) -> bool:
        """Whether it has been paused and not resumed."""
        return self._judge.is_paused

    @property
    def is_dead(self) -> bool:
        """Whether the consumer's connection is gone."""
        return self._judge.is_dead

    @property
    def bytes_since_pause(self) -> int:
        """How much has been written since the last pause, or 0."""
        return self._judge.bytes_since_pause

    @property
    def calls(self) -> tuple[str, ...]:
        """The calls between the two that have begun and not ended, outermost first."""
        return tuple(call.name for call in self._judge.stack)

    @property
    def buffered(self) -> int | None:
        """How many bytes the consumer holds; None if it does not say."""
        return self._buffered()

    @property
    def time_paused(self) -> float:
        """For how many seconds the producer has been paused in all."""
        since = self._paused_since
        return self._time_paused + (0.0 if since is None else self._clock() - since)

    def __repr__(self) -> str:
        broken = ", ".join(f"{rule} {count}x" for rule, count in sorted(self.broken.items()))
        return (
            f"<Watch of {self.producer!r} to {self.consumer!r}: {self.bytes} bytes, "
            f"{self.pauses} pauses, {self.time_paused:.3f} s; broken: {broken or 'nothing'}>"
        )

    # -- what the application may tell

    def arrived(self, data: bytes) -> None:
        """Say what came out at the far end, so that the order can be judged (C16).

        It can be if *check_order* was asked for, and all bytes are told from the first on that was
        written while watching.
        """
        if self._order is not None:
            self._order.arrived(data)

    def close(self) -> None:
        """Take everything off again, and end the recording's lane. Harmless the second time."""
        if not self._is_open:
            return
        self._guarded(self._judge.closing)
        self._is_open = False
        for target, name, ours, before in reversed(self._attached):
            if vars(target).get(name) is not ours:
                continue  # somebody has put another in its place: ours passes calls on
            if before is None:
                delattr(target, name)
            else:
                setattr(target, name, before)
        self._attached.clear()
        self._resumed_at(self._clock())
        if self._lane is not None:
            self._lane.close()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # -- in between

    def _report(self, number: str, culprit: str, seen: str) -> None:
        count = self.broken[number] = self.broken.get(number, 0) + 1
        is_detailed = count <= MOST_DETAILED
        whom = self.producer if culprit == PRODUCER else self.consumer
        stack = where(sys._getframe(1)) if is_detailed else ()
        violation = Violation(RULES[number], culprit, name_of(whom), seen, stack)
        if is_detailed:
            self.violations.append(violation)
            if self._lane is not None:
                self._lane.broke(number, culprit, seen)
        if not (is_detailed or self._is_told_all):
            return
        try:
            self._hear(violation)
        except Exception:
            log.err(None, f"{self._hear!r} raised when it was told of a violation")

    def _guarded(self, function: Callable[..., Any], *args: Any) -> Any:
        """Do our own work: whatever goes wrong there is not the pair's business."""
        if self._is_open:
            try:
                return function(*args)
            except Exception:
                log.err(None, f"the monitor failed in {getattr(function, '__name__', function)}")
        return None

    def _put_between(
        self,
        target: Any,
        name: str,
        enter: Callable[..., Call | None],
        leave: Callable[[Call, BaseException | None], object] = lambda call, raised: None,
        look_into: Callable[[Any], Any] | None = None,
    ) -> None:
        """Have *enter* called before *target*'s method and *leave* after it.

        :param look_into: makes of the one argument what is handed on.
        """
        original = getattr(target, name, None)
        if not callable(original):
            return

        def between(*args: Any, **kwargs: Any) -> Any:
            if not self._is_open:
                return original(*args, **kwargs)
            # In the order of the names: of all that is watched here, only registerProducer has
            # more than one.
            named = [kwargs[key] for key in sorted(kwargs)]
            call = self._guarded(enter, *args, *named)
            if look_into is not None and len(args) == 1:
                args = (look_into(args[0]),)
            try:
                result = original(*args, **kwargs)
            except BaseException as raised:
                self._leave(leave, call, raised)
                raise
            self._leave(leave, call, None)
            return result

        before = getattr(target, "__dict__", {}).get(name)
        try:
            setattr(target, name, between)
        except AttributeError:
            self.close()
            raise TypeError(
                f"{target!r} takes no attributes, so it cannot be watched: "
                f"use pcstream.conformance.monitor.stand_in in its place"
            ) from None
        self._attached.append((target, name, between, before))

    def _leave(
        self,
        leave: Callable[[Call, BaseException | None], object],
        call: Call | None,
        raised: BaseException | None,
    ) -> None:
        if call is not None:
            self._guarded(leave, call, raised)
            self._guarded(self._judge.end, call)

    def attach(self, downstream: Any) -> None:
        """Step in; for :func:`watch`."""
        judge, consumer, producer = self._judge, self.consumer, self.producer
        between = self._put_between
        for name in ("pauseProducing", "resumeProducing", "stopProducing"):
            between(producer, name, self._telling(name), self._told)
        between(consumer, "write", self._writing, self._written)
        self._attach_write_sequence()
        between(consumer, "registerProducer", self._registering, self._registered)
        between(consumer, "unregisterProducer", self._unregistering, self._unregistered)
        between(consumer, "stopConsuming", lambda: judge.begin("stopConsuming"))
        between(consumer, "abortConnection", self._aborting)
        between(consumer, "finish", judge.finishing)
        between(consumer, "connectionLost", self._losing, self._lost)
        protocol = protocol_of(consumer)
        if protocol is not None:
            resuming = "consumer's resumeProducing"
            between(consumer, "resumeProducing", lambda: judge.begin(resuming))
            for name in ("dataReceived", "childDataReceived"):
                between(protocol, name, lambda *data: judge.receiving(CONSUMER))
            between(protocol, "connectionLost", self._ending)
        source = protocol_of(producer)
        if source is not None and source is not protocol:
            between(source, "dataReceived", lambda data: judge.receiving(PRODUCER))
        if downstream is not None:
            self._attach_downstream(downstream)

    def _attach_downstream(self, downstream: Any) -> None:
        """The consumer is a middle, and this is where it writes to."""
        judge = self._judge

        def passing(data: Any) -> None:
            pieces = data if isinstance(data, (list, tuple)) else [data]
            judge.passed_on += sum(map(length, pieces))
            for piece in pieces:
                self.arrived(piece)

        def holding() -> None:
            judge.is_held_downstream = True

        def letting_go() -> None:
            judge.is_held_downstream = False

        self._put_between(downstream, "write", passing)
        self._put_between(downstream, "writeSequence", passing)
        self._put_between(self.consumer, "pauseProducing", holding)
        self._put_between(self.consumer, "resumeProducing", letting_go)

    def carry_on(self, streaming: Any) -> None:
        """The pair has been together for a while; for :func:`watch`."""
        is_paused = bool(getattr(self.consumer, "producerPaused", False))
        self._judge.carry_on(bool(streaming), is_paused)
        if is_paused:
            self._pausing("somebody, before it was watched")
        self._mark(f"{'push' if streaming else 'pull'} producer was registered")

    def check_order(self) -> None:
        """Take digests of what is written; for :func:`watch`."""
        self._order = Order(lambda seen: self._report("C16", CONSUMER, seen))

    def record(self, recording: Recording, name: str | None) -> None:
        """Have it recorded; for :func:`watch`."""
        if name is None:
            name = f"{type(self.producer).__name__} to {type(self.consumer).__name__}"
        self._lane = recording.lane(name, self.limit)

    def _mark(self, text: str) -> None:
        if self._lane is not None:
            self._lane.mark(text)

    # -- calls of the consumer's methods

    def _writing(self, data: Any) -> Call:
        call = self._judge.writing("write")
        self._account(call, [data])
        return call

    def _account(self, call: Call, pieces: Sequence[Any]) -> None:
        count = sum(map(length, pieces))
        if call.counts and count:
            self.bytes += count
            self.writes += 1
            if self._order is not None:
                for piece in pieces:
                    self._order.wrote(piece)
        self._judge.writes(call, count)

    def _attach_write_sequence(self) -> None:
        consumed: list[Any] = []

        def handed_on(pieces: Iterable[Any]) -> Any:
            # As it is consumed, for it can be consumed only once (contract C18).
            for piece in pieces:
                consumed.append(piece)
                yield piece

        def look_into(pieces: Any) -> Any:
            return pieces if isinstance(pieces, (list, tuple)) else handed_on(pieces)

        def entering(pieces: Any) -> Call:
            call = self._judge.writing("writeSequence")
            if isinstance(pieces, (list, tuple)):
                self._account(call, pieces)
            return call

        def leaving(call: Call, raised: BaseException | None) -> None:
            if consumed:
                self._account(call, consumed)
                consumed.clear()
            self._written(call, raised)

        self._put_between(self.consumer, "writeSequence", entering, leaving, look_into)

    def _written(self, call: Call, raised: BaseException | None) -> None:
        self._judge.written(call)
        if self._lane is not None and call.counts and call.written:
            self._lane.wrote(call.written, self._buffered())

    def _registering(self, producer: Any, streaming: Any) -> Call:
        self._newcomer = producer
        call = self._judge.registering(producer is self.producer, streaming)
        if producer is self.producer and not call.before:
            self._mark(f"{'push' if streaming else 'pull'} producer registered")
        return call

    def _registered(self, call: Call, raised: BaseException | None) -> None:
        self._judge.registered(call, self._newcomer is self.producer, raised)

    def _unregistering(self) -> Call:
        if self._judge.is_registered:
            self._mark("unregistered")
        return self._judge.unregistering()

    def _unregistered(self, call: Call, raised: BaseException | None) -> None:
        self._judge.unregistered(call, raised)
        self._resumed_at(self._clock())
        self._waits_no_more()

    def _aborting(self) -> Call:
        self._mark("aborted")
        return self._judge.aborting()

    def _losing(self, *reason: Any) -> Call:
        self._mark(f"connection lost: {reason_of(*reason) or 'no reason given'}")
        return self._judge.losing()

    def _lost(self, call: Call, raised: BaseException | None) -> None:
        still_refers = getattr(self.consumer, "producer", None) is self.producer
        self._judge.lost(call, still_refers)
        self._resumed_at(self._clock())
        self._waits_no_more()

    def _ending(self, *reason: Any) -> Call:
        return self._judge.ending(reason_of(*reason))

    # -- calls of the producer's methods

    def _telling(self, name: str) -> Callable[..., Call]:
        def telling() -> Call:
            frame = sys._getframe(1)
            if name == "pauseProducing":
                if not self._judge.is_paused:
                    self._pausing(called_from(frame))
            else:
                self._resumed_at(self._clock())
                if name == "stopProducing":
                    self._mark("stopped")
                    self._waits_no_more()
                elif self._lane is not None:
                    self._lane.asked()
            return self._judge.telling(name, self._is_consumers_call(frame))

        return telling

    def _told(self, call: Call, raised: BaseException | None) -> None:
        judge = self._judge
        judge.told(call, raised)
        if self._lane is not None and call.name == "resumeProducing":
            if judge.is_registered and judge.is_push is False:
                self._lane.waits()

    def _waits_no_more(self) -> None:
        if self._lane is not None:
            self._lane.waits_no_more()

    def _is_consumers_call(self, frame: FrameType) -> bool:
        if nearest(frame) is self.producer:
            return False
        return not self._is_owned or is_called_by(frame, parts_of(self.consumer))

    def _pausing(self, caller: str) -> None:
        if caller not in self.paused_by and len(self.paused_by) >= _MOST_CALLERS:
            caller = _OTHERS
        self.paused_by.setdefault(caller, PausesBy()).pauses += 1
        self.pauses += 1
        self._paused_since = self._clock()
        self._paused_now_by = caller
        if self._lane is not None:
            self._lane.paused(caller)

    def _resumed_at(self, now: float) -> None:
        if self._paused_since is not None:
            seconds = now - self._paused_since
            self._paused_since = None
            self._time_paused += seconds
            self.paused_by[self._paused_now_by].seconds += seconds
            if self._lane is not None:
                self._lane.resumed()


def watch(
    producer: Any,
    consumer: Any,
    streaming: bool | None = None,
    on_violation: Callable[[Violation], object] | None = None,
    *,
    limit: int | None = None,
    buffered: Callable[[], int | None] | None = None,
    downstream: Any = None,
    check_order: bool = False,
    recording: Recording | None = None,
    name: str | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Watch:
    """Put a monitor between *producer* and *consumer*, until :meth:`Watch.close`.

    It works by attributes of the two objects, so it can be done at any time, best before the
    producer is registered, and nobody has to be told. While it is there, bytes between these two
    do not go by ``sendfile`` or ``splice``. After ``startTLS`` on a connection, watch it anew.

    :param streaming: of which kind the producer is if it is registered already: true for push,
        false for pull. If it is None and the consumer is a transport, the transport is asked.
    :param on_violation: hears of each violation, inside the call in which it was seen; by default
        the log is told. What it raises is logged.
    :param limit: with more bytes than that the consumer is full; by default its ``bufferSize``, or
        64 KiB.
    :param buffered: tells how many bytes the consumer holds; by default that is known of
        transports, and the rules that need it (C5, C26) are not judged for others.
    :param downstream: for a consumer that passes bytes on unchanged: the object whose ``write`` it
        calls. Needed for X2, and then the order is judged as well (C16).
    :param check_order: judge the order by what :meth:`Watch.arrived` is told (C16).
    :param recording: where to write down what happens, for ``pcstream timeline``.
    :param name: what the pair is called there.
    :param clock: tells the time in seconds.
    :raises TypeError: one of the two takes no attributes; see :func:`stand_in`.
    """
    watched = Watch(producer, consumer, on_violation, limit, buffered, clock)
    if check_order or downstream is not None:
        watched.check_order()
    if recording is not None:
        watched.record(recording, name)
    if streaming is None and getattr(consumer, "producer", None) is producer:
        streaming = bool(getattr(consumer, "streamingProducer", True))
    if streaming is not None:
        watched.carry_on(streaming)
    watched.attach(downstream)
    return watched

"""How much is buffered, seen at any time, and an upper limit for it.

A consumer pauses its producer, but a protocol that only calls ``write`` is not paced by anybody:
what its peer does not read stays in memory.  Here is how to see that, and a cap for it.  Nothing is
counted before one of these functions is called, and nothing costs anything before.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any
from weakref import WeakSet

from ._engine import closing
from ._engine.meters import (
    CountingOutbox,
    Meter,
    take_outbox_over,
    take_slot_over,
)
from ._engine.outbox import EMPTY_OUTBOX, Outbox
from .internet import error, fdesc
from .internet._starttls import _Underneath
from .internet.abstract import FileDescriptor
from .internet.process import Process, ProcessReader, ProcessWriter, PTYProcess
from .internet.stdio import StandardIO
from .python import log
from .python.failure import Failure

__all__ = [
    "Reaction",
    "limit_buffer",
    "limit_process_buffers",
    "observe",
    "observe_process",
]


class Reaction(Enum):
    """What is done when more is buffered than the cap allows; the value will do as well."""

    #: Say so in the log, once.
    WARN_ONCE = "warn once"
    #: Read nothing from that connection until half of the cap is free again.
    PAUSE_READER = "pause reader"
    #: Drop the connection, as ``abortConnection`` does.
    ABORT = "abort"


#: The sums over all transports that are counted.
_process = Meter(time.monotonic)
#: Every transport that is counted and not lost.
_counted: WeakSet[_Counted] = WeakSet()


class _Counted:
    """One transport, with all its parts, and what is done about it.

    :ivar meter: its counters.
    """

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.meter = Meter(time.monotonic, _process)
        self.layer: Any = None
        self._ends: list[Any] = []
        self._reading_held_for: set[str] = set()
        self._wants_to_read = False
        self._hooked: list[tuple[Any, str]] = []
        self._gates: list[tuple[Any, str, Any, Any]] = []
        self._resume: Callable[[], object] = bool
        self._has_warned = False
        _counted.add(self)

    # -- counting

    def count(self) -> None:
        """Take the place of outboxes and slots, and look at what arrives."""
        writers, readers = _descriptors_of(self.transport)
        for end in dict.fromkeys([*writers, *readers]):
            if end not in self._ends and not end.disconnected:
                end._slot = take_slot_over(end._slot, self.meter, partial(self._lost, end))
                self._ends.append(end)
                if end in writers:
                    end._outbox = take_outbox_over(end._outbox, self.meter)
                if end in readers:
                    self._count_reader(end)
        protocol: Any = getattr(self.transport, "protocol", None)
        outbox = getattr(protocol, "_outbox", None)
        if isinstance(self.transport, FileDescriptor) and isinstance(outbox, Outbox):
            self.layer = protocol  # TLS keeps what OpenSSL cannot take yet
            if not isinstance(outbox, CountingOutbox):
                protocol._outbox = take_outbox_over(outbox, self.meter, is_below=False)

    def _hook(self, target: Any, name: str, make: Callable[[Any], Any]) -> None:
        if name not in vars(target):
            setattr(target, name, make(getattr(target, name)))
            self._hooked.append((target, name))

    def _count_reader(self, reader: Any) -> None:
        arrived = self.meter.arrived

        def counting(deliver: Any) -> Any:
            def delivering(data: Any) -> Any:
                if data:
                    arrived(len(data))
                return deliver(data)

            return delivering

        if isinstance(reader, ProcessReader):
            self._hook(reader, "dataReceived", counting)
        elif isinstance(reader, PTYProcess):
            deliver = counting(lambda data: reader.proto.childDataReceived(1, data))
            self._hook(reader, "doRead", lambda _: lambda: fdesc.readFromFD(reader.fd, deliver))
        elif hasattr(reader, "_dataReceived"):
            self._hook(reader, "_dataReceived", counting)
            self._count_splices(reader)

    def _count_splices(self, connection: Any) -> None:
        """What a relay moves passes by the protocol and, if there is room, by the outbox."""
        meter = self.meter

        def taking(take: Any) -> Any:
            def take_into_pipe(receiver: Any) -> Any:
                content = take(receiver)
                meter.arrived(getattr(content, "remaining_bytes", 0))
                return content

            return take_into_pipe

        def forwarding(forward: Any) -> Any:
            def forward_content(content: Any) -> None:
                before = content.remaining_bytes
                forward(content)
                meter.passed(before - content.remaining_bytes)

            return forward_content

        self._hook(connection, "_take_into_pipe", taking)
        self._hook(connection, "_forward", forwarding)

    def _lost(self, end: Any) -> None:
        """A descriptor is lost; with the last one, all that is ours goes but the counters."""
        self._ends.remove(end)
        if not self._ends:
            self._close_gates()
            for target, name in self._hooked:
                vars(target).pop(name, None)
            self._hooked.clear()
            self.meter.exceeded = self.meter.relieved = None
            self.transport._counted = self.meter
            _counted.discard(self)

    # -- reactions

    def warn_once(self, what: str, held: int, cap: int) -> None:
        """Say in the log that it is too much."""
        if not self._has_warned:
            self._has_warned = True
            _say(f"{self.transport!r}: {what}", held, cap, "")

    @property
    def _top(self) -> Any:
        """What the application pauses, resumes and aborts."""
        is_taken_over = self.layer is not None and getattr(self.transport, "TLS", False)
        return self.transport if self.layer is None or is_taken_over else self.layer

    def _is_reading(self) -> bool:
        if self.layer is not None:
            return not self.layer._is_reading_paused
        readers = _descriptors_of(self.transport)[1]
        if not readers:
            return False
        watched = readers[0].reactor.getReaders()
        return any(reader is each for reader in readers for each in watched)

    def hold_reading(self, why: str) -> None:
        """Read nothing for the time being; what the application asks for is done afterwards."""
        if not self._ends:
            return
        self._reading_held_for.add(why)
        if self._gates:
            return
        top = self._top
        self._wants_to_read = self._is_reading()
        self._resume = top.resumeProducing
        top.pauseProducing()

        def pause() -> None:
            self._wants_to_read = False

        def resume() -> None:
            self._wants_to_read = True

        for name, gate in (("pauseProducing", pause), ("resumeProducing", resume)):
            self._gates.append((top, name, gate, vars(top).get(name)))
            setattr(top, name, gate)

    def release_reading(self, why: str) -> None:
        """One reason not to read is gone (contract X3)."""
        self._reading_held_for.discard(why)
        if self._gates and not self._reading_held_for:
            self._close_gates()
            if self._wants_to_read:
                self._resume()

    def _close_gates(self) -> None:
        for top, name, gate, before in self._gates:
            if vars(top).get(name) is not gate:
                continue  # startTLS has put its own there
            if before is None:
                delattr(top, name)
            else:
                setattr(top, name, before)
        self._gates.clear()
        self._reading_held_for.clear()

    def abort(self, what: str, held: int, cap: int) -> None:
        """Drop the connection."""
        senders = [end for end in self._ends if isinstance(end._outbox, CountingOutbox)]
        if all(end._aborting for end in senders):
            return
        _say(f"{self.transport!r}: {what}", held, cap, ": aborted")
        top = self._top
        if hasattr(top, "abortConnection"):
            top.abortConnection()
            return
        # Pipes and terminals have no abort of their own: this is what it does for sockets.
        reason = Failure(error.ConnectionAborted())
        for end in senders:
            end._take(closing.Step.ABORT)
            whole = top if isinstance(top, StandardIO) else end
            end.reactor.callLater(0, _lose, whole, reason)


def _lose(transport: Any, reason: Failure) -> None:
    if not transport.disconnected:
        transport.connectionLost(reason)


def _say(what: str, held: int, cap: int, done: str) -> None:
    log.msg(f"{what}: {held} bytes are buffered, more than {cap}{done}", system="pcstream.limits")


def _base_of(transport: Any) -> Any:
    """The transport at the bottom of TLS and other wrappers.

    :raises TypeError: there is none that can be counted.
    """
    base = transport
    for _ in range(16):
        if isinstance(base, _Underneath):
            base = base._transport
        elif isinstance(base, (ProcessReader, ProcessWriter)):
            base = base.proc
        elif isinstance(base, (FileDescriptor, StandardIO, Process)):
            return base
        else:
            base = vars(base).get("transport") if hasattr(base, "__dict__") else None
            if base is None:
                break
    raise TypeError(f"{transport!r} is no transport of pcstream's that can be counted")


def _descriptors_of(base: Any) -> tuple[list[Any], list[Any]]:
    """What sends, and what receives."""
    if isinstance(base, StandardIO):
        return _there(base._writer), _there(base._reader)
    if isinstance(base, Process):
        pipes = list(base.pipes.values())
        readers = [pipe for pipe in pipes if isinstance(pipe, ProcessReader)]
        return [pipe for pipe in pipes if isinstance(pipe, ProcessWriter)], readers
    return [base], [base]


def _there(side: Any) -> list[Any]:
    return [] if side is None else [side]


def _counted_of(transport: Any) -> _Counted | Meter:
    """What counts *transport*, from now on; or its counters, if the connection is lost."""
    base = _base_of(transport)
    known = vars(base).get("_counted")
    if isinstance(known, Meter):
        return known
    if known is None:
        known = base._counted = _Counted(base)
    known.count()
    found: _Counted = known
    return found


def observe(transport: Any) -> Meter:
    """The counters of *transport*, which is counted from now on.

    TCP and UNIX connections, standard input and output, and child processes can be counted, also
    below TLS and other wrappers; bytes are then those below, and what waits for OpenSSL counts as
    buffered. After ``startTLS``, ask anew.

    What moves by ``sendfile`` and ``splice`` goes on doing so, and is counted.

    :param transport: the transport, or what a protocol has for one.
    :returns: counters that go on counting. They can be read at any time, also after the
        connection is lost.
    :raises TypeError: it is not one of pcstream's.
    """
    counted = _counted_of(transport)
    return counted if isinstance(counted, Meter) else counted.meter


def observe_process() -> Meter:
    """The sums over all transports, which are counted from now on.

    A transport that exists is counted if something has been written to it, another one from its
    first write on. What those have received that are never written to does not show.
    """
    if FileDescriptor._new_outbox is not _new_counted_outbox:
        FileDescriptor._new_outbox = staticmethod(_new_counted_outbox)
        for each in gc.get_objects():
            if isinstance(each, FileDescriptor) and each.connected:
                if each._outbox is not EMPTY_OUTBOX:
                    _counted_of(each)
    return _process


def _new_counted_outbox(owner: Any) -> Outbox:
    """The outbox of a transport that is written to for the first time."""
    try:
        _counted_of(owner)
    except TypeError:
        return Outbox()  # made by hand, and of no process
    outbox: Outbox = owner._outbox
    return outbox if outbox is not EMPTY_OUTBOX else Outbox()


def limit_buffer(
    transport: Any, bytes: int | None, reaction: Reaction | str = Reaction.WARN_ONCE
) -> Meter:
    """Have *reaction* follow when *transport* has more than *bytes* in memory that wait to be sent.

    Stretches of files do not count: they are not in memory. A producer that is registered is paced
    by ``bufferSize`` as ever, whatever the cap.

    :param transport: as for :func:`observe`.
    :param bytes: the cap; None to have none any more.
    :param reaction: what follows, inside the write that exceeds it.
    :returns: the transport's counters.
    :raises TypeError: it is not one of pcstream's transports.
    :raises ValueError: there is no such reaction, or the cap is below 0.
    """
    reaction = Reaction(reaction)
    _check(bytes)
    counted = _counted_of(transport)
    if isinstance(counted, Meter):
        return counted  # nothing will ever be added
    meter = counted.meter

    def exceeded(grown: Meter) -> None:
        held, cap = meter.buffered, bytes or 0
        if reaction is Reaction.WARN_ONCE:
            counted.warn_once("too much waits to be sent", held, cap)
        elif reaction is Reaction.ABORT:
            counted.abort("too much waits to be sent", held, cap)
        else:
            counted.hold_reading("its own cap")
            meter.relieved = relieved

    def relieved() -> None:
        meter.relieved = None
        counted.release_reading("its own cap")

    relieved()
    counted._has_warned = False
    meter.cap = bytes
    meter.exceeded = None if bytes is None else exceeded
    meter.look()
    return meter


def limit_process_buffers(
    bytes: int | None, reaction: Reaction | str = Reaction.WARN_ONCE
) -> Meter:
    """Have *reaction* follow when all transports together have more than *bytes* in memory.

    To pause readers means those of each connection that is written to while there is too much; they
    go on when half of the cap is free. To abort means the connection that has most, and then the
    next, until there is room. From this call on, all transports are counted; see
    :func:`observe_process`.

    :param bytes: the cap; None to have none any more, and count no others than before.
    :param reaction: what follows, inside the write that exceeds it.
    :returns: the sums over all transports.
    :raises ValueError: there is no such reaction, or the cap is below 0.
    """
    reaction = Reaction(reaction)
    _check(bytes)
    held_back: list[_Counted] = []
    has_warned = False

    def exceeded(grown: Meter) -> None:
        nonlocal has_warned
        held, cap = _process.buffered, bytes or 0
        if reaction is Reaction.WARN_ONCE:
            if not has_warned:
                has_warned = True
                _say("too much waits to be sent by the process", held, cap, "")
        elif reaction is Reaction.ABORT:
            _abort_the_largest(cap)
        else:
            for counted in [each for each in _counted if each.meter is grown]:
                counted.hold_reading("the process's cap")
                held_back.append(counted)
            _process.relieved = relieved

    def relieved() -> None:
        _process.relieved = None
        while held_back:
            held_back.pop().release_reading("the process's cap")

    if _process.relieved is not None:
        _process.relieved()
    _process.cap = bytes
    _process.exceeded = None if bytes is None else exceeded
    if bytes is None:
        FileDescriptor._new_outbox = staticmethod(_new_plain_outbox)
        return _process
    observe_process()
    _process.look()
    return _process


def _new_plain_outbox(owner: Any) -> Outbox:
    return Outbox()


def _abort_the_largest(cap: int) -> None:
    before = None
    while _process.buffered > cap and _process.buffered != before:
        before = _process.buffered
        largest = max(_counted, key=lambda counted: counted.meter.buffered)
        largest.abort("the process has too much to send, and this has most of it", before, cap)


def _check(cap: int | None) -> None:
    if cap is not None and cap < 0:
        raise ValueError(f"a cap of {cap} bytes cannot be kept")

"""Counts what goes through one transport, without the transport's doing anything for it.

A transport that is to be counted gets another outbox and another producer slot: a
:class:`CountingOutbox`, whose size cannot change unseen, and a :class:`CountingSlot`, which sees
each pause.  Both work as those they take the place of.  All others pay nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .outbox import EMPTY_OUTBOX, Outbox, Segment
from .producer_slot import DEAD_SLOT, VACANT_SLOT, ProducerSlot, State

__all__ = ["CountingOutbox", "CountingSlot", "Meter", "take_outbox_over", "take_slot_over"]

# Contract C9 resumes at 0; whoever is held for a cap goes on when so much of it is free.
_RELIEVED_AT = 0.5


class Meter:
    """The counters of one transport, or the sums of several; all in bytes and seconds.

    :ivar received: bytes that have arrived.
    :ivar accepted: bytes that were written and taken.
    :ivar sent: of these, what the system has taken.
    :ivar dropped: of these, what can be sent no more.
    :ivar queued: of these, what waits to be sent, in memory or not.
    :ivar on_disk: of these, what is in files: stretches that the system sends by itself.
    :ivar peak: the most that was buffered at any time.
    :ivar pauses: how often the registered push producer was told to pause.
    """

    def __init__(self, clock: Callable[[], float], parent: Meter | None = None) -> None:
        """
        :param clock: tells the time in seconds.
        :param parent: counts the same, and what others count.
        """
        self.received = self.accepted = self.sent = self.dropped = 0
        self.queued = self.on_disk = self.peak = self.pauses = 0
        self._clock = clock
        self._parent = parent
        #: More than this is too much to be buffered; None if nothing is.
        self.cap: int | None = None
        #: Called, if it is too much, with the meter that grew; whenever one grows.
        self.exceeded: Callable[[Meter], object] | None = None
        #: Called once half of the cap is free again; it is set by whoever waits for that.
        self.relieved: Callable[[], object] | None = None
        self._paused_s = 0.0
        # Those that are paused now, and the sum of the times at which they were.
        self._paused_now = 0
        self._paused_since = self._pause_began = 0.0

    @property
    def buffered(self) -> int:
        """Bytes in memory that wait to be sent."""
        return self.queued - self.on_disk

    @property
    def time_paused(self) -> float:
        """How long push producers have been paused, in all, in seconds."""
        return self._paused_s + self._paused_now * self._clock() - self._paused_since

    def snapshot(self) -> dict[str, float]:
        """All counters by their names, as they are now."""
        return {
            "received": self.received,
            "accepted": self.accepted,
            "sent": self.sent,
            "dropped": self.dropped,
            "buffered": self.buffered,
            "on_disk": self.on_disk,
            "peak": self.peak,
            "pauses": self.pauses,
            "time_paused": self.time_paused,
        }

    def __repr__(self) -> str:
        told = ", ".join(f"{name} {round(value, 6)}" for name, value in self.snapshot().items())
        return f"<{type(self).__name__}: {told}>"

    # -- what is counted

    def arrived(self, count: int) -> None:
        """*count* bytes have been received."""
        self.received += count
        if self._parent is not None:
            self._parent.arrived(count)

    def passed(self, count: int) -> None:
        """*count* bytes were written and sent at once."""
        self.accepted += count
        self.sent += count
        if self._parent is not None:
            self._parent.passed(count)

    def grew(self, count: int, *, on_disk: int = 0, is_new: bool = True) -> None:
        """*count* bytes wait in addition.

        :param on_disk: how many of them are in a file.
        :param is_new: False if they come from a layer above, and are accepted later.
        """
        meter: Meter | None = self
        while meter is not None:
            if is_new:
                meter.accepted += count
            meter.queued += count
            meter.on_disk += on_disk
            if meter.queued - meter.on_disk > meter.peak:
                meter.peak = meter.queued - meter.on_disk
            meter = meter._parent
        self.look()

    def look(self) -> None:
        """See whether there is too much."""
        meter: Meter | None = self
        while meter is not None:
            # One by one: what the first one does about it may help the next.
            if meter.cap is not None and meter.queued - meter.on_disk > meter.cap:
                if meter.exceeded is not None:
                    meter.exceeded(self)
            meter = meter._parent

    def shrank(self, count: int, *, on_disk: int = 0, sent: int = 0, dropped: int = 0) -> None:
        """*count* bytes wait no more; those of another layer were neither sent nor dropped."""
        meter: Meter | None = self
        while meter is not None:
            meter.sent += sent
            meter.dropped += dropped
            meter.queued -= count
            meter.on_disk -= on_disk
            relieved = meter.relieved
            if relieved is not None:
                limit = (meter.cap or 0) * _RELIEVED_AT
                if meter.cap is None or meter.queued - meter.on_disk <= limit:
                    relieved()
            meter = meter._parent

    def paused(self) -> None:
        """The producer is told to pause."""
        meter: Meter | None = self
        now = self._clock()
        while meter is not None:
            meter.pauses += 1
            meter._paused_now += 1
            meter._paused_since += now
            meter = meter._parent
        self._pause_began = now

    def resumed(self) -> None:
        """It goes on, or is gone."""
        meter: Meter | None = self
        now = self._clock()
        while meter is not None:
            meter._paused_now -= 1
            meter._paused_since -= self._pause_began
            meter._paused_s += now - self._pause_began
            meter = meter._parent


# What Outbox keeps its size in: the property below stands before it.
_SIZE: Any = vars(Outbox)["size"]


class CountingOutbox(Outbox):
    """An outbox that tells a meter of every change.

    Appending to ``pieces`` and adding to ``size`` is still all it takes to queue bytes.
    """

    __slots__ = ("_drops", "_files", "_is_below", "meter")

    def __init__(self, meter: Meter, *, is_below: bool = True) -> None:
        """
        :param is_below: whether what goes out here has left; False for the outbox of a layer above
            the transport, whose bytes are then written to that.
        """
        self.meter = meter
        self._is_below = is_below
        self._drops = False
        self._files: list[tuple[Any, int]] = []  # the stretches, and what each has on the books
        _SIZE.__set__(self, 0)
        super().__init__()

    @property
    def size(self) -> int:
        """Unsent bytes."""
        size: int = _SIZE.__get__(self)
        return size

    @size.setter
    def size(self, size: int) -> None:
        change = size - _SIZE.__get__(self)
        _SIZE.__set__(self, size)
        if change > 0:
            self.meter.grew(change, is_new=self._is_below)
        elif change < 0:
            if not self._is_below:
                self.meter.shrank(-change)
            elif self._drops:
                self.meter.shrank(-change, dropped=-change)
            else:
                self.meter.shrank(-change, sent=-change)

    def append_segment(self, segment: Segment) -> None:
        """Queue a segment; a stretch of a file takes no memory."""
        count = segment.remaining_bytes
        if count and hasattr(segment, "file"):
            self._files.append((segment, count))
            # First, so that the bytes are never counted as buffered.
            self.meter.grew(0, on_disk=count)
        super().append_segment(segment)

    def _settle_files(self) -> None:
        """Take note of what has become of the stretches."""
        if self._files:
            pieces = self.pieces
            left = [
                (stretch, stretch.remaining_bytes)
                for stretch, _ in self._files
                if stretch.remaining_bytes and stretch in pieces
            ]
            gone = sum(count for _, count in self._files) - sum(count for _, count in left)
            self._files = left
            self.meter.shrank(0, on_disk=gone)

    def settle_head(self, before: int) -> None:
        """The first piece has become shorter by itself: that much is never sent."""
        self._drops = True
        super().settle_head(before)
        self._drops = False
        self._settle_files()

    def withdraw(self, segment: Segment) -> None:
        """Take *segment* out again."""
        self._drops = True
        super().withdraw(segment)
        self._drops = False
        self._settle_files()

    def consume(self, count: int) -> None:
        """Drop what has been sent."""
        super().consume(count)
        self._settle_files()

    def clear(self) -> None:
        """Drop everything."""
        self._drops = True
        super().clear()
        self._drops = False
        self._settle_files()


_PIECES: Any = vars(Outbox)["pieces"]


def _of_the_new_one(name: str) -> Any:
    """An attribute of the outbox that has taken the place."""

    def get(moved: Any) -> Any:
        return getattr(_PIECES.__get__(moved), name)

    def put(moved: Any, value: Any) -> None:
        setattr(_PIECES.__get__(moved), name, value)

    return property(get, put)


class _MovedOutbox(Outbox):
    """What an outbox becomes when another takes its place: somebody may be in the middle of it."""

    __slots__ = ()

    pieces = _of_the_new_one("pieces")
    size = _of_the_new_one("size")
    _head = _of_the_new_one("_head")
    _offset = _of_the_new_one("_offset")
    _segments = _of_the_new_one("_segments")
    # Of those that change something, the ones that the new one does differently.
    append_segment = _of_the_new_one("append_segment")
    settle_head = _of_the_new_one("settle_head")
    withdraw = _of_the_new_one("withdraw")
    consume = _of_the_new_one("consume")
    clear = _of_the_new_one("clear")


def take_outbox_over(old: Outbox, meter: Meter, *, is_below: bool = True) -> CountingOutbox:
    """An outbox with all that is in *old*, and in its place."""
    new = CountingOutbox(meter, is_below=is_below)
    if old is EMPTY_OUTBOX:
        return new
    new.pieces = old.pieces
    new._head, new._offset, new._segments = old._head, old._offset, old._segments
    _SIZE.__set__(new, old.size)
    new._files = [(piece, piece.remaining_bytes) for piece in old.pieces if hasattr(piece, "file")]
    if old.size:
        meter.grew(old.size, on_disk=sum(count for _, count in new._files), is_new=is_below)
    _PIECES.__set__(old, new)
    old.__class__ = _MovedOutbox
    return new


class CountingSlot(ProducerSlot):
    """A producer slot that tells a meter of each pause, and somebody of the end."""

    __slots__ = ("gone", "meter")

    def __init__(self, meter: Meter, gone: Callable[[], object]) -> None:
        """
        :param gone: called when the connection is lost.
        """
        super().__init__()
        self.meter = meter
        self.gone = gone

    def overfull(self) -> None:
        """A flowing push producer is paused."""
        if self.state is State.PUSH_FLOWING:
            self.meter.paused()
        super().overfull()

    def drained(self) -> bool:
        """A paused one is resumed."""
        self._note_resume()
        return super().drained()

    def unregister(self) -> None:
        """It needs no resume any more."""
        self._note_resume()
        super().unregister()

    def cut_off(self) -> None:
        """It gets no resume any more."""
        self._note_resume()
        super().cut_off()

    def lost(self) -> None:
        """The connection is gone."""
        self._note_resume()
        super().lost()
        self.gone()

    def _note_resume(self) -> None:
        if self.state is State.PUSH_PAUSED:
            self.meter.resumed()


_PRODUCER: Any = vars(ProducerSlot)["producer"]


class _MovedSlot(ProducerSlot):
    """What a slot becomes when another takes its place; it may be in the middle of a call."""

    __slots__ = ()

    @property
    def producer(self) -> Any:
        """Whoever is in the new slot."""
        return _PRODUCER.__get__(self).producer

    def unregister(self) -> None:
        """The new slot's."""
        _PRODUCER.__get__(self).unregister()


def take_slot_over(old: ProducerSlot, meter: Meter, gone: Callable[[], object]) -> CountingSlot:
    """A slot with whoever is in *old*, and in its place."""
    new = CountingSlot(meter, gone)
    new.state, new.producer, new._streaming = old.state, old.producer, old._streaming
    if old.state is State.PUSH_PAUSED:
        meter.paused()
    if old is not VACANT_SLOT and old is not DEAD_SLOT:
        _PRODUCER.__set__(old, new)
        old.__class__ = _MovedSlot
    return new

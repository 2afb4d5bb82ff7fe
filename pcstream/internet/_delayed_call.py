"""One call that a clock will make later."""

from __future__ import annotations

import time as _time
from collections.abc import Callable, Sequence
from typing import Any

from zope.interface import implementer

from pcstream.internet import error
from pcstream.internet.interfaces import IDelayedCall
from pcstream.python._safe_text import safe_repr

__all__ = ["DelayedCall"]

Canceller = Callable[["DelayedCall"], None]


@implementer(IDelayedCall)
class DelayedCall:
    """A call to be made at ``time + delayed_time``.

    Putting a call off only raises ``delayed_time``; bringing it forward sets ``time`` and tells
    ``resetter``. So a time-out that is pushed back at each event costs an addition.

    :param time: when to call, by ``seconds``.
    :param cancel: told once when the call is cancelled.
    :param reset: told when the call has been brought forward.
    """

    # The dictionary is there for the class attributes below and stays empty otherwise.
    __slots__ = (
        "__dict__",
        "__weakref__",
        "args",
        "called",
        "cancelled",
        "canceller",
        "delayed_time",
        "func",
        "kw",
        "number",
        "resetter",
        "seconds",
        "time",
    )

    #: Set on the class: calls made from then on remember where they were made.
    debug = False
    creator: list[str] | None = None
    _repr: str | None = None

    def __init__(
        self,
        time: float,
        func: Callable[..., Any],
        args: Sequence[object],
        kw: dict[str, object],
        cancel: Canceller,
        reset: Canceller,
        seconds: Callable[[], float] = _time.time,
    ) -> None:
        self.time = time
        self.func = func
        self.args = args
        self.kw = kw
        self.canceller = cancel
        self.resetter = reset
        self.seconds = seconds
        self.cancelled = self.called = 0
        self.delayed_time = 0.0
        self.number = -1  # its place among the deadlines; -1 is none yet
        if self.debug:
            from traceback import format_stack  # which costs much to import

            self.creator = format_stack()[:-2]

    def getTime(self) -> float:
        """When the call will be made."""
        return self.time + self.delayed_time

    def cancel(self) -> None:
        """Do not make the call.

        :raises AlreadyCalled: it has been made.
        :raises AlreadyCancelled: it has been cancelled.
        """
        if self.cancelled or self.called:
            self._refuse()
        self.canceller(self)
        self.cancelled = 1
        if self.debug:
            self._repr = repr(self)
        # What the call would have used can go now, though the entry stays for a while.
        del self.func, self.args, self.kw

    def reset(self, secondsFromNow: float) -> None:
        """Make the call that long after now instead.

        :raises AlreadyCalled: it has been made.
        :raises AlreadyCancelled: it has been cancelled.
        """
        if self.cancelled or self.called:
            self._refuse()
        when = self.seconds() + secondsFromNow
        if when < self.time:
            self.delayed_time = 0.0
            self.time = when
            self.resetter(self)
        else:
            self.delayed_time = when - self.time

    def delay(self, secondsLater: float) -> None:
        """Make the call that much later than planned; earlier if negative.

        :raises AlreadyCalled: it has been made.
        :raises AlreadyCancelled: it has been cancelled.
        """
        if self.cancelled or self.called:
            self._refuse()
        self.delayed_time += secondsLater
        if self.delayed_time < 0.0:
            self.activate_delay()
            self.resetter(self)

    def activate_delay(self) -> None:
        """Count what was put off into ``time``."""
        self.time += self.delayed_time
        self.delayed_time = 0.0

    def active(self) -> bool:
        """Whether the call is still to be made."""
        return not (self.cancelled or self.called)

    def _refuse(self) -> None:
        raise error.AlreadyCancelled() if self.cancelled else error.AlreadyCalled()

    def __le__(self, other: DelayedCall) -> bool:
        return self.time <= other.time

    def __lt__(self, other: DelayedCall) -> bool:
        return self.time < other.time

    def __repr__(self) -> str:
        if self._repr is not None:
            return self._repr
        parts = [
            f"<DelayedCall 0x{id(self):x} [{self.time - self.seconds()}s] "
            f"called={self.called} cancelled={self.cancelled}"
        ]
        if hasattr(self, "func"):
            name = getattr(self.func, "__qualname__", None) or safe_repr(self.func)
            shown = [safe_repr(value) for value in self.args]
            shown += [f"{key}={safe_repr(value)}" for key, value in self.kw.items()]
            parts.append(f" {name}({', '.join(shown)})")
        if self.creator is not None:
            parts.append("\n\ntraceback at creation: \n\n" + "    ".join(self.creator))
        parts.append(">")
        return "".join(parts)

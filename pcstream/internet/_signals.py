"""Twisted's private names for the engine's wakers and signal handling."""

from __future__ import annotations

from pcstream._engine.signals import ChildSignals as _ChildSignalHandling
from pcstream._engine.signals import NoSignals as _WithoutSignalHandling
from pcstream._engine.signals import SeveralSignals as _MultiSignalHandling
from pcstream._engine.signals import (
    SignalHandling,
    installHandler,
    isDefaultHandler,
)
from pcstream._engine.signals import StopSignals as _WithSignalHandling
from pcstream._engine.wakeup import ChildWaker as _SIGCHLDWaker
from pcstream._engine.wakeup import IWaker as _IWaker
from pcstream._engine.wakeup import PipeReader as _FDWaker
from pcstream._engine.wakeup import Waker as _UnixWaker

_Waker = _UnixWaker

__all__ = [
    "SignalHandling",
    "_ChildSignalHandling",
    "_FDWaker",
    "_IWaker",
    "_MultiSignalHandling",
    "_SIGCHLDWaker",
    "_UnixWaker",
    "_Waker",
    "_WithSignalHandling",
    "_WithoutSignalHandling",
    "installHandler",
    "isDefaultHandler",
]

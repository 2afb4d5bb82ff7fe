"""The observers that come with the log: to a file, to :mod:`logging`, to the error stream."""

from __future__ import annotations

import io
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from ._log_text import EventDict, _safeFormat, textFromEventDict

_LOG = "pcstream.python.log"


class _GlobalStartStopObserver(ABC):
    """An observer that can put itself into the log and take itself out again."""

    __module__ = _LOG

    @abstractmethod
    def emit(self, eventDict: EventDict) -> None:
        """Observe one event."""

    def start(self) -> None:
        """Observe from now on."""
        from . import log

        log.addObserver(self.emit)

    def stop(self) -> None:
        """Observe no longer."""
        from . import log

        log.removeObserver(self.emit)


def _takes_bytes(f: Any) -> bool:
    if isinstance(f, io.TextIOBase):
        return False
    if isinstance(f, (io.RawIOBase, io.BufferedIOBase)):
        return True
    mode = getattr(f, "mode", "")
    return isinstance(mode, str) and "b" in mode and not hasattr(f, "encoding")


class FileLogObserver(_GlobalStartStopObserver):
    """Writes events to a file, a line each, continuation lines behind a tab.

    :param f: what to write to; text, or bytes in UTF-8 if it is a binary file.
    :cvar timeFormat: a :func:`time.strftime` format, with ``%f`` for microseconds; None for
        ``2026-01-31 12:00:00+0000``.
    """

    __module__ = _LOG

    timeFormat: str | None = None

    def __init__(self, f: Any) -> None:
        self.write: Callable[[str], object]
        if _takes_bytes(f):
            self.write = lambda text: f.write(text.encode("utf-8"))
        else:
            self.write = f.write
        self.flush: Callable[[], object] = f.flush

    def getTimezoneOffset(self, when: float) -> float:
        """Seconds that local time is behind UTC at *when*."""
        return -float(time.localtime(when).tm_gmtoff)

    def formatTime(self, when: float) -> str:
        """*when* as local time."""
        if self.timeFormat is not None:
            # knows microseconds, which time.strftime does not
            from datetime import datetime

            return datetime.fromtimestamp(when).strftime(self.timeFormat)
        offset = -self.getTimezoneOffset(when)
        local = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(when + offset))
        hours, minutes = divmod(int(abs(offset)) // 60, 60)
        sign = "-" if offset < 0 else "+"
        return f"{local}{sign}{hours:02d}{minutes:02d}"

    def emit(self, eventDict: EventDict) -> None:
        """Write the event, if it has a text."""
        text = textFromEventDict(eventDict)
        if text is None:
            return
        line = _safeFormat(
            "[%(system)s] %(text)s\n",
            {"system": eventDict["system"], "text": text.replace("\n", "\n\t")},
        )
        self.write(f"{self.formatTime(eventDict['time'])} {line}")
        self.flush()


INFO, ERROR, CRITICAL = 20, 40, 50
""":mod:`logging`'s levels, which are documented to be these numbers."""


class PythonLoggingObserver(_GlobalStartStopObserver):
    """Hands events to a logger of :mod:`logging`, in place of the one that gets them anyway.

    Errors become critical, all else informational, unless ``logLevel`` says otherwise.

    :param loggerName: the logger's name.
    """

    __module__ = _LOG

    def __init__(self, loggerName: str = "twisted") -> None:
        # asyncio's users have it loaded, others may never need it
        import logging

        self.logger = logging.getLogger(loggerName)

    def emit(self, eventDict: EventDict) -> None:
        """Log the event, if it has a text."""
        if "logLevel" in eventDict:
            level = eventDict["logLevel"]
        elif eventDict["isError"]:
            level = CRITICAL
        else:
            level = INFO
        text = textFromEventDict(eventDict)
        if text is None:
            return
        self.logger.log(level, "%s", text)


class DefaultObserver(_GlobalStartStopObserver):
    """Writes errors, and only errors, to the standard error stream."""

    __module__ = _LOG

    stderr: Any = sys.stderr

    def emit(self, eventDict: EventDict) -> None:
        """Write the event if it is an error."""
        if eventDict["isError"]:
            text = textFromEventDict(eventDict)
            if text is None:
                return
            self.stderr.write(text + "\n")
            self.stderr.flush()

"""Log files that begin anew when they are long, or each day."""

from __future__ import annotations

import os
import stat
import time
from itertools import islice
from typing import Any, BinaryIO, TextIO, cast

from . import threadable

#: of a log file that is not told when to rotate
ROTATE_BYTES = 1000000
#: no one else reads the file before its mode is set
NOBODY = 0o777


class BaseLogFile:
    """A file that is written to at its end, and moved aside from time to time.

    A subclass says when, in :meth:`shouldRotate`, and how, in ``rotate``.

    :param defaultMode: permission bits of the file; by default those that it has.
    :ivar path: of the file.
    :ivar closed: whether it is closed.
    """

    synchronized = ["write", "rotate"]

    _file: BinaryIO

    def __init__(self, name: str, directory: str, defaultMode: int | None = None) -> None:
        self.directory = directory
        self.name = name
        self.path = os.path.join(directory, name)
        if defaultMode is None and os.path.exists(self.path):
            defaultMode = stat.S_IMODE(os.stat(self.path).st_mode)
        self.defaultMode = defaultMode
        self._openFile()

    @classmethod
    def fromFullPath(cls, filename: str, *args: Any, **kwargs: Any) -> Any:
        """The log file at a path."""
        whole = os.path.abspath(filename)
        return cls(os.path.basename(whole), os.path.dirname(whole), *args, **kwargs)

    def shouldRotate(self) -> bool:
        """Whether it is time to rotate."""
        raise NotImplementedError

    def rotate(self) -> None:
        """Move the file aside and begin a new one."""
        raise NotImplementedError

    def _openFile(self) -> None:
        self.closed = False
        if os.path.exists(self.path):
            self._file = cast(BinaryIO, open(self.path, "rb+", 0))
            self._file.seek(0, os.SEEK_END)
        elif self.defaultMode is None:
            self._file = cast(BinaryIO, open(self.path, "wb+", 0))
        else:
            before = os.umask(NOBODY)
            try:
                self._file = cast(BinaryIO, open(self.path, "wb+", 0))
            finally:
                os.umask(before)
        if self.defaultMode is not None:
            try:
                os.chmod(self.path, self.defaultMode)
            except OSError:
                pass  # somebody else's file, or a device; it can be written to all the same

    def write(self, data: str | bytes) -> None:
        """Write, after rotating if it is time."""
        if self.shouldRotate():
            self.flush()
            self.rotate()
        self._file.write(data.encode() if isinstance(data, str) else data)

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()

    def close(self) -> None:
        """Close the file. It cannot be written to any more."""
        self.closed = True
        self._file.close()
        del self._file

    def reopen(self) -> None:
        """Go on at the path, where the file was moved away or removed."""
        self.close()
        self._openFile()

    def getCurrentLog(self) -> LogReader:
        """A reader of the file that is written to."""
        self.flush()
        return LogReader(self.path)

    def _may_rotate(self) -> bool:
        return os.access(self.directory, os.W_OK) and os.access(self.path, os.W_OK)

    def _begin_anew(self, aside: str) -> None:
        self._file.close()
        os.rename(self.path, aside)
        self._openFile()

    def __getstate__(self) -> dict[str, Any]:
        unsaved = ("_file", "_threadable_lock")
        return {name: value for name, value in vars(self).items() if name not in unsaved}


class LogFile(BaseLogFile):
    """Begins anew when it is long; older ones are called ``.1``, ``.2`` and so on.

    :param rotateLength: bytes after which it does; never, if zero.
    :param maxRotatedFiles: how many older ones are kept; all, if None.
    :ivar size: bytes written to the file.
    """

    def __init__(
        self,
        name: str,
        directory: str,
        rotateLength: int = ROTATE_BYTES,
        defaultMode: int | None = None,
        maxRotatedFiles: int | None = None,
    ) -> None:
        super().__init__(name, directory, defaultMode)
        self.rotateLength = rotateLength
        self.maxRotatedFiles = maxRotatedFiles

    def _openFile(self) -> None:
        super()._openFile()
        self.size = self._file.tell()

    def shouldRotate(self) -> bool:
        """Whether the file is as long as it may be."""
        return bool(self.rotateLength) and self.size >= self.rotateLength

    def getLog(self, identifier: int) -> LogReader:
        """A reader of an older file.

        :raises ValueError: if there is none of this number.
        """
        path = "%s.%d" % (self.path, identifier)
        if not os.path.exists(path):
            raise ValueError("no such logfile exists")
        return LogReader(path)

    def write(self, data: str | bytes) -> None:
        """Write, after rotating if the file is long."""
        encoded = data.encode() if isinstance(data, str) else data
        super().write(encoded)
        self.size += len(encoded)

    def rotate(self) -> None:
        """Move the file aside and begin a new one, unless permissions forbid it."""
        if not self._may_rotate():
            return
        for number in reversed(self.listLogs()):
            if self.maxRotatedFiles is not None and number >= self.maxRotatedFiles:
                os.remove(f"{self.path}.{number}")
            else:
                os.rename(f"{self.path}.{number}", f"{self.path}.{number + 1}")
        self._begin_anew(f"{self.path}.1")

    def listLogs(self) -> list[int]:
        """The numbers of the older files, the newest first."""
        numbers = []
        for name in os.listdir(self.directory or os.curdir):
            stem, _, number = name.rpartition(".")
            if stem == self.name and number.isdecimal() and int(number):
                numbers.append(int(number))
        return sorted(numbers)


class DailyLogFile(BaseLogFile):
    """Begins anew each day; older ones end with their date.

    :ivar lastDate: the day of what was written last, as year, month and day.
    """

    lastDate: tuple[int, ...]

    def _openFile(self) -> None:
        super()._openFile()
        self.lastDate = self.toDate(os.stat(self.path).st_mtime)

    def shouldRotate(self) -> bool:
        """Whether a day has begun."""
        return self.toDate() > self.lastDate

    def toDate(self, *args: float) -> tuple[int, ...]:
        """Year, month and day of a time in seconds, by default of now."""
        return time.localtime(*args)[:3]

    def suffix(self, tupledate: tuple[int, ...] | float) -> str:
        """How a day's file ends; a time in seconds stands for its day."""
        day = tupledate if isinstance(tupledate, tuple) else self.toDate(tupledate)
        return "_".join(map(str, day))

    def getLog(self, identifier: float) -> LogReader:
        """A reader of the file of the day that a time in seconds is in.

        :raises ValueError: if there is none.
        """
        if self.toDate(identifier) == self.lastDate:
            return self.getCurrentLog()
        path = f"{self.path}.{self.suffix(identifier)}"
        if not os.path.exists(path):
            raise ValueError("no such logfile exists")
        return LogReader(path)

    def write(self, data: str | bytes) -> None:
        """Write, after rotating if a day has begun."""
        super().write(data)
        # clocks go back; the day does not
        self.lastDate = max(self.lastDate, self.toDate())

    def rotate(self) -> None:
        """Move the file aside and begin a new one, unless permissions or a file forbid it."""
        aside = f"{self.path}.{self.suffix(self.lastDate)}"
        if self._may_rotate() and not os.path.exists(aside):
            self._begin_anew(aside)


class LogReader:
    """Reads a log file line by line."""

    def __init__(self, name: str) -> None:
        self._file: TextIO = open(name)

    def readLines(self, lines: int = 10) -> list[str]:
        """At most so many of the next lines."""
        return list(islice(iter(self._file.readline, ""), lines))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


threadable.synchronize(BaseLogFile, LogFile, DailyLogFile)

"""Files that stand in for the standard streams once they lead into the log."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from io import UnsupportedOperation
from typing import NoReturn


class NullFile:
    """A file that forgets what is written to it."""

    softspace = 0

    def read(self) -> None:
        """There is nothing to read."""

    def write(self, bytes: object) -> None:
        """Forget *bytes*."""

    def flush(self) -> None:
        """There is nothing to flush."""

    def close(self) -> None:
        """There is nothing to close."""


class StdioOnnaStick:
    """A text file whose lines become log messages.

    :param isError: whether they are errors.
    :param encoding: what to decode bytes with and to show as the file's encoding; the default
        encoding unless given.
    """

    closed = 0
    softspace = 0
    mode = "wb"
    name = "<stdio (log)>"

    def __init__(self, isError: int | bool = 0, encoding: str | None = None) -> None:
        self.isError = isError
        self.encoding = encoding or sys.getdefaultencoding()
        self.buf = ""

    def close(self) -> None:
        """The log stays open."""

    def fileno(self) -> NoReturn:
        """There is no descriptor behind the log.

        :raises io.UnsupportedOperation: always.
        """
        raise UnsupportedOperation("fileno")

    def isatty(self) -> bool:
        """The log is no terminal."""
        return False

    def flush(self) -> None:
        """A line is logged when it is complete."""

    def read(self) -> NoReturn:
        """:raises OSError: always."""
        raise OSError("can't read from the log!")

    readline = read
    readlines = read
    seek = read
    tell = read

    def write(self, data: str | bytes) -> None:
        """Log the lines that *data* completes and keep the rest."""
        if isinstance(data, bytes):
            data = data.decode(self.encoding)
        *lines, self.buf = (self.buf + data).split("\n")
        self.writelines(lines)

    def writelines(self, lines: Iterable[str | bytes]) -> None:
        """Log each of *lines*."""
        from . import log

        for line in lines:
            if isinstance(line, bytes):
                line = line.decode(self.encoding)
            log.msg(line, printed=1, isError=self.isError)

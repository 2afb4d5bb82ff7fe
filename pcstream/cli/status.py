"""What the command's exit status says, one number a meaning, and the error that carries one."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """Exit statuses, the same for every verb; ends by a signal are 128 plus its number."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    TIMED_OUT = 3
    CUT_SHORT = 4
    UNREADABLE = 5
    PORT_IN_USE = 6
    ALTERED = 7
    OVERFULL = 8
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class Abandoned(Exception):
    """The verb cannot go on: a status and one line for a person.

    :param status: what the process ends with.
    :param line: what went wrong, without the program's name.
    """

    def __init__(self, status: Status, line: str) -> None:
        super().__init__(line)
        self.status = status
        self.line = line

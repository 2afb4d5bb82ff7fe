"""Who may read, write and execute a file."""

from __future__ import annotations

from stat import (
    S_IRGRP,
    S_IROTH,
    S_IRUSR,
    S_IWGRP,
    S_IWOTH,
    S_IWUSR,
    S_IXGRP,
    S_IXOTH,
    S_IXUSR,
)


class _EqualByAttributes:
    """Equal to another of its class if the attributes named in ``compareAttributes`` are."""

    compareAttributes: tuple[str, ...] = ()
    __hash__ = None  # type: ignore[assignment]  # they can change

    def __eq__(self, other: object) -> bool:
        if not isinstance(self, other.__class__):
            return NotImplemented
        return all(getattr(self, n) == getattr(other, n) for n in self.compareAttributes)


class RWX(_EqualByAttributes):
    """What one class of users may do.

    :ivar read: whether it may read.
    :ivar write: whether it may write.
    :ivar execute: whether it may execute, or pass through a directory.
    """

    compareAttributes = ("read", "write", "execute")

    def __init__(self, readable: bool, writable: bool, executable: bool) -> None:
        self.read = readable
        self.write = writable
        self.execute = executable

    def __repr__(self) -> str:
        return f"RWX(read={self.read}, write={self.write}, execute={self.execute})"

    def shorthand(self) -> str:
        """The three letters that ``ls -l`` shows."""
        allowed = (self.read, self.write, self.execute)
        return "".join(letter if may else "-" for letter, may in zip("rwx", allowed, strict=True))


class Permissions(_EqualByAttributes):
    """What each class of users may do.

    :ivar user: the file's owner.
    :ivar group: the file's group.
    :ivar other: everybody else.
    """

    compareAttributes = ("user", "group", "other")

    def __init__(self, statModeInt: int) -> None:
        def may(*bits: int) -> RWX:
            return RWX(*(bool(statModeInt & bit) for bit in bits))

        self.user = may(S_IRUSR, S_IWUSR, S_IXUSR)
        self.group = may(S_IRGRP, S_IWGRP, S_IXGRP)
        self.other = may(S_IROTH, S_IWOTH, S_IXOTH)

    def __repr__(self) -> str:
        return f"[{self.user} | {self.group} | {self.other}]"

    def shorthand(self) -> str:
        """The nine letters that ``ls -l`` shows."""
        return self.user.shorthand() + self.group.shorthand() + self.other.shorthand()

"""What can be said of a path by opening, listing and naming alone."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any, AnyStr, Generic, Literal, TypeVar, cast

FileMode = Literal["r", "w", "a", "r+", "w+", "a+"]
OtherAnyStr = TypeVar("OtherAnyStr", str, bytes)
_Self = TypeVar("_Self", bound="AbstractFilePath[Any]")

#: Listing failed because there is no such directory; anything else is passed on as it is.
NO_DIRECTORY = {errno.ENOENT, errno.ENOTDIR}


class LinkError(Exception):
    """Symbolic links lead in a circle."""


class UnlistableError(OSError):
    """What was to be listed is no directory.

    :ivar originalException: the error of the listing, whose attributes this one has too.
    """

    originalException: OSError

    def __init__(self, originalException: OSError):
        vars(self).update(vars(originalException))
        self.originalException = originalException


class AbstractFilePath(Generic[AnyStr]):
    """A path that can name its neighbours; the base of paths in other kinds of storage.

    A subclass has ``path`` and ``sep``, and says how to ``open``, ``listdir``, tell ``isdir``,
    and make its ``child`` and ``parent``.
    """

    path: AnyStr

    def getAccessTime(self) -> float:
        """When the file was last read, in seconds since the epoch."""
        raise NotImplementedError(type(self))

    def getModificationTime(self) -> float:
        """When the file was last written to, in seconds since the epoch."""
        raise NotImplementedError(type(self))

    def getStatusChangeTime(self) -> float:
        """When the file's properties last changed, in seconds since the epoch."""
        raise NotImplementedError(type(self))

    def open(self, mode: FileMode = "r") -> IO[bytes]:
        """The opened file, always binary."""
        raise NotImplementedError(type(self))

    def isdir(self) -> bool:
        """Whether this is a directory."""
        raise NotImplementedError(type(self))

    def basename(self) -> AnyStr:
        """The last segment."""
        raise NotImplementedError(type(self))

    def parent(self) -> AbstractFilePath[AnyStr]:
        """The directory that this is in; the root is its own parent."""
        raise NotImplementedError(type(self))

    def listdir(self) -> list[AnyStr]:
        """The names in this directory."""
        raise NotImplementedError(type(self))

    def child(self, path: OtherAnyStr) -> AbstractFilePath[OtherAnyStr]:
        """What is called *path* in this directory."""
        raise NotImplementedError(type(self))

    def getContent(self) -> bytes:
        """The whole file."""
        with self.open() as file:
            return file.read()

    def parents(self) -> Iterable[AbstractFilePath[AnyStr]]:
        """Every directory above, nearest first, the root last."""
        here: AbstractFilePath[AnyStr] = self
        above = here.parent()
        while above.path != here.path:
            yield above
            here, above = above, above.parent()

    def children(self: _Self) -> Iterable[_Self]:
        """A path for each name in this directory.

        :raises UnlistableError: if this is no directory.
        """
        try:
            names = self.listdir()
        except OSError as error:
            if error.errno in NO_DIRECTORY:
                raise UnlistableError(error) from error
            raise
        return [cast(_Self, self.child(name)) for name in names]

    def walk(self: _Self, descend: Callable[[_Self], bool] | None = None) -> Iterable[_Self]:
        """This path and everything below it, each directory before what is in it.

        :param descend: asked for each child that is a directory; where it says no, the child
            itself still comes, but nothing below.
        :raises LinkError: at a symbolic link to a directory that it is in.
        """
        yield self
        if not self.isdir():
            return
        for child in self.children():
            if descend is not None and not descend(child):
                yield child
                continue
            if _leads_back(self.path, child.path):
                raise LinkError("Cycle in file graph.")
            yield from child.walk(descend)

    def sibling(self: _Self, path: OtherAnyStr) -> AbstractFilePath[OtherAnyStr]:
        """What is called *path* in the directory that this is in."""
        return self.parent().child(path)

    def descendant(self, segments: Sequence[OtherAnyStr]) -> AbstractFilePath[OtherAnyStr]:
        """The child of the child, for each of *segments*."""
        path: AbstractFilePath[Any] = self
        for name in segments:
            path = path.child(name)
        return path

    def segmentsFrom(self: _Self, ancestor: _Self) -> list[AnyStr]:
        """The names that lead from *ancestor* to this path.

        :raises ValueError: if they do not.
        """
        names: list[AnyStr] = []
        here: AbstractFilePath[AnyStr] = self
        for above in _with_parents(self.parent()):
            names.insert(0, here.basename())
            if above.path == ancestor.path:
                return names
            here = above
        raise ValueError(f"{ancestor!r} not parent of {self!r}")

    def __hash__(self) -> int:
        return hash((self.__class__, self.path))

    def getmtime(self) -> int:
        """:meth:`getModificationTime` in whole seconds."""
        return int(self.getModificationTime())

    def getatime(self) -> int:
        """:meth:`getAccessTime` in whole seconds."""
        return int(self.getAccessTime())

    def getctime(self) -> int:
        """:meth:`getStatusChangeTime` in whole seconds."""
        return int(self.getStatusChangeTime())


def _with_parents(path: AbstractFilePath[AnyStr]) -> Iterator[AbstractFilePath[AnyStr]]:
    yield path
    yield from path.parents()


def _leads_back(path: AnyStr, child: AnyStr) -> bool:
    """Whether *child* is really *path*, or a directory that *path* is in."""
    if not os.path.islink(child):
        return False
    target, here = os.path.realpath(child), os.path.realpath(path)
    return os.path.commonpath([target, here]) == target

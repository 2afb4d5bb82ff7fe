"""Paths as objects that do not leave the directory they were made from."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from glob import glob
from stat import S_IMODE, S_ISBLK, S_ISDIR, S_ISREG, S_ISSOCK
from typing import IO, Any, AnyStr, cast

from zope.interface import Attribute, Interface, implementer

from ._abstract_path import AbstractFilePath as AbstractFilePath
from ._abstract_path import FileMode as FileMode
from ._abstract_path import LinkError as LinkError
from ._abstract_path import OtherAnyStr as OtherAnyStr
from ._abstract_path import UnlistableError as UnlistableError
from ._path_permissions import RWX as RWX
from ._path_permissions import Permissions as Permissions
from ._path_text import _asFilesystemBytes as _asFilesystemBytes
from ._path_text import _asFilesystemText as _asFilesystemText
from ._path_text import _coerceToFilesystemEncoding as _coerceToFilesystemEncoding
from ._path_text import _secureEnoughString as _secureEnoughString

#: ``create`` makes the file, and never opens one that somebody else made meanwhile.
CREATE = os.O_EXCL | os.O_CREAT | os.O_RDWR
ALWAYS_CREATE_NO_APPEND = "Appending not supported when alwaysCreate == True"


class InsecurePath(Exception):
    """A name would have led out of the directory that it was looked for in."""


class IFilePath(Interface):
    """A file, or what may become one: in a file system, an archive, ..."""

    sep = Attribute("What stands between two segments of a path.")

    def child(name: AnyStr) -> IFilePath:
        """What is called *name* in this directory.

        :raises InsecurePath: if that is not a direct child.
        """

    def open(mode: FileMode = "r") -> IO[bytes]:
        """The opened file, always binary."""

    def changed() -> None:
        """Forget what was remembered of the file's status."""

    def getsize() -> int:
        """The file's size in bytes."""

    def getModificationTime() -> float:
        """When the file was last written to, in seconds since the epoch."""

    def getStatusChangeTime() -> float:
        """When the file's properties last changed, in seconds since the epoch."""

    def getAccessTime() -> float:
        """When the file was last read, in seconds since the epoch."""

    def exists() -> bool:
        """Whether there is such a file or directory."""

    def isdir() -> bool:
        """Whether this is a directory."""

    def isfile() -> bool:
        """Whether this is a regular file."""

    def children() -> Iterable[Any]:
        """A path for each name in this directory.

        :raises UnlistableError: if this is no directory.
        """

    def basename() -> str | bytes:
        """The last segment."""

    def parent() -> Any:
        """The directory that this is in."""

    def sibling(name: AnyStr) -> Any:
        """What is called *name* in the directory that this is in."""


@implementer(IFilePath)
class FilePath(AbstractFilePath[AnyStr]):
    """A path in the file system, absolute, text or bytes as it was given.

    What the file's status says is remembered from the first question on, until :meth:`restat`
    or :meth:`changed`.

    :ivar path: the absolute path.
    :ivar alwaysCreate: whether :meth:`open` makes the file, and fails if there is one.
    """

    _statinfo: os.stat_result | None = None
    #: bytes copied at a time: above it a copy gains nothing, and memory grows
    _chunkSize = 2**16

    def __init__(self, path: AnyStr, alwaysCreate: bool = False) -> None:
        self.path = os.path.abspath(path)
        self.alwaysCreate = alwaysCreate

    def clonePath(self, path: OtherAnyStr, alwaysCreate: bool = False) -> FilePath[OtherAnyStr]:
        """Another path of this kind; every method that makes one makes it here."""
        return FilePath(path, alwaysCreate)

    def __getstate__(self) -> dict[str, object]:
        state = dict(vars(self))
        state.pop("_statinfo", None)
        return state

    # text and bytes

    @property
    def sep(self) -> AnyStr:
        """What stands between two segments, text or bytes as the path is."""
        return _coerceToFilesystemEncoding(self.path, os.sep)

    def _asBytesPath(self, encoding: str | None = None) -> bytes:
        return _asFilesystemBytes(self.path, encoding)

    def _asTextPath(self, encoding: str | None = None) -> str:
        return _asFilesystemText(self.path, encoding)

    def asBytesMode(self, encoding: str | None = None) -> FilePath[bytes]:
        """This path as bytes: itself, if it is already."""
        if isinstance(self.path, bytes):
            return self
        return self.clonePath(self._asBytesPath(encoding))

    def asTextMode(self, encoding: str | None = None) -> FilePath[str]:
        """This path as text: itself, if it is already."""
        if isinstance(self.path, str):
            return self
        return self.clonePath(self._asTextPath(encoding))

    def _getPathAsSameTypeAs(self, pattern: OtherAnyStr) -> OtherAnyStr:
        return _coerceToFilesystemEncoding(pattern, self.path)

    # neighbours

    def _below(self, path: OtherAnyStr) -> FilePath[OtherAnyStr]:
        """The path that normalised *path* leads to from here.

        :raises InsecurePath: if that is not below.
        """
        here = self._getPathAsSameTypeAs(path)
        there = os.path.abspath(os.path.join(here, path))
        separator = _coerceToFilesystemEncoding(path, os.sep)
        if there != here and not there.startswith(here.rstrip(separator) + separator):
            raise InsecurePath(f"{there!r} is not a child of {here!r}")
        return self.clonePath(there)

    def child(self, path: OtherAnyStr) -> FilePath[OtherAnyStr]:
        """What is called *path* in this directory.

        :raises InsecurePath: if *path* is more than one name, or leads up.
        """
        name = os.path.normpath(path)
        if _coerceToFilesystemEncoding(path, os.sep) in name:
            raise InsecurePath(f"{path!r} contains one or more directory separators")
        return self._below(name)

    def preauthChild(self, path: OtherAnyStr) -> FilePath[OtherAnyStr]:
        """What *path*, which may have several segments, leads to from here.

        :raises InsecurePath: if that is not below this directory.
        """
        return self._below(os.path.normpath(path))

    def childSearchPreauth(self, *paths: OtherAnyStr) -> FilePath[OtherAnyStr] | None:
        """The first of the named children that exists. The names are trusted."""
        for path in paths:
            candidate = os.path.join(self._getPathAsSameTypeAs(path), path)
            if os.path.exists(candidate):
                return self.clonePath(candidate)
        return None

    def siblingExtensionSearch(self, *exts: OtherAnyStr) -> FilePath[OtherAnyStr] | None:
        """The first that exists of this path with each of *exts* appended.

        An empty one stands for this path itself, ``*`` for any extension.
        """
        for ext in exts:
            here = self._getPathAsSameTypeAs(ext)
            if not ext:
                if self.exists():
                    return self.clonePath(here)
            elif ext == _coerceToFilesystemEncoding(ext, "*"):
                dot = _coerceToFilesystemEncoding(ext, ".")
                stem = os.path.basename(here) + dot
                directory = os.path.dirname(here)
                for name in sorted(os.listdir(directory)):
                    if name.startswith(stem):
                        return self.clonePath(os.path.join(directory, name))
            elif os.path.exists(here + ext):
                return self.clonePath(here + ext)
        return None

    def siblingExtension(self, ext: OtherAnyStr) -> FilePath[OtherAnyStr]:
        """This path with *ext* appended. It is trusted."""
        return self.clonePath(self._getPathAsSameTypeAs(ext) + ext)

    def globChildren(self, pattern: OtherAnyStr) -> list[FilePath[OtherAnyStr]]:
        """The children whose names match a shell pattern."""
        here = self._getPathAsSameTypeAs(pattern)
        return [self.clonePath(path) for path in glob(os.path.join(here, pattern))]

    def basename(self) -> AnyStr:
        """The last segment."""
        return os.path.basename(self.path)

    def dirname(self) -> AnyStr:
        """All segments but the last."""
        return os.path.dirname(self.path)

    def parent(self) -> FilePath[AnyStr]:
        """The directory that this is in; the root is its own parent."""
        return self.clonePath(self.dirname())

    def splitext(self) -> tuple[AnyStr, AnyStr]:
        """The path in two, the second beginning with its last dot."""
        return os.path.splitext(self.path)

    def temporarySibling(self, extension: OtherAnyStr | None = None) -> FilePath[OtherAnyStr]:
        """A path in the same directory that nobody has, whose file will be made when opened."""
        end: Any = self.path[:0] if extension is None else extension
        here = self._getPathAsSameTypeAs(end)
        name = _secureEnoughString(here) + self.clonePath(here).basename() + end
        sibling = cast("FilePath[OtherAnyStr]", self.sibling(name))
        sibling.requireCreate()
        return sibling

    # links

    def realpath(self) -> FilePath[AnyStr]:
        """The path that symbolic links lead to: itself, if it is none.

        :raises LinkError: if they lead in a circle.
        """
        if not self.islink():
            return self
        target = os.path.realpath(self.path)
        if os.path.islink(target):
            raise LinkError("Cyclical link - will loop forever")
        return self.clonePath(target)

    def linkTo(self, linkFilePath: FilePath[AnyStr]) -> None:
        """Make *linkFilePath* a symbolic link to this path."""
        os.symlink(self.path, linkFilePath.path)

    def islink(self) -> bool:
        """Whether this is a symbolic link."""
        return os.path.islink(self.path)

    # status

    def restat(self, reraise: bool = True) -> None:
        """Ask for the file's status anew.

        :param reraise: whether a failure is raised; else it only means that there is none.
        """
        try:
            self._statinfo = os.stat(self.path)
        except OSError:
            self._statinfo = None
            if reraise:
                raise

    def changed(self) -> None:
        """Forget the file's status, so that the next question asks anew."""
        self._statinfo = None

    def _status(self) -> os.stat_result:
        if not self._statinfo:
            self.restat()
        return cast(os.stat_result, self._statinfo)

    def _status_if_any(self) -> os.stat_result | None:
        if not self._statinfo:
            self.restat(False)
        return self._statinfo

    def getsize(self) -> int:
        """The file's size in bytes."""
        return self._status().st_size

    def getModificationTime(self) -> float:
        """When the file was last written to, in seconds since the epoch."""
        return float(self._status().st_mtime)

    def getStatusChangeTime(self) -> float:
        """When the file's properties last changed, in seconds since the epoch."""
        return float(self._status().st_ctime)

    def getAccessTime(self) -> float:
        """When the file was last read, in seconds since the epoch."""
        return float(self._status().st_atime)

    def getInodeNumber(self) -> int:
        """The file's number in its file system."""
        return self._status().st_ino

    def getDevice(self) -> int:
        """The number of the device that the file is on."""
        return self._status().st_dev

    def getNumberOfHardLinks(self) -> int:
        """How many names the file has."""
        return self._status().st_nlink

    def getUserID(self) -> int:
        """The owner's number."""
        return self._status().st_uid

    def getGroupID(self) -> int:
        """The group's number."""
        return self._status().st_gid

    def getPermissions(self) -> Permissions:
        """Who may do what with the file."""
        return Permissions(S_IMODE(self._status().st_mode))

    def exists(self) -> bool:
        """Whether there is such a file or directory, at the end of all links."""
        return bool(self._status_if_any())

    def isdir(self) -> bool:
        """Whether this is a directory, or a link to one."""
        status = self._status_if_any()
        return status is not None and S_ISDIR(status.st_mode)

    def isfile(self) -> bool:
        """Whether this is a regular file, or a link to one."""
        status = self._status_if_any()
        return status is not None and S_ISREG(status.st_mode)

    def isBlockDevice(self) -> bool:
        """Whether this is a block device."""
        status = self._status_if_any()
        return status is not None and S_ISBLK(status.st_mode)

    def isSocket(self) -> bool:
        """Whether this is a UNIX socket."""
        status = self._status_if_any()
        return status is not None and S_ISSOCK(status.st_mode)

    def isabs(self) -> bool:
        """Whether the path is absolute. It is."""
        return os.path.isabs(self.path)

    def chmod(self, mode: int) -> None:
        """Set the file's permission bits."""
        os.chmod(self.path, mode)

    # content

    def listdir(self) -> list[AnyStr]:
        """The names in this directory."""
        return os.listdir(self.path)

    def open(self, mode: FileMode = "r") -> IO[bytes]:
        """The opened file, always binary."""
        if self.alwaysCreate:
            assert "a" not in mode, ALWAYS_CREATE_NO_APPEND
            return self.create()
        return cast(IO[bytes], open(self.path, mode.replace("b", "") + "b"))

    def create(self) -> IO[bytes]:
        """A new file, opened for reading and writing.

        :raises FileExistsError: if there is one.
        """
        return cast(IO[bytes], os.fdopen(os.open(self.path, CREATE), "w+b"))

    def requireCreate(self, val: bool = True) -> None:
        """Set whether :meth:`open` makes the file, and fails if there is one."""
        self.alwaysCreate = val

    def touch(self) -> None:
        """Make the file if there is none, and set its times to now."""
        try:
            self.open("a").close()
        except OSError:
            # there may be a file that only its owner may write to; its times can be set
            if not os.path.exists(self.path):
                raise
        os.utime(self.path, None)

    def setContent(self, content: bytes, ext: str | bytes = ".new") -> None:
        """Replace the file in one step: readers see the old content or the new, whole.

        :param ext: how the temporary file's name ends, which the content is written to first.
        """
        temporary: FilePath[Any] = self.temporarySibling(ext)
        with temporary.open("w") as file:
            file.write(content)
        os.rename(temporary.path, self._getPathAsSameTypeAs(temporary.path))

    # directories

    def createDirectory(self) -> None:
        """Make this directory in one that exists."""
        os.mkdir(self.path)

    def makedirs(self, ignoreExistingDirectory: bool = False) -> None:
        """Make this directory and those above that are not there.

        :param ignoreExistingDirectory: whether it is no error that it exists.
        """
        try:
            os.makedirs(self.path)
        except OSError as error:
            there = error.errno == errno.EEXIST and self.isdir()
            if not (ignoreExistingDirectory and there):
                raise

    def remove(self) -> None:
        """Remove the file, link, or directory with everything in it."""
        if self.isdir() and not self.islink():
            for child in self.children():
                child.remove()
            os.rmdir(self.path)
        else:
            os.remove(self.path)
        self.changed()

    def copyTo(self, destination: FilePath[OtherAnyStr], followLinks: bool = True) -> None:
        """Copy this file, or directory with everything in it.

        :param followLinks: whether what a symbolic link leads to is copied, not the link.
        :raises NotImplementedError: for a device, a pipe and the like.
        """
        if self.islink() and not followLinks:
            os.symlink(os.readlink(self.path), destination.path)
        elif self.isdir():
            if not destination.exists():
                destination.createDirectory()
            for child in self.children():
                child.copyTo(destination.child(child.basename()), followLinks)
        elif self.isfile():
            # the destination first: where the source is gone, it is closed all the same
            with destination.open("w") as target, self.open() as source:
                while chunk := source.read(self._chunkSize):
                    target.write(chunk)
        elif not self.exists():
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        else:
            raise NotImplementedError("Only copying of files and directories supported")

    def moveTo(self, destination: FilePath[OtherAnyStr], followLinks: bool = True) -> None:
        """Move this file or directory, to another file system if need be.

        :param followLinks: whether, to another file system, what a symbolic link leads to is
            moved, not the link.
        """
        try:
            os.rename(self._getPathAsSameTypeAs(destination.path), destination.path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._move_by_copy(destination, followLinks)
        else:
            self.changed()
            destination.changed()

    def _move_by_copy(self, destination: FilePath[OtherAnyStr], followLinks: bool) -> None:
        """Move between file systems, so that neither name ever shows half a file."""
        arriving = destination.temporarySibling()
        self.copyTo(arriving, followLinks)
        arriving.moveTo(destination, followLinks)
        leaving = self.temporarySibling()
        self.moveTo(leaving, followLinks)
        leaving.remove()

    # comparison

    def __repr__(self) -> str:
        return f"FilePath({self.path!r})"

    def __cmp__(self, other: object) -> Any:
        if not isinstance(other, FilePath):
            return NotImplemented
        return (self.path > other.path) - (self.path < other.path)

    __hash__ = AbstractFilePath.__hash__

    def __eq__(self, other: object) -> bool:
        order = self.__cmp__(other)
        return order if order is NotImplemented else order == 0

    def __lt__(self, other: object) -> bool:
        order = self.__cmp__(other)
        return order if order is NotImplemented else order < 0

    def __le__(self, other: object) -> bool:
        order = self.__cmp__(other)
        return order if order is NotImplemented else order <= 0

    def __gt__(self, other: object) -> bool:
        order = self.__cmp__(other)
        return order if order is NotImplemented else order > 0

    def __ge__(self, other: object) -> bool:
        order = self.__cmp__(other)
        return order if order is NotImplemented else order >= 0

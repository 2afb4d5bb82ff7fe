"""A lock that other processes see: a symbolic link named for the lock, to its owner's process id.

Making a link fails if the name exists, on every file system that has links, and a link whose
process is gone can be told from one that is held. Twisted's locks look the same, so that the two
respect each other.
"""

from __future__ import annotations

import errno
import os


class FilesystemLock:
    """A lock with a name in the file system.

    :param name: the path of the link.
    :ivar locked: this object holds the lock.
    :ivar clean: (once locked) nobody who died has held it before; None if it was never locked.
    """

    clean: bool | None = None
    locked = False

    def __init__(self, name: str) -> None:
        self.name = name

    def lock(self) -> bool:
        """Take the lock if it is free, or its owner is no more.

        :return: whether it was taken.
        :raises OSError: the link can be neither made nor read.
        """
        clean = True
        while True:
            try:
                os.symlink(str(os.getpid()), self.name)
            except FileExistsError:
                pass
            else:
                self.locked = True
                self.clean = clean
                return True
            try:
                owner = int(os.readlink(self.name))
            except FileNotFoundError:
                continue  # just released
            try:
                os.kill(owner, 0)
            except ProcessLookupError:
                try:
                    os.remove(self.name)
                except FileNotFoundError:
                    pass  # somebody else has cleared it away
                clean = False
            except PermissionError:
                return False
            else:
                return False

    def unlock(self) -> None:
        """Release the lock.

        :raises ValueError: it is another process's.
        :raises OSError: there is none.
        """
        if int(os.readlink(self.name)) != os.getpid():
            raise ValueError(f"Lock {self.name!r} not owned by this process")
        os.remove(self.name)
        self.locked = False


def isLocked(name: str) -> bool:
    """Whether the lock *name* is held; it is tried out."""
    lock = FilesystemLock(name)
    taken = False
    try:
        taken = lock.lock()
    except OSError as e:
        if e.errno != errno.EEXIST:
            raise
    finally:
        if taken:
            lock.unlock()
    return not taken

"""What machine and what Python this is."""

from __future__ import annotations

import os
import sys
import warnings
from time import time as seconds

__all__ = ["Platform", "platform", "platformType", "seconds", "shortPythonVersion"]


def shortPythonVersion() -> str:
    """Python's version as three numbers with dots."""
    return "{}.{}.{}".format(*sys.version_info[:3])


#: The kinds of system that ``os.name`` may stand for.
knownPlatforms: dict[str, str] = {
    "nt": "win32",
    "ce": "win32",
    "posix": "posix",
    "java": "java",
    "org.python.modules.os": "java",
}


class Platform:
    """A kind of system, by default the one that runs.

    :param name: as ``os.name``.
    :param platform: as ``sys.platform``.
    """

    type: str | None = knownPlatforms.get(os.name)
    seconds = staticmethod(seconds)
    _platform = sys.platform

    def __init__(self, name: str | None = None, platform: str | None = None) -> None:
        if name is not None:
            self.type = knownPlatforms.get(name)
        if platform is not None:
            self._platform = platform

    def isKnown(self) -> bool:
        """Whether the system is one of the known kinds."""
        return self.type is not None

    def getType(self) -> str | None:
        """``"posix"``, ``"win32"`` or ``"java"``, or None for another system."""
        return self.type

    def isMacOSX(self) -> bool:
        """Whether this is macOS."""
        return self._platform == "darwin"

    def isWinNT(self) -> bool:
        """Deprecated name of :meth:`isWindows`."""
        warnings.warn(
            f"{__name__}.Platform.isWinNT was deprecated in Twisted 13.0. "
            "Use Platform.isWindows instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.isWindows()

    def isWindows(self) -> bool:
        """Whether this is Windows."""
        return self.type == "win32"

    def isVista(self) -> bool:
        """Whether this is Windows with the major version 6."""
        if sys.platform == "win32" and self.isWindows():
            return sys.getwindowsversion().major == 6
        return False

    def isLinux(self) -> bool:
        """Whether this is Linux."""
        return self._platform.startswith("linux")

    def isDocker(self, _initCGroupLocation: str = "/proc/1/cgroup") -> bool:
        """Whether the first process runs in one of Docker's control groups (Linux, cgroup v1)."""
        if not self.isLinux():
            return False
        try:
            with open(_initCGroupLocation, encoding="utf-8", errors="replace") as groups:
                paths = [line.rstrip("\n").split(":", 2)[-1] for line in groups]
        except OSError:
            return False
        return any(path.startswith("/docker/") for path in paths)

    def _supportsSymlinks(self) -> bool:
        return not self.isWindows() and hasattr(os, "symlink")

    def supportsThreads(self) -> bool:
        """Whether Python can start threads."""
        try:
            import threading  # noqa: F401
        except ImportError:
            return False
        return True

    def supportsINotify(self) -> bool:
        """Whether the kernel has inotify."""
        return self.isLinux()


platform = Platform()
platformType = platform.getType()

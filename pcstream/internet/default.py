"""Which reactor to install when the program has not chosen: the best one the system has."""

from __future__ import annotations

from collections.abc import Callable

from pcstream.python.runtime import Platform, platform

__all__ = ["install"]


def _getInstallFunction(platform: Platform) -> Callable[[], None]:
    """The ``install`` of epollreactor on Linux, pollreactor on other Unix systems, else select.

    macOS gets select: its poll(2) has long been unable to watch terminals.
    """
    if platform.isLinux():
        try:
            from pcstream.internet.epollreactor import install
        except ImportError:
            pass
        else:
            return install
    if platform.getType() == "posix" and not platform.isMacOSX():
        try:
            from pcstream.internet.pollreactor import install as install_poll
        except ImportError:
            pass
        else:
            return install_poll
    from pcstream.internet.selectreactor import install as install_select

    return install_select


install = _getInstallFunction(platform)

"""Put the finder in its place, if it is not too late."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from ._finder import SwapFinder
from ._log_bridge import LOGGER, connect_logs
from ._mirrored import THEIRS, mirrored_modules, mirrored_packages, twin, twisted_folders
from ._reactor_place import REACTOR, share_reactor


class TooLate(ImportError):
    """Twisted's own modules were imported before ours could take their place."""


def _http_loaded() -> None:
    from ._web_files import accelerate_requests  # a program without a web server needs none of it

    accelerate_requests()


def _static_loaded() -> None:
    from ._web_files import accelerate_files

    accelerate_files()


#: What is done to Twisted's own modules when they have been loaded.
AFTERWARDS = {
    LOGGER: connect_logs,
    f"{THEIRS}.web.http": _http_loaded,
    f"{THEIRS}.web.static": _static_loaded,
}


def installed_finder() -> SwapFinder | None:
    """The finder, if it is in its place."""
    for finder in sys.meta_path:
        if isinstance(finder, SwapFinder):
            return finder
    return None


def install() -> None:
    """Answer imports of Twisted's modules with pcstream's, in this process, from now on.

    Once is enough; more does nothing.

    :raises TooLate: a module that would be answered is there already, and is Twisted's.
    """
    if installed_finder() is not None:
        return
    folders = twisted_folders()
    mirrored = mirrored_modules(folders)
    _refuse_if_late(mirrored)
    packages = () if folders else mirrored_packages()
    sys.meta_path.insert(0, SwapFinder(mirrored, packages, AFTERWARDS))
    share_reactor()
    if LOGGER in sys.modules:
        connect_logs()


def _refuse_if_late(mirrored: Mapping[str, str]) -> None:
    late = [
        name
        for name, module in list(sys.modules.items())
        if name in mirrored and module is not sys.modules.get(twin(name))
    ]
    late.sort(key=lambda name: ("._" in name, name))  # a public name says more
    if not late:
        return
    first = REACTOR if REACTOR in late else late[0]
    others = f" and {len(late) - 1} other of its modules were" if late[1:] else " was"
    raise TooLate(
        f"too late: Twisted's own {first}{others} already imported; call "
        "pcstream.swap.install() before the first import of Twisted, or start the program with "
        "'pcstream run'",
        name=first,
    )

"""Who is measured: each peer by name, and whether it is here."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterable

from .processes import python

#: a peer's command line for a role (``file``, ``proxy``...) and the role's arguments
Command = Callable[..., list[str]]


def twisted_api(package: str) -> Command:
    """Twisted and pcstream run the very same script, only the package's name differs."""

    def command(role: str, *arguments: object) -> list[str]:
        return python("twisted_api.py", package, role, *arguments)

    return command


def asyncio_api(loop: str) -> Command:
    """asyncio's own loop and uvloop run the same script too."""

    def command(role: str, *arguments: object) -> list[str]:
        return python("asyncio_api.py", loop, role, *arguments)

    return command


def program(name: str) -> Command:
    """A program written in C, started with a configuration for the role."""

    def command(role: str, *arguments: object) -> list[str]:
        return python("program.py", name, role, *arguments)

    return command


COMMANDS: dict[str, Command] = {
    "twisted": twisted_api("twisted"),
    "pcstream": twisted_api("pcstream"),
    "asyncio": asyncio_api("asyncio"),
    "uvloop": asyncio_api("uvloop"),
    "nginx": program("nginx"),
    "haproxy": program("haproxy"),
}

#: the module or program without which a peer cannot run
NEEDS = {"twisted": "twisted", "pcstream": "pcstream", "uvloop": "uvloop"}
PROGRAMS = {"nginx": "nginx", "haproxy": "haproxy"}


def present(names: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Split *names* into those that can run here, and the others with the reason.

    A name may have a second word, which says how the peer does it: ``asyncio sendfile``.
    """
    here, absent = [], {}
    for peer in names:
        name = peer.split()[0]
        if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
            absent[peer] = f"the package {NEEDS[name]} is not installed"
        elif name in PROGRAMS and shutil.which(PROGRAMS[name]) is None:
            absent[peer] = f"the program {PROGRAMS[name]} is not installed"
        else:
            here.append(peer)
    return here, absent

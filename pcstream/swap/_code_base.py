"""Finds the files of a code base that may have to do with Twisted."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path

#: Folders that hold other people's code, or copies of this.
SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "_trial_temp", "dist"})
#: Hidden folders are passed over, but for these.
LOOKED_INTO = frozenset({".github", ".circleci"})
PYTHON = frozenset({".py", ".pyi", ".pyw", ".tac"})
SIDE_ENDINGS = frozenset(
    {".cfg", ".ini", ".toml", ".sh", ".bash", ".mk", ".service", ".yml", ".yaml", ".dockerfile"}
)
SIDE_NAMES = (
    "Dockerfile*",
    "Makefile",
    "GNUmakefile",
    "Procfile",
    "justfile",
    "*requirements*.txt",
)
#: A script's first line is no longer.
SHEBANG_BYTES = 80


class Kind(Enum):
    """What a file is read as."""

    PYTHON = "Python"
    SIDE = "configuration"


def files(paths: Sequence[Path], exclude: Sequence[str] = ()) -> Iterator[tuple[Path, Kind]]:
    """The files below *paths*, in order, each once; a path that is a file is always one of them.

    :param exclude: shell patterns; a path is left out if one matches it, or its name.
    :raises FileNotFoundError: there is no such path.
    """
    seen = set()
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(path)
        found = ((path, kind_of(path) or Kind.PYTHON),) if path.is_file() else _below(path)
        for file, kind in found:
            if file not in seen and not excluded(file, exclude):
                seen.add(file)
                yield file, kind


def excluded(path: Path, patterns: Sequence[str]) -> bool:
    """Whether a pattern matches the path, one of the folders above it, or a name in it."""
    return any(
        fnmatch.fnmatch(str(part), pattern) or fnmatch.fnmatch(part.name, pattern)
        for part in (path, *path.parents)
        for pattern in patterns
    )


def kind_of(path: Path) -> Kind | None:
    """What *path* is to be read as, if at all."""
    ending = path.suffix.lower()
    if ending in PYTHON:
        return Kind.PYTHON
    if ending in SIDE_ENDINGS or any(fnmatch.fnmatch(path.name, name) for name in SIDE_NAMES):
        return Kind.SIDE
    if not ending:
        try:
            with path.open("rb") as file:
                first = file.read(SHEBANG_BYTES).partition(b"\n")[0]
        except OSError:
            return None
        if first.startswith(b"#!") and b"python" in first:
            return Kind.PYTHON
        if first.startswith(b"#!") and b"sh" in first:
            return Kind.SIDE
    return None


def _below(top: Path) -> Iterator[tuple[Path, Kind]]:
    for folder, folders, names in os.walk(top):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not _is_skipped(here / name))
        for name in sorted(names):
            path = here / name
            kind = kind_of(path) if path.is_file() else None
            if kind is not None:
                yield path, kind


def _is_skipped(folder: Path) -> bool:
    name = folder.name
    if name in SKIPPED or name.endswith(".egg-info"):
        return True
    if name.startswith(".") and name not in LOOKED_INTO:
        return True
    if name == "build" and (folder / "lib").is_dir():
        return True
    return (folder / "pyvenv.cfg").exists()


def is_plugin(path: Path) -> bool:
    """Whether twistd would take a file for a plugin."""
    return path.parts[-3:-1] == ("twisted", "plugins")


def shadows(path: Path) -> bool:
    """Whether *path* is a module or package called ``twisted`` that is none of a package's."""
    if path.name == "__init__.py" and path.parent.name == "twisted":
        return not (path.parent.parent / "__init__.py").exists()
    if path.name == "twisted.py":
        return not (path.parent / "__init__.py").exists()
    return False

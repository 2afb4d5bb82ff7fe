"""Rewrites the text of a code base, one word at a time and nothing else, and back again."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ._code_base import Kind, files
from ._names_used import LINE, Reading, Unread, read, runs
from ._verdict import Place, Progress, Reason, Verdict, edits, entangled

TWISTED = "twisted"
PCSTREAM = "pcstream"
GIT_TIMEOUT_S = 60


class Misplaced(Exception):
    """The word to replace is not where it should be: a fault of ours; nothing was changed."""


@dataclass(frozen=True)
class Change:
    """A file, before and after."""

    path: Path
    before: bytes
    after: bytes
    encoding: str
    places: int

    def diff(self) -> str:
        """The change in the unified format."""
        old, new = (LINE.findall(text.decode(self.encoding)) for text in (self.before, self.after))
        name = self.path.as_posix().lstrip("/")
        lines = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
        return "".join(
            line if line.endswith(("\n", "\r")) else line + "\n\\ No newline at end of file\n"
            for line in lines
        )


@dataclass
class Changes:
    """Everything that a rewrite would do."""

    changes: list[Change] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    #: files whose way back is not exact, and why
    one_way: list[tuple[Place, str]] = field(default_factory=list)
    unread: list[tuple[Place, str]] = field(default_factory=list)


def replace(text: str, places: Sequence[tuple[int, int]], old: str, new: str) -> str:
    """*text* with *new* for *old* at *places*: lines counted from 1, columns from 0.

    :raises Misplaced: *old* is not there.
    """
    lines = LINE.findall(text)
    for number, column in sorted(places, reverse=True):
        line = lines[number - 1]
        if line[column : column + len(old)] != old:
            raise Misplaced(f"{number}: no {old} at column {column}")
        lines[number - 1] = line[:column] + new + line[column + len(old) :]
    return "".join(lines)


def rewritten(source: bytes, reading: Reading, new: str) -> bytes:
    """*source* with what can be swapped swapped."""
    text = replace(reading.text, edits(reading), reading.package, new)
    return text.encode(reading.encoding)


def to_pcstream(readings: Iterable[tuple[Path, Reading]]) -> Changes:
    """What swapping the text of files comes to, given what was read of each."""
    found = Changes()
    for path, reading in readings:
        before = reading.text.encode(reading.encoding)
        after = rewritten(before, reading, PCSTREAM)
        if after == before:
            continue
        found.changes.append(Change(path, before, after, reading.encoding, len(edits(reading))))
        if rewritten(after, read(after, PCSTREAM, TWISTED), TWISTED) != before:
            line = next((mention.line for mention in reading.other), 1)
            why = "uses pcstream already, which --back could not tell from what is swapped now"
            found.one_way.append((Place(path, line), why))
    return found


def to_twisted(
    paths: Sequence[Path], exclude: Sequence[str] = (), progress: Progress = lambda text: None
) -> Changes:
    """What the way back of the files below *paths* comes to.

    :raises FileNotFoundError: there is no such path.
    """
    found = Changes()
    every = [path for path, kind in files(paths, exclude) if kind is Kind.PYTHON]
    for count, path in enumerate(every, 1):
        progress(f"reading {count} of {len(every)}: {path}")
        try:
            before = path.read_bytes()
            if PCSTREAM.encode() not in before:
                continue
            reading = read(before, PCSTREAM, TWISTED)
        except OSError as error:
            found.unread.append((Place(path, 1), str(error.strerror)))
            continue
        except Unread as error:
            place = Place(path, error.line)
            found.unread.append((place, error.why))
            if runs(before):
                what = "Python that is too new, or too odd, to be read"
                found.reasons.append(Reason(place, what, "it mentions pcstream", Verdict.RUN))
            continue
        found.reasons += [
            Reason(Place(path, line), what, why, Verdict.RUN)
            for line, what, why in entangled(reading)
        ]
        after = rewritten(before, reading, TWISTED)
        if after != before:
            found.changes.append(Change(path, before, after, reading.encoding, len(edits(reading))))
    return found


def write(changes: Iterable[Change]) -> None:
    """Put each file's new text in its place, whole or not at all, with its mode."""
    for change in changes:
        path = change.path.resolve()  # what a link leads to, not the link
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(change.after)
            os.chmod(name, path.stat().st_mode & 0o7777)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise


def uncommitted(paths: Iterable[Path]) -> list[str]:
    """What is not committed in the git trees of *paths*; of files unknown to git, only these."""
    found: list[str] = []
    wanted = {path.resolve() for path in paths}
    for folder in sorted({path.parent for path in wanted}):
        top = _git(folder, "rev-parse", "--show-toplevel")
        if top is None:
            continue
        listed = _git(Path(top.strip()), "status", "--porcelain", "-uall", "-z") or ""
        for entry in re.findall(r"(..) ([^\0]+)\0", listed):
            state, name = entry
            file = Path(top.strip()) / name
            if (state != "??" or file in wanted) and name not in found:
                found.append(name)
    return found


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=GIT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None  # no git, or no tree of its
    return done.stdout

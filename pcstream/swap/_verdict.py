"""Reads a whole code base and says what to do with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from ._catalogue import OURS, Judgement, Standing, judge
from ._code_base import Kind, files, is_plugin, shadows
from ._libraries import Followed, Interpreter, follow, imports_of
from ._names_used import How, Mention, Reading, Unread, Use, read, runs
from ._side_files import read_side

Progress = Callable[[str], None]

#: Files that only type checkers read.
STUB = ".pyi"


class Verdict(Enum):
    """What to do; the value is what a person reads."""

    SWAP = "swap the text"
    RUN = "run unchanged"
    NOT_YET = "not yet"


@dataclass(frozen=True)
class Place:
    """A line of a file."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Reason:
    """Why not to do the simplest thing.

    :ivar place: where; None if it is no line of the code base.
    :ivar keeps: the best that is left: RUN or NOT_YET.
    """

    place: Place | None
    what: str
    why: str
    keeps: Verdict

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.what}: {self.why}" if self.why else f"{where}{self.what}"


@dataclass
class File:
    """A file that has to do with Twisted."""

    path: Path
    kind: Kind
    reading: Reading


@dataclass
class Checked:
    """What there is to say of a code base."""

    files: list[File] = field(default_factory=list)
    unread: list[tuple[Place, str]] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    followed: Followed = field(default_factory=lambda: Followed((), ()))
    files_read: int = 0
    lines_read: int = 0

    @property
    def verdict(self) -> Verdict:
        """What to do with it as a whole."""
        kept = {reason.keeps for reason in self.reasons}
        for verdict in (Verdict.NOT_YET, Verdict.RUN):
            if verdict in kept:
                return verdict
        return Verdict.SWAP

    @property
    def uses(self) -> list[tuple[Place, Use, Judgement]]:
        """Every use in it, with what is known of the name."""
        return [
            (Place(file.path, use.line), use, judge(use.name))
            for file in self.files
            for use in file.reading.uses
        ]

    @property
    def mentions(self) -> list[tuple[Place, Mention]]:
        """Everything that mentions Twisted and names nothing."""
        return [
            (Place(file.path, mention.line), mention)
            for file in self.files
            for mention in file.reading.mentions
        ]

    def names(self) -> dict[str, tuple[Judgement, list[tuple[Place, Use]]]]:
        """The uses by name."""
        found: dict[str, tuple[Judgement, list[tuple[Place, Use]]]] = {}
        for place, use, known in self.uses:
            found.setdefault(known.name, (known, []))[1].append((place, use))
        return dict(sorted(found.items()))


def check(
    paths: Sequence[Path],
    *,
    exclude: Sequence[str] = (),
    interpreter: Interpreter | None = None,
    progress: Progress = lambda text: None,
) -> Checked:
    """Read what is below *paths*.

    :param exclude: shell patterns of what to leave out.
    :param interpreter: whose installed packages are looked at; None: none are.
    :param progress: is told what is being done.
    :raises FileNotFoundError: there is no such path.
    """
    found = Checked()
    imported: set[str] = set()
    own: set[str] = set()
    every = list(files(paths, exclude))
    for count, (path, kind) in enumerate(every, 1):
        progress(f"reading {count} of {len(every)}: {path}")
        try:
            source = path.read_bytes()
        except OSError as error:
            found.unread.append((Place(path, 1), str(error.strerror)))
            continue
        found.files_read += 1
        found.lines_read += source.count(b"\n")
        if kind is Kind.SIDE:
            if b"wisted" in source or b"trial" in source or b"--reactor" in source:
                text = source.decode("utf-8", "replace")
                reading = Reading(text, mentions=list(read_side(text)))
                _add(found, File(path, kind, reading))
            continue
        own |= {path.stem, path.parent.name}
        imported |= imports_of(source.decode("utf-8", "replace"))
        if b"twisted" not in source and not shadows(path):
            continue
        try:
            reading = read(source)
        except Unread as error:
            place = Place(path, error.line)
            found.unread.append((place, error.why))
            if runs(source):
                what = "Python that is too new, or too odd, to be read"
                found.reasons.append(Reason(place, what, "it mentions Twisted", Verdict.RUN))
            continue
        if path.suffix == ".tac":
            said = "an application for twistd"
            reading.mentions.append(Mention(1, said, blocks=True))
        if is_plugin(path):
            reading.mentions.append(Mention(1, "a plugin of Twisted's", blocks=True))
        if shadows(path):
            said = "a module called twisted, which is not Twisted"
            reading.mentions.append(Mention(1, said, blocks=True))
        _add(found, File(path, kind, reading))
    if interpreter is not None and any(file.reading.uses for file in found.files):
        found.followed = follow(imported, own, interpreter, progress)
        for library in found.followed.libraries:
            if library.always:
                what = f"the installed package {library.name}"
                why = f"imports Twisted itself ({library.through})"
                found.reasons.append(Reason(None, what, why, Verdict.RUN))
    return found


def _add(found: Checked, file: File) -> None:
    if not (file.reading.uses or file.reading.mentions):
        return
    found.files.append(file)
    found.reasons += reasons(file)


def reasons(file: File) -> list[Reason]:
    """Why *file* can not be swapped, or not even be run; none if it can."""
    found = []
    for use in file.reading.uses:
        known = judge(use.name)
        place = Place(file.path, use.line)
        name = f"twisted.{known.name}"
        if known.standing in OURS or known.standing is Standing.STAYS:
            continue
        if use.how is How.STRING and not use.imports:
            continue
        if use.types_only or file.path.suffix == STUB or (use.guarded and _fails(known)):
            continue
        verdict = Verdict.RUN if known.runs or _elsewhere(use, known) else Verdict.NOT_YET
        found.append(Reason(place, name, known.why or "not mirrored", verdict))
    for mention in file.reading.mentions:
        if mention.blocks:
            place = Place(file.path, mention.line)
            found.append(Reason(place, mention.what, "", Verdict.RUN))
    if file.kind is Kind.PYTHON:
        found += [
            Reason(Place(file.path, line), what, why, Verdict.RUN)
            for line, what, why in entangled(file.reading)
        ]
    return list(dict.fromkeys(found))


def _fails(known: Judgement) -> bool:
    """Whether an import of it fails, swapped or not, so that whoever catches that is served."""
    return known.standing is Standing.LACKING or not known.exists


def _elsewhere(use: Use, known: Judgement) -> bool:
    """Whether this is for another system, and asked for only there."""
    return known.standing is Standing.UNMIRRORED and (use.conditional or use.guarded)


def swapped(use: Use) -> bool:
    """Whether the package's name is replaced where *use* has it, as far as the name tells."""
    known = judge(use.name)
    # what is tried and missing must not come from Twisted beside the rest that does not
    return known.standing in OURS or (known.standing is Standing.LACKING and use.guarded)


def entangled(reading: Reading) -> list[tuple[int, str, str]]:
    """Places where what is swapped and what stays hang together: line, what, why."""
    found = []
    statements: dict[tuple[int, int], list[Use]] = {}
    for use in reading.uses:
        if use.how is How.FROM and use.column is not None:
            statements.setdefault((use.line, use.column), []).append(use)
    for (line, _), uses in statements.items():
        stay = [use for use in uses if _stays(use)]
        if stay and len(stay) < len(uses):
            names = ", ".join(use.name.rpartition(".")[2] for use in stay)
            what = f"one import of what is swapped and what stays ({names})"
            found.append((line, what, "make it two"))
    bound = [use for use in reading.uses if use.how is How.IMPORT and use.bound == reading.package]
    rooted = [use for use in reading.uses if use.how is How.DOTTED and use.column is not None]
    bare = [use for use in reading.uses if use.how is How.BARE]
    leaving = [use for use in bound if use.name and swapped(use)]
    staying = [use for use in bound if use.name and _stays(use)]
    lone = [use for use in bound if not use.name]
    moved = [use for use in rooted if swapped(use)]
    kept = [use for use in rooted if _stays(use)]
    if lone and moved and kept:
        what = f"one import {reading.package} for what is swapped and what stays"
        found.append((lone[0].line, what, "import modules by their names"))
    elif kept and not staying and not lone:
        what = f"{reading.package}.{kept[0].name} stays, and what binds its first name is swapped"
        found.append((kept[0].line, what, "import it on its own"))
    elif moved and not leaving and not lone:
        what = f"{reading.package}.{moved[0].name} is swapped, and what binds its first name stays"
        found.append((moved[0].line, what, "import it on its own"))
    if bare and (staying or kept) and (leaving or moved):
        why = "it would be two things"
        found.append((bare[0].line, "the package itself is used", why))
    for mention in reading.other:
        if mention.blocks and (leaving or moved):
            found.append((mention.line, mention.what, "the swapped imports would bind it too"))
    return found


def _stays(use: Use) -> bool:
    """Whether it stays Twisted's although the file is swapped."""
    return not swapped(use)


def edits(reading: Reading) -> list[tuple[int, int]]:
    """Where the package's name has to be replaced: line and column, in order, each once."""
    bound = [use for use in reading.uses if use.how is How.IMPORT and use.bound == reading.package]
    keep_lone = any(
        use.how is How.DOTTED and use.column is not None and _stays(use) for use in reading.uses
    )
    keep_bare = keep_lone or not bound or any(use.name and _stays(use) for use in bound)
    found = set()
    for use in reading.uses:
        if use.column is None:
            continue
        if use.how in (How.IMPORT, How.BARE) and not use.name:
            lone = use.how is How.IMPORT
            if keep_lone if lone else keep_bare:
                continue
        elif not swapped(use):
            continue
        found.add((use.line, use.column))
    return sorted(found)

"""What is known of each of Twisted's names, without Twisted: is it here, and is it the same.

Twisted's public names are in ``pcstream/_twisted_names.txt``; ours are asked of our modules; where
the two differ is in ``_differences.txt`` beside this file, taken from ``docs/differences``.
"""

from __future__ import annotations

import ast
import importlib
import warnings
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

import pcstream

from .._unmirrored import twisted_names
from ._mirrored import ONLY_WITHOUT_TWISTED, PACKAGES, THEIRS, mirrored_modules

#: the version of Twisted that the names are taken from
VERSION = "26.10"


class Standing(Enum):
    """What becomes of a name; the value is what a person reads."""

    MIRRORED = "mirrored"
    DIFFERENT = "mirrored, with a difference"
    STAYS = "Twisted's, can stay"
    UNMIRRORED = "not mirrored"
    LACKING = "missing from a mirrored module"


#: these, the text swapped, are pcstream's
OURS = frozenset({Standing.MIRRORED, Standing.DIFFERENT})

#: Modules that hold no reactor, Deferred, Failure or interface, and take none: a program may have
#: them from Twisted while the rest of it stands on pcstream.
STAYING = frozenset(
    {
        "_version",
        "copyright",
        "python.compat",
        "python.deprecate",
        "python.lockfile",
        "python.modules",
        "python.monkey",
        "python.procutils",
        "python.randbytes",
        "python.text",
        "python.url",
        "python.urlpath",
        "python.util",
        "python.versions",
    }
)
#: What the package itself holds, and not a module of it.
STAYING_NAMES = frozenset({"version", "__version__"})

#: Reactors that do not stand on ours; pcstream has none for their system.
FOREIGN_REACTORS = frozenset(
    {"internet.iocpreactor", "internet.win32eventreactor", "internet.cfreactor"}
)

#: No module, so it has no names: whatever is asked of it is asked of the reactor.
REACTOR = "internet.reactor"


@dataclass(frozen=True)
class Difference:
    """A row of docs/differences.

    :ivar section: the heading that it stands under.
    :ivar rule: its first words.
    :ivar test: the test that shows it.
    """

    section: str
    rule: str
    test: str

    def __str__(self) -> str:
        return f"{self.section}: {self.rule}"


@dataclass(frozen=True)
class Judgement:
    """What is known of one name.

    :ivar name: without ``twisted.``, down to the name in a module and no further.
    :ivar why: a few words; empty if there is nothing to say.
    :ivar runs: whether it works under ``pcstream run``.
    :ivar exists: whether Twisted, of that version, has it as far as is known.
    """

    name: str
    standing: Standing
    why: str = ""
    runs: bool = True
    exists: bool = True
    differences: tuple[Difference, ...] = ()


@cache
def differences() -> dict[str, tuple[Difference, ...]]:
    """The differences, by the name that they are of, without ``twisted.``."""
    found: dict[str, tuple[Difference, ...]] = {}
    path = Path(__file__).with_name("_differences.txt")
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, section, rule, test = line.split("\t")
            found[name] = (*found.get(name, ()), Difference(section, rule, test))
    return found


@cache
def our_modules() -> frozenset[str]:
    """Our modules that stand at Twisted's path, and ours that are private, without ``twisted.``."""
    public = {name[len(THEIRS) + 1 :] for name in mirrored_modules(())} & set(twisted_names())
    private = {
        ".".join(path.relative_to(_folder()).with_suffix("").parts)
        for package in PACKAGES
        if package != ONLY_WITHOUT_TWISTED
        for path in _folder().joinpath(package).glob("_*.py")
        if path.stem != "__init__"
    }
    return frozenset(public | private)


def _folder() -> Path:
    return Path(pcstream.__file__).parent


@cache
def our_names(module: str) -> frozenset[str]:
    """What *module* of ours has, private names included."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated names are names
        try:
            loaded = importlib.import_module(f"{pcstream.__name__}.{module}")
        except ImportError:  # another system's, or in want of an extra
            return _written_names(module) | twisted_names().get(module, frozenset())
        return frozenset({*dir(loaded), *getattr(loaded, "__all__", ())})


def _written_names(module: str) -> frozenset[str]:
    """The names that the text of *module* binds."""
    path = _folder().joinpath(*module.split(".")).with_suffix(".py")
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return frozenset(names)


@cache
def judge(name: str) -> Judgement:
    """What is known of *name*, which is without ``twisted.``; empty is the package itself."""
    parts = name.split(".") if name else []
    known = twisted_names()
    for count in range(len(parts), 0, -1):
        module, rest = ".".join(parts[:count]), parts[count:]
        if module in our_modules():
            return _of_ours(module, rest[0] if rest else "")
        if module in STAYING:
            return Judgement(module, Standing.STAYS, "holds nothing that pcstream has its own of")
        if module in known and module not in PACKAGES:
            return _of_theirs(module)
    if not parts or name in PACKAGES:
        return Judgement(name, Standing.MIRRORED, "a package")
    if name in STAYING_NAMES or parts[0] in STAYING_NAMES:
        return Judgement(parts[0], Standing.STAYS, "tells of Twisted itself")
    if any(part.startswith("_") or part in ("test", "plugins") for part in parts):
        return Judgement(name, Standing.UNMIRRORED, "private to Twisted")
    return Judgement(name, Standing.UNMIRRORED, f"not in Twisted {VERSION}", exists=False)


def _of_theirs(module: str) -> Judgement:
    if module in FOREIGN_REACTORS:
        return Judgement(module, Standing.UNMIRRORED, "another system's reactor", runs=False)
    package = module.split(".")[0]
    which = "" if package in PACKAGES else f"pcstream has nothing of twisted.{package}"
    return Judgement(module, Standing.UNMIRRORED, which)


def _of_ours(module: str, name: str) -> Judgement:
    known = differences()
    if not name or module == REACTOR:
        found = known.get(module, ())
        return Judgement(module, _standing(found), differences=found)
    full = f"{module}.{name}"
    if name in our_names(module) or (name.startswith("__") and name.endswith("__")):
        found = known.get(full, ())
        return Judgement(full, _standing(found), differences=found)
    if name in twisted_names().get(module, frozenset()):
        why = f"pcstream.{module} does not have it"
    elif name.startswith("_"):
        why = f"private, and pcstream.{module} does not have it"
    else:
        why = f"neither pcstream.{module} nor Twisted {VERSION} offers it"
    # of these modules the installed Twisted's are used by what runs unchanged
    runs = module.split(".")[0] == ONLY_WITHOUT_TWISTED
    return Judgement(full, Standing.LACKING, why, runs=runs)


def _standing(found: tuple[Difference, ...]) -> Standing:
    return Standing.DIFFERENT if found else Standing.MIRRORED

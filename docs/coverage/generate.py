"""Write docs/coverage.rst and pcstream/_twisted_names.txt, from Twisted and pcstream as installed.

    python docs/coverage/generate.py            # write both
    python docs/coverage/generate.py --check    # say whether both are up to date

Needs Twisted with its TLS extra, on Linux: what cannot be imported has no names to list. Only
names are taken. A module's public names are its ``__all__``, or what it defines without a leading
underscore; of a class, the public methods that it defines itself count too.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "coverage.rst"
NAMES = ROOT / "pcstream" / "_twisted_names.txt"
IMPORTS = HERE / "public_imports.txt"

#: the version that the names are taken from
TWISTED = "26.10"
#: packages of Twisted's that pcstream has a part of; of the others only modules are listed
MIRRORED = ("internet", "protocols", "python", "trial", "test")
#: the one module of Twisted's tests that others import
TEST_MODULES = {"test.proto_helpers"}
#: importing it would choose a reactor
NOT_IMPORTED = {"internet.reactor"}


def is_public(module: str) -> bool:
    """Whether users import *module*: no tests, no plugins, nothing private."""
    if module in TEST_MODULES:
        return True
    parts = module.split(".")
    return not any(part.startswith("_") or part in ("test", "plugins") for part in parts)


def twisted_modules() -> list[str]:
    """Every public module of Twisted's, without ``twisted.``."""
    import twisted

    walk = pkgutil.walk_packages(twisted.__path__, "twisted.", onerror=lambda name: None)
    found = {info.name.removeprefix("twisted.") for info in walk}
    return sorted(filter(is_public, found | {"test"}))


def load(module: str) -> ModuleType | None:
    """The module, or None if it cannot be imported here."""
    try:
        return importlib.import_module(module)
    except Exception:
        # another platform's, or in want of a package; its names stay unlisted
        return None


def public(module: ModuleType) -> list[str]:
    """The names that *module* offers."""
    names = getattr(module, "__all__", None)
    if names is None:
        names = [
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
        ]
    return sorted(name for name in set(names) if not name.startswith("_") and hasattr(module, name))


def reexported(module: ModuleType) -> list[str]:
    """What *module* has from elsewhere in Twisted, which people import from it all the same."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not inspect.ismodule(value)
        and str(getattr(value, "__module__", "")).startswith("twisted.")
    ]


@dataclass
class Module:
    """One module of Twisted's, and how much of it is here."""

    name: str
    here: bool = False
    of: int = 0
    missing: list[str] = field(default_factory=list)


def hold(name: str) -> Module:
    """Compare one module's names."""
    row = Module(name)
    theirs, ours = load(f"twisted.{name}"), None
    if (ROOT / "pcstream" / Path(*name.split("."))).with_suffix(".py").exists():
        row.here = True
        ours = load(f"pcstream.{name}")
    if theirs is None:
        return row
    for top in public(theirs):
        row.of += 1
        thing = getattr(theirs, top)
        twin = getattr(ours, top, None)
        if not hasattr(ours, top):
            row.missing.append(top)
        if inspect.isclass(thing):
            methods = [n for n, v in vars(thing).items() if not n.startswith("_") and callable(v)]
            row.of += len(methods)
            row.missing += [f"{top}.{name}" for name in methods if not hasattr(twin, name)]
    return row


def names_file(modules: list[str]) -> str:
    """Twisted's public names, one module a line."""
    lines = [
        f"# The public names of Twisted {TWISTED}: a module, and what it has where pcstream has",
        "# a part of its package. Written by docs/coverage/generate.py.",
    ]
    for name in modules:
        if name.split(".")[0] not in MIRRORED or name in NOT_IMPORTED:
            lines.append(name)
            continue
        module = load(f"twisted.{name}")
        found = [] if module is None else sorted({*public(module), *reexported(module)})
        lines.append(f"{name}: {' '.join(found)}".rstrip(": "))
    return "\n".join(lines) + "\n"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]], widths: str) -> Iterator[str]:
    """A reST list table."""
    yield ".. list-table::"
    yield "   :header-rows: 1"
    yield f"   :widths: {widths}"
    yield ""
    for row in [head, *rows]:
        for column, cell in enumerate(row):
            yield f"   {'* -' if column == 0 else '  -'} {cell}".rstrip()
    yield ""


def literals(names: list[str]) -> str:
    """Each name as a literal."""
    return ", ".join(f"``{name}``" for name in names)


def read_imports() -> dict[str, list[set[str]]]:
    """The imports of public files, by how the files were found."""
    groups: dict[str, list[set[str]]] = {}
    for line in IMPORTS.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            group, _, modules = line.partition(":")
            groups.setdefault(group, []).append(set(modules.split()))
    return groups


IMPORTS_INTRO = """\
What public code imports
------------------------

Counted in the import blocks of {files} files of public projects, Twisted's own files and second
versions of a file left out. Of these files

{groups}

(``docs/coverage/public_imports.txt`` has a line a file). {covered} of them import nothing that is
not here. Modules of ``twisted.python`` that fewer than two of the files import are left out of
pcstream, except where its other modules need them.
"""


def import_count(here: set[str]) -> Iterator[str]:
    """The part about what public programs import."""
    groups = read_imports()
    files = [modules for found in groups.values() for modules in found]
    counts = Counter(module for modules in files for module in modules)
    yield IMPORTS_INTRO.format(
        files=len(files),
        groups="\n".join(f"* {len(found)} {group}" for group, found in groups.items()),
        covered=sum(modules <= here for modules in files),
    )
    rows = [
        (f"``{name}``", str(count), "yes" if name in here else "no")
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if count > 1 or name.startswith("python.")
    ]
    yield from table(("Module", "Files", "Here"), rows, "60 20 20")
    rest = Counter(name.split(".")[0] for name, count in counts.items() if count == 1)
    rare = sum(n for package, n in rest.items() if package != "python")
    yield f"{rare} further modules are imported by one file each."
    yield ""


INTRO = """\
.. Written by docs/coverage/generate.py; do not edit.

What is here of Twisted
=======================

pcstream has {modules} of the modules of Twisted {version} at Twisted's own paths, with {there} of
the {of} public names and methods that these modules have. Importing a module or a name that
Twisted has and pcstream does not raises an error that names it and says what to do.
"""


def page(modules: list[str]) -> str:
    """The page as reST."""
    rows = [hold(name) for name in modules if name.split(".")[0] in MIRRORED]
    rows = [row for row in rows if row.name not in NOT_IMPORTED]
    here = [row for row in rows if row.here]
    of = sum(row.of for row in here)
    there = of - sum(len(row.missing) for row in here)
    away = [name for name in modules if name not in {row.name for row in here}]
    packages = {name.split(".")[0] for name in modules if name.count(".") >= 1}
    lines = [
        INTRO.format(modules=len(here), version=TWISTED, there=there, of=of),
        "Module by module",
        "----------------",
        "",
        *table(
            ("Module", "Names", "Not here"),
            [
                (
                    f"``{row.name}``",
                    f"{row.of - len(row.missing)} of {row.of}",
                    literals(row.missing),
                )
                for row in here
            ],
            "34 16 50",
        ),
        "Not here",
        "--------",
        "",
        "Keep Twisted for these.",
        "",
    ]
    cells: list[tuple[str, ...]] = []
    for package in sorted({*packages, *(name.split(".")[0] for name in away)}):
        gone = [name for name in away if name.split(".")[0] == package and "." in name]
        gone = [name for name in gone if not (ROOT / "pcstream" / Path(*name.split("."))).is_dir()]
        gone = [name for name in gone if name not in NOT_IMPORTED]
        if not gone and package in away and not (ROOT / "pcstream" / package).is_dir():
            gone = [package]
        if gone:
            cells.append((f"``{package}``", str(len(gone)), literals(gone)))
    lines += table(("Package", "Modules", "Which"), cells, "16 12 72")
    lines += import_count({row.name for row in here} | NOT_IMPORTED)
    return "\n".join(lines).rstrip() + "\n"


def render() -> dict[Path, str]:
    """Both files' text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated names are names
        modules = twisted_modules()
        return {NAMES: names_file(modules), PAGE: page(modules)}


def main() -> int:
    """Write or check; 1 if the check finds a difference."""
    parser = argparse.ArgumentParser(description="docs/coverage.rst and the list of names")
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    sys.path.insert(0, str(ROOT))
    stale = 0
    for path, text in render().items():
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale += 1
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            path.write_text(text, "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())

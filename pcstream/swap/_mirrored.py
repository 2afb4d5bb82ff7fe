"""Which of Twisted's modules pcstream answers for."""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pcstream

OURS = "pcstream"
THEIRS = "twisted"

#: The packages whose modules stand at Twisted's paths.
PACKAGES = ("internet", "protocols", "python", "test", "trial")

#: What Twisted's ``trial`` command and its own test cases share must be one thing, so both are
#: Twisted's where there is Twisted.
ONLY_WITHOUT_TWISTED = "trial"


def twin(name: str) -> str:
    """Our name for a module of Twisted's."""
    return OURS + name[len(THEIRS) :]


def twisted_folders() -> Sequence[str]:
    """Where Twisted is installed; nowhere if it is not. Twisted is not imported."""
    spec = importlib.util.find_spec(THEIRS)
    if spec is None or spec.loader is None:
        return ()
    return list(spec.submodule_search_locations or ())


def mirrored_modules(twisted_at: Sequence[str]) -> dict[str, str]:
    """Twisted's names of the modules that pcstream has, and where ours are.

    A private module is one of them only if Twisted has it as well: the others are our own affair.

    :param twisted_at: the folders of the installed Twisted, none if it is absent.
    """
    found = {}
    for name, file, is_package in _modules(Path(pcstream.__file__).parent, ""):
        package, _, last = name.rpartition(".")
        if is_package or package.split(".")[0] not in PACKAGES:
            continue
        if twisted_at:
            if package == ONLY_WITHOUT_TWISTED:
                continue
            path = Path(*name.split(".")).with_suffix(".py")
            if last.startswith("_") and not any(Path(at, path).exists() for at in twisted_at):
                continue
        elif last.startswith("_"):
            continue
        found[f"{THEIRS}.{name}"] = str(file)
    return found


def mirrored_packages() -> set[str]:
    """Twisted's names of the packages that mirrored modules are in, and of Twisted itself."""
    modules = _modules(Path(pcstream.__file__).parent, "")
    names = [name for name, _, is_package in modules if is_package]
    return {THEIRS, *(f"{THEIRS}.{name}" for name in names if name.split(".")[0] in PACKAGES)}


def _modules(folder: Path, prefix: str) -> Iterator[tuple[str, Path, bool]]:
    """All below *folder*, with its file and whether it is a package; nothing is imported."""
    for module in pkgutil.iter_modules([str(folder)]):
        name = prefix + module.name
        yield name, folder / f"{module.name}.py", module.ispkg
        if module.ispkg:
            yield from _modules(folder / module.name, f"{name}.")

"""What asking for a name that only Twisted has comes to: an error that says what to do.

Nothing here runs while everything asked for is there. The names are Twisted's public ones, in
``_twisted_names.txt`` beside this file; ``docs/coverage/generate.py`` writes it.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType
    from typing import NoReturn
else:
    # every program imports this; ``types`` has more than is wanted
    ModuleType = type(sys)

PACKAGE = "pcstream"
TWIN = "twisted"
#: The function of the import system that asks for a module because it must be loaded;
#: ``importlib.util.find_spec`` and its like ask from elsewhere, and want None.
LOADING = "_find_and_load_unlocked"
IMPORT_SYSTEM = "<frozen importlib._bootstrap>"


class UnmirroredModule(ModuleNotFoundError):
    """A module of Twisted's was imported from pcstream, which does not have it."""


class UnmirroredName(ImportError):
    """A name of Twisted's was imported from a pcstream module, which does not have it."""


_names: dict[str, frozenset[str]] = {}


def twisted_names() -> dict[str, frozenset[str]]:
    """Twisted's public modules, without ``twisted.``, and the public names known of each."""
    if _names:
        return _names
    from pathlib import Path

    for line in Path(__file__).with_name("_twisted_names.txt").read_text("utf-8").splitlines():
        module, _, listed = line.partition(":")
        if module and not module.startswith("#"):
            _names[module] = frozenset(listed.split())
    return _names


def what_to_do(statement: str) -> str:
    """The advice that ends each of these errors."""
    return (
        f"keep Twisted for it ({statement}), and start the program with 'pcstream run', which "
        "puts it on pcstream. docs/coverage.rst lists what pcstream has"
    )


class TwistedOnly:
    """The last finder: explains why a module of Twisted's is not under ``pcstream``."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None, for this finds nothing.

        :raises UnmirroredModule: if the module is about to be loaded, and Twisted has it.
        """
        if not fullname.startswith(PACKAGE + ".") or not _loading(sys._getframe(1)):
            return None
        module = fullname[len(PACKAGE) + 1 :]
        if module not in twisted_names():
            return None
        raise UnmirroredModule(
            f"{PACKAGE} has no {module}, Twisted has: " + what_to_do(f"import {TWIN}.{module}"),
            name=fullname,
        )


def _loading(frame: FrameType | None) -> bool:
    """Whether a module is about to be loaded, not merely looked for."""
    asker = frame.f_back if frame is not None else None
    return (
        asker is not None
        and asker.f_code.co_name == LOADING
        and asker.f_code.co_filename == IMPORT_SYSTEM
    )


def _importing_from(frame: FrameType) -> bool:
    """Whether *frame* stands at ``from module import name``, whose error is an ImportError."""
    from dis import opmap

    return frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]


class MirroredPackage(ModuleType):
    """Lets each public module that is loaded into it explain what it lacks.

    A function ``__getattr__`` in each would do the same, but type checkers would then take every
    name for present.
    """

    def __setattr__(self, attribute: str, value: object) -> None:
        super().__setattr__(attribute, value)
        if not isinstance(value, ModuleType) or attribute.startswith("_"):
            return
        if value.__name__ == f"{self.__name__}.{attribute}":
            _explain(value)


def explain_missing(name: str) -> None:
    """Let the package called *name*, and its modules, explain each name that only Twisted's has."""
    _explain(sys.modules[name])


def _explain(module: ModuleType) -> None:
    """Give *module* a ``__getattr__`` (PEP 562), unless it has one."""
    if hasattr(module, "__path__"):
        module.__class__ = MirroredPackage

    def missing(attribute: str) -> NoReturn:
        plain = AttributeError(
            f"module {module.__name__!r} has no attribute {attribute!r}", name=attribute, obj=module
        )
        asker = sys._getframe(1)
        # ``from package import module`` looks whether there is such an attribute, every time
        if attribute.startswith("_") or asker.f_code.co_filename == IMPORT_SYSTEM:
            raise plain
        told = _only_twisted_has(module, attribute)
        if told is None:
            raise plain
        if _importing_from(asker):
            file = getattr(module, "__file__", None)
            raise UnmirroredName(told, name=module.__name__, path=file)
        raise AttributeError(told, name=attribute, obj=module)

    vars(module).setdefault("__getattr__", missing)


def _only_twisted_has(module: ModuleType, attribute: str) -> str | None:
    """What to say of a name that Twisted's module has and ours does not; else None."""
    names = twisted_names()
    short = module.__name__[len(PACKAGE) + 1 :]
    inner = f"{short}.{attribute}" if short else attribute
    if inner in names:
        from importlib.machinery import PathFinder

        if PathFinder.find_spec(f"{PACKAGE}.{inner}", module.__path__) is not None:
            return None  # there is one; it was not imported
        return f"{PACKAGE} has no {inner}, Twisted has: " + what_to_do(f"import {TWIN}.{inner}")
    if attribute in names.get(short, ()):
        return f"{module.__name__} has no {attribute}, Twisted's has: " + what_to_do(
            f"from {TWIN}.{short} import {attribute}"
        )
    return None


def explain_missing_modules() -> None:
    """Put the finder behind all others, once."""
    if not any(finder is TwistedOnly for finder in sys.meta_path):
        sys.meta_path.append(TwistedOnly)

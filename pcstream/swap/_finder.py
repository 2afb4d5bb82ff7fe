"""The finder that stands before all others and answers for Twisted's modules."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from .._unmirrored import _loading, twisted_names
from ._mirrored import THEIRS, twin
from ._reactor_place import REACTOR, forget_reactor


class TwistedNeeded(ModuleNotFoundError):
    """A module that only Twisted has was imported, and Twisted is not installed."""


class Answer(Loader):
    """Puts our module in the place of Twisted's: the same object under both names.

    Its ``__name__``, ``__spec__`` and ``__file__`` stay ours, so tracebacks show the code that
    runs.
    """

    def exec_module(self, module: ModuleType) -> None:
        """Import ours, and leave it in ``sys.modules`` where *module* was."""
        assert module.__spec__ is not None
        name = module.__spec__.name
        # The reactor is no module. Importing it installs one, which fails if its place is taken.
        del sys.modules[name]
        if name == REACTOR:
            forget_reactor()
        importlib.import_module(twin(name))
        sys.modules[name] = sys.modules[twin(name)]


class Package(Loader):
    """Makes one of Twisted's packages, where Twisted is absent: it holds only our modules."""

    def exec_module(self, module: ModuleType) -> None:
        """Let *module* have what our package has."""
        name = module.__name__
        ours = importlib.import_module(twin(name))

        def missing(attribute: str) -> object:
            if not attribute.startswith("_") and attribute in getattr(ours, "__all__", ()):
                return getattr(ours, attribute)
            raise AttributeError(
                f"module {name!r} has no attribute {attribute!r}: Twisted is not installed, "
                "and pcstream has only its streaming modules",
                name=attribute,
                obj=module,
            )

        vars(module)["__getattr__"] = missing


class Afterwards(Loader):
    """Loads a module as its own loader does, then calls *then*."""

    def __init__(self, loader: Loader, then: Callable[[], None]) -> None:
        self.loader = loader
        self.then = then

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Whatever the loader makes."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run *module* with nothing of ours left on it, then ``then``."""
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        self.then()


class SwapFinder(MetaPathFinder):
    """Answers imports of Twisted's modules.

    :param mirrored: Twisted's names of those that we have, and their files.
    :param packages: the packages to make up for them; none if Twisted is there for the rest.
    :param afterwards: what to do when a module of Twisted's own has been loaded, by its name.
    """

    def __init__(
        self,
        mirrored: Mapping[str, str],
        packages: Collection[str],
        afterwards: Mapping[str, Callable[[], None]],
    ) -> None:
        self.mirrored = mirrored
        self.packages = packages
        self.has_twisted = not packages
        self.afterwards = afterwards

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Where *fullname* comes from, if that is for us to say.

        :raises TwistedNeeded: it is about to be loaded, only Twisted has it, and is not here.
        """
        if fullname != THEIRS and not fullname.startswith(THEIRS + "."):
            return None
        file = self.mirrored.get(fullname)
        if file is not None:
            return ModuleSpec(fullname, Answer(), origin=file)
        if self.has_twisted:
            then = self.afterwards.get(fullname)
            return None if then is None else self._spec_of_theirs(fullname, path, target, then)
        if fullname in self.packages:
            return ModuleSpec(fullname, Package(), is_package=True)
        short = fullname[len(THEIRS) + 1 :]
        if short in twisted_names() and _loading(sys._getframe(1)):
            # named after what is missing, not after the module: the import system passes over
            # the latter in ``from twisted.internet import inotify``
            raise TwistedNeeded(
                f"{fullname} is not mirrored by pcstream: Twisted is needed for it, and is not "
                "installed",
                name=THEIRS,
            )
        return None

    def _spec_of_theirs(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None,
        then: Callable[[], None],
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = Afterwards(spec.loader, then)
                return spec
        return None

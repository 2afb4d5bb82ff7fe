"""Objects by their dotted names, names by their objects, and methods by their prefix."""

from __future__ import annotations

import os
import sys
from inspect import getmodulename
from types import FunctionType, MethodType, ModuleType
from typing import Any

from pcstream.python._object_search import (
    findInstances,
    isLike,
    isOfType,
    isSame,
    modgrep,
    objgrep,  # noqa: F401  (public in fact, though Twisted's list leaves it out)
)
from pcstream.python._safe_text import qual, safe_repr, safe_str

__all__ = [
    "InvalidName",
    "ModuleNotFound",
    "ObjectNotFound",
    "QueueMethod",
    "accumulateClassDict",
    "accumulateClassList",
    "accumulateMethods",
    "addMethodNamesToDict",
    "filenameToModuleName",
    "findInstances",
    "fullFuncName",
    "fullyQualifiedName",
    "getClass",
    "isLike",
    "isOfType",
    "isSame",
    "modgrep",
    "namedAny",
    "namedClass",
    "namedModule",
    "namedObject",
    "prefixedMethodNames",
    "prefixedMethods",
    "qual",
    "requireModule",
    "safe_repr",
    "safe_str",
]


class InvalidName(ValueError):
    """The text is not a dotted list of Python identifiers."""


class ModuleNotFound(InvalidName):
    """A name without dots that no module has."""


class ObjectNotFound(InvalidName):
    """A dotted name of which not even the first part can be imported."""


def fullyQualifiedName(obj: Any) -> str:
    """The dotted name of a module, class, function or method, nesting included."""
    if isinstance(obj, ModuleType):
        return obj.__name__
    name = obj.__qualname__ if hasattr(obj, "__name__") and hasattr(obj, "__qualname__") else ""
    if name and isinstance(obj, (type, FunctionType, MethodType)):
        return f"{obj.__module__}.{name}"
    return name or str(obj.__name__)


def fullFuncName(func: Any) -> str:
    """The dotted name of a function at the top of its module.

    :raises Exception: another object has that name.
    """
    name = qual(func)
    if namedObject(name) is not func:
        raise Exception(f"Could not find {func} as {name}.")
    return name


def getClass(obj: Any) -> Any:
    """The object's class."""
    return type(obj)


def _own_functions(cls: type, prefix: str) -> list[str]:
    """The names, less the prefix, of the functions that *cls* itself defines."""
    return [
        name[len(prefix) :]
        for name, value in vars(cls).items()
        if isinstance(value, FunctionType) and name.startswith(prefix) and len(name) > len(prefix)
    ]


def prefixedMethodNames(classObj: Any, prefix: str) -> list[str]:
    """The names, less the prefix, of the methods of *classObj* and its bases that begin with it."""
    names: dict[str, int] = {}
    addMethodNamesToDict(classObj, names, prefix)
    return list(names)


def addMethodNamesToDict(classObj: Any, dict: Any, prefix: str, baseClass: Any = None) -> None:
    """Add to *dict*, with 1 as the value, what :func:`prefixedMethodNames` returns.

    :param baseClass: count only the methods of classes that have this one as a direct base.
    """
    for base in classObj.__bases__:
        addMethodNamesToDict(base, dict, prefix, baseClass)
    if baseClass is None or baseClass in classObj.__bases__:
        dict.update((name, 1) for name in _own_functions(classObj, prefix))


def prefixedMethods(obj: Any, prefix: str = "") -> list[Any]:
    """The bound methods of *obj* whose names begin with the prefix."""
    found: dict[str, Any] = {}
    accumulateMethods(obj, found, prefix)
    return list(found.values())


def accumulateMethods(obj: Any, dict: Any, prefix: str = "", curClass: Any = None) -> None:
    """Add to *dict* the bound methods of *obj*, by their names less the prefix.

    :param curClass: look only at this class and its bases; by default at all of *obj*'s.
    """
    cls = curClass or obj.__class__
    for base in cls.__bases__:
        accumulateMethods(obj, dict, prefix, base)
    dict.update((name, getattr(obj, prefix + name)) for name in _own_functions(cls, prefix))


def accumulateClassDict(classObj: Any, attr: str, adict: Any, baseClass: Any = None) -> None:
    """Update *adict* with the dicts that *classObj* and its bases have as *attr*, bases first.

    :param baseClass: leave out the class's own unless this is one of its direct bases.
    """
    for base in classObj.__bases__:
        accumulateClassDict(base, attr, adict)
    if baseClass is None or baseClass in classObj.__bases__:
        adict.update(classObj.__dict__.get(attr, {}))


def accumulateClassList(classObj: Any, attr: str, listObj: Any, baseClass: Any = None) -> None:
    """Extend *listObj* with the lists that *classObj* and its bases have as *attr*, bases first.

    :param baseClass: leave out the class's own unless this is one of its direct bases.
    """
    for base in classObj.__bases__:
        accumulateClassList(base, attr, listObj)
    if baseClass is None or baseClass in classObj.__bases__:
        listObj.extend(classObj.__dict__.get(attr, []))


class QueueMethod:
    """Stands in for a method that does not exist yet and notes the calls.

    :param name: the method's name.
    :param calls: a list, to which ``(name, arguments)`` is added by each call.
    """

    def __init__(self, name: Any, calls: Any) -> None:
        self.name = name
        self.calls = calls

    def __call__(self, *args: Any) -> None:
        self.calls.append((self.name, args))


def namedModule(name: str) -> Any:
    """The module of that name, imported if need be.

    :raises ImportError: there is none, or importing it failed.
    """
    __import__(name)
    return sys.modules[name]


def namedObject(name: str) -> Any:
    """What a module has under a name: ``"package.module.thing"``."""
    module, _, attribute = name.rpartition(".")
    return getattr(namedModule(module), attribute)


namedClass = namedObject


def requireModule(name: str, default: Any = None) -> Any:
    """The module of that name, or *default* if it cannot be imported."""
    try:
        return namedModule(name)
    except ImportError:
        return default


def _module_or_none(name: str) -> Any:
    """The module of that name, or None if there is no such module.

    What goes wrong inside a module that exists is raised, a failing import of its own included.
    """
    try:
        return namedModule(name)
    except ModuleNotFoundError as missing:
        # The error names the module that was looked for: a parent of this one, or this one.
        if missing.name is not None and (name + ".").startswith(missing.name + "."):
            return None
        raise


def namedAny(name: str) -> Any:
    """The module, or the object in a module, or the attribute of such an object, of that name.

    :raises InvalidName: the name is empty or has an empty part.
    :raises ModuleNotFound: a name without dots, and no such module.
    :raises ObjectNotFound: a name with dots, and no module to begin with.
    :raises AttributeError: a module was found, but not what should be in it.
    """
    if not name:
        raise InvalidName("Empty module name")
    parts = name.split(".")
    if "" in parts:
        raise InvalidName(
            f"name must be a string giving a '.'-separated list of Python identifiers, not {name!r}"
        )
    for length in range(len(parts), 0, -1):
        found = _module_or_none(".".join(parts[:length]))
        if found is not None:
            for attribute in parts[length:]:
                found = getattr(found, attribute)
            return found
    if len(parts) == 1:
        raise ModuleNotFound(f"No module named {name!r}")
    raise ObjectNotFound(f"{name!r} does not name an object")


def filenameToModuleName(fn: Any) -> str:
    """The name under which a file would be imported, judged by the packages that it lies in.

    :param fn: a path, ``str`` or ``bytes``, of a module's file or of a package's directory.
    """
    path = os.path.abspath(os.fsdecode(fn))
    directory, base = os.path.split(path)
    name = getmodulename(path) or os.path.splitext(base)[0]
    while os.path.exists(os.path.join(directory, "__init__.py")):
        directory, package = os.path.split(directory)
        name = f"{package}.{name}"
    return name

"""Where in a structure of objects a given one is referred to: :func:`objgrep` and its kin."""

from __future__ import annotations

import re
import sys
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from io import IOBase
from typing import Any

# Objects that hold no references worth following.
_LEAVES = (
    *(str, bytes, int, float, complex, type(None), IOBase, re.Pattern),
    *(types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType),
    *(types.WrapperDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType),
)


def isSame(a: Any, b: Any) -> bool:
    """Whether both are one object."""
    return a is b


def isLike(a: Any, b: Any) -> bool:
    """Whether both are equal."""
    return bool(a == b)


def isOfType(start: Any, goal: Any) -> bool:
    """Whether *start* is an instance of exactly the class *goal*."""
    return type(start) is goal


def _children(holder: Any) -> Iterator[tuple[str, Any]] | None:
    """What *holder* refers to, each with the text that leads there; None if that is not known."""
    if isinstance(holder, dict):
        return _dict_children(holder)
    if isinstance(holder, (list, tuple, deque)):
        return ((f"[{index}]", item) for index, item in enumerate(holder))
    if isinstance(holder, types.MethodType):
        return iter(
            [
                (".__self__", holder.__self__),
                (".__func__", holder.__func__),
                (".__self__.__class__", holder.__self__.__class__),
            ]
        )
    if isinstance(holder, weakref.ref):
        return iter([("()", holder())])
    if isinstance(holder, _LEAVES):
        return iter(())
    return _attribute_children(holder) if hasattr(holder, "__dict__") else None


def _dict_children(holder: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in list(holder.items()):
        yield "{" + repr(value) + "}", key
        yield f"[{key!r}]", value


def _attribute_children(holder: Any) -> Iterator[tuple[str, Any]]:
    for name, value in list(vars(holder).items()):
        yield f".{name}", value
    if not isinstance(holder, type):
        yield ".__class__", holder.__class__


def objgrep(
    start: Any,
    goal: Any,
    eq: Callable[[Any, Any], Any] = isLike,
    path: Any = "",
    paths: Any = None,
    seen: Any = None,
    showUnknowns: Any = 0,
    maxDepth: Any = None,
) -> Any:
    """Every way to get from *start* to *goal*, as text to be put behind *start*'s name.

    :param eq: decides whether an object is the goal: called with the object and the goal.
    :param path: text to begin each of the results with.
    :param paths: a list to add the results to.
    :param seen: a dict of the objects that need no looking at, by their ``id``; added to.
    :param showUnknowns: if true, print objects that cannot be looked into.
    :param maxDepth: how many steps to follow; None for all.
    """
    if paths is None:
        paths = []
    if seen is None:
        seen = {}
    if eq(start, goal):
        paths.append(path)
    if id(start) in seen or maxDepth == 0:
        return paths
    seen[id(start)] = start
    children = _children(start)
    if children is None:
        if showUnknowns:
            print("unknown type", type(start), start)
        return paths
    deeper = None if maxDepth is None else maxDepth - 1
    for step, child in children:
        objgrep(child, goal, eq, path + step, paths, seen, showUnknowns, deeper)
    return paths


def findInstances(start: Any, t: Any) -> Any:
    """Every way to get from *start* to an instance of exactly the class *t*."""
    return objgrep(start, t, isOfType)


def modgrep(goal: Any) -> Any:
    """Every way to get to *goal* from an imported module."""
    return objgrep(sys.modules, goal, isLike, "sys.modules")

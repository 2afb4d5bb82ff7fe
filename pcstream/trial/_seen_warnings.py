"""Warnings that a test emits: kept while it runs, and emitted for good afterwards."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FunctionType, MethodType
from typing import Any, NamedTuple

__all__ = ["SeenWarning", "collecting", "emit", "from_functions"]

__unittest = True


class SeenWarning(NamedTuple):
    """One warning, as far as ``flushWarnings`` tells of it."""

    message: str
    category: type[Warning]
    filename: str
    lineno: int


@contextmanager
def collecting(
    observe: Callable[[SeenWarning], object],
    suppressions: Sequence[tuple[Sequence[Any], dict[str, Any]]] = (),
) -> Iterator[None]:
    """Hand each warning to *observe* instead of showing it, however often it comes.

    :param suppressions: arguments for :func:`warnings.filterwarnings`; what matches is not seen.
    """

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: Any = None,
        line: str | None = None,
    ) -> None:
        observe(SeenWarning(str(message), category, filename, lineno))

    # Changing the filters also makes every module forget which warnings it has shown already.
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        for args, kwargs in suppressions:
            warnings.filterwarnings(*args, **kwargs)
        warnings.showwarning = show
        yield


def emit(seen: Sequence[SeenWarning]) -> Iterator[BaseException]:
    """Emit each of *seen* where it came from, under the filters that hold now.

    :returns: the exceptions of those that the filters turn into errors.
    """
    registries: dict[str, dict[Any, Any]] = {}
    for each in seen:
        try:
            warnings.warn_explicit(
                each.message,
                each.category,
                each.filename,
                each.lineno,
                registry=registries.setdefault(each.filename, {}),
            )
        except Warning as error:
            yield error


def from_functions(seen: Sequence[SeenWarning], functions: Sequence[Any]) -> list[SeenWarning]:
    """Those of *seen* that were emitted by the body of one of *functions*.

    :raises ValueError: one of them is neither a function nor a method.
    """
    bodies = [_body(each) for each in functions]
    return [
        each
        for each in seen
        if any(
            _canonical(each.filename) in paths and each.lineno in lines for paths, lines in bodies
        )
    ]


def _body(function: Any) -> tuple[set[str], range]:
    if isinstance(function, MethodType):
        function = function.__func__
    if not isinstance(function, FunctionType):
        raise ValueError(f"{function!r} is not a function or method")
    lines = _lines(function.__code__)
    return _source_paths(function), range(min(lines), max(lines) + 1)


def _lines(code: CodeType) -> list[int]:
    found = [code.co_firstlineno]
    found.extend(line for _, _, line in code.co_lines() if line)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found.extend(_lines(constant))
    return found


def _source_paths(function: FunctionType) -> set[str]:
    """Where the source was when it was compiled, and where its module says it is now."""
    module = sys.modules.get(function.__module__)
    now = getattr(module, "__file__", None)
    return {_canonical(path) for path in (function.__code__.co_filename, now) if path}


def _canonical(path: str) -> str:
    return os.path.normcase(os.path.abspath(path))

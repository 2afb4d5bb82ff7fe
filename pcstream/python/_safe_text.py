"""Names and texts of objects, made without ever raising.

What is reported here is often already broken: an error whose ``__str__`` raises must still be
reportable.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable


def qual(clazz: type) -> str:
    """The dotted name of a class, as it stands in tracebacks and in pickled failures.

    Nested classes go by their last name alone, as in Twisted.
    """
    return clazz.__module__ + "." + clazz.__name__


def _describe_broken(formatter: Callable[[object], str], o: object) -> str:
    """Text for an object whose own formatting raised just now."""
    try:
        name = o.__class__.__name__
    except Exception:
        name = "unknown class"
    trouble = traceback.format_exc().replace("\n", "\n ").rstrip(" ")
    what = "repr" if formatter is repr else formatter.__name__
    return f"<{name} instance at 0x{id(o):x} with {what} error:\n {trouble}>"


def safe_repr(o: object) -> str:
    """``repr(o)``, or a description of *o* and of the error if that raises."""
    try:
        return repr(o)
    except BaseException:
        return _describe_broken(repr, o)


def safe_str(o: object) -> str:
    """``str(o)``, or a description of *o* and of the error if that raises.

    Bytes are decoded as UTF-8 where that is possible.
    """
    if isinstance(o, bytes):
        try:
            return o.decode("utf-8")
        except UnicodeDecodeError:
            pass
    try:
        return str(o)
    except BaseException:
        return _describe_broken(str, o)

"""Names and texts of objects, made without ever raising.

What is reported here is often already broken: an error whose ``__str__`` raises must still be
reportable.
"""

from __future__ import annotations

from collections.abc import Callable


def qual(clazz: type) -> str:
    """The dotted name of a class, as it stands in tracebacks and in pickled failures.

    Nested classes go by their last name alone, as in Twisted.
    """
    return clazz.__module__ + "." + clazz.__name__


def _class_name(o: object) -> str:
    """The name of the object's class, or the best that can be had in its place."""
    cls: type
    try:
        cls = o.__class__
    except BaseException:
        cls = type(o)
    ways: list[Callable[[], str]] = [lambda: cls.__name__, lambda: str(cls)]
    for name_of in ways:
        try:
            return name_of()
        except BaseException:
            continue
    return f"<BROKEN CLASS AT 0x{id(cls):x}>"


def _describe_broken(formatter: Callable[[object], str], o: object) -> str:
    """Text for an object whose own formatting raised just now."""
    # drags in the tokenizer, which a program without errors does not need
    import traceback

    name = _class_name(o)
    what = "repr" if formatter is repr else formatter.__name__
    return f"<{name} instance at 0x{id(o):x} with {what} error:\n {traceback.format_exc()}>"


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

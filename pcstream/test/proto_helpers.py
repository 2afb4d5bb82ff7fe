"""The old name of :mod:`pcstream.internet.testing`: every use of a name from here is deprecated."""

from __future__ import annotations

import warnings
from typing import Any

from ..internet import testing
from ..internet.testing import __all__ as _names

__all__ = list(_names)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Both names are given: a reader may have either package in front of him.
    warnings.warn(
        f"{__name__}.{name} was deprecated in Twisted 19.7.0: "
        f"Please use {testing.__name__}.{name} instead "
        f"(in Twisted: twisted.internet.testing.{name}).",
        DeprecationWarning,
        stacklevel=2,
    )
    return getattr(testing, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

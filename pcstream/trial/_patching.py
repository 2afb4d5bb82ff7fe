"""Attributes replaced for a while."""

from __future__ import annotations

from typing import Any

__all__ = ["MonkeyPatcher"]

__unittest = True

_NOTHING = object()


class MonkeyPatcher:
    """Replaces attributes, and puts them back.

    :param patches: each an object, the name of an attribute of it, and the new value.
    """

    def __init__(self, *patches: tuple[Any, str, Any]) -> None:
        self._wanted: list[tuple[Any, str, Any]] = []
        self._before: list[tuple[Any, str, Any]] = []
        for patch in patches:
            self.addPatch(*patch)

    def addPatch(self, obj: Any, name: str, value: Any) -> None:
        """Replace attribute *name* of *obj* with *value* from the next :meth:`patch` on."""
        self._wanted.append((obj, name, value))

    def patch(self) -> None:
        """Replace the attributes.

        :raises AttributeError: there is no such attribute.
        """
        for obj, name, value in self._wanted:
            self._before.append((obj, name, getattr(obj, name)))
            setattr(obj, name, value)

    __enter__ = patch

    def restore(self) -> None:
        """Put back what was there, the last one first."""
        while self._before:
            obj, name, value = self._before.pop()
            setattr(obj, name, value)

    def __exit__(self, *exc_info: object) -> None:
        self.restore()

    def runWithPatches(self, f: Any, *args: Any, **kw: Any) -> Any:
        """Call *f* while the attributes are replaced."""
        with self:
            return f(*args, **kw)

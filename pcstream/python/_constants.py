"""Small sets of named constants, as Twisted's interfaces have them.

A constant is told by identity, shows as ``<Container=NAME>``, and comes before those that are
written after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar


class NamedConstant:
    """One of a set; its name is that of the class attribute."""

    name: str
    _container: type[Any]
    _index: int

    def __repr__(self) -> str:
        return f"<{self._container.__name__}={self.name}>"

    def _rank_of(self, other: object) -> int | None:
        if isinstance(other, NamedConstant) and other._container is self._container:
            return other._index
        return None

    def __lt__(self, other: object) -> bool:
        rank = self._rank_of(other)
        return NotImplemented if rank is None else self._index < rank

    def __le__(self, other: object) -> bool:
        rank = self._rank_of(other)
        return NotImplemented if rank is None else self._index <= rank

    def __gt__(self, other: object) -> bool:
        rank = self._rank_of(other)
        return NotImplemented if rank is None else self._index > rank

    def __ge__(self, other: object) -> bool:
        rank = self._rank_of(other)
        return NotImplemented if rank is None else self._index >= rank


class ValueConstant(NamedConstant):
    """One of a set, with a value."""

    def __init__(self, value: Any) -> None:
        self.value = value


class FlagConstant(NamedConstant):
    """One of a set, or several together.

    :ivar value: one bit for each of the set.
    """

    def __init__(self, value: int | None = None) -> None:
        """
        :param value: None for twice the value of the one before.
        """
        self.value: int = 0 if value is None else value
        self._is_counted = value is None

    def _of(self, value: int) -> FlagConstant:
        """What has *value*: the one of the set, or a new combination."""
        whole: list[FlagConstant] = list(self._container.iterconstants())
        chosen = [flag for flag in whole if flag.value & value]
        if len(chosen) == 1:
            return chosen[0]
        made = FlagConstant(value)
        made._container, made._index = self._container, self._index
        made.name = "{" + ",".join(sorted(flag.name for flag in chosen)) + "}"
        return made

    def __or__(self, other: FlagConstant) -> FlagConstant:
        return self._of(self.value | other.value)

    def __and__(self, other: FlagConstant) -> FlagConstant:
        return self._of(self.value & other.value)

    def __xor__(self, other: FlagConstant) -> FlagConstant:
        return self._of(self.value ^ other.value)

    def __invert__(self) -> FlagConstant:
        every = sum(flag.value for flag in self._container.iterconstants())
        return self._of(every & ~self.value)

    def __iter__(self) -> Iterator[FlagConstant]:
        return (flag for flag in self._container.iterconstants() if flag.value & self.value)

    def __contains__(self, flag: FlagConstant) -> bool:
        return bool(flag.value & self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FlagConstant) or other._container is not self._container:
            return NotImplemented
        return self.value == other.value

    def __hash__(self) -> int:
        return hash((self._container, self.value))


class _Container:
    """A set of constants: the attributes of a subclass."""

    _constants: ClassVar[dict[str, Any]] = {}

    def __new__(cls) -> Any:
        raise TypeError(f"{cls.__name__} may not be instantiated.")

    def __init_subclass__(cls) -> None:
        cls._constants = {
            name: constant
            for name, constant in vars(cls).items()
            if isinstance(constant, NamedConstant)
        }
        next_flag = 1
        for index, (name, constant) in enumerate(cls._constants.items()):
            constant.name, constant._container, constant._index = name, cls, index
            if isinstance(constant, FlagConstant):
                if constant._is_counted:
                    constant.value = next_flag
                next_flag = constant.value << 1

    @classmethod
    def iterconstants(cls) -> Iterator[Any]:
        """The constants, in the order in which they are written."""
        return iter(cls._constants.values())

    @classmethod
    def lookupByName(cls, name: str) -> Any:
        """The constant called *name*.

        :raises ValueError: there is none.
        """
        if name not in cls._constants:
            raise ValueError(name)
        return cls._constants[name]


class Names(_Container):
    """A set of constants without values."""


class Values(_Container):
    """A set of constants with values."""

    @classmethod
    def lookupByValue(cls, value: Any) -> Any:
        """The first constant that has *value*.

        :raises ValueError: there is none.
        """
        for constant in cls._constants.values():
            if constant.value == value:
                return constant
        raise ValueError(value)


class Flags(Values):
    """A set of constants that can be combined."""

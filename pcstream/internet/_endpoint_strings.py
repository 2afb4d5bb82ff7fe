"""The syntax of endpoint descriptions such as ``tcp:8080:interface=127.0.0.1``.

A description is parts between colons, of which those with an equals sign have a name.  A backslash
takes the meaning from the character that follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_OP, _STRING = 0, 1

_QUOTE = "\\"
_NEXT_PART = ":"
_NAMED = "="


def quoteStringArgument(argument: str) -> str:
    """Quote *argument* so that it stands for itself as the value of a part.

    That is the way to put a path or an address into a description::

        serverFromString(reactor, "unix:" + quoteStringArgument(path))
    """
    return argument.replace(_QUOTE, _QUOTE * 2).replace(_NEXT_PART, _QUOTE + _NEXT_PART)


def _tokenize(description: str) -> Iterator[tuple[int, str]]:
    """The strings and the operators of *description* in order.

    An equals sign is an operator only where it is the first of its part.

    :raises ValueError: it ends with a backslash.
    """
    operators = _NEXT_PART + _NAMED
    current = ""
    characters = iter(description)
    for character in characters:
        if character == _QUOTE:
            quoted = next(characters, None)
            if quoted is None:
                raise ValueError(
                    f"endpoint description ends with a backslash that quotes nothing: "
                    f"{description!r}"
                )
            current += quoted
        elif character in operators:
            yield _STRING, current
            yield _OP, character
            current = ""
            operators = _NEXT_PART if character == _NAMED else _NEXT_PART + _NAMED
        else:
            current += character
    yield _STRING, current


def _parse(description: str) -> tuple[list[str], dict[str, str]]:
    """The unnamed parts of *description*, and those with a name."""
    unnamed: list[str] = []
    named: dict[str, str] = {}
    part: list[str] = []

    def finish() -> None:
        if len(part) == 1:
            unnamed.append(part[0])
        else:
            named[part[0]] = part[1]
        part.clear()

    for kind, value in _tokenize(description):
        if kind == _STRING:
            part.append(value)
        elif value == _NEXT_PART:
            finish()
    finish()
    return unnamed, named


_REQUIRED: Any = object()


@dataclass(frozen=True)
class Part:
    """One part that a kind of description knows.

    :param name: its name.
    :param read: makes its value of the text; raises ``ValueError`` saying what the text is not.
    :param default: the value if it is left out; without one it has to be there.
    """

    name: str
    read: Callable[[str], Any] = str
    default: Any = _REQUIRED


def number(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number")


def octal(text: str) -> int:
    """Permissions, in base 8 as they are always written."""
    try:
        return int(text, 8)
    except ValueError:
        raise ValueError(f"{text!r} is not an octal number")


def flag(text: str) -> bool:
    """0 for no, another number for yes."""
    try:
        return bool(int(text))
    except ValueError:
        raise ValueError(f"{text!r} is not 0 or 1")


@dataclass(frozen=True)
class Shape:
    """What a kind of description consists of.

    :param kind: what it begins with; for messages.
    :param parts: in the order in which they can be left unnamed.
    :param most_unnamed: how many can be, at most; all if None.
    :param fills_gaps: whether the unnamed ones are those that are not named; otherwise the first
        unnamed one is the first part, in any case.
    """

    kind: str
    parts: Sequence[Part]
    most_unnamed: int | None = None
    fills_gaps: bool = False

    def read(self, unnamed: Sequence[str], named: Mapping[str, str]) -> dict[str, Any]:
        """The value of each part.

        :raises TypeError: a part is missing, unknown, or there twice.
        :raises ValueError: the text of a part makes no sense.
        """
        texts = dict(named)
        unknown = texts.keys() - {part.name for part in self.parts}
        if unknown:
            raise TypeError(
                f"{self.kind!r} endpoint: there is no {sorted(unknown)[0]!r}, only "
                + ", ".join(repr(part.name) for part in self.parts)
            )
        places = [part.name for part in self.parts[: self.most_unnamed]]
        if self.fills_gaps:
            places = [name for name in places if name not in texts]
        if len(unnamed) > len(places):
            raise TypeError(
                f"{self.kind!r} endpoint: {unnamed[len(places)]!r} is one part too many "
                "without a name"
            )
        for name, text in zip(places, unnamed, strict=False):
            if name in texts:
                raise TypeError(f"{self.kind!r} endpoint: {name!r} is there twice")
            texts[name] = text
        return {part.name: self._value(part, texts) for part in self.parts}

    def _value(self, part: Part, texts: Mapping[str, str]) -> Any:
        if part.name not in texts:
            if part.default is _REQUIRED:
                raise TypeError(f"{self.kind!r} endpoint: {part.name!r} is missing")
            return part.default
        try:
            return part.read(texts[part.name])
        except ValueError as e:
            raise ValueError(f"{self.kind!r} endpoint: {part.name!r}: {e}")

"""What a shell may offer as the value of an option: words for zsh's completion functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_ZSH = "zsh"
_BASH = "bash"


class Completions:
    """Describes an option class to a shell: its ``compData``.

    :ivar descriptions: descriptions that replace those of the options, by option.
    :ivar multiUse: options that may be given more than once.
    :ivar mutuallyExclusive: tuples of options that exclude each other.
    :ivar optActions: a :class:`Completer` for the value of an option, by option.
    :ivar extraActions: a completer for each argument.
    """

    def __init__(
        self,
        descriptions: dict[str, str] = {},
        multiUse: Iterable[str] = [],
        mutuallyExclusive: Iterable[tuple[str, ...]] = [],
        optActions: dict[str, Any] = {},
        extraActions: Iterable[Any] = [],
    ) -> None:
        self.descriptions = descriptions
        self.multiUse = multiUse
        self.mutuallyExclusive = mutuallyExclusive
        self.optActions = optActions
        self.extraActions = extraActions


class Completer:
    """Offers nothing, and describes the value.

    :param descr: the description, the option's name if there is none.
    :param repeat: whether the argument may be repeated.
    """

    _descr: str | None = None
    #: what zsh is told to do
    _action = ""

    def __init__(self, descr: str | None = None, repeat: bool = False) -> None:
        if descr is not None:
            self._descr = descr
        self._repeat = repeat

    @property
    def _repeatFlag(self) -> str:
        return "*" if self._repeat else ""

    def _description(self, optName: str) -> str:
        return optName if self._descr is None else self._descr

    def _zsh_action(self, optName: str) -> str:
        return self._action

    def _shellCode(self, optName: str, shellType: str) -> str:
        if shellType != _ZSH:
            raise NotImplementedError(f"Unknown shellType {shellType!r}")
        return f"{self._repeatFlag}:{self._description(optName)}:{self._zsh_action(optName)}"


class CompleteFiles(Completer):
    """Offers the names of files that match a shell pattern."""

    def __init__(self, globPattern: str = "*", **kw: Any) -> None:
        super().__init__(**kw)
        self._globPattern = globPattern

    def _description(self, optName: str) -> str:
        return f"{super()._description(optName)} ({self._globPattern})"

    def _zsh_action(self, optName: str) -> str:
        return f'_files -g "{self._globPattern}"'


class CompleteDirs(Completer):
    """Offers the names of directories."""

    _action = "_directories"


class CompleteList(Completer):
    """Offers one of some words."""

    def __init__(self, items: Iterable[Any], **kw: Any) -> None:
        super().__init__(**kw)
        self._items = items

    def _words(self) -> str:
        return " ".join(str(item) for item in self._items)

    def _zsh_action(self, optName: str) -> str:
        return f"({self._words()})"


class CompleteMultiList(Completer):
    """Offers some words, of which several may be given, with commas between them."""

    def __init__(self, items: Iterable[Any], **kw: Any) -> None:
        super().__init__(**kw)
        self._items = items

    def _zsh_action(self, optName: str) -> str:
        words = " ".join(str(item) for item in self._items)
        return f"_values -s , '{self._description(optName)}' {words}"


class CompleteUsernames(Completer):
    """Offers the names of users."""

    _action = "_users"


class CompleteGroups(Completer):
    """Offers the names of groups."""

    _descr = "group"
    _action = "_groups"


class CompleteHostnames(Completer):
    """Offers the names of hosts."""

    _action = "_hosts"


class CompleteUserAtHost(Completer):
    """Offers a host, or a user at a host."""

    _descr = "host | user@host"
    _action = "_user_at_host"


class CompleteNetInterfaces(Completer):
    """Offers the names of network interfaces."""

    _action = "_net_interfaces"

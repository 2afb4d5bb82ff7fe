"""Command lines as classes: a subclass of :class:`Options` lists the options it takes."""

from __future__ import annotations

import getopt
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from textwrap import wrap
from typing import Any, NoReturn, TextIO, cast

from pcstream import __version__

from ._completers import _BASH as _BASH
from ._completers import _ZSH as _ZSH
from ._completers import CompleteDirs as CompleteDirs
from ._completers import CompleteFiles as CompleteFiles
from ._completers import CompleteGroups as CompleteGroups
from ._completers import CompleteHostnames as CompleteHostnames
from ._completers import CompleteList as CompleteList
from ._completers import CompleteMultiList as CompleteMultiList
from ._completers import CompleteNetInterfaces as CompleteNetInterfaces
from ._completers import Completer as Completer
from ._completers import CompleteUserAtHost as CompleteUserAtHost
from ._completers import CompleteUsernames as CompleteUsernames
from ._completers import Completions as Completions
from ._usage_help import OptionHelp, command_lines, terminal_width
from ._usage_help import docMakeChunks as docMakeChunks
from .reflect import accumulateClassList

PREFIX = "opt_"
#: of an entry of ``optFlags`` and of ``optParameters``
FLAG_ELEMENTS = 3
PARAMETER_ELEMENTS = 5
MOST_PORT = 65535

_Gathered = tuple[
    list[str], str, dict[str, str | None], dict[str, Any], dict[str, str], dict[str, Any]
]


class UsageError(Exception):
    """The command line is not one that the program takes."""


error = UsageError


class CoerceParameter:
    """Stores the value of an option, made what it should be.

    :ivar doc: what is said in the help about the value.
    """

    def __init__(self, options: Options, coerce: Callable[[str], Any]) -> None:
        self.options = options
        self.coerce = coerce
        self.doc: str = getattr(coerce, "coerceDoc", "")

    def dispatch(self, parameterName: str, value: str | None) -> None:
        """Store *value*.

        :raises UsageError: if there is none, or it is refused with a ValueError.
        """
        if value is None:
            raise UsageError(f"Parameter '{parameterName}' requires an argument.")
        try:
            self.options.opts[parameterName] = self.coerce(value)
        except ValueError as refused:
            raise UsageError(f"Parameter type enforcement failed: {refused}") from refused


class Options(dict[str, Any]):
    """Parses a command line; afterwards, the values of its options by their long names.

    A subclass lists flags in ``optFlags``, each ``[long, short, description]``, options with a
    value in ``optParameters``, each ``[long, short, default, description, coerce]``, and commands
    with options of their own in ``subCommands``, each ``[name, short, class, description]``. A
    method ``opt_long_name`` is called at ``--long-name``, with the value if it takes one.

    :ivar synopsis: the first line of the help.
    :ivar longdesc: the text below the options; by default, the docstring of the program.
    :ivar defaultSubCommand: the command where none is named.
    :ivar subCommand: the command that was named.
    :ivar subOptions: its options.
    :ivar parent: of a command's options, those it was found among.
    """

    subCommand: str | None = None
    defaultSubCommand: str | None = None
    parent: Options | None = None
    completionData: Completions | None = None
    _shellCompFile: TextIO = sys.stdout
    subOptions: Options

    def __init__(self) -> None:
        super().__init__()
        self.opts = self
        self.defaults: dict[str, Any] = {}
        self.longOpt: list[str] = []
        self.shortOpt = ""
        self.docs: dict[str, str | None] = {}
        self.synonyms: dict[str, str] = {}
        self._dispatch: dict[str, Any] = {}
        for gather in (self._gather_flags, self._gather_parameters, self._gather_handlers):
            long, short, docs, settings, synonyms, dispatch = gather()
            self.longOpt += long
            self.shortOpt += short
            self.docs.update(docs)
            self.defaults.update(settings)
            self.synonyms.update(synonyms)
            self._dispatch.update(dispatch)
        self.opts.update(self.defaults)

    __hash__ = object.__hash__  # type: ignore[assignment]

    # what every program takes

    def opt_help(self) -> NoReturn:
        """
        Display this help and exit.
        """
        print(self)
        sys.exit(0)

    def opt_version(self) -> NoReturn:
        """
        Display pcstream version and exit.
        """
        print("pcstream version:", __version__)
        sys.exit(0)

    # parsing

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Parse a command line, by default the program's own.

        :raises UsageError: if it is not one that the program takes.
        """
        words = list(sys.argv[1:] if options is None else options)
        try:
            found, arguments = getopt.getopt(words, self.shortOpt, self.longOpt)
        except getopt.error as refused:
            raise UsageError(str(refused)) from refused
        for name, value in found:
            self._take(name.removeprefix("--") if name.startswith("--") else name[1:], value)
        if self._commands() and (arguments or self.defaultSubCommand is not None):
            self._parse_command(arguments)
        else:
            try:
                self.parseArgs(*arguments)
            except TypeError as refused:
                raise UsageError("Wrong number of arguments.") from refused
        self.postOptions()

    def _take(self, name: str, value: str) -> None:
        known = name if name in self.synonyms else name.replace("-", "_")
        if known not in self.synonyms:
            raise UsageError(f"No such option '{name}'")
        option = self.synonyms[known]
        handler = self._dispatch[option]
        if isinstance(handler, CoerceParameter):
            handler.dispatch(option, value)
        else:
            handler(option, value)

    def _commands(self) -> Sequence[tuple[str, str | None, Callable[[], Options], str | None]]:
        return getattr(self, "subCommands", ())

    def _parse_command(self, arguments: list[str]) -> None:
        named = arguments[0] if arguments else cast(str, self.defaultSubCommand)
        for name, short, parser, _ in self._commands():
            if named in (name, short):
                self.subCommand = name
                self.subOptions = parser()
                self.subOptions.parent = self
                self.subOptions.parseOptions(arguments[1:])
                return
        raise UsageError(f"Unknown command: {named}")

    def postOptions(self) -> None:
        """Called when all options are known; a subclass may check them.

        :raises UsageError: if they do not fit together.
        """

    def parseArgs(self) -> None:
        """Called with the arguments that are no options; a subclass takes as many as it wants."""

    def _generic_flag(self, flagName: str, value: str | None = None) -> None:
        if value not in ("", None):
            raise UsageError(f"Flag '{flagName}' takes no argument. Not even \"{value}\".")
        self.opts[flagName] = 1

    # what the class lists

    def _listed(self, attribute: str, elements: int) -> Iterator[list[Any]]:
        entries: list[Sequence[Any]] = []
        accumulateClassList(self.__class__, attribute, entries)
        for entry in entries:
            if len(entry) > elements:
                raise ValueError(f"{len(entry)} elements is more than {elements}.")
            yield [*entry, *[None] * (elements - len(entry))]

    def _gather_flags(self) -> _Gathered:
        long_names: list[str] = []
        short_names = ""
        docs, settings, synonyms, dispatch = {}, {}, {}, {}
        for long, short, doc in self._listed("optFlags", FLAG_ELEMENTS):
            if not long:
                raise ValueError("A flag cannot be without a name.")
            docs[long] = doc
            settings[long] = 0
            if short:
                short_names += short
                synonyms[short] = long
            long_names.append(long)
            synonyms[long] = long
            dispatch[long] = self._generic_flag
        return long_names, short_names, docs, settings, synonyms, dispatch

    def _gather_parameters(self) -> _Gathered:
        long_names: list[str] = []
        short_names = ""
        docs, settings, synonyms, dispatch = {}, {}, {}, {}
        for long, short, default, doc, coerce in self._listed("optParameters", PARAMETER_ELEMENTS):
            if not long:
                raise ValueError("A parameter cannot be without a name.")
            docs[long] = doc
            settings[long] = default
            if short:
                short_names += f"{short}:"
                synonyms[short] = long
            long_names.append(f"{long}=")
            synonyms[long] = long
            dispatch[long] = CoerceParameter(self, str if coerce is None else coerce)
        return long_names, short_names, docs, settings, synonyms, dispatch

    def _handlers(self) -> dict[str, Callable[..., Any]]:
        """The ``opt_`` methods by the names of their options, those of base classes first."""
        found = {}
        for cls in reversed(type(self).__mro__):
            for name, value in vars(cls).items():
                if name.startswith(PREFIX) and callable(value):
                    found[name[len(PREFIX) :].replace("_", "-")] = getattr(self, name)
        return found

    def _gather_handlers(self) -> _Gathered:
        long_names: list[str] = []
        short_names = ""
        docs, synonyms, dispatch = {}, {}, {}
        handlers = self._handlers()
        for name, method in handlers.items():
            is_flag = flagFunction(method, name)
            if len(name) == 1:
                short_names += name if is_flag else f"{name}:"
            else:
                long_names.append(name if is_flag else f"{name}=")
            docs[name] = method.__doc__
            # of several names of one method, the longest stands for all
            same = [other for other, its in handlers.items() if its == method]
            synonyms[name] = max(same, key=len)
            dispatch[name] = _calling(method, is_flag)
        return long_names, short_names, docs, {}, synonyms, dispatch

    # help

    def __str__(self) -> str:
        return f"{self.getSynopsis()}\n{self.getUsage()}"

    def getSynopsis(self) -> str:
        """How the command line is put together: the first line of the help."""
        synopsis: str | None = getattr(self, "synopsis", None)
        if self.parent is not None:
            words = [self.parent.getSynopsis(), self.parent.subCommand, synopsis or "[options]"]
            return " ".join(filter(None, words))
        if synopsis is not None:
            return synopsis
        program = os.path.basename(sys.argv[0].rstrip("/"))
        return f"Usage: {os.path.splitext(program)[0]} [options]"

    def getUsage(self, width: int | None = None) -> str:
        """The help below its first line.

        :param width: columns of the terminal; by default, as the environment says.
        """
        columns = terminal_width() if width is None else width
        usage = "Options:\n" + "".join(docMakeChunks(self._option_help(), columns))
        text = getattr(self, "longdesc", None)
        if text is None:
            text = getattr(sys.modules.get("__main__"), "__doc__", None)
        if text and text.strip():
            usage += "\n" + "\n".join(wrap(text.strip(), columns)) + "\n"
        commands = self._commands()
        if commands and self.subCommand is None:
            usage += "Commands:\n"
            usage += command_lines(
                ((name, short, doc) for name, short, _, doc in commands), columns
            )
        return usage

    def _option_help(self) -> Iterable[OptionHelp]:
        shorts = {
            long: short for short, long in self.synonyms.items() if len(short) == 1 != len(long)
        }
        for name in self.longOpt:
            long = name.removesuffix("=")
            yield {
                "long": long,
                "short": shorts.get(long),
                "doc": (self.docs.get(long) or "").strip(),
                "optType": "parameter" if name.endswith("=") else "flag",
                "default": self.defaults.get(long),
                "dispatch": self._dispatch.get(long),
            }


def _calling(method: Callable[..., Any], is_flag: bool) -> Callable[[str, str], Any]:
    def call(name: str, value: str) -> Any:
        return method() if is_flag else method(value)

    return call


def flagFunction(method: Callable[..., Any], name: str | None = None) -> bool:
    """Whether an ``opt_`` method stands for a flag: whether it takes no value.

    :raises UsageError: if it takes more than one.
    """
    taken = len(inspect.signature(method).parameters)
    if taken > 1:
        raise UsageError(f"Invalid Option function for {name or method.__name__}")
    return taken == 0


def portCoerce(value: str) -> int:
    """A port number.

    :raises ValueError: if it is none.
    """
    port = int(value)
    if not 0 <= port <= MOST_PORT:
        raise ValueError(f"Port number not in range: {value}")
    return port


portCoerce.coerceDoc = f"Must be an int between 0 and {MOST_PORT}."  # type: ignore[attr-defined]

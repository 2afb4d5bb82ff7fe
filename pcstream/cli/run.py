"""Run a program that was written for Twisted on pcstream, with nothing in it edited.

Its imports of Twisted's modules are answered with pcstream's wherever pcstream has them. The rest
comes from the installed Twisted, and stands on these. So do its libraries, trial and twistd:

  pcstream run server.py --port 8080
  pcstream run -m twisted.trial mypackage
  pcstream run -m twisted web --path .

exit status: the program's, or 5 if there is no such program
"""

from __future__ import annotations

import argparse
import atexit
import importlib.machinery
import importlib.util
import os
import pkgutil
import sys
import types
from typing import Any, NoReturn

from .status import Abandoned, Status

SUMMARY = "a program written for Twisted, as it is, on pcstream"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    parser.usage = "pcstream run [-h] [--report] [-m MODULE | SCRIPT] [ARGS ...]"
    parser.add_argument(
        "--report",
        action="store_true",
        help="say at exit which of Twisted's modules were pcstream's",
    )
    parser.add_argument(
        "-m", dest="is_module", action="store_true", help="run a module, not a script"
    )
    # argparse takes the letters of -mMODULE for options of their own
    parse = parser.parse_known_args
    parser.parse_known_args = lambda args=None, namespace=None: parse(  # type: ignore[assignment,method-assign]
        _with_module_apart(args), namespace
    )
    # takes everything from the first word on, options too: they are the program's
    parser.add_argument(
        "program", nargs=argparse.PARSER, metavar="SCRIPT", help="the program and its arguments"
    )


def _with_module_apart(words: Any) -> Any:
    """The words of the command line, with ``-m MODULE`` for ``-mMODULE``."""
    for place, word in enumerate(words or ()):
        if word.startswith("-m") and word != "-m":
            return [*words[:place], "-m", word[2:], *words[place + 1 :]]
        if word == "-m" or not word.startswith("-"):
            break
    return words


def run(options: argparse.Namespace) -> NoReturn:
    """Become the program.

    :raises SystemExit: when it ends; the command does nothing after it, for the standard streams
        are the program's.
    """
    from .. import swap

    swap.install()
    if options.report:
        atexit.register(_report)
    name, *arguments = options.program
    try:
        if options.is_module:
            _run_module(name, arguments)
        else:
            _run_script(name, arguments)
    except (SystemExit, Abandoned):
        raise
    except KeyboardInterrupt as error:
        _show(error)
        raise SystemExit(Status.INTERRUPTED) from None
    except BaseException as error:
        _show(error)
        raise SystemExit(Status.FAILED) from None
    raise SystemExit(Status.DONE)


def _report() -> None:
    from .. import swap

    stream = sys.__stderr__
    if stream is not None and not stream.closed:
        print(f"pcstream run: {swap.loaded()}", file=stream, flush=True)


def _show(error: BaseException) -> None:
    """Show what the program did not catch, as the interpreter does, without our own frames."""
    frames = error.__traceback__
    while frames is not None:
        file = frames.tb_frame.f_code.co_filename
        if file != __file__ and not file.startswith("<frozen "):
            break
        frames = frames.tb_next
    sys.excepthook(type(error), error.with_traceback(frames), frames)


def _look_first_in(folder: str) -> None:
    """Begin ``sys.path`` with *folder*, instead of the place that this command came from."""
    if getattr(sys.flags, "safe_path", False):
        return
    sys.path[:1] = [folder]


def _run_script(path: str, arguments: list[str]) -> None:
    sys.argv = [path, *arguments]
    if os.path.isdir(path) or (path.endswith((".zip", ".pyz")) and os.path.exists(path)):
        _run_folder(path)
        return
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        raise Abandoned(Status.UNREADABLE, f"cannot read {path}: {error.strerror}") from None
    _look_first_in(os.path.dirname(os.path.realpath(path)))
    main = _main_module(file=path, package=None, spec=None)
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    exec(compile(source, path, "exec"), vars(main))


def _run_folder(path: str) -> None:
    """Run a folder or an archive, which has a module ``__main__``."""
    importer = pkgutil.get_importer(path)
    spec = None if importer is None else importer.find_spec("__main__")
    if spec is None:
        raise Abandoned(Status.UNREADABLE, f"there is no __main__ module in {path}")
    if getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, path)
    else:
        sys.path[:1] = [path]
    _run_code(spec, package="")


def _run_module(name: str, arguments: list[str]) -> None:
    sys.argv = ["-m", *arguments]
    _look_first_in(os.getcwd())
    spec = _find(name)
    sys.argv[0] = spec.origin or name
    _run_code(spec, package=spec.parent)


def _run_code(spec: importlib.machinery.ModuleSpec, package: str | None) -> None:
    loader: Any = spec.loader
    code = loader.get_code(spec.name)
    if code is None:
        raise Abandoned(Status.UNREADABLE, f"there is no code for {spec.name}")
    main = _main_module(file=spec.origin, package=package, spec=spec)
    main.__loader__ = loader
    main.__cached__ = spec.cached  # type: ignore[attr-defined]
    exec(code, vars(main))


def _find(name: str) -> importlib.machinery.ModuleSpec:
    """Where the module is that *name* means when it is run.

    :raises Abandoned: there is none.
    """
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        spec = None
    except ValueError:
        spec = None
    if spec is not None and spec.submodule_search_locations is not None:
        return _find(f"{name}.__main__")
    if spec is None or not hasattr(spec.loader, "get_code"):
        raise Abandoned(Status.UNREADABLE, f"no module named {name}")
    return spec


def _main_module(*, file: str | None, package: str | None, spec: Any) -> types.ModuleType:
    """A new ``__main__``, which stays, so that threads and exit handlers still find it."""
    main = types.ModuleType("__main__")
    main.__file__ = file
    main.__package__ = package
    main.__spec__ = spec
    vars(main)["__builtins__"] = __builtins__
    sys.modules["__main__"] = main
    return main

"""Stand-ins for a traceback whose real frames are gone.

A cleaned or unpickled failure knows only names, files and line numbers; these objects offer them
with the attributes that the standard library's traceback functions and post-mortem debuggers read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from types import TracebackType
from typing import Any, cast

from ._safe_text import safe_repr

FrameInfo = Sequence[Any]
"""Function name, file name, line number, local variables, global variables."""


class _Code:
    """A code object that knows its name and its file."""

    def __init__(self, name: str, filename: str) -> None:
        self.co_name = self.co_qualname = name
        self.co_filename = filename
        self.co_lnotab = b""
        self.co_firstlineno = 0
        self.co_argcount = 0
        self.co_posonlyargcount = 0
        self.co_kwonlyargcount = 0
        self.co_varnames: list[str] = []
        self.co_code = b""
        self.co_cellvars = ()
        self.co_consts = ()
        self.co_flags = 0
        self.co_freevars: tuple[()] = ()
        self.co_names = ()
        self.co_nlocals = 0
        self.co_stacksize = 0

    def co_positions(self) -> tuple[tuple[None, None, None, None], ...]:
        """No instruction has a known position."""
        return ((None, None, None, None),)


class _Frame:
    """A frame rebuilt from a :data:`FrameInfo`."""

    def __init__(self, frameinfo: FrameInfo, back: _Frame | None) -> None:
        name, filename, lineno, localz, globalz = frameinfo
        self.f_code = _Code(name, filename)
        self.f_lineno = lineno
        self.f_locals: dict[str, Any] = dict(localz or {})
        self.f_globals: dict[str, Any] = dict(globalz or {})
        self.f_builtins: dict[str, Any] = {}
        self.f_back = back
        self.f_lasti = 0
        self.f_trace = None


class _TracebackFrame:
    """One link of a rebuilt traceback."""

    def __init__(self, frame: _Frame) -> None:
        self.tb_frame = frame
        self.tb_lineno = frame.f_lineno
        self.tb_lasti = frame.f_lasti
        self.tb_next: _TracebackFrame | None = None


def _Traceback(tbFrames: Sequence[FrameInfo]) -> TracebackType:
    """A traceback-like object for *tbFrames*, outermost first; at least one is needed."""
    assert tbFrames, "a traceback has at least one frame"
    back: _Frame | None = None
    links = []
    for info in tbFrames:
        back = _Frame(info, back)
        links.append(_TracebackFrame(back))
    for outer, inner in pairwise(links):
        outer.tb_next = inner
    return cast(TracebackType, links[0])


def _safeReprVars(varsDictItems: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Names with the text of their values, so that the values themselves can be let go."""
    return [(name, safe_repr(value)) for name, value in varsDictItems]


def format_frames(
    frames: Iterable[FrameInfo], write: Callable[[str], object], detail: str = "default"
) -> None:
    """Write *frames* as text.

    :param frames: sequences of function name, file name, line number, locals and globals.
    :param write: called with each piece of text.
    :param detail: ``"default"`` looks like Python's own traceback, ``"brief"`` is a line a frame,
        ``"verbose"`` adds the variables, ``"verbose-vars-not-captured"`` says that they are not
        there.
    :raises ValueError: for any other detail.
    """
    if detail not in ("default", "brief", "verbose", "verbose-vars-not-captured"):
        raise ValueError(
            "Detail must be default, brief, verbose, or verbose-vars-not-captured. "
            f"(not {detail!r})"
        )
    if detail == "brief":
        for method, filename, lineno, _, _ in frames:
            write(f"{filename}:{lineno}:{method}\n")
    elif detail == "default":
        # drags in the tokenizer, which a program without errors does not need
        import linecache

        for method, filename, lineno, _, _ in frames:
            write(f'  File "{filename}", line {lineno}, in {method}\n')
            write(f"    {linecache.getline(filename, lineno).strip()}\n")
    else:
        for method, filename, lineno, localz, globalz in frames:
            write(f"{filename}:{lineno}: {method}(...)\n")
            if detail == "verbose":
                for title, variables in ((" [ Locals ]\n", localz), (" ( Globals )\n", globalz)):
                    write(title)
                    for name, value in variables:
                        write(f"  {name} : {safe_repr(value)}\n")
        if detail == "verbose-vars-not-captured":
            write(" [Capture of Locals and Globals disabled (use captureVars=True)]\n")

"""Failures: an exception with its traceback, as an object to keep, pass on and report.

Making one must be cheap, since every error in a Deferred makes one: frames, names and texts are
worked out when somebody asks.
"""

from __future__ import annotations

import builtins
import sys
import warnings
from collections.abc import Callable, Generator
from functools import partial
from io import StringIO
from types import CodeType, TracebackType
from typing import Any, NoReturn, TypeVar, cast

from ._failure_traceback import (
    FrameInfo as FrameInfo,
)
from ._failure_traceback import (
    _Code as _Code,
)
from ._failure_traceback import (
    _Frame as _Frame,
)
from ._failure_traceback import (
    _safeReprVars as _safeReprVars,
)
from ._failure_traceback import (
    _Traceback as _Traceback,
)
from ._failure_traceback import (
    _TracebackFrame as _TracebackFrame,
)
from ._failure_traceback import (
    format_frames as format_frames,
)
from ._safe_text import qual, safe_str

count = 0
"""How many failures were made so far."""

traceupLength = 4

DO_POST_MORTEM = True

EXCEPTION_CAUGHT_HERE = "--- <exception caught here> ---"

_T_Callable = TypeVar("_T_Callable", bound=Callable[..., Any])

_machinery_code: set[CodeType] = set()
"""Code whose frames say nothing to a user, since it only carries errors from place to place."""


def _extraneous(f: _T_Callable) -> _T_Callable:
    """Leave the frames of *f* out of the beginning of every traceback."""
    _machinery_code.add(f.__code__)
    return f


class DefaultException(Exception):
    """An error that nobody named more precisely."""


class NoCurrentExceptionError(Exception):
    """A Failure was to be made of the exception being handled, and there is none."""


class Failure(BaseException):
    """An exception and the traceback that came with it.

    :param exc_value: the exception; without it, the one being handled now. Of another Failure
        everything is taken over.
    :param exc_type: its type, if that is not ``exc_value.__class__``.
    :param exc_tb: its traceback, if that is not ``exc_value.__traceback__``.
    :param captureVars: keep the local and global variables of every frame, for the verbose report.
    :raises NoCurrentExceptionError: nothing was given and no exception is being handled.
    :ivar value: the exception.
    :ivar type: its class.
    :ivar tb: its traceback, None once pickled or cleaned.
    :ivar count: the how-many-eth failure of this process it is.
    """

    pickled = 0
    captureVars: bool
    type: type[BaseException]
    value: Any
    tb: TracebackType | None
    count: int
    _parents: list[str] | None = None
    _frames: list[FrameInfo] | None = None

    def __init__(
        self,
        exc_value: BaseException | Failure | None = None,
        exc_type: builtins.type[BaseException] | None = None,
        exc_tb: TracebackType | None = None,
        captureVars: bool = False,
    ) -> None:
        global count
        count += 1
        if exc_value is None:
            exc_value = sys.exc_info()[1]
            if exc_value is None:
                raise NoCurrentExceptionError()
        if isinstance(exc_value, Failure):
            self.__dict__ = exc_value.__dict__.copy()
            return
        self.count = count
        self.type = exc_type or exc_value.__class__
        self.value = exc_value
        self.captureVars = captureVars
        self.tb = exc_tb or getattr(exc_value, "__traceback__", None)

    @staticmethod
    def _withoutTraceback(value: BaseException) -> Failure:
        """A Failure of an exception that was made but never raised."""
        global count
        count += 1
        failure = Failure.__new__(Failure)
        failure.count = count
        failure.type = value.__class__
        failure.value = value
        failure.captureVars = False
        failure.tb = None
        return failure

    @property
    def frames(self) -> list[FrameInfo]:
        """Name, file, line, locals and globals of each frame, outermost first.

        The variables are empty unless they were captured.
        """
        if self._frames is None:
            self._frames = self._extract_frames()
        return self._frames

    @frames.setter
    def frames(self, frames: list[FrameInfo]) -> None:
        self._frames = frames

    def _extract_frames(self) -> list[FrameInfo]:
        frames: list[FrameInfo] = []
        tb = self.tb
        while tb is not None and tb.tb_frame.f_code in _machinery_code:
            tb = tb.tb_next
        while tb is not None:
            frame = tb.tb_frame
            code = frame.f_code
            if self.captureVars:
                frames.append(
                    [
                        code.co_name,
                        code.co_filename,
                        tb.tb_lineno,
                        list(frame.f_locals.items()),
                        list(frame.f_globals.items()),
                    ]
                )
            else:
                frames.append((code.co_name, code.co_filename, tb.tb_lineno, (), ()))
            tb = tb.tb_next
        return frames

    @property
    def parents(self) -> list[str]:
        """The dotted names of the exception's class and of all its bases."""
        if self._parents is None:
            if isinstance(self.value, BaseException):
                self._parents = [qual(c) for c in self.type.__mro__]
            else:
                self._parents = [cast(Any, self.type)]
        return self._parents

    @parents.setter
    def parents(self, parents: list[str]) -> None:
        self._parents = parents

    @property
    def stack(self) -> list[FrameInfo]:
        """Always empty, and deprecated."""
        self._warn_of_stack()
        return cast("list[FrameInfo]", self.__dict__.get("_stack", []))

    @stack.setter
    def stack(self, stack: list[FrameInfo]) -> None:
        self._warn_of_stack()
        self.__dict__["_stack"] = stack

    @stack.deleter
    def stack(self) -> None:
        self.__dict__.pop("_stack", None)

    @staticmethod
    def _warn_of_stack() -> None:
        warnings.warn(
            f"{__name__}.Failure.stack was deprecated in Twisted 24.10.0",
            category=DeprecationWarning,
            stacklevel=3,
        )

    def _extrapolate(self, otherFailure: Failure) -> None:
        """Become *otherFailure*, whose exception this one's was."""
        self.__dict__ = otherFailure.__dict__.copy()

    def trap(self, *errorTypes: object) -> Any:
        """The first of *errorTypes* that the exception is an instance of.

        :param errorTypes: exception classes or their dotted names.
        :raises BaseException: the exception itself, if none fits.
        """
        error = self.check(*errorTypes)
        if not error:
            self.raiseException()
        return error

    def check(self, *errorTypes: object) -> Any:
        """The first of *errorTypes* that the exception is an instance of, or None.

        Classes are compared by name, so that a pickled failure can still be recognised.
        """
        kind = self.type
        for error in errorTypes:
            if error is kind:
                return error
        parents = self.parents
        for error in errorTypes:
            name = error
            if isinstance(error, type) and issubclass(error, BaseException):
                name = qual(error)
            if name in parents:
                return error
        return None

    def raiseException(self) -> NoReturn:
        """Raise the exception again, with its old traceback."""
        raise self.value.with_traceback(self.tb)

    @_extraneous
    def throwExceptionIntoGenerator(self, g: Generator[Any, Any, Any]) -> Any:
        """Raise the exception where generator *g* stands.

        :return: what the generator yields next.
        """
        return g.throw(self.value.with_traceback(self.tb))

    def cleanFailure(self) -> None:
        """Let go of every object that the traceback keeps alive.

        Frames and variables stay as texts.
        """
        state = self.__getstate__()
        self.__setstate__(state)
        if getattr(self.value, "__traceback__", None) is not None:
            self.value.__traceback__ = None

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: texts in place of frames and variables, no traceback."""
        state = self.__dict__.copy()
        parents, frames = self.parents, self.frames
        if self.captureVars:
            frames = [
                [name, filename, lineno, _safeReprVars(localz), _safeReprVars(globalz)]
                for name, filename, lineno, localz, globalz in frames
            ]
        state.pop("_frames", None)
        state.pop("_parents", None)
        state.update(
            tb=None, parents=parents, stack=state.pop("_stack", []), frames=frames, pickled=1
        )
        return state

    def __setstate__(self, state: dict[str, Any] | None) -> None:
        state = dict(state or {})
        # kept under Twisted's names in pickles, so that one side's can be read by the other
        state["_parents"] = state.pop("parents", None)
        state["_frames"] = state.pop("frames", None)
        stack = state.pop("stack", None)
        if stack:
            state["_stack"] = stack
        self.__dict__ = state

    def __reduce__(self) -> tuple[Any, ...]:
        return (partial(Failure.__new__, self.__class__), (), self.__getstate__())

    def getTracebackObject(self) -> TracebackType | None:
        """The traceback, or a stand-in with the same names, files and lines, or None."""
        if self.tb is not None:
            return self.tb
        if self.frames:
            return _Traceback(self.frames)
        return None

    def getErrorMessage(self) -> str:
        """The exception's own text."""
        if isinstance(self.value, Failure):
            return self.value.getErrorMessage()
        return safe_str(self.value)

    def _type_name(self) -> str:
        kind = self.type
        return qual(kind) if isinstance(kind, type) else str(kind)

    def getBriefTraceback(self) -> str:
        """The error and a line for each frame."""
        io = StringIO()
        self.printBriefTraceback(file=io)
        return io.getvalue()

    def getTraceback(self, elideFrameworkCode: int = 0, detail: str = "default") -> str:
        """The report as text.

        :param elideFrameworkCode: has no effect.
        :param detail: as for :meth:`printTraceback`.
        """
        io = StringIO()
        self.printTraceback(file=io, elideFrameworkCode=bool(elideFrameworkCode), detail=detail)
        return io.getvalue()

    def printTraceback(
        self,
        file: Any = None,
        elideFrameworkCode: bool = False,
        detail: str = "default",
    ) -> None:
        """Write the report.

        :param file: where to; without one, to the log, as an error.
        :param elideFrameworkCode: has no effect.
        :param detail: ``"default"`` looks like Python's own, ``"brief"`` is short, ``"verbose"``
            has the captured variables.
        """
        if file is None:
            from .log import logerr

            file = logerr
        write = file.write

        frames_detail = detail
        if detail == "verbose" and not self.captureVars:
            frames_detail = "verbose-vars-not-captured"

        if detail == "verbose":
            mark = " (pickled) " if self.pickled else " "
            write(f"*--- Failure #{self.count}{mark}---\n")
        elif detail == "brief":
            have = "Traceback" if self.frames else "Traceback (failure with no frames)"
            write(f"{have}: {safe_str(self.type)}: {safe_str(self.value)}\n")
        else:
            write("Traceback (most recent call last):\n")

        if self.frames:
            format_frames(self.frames, write, frames_detail)

        if detail != "brief":
            if not self.frames:
                write("Failure: ")
            write(f"{self._type_name()}: {safe_str(self.value)}\n")

        if isinstance(self.value, Failure):
            write(" (chained Failure)\n")
            self.value.printTraceback(file, elideFrameworkCode, detail)
        if detail == "verbose":
            write(f"*--- End of Failure #{self.count} ---\n")

    def printBriefTraceback(self, file: Any = None, elideFrameworkCode: int = 0) -> None:
        """Write the error and a line for each frame."""
        self.printTraceback(file, bool(elideFrameworkCode), detail="brief")

    def printDetailedTraceback(self, file: Any = None, elideFrameworkCode: int = 0) -> None:
        """Write the report with the captured variables of each frame."""
        self.printTraceback(file, bool(elideFrameworkCode), detail="verbose")

    def __repr__(self) -> str:
        return f"<{qual(self.__class__)} {self._type_name()}: {self.getErrorMessage()}>"

    def __str__(self) -> str:
        return f"[Failure instance: {self.getBriefTraceback()}]"


def _debuginit(
    self: Failure,
    exc_value: BaseException | Failure | None = None,
    exc_type: type[BaseException] | None = None,
    exc_tb: TracebackType | None = None,
    captureVars: bool = False,
    Failure__init__: Callable[..., None] = Failure.__init__,
) -> None:
    """Look at the error in the debugger, then make the failure as usual."""
    if exc_value is None and exc_type is None and exc_tb is None:
        exc_type, exc_value, exc_tb = sys.exc_info()
    if DO_POST_MORTEM:
        import pdb

        if exc_value is not None:
            print(f"Jumping into debugger for post-mortem of exception '{exc_value}':")
        pdb.post_mortem(exc_tb)
    Failure__init__(self, exc_value, exc_type, exc_tb, captureVars)


def startDebugMode() -> None:
    """Enter the debugger at every Failure that is made from now on."""
    Failure.__init__ = _debuginit  # type: ignore[method-assign]

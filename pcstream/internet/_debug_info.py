"""What is said about a Deferred that went wrong: a failure nobody handled, a chain to itself."""

from __future__ import annotations

import warnings
from typing import Any

from ..python import log
from ..python.failure import Failure


class DebugInfo:
    """Logs a failure that nobody handled, when its Deferred goes.

    It is a part of its own so that only a Deferred that failed pays for a finalizer.

    :ivar failResult: the failure, None once it is handled.
    :ivar creator: the stack that made the Deferred, if debugging was on.
    :ivar invoker: the stack that first fired it, if debugging was on.
    """

    __module__ = "pcstream.internet.defer"

    failResult: Failure | None = None
    creator: list[str] | None = None
    invoker: list[str] | None = None
    _can_report = False

    def __init__(self) -> None:
        if not DebugInfo._can_report:
            # a report is often made while the interpreter ends, when nothing can be imported
            import linecache
            import logging

            DebugInfo._can_report = bool(linecache and logging)

    def _getDebugTracebacks(self) -> str:
        """Who made the Deferred and who fired it, as far as that is known."""
        info = ""
        for mark, title, stack in (
            (" C", "Deferred was created", self.creator),
            (" I", "First Invoker was", self.invoker),
        ):
            if stack is not None:
                info += f"{mark}: {title}:\n"
                for line in "".join(stack).split("\n")[:-1]:
                    info += f"{mark}:{line}\n"
        return info

    def __del__(self) -> None:
        if self.failResult is None:
            return
        debug = self._getDebugTracebacks()
        log.msg("Unhandled error in Deferred:", isError=True)
        log.msg(
            failure=self.failResult,
            why=f"(debug: {debug})" if debug else "",
            debugInfo=debug,
            isError=1,
        )


def calling_stack() -> list[str]:
    """The calling stack as text, this function's own frame included."""
    # drags in the tokenizer, which is of use only with debugging on
    import traceback

    return traceback.format_stack()


_CIRCULAR = (
    "Callback returned the Deferred it was attached to; this breaks the callback chain and will "
    "raise an exception in the future."
)


def warn_of_circle(callback: Any) -> None:
    code = getattr(callback, "__code__", None)
    if code is None:
        warnings.warn(_CIRCULAR, DeprecationWarning, stacklevel=3)
    else:
        warnings.warn_explicit(
            _CIRCULAR,
            DeprecationWarning,
            filename=code.co_filename,
            lineno=max([code.co_firstlineno, *(line for *_, line in code.co_lines() if line)]),
        )

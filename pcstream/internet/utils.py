"""Running a program and waiting for what it has to say, and quietening warnings meanwhile."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from io import BytesIO
from typing import Any, TypeVar

from ..python.failure import Failure
from . import defer, protocol

__all__ = [
    "getProcessOutput",
    "getProcessOutputAndValue",
    "getProcessValue",
    "runWithWarningsSuppressed",
    "suppressWarnings",
]

_T = TypeVar("_T")

# The arguments of a warnings.filterwarnings call: positional, then by keyword.
_Filter = tuple[Sequence[Any], Mapping[str, Any]]


class _UnexpectedErrorOutput(OSError):
    """A program wrote to its standard error, which was not expected of it.

    :ivar processEnded: a Deferred that fails with how the process ended.
    """

    def __init__(self, text: bytes, processEnded: defer.Deferred[Any]) -> None:
        super().__init__(f"got stderr: {text!r}")
        self.processEnded = processEnded


class _OutputCollector(protocol.ProcessProtocol):
    """Fires with everything that came from standard output, and from standard error if wanted."""

    def __init__(self, result: defer.Deferred[bytes], wants_errors: bool) -> None:
        self.result: defer.Deferred[bytes] | None = result
        self.collected = BytesIO()
        self.wants_errors = wants_errors
        self.ended: defer.Deferred[Any] | None = None

    def outReceived(self, data: bytes) -> None:
        self.collected.write(data)

    def errReceived(self, data: bytes) -> None:
        if self.wants_errors:
            self.collected.write(data)
        elif self.result is not None:
            result, self.result = self.result, None
            self.ended = defer.Deferred()
            result.errback(Failure(_UnexpectedErrorOutput(data, self.ended)))
            self.transport.loseConnection()

    def processEnded(self, reason: Failure) -> None:
        if self.result is not None:
            self.result.callback(self.collected.getvalue())
        elif self.ended is not None:
            self.ended.errback(reason)


class _ExitCode(protocol.ProcessProtocol):
    """Fires with the exit code."""

    def __init__(self, result: defer.Deferred[int]) -> None:
        self.result = result

    def processEnded(self, reason: Failure) -> None:
        self.result.callback(reason.value.exitCode)


class _Everything(protocol.ProcessProtocol):
    """Fires with both outputs and the exit code, or fails with both outputs and the signal."""

    def __init__(
        self, result: defer.Deferred[tuple[bytes, bytes, int]], stdinBytes: bytes | None = None
    ) -> None:
        self.result = result
        self.out = BytesIO()
        self.err = BytesIO()
        self.outReceived = self.out.write  # type: ignore[assignment]
        self.errReceived = self.err.write  # type: ignore[assignment]
        self.stdinBytes = stdinBytes

    def connectionMade(self) -> None:
        if self.stdinBytes is not None:
            self.transport.writeToChild(0, self.stdinBytes)
            # What is queued still goes out before the pipe closes.
            self.transport.closeStdin()

    def processEnded(self, reason: Failure) -> None:
        out, err, end = self.out.getvalue(), self.err.getvalue(), reason.value
        if end.signal:
            self.result.errback((out, err, end.signal))  # type: ignore[arg-type]
        else:
            self.result.callback((out, err, end.exitCode))


def _run(
    make: Callable[..., protocol.ProcessProtocol],
    executable: Any,
    args: Sequence[Any],
    env: Mapping[Any, Any] | None,
    path: Any,
    reactor: Any,
    *make_args: Any,
) -> defer.Deferred[Any]:
    if reactor is None:
        from . import reactor
    result: defer.Deferred[Any] = defer.Deferred()
    reactor.spawnProcess(
        make(result, *make_args), executable, [executable, *args], env=env, path=path
    )
    return result


def getProcessOutput(
    executable: Any,
    args: Sequence[Any] = (),
    env: Mapping[Any, Any] | None = {},
    path: Any = None,
    reactor: Any = None,
    errortoo: Any = 0,
) -> defer.Deferred[bytes]:
    """Run a program and give what it wrote to its standard output.

    :param args: its arguments, without its name.
    :param env: its environment; None for this process's own.
    :param path: the directory to run it in.
    :param errortoo: whether its standard error belongs to what is wanted.
    :returns: fires when it has ended, whatever its exit code. If it writes to its standard error
        and that is not wanted, fails at once with an ``OSError`` whose ``processEnded`` fails with
        the reason of the end.
    """
    return _run(_OutputCollector, executable, args, env, path, reactor, bool(errortoo))


def getProcessValue(
    executable: Any,
    args: Sequence[Any] = (),
    env: Mapping[Any, Any] | None = {},
    path: Any = None,
    reactor: Any = None,
) -> defer.Deferred[int]:
    """Run a program and give its exit code; parameters as for :func:`getProcessOutput`."""
    return _run(_ExitCode, executable, args, env, path, reactor)


def getProcessOutputAndValue(
    executable: Any,
    args: Sequence[Any] = (),
    env: Mapping[Any, Any] | None = {},
    path: Any = None,
    reactor: Any = None,
    stdinBytes: bytes | None = None,
) -> defer.Deferred[tuple[bytes, bytes, int]]:
    """Run a program and give its standard output, its standard error and its exit code.

    Other parameters as for :func:`getProcessOutput`.

    :param stdinBytes: what it reads from its standard input.
    :returns: fires with the three; if a signal ended the program, fails with both outputs and the
        signal's number.
    """
    return _run(_Everything, executable, args, env, path, reactor, stdinBytes)


def _forget_filters(added: Iterable[Any]) -> None:
    for entry in added:
        # Somebody else may have reset the filters.
        if entry in warnings.filters:
            warnings.filters.remove(entry)  # type: ignore[attr-defined]


def runWithWarningsSuppressed(
    suppressedWarnings: Iterable[_Filter], f: Callable[..., _T], *a: Any, **kw: Any
) -> _T:
    """Call *f* while some warnings are filtered out.

    :param suppressedWarnings: arguments for ``warnings.filterwarnings``, each as a sequence and a
        mapping.
    :returns: what *f* returns. If that is a Deferred, the filters stay until it fires.
    """
    added = []
    for args, kwargs in suppressedWarnings:
        warnings.filterwarnings(*args, **kwargs)
        added.append(warnings.filters[0])
    try:
        result = f(*a, **kw)
    except BaseException:
        _forget_filters(added)
        raise
    if isinstance(result, defer.Deferred):

        def forget(passed_on: Any) -> Any:
            _forget_filters(added)
            return passed_on

        result.addBoth(forget)
    else:
        _forget_filters(added)
    return result


def suppressWarnings(f: Callable[..., _T], *suppressedWarnings: _Filter) -> Callable[..., _T]:
    """Make a function that calls *f* as :func:`runWithWarningsSuppressed` does."""

    @wraps(f)
    def quiet(*a: Any, **kw: Any) -> _T:
        return runWithWarningsSuppressed(suppressedWarnings, f, *a, **kw)

    return quiet

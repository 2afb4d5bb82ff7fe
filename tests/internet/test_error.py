"""The exceptions: what they say, how they are kin, and which one an errno becomes."""

from __future__ import annotations

import errno
import inspect
import pickle
import socket
from typing import Any

import pytest

from pcstream.internet import error

CLASSES = {
    name: value
    for name, value in vars(error).items()
    if inspect.isclass(value) and issubclass(value, Exception)
}
#: Those whose constructors need something.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "CannotListenError": ("127.0.0.1", 80, OSError(errno.EADDRINUSE, "busy")),
    "ConnectingCancelledError": ("somewhere",),
    "InvalidAddressError": ("1.2", "too short"),
    "ProcessDone": (0,),
}


@pytest.mark.parametrize(
    ("exception", "text"),
    [
        (error.ConnectionDone(), "Connection was closed cleanly."),
        (error.ConnectionDone("a", "b"), "Connection was closed cleanly: a b."),
        (
            error.ConnectionLost(),
            "Connection to the other side was lost in a non-clean fashion.",
        ),
        (
            error.ConnectionAborted(),
            "Connection was aborted locally using ITCPTransport.abortConnection.",
        ),
        (error.ConnectError(), "An error occurred while connecting."),
        (error.ConnectError(7, "why"), "An error occurred while connecting: 7: why."),
        (error.TimeoutError(), "User timeout caused connection failure."),
        (error.ConnectBindError(string="taken"), "Couldn't bind: taken."),
        (error.ProcessDone(0), "A process has ended without apparent errors: "
                               "process finished with exit code 0."),
        (
            error.ProcessTerminated(3, 15, 783),
            "A process has ended with a probable error condition: "
            "process ended with exit code 3 by signal 15.",
        ),
        (
            error.ProcessTerminated(),
            "A process has ended with a probable error condition: process ended.",
        ),
        (
            error.CannotListenError("", 80, OSError("no")),
            "Couldn't listen on any:80: no.",
        ),
        (
            error.CannotListenError("::1", 80, OSError("no")),
            "Couldn't listen on ::1:80: no.",
        ),
        (error.NotListeningError("x"), "The Port was not listening when it was asked "
                                       "to stop listening: x."),
        # The arguments need not be strings, though Twisted's message fails on these.
        (error.DNSLookupError(-2, "unknown"), "DNS lookup failed: -2 unknown."),
        (error.BindError(98), "An error occurred binding to an interface: 98."),
    ],
)  # fmt: skip
def test_what_an_exception_says(exception: Exception, text: str) -> None:
    assert str(exception) == text


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_exception_can_be_shown_and_pickled(name: str) -> None:
    made = CLASSES[name](*ARGUMENTS.get(name, ()))
    assert isinstance(str(made), str)
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is type(made)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_exception_has_twisteds_ancestors_and_message(name: str) -> None:
    theirs = getattr(pytest.importorskip("twisted.internet.error"), name)
    ours = CLASSES[name]
    assert [c.__name__ for c in ours.__mro__] == [c.__name__ for c in theirs.__mro__]
    arguments = ARGUMENTS.get(name, ())
    assert str(ours(*arguments)) == str(theirs(*arguments))
    assert ours(*arguments).__dict__.keys() == theirs(*arguments).__dict__.keys()


def test_the_public_names_are_twisteds() -> None:
    twisted = pytest.importorskip("twisted.internet.error")
    assert set(error.__all__) == set(twisted.__all__)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENETUNREACH, error.NoRouteError),
        (errno.ECONNREFUSED, error.ConnectionRefusedError),
        (errno.ETIMEDOUT, error.TCPTimedOutError),
        (errno.EPERM, error.ConnectError),
    ],
)
def test_an_errno_becomes_its_class(number: int, expected: type[Exception]) -> None:
    for given in (OSError(number, "words"), (number, "words")):
        made = error.getConnectError(given)
        assert type(made) is expected
        assert made.osError == number
        assert made.args == ("words",)


def test_a_failed_lookup_is_an_unknown_host() -> None:
    made = error.getConnectError(socket.gaierror(socket.EAI_NONAME, "who?"))
    assert type(made) is error.UnknownHostError
    assert made.osError == socket.EAI_NONAME


@pytest.mark.parametrize("given", [Exception(), OSError("alone"), (1, 2, 3)])
def test_what_is_no_pair_is_kept_as_it_is(given: Any) -> None:
    made = error.getConnectError(given)
    assert type(made) is error.ConnectError
    assert made.args == (given,)
    assert made.osError is None


def test_exceptions_keep_what_they_were_given() -> None:
    cause = OSError("x")
    assert vars(error.CannotListenError("i", 1, cause)) == {
        "interface": "i",
        "port": 1,
        "socketError": cause,
    }
    assert vars(error.ProcessTerminated(1, 2, 3)) == {"exitCode": 1, "signal": 2, "status": 3}
    assert vars(error.ProcessDone(3)) == {"exitCode": 0, "signal": None, "status": 3}
    assert error.ConnectingCancelledError("there").address == "there"
    assert error.InvalidAddressError("a", "m").message == "m"

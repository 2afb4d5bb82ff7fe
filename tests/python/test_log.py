"""The log: events, observers, and the way to the standard library's logging."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from pcstream.python import log
from pcstream.python.failure import Failure, NoCurrentExceptionError

Event = dict[str, Any]


class Boom(Exception):
    """An error like any other."""


class Unprintable:
    """An object that has neither a text nor a representation."""

    def __str__(self) -> str:
        raise Boom("no text")

    __repr__ = __str__


@pytest.fixture
def events() -> Iterator[list[Event]]:
    """What is logged during the test."""
    seen: list[Event] = []
    log.addObserver(seen.append)
    yield seen
    log.removeObserver(seen.append)


@pytest.fixture
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logging may be started: all is put back afterwards."""
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    yield
    log.theLogPublisher._stopLogging()


class Records(logging.Handler):
    """Keeps the records it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record)


@pytest.fixture
def records() -> Iterator[Records]:
    """A handler at the root of logging, for every level."""
    handler, root = Records(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


# -- events ---------------------------------------------------------------------------------


def test_a_message_is_an_event(events: list[Event]) -> None:
    log.msg("hello", "world", extra=1)
    (event,) = events
    assert event["message"] == ("hello", "world")
    assert (event["isError"], event["system"], event["extra"]) == (0, "-", 1)
    assert event["time"] > 1e9
    assert log.textFromEventDict(event) == "hello world"


def test_an_error_can_be_given_in_many_ways(events: list[Event]) -> None:
    error, reason = Boom("b"), Failure(Boom("c"))
    try:
        raise Boom("a")
    except Boom:
        log.err()
    log.err(error, "why")
    log.err(reason, "why", extra=1)
    log.err("text")
    log.deferr(reason)
    assert [e["isError"] for e in events] == [1] * 5
    assert str(events[0]["failure"].value) == "a"
    assert events[1]["failure"].value is error
    assert (events[2]["failure"], events[2]["why"], events[2]["extra"]) == (reason, "why", 1)
    assert events[3]["message"] == ("'text'",)
    with pytest.raises(NoCurrentExceptionError):
        log.err()


def test_keys_may_come_from_the_context(events: list[Event]) -> None:
    log.callWithContext(
        {"system": "outer", "kept": 1}, log.callWithContext, {"system": "inner"}, log.msg, "x"
    )
    log.msg("y")
    assert [(e["system"], e.get("kept")) for e in events] == [("inner", 1), ("-", None)]


class Prefixed:
    """Something that logs."""

    def logPrefix(self) -> str:
        return "prefix"


class Broken:
    """Something that cannot say who it is."""

    def logPrefix(self) -> str:
        raise Boom


def test_a_logger_gives_its_prefix_and_its_errors_are_logged(events: list[Event]) -> None:
    assert log.callWithLogger(Prefixed(), lambda: log.msg("x") or 5) == 5
    assert log.callWithLogger(Prefixed(), lambda: 1 / 0) is None
    log.callWithLogger(Broken(), log.msg, "y")
    assert [e["system"] for e in events] == ["prefix"] * 2 + ["(buggy logPrefix method)"] * 2
    assert events[1]["failure"].type is ZeroDivisionError
    assert events[2]["failure"].type is Boom
    assert log.Logger().logPrefix() == "-"


def test_what_the_reactor_dispatches_gives_its_prefix(events: list[Event]) -> None:
    log.dispatching.thread_id = threading.get_ident()
    log.dispatching.logger = Prefixed()
    try:
        log.msg("own")
        log.msg("keyword", system="mine")
        log.callWithContext({"system": "context"}, log.msg, "context")
        thread = threading.Thread(target=log.msg, args=("other thread",))
        thread.start()
        thread.join()
        log.dispatching.logger = Broken()
        log.msg("broken")
    finally:
        log.dispatching.logger = log.dispatching.thread_id = None
    log.msg("afterwards")
    systems = {e["message"][0]: e["system"] for e in events if e["message"]}
    assert systems == {
        "own": "prefix",
        "keyword": "mine",
        "context": "context",
        "other thread": "-",
        "broken": "(buggy logPrefix method)",
        "afterwards": "-",
    }


def test_an_observer_that_raises_breaks_no_other() -> None:
    publisher = log.LogPublisher()
    before: list[Event] = []
    after: list[Event] = []

    def raises(event: Event) -> None:
        raise Boom

    for observer in (before.append, raises, after.append):
        publisher.addObserver(observer)
    publisher.msg("x")
    publisher.msg("y")
    assert before == after
    assert [e["message"] for e in before] == [("x",), (), ("y",), ()]
    assert before[1]["failure"].type is Boom
    assert "Temporarily disabling observer" in before[1]["why"]
    assert raises in publisher.observers


def test_a_publisher_takes_twisteds_arguments_and_ignores_three() -> None:
    events: list[Event] = []
    publisher = log.LogPublisher(object(), object(), object(), warningsModule=warnings)
    publisher.addObserver(events.append)
    publisher.msg("x")
    assert [event["message"] for event in events] == [("x",)]


def test_observers_come_and_go() -> None:
    publisher = log.LogPublisher()
    seen: list[Event] = []
    publisher.addObserver(seen.append)
    publisher.addObserver(seen.append)
    publisher.removeObserver(seen.append)
    publisher.removeObserver(len)
    publisher.msg("x")
    assert len(seen) == 1


# -- texts ----------------------------------------------------------------------------------


def test_the_text_of_an_event() -> None:
    text = log.textFromEventDict
    reason = Failure(Boom("x"))
    assert text({"message": ("a", 1, b"b"), "isError": 0}) == "a 1 b"
    assert text({"message": (), "isError": 0, "format": "%(a)s", "a": 1}) == "1"
    assert text({"message": (), "isError": 0}) is None
    error = {"message": (), "isError": 1, "failure": reason}
    assert text(error) == f"Unhandled Error\n{reason.getTraceback()}"
    assert text({**error, "why": "what"}) == f"what\n{reason.getTraceback()}"
    assert "(unable to obtain traceback)" in (text({**error, "failure": 3}) or "")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"format": "%(a)s %s", "a": 1}, "Invalid format string"),
        ({"format": 42}, "Invalid format string"),
        ({"format": "%(a)s", "a": Unprintable()}, "UNFORMATTABLE OBJECT WRITTEN TO LOG"),
        ({"format": Unprintable(), "a": Unprintable()}, "PATHOLOGICAL ERROR"),
    ],
)
def test_a_format_that_cannot_be_filled_in_is_no_error(event: Event, expected: str) -> None:
    event = {"message": (), "isError": 0, **event}
    assert (log.textFromEventDict(event) or "").startswith(expected)


def test_a_file_gets_a_line_an_event() -> None:
    out = io.StringIO()
    observer = log.FileLogObserver(out)
    observer.emit({"time": 0, "system": "S", "message": ("two\nlines",), "isError": 0})
    observer.emit({"time": 0, "system": "S", "message": (), "isError": 0})
    assert out.getvalue() == f"{observer.formatTime(0)} [S] two\n\tlines\n"


def test_a_binary_file_gets_utf_8() -> None:
    out = io.BytesIO()
    log.FileLogObserver(out).emit({"time": 0, "system": "-", "message": ("\xbd",), "isError": 0})
    assert out.getvalue().endswith(b"[-] \xc2\xbd\n")


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (18000, "2001-02-02 23:05:06-0500"),
        (-3600, "2001-02-03 05:05:06+0100"),
        (5400, "2001-02-03 02:35:06-0130"),
        (-1800, "2001-02-03 04:35:06+0030"),
        (5100, "2001-02-03 02:40:06-0125"),
    ],
)
def test_times_carry_their_offset(behind: int, expected: str) -> None:
    observer = log.FileLogObserver(io.StringIO())
    observer.getTimezoneOffset = lambda when: behind  # type: ignore[method-assign]
    assert observer.formatTime(981173106) == expected


def test_times_may_have_a_format_of_their_own() -> None:
    observer = log.FileLogObserver(io.StringIO())
    observer.timeFormat = "%Y %f"
    assert observer.formatTime(981173106.6) == "2001 600000"


# -- standard streams, warnings -------------------------------------------------------------


def test_a_stand_in_for_a_stream_logs_its_lines(events: list[Event]) -> None:
    stream = log.StdioOnnaStick(isError=True, encoding="utf-8")
    stream.write("one\ntwo")
    stream.write(b" and a \xc2\xbd\n")
    stream.writelines(["three"])
    stream.flush()
    stream.close()
    assert [e["message"][0] for e in events] == ["one", "two and a \xbd", "three"]
    assert all(e["isError"] and e["printed"] for e in events)
    assert not stream.isatty()
    with pytest.raises(io.UnsupportedOperation):
        stream.fileno()
    with pytest.raises(OSError, match="can't read"):
        stream.read()


def test_warnings_are_logged(events: list[Event]) -> None:
    log.showwarning("text", UserWarning, "file.py", 3)
    assert log.textFromEventDict(events[0]) == "file.py:3: builtins.UserWarning: text"
    out = io.StringIO()
    log.showwarning("text", UserWarning, "file.py", 3, file=out)
    assert out.getvalue() == warnings.formatwarning("text", UserWarning, "file.py", 3)


def test_starting_takes_over_streams_and_warnings(restored: None) -> None:
    out = io.StringIO()
    observer = log.startLogging(out)
    assert observer is not None
    print("printed")
    print("to the error stream", file=sys.stderr)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = log.theLogPublisher.showwarning
        warnings.warn("warned", stacklevel=1)
    assert log.startLogging(sys.stdout) is None
    text = out.getvalue()
    for part in ("[-] Log opened.", "[-] printed", "[-] to the error stream", "UserWarning"):
        assert part in text
    observer.stop()
    log.msg("later")
    assert "later" not in out.getvalue()


def test_starting_twice_is_warned_of(restored: None) -> None:
    out = io.StringIO()
    log.startLogging(out, setStdout=False)
    log.startLoggingWithObserver(lambda event: None, setStdout=False)
    assert "primary log target selected twice" in out.getvalue()


def test_discarded_logs_are_gone(monkeypatch: pytest.MonkeyPatch, events: list[Event]) -> None:
    monkeypatch.setattr(log, "logfile", log.logfile)
    log.discardLogs()
    log.logfile.write("forgotten\n")
    log.logfile.flush()
    log.logfile.close()
    assert events == []


# -- the standard library -------------------------------------------------------------------


def test_every_event_goes_to_logging(records: Records) -> None:
    reason = Failure(Boom("x"))
    log.msg("message", system="S")
    log.err(reason, "why")
    log.err("text")
    log.msg("debugging", logLevel=logging.DEBUG)
    log.msg(format="%d of %s", logLevel=logging.WARNING)
    log.msg()
    found = [(r.name, r.levelname, r.getMessage()) for r in records.seen]
    assert found[:4] == [
        ("pcstream", "INFO", "message"),
        ("pcstream", "ERROR", "why"),
        ("pcstream", "ERROR", "'text'"),
        ("pcstream", "DEBUG", "debugging"),
    ]
    assert len(found) == 5
    assert found[4][2].startswith("Invalid format string")
    assert records.seen[1].exc_info == (Boom, reason.value, None)
    first: Any = records.seen[0]
    assert (first.system, first.event["message"]) == ("S", ("message",))
    assert first.filename == "test_log.py"


def test_an_observer_that_hands_events_to_logging_doubles_none(records: Records) -> None:
    observer = log.PythonLoggingObserver("mine")
    observer.start()
    try:
        log.msg("once")
        log.msg("twice", logLevel=logging.WARNING)
        log.err(Failure(Boom()))
    finally:
        observer.stop()
    log.msg("afterwards")
    assert [(r.name, r.levelname) for r in records.seen] == [
        ("mine", "INFO"),
        ("mine", "WARNING"),
        ("mine", "CRITICAL"),
        ("pcstream", "INFO"),
    ]


def test_a_handler_that_writes_to_a_redirected_stream_makes_no_circle(
    restored: None, records: Records
) -> None:
    out = io.StringIO()
    log.startLogging(out)
    handler = logging.StreamHandler(sys.stderr)
    logging.getLogger().addHandler(handler)
    try:
        log.msg("round")
    finally:
        logging.getLogger().removeHandler(handler)
    assert out.getvalue().count("round") == 2
    assert [r.getMessage() for r in records.seen].count("round") == 1


def test_a_broken_handler_breaks_no_observer(events: list[Event]) -> None:
    class Breaks(logging.Filter):
        def filter(self, record: Any) -> bool:
            raise Boom

    logger, broken = logging.getLogger("pcstream"), Breaks()
    logger.addFilter(broken)
    try:
        log.err("x")
    finally:
        logger.removeFilter(broken)
    assert [e["isError"] for e in events] == [1, 1]
    assert events[1]["failure"].type is Boom


def test_when_nobody_is_left_the_error_stream_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(event: Event) -> None:
        raise Boom

    publisher = log.LogPublisher()
    publisher.addObserver(raises)
    out = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", out)
    publisher.msg("x")
    assert "Temporarily disabling observer" in out.getvalue()


def run(program: str) -> tuple[str, str]:
    """What a program writes to its output and to its error stream."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout, done.stderr


def test_without_any_configuration_errors_reach_the_error_stream() -> None:
    out, err = run(
        "from pcstream.python import log\n"
        "log.msg('not shown')\n"
        "log.err(ValueError('text'), 'while trying')\n"
    )
    assert out == ""
    assert err == "while trying\nValueError: text\n"


def test_once_a_log_was_started_errors_go_there_alone() -> None:
    out, err = run(
        "import sys\n"
        "from pcstream.python import log\n"
        "log.startLogging(sys.stdout)\n"
        "log.err(ValueError('text'), 'while trying')\n"
    )
    assert out.count("while trying") == 1
    assert err == ""


def test_unhandled_errors_are_reported_at_exit_too() -> None:
    _, err = run("from pcstream.internet import defer\nd = defer.fail(ValueError('forgotten'))\n")
    assert "Unhandled error in Deferred:" in err
    assert "ValueError: forgotten" in err


def test_the_default_observer_writes_errors() -> None:
    observer = log.DefaultObserver()
    observer.stderr = out = io.StringIO()
    observer.emit({"message": ("x",), "isError": 0})
    observer.emit({"message": ("y", Unprintable()), "isError": 1})
    observer.emit({"message": (), "isError": 1})
    assert out.getvalue().startswith("y <Unprintable instance")

"""What is logged on either side is heard by the observers of both, each event once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("twisted")

OBSERVERS = """
import sys, threading
from twisted.python import log
from twisted.logger import Logger, globalLogPublisher, LogLevel
old, new = [], []
log.addObserver(old.append)
globalLogPublisher.addObserver(new.append)
logger = Logger(namespace="ns")
"""


def test_from_the_old_log(program: Run) -> None:
    done = program(
        OBSERVERS
        + """
log.msg("a", "message", system="here", extra=5)
log.err(ValueError("wrong"), "why")
[a, b], [c, d] = old, new
print(a["message"], a["system"], a["extra"], log.textFromEventDict(a))
print(c["log_text"], c["log_system"], c["extra"], c["log_level"].name, c["log_namespace"])
print(b["failure"].value, b["why"], b["isError"])
print(d["log_level"].name, d["log_failure"].value if "log_failure" in d else d["failure"].value)
assert a["time"] == c["log_time"]
"""
    )
    assert done.lines == [
        "('a', 'message') here 5 a message",
        "a message here 5 info log_legacy",
        "wrong why 1",
        "critical wrong",
    ], done.errors


def test_from_the_new_log(program: Run) -> None:
    done = program(
        OBSERVERS
        + """
logger.info("n is {n}", n=5)
try:
    1 / 0
except ZeroDivisionError:
    logger.failure("it broke")
[a, b], [c, d] = old, new
print(log.textFromEventDict(a), a["isError"], a["time"] == c["log_time"])
print(b["failure"].type.__name__, b["why"], b["isError"])
print(c["log_level"].name, d["log_level"].name, d["log_failure"] is b["failure"])
print(type(b["failure"]).__module__)
"""
    )
    assert done.lines == [
        "n is 5 0 True",
        "ZeroDivisionError it broke 1",
        "info critical True",
        "pcstream.python.failure",
    ], done.errors


def test_what_an_observer_logs_while_it_hears_is_an_event_as_well(program: Run) -> None:
    done = program(
        OBSERVERS
        + """
def echo(event):
    if event.get("first"):
        logger.info("from the old observer")
        log.msg("from the old observer")
def new_echo(event):
    if event.get("first"):
        logger.info("from the new observer")
        log.msg("from the new observer")
log.addObserver(echo)
globalLogPublisher.addObserver(new_echo)
log.msg("m", first=1)
logger.info("m", first=1)
print(len(old), len(new), len({id(e) for e in old}), len({id(e) for e in new}))
"""
    )
    # two events, and each makes both echoes log twice
    assert done.lines == ["10 10 10 10"], done.errors


@pytest.mark.parametrize("event", ["log.msg('m', first=1)", "logger.info('m', first=1)"])
@pytest.mark.parametrize("publisher", ["log", "globalLogPublisher"])
def test_an_observer_that_fails_is_reported_to_both(
    program: Run, event: str, publisher: str
) -> None:
    done = program(
        OBSERVERS
        + f"""
def broken(event):
    if event.get("first"):
        raise ValueError("broken observer")
{publisher}.addObserver(broken)
{event}
for seen in old, new:
    # an observer of the other side is one event more to this one
    print(len(seen), [str(e["failure"].value) for e in seen if "failure" in e])
"""
    )
    assert done.lines == ["2 ['broken observer']"] * 2, (done.lines, done.errors)


def test_threads_do_not_take_each_other_s_events(program: Run) -> None:
    done = program(
        OBSERVERS
        + """
def speak(name):
    for n in range(200):
        log.msg(f"{name} {n}")
        logger.info("{name} {n} new", name=name, n=n)
threads = [threading.Thread(target=speak, args=(k,)) for k in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
texts = [[log.textFromEventDict(e) for e in seen] for seen in (old, new)]
print([(len(t), len(set(t))) for t in texts])
"""
    )
    assert done.lines == ["[(1600, 1600), (1600, 1600)]"], done.errors


STARTED = """
import sys
from twisted.python import log
from twisted.logger import Logger, globalLogBeginner, textFileLogObserver
{start}
log.msg("an old message")
Logger().info("a new message")
log.err(ValueError("an old error"), "why")
print("printed")
"""


@pytest.mark.parametrize(
    "start",
    [
        "log.startLogging(sys.stdout)",
        "globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stdout)])",
    ],
)
def test_a_started_log_has_each_line_once_and_nothing_goes_elsewhere(
    program: Run, start: str
) -> None:
    done = program(STARTED.format(start=start))
    for text in ("an old message", "a new message", "an old error", "printed"):
        assert "\n".join(done.lines).count(text) == 1, done.lines
    assert done.errors == ""


def test_before_a_log_is_started_an_error_is_printed_once_as_twisted_prints_it(
    program: Run, python: Run, tmp_path: object
) -> None:
    text = STARTED.format(start="")
    swapped = program(text)
    plain = python("program.py")
    assert swapped.errors == plain.errors
    assert plain.errors.count("an old error") == 1
    assert swapped.lines == plain.lines == ["printed"]


def test_a_log_that_was_started_before_the_other_was_there(program: Run) -> None:
    done = program("""
import sys
from twisted.python import log
log.startLogging(sys.stdout, setStdout=False)
from twisted.logger import Logger
Logger().info("late")
Logger().critical("late and bad")
""")
    assert [line.partition("] ")[2] for line in done.lines] == [
        "Log opened.",
        "late",
        "late and bad",
    ]
    assert done.errors == ""


def test_a_publisher_of_the_program_s_own(program: Run) -> None:
    done = program("""
from twisted.python import log
from twisted.logger import LogPublisher, Logger
new = LogPublisher()
old = log.LogPublisher(observerPublisher=new, publishPublisher=new)
seen, seen_new, others = [], [], []
old.addObserver(lambda event: seen.append(log.textFromEventDict(event)))
new.addObserver(lambda event: seen_new.append(event.get("log_text", event["log_format"])))
log.addObserver(others.append)
Logger(observer=new).info("from {side}", side="the new one")
old.msg("from the old one")
print(seen, seen_new, others)

# one that hears of one and tells another
heard, told = LogPublisher(), LogPublisher()
between = log.LogPublisher(heard, told)
between.addObserver(lambda event: seen.append("between"))
told.addObserver(lambda event: seen_new.append("told"))
Logger(observer=heard).info("a")
between.msg("b")
Logger(observer=told).info("c")
print(seen[2:], seen_new[2:])
""")
    assert done.lines == [
        "['from the new one', 'from the old one'] ['from {side}', 'from the old one'] []",
        "['between', 'between'] ['told', 'told']",
    ], (done.lines, done.errors)

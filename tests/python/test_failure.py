"""Failures: what they keep, how they are recognised, reported, pickled and cleaned."""

from __future__ import annotations

import gc
import io
import pdb
import pickle
import sys
import traceback
import weakref
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from pcstream.python import failure, log
from pcstream.python.failure import Failure, NoCurrentExceptionError


class Boom(Exception):
    """An error like any other."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.args == self.args  # type: ignore[attr-defined]

    __hash__ = Exception.__hash__


class Unprintable(Exception):
    """An error whose text cannot be had."""

    def __str__(self) -> str:
        raise self


def inner(secret: str) -> None:
    raise Boom("text")


def outer(**options: Any) -> Failure:
    try:
        inner("hidden")
    except Boom:
        return Failure(**options)
    raise AssertionError


def test_keeps_the_exception_being_handled() -> None:
    try:
        raise Boom("now")
    except Boom as error:
        reason = Failure()
        assert reason.value is error
        assert reason.tb is error.__traceback__
    assert reason.type is Boom
    assert Failure(Boom()).tb is None
    with pytest.raises(NoCurrentExceptionError):
        Failure()


def test_takes_an_exception_apart_or_in_parts() -> None:
    reason = outer()
    assert Failure(reason.value).tb is reason.tb
    assert Failure(reason.value, ValueError, reason.tb).type is ValueError
    again = Failure(reason)
    assert (again.value, again.tb, again.type) == (reason.value, reason.tb, reason.type)


def test_each_has_a_number() -> None:
    assert Failure(Boom()).count + 1 == Failure(Boom()).count
    error = Boom()
    one, other = Failure(error), Failure._withoutTraceback(error)
    assert one.count + 1 == other.count
    assert {**vars(one), "count": 0} == {**vars(other), "count": 0}


def test_check_and_trap() -> None:
    reason = Failure(KeyError("x"))
    assert reason.check(ValueError, LookupError) is LookupError
    assert reason.check(KeyError) is KeyError
    assert reason.check("builtins.LookupError") == "builtins.LookupError"
    assert reason.check("LookupError", 1, None) is None
    assert reason.trap(KeyError) is KeyError
    with pytest.raises(KeyError) as caught:
        reason.trap(ValueError)
    assert caught.value is reason.value


def test_a_raised_failure_is_taken_for_its_exception() -> None:
    reason = Failure(Boom())
    try:
        raise reason
    except BaseException:
        assert Failure().value is reason.value


def test_raises_again_with_the_old_traceback() -> None:
    reason = outer()
    with pytest.raises(Boom):
        reason.raiseException()
    assert traceback.extract_tb(reason.value.__traceback__)[-1].name == "inner"


def test_throws_into_a_generator() -> None:
    seen: list[Any] = []

    def catches() -> Generator[str, None, None]:
        try:
            yield "first"
        except Boom:
            seen.append(traceback.extract_tb(sys.exc_info()[2])[-1].name)
        yield "second"

    steps = catches()
    next(steps)
    assert outer().throwExceptionIntoGenerator(steps) == "second"
    assert seen == ["inner"]


# -- reports --------------------------------------------------------------------------------


def test_the_default_report_looks_like_pythons() -> None:
    lines = outer().getTraceback().splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].startswith(f'  File "{__file__}", line ')
    assert lines[1].endswith(", in outer")
    assert lines[2:4:2] + lines[4:] == [
        '    inner("hidden")',
        '    raise Boom("text")',
        f"{__name__}.Boom: text",
    ]


def test_the_brief_report_is_a_line_a_frame() -> None:
    lines = outer().getBriefTraceback().splitlines()
    assert lines[0] == f"Traceback: {Boom}: text"
    assert [line.rpartition(":")[2] for line in lines[1:]] == ["outer", "inner"]
    out = io.StringIO()
    outer().printBriefTraceback(out)
    assert out.getvalue().splitlines()[0] == lines[0]


def test_the_verbose_report_has_the_variables_if_they_were_kept() -> None:
    reason = outer(captureVars=True)
    out = io.StringIO()
    reason.printDetailedTraceback(out)
    assert out.getvalue().startswith(f"*--- Failure #{reason.count} ---\n")
    assert out.getvalue().endswith(
        f"{__name__}.Boom: text\n*--- End of Failure #{reason.count} ---\n"
    )
    assert "\n [ Locals ]\n  secret : 'hidden'\n ( Globals )\n" in out.getvalue()
    text = outer().getTraceback(detail="verbose")
    assert "hidden" not in text
    assert " [Capture of Locals and Globals disabled (use captureVars=True)]\n" in text


def test_without_frames_the_report_says_so() -> None:
    reason = Failure(Boom("x"))
    assert reason.getTraceback() == (
        f"Traceback (most recent call last):\nFailure: {__name__}.Boom: x\n"
    )
    assert reason.getBriefTraceback() == f"Traceback (failure with no frames): {Boom}: x\n"


def test_reports_go_to_the_log_unless_told_otherwise() -> None:
    events: list[Any] = []
    log.addObserver(events.append)
    try:
        Failure(Boom("x")).printTraceback()
    finally:
        log.removeObserver(events.append)
    assert [e["message"] for e in events] == [
        ("Traceback (most recent call last):",),
        (f"Failure: {__name__}.Boom: x",),
    ]
    assert all(e["isError"] for e in events)


@pytest.mark.parametrize("detail", ["default", "brief", "verbose"])
def test_an_error_without_a_text_can_be_reported(detail: str) -> None:
    assert "Unprintable" in Failure(Unprintable()).getTraceback(detail=detail)
    assert "with str error" in Failure(Unprintable()).getErrorMessage()


def test_unknown_detail_is_refused() -> None:
    with pytest.raises(ValueError, match="Detail must be default, brief, verbose"):
        failure.format_frames([], lambda text: None, "much")


def test_texts() -> None:
    reason = Failure(Boom("x"))
    assert repr(reason) == f"<pcstream.python.failure.Failure {__name__}.Boom: x>"
    assert str(reason) == f"[Failure instance: {reason.getBriefTraceback()}]"
    assert reason.getErrorMessage() == "x"


def test_frames_of_the_machinery_are_left_out() -> None:
    @failure._extraneous
    def carries() -> Failure:
        try:
            inner("hidden")
        except Boom:
            return Failure()
        raise AssertionError

    assert [frame[0] for frame in carries().frames] == ["inner"]


# -- cleaned and pickled --------------------------------------------------------------------


def test_a_cleaned_failure_keeps_nothing_but_texts_alive() -> None:
    class Thing:
        def __repr__(self) -> str:
            return "a thing"

    def hold() -> Failure:
        thing = Thing()
        try:
            raise Boom(thing is None)
        except Boom:
            held.append(weakref.ref(thing))
            return Failure(captureVars=True)

    held: list[Any] = []
    reason = hold()
    before = reason.getTraceback()
    reason.cleanFailure()
    gc.collect()
    assert held[0]() is None
    assert reason.tb is None
    assert reason.value.__traceback__ is None
    assert reason.getTraceback() == before
    assert ("thing", "a thing") in reason.frames[-1][3]


def test_a_stand_in_for_the_traceback_can_be_read() -> None:
    reason = outer()
    assert reason.getTracebackObject() is reason.tb
    expected = [(f.name, f.lineno) for f in traceback.extract_tb(reason.tb)]
    reason.cleanFailure()
    stand_in = reason.getTracebackObject()
    assert [(f.name, f.lineno) for f in traceback.extract_tb(stand_in)] == expected
    assert "in inner" in "".join(traceback.format_tb(stand_in))
    assert Failure(Boom()).getTracebackObject() is None


@pytest.mark.parametrize("make", [outer, lambda: Failure(Boom("x"))])
def test_a_pickled_failure_is_the_same_without_its_traceback(make: Any) -> None:
    reason = make()
    again = pickle.loads(pickle.dumps(reason))
    assert (again.value, again.type, again.count) == (reason.value, reason.type, reason.count)
    assert again.frames == reason.frames
    assert again.parents == reason.parents
    assert (again.tb, again.pickled) == (None, 1)
    assert again.getTraceback() == reason.getTraceback()
    assert again.check(Boom) is Boom
    assert "(pickled)" in again.getTraceback(detail="verbose")


def test_frames_and_parents_can_be_set() -> None:
    reason = outer()
    reason.frames = reason.frames[:1]
    reason.parents = ["a.b"]
    again = pickle.loads(pickle.dumps(reason))
    assert len(again.frames) == 1
    assert again.check("a.b") == "a.b"


def test_the_stack_is_deprecated() -> None:
    reason = Failure(Boom())
    with pytest.warns(DeprecationWarning, match="Failure.stack was deprecated"):
        assert reason.stack == []
    with pytest.warns(DeprecationWarning, match="Failure.stack was deprecated"):
        reason.stack = []


@pytest.fixture
def debugger(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What the debugger was given."""
    seen: list[Any] = []
    monkeypatch.setattr(pdb, "post_mortem", seen.append)
    monkeypatch.setattr(Failure, "__init__", Failure.__init__)
    failure.startDebugMode()
    return seen


def test_debug_mode_enters_the_debugger(
    debugger: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    reason = outer()
    assert debugger == [reason.tb]
    assert not reason.captureVars
    assert "text" in capsys.readouterr().out

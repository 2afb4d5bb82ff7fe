"""The kit names the rule that a producer breaks, and finds nothing in one that breaks none."""

from __future__ import annotations

from typing import Any

import mutants_pull
import mutants_push
import pytest
from sound_producers import PIECES, PullSubject, PushSubject, SoundPull, SoundPush

from pcstream.conformance import RULES, check_pull_producer, check_push_producer
from pcstream.conformance.report import INTERFACE
from pcstream.internet.task import Clock


def test_there_is_nothing_wrong_with_a_sound_push_producer() -> None:
    report = check_push_producer(PushSubject)
    assert report.conforms, str(report)
    assert report.passed == ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9"]


def test_there_is_nothing_wrong_with_a_sound_pull_producer() -> None:
    report = check_pull_producer(PullSubject)
    assert report.conforms, str(report)
    assert report.passed == ["L1", "L2", "L3", "L4", "L5"]


def judge(mutant: Any, report: Any) -> None:
    assert mutant.rule in report.broken, str(report)
    assert set(report.broken) <= {mutant.rule, *getattr(mutant, "also", ())}, str(report)
    for fault in report.faults:
        assert fault.seen
        assert fault.calls
        assert fault.sentence == RULES[fault.rule].sentence


@pytest.mark.parametrize("mutant", mutants_push.MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_rule_of_a_push_producer_is_named(mutant: Any) -> None:
    judge(mutant, check_push_producer(PushSubject(mutant), search=20))


@pytest.mark.parametrize("mutant", mutants_pull.MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_rule_of_a_pull_producer_is_named(mutant: Any) -> None:
    judge(mutant, check_pull_producer(PullSubject(mutant), search=20))


@pytest.mark.parametrize("mutant", mutants_push.MUTANTS, ids=lambda mutant: mutant.__name__)
def test_it_is_named_without_hypothesis(mutant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "hypothesis", None)
    assert mutant.rule in check_push_producer(PushSubject(mutant)).broken


def test_a_fault_has_the_smallest_sequence_of_calls() -> None:
    pytest.importorskip("hypothesis")
    report = check_push_producer(PushSubject(mutants_push.RaisesOnAStaleResume), only={"P4"})
    (fault,) = report.faults
    assert fault.calls == (
        "consumer.registerProducer(push)",
        "resumeProducing()",
        "resumeProducing raised RuntimeError('not paused')",
    )


def test_an_endless_producer_is_judged_as_far_as_that_goes() -> None:
    class Endless(SoundPush):
        def plan(self) -> None:
            if self.call is None:
                self.call = self.clock.callLater(1, self.turn)

        def turn(self) -> None:
            self.pieces += self.pieces[:1]
            super().turn()

    class Subject(PushSubject):
        kind = Endless
        is_finite = False
        content = None

        def settle(self) -> None:
            self.clock.advance(1)

    report = check_push_producer(Subject)
    assert report.conforms, str(report)
    assert [str(skip) for skip in report.skipped] == ["P8 needs a producer that comes to its end"]


def test_one_that_does_not_register_itself_is_registered() -> None:
    def make(consumer: Any) -> SoundPull:
        return SoundPull(consumer, Clock(), PIECES)

    report = check_pull_producer(make)
    assert report.conforms, str(report)
    assert report.subject.endswith("make")


def test_the_wrong_kind_is_told() -> None:
    report = check_push_producer(PullSubject)
    assert report.faults[0].rule == INTERFACE
    assert "pauseProducing" in report.faults[0].seen
    (fault,) = [f for f in check_pull_producer(PushSubject).faults if f.rule == INTERFACE]
    assert fault.seen == "it registered as a push producer"

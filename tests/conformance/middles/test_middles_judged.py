"""The kit names the rule that an adapter, a sender, a proxy or a relay breaks."""

from __future__ import annotations

from typing import Any

import pytest
from registry import MUTANTS, SOUND, Judged
from sound_middles import Middle
from wrong_adapters import CountsPauses

from pcstream.conformance import RULES
from pcstream.conformance.adapters import AdapterSubject, check_adapter
from pcstream.conformance.file_senders import check_file_sender
from pcstream.conformance.proxies import ProxySubject, check_proxy
from pcstream.conformance.relays import RelaySubject, check_relay

#: Rules that the kit has no check for; how Twisted and this package keep them is under tests.
NOT_JUDGED = {"A7", "F10", "F11", "X10", "X11", "X12"}


@pytest.mark.parametrize("sound", SOUND, ids=str)
def test_there_is_nothing_wrong_with_a_sound_one(sound: Judged) -> None:
    report = sound.judge()
    assert report.conforms, str(report)
    assert report.passed


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_the_rule_is_named_and_no_other(mutant: Judged) -> None:
    report = mutant.judge()
    assert set(report.broken) == {mutant.rule, *mutant.also}, str(report)
    for fault in report.faults:
        assert fault.seen
        assert fault.calls, fault
        assert fault.sentence == RULES[fault.rule].sentence


def test_there_are_enough_of_them() -> None:
    assert len(MUTANTS) >= 22
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    broken = {mutant.rule for mutant in MUTANTS}
    numbers = {number for number in RULES if number[0] in "AFX"}
    assert numbers - NOT_JUDGED <= broken


def test_a_fault_has_the_smallest_sequence_of_calls() -> None:
    counting = next(mutant for mutant in MUTANTS if mutant.name == CountsPauses.__name__)
    (fault,) = counting.judge().faults
    assert [call for call in fault.calls if call.startswith("adapter")] == [
        "adapter.pauseProducing()",
        "adapter.pauseProducing()",
        "adapter.resumeProducing()",
    ]


def test_every_fault_is_in_one_report() -> None:
    class Twofold(Middle):
        """Breaks two rules that have nothing to do with each other."""

        def stop_upstream(self) -> None:
            self.producer = None

        def refuse(self, producer: Any) -> None:
            self.producer = producer

    report = check_proxy(Twofold)
    assert report.broken == ["X4", "X6"]
    assert report.subject.endswith("Twofold")
    assert "X4 (MUST)" in str(report)


def test_what_is_not_offered_is_skipped_by_number() -> None:
    report = check_proxy(Middle)
    assert {skip.rule: skip.need for skip in report.skipped} == {"X7": "wrap()", "X8": "close()"}
    report = check_adapter(AdapterSubject())
    assert [skip.rule for skip in report.skipped] == [*(f"A{each}" for each in range(1, 8))]


def test_only_the_rules_that_are_asked_for() -> None:
    assert check_proxy(Middle, only={"X1"}).passed == ["X1"]
    sound = next(one for one in SOUND if one.name == "Sender")
    assert "F1" in sound.judge().passed
    from sound_senders import Sender

    assert check_file_sender(Sender, only={"F2", "L5"}).passed == ["L5", "F2"]


def test_a_known_deviation_is_no_fault() -> None:
    counting = next(mutant for mutant in MUTANTS if mutant.name == "ReplacesItsProducer")

    class Known(ProxySubject):
        deviations = {"X6", "X4"}

        def make(self, consumer: Any) -> Any:
            from wrong_middles import ReplacesItsProducer

            return ReplacesItsProducer(consumer)

    report = check_proxy(Known())
    assert [fault.rule for fault in report.deviations] == [counting.rule]
    assert report.unexpected_passes == ["X4"]
    assert not report.faults


def test_a_relay_that_never_connects() -> None:
    class Alone(RelaySubject):
        def make(self, reactor: Any) -> Any:
            from sound_middles import Side

            return Side()

    report = check_relay(Alone())
    assert report.broken == ["X1", "X2", "X7", "X8", "X9"]
    assert "it never connects to the other side" in str(report)


def test_what_spins_is_cut_off() -> None:
    class Spinning(Middle):
        """Plans a turn in every turn."""

        def write(self, data: bytes) -> None:
            super().write(data)
            self.spin()

        def spin(self) -> None:
            self.consumer.clock.callLater(0, self.spin)

    report = check_proxy(Spinning, only={"X1"})
    assert "not quiet after" in report.faults[0].seen

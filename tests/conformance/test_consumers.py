"""The kit names the rule that a consumer breaks, and finds nothing in one that breaks none."""

from __future__ import annotations

import mutants_reentrant
import pytest
from mutants_consumers import MUTANTS
from sound_consumer import Sound, SoundSubject

from pcstream.conformance import RULES, ConformanceError, ConsumerSubject, check_consumer
from pcstream.conformance.report import INTERFACE


def test_there_is_nothing_wrong_with_a_sound_one() -> None:
    report = check_consumer(SoundSubject)
    assert report.conforms, str(report)
    assert {skip.rule for skip in report.skipped} == {
        *("C32", "C40", "T16", "T17", "T23"),
        *("R11", "R12", "R13", "R14", "R15", "R16"),
    }
    assert len(report.passed) == 73
    assert report.role == "consumer and transport"
    report.raise_if_faulty()


ALL_MUTANTS = [*MUTANTS, *mutants_reentrant.MUTANTS]


@pytest.mark.parametrize("mutant", ALL_MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_rule_is_named(mutant: type[Sound]) -> None:
    rule, also = mutant.rule, getattr(mutant, "also", frozenset())  # type: ignore[attr-defined]
    report = check_consumer(SoundSubject(mutant), search=20)
    assert rule in report.broken, str(report)
    assert set(report.broken) <= {rule, *also}, str(report)
    for fault in report.faults:
        assert fault.seen
        assert fault.calls, fault
        assert fault.sentence == RULES[fault.rule].sentence


def test_every_fault_is_in_one_report() -> None:
    class Twofold(SoundSubject):
        """Breaks two rules that have nothing to do with each other."""

        class kind(Sound):
            def is_full(self) -> bool:
                return False

            def unregisterProducer(self) -> None:
                if self.producer is None:
                    raise RuntimeError("nobody is registered")
                super().unregisterProducer()

    report = check_consumer(Twofold)
    assert {"C5", "C13"} <= set(report.broken)
    with pytest.raises(ConformanceError) as raised:
        report.raise_if_faulty()
    assert raised.value.report is report
    assert "C5 (MUST)" in str(raised.value)
    assert "C13 (MUST)" in str(raised.value)


def test_a_fault_has_the_smallest_sequence_of_calls() -> None:
    pytest.importorskip("hypothesis")

    mutant = next(mutant for mutant in MUTANTS if mutant.__name__ == "RemembersAnOldPause")
    report = check_consumer(SoundSubject(mutant), only={"C10"})
    (fault,) = report.faults
    assert fault.calls == (
        "(its peer takes nothing)",
        "consumer.write(4001 bytes)",
        "consumer.registerProducer(A, push)",
        "(its peer takes everything)",
        "A.resumeProducing()",
    )


def test_the_same_run_gives_the_same_report() -> None:
    reports = {str(check_consumer(SoundSubject(mutant))) for mutant in [MUTANTS[0]] * 2}
    assert len(reports) == 1


def test_what_is_not_offered_is_skipped_by_number() -> None:
    class Meagre(ConsumerSubject):
        def make(self) -> Sound:
            return SoundSubject().make()

    report = check_consumer(Meagre)
    skipped = {skip.rule: skip.need for skip in report.skipped}
    assert skipped["C5"] == "stall()"
    assert skipped["C6"] == "stall()"
    assert skipped["C2"] == "kill()"
    assert skipped["C14"] == "stall()"
    assert not set(skipped) & set(report.passed)
    assert "skipped: C5 needs stall()" in str(report)


def test_a_plain_callable_will_do() -> None:
    report = check_consumer(lambda: SoundSubject().make())
    assert "C1" in report.passed
    assert "C5" in {skip.rule for skip in report.skipped}


def test_known_deviations_are_expected() -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.__name__ == "PausesOnEveryWrite")
    report = check_consumer(SoundSubject(mutant), deviations={"C8"})
    assert report.conforms
    assert [fault.rule for fault in report.deviations] == ["C8"]


def test_an_unexpected_pass_is_reported() -> None:
    report = check_consumer(SoundSubject, deviations={"C8"})
    assert report.unexpected_passes == ["C8"]
    assert not report.conforms
    assert "C8 was declared as a deviation, but the rule is kept" in str(report)


def test_the_interface_comes_first() -> None:
    class Half:
        def write(self, data: bytes) -> None: ...

    report = check_consumer(Half)
    assert report.faults[0].rule == INTERFACE
    assert "registerProducer" in report.faults[0].seen


def test_an_interface_of_the_same_name_from_anywhere_is_verified() -> None:
    from zope.interface import Interface, implementedBy, implementer
    from zope.interface.declarations import implementer_only

    class IConsumer(Interface):
        def write(data: bytes) -> None:
            """As theirs."""

        def registerProducer(producer: object, streaming: bool) -> None:
            """As theirs."""

        def unregisterProducer() -> None:
            """As theirs."""

        def sing() -> None:
            """One more than ours."""

    @implementer_only(IConsumer)
    class Theirs(Sound):
        def sing(self) -> None: ...

    assert [each.__name__ for each in implementedBy(Theirs)] == ["IConsumer"]
    assert check_consumer(SoundSubject(Theirs), search=0).conforms

    @implementer(IConsumer)
    class Mute(Sound):
        pass

    (fault,) = check_consumer(SoundSubject(Mute), search=0).faults
    assert fault.rule == INTERFACE
    assert "sing" in fault.seen


def test_twisteds_interfaces_will_do() -> None:
    interfaces = pytest.importorskip("twisted.internet.interfaces")
    from zope.interface.declarations import implementer_only

    kind = implementer_only(interfaces.IConsumer, interfaces.IPushProducer)(
        type("Theirs", (Sound,), {})
    )
    report = check_consumer(SoundSubject(kind), search=0)
    assert report.conforms, str(report)


def test_endless_sequences_are_shortened() -> None:
    from pcstream.conformance.report import Fault

    fault = Fault("C4", "seen", tuple(f"call {number}" for number in range(1000)))
    assert len(fault.calls) == 51
    assert "(950 calls are left out)" in fault.calls
    assert fault.calls[-1] == "call 999"


def test_what_cannot_be_made_is_a_fault() -> None:
    def broken() -> None:
        raise ZeroDivisionError("on purpose")

    (fault,) = check_consumer(broken).faults
    assert fault.rule == INTERFACE
    assert "on purpose" in fault.seen


def test_without_hypothesis_the_report_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "hypothesis", None)
    mutant = next(mutant for mutant in MUTANTS if mutant.__name__ == "NeverPauses")
    report = check_consumer(SoundSubject(mutant))
    assert report.broken == ["C5"]
    assert "hypothesis is not installed" in str(report)


def test_a_report_is_plain_data() -> None:
    import json

    report = check_consumer(SoundSubject(MUTANTS[0]))
    data = json.loads(json.dumps(report.as_dict()))
    assert data["conforms"] is False
    assert data["faults"][0]["rule"] == "C1"
    assert data["faults"][0]["sentence"] == RULES["C1"].sentence

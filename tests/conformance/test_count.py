"""``count.py`` counts enough, and says what was missed. What it judges is tested one by one."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import count
import pytest

from pcstream.conformance import RULES
from pcstream.conformance.report import Fault, Report


def test_there_are_enough_wrong_ones_and_each_breaks_a_rule() -> None:
    mutants = count.mutants()
    kinds = Counter(counted.kind for counted in mutants)
    assert len(mutants) >= 60
    assert kinds["push producer"] >= 10
    assert kinds["pull producer"] >= 10
    assert kinds["consumer"] >= 22
    assert kinds["middle"] >= 20
    assert all(counted.rule in RULES for counted in mutants)
    names = [(counted.kind, counted.name, counted.rule) for counted in mutants]
    assert len(set(names)) == len(names)


def test_there_are_enough_right_ones() -> None:
    names = [counted.name for counted in count.right_ones()]
    assert len(names) >= 20
    for what in ("tcp.Client", "unix.Client", "stdio.StandardIO", "process.ProcessWriter"):
        assert any(what in name for name in names), what
    for what in ("StringTransport", "policies.ProtocolWrapper", "pcp.ProducerConsumerProxy"):
        assert any(what in name for name in names), what


def test_what_was_missed_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def judged(*broken: str) -> Any:
        return lambda: Report("it", "consumer", [Fault(number, "seen") for number in broken])

    wrong = [
        count.Counted("consumer", "Named", "C5", judged("C5")),
        count.Counted("consumer", "Missed", "C6", judged("C7")),
    ]
    right = [count.Counted("consumer", "Clean", "", judged())]
    monkeypatch.setattr(count, "mutants", lambda: wrong)
    monkeypatch.setattr(count, "right_ones", lambda: right)
    monkeypatch.setattr(count, "the_cases", lambda package: [])
    assert count.main([]) == 1
    assert capsys.readouterr().out == (
        "mutants: 1 of 2 named by their rule\nright ones: 1 of 1 clean; "
        "1 break no rule, the others only what is declared of them\n"
        "  missed: consumer Missed: C6\n"
    )
    assert count.main(["--json"]) == 1
    assert json.loads(capsys.readouterr().out)["mutants"]["missed"] == ["consumer Missed: C6"]
    del wrong[1]
    assert count.main([]) == 0

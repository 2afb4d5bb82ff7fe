"""``pcstream conform`` with things in the middle."""

from __future__ import annotations

import json

import pytest

from pcstream.cli.main import main


@pytest.mark.parametrize(
    ("subject", "role", "rule"),
    [
        ("wrong_adapters:StopsUnasked", "adapter", None),
        ("wrong_senders:IgnoresStop", "file-sender", "F4"),
        ("wrong_middles:ReplacesItsProducer", "proxy", "X6"),
        ("wrong_middles:HidesResets", "relay", "X9"),
        ("sound_senders:Sender", "file-sender", ""),
        ("sound_middles:Middle", "proxy", ""),
        ("sound_middles:FrontSide", "relay", ""),
        ("registry:SoundWrapping", "proxy", None),
    ],
)
def test_the_rule_is_named(
    subject: str, role: str, rule: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["conform", subject, "--as", role, "--json"])
    out = capsys.readouterr().out
    if rule is None:
        assert status == 5
        return
    report = json.loads(out)
    assert [fault["rule"] for fault in report["faults"]] == ([rule] if rule else [])
    assert status == (1 if rule else 0)


def test_what_lacks_the_methods_is_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "sound_middles:FrontSide", "--as", "proxy"]) == 1
    out = capsys.readouterr().out
    assert "interface (MUST)" in out
    assert "0 rules kept, 1 broken" in out


def test_a_known_deviation(capsys: pytest.CaptureFixture[str]) -> None:
    subject = "wrong_middles:ReplacesItsProducer"
    assert main(["conform", subject, "--as", "proxy", "--deviations", "X6"]) == 0
    assert "known deviation: X6" in capsys.readouterr().out


def test_some_rules_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["conform", "wrong_senders:IgnoresStop", "--as", "file-sender", "--only", "F1"]) == 0
    )
    assert "1 rules kept" in capsys.readouterr().out

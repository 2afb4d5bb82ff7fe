"""``pcstream conform``: what it prints, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pcstream.cli.main import main
from pcstream.cli.status import Status


def test_a_sound_consumer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "sound_consumer:SoundSubject", "--as", "consumer"]) == Status.DONE
    assert capsys.readouterr().out.startswith("Sound, as a consumer and transport: conforms\n")


@pytest.mark.parametrize("role", ["push", "pull"])
def test_sound_producers(role: str, capsys: pytest.CaptureFixture[str]) -> None:
    subject = f"sound_producers:{role.capitalize()}Subject"
    assert main(["conform", subject, "--as", role]) == Status.DONE
    assert "conforms" in capsys.readouterr().out


def test_a_plain_function(capsys: pytest.CaptureFixture[str]) -> None:
    name = "pcstream.internet.testing:StringTransport"
    assert main(["conform", name, "--as", "consumer", "--search", "0"]) == Status.FAILED
    out = capsys.readouterr().out
    assert "C13 (MUST): Takes unregisterProducer with nobody registered for nothing." in out
    assert "  1. consumer.unregisterProducer()" in out
    assert "skipped: C5 needs stall()" in out


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("pcstream.protocols.pcp:ProducerConsumerProxy", "proxy"),
        ("sound_middles:Middle", "proxy"),
        ("sound_middles:FrontSide", "relay"),
        ("sound_senders:Sender", "file-sender"),
    ],
)
def test_other_roles(
    name: str, role: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent / "middles")
    assert main(["conform", name, "--as", role, "--search", "0"]) == Status.DONE
    assert ": conforms" in capsys.readouterr().out


def test_every_role_is_known_to_the_command() -> None:
    from pcstream.cli import conform
    from pcstream.conformance.roles import ROLES, check_for, numbers_for

    assert set(conform._ROLES) == set(ROLES)
    for role in ROLES:
        assert callable(check_for(role))
        assert numbers_for(role)


def test_known_deviations_are_no_fault() -> None:
    words = ["conform", "pcstream.internet.testing:StringTransport", "--as", "consumer"]
    assert main([*words, "--only", "C13,C1", "--deviations", "C13"]) == Status.DONE


def test_in_colours(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    import sys

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    name = "pcstream.internet.testing:StringTransport"
    main(["conform", name, "--as", "consumer", "--search", "0", "--only", "C13,C1"])
    assert "C13 (MUST): Takes unregisterProducer with nobody" in capsys.readouterr().out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["conform", "pcstream.internet.testing:StringTransport", "--as", "consumer", "--json"]
    assert main(words) == Status.FAILED
    data = json.loads(capsys.readouterr().out)
    assert "C13" in {fault["rule"] for fault in data["faults"]}
    assert data["conforms"] is False


@pytest.mark.parametrize(
    ("subject", "status", "line"),
    [
        ("nowhere", Status.USAGE, "'nowhere' is not of the form MODULE:NAME"),
        ("no.such.module:name", Status.UNREADABLE, "no module named no"),
        ("pcstream.nothing:name", Status.UNREADABLE, "no module named pcstream.nothing"),
        (
            "pcstream.internet.tcp:Nothing",
            Status.UNREADABLE,
            "pcstream.internet.tcp has no Nothing",
        ),
        (
            "broken_subject:name",
            Status.UNREADABLE,
            "importing broken_subject raised KeyError: 'no'",
        ),
        ("needy_subject:name", Status.UNREADABLE, "needy_subject needs absent, which is not"),
        ("pcstream:__version__", Status.USAGE, "can neither be called nor has it a make()"),
    ],
)
def test_what_is_not_there_is_named(
    subject: str,
    status: Status,
    line: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "broken_subject.py").write_text("raise KeyError('no')\n")
    (tmp_path / "needy_subject.py").write_text("import absent\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["conform", subject, "--as", "consumer"]) == status
    assert line in capsys.readouterr().err


def test_a_rule_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["conform", "sound_consumer:SoundSubject", "--as", "consumer", "--only", "C99"]
    assert main(words) == Status.USAGE
    assert "there is no rule C99" in capsys.readouterr().err


def test_the_role_has_to_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["conform", "sound_consumer:SoundSubject"])
    assert raised.value.code == Status.USAGE
    assert "--as" in capsys.readouterr().err

"""The closing table is total and has no way back."""

from __future__ import annotations

import itertools

import pytest

from pcstream._engine.closing import TABLE, Act, Phase, Step, enter, phase_of

ORDER = list(Phase)


class Flags:
    connected = 1
    disconnected = 0
    disconnecting = 0
    _writeDisconnecting = False
    _writeDisconnected = False
    _aborting = False


def test_the_table_is_total() -> None:
    assert set(TABLE) == set(itertools.product(Phase, Step))


def test_there_is_no_way_back() -> None:
    for (phase, _), (after, _) in TABLE.items():
        forward = ORDER.index(after) >= ORDER.index(phase)
        # loseConnection after loseWriteConnection: the whole close includes the half.
        assert forward or (phase, after) == (Phase.HALF_CLOSING, Phase.CLOSING)


def test_T4_an_abort_is_the_last_word() -> None:
    assert {TABLE[Phase.ABORTING, step][0] for step in Step} == {Phase.ABORTING}
    assert {TABLE[Phase.ABORTING, step][1] for step in Step} == {Act.NOTHING, Act.NOTE}


def test_T12_the_dead_do_nothing() -> None:
    assert {TABLE[Phase.LOST, step] for step in Step} == {(Phase.LOST, Act.NOTHING)}


@pytest.mark.parametrize(
    "phase", [Phase.OPEN, Phase.CLOSING, Phase.HALF_CLOSING, Phase.HALF_CLOSED, Phase.ABORTING]
)
def test_what_is_entered_is_read_back(phase: Phase) -> None:
    flags = Flags()
    enter(flags, phase)
    assert phase_of(flags) is phase


def test_the_flags_of_a_new_and_of_a_lost_one() -> None:
    flags = Flags()
    flags.connected = 0
    assert phase_of(flags) is Phase.NEW
    flags.disconnected = 1
    enter(flags, Phase.CLOSING)
    assert phase_of(flags) is Phase.LOST


def test_walking_the_table_reads_back_what_it_says() -> None:
    for steps in itertools.product(Step, repeat=4):
        flags = Flags()
        for step in steps:
            phase, _ = TABLE[phase_of(flags), step]
            enter(flags, phase)
            assert phase_of(flags) is phase

"""The file that the demo sends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pcstream.cli import demo_data
from pcstream.cli.status import Abandoned, Status

MIB = 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 5])
def test_generates_exactly_that_many_bytes(size: int) -> None:
    with demo_data.generate(size) as source:
        assert source.tell() == 0
        assert len(source.read()) == size


def test_no_two_blocks_are_alike_and_the_file_has_no_name() -> None:
    with demo_data.generate(3 * MIB) as source:
        assert len({source.read(MIB) for _ in range(3)}) == 3
        assert os.fstat(source.fileno()).st_nlink == 0


def test_a_disk_without_room_gets_stamps_and_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_data, "SPARE_BYTES", 2**70)
    with demo_data.generate(8 * MIB) as source:
        assert os.fstat(source.fileno()).st_blocks * 512 < MIB
        assert len({source.read(MIB) for _ in range(8)}) == 8


def test_opens_the_users_file(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_bytes(b"mine")
    with demo_data.open_source(str(path), 0) as source:
        assert source.read() == b"mine"


def test_refuses_what_is_missing_or_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in ("missing", "fifo", "."):
        with pytest.raises(Abandoned, match="cannot read") as refused:
            demo_data.open_source(str(tmp_path / name), 0)
        assert refused.value.status is Status.UNREADABLE


def test_says_so_if_it_cannot_generate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(Abandoned, match="cannot generate"):
        demo_data.generate(1)

"""Log files that rotate by length and by day."""

from __future__ import annotations

import os
import pickle
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pcstream.python.logfile import BaseLogFile, DailyLogFile, LogFile, LogReader

DAY = 86400


@pytest.fixture
def short(tmp_path: Path) -> Iterator[LogFile]:
    with closing(LogFile("log", str(tmp_path), rotateLength=10)) as log:
        yield log


def content(log: BaseLogFile, suffix: str = "") -> bytes:
    return Path(log.path + suffix).read_bytes()


def test_text_and_bytes_are_written_at_once(short: LogFile) -> None:
    short.write("é")
    short.write(b"\xff")
    assert content(short) == "é".encode() + b"\xff"
    assert short.size == 3


def test_goes_on_where_it_ended(tmp_path: Path) -> None:
    for _ in range(2):
        with closing(LogFile("log", str(tmp_path))) as log:
            log.write("line\n")
    assert content(log) == b"line\nline\n"
    assert log.size == 10


def test_rotates_when_it_is_long(short: LogFile) -> None:
    short.write("1" * 9)
    short.write("23")
    assert short.listLogs() == []
    short.write("4")
    assert content(short) == b"4"
    assert content(short, ".1") == b"1" * 9 + b"23"


def test_older_files_move_up_and_the_oldest_go(tmp_path: Path) -> None:
    with closing(LogFile("log", str(tmp_path), rotateLength=1, maxRotatedFiles=2)) as log:
        for letter in "abcd":
            log.write(letter)
        assert log.listLogs() == [1, 2]
    assert [content(log, suffix) for suffix in ("", ".1", ".2")] == [b"d", b"c", b"b"]


def test_never_rotates_without_a_length(tmp_path: Path) -> None:
    with closing(LogFile("log", str(tmp_path), rotateLength=0)) as log:
        log.write("x" * 100)
        assert not log.shouldRotate()


def test_foreign_names_are_not_listed(short: LogFile) -> None:
    for suffix in (".0", ".x", ".1.gz", "x.1", ".2"):
        Path(short.path + suffix).touch()
    assert short.listLogs() == [2]


def test_does_not_rotate_where_it_may_not(short: LogFile, monkeypatch: pytest.MonkeyPatch) -> None:
    short.write("kept")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    short.rotate()
    short.write("!")
    assert content(short) == b"kept!"


def test_readers(short: LogFile) -> None:
    short.write("a\nb\nc\n")
    with closing(short.getCurrentLog()) as reader:
        assert reader.readLines(0) == []
        assert reader.readLines(2) == ["a\n", "b\n"]
        assert reader.readLines() == ["c\n"]
        assert reader.readLines() == []
    short.rotate()
    with closing(short.getLog(1)) as reader:
        assert isinstance(reader, LogReader)
        assert len(reader.readLines()) == 3
    with pytest.raises(ValueError, match="no such logfile exists"):
        short.getLog(2)
    with pytest.raises(TypeError):
        short.getLog("1")  # type: ignore[arg-type]


def test_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    path.chmod(0o604)
    with closing(LogFile("log", str(tmp_path))) as log:
        log.rotate()
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_permissions_that_were_asked_for(tmp_path: Path) -> None:
    with closing(LogFile("log", str(tmp_path), defaultMode=0o640)) as log:
        assert stat.S_IMODE(os.stat(log.path).st_mode) == 0o640


def test_from_full_path(tmp_path: Path) -> None:
    with closing(LogFile.fromFullPath(str(tmp_path / "log"), 7)) as log:
        assert (log.name, log.directory, log.rotateLength) == ("log", str(tmp_path), 7)


def test_reopens_where_the_file_was_moved(short: LogFile) -> None:
    short.write("old")
    os.rename(short.path, short.path + ".aside")
    short.reopen()
    short.write("new")
    assert content(short) == b"new"
    assert not short.closed


def test_is_pickled_without_its_file(short: LogFile) -> None:
    short.write("x")
    again = pickle.loads(pickle.dumps(short))
    assert again.path == short.path
    assert not hasattr(again, "_file")


def test_the_base_does_not_know_when(tmp_path: Path) -> None:
    with closing(BaseLogFile("log", str(tmp_path))) as log:
        for ask in (log.shouldRotate, log.rotate):
            with pytest.raises(NotImplementedError):
                ask()


class Daily(DailyLogFile):
    """Its clock is set by hand."""

    now = 0.0

    def _openFile(self) -> None:
        super()._openFile()
        self.lastDate = self.toDate()

    def toDate(self, *args: float) -> tuple[int, ...]:
        return time.gmtime(*(args or (self.now,)))[:3]


@pytest.fixture
def daily(tmp_path: Path) -> Iterator[Daily]:
    with closing(Daily("log", str(tmp_path))) as log:
        yield log


def test_rotates_each_day(daily: Daily) -> None:
    daily.write("one")
    daily.now = DAY - 1
    daily.write("!")
    daily.now = DAY
    daily.write("two")
    assert content(daily, ".1970_1_1") == b"one!"
    assert content(daily) == b"two"
    with closing(daily.getLog(0)) as reader:
        assert reader.readLines() == ["one!"]
    with closing(daily.getLog(DAY)) as reader:
        assert reader.readLines() == ["two"]
    with pytest.raises(ValueError, match="no such logfile exists"):
        daily.getLog(2 * DAY)


def test_a_clock_that_goes_back_does_not_rotate(daily: Daily) -> None:
    daily.now = 3 * DAY
    daily.rotate()
    daily.now = 0
    daily.write("x")
    assert not daily.shouldRotate()


def test_never_writes_over_a_day(daily: Daily) -> None:
    Path(daily.path + ".1970_1_1").write_bytes(b"that day's")
    daily.write("x")
    daily.now = DAY
    daily.write("y")
    assert content(daily, ".1970_1_1") == b"that day's"
    assert content(daily) == b"xy"


def test_suffixes() -> None:
    noon = time.mktime((2014, 10, 2, 12, 0, 0, 0, 0, -1))
    log = object.__new__(DailyLogFile)
    assert log.suffix((2014, 10, 2)) == "2014_10_2"
    assert log.suffix(noon) == "2014_10_2"
    assert log.toDate() == time.localtime()[:3]

"""Recordings read back, drawn as text, picture and page, and the command that does it."""

from __future__ import annotations

import io
import json
import re
import sys
import xml.dom.minidom
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pcstream.cli import main
from pcstream.cli.status import Status
from pcstream.conformance.timeline import BadRecording, Timeline, nice_step, read_recording
from pcstream.conformance.timeline_page import draw_page
from pcstream.conformance.timeline_strips import draw_strips
from pcstream.conformance.timeline_svg import draw_svg

HEAD = {"format": "pcstream recording", "version": 1, "began": 1.7e9, "slice": 0.02}
LINES: list[dict[str, Any]] = [
    HEAD,
    {"lane": 0, "t": 0.0, "name": "<up> & down", "limit": 65536},
    {"lane": 0, "t": 0.0, "mark": "push producer registered"},
    {"lane": 1, "t": 0.0, "name": "other", "limit": 100},
    {"lane": 0, "t": 0.0, "for": 2.0, "bytes": 4_000_000, "writes": 9, "peak": 80_000},
    {"lane": 0, "t": 2.0, "pause": "tcp.Server.write"},
    {"lane": 0, "t": 6.0, "resume": True},
    {
        "lane": 0,
        "t": 6.0,
        "for": 2.0,
        "bytes": 10,
        "writes": 1,
        "peak": 9,
        "pauses": 5,
        "paused": 1,
    },
    {"lane": 1, "t": 1.0, "for": 1.0, "bytes": 7, "writes": 1},
    {"lane": 0, "t": 7.0, "rule": "P2", "culprit": "producer", "seen": "wrote <too> much"},
    {"lane": 0, "t": 8.0, "end": True},
    {"lane": 1, "t": 8.0, "end": True},
]


def write(path: Path, lines: list[dict[str, Any]] = LINES, tail: str = "") -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + tail)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "a.jsonl")


@pytest.fixture
def timeline(path: Path) -> Timeline:
    return read_recording(path)


def test_figures(timeline: Timeline) -> None:
    lane, other = timeline.lanes
    assert timeline.seconds == 8.0
    assert timeline.remarks == []
    assert (lane.bytes, lane.peak, lane.limit) == (4_000_010, 80_000, 65536)
    assert (lane.times_paused, lane.time_paused) == (6, 5.0)
    assert lane.paused_by() == {"tcp.Server.write": 1}
    assert str(lane.broken[0]) == "P2: the producer wrote <too> much"
    assert (other.bytes, other.peak) == (7, None)


def test_columns_hold_all_bytes_and_all_pauses(timeline: Timeline) -> None:
    lane = timeline.lanes[0]
    for count in (1, 7, 8, 300):
        columns = lane.columns(count, timeline.seconds)
        width = timeline.seconds / count
        assert sum(column.rate * width for column in columns) == pytest.approx(lane.bytes)
        paused = sum(column.pressure * width for column in columns)
        assert paused == pytest.approx(lane.time_paused)
    columns = lane.columns(8, 8.0)
    assert [round(column.pressure, 3) for column in columns] == [0, 0, 1, 1, 1, 1, 0.5, 0.5]
    assert [column.held for column in columns][:6] == [80_000, 80_000, 80_000, None, None, None]


def test_a_pause_without_an_end_lasts_to_the_end_of_its_lane(tmp_path: Path) -> None:
    lines = [*LINES[:6], {"lane": 0, "t": 5.0, "mark": "aborted"}]
    seen = read_recording(write(tmp_path / "b.jsonl", lines))
    assert seen.lanes[0].time_paused == 3.0
    assert not seen.is_finished


@pytest.mark.parametrize("tail", ['{"lane":0,"t":8', '{"lane":0,"t":8.5,"pau', "{"])
def test_a_last_line_that_is_cut_off_is_tolerated_and_said(tmp_path: Path, tail: str) -> None:
    seen = read_recording(write(tmp_path / "c.jsonl", tail=tail))
    assert seen.is_cut_off
    assert seen.remarks == ["the last line is cut off, and left out"]
    assert len(seen.lanes) == 2


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "is empty"),
        (b"hello\n", "is no recording of pcstream's monitor"),
        (b"[1, 2]\n", "is no recording of pcstream's monitor"),
        (b"\xff\xfe\x00", "is no recording of pcstream's monitor"),
        (b'{"format": "another", "version": 1, "began": 1}\n', "is no recording"),
        (b'{"format": "pcstream recording", "version": 9, "began": 1}\n', "newer pcstream"),
    ],
)
def test_what_is_no_recording(tmp_path: Path, content: bytes, line: str) -> None:
    path = tmp_path / "d"
    path.write_bytes(content)
    with pytest.raises(BadRecording, match=line):
        read_recording(path)


@pytest.mark.parametrize(
    "damaged",
    [
        b"not json",
        b"5",
        b"null",
        b'{"lane": 7, "t": 0, "end": true}',
        b'{"lane": -1, "t": 0, "end": true}',
        b'{"lane": 0, "t": -3, "end": true}',
        b'{"lane": 0, "t": "NaN", "end": true}',
        b'{"lane": 0, "t": 0}',
        b'{"lane": 0}',
        b'{"lane": 0, "t": 0, "resume": true}',
        b'{"lane": 0, "t": 0, "bytes": 4}',
        b'{"lane": 5, "t": 0, "name": "x", "limit": 1}',
        b"\xff\xff",
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, damaged: bytes) -> None:
    path = write(tmp_path / "e.jsonl", LINES[:2])
    path.write_bytes(path.read_bytes() + damaged + b"\n" + json.dumps(LINES[-2]).encode() + b"\n")
    with pytest.raises(BadRecording, match="line 3: this is n"):
        read_recording(path)


# -- drawn


def test_strips(timeline: Timeline) -> None:
    text = draw_strips(timeline, 48)
    first, written, held, paused, figures, *_ = text.splitlines()
    assert first == "<up> & down"
    assert written == "written " + "█" * 10 + " " * 20 + "▁" * 10
    assert held.startswith("held    ██████████")
    assert paused == "paused  " + " " * 10 + "█" * 20 + "▒" * 10
    assert "3.8 MiB" in figures
    assert "paused 6 times, 5 s" in figures
    assert "at 7.000 s P2: the producer wrote <too> much" in text
    assert "how much was held is not known" in text
    assert all(len(line) <= 120 for line in text.splitlines())
    assert "|0 s" in text.splitlines()[-1]


def test_strips_in_ascii(timeline: Timeline) -> None:
    assert draw_strips(timeline, 100, ascii_only=True).isascii()


def test_the_picture_is_whole_labelled_and_self_contained(timeline: Timeline) -> None:
    picture = draw_svg(timeline)
    document = xml.dom.minidom.parseString(picture)
    words = [
        "".join(node.data for node in each.childNodes)
        for each in document.getElementsByTagName("text")
    ]
    assert "<up> & down" in words
    assert {"written", "held", "paused", "time in seconds"} <= set(words)
    assert "this consumer does not tell" in words
    titles = [
        "".join(node.data for node in each.childNodes)
        for each in document.getElementsByTagName("title")
    ]
    assert "7.000 s: P2: the producer wrote <too> much" in titles
    assert any("paused 100% of the time" in title for title in titles)
    assert "prefers-color-scheme: dark" in picture
    assert_needs_nothing(picture)


def assert_needs_nothing(text: str) -> None:
    assert "<script" not in text
    assert "url(" not in text
    assert "@import" not in text
    addresses = re.findall(r"(?:https?:)?//[\w.]+", text)
    assert set(addresses) <= {"http://www.w3.org"}  # a name, which nobody fetches


class Tags(HTMLParser):
    """Checks that what is opened is closed."""

    VOID = {"meta", "path", "line", "rect"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page(timeline: Timeline) -> None:
    page = draw_page(timeline)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert "&lt;up&gt; &amp; down" in page
    assert "<up>" not in page
    assert "color-scheme: light dark" in page
    assert_needs_nothing(page)


def test_nothing_was_watched(tmp_path: Path) -> None:
    empty = read_recording(write(tmp_path / "f", [HEAD]))
    assert "nothing was watched" in draw_strips(empty)
    xml.dom.minidom.parseString(draw_svg(empty))
    assert "Nothing was watched." in draw_page(empty)


def test_a_moment_can_be_drawn(tmp_path: Path) -> None:
    moment = read_recording(write(tmp_path / "g", [*LINES[:3]]))
    assert "<up> & down" in draw_strips(moment)
    xml.dom.minidom.parseString(draw_svg(moment))


@pytest.mark.parametrize(
    ("least", "step"), [(0.9, 1), (1, 1), (1.1, 2), (3, 5), (7, 10), (0.03, 0.05), (1100, 2000)]
)
def test_steps_of_the_axis(least: float, step: float) -> None:
    assert nice_step(least) == pytest.approx(step)


# -- the command


def test_the_command_draws_in_the_terminal(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["timeline", str(path)]) == Status.DONE
    assert "<up> & down" in capsys.readouterr().out


def test_a_terminal_without_blocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert main.main(["timeline", str(path)]) == Status.DONE
    assert b"written" in out.buffer.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("option", "mark"), [("--html", "<!DOCTYPE html>"), ("--svg", "<svg")])
def test_the_command_writes(
    path: Path, tmp_path: Path, option: str, mark: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    with path.open("a") as file:
        file.write('{"lane":')
    assert main.main(["timeline", str(path), option, str(out)]) == Status.DONE
    assert out.read_text("utf-8").startswith(mark)
    assert "the last line is cut off" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["nowhere"], Status.UNREADABLE, "cannot read nowhere: No such file or directory"),
        (["."], Status.UNREADABLE, "cannot read .: Is a directory"),
        (["GOOD", "--svg", "no/such/place"], Status.FAILED, "cannot write no/such/place"),
        (["BAD"], Status.UNREADABLE, "is no recording of pcstream's monitor"),
    ],
)
def test_the_command_says_what_is_wrong(
    path: Path, words: list[str], status: Status, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"GOOD": str(path), "BAD": __file__}
    assert main.main(["timeline", *(places.get(word, word) for word in words)]) == status
    assert said in capsys.readouterr().err

"""What a monitor writes down, line by line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from pcstream.conformance.recording import Recording
from pcstream.conformance.timeline import read_recording
from pcstream.python import log


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_one_line_for_what_is_written_in_a_slice(clock: Clock) -> None:
    file = io.StringIO()
    recording = Recording(file, slice_s=1.0, clock=clock)
    lane = recording.lane("a to b", 100)
    for _ in range(1000):
        lane.wrote(3, 7)
    clock.now += 1.5
    lane.wrote(5, None)
    recording.close()
    first, about, flow, rest, end = lines(file.getvalue())
    assert (first["format"], first["version"]) == ("pcstream recording", 1)
    assert about == {"lane": 0, "t": 0.0, "name": "a to b", "limit": 100}
    assert flow == {"lane": 0, "t": 0.0, "for": 1.0, "bytes": 3000, "writes": 1000, "peak": 7}
    assert rest == {"lane": 0, "t": 1.5, "for": 0.0, "bytes": 5, "writes": 1}
    assert end == {"lane": 0, "t": 1.5, "end": True}


def test_the_first_pause_of_a_slice_has_lines_and_the_rest_is_summed_up(clock: Clock) -> None:
    file = io.StringIO()
    recording = Recording(file, slice_s=1.0, clock=clock)
    lane = recording.lane("a to b", 100)
    for _ in range(3):
        clock.now += 0.1
        lane.paused("me")
        clock.now += 0.1
        lane.resumed()
    recording.close()
    pause, resume, flow, _ = lines(file.getvalue())[2:]
    assert pause == {"lane": 0, "t": 0.1, "pause": "me"}
    assert resume == {"lane": 0, "t": 0.2, "resume": True}
    assert (flow["pauses"], flow["paused"]) == (2, 0.2)


def test_a_pause_that_lasts_gets_lines_after_all(clock: Clock) -> None:
    file = io.StringIO()
    recording = Recording(file, slice_s=1.0, clock=clock)
    lane = recording.lane("a to b", 100)
    lane.paused("first")
    lane.resumed()
    clock.now += 0.5
    lane.paused("second")
    clock.now += 9.0
    lane.resumed()
    recording.close()
    said = lines(file.getvalue())[2:]
    assert {"lane": 0, "t": 0.5, "pause": "second"} in said
    assert {"lane": 0, "t": 9.5, "resume": True} in said
    assert not any("bytes" in line for line in said)


def test_a_pull_producer_that_waits_is_not_asked(clock: Clock) -> None:
    file = io.StringIO()
    recording = Recording(file, slice_s=1.0, clock=clock)
    lane = recording.lane("a to b", 100)
    for wait in (0.001, 0.5, 0.25, 3.0):
        lane.asked()
        lane.waits()
        clock.now += wait
    lane.asked()
    lane.waits()
    lane.waits_no_more()
    clock.now += 1.0
    lane.asked()
    lane.waits()
    clock.now += 1.0
    recording.close()
    said = lines(file.getvalue())[2:]
    pauses = [line["t"] for line in said if "pause" in line]
    assert pauses == [0.001, 0.751, 4.751]  # and the last one has no end
    assert [line["t"] for line in said if "resume" in line] == [0.501, 3.751]
    (flow,) = (line for line in said if "pauses" in line)
    assert (flow["pauses"], flow["paused"]) == (1, 0.25)


def test_ten_thousand_pauses_in_a_second_are_a_few_lines_for_each_slice(clock: Clock) -> None:
    file = io.StringIO()
    recording = Recording(file, clock=clock)
    lane = recording.lane("a to b", 100)
    for _ in range(10_000):
        clock.now += 5e-5
        lane.wrote(1, 1)
        lane.paused("me")
        clock.now += 5e-5
        lane.resumed()
    recording.close()
    assert len(lines(file.getvalue())) < 6 * 50


def test_each_line_is_there_before_the_next_thing_happens(tmp_path: Path) -> None:
    path = tmp_path / "crash.jsonl"
    recording = Recording(path)
    lane = recording.lane("a to b", 100)
    lane.paused("me")
    lane.broke("P2", "producer", "wrote on")
    seen = read_recording(path)  # nothing has been closed
    assert [pause.by for pause in seen.lanes[0].pauses] == ["me"]
    assert [broken.rule for broken in seen.lanes[0].broken] == ["P2"]
    assert not seen.is_finished
    recording.close()
    assert read_recording(path).is_finished


def test_marks_are_limited(clock: Clock) -> None:
    file = io.StringIO()
    with Recording(file, clock=clock) as recording:
        lane = recording.lane("a to b", 100)
        for _ in range(5000):
            lane.mark("registered")
    assert len(lines(file.getvalue())) < 1010


class Full(io.StringIO):
    def write(self, text: str) -> int:
        if self.tell() > 200:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_a_full_disk_ends_the_recording_and_is_logged() -> None:
    events: list[dict[str, Any]] = []
    log.addObserver(events.append)
    try:
        recording = Recording(Full())
        lane = recording.lane("a to b", 100)
        for _ in range(20):
            lane.mark("something")
        recording.close()
    finally:
        log.removeObserver(events.append)
    assert [event["failure"].value.errno for event in events if event["isError"]] == [28]


def test_a_path_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Recording(tmp_path / "nowhere" / "a.jsonl")


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.jsonl")
    recording.lane("a to b", 100)
    recording.close()
    recording.close()
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 3

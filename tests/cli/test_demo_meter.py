"""What a hop of the demo counts."""

from __future__ import annotations

import pytest

from pcstream.cli import demo_meter
from pcstream.cli.demo_meter import Meter


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(demo_meter.time, "monotonic", lambda: now[0])
    return now


def test_counts_bytes_and_peaks() -> None:
    meter = Meter()
    meter.moved(10, buffered=10)
    meter.moved(30, buffered=40)
    meter.moved(5, buffered=0)
    seen = meter.snapshot()
    assert (seen["bytes"], seen["largest"]) == (45, 30)
    assert (seen["buffered"], seen["peak_buffered"]) == (0, 40)


def test_pausing_is_a_state_not_a_count(clock: list[float]) -> None:
    meter = Meter()
    meter.start()
    meter.wait()
    clock[0] += 1
    meter.wait()
    clock[0] += 1
    meter.flow()
    meter.flow()
    clock[0] += 2
    seen = meter.snapshot()
    assert (seen["pauses"], seen["paused_s"], seen["seconds"]) == (1, 2.0, 4.0)
    assert not seen["is_paused"]


def test_a_pause_that_lasts_counts_already(clock: list[float]) -> None:
    meter = Meter()
    meter.start()
    meter.wait()
    clock[0] += 3
    for _ in range(2):
        seen = meter.snapshot()
        assert (seen["pauses"], seen["paused_s"], seen["is_paused"]) == (1, 3.0, True)


def test_a_wait_below_the_shortest_pause_is_none(clock: list[float]) -> None:
    meter = Meter(shortest_pause_s=0.5)
    meter.start()
    for waited in (0.4, 0.6):
        meter.wait()
        clock[0] += waited
        meter.flow()
    assert meter.snapshot()["pauses"] == 1
    assert meter.snapshot()["paused_s"] == pytest.approx(0.6)


def test_no_time_counts_after_the_end(clock: list[float]) -> None:
    meter = Meter()
    meter.start()
    meter.wait()
    clock[0] += 1
    meter.end()
    clock[0] += 10
    meter.end()
    seen = meter.snapshot()
    assert (seen["seconds"], seen["paused_s"], seen["is_paused"]) == (1.0, 1.0, False)


def test_peak_memory_is_that_of_a_python_process() -> None:
    assert 2**20 < demo_meter.peak_memory_bytes() < 2**40

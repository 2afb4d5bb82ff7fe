"""The counters in the words of Prometheus."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from pcstream import metrics
from pcstream.limits import limit_process_buffers, observe_process


@pytest.fixture(autouse=True)
def afterwards_nothing_is_counted() -> Iterator[None]:
    yield
    limit_process_buffers(None)


def test_what_is_exported() -> None:
    client = pytest.importorskip("prometheus_client", reason="needs the extra 'metrics'")
    registry = client.CollectorRegistry()
    meter = observe_process()
    collector = metrics.export(registry)
    before = registry.get_sample_value("pcstream_received_bytes_total")
    meter.arrived(5)
    assert registry.get_sample_value("pcstream_received_bytes_total") == before + 5
    assert registry.get_sample_value("pcstream_buffered_bytes") == meter.buffered
    text = client.generate_latest(registry).decode()
    assert "# HELP pcstream_sent_bytes_total Bytes written that the system has taken." in text
    for name in ("pauses_total", "paused_seconds_total", "on_disk_bytes", "buffered_peak_bytes"):
        assert f"\npcstream_{name} " in text
    registry.unregister(collector)
    assert "pcstream" not in client.generate_latest(registry).decode()


def test_without_the_client_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client.core", None)
    with pytest.raises(ImportError, match=r"pcstream\[metrics\]"):
        metrics.export()

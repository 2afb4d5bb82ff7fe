"""The counters of :mod:`pcstream.limits` for Prometheus, by its own client library.

Needs the extra ``metrics``: ``pip install 'pcstream[metrics]'``.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from .limits import observe_process

__all__ = ["export"]

_COUNTERS = {
    "received": ("received_bytes", "Bytes that have arrived."),
    "accepted": ("accepted_bytes", "Bytes that were written."),
    "sent": ("sent_bytes", "Bytes written that the system has taken."),
    "dropped": ("dropped_bytes", "Bytes written that could be sent no more."),
    "pauses": ("pauses", "How often a push producer was told to pause."),
    "time_paused": ("paused_seconds", "How long push producers were paused, all together."),
}
_GAUGES = {
    "buffered": ("buffered_bytes", "Bytes in memory that wait to be sent."),
    "on_disk": ("on_disk_bytes", "Bytes of files that wait to be sent."),
    "peak": ("buffered_peak_bytes", "The most that was buffered at any time."),
}


class _Collector:
    """Asked by the client library whenever somebody scrapes."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._meter = observe_process()

    def collect(self) -> Iterator[Any]:
        """The sums over all transports, as they are now."""
        seen = self._meter.snapshot()
        for name, (label, meaning) in _COUNTERS.items():
            yield self._client.CounterMetricFamily(f"pcstream_{label}", meaning, value=seen[name])
        for name, (label, meaning) in _GAUGES.items():
            yield self._client.GaugeMetricFamily(f"pcstream_{label}", meaning, value=seen[name])


def export(registry: Any = None) -> Any:
    """Have the sums over all transports exported, which are counted from now on.

    :param registry: the client library's; by default its ``REGISTRY``.
    :returns: what was registered, for the registry's ``unregister``.
    :raises ImportError: the client library is not installed.
    """
    try:
        client: Any = importlib.import_module("prometheus_client.core")
    except ImportError:
        raise ImportError(
            "this needs the client library: pip install 'pcstream[metrics]'"
        ) from None
    collector = _Collector(client)
    (client.REGISTRY if registry is None else registry).register(collector)
    return collector

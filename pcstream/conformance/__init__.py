"""Judge how producers and consumers behave: the rules of the contract, and what checks them.

The names here are fetched when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .adapters import AdapterSubject as AdapterSubject
    from .adapters import check_adapter as check_adapter
    from .consumers import check_consumer as check_consumer
    from .file_senders import FileSenderSubject as FileSenderSubject
    from .file_senders import check_file_sender as check_file_sender
    from .monitor import Violation as Violation
    from .monitor import Watch as Watch
    from .monitor import watch as watch
    from .producers import check_pull_producer as check_pull_producer
    from .producers import check_push_producer as check_push_producer
    from .proxies import ProxySubject as ProxySubject
    from .proxies import check_proxy as check_proxy
    from .recording import Recording as Recording
    from .relays import RelaySubject as RelaySubject
    from .relays import check_relay as check_relay
    from .report import ConformanceError as ConformanceError
    from .report import Fault as Fault
    from .report import Report as Report
    from .rules import RULES as RULES
    from .subjects import ConsumerSubject as ConsumerSubject
    from .subjects import MiddleSubject as MiddleSubject
    from .subjects import PullProducerSubject as PullProducerSubject
    from .subjects import PushProducerSubject as PushProducerSubject

#: Where each name comes from.
_HOMES = {
    "AdapterSubject": "adapters",
    "ConformanceError": "report",
    "ConsumerSubject": "subjects",
    "Fault": "report",
    "FileSenderSubject": "file_senders",
    "MiddleSubject": "subjects",
    "ProxySubject": "proxies",
    "PullProducerSubject": "subjects",
    "PushProducerSubject": "subjects",
    "RULES": "rules",
    "Recording": "recording",
    "RelaySubject": "relays",
    "Report": "report",
    "Violation": "monitor",
    "Watch": "monitor",
    "check_adapter": "adapters",
    "check_consumer": "consumers",
    "check_file_sender": "file_senders",
    "check_proxy": "proxies",
    "check_pull_producer": "producers",
    "check_push_producer": "producers",
    "check_relay": "relays",
    "watch": "monitor",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

"""Judge how producers and consumers behave: the rules of the contract, and what checks them.

The names here are fetched when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .consumers import check_consumer as check_consumer
    from .monitor import Violation as Violation
    from .monitor import Watch as Watch
    from .monitor import watch as watch
    from .producers import check_pull_producer as check_pull_producer
    from .producers import check_push_producer as check_push_producer
    from .recording import Recording as Recording
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
    "ConformanceError": "report",
    "ConsumerSubject": "subjects",
    "Fault": "report",
    "MiddleSubject": "subjects",
    "PullProducerSubject": "subjects",
    "PushProducerSubject": "subjects",
    "RULES": "rules",
    "Recording": "recording",
    "Report": "report",
    "Violation": "monitor",
    "Watch": "monitor",
    "check_consumer": "consumers",
    "check_pull_producer": "producers",
    "check_push_producer": "producers",
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

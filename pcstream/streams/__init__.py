"""Ready pieces for streams: what people otherwise write anew for each program.

Each is a producer or a consumer that keeps the contract, works with producers of both kinds, can be
cancelled, and holds a bounded number of bytes.  What bridges to asyncio is imported when it is
used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import LengthMismatch, StreamStopped, TooLong, TooShort
from .expect_length import ExpectLength, check_length, expect_length
from .file_consumer import FileConsumer
from .pull_to_push import PullToPush, pull_to_push
from .rate_limit import RateLimit, rate_limit
from .read import Reader, read
from .relay import Relay, RelayCounts, relay
from .send import Sender, send
from .tee import Tee, tee

if TYPE_CHECKING:
    from .asyncio_bridge import (
        AsyncioConsumer,
        AsyncioOnTransport,
        ProtocolOnAsyncio,
        from_asyncio,
        open_streams,
        run_protocol,
    )

__all__ = [
    "AsyncioConsumer",
    "AsyncioOnTransport",
    "ExpectLength",
    "FileConsumer",
    "LengthMismatch",
    "ProtocolOnAsyncio",
    "PullToPush",
    "RateLimit",
    "Reader",
    "Relay",
    "RelayCounts",
    "Sender",
    "StreamStopped",
    "Tee",
    "TooLong",
    "TooShort",
    "check_length",
    "expect_length",
    "from_asyncio",
    "open_streams",
    "pull_to_push",
    "rate_limit",
    "read",
    "relay",
    "run_protocol",
    "send",
    "tee",
]

_BRIDGE = frozenset(
    {
        "AsyncioConsumer",
        "AsyncioOnTransport",
        "ProtocolOnAsyncio",
        "from_asyncio",
        "open_streams",
        "run_protocol",
    }
)


def __getattr__(name: str) -> Any:
    if name in _BRIDGE:
        from . import asyncio_bridge

        return getattr(asyncio_bridge, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

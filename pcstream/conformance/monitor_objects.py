"""What can be found out about a producer or consumer from outside, Twisted's as well as ours."""

from __future__ import annotations

from typing import Any

__all__ = ["held_by", "length", "name_of", "parts_of", "protocol_of", "reason_of"]

# A name in a report; some objects show all they hold.
_LONGEST_NAME = 120


def held_by(consumer: Any) -> int | None:
    """How many bytes *consumer* has accepted and not sent; None if it cannot be told.

    Only what it holds itself: a layer above a transport may collect writes before it passes them
    on, so that what the transport holds is not to be measured by the writes to the layer.
    """
    for _ in range(3):
        size = getattr(_own(consumer, "_outbox"), "size", None)
        if isinstance(size, int):
            return size  # ours
        later = _own(consumer, "_tempDataLen")
        if isinstance(later, int):  # Twisted's: what is being sent, and what came after it
            now: int = len(consumer.dataBuffer) - consumer.offset
            return now + later
        pipes = _own(consumer, "pipes")
        below = pipes.get(0) if isinstance(pipes, dict) else _own(consumer, "_writer")
        if below is None:
            return None
        consumer = below
    return None


def _own(side: Any, name: str) -> Any:
    """An attribute that *side* does not take from somebody else."""
    mine = getattr(side, "__dict__", {})
    return mine[name] if name in mine else getattr(type(side), name, None)


def length(data: Any) -> int:
    """The bytes in *data*, which may be anything: it is not ours to refuse it."""
    return len(data) if isinstance(data, (bytes, bytearray, memoryview)) else 0


def protocol_of(side: Any) -> Any:
    """Who hears what *side* receives, if it is a connection; or None."""
    for name in ("wrappedProtocol", "protocol", "proto"):
        protocol = getattr(side, name, None)
        if hasattr(protocol, "connectionLost") or hasattr(protocol, "childConnectionLost"):
            return protocol
    return None


def parts_of(consumer: Any) -> list[Any]:
    """Whatever may call a producer on behalf of *consumer*."""
    parts = [consumer]
    for name in ("_writer", "transport", "channel", "_underlying"):
        part = getattr(consumer, name, None)
        if part is not None:
            parts.append(part)
    pipes = getattr(consumer, "pipes", None)
    if isinstance(pipes, dict):
        parts.extend(pipes.values())
    return parts


def reason_of(*reason: Any) -> str | None:
    """The name of the exception in a failure, ours or Twisted's."""
    value = getattr(reason[0], "value", reason[0]) if reason else None
    return type(value).__name__ if isinstance(value, BaseException) else None


def name_of(side: Any) -> str:
    """The ``repr`` of *side*, or its class if that fails."""
    try:
        name = repr(side)
    except Exception:
        name = f"<{type(side).__qualname__}>"
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."

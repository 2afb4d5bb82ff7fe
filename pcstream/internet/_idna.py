"""Domain names beyond ASCII, as the name service wants them."""

from __future__ import annotations

__all__ = ["_idnaBytes", "_idnaText"]


def _idnaBytes(text: str) -> bytes:
    """The ASCII form of a name: IDNA 2008 if the ``idna`` package is there, else IDNA 2003."""
    try:
        import idna
    except ImportError:
        return text.encode("idna")
    encoded: bytes = idna.encode(text)
    return encoded


def _idnaText(octets: bytes) -> str:
    """The name as people read it, from its ASCII form."""
    try:
        import idna
    except ImportError:
        return octets.decode("idna")
    decoded: str = idna.decode(octets)
    return decoded

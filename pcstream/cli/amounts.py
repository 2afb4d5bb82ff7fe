"""Sizes and rates as people write and read them."""

from __future__ import annotations

import re

_UNITS = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?(?:/s)?", re.IGNORECASE)


def parse_bytes(text: str) -> int:
    """The number of bytes that *text* names: ``64Mi`` is 64 times 1024 twice, ``1M`` a million.

    A fraction (``1.5G``) and a final ``B`` or ``B/s`` are allowed.

    :raises ValueError: if it is no such amount.
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no amount of bytes: try 500k, 1M, 64Mi or 4Gi")
    return int(float(found[1]) * _UNITS[(found[2] or "").lower()])


def format_bytes(count: float) -> str:
    """A short form of *count* bytes, in powers of 1024."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"

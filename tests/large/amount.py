"""What the large programs share: the bytes that are moved, and how memory is judged."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_UNITS = {"": 1, "ki": 2**10, "mi": 2**20, "gi": 2**30}
MIB = 2**20

# What may be added between the first sixteenth and the end: the interpreter's own arenas and the
# allocator's fragments. A leak of one byte in a thousand would be 4 MiB in 4 GiB.
ALLOWED_GROWTH_BYTES = 4 * MIB
# And in all: a Python process with a reactor, with room to spare.
ALLOWED_PEAK_BYTES = 80 * MIB

_BLOCK = hashlib.shake_128(b"pcstream").digest(MIB)


def parse_size(text: str) -> int:
    """Bytes: ``4Gi``, ``64MiB``, ``1000``."""
    found = re.fullmatch(r"(\d+)\s*([kmg]i)?b?", text.strip().lower())
    if found is None:
        raise ValueError(f"not an amount of bytes: {text!r}")
    return int(found[1]) * _UNITS[found[2] or ""]


class Pattern:
    """A file of *size* bytes that is nowhere: no two stretches of it are soon alike.

    :ivar digest: of what has been read so far.
    """

    def __init__(self, size: int) -> None:
        self.left = size
        self.digest = hashlib.sha256()
        self._at = 0
        self._round = 0

    def read(self, size: int) -> bytes:
        """The next bytes, *size* at most; none at the end."""
        size = min(size, self.left, MIB - self._at)
        chunk = _BLOCK[self._at : self._at + size]
        if self._at == 0 and size >= 8:
            # Each round begins with its number, so that a lost or doubled one shows.
            chunk = self._round.to_bytes(8, "big") + chunk[8:]
        self._at += size
        if self._at == MIB:
            self._at, self._round = 0, self._round + 1
        self.left -= size
        self.digest.update(chunk)
        return chunk


def peak_memory() -> int:
    """The most that this process has had in memory, in bytes (``VmHWM`` of proc(5))."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise OSError("no VmHWM in /proc/self/status")


@dataclass
class Outcome:
    """What a program has measured."""

    size: int
    arrived: int
    seconds: float
    peak_early: int
    peak: int
    digests_equal: bool

    def complaints(self) -> list[str]:
        """What is wrong with it; nothing at all, hopefully."""
        found = []
        if self.arrived != self.size:
            found.append(f"{self.arrived} of {self.size} bytes have arrived")
        if not self.digests_equal:
            found.append("what has arrived is not what was sent")
        if self.peak - self.peak_early > ALLOWED_GROWTH_BYTES:
            grown = (self.peak - self.peak_early) / MIB
            found.append(f"memory is not flat: it has grown by {grown:.1f} MiB")
        if self.peak > ALLOWED_PEAK_BYTES:
            found.append(f"memory: {self.peak / MIB:.1f} MiB")
        return found

    def report(self) -> int:
        """Print it; returns the exit status."""
        rate = self.arrived / MIB / self.seconds
        print(f"bytes    {self.arrived}")
        print(f"seconds  {self.seconds:.2f}  ({rate:.0f} MiB/s)")
        print(f"memory   {self.peak / MIB:.1f} MiB at most ", end="")
        print(f"({self.peak_early / MIB:.1f} MiB after a sixteenth)")
        for complaint in self.complaints():
            print(f"FAILED   {complaint}")
        return 1 if self.complaints() else 0

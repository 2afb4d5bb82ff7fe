"""The large programs with a small amount, and what they would complain about.

Run one by itself for the whole: ``python tests/large/stdio_cat.py --size 4Gi``.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SIZE = 64 * 2**20

pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="peak memory is read from /proc"
)


def load_amount() -> Any:
    spec = importlib.util.spec_from_file_location("amount", HERE / "amount.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("program", ["stdio_cat.py", "child_file.py"])
def test_moves_everything_with_flat_memory(program):
    root = HERE.parent.parent
    run = subprocess.run(
        [sys.executable, HERE / program, "--size", "64Mi"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.fspath(root)},
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"bytes    {SIZE}\n" in run.stdout


def test_what_is_complained_about():
    amount = load_amount()
    mib = amount.MIB

    def complaints(**changed: Any) -> list[str]:
        good = {
            "size": SIZE,
            "arrived": SIZE,
            "seconds": 1.0,
            "peak_early": 30 * mib,
            "peak": 31 * mib,
            "digests_equal": True,
        }
        found: list[str] = amount.Outcome(**{**good, **changed}).complaints()
        return found

    assert complaints() == []
    assert complaints(arrived=SIZE - 1) == [f"{SIZE - 1} of {SIZE} bytes have arrived"]
    assert complaints(digests_equal=False) == ["what has arrived is not what was sent"]
    assert complaints(peak=40 * mib) == ["memory is not flat: it has grown by 10.0 MiB"]
    assert complaints(peak_early=99 * mib, peak=99 * mib) == ["memory: 99.0 MiB"]


def test_sizes_and_the_file_that_is_nowhere():
    amount = load_amount()
    assert [amount.parse_size(text) for text in ("4Gi", "64MiB", "3ki", "10")] == [
        4 * 2**30,
        64 * 2**20,
        3072,
        10,
    ]
    with pytest.raises(ValueError, match="not an amount"):
        amount.parse_size("many")
    whole = amount.Pattern(3 * amount.MIB + 5)
    pieces = []
    while piece := whole.read(100_000):
        pieces.append(piece)
    assert sum(map(len, pieces)) == 3 * amount.MIB + 5
    joined = b"".join(pieces)
    assert joined[: amount.MIB] != joined[amount.MIB : 2 * amount.MIB]

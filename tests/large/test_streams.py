"""The ready pieces with a small amount; ``python tests/large/streams.py`` moves the whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SIZE = 24 * 2**20

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.path.exists("/proc/self/status"), reason="peak memory is read from /proc"
    ),
]

PIECES = (
    *("file_consumer", "dev_null_and_tee", "pull_to_push", "send_iterable", "send_async_iterable"),
    *("read", "relay", "rate_limit", "expect_length", "tee", "into_asyncio", "from_asyncio"),
)


@pytest.mark.parametrize("piece", PIECES)
def test_moves_everything_with_flat_memory(piece: str) -> None:
    root = HERE.parent.parent
    run = subprocess.run(
        [sys.executable, HERE / "streams.py", "--size", "24Mi", "--piece", piece],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.fspath(root)},
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[1].split()[:2] == [piece, str(SIZE)]


def test_every_piece_is_listed() -> None:
    text = (HERE / "streams.py").read_text("utf-8")
    assert all(f"async def {piece}(" in text for piece in PIECES)

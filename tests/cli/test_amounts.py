"""Sizes and rates on the command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcstream.cli.amounts import format_bytes, parse_bytes


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("4096", 4096),
        ("1k", 1000),
        ("1K", 1000),
        ("1M", 10**6),
        ("1MB/s", 10**6),
        ("64Mi", 64 * 2**20),
        ("64MiB", 64 * 2**20),
        ("1.5G", 15 * 10**8),
        ("4Gi", 2**32),
        (" 2 Ti ", 2**41),
    ],
)
def test_reads_amounts(text: str, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["", "M", "-1", "1X", "1 000", "1e6", "0x10", "Infinity"])
def test_refuses_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        parse_bytes(text)


@given(st.integers(0, 2**50))
def test_a_whole_number_is_itself(count: int) -> None:
    assert parse_bytes(str(count)) == count


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (2**20, "1.0 MiB"), (2**42, "4096.0 GiB")],
)
def test_writes_amounts(count: int, text: str) -> None:
    assert format_bytes(count) == text

"""What the demo makes of its processes' figures."""

from __future__ import annotations

from typing import Any

import pytest

from pcstream.cli.demo_supervisor import LIMIT_BYTES, judge
from pcstream.cli.status import Abandoned, Status


def figures(**changed: Any) -> dict[str, dict[str, Any]]:
    hops = {}
    for name in ("server", "proxy", "receiver"):
        hops[name] = {"bytes": 9, "largest": 4, "peak_buffered": 4, "sha256": "a"}
        hops[name] |= changed.get(name, {})
    return hops


def test_all_is_well() -> None:
    judge(figures(), 9)


@pytest.mark.parametrize(
    ("changed", "size", "status"),
    [
        ({"receiver": {"bytes": 8}}, 9, Status.CUT_SHORT),
        ({}, 10, Status.CUT_SHORT),
        ({"receiver": {"sha256": "b"}}, 9, Status.ALTERED),
        ({"proxy": {"peak_buffered": LIMIT_BYTES + 5}}, 9, Status.OVERFULL),
    ],
)
def test_each_fault_has_its_status(changed: dict[str, Any], size: int, status: Status) -> None:
    with pytest.raises(Abandoned) as fault:
        judge(figures(**changed), size)
    assert fault.value.status is status


def test_C26_the_bound_is_the_limit_and_one_write() -> None:
    judge(figures(proxy={"peak_buffered": LIMIT_BYTES + 4}), 9)

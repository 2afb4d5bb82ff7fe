"""What the demo shows."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from pcstream.cli import demo_view
from pcstream.cli.demo_view import Rates, View, choose_view, paused_share


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def hop(**changed: Any) -> dict[str, Any]:
    return {
        "bytes": 2**20,
        "seconds": 2.0,
        "buffered": 1024,
        "peak_buffered": 2048,
        "largest": 1024,
        "pauses": 3,
        "paused_s": 1.0,
        "is_paused": True,
        "peak_memory": 30 * 2**20,
        "sha256": "ab" * 32,
    } | changed


def test_the_rate_is_that_of_the_last_moments() -> None:
    rates = Rates()
    assert rates.update(0.0, [0]) == [0.0]
    assert rates.update(1.0, [100]) == [100.0]
    assert rates.update(2.0, [100]) == [0.0]


def test_the_share_of_paused_time() -> None:
    assert paused_share({}) == 0.0
    assert paused_share(hop()) == 50.0


def test_plain_lines_once_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    view = View()
    for tenth in range(21):
        view.update(2**20, tenth / 10, [hop(), hop(), hop()])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "pauses 3 (50 %)" in lines[0]


def test_the_closing_table(capsys: pytest.CaptureFixture[str]) -> None:
    View().result({name: hop() for name in demo_view.HOPS}, 65536)
    out = capsys.readouterr().out
    for figure in ("1,048,576", "2.00", "512.0 KiB/s", "2.0 KiB", "65.0 KiB", "30.0 MiB", "50 %"):
        assert figure in out
    assert out.count("ab" * 32) == 2
    assert "SHA-256 equal\n" in out


def test_lines_where_nobody_watches_or_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert type(choose_view(plain=False)) is View
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert type(choose_view(plain=True)) is View
    monkeypatch.setenv("TERM", "dumb")
    assert type(choose_view(plain=False)) is View


def test_lines_where_rich_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.delitem(sys.modules, "pcstream.cli.demo_live_view", raising=False)
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert type(choose_view(plain=False)) is View


def test_the_live_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    screen, out = Terminal(), Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(sys, "stdout", out)
    view = choose_view(plain=False)
    assert type(view) is not View
    view.start([("server", 1), ("proxy", 2), ("receiver", 3)])
    view.update(2**21, 0.5, [{}, hop(), hop(is_paused=False)])
    view.close()
    assert "paused" in screen.getvalue()
    assert "receiver 3" in screen.getvalue()
    view.result({name: hop() for name in demo_view.HOPS}, 65536)
    assert "1,048,576" in out.getvalue()
    assert "ab" * 32 in out.getvalue()

"""All workloads in one file, and the picture that is drawn from it."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BENCHMARKS = ROOT / "benchmarks"
SHOWN = ROOT / "docs" / "_static" / "benchmarks.svg"
SHOWN_DATA = SHOWN.with_suffix(".json")


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module
    for name in ("picture", "workloads"):
        sys.modules.pop(name, None)


def row(**more: Any) -> dict[str, Any]:
    return {
        "group": "Files & more",
        "label": "to one client",
        "ours": "pcstream",
        "times_better": {"pcstream": 4.4, "nginx": 47.0, "asyncio": 0.006},
        "goals": [{"than": "nginx", "at_least": 0.1}, {"than": "uvloop", "at_least": 1.0}],
        **more,
    }


def results(*rows: dict[str, Any]) -> dict[str, Any]:
    machine = {"system": "Linux", "processor": "some", "cores": 2, "python": "3.11"}
    return {"short": True, "rounds": 3, "machine": machine, "rows": list(rows)}


def words(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_tells_each_row_its_number_its_goal_and_what_is_beyond_the_ends(load: Any) -> None:
    seen = words(load("picture").picture(results(row())))
    assert "Files & more" in seen
    assert "to one client" in seen
    assert "4.4 \N{MULTIPLICATION SIGN}" in seen
    # a tenth of nginx's 47; uvloop has not been measured, so that no goal follows from it
    assert [word for word in seen if word.startswith("goal ")] == ["goal 4.7"]
    assert "47.0" in seen
    assert "0.006" in seen


def test_a_row_without_twisted_has_no_bar(load: Any) -> None:
    bare = row(times_better={"pcstream": None, "asyncio": None}, goals=[])
    assert "to one client" in words(load("picture").picture(results(bare)))


@pytest.mark.parametrize("value", [0.1, 1.0, 20.0])
def test_the_axis_is_logarithmic(load: Any, value: float) -> None:
    picture = load("picture")
    assert picture.LEFT <= picture.place(value) <= picture.RIGHT
    assert picture.place(2) - picture.place(1) == pytest.approx(picture.place(4) - picture.place(2))


def test_the_picture_in_the_documentation_is_drawn_from_the_file_beside_it(load: Any) -> None:
    data = json.loads(SHOWN_DATA.read_text("utf-8"))
    assert load("picture").picture(data) == SHOWN.read_text("utf-8")


def test_the_file_in_the_documentation_has_every_workload_and_no_place(load: Any) -> None:
    text = SHOWN_DATA.read_text("utf-8")
    data = json.loads(text)
    assert list(data["workloads"]) == [each.name for each in load("workloads").WORKLOADS]
    assert data["machine"]["cores"]
    assert not re.search(r"[\"' ](/|[a-z]+/[a-z]+/)", text)


def test_every_metric_is_one_that_its_script_measures(load: Any) -> None:
    for workload in load("workloads").WORKLOADS:
        source = (BENCHMARKS / workload.command[0]).read_text("utf-8")
        for each in workload.rows:
            assert f'Metric("{each.metric}"' in source, workload.name


def test_all_of_them_go_into_one_table_and_one_file(tmp_path: Path) -> None:
    out, drawn = tmp_path / "out.json", tmp_path / "out.svg"
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "all.py"), "--short", "--rounds", "1"]
        + ["--only", "import", "--json", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "[1/1, 0 s] import" in done.stderr
    assert "of the reactor" in done.stdout
    (row,) = json.loads(out.read_text("utf-8"))["rows"]
    assert row["goals"][0]["reached"] > 0
    subprocess.run(
        [sys.executable, str(BENCHMARKS / "picture.py"), str(out), str(drawn)], check=True
    )
    assert "of the reactor" in words(drawn.read_text("utf-8"))

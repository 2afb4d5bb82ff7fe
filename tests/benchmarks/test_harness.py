"""The benchmarks' harness: rounds, ratios, table, JSON, and a process measured from outside."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for name in ("rounds", "report", "peers", "processes"):
        importlib.import_module(f"harness.{name}")
    return sys.modules["harness"]


def test_each_peer_once_a_round_and_another_first_each_time(harness: ModuleType) -> None:
    order = []

    def measure(peer: str) -> dict[str, float]:
        order.append(peer)
        return {"s": 1.0}

    metrics = [harness.rounds.Metric("s")]
    harness.rounds.interleave(["a", "b", "c"], measure, metrics, rounds=2, verbose=False)
    assert order == ["a", "b", "c", "b", "c", "a"]


def test_the_ratio_is_taken_within_a_round(harness: ModuleType) -> None:
    cpu, rate = harness.rounds.Metric("s"), harness.rounds.Metric("MB/s", more_is_better=True)
    outcome = harness.rounds.Outcome([cpu, rate])
    outcome.samples["twisted"] = [{"s": s, "MB/s": 1 / s} for s in (1.0, 10.0, 2.0)]
    outcome.samples["pcstream"] = [{"s": s, "MB/s": 1 / s} for s in (0.5, 5.0, 0.5)]
    for metric in (cpu, rate):
        assert outcome.ratio("pcstream", metric) == 2.0
        assert outcome.ratio("twisted", metric) == 1.0


def test_the_table_and_the_json_say_the_same(harness: ModuleType, tmp_path: Path) -> None:
    cpu = harness.rounds.Metric("s")
    outcome = harness.rounds.Outcome([cpu], {"twisted": [{"s": 3.0}], "pcstream": [{"s": 1.5}]})
    absent = {"nginx": "the program nginx is not installed"}
    table = harness.report.table("title", outcome, absent)
    assert "pcstream  1.5       2.00" in table
    assert "nginx: not measured" in table
    path = tmp_path / "out.json"
    harness.report.write_json(str(path), harness.report.as_json("title", outcome, absent))
    written = json.loads(path.read_text())["peers"]["pcstream"]["s"]
    assert written == {"median": 1.5, "times_better": 2.0, "samples": [1.5]}


@pytest.mark.skipif(sys.platform != "linux", reason="reads the kernel's clock of a process")
def test_reads_cpu_and_memory_of_another_process(harness: ModuleType) -> None:
    code = "print('listening 0', flush=True); sum(range(10**6)); print(flush=True); input()"
    with harness.processes.started([sys.executable, "-c", code]) as under_test:
        before = under_test.cpu_s()
        assert under_test.process.stdout is not None
        under_test.process.stdout.readline()
        assert under_test.cpu_s() > before > 0
        assert under_test.memory_bytes() > 2**20


def test_a_workload_runs_on_pcstream_alone(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "imports.py"), "--short", "--peers", "pcstream"]
        + ["--json", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["peers"]["pcstream"]["CPU ms"]["median"] > 0

"""``pcstream demo`` as a person runs it: real processes, real sockets, and each way it can end."""

from __future__ import annotations

import hashlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pcstream.cli.status import Status
from pcstream.conformance.timeline import read_recording

COMMAND = [sys.executable, "-m", "pcstream", "demo"]
PATIENCE_S = 60


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )


class Running:
    """A demo under way; each process by its name."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stderr is not None
        self.pids = {
            name: int(pid) for name, pid in re.findall(r"(\w+) (\d+)", process.stderr.readline())
        }
        process.stderr.readline()  # the first progress: bytes are moving

    def end(self) -> tuple[int, list[str]]:
        """Its status and what else it said."""
        _, said = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, said.splitlines()


@contextmanager
def running(*options: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [*COMMAND, "--rate", "20M", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Running(process)
        finally:
            process.kill()


def row(table: str, title: str) -> list[str]:
    """The three cells of one row of the closing table."""
    found = re.search(rf"^{title} +(.*)$", table, re.MULTILINE)
    assert found is not None, table
    return re.split(r" {2,}", found[1].strip())


def test_streams_a_generated_file_at_full_speed() -> None:
    done = demo("--size", "16Mi", "--rate", "full")
    assert done.returncode == Status.DONE, done.stderr
    assert row(done.stdout, "bytes") == ["16,777,216"] * 3
    for peak in row(done.stdout, "peak memory"):
        number, unit = peak.split()
        assert unit == "MiB"
        assert float(number) < 80


def test_streams_the_users_file(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_bytes(os.urandom(300_001))
    done = demo("--file", str(path), "--rate", "full")
    assert done.returncode == Status.DONE, done.stderr
    assert done.stdout.count(hashlib.sha256(path.read_bytes()).hexdigest()) == 2


def test_streams_an_empty_file() -> None:
    done = demo("--size", "0")
    assert done.returncode == Status.DONE, done.stderr


def test_a_slow_receiver_pauses_everyone() -> None:
    done = demo("--size", "40Mi", "--rate", "40M")
    assert done.returncode == Status.DONE, done.stderr
    for pauses in row(done.stdout, "pauses"):
        assert int(pauses.replace(",", "")) > 0
    assert float(row(done.stdout, "seconds")[2]) > 0.9


@pytest.mark.parametrize("path", [".", "/nonexistent/file"])
def test_a_file_that_cannot_be_read(path: str) -> None:
    done = demo("--file", path)
    assert done.returncode == Status.UNREADABLE
    assert done.stderr.startswith(f"pcstream demo: cannot read {path}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.touch(mode=0)
    assert demo("--file", str(path)).returncode == Status.UNREADABLE


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = demo("--port", str(port))
    assert done.returncode == Status.PORT_IN_USE
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"pcstream demo: port {port} of 127.0.0.1 is in use; ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["server", "proxy", "receiver"])
def test_a_process_that_dies_half_way(name: str) -> None:
    with running() as under_way:
        os.kill(under_way.pids[name], signal.SIGKILL)
        status, said = under_way.end()
    assert status == Status.CUT_SHORT
    assert f"the {name} died (killed by SIGKILL)" in said[-1]
    assert_gone(under_way)


def test_time_out() -> None:
    done = demo("--rate", "1M", "--timeout", "1.5")
    assert done.returncode == Status.TIMED_OUT
    assert "time-out after 1.5 s" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, Status.INTERRUPTED),
        (signal.SIGTERM, Status.TERMINATED),
        (signal.SIGHUP, Status.HUNG_UP),
    ],
)
def test_a_signal_leaves_no_process_behind(number: signal.Signals, status: Status) -> None:
    with running() as under_way:
        under_way.process.send_signal(number)
        ended, said = under_way.end()
    assert ended == status
    assert "Traceback" not in "\n".join(said)
    assert_gone(under_way)


def assert_gone(under_way: Running) -> None:
    """The parent has waited for each of its children."""
    for pid in under_way.pids.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="no way to wait for a grandchild")
def test_nobody_outlives_a_parent_that_is_killed() -> None:
    with running() as under_way:
        watched = [os.pidfd_open(pid) for pid in under_way.pids.values()]
        under_way.process.kill()
        waiting = select.poll()
        for descriptor in watched:
            waiting.register(descriptor, select.POLLIN)
        left = set(watched)
        while left:
            ready = waiting.poll(PATIENCE_S * 1000)
            assert ready, "still running"
            for descriptor, _ in ready:
                waiting.unregister(descriptor)
                left.discard(descriptor)
        for descriptor in watched:
            os.close(descriptor)


def test_a_recording_of_the_proxy_can_be_drawn(tmp_path: Path) -> None:
    path = tmp_path / "demo.jsonl"
    done = demo("--size", "20M", "--rate", "full", "--record", str(path))
    assert done.returncode == Status.DONE, done.stderr
    timeline = read_recording(path)
    (lane,) = timeline.lanes
    assert (lane.bytes, lane.broken, timeline.remarks) == (20_000_000, [], [])


def test_a_recording_that_cannot_be_written_ends_it_before_it_begins(tmp_path: Path) -> None:
    done = demo("--record", str(tmp_path / "no" / "where"))
    assert done.returncode == Status.FAILED
    assert "cannot write" in done.stderr
    assert "processes" not in done.stderr

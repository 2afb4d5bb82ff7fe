"""The process under test: started, pinned, and its CPU and memory read from outside.

CPU time is the kernel's per-process clock, user and system time of all threads: what
``getrusage`` would say inside that process, but readable from here, so that programs which are
not Python (nginx, haproxy) are measured the same way.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PEERS = Path(__file__).resolve().parent.parent / "peers"


def pin(pid: int, core: int) -> None:
    """Keep process *pid* on one core, where the system and its size allow it."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0) if pid == 0 else os.sched_getaffinity(pid))
    if len(cores) > 1:
        os.sched_setaffinity(pid, {cores[core % len(cores)]})


def raise_descriptor_limit() -> None:
    """Let this process and its children have as many descriptors as the system grants."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def cpu_s(pid: int) -> float:
    """Seconds of CPU that process *pid* has used so far, user and system.

    The clock's number is made from the pid as in the kernel's posix-timers_types.h: the pid
    inverted, shifted by three bits, with CPUCLOCK_SCHED (2) below.
    """
    return time.clock_gettime((~pid << 3) | 2)


def memory_bytes(pid: int, field: str = "VmRSS") -> int:
    """A size from the process's status: ``VmRSS`` is what is resident, ``VmHWM`` its peak."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def waited_s(pid: int) -> float:
    """Seconds that process *pid* could have run and another one did: the second number there.

    Always 0 where the kernel does not keep it.
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def sleeps(pid: int) -> bool:
    """Whether process *pid* waits for something other than a processor."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    return after_name.split()[0] == "S"


@dataclass
class UnderTest:
    """A running peer.

    :ivar port: where it listens, if it said so.
    :ivar pids: the processes whose CPU and memory count.
    """

    process: subprocess.Popen[str]
    port: int
    pids: list[int]

    def cpu_s(self) -> float:
        """CPU seconds of all its processes together."""
        return sum(cpu_s(pid) for pid in self.pids)

    def waited_s(self) -> float:
        """How long all its processes together have waited for a processor."""
        return sum(waited_s(pid) for pid in self.pids)

    def sleeps(self) -> bool:
        """Whether none of its processes has anything to do."""
        return all(sleeps(pid) for pid in self.pids)

    def memory_bytes(self, field: str = "VmRSS") -> int:
        """Bytes of memory of all its processes together."""
        return sum(memory_bytes(pid, field) for pid in self.pids)


def python(script: str, *arguments: object) -> list[str]:
    """The command line that runs one of the scripts in ``benchmarks/peers``."""
    return [sys.executable, str(PEERS / script), *map(str, arguments)]


def _environment() -> dict[str, str]:
    """Ours, with this checkout importable and, as what is installed always is, compiled."""
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    ours = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    ours.pop("PYTHONDONTWRITEBYTECODE", None)
    return ours


def _shown(command: Sequence[str]) -> str:
    """The command without its folders, which say nothing to anybody elsewhere."""
    return " ".join(Path(word).name for word in command)


@contextlib.contextmanager
def started(command: Sequence[str], core: int | None = 0) -> Iterator[UnderTest]:
    """Run *command* until the block ends.

    Its first line must be ``listening PORT``, or ``listening PORT PID`` if it is not the process
    under test itself but has started it.
    """
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment()
    )
    pids = [process.pid]
    try:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        if words[:1] != ["listening"]:
            raise RuntimeError(f"{_shown(command)} did not start: it said {words!r}")
        pids = [int(word) for word in words[2:]] or pids
        if core is not None:
            for pid in pids:
                pin(pid, core)
        yield UnderTest(process, int(words[1]), pids)
    finally:
        for pid in {*pids, process.pid}:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.kill(pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def answer(command: Sequence[str], core: int | None = 0) -> str:
    """Run *command* to its end and hand back what it printed: for work without a socket."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment())
    if core is not None:
        pin(process.pid, core)
    out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{_shown(command)} ended with status {process.returncode}")
    return out

"""What ``all.py`` runs: each workload's command, what is compared, and the goals.

A goal is a number of times that pcstream is to be better than some peer, as the median over the
rounds; at least once is "no worse".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table and of the picture.

    :ivar metric: of the script's metrics.
    :ivar goals: peer -> how many times better than it pcstream is to be at least.
    """

    label: str
    metric: str
    goals: dict[str, float]


@dataclass(frozen=True)
class Workload:
    """One run of a script.

    :ivar group: what stands together in the picture.
    """

    name: str
    group: str
    command: tuple[str, ...]
    rows: tuple[Row, ...]


def _one(
    name: str, group: str, label: str, metric: str, goals: dict[str, float], *command: str
) -> Workload:
    return Workload(name, group, command, (Row(label, metric, goals),))


GB, ECHO, WRITE, KIB = "CPU s/GB", "CPU us/echo", "CPU us/write", "KiB/connection"
FILES, PROXIES = "Files: CPU for each GB", "Proxies: CPU for each GB"
SMALL, SIZE = "Small messages: CPU for each", "Memory for each connection"
BESIDE = "A ping beside eight bulk streams of files"
WITHIN_TEN_PERCENT = 1 / 1.1
#: what takes a fifth less
EIGHTY_PERCENT = 1 / 0.8

WORKLOADS = [
    _one("file", FILES, "to one client", GB,
         {"twisted": 4.2, "nginx": WITHIN_TEN_PERCENT}, "file.py"),
    _one("file-8", FILES, "to 8 clients", GB, {"twisted": 5.5}, "file.py", "--clients", "8"),
    _one("file-transform", FILES, "through a transform", GB,
         {"twisted": 1.5}, "file.py", "--transform"),
    _one("proxy", PROXIES, "one way, 1 connection", GB,
         {"twisted": 4.5, "haproxy splice": 1.0}, "proxy.py"),
    _one("proxy-100", PROXIES, "one way, 100 connections", GB,
         {"twisted": 5.0, "haproxy splice": 1.0}, "proxy.py", "--connections", "100"),
    _one("proxy-both", PROXIES, "both ways, 1 connection", GB,
         {"twisted": 2.2}, "proxy.py", "--ways", "2"),
    _one("proxy-both-100", PROXIES, "both ways, 100 connections", GB,
         {"twisted": 4.5}, "proxy.py", "--ways", "2", "--connections", "100"),
    _one("proxy-looking", PROXIES, "a protocol looks at the data", GB,
         {"twisted": 1.7}, "proxy.py", "--looking"),
    _one("echo", SMALL, "echo, 1 connection", ECHO, {"twisted": 1.7}, "echo.py"),
    _one("echo-100", SMALL, "echo, 100 connections", ECHO,
         {"twisted": 2.2}, "echo.py", "--connections", "100"),
    _one("echo-1000", SMALL, "echo, 1,000 connections", ECHO,
         {"twisted": 2.2}, "echo.py", "--connections", "1000"),
    _one("writes-paced", SMALL, "100-byte writes, 1,000 a turn", WRITE,
         {"twisted": 3.0}, "small_writes.py"),
    _one("writes-burst", SMALL, "a million 100-byte writes at once", WRITE,
         {"twisted": 1.8}, "small_writes.py", "--burst"),
    Workload("latency", BESIDE, ("latency.py",), (
        Row("its 99th percentile", "p99 ms", {"twisted": 2.5}),
        Row("the streams' rate meanwhile", "bulk GB/s", {"twisted": 3.0}),
    )),
    _one("memory-stalled", SIZE, "1,000 that do not read", KIB, {"twisted": 4.0}, "memory.py"),
    _one("memory-stalled-unbuffered", SIZE, "the same, of an unbuffered file", KIB, {},
         "memory.py", "--unbuffered"),
    _one("memory-idle", SIZE, "10,000 idle ones", KIB, {"twisted": 1.2}, "memory.py", "--idle"),
    Workload("timers", "Timers: CPU for each", ("timers.py",), (
        Row("set, reset and cancelled", "set+reset+cancel ns", {"twisted": 1.4}),
        Row("set and cancelled", "set+cancel ns", {"twisted": 1.4}),
        Row("set and run", "set+fire ns", {"twisted": 1.4}),
    )),
    Workload("deferreds", "Deferreds: CPU for each", ("deferreds.py",), (
        Row("chain of ten callbacks", "10 callbacks ns", {"twisted": 1.5}),
        Row("yield of a ready one", "ready yield ns", {"twisted": 3.0}),
        Row("yield of a waiting one", "waiting yield ns", {"twisted": 1.1}),
        Row("a thousand gathered", "gather 1000 us", {"twisted": 1.8}),
    )),
    _one("import", "Import: CPU", "of the reactor", "CPU ms",
         {"asyncio": EIGHTY_PERCENT}, "imports.py"),
    _one("web", "twisted.web, unchanged: CPU for each GB", "a file, by pcstream run", GB,
         {}, "web_static.py"),
]  # fmt: skip

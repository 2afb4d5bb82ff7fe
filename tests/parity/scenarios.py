"""Random scenarios on one connection, run under Twisted and under pcstream, and compared.

Run it as a command::

    python tests/parity/scenarios.py --seeds 5000

A scenario is made from its seed alone.  The *subject* is a transport of the package, its *peer* a
bare socket that the driver reads and writes itself, so that nothing of either package stands behind
the other end.  A step is only taken when the last one has come to rest: the driver counts turns of
the reactor in which nothing moved, never seconds.  What the log holds is independent of how much
the kernel takes at a time: a stalled peer is either sent so little that it all fits into the
kernel's buffers, or so much that it cannot.

Where the two are meant to differ, ``scenario_rules.py`` says how, by the rule number that
``docs/differences.rst`` gives to it.  Everything else has to be equal, line by line.
"""

from __future__ import annotations

import argparse
import collections
import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

# The modules beside this one, and the package that is examined.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from scenario_rules import RULES, Comparison, compare  # noqa: E402
from scenario_run import work  # noqa: E402


def available_kinds() -> list[str]:
    kinds = ["tcp-client", "tcp-server"]
    if importlib.util.find_spec("pcstream.internet.unix") is not None:
        kinds += ["unix-client", "unix-server"]
    return kinds


def start(
    package: str, first: int, count: int, kinds: list[str], reactor: str
) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--work", package, "--first", str(first)]
    command += ["--seeds", str(count), "--kinds", ",".join(kinds), "--reactor", reactor]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def show(seed: int, comparison: Comparison, position: int, context: int) -> None:
    print(f"\nseed {seed} differs at line {position}:")
    begin = max(0, position - context)
    for line in comparison.theirs[begin:position]:
        print("   ", line)
    for line in comparison.theirs[position : position + 6]:
        print("  T ", line)
    for line in comparison.ours[position : position + 6]:
        print("  P ", line)
    for text in comparison.broken:
        print("  !", text)


def run_both(
    first: int, count: int, kinds: list[str], reactor: str, *, progress: bool
) -> dict[int, Comparison]:
    """Run the seeds under both packages at once."""
    workers = [start(package, first, count, kinds, reactor) for package in ("twisted", "pcstream")]
    results: dict[int, Comparison] = {}
    try:
        for done in range(count):
            logs = []
            for worker in workers:
                assert worker.stdout is not None
                line = worker.stdout.readline()
                if not line:
                    raise SystemExit(f"a worker ended early, status {worker.wait()}")
                logs.append(json.loads(line))
            (seed, theirs), (same_seed, ours) = logs
            assert seed == same_seed
            results[seed] = compare(theirs, ours)
            if progress and (done + 1) % 50 == 0:
                differing = sum(c.difference() is not None for c in results.values())
                print(f"\r{done + 1} of {count} seeds, {differing} differ", end="", flush=True)
        if progress:
            print()
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            if worker.stdout is not None:
                worker.stdout.close()
    return results


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Random scenarios under Twisted and pcstream.")
    parser.add_argument("--seeds", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--show", type=int, default=5, help="how many differences to print in full")
    parser.add_argument("--context", type=int, default=25, help="lines before a difference")
    parser.add_argument("--kinds", default="", help="of: tcp-client,tcp-server,unix-client,...")
    parser.add_argument("--reactor", default="", help="select, poll, epoll or asyncio")
    parser.add_argument("--dump", action="store_true", help="print both logs of the first seed")
    parser.add_argument("--work", metavar="PACKAGE", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    kinds = options.kinds.split(",") if options.kinds else available_kinds()
    if options.work:
        work(
            options.work,
            list(range(options.first, options.first + options.seeds)),
            kinds,
            options.reactor,
        )
        return 0
    started = time.monotonic()
    results = run_both(
        options.first, options.seeds, kinds, options.reactor, progress=not options.dump
    )
    if options.dump:
        comparison = results[options.first]
        for name, log in (("Twisted", comparison.theirs), ("pcstream", comparison.ours)):
            print(f"--- {name}, after the rules {sorted(comparison.applied)}")
            print("\n".join(log))
    differing = [seed for seed, c in results.items() if c.difference() is not None]
    unsteady = []
    for seed in differing[:]:
        # A difference that does not come again is the machine's, not the package's.
        again = run_both(seed, 1, kinds, options.reactor, progress=False)[seed]
        if again.difference() is None:
            unsteady.append(seed)
            differing.remove(seed)
    for seed in differing[: options.show]:
        position = results[seed].difference()
        assert position is not None
        show(seed, results[seed], position, options.context)
    applied = collections.Counter(number for c in results.values() for number in c.applied)
    print(f"{len(results)} seeds in {time.monotonic() - started:.0f} s: ", end="")
    print(f"{len(differing)} differ, {len(unsteady)} differed once and not again")
    for number in sorted(applied):
        print(f"  rule {number} in {applied[number]} seeds: {RULES[number]}")
    if differing:
        print("differing seeds:", *differing[:50])
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The command line that every workload has: options, rounds, table, JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import peers as peer_list
from . import processes, report
from .rounds import Metric, Sample, interleave


def run(
    *,
    title: str,
    metrics: Sequence[Metric],
    peers: Sequence[str] | Callable[[argparse.Namespace], Sequence[str]],
    measure: Callable[[str, argparse.Namespace], Sample],
    rounds: int = 5,
    options: Callable[[argparse.ArgumentParser], None] | None = None,
    argv: Sequence[str] | None = None,
) -> int:
    """Measure, print the table, write the JSON.

    :param title: first line of the table; ``{name}`` is replaced by the option of that name.
    :param peers: who is measured; a function if that depends on the options.
    :param measure: called as ``measure(peer, options)`` for one round of one peer; returns a
        value for each of *metrics*.
    :param rounds: how many, if the command line does not say; ``--short`` makes it one.
    :param options: adds the workload's own options to the parser.
    """
    parser = argparse.ArgumentParser(description=title.split("\n")[0].split("{")[0])
    parser.add_argument("--rounds", type=int, help=f"rounds (default {rounds}, short 1)")
    parser.add_argument("--short", action="store_true", help="little work, one round")
    parser.add_argument("--json", metavar="FILE", help="write all samples there")
    parser.add_argument("--peers", metavar="A,B", help="these alone")
    if options is not None:
        options(parser)
    chosen = parser.parse_args(argv)
    chosen.rounds = chosen.rounds or (1 if chosen.short else rounds)
    # the package is measured from this checkout, whether or not it is installed
    sys.path.insert(0, str(processes.ROOT))
    everybody = peers(chosen) if callable(peers) else peers
    wanted = chosen.peers.split(",") if chosen.peers else list(everybody)
    here, absent = peer_list.present(wanted)
    processes.raise_descriptor_limit()
    processes.pin(0, core=1)
    outcome = interleave(
        here, lambda peer: measure(peer, chosen), list(metrics), rounds=chosen.rounds
    )
    absent |= outcome.broken
    title = title.format(**vars(chosen))
    print(report.table(title, outcome, absent))
    if chosen.json:
        report.write_json(chosen.json, report.as_json(title, outcome, absent))
        print(f"written to {Path(chosen.json)}", file=sys.stderr)
    return 1 if {*outcome.broken} & {"twisted", "pcstream"} else 0

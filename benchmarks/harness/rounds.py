"""Interleaved rounds of several peers, and what the numbers come to."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

Sample = dict[str, float]

#: every ratio is "times better than this one"
BASELINE = "twisted"


@dataclass(frozen=True)
class Metric:
    """One column of the table; by default less is better, as with CPU time and memory."""

    name: str
    more_is_better: bool = False

    def times_better(self, baseline: float, other: float) -> float:
        """How many times better *other* is than *baseline*."""
        if self.more_is_better:
            return other / baseline if baseline else float("inf")
        return baseline / other if other else float("inf")


@dataclass
class Outcome:
    """The samples of each peer, round by round."""

    metrics: list[Metric]
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def median(self, peer: str, metric: Metric) -> float:
        """The middle value of one peer's samples."""
        return statistics.median(sample[metric.name] for sample in self.samples[peer])

    def ratio(self, peer: str, metric: Metric) -> float | None:
        """The middle of the ratios to the baseline, each taken within one round."""
        if BASELINE not in self.samples:
            return None
        return statistics.median(
            metric.times_better(base[metric.name], sample[metric.name])
            for base, sample in zip(self.samples[BASELINE], self.samples[peer], strict=True)
        )


def interleave(
    peers: list[str],
    measure: Callable[[str], Sample],
    metrics: list[Metric],
    rounds: int,
    *,
    verbose: bool = True,
) -> Outcome:
    """Measure each peer once a round, starting with another one each time."""
    outcome = Outcome(metrics, {peer: [] for peer in peers})
    for number in range(rounds):
        turn = number % len(peers)
        for peer in peers[turn:] + peers[:turn]:
            sample = measure(peer)
            outcome.samples[peer].append(sample)
            if verbose:
                seen = ", ".join(f"{name} {value:.4g}" for name, value in sample.items())
                print(f"  round {number + 1} of {rounds}: {peer}: {seen}", file=sys.stderr)
    return outcome

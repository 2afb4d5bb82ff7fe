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
    """The samples of each peer, round by round.

    :ivar broken: the peers that could not do the work, each with the reason.
    """

    metrics: list[Metric]
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def median(self, peer: str, metric: Metric) -> float:
        """The middle value of one peer's samples."""
        return statistics.median(sample[metric.name] for sample in self.samples[peer])

    def ratio(self, peer: str, metric: Metric, than: str = BASELINE) -> float | None:
        """The middle of the ratios to another peer, each taken within one round."""
        if than not in self.samples:
            return None
        return statistics.median(
            metric.times_better(base[metric.name], sample[metric.name])
            for base, sample in zip(self.samples[than], self.samples[peer], strict=True)
        )


def interleave(
    peers: list[str],
    measure: Callable[[str], Sample],
    metrics: list[Metric],
    rounds: int,
    *,
    verbose: bool = True,
) -> Outcome:
    """Measure each peer once a round, starting with another one each time.

    One that fails is left out from then on, and named with its reason.
    """
    outcome = Outcome(metrics, {peer: [] for peer in peers})
    for number in range(rounds):
        turn = number % len(peers)
        for peer in peers[turn:] + peers[:turn]:
            if peer in outcome.broken:
                continue
            try:
                sample = measure(peer)
            except (OSError, RuntimeError, LookupError) as error:
                # a round without it would have no ratio: none of its samples count
                outcome.broken[peer] = f"it failed: {error}"
                del outcome.samples[peer]
                print(f"  {peer} failed: {error}", file=sys.stderr, flush=True)
                continue
            outcome.samples[peer].append(sample)
            if verbose:
                seen = ", ".join(f"{name} {value:.4g}" for name, value in sample.items())
                print(
                    f"  round {number + 1} of {rounds}: {peer}: {seen}", file=sys.stderr, flush=True
                )
    return outcome

"""Random sequences of steps, and the smallest among those that break a rule.

Hypothesis makes and shrinks them; it comes with the extra ``test``.  The sequences are the same in
every run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .report import Fault

__all__ = ["NO_HYPOTHESIS", "smallest"]

Step = tuple[Any, ...]
Judge = Callable[[Sequence[Step]], list[Fault]]

NO_HYPOTHESIS = "hypothesis is not installed: faults were not shrunk, nor sought at random"

#: Longer sequences found nothing that shorter ones had not.
_MOST_STEPS = 10

#: A rule that is known to be broken is sought for so many times longer.
_LONGER = 6


def smallest(
    judge: Judge,
    steps: Any,
    rules: Iterable[str],
    examples: int,
    likely: Iterable[Sequence[Step]] = (),
    only: Iterable[str] = (),
) -> tuple[list[Fault], list[str]]:
    """The smallest fault that can be found for each broken rule.

    :param judge: plays a sequence of steps and answers with the faults that it saw.
    :param steps: makes, from ``hypothesis.strategies``, the strategy for one step.
    :param rules: are known to be broken; each is sought on its own.
    :param examples: how many sequences are tried at most to find a fault.
    :param likely: sequences that break rules more often than random ones do; they are tried first,
        and what can be left out of them is.
    :param only: if there are any, no other rules are of interest.
    :returns: the faults, and remarks.
    """
    wanted_only = frozenset(only)
    if examples <= 0:
        return [], []
    shortened = [fault for sequence in likely for fault in _shortened(judge, list(sequence))]
    try:
        import hypothesis
        from hypothesis import strategies
        from hypothesis.errors import NoSuchExample
    except ImportError:
        return shortened, [NO_HYPOTHESIS]

    settings = hypothesis.settings(
        derandomize=False,  # the seed is ours
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
    )
    sequences = strategies.lists(steps(strategies), min_size=1, max_size=_MOST_STEPS)
    played: dict[str, list[Fault]] = {}

    def play(sequence: Sequence[Step]) -> list[Fault]:
        key = repr(sequence)
        if key not in played:
            played[key] = judge(sequence)
        return played[key]

    def find(wanted: Callable[[Fault], bool], most: int) -> Fault | None:
        try:
            found = hypothesis.find(
                sequences,
                lambda sequence: any(map(wanted, play(sequence))),
                settings=hypothesis.settings(settings, max_examples=most),
                random=random.Random(0),
            )
        except NoSuchExample:
            return None
        return next(filter(wanted, play(found)))

    known = {fault.rule: fault for fault in shortened}
    sought = {*rules, *known} & (wanted_only or {*rules, *known})
    for number in sorted(sought):
        fault = find(lambda fault, number=number: fault.rule == number, _LONGER * examples)  # type: ignore[misc]
        if fault is not None:
            shortened.append(fault)
    while True:
        fault = find(
            lambda fault: (
                fault.rule not in known
                and fault.rule not in sought
                and (not wanted_only or fault.rule in wanted_only)
            ),
            examples,
        )
        if fault is None:
            return shortened, []
        known[fault.rule] = fault
        shortened.append(fault)


def _shortened(judge: Judge, sequence: list[Step]) -> list[Fault]:
    """The faults of *sequence*, with nothing in it that is not needed for the first of them."""
    faults = judge(sequence)
    if not faults:
        return []
    number = faults[0].rule
    at = 0
    while at < len(sequence):
        shorter = sequence[:at] + sequence[at + 1 :]
        found = judge(shorter) if shorter else []
        if found and found[0].rule == number:
            sequence, faults = shorter, found
        else:
            at += 1
    return faults

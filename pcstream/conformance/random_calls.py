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


def smallest(
    judge: Judge, steps: Any, rules: Iterable[str], examples: int
) -> tuple[list[Fault], list[str]]:
    """The smallest fault that can be found for each broken rule.

    :param judge: plays a sequence of steps and answers with the faults that it saw.
    :param steps: makes, from ``hypothesis.strategies``, the strategy for one step.
    :param rules: are known to be broken; each is sought on its own.
    :param examples: how many sequences are tried at most to find a fault.
    :returns: the faults, and remarks.
    """
    if examples <= 0:
        return [], []
    try:
        import hypothesis
        from hypothesis import strategies
        from hypothesis.errors import NoSuchExample
    except ImportError:
        return [], [NO_HYPOTHESIS]

    settings = hypothesis.settings(
        max_examples=examples,
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

    def find(wanted: Callable[[Fault], bool]) -> Fault | None:
        try:
            found = hypothesis.find(
                sequences,
                lambda sequence: any(map(wanted, play(sequence))),
                settings=settings,
                random=random.Random(0),
            )
        except NoSuchExample:
            return None
        return next(filter(wanted, play(found)))

    known: dict[str, Fault] = {}
    sought = set(rules)
    for number in sorted(sought):
        fault = find(lambda fault, number=number: fault.rule == number)  # type: ignore[misc]
        if fault is not None:
            known[number] = fault
    while True:
        fault = find(lambda fault: fault.rule not in known and fault.rule not in sought)
        if fault is None:
            return list(known.values()), []
        known[fault.rule] = fault

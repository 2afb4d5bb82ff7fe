"""What the kit has to say about a subject: every fault at once, and what could not be judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from .rules import RULES

__all__ = ["INTERFACE", "ConformanceError", "Fault", "Report", "Skipped"]

#: Stands where a rule's number would, for what ``verifyObject`` finds.
INTERFACE = "interface"


# What is called again and again is not written down for ever.
_FIRST_CALLS, _LAST_CALLS = 40, 10


class ConformanceError(AssertionError):
    """The subject broke a rule; the text is the whole report.

    :ivar report: the report.
    """

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


@dataclass(frozen=True)
class Fault:
    """One broken rule.

    :ivar rule: its number, or :data:`INTERFACE`.
    :ivar seen: what was seen instead of what the rule demands.
    :ivar calls: the calls that led there, in order, made by the kit and by the subject.
    """

    rule: str
    seen: str
    calls: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What the rule demands."""
        if self.rule in RULES:
            return RULES[self.rule].sentence
        return "Has the methods of its interfaces, with their arguments."

    @property
    def level(self) -> str:
        """How binding the rule is."""
        return RULES[self.rule].level.value if self.rule in RULES else "MUST"

    def __post_init__(self) -> None:
        left_out = len(self.calls) - _FIRST_CALLS - _LAST_CALLS
        if left_out > 1:
            calls = (
                *self.calls[:_FIRST_CALLS],
                f"({left_out} calls are left out)",
                *self.calls[-_LAST_CALLS:],
            )
            object.__setattr__(self, "calls", calls)

    def __str__(self) -> str:
        lines = [f"{self.rule} ({self.level}): {self.sentence}", f"    seen: {self.seen}"]
        lines += [f"    {number:>3}. {call}" for number, call in enumerate(self.calls, 1)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Skipped:
    """A rule that could not be judged.

    :ivar rule: its number.
    :ivar need: what the subject would have to offer.
    """

    rule: str
    need: str

    def __str__(self) -> str:
        return f"{self.rule} needs {self.need}"


@dataclass
class Report:
    """The outcome of one run of the kit.

    :ivar subject: what was judged.
    :ivar role: as what it was judged, ``push producer`` for instance.
    :ivar faults: every broken rule that was not declared as a deviation.
    :ivar deviations: the broken rules that were.
    :ivar unexpected_passes: declared deviations that did not show.
    :ivar skipped: what could not be judged, and why.
    :ivar passed: the numbers of the rules that were kept.
    :ivar remarks: what else a reader should know, of the kit itself.
    """

    subject: str
    role: str
    faults: list[Fault] = field(default_factory=list)
    deviations: list[Fault] = field(default_factory=list)
    unexpected_passes: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def conforms(self) -> bool:
        """No fault was found, and every declared deviation was."""
        return not self.faults and not self.unexpected_passes

    @property
    def broken(self) -> list[str]:
        """The numbers of all broken rules, declared or not."""
        numbers = [fault.rule for fault in (*self.faults, *self.deviations)]
        return sorted(dict.fromkeys(numbers), key=_place)

    def raise_if_faulty(self) -> None:
        """Do nothing if the subject conforms.

        :raises ConformanceError: it does not.
        """
        if not self.conforms:
            raise ConformanceError(self)

    def as_dict(self) -> dict[str, Any]:
        """The same in plain dicts, lists and texts."""
        return {
            **asdict(self),
            "conforms": self.conforms,
            "faults": [_fault_as_dict(fault) for fault in self.faults],
            "deviations": [_fault_as_dict(fault) for fault in self.deviations],
        }

    def __str__(self) -> str:
        verdict = "conforms" if self.conforms else "does not conform"
        article = "an" if self.role[:1] in "aeiou" else "a"
        lines = [f"{self.subject}, as {article} {self.role}: {verdict}"]
        lines += [str(fault) for fault in self.faults]
        lines += [
            f"{number} was declared as a deviation, but the rule is kept"
            for number in self.unexpected_passes
        ]
        lines += [f"known deviation: {fault.rule}: {fault.seen}" for fault in self.deviations]
        lines += [f"skipped: {skipped}" for skipped in self.skipped]
        lines.append(
            f"{len(self.passed)} rules kept, {len(self.faults)} broken, "
            f"{len(self.deviations)} known deviations, {len(self.skipped)} skipped"
        )
        return "\n".join(lines + self.remarks)


def _fault_as_dict(fault: Fault) -> dict[str, Any]:
    return {**asdict(fault), "sentence": fault.sentence, "level": fault.level}


def _place(number: str) -> int:
    order = [INTERFACE, *RULES]
    return order.index(number) if number in order else len(order)


def in_order(numbers: Iterable[str]) -> list[str]:
    """Each of *numbers* once, in the order of the rules."""
    return sorted(set(numbers), key=_place)

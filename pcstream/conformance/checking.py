"""How a check is written, registered and run.

A check is a function that bears the number of a rule and is given a :class:`Play`: a fresh subject,
and a place to write down what is called and what is wrong.  It judges one rule, at the end, when
nothing moves any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from . import error_logs
from .interface_check import interface_faults
from .report import INTERFACE, Fault, Report, Skipped, in_order

__all__ = ["Check", "Checks", "Play", "Runaway", "Unmet", "offers", "optional"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Unmet(Exception):
    """The subject does not offer what a check needs; the text says what that is."""


class Runaway(BaseException):
    """A call that would be made again and again for ever was cut off.

    No ``Exception``: a subject that catches those would go on.

    :ivar rule: which rule that broke, if it is known.
    """

    def __init__(self, text: str, rule: str | None = None) -> None:
        super().__init__(text)
        self.rule = rule


def optional(method: _Function) -> _Function:
    """Mark a method of a subject as one that need not be offered."""
    method._is_left_out = True  # type: ignore[attr-defined]
    return method


def offers(subject: Any, need: str) -> bool:
    """Whether *subject* offers *need*, a method or an attribute that may be None."""
    offered = getattr(subject, need, None)
    return offered is not None and not getattr(offered, "_is_left_out", False)


class Play:
    """One check being played with one subject.

    :ivar subject: the subject.
    :ivar rule: the number of the rule that is judged.
    :ivar calls: every call so far, in words.
    :ivar faults: what was found wrong.
    :ivar errors: the exceptions that were logged meanwhile, by pcstream or by Twisted.
    """

    def __init__(self, subject: Any, rule: str = "") -> None:
        self.subject = subject
        self.rule = rule
        self.calls: list[str] = []
        self.faults: list[Fault] = []
        self.errors: list[BaseException] = []

    def note(self, call: str) -> None:
        """Write down a call."""
        self.calls.append(call)

    def fault(self, seen: str, rule: str | None = None) -> None:
        """Something is wrong.

        :param seen: what was seen.
        :param rule: the broken rule, if it is another one than the check's.
        """
        self.faults.append(Fault(rule or self.rule, seen, tuple(self.calls)))

    def need(self, *needs: str) -> None:
        """Go on only if the subject offers all of *needs*.

        :raises Unmet: it does not.
        """
        for need in needs:
            if not offers(self.subject, need):
                raise Unmet(f"{need}()" if need != "fill_limit" else need)

    def settle(self) -> None:
        """Let the subject's world go on until nothing moves."""
        self.subject.settle()

    def end(self) -> None:
        """The play is over: give back what the subject holds."""
        self.subject.clean_up()


@dataclass(frozen=True)
class Check:
    """A function that judges one rule.

    :ivar rule: the rule's number.
    :ivar function: takes a play.
    :ivar needs: what the subject has to offer for it.
    """

    rule: str
    function: Callable[[Any], None]
    needs: tuple[str, ...] = ()

    def play(self, play: Play) -> list[Fault]:
        """Play it to the end.

        :raises Unmet: the subject does not offer enough.
        """
        try:
            with error_logs.kept(play.errors):
                try:
                    play.need(*self.needs)
                    self.function(play)
                except Unmet:
                    if not play.faults:
                        raise
                except Runaway as cut:
                    play.fault(str(cut), cut.rule)
                except Exception as raised:
                    play.fault(f"{type(raised).__name__} was raised: {raised}")
        finally:
            with error_logs.kept(play.errors):
                play.end()
        return play.faults


_Play = TypeVar("_Play", bound=Play)


class Checks(Generic[_Play]):
    """The checks for one kind of subject.

    :param role: what such a subject is called in reports.
    :param play: makes the play for a subject and the number of a rule.
    """

    def __init__(self, role: str, play: Callable[[Any, str], _Play]) -> None:
        self.role = role
        self.make_play = play
        self.checks: list[Check] = []

    def rule(
        self, number: str, *, needs: Iterable[str] = ()
    ) -> Callable[[Callable[[_Play], None]], Callable[[_Play], None]]:
        """Register the decorated function as a check of the rule with that *number*.

        :param needs: names of what the subject has to offer, or the rule is skipped.
        """

        def register(function: Callable[[_Play], None]) -> Callable[[_Play], None]:
            self.checks.append(Check(number, function, tuple(needs)))
            return function

        return register

    @property
    def numbers(self) -> list[str]:
        """The numbers of the rules that are judged."""
        return in_order(check.rule for check in self.checks)

    def run(
        self,
        subject: Any,
        *,
        name: str | None = None,
        only: Collection[str] = (),
        verify: Callable[[], Any] | None = None,
        interface: str | None = None,
        search: Callable[[list[Fault]], tuple[list[Fault], list[str]]] | None = None,
        follows: Mapping[str, Collection[str]] | None = None,
    ) -> Report:
        """Play every check with *subject*.

        :param name: what the subject is called in the report.
        :param only: numbers of rules; no others are judged.
        :param verify: makes an object for ``verifyObject``, before anything else.
        :param interface: the name of the interface which that object is to provide.
        :param search: is given the faults that the checks have found, and answers with further or
            smaller ones, and with remarks for the report.
        :param follows: for a rule, those whose breach explains a breach of it; it is not judged
            then.
        """
        faults: list[Fault] = []
        skipped: dict[str, Skipped] = {}
        if verify is not None and interface is not None and (not only or INTERFACE in only):
            faults += interface_faults(verify, interface)
            subject.clean_up()
        judged: list[str] = []
        causes = {cause for number in only for cause in (follows or {}).get(number, ())}
        for check in self.checks:
            if only and check.rule not in only and check.rule not in causes:
                continue
            judged.append(check.rule)
            try:
                faults += check.play(self.make_play(subject, check.rule))
            except Unmet as unmet:
                skipped.setdefault(check.rule, Skipped(check.rule, str(unmet)))
        report = Report(name or name_of(subject), self.role)
        if search is not None:
            found, report.remarks = search(faults)
            faults += [fault for fault in found if not only or fault.rule in only]
        broken = {fault.rule for fault in faults}
        for number in broken & set(follows or ()):
            known = [cause for cause in (follows or {})[number] if cause in broken]
            if known:
                faults = [fault for fault in faults if fault.rule != number]
                skipped[number] = Skipped(number, f"a subject that keeps {known[0]}")
        if only:
            faults = [fault for fault in faults if fault.rule in only]
            judged = [number for number in judged if number in only]
            skipped = {number: skip for number, skip in skipped.items() if number in only}
        return conclude(
            report,
            faults,
            skipped.values(),
            judged,
            getattr(subject, "deviations", ()),
        )


def conclude(
    report: Report,
    faults: Iterable[Fault],
    skipped: Iterable[Skipped],
    judged: Iterable[str],
    deviations: Collection[str],
) -> Report:
    """Fill in *report*: one fault a rule, the one with the fewest calls."""
    smallest: dict[str, Fault] = {}
    for fault in faults:
        known = smallest.get(fault.rule)
        if known is None or len(fault.calls) < len(known.calls):
            smallest[fault.rule] = fault
    unjudged = {skip.rule: skip for skip in skipped if skip.rule not in smallest}
    for number in in_order(smallest):
        (report.deviations if number in deviations else report.faults).append(smallest[number])
    kept = [number for number in in_order(judged) if number not in smallest]
    report.passed = [number for number in kept if number not in unjudged]
    report.skipped = [unjudged[number] for number in in_order(unjudged)]
    report.unexpected_passes = [number for number in report.passed if number in deviations]
    return report


def name_of(subject: Any) -> str:
    """What to call *subject* in a report."""
    name = getattr(subject, "name", None)
    if isinstance(name, str) and name:
        return name
    kind = subject if isinstance(subject, type) or callable(subject) else type(subject)
    return str(getattr(kind, "__qualname__", repr(subject)))

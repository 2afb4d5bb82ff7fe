"""The differences that are meant: what each looks like in the two logs of a scenario.

Each rule bears the number under which ``docs/differences.rst`` describes the difference.  A rule
may drop a line that only Twisted's log has, or end the comparison at the point from which the two
have to part; what our log promises for the rest is then checked by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable

#: Rule number -> what is done about it.  Filled by :func:`rule`.
RULES: dict[str, str] = {}


class Comparison:
    """Two logs, and what becomes of them when the rules have been applied."""

    def __init__(self, theirs: list[str], ours: list[str]) -> None:
        self.theirs = list(theirs)
        self.ours = list(ours)
        self.whole_log_of_ours = list(ours)
        self.applied: set[str] = set()
        self.broken: list[str] = []  # promises of ours that the rest of our log does not keep

    def drop(self, number: str, pattern: str, after: str = ".*") -> None:
        """Drop lines of Twisted's log that match *pattern* and follow one that matches *after*."""
        kept: list[str] = []
        previous = ""
        for line in self.theirs:
            text = line.strip()
            if re.fullmatch(pattern, text) and re.fullmatch(after, previous):
                self.applied.add(number)
            else:
                kept.append(line)
            previous = text
        self.theirs = kept

    def cut(self, number: str, pattern: str, *, promise: str | None = None) -> None:
        """Compare only up to the first line of Twisted's log that matches *pattern*.

        :param promise: a pattern that our log has to match somewhere, all the same.
        """
        for position, line in enumerate(self.theirs):
            if re.fullmatch(pattern, line.strip()):
                self.cut_at(number, position, promise=promise)
                return

    def cut_at(self, number: str, position: int, *, promise: str | None = None) -> None:
        """Compare only the first *position* lines."""
        self.applied.add(number)
        del self.theirs[position:]
        del self.ours[position:]
        if promise and not any(
            re.fullmatch(promise, line.strip()) for line in self.whole_log_of_ours
        ):
            self.broken.append(f"{number}: nothing in our log matches {promise!r}")

    def difference(self) -> int | None:
        """The position of the first line that differs, or None."""
        for position in range(max(len(self.theirs), len(self.ours))):
            if self.theirs[position : position + 1] != self.ours[position : position + 1]:
                return position
        return len(self.ours) if self.broken else None


def compare(theirs: list[str], ours: list[str]) -> Comparison:
    """Apply every rule to the two logs."""
    comparison = Comparison(theirs, ours)
    for apply in NORMALISERS:
        apply(comparison)
    return comparison


Normaliser = Callable[[Comparison], None]
#: In this order: rules that drop lines come before those that cut at a position.
NORMALISERS: list[Normaliser] = []


def rule(number: str, text: str) -> Callable[[Normaliser], Normaliser]:
    """Declare what a difference looks like in the logs."""
    RULES[number] = text

    def register(function: Normaliser) -> Normaliser:
        NORMALISERS.append(function)
        return function

    return register


def _first_lines(c: Comparison) -> tuple[int, list[str], str, str] | None:
    """Where the logs part: the position, what they share, and the next line of each."""
    position = c.difference()
    if position is None or c.broken or position >= min(len(c.ours), len(c.theirs)):
        return None
    shared = [line.strip() for line in c.ours[:position]]
    return position, shared, c.theirs[position].strip(), c.ours[position].strip()


@rule("C8", "a producer that is paused already is not paused again")
def _c8(c: Comparison) -> None:
    c.drop("C8", r"push\d+\.pause again")


@rule("T12", "loseWriteConnection on a dead transport does nothing")
def _t12(c: Comparison) -> None:
    c.drop(
        "T12",
        r"! ValueError: (file descriptor cannot be a negative integer \(-1\)|Invalid file .*)",
        after=r"> lose write( .*)?",
    )


@rule("C10", "a producer is not resumed for the pause of another one")
def _c10(c: Comparison) -> None:
    c.drop("C10", r"push\d+\.resume that was not due")
    # While closing, Twisted waits for the one it resumed; an idle one is not waited for (T2).
    parting = _first_lines(c)
    if "C10" in c.applied and parting:
        closes = any(re.match(r"> (lose|stop)", line) for line in parting[1])
        if closes and re.fullmatch(r"push\d+\.stop|write lost|= .* end", parting[3]):
            c.cut_at("C10", parting[0], promise=r"lost .*")


@rule("C21", "an exception from stopProducing does not keep connectionLost away")
def _c21(c: Comparison) -> None:
    c.cut("C21", r"\w+ raises in stop", promise=r"lost .*")


@rule("C22", "an exception from pauseProducing does not keep the data from being sent")
def _c22(c: Comparison) -> None:
    c.cut("C22", r"\w+ raises in pause")


@rule("C24", "a pull producer whose first resume raises is not registered")
def _c24(c: Comparison) -> None:
    for position, line in enumerate(c.theirs):
        if re.fullmatch(r"pull\d+ raises in resume", line.strip()) and line.startswith(" "):
            c.cut_at("C24", position)
            return


@rule("T4", "after abortConnection no pause comes, and the reason is ConnectionAborted")
def _t4(c: Comparison) -> None:
    aborted = next((n for n, line in enumerate(c.theirs) if "> abort" in line), None)
    if aborted is None:
        return
    promise = r"lost ConnectionAborted.*"
    for position in range(aborted, len(c.theirs)):
        if re.fullmatch(r"push\d+\.pause", c.theirs[position].strip()):
            c.cut_at("T4", position, promise=promise)
            return
    # A write or a close after the abort makes Twisted find another reason for the end.
    parting = _first_lines(c)
    if parting and parting[0] > aborted and re.match("lost Connection(Done|Lost)", parting[2]):
        c.cut_at("T4", parting[0], promise=promise)


def _is_stopped_newcomer(c: Comparison, position: int) -> bool:
    """Whether our log goes on with the stop of whoever just tried to register."""
    here, before = c.ours[position], c.ours[position - 1]
    return (
        bool(re.fullmatch(r"(push|pull)\d+\.stop", here.strip()))
        and bool(re.match(r"> (register|again)", before.strip()))
        and len(here) - len(here.lstrip()) > len(before) - len(before.lstrip())
    )


@rule("C2", "who registers after abortConnection is stopped at once")
def _c2(c: Comparison) -> None:
    parting = _first_lines(c)
    if parting and any(line.startswith("> abort") for line in parting[1]):
        if _is_stopped_newcomer(c, parting[0]):
            c.cut_at("C2", parting[0], promise=r"lost ConnectionAborted.*")


@rule("T11", "who registers after the sending half is closed is stopped at once")
def _t11(c: Comparison) -> None:
    parting = _first_lines(c)
    if parting and any(line.startswith("> lose write") for line in parting[1]):
        if _is_stopped_newcomer(c, parting[0]):
            c.cut_at("T11", parting[0])


@rule("C20", "registering inside stopProducing stops the newcomer, it does not raise")
def _c20(c: Comparison) -> None:
    parting = _first_lines(c)
    if parting and re.match(r"> (register|again) .*\.stop\)", parting[1][-1]):
        if parting[2].startswith("! RuntimeError: Cannot register producer"):
            c.cut_at("C20", parting[0], promise=r"lost .*")


@rule("T10", "a half-close waits for its producer to unregister; a second one does nothing")
def _t10(c: Comparison) -> None:
    parting = _first_lines(c)
    if parting is None:
        return
    position, shared, theirs, ours = parting
    asked = [n for n, line in enumerate(shared) if line.startswith("> lose write")]
    if not asked:
        return
    unregistered = any(line.startswith("> unregister") for line in shared[asked[-1] :])
    closed = re.match(r"write lost|lost ConnectionLost|pull\d+\.resume", ours) or (
        # Seen by the peer at once; or later, by what was written after it and is not there.
        ours.endswith(" end") and theirs.endswith((" None", " end"))
    )
    if closed and (unregistered or "finish" in shared):
        c.cut_at("T10", position)
    elif len(asked) > 1 and re.fullmatch(r"push\d+\.stop|lost ConnectionLost.*", theirs):
        # Asked a second time Twisted finds that it cannot send, and loses the connection.
        if any(line.strip().startswith("lost ConnectionLost") for line in c.theirs[position:]):
            c.cut_at("T10", position)


@rule("Flush", "what was written is sent before input that is there already is read")
def _flush(c: Comparison) -> None:
    parting = _first_lines(c)
    if parting is None:
        return
    shared = parting[1]
    rests = [n for n, line in enumerate(shared) if line.startswith("= ")]
    step = shared[rests[-1] + 1 :] if rests else shared
    # The peer has sent something or ended, and only this step looks for it, and writes as well; or
    # more comes at once than is read at a time, and what is read first makes the subject write.
    waits = any(re.match(r"> peer (send|shutdown|close|reset)", line) for line in shared)
    looks = any(re.match(r"> (resume|peer send)|finish", line) for line in step)
    writes = any(re.match(r"> (write|sequence|lose)", line) for line in step)
    if waits and looks and writes:
        c.cut_at("Flush", parting[0], promise=r"lost .*")

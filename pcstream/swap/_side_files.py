"""Reads what stands beside a program's text: configuration, scripts, recipes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ._names_used import Mention

TWISTD = re.compile(r"(?<![\w./-])(?:[\w./-]*/)?twistd3?(?![\w.-])|-m[\s\"',]+twisted(?![\w.])")
TRIAL = re.compile(
    r"-m[\s\"',]+twisted\.trial(?![\w.])|(?<![\w./=-])(?:[\w./-]*/)?trial3?(?=\s+-|\s+[\w.{/]+\s*$)"
)
REACTOR = re.compile(r"--reactor[=\s]+[\"']?(\w+)")
PATH = re.compile(r"(?<![\w./-])twisted(?:\.[A-Za-z_]\w*)+(?::\w+)?")
REQUIREMENT = re.compile(
    r"(?i)^[\s\"'-]*(?:[\w_-]+\s*=\s*[\[\"']*)?[\"']?twisted(\[[\w,\s-]*\])?\s*(?:[<>=~!;,\"'\]]|$)"
)


def read_side(text: str) -> Iterator[Mention]:
    """What a file that is not Python says of Twisted, line by line."""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith(("#", ";", "//")):
            continue
        reactor = REACTOR.search(bare)
        said = " ".join(bare.split())[:70]
        if TWISTD.search(bare):
            yield Mention(number, f"a program that Twisted starts: {said}", blocks=True)
        elif reactor is not None:
            yield Mention(number, f"a choice of reactor, {reactor[1]}: {said}")
        elif TRIAL.search(bare):
            yield Mention(number, f"tests that trial runs: {said}")
        elif PATH.search(bare):
            yield Mention(number, f"a name of Twisted's: {said}")
        elif REQUIREMENT.search(bare):
            yield Mention(number, f"Twisted is required: {said}")

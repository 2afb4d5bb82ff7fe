"""Programs written for Twisted do the same on pcstream, once the name in their text is replaced.

What a program prints is compared line by line, and nothing is made up for: the one word that may
differ is the name of the package.  In the programs of :data:`TWO_ENDS` both ends of a connection
print; there the lines of each end are compared, in order, but not how the two interleave: which
of two sockets that became ready in the same moment is served first is the kernel's choice.
"""

from __future__ import annotations

import importlib.util
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAMS = sorted(path.stem for path in (Path(__file__).parent / "programs").glob("*.py"))

#: Programs in which two ends of a connection print, each line beginning with the name of its end.
TWO_ENDS = {
    "aborting",
    "chat",
    "endpoints_tour",
    "file_server",
    "half_close",
    "inline_client",
    "policies_tour",
    "plain_proxy",
    "pull",
    "reconnecting",
    "streaming",
    "throttled_proxy",
    "unix_sockets",
    "upload",
}

#: What a program imports beside the modules of the producer API.
NEEDS = {
    "child_process": "internet.process",
    "datagrams": "internet.udp",
    "endpoints_tour": "internet.endpoints",
    "standard_streams": "internet.stdio",
    "threaded": "internet.threads",
    "unix_sockets": "internet.unix",
}


def by_end(lines: list[str]) -> dict[str, list[str]]:
    """The lines of each end, under its name: the first word, if a colon follows the phrase."""
    ends: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        name = re.match(r"(\w+)( \w+)*:", line)
        ends[name.group(1) if name else ""].append(line)
    return dict(ends)


def ways() -> list[tuple[str, str]]:
    """Each program, and in which ways it is run: where it matters, also without zero copy."""
    found = []
    for name in PROGRAMS:
        found.append((name, "1"))
        text = (Path(__file__).parent / "programs" / f"{name}.py").read_text("utf-8")
        if "FileSender" in text or "portforward" in text:
            found.append((name, "0"))
    return found


@pytest.mark.parametrize(("name", "zero_copy"), ways())
def test_program_is_equal_on_both(
    name: str,
    zero_copy: str,
    monkeypatch: pytest.MonkeyPatch,
    run_program: Callable[..., object],
    in_words_of: Callable[[str, str], str],
) -> None:
    if importlib.util.find_spec("twisted") is None:
        pytest.skip("Twisted is not installed, there is nothing to compare with")
    need = NEEDS.get(name)
    if need and importlib.util.find_spec(f"pcstream.{need}") is None:
        pytest.skip(f"pcstream.{need} does not exist yet")
    monkeypatch.setenv("PCSTREAM_ZERO_COPY", zero_copy)
    theirs = run_program(name, "twisted")
    ours = run_program(name, "pcstream")
    expected = [in_words_of(line, "pcstream") for line in theirs.lines]
    assert theirs.status == 0, theirs.errors
    assert expected, "a program that prints nothing compares nothing"
    if name in TWO_ENDS:
        assert by_end(ours.lines) == by_end(expected), ours.errors
    else:
        assert ours.lines == expected, ours.errors
    assert ours.status == theirs.status
    if "Traceback" not in theirs.errors:
        assert "Traceback" not in ours.errors, ours.errors


def test_programs_name_the_package_and_nothing_else_of_it() -> None:
    """The swap is one word: no program has the replacement in its text already."""
    for path in (Path(__file__).parent / "programs").glob("*.py"):
        text = path.read_text("utf-8")
        assert "twisted" in text, path.name
        assert "pcstream" not in text, path.name

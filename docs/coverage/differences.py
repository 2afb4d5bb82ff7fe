"""Write pcstream/swap/_differences.txt: which of Twisted's names have a row in docs/differences.

    python docs/coverage/differences.py            # write it
    python docs/coverage/differences.py --check    # say whether it is up to date

A row is about the names that its cells have as literals and a mirrored module offers. If there are
none it is about the module in its section's heading, or, where there is none either, about what
GENERAL says of the section.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ROWS = ROOT / "docs" / "differences"
NAMES = ROOT / "pcstream" / "swap" / "_differences.txt"

#: as many letters of a rule as a line of a terminal has room for
RULE_LETTERS = 90

CONSUMERS = (
    "internet.abstract internet.tcp internet.unix internet.interfaces.IConsumer "
    "internet.interfaces.IPushProducer internet.interfaces.IPullProducer"
)
#: What the rows of a section are about if they name nothing themselves.
GENERAL = {
    "The reactor": "internet.reactor",
    "As consumers": CONSUMERS,
    "How connections end": CONSUMERS,
    "Elsewhere": "internet.tcp internet.abstract",
    "Datagrams, UNIX sockets, pipes and child processes": (
        "internet.udp internet.unix internet.stdio internet.process"
    ),
    "Endpoints": "internet.endpoints",
    "TLS": "internet.ssl protocols.tls",
    "Exceptions, addresses, reflection": "internet.error internet.address",
    "Paths and command lines": "python.filepath python.usage",
}
#: Headings whose rows are about what is Twisted's own under ``pcstream run``, and not about a name.
NOT_NAMES = "twisted.web"
#: How a rule begins that says what Twisted does.
IN_TWISTED = "Twisted: "
#: Importing it would choose a reactor.
REACTOR = "internet.reactor"
#: Too common to say which is meant.
COMMON = {"read", "write", "connect", "stop", "install", "version"}


@dataclass(frozen=True)
class Row:
    """A row of one of the tables."""

    section: str
    cells: tuple[str, ...]


def rows(path: Path) -> Iterator[Row]:
    """The rows of the tables of *path*, headings left out."""
    section, cells, previous = "", [], ""
    head = True

    def done() -> Iterator[Row]:
        if cells and not head:
            yield Row(section, tuple(" ".join(cell.split()) for cell in cells))

    for line in [*path.read_text("utf-8").splitlines(), ""]:
        if line and set(line) <= set("=-~") and previous:
            yield from done()
            cells, head = [], True
            section = previous
        elif line.startswith(".. list-table"):
            yield from done()
            cells, head = [], True
        elif line.startswith("   * -"):
            yield from done()
            head = not cells and head
            if head:
                cells, head = ["head"], True
                previous = line
                continue
            cells = [line[6:]]
        elif line.startswith("     - ") and cells:
            if cells == ["head"]:
                head = True
                continue
            cells.append(line[7:])
        elif line.startswith("       ") and cells and cells != ["head"]:
            cells[-1] += " " + line
        elif line and not line.startswith(" ") and cells:
            yield from done()
            cells, head = [], True
        if cells == ["head"]:
            head = False
        previous = line


def literals(text: str) -> list[str]:
    """The names among the literals of *text*, without arguments."""
    found = [re.split(r"[(\s]", literal)[0] for literal in re.findall(r"``([^`]+)``", text)]
    return [name for name in found if re.fullmatch(r"[A-Za-z_][\w.]*", name)]


def about(row: Row, names: dict[str, frozenset[str]]) -> list[str]:
    """The names that a row is about, without ``twisted.``."""
    headed = [name for name in literals(row.section) if name in names]
    modules = headed or list(names)
    found: list[str] = []
    for literal in literals(" ".join(row.cells[:-1])):
        top = literal.split(".")[0]
        if literal in names:
            found.append(literal)
        elif top not in COMMON:
            found += [f"{module}.{top}" for module in modules if top in names[module]]
    if not found:
        titles = [name for name in literals(row.section) if name not in names]
        found = [
            f"{module}.{name}" for module in headed for name in titles if name in names[module]
        ]
    if not found:
        found = headed or GENERAL.get(row.section, "").split()
    return sorted(set(found))


def render() -> str:
    """The file's text."""
    from pcstream._unmirrored import twisted_names
    from pcstream.swap._catalogue import our_modules, our_names

    public = sorted(name for name in our_modules() if "._" not in name and name != REACTOR)
    names = {name: twisted_names()[name] & our_names(name) for name in public}
    names[REACTOR] = frozenset()
    lines = set()
    for path in sorted(ROWS.glob("*.rst")):
        for row in rows(path):
            tests = re.findall(r"``(.+?)``", row.cells[-1])
            if NOT_NAMES in row.section or not tests:
                continue
            twisted = len(row.cells) - 3
            cells = range(twisted + 1)
            which = next((cell for cell in cells if row.cells[cell].count(" ") > 2), twisted)
            said = row.cells[which].replace("``", "")
            if which == twisted:
                said = f"{IN_TWISTED}{said}"
            if len(said) > RULE_LETTERS:
                said = said[:RULE_LETTERS].rsplit(" ", 1)[0] + " ..."
            title = row.section.replace("``", "")
            lines |= {f"{name}\t{title}\t{said}\t{tests[0]}" for name in about(row, names)}
    head = [
        "# Names of Twisted's that pcstream's differ from: the name, the section of",
        "# docs/differences, the rule, and its test. Written by docs/coverage/differences.py.",
    ]
    return "\n".join([*head, *sorted(lines)]) + "\n"


def main() -> int:
    """Write or check; 1 if the check finds a difference."""
    parser = argparse.ArgumentParser(description="which names have a row in docs/differences")
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    sys.path.insert(0, str(ROOT))
    text = render()
    if NAMES.exists() and NAMES.read_text("utf-8") == text:
        return 0
    print(f"{'stale' if check else 'written'}: {NAMES.relative_to(ROOT)}")
    if not check:
        NAMES.write_text(text, "utf-8")
    return 1 if check else 0


if __name__ == "__main__":
    sys.exit(main())

"""Check and swap public code bases, and see that their own tests do not mind.

    python tests/swap/code_bases.py                  # all, some three minutes and 200 MB
    python tests/swap/code_bases.py Tubes Parsley    # some

Not part of the test run: it downloads. Each is unpacked from its source distribution, and its
tests are run on Twisted first. If ``pcstream check`` says that the text can be swapped, that is
done, in a git tree of its own, and the tests are run on what comes out, without Twisted unless
their runner is Twisted's. If not, ``pcstream swap`` has to refuse, and the tests are run by
``pcstream run``. Counts have to be the same. What is printed is the table in docs/check.rst.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TWISTED = "Twisted==26.10.0"
COMMAND_TIMEOUT_S = 600
RUN_UNCHANGED = 10
#: Some of these tests have time-outs that a busy machine does not keep.
TRIES = 3
BAD = ("failed", "failures", "error", "errors")
#: What the last lines of trial, unittest and pytest say of a run.
COUNTS = re.compile(r"\b(\d+) (passed|failed|skipped|xfailed|errors?)\b|(\w+)=(\d+)|Ran (\d+) test")


@dataclass(frozen=True)
class CodeBase:
    """A distribution, and how its tests are run: the words after ``python``."""

    name: str
    version: str
    tests: tuple[str, ...]
    needs: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def has_trial(self) -> bool:
        """Whether the runner is Twisted's."""
        return "twisted.trial" in self.tests


#: Without its extension in C; with the longer time-outs that it has for slow machines.
TORNADO = {"TORNADO_EXTENSION": "0", "EMULATION": "1", "ASYNC_TEST_TIMEOUT": "60"}
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
TRIAL = ("-m", "twisted.trial")
CODE_BASES = [
    CodeBase("Tubes", "0.2.1", (*TRIAL, "tubes"), ("six", "characteristic")),
    CodeBase("Parsley", "1.3", (*PYTEST, "ometa", "terml", "examples")),
    CodeBase("tornado", "6.6.1", ("-m", "tornado.test")),
    CodeBase("crochet", "2.1.1", (*TRIAL, "crochet"), ("wrapt",)),
    CodeBase("afkak", "21.5.0.post0", (*TRIAL, "afkak"), ("attrs", "six")),
]


class Failed(Exception):
    """Something did not come out as it has to."""


def call(*words: object, where: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever its status."""
    return subprocess.run(
        [str(word) for word in words],
        cwd=where,
        env={
            **os.environ,
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            **TORNADO,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=COMMAND_TIMEOUT_S,
        check=False,
    )


def must(*words: object, where: Path) -> str:
    """Run a command that has to succeed; what it printed."""
    done = call(*words, where=where)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, words))}: {done.stderr[-2000:]}")
    return done.stdout


def environment(at: Path, packages: list[str]) -> Path:
    """A virtual environment with *packages*; its interpreter."""
    must(sys.executable, "-m", "venv", at, where=at.parent)
    python = at / "bin" / "python"
    must(python, "-m", "pip", "install", "-q", *packages, where=at.parent)
    return python


def unpacked(code: CodeBase, python: Path, work: Path) -> Path:
    """The source distribution, as a git tree with everything committed."""
    folder = work / code.name
    folder.mkdir()
    wanted = f"{code.name}=={code.version}"
    options = ["--no-deps", "--no-binary", ":all:"]
    must(python, "-m", "pip", "download", "-q", *options, "-d", folder, wanted, where=work)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder, filter="data")
    archive.unlink()
    (tree,) = folder.iterdir()
    must("git", "init", "-q", where=tree)
    must("git", "add", "-A", "-f", where=tree)
    who = ["-c", "user.name=check", "-c", "user.email=check@localhost"]
    must("git", *who, "commit", "-q", "-m", "as published", where=tree)
    return tree


def counted(python: Path, words: tuple[str, ...], tree: Path) -> dict[str, int]:
    """Run tests until none fails, ``TRIES`` times at most; the best that became of them."""
    tries = []
    for _ in range(TRIES):
        tries.append(counted_once(python, words, tree))
        if not bad(tries[-1]):
            break
    return min(tries, key=bad)


def bad(counts: dict[str, int]) -> int:
    """How many tests did not come out well."""
    return sum(counts.get(word, 0) for word in BAD)


def counted_once(python: Path, words: tuple[str, ...], tree: Path) -> dict[str, int]:
    """Run tests; what became of them, by the runner's own words."""
    done = call(python, *words, where=tree, path=os.pathsep.join([str(tree), str(ROOT)]))
    lines = [line for line in (done.stdout + done.stderr).splitlines() if COUNTS.search(line)]
    counts: dict[str, int] = {}
    for line in lines[-40:]:
        if not line.startswith(("Ran ", "OK", "PASSED", "FAILED (")) and " in " not in line:
            continue
        for number, word, key, value, ran in COUNTS.findall(line):
            counts[word or key or "tests"] = int(number or value or ran)
    if not counts:
        raise Failed(f"{' '.join(words)}: {(done.stdout + done.stderr)[-2000:]}")
    return counts


def shown(counts: dict[str, int]) -> str:
    """``296 passed, 22 failed``."""
    return ", ".join(f"{number} {word}" for word, number in counts.items())


def pcstream(python: Path, tree: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """One of our commands on what is in the current folder."""
    return call(python, "-m", "pcstream", *words, where=tree, path=str(ROOT))


def changed(tree: Path) -> list[str]:
    """The files that git sees as changed."""
    return must("git", "status", "--porcelain", "-uno", where=tree).splitlines()


def tried(code: CodeBase, full: Path, bare: Path, work: Path) -> list[str]:
    """One code base: a row of the table.

    :raises Failed: the counts differ, or a command does not do what its verdict says.
    """
    tree = unpacked(code, full, work)
    before = counted(full, code.tests, tree)
    left_out = [word for pattern in code.exclude for word in ("--exclude", pattern)]
    done = pcstream(full, tree, "check", ".", "--json", *left_out)
    found = json.loads(done.stdout)
    uses = sum(len(name["places"]) for name in found["names"])
    swap = pcstream(full, tree, "swap", ".", "--write", *left_out)
    if found["verdict"] == "swap the text":
        if swap.returncode or not changed(tree):
            raise Failed(f"{code.name}: swap: {swap.stderr}")
        after = counted(full if code.has_trial else bare, code.tests, tree)
        what = swap.stderr.splitlines()[-1]
        pcstream(full, tree, "swap", ".", "--write", "--back", "--dirty", *left_out)
        if changed(tree):
            raise Failed(f"{code.name}: the way back is not exact: {changed(tree)}")
    else:
        if swap.returncode != RUN_UNCHANGED or changed(tree):
            raise Failed(f"{code.name}: swap did not refuse: {swap.stderr}")
        after = counted(full, ("-m", "pcstream", "run", *code.tests), tree)
        named = {reason["what"] for reason in found["reasons"]}
        modules = sorted({".".join(name.split(".")[:2]) for name in named})
        what = f"refused, for {', '.join(f'``{name}``' for name in modules)}"
    if before != after:
        raise Failed(f"{code.name}: {shown(before)} before, {shown(after)} after")
    size = f"{found['lines']:,} lines, {uses} uses"
    return [f"{code.name} {code.version}", size, found["verdict"], what, shown(after)]


def main() -> int:
    """Try those that are named; 1 if one of them fails."""
    parser = argparse.ArgumentParser(description="check and swap public code bases")
    parser.add_argument("names", nargs="*", help="which (default: all)")
    names = [name.lower() for name in parser.parse_args().names]
    wanted = [code for code in CODE_BASES if not names or code.name.lower() in names]
    failures = 0
    with tempfile.TemporaryDirectory(prefix="code_bases_") as name:
        work = Path(name)
        common = ["pytest", "libcst", "zope.interface", "setuptools"]
        common += [need for code in wanted for need in code.needs]
        bare = environment(work / "bare", common)
        full = environment(work / "full", [*common, TWISTED])
        for code in wanted:
            try:
                first, *rest = tried(code, full, bare, work)
            except Failed as error:
                failures += 1
                print(error, file=sys.stderr, flush=True)
                continue
            print(f"   * - {first}")
            print("\n".join(f"     - {cell}" for cell in rest), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

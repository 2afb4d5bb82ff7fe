"""Run the tests of packages that are built on Twisted, on Twisted and by ``pcstream run``.

    python tests/third_party/run.py [--package NAME]... [--into FOLDER] [--json FILE]

Not part of the test run: it downloads. Each package gets an environment of its own, with Twisted
and the package in the versions below, its tests as they are published. They are run twice, and what
became of each is compared. The table at the end is that of docs/third-party.rst.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TWISTED = "Twisted[tls]==26.10.0"
DEADLINE_S = 900


@dataclass(frozen=True)
class Package:
    """A package of the index.

    :ivar tests: what trial is given.
    :ivar needs: what its tests need beside it.
    :ivar at_source: where the tests are in its source distribution; empty if they are installed
        with it.
    """

    name: str
    version: str
    tests: tuple[str, ...]
    needs: tuple[str, ...] = ()
    at_source: str = ""


PACKAGES = [
    Package("treq", "26.7.0", ("treq.test",), ("httpbin", "werkzeug", "decorator", "pem")),
    Package("klein", "24.8.0", ("klein.test",), ("hypothesis", "treq", "idna")),
    Package("crochet", "2.1.1", ("crochet.tests",)),
    Package("autobahn", "26.10.2", ("autobahn.twisted.test",)),
    Package("Tubes", "0.2.1", ("tubes.test",)),
    Package("wokkel", "18.0.0", ("wokkel.test",)),
    Package("txtorcon", "26.6.0", ("test",), (), "."),
    Package("foolscap", "24.9.0", ("foolscap.test",), ("txtorcon",)),
]


def through_run() -> ModuleType:
    """The runner of Twisted's own tests, whose reporter for trial is used here too."""
    path = ROOT / "tests" / "twisted_suite" / "through_run.py"
    spec = importlib.util.spec_from_file_location("through_run", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Environment:
    """Where one package and its tests are."""

    def __init__(self, package: Package, place: Path) -> None:
        self.package = package
        self.place = place
        self.python = place / "environment" / "bin" / "python"

    def make(self) -> None:
        """Install the package, its tests and Twisted."""
        wanted = f"{self.package.name}=={self.package.version}"
        if not self.python.exists():
            venv.create(self.place / "environment", with_pip=True)
        self._call("-m", "pip", "install", "--quiet", TWISTED, wanted, *self.package.needs)
        if self.package.at_source and not (self.place / "source").exists():
            self._call(
                *("-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"),
                *("--dest", "sdist", wanted),
            )
            (archive,) = (self.place / "sdist").glob("*.tar.gz")
            with tarfile.open(archive) as tar:
                tar.extractall(self.place / "unpacked", filter="data")
            (unpacked,) = (self.place / "unpacked").iterdir()
            (self.place / "source").symlink_to(unpacked)
        plugins = self.place / "plugin" / "twisted" / "plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        ours = through_run()
        (plugins / "kept_plugin.py").write_text(ours.PLUGIN)
        (self.place / "plugin" / "kept_reporter.py").write_text(ours.REPORTER)

    def _call(self, *words: str) -> None:
        subprocess.run([self.python, *words], cwd=self.place, check=True, timeout=DEADLINE_S)

    def test(self, *, is_ours: bool) -> dict[str, str]:
        """What became of each test: passed, or skipped, failed, error and the reason."""
        out = self.place / "kept.json"
        out.unlink(missing_ok=True)
        at = self.place / "source" / self.package.at_source
        path = [str(self.place / "plugin"), *([str(at)] if self.package.at_source else [])]
        words = ["-m", "pcstream", "run"] if is_ours else []
        folder = Path(tempfile.mkdtemp(dir=self.place))
        said = folder / "said"
        with said.open("wb") as output:
            done = subprocess.run(
                [
                    self.python,
                    *words,
                    "-m",
                    "twisted.trial",
                    "--reporter=kept",
                    *self.package.tests,
                ],
                cwd=folder,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join([*path, *([str(ROOT)] if is_ours else [])]),
                    "KEPT_JSON": str(out),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=DEADLINE_S,
                check=False,
            )
        if not out.exists():
            raise RuntimeError(f"status {done.returncode}: see {said}")
        written: dict[str, Any] = json.loads(out.read_text())
        lost: dict[str, str] = written["lost"]  # a module that cannot be imported is no test
        return dict.fromkeys(written["ran"], "passed") | lost


def counts(outcome: dict[str, str]) -> str:
    """Such as ``100 passed, 2 skipped``."""
    found = Counter(what.partition(":")[0] for what in outcome.values())
    return ", ".join(f"{count} {what}" for what, count in sorted(found.items()))


def differences(theirs: dict[str, str], ours: dict[str, str]) -> Iterator[str]:
    """The tests that ended in another way."""
    for name in sorted({*theirs, *ours}):
        before, after = theirs.get(name, "did not run"), ours.get(name, "did not run")
        if before.partition(":")[0] != after.partition(":")[0]:
            yield f"    {name}\n        Twisted: {before}\n        pcstream run: {after}"


def main() -> int:
    """Run all; 0 if every test ended in the same way."""
    parser = argparse.ArgumentParser(description="the tests of packages that are built on Twisted")
    parser.add_argument("--package", action="append", help="only this one")
    parser.add_argument("--into", type=Path, help="keep the environments there, and use them again")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    lines, all_differences, results = [], [], {}
    with tempfile.TemporaryDirectory() as temporary:
        into = chosen.into or Path(temporary)
        for package in PACKAGES:
            if chosen.package and package.name not in chosen.package:
                continue
            place = (into / package.name).resolve()
            place.mkdir(parents=True, exist_ok=True)
            environment = Environment(package, place)
            environment.make()
            started = time.monotonic()
            theirs = environment.test(is_ours=False)
            between = time.monotonic()
            ours = environment.test(is_ours=True)
            ended = time.monotonic()
            found = list(differences(theirs, ours))
            all_differences += found
            results[package.name] = {"twisted": theirs, "pcstream": ours}
            lines.append(
                f"{package.name} {package.version}: {counts(theirs)} ({between - started:.0f} s); "
                f"by pcstream run {counts(ours)} ({ended - between:.0f} s); {len(found)} differ"
            )
            print("\n".join([lines[-1], *found]), flush=True)
    print("\n".join(["", *lines]))
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1))
    return 1 if all_differences else 0


if __name__ == "__main__":
    sys.exit(main())

"""Twisted's public names can be imported from our modules under ``mypy --strict`` as well.

At run time a name is there once a module has imported it.  A strict type checker wants more: that
the module defines it, lists it in ``__all__``, or imports it ``as`` itself.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import pcstream

PACKAGE = Path(pcstream.__file__).parent
FOLDERS = ["internet", "protocols", "python", "trial", "test"]


def mirrored_names() -> dict[str, list[str]]:
    """For each module that both packages have, the public names that both have in it."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE).with_suffix("")
        if relative.parts[0] not in FOLDERS or path.stem.startswith("_"):
            continue
        name = ".".join(relative.parts)
        if name == "internet.reactor":
            continue
        try:
            theirs = importlib.import_module(f"twisted.{name}")
            ours = importlib.import_module(f"pcstream.{name}")
        except ImportError:
            continue
        public = getattr(theirs, "__all__", None) or [
            key
            for key, value in vars(theirs).items()
            if getattr(value, "__module__", None) == theirs.__name__ and not key.startswith("_")
        ]
        found[name] = sorted({key for key in public if hasattr(ours, key)})
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # for names that are deprecated
def test_every_public_name_is_exported_to_type_checkers(tmp_path: Path) -> None:
    pytest.importorskip("twisted")
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    lines = [
        f"from pcstream.{module} import {name} as {module.replace('.', '_')}_{name}"
        for module, names in mirrored_names().items()
        for name in names
    ]
    assert len(lines) > 100
    program = tmp_path / "imports.py"
    program.write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent"),
            *("--config-file=", "--follow-untyped-imports", "--hide-error-context"),
            *("--cache-dir", str(tmp_path / "cache"), "--no-error-summary", str(program)),
        ],
        # Where mypy finds the package: a checkout by being in it, an installed one by itself (and
        # site-packages is no place to be in, since what is there then shadows mypy's own stubs).
        cwd=tmp_path if "site-packages" in PACKAGE.parts else PACKAGE.parent,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    told = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert not told, "\n".join(line.partition(": error: ")[2] for line in told)

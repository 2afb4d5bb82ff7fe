"""docs/coverage.rst and the list of Twisted's names are what the script that writes them writes."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from pcstream._unmirrored import twisted_names

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "docs" / "coverage" / "generate.py"


def twisted_version() -> str:
    try:
        return importlib.metadata.version("twisted")
    except importlib.metadata.PackageNotFoundError:
        return ""


@pytest.mark.skipif(not twisted_version().startswith("26.10"), reason="needs Twisted 26.10")
@pytest.mark.skipif(sys.platform != "linux", reason="other platforms have other reactors")
@pytest.mark.skipif(not importlib.util.find_spec("OpenSSL"), reason="needs Twisted's TLS extra")
def test_both_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run {SCRIPT.relative_to(ROOT)}: {done.stdout}{done.stderr}"


def test_every_line_of_counted_imports_names_a_group_and_modules() -> None:
    lines = (SCRIPT.parent / "public_imports.txt").read_text().splitlines()
    for line in lines:
        if line.startswith("#"):
            continue
        group, colon, modules = line.partition(":")
        assert colon, line
        assert group.strip(), line
        assert modules.split(), line


def test_no_counted_import_is_of_a_private_module() -> None:
    text = (SCRIPT.parent / "public_imports.txt").read_text()
    assert "._" not in text


def test_the_list_has_the_modules_that_are_here() -> None:
    names = twisted_names()
    for module in ("internet.defer", "python.filepath", "protocols.basic", "test.proto_helpers"):
        assert names[module], module

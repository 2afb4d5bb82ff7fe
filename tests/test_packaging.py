"""The package as others get it: metadata, files, and what an import costs in modules."""

from __future__ import annotations

import configparser
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import pcstream

ROOT = Path(__file__).resolve().parent.parent
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg")


def lines(section: str, option: str) -> list[str]:
    return SETUP.get(section, option).split()


def test_needs_zope_interface_alone() -> None:
    assert lines("options", "install_requires") == ["zope.interface>=6"]


def test_has_the_extras() -> None:
    assert set(SETUP["options.extras_require"]) == {"cli", "docs", "metrics", "swap", "test", "tls"}


def test_the_metadata_is_in_setup_cfg_alone() -> None:
    assert (ROOT / "setup.py").read_text().split() == [
        *("from", "setuptools", "import", "setup"),
        "setup()",
    ]
    pyproject = (ROOT / "pyproject.toml").read_text()
    assert [line for line in pyproject.splitlines() if line.startswith("[")] == ["[build-system]"]


def test_the_version_is_a_literal() -> None:
    assert f'__version__ = "{pcstream.__version__}"' in Path(pcstream.__file__).read_text()


def test_is_typed() -> None:
    assert Path(pcstream.__file__).with_name("py.typed").exists()


def test_every_package_is_found() -> None:
    """A folder with modules and without ``__init__.py`` would be left out of the wheel."""
    source = ROOT / "pcstream"
    folders = {path.parent for path in source.rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_installed_metadata() -> None:
    try:
        installed = importlib.metadata.metadata("pcstream")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("runs from a checkout, not from an installed wheel")
    assert installed["Version"] == pcstream.__version__
    assert installed["License-Expression"] == "MIT"
    entry = importlib.metadata.entry_points(group="console_scripts")
    assert entry["pcstream"].value == "pcstream.cli.main:main"


@pytest.mark.parametrize("module", ["pcstream", "pcstream.internet", "pcstream.protocols"])
def test_importing_a_package_loads_nothing_else(module: str) -> None:
    code = (
        f"import sys; import {module};"
        "print(sorted(n for n in sys.modules if n.startswith(('pcstream', 'zope.interface'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    parents = module.split(".")
    expected = {".".join(parents[: count + 1]) for count in range(len(parents))}
    assert done.stdout.strip() == str(sorted(expected | {"pcstream._unmirrored"}))


def test_the_readme_says_the_two_commands_first() -> None:
    screen = "\n".join((ROOT / "README.rst").read_text().splitlines()[:40])
    assert "pip install '.[cli]' && pcstream demo" in screen
    assert "pip install tox && tox" in screen

"""What is said about the machine and the Python that run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pcstream.python import runtime


def test_the_platform_is_the_one_that_runs() -> None:
    assert runtime.shortPythonVersion() == ".".join(map(str, sys.version_info[:3]))
    assert runtime.platformType == runtime.platform.getType()
    assert runtime.platform.isKnown()
    assert runtime.platform.isLinux() == sys.platform.startswith("linux")
    assert runtime.platform.supportsThreads()


@pytest.mark.parametrize("arguments", [("nt", "win32"), ("posix", "darwin"), ("x", "linux")])
def test_another_platform_can_be_described(arguments: tuple[str, str]) -> None:
    twisted = pytest.importorskip("twisted.python.runtime")
    ours, theirs = runtime.Platform(*arguments), twisted.Platform(*arguments)
    for question in ("getType", "isKnown", "isMacOSX", "isWindows", "isLinux", "isVista"):
        assert getattr(ours, question)() == getattr(theirs, question)(), question
    assert ours.supportsINotify() == (arguments[1] == "linux")


def test_docker_is_known_by_its_control_groups(tmp_path: Path) -> None:
    linux, groups = runtime.Platform("posix", "linux"), tmp_path / "cgroup"
    groups.write_text("2:cpu:/docker/0123\n1:name=systemd:/\n")
    assert linux.isDocker(str(groups))
    groups.write_text("2:cpu:/\n1:name=systemd:/system\n")
    assert not linux.isDocker(str(groups))
    assert not linux.isDocker(str(tmp_path / "missing"))
    assert not runtime.Platform("nt", "win32").isDocker(str(groups))


def test_the_old_question_about_windows_warns() -> None:
    with pytest.warns(DeprecationWarning, match="Use Platform.isWindows instead"):
        assert runtime.platform.isWinNT() == runtime.platform.isWindows()

"""What was measured, and on what: cores, kernel and versions, but nothing that names the place."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

#: whose version matters
PACKAGES = ["Twisted", "uvloop", "zope.interface"]
PROGRAMS = {"nginx": ["nginx", "-v"], "haproxy": ["haproxy", "-v"]}
VERSION = re.compile(r"\d+(\.\d+)+")


def describe() -> dict[str, str | int]:
    """The machine and the versions of everything that is compared and is here."""
    about: dict[str, str | int] = {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count() or 1,
        "python": sys.version.split()[0],
        "pcstream": str(importlib.import_module("pcstream").__version__),
    }
    for package in PACKAGES:
        try:
            about[package.lower()] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    for program, line in PROGRAMS.items():
        if shutil.which(program):
            about[program] = version_of(line)
    return about


def processor() -> str:
    """The kind of processor, as the system calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"


def version_of(line: list[str]) -> str:
    """The first thing in what a program says that looks like a version."""
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    found = VERSION.search(done.stdout + done.stderr)
    return found[0] if found else "unknown"

"""Lets tox find the interpreters that pyenv keeps: it hides them from PATH until they are named."""

from __future__ import annotations

import os
from pathlib import Path

versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
found = sorted(versions.glob("3.*/bin"), reverse=True)
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", ""), *map(str, found)])

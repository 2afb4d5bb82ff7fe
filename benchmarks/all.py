"""Every workload beside this file, one after another, with the options given here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run them all; the status is that of the first one that failed."""
    here = Path(__file__)
    status = 0
    for script in sorted(here.parent.glob("*.py")):
        if script != here:
            print(f"== {script.stem}", flush=True)
            status = status or subprocess.call([sys.executable, str(script), *sys.argv[1:]])
    return status


if __name__ == "__main__":
    sys.exit(main())

"""``python -m pcstream`` is the ``pcstream`` command."""

from __future__ import annotations

import sys

from pcstream.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

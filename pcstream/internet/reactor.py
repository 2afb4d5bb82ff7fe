"""The default reactor: importing this installs one, and puts it where this module was."""

from __future__ import annotations

import sys

del sys.modules["pcstream.internet.reactor"]
from pcstream.internet import default  # noqa: E402

default.install()

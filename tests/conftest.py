"""What every test run shares: the settings of hypothesis, if it is there."""

from __future__ import annotations

import os

try:
    from hypothesis import settings
except ImportError:  # the parity environment runs without it
    pass
else:
    # No deadline: a busy machine is not a failure. In CI the examples are the same each time.
    settings.register_profile("pcstream", deadline=None, derandomize=bool(os.environ.get("CI")))
    settings.load_profile("pcstream")

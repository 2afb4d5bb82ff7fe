"""The door from the log to the standard library's :mod:`logging`.

Every event goes to the logger ``pcstream``. Nothing has to be configured for that: without any
handler, logging's own last resort writes errors to the standard error stream.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from ._log_text import EventDict, textFromEventDict

LOGGER_NAME = "pcstream"


class StdlibFeed:
    """Hands events to :mod:`logging`, each at most once.

    :ivar is_suspended: how many observers are doing the same on the user's order; while there is
        one, this feed would only double what it writes.
    :ivar has_other_target: a log was started, so that without a handler of its own an event needs
        no last resort.
    """

    def __init__(self, logger_name: str = LOGGER_NAME) -> None:
        self.logger = logging.getLogger(logger_name)
        self.is_suspended = 0
        self.has_other_target = False
        self._busy = threading.local()

    def __call__(self, event: EventDict) -> None:
        """Log *event*; a failure goes along as ``exc_info``."""
        if self.is_suspended:
            return
        logger = self.logger
        is_error = event.get("isError")
        level = event.get("logLevel")
        if not isinstance(level, int):
            level = logging.ERROR if is_error else logging.INFO
        if not logger.isEnabledFor(level):
            return
        if self.has_other_target and not logger.hasHandlers():
            return
        # a handler may write to a stream that is itself redirected into the log
        if getattr(self._busy, "now", False):
            return
        exc_info = None
        failure: Any = event.get("failure")
        if (
            is_error
            and not event["message"]
            and isinstance(getattr(failure, "value", None), BaseException)
        ):
            text: str | None = event.get("why") or "Unhandled Error"
            exc_info = (failure.type, failure.value, failure.tb)
        else:
            text = textFromEventDict(event)
        if text is None:
            return
        self._busy.now = True
        try:
            logger.log(
                level,
                "%s",
                text,
                exc_info=exc_info,
                extra={"system": event.get("system"), "event": event},
                stacklevel=5,
            )
        finally:
            self._busy.now = False

"""The door from the log to the standard library's :mod:`logging`.

Every event goes to the logger ``pcstream``. Nothing has to be configured for that: without any
handler, logging's own last resort writes errors to the standard error stream.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ._log_observers import ERROR, INFO
from ._log_text import EventDict, textFromEventDict

if TYPE_CHECKING:
    import logging

LOGGER_NAME = "pcstream"


class StdlibFeed:
    """Hands events to :mod:`logging`, each at most once.

    :ivar is_suspended: how many observers are doing the same on the user's order; while there is
        one, this feed would only double what it writes.
    :ivar has_other_target: a log was started, so that without a handler of its own an event needs
        no last resort.
    """

    def __init__(self, logger_name: str = LOGGER_NAME) -> None:
        self._logger_name = logger_name
        self._logger: logging.Logger | None = None
        self.is_suspended = 0
        self.has_other_target = False
        self._busy = threading.local()

    def _find_logger(self) -> logging.Logger:
        # imported with the first event: it takes a tenth of the time that the reactor takes
        import logging

        self._logger = logging.getLogger(self._logger_name)
        return self._logger

    def __call__(self, event: EventDict) -> None:
        """Log *event*; a failure goes along as ``exc_info``."""
        if self.is_suspended:
            return
        logger = self._logger or self._find_logger()
        is_error = event.get("isError")
        level = event.get("logLevel")
        if not isinstance(level, int):
            level = ERROR if is_error else INFO
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

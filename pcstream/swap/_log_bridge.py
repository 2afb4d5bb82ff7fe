"""One log for both: what is logged with ``twisted.logger`` is heard by the observers of
:py:mod:`pcstream.python.log`, and the other way round, each event once.

``twisted.logger`` takes the place of the standard library's :mod:`logging` behind our log, so that
until a log is started errors are printed as a program on Twisted prints them, and once.
"""

from __future__ import annotations

import importlib
import threading
from typing import Any

from ..python import log
from ..python._log_text import EventDict, textFromEventDict
from ._mirrored import THEIRS

LOGGER = f"{THEIRS}.logger"


class LogBridge:
    """Hears each event that is logged here after our observers did, and all events over there.

    :param ours: our publisher.
    :param heard: the publisher over there whose events are heard; None for no such.
    :param told: the publisher over there that is told what is logged here; None for no such.
    :param beginner: what begins a log over there, if one that is started here is to do so.
    :ivar is_suspended: counted by our log for its usual feed, for which this stands in; events
        have to cross all the same.
    """

    def __init__(self, ours: log.LogPublisher, heard: Any, told: Any, beginner: Any = None) -> None:
        logger = importlib.import_module(LOGGER)
        self._ours = ours
        self._heard, self._told = heard, told
        self._beginner = beginner
        #: turns an event of the old kind into one of the new, and passes it on
        self._send: Any = importlib.import_module(f"{LOGGER}._legacy").publishToNewObserver
        #: turns an event of the new kind into one of the old
        self._receive: Any = logger.LegacyLogObserverWrapper(self._publish_here)
        self._crossing = threading.local()
        self._has_begun = False
        self.is_suspended = 0

    def connect(self) -> None:
        """Begin."""
        feed = self._ours._feed
        self._ours._feed = self  # type: ignore[assignment]
        if self._heard is not None:
            self._heard.addObserver(self._heard_there)
        if feed is not None and feed.has_other_target:
            self.has_other_target = True

    @property
    def has_other_target(self) -> bool:
        """Whether a log was started here."""
        return self._has_begun

    @has_other_target.setter
    def has_other_target(self, is_started: bool) -> None:
        if is_started and not self._has_begun and self._beginner is not None:
            self._has_begun = True
            # it no longer prints errors by itself, nor keeps them for whoever begins
            self._beginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)

    def _is_crossing(self, event: EventDict) -> bool:
        return getattr(self._crossing, "event", None) is event

    def __call__(self, event: EventDict) -> None:
        """Pass on an event that was logged here."""
        if self._told is None or self._is_crossing(event):
            return  # it came from there
        outer = getattr(self._crossing, "event", None)
        self._crossing.event = event
        try:
            self._send(self._told, event, textFromEventDict)
        finally:
            self._crossing.event = outer

    def _heard_there(self, event: EventDict) -> None:
        """Pass on an event that was logged there."""
        if self._is_crossing(event) or not self._ours._observers:
            return
        outer = getattr(self._crossing, "event", None)
        self._crossing.event = event
        try:
            self._receive(event)
        finally:
            self._crossing.event = outer

    def _publish_here(self, event: EventDict) -> None:
        # with ourselves among the targets: an observer that fails is reported to both sides
        self._ours._publish(event, self._ours._targets())


def connect_logs() -> None:
    """Connect our log with ``twisted.logger``, which has to be importable."""
    logger: Any = importlib.import_module(LOGGER)
    theirs = logger.globalLogPublisher
    LogBridge(log.theLogPublisher, theirs, theirs, logger.globalLogBeginner).connect()
    log.LogPublisher._connect = staticmethod(_connect_publishers)


def _connect_publishers(ours: log.LogPublisher, heard: object, told: object) -> None:
    """Connect a publisher of the program's own with those that it was made with."""
    LogBridge(ours, heard, told).connect()

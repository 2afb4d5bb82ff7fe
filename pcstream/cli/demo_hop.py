"""How a process of the demo talks with the one that started it.

Reports go out as JSON lines on standard output. Orders come in the same way on standard input,
which is also the life-line: when it ends, however the parent came to its end, the process stops.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from pcstream.internet import reactor as default_reactor
from pcstream.internet.interfaces import IReadDescriptor

from .demo_meter import Meter

reactor: Any = default_reactor

REPORT_S = 0.1


def stretch_bytes(transport: Any) -> int:
    """Bytes of a file that *transport* has accepted, and the kernel will send by itself."""
    stretch = transport._outbox.head_segment()
    return 0 if stretch is None else int(stretch.remaining_bytes)


def buffered_bytes(transport: Any) -> int:
    """Bytes in memory that *transport* has accepted and not yet given to the kernel."""
    return int(transport._outbox.size) - stretch_bytes(transport)


def say(event: str, **facts: Any) -> None:
    """Report *event* to the parent; a parent that is gone is noticed on the life-line."""
    line = json.dumps({"event": event, **facts}) + "\n"
    try:
        os.write(1, line.encode())
    except BrokenPipeError:
        pass


@implementer(IReadDescriptor)
class LifeLine:
    """Standard input: orders while the parent lives, its end when it is gone.

    :param obey: called with each order.
    """

    def __init__(self, obey: Callable[[dict[str, Any]], None]) -> None:
        self._obey = obey
        self._pending = b""

    def fileno(self) -> int:
        """Standard input."""
        return 0

    def logPrefix(self) -> str:
        """What log lines of this descriptor start with."""
        return "life-line"

    def doRead(self) -> None:
        """Obey every complete line; stop at the end."""
        data = os.read(0, 4096)
        if not data:
            self.connectionLost(None)
            return
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def connectionLost(self, reason: Any) -> None:
        """The parent is gone, or wants this process to end."""
        reactor.removeReader(self)
        if reactor.running:
            reactor.stop()


class Hop:
    """One process's part: its meter, and its regular reports.

    :ivar consumer: the transport whose buffer is watched, once there is one.
    """

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.consumer: Any = None
        self._over = False

    def run(self, obey: Callable[[dict[str, Any]], None]) -> None:
        """Report and obey until the parent ends it.

        Ctrl-C reaches every process of the terminal; the parent decides what it means.
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        reactor.addReader(LifeLine(obey))
        reactor.callLater(REPORT_S, self._report)
        reactor.run(installSignalHandlers=False)

    def moved(self, count: int) -> None:
        """*count* bytes have been written to the consumer."""
        self.meter.moved(count, buffered_bytes(self.consumer))

    def _report(self) -> None:
        if not self._over:
            progress = self.meter.snapshot()
            if self.consumer is not None:
                self.meter.buffered = progress["buffered"] = buffered_bytes(self.consumer)
                progress["bytes"] -= stretch_bytes(self.consumer)
            say("progress", **progress)
            reactor.callLater(REPORT_S, self._report)

    def connected(self) -> None:
        """The stream begins here."""
        self.meter.start()
        say("connected")

    def done(self, **facts: Any) -> None:
        """The stream has ended as it should, with nothing left here."""
        self.meter.buffered = 0
        self._finish("done", **facts)

    def lost(self, reason: str) -> None:
        """The stream was cut."""
        self._finish("lost", reason=reason)

    def failed(self, why: str, text: str) -> None:
        """This part could not even begin; *why* is a word, *text* a line."""
        self._finish("failed", why=why, text=text)

    def _finish(self, event: str, **facts: Any) -> None:
        if not self._over:
            self._over = True
            self.meter.end()
            say(event, **facts, **self.meter.snapshot())

"""The parent's view of one process of the demo: its pipes, its reports, its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pcstream

#: enough for the last lines of a traceback
STDERR_TAIL_BYTES = 8192
READ_BYTES = 65536


def _environment() -> dict[str, str]:
    """Ours, with this very package importable however it was found."""
    here = str(Path(pcstream.__file__).parent.parent)
    path = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


class Child:
    """A running hop.

    :ivar facts: the latest figures that it reported.
    :ivar ended: the event that it ended with: ``done``, ``lost`` or ``failed``.
    """

    def __init__(self, name: str, argument: int, pass_fds: tuple[int, ...] = ()) -> None:
        self.name = name
        self.port: int | None = None
        self.is_connected = False
        self.ended: str | None = None
        self.facts: dict[str, Any] = {}
        self.status: int | None = None
        self._pending = b""
        self._complaint = b""
        # its own session: Ctrl-C comes to the parent alone, which then ends the life-lines
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"pcstream.cli.demo_{name}", str(argument)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=pass_fds,
            env=_environment(),
            start_new_session=True,
        )

    def pipes(self) -> list[Any]:
        """What to watch for reading."""
        return [self.process.stdout, self.process.stderr]

    def order(self, **facts: Any) -> None:
        """Send an order down the life-line."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(facts).encode() + b"\n")
        except BrokenPipeError:
            pass  # it has died, which its other pipes tell

    def read(self, pipe: Any) -> bool:
        """Take in what came on one of :meth:`pipes`; False at its end."""
        data = os.read(pipe.fileno(), READ_BYTES)
        if pipe is self.process.stderr:
            self._complaint = (self._complaint + data)[-STDERR_TAIL_BYTES:]
        elif data:
            *lines, self._pending = (self._pending + data).split(b"\n")
            for line in lines:
                self._heard(json.loads(line))
        else:
            self.status = self.process.wait()
        return bool(data)

    def _heard(self, report: dict[str, Any]) -> None:
        event = report.pop("event")
        if event == "listening":
            self.port = report["port"]
        elif event == "connected":
            self.is_connected = True
        else:
            self.facts = report
            if event != "progress":
                self.ended = event

    def how_it_died(self) -> str:
        """A few words on a process that ended by itself."""
        assert self.status is not None
        if self.status < 0:
            return f"killed by {signal.Signals(-self.status).name}"
        lines = self._complaint.decode("utf-8", "replace").strip().splitlines()
        return f"status {self.status}" + (f", {lines[-1].strip()}" if lines else "")

    def release(self) -> None:
        """End the life-line: the process stops by itself."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def bury(self, patience_s: float) -> None:
        """Make sure that it is gone."""
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in self.pipes():
            pipe.close()

"""Who takes part in a scenario beside the transport: its peer, and the producers it is given."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
import socket
import struct
from typing import TYPE_CHECKING, Any

from scenario_maker import SLOW_PEER_BYTES_A_TURN

if TYPE_CHECKING:
    from scenario_run import Run


class DeliberateError(Exception):
    """Raised by a producer whose script says so."""


class Package:
    """The parts of a package that the driver uses."""

    def __init__(self, name: str) -> None:
        self.name = name
        load = importlib.import_module
        self.reactor = load(f"{name}.internet.reactor")
        self.interfaces = load(f"{name}.internet.interfaces")
        self.protocol = load(f"{name}.internet.protocol")
        self.log = load(f"{name}.python.log")


class Peer:
    """The other end: a bare socket, worked once in each turn."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.mode = "drain"
        self.unsent = 0
        self.sent = 0
        self.received = 0
        self.digest = hashlib.sha256()
        self.end: str | None = None  # how the subject's stream ended, once that was read
        self.said_all = False  # no more is sent: the peer closed, or closed its sending half

    def work(self) -> None:
        if self.socket is None:
            return
        try:
            while self.unsent:
                took = self.socket.send(b"p" * min(self.unsent, 65536))
                self.unsent -= took
                self.sent += took
        except BlockingIOError:
            pass
        except OSError:
            self.unsent = 0
        if self.mode == "stall" or self.end is not None:
            return
        try:
            while True:
                data = self.socket.recv(SLOW_PEER_BYTES_A_TURN if self.mode == "slow" else 262_144)
                if not data:
                    self.end = "end"
                    return
                self.received += len(data)
                self.digest.update(data)
                if self.mode == "slow":
                    return
        except BlockingIOError:
            pass
        except OSError as error:
            self.end = errno.errorcode.get(error.errno or 0, str(error))

    def shutdown(self) -> None:
        self.said_all = True
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.said_all = True
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def reset(self) -> None:
        if self.socket is not None and self.socket.family != socket.AF_UNIX:
            linger = struct.pack("ii", 1, 0)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close()


class Producer:
    """A producer of either kind that follows a script and logs what is asked of it."""

    def __init__(self, run: Run, name: str, streaming: bool, script: dict[str, Any]) -> None:
        self.run = run
        self.name = name
        self.streaming = streaming
        self.script = {call: list(actions or []) for call, actions in script.items()}
        self.raises = script["raises"]
        self.is_paused = False
        self.is_done = False

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def called(self, call: str) -> None:
        if self.raises == call:
            self.raises = None
            self.run.note(f"{self.name} raises in {call}")
            raise DeliberateError(call)
        actions, self.script[call] = self.script.get(call, []), []
        self.run.perform(actions, inside=f"{self.name}.{call}")

    def pauseProducing(self) -> None:
        if self.is_paused:
            self.run.note(f"{self.name}.pause again")
            return
        self.is_paused = True
        self.run.note(f"{self.name}.pause")
        self.called("pause")

    def resumeProducing(self) -> None:
        if self.streaming and not self.is_paused:
            self.run.note(f"{self.name}.resume that was not due")
            return
        self.is_paused = False
        self.run.note(f"{self.name}.resume")
        if self.raises == "resume":
            self.called("resume")
        self.produce(most=None if self.streaming else 1)

    def produce(self, most: int | None = None) -> None:
        chunks = self.script["chunks"]
        while not self.is_paused and not self.is_done:
            if not chunks:
                self.called("end")
                return
            self.run.perform([("write", chunks.pop(0))], inside=self.name)
            if most is not None:
                return

    def stopProducing(self) -> None:
        self.run.note(f"{self.name}.stop")
        self.is_done = True
        self.called("stop")

"""Makes a scenario from a seed: who connects, and what happens before each rest."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

MARK = 65536  # a transport is full above this (contract C6)
# A stalled peer takes this much for certain, and its socket stays writable: a UNIX socket is that
# only while a quarter of its buffer is in use, with the kernel's own share counted ...
SURELY_TAKEN_BYTES = 40_000
# ... and cannot take this much: it is more than all buffers, and leaves more than MARK unsent.
NEVER_TAKEN_BYTES = 2_000_000
SEND_BUFFER_BYTES = 200_000
RECEIVE_BUFFER_BYTES = 196_608
SLOW_PEER_BYTES_A_TURN = 20_000

SIZES = [0, 1, 7, 1000, MARK - 1, MARK, MARK + 1, MARK // 2, MARK // 2 + 1, 2 * MARK, 300_000]

# A scenario that goes round in circles is ended here, under both packages.
ENOUGH_LINES = 2_000

Action = tuple[Any, ...]


class Maker:
    """Makes the scenario of one seed."""

    def __init__(self, seed: int, kinds: list[str]) -> None:
        self.random = random.Random(seed)
        self.kind = self.random.choice(kinds)
        self.half_closeable = self.random.random() < 0.5
        self.early = self.random.random() < 0.2  # the first step is taken in connectionMade
        self.on_data = self.actions(1, 2) if self.random.random() < 0.25 else []
        self.on_lost = self.actions(1, 2, self.after_the_end) if self.random.random() < 0.3 else []
        self.on_read_lost = self.actions(1, 2) if self.random.random() < 0.3 else []
        self.steps = [self.step() for _ in range(self.random.randint(3, 14))]

    def step(self) -> list[Action]:
        """What happens before the next rest: one thing the peer does, or several by the subject."""
        if self.random.random() < 0.4:
            return [self.peer_action()]
        return self.actions(1, 4)

    def actions(
        self, least: int, most: int, make: Callable[[int], Action] | None = None, depth: int = 0
    ) -> list[Action]:
        make = make or self.action
        return [make(depth) for _ in range(self.random.randint(least, most))]

    def peer_action(self) -> Action:
        choice = self.random.random()
        if choice < 0.55:
            return ("peer", self.random.choice(["drain", "drain", "stall", "stall", "slow"]))
        if choice < 0.85:
            return ("peer", "send", self.random.choice([1, 1000, 70_000]))
        return ("peer", self.random.choice(["shutdown", "close", "reset"]))

    def action(self, depth: int) -> Action:
        pick = self.random.choices(
            [
                ("write",),
                ("register", True),
                ("register", False),
                ("produce",),
                ("unregister",),
                ("again",),
                ("sequence",),
                ("lose",),
                ("abort",),
                ("lose write",),
                ("pause",),
                ("resume",),
                ("stop",),
                ("stop consuming",),
                ("bad",),
            ],
            weights=[10, 8, 6, 9, 4, 1, 2, 1.6, 0.5, 1, 1.5, 2.5, 0.2, 0.2, 0.4],
        )[0]
        if pick[0] in ("write", "produce"):
            return (*pick, self.size())
        if pick[0] == "sequence":
            return (*pick, [self.size() for _ in range(self.random.randint(0, 3))])
        if pick[0] == "register":
            return (*pick, self.script(depth, streaming=pick[1]))
        return pick

    def after_the_end(self, depth: int) -> Action:
        pick = self.random.choice(
            ["write", "register", "register", "unregister", "lose", "abort", "lose write", "resume"]
        )
        if pick == "write":
            return ("write", self.size())
        if pick == "register":
            streaming = self.random.random() < 0.5
            return (pick, streaming, self.script(depth, streaming=streaming))
        return (pick,)

    def size(self) -> int:
        return self.random.choice(SIZES)

    def script(self, depth: int, *, streaming: bool) -> dict[str, Any]:
        """What a producer does when it is called."""
        chunks = [max(1, self.size()) for _ in range(self.random.randint(0, 5))]
        script: dict[str, Any] = {"chunks": chunks, "raises": None}
        for call, chance in (("end", 0.7), ("pause", 0.2), ("stop", 0.2)):
            if depth < 2 and self.random.random() < chance:
                script[call] = self.actions(1, 2, depth=depth + 1)
            else:
                script[call] = []
        if script["end"] and self.random.random() < 0.6:
            script["end"] = [("unregister",), *script["end"][:1]]
        if self.random.random() < 0.04:
            script["raises"] = self.random.choice(["pause", "resume", "stop"])
        return script

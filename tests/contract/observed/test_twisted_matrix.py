"""Every call inside every callback: the calls on each producer come in a legal order all along."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

kinds = pytest.mark.kinds

#: Where something is called from: the producer's three, a pull producer's request, and the
#: protocol's two.
CALLBACKS = ["pause", "resume", "pull", "stop", "data", "lost"]

#: The legal orders. p: paused, r: resumed, s: stopped, u: unregistered.
PUSH = re.compile(r"(pr)*p?(u|su?)?")
PULL = re.compile(r"r*(u|su?)?")

#: What Twisted does otherwise on everything that is a socket's: where, and what is called there.
ILLEGAL = {
    ("pause", "write"): "P paused again in the pause",
    ("pause", "write much"): "P paused again in the pause",
    ("pause", "write in pieces"): "P paused again in the pause",
    ("pause", "another push"): "Q resumed without a pause",
    ("lost", "half-close"): "ValueError",
}

#: And on TLS.
ILLEGAL_ON_TLS = {
    ("stop", "another pull"): "told 0 times of the end",
    ("stop", "pause"): "AttributeError",
}


def actions(stage: Any) -> dict[str, Callable[[], object]]:
    """What is called there, by name."""
    near = stage.near

    def unregister() -> None:
        stage.events.append("P unregister")
        near.unregisterProducer()

    def another(streaming: bool) -> None:
        unregister()
        stage.second = stage.push("Q") if streaming else short(stage, "Q")
        near.registerProducer(stage.second, streaming)

    return {
        "write": lambda: near.write(b"w" * 100),
        "write much": lambda: near.write(b"W" * 100_000),
        "write in pieces": lambda: near.writeSequence([b"s" * 50_000, b"", b"s" * 50_000]),
        "unregister": unregister,
        "another push": lambda: another(True),
        "another pull": lambda: another(False),
        "pause": lambda: near.pauseProducing(),
        "resume": lambda: near.resumeProducing(),
        "lose": lambda: near.loseConnection(),
        "abort": lambda: near.abortConnection(),
        "half-close": lambda: near.loseWriteConnection(),
        "stop": lambda: near.stopProducing(),
        "register": lambda: near.registerProducer(stage.push("R"), True),
    }


def possible(stage: Any) -> list[str]:
    """The names of what can be called on this kind of transport."""
    lacks = {"tls": {"half-close"}}
    return [name for name in actions(stage) if name not in lacks.get(stage.kind, set())]


def short(stage: Any, name: str) -> Any:
    """A pull producer of four pieces."""
    producer = stage.pull(name)

    def give() -> None:
        if producer.calls().count("resume") < 5:
            stage.near.write(b"x" * 1000)
        elif "unregister" not in producer.calls():
            stage.events.append(f"{name} unregister")
            stage.near.unregisterProducer()

    producer.on["resume"] = give
    return producer


def play(stage: Any, where: str, what: str) -> None:
    """One call inside one callback, and then the end."""
    action = actions(stage)[what]
    once = [action]

    def act() -> None:
        if once:
            with suppress(RuntimeError):  # a refused registration
                once.pop()()

    stage.second = None
    stage.first = first = short(stage, "P") if where == "pull" else stage.push("P")
    if where == "pull":
        give = first.on["resume"]

        def give_and_act() -> None:
            give()
            if first.calls().count("resume") == 2:
                act()

        first.on["resume"] = give_and_act
    elif where in ("pause", "resume", "stop"):
        first.on[where] = act
    else:
        stage.ear.on[where] = act
    stage.near.registerProducer(first, where != "pull")
    if where in ("pause", "resume"):
        stage.near.write(b"x" * 300_000)
    elif where == "data":
        stage.tell(b"hello")
    elif where != "pull":
        stage.vanish()
        stage.near.write(b"x")
    stage.until(lambda: not once)
    stage.quiet()
    if not stage.lost and stage.far is not None:
        stage.near.abortConnection()
        stage.until_lost()


def illegal(stage: Any) -> str:
    """What was wrong with the order of calls, or nothing."""
    letters = {"pause": "p", "resume": "r", "stop": "s", "unregister": "u"}
    for producer in filter(None, (stage.first, stage.second)):
        said = "".join(letters[call] for call in producer.calls())
        legal = PUSH if hasattr(producer, "pauseProducing") else PULL
        if not legal.fullmatch(said):
            if said.startswith("pp"):
                return f"{producer.name} paused again in the pause"
            if said.startswith("r"):
                return f"{producer.name} resumed without a pause"
            return f"{producer.name} {said}"
    ends = [event for event in stage.events if event.startswith("lost")]
    return "" if len(ends) == 1 else f"told {len(ends)} times of the end"


@kinds("tcp unix thr tls")
@pytest.mark.late
@pytest.mark.parametrize("where", CALLBACKS)
def test_twisted_R19_every_call_inside_every_callback(stage: Any, where: str) -> None:
    """+ Writing, registering, pausing and ending inside each callback: the calls on each producer
    are in a legal order and the end is told once, but for R1, R4, T12, and on TLS for two calls
    inside ``stopProducing``: a pause raises ``AttributeError``, and if a pull producer is
    registered the protocol never hears of the end.

    Without exception.
    """
    found = {}
    for what in possible(stage.connect()):
        one = type(stage)(stage.package, stage.kind, stage.identity).connect()
        play(one, where, what)
        wrong = illegal(one) or ", ".join(one.take_errors())
        if wrong:
            found[where, what] = wrong
        one.close()
    expected = ILLEGAL_ON_TLS if stage.is_tls else ILLEGAL
    here = {key: why for key, why in expected.items() if key[0] == where}
    assert found == stage.says(twisted=here, pcstream={})

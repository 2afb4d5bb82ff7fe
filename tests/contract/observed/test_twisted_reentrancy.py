"""What Twisted's transports were seen to do when called from inside their own callbacks."""

from __future__ import annotations

import socket
from typing import Any

import pytest

kinds = pytest.mark.kinds

SOCKETS = "tcp unix wrap thr"
FD = "tcp unix wrap thr proc stdio"


@kinds(FD)
def test_twisted_R1_a_write_inside_a_pause_pauses_again(stage: Any) -> None:
    """+ A write inside ``pauseProducing`` pauses again, inside the first pause; a producer that
    always writes there would never come out.

    It does not; the bytes are taken.
    """
    producer = stage.push()
    left = [b"y"] * 3
    producer.on["pause"] = lambda: left and stage.near.write(left.pop())
    stage.reads = False
    stage.near.registerProducer(producer, True)
    stage.near.write(b"x" * 100_000)
    assert stage.events == ["P pause"] * stage.says(twisted=4, pcstream=1)
    assert len(left) == stage.says(twisted=0, pcstream=2)


@kinds("tls")
def test_twisted_R1_tls_does_not(stage: Any) -> None:
    """= It does not."""
    producer = stage.push()
    producer.on["pause"] = lambda: stage.near.write(b"y" * 100_000)
    stage.reads = False
    stage.near.registerProducer(producer, True)
    stage.near.write(b"x" * 300_000)
    assert stage.events == ["P pause"]


@kinds(FD)
def test_twisted_R2_a_close_inside_a_pause(stage: Any) -> None:
    """= ``loseConnection`` inside ``pauseProducing``: all that was accepted is sent first."""
    producer = stage.push()
    producer.on["pause"] = stage.near.loseConnection
    producer.on["resume"] = stage.near.unregisterProducer
    stage.near.registerProducer(producer, True)
    stage.near.write(b"x" * 300_000)
    stage.until_lost()
    stage.quiet()
    assert len(stage.received) == 300_000


@kinds("tls")
def test_twisted_R2_tls_sends_it_twice(stage: Any) -> None:
    """+ ``loseConnection`` inside ``pauseProducing``: what was accepted is sent twice.

    Once.
    """
    producer = stage.push()
    producer.on["pause"] = stage.near.loseConnection
    producer.on["resume"] = stage.near.unregisterProducer
    stage.near.registerProducer(producer, True)
    stage.near.write(b"x" * 300_000)
    stage.until_lost()
    stage.quiet()
    assert len(stage.received) == stage.says(twisted=600_000, pcstream=300_000)


@kinds(SOCKETS)
def test_twisted_R3_an_abort_inside_a_pause(stage: Any) -> None:
    """= ``abortConnection`` inside ``pauseProducing``: the write returns, the stop comes later."""
    producer = stage.push()
    producer.on["pause"] = stage.near.abortConnection
    stage.near.registerProducer(producer, True)
    stage.near.write(b"x" * 300_000)
    assert stage.events == ["P pause"]
    stage.until_lost()
    assert stage.events == ["P pause", "P stop", "lost ConnectionAborted"]


@kinds(FD)
def test_twisted_R4_another_registered_inside_a_pause(stage: Any) -> None:
    """+ A push producer that is registered inside another's pause is resumed when all is sent,
    though nobody has paused it.

    It hears nothing.
    """
    producer = stage.push("A")

    def swap() -> None:
        stage.near.unregisterProducer()
        stage.registered(name="B")

    producer.on["pause"] = swap
    stage.near.registerProducer(producer, True)
    stage.near.write(b"x" * 300_000)
    stage.quiet()
    assert stage.events == ["A pause", *stage.says(twisted=["B resume"], pcstream=[])]


@kinds("tls")
def test_twisted_R4_tls_pauses_the_newcomer_itself(stage: Any) -> None:
    """= The newcomer is resumed once, after it was paused itself by what is left of the write."""
    producer = stage.push("A")

    def swap() -> None:
        stage.near.unregisterProducer()
        stage.registered(name="B")

    producer.on["pause"] = swap
    stage.near.registerProducer(producer, True)
    stage.near.write(b"x" * 300_000)
    stage.quiet()
    assert stage.events == ["A pause", "B pause", "B resume"]


@kinds("tcp unix wrap thr stdio")
def test_twisted_R5_a_close_inside_a_resume(stage: Any) -> None:
    """= ``loseConnection`` inside ``resumeProducing`` closes; an idle push producer is stopped
    first (T2), after what it wrote in there was sent."""
    producer = stage.full()

    def end() -> None:
        stage.near.write(b"last")
        stage.near.loseConnection()

    producer.on["resume"] = end
    stage.reads = True
    stage.until_lost()
    stage.quiet()
    assert bytes(stage.received[-5:]) == b"xlast"
    assert stage.events == ["P pause", "P resume", "P stop", "lost ConnectionDone"]


@kinds(SOCKETS)
def test_twisted_R6_an_abort_inside_a_resume(stage: Any) -> None:
    """= ``abortConnection`` inside ``resumeProducing``: no more calls but the stop."""
    producer = stage.full()
    producer.on["resume"] = stage.near.abortConnection
    stage.reads = True
    stage.until_lost()
    assert stage.events == ["P pause", "P resume", "P stop", "lost ConnectionAborted"]


@kinds(FD)
def test_twisted_R7_a_pull_producer_inside_a_resume(stage: Any) -> None:
    """= A pull producer that is registered inside a resume is asked at once, and again."""
    producer = stage.full("A")
    left = [b"1", b"2", b"3"]
    follower = stage.pull("B")

    def give() -> None:
        if left:
            stage.near.write(left.pop(0))
        else:
            stage.near.unregisterProducer()

    def swap() -> None:
        stage.near.unregisterProducer()
        stage.near.registerProducer(follower, False)

    follower.on["resume"] = give
    producer.on["resume"] = swap
    stage.reads = True
    stage.quiet()
    assert bytes(stage.received[-4:]) == b"x123"
    assert stage.events == ["A pause", "A resume"] + ["B resume"] * 4


@kinds(FD + " tls")
def test_twisted_R7_a_push_producer_inside_a_resume(stage: Any) -> None:
    """= A push producer that is registered inside a resume hears nothing of it."""
    producer = stage.full("A")

    def swap() -> None:
        stage.near.unregisterProducer()
        stage.registered(name="B")

    producer.on["resume"] = swap
    stage.reads = True
    stage.quiet()
    assert stage.events == ["A pause", "A resume"]


@kinds(FD + " tls")
def test_twisted_R8_no_request_inside_a_request(stage: Any) -> None:
    """= A pull producer is never asked from inside its own ``write``."""
    depth = [0]
    deepest = [0]
    left = [b"x" * 30_000] * 30
    producer = stage.pull()

    def give() -> None:
        depth[0] += 1
        deepest[0] = max(deepest[0], depth[0])
        if left:
            stage.near.write(left.pop())
        else:
            stage.near.unregisterProducer()
        depth[0] -= 1

    producer.on["resume"] = give
    stage.near.registerProducer(producer, False)
    stage.until(lambda: not left)
    stage.quiet()
    assert deepest == [1]


@kinds(SOCKETS + " stdio")
@pytest.mark.parametrize("call", ["loseConnection", "abortConnection", "unregisterProducer"])
def test_twisted_R9_any_end_inside_a_stop(stage: Any, call: str) -> None:
    """= Closing, aborting and unregistering inside ``stopProducing`` change nothing."""
    producer = stage.push()
    producer.on["stop"] = getattr(stage.near, call, bool)
    stage.near.registerProducer(producer, True)
    stage.vanish()
    stage.until_lost()
    stage.quiet()
    assert stage.events[0] == "P stop"
    assert len(stage.events) == 2
    assert stage.events[1].startswith("lost")


@kinds("tcp unix wrap tls stdio")
def test_twisted_R10_everything_inside_connectionLost(stage: Any) -> None:
    """= Inside ``connectionLost`` writes, pauses, resumes and ends are nothing, and whoever
    registers is stopped."""
    near = stage.near

    def act() -> None:
        near.write(b"x")
        near.writeSequence([b"x"])
        near.unregisterProducer()
        near.pauseProducing()
        near.resumeProducing()
        near.loseConnection()
        getattr(near, "abortConnection", bool)()
        near.registerProducer(stage.push("Q"), True)

    stage.ear.on["lost"] = act
    stage.vanish()
    stage.near.write(b"x")
    stage.until_lost()
    stage.quiet()
    assert len(stage.events) == 2
    assert stage.events[1] == "Q stop"


@kinds(SOCKETS + " stdio")
@pytest.mark.late
def test_twisted_R11_a_registration_inside_connectionMade(stage: Any) -> None:
    """= A pull producer may be registered inside ``connectionMade``; it is asked in there."""
    producer = stage.pull()
    left = [b"a", b"b"]

    def give() -> None:
        transport = stage.ear.transport
        if left:
            transport.write(left.pop(0))
        else:
            transport.unregisterProducer()

    producer.on["resume"] = give

    def made() -> None:
        stage.ear.transport.registerProducer(producer, False)
        stage.events.append("registered")

    stage.connect(made=made)
    stage.quiet()
    assert stage.events[:2] == ["P resume", "registered"]
    assert bytes(stage.received) == b"ab"


@kinds(SOCKETS + " tls stdio")
@pytest.mark.late
def test_twisted_R11_an_end_inside_connectionMade(stage: Any) -> None:
    """= What is written and closed inside ``connectionMade`` arrives."""

    def made() -> None:
        stage.ear.transport.write(b"hello")
        stage.ear.transport.loseConnection()

    stage.connect(made=made)
    stage.until_lost()
    stage.quiet()
    assert bytes(stage.received) == b"hello"


@kinds(SOCKETS)
@pytest.mark.late
def test_twisted_R11_a_pause_inside_connectionMade(stage: Any) -> None:
    """= A pause inside ``connectionMade`` holds: nothing is delivered until the resume."""
    stage.connect(made=lambda: stage.ear.transport.pauseProducing())
    stage.tell(b"x")
    stage.quiet()
    assert stage.ear.deliveries == 0
    stage.near.resumeProducing()
    stage.until(lambda: stage.ear.deliveries)


@kinds(SOCKETS)
def test_twisted_R12_an_abort_inside_a_delivery(stage: Any) -> None:
    """= After ``abortConnection`` inside ``dataReceived`` nothing more is delivered."""
    stage.ear.on["data"] = stage.near.abortConnection
    stage.tell(b"x" * 30_000)
    stage.until_lost()
    stage.quiet()
    assert stage.ear.deliveries == 1
    assert stage.events == ["lost ConnectionAborted"]


@kinds(SOCKETS)
def test_twisted_R12_a_close_inside_a_delivery(stage: Any) -> None:
    """= After ``loseConnection`` inside ``dataReceived`` nothing more is delivered, though the
    close takes its time."""
    stage.reads = False
    stage.near.write(b"x" * 600_000)
    stage.ear.on["data"] = stage.near.loseConnection
    stage.tell(b"x")
    stage.until(lambda: stage.ear.deliveries)
    stage.tell(b"y")
    stage.turn(5)
    assert stage.ear.deliveries == 1
    assert not stage.lost


@kinds(SOCKETS)
def test_twisted_R13_a_delivery_that_raises(stage: Any, fail: Any) -> None:
    """= What ``dataReceived`` raises is logged and is the reason of the loss; the producer is
    stopped first."""
    stage.registered()
    stage.ear.on["data"] = fail
    stage.tell(b"x")
    stage.until_lost()
    assert stage.events == ["P stop", "lost ZeroDivisionError"]
    assert set(stage.take_errors()) == {"ZeroDivisionError"}


@kinds("tcp unix")
@pytest.mark.late
def test_twisted_R14_inside_writeConnectionLost(stage: Any) -> None:
    """= Inside ``writeConnectionLost`` a write is ignored, and ``loseConnection`` closes."""
    stage.connect(half=True)

    def act() -> None:
        stage.near.write(b"too late")
        stage.near.loseConnection()

    stage.ear.on["write lost"] = act
    stage.near.write(b"x")
    stage.near.loseWriteConnection()
    stage.until_lost()
    assert stage.events == ["write lost", "lost ConnectionDone"]
    assert bytes(stage.received) == b"x"


@kinds("tcp unix")
@pytest.mark.late
def test_twisted_R15_inside_readConnectionLost(stage: Any) -> None:
    """= Inside ``readConnectionLost`` writes are sent; ``loseConnection`` closes behind them."""
    stage.connect(half=True)

    def act() -> None:
        stage.near.write(b"goodbye")
        stage.near.loseConnection()

    stage.ear.on["read lost"] = act
    stage.far.shutdown(socket.SHUT_WR)
    stage.until_lost()
    stage.quiet()
    assert stage.events == ["read lost", "lost ConnectionDone"]
    assert bytes(stage.received) == b"goodbye"


@kinds(SOCKETS)
def test_twisted_R16_connectionLost_that_raises(stage: Any, fail: Any) -> None:
    """= What ``connectionLost`` raises is logged; the socket is closed all the same."""
    handle = stage.raw.getHandle()
    stage.registered()
    stage.ear.on["lost"] = fail
    stage.vanish()
    stage.until_lost()
    stage.turn(3)
    assert set(stage.take_errors()) == {"ZeroDivisionError"}
    assert handle.fileno() == -1
    assert stage.events[0] == "P stop"


@kinds(FD)
def test_twisted_R17_writes_inside_a_write(stage: Any) -> None:
    """= A write from inside another's pause is not mixed up with it."""
    producer = stage.push()
    once = [b"second"]
    producer.on["pause"] = lambda: once and stage.near.writeSequence([once.pop(), b"!"])
    stage.near.registerProducer(producer, True)
    stage.near.writeSequence([b"x" * 50_000, b"x" * 50_000])
    stage.quiet()
    assert bytes(stage.received) == b"x" * 100_000 + b"second!"


@kinds(SOCKETS)
def test_twisted_R18_unregistering_inside_a_resume_and_writing_on(stage: Any) -> None:
    """= What is written in a resume behind the unregistration is sent as any other."""
    producer = stage.full()

    def end() -> None:
        stage.near.unregisterProducer()
        stage.near.write(b"y" * 300_000)

    producer.on["resume"] = end
    stage.reads = True
    stage.quiet()
    assert len(stage.received) == 900_000
    assert stage.events == ["P pause", "P resume"]


# The same on TLS, where it is different.


@kinds("tls")
def test_twisted_R3_tls_an_abort_inside_a_pause(stage: Any) -> None:
    """= ``abortConnection`` inside ``pauseProducing``: no more calls but the stop."""
    producer = stage.push()
    producer.on["pause"] = stage.near.abortConnection
    stage.near.registerProducer(producer, True)
    stage.near.write(b"x" * 300_000)
    stage.until_lost()
    assert stage.events[:2] == ["P pause", "P stop"]
    assert len(stage.events) == 3


@kinds("tls")
def test_twisted_R6_tls_an_abort_inside_a_resume(stage: Any) -> None:
    """= ``abortConnection`` inside ``resumeProducing``: no more calls but the stop."""
    producer = stage.full()
    producer.on["resume"] = stage.near.abortConnection
    stage.reads = True
    stage.until_lost()
    assert stage.events[:3] == ["P pause", "P resume", "P stop"]
    assert len(stage.events) == 4


@kinds("tls")
def test_twisted_R5_tls_a_close_inside_a_resume(stage: Any) -> None:
    """= ``loseConnection`` inside ``resumeProducing`` closes when the producer has unregistered,
    and what it wrote in there is sent."""
    producer = stage.full()

    once = [b"last" * 50_000]

    def end() -> None:
        if once:
            stage.near.write(once.pop())
            stage.near.loseConnection()

    producer.on["resume"] = end
    stage.reads = True
    stage.until(lambda: not once)
    stage.quiet()
    stage.near.unregisterProducer()
    stage.until_lost()
    stage.quiet()
    assert len(stage.received) == 800_000
    assert "P stop" not in stage.events


@kinds("tls")
def test_twisted_R12_tls_an_abort_inside_a_delivery(stage: Any) -> None:
    """= After ``abortConnection`` inside ``dataReceived`` nothing more is delivered."""
    stage.ear.on["data"] = stage.near.abortConnection
    for _ in range(5):
        stage.tell(b"x" * 1000)
    stage.until_lost()
    stage.quiet()
    assert stage.ear.deliveries == 1


@kinds("tls")
def test_twisted_R12_tls_a_close_inside_a_delivery(stage: Any) -> None:
    """! After ``loseConnection`` inside ``dataReceived`` what has arrived is delivered all the
    same."""
    stage.ear.on["data"] = stage.near.loseConnection
    for _ in range(5):
        stage.tell(b"x" * 1000)
    stage.until_lost()
    stage.quiet()
    assert stage.ear.deliveries == 5


@kinds("tls")
def test_twisted_R13_tls_a_delivery_that_raises(stage: Any, fail: Any) -> None:
    """+ If ``dataReceived`` raises each time and more has arrived, it is called again, the producer
    is stopped, and the protocol never hears of the end.

    It is not called again, and hears of the end, which is what it has raised.
    """
    stage.registered()
    stage.ear.on["data"] = fail
    for _ in range(5):
        stage.tell(b"x" * 1000)
    stage.until(lambda: "P stop" in stage.events)
    stage.quiet()
    assert stage.events == ["P stop", *stage.says(twisted=[], pcstream=["lost ZeroDivisionError"])]
    assert (stage.ear.deliveries > 1) is stage.is_twisted
    assert set(stage.take_errors()) == {"ZeroDivisionError"}


@kinds("tls")
def test_twisted_R18_tls_unregistering_inside_a_resume_and_writing_on(stage: Any) -> None:
    """= What is written in a resume behind the unregistration is sent as any other."""
    producer = stage.full()

    def end() -> None:
        stage.near.unregisterProducer()
        stage.near.write(b"y" * 300_000)

    producer.on["resume"] = end
    stage.reads = True
    stage.until(lambda: len(stage.received) == 900_000)
    assert stage.events == ["P pause", "P resume"]

"""What Twisted's transports were seen to do as consumers, rule by rule; see ``conftest``."""

from __future__ import annotations

from typing import Any

import pytest

kinds = pytest.mark.kinds

FD = "tcp unix wrap thr proc stdio"
EVERY = "tcp unix wrap thr tls proc stdio"
LIMIT = 65_536
# More than a stage's socket or pipes hold on the way.
IN_THE_KERNEL = 300_000


@kinds("tcp unix wrap proc stdio")
def test_twisted_C1_the_second_is_refused_in_these_words(stage: Any) -> None:
    """= ``RuntimeError`` with both producers' ``repr``; the first stays registered."""
    stage.registered()
    with pytest.raises(RuntimeError) as raised:
        stage.near.registerProducer(stage.push("Q"), True)
    assert str(raised.value) == (
        "Cannot register producer <producer Q>, "
        "because producer <producer P> was never unregistered."
    )
    stage.near.write(b"x" * (LIMIT + 1))
    assert stage.events == ["P pause"]


@kinds("tls")
def test_twisted_C1_tls_refuses_in_other_words(stage: Any) -> None:
    """! ``RuntimeError``; for a pull producer the message shows wrappers in place of both."""
    stage.registered(streaming=False)
    with pytest.raises(RuntimeError) as raised:
        stage.near.registerProducer(stage.pull("Q"), False)
    assert ("<producer Q>" in str(raised.value)) is stage.says(twisted=False, pcstream=True)
    stage.near.unregisterProducer()


@kinds("tcp unix wrap thr tls proc stdio")
def test_twisted_C1_the_same_one_again_is_refused_too(stage: Any) -> None:
    """= Also the producer that is registered already is refused."""
    producer = stage.registered()
    with pytest.raises(RuntimeError):
        stage.near.registerProducer(producer, True)
    stage.near.unregisterProducer()
    stage.near.registerProducer(producer, True)
    assert producer.calls() == []


@kinds("thr")
def test_twisted_C1_a_throttle_holds_the_one_it_refused(stage: Any) -> None:
    """+ The refused producer is throttled from then on, and the registered one is not.

    The registered one is.
    """
    stage.registered()
    with pytest.raises(RuntimeError):
        stage.near.registerProducer(stage.push("Q"), True)
    stage.near.throttleWrites()
    assert stage.events == stage.says(twisted=["Q pause"], pcstream=["P pause"])


@kinds("tcp unix wrap thr tls proc stdio")
@pytest.mark.parametrize("streaming", [True, False])
def test_twisted_C2_the_dead_stop_whoever_registers(stage: Any, streaming: bool) -> None:
    """= ``stopProducing`` once and nothing else, before ``registerProducer`` returns."""
    stage.vanish()
    stage.near.write(b"x")
    stage.until_lost()
    del stage.events[:]
    stage.registered(streaming)
    assert stage.events == ["P stop"]
    stage.registered(streaming, "Q")
    assert stage.events == ["P stop", "Q stop"]


@kinds("tcp unix wrap thr")
def test_twisted_C2_after_an_abort_it_is_asked_once(stage: Any) -> None:
    """+ Between ``abortConnection`` and the loss a pull producer is accepted and asked once.

    It is stopped at once.
    """
    stage.near.abortConnection()
    stage.registered(streaming=False)
    assert stage.events == stage.says(twisted=["P resume"], pcstream=["P stop"])
    stage.quiet()
    assert stage.events.count("P stop") == 1


@kinds("tcp unix wrap thr proc stdio")
def test_twisted_C2_what_that_stop_raises_reaches_the_caller(stage: Any, fail: Any) -> None:
    """+ What ``stopProducing`` raises while registering with the dead reaches the caller.

    It is logged.
    """
    stage.vanish()
    stage.near.write(b"x")
    stage.until_lost()
    producer = stage.push()
    producer.on["stop"] = fail
    if stage.is_twisted:
        with pytest.raises(ZeroDivisionError):
            stage.near.registerProducer(producer, True)
    else:
        stage.near.registerProducer(producer, True)
        assert stage.take_errors() == ["ZeroDivisionError"]


@kinds("tcp unix wrap thr proc stdio")
def test_twisted_C3_a_pull_producer_may_come_while_closing(stage: Any) -> None:
    """= A pull producer registered while closing is asked to its end, and all of it arrives."""
    left = [b"a" * 1000, b"b" * 1000, b"c" * 1000]
    stage.near.write(b"first")
    stage.near.loseConnection()
    producer = stage.pull()

    def give() -> None:
        if left:
            stage.near.write(left.pop(0))
        else:
            stage.near.unregisterProducer()

    producer.on["resume"] = give
    stage.near.registerProducer(producer, False)
    stage.until_lost()
    stage.quiet()
    assert bytes(stage.received) == b"first" + b"a" * 1000 + b"b" * 1000 + b"c" * 1000
    assert "P stop" not in stage.events


@kinds("tcp unix wrap thr proc stdio")
def test_twisted_C3_a_push_producer_is_stopped_when_all_is_sent(stage: Any) -> None:
    """! A push producer that comes while closing is stopped as soon as the buffer is empty."""
    stage.near.write(b"first")
    stage.near.loseConnection()
    stage.registered()
    assert stage.events == []
    stage.until_lost()
    assert stage.events[0] == "P stop"
    stage.quiet()
    assert bytes(stage.received) == b"first"


@kinds("tcp unix wrap thr proc stdio")
def test_twisted_C4_L4_pull_is_asked_within_registration(stage: Any) -> None:
    """= A pull producer is asked before ``registerProducer`` returns."""
    stage.registered(streaming=False)
    assert stage.events == ["P resume"]
    stage.near.unregisterProducer()


@kinds("tls")
def test_twisted_C4_L4_tls_asks_a_turn_later(stage: Any) -> None:
    """= A pull producer is asked in a later turn."""
    producer = stage.pull()
    producer.on["resume"] = stage.near.unregisterProducer
    stage.near.registerProducer(producer, False)
    assert stage.events == []
    stage.quiet()
    assert stage.events == ["P resume"]


@kinds(EVERY)
def test_twisted_C4_push_is_not_resumed(stage: Any) -> None:
    """= A push producer hears nothing of its registration."""
    stage.registered()
    assert stage.quiet() == []


@kinds(EVERY)
def test_twisted_C5_the_pause_comes_within_the_write(stage: Any) -> None:
    """= The write that fills it pauses the producer before it returns."""
    stage.reads = False
    stage.registered()
    stage.near.write(b"x" * 300_000)
    assert stage.events == ["P pause"]


@kinds("tcp unix wrap thr proc stdio")
def test_twisted_C5_a_full_one_pauses_with_the_next_write(stage: Any) -> None:
    """= Who registers when it is full already is paused by the next write, not at once."""
    stage.reads = False
    stage.near.write(b"x" * 600_000)
    stage.registered()
    assert stage.events == []
    stage.near.write(b"x")
    assert stage.events == ["P pause"]


@kinds(FD)
def test_twisted_C6_one_byte_more_than_the_limit(stage: Any) -> None:
    """= 65 536 bytes do not pause, one more does."""
    stage.registered()
    stage.near.write(b"x" * LIMIT)
    assert stage.events == []
    stage.near.write(b"x")
    assert stage.events == ["P pause"]


@kinds("tcp unix")
def test_twisted_C6_bufferSize_is_the_limit(stage: Any) -> None:
    """= ``bufferSize`` on the transport moves the limit."""
    stage.near.bufferSize = 1000
    stage.registered()
    stage.near.write(b"x" * 1000)
    assert stage.events == []
    stage.near.write(b"x")
    assert stage.events == ["P pause"]


@kinds("tls")
def test_twisted_C6_tls_counts_what_it_adds(stage: Any) -> None:
    """= One write of 65 535 bytes pauses: what encryption adds is counted."""
    stage.reads = False
    stage.registered()
    stage.near.write(b"x" * 65_535)
    stage.turn()
    assert stage.events[:1] == ["P pause"]


@kinds("tcp unix")
def test_twisted_C7_what_is_sent_already_is_counted(stage: Any) -> None:
    """+ The part of the buffer that was sent already counts: with 60 000 bytes unsent one more
    byte pauses.

    Only unsent bytes count.
    """
    stage.near.bufferSize = 100_000
    step = 8_192
    stage.raw.writeSomeData = lambda data: min(step, len(data))  # the kernel, more exactly
    stage.near.write(b"x" * 100_000)
    stage.reactor.iterate(0)
    stage.registered()
    stage.near.write(b"y")
    assert stage.events == stage.says(twisted=["P pause"], pcstream=[])


@kinds(FD)
def test_twisted_C8_each_write_over_the_limit_pauses_again(stage: Any) -> None:
    """+ Each of 11 writes over the limit pauses the producer.

    It is paused once.
    """
    stage.full()
    for _ in range(10):
        stage.near.write(b"x")
    assert stage.events == ["P pause"] * stage.says(twisted=11, pcstream=1)


@kinds("tls")
def test_twisted_C8_tls_pauses_once(stage: Any) -> None:
    """= One pause, however many writes follow."""
    stage.full()
    for _ in range(10):
        stage.near.write(b"x" * 1000)
    stage.turn(3)
    assert stage.events == ["P pause"]


@kinds(EVERY)
def test_twisted_C9_the_paused_one_is_resumed(stage: Any) -> None:
    """= When the far end reads again it is resumed, once."""
    stage.full()
    stage.reads = True
    stage.quiet()
    assert stage.events == ["P pause", "P resume"]
    assert len(stage.received) == 600_000


@kinds("tcp unix wrap thr")
def test_twisted_C9_only_when_nothing_is_left(stage: Any) -> None:
    """! It is resumed when the buffer is empty, not before."""
    producer = stage.full()
    sent = []
    plain = stage.raw.writeSomeData
    stage.raw.writeSomeData = lambda data: sent.append(plain(data)) or sent[-1]
    at_resume = []
    producer.on["resume"] = lambda: at_resume.append(sum(n for n in sent if n > 0))
    stage.reads = True
    stage.quiet()
    assert at_resume
    assert at_resume[0] == sum(n for n in sent if n > 0)


@kinds(FD)
def test_twisted_C10_the_next_one_inherits_the_pause(stage: Any) -> None:
    """+ A is paused, B takes its place, and B is resumed though it was never paused.

    B hears nothing.
    """
    stage.full("A")
    stage.near.unregisterProducer()
    stage.registered(name="B")
    stage.reads = True
    stage.quiet()
    assert stage.events == ["A pause", *stage.says(twisted=["B resume"], pcstream=[])]


@kinds("tcp unix wrap thr")
def test_twisted_C10_even_if_the_buffer_is_empty_by_then(stage: Any) -> None:
    """+ So it is if all was sent before B came, as soon as B writes.

    B hears nothing.
    """
    stage.full("A")
    stage.near.unregisterProducer()
    stage.reads = True
    stage.quiet()
    stage.registered(name="B")
    stage.near.write(b"x")
    stage.quiet()
    assert stage.events == ["A pause", *stage.says(twisted=["B resume"], pcstream=[])]


@kinds(FD + " tls")
def test_twisted_C11_a_pause_inside_the_resume_holds(stage: Any) -> None:
    """= A producer that fills it from inside its resume is paused in there, and resumed again."""
    producer = stage.full()
    rounds = []

    def fill() -> None:
        if len(rounds) < 4:
            rounds.append(1)
            stage.near.write(b"y" * 300_000)

    producer.on["resume"] = fill
    stage.reads = True
    stage.quiet()
    assert stage.events == ["P pause"] + ["P resume", "P pause"] * 4 + ["P resume"]
    assert len(stage.received) == 1_800_000


@kinds(EVERY)
@pytest.mark.parametrize("where", ["pause", "resume"])
def test_twisted_C12_silence_after_unregistering(stage: Any, where: str) -> None:
    """= Once it has unregistered, even from within a call, a producer hears nothing more."""
    producer = stage.push()
    producer.on[where] = stage.near.unregisterProducer
    stage.reads = False
    stage.near.registerProducer(producer, True)
    stage.near.write(b"x" * 600_000)
    stage.near.write(b"x" * 300_000)
    stage.reads = True
    stage.quiet()
    assert set(stage.events) == {"P pause", *(["P resume"] if where == "resume" else [])}
    assert stage.events.count("P resume") <= 1


@kinds("tcp unix wrap tls proc stdio")
def test_twisted_C13_unregistering_nobody_is_nothing(stage: Any) -> None:
    """= ``unregisterProducer`` with nobody registered does nothing."""
    stage.near.unregisterProducer()
    stage.near.write(b"x")
    stage.quiet()
    assert bytes(stage.received) == b"x"


@kinds("thr")
def test_twisted_C13_a_throttle_unregisters_nobody(stage: Any) -> None:
    """+ ``AttributeError``.

    Nothing happens.
    """
    if stage.is_twisted:
        with pytest.raises(AttributeError):
            stage.near.unregisterProducer()
    else:
        stage.near.unregisterProducer()


@kinds(FD + " tls")
@pytest.mark.parametrize("is_full", [False, True], ids=["idle", "full"])
def test_twisted_C14_unregistering_loses_nothing(stage: Any, is_full: bool) -> None:
    """= What was accepted is sent after the producer has unregistered."""
    stage.reads = not is_full
    stage.registered()
    size = 500_000 if is_full else 5_000
    stage.near.write(b"x" * size)
    stage.near.unregisterProducer()
    stage.reads = True
    stage.quiet()
    assert len(stage.received) == size


@kinds(EVERY)
@pytest.mark.parametrize("bad", ["text", None, 7], ids=["text", "none", "number"])
def test_twisted_C15_nothing_but_bytes(stage: Any, bad: Any) -> None:
    """= ``TypeError`` for text, None and numbers."""
    with pytest.raises(TypeError):
        stage.near.write(bad)


@kinds("tcp unix wrap proc stdio")
def test_twisted_C15_in_these_words(stage: Any) -> None:
    """= For text the message is ``Data must not be unicode`` or ``Data must be bytes``."""
    with pytest.raises(TypeError) as raised:
        stage.near.write("text")
    assert str(raised.value) in {"Data must not be unicode", "Data must be bytes"}
    with pytest.raises(TypeError):
        stage.near.write(bytearray(b"x"))


@kinds("thr tls")
def test_twisted_C15_in_other_words(stage: Any) -> None:
    """+ The message for text is another one.

    ``Data must be bytes``, as everywhere.
    """
    with pytest.raises(TypeError) as raised:
        stage.near.write(7)
    assert (str(raised.value) == "Data must be bytes") is not stage.is_twisted


@kinds("tcp unix wrap")
def test_twisted_C15_even_when_dead(stage: Any) -> None:
    """= The same when it is dead."""
    stage.vanish()
    stage.near.write(b"x")
    stage.until_lost()
    with pytest.raises(TypeError):
        stage.near.write("text")


@kinds("proc stdio tls")
def test_twisted_C15_the_dead_take_anything(stage: Any) -> None:
    """+ A dead child, ``StandardIO`` or TLS transport takes text without a word.

    ``TypeError``, as while it lives.
    """
    stage.vanish()
    stage.near.write(b"x")
    stage.until_lost()
    if stage.is_twisted:
        stage.near.write("text")
    else:
        with pytest.raises(TypeError):
            stage.near.write("text")


@kinds("tls")
def test_twisted_C15_tls_takes_a_bytearray(stage: Any) -> None:
    """+ A ``bytearray`` is accepted.

    ``TypeError``.
    """
    if stage.is_twisted:
        stage.near.write(bytearray(b"abc"))
        stage.quiet()
        assert bytes(stage.received) == b"abc"
    else:
        with pytest.raises(TypeError):
            stage.near.write(bytearray(b"abc"))


@kinds(EVERY)
def test_twisted_C15_empty_bytes_are_nothing(stage: Any) -> None:
    """= An empty write neither sends, pauses nor ends anything."""
    stage.full()
    del stage.events[:]
    stage.reads = True
    stage.quiet()
    del stage.events[:]
    before = len(stage.received)
    stage.near.write(b"")
    assert stage.quiet() == []
    assert len(stage.received) == before


@kinds(FD)
def test_twisted_C16_order_is_that_of_the_calls(stage: Any) -> None:
    """= Writes made inside pause and resume come behind what was written before them."""
    producer = stage.push()
    producer.on["resume"] = lambda: stage.near.write(b"4")
    stage.reads = False
    producer.on["pause"] = lambda: stage.events.count("P pause") > 1 or stage.near.write(b"2")
    stage.near.registerProducer(producer, True)
    stage.near.write(b"1" * 300_000)
    stage.near.write(b"3")
    stage.reads = True
    stage.quiet()
    assert bytes(stage.received) == b"1" * 300_000 + b"234"


@kinds("tls")
def test_twisted_C16_tls_loses_what_is_written_inside_a_pause(stage: Any) -> None:
    """+ A short write made inside ``pauseProducing`` is lost.

    It comes behind what was written before.
    """
    producer = stage.push()
    producer.on["pause"] = lambda: stage.near.write(b"2")
    stage.reads = False
    stage.near.registerProducer(producer, True)
    stage.near.write(b"1" * 300_000)
    stage.near.write(b"3")
    stage.reads = True
    stage.quiet()
    assert bytes(stage.received[300_000:]) == stage.says(twisted=b"3", pcstream=b"23")


@kinds(FD)
def test_twisted_C17_a_producer_may_write_while_closing(stage: Any) -> None:
    """= What a paused push producer writes when it is resumed while closing is delivered."""
    producer = stage.full()
    stage.near.loseConnection()

    def last() -> None:
        stage.near.write(b"last")
        stage.near.unregisterProducer()

    producer.on["resume"] = last
    stage.reads = True
    stage.until_lost()
    stage.quiet()
    assert bytes(stage.received[-5:]) == b"xlast"


@kinds("tls")
def test_twisted_C17_tls_drops_writes_while_closing(stage: Any) -> None:
    """! A write after ``loseConnection``, with no producer, is dropped."""
    stage.near.write(b"first")
    stage.near.loseConnection()
    stage.near.write(b"second")
    stage.until_lost()
    assert bytes(stage.received) == b"first"


@kinds(EVERY)
def test_twisted_C17_writing_to_the_dead_is_silent(stage: Any) -> None:
    """= A write to the dead does nothing and raises nothing."""
    stage.vanish()
    stage.near.write(b"x")
    stage.until_lost()
    del stage.events[:]
    stage.near.write(b"more")
    stage.near.writeSequence([b"and", b"more"])
    assert stage.quiet() == []


@kinds("tcp unix wrap proc stdio")
def test_twisted_C18_generator_is_used_up(stage: Any) -> None:
    """+ A generator is used up by the check of its types: nothing is sent, nothing raised.

    All of it is sent.
    """
    stage.near.writeSequence(piece for piece in [b"ab", b"cd"])
    stage.quiet()
    assert bytes(stage.received) == stage.says(twisted=b"", pcstream=b"abcd")


@kinds("thr")
def test_twisted_C18_generator_is_used_up_by_a_throttle(stage: Any) -> None:
    """+ A generator is used up by the sum of its lengths: nothing is sent.

    All of it is sent.
    """
    stage.near.writeSequence(piece for piece in [b"ab", b"cd"])
    stage.quiet()
    assert bytes(stage.received) == stage.says(twisted=b"", pcstream=b"abcd")


@kinds("tls")
def test_twisted_C18_tls_sends_a_generator(stage: Any) -> None:
    """= A generator is sent."""
    stage.near.writeSequence(piece for piece in [b"ab", b"cd"])
    stage.quiet()
    assert bytes(stage.received) == b"abcd"


@kinds(EVERY)
def test_twisted_C18_one_bad_element(stage: Any) -> None:
    """= A list with text in it raises ``TypeError``, and none of it is sent."""
    with pytest.raises(TypeError):
        stage.near.writeSequence([b"ab", "cd", b"ef"])
    stage.near.write(b".")
    stage.quiet()
    assert bytes(stage.received) == b"."


@kinds("tcp unix wrap thr tls stdio")
@pytest.mark.parametrize("streaming", [True, False])
def test_twisted_C19_stop_comes_before_the_protocol_hears(stage: Any, streaming: bool) -> None:
    """= ``stopProducing`` once, then ``connectionLost``."""
    producer = stage.push()
    once = []
    producer.on["resume"] = lambda: once or (once.append(1), stage.near.write(b"x" * 300_000))
    stage.reads = False
    stage.near.registerProducer(producer, streaming)
    if streaming:
        stage.near.write(b"x" * 300_000)
    stage.turn(3)
    stage.vanish()
    stage.until_lost()
    stage.quiet()
    told = [event for event in stage.events if event != "P resume" and event != "P pause"]
    assert told[0] == "P stop"
    assert told[1].startswith("lost")
    assert len(told) == 2


@kinds("proc")
def test_twisted_C19_a_child_that_dies_stops_the_producer(stage: Any) -> None:
    """= ``stopProducing`` once, then ``processEnded``."""
    stage.registered()
    stage.vanish()
    stage.until_lost()
    assert stage.events[0] == "P stop"
    assert stage.events.count("P stop") == 1


@kinds("tcp unix wrap thr")
def test_twisted_C20_inside_the_stop_it_is_dead(stage: Any) -> None:
    """= A write inside that stop is ignored, and unregistering does nothing."""
    producer = stage.push()

    def act() -> None:
        stage.near.write(b"more")
        stage.near.unregisterProducer()

    producer.on["stop"] = act
    stage.near.registerProducer(producer, True)
    stage.vanish()
    stage.until_lost()
    stage.quiet()
    assert stage.events[0] == "P stop"
    assert len(stage.events) == 2


@kinds("tcp unix wrap thr")
def test_twisted_C20_registering_inside_the_stop_raises(stage: Any) -> None:
    """+ Registering another producer inside the stop raises ``RuntimeError``.

    The other one is stopped.
    """
    producer = stage.push("A")
    heard: list[str] = []

    def register() -> None:
        try:
            stage.near.registerProducer(stage.push("B"), True)
        except RuntimeError as error:
            heard.append(type(error).__name__)

    producer.on["stop"] = register
    stage.near.registerProducer(producer, True)
    stage.vanish()
    stage.until_lost()
    assert heard == stage.says(twisted=["RuntimeError"], pcstream=[])
    assert ("B stop" in stage.events) is not stage.is_twisted


@kinds("tcp unix wrap thr tls")
def test_twisted_C21_a_stop_that_raises_leaves_the_protocol_waiting(stage: Any, fail: Any) -> None:
    """+ If ``stopProducing`` raises, the protocol never hears ``connectionLost``.

    It does; what was raised is logged.
    """
    producer = stage.registered()
    producer.on["stop"] = fail
    stage.vanish()
    stage.until(lambda: "P stop" in stage.events)
    stage.quiet()
    assert stage.lost is not stage.is_twisted
    assert set(stage.take_errors()) == {"ZeroDivisionError"}


@kinds("proc")
def test_twisted_C21_a_childs_protocol_waits_too(stage: Any, fail: Any) -> None:
    """+ Nor does a child's protocol hear ``processEnded``.

    It does.
    """
    producer = stage.registered()
    producer.on["stop"] = fail
    stage.vanish()
    stage.until(lambda: "P stop" in stage.events)
    stage.package.turn(3)
    if not stage.is_twisted:
        stage.until_lost()
    else:
        stage.turn(20)
    assert stage.lost is not stage.is_twisted
    assert set(stage.take_errors()) == {"ZeroDivisionError"}


@kinds("tcp unix")
def test_twisted_C21_and_the_socket_stays_open(stage: Any, fail: Any) -> None:
    """+ And the socket stays open.

    It is closed.
    """
    producer = stage.registered()
    producer.on["stop"] = fail
    handle = stage.near.getHandle()
    stage.vanish()
    stage.until(lambda: "P stop" in stage.events)
    stage.turn(3)
    assert (handle.fileno() >= 0) is stage.is_twisted
    assert set(stage.take_errors()) == {"ZeroDivisionError"}


@kinds("tcp unix")
def test_twisted_C19_C21_and_the_producer_stays(stage: Any, fail: Any) -> None:
    """+ And the producer stays registered.

    It is let go.
    """
    producer = stage.registered()
    producer.on["stop"] = fail
    stage.vanish()
    stage.until(lambda: "P stop" in stage.events)
    stage.turn(3)
    assert (stage.near.producer is producer) is stage.is_twisted
    assert set(stage.take_errors()) == {"ZeroDivisionError"}


@kinds("tcp unix wrap thr proc stdio")
def test_twisted_C22_a_pause_that_raises_loses_data(stage: Any, fail: Any) -> None:
    """+ The exception reaches the writer, and what was accepted is not sent.

    The exception reaches the writer, and the data is sent.
    """
    producer = stage.registered()
    producer.on["pause"] = fail
    with pytest.raises(ZeroDivisionError):
        stage.near.write(b"x" * 900_000)
    stage.quiet()
    assert len(stage.received) == stage.says(twisted=0, pcstream=900_000)


@kinds("tcp unix wrap thr")
def test_twisted_C23_a_resume_that_raises_ends_the_connection(stage: Any, fail: Any) -> None:
    """! What a resume in the reactor raises is the reason of the loss; the stop comes before."""
    producer = stage.full()
    producer.on["resume"] = fail
    stage.reads = True
    stage.until_lost()
    assert stage.events == ["P pause", "P resume", "P stop", "lost ZeroDivisionError"]
    assert set(stage.take_errors()) == {"ZeroDivisionError"}


@kinds("tls")
def test_twisted_C23_tls_logs_it(stage: Any, fail: Any) -> None:
    """! What a pull producer's resume raises is logged; the connection stays."""
    producer = stage.pull()
    producer.on["resume"] = fail
    stage.near.registerProducer(producer, False)
    stage.quiet()
    assert stage.take_errors() == ["ZeroDivisionError"]
    assert not stage.lost
    stage.registered(name="Q")


@kinds("tcp unix wrap proc stdio")
def test_twisted_C24_it_stays_registered(stage: Any, fail: Any) -> None:
    """+ What the first resume raises reaches the caller, and the producer stays registered.

    It does not.
    """
    producer = stage.pull()
    producer.on["resume"] = fail
    with pytest.raises(ZeroDivisionError):
        stage.near.registerProducer(producer, False)
    if stage.is_twisted:
        with pytest.raises(RuntimeError):
            stage.near.registerProducer(stage.push("Q"), True)
    else:
        stage.near.registerProducer(stage.push("Q"), True)


@kinds("tcp unix wrap thr proc stdio")
def test_twisted_C25_a_falsy_producer_is_one(stage: Any) -> None:
    """= A producer that is false in a boolean sense is paused and resumed as any other."""
    producer = stage.falsy()
    stage.near.registerProducer(producer, True)
    with pytest.raises(RuntimeError):
        stage.near.registerProducer(stage.push("Q"), True)
    stage.reads = False
    stage.near.write(b"x" * 300_000)
    stage.reads = True
    stage.quiet()
    assert stage.events == ["P pause", "P resume"]


@kinds(EVERY)
def test_twisted_C25_the_names_of_the_arguments(stage: Any) -> None:
    """= The arguments are called ``producer`` and ``streaming``; anything true means push."""
    stage.near.registerProducer(producer=stage.push(), streaming="yes")
    assert stage.quiet() == []


@kinds("tcp unix wrap thr")
def test_twisted_C26_a_well_behaved_producer_bounds_the_buffer(stage: Any) -> None:
    """= With a producer that keeps to its pauses, limit and one write is all that waits."""
    producer = stage.push()
    state = {"on": True, "written": 0}
    producer.on["pause"] = lambda: state.update(on=False)
    producer.on["resume"] = lambda: state.update(on=True)
    stage.near.registerProducer(producer, True)
    most = 0
    for turn in range(300):
        stage.reads = turn % 3 == 0
        if state["on"]:
            stage.near.write(b"x" * 16_000)
            state["written"] += 16_000
        most = max(most, state["written"] - len(stage.received))
        stage.turn()
    assert state["written"] > 1_000_000
    assert most <= LIMIT + 16_000 + IN_THE_KERNEL


@kinds("tcp")
@pytest.mark.late
def test_twisted_C27_never_connected_never_stopped(stage: Any) -> None:
    """+ What was registered on a client that never connects is never stopped.

    It is stopped before ``clientConnectionFailed``.
    """
    import socket

    protocol = stage.package.internet_protocol
    factory = protocol.ClientFactory()
    factory.noisy = False
    failed = []
    factory.clientConnectionFailed = lambda *_: failed.append(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        connector = stage.reactor.connectTCP("127.0.0.1", taken.getsockname()[1], factory)
        connector.transport.registerProducer(stage.push(), True)
        while not failed:
            stage.reactor.iterate(0)
        stage.package.turn(3)
    assert stage.events == stage.says(twisted=[], pcstream=["P stop"])

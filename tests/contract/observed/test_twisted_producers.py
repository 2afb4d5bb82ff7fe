"""What Twisted's producers and adapters were seen to do, rule by rule; see ``conftest``."""

from __future__ import annotations

import io
from typing import Any

import pytest

kinds = pytest.mark.kinds

SOCKETS = "tcp unix wrap thr"
ONE = pytest.mark.kinds(packages="twisted")


# Push producers: a transport that is read from.


@kinds(SOCKETS + " tls stdio")
def test_twisted_P1_a_transport_reads_from_the_beginning(stage: Any) -> None:
    """= A transport delivers without ever having been resumed."""
    stage.tell(b"hello")
    stage.until(lambda: stage.ear.received)


@kinds(SOCKETS + " stdio")
def test_twisted_P2_a_transport_delivers_nothing_more(stage: Any) -> None:
    """= After a pause nothing is delivered, not even what was sent before."""
    stage.ear.on["data"] = lambda: stage.near.pauseProducing()
    stage.tell(b"x" * 10_000)
    stage.until(lambda: stage.ear.received)
    stage.tell(b"y" * 10_000)
    stage.quiet()
    assert stage.ear.deliveries == 1


@kinds("tls")
def test_twisted_P2_tls_overshoots(stage: Any) -> None:
    """+ After a pause every record that is decrypted already is delivered.

    None is.
    """
    stage.ear.on["data"] = lambda: stage.near.pauseProducing()
    for _ in range(4):
        stage.tell(b"x" * 16_000)
    stage.until(lambda: stage.ear.received)
    stage.quiet()
    assert (stage.ear.deliveries > 1) is stage.is_twisted
    stage.near.resumeProducing()


@kinds(SOCKETS + " tls stdio")
def test_twisted_P4_a_resume_out_of_turn_is_harmless(stage: Any) -> None:
    """= Resuming a transport that is not paused changes nothing."""
    for _ in range(3):
        stage.near.resumeProducing()
    stage.tell(b"x")
    stage.until(lambda: stage.ear.received)
    assert stage.ear.deliveries == 1


def adapted(package: Any, producer: Any, sink: Any, *clock: Any) -> Any:
    made = package.pull_to_push(producer, sink, *clock)
    sink.producer = made
    package.closers.append(made.stopStreaming)
    made.startStreaming()
    return made


@pytest.fixture
def source(pull: Any, sink: Any) -> Any:
    """A pull producer that writes one byte for each request."""
    made = pull()
    made.on["resume"] = lambda: sink.write(b"x")
    return made


def test_twisted_P3_the_adapter_counts_pauses(package: Any, source: Any, sink: Any) -> None:
    """+ ``_PullToPush``: after pause, pause, resume it is still paused.

    It produces.
    """
    adapter = adapted(package, source, sink)
    adapter.pauseProducing()
    adapter.pauseProducing()
    adapter.resumeProducing()
    before = len(sink.data)
    package.quiet()
    assert (len(sink.data) == before) is package.is_twisted
    adapter.stopProducing()


def test_twisted_P4_P6_the_adapter_raises(package: Any, source: Any, sink: Any) -> None:
    """+ ``_PullToPush``: a resume without a pause raises ``NotPaused``.

    It is nothing.
    """
    adapter = adapted(package, source, sink)
    if package.is_twisted:
        with pytest.raises(package.internet_task.NotPaused):
            adapter.resumeProducing()
    else:
        adapter.resumeProducing()
    adapter.stopProducing()


@ONE
def test_twisted_P3_P4_the_body_of_a_request(package: Any, sink: Any) -> None:
    """+ ``web.client.FileBodyProducer`` counts pauses, and raises ``NotPaused``, too.

    ``web`` is Twisted's own.
    """
    task = package.internet_task
    ticks: list[Any] = []
    cooperator = task.Cooperator(terminationPredicateFactory=lambda: bool, scheduler=ticks.append)
    client = package.module("web.client")
    body = client.FileBodyProducer(io.BytesIO(b"x" * 1000), cooperator=cooperator, readSize=10)
    body.startProducing(sink)
    with pytest.raises(task.NotPaused):
        body.resumeProducing()
    body.pauseProducing()
    body.pauseProducing()
    body.resumeProducing()
    before = len(sink.data)
    while ticks:
        ticks.pop(0)()
    assert len(sink.data) == before
    body.resumeProducing()
    while ticks:
        ticks.pop(0)()
    assert len(sink.data) == 1000


@ONE
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_twisted_P5_a_static_file_is_closed(package: Any) -> None:
    """= ``web.static``'s producers close their file when stopped, and bear a second stop.

    ``web`` is Twisted's own.
    """
    static = package.module("web.static")

    class Request:
        def registerProducer(self, producer: Any, streaming: bool) -> None:
            pass

    file = io.BytesIO(b"x")
    producer = static.NoRangeStaticProducer(Request(), file)
    producer.start()
    producer.stopProducing()
    assert file.closed
    producer.stopProducing()


def test_twisted_P5_a_file_sender_closes_nothing(package: Any, sink: Any) -> None:
    """! ``FileSender`` leaves its file open when it is stopped."""
    file = io.BytesIO(b"x" * 100)
    sender = package.protocols_basic.FileSender()
    done = sender.beginFileTransfer(file, sink)
    sender.stopProducing()
    assert not file.closed
    done.addErrback(lambda failure: None)


def test_twisted_P5_the_adapter_passes_each_stop_on(
    package: Any, source: Any, sink: Any, events: list[str]
) -> None:
    """+ ``_PullToPush``: stopped twice, it stops the pull producer twice.

    Once.
    """
    adapter = adapted(package, source, sink)
    adapter.stopProducing()
    try:
        adapter.stopProducing()
    except Exception as error:
        assert package.is_twisted, error
    assert events.count("P stop") == package.says(twisted=2, pcstream=1)


@kinds(SOCKETS + " tls stdio")
def test_twisted_P7_the_later_of_two_calls_counts(stage: Any) -> None:
    """= Inside a delivery: resume then pause pauses, pause then resume goes on."""
    near = stage.near
    stage.ear.on["data"] = lambda: (near.pauseProducing(), near.resumeProducing())
    stage.tell(b"a")
    stage.until(lambda: stage.ear.deliveries == 1)
    stage.tell(b"b")
    stage.until(lambda: stage.ear.deliveries == 2)
    stage.ear.on["data"] = lambda: (near.resumeProducing(), near.pauseProducing())
    stage.tell(b"c")
    stage.until(lambda: stage.ear.deliveries == 3)
    stage.tell(b"d")
    stage.quiet()
    assert stage.ear.deliveries == 3
    near.resumeProducing()


def test_twisted_P8_a_file_sender_unregisters_once(package: Any, sink: Any) -> None:
    """= ``FileSender`` unregisters once, after its last byte."""
    sender = package.protocols_basic.FileSender()
    done = sender.beginFileTransfer(io.BytesIO(b"x" * 20_000), sink)
    for _ in range(3):
        sender.resumeProducing()
    assert sink.calls == ["register pull", "unregister"]
    assert len(sink.data) == 20_000
    done.addErrback(lambda failure: None)


# Pull producers.


@kinds(SOCKETS + " proc stdio")
def test_twisted_L1_who_writes_nothing_is_asked_no_more(stage: Any) -> None:
    """= A pull producer that writes nothing when it is asked is never asked again."""
    stage.registered(streaming=False)
    stage.quiet()
    assert stage.events == ["P resume"]
    stage.near.unregisterProducer()


@kinds("tls")
def test_twisted_L1_tls_asks_without_end(stage: Any) -> None:
    """+ A pull producer that writes nothing is asked in every turn.

    Each time it waits longer.
    """
    stage.registered(streaming=False)
    for _ in range(10):
        stage.reactor.iterate(0)
    asked = stage.events.count("P resume")
    assert (asked >= 50) is stage.is_twisted
    assert asked >= 1
    stage.near.unregisterProducer()


@kinds(SOCKETS + " proc stdio")
def test_twisted_L2_who_writes_unasked_is_asked_again(stage: Any) -> None:
    """= A write outside of a resume is taken; when it is sent the producer is asked."""
    stage.registered(streaming=False)
    stage.quiet()
    stage.near.write(b"x")
    stage.quiet()
    assert stage.events == ["P resume"] * 2
    stage.near.unregisterProducer()


@kinds(SOCKETS + " tls proc stdio")
def test_twisted_L3_several_writes_for_one_request(stage: Any) -> None:
    """= Several writes for one request are all taken and all arrive."""
    left = [b"a" * 50_000] * 6
    producer = stage.pull()

    def give() -> None:
        if not left:
            stage.near.unregisterProducer()
        for _ in range(2 if left else 0):
            stage.near.write(left.pop())

    producer.on["resume"] = give
    stage.near.registerProducer(producer, False)
    stage.until(lambda: len(stage.received) == 300_000 and not left)
    stage.quiet()


@kinds(SOCKETS + " proc stdio")
def test_twisted_L5_it_may_unregister_in_its_first_request(stage: Any) -> None:
    """= A pull producer that unregisters inside ``registerProducer`` leaves nobody registered."""
    producer = stage.pull()
    producer.on["resume"] = stage.near.unregisterProducer
    stage.near.registerProducer(producer, False)
    stage.registered(name="Q")
    assert stage.quiet() == ["P resume"]


@kinds(SOCKETS + " proc stdio tls")
def test_twisted_L6_no_transport_pauses_a_pull_producer(stage: Any) -> None:
    """= A pull producer without ``pauseProducing`` is never asked for it."""
    stage.reads = False
    producer = stage.pull()
    producer.on["resume"] = lambda: stage.near.write(b"x" * 200_000)
    stage.near.registerProducer(producer, False)
    stage.turn(5)
    stage.near.write(b"x" * 200_000)
    stage.turn(5)
    assert set(stage.events) == {"P resume"}
    stage.near.unregisterProducer()


# Adapters.


@kinds("tls")
def test_twisted_A1_pauses_of_the_layer_below_are_counted_too(stage: Any) -> None:
    """= Over TLS a pull producer that writes twice for a request gets all of it through."""
    stage.reads = False
    left = [b"a" * 100_000] * 6
    producer = stage.pull()

    def give() -> None:
        if not left:
            stage.near.unregisterProducer()
        for _ in range(2 if left else 0):
            stage.near.write(left.pop())

    producer.on["resume"] = give
    stage.near.registerProducer(producer, False)
    stage.turn(5)
    stage.reads = True
    stage.until(lambda: len(stage.received) == 600_000)
    stage.quiet()


def test_twisted_A1_the_adapter_stays_paused(package: Any, source: Any, sink: Any) -> None:
    """+ ``_PullToPush`` needs as many resumes as there were pauses.

    One.
    """
    adapter = adapted(package, source, sink)
    for _ in range(3):
        adapter.pauseProducing()
    resumes = 0
    before = len(sink.data)
    while len(sink.data) == before:
        adapter.resumeProducing()
        resumes += 1
        package.quiet()
    assert resumes == package.says(twisted=3, pcstream=1)
    adapter.stopProducing()


def test_twisted_A2_the_adapter_asks_in_every_turn(
    package: Any, pull: Any, sink: Any, events: list[str]
) -> None:
    """+ ``_PullToPush`` yields between two requests, but asks again at once if nothing came.

    It waits longer each time, if its consumer has given it a clock, as TLS does.
    """
    clock = [] if package.is_twisted else [package.reactor]
    adapter = adapted(package, pull(), sink, *clock)
    for _ in range(10):
        package.reactor.iterate(0)
    assert (len(events) >= 50) is package.is_twisted
    adapter.stopProducing()


def test_twisted_A3_nothing_after_the_stop(
    package: Any, source: Any, sink: Any, events: list[str]
) -> None:
    """= ``_PullToPush`` pulls no more once it is stopped."""
    adapter = adapted(package, source, sink)
    package.quiet()
    adapter.stopProducing()
    before = list(events)
    package.quiet()
    assert events == before


def test_twisted_A3_a_pause_after_the_stop_raises(package: Any, source: Any, sink: Any) -> None:
    """+ ``_PullToPush``: a pause after the stop raises ``TaskStopped``.

    It is nothing.
    """
    adapter = adapted(package, source, sink)
    adapter.stopProducing()
    if package.is_twisted:
        with pytest.raises(package.internet_task.TaskStopped):
            adapter.pauseProducing()
    else:
        adapter.pauseProducing()


def test_twisted_A4_who_raises_hears_nothing(
    package: Any, pull: Any, sink: Any, events: list[str], fail: Any
) -> None:
    """+ ``_PullToPush`` logs what a request raises and unregisters; the producer is not stopped.

    It is stopped as well.
    """
    producer = pull()
    producer.on["resume"] = fail
    adapted(package, producer, sink)
    package.quiet()
    assert {type(error).__name__ for error in package.errors} == {"ZeroDivisionError"}
    package.take_errors()
    assert "unregister" in sink.calls
    assert events == package.says(twisted=["P resume"], pcstream=["P resume", "P stop"])


def test_twisted_A5_a_pulled_proxy_gives_when_asked(package: Any, sink: Any, push: Any) -> None:
    """+ ``ProducerConsumerProxy`` in pull mode keeps what was pushed until it is asked, and then
    raises ``TypeError`` (X1).

    It hands it over.
    """
    pcp = package.protocols_pcp
    proxy = pcp.ProducerConsumerProxy(sink)
    proxy.iAmStreaming = False
    proxy.registerProducer(push(), True)
    proxy.write(b"x")
    assert sink.pieces == []
    if package.is_twisted:
        with pytest.raises(TypeError):
            proxy.resumeProducing()
    else:
        proxy.resumeProducing()
        assert sink.data == b"x"


def test_twisted_A5_and_pauses_at_its_limit(
    package: Any, sink: Any, push: Any, events: list[str]
) -> None:
    """= It pauses whoever pushes when it holds its limit."""
    proxy = package.protocols_pcp.ProducerConsumerProxy(sink)
    proxy.iAmStreaming = False
    proxy.registerProducer(push(), True)
    proxy.write(b"x" * 70_000)
    assert "P pause" in events


def test_twisted_A6_a_protocol_as_consumer_ignores_producers(
    package: Any, push: Any, events: list[str]
) -> None:
    """! ``ProtocolToConsumerAdapter`` takes any producer, any number of times, and drops it."""
    protocols = package.internet_protocol
    heard = []
    protocol = protocols.Protocol()
    protocol.dataReceived = heard.append
    consumer = protocols.ProtocolToConsumerAdapter(protocol)
    consumer.registerProducer(push("P"), True)
    consumer.registerProducer(push("Q"), True)
    consumer.write(b"x" * 100_000)
    consumer.unregisterProducer()
    assert events == []
    assert len(heard) == 1


# FileSender.


def sender_of(package: Any) -> Any:
    return package.protocols_basic.FileSender()


def outcome(done: Any) -> list[Any]:
    got: list[Any] = []
    done.addCallbacks(got.append, lambda failure: got.append(failure.value))
    return got


def test_twisted_F1_a_chunk_for_each_request(package: Any, sink: Any) -> None:
    """= 16 384 bytes for each request; it fires with the last byte after ``transform``."""
    sender = sender_of(package)
    assert sender.CHUNK_SIZE == 16_384
    got = outcome(sender.beginFileTransfer(io.BytesIO(b"a" * 20_000), sink, bytes.upper))
    sender.resumeProducing()
    assert [len(piece) for piece in sink.pieces] == [16_384]
    sender.resumeProducing()
    sender.resumeProducing()
    assert [len(piece) for piece in sink.pieces] == [16_384, 20_000 - 16_384]
    assert got == [b"A"]
    assert sender.lastSent == b"A"


@kinds(SOCKETS)
def test_twisted_F2_an_empty_file_fires_with_text(stage: Any) -> None:
    """! An empty file fires at once, with ``''``, which is a ``str``."""
    got = outcome(sender_of(stage.package).beginFileTransfer(io.BytesIO(b""), stage.near))
    assert got == [""]


@kinds(SOCKETS)
def test_twisted_F3_fires_when_asked_for_more(stage: Any) -> None:
    """! It fires when it is asked for more, which is before the last chunk has arrived."""
    stage.reads = False
    file = io.BytesIO(b"x" * 5_000)
    got = outcome(sender_of(stage.package).beginFileTransfer(file, stage.near))
    assert got == []
    stage.reactor.iterate(0)
    stage.reactor.iterate(0)
    assert got == [b"x"]
    assert not file.closed
    assert len(stage.received) == 0


def test_twisted_F4_a_stop_fails_it(package: Any, sink: Any) -> None:
    """= Stopped, it fails with ``Exception("Consumer asked us to stop producing")``."""
    sender = sender_of(package)
    got = outcome(sender.beginFileTransfer(io.BytesIO(b"x"), sink))
    sender.stopProducing()
    assert type(got[0]) is Exception
    assert got[0].args == ("Consumer asked us to stop producing",)


@kinds(SOCKETS + " tls")
def test_twisted_F4_on_the_dead_it_has_failed_already(stage: Any) -> None:
    """= With a dead consumer it has failed when ``beginFileTransfer`` returns; nothing is read."""
    stage.vanish()
    stage.near.write(b"x")
    stage.until_lost()
    file = io.BytesIO(b"x")
    got = outcome(sender_of(stage.package).beginFileTransfer(file, stage.near))
    assert str(got[0]) == "Consumer asked us to stop producing"
    assert file.tell() == 0


@kinds(SOCKETS + " tls proc stdio")
def test_twisted_F4_a_busy_consumer_raises(stage: Any) -> None:
    """! With a consumer that has a producer ``beginFileTransfer`` raises ``RuntimeError``."""
    stage.registered()
    with pytest.raises(RuntimeError):
        sender_of(stage.package).beginFileTransfer(io.BytesIO(b"x"), stage.near)


class Broken(io.BytesIO):
    """Raises from the second read on, or from the first."""

    def __init__(self, good: int) -> None:
        super().__init__(b"x" * 100_000)
        self.good = good

    def read(self, size: int | None = -1) -> bytes:
        if not self.good:
            raise ZeroDivisionError
        self.good -= 1
        return super().read(size)


@kinds("tcp unix")
def test_twisted_F5_a_first_read_that_raises(stage: Any) -> None:
    """+ What the first ``read`` raises comes out of ``beginFileTransfer``, and the sender stays
    registered.

    The Deferred fails with it, and nobody is registered.
    """
    sender = sender_of(stage.package)
    if stage.is_twisted:
        with pytest.raises(ZeroDivisionError):
            sender.beginFileTransfer(Broken(0), stage.near)
        with pytest.raises(RuntimeError):
            stage.registered()
    else:
        got = outcome(sender.beginFileTransfer(Broken(0), stage.near))
        assert [type(value) for value in got] == [ZeroDivisionError]
        stage.registered()


@kinds("tcp unix")
def test_twisted_F5_a_later_read_that_raises(stage: Any) -> None:
    """+ What a later one raises ends the connection, and the Deferred fails with the words of a
    stop.

    The Deferred fails with it; the connection stays.
    """
    got = outcome(sender_of(stage.package).beginFileTransfer(Broken(1), stage.near))
    stage.quiet()
    assert stage.lost is stage.is_twisted
    if stage.is_twisted:
        assert str(got[0]) == "Consumer asked us to stop producing"
        assert stage.take_errors()
    else:
        assert [type(value) for value in got] == [ZeroDivisionError]


@kinds("tls")
def test_twisted_F5_on_tls_it_never_fires(stage: Any) -> None:
    """+ The Deferred never fires.

    It fails with what was raised.
    """
    got = outcome(sender_of(stage.package).beginFileTransfer(Broken(1), stage.near))
    stage.quiet()
    assert [type(v) for v in got] == stage.says(twisted=[], pcstream=[ZeroDivisionError])
    assert stage.take_errors() == stage.says(twisted=["ZeroDivisionError"], pcstream=[])


@kinds("tcp unix")
def test_twisted_F6_a_chunk_that_is_swallowed_stalls_it(stage: Any) -> None:
    """+ A ``transform`` that makes nothing of a chunk stalls the transfer for good.

    It goes on with the next.
    """
    file = io.BytesIO(b"a" * 16_384 + b"b" * 100)
    drop = lambda data: b"" if data.startswith(b"a") else data
    got = outcome(sender_of(stage.package).beginFileTransfer(file, stage.near, drop))
    stage.quiet()
    assert bytes(stage.received) == stage.says(twisted=b"", pcstream=b"b" * 100)
    assert got == stage.says(twisted=[], pcstream=[b"b"])


@kinds("tls")
def test_twisted_F6_tls_goes_on(stage: Any) -> None:
    """= The transfer goes on."""
    file = io.BytesIO(b"a" * 16_384 + b"b" * 100)
    drop = lambda data: b"" if data.startswith(b"a") else data
    got = outcome(sender_of(stage.package).beginFileTransfer(file, stage.near, drop))
    stage.until(lambda: len(stage.received) == 100)
    stage.until(lambda: got)


@kinds("tcp unix tls")
def test_twisted_F7_cancelling_changes_nothing(stage: Any) -> None:
    """+ After ``cancel`` the whole file is still sent.

    The transfer ends.
    """
    done = sender_of(stage.package).beginFileTransfer(io.BytesIO(b"x" * 300_000), stage.near)
    outcome(done)
    done.cancel()
    stage.quiet()
    assert (len(stage.received) == 300_000) is stage.is_twisted


def test_twisted_F7_a_second_start_replaces_the_first(package: Any, sink: Any) -> None:
    """+ A second transfer takes the place of the first, whose Deferred never fires.

    ``RuntimeError``.
    """
    sender = sender_of(package)
    first = outcome(sender.beginFileTransfer(io.BytesIO(b"1"), sink))
    if not package.is_twisted:
        with pytest.raises(RuntimeError):
            sender.beginFileTransfer(io.BytesIO(b"2"), sink)
        return
    second = outcome(sender.beginFileTransfer(io.BytesIO(b"2"), sink))
    for _ in range(3):
        sender.resumeProducing()
    assert first == []
    assert second == [b"2"]
    assert sink.data == b"2"


@kinds(SOCKETS + " proc stdio")
def test_twisted_F8_a_file_and_then_the_end(stage: Any) -> None:
    """= The whole file arrives, and then the end."""
    sender_of(stage.package).beginFileTransfer(io.BytesIO(b"x" * 200_000), stage.near)
    stage.near.loseConnection()
    stage.until_lost()
    stage.quiet()
    assert len(stage.received) == 200_000


@kinds("tls")
@pytest.mark.parametrize("size", [50_000, 200_000])
def test_twisted_F8_on_tls_the_end_is_lost(stage: Any, size: int) -> None:
    """+ Part of the file is lost, though the Deferred reports success and the end is a clean one.

    All of it arrives.
    """
    done = sender_of(stage.package).beginFileTransfer(io.BytesIO(b"x" * size), stage.near)
    got = outcome(done)
    stage.near.loseConnection()
    stage.until(lambda: got)
    stage.until_lost()
    stage.quiet()
    assert got == [b"x"]
    assert stage.far_end == "eof"
    assert (len(stage.received) < size) is stage.is_twisted


def test_twisted_F9_nothing_yet_counts_as_the_end(package: Any, sink: Any) -> None:
    """+ ``read`` returning None counts as the end.

    It is tried again later.
    """

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> Any:
            return None

    sender = sender_of(package)
    got = outcome(sender.beginFileTransfer(Slow(), sink))
    sender.resumeProducing()
    assert bool(got) is package.is_twisted
    sender.stopProducing()

"""The ``str`` column of the producer/consumer contract: StringTransport, quirks included.

Every rule here is one that tests of existing programs rely on.  Where Twisted is there, each
scenario is run on its StringTransport as well.
"""

from __future__ import annotations

import importlib

import pytest

PACKAGES = ["pcstream", "twisted"]


@pytest.fixture(params=PACKAGES)
def testing(request):
    if request.param == "twisted":
        pytest.importorskip("twisted")
    return importlib.import_module(f"{request.param}.internet.testing")


@pytest.fixture
def transport(testing):
    return testing.StringTransport()


class Producer:
    """Notes what it is told."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        if not name.endswith("Producing"):
            raise AttributeError(name)
        return lambda: self.calls.append(name)


class Falsy(Producer):
    def __len__(self):
        return 0


def test_C1_second_registration_is_refused_in_its_own_words(transport):
    first, second = Producer(), Producer()
    transport.registerProducer(first, True)
    for again in (first, second):
        with pytest.raises(RuntimeError, match=r"^Cannot register two producers$"):
            transport.registerProducer(again, False)
    assert transport.producer is first
    assert transport.streaming is True


@pytest.mark.parametrize("end", ["loseConnection", "abortConnection"])
def test_C2_registering_on_a_closed_one_calls_nothing(transport, end):
    getattr(transport, end)()
    producer = Producer()
    transport.registerProducer(producer, True)
    assert producer.calls == []
    assert transport.producer is producer


@pytest.mark.parametrize("streaming", [True, False])
def test_C4_L4_no_producer_is_ever_asked(transport, streaming):
    producer = Producer()
    transport.registerProducer(producer, streaming)
    assert producer.calls == []


def test_C5_no_producer_is_ever_paused(transport):
    producer = Producer()
    transport.registerProducer(producer, True)
    transport.write(b"x" * 1_000_000)
    assert producer.calls == []
    assert len(transport.value()) == 1_000_000


def test_C13_unregistering_nobody_is_an_error(transport):
    text = "^Cannot unregister a producer unless one is registered$"
    with pytest.raises(RuntimeError, match=text):
        transport.unregisterProducer()
    transport.registerProducer(Producer(), True)
    transport.unregisterProducer()
    assert transport.producer is None
    assert transport.streaming is None
    with pytest.raises(RuntimeError, match=text):
        transport.unregisterProducer()


@pytest.mark.parametrize("data", ["text", bytearray(b"x"), memoryview(b"x"), None, 3])
@pytest.mark.parametrize("closed", [False, True])
def test_C15_only_bytes_may_be_written(transport, data, closed):
    if closed:
        transport.abortConnection()
    with pytest.raises(TypeError, match=r"^Data must be bytes$"):
        transport.write(data)
    assert transport.value() == b""


def test_C15_an_empty_write_changes_nothing(transport):
    transport.write(b"")
    assert transport.value() == b""


def test_C17_a_closed_one_still_takes_bytes(transport):
    transport.loseConnection()
    transport.write(b"late")
    assert transport.value() == b"late"


def test_C18_write_sequence_takes_any_iterable_once(transport):
    transport.writeSequence([b"a", b"b"])
    transport.writeSequence(each for each in (b"c", b"d"))
    transport.writeSequence((b"e",))
    assert transport.value() == b"abcde"


def test_C18_one_bad_element_and_none_is_sent(transport):
    with pytest.raises(TypeError):
        transport.writeSequence([b"a", "b"])
    assert transport.value() == b""


@pytest.mark.parametrize("end", ["loseConnection", "abortConnection"])
def test_C19_no_producer_is_ever_stopped(testing, end):
    from pcstream.internet.protocol import Protocol

    for transport in (testing.StringTransport(), testing.StringTransportWithDisconnection()):
        transport.protocol = Protocol()
        producer = Producer()
        transport.registerProducer(producer, True)
        getattr(transport, end)()
        assert producer.calls == []
        assert transport.producer is producer


def test_C25_a_falsy_producer_is_one(transport):
    transport.registerProducer(Falsy(), True)
    with pytest.raises(RuntimeError):
        transport.registerProducer(Producer(), True)
    transport.unregisterProducer()


def test_T7_pause_and_resume_are_a_state(transport):
    assert transport.producerState == "producing"
    transport.pauseProducing()
    transport.pauseProducing()
    assert transport.producerState == "paused"
    transport.resumeProducing()
    assert transport.producerState == "producing"
    transport.resumeProducing()


@pytest.mark.parametrize("end", ["loseConnection", "abortConnection"])
@pytest.mark.parametrize("call", ["pauseProducing", "resumeProducing"])
def test_T7_closing_refuses_both(transport, end, call):
    getattr(transport, end)()
    with pytest.raises(RuntimeError, match=r"^Cannot resume producing after loseConnection$"):
        getattr(transport, call)()


def test_T7_lenient_allows_both(testing):
    transport = testing.StringTransport(lenient=True)
    transport.loseConnection()
    transport.pauseProducing()
    assert transport.producerState == "paused"
    transport.resumeProducing()
    assert transport.producerState == "producing"


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("call", ["pauseProducing", "resumeProducing"])
def test_T9_a_stopped_one_refuses_both_and_stays_open(testing, lenient, call):
    transport = testing.StringTransport(lenient=lenient)
    transport.stopProducing()
    transport.stopProducing()
    assert transport.producerState == "stopped"
    assert not transport.disconnecting
    with pytest.raises(RuntimeError, match=r"^Cannot resume a stopped producer$"):
        getattr(transport, call)()


def test_state_after_an_abort(transport):
    assert (transport.disconnecting, transport.disconnected) == (False, False)
    transport.abortConnection()
    assert (transport.disconnecting, transport.disconnected) == (True, True)
    assert transport.connected


def test_T5_the_protocol_hears_of_the_loss_once(testing):
    package = testing.__name__.split(".")[0]
    protocol = importlib.import_module(f"{package}.internet.protocol")
    error = importlib.import_module(f"{package}.internet.error")
    reasons = []

    class Listener(protocol.Protocol):
        def connectionLost(self, reason):
            reasons.append(reason)

    transport = testing.StringTransportWithDisconnection()
    transport.protocol = Listener()
    transport.abortConnection()
    transport.loseConnection()
    transport.abortConnection()
    [reason] = reasons
    assert reason.check(error.ConnectionDone)
    assert str(reason.value) == "Connection was closed cleanly: Bye.."
    assert not transport.connected


def test_addresses(testing):
    transport = testing.StringTransport()
    host, peer = transport.getHost(), transport.getPeer()
    assert (host.type, host.host, host.port) == ("TCP", "10.0.0.1", 12345)
    assert (peer.type, peer.host, peer.port) == ("TCP", "192.168.1.1", 54321)
    transport = testing.StringTransport("here", "there")
    assert (transport.getHost(), transport.getPeer()) == ("here", "there")


def test_clear_forgets_what_was_written(transport):
    transport.write(b"before")
    transport.clear()
    transport.write(b"after")
    assert transport.value() == b"after"

"""The reactor's life without descriptors: events, timers, threads, names, connectors."""

from __future__ import annotations

import functools
import gc
import socket
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from zope.interface import implementer
from zope.interface.verify import verifyClass, verifyObject

from pcstream.internet import base, defer, error, posixbase
from pcstream.internet._system_events import _ThreePhaseEvent
from pcstream.internet.base import DelayedCall, ReactorBase
from pcstream.internet.interfaces import (
    IConnector,
    IDelayedCall,
    IReactorCore,
    IReactorPluggableNameResolver,
    IReactorPluggableResolver,
    IReactorThreads,
    IReactorTime,
    IResolverSimple,
)
from pcstream.python import log


class Bare(ReactorBase):
    """A reactor that has nothing to wait for, and a clock that tests set."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float | None] = []
        self.wake_ups = 0
        super().__init__()

    def seconds(self) -> float:  # type: ignore[override]
        return self.now

    def installWaker(self) -> None:
        pass

    def wakeUp(self) -> None:
        self.wake_ups += 1

    def removeAll(self) -> list[Any]:
        return []

    def doIteration(self, delay: float | None) -> None:
        self.waits.append(delay)


@pytest.fixture
def reactor() -> Bare:
    return Bare()


@pytest.fixture
def errors() -> Iterator[list[dict[str, Any]]]:
    seen: list[dict[str, Any]] = []

    def observe(event: dict[str, Any]) -> None:
        if event.get("isError"):
            seen.append(event)

    log.addObserver(observe)
    yield seen
    log.removeObserver(observe)


def test_keeps_its_interfaces(reactor: Bare) -> None:
    for interface in (
        IReactorCore,
        IReactorTime,
        IReactorThreads,
        IReactorPluggableResolver,
        IReactorPluggableNameResolver,
    ):
        assert verifyClass(interface, ReactorBase)
        assert verifyObject(interface, reactor)
    assert verifyClass(IDelayedCall, DelayedCall)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("addReader", (1,)),
        ("addWriter", (1,)),
        ("removeReader", (1,)),
        ("removeWriter", (1,)),
        ("doIteration", (1,)),
        ("removeAll", ()),
        ("getReaders", ()),
        ("getWriters", ()),
        ("installWaker", ()),
    ],
)
def test_says_what_a_subclass_lacks(reactor: Bare, method: str, arguments: Any) -> None:
    with pytest.raises(NotImplementedError, match=rf"Bare did not implement {method}"):
        getattr(ReactorBase, method)(reactor, *arguments)


# Life


def test_the_phases_and_what_holds_in_each(reactor: Bare) -> None:
    seen: list[Any] = []

    def note(phase: str, event: str) -> None:
        seen.append((phase, event, reactor.running))

    for event in ("startup", "shutdown"):
        for phase in ("after", "during", "before"):
            reactor.addSystemEventTrigger(phase, event, note, phase, event)
    reactor.callWhenRunning(reactor.stop)
    reactor.run()
    assert seen == [
        ("before", "startup", False),
        ("during", "startup", True),
        ("after", "startup", True),
        ("before", "shutdown", True),
        ("during", "shutdown", False),
        ("after", "shutdown", False),
    ]


def test_state_errors(reactor: Bare) -> None:
    with pytest.raises(error.ReactorNotRunning, match="Can't stop reactor that isn't running"):
        reactor.stop()

    def inside() -> None:
        with pytest.raises(error.ReactorAlreadyRunning):
            reactor.run()
        reactor.stop()
        with pytest.raises(error.ReactorNotRunning):
            reactor.stop()

    reactor.callWhenRunning(inside)
    reactor.run()
    with pytest.raises(error.ReactorNotRestartable):
        reactor.run()


def test_call_when_running(reactor: Bare) -> None:
    seen: list[str] = []
    removed = reactor.callWhenRunning(seen.append, "removed")
    assert removed is not None
    reactor.removeSystemEventTrigger(removed)
    reactor.callWhenRunning(seen.append, "first")

    def second() -> None:
        assert reactor.callWhenRunning(seen.append, "at once") is None
        seen.append("second")
        reactor.stop()

    reactor.callWhenRunning(second)
    reactor.run()
    assert seen == ["first", "at once", "second"]


def test_stop_waits_for_what_before_shutdown_returns(reactor: Bare) -> None:
    wait: defer.Deferred[None] = defer.Deferred()
    seen: list[str] = []
    reactor.addSystemEventTrigger("before", "shutdown", lambda: wait)
    reactor.addSystemEventTrigger("during", "shutdown", seen.append, "during")
    reactor.callWhenRunning(reactor.stop)

    def turn(delay: float | None) -> None:
        seen.append(f"turn {delay}")
        if len(seen) == 3:
            wait.callback(None)

    reactor.doIteration = turn  # type: ignore[method-assign]
    reactor.run()
    assert seen == ["turn None", "turn None", "turn None", "during"]


def test_crash_fires_no_shutdown_and_allows_another_run(reactor: Bare) -> None:
    seen: list[str] = []
    reactor.addSystemEventTrigger("before", "shutdown", seen.append, "shutdown")
    reactor.callWhenRunning(reactor.crash)
    reactor.run()
    assert seen == []
    assert not reactor.running
    reactor.callWhenRunning(reactor.stop)
    reactor.run()
    assert seen == ["shutdown"]


def test_the_loop_survives_what_it_must(reactor: Bare, errors: list[Any]) -> None:
    def fail(delay: float | None) -> None:
        if reactor.running:
            reactor.stop()
            raise OSError("no memory")

    reactor.doIteration = fail  # type: ignore[method-assign]
    reactor.run()
    assert [event["why"] for event in errors] == ["Unexpected error in main loop"]


def test_disconnect_all_reaches_everybody(reactor: Bare, errors: list[Any]) -> None:
    lost: list[Any] = []

    class Bad:
        def logPrefix(self) -> str:
            return "Bad"

        def connectionLost(self, reason: Any) -> None:
            raise ZeroDivisionError

    class Good(Bad):
        def connectionLost(self, reason: Any) -> None:
            lost.append(reason.type)

    reactor.removeAll = lambda: [Bad(), Good()]  # type: ignore[method-assign]
    reactor.disconnectAll()
    assert lost == [error.ConnectionLost]
    assert [event["system"] for event in errors] == ["Bad"]


# System events


def test_phases_run_in_order_and_once() -> None:
    event = _ThreePhaseEvent()
    seen: list[str] = []
    for phase in ("after", "during", "before"):
        event.addTrigger(phase, seen.append, phase)
    event.fireEvent()
    event.fireEvent()
    assert seen == ["before", "during", "after"]


def test_every_deferred_of_before_is_waited_for_even_a_failed_one() -> None:
    event = _ThreePhaseEvent()
    waits: list[defer.Deferred[None]] = [defer.Deferred(), defer.Deferred()]
    seen: list[str] = []
    for wait in waits:
        event.addTrigger("before", lambda wait=wait: wait)
    event.addTrigger("during", seen.append, "during")
    event.fireEvent()
    waits[1].errback(ZeroDivisionError())
    waits[1].addErrback(lambda _: None)
    assert seen == []
    waits[0].callback(None)
    assert seen == ["during"]


@pytest.mark.parametrize("phase", ["before", "during", "after"])
def test_a_failing_trigger_is_logged_and_spares_the_others(phase: str, errors: list[Any]) -> None:
    event = _ThreePhaseEvent()
    seen: list[str] = []
    event.addTrigger(phase, lambda: 1 / 0)
    event.addTrigger(phase, seen.append, "next")
    event.fireEvent()
    assert seen == ["next"]
    assert errors[0]["why"] == "While calling system event trigger handler"


def test_bad_triggers_and_handles(reactor: Bare) -> None:
    with pytest.raises(AssertionError, match="3 is not callable"):
        reactor.addSystemEventTrigger("before", "event", 3)  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="invalid phase"):
        reactor.addSystemEventTrigger("never", "event", print)
    handle: Any = reactor.addSystemEventTrigger("before", "event", print, 1, end="")
    assert handle == ("event", ("before", print, (1,), {"end": ""}))
    reactor.removeSystemEventTrigger(handle)
    with pytest.raises(ValueError, match="not in list"):
        reactor.removeSystemEventTrigger(handle)
    for bad, kind in (
        (None, TypeError),
        (("event",), ValueError),
        (("nothing", handle[1]), KeyError),
        (("event", ("never", print, (), {})), KeyError),
        (("event", object()), ValueError),
    ):
        with pytest.raises(kind):
            reactor.removeSystemEventTrigger(bad)  # type: ignore[arg-type]


def test_removing_what_has_just_run_only_warns() -> None:
    event = _ThreePhaseEvent()
    first = event.addTrigger("before", lambda: None)
    event.addTrigger("before", lambda: event.removeTrigger(first))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        event.fireEvent()
    assert [warning.category for warning in caught] == [DeprecationWarning]
    assert caught[0].filename == __file__


def test_an_event_that_nobody_has_asked_for(reactor: Bare) -> None:
    reactor.fireSystemEvent("nothing")


# Timers


def test_delays_are_checked(reactor: Bare) -> None:
    with pytest.raises(AssertionError, match="-1 is not greater than or equal to 0 seconds"):
        reactor.callLater(-1, print)
    with pytest.raises(AssertionError, match="3 is not callable"):
        reactor.callLater(1, 3)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="nan is not greater"):
        reactor.callLater(float("nan"), print)


def test_timers_due_together_run_in_order_of_insertion(reactor: Bare) -> None:
    """Twisted's heap would shuffle them."""
    ran: list[int] = []
    for number in range(50):
        reactor.callLater(1, ran.append, number)
    reactor.now += 1
    reactor.runUntilCurrent()
    assert ran == list(range(50))


def test_the_wait_is_until_the_next_timer_within_reason(reactor: Bare) -> None:
    assert reactor.timeout() is None
    far = reactor.callLater(2**128, print)
    assert reactor.timeout() == 2147483
    never = reactor.callLater(float("inf"), print)
    assert reactor.timeout() == 2147483
    near = reactor.callLater(5, print)
    reactor.now += 2
    assert reactor.timeout() == 3
    reactor.now += 20
    assert reactor.timeout() == 0
    for call in (far, never, near):
        call.cancel()
    assert reactor.timeout() is None
    reactor.callFromThread(print)
    assert reactor.timeout() == 0


def test_what_is_pending_can_be_listed(reactor: Bare) -> None:
    first, second = reactor.callLater(1, print), reactor.callLater(2, print)
    reactor.timeout()
    third = reactor.callLater(3, print)
    second.cancel()
    assert set(reactor.getDelayedCalls()) == {first, third}


def test_a_call_can_cancel_and_hasten_its_neighbours(reactor: Bare) -> None:
    ran: list[str] = []

    def first() -> None:
        ran.append("first")
        second.cancel()
        third.reset(0)

    reactor.callLater(1, first)
    second = reactor.callLater(1, ran.append, "second")
    third = reactor.callLater(100, ran.append, "third")
    reactor.now += 1
    reactor.runUntilCurrent()
    assert ran == ["first", "third"]


def test_states_of_a_call(reactor: Bare) -> None:
    ran: list[Any] = []
    call = reactor.callLater(1, lambda: ran.append(call.active()))
    assert call.active()
    reactor.now += 1
    reactor.runUntilCurrent()
    assert ran == [False]
    for act in (call.cancel, lambda: call.reset(1), lambda: call.delay(1)):
        with pytest.raises(error.AlreadyCalled):
            act()
    call = reactor.callLater(1, print)
    call.cancel()
    assert not call.active()
    for act in (call.cancel, lambda: call.reset(1), lambda: call.delay(1)):
        with pytest.raises(error.AlreadyCancelled):
            act()


def test_a_cancelled_call_lets_go_of_what_it_would_have_used(reactor: Bare) -> None:
    class Thing:
        pass

    thing = Thing()
    gone = weakref.ref(thing)
    call = reactor.callLater(1000, print, thing)
    del thing
    call.cancel()
    assert gone() is None


def test_delay_moves_both_ways(reactor: Bare) -> None:
    call = reactor.callLater(10, print)
    call.delay(5)
    assert call.getTime() == 115
    call.delay(-8)
    assert call.getTime() == 107
    assert reactor.timeout() == 7


def test_calls_compare_by_time_and_are_equal_to_themselves_only(reactor: Bare) -> None:
    one, two, also_two = (reactor.callLater(delay, print) for delay in (1, 2, 2))
    assert one < two <= also_two
    assert two > one
    assert two >= also_two
    assert two != also_two
    assert len({one, two, also_two}) == 3


class Thing:
    def method(self) -> None:
        """Called by nobody."""

    def __repr__(self) -> str:
        return "<Thing>"


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (print, "print"),
        (Thing().method, "Thing.method"),
        (Thing, "Thing"),
        (Thing(), "<Thing>"),
        (functools.partial(print, 1), "functools.partial(<built-in function print>, 1)"),
    ],
)
def test_repr_names_the_function(function: Any, name: str) -> None:
    call = DelayedCall(12, function, (3,), {"A": 5}, print, print, lambda: 1.5)
    assert repr(call) == (
        f"<DelayedCall 0x{id(call):x} [10.5s] called=0 cancelled=0 {name}(3, A=5)>"
    )


def test_repr_of_a_cancelled_call() -> None:
    call = DelayedCall(12, print, (3,), {}, lambda call: None, print, lambda: 1.5)
    call.cancel()
    assert repr(call) == f"<DelayedCall 0x{id(call):x} [10.5s] called=0 cancelled=1>"


def test_repr_survives_arguments_that_cannot_be_shown() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise ZeroDivisionError

    assert "Broken" in repr(DelayedCall(1, print, (Broken(),), {}, print, print, lambda: 0))


def test_debug_mode_remembers_where(
    reactor: Bare, errors: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DelayedCall, "debug", True)
    call = reactor.callLater(0, lambda: 1 / 0)
    cancelled = reactor.callLater(5, print, "argument")
    assert "traceback at creation:" in repr(call)
    assert __file__ in repr(call)
    cancelled.cancel()
    assert "cancelled=" in repr(cancelled)
    assert "'argument'" in repr(cancelled)
    reactor.runUntilCurrent()
    assert "C: from a DelayedCall created here:" in errors[0]["why"]
    assert __file__ in errors[0]["why"]


# Threads


def test_the_pool_lives_as_long_as_the_reactor(reactor: Bare) -> None:
    pool = reactor.getThreadPool()
    assert pool.name == "pcstream.internet.reactor"
    assert not pool.started
    seen: list[Any] = []

    def inside() -> None:
        running = reactor.getThreadPool()
        seen.append((running.started, running.joined))
        reactor.stop()

    reactor.callWhenRunning(inside)
    reactor.run()
    assert seen == [(True, False)]
    assert pool.joined
    assert reactor.threadpool is None
    gone = weakref.ref(pool)
    del pool
    gc.collect()
    assert gone() is None


def test_a_pool_asked_for_while_running_starts_at_once(reactor: Bare) -> None:
    def inside() -> None:
        assert reactor.getThreadPool().started
        reactor.stop()

    reactor.callWhenRunning(inside)
    reactor.run()
    assert reactor.threadpool is None


def test_the_shutdown_event_alone_ends_the_pool(reactor: Bare) -> None:
    reactor.suggestThreadPoolSize(3)
    assert reactor.getThreadPool().max == 3
    reactor.fireSystemEvent("shutdown")
    assert reactor.threadpool is None


def test_call_from_thread_queues_before_it_wakes(reactor: Bare) -> None:
    seen: list[int] = []
    reactor.wakeUp = lambda: seen.append(len(reactor.threadCallQueue))  # type: ignore[method-assign]
    reactor.callFromThread(print)
    assert seen == [1]
    with pytest.raises(AssertionError, match="3 is not callable"):
        reactor.callFromThread(3)  # type: ignore[arg-type]


# Names


@pytest.mark.parametrize(("name", "address"), [("", "0.0.0.0"), ("1.2.3.4", "1.2.3.4")])
def test_some_names_need_no_looking_up(reactor: Bare, name: str, address: str) -> None:
    assert reactor.resolve(name).result == address


@implementer(IResolverSimple)
class Resolver:
    def __init__(self) -> None:
        self.asked: list[Any] = []

    def getHostByName(self, name: str, timeout: Any = ()) -> defer.Deferred[str]:
        self.asked.append((name, timeout))
        return defer.succeed("5.6.7.8")


@pytest.mark.parametrize("name", ["example.com", "::1", "1.2.3", "1.2.3.4.5", "1.2.3.4 "])
def test_other_names_go_to_the_installed_resolver(reactor: Bare, name: str) -> None:
    resolver = Resolver()
    before = reactor.installResolver(resolver)
    assert IResolverSimple.providedBy(before)
    assert reactor.resolve(name, (1, 2)).result == "5.6.7.8"
    assert resolver.asked == [(name, (1, 2))]
    assert reactor.installResolver(before) is resolver


def test_install_resolver_refuses_other_things(reactor: Bare) -> None:
    with pytest.raises(AssertionError):
        reactor.installResolver(object())


# Connectors


class Transport:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def failIfNotConnected(self, reason: Any) -> None:
        self.seen.append(type(reason))

    def loseConnection(self) -> None:
        self.seen.append("lose")


class Connector(base.BaseConnector):
    def _makeTransport(self) -> Transport:
        return Transport()

    def getDestination(self) -> Any:
        return "there"


class Factory:
    def __init__(self) -> None:
        self.seen: list[str] = []
        self.again = False

    def doStart(self) -> None:
        self.seen.append("start")

    def doStop(self) -> None:
        self.seen.append("stop")

    def startedConnecting(self, connector: Any) -> None:
        self.seen.append("connecting")

    def buildProtocol(self, address: Any) -> str:
        return "protocol"

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        self.seen.append("failed")
        if self.again:
            connector.connect()

    def clientConnectionLost(self, connector: Any, reason: Any) -> None:
        self.seen.append("lost")
        if self.again:
            connector.connect()


@pytest.fixture
def connector(reactor: Bare) -> Any:
    return Connector(Factory(), 5, reactor)


def test_a_connector_keeps_its_interface(connector: Any) -> None:
    assert verifyObject(IConnector, connector)
    assert repr(connector).endswith(
        f"Connector instance at 0x{id(connector):x} disconnected there>"
    )


def test_an_attempt_that_succeeds(connector: Any, reactor: Bare) -> None:
    connector.connect()
    with pytest.raises(RuntimeError, match="can't connect in this state"):
        connector.connect()
    assert reactor.timeout() == 5
    assert connector.buildProtocol("address") == "protocol"
    assert reactor.timeout() is None
    connector.disconnect()
    assert connector.transport.seen == ["lose"]
    connector.connectionLost("reason")
    assert connector.factory.seen == ["start", "connecting", "lost", "stop"]


def test_an_attempt_that_takes_too_long(connector: Any, reactor: Bare) -> None:
    connector.connect()
    transport = connector.transport
    reactor.now += 5
    reactor.runUntilCurrent()
    assert transport.seen == [error.TimeoutError]
    connector.connectionFailed("reason")
    assert connector.factory.seen == ["start", "connecting", "failed", "stop"]
    assert connector.transport is None


def test_an_attempt_that_is_given_up(connector: Any, reactor: Bare) -> None:
    with pytest.raises(error.NotConnectingError):
        connector.stopConnecting()
    connector.disconnect()
    connector.connect()
    transport = connector.transport
    connector.disconnect()
    assert transport.seen == [error.UserError]
    connector.connectionFailed("reason")
    assert reactor.timeout() is None


@pytest.mark.parametrize("event", ["connectionFailed", "connectionLost"])
def test_a_factory_that_tries_again_is_not_stopped(connector: Any, event: str) -> None:
    connector.connect()
    connector.factory.again = True
    if event == "connectionLost":
        connector.buildProtocol("address")
    getattr(connector, event)("reason")
    assert connector.state == "connecting"
    assert connector.factory.seen.count("start") == 1
    assert "stop" not in connector.factory.seen


def test_without_a_time_out_nothing_is_planned(reactor: Bare) -> None:
    connector = Connector(Factory(), None, reactor)
    connector.connect()
    assert reactor.timeout() is None


# Ports


def test_a_port_makes_sockets_and_writes_nothing(reactor: Bare) -> None:
    class Port(base.BasePort):  # type: ignore[misc,name-defined]
        addressFamily = socket.AF_INET
        socketType = socket.SOCK_STREAM

    port = Port(reactor)
    with port.createInternetSocket() as made:
        assert made.gettimeout() == 0
        assert not made.get_inheritable()
    with pytest.raises(RuntimeError, match=r"doWrite called on a .*Port"):
        port.doWrite()


def test_other_names_are_missing_as_usual() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        base.nothing  # noqa: B018


# What Twisted's own reactors, and others', do with the base


class Trivial(posixbase.PosixReactorBase):
    """Keeps descriptors and never waits for them."""

    def __init__(self) -> None:
        self.readers: dict[Any, bool] = {}
        self.writers: dict[Any, bool] = {}
        super().__init__()

    def addReader(self, reader: Any) -> None:
        self.readers[reader] = True

    def removeReader(self, reader: Any) -> None:
        del self.readers[reader]

    def addWriter(self, writer: Any) -> None:
        self.writers[writer] = True

    def removeWriter(self, writer: Any) -> None:
        del self.writers[writer]


@pytest.fixture
def trivial() -> Iterator[Trivial]:
    made = Trivial()
    yield made
    made.waker.connectionLost(None)


def test_the_waker_is_the_reactors_own(trivial: Trivial) -> None:
    assert trivial.waker in trivial.readers
    assert trivial._internalReaders == {trivial.waker}
    reader, writer, both = object(), object(), object()
    trivial.addReader(reader)
    trivial.addReader(both)
    trivial.addWriter(both)
    trivial.addWriter(writer)
    removed = trivial._removeAll(trivial.readers, trivial.writers)
    assert sorted(map(id, removed)) == sorted(map(id, (reader, writer, both)))
    assert list(trivial.readers) == [trivial.waker]
    assert trivial.writers == {}


def test_a_second_waker_is_not_made(trivial: Trivial) -> None:
    waker = trivial.waker
    trivial.installWaker()
    assert trivial.waker is waker


def test_adopting_an_unknown_family_is_refused(trivial: Trivial) -> None:
    adopt: list[Any] = [trivial.adoptStreamPort, trivial.adoptStreamConnection]
    for method in (*adopt, trivial.adoptDatagramPort):
        with pytest.raises(error.UnsupportedAddressFamily):
            method(0, 2**16 + 7, None)
    with pytest.raises(error.UnsupportedAddressFamily):
        trivial.adoptDatagramPort(0, socket.AF_UNIX, None)


def test_a_terminal_and_a_map_of_descriptors_exclude_each_other(trivial: Trivial) -> None:
    with pytest.raises(ValueError, match="childFDs is not supported with usePTY"):
        trivial.spawnProcess(None, "x", usePTY=True, childFDs={0: 0})

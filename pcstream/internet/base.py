"""What every reactor does, whatever it waits with: time, system events, threads, names, its life.

A subclass brings descriptors (``addReader`` and its kin), a wait (``doIteration``) and a waker
(``installWaker``). One turn of :meth:`ReactorBase.mainLoop` is: calls from threads, then due
timers, then (if asked to stop) the shutdown event, then one wait, whose events are dispatched
by the subclass.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from time import time as runtimeSeconds
from types import FrameType
from typing import TYPE_CHECKING, Any, NewType

from zope.interface import implementer

from pcstream._engine.deadlines import Deadlines
from pcstream.internet import defer, error, main
from pcstream.internet._connector import BaseConnector as BaseConnector
from pcstream.internet._delayed_call import DelayedCall as DelayedCall
from pcstream.internet._resolver import GAIResolver as _GAIResolver
from pcstream.internet._signals import (
    SignalHandling,
    _WithoutSignalHandling,
    _WithSignalHandling,
)
from pcstream.internet._simple_resolvers import (
    BlockingResolver as BlockingResolver,
)
from pcstream.internet._simple_resolvers import (
    PluggableResolverMixin as PluggableResolverMixin,
)
from pcstream.internet._simple_resolvers import (
    ThreadedResolver as ThreadedResolver,
)
from pcstream.internet._system_events import _ThreePhaseEvent
from pcstream.internet.interfaces import (
    IDelayedCall,
    IReactorCore,
    IReactorThreads,
    IReactorTime,
    IReadDescriptor,
    IWriteDescriptor,
    _ISupportsExitSignalCapturing,
)
from pcstream.python import log, threadable
from pcstream.python._safe_text import qual
from pcstream.python.failure import Failure

if TYPE_CHECKING:
    from pcstream.python.threadpool import ThreadPool

__all__: list[str] = []

_SystemEventID = NewType("_SystemEventID", tuple[str, Any])

#: What a poller is asked to wait at most, in seconds: the largest number of milliseconds that
#: fits a signed 32-bit integer, which is what poll(2) and epoll_wait(2) take.
LONGEST_WAIT_S = 2147483

_EXPORTS = (_ThreePhaseEvent,)


def __getattr__(name: str) -> Any:
    # A transport, one floor up, that Twisted keeps here: fetched when somebody asks for it.
    if name == "BasePort":
        from importlib import import_module

        return import_module("pcstream.internet._base_port").BasePort
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@implementer(IReactorCore, IReactorTime, _ISupportsExitSignalCapturing, IReactorThreads)
class ReactorBase(PluggableResolverMixin):
    """A reactor without descriptors.

    :ivar running: between the *during* phases of startup and shutdown.
    :ivar _exitSignal: the number of the signal that stopped the reactor, or None.
    :ivar _registerAsIOThread: whether :meth:`run` makes its thread the I/O thread.
    """

    _registerAsIOThread = True
    _stopped = True
    installed = False
    usingThreads = False
    _exitSignal: int | None = None
    _installSignalHandlers = False
    _signals: SignalHandling = _WithoutSignalHandling()
    _lock = None

    # Twisted's reactors sit in sys.modules under their name, and say it when asked.
    __name__ = "pcstream.internet.reactor"

    threadpool: ThreadPool | None = None
    threadpoolShutdownID: _SystemEventID | None = None
    _threadpoolStartupID: _SystemEventID | None = None

    waker: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.threadCallQueue: list[tuple[Callable[..., Any], Any, Any]] = []
        self._eventTriggers: dict[str, _ThreePhaseEvent] = {}
        self._deadlines: Deadlines[DelayedCall] = Deadlines()
        self._newTimedCalls = self._deadlines.new
        # Bound once: binding them at each callLater is a fifth of its cost.
        self._canceller = self._cancelCallLater
        self._hastener = self._moveCallLaterSooner
        self.running = False
        self._started = False
        self._justStopped = False
        self._startedBefore = False
        self._internalReaders: set[Any] = set()
        self._initThreads()
        self.installWaker()
        self.addSystemEventTrigger("during", "startup", self._reallyStartRunning)
        self.addSystemEventTrigger("during", "shutdown", self.crash)
        self.addSystemEventTrigger("during", "shutdown", self.disconnectAll)

    # Life

    def run(self, installSignalHandlers: bool = True) -> None:
        """Run until :meth:`stop`.

        :raises ReactorAlreadyRunning: it is running.
        :raises ReactorNotRestartable: it has been stopped before.
        """
        self.startRunning(installSignalHandlers=installSignalHandlers)
        try:
            self.mainLoop()
        finally:
            self._uninstallHandler()

    def startRunning(self, installSignalHandlers: bool = True) -> None:
        """Do what comes before the main loop; for reactors that bring their own loop.

        :raises ReactorAlreadyRunning: it is running.
        :raises ReactorNotRestartable: it has been stopped before.
        """
        if self._started:
            raise error.ReactorAlreadyRunning()
        if self._startedBefore:
            raise error.ReactorNotRestartable()
        self._signals.uninstall()
        self._installSignalHandlers = installSignalHandlers
        self._signals = self._makeSignalHandling(installSignalHandlers)
        self._started = True
        self._stopped = False
        if self._registerAsIOThread:
            threadable.registerAsIOThread()
        self.fireSystemEvent("startup")

    def _reallyStartRunning(self) -> None:
        """The *during* trigger of startup."""
        self.running = True
        if self._installSignalHandlers:
            self._signals.install()

    def mainLoop(self) -> None:
        """Turn until stopped; an exception that gets here is logged and survived."""
        while self._started:
            try:
                while self._started:
                    self.runUntilCurrent()
                    self.doIteration(self.timeout() if self.running else 0)
            except BaseException:
                log.err(Failure(), "Unexpected error in main loop")
        log.msg("Main loop terminated.")

    def iterate(self, delay: float = 0.0) -> None:
        """Do one turn.

        :param delay: how long to wait for something to happen, in seconds.
        """
        self.runUntilCurrent()
        self.doIteration(delay)

    def stop(self) -> None:
        """Ask the main loop to end: at the end of this turn the shutdown event is fired.

        :raises ReactorNotRunning: it is not running, or has been asked already.
        """
        if self._stopped:
            raise error.ReactorNotRunning("Can't stop reactor that isn't running.")
        self._stopped = True
        self._justStopped = True
        self._startedBefore = True

    def crash(self) -> None:
        """Leave the main loop at once, with no event fired; the reactor can be run again."""
        self._started = False
        self.running = False
        self.addSystemEventTrigger("during", "startup", self._reallyStartRunning)

    # Signals

    def _makeSignalHandling(self, installSignalHandlers: bool) -> SignalHandling:
        return self._signalsFactory() if installSignalHandlers else _WithoutSignalHandling()

    def _signalsFactory(self) -> SignalHandling:
        """The handlers this reactor wants when it is allowed to have any."""
        return _WithSignalHandling(self.sigInt, self.sigBreak, self.sigTerm)

    def _uninstallHandler(self) -> None:
        self._signals.uninstall()

    def sigInt(self, number: int, frame: FrameType | None = None) -> None:
        """Stop, and remember SIGINT as the cause."""
        log.msg("Received SIGINT, shutting down.")
        self._stop_for(number)

    def sigBreak(self, number: int, frame: FrameType | None = None) -> None:
        """Stop, and remember SIGBREAK as the cause."""
        log.msg("Received SIGBREAK, shutting down.")
        self._stop_for(number)

    def sigTerm(self, number: int, frame: FrameType | None = None) -> None:
        """Stop, and remember SIGTERM as the cause."""
        log.msg("Received SIGTERM, shutting down.")
        self._stop_for(number)

    def _stop_for(self, number: int) -> None:
        self.callFromThread(self.stop)
        self._exitSignal = number

    # System events

    def fireSystemEvent(self, eventType: str) -> None:
        """Run the triggers of an event."""
        event = self._eventTriggers.get(eventType)
        if event is not None:
            event.fireEvent()

    def addSystemEventTrigger(
        self,
        phase: str,
        eventType: str,
        callable: Callable[..., Any],
        *args: object,
        **kwargs: object,
    ) -> _SystemEventID:
        """Have a function called when an event is fired.

        :param phase: ``before``, ``during`` or ``after``.
        :raises KeyError: another phase.
        :returns: what :meth:`removeSystemEventTrigger` takes.
        """
        assert builtins.callable(callable), f"{callable} is not callable"
        event = self._eventTriggers.get(eventType)
        if event is None:
            event = self._eventTriggers[eventType] = _ThreePhaseEvent()
        return _SystemEventID((eventType, event.addTrigger(phase, callable, *args, **kwargs)))

    def removeSystemEventTrigger(self, triggerID: _SystemEventID) -> None:
        """Forget a trigger.

        :raises KeyError: no such event or phase.
        :raises ValueError: it has been removed, or was never added.
        """
        eventType, handle = triggerID
        self._eventTriggers[eventType].removeTrigger(handle)

    def callWhenRunning(
        self, callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> _SystemEventID | None:
        """Call at once if the main loop has been started, else as the last step of startup."""
        if self._started:
            callable(*args, **kwargs)
            return None
        return self.addSystemEventTrigger("after", "startup", callable, *args, **kwargs)

    # Time

    seconds = staticmethod(runtimeSeconds)

    def callLater(
        self, delay: float, callable: Callable[..., Any], *args: object, **kw: object
    ) -> DelayedCall:
        """Call a function after ``delay`` seconds; ones due together run in order of addition."""
        if not builtins.callable(callable):
            raise AssertionError(f"{callable} is not callable")
        if not delay >= 0:
            raise AssertionError(f"{delay} is not greater than or equal to 0 seconds")
        seconds = self.seconds
        call = DelayedCall(
            seconds() + delay, callable, args, kw, self._canceller, self._hastener, seconds
        )
        self._newTimedCalls.append(call)
        return call

    def _moveCallLaterSooner(self, delayedCall: DelayedCall) -> None:
        """A call has been brought forward; reactors that sleep by themselves hook in here."""
        self._deadlines.hasten(delayedCall)

    def _cancelCallLater(self, delayedCall: DelayedCall) -> None:
        self._deadlines.dead += 1

    def _insertNewDelayedCalls(self) -> None:
        self._deadlines.settle()

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """The calls that are still to be made."""
        return self._deadlines.pending()

    def timeout(self) -> float | None:
        """How long nothing is due, in seconds; None if nothing is planned at all."""
        if self.threadCallQueue:
            return 0
        if self._newTimedCalls:
            self._insertNewDelayedCalls()
        earliest = self._deadlines.next_time() if self._deadlines.heap else None
        if earliest is None:
            return None
        wait = earliest - self.seconds()
        if wait <= 0:
            return 0
        return wait if wait < LONGEST_WAIT_S else LONGEST_WAIT_S

    def runUntilCurrent(self) -> None:
        """Make the calls that are due: from threads first, then timed ones.

        What they ask for in turn waits for the next turn, so that I/O gets its chance.
        """
        queue = self.threadCallQueue
        if queue:
            # Other threads append meanwhile: take exactly what is there now.
            count = len(queue)
            batch = queue[:count]
            del queue[:count]
            for f, args, kw in batch:
                try:
                    f(*args, **kw)
                except BaseException:
                    log.err(Failure(), "while calling from thread")
            if queue:
                self.wakeUp()

        deadlines = self._deadlines
        if self._newTimedCalls:
            self._insertNewDelayedCalls()
        if deadlines.heap:
            now = self.seconds()
            while True:
                call = deadlines.pop(now)
                if call is None:
                    break
                call.called = 1
                try:
                    call.func(*call.args, **call.kw)
                except BaseException:
                    log.err(Failure(), _describe(call))
            deadlines.sweep()

        if self._justStopped:
            self._justStopped = False
            self.fireSystemEvent("shutdown")

    # Threads

    def _initThreads(self) -> None:
        self.installNameResolver(_GAIResolver(self, self.getThreadPool))
        self.usingThreads = True

    def callFromThread(  # type: ignore[override]  # Twisted's parameter name
        self, f: Callable[..., Any], *args: object, **kwargs: object
    ) -> None:
        """Have a function called in the reactor's thread. Any thread may call, and never waits."""
        assert callable(f), f"{f} is not callable"
        # In this order: a reactor that takes the wake-up finds the call.
        self.threadCallQueue.append((f, args, kwargs))
        self.wakeUp()

    def wakeUp(self) -> None:
        """End the wait that is going on, or the next one."""
        if self.waker is not None:
            self.waker.wakeUp()

    def _initThreadPool(self) -> None:
        """Make the pool; it starts with the reactor and stops with it."""
        from pcstream.python import threadpool

        self.threadpool = threadpool.ThreadPool(0, 10, self.__name__)
        self._threadpoolStartupID = self.callWhenRunning(self.threadpool.start)
        self.threadpoolShutdownID = self.addSystemEventTrigger(
            "during", "shutdown", self._stopThreadPool
        )

    def _stopThreadPool(self) -> None:
        """Stop the pool and forget it, with the triggers that were set for it."""
        for trigger in (self._threadpoolStartupID, self.threadpoolShutdownID):
            if trigger is not None:
                try:
                    self.removeSystemEventTrigger(trigger)
                except ValueError:
                    pass  # it has been run
        self._threadpoolStartupID = self.threadpoolShutdownID = None
        assert self.threadpool is not None
        self.threadpool.stop()
        self.threadpool = None

    def getThreadPool(self) -> ThreadPool:
        """The reactor's own thread pool, made when first asked for."""
        if self.threadpool is None:
            self._initThreadPool()
            assert self.threadpool is not None
        return self.threadpool

    def callInThread(  # type: ignore[override]  # Twisted's parameter name
        self, _callable: Callable[..., Any], *args: object, **kwargs: object
    ) -> None:
        """Call a function in a thread of the pool; an exception is logged."""
        self.getThreadPool().callInThread(_callable, *args, **kwargs)

    def suggestThreadPoolSize(self, size: int) -> None:
        """Set the most threads the pool may have."""
        self.getThreadPool().adjustPoolsize(maxthreads=size)

    # Names

    def resolve(self, name: str, timeout: Sequence[int] = (1, 3, 11, 45)) -> defer.Deferred[str]:
        """A Deferred of an IPv4 address; of the name itself if it is one, ``0.0.0.0`` if empty."""
        if not name:
            return defer.succeed("0.0.0.0")
        import socket

        try:
            socket.inet_pton(socket.AF_INET, name)
        except (OSError, TypeError, UnicodeError):
            found: defer.Deferred[str] = self.resolver.getHostByName(name, timeout)
            return found
        return defer.succeed(name)

    # Descriptors: what a subclass has to bring

    def _addInternalReader(self, reader: IReadDescriptor) -> None:
        """Watch something of the reactor's own, which no ``removeAll`` takes away."""
        self._internalReaders.add(reader)
        self.addReader(reader)

    def _removeInternalReader(self, reader: IReadDescriptor) -> None:
        self._internalReaders.remove(reader)
        self.removeReader(reader)

    def disconnectAll(self) -> None:
        """Lose every connection; one that fails in doing so does not spare the others."""
        for selectable in self.removeAll():
            log.callWithLogger(selectable, selectable.connectionLost, Failure(main.CONNECTION_LOST))

    def _missing(self, method: str) -> NotImplementedError:
        return NotImplementedError(f"{qual(self.__class__)} did not implement {method}")

    def installWaker(self) -> None:
        """Make ``self.waker`` and watch it; for subclasses."""
        raise self._missing("installWaker")

    def doIteration(self, delay: float | None) -> None:
        """Wait for events and dispatch them; for subclasses.

        :param delay: seconds to wait at most, None for as long as it takes.
        """
        raise self._missing("doIteration")

    def addReader(self, reader: IReadDescriptor) -> None:
        """Watch for input; for subclasses."""
        raise self._missing("addReader")

    def addWriter(self, writer: IWriteDescriptor) -> None:
        """Watch for room to write; for subclasses."""
        raise self._missing("addWriter")

    def removeReader(self, reader: IReadDescriptor) -> None:
        """Stop watching for input; for subclasses."""
        raise self._missing("removeReader")

    def removeWriter(self, writer: IWriteDescriptor) -> None:
        """Stop watching for room to write; for subclasses."""
        raise self._missing("removeWriter")

    def removeAll(self) -> list[IReadDescriptor | IWriteDescriptor]:
        """Stop watching all but the reactor's own, and return them; for subclasses."""
        raise self._missing("removeAll")

    def getReaders(self) -> list[IReadDescriptor]:
        """What is watched for input; for subclasses."""
        raise self._missing("getReaders")

    def getWriters(self) -> list[IWriteDescriptor]:
        """What is watched for room to write; for subclasses."""
        raise self._missing("getWriters")


def _describe(call: DelayedCall) -> str:
    """What failed, and in debug mode where it was asked for."""
    text = "while handling timed call"
    if call.creator is None:
        return text
    lines = "".join(call.creator).rstrip().splitlines()
    told = "".join(f" C: {line}\n".replace("C:   ", "C: ", 1) for line in lines)
    return f"{text} \n C: from a DelayedCall created here:\n{told}"

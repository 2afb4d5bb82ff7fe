"""What the reactor calls and when: starting, timers, events of the system, stopping."""

import sys

from twisted.internet import defer, error, interfaces, reactor

slow = defer.Deferred()


def note(*words):
    print(*words)


def before_shutdown():
    print("before shutdown, waits")
    reactor.callLater(0.01, slow.callback, None)
    return slow


def running():
    print("running", reactor.running)
    try:
        reactor.run()
    except error.ReactorAlreadyRunning as problem:
        print("run again:", type(problem).__name__)
    first = reactor.callLater(0.02, note, "timer: second")
    second = reactor.callLater(0.05, note, "timer: first, after reset")
    third = reactor.callLater(0.03, note, "timer: never")
    print(
        "active", first.active(), "calls", len([c for c in reactor.getDelayedCalls() if c.active()])
    )
    second.reset(0.01)
    third.cancel()
    print("cancelled", third.active())
    try:
        third.cancel()
    except error.AlreadyCancelled as problem:
        print("cancel again:", problem)
    first.delay(0.01)
    reactor.callLater(0, note, "timer: zero A")
    reactor.callLater(0, note, "timer: zero B")
    reactor.callFromThread(note, "from thread A")
    reactor.callFromThread(note, "from thread B")
    now = reactor.seconds()
    late = reactor.callLater(0.1, note, "timer: late")
    print("due in a tenth of a second:", 0.05 < late.getTime() - now < 0.15)

    def raises():
        raise ValueError("in a timed call")

    reactor.callLater(0.12, note, "timer: still alive")
    reactor.callLater(0.14, called_late, late)


def called_late(late):
    try:
        late.reset(1)
    except error.AlreadyCalled as problem:
        print("reset too late:", problem)
    removed = reactor.addSystemEventTrigger("after", "shutdown", note, "never said")
    reactor.removeSystemEventTrigger(removed)
    try:
        reactor.removeSystemEventTrigger(removed)
    except ValueError as problem:
        print("remove again:", problem)
    try:
        reactor.addSystemEventTrigger("sometime", "shutdown", note)
    except KeyError as problem:
        print("no such phase:", problem)
    reactor.callWhenRunning(note, "running already: called at once")
    reactor.stop()
    print("stop returned, running", reactor.running)
    try:
        reactor.stop()
    except error.ReactorNotRunning as problem:
        print("stop again:", problem)
    reactor.callLater(0.001, note, "timer during shutdown")


reactor.addSystemEventTrigger("after", "startup", note, "after startup")
reactor.addSystemEventTrigger("during", "startup", note, "during startup")
reactor.addSystemEventTrigger("before", "startup", note, "before startup")
reactor.callWhenRunning(running)
reactor.callWhenRunning(note, "running, second")
reactor.addSystemEventTrigger("before", "shutdown", before_shutdown)
reactor.addSystemEventTrigger("before", "shutdown", note, "before shutdown, second")
reactor.addSystemEventTrigger("during", "shutdown", note, "during shutdown")
reactor.addSystemEventTrigger("after", "shutdown", note, "after shutdown", "running", True)
reactor.addSystemEventTrigger("before", "own event", note, "own event")

for name in ("IReactorCore", "IReactorTime", "IReactorTCP", "IReactorFDSet", "IReactorThreads"):
    print(name, getattr(interfaces, name).providedBy(reactor))
try:
    reactor.callLater(-1, note)
except AssertionError:
    print("negative delay: AssertionError")
try:
    reactor.stop()
except error.ReactorNotRunning as problem:
    print("stop before run:", problem)
reactor.fireSystemEvent("own event")
reactor.callLater(30, sys.exit, "took too long")
reactor.run()
print("running", reactor.running)
try:
    reactor.run()
except error.ReactorNotRestartable as problem:
    print("run again:", type(problem).__name__)
print("done")
